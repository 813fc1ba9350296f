"""A holder lets one office open one licence, for one purpose, certain fields and until a day; each opening is a LicenceCall they see.

An officer comes to it with the code the holder gave, or from a case of the holder at that office. Without such an authority nothing
opens: neither by number nor by name.
"""

import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.departments.models import Department, Officer
from tongban.journal import services as journal
from tongban.journal.actors import Actor
from tongban.lib import unicode
from tongban.lib.encryption import blind_index
from tongban.lib.problems import Invalid, NotAllowed
from tongban.licences import items, presenting, services
from tongban.licences.events import AuthorityEnded, LicenceAuthorised, LicenceOpenedAtOffice
from tongban.licences.models import Licence, LicenceAuthority, LicenceCall
from tongban.parties.models import Account, Party

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # nothing that looks like something else
LONGEST = timedelta(days=366)
AT_MOST = 50
PURPOSE_AT_MOST = 200
PURPOSE = "authority"


def authorise(
    licence: Licence,
    *,
    department: Department | None,
    purpose: str,
    fields: Sequence[str],
    until: date | None,
    account: Account,
    actor: Actor,
    now: datetime | None = None,
) -> LicenceAuthority:
    """Let this office open it. The code is for the holder to hand over; the office needs none where it has a case of the holder."""
    now = now or timezone.now()
    today = timezone.localdate(now)
    purpose = " ".join(purpose.split())
    chosen = presenting.chosen_fields(licence, fields)
    errors: dict[str, list] = {}
    if department is None:
        errors["department"] = [_("Please choose the office.")]
    if not purpose:
        errors["purpose"] = [_("Please say what it is for.")]
    elif len(purpose) > PURPOSE_AT_MOST:
        errors["purpose"] = [_("Please write at most 200 characters.")]
    elif sentence := unicode.unreadable(purpose):
        errors["purpose"] = [sentence]
    if not chosen:
        errors["fields"] = [_("Please choose at least one line.")]
    if until is None or not today <= until <= today + LONGEST:
        errors["until"] = [_("Please choose a last day from today to one year from now.")]
    if errors:
        raise Invalid("authority", errors=errors, kept=_("Nobody was let in yet."))
    assert department is not None and until is not None
    if (problem := presenting.refusal_to_show(licence, now)) is not None:
        raise problem
    code = "".join(secrets.choice(ALPHABET) for _place in range(10))
    with transaction.atomic():
        Licence.objects.select_for_update().only("pk").get(pk=licence.pk)
        if running(licence, today).count() >= AT_MOST:
            raise NotAllowed(
                "too-many-authorities",
                _("Fifty offices may open this licence already."),
                next_step=_("End what is not needed any more."),
            )
        row = LicenceAuthority.objects.create(
            licence=licence, department=department, code=code, index=index_of(code), purpose=purpose, fields=chosen,
            given_by=account, given_at=now, until=until,
        )  # fmt: skip
        _record(LicenceAuthorised(licence=licence.pk, authority=row.pk), licence, actor)
    return row


def end(authority: LicenceAuthority, *, account: Account, actor: Actor, now: datetime | None = None) -> None:
    """Holds from this second on. A second end changes nothing."""
    now = now or timezone.now()
    with transaction.atomic():
        rows = LicenceAuthority.objects.filter(pk=authority.pk, ended_at__isnull=True)
        if rows.update(ended_at=now, ended_by=account):
            authority.ended_at = now
            _record(AuthorityEnded(licence=authority.licence_id, authority=authority.pk), authority.licence, actor)


def running(licence: Licence, today: date) -> QuerySet[LicenceAuthority]:
    return licence.authorities.filter(ended_at__isnull=True, until__gte=today).order_by("-id")


# -- at the office


def for_office(officer: Officer, today: date) -> QuerySet[LicenceAuthority]:
    """Everything that lets this officer's department in today."""
    return LicenceAuthority.objects.select_related("licence__type", "licence__issuer", "licence__holder").filter(
        department_id=officer.department_id, ended_at__isnull=True, until__gte=today
    )


def by_code(officer: Officer, code: str, today: date) -> LicenceAuthority | None:
    """The one this code belongs to, if it lets this department in."""
    said = re.sub(r"[\s-]", "", code).upper()
    if len(said) != 10 or set(said) - set(ALPHABET):
        return None
    return for_office(officer, today).filter(index=index_of(said)).first()


def of_holders(officer: Officer, holders: Iterable[Party | int], today: date) -> QuerySet[LicenceAuthority]:
    """What these holders let the department open: beside a case of theirs."""
    return for_office(officer, today).filter(licence__holder__in=list(holders)).order_by("-id")


@dataclass(frozen=True)
class OpenedAtOffice:
    authority: LicenceAuthority
    call: LicenceCall
    status: str
    reason: str
    face: list[dict[str, Any]]


def open_at_office(
    authority: LicenceAuthority, *, officer: Officer, for_case: str = "", now: datetime | None = None
) -> OpenedAtOffice:
    """One look of one officer, as a row the holder sees. The row decides whether the authority still holds at this moment."""
    now = now or timezone.now()
    today = timezone.localdate(now)
    with transaction.atomic():
        held = LicenceAuthority.objects.filter(
            pk=authority.pk, department_id=officer.department_id, ended_at__isnull=True, until__gte=today
        )
        if not held.update(openings=F("openings") + 1):
            raise NotAllowed(
                "no-authority",
                _("The holder does not let your office open this licence, or does not any more."),
                kept=_("Nothing was opened, and nothing was written down as opened."),
                next_step=_("Ask the holder, or ask for the licence in the case."),
                status=403,
            )
        row = LicenceAuthority.objects.select_related("licence__type", "licence__holder", "licence__issuer").get(
            pk=authority.pk
        )
        licence = row.licence
        trouble = services.trouble_with(licence)
        status, reason = (
            ("unknown", trouble) if trouble else items.judge(licence.state, licence.valid_from, licence.valid_to, today)
        )
        face = [] if trouble else presenting.lines_of(licence, row.fields)
        call = LicenceCall.objects.create(
            licence=licence,
            about=f"authority:{row.pk}:{row.openings}",
            matter="",
            purpose=PURPOSE,
            fields=[one["field"] for one in face],
            authority=row,
            officer=officer,
            office=officer.department.code,
            for_case=for_case[:60] or None,
            at=now,
        )
        actor = Actor(
            kind="officer", role=next(iter(officer.roles), ""), account=officer.account_id,
            department=officer.department.code, name=officer.staff_no,
        )  # fmt: skip
        journal.touch(f"licence:{licence.pk}")
        _record(LicenceOpenedAtOffice(licence=licence.pk, authority=row.pk, call=call.pk), licence, actor)
    return OpenedAtOffice(row, call, status, reason, face)


def shown_code(authority: LicenceAuthority) -> str:
    """In two halves, as people read it out."""
    return f"{authority.code[:5]} {authority.code[5:]}"


def index_of(code: str) -> str:
    return blind_index(code, "licences.authority")


def _record(what: Any, licence: Licence, actor: Actor) -> None:
    journal.record(what, subject=f"licence:{licence.pk}", actor=actor)
