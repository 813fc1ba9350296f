"""“This is wrong on my licence”: the office that issued it is asked, answers within working days, and puts it right by a new edition."""

import secrets
import unicodedata
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.departments import queries as departments
from tongban.departments.models import Officer
from tongban.journal import services as journal
from tongban.journal.actors import Actor
from tongban.lib import unicode
from tongban.lib.bilingual import say
from tongban.lib.moves import Move, make
from tongban.lib.problems import Invalid, NotAllowed
from tongban.licences import correcting, tokens
from tongban.licences.events import FaceReportAnswered, FaceReported
from tongban.licences.models import FaceReport, Licence
from tongban.licences.report_states import KEEP, PUT_RIGHT, TAKE_BACK, ReportState
from tongban.licences.states import LicenceState
from tongban.notices import services as notices
from tongban.parties.models import Account

ANSWER_DAYS = 5  # working days, as for a register
LONGEST = 500
RUNNING_AT_MOST = 10
READS = {"dept_reviewer", "dept_approver"}


def report(
    licence: Licence,
    field: str,
    *,
    says: str,
    why: str = "",
    account: Account,
    actor: Actor,
    now: datetime | None = None,
) -> FaceReport:
    """Say that a value on the face is wrong. While one about the same value runs, a second is not opened."""
    now = now or timezone.now()
    if field not in reportable(licence):
        raise NotAllowed("not-on-the-face", _("This does not stand on the licence."), status=404)
    was = as_text(licence.face.get(field))
    says, why = _clean(says), _clean(why)
    errors: dict[str, list] = {}
    if not says:
        errors["says"] = [_("Please write what is right.")]
    elif says == was:
        errors["says"] = [_("This is what the licence already says.")]
    for name, text in (("says", says), ("why", why)):
        if len(text) > LONGEST:
            errors[name] = [_("Please write at most 500 characters.")]
        elif sentence := unicode.unreadable(text):
            errors[name] = [sentence]
    if errors:
        raise Invalid("report", errors=errors, kept=_("Nothing was sent yet."))
    due = departments.calendar().due(timezone.localdate(now), ANSWER_DAYS).day
    assert due is not None
    try:
        with transaction.atomic():
            Licence.objects.select_for_update().only("pk").get(pk=licence.pk)
            if licence.reports.filter(state=ReportState.OPEN).count() >= RUNNING_AT_MOST:
                raise NotAllowed(
                    "too-many-reports",
                    _("Ten values of this licence are being checked already."),
                    next_step=_("Wait for an answer to one of them, or call the help line."),
                )
            row = FaceReport.objects.create(
                ref=secrets.token_urlsafe(16), licence=licence, field=field, was=was, says=says, why=why,
                account=account, at=now, due=due,
            )  # fmt: skip
            _record(FaceReported(licence=licence.pk, report=row.pk), row, actor)
    except IntegrityError as twice:
        raise NotAllowed(
            "report-runs",
            _("You have already said that this value is wrong; it is being checked."),
            next_step=_("The page of the licence says by when it is answered."),
        ) from twice
    return row


def take_back(row: FaceReport, *, actor: Actor) -> FaceReport:
    with transaction.atomic():
        make(row, TAKE_BACK)
        _record(FaceReportAnswered(licence=row.licence_id, report=row.pk, outcome=row.state), row, actor)
    return row


def keep(row: FaceReport, *, officer: Officer, answer: str, now: datetime | None = None) -> FaceReport:
    """The licence is right: the reason goes to the holder, with the way to challenge it."""
    with transaction.atomic():
        _answer(row, KEEP, officer, _written(answer), now)
        _tell(row, "licence_report_upheld")
    return row


def put_right(row: FaceReport, *, officer: Officer, answer: str, now: datetime | None = None) -> FaceReport:
    """The holder is right. A corrected edition of the same number must be there: by itself a word changes nothing on a licence."""
    there = corrected_edition(row)
    if there is None:
        raise NotAllowed(
            "not-corrected-yet",
            _("There is no corrected edition of this licence yet."),
            kept=_("Your answer was not sent."),
            next_step=_("Correct the licence first; then answer that it was put right."),
        )
    with transaction.atomic():
        _answer(row, PUT_RIGHT, officer, _written(answer), now, edition=there)
        _tell(row, "licence_report_corrected")
    return row


def correct(row: FaceReport, *, officer: Officer, value: Any, answer: str, now: datetime | None = None) -> FaceReport:
    """The holder is right: the corrected edition and the answer in one act. Its notice (of the correction) tells the holder."""
    answer = _written(answer)
    with transaction.atomic():
        made = correcting.correct(
            row.licence, changes={row.field: value}, basis="dispute-granted", reason=answer, officer=officer, now=now
        )
        _answer(row, PUT_RIGHT, officer, answer, now, edition=made)
    return row


def corrected_edition(row: FaceReport) -> Licence | None:
    """The newest later edition in force on which the value is another."""
    found = (
        Licence.objects.filter(
            type_id=row.licence.type_id, serial=row.licence.serial, edition__gt=row.licence.edition,
            state__in=[LicenceState.VALID, LicenceState.SUSPENDED],
        )
        .order_by("-edition")
        .first()
    )  # fmt: skip
    return found if found is not None and as_text(found.face.get(row.field)) != row.was else None


# -- asking


def reportable(licence: Licence) -> list[str]:
    """What on the face can be said to be wrong: in force, what is written there in words."""
    if licence.state not in (LicenceState.VALID, LicenceState.SUSPENDED):
        return []
    return [
        name
        for name in licence.type.face_fields
        if licence.face.get(name) and name not in {"photo", "qr", "merged_licences"}
    ]


def of_licence(licence: Licence) -> QuerySet[FaceReport]:
    """Of this number, in whatever edition it was said, newest first."""
    rows = FaceReport.objects.select_related("licence__type", "edition")
    return rows.filter(licence__type_id=licence.type_id, licence__serial=licence.serial).order_by("-id")


def waiting_for(officer: Officer) -> QuerySet[FaceReport]:
    """What the officer's department has to answer, the first due first."""
    return _seen_by(officer).filter(state=ReportState.OPEN).order_by("due", "id")


def answered_by(officer: Officer) -> QuerySet[FaceReport]:
    return _seen_by(officer).exclude(state=ReportState.OPEN).order_by("-id")


def _seen_by(officer: Officer) -> QuerySet[FaceReport]:
    rows = FaceReport.objects.select_related(
        "licence__type", "licence__issuer", "licence__holder", "officer", "edition"
    )
    return rows.filter(licence__issuer_id=officer.department_id)


def by_ref(officer: Officer, ref: str) -> FaceReport | None:
    return _seen_by(officer).filter(ref=ref[:22]).first()


def as_text(value: Any) -> str:
    """One line, in the language of the page where it has several."""
    if isinstance(value, dict):
        return str(say(value))
    if isinstance(value, list | tuple):
        return "、".join(as_text(one) for one in value)
    return "" if value is None else str(tokens.plain(value))


# --


def _answer(row: FaceReport, step: Move, officer: Officer, answer: str, now: datetime | None, **changes) -> FaceReport:
    now = now or timezone.now()
    if officer.department_id != row.licence.issuer_id or not READS & set(officer.roles):
        raise NotAllowed("not-the-issuer", _("Only the authority that issued this licence can change it."), status=403)
    if officer.account.person_id is not None and officer.account.person_id == row.licence.holder_id:
        raise NotAllowed("own-matter", _("Nobody answers a report about their own licence."), status=403)
    actor = Actor(
        kind="officer", role=next(iter(officer.roles), ""), account=officer.account_id,
        department=officer.department.code, name=officer.staff_no,
    )  # fmt: skip
    make(row, step, officer=officer, answer=answer, answered_at=now, **changes)
    _record(FaceReportAnswered(licence=row.licence_id, report=row.pk, outcome=row.state), row, actor)
    return row


def _tell(row: FaceReport, kind: str) -> None:
    shown = row.edition_id or row.licence_id
    notices.tell(
        row.licence.holder, kind, about=row.subject, link=f"/my/licences/{shown}/#reports",
        params={"licence": row.licence.type.name, "department": row.licence.issuer.name}, once=row.subject,
    )  # fmt: skip


def _clean(text: str) -> str:
    return unicodedata.normalize("NFC", " ".join(text.split()))


def _written(answer: str) -> str:
    answer = unicodedata.normalize("NFC", answer).strip()
    if not answer or len(answer) > 2000:
        sentence = _("Please write what you found, in 1 to 2,000 characters: the person reads it.")
        raise Invalid("answer", errors={"answer": [sentence]}, kept=_("Nothing was changed."))
    return answer


def _record(what: Any, row: FaceReport, actor: Actor) -> None:
    journal.record(what, subject=f"licence:{row.licence_id}", actor=actor)
    journal.touch(f"licence:{row.licence_id}")
