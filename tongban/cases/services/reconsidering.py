"""Looking at a decision again: asked within 60 days, judged by somebody who did not handle the case, linked with what follows."""

from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.cases import clocks, events, papers, standing
from tongban.cases.models import Appeal, Case, CaseMaterial
from tongban.cases.moving import acting, again
from tongban.cases.noting import note
from tongban.cases.permission import handler_of
from tongban.cases.procedure_states import (
    APPEAL_OVER,
    APPEAL_WITHIN,
    CHANGE,
    LITIGATION_MONTHS,
    TAKE_BACK,
    UPHOLD,
    AppealState,
)
from tongban.cases.services import deciding, hearing
from tongban.cases.services.drafting import DRAFT_DAYS
from tongban.cases.states import CaseState
from tongban.departments import queries as departments
from tongban.departments.models import Officer
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM, Actor
from tongban.lib.moves import make
from tongban.lib.problems import Invalid, NotAllowed, worded
from tongban.lib.workdays import Due
from tongban.licences import services as licences
from tongban.licences.states import LicenceState
from tongban.parties.models import Account
from tongban.parties.states import Act

JUDGED_WITHIN = 60  # calendar days, Administrative Reconsideration Law
LITIGATION_AFTER_RECONSIDERATION = 15  # calendar days, Administrative Litigation Law
CAN_BE_CHALLENGED = {CaseState.REFUSED, CaseState.NOT_ACCEPTED, CaseState.REVOKED, CaseState.TERMINATED,
                     CaseState.DELIVERED, CaseState.CLOSED}  # fmt: skip
AGAINST_THE_APPLICANT = {CaseState.REFUSED, CaseState.NOT_ACCEPTED, CaseState.REVOKED, CaseState.TERMINATED}


def decided_on(case: Case) -> date | None:
    """The day of the decision that stands now: of the ending, where that was one."""
    moment = case.ended_at if case.state in {CaseState.REVOKED, CaseState.TERMINATED} else case.decided_at
    return clocks.local_day(moment) if moment is not None else None


def decision_of(case: Case) -> str:
    """Which decision of a case is meant: it may be granted, challenged, and revoked later."""
    return case.state if case.state in AGAINST_THE_APPLICANT else "granted"


def ask_until(case: Case) -> date | None:
    """The last day to ask for reconsideration; None where there is no decision to challenge."""
    day = decided_on(case) if case.state in CAN_BE_CHALLENGED else None
    return _never_on_a_day_off(departments.calendar().due_in_days(day, APPEAL_WITHIN)) if day else None


def sue_until(case: Case, row: Appeal | None = None) -> date | None:
    """The last day to go to court: six months from the decision; 15 days from a reconsideration decision, if that is later."""
    day = decided_on(case) if case.state in CAN_BE_CHALLENGED else None
    if day is None:
        return None
    calendar = departments.calendar()
    last = _never_on_a_day_off(calendar.due_in_months(day, LITIGATION_MONTHS))
    if row is not None and row.state in {AppealState.UPHELD, AppealState.CHANGED} and row.over_at is not None:
        after = calendar.due_in_days(clocks.local_day(row.over_at), LITIGATION_AFTER_RECONSIDERATION)
        last = max(last, _never_on_a_day_off(after))
    return last


def _never_on_a_day_off(due: Due) -> date:
    """It is the applicant's own time: what would end on a day off ends on the next working day."""
    day = departments.calendar().on_or_after(due).day
    assert day is not None  # without a pause there is a day
    return day


def appeal(case: Case, *, account: Account, wish: str, now: datetime | None = None) -> Appeal:
    """The applicant asks for reconsideration of the decision that stands. Asked twice it is the same one."""
    now = now or timezone.now()
    wish = wish.strip()[:4000]
    today = clocks.local_day(now)
    if len(wish) < 10:
        sentence = _("Say what you think is wrong and what you want, in at least 10 characters.")
        raise Invalid("wish-missing", sentence, errors={"wish": [sentence]}, kept=_("Nothing was sent yet."))
    with transaction.atomic():
        case = again(case)
        until = ask_until(case)
        if until is None:
            raise NotAllowed("no-decision", _("There is no decision to challenge in this case."))
        known = case.appeals.filter(decision=decision_of(case)).first()
        if known is not None:
            return known
        if today > until:
            raise NotAllowed(
                "too-late",
                worded(_("Reconsideration could be asked for until %(day)s."), day=until.isoformat()),
                next_step=worded(
                    _("You may still go to court until %(day)s."), day=(sue_until(case) or until).isoformat()
                ),
            )
        row = Appeal.objects.create(
            case=case, account=account, decision=decision_of(case), wish=wish, asked_at=now,
            due=today + timedelta(days=JUDGED_WITHIN),
        )  # fmt: skip
        papers.make(
            case, "appeal_receipt", now=now,
            paragraphs=[
                {"zh": "您的行政复议申请已收到，由未经办本案的机关审理。复议期间决定不停止执行，法律另有规定的除外。",
                 "en": "Your request for reconsideration has arrived. It is judged by an authority that did not handle the case. Until then the decision stands, unless the law says otherwise."},
                {"zh": f"您的请求：{wish}", "en": f"What you ask: {wish}"},
            ],
            rows=[({"zh": "复议决定期限", "en": "To be decided by"}, row.due.isoformat())],
        )  # fmt: skip
        note(
            case, "appeal", actor=standing.act_as_applicant(account, case, Act.SUBMIT, "appeal", now), account=account, now=now,
            what=events.AppealAsked(case=case.pk, appeal=row.pk),
        )  # fmt: skip
    return row


def take_back(row: Appeal, *, account: Account, now: datetime | None = None) -> Appeal:
    now = now or timezone.now()
    with transaction.atomic():
        case = again(row.case)
        row.refresh_from_db()
        if row.state == AppealState.WITHDRAWN:
            return row
        make(row, TAKE_BACK, over_at=now)
        note(
            case, "take_back_appeal", actor=standing.act_as_applicant(account, case, Act.SUBMIT, "take_back_appeal", now), account=account, now=now,
            what=events.AppealOver(case=case.pk, appeal=row.pk, state=row.state),
        )  # fmt: skip
    return row


def judge(row: Appeal, *, officer: Officer, outcome: str, reason: str, now: datetime | None = None) -> Appeal:
    """Upheld, or changed: a refusal is then decided anew, in a case of its own that is linked; a grant has to be revoked by its department,
    and its licence is suspended until then."""
    now = now or timezone.now()
    if not may_judge(officer, row):
        raise NotAllowed(
            "not-yours-to-judge",
            _("A decision is looked at again by the service office, by somebody who did not handle the case."),
            status=403,
        )
    reason = reason.strip()[:4000]
    errors: dict[str, list] = {}
    if outcome not in {AppealState.UPHELD, AppealState.CHANGED}:
        errors["outcome"] = [_("Choose.")]
    if len(reason) < 10:
        errors["reason"] = [_("Say the reason in at least 10 characters; the applicant reads it.")]
    if errors:
        raise Invalid("not-judged", _("Something is still missing."), errors=errors)
    actor = acting(officer, "coordinator")
    with transaction.atomic():
        case = again(row.case)
        row.refresh_from_db()
        told: dict = {"judged_by": officer, "reason": reason, "over_at": now}
        if outcome == AppealState.UPHELD:
            make(row, UPHOLD, **told)
            said = {"zh": "经复议，维持原决定。", "en": "After reconsideration the decision stands."}
        elif row.decision == "granted":
            make(row, CHANGE, follows=Appeal.Follows.REVOKED, **told)
            said = {"zh": "经复议，原准予决定不当，由原机关依法撤销；撤销前证照暂停使用。",
                    "en": "After reconsideration the grant was wrong: the department revokes it as the law says; until then the licence is suspended."}  # fmt: skip
            licence = deciding.edition_in_force(case)
            if licence is not None and licence.state == LicenceState.VALID:
                licences.suspend(licence, reason=reason, actor=_by_the_issuer(officer, licence.issuer.code), now=now)
            if case.state in {CaseState.DELIVERED, CaseState.CLOSED}:
                hearing.offer_for_revocation(
                    case, officer=officer, role="dept_approver", reason=reason, ground="行政复议法 Administrative Reconsideration Law", now=now
                )  # fmt: skip
        else:
            make(row, CHANGE, follows=Appeal.Follows.ANEW, **told)
            row.anew = _anew(case, now)
            row.save(update_fields=["anew"])
            said = {"zh": "经复议，撤销原决定，您的申请重新办理。已为您备好新的申请，原有内容均已填入，确认后签名提交即可。",
                    "en": "After reconsideration the decision is set aside and your application is decided anew. A new one is ready with everything you had entered: look at it, sign and send it."}  # fmt: skip
        papers.make(
            case, "appeal_decision", now=now,
            paragraphs=[said, {"zh": f"理由：{reason}", "en": f"Reason: {reason}"}, _court(case, row)],
        )  # fmt: skip
        note(
            case, f"appeal_{outcome}", actor=actor, officer=officer, now=now, reason=reason[:500],
            what=events.AppealOver(case=case.pk, appeal=row.pk, state=row.state),
        )  # fmt: skip
    return row


def _by_the_issuer(officer: Officer, issuer: str) -> Actor:
    """The reconsideration decision binds the issuer: it is carried out in its name, by whoever judged."""
    return Actor(
        kind="officer", role="coordinator", account=officer.account_id, department=issuer, name=officer.staff_no
    )


def _court(case: Case, row: Appeal) -> dict[str, str]:
    day = papers.said_day(sue_until(case, row))
    return {
        "zh": f"如不服本复议决定，可自收到之日起15日内向人民法院提起行政诉讼；对原决定，起诉期限至{day['zh']}。",
        "en": f"If you do not agree you may bring an action before the people's court within 15 days; against the decision itself until {day['en']}.",
    }


def _anew(case: Case, now: datetime) -> Case:
    """A draft with every answer and paper of the case whose decision was set aside; of the version that is in force for it."""
    draft = Case.objects.create(
        matter=case.matter, version=case.version, department=case.department, applicant=case.applicant, account=case.account,
        channel=case.channel, situation=case.situation, values=case.values, saved_at=now, created_at=now,
        expires_at=now + timedelta(days=DRAFT_DAYS), with_people=True,
    )  # fmt: skip
    CaseMaterial.objects.bulk_create(
        CaseMaterial(
            case=draft, type_id=one.type_id, how=one.how, required=one.required, document_id=one.document_id,
            licence_id=one.licence_id, resource=one.resource, trust=one.trust,
        )
        for one in case.materials.all()
    )  # fmt: skip
    journal.record(events.DraftBegun(case=draft.pk), subject=draft.subject, actor=PLATFORM)
    return draft


def note_court(row: Appeal, *, officer: Officer, day: date | None, text: str, now: datetime | None = None) -> Appeal:
    """The applicant has gone to court: written down beside the case."""
    now = now or timezone.now()
    if "coordinator" not in officer.roles:
        raise NotAllowed("not-yours-to-judge", _("This is the service office's."), status=403)
    errors: dict[str, list] = {}
    if day is None or day > clocks.local_day(now):
        errors["court_on"] = [_("Say the day the action was brought; it cannot lie ahead.")]
    if not text.strip():
        errors["court_note"] = [_("Please fill this in.")]
    if errors:
        raise Invalid("court-note", _("Something is still missing."), errors=errors)
    with transaction.atomic():
        again(row.case)
        row.refresh_from_db()
        row.court_on, row.court_note = day, text.strip()[:2000]
        row.save(update_fields=["court_on", "court_note"])
    return row


def may_judge(officer: Officer, row: Appeal) -> bool:
    """The service office; not who reviewed, decided or moved the case, and nobody in their own."""
    handler = handler_of(officer)
    if not handler.active or "coordinator" not in handler.roles or row.case.applicant_id in handler.parties:
        return False
    handled = {row.case.reviewer_id, row.case.approver_id}
    return (
        officer.pk not in handled
        and not row.case.steps.filter(officer=officer).exclude(move__startswith="appeal").exists()
    )


def waiting(officer: Officer) -> QuerySet[Appeal]:
    """What is being looked at again, due first; then what was judged, the newest first, comes by `judged`."""
    return _together(Appeal.objects.filter(state=AppealState.ASKED)).order_by("due", "id")


def judged(officer: Officer) -> QuerySet[Appeal]:
    return _together(Appeal.objects.filter(Q(state__in=APPEAL_OVER))).order_by("-id")


def _together(rows: QuerySet[Appeal]) -> QuerySet[Appeal]:
    return rows.select_related("case", "case__version", "case__department", "case__applicant", "judged_by", "anew")
