"""Asking for correction once and completely; a second time is a supervisor's. What staff put right themselves, and what the applicant undoes."""

from collections.abc import Sequence
from datetime import datetime
from typing import BinaryIO

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.cases import clocks, correction, events, papers, queries, rules, standing
from tongban.cases.models import Case, CaseMaterial, CorrectionRequest, StaffChange
from tongban.cases.moving import acting, again, go
from tongban.cases.noting import note
from tongban.cases.permission import permit, permit_to_work
from tongban.cases.services.drafting import TRUST
from tongban.cases.services.intake import as_paragraphs, checked_findings, promise, write_findings
from tongban.cases.states import (
    ACCEPTANCE_DAYS,
    CORRECT,
    CORRECTION_CALENDAR_DAYS,
    REQUEST_CORRECTION,
    CaseState,
    ClockKind,
)
from tongban.departments.models import Officer
from tongban.journal import services as journal
from tongban.lib.bilingual import say
from tongban.lib.problems import Invalid, NotAllowed
from tongban.materials import services as documents
from tongban.oversight import services as oversight
from tongban.oversight.models import Alert
from tongban.parties.models import Account
from tongban.parties.states import Act

REASON_AT_MOST = 1000


def request_correction(
    case: Case,
    findings: list[dict],
    *,
    officer: Officer,
    only_marked: bool = False,
    why_again: str = "",
    now: datetime | None = None,
) -> Case:
    """Ask once, for everything that is wrong. A second time only a supervisor may, who did not ask the first time: that is on record
    as a fault of the office. `only_marked`: everything else stays as it was sent.
    """
    now = now or timezone.now()
    role = permit(officer, case, REQUEST_CORRECTION)
    findings = checked_findings(case, findings)
    with transaction.atomic():
        case = again(case)
        second = case.corrections > 0
        if second:
            role = _may_ask_again(case, officer, why_again)
        elif "window_officer" not in officer.roles:
            raise NotAllowed("first-is-the-windows", _("The first request is the window's: it looks at everything."))
        else:
            role = "window_officer"
        go(
            case, REQUEST_CORRECTION, actor=acting(officer, role), officer=officer, now=now,
            what=events.CorrectionRequested(case=case.pk, round=case.corrections + 1), corrections=F("corrections") + 1,
            only_if=Q(corrections=case.corrections), claimed_by=None, claimed_at=None,
        )  # fmt: skip
        case.refresh_from_db(fields=["corrections"])
        today = clocks.local_day(now)
        clocks.stop(case, ClockKind.ACCEPTANCE, today)
        clock = clocks.start(case, ClockKind.APPLICANT_CORRECTION, today, CORRECTION_CALENDAR_DAYS, unit="calendar_day")
        clocks.show(case)
        number = write_findings(case, "correction", findings, now)
        row = CorrectionRequest.objects.create(
            case=case, round=number, officer=officer, at=now, only_marked=only_marked, second=second,
            why_again=why_again.strip()[:REASON_AT_MOST] if second else "",
        )  # fmt: skip
        papers.make(
            case, "correction_notice", now=now,
            paragraphs=[
                STILL_NEEDED if second else AT_ONCE, *as_paragraphs(case, findings), *([ONLY_MARKED] if only_marked else []),
                *([AGAIN] if second else []), WHAT_NEXT,
            ],
            rows=[({"zh": "补正截止", "en": "Please supply by"}, clock.due.isoformat())],
            before=queries.as_it_stood(case),
        )  # fmt: skip
        if second:
            journal.record(
                events.SecondCorrection(case=case.pk, request=row.pk),
                subject=case.subject,
                actor=acting(officer, role),
            )
            first = case.correction_requests.select_related("officer__account").order_by("id").first()
            oversight.raise_alert(
                Alert.Kind.SECOND_CORRECTION,
                account=first.officer.account if first is not None else None,
                note=f"{case.number} {case.matter.slug}",
            )
    return case


AT_ONCE = {
    "zh": "经查，您的申请还需要补正下列内容，现依法一次告知。",
    "en": "Your application still needs what is listed here. By law everything is told at once.",
}
STILL_NEEDED = {"zh": "您的申请还需要补正下列内容。", "en": "Your application still needs what is listed here."}
WHAT_NEXT = {
    "zh": "请在补正截止日期前，在办件页面修改补充后重新提交，也可以到窗口办理。补正的时间不计入办理期限。逾期未补正的，本次申请结束；您可以随时重新申请，已填写的内容仍可使用。",
    "en": "Please put it right on the page of the application by the date above and send it again, or do so at a window. The time you take does "
    "not count against the time limit. If nothing comes by then, this application ends; you may apply again at any time with what you filled in.",
}
ONLY_MARKED = {
    "zh": "本次只需修改以上标出的内容，其他内容保持不变。",
    "en": "Only what is marked above can be changed; everything else stays as you sent it.",
}
AGAIN = {
    "zh": "本应一次告知全部内容。这是第二次要求补正，是我们的疏漏，已作记录并另行核查。",
    "en": "Everything should have been said the first time. That you are asked again is our fault; it is on record and is looked at separately.",
}


def _may_ask_again(case: Case, officer: Officer, why_again: str) -> str:
    if case.corrections > 1 or "supervisor" not in officer.roles:
        raise NotAllowed(
            "correction-once",
            _("Correction may be asked for once only, and that was done."),
            next_step=_(
                "Accept the application, or ask your supervisor: a second request is theirs and counts as a fault."
            ),
        )
    if correction.who_asked_first(case) == officer.pk:
        raise NotAllowed(
            "correction-once",
            _("Whoever asked the first time does not ask the second time."),
            next_step=_("Another supervisor has to look at it."),
            status=403,
        )
    if len(why_again.strip()) < 10:
        sentence = _("Say why this was not asked for the first time (at least 10 characters).")
        raise Invalid("why-again", sentence, errors={"why_again": [sentence]})
    return "supervisor"


def recall_correction(case: Case, *, officer: Officer, why: str, now: datetime | None = None) -> Case:
    """Take the request back while nothing of it was answered: the applicant is told, and acceptance goes on with five new days."""
    now = now or timezone.now()
    role = permit(officer, case, CORRECT)
    why = why.strip()[:REASON_AT_MOST]
    if not why:
        raise Invalid("reason-missing", _("Say the reason."), errors={"why": [_("Say the reason.")]})
    with transaction.atomic():
        case = again(case)
        if case.state == CaseState.CORRECTION_REQUESTED and _has_begun(case):
            raise NotAllowed(
                "applicant-has-begun",
                _("The applicant has begun to answer: the request is not taken back any more."),
                kept=_("Nothing was changed."),
                next_step=_("Wait for the answer, or write to the applicant inside the case."),
            )
        go(
            case, CORRECT, actor=acting(officer, role), officer=officer, now=now, reason=why,
            what=events.CorrectionRecalled(case=case.pk),
        )  # fmt: skip
        case.findings.filter(answered_at__isnull=True).update(answered_at=now)
        CorrectionRequest.objects.filter(case=case, recalled_at__isnull=True).order_by("-id").update(
            recalled_at=now, recalled_by=officer, why_recalled=why
        )
        today = clocks.local_day(now)
        clocks.stop(case, ClockKind.APPLICANT_CORRECTION, today)
        clocks.start(case, ClockKind.ACCEPTANCE, today, ACCEPTANCE_DAYS)
        promise(case, today)
        papers.make(
            case, "correction_recalled", now=now,
            paragraphs=[
                {"zh": f"我们收回此前发出的补正要求，您无需再做任何事，办理继续进行。原因：{why}",
                 "en": f"We take back our request for correction. You need not do anything; we go on. Reason: {why}"}
            ],
        )  # fmt: skip
    return case


def _has_begun(case: Case) -> bool:
    if any(one.answered_at for one in queries.open_findings(case)):
        return True
    notice = case.documents.filter(kind="correction_notice").order_by("-id").first()
    before = notice.content.get("before") if notice is not None else None
    return before is not None and before != queries.as_it_stood(case)


# -- what staff put right themselves


def change_answer(
    case: Case, field: str, raw: dict, *, officer: Officer, reason: str, now: datetime | None = None
) -> StaffChange:
    """Put an obvious slip right before acceptance. `raw` holds what was typed under the field's own name. The applicant sees both and may undo it."""
    now = now or timezone.now()
    role, reason = _may_change(case, officer, reason)
    with transaction.atomic():
        case = again(case)
        one = next((one for one in correction.staff_may_change(case) if one.id == field), None)
        if one is None:
            raise NotAllowed(
                "not-for-staff",
                _("Staff may not change this answer."),
                next_step=_("Ask for correction instead."),
            )
        kept = rules.plain_values(case.values)
        cleaned = rules.form_of(case).validate(raw, kept=kept, only=[field], partial=True)
        if cleaned.errors or field not in cleaned.values:
            raise Invalid(
                "not-a-value",
                _("This answer cannot be taken."),
                errors={f"staff-{field}": cleaned.errors.get(field) or [_("Please fill this in.")]},
            )
        before, after = case.values.get(field), cleaned.values[field]
        if (before or {}).get("value") == after:
            raise NotAllowed("nothing-changed", _("This answer stands there already."))
        case.values = {**case.values, field: {**(before or {"source": "applicant", "changed": False}), "value": after, "at": now.isoformat(), "by_staff": True}}  # fmt: skip
        case.values = rules.with_results(case, case.values, now)
        case.revision += 1
        case.save(update_fields=["values", "revision", "updated_at"])
        row = StaffChange.objects.create(
            case=case, officer=officer, at=now, what=StaffChange.What.FIELD, field=field, before=before,
            after=case.values[field], reason=reason,
        )  # fmt: skip
        _told(case, row, one.display((before or {}).get("value"), "zh"), one.display(after, "zh"), one.label, role, now)
    return row


def add_document(
    case: Case, material: str, files: Sequence[BinaryIO], *, officer: Officer, reason: str, now: datetime | None = None
) -> StaffChange:
    """Put a document to the application that came another way (by hand, from another office)."""
    now = now or timezone.now()
    role, reason = _may_change(case, officer, reason)
    if not files:
        raise Invalid("no_file", _("No file was chosen."), errors={f"staff-{material}": [_("No file was chosen.")]})
    _still_open(case)
    name = say(_material(case, material).type.name)
    document = documents.keep(files, owner=case.applicant, by=officer.account, name=name, actor=acting(officer, role))
    with transaction.atomic():
        case = again(case)
        _still_open(case)
        row = _material(case, material)
        if row.how not in {CaseMaterial.How.MISSING, CaseMaterial.How.LATER}:
            raise NotAllowed("paper-is-there", _("This document is there already; take it out first."))
        documents.hand_in(document, actor=acting(officer, role))
        before = {"how": row.how}
        row.how, row.document, row.seen_by, row.trust = CaseMaterial.How.UPLOAD, document, officer, TRUST["paper"]
        row.save()
        documents.ask_reading(document)
        change = StaffChange.objects.create(
            case=case, officer=officer, at=now, what=StaffChange.What.ADDED, material=material, before=before,
            document=document, reason=reason,
        )  # fmt: skip
        _told(case, change, "—", str(StaffChange.What.ADDED.label), row.type.name, role, now)
    return change


def remove_document(
    case: Case, material: str, *, officer: Officer, reason: str, now: datetime | None = None
) -> StaffChange:
    """Take a document out that does not belong there; it stays the applicant's, who may put it back."""
    now = now or timezone.now()
    role, reason = _may_change(case, officer, reason)
    with transaction.atomic():
        case = again(case)
        _still_open(case)
        row = _material(case, material)
        if row.how != CaseMaterial.How.UPLOAD or row.document is None:
            raise NotAllowed("no-upload", _("There is no uploaded document to take out."))
        document, trust = row.document, row.trust
        row.how, row.document, row.seen_by = CaseMaterial.How.MISSING, None, None
        row.save()
        change = StaffChange.objects.create(
            case=case, officer=officer, at=now, what=StaffChange.What.REMOVED, material=material,
            before={"how": CaseMaterial.How.UPLOAD, "trust": trust}, document=document, reason=reason,
        )  # fmt: skip
        _told(case, change, document.name, "—", row.type.name, role, now)
    return change


def undo_change(change: StaffChange, *, account: Account, why: str = "", now: datetime | None = None) -> Case:
    """The applicant says that staff were wrong: it stands again as it was sent. Only before the application is accepted."""
    now = now or timezone.now()
    with transaction.atomic():
        case = again(change.case)
        change = StaffChange.objects.select_for_update(of=("self",)).get(pk=change.pk)
        if change.undone_at is not None:
            return case
        if case.state not in correction.STAFF_MAY_CHANGE_IN | {
            CaseState.CORRECTION_REQUESTED,
            CaseState.PRE_REVIEW_RETURNED,
        }:
            raise NotAllowed(
                "too-late-to-undo",
                _("The application is decided on as it stands now."),
                next_step=_("Write inside the case: the department answers there."),
            )
        if change.what == StaffChange.What.FIELD:
            held = dict(case.values)
            if held.get(change.field) != change.after:
                raise NotAllowed("changed-again", _("This answer was changed again meanwhile."))
            if change.before is None:
                held.pop(change.field, None)
            else:
                held[change.field] = change.before
            case.values = rules.with_results(case, held, now)
            case.revision += 1
            case.save(update_fields=["values", "revision", "updated_at"])
        else:
            _put_back(case, change)
        change.undone_at, change.undone_why = now, why.strip()[:REASON_AT_MOST]
        change.save(update_fields=["undone_at", "undone_why"])
        note(
            case, "undo_staff_change", actor=standing.act_as_applicant(account, case, Act.PREPARE, "undo_staff_change", now), account=account, now=now, reason=change.undone_why,
            what=events.StaffChangeUndone(case=case.pk, change=change.pk),
        )  # fmt: skip
    return case


def _put_back(case: Case, change: StaffChange) -> None:
    row = _material(case, change.material)
    if change.what == StaffChange.What.ADDED:
        if row.document_id != change.document_id:
            raise NotAllowed("changed-again", _("This document was changed again meanwhile."))
        row.how, row.document, row.seen_by, row.trust = (change.before or {})["how"], None, None, TRUST["missing"]
    else:
        if row.how not in {CaseMaterial.How.MISSING, CaseMaterial.How.LATER}:
            raise NotAllowed("changed-again", _("This document was changed again meanwhile."))
        row.how, row.document, row.trust = CaseMaterial.How.UPLOAD, change.document, (change.before or {})["trust"]
    row.save()


def _may_change(case: Case, officer: Officer, reason: str) -> tuple[str, str]:
    handler = permit_to_work(officer, case)
    role = next((one for one in ("window_officer", "pre_reviewer") if one in handler.roles), "")
    if not role:
        raise NotAllowed("not-your-case", _("Only the window and pre-review put slips right."), status=403)
    reason = " ".join(reason.split())[:REASON_AT_MOST]
    if len(reason) < 5:
        sentence = _("Say why; the applicant reads it.")
        raise Invalid("reason-missing", sentence, errors={"staff-reason": [sentence]})
    return role, reason


def _still_open(case: Case) -> None:
    if case.state not in correction.STAFF_MAY_CHANGE_IN:
        raise NotAllowed("not-in-this-state", _("After acceptance nothing in the application is changed any more."))


def _material(case: Case, slug: str) -> CaseMaterial:
    row = case.materials.select_related("type", "document").filter(type__slug=slug).first()
    if row is None:
        raise NotAllowed("material-not-asked", _("This document is not asked for here."))
    return row


def _told(case: Case, change: StaffChange, before: str, after: str, label: dict, role: str, now: datetime) -> None:
    note(
        case, "staff_change", actor=acting(change.officer, role), officer=change.officer, now=now, reason=change.reason,
        what=events.StaffChanged(case=case.pk, change=change.pk),
    )  # fmt: skip
    zh, en = label.get("zh") or label.get("en", ""), label.get("en") or label.get("zh", "")
    papers.make(
        case, "staff_change_notice", now=now,
        paragraphs=[
            {"zh": f"工作人员更正了您申请中的“{zh}”。原内容：{before or '—'}；现内容：{after or '—'}。理由：{change.reason}",
             "en": f"An officer put “{en}” in your application right. Before: {before or '—'}. Now: {after or '—'}. Reason: {change.reason}"},
            {"zh": "如您不同意，可在受理前于办件页面撤销这一更正。",
             "en": "If you do not agree, you can undo this on the page of your case until the application is accepted."},
        ],
    )  # fmt: skip
