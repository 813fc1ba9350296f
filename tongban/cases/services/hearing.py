"""Being heard before a refusal or a revocation: offered, asked for within five working days, held within twenty, written down."""

from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.cases import clocks, events, hearings, papers, standing
from tongban.cases.models import Case, Hearing
from tongban.cases.moving import acting, again, go
from tongban.cases.noting import note
from tongban.cases.permission import permit, permit_to_work
from tongban.cases.procedure_states import (
    ASK,
    DECLINE,
    HEARING_HOLD_DAYS,
    HEARING_OVER,
    HEARING_REQUEST_DAYS,
    HEARING_TOLD_BEFORE,
    HOLD,
    INVITE,
    RUN_OUT,
    HearingState,
)
from tongban.cases.services import one_promise
from tongban.cases.states import RESUME, SUSPEND, CaseState, ClockKind
from tongban.departments import queries as departments
from tongban.departments.models import Officer
from tongban.journal.actors import PLATFORM
from tongban.lib.bilingual import Bilingual
from tongban.lib.moves import make
from tongban.lib.problems import Invalid, NotAllowed, worded
from tongban.lib.workdays import ONE_DAY
from tongban.parties.models import Account
from tongban.parties.states import Act


def offer(case: Case, *, officer: Officer, reason: str, ground: str, now: datetime | None = None) -> Hearing:
    """Before a refusal: say why it is going to be refused, and that the applicant may be heard. The clock of the decision stands still."""
    now = now or timezone.now()
    permit(officer, case, SUSPEND)
    reason, ground = _reasoned(reason, ground)
    today = clocks.local_day(now)
    with transaction.atomic():
        case = again(case)
        if hearings.of(case, Hearing.About.REFUSAL) is not None:
            raise NotAllowed("heard-once", _("A hearing was offered in this case already."))
        go(case, SUSPEND, actor=acting(officer, "dept_reviewer"), officer=officer, now=now, reason=reason[:500],
           what=events.CaseDatesChanged(case=case.pk, why="suspended"))  # fmt: skip
        clocks.pause_decision(case, today)
        clocks.start(case, ClockKind.SPECIAL_PROCEDURE, today, HEARING_REQUEST_DAYS + HEARING_HOLD_DAYS)
        row = _offered(case, Hearing.About.REFUSAL, officer, "dept_reviewer", reason, ground, now)
        clocks.show(case)
        one_promise.follow_part(case)
    return row


def offer_for_revocation(
    case: Case, *, officer: Officer, role: str, reason: str, ground: str, now: datetime
) -> Hearing:
    """Before a decision is taken back. Inside the act that found the reason; offered before: the same one."""
    row = hearings.of(case, Hearing.About.REVOCATION)
    return row or _offered(case, Hearing.About.REVOCATION, officer, role, reason, ground, now)


def offer_before_revoking(
    case: Case, *, officer: Officer, reason: str, ground: str, now: datetime | None = None
) -> Hearing:
    """The approver means to take a decision back (fraud, beyond powers): the holder may be heard first."""
    now = now or timezone.now()
    handler = permit_to_work(officer, case)
    if "dept_approver" not in handler.roles or handler.department != case.department.code:
        raise NotAllowed("not-your-case", _("This is the approver's of the department."), status=403)
    reason, ground = _reasoned(reason, ground)
    with transaction.atomic():
        case = again(case)
        if case.state not in {CaseState.DELIVERED, CaseState.CLOSED}:
            raise NotAllowed("not-in-this-state", _("There is no decision to take back in this case now."))
        if hearings.of(case, Hearing.About.REVOCATION) is not None:
            raise NotAllowed("heard-once", _("A hearing was offered in this case already."))
        return _offered(case, Hearing.About.REVOCATION, officer, "dept_approver", reason, ground, now)


def _offered(case: Case, about: str, officer: Officer, role: str, reason: str, ground: str, now: datetime) -> Hearing:
    today = clocks.local_day(now)
    clock = clocks.start(case, ClockKind.HEARING_REQUEST, today, HEARING_REQUEST_DAYS)
    row = Hearing.objects.create(
        case=case, about=about, officer=officer, offered_at=now, reason=reason, ground=ground, ask_by=clock.due
    )
    planned_zh, planned_en = PLANNED[about]
    papers.make(
        case, "hearing_notice", now=now,
        paragraphs=[
            {"zh": f"我们拟{planned_zh}。", "en": f"We intend to {planned_en}."},
            *papers.reasons(reason, ground),
            {"zh": f"您有权陈述、申辩，并可在{papers.said_day(row.ask_by)['zh']}前要求举行听证；听证不收费。逾期未要求的，视为放弃听证，我们继续办理。",
             "en": f"You may say what you have to say, and ask for a hearing until {papers.said_day(row.ask_by)['en']}; it costs nothing. If you do not ask, we go on."},
        ],
        rows=[({"zh": "要求听证截止", "en": "Ask for a hearing by"}, row.ask_by.isoformat())],
    )  # fmt: skip
    note(
        case, "offer_hearing", actor=acting(officer, role), officer=officer, now=now, reason=reason[:500],
        what=events.HearingOffered(case=case.pk, hearing=row.pk),
    )  # fmt: skip
    return row


PLANNED: dict[str, tuple[str, str]] = {
    Hearing.About.REFUSAL: ("不予准许您的申请", "refuse your application"),
    Hearing.About.REVOCATION: ("撤销已作出的决定", "take the decision back"),
}


def ask(row: Hearing, *, account: Account, wish: str = "", now: datetime | None = None) -> Hearing:
    """The applicant wants to be heard. Asked twice it stands there once."""
    now = now or timezone.now()
    today = clocks.local_day(now)
    with transaction.atomic():
        case = again(row.case)
        row.refresh_from_db()
        if row.state in {HearingState.ASKED, HearingState.INVITED}:
            return row
        if row.state == HearingState.OFFERED and today > row.ask_by:
            raise NotAllowed(
                "too-late", worded(_("The time to ask for a hearing was over on %(day)s."), day=row.ask_by)
            )
        clocks.stop(case, ClockKind.HEARING_REQUEST, today)
        clock = clocks.start(case, ClockKind.HEARING_HOLD, today, HEARING_HOLD_DAYS)
        make(row, ASK, asked_at=now, wish=wish.strip()[:2000], hold_by=clock.due)
        note(
            case, "ask_hearing", actor=standing.act_as_applicant(account, case, Act.SUBMIT, "ask_hearing", now), account=account, now=now,
            what=events.HearingAsked(case=case.pk, hearing=row.pk),
        )  # fmt: skip
    return row


def decline(row: Hearing, *, account: Account, wish: str = "", now: datetime | None = None) -> Hearing:
    """The applicant does not want one, and may say what there is to say in writing instead."""
    now = now or timezone.now()
    with transaction.atomic():
        case = again(row.case)
        row.refresh_from_db()
        if row.state == HearingState.NOT_ASKED:
            return row
        make(row, DECLINE, wish=wish.strip()[:2000], over_at=now)
        clocks.stop(case, ClockKind.HEARING_REQUEST, clocks.local_day(now))
        _go_on(case, row, now)
        note(
            case, "decline_hearing", actor=standing.act_as_applicant(account, case, Act.SUBMIT, "decline_hearing", now), account=account, now=now,
            what=events.HearingOver(case=case.pk, hearing=row.pk, state=row.state),
        )  # fmt: skip
    return row


def run_out(row: Hearing, *, now: datetime) -> Hearing:
    """Five working days without a word (a duty of the worker): the office goes on."""
    with transaction.atomic():
        case = again(row.case)
        row.refresh_from_db()
        if row.state == HearingState.OFFERED and clocks.local_day(now) <= row.ask_by:
            raise NotAllowed("too-early", _("The time to ask for a hearing is not over yet."))
        make(row, RUN_OUT, over_at=now)
        clocks.stop(case, ClockKind.HEARING_REQUEST, clocks.local_day(now))
        _go_on(case, row, now, row.ask_by + ONE_DAY)  # however late the worker came
        note(
            case, "hearing_not_asked", actor=PLATFORM, now=now,
            what=events.HearingOver(case=case.pk, hearing=row.pk, state=row.state),
        )  # fmt: skip
    return row


def invite(
    row: Hearing, *, officer: Officer, meets_at: datetime | None, place: str, leader: Officer | None, participants: str,
    now: datetime | None = None,
) -> Hearing:  # fmt: skip
    """Day, place, who leads and who comes; told at least seven days before. A second invitation moves the day."""
    now = now or timezone.now()
    role = _of_the_department(officer, row.case)
    place, participants = place.strip()[:300], participants.strip()[:1000]
    errors: dict[str, list] = {}
    earliest = clocks.local_day(now) + timedelta(days=HEARING_TOLD_BEFORE)
    if meets_at is None:
        errors["meets_at"] = [_("Say the day and the hour.")]
    elif clocks.local_day(meets_at) < earliest:
        errors["meets_at"] = [worded(_("At least 7 days from now: %(day)s or later."), day=earliest.isoformat())]
    elif row.hold_by and clocks.local_day(meets_at) > row.hold_by:
        errors["meets_at"] = [worded(_("The hearing must be held by %(day)s."), day=row.hold_by.isoformat())]
    elif not departments.calendar().is_working_day(clocks.local_day(meets_at)).working:
        errors["meets_at"] = [_("This is no working day.")]
    if not place:
        errors["place"] = [_("Say the place.")]
    if leader is None or leader.pk not in {one.pk for one in hearings.who_may_lead(row.case)}:
        errors["leader"] = [_("Choose somebody who did not handle the case.")]
    if not participants:
        errors["participants"] = [_("Say who takes part.")]
    if errors:
        raise Invalid("invitation", _("Something is still missing."), errors=errors)
    with transaction.atomic():
        case = again(row.case)
        row.refresh_from_db()
        make(row, INVITE, meets_at=meets_at, place=place, leader=leader, participants=participants)
        when = timezone.localtime(meets_at).strftime("%Y-%m-%d %H:%M")
        papers.make(
            case, "hearing_invitation", now=now,
            paragraphs=[
                {"zh": "听证公开举行，法律规定不公开的除外。您可以本人参加，也可以委托一至二人代理；认为主持人与本案有利害关系的，可以申请回避。",
                 "en": "The hearing is public unless the law says otherwise. You may come yourself or send one or two people for you. If you think that whoever leads it has an interest in the matter, you may ask for another."},
            ],
            rows=[
                ({"zh": "时间", "en": "When"}, when),
                ({"zh": "地点", "en": "Where"}, place),
                ({"zh": "主持人", "en": "Led by"}, leader.name if leader else ""),
                ({"zh": "参加人", "en": "Who takes part"}, participants),
            ],
        )  # fmt: skip
        note(
            case, "invite_hearing", actor=acting(officer, role), officer=officer, now=now, reason=f"{when} {place}",
            what=events.HearingInvited(case=case.pk, hearing=row.pk),
        )  # fmt: skip
    return row


def hold(
    row: Hearing, *, officer: Officer, came: bool | None, record: str, result: str, now: datetime | None = None
) -> Hearing:
    """What was said and what follows, written down after the hearing. The decision's clock goes on."""
    now = now or timezone.now()
    role = _of_the_department(officer, row.case)
    record = record.strip()[:8000]
    errors: dict[str, list] = {}
    if came is None:
        errors["came"] = [_("Say whether the applicant came.")]
    if len(record) < 10:
        errors["record"] = [_("Write what was said (at least 10 characters).")]
    if result not in Hearing.Result.values:
        errors["result"] = [_("Choose.")]
    if errors or came is None:
        raise Invalid("record-missing", _("Something is still missing."), errors=errors)
    with transaction.atomic():
        case = again(row.case)
        row.refresh_from_db()
        if row.state == HearingState.INVITED and row.meets_at and now < row.meets_at:
            raise NotAllowed("too-early", _("The hearing has not taken place yet."))
        make(row, HOLD, came=came, record=record, result=result, over_at=now)
        clocks.stop(case, ClockKind.HEARING_HOLD, clocks.local_day(now))
        papers.make(
            case, "hearing_record", now=now,
            paragraphs=[
                papers.both(record),
                RESULT_WORDS[result],
                {"zh": "申请人到场。", "en": "The applicant came."} if came else {"zh": "申请人未到场。", "en": "The applicant did not come."},
            ],
            rows=[
                ({"zh": "时间", "en": "When"}, timezone.localtime(row.meets_at).strftime("%Y-%m-%d %H:%M") if row.meets_at else "—"),
                ({"zh": "主持人", "en": "Led by"}, row.leader.name if row.leader else "—"),
                ({"zh": "参加人", "en": "Who took part"}, row.participants),
            ],
        )  # fmt: skip
        _go_on(case, row, now)
        note(
            case, "hold_hearing", actor=acting(officer, role), officer=officer, now=now,
            what=events.HearingOver(case=case.pk, hearing=row.pk, state=row.state),
        )  # fmt: skip
    return row


RESULT_WORDS: dict[str, dict[str, str]] = {
    Hearing.Result.AS_PLANNED: {"zh": "听证结果：维持原拟办意见。", "en": "Result: the office goes on as it planned."},
    Hearing.Result.OTHERWISE: {
        "zh": "听证结果：采纳意见，调整原拟办意见。",
        "en": "Result: what was heard changes the plan.",
    },
}


def _go_on(case: Case, row: Hearing, now: datetime, on: date | None = None) -> None:
    """The excluded step is over: the clock of the decision goes on with the days that were left, from today or from the day named."""
    if row.about != Hearing.About.REFUSAL or case.state != CaseState.SUSPENDED:
        return
    today = on or clocks.local_day(now)
    go(case, RESUME, actor=PLATFORM, now=now, reason="", what=events.CaseDatesChanged(case=case.pk, why="resumed"))
    clocks.stop(case, ClockKind.SPECIAL_PROCEDURE, today)
    clocks.resume_decision(case, today)
    clocks.show(case)
    one_promise.follow_part(case)
    if row.result == Hearing.Result.OTHERWISE:  # the opinion that was heard about does not stand any more
        case.reviewer, case.opinion, case.proposal = None, "", ""
        case.save(update_fields=["reviewer", "opinion", "proposal", "updated_at"])


def wait_for(case: Case, about: str) -> None:
    """Nobody refuses or revokes before whoever may be heard was heard, or let it be."""
    row = hearings.of(case, about)
    if row is None and about == Hearing.About.REFUSAL and not hearings.wanted_by_law(case):
        return
    if row is None or row.state not in HEARING_OVER:
        raise NotAllowed(
            "not-heard",
            _("The applicant must be heard first."),
            kept=_("Nothing was changed."),
            next_step=_("Offer the hearing; when it is over, or nobody asked for it within 5 working days, go on."),
        )


def in_the_refusal(case: Case) -> list[Bilingual]:
    """What a refusal says of the hearing before it."""
    row = hearings.of(case, Hearing.About.REFUSAL)
    if row is None:
        return []
    if row.state != HearingState.HELD:
        return [
            {
                "zh": "作出本决定前，已告知您有权要求听证；没有举行听证。",
                "en": "Before this decision you were told of your right to be heard; no hearing was held.",
            }
        ]
    day = papers.said_day(clocks.local_day(row.meets_at) if row.meets_at else None)
    return [
        {
            "zh": f"作出本决定前，已于{day['zh']}举行听证，并根据听证笔录作出决定。",
            "en": f"A hearing was held on {day['en']}; this decision rests on its record.",
        }
    ]


def none_running(case: Case) -> None:
    """Nothing is granted while somebody waits to be heard about its refusal: it may not be needed any more, but that is said there."""
    row = hearings.running(case)
    if row is not None:
        raise NotAllowed(
            "hearing-runs", _("A hearing about this case is not over yet."), kept=_("Nothing was changed.")
        )


def waiting(officer: Officer) -> QuerySet[Hearing]:
    """Hearings of this officer's department that are not over, due first."""
    rows = Hearing.objects.filter(case__department=officer.department).exclude(state__in=HEARING_OVER)
    return rows.select_related("case", "case__version", "case__applicant", "leader").order_by("id")


def _of_the_department(officer: Officer, case: Case) -> str:
    handler = permit_to_work(officer, case)
    role = next((one for one in ("dept_reviewer", "dept_approver") if one in handler.roles), "")
    if not role or handler.department != case.department.code:
        raise NotAllowed("not-your-case", _("A hearing is arranged by the department that decides."), status=403)
    return role


def _reasoned(reason: str, ground: str) -> tuple[str, str]:
    reason, ground = reason.strip()[:4000], ground.strip()[:500]
    errors: dict[str, list] = {}
    if not reason:
        errors["reason"] = [_("Say the reason in words the applicant understands.")]
    if not ground:
        errors["ground"] = [_("Name the legal ground.")]
    if errors:
        raise Invalid("reason-missing", _("A hearing is offered with the reason and the legal ground."), errors=errors)
    return reason, ground
