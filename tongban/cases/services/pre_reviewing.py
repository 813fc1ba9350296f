"""What the machine noticed on uploaded papers: kept beside the case, answered by the applicant, overruled by officers.

Nothing here moves a case, and nothing that stands on a paper becomes a fact for a rule.
"""

import json
from collections.abc import Iterable
from datetime import date, datetime

import structlog
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.cases import clocks, events, noticed, pre_review, rules
from tongban.cases.finding_states import OPEN, OVERRULE, SAY_IT_IS_RIGHT, TAKEN_UP, UNSETTLED
from tongban.cases.models import Case, CaseMaterial, MachineFinding, Step
from tongban.cases.moving import acting, again, applying, changed
from tongban.cases.permission import permit_to_work
from tongban.cases.services import drafting
from tongban.cases.states import EDITABLE
from tongban.departments.models import Officer
from tongban.journal import services as journal
from tongban.lib.encryption import blind_index
from tongban.lib.moves import make
from tongban.lib.problems import Invalid, NotAllowed
from tongban.licences.models import LicenceType
from tongban.materials.models import Document, Reading
from tongban.materials.reading import kinds
from tongban.matters.models import MaterialType
from tongban.parties.models import Account

log = structlog.get_logger("cases")

REMARK_AT_MOST = 500


def look_over(case: Case, *, now: datetime | None = None) -> None:
    """Compare every paper that was read with the answers as they stand; what is stored follows.

    Asked again whenever an answer may have changed: without news nothing is written. A paper that is being read keeps what
    was noticed before. Whatever goes wrong in comparing is logged and stops nobody.
    """
    now = now or timezone.now()
    found: dict[str, tuple[CaseMaterial, pre_review.Found]] = {}
    judged, gone = set(), []
    for row, reading in read_papers(case):
        judged.add(row.document_id)
        for one in _compared(case, row, reading, now):
            found[_mark(row, one)] = (row, one)
    current = set(noticed.uploads_of(case).values_list("document_id", flat=True))
    held = {one.mark: one for one in MachineFinding.objects.filter(case=case)}
    for mark, kept in held.items():
        no_more = kept.document_id in judged and mark not in found
        if kept.state in UNSETTLED and (no_more or kept.document_id not in current):
            gone.append(kept.pk)
    fresh = [mark for mark in found if mark not in held]
    if not fresh and not gone:
        return
    with transaction.atomic():
        MachineFinding.objects.filter(pk__in=gone, state__in=UNSETTLED).delete()
        MachineFinding.objects.bulk_create(
            (_row(case, *found[mark], mark=mark, now=now) for mark in fresh), ignore_conflicts=True
        )
        changed(case)


def it_is_right(
    case: Case, finding: int, *, account: Account, remark: str = "", now: datetime | None = None
) -> MachineFinding:
    """The applicant looked: it is right as it is. An officer still sees it, with the remark."""
    now = now or timezone.now()
    with transaction.atomic():
        case = again(case)
        if case.state not in EDITABLE:
            raise NotAllowed("not-editable", _("This was sent and cannot be changed now."))
        row = _of(case, finding)
        make(row, SAY_IT_IS_RIGHT, remark=_short(remark), closed_at=now)
        journal.record(
            events.MachineFindingAnswered(case=case.pk, finding=row.pk),
            subject=case.subject,
            actor=applying(account, case),
        )
        changed(case)
    return row


def leave_remark(case: Case, remark: str) -> None:
    """What the applicant says to the officer about everything still open; part of sending, inside its transaction."""
    if said := _short(remark):
        case.machine_findings.filter(state=OPEN).update(remark=said)


def overrule(case: Case, finding: int, *, officer: Officer, reason: str, now: datetime | None = None) -> MachineFinding:
    """An officer sets it aside, with the reason; the applicant sees both in the history."""
    now = now or timezone.now()
    permit_to_work(officer, case)
    reason = " ".join(reason.split())
    if not reason or len(reason) > REMARK_AT_MOST:
        sentence = _("Say in a few words why this does not matter (at most 500 characters).")
        raise Invalid("reason-missing", sentence, errors={"reason": [sentence]}, kept=_("Nothing was changed."))
    actor = acting(officer, next(iter(officer.roles), ""))
    with transaction.atomic():
        case = again(case)
        row = _of(case, finding)
        make(row, OVERRULE, overruled_by=officer, reason=reason, closed_at=now)
        Step.objects.create(
            case=case, at=now, move="overrule_finding", source=case.state, target=case.state, role=actor.role,
            officer=officer, reason=reason,
        )  # fmt: skip
        journal.record(
            events.MachineFindingOverruled(case=case.pk, finding=row.pk, officer=officer.pk),
            subject=case.subject,
            actor=actor,
        )
        changed(case)
    return row


def take_up(case: Case, findings: Iterable[dict], now: datetime) -> None:
    """What an officer's notice now says itself needs no second look; part of the notice, inside its transaction."""
    for one in findings:
        rows = case.machine_findings.filter(state__in=UNSETTLED)
        if one.get("material"):
            rows = rows.filter(material=one["material"])
            rows = rows.filter(page=one["page"]) if one.get("page") else rows
        else:
            rows = rows.filter(field=one.get("field") or "-")
        rows.update(state=TAKEN_UP, closed_at=now)


def take_value(case: Case, material: str, field: str, *, account: Account, now: datetime | None = None) -> Case:
    """The applicant takes a value that was read from an upload into the form. It comes from what is kept, not from the page."""
    now = now or timezone.now()
    offered = next((one for row, one in offers(case) if row.type.slug == material and one.field == field), None)
    if offered is None:
        raise NotAllowed(
            "no-such-offer",
            _("The paper does not offer this value any more."),
            kept=_("Your answers are kept."),
            next_step=_("Fill it in by hand."),
        )
    form = rules.form_of(case)
    judged = form.validate({field: offered.value}, only=[field], partial=True, kept=rules.plain_values(case.values))
    if judged.errors.get(field) or field not in judged.values:
        raise Invalid(
            "not-fit", _("What was read does not fit this field."), errors={field: judged.errors.get(field, [])},
            kept=_("Your answers are kept."), next_step=_("Fill it in by hand."),
        )  # fmt: skip
    with transaction.atomic():
        case = again(case)
        if case.value(field) == judged.values[field]:  # pressed twice
            return case
        drafting.enter(case, field, judged.values[field], source=f"paper:{material}", now=now)
        document = case.materials.get(type__slug=material).document_id
        journal.record(
            events.ValueTakenFromPaper(case=case.pk, document=document or 0, field=field),
            subject=case.subject,
            actor=applying(account, case),
        )
    look_over(case, now=now)
    return case


def offers(case: Case) -> list[tuple[CaseMaterial, pre_review.Offer]]:
    """What papers offer to the form, one offer an answer: the surest."""
    best: dict[str, tuple[CaseMaterial, pre_review.Offer]] = {}
    answers = answers_of(case)
    for row, reading in read_papers(case):
        for one in pre_review.offers_from(_paper(row, reading), answers):
            if one.field not in best or one.confidence > best[one.field][1].confidence:
                best[one.field] = (row, one)
    return list(best.values())


def read_papers(case: Case) -> list[tuple[CaseMaterial, Reading]]:
    """Uploaded materials that the machine is through with."""
    rows = noticed.uploads_of(case).filter(document__reading__state=Reading.State.DONE)
    return [(row, row.document.reading) for row in rows if row.document is not None]


def answers_of(case: Case) -> list[pre_review.Answer]:
    """The answers that are asked now, with what each means."""
    values = rules.plain_values(case.values)
    return [
        pre_review.Answer(one.id, one.type, values.get(one.id), one.prefill, one.readonly, one.masked)
        for one in rules.form_of(case).visible(values)
    ]


# --


def _compared(case: Case, row: CaseMaterial, reading: Reading, now: datetime) -> list[pre_review.Found]:
    try:
        return pre_review.findings_on(
            _paper(row, reading), answers_of(case), today=timezone.localdate(now), needed_until=_needed(case, now)
        )
    except Exception:  # a paper that confuses the comparison must not keep anybody from sending
        log.exception("paper_not_compared", case=case.pk, document=row.document_id)
        return []


def _needed(case: Case, now: datetime) -> date | None:
    """The day until which papers should hold: that of the promised decision."""
    if case.promised_due:
        return case.promised_due
    promised = clocks.expected(case, sent=now)["promised"]
    return promised.day if promised else None


def _paper(row: CaseMaterial, reading: Reading) -> pre_review.Paper:
    slug = row.type.slug
    accepted = {slug, row.type.licence_type or slug, *(kind for kind in kinds.KINDS if kinds.serves(kind, slug))}
    if not kinds.tells_apart(slug) and reading.kind:
        accepted.add(reading.kind)  # of papers the machine does not know, it does not say that this is another
    return pre_review.Paper(
        material=slug,
        name=row.type.name,
        accepted=frozenset(accepted),
        pages=row.document.pages.count() if row.document else 0,
        kind=reading.kind,
        kind_name=_name_of(reading.kind) if reading.kind not in accepted else None,
        kind_confidence=reading.kind_confidence,
        lines=reading.lines or [],
        values=reading.values or {},
        quality=reading.quality or [],
    )


def _name_of(kind: str) -> dict | None:
    model: type[MaterialType] | type[LicenceType]
    for model in (MaterialType, LicenceType):
        if name := model.objects.filter(slug=kind).values_list("name", flat=True).first():
            return name
    return None


def _mark(row: CaseMaterial, one: pre_review.Found) -> str:
    said = [row.type.slug, row.document_id, one.code, one.field, one.page, one.params]
    return blind_index(json.dumps(said, sort_keys=True, ensure_ascii=False), "cases.machine_finding")


def _row(case: Case, row: CaseMaterial, one: pre_review.Found, *, mark: str, now: datetime) -> MachineFinding:
    document: Document | None = row.document
    return MachineFinding(
        case=case, material=row.type.slug, document=document, code=one.code, severity=one.severity, field=one.field,
        params=one.params, page=one.page, box=one.box, confidence=one.confidence, mark=mark, found_at=now,
    )  # fmt: skip


def _of(case: Case, finding: int) -> MachineFinding:
    row = case.machine_findings.filter(pk=finding).first()
    if row is None:
        raise NotAllowed(
            "no-such-finding", _("This was settled meanwhile."), kept=_("Nothing was changed."), status=404
        )
    return row


def _short(text: str) -> str:
    said = " ".join(text.split())
    if len(said) > REMARK_AT_MOST:
        sentence = _("Please write at most 500 characters.")
        raise Invalid("remark-too-long", sentence, errors={"remark": [sentence]}, kept=_("Your answers are kept."))
    return said
