"""The department's work on an accepted case: claim, review, inspect, stand still, go on, extend."""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.cases import clocks, damage, desk_time, events, papers, promising, queries
from tongban.cases.models import Case
from tongban.cases.moving import acting, again, changed, go, named
from tongban.cases.permission import permit, permit_to_work
from tongban.cases.services import hearing, inspecting, one_promise
from tongban.cases.states import (
    EXCLUDED_STEPS,
    EXTEND,
    EXTENSION_DAYS_AT_MOST,
    JOINT_EXTENSION_DAYS_AT_MOST,
    ORDER_INSPECTION,
    RESUME,
    START_REVIEW,
    SUSPEND,
    WITH_OFFICE,
    CaseState,
    ClockKind,
)
from tongban.departments.models import Officer
from tongban.journal import services as journal
from tongban.lib.problems import Invalid, NotAllowed, worded
from tongban.lib.written import keep
from tongban.matters import promises

PROPOSALS = {"approve", "refuse"}


def claim(case: Case, *, officer: Officer, now: datetime | None = None) -> Case:
    """Take a case on one's desk so that no two work on it. Claimed by oneself already: nothing happens.

    Only for whoever could do something with it now: nobody blocks a case by holding what is another's.
    """
    now = now or timezone.now()
    permit_to_work(officer, case)
    if not queries.moves_for(officer, case):
        raise NotAllowed(
            "nothing-to-do-here", _("There is nothing that you could do with this case now, so it stays in the queue.")
        )
    with transaction.atomic():
        free = Q(claimed_by__isnull=True) | Q(claimed_by=officer)
        done = Case.objects.filter(free, pk=case.pk, state__in=WITH_OFFICE).update(claimed_by=officer, claimed_at=now)
        case = again(case)
        if not done:
            if case.claimed_by_id and case.claimed_by_id != officer.pk:
                raise NotAllowed(
                    "claimed",
                    worded(
                        _("%(who)s has had this case on the desk since %(at)s."),
                        who=named(case.claimed_by, "shown_name"),
                        at=timezone.localtime(case.claimed_at).strftime("%Y-%m-%d %H:%M"),
                    ),
                    kept=_("Nothing was changed."),
                )
            raise NotAllowed("not-in-this-state", _("There is nothing to do for an office in this case now."))
        desk_time.taken(case, officer.pk, now)
        journal.record(
            events.CaseClaimed(case=case.pk, officer=officer.pk),
            subject=case.subject,
            actor=acting(officer, next(iter(officer.roles), "")),
        )
        changed(case)
    return case


def release(case: Case, *, officer: Officer, now: datetime | None = None) -> Case:
    """Put a case back into the queue."""
    with transaction.atomic():
        if Case.objects.filter(pk=case.pk, claimed_by=officer).update(claimed_by=None, claimed_at=None):
            desk_time.laid_down(case, now or timezone.now())
        case = again(case)
        changed(case)
    return case


def start_review(case: Case, *, officer: Officer, now: datetime | None = None) -> Case:
    now = now or timezone.now()
    permit(officer, case, START_REVIEW)
    with transaction.atomic():
        case = again(case)
        go(case, START_REVIEW, actor=acting(officer, "dept_reviewer"), officer=officer, now=now)
    return case


def conclude(case: Case, *, officer: Officer, proposal: str, opinion: str, now: datetime | None = None) -> Case:
    """The reviewer's opinion and proposal (approve or refuse). The decision is another person's. May be written anew until then."""
    now = now or timezone.now()
    permit(officer, case, START_REVIEW)
    opinion = opinion.strip()
    if proposal not in PROPOSALS or not opinion:
        raise Invalid(
            "opinion-missing", _("A review ends with a proposal and an opinion in words."),
            errors={"opinion": [_("Write your opinion.")] if not opinion else [], "proposal": [_("Choose what you propose.")]},
        )  # fmt: skip
    with transaction.atomic():
        case = again(case)
        if case.state != CaseState.UNDER_REVIEW:
            raise NotAllowed("not-in-this-state", _("This case is not under review now."))
        damage.wait_for(case)
        case.reviewer, case.proposal, case.opinion = officer, proposal, opinion
        if case.claimed_by_id is not None:
            desk_time.laid_down(case, now)
        case.claimed_by = case.claimed_at = None
        keep(case, "reviewer", "proposal", "opinion", "claimed_by", "claimed_at", "updated_at")
        journal.record(
            events.CaseReviewed(case=case.pk, officer=officer.pk),
            subject=case.subject,
            actor=acting(officer, "dept_reviewer"),
        )
        changed(case)
    return case


def order_inspection(case: Case, *, officer: Officer, why: str, now: datetime | None = None) -> Case:
    now = now or timezone.now()
    permit(officer, case, ORDER_INSPECTION)
    if not promises.inspected(case.version, case.situation):
        raise NotAllowed("no-inspection", _("This matter has no site inspection."))
    with transaction.atomic():
        case = again(case)
        if promising.rests_on_one(case):
            raise NotAllowed(
                "on-a-promise",
                _("This is decided on a promise: nobody comes before the decision, the check follows it by itself."),
                kept=_("Nothing was changed."),
            )
        go(case, ORDER_INSPECTION, actor=acting(officer, "dept_reviewer"), officer=officer, now=now, reason=why[:500])
        inspecting.ordered(case, officer=officer, why=why, now=now)
        papers.make(
            case, "inspection_notice", now=now,
            paragraphs=[
                {
                    "zh": "我们将派两名工作人员到现场核查，时间另行书面告知；您可以在办件页面提出方便的时间。核查时间计入办理期限。",
                    "en": "Two officers will look at the premises. You are told in writing when; on the page of the case you can say when it "
                    "suits you. The inspection counts in the time limit.",
                }
            ],
        )  # fmt: skip
    return case


def suspend(
    case: Case, *, officer: Officer, kind: str, planned_days: int, why: str, english: Mapping[str, str] | None = None,
    now: datetime | None = None,
) -> Case:  # fmt: skip
    """Stop the decision clock for a step that the law excludes, told in writing with the planned days."""
    now = now or timezone.now()
    permit(officer, case, SUSPEND)
    if kind not in EXCLUDED_STEPS:
        raise Invalid(
            "not-excluded",
            _("The law does not exclude this step from the time limit."),
            errors={"kind": [_("Choose.")]},
        )
    if not 1 <= planned_days <= 180 or not why.strip():
        raise Invalid(
            "plan-missing", _("Say why, and for how many working days the step is planned."),
            errors={"planned_days": [_("Between 1 and 180 working days.")]},
        )  # fmt: skip
    today = clocks.local_day(now)
    with transaction.atomic():
        case = again(case)
        go(case, SUSPEND, actor=acting(officer, "dept_reviewer"), officer=officer, now=now, reason=why.strip(),
           what=events.CaseDatesChanged(case=case.pk, why="suspended"))  # fmt: skip
        clocks.pause_decision(case, today)
        clock = clocks.start(case, ClockKind.SPECIAL_PROCEDURE, today, planned_days)
        clocks.show(case)
        one_promise.follow_part(case)
        papers.make(
            case, "special_procedure_notice", now=now,
            paragraphs=[
                {
                    "zh": f"您的申请依法需要{papers.STEPS[kind]['zh']}，办理计时自{papers.said_day(today)['zh']}起暂停。"
                    "所需时间不计入办理期限；结果出来后，剩余的期限继续计算，我们会书面告知您。",
                    "en": f"By law your application needs {papers.STEPS[kind]['en']}. From {papers.said_day(today)['en']} the time limit "
                    "stands still. As soon as there is a result the days that are left go on, and you are told in writing.",
                },
                *papers.reasons(why, "《中华人民共和国行政许可法》第四十五条", {**(english or {}), "ground": "Administrative Licensing Law, article 45"}),
            ],
            rows=[
                ({"zh": "特别程序", "en": "Step"}, papers.STEPS[kind]),
                ({"zh": "计划工作日", "en": "Planned working days"}, str(planned_days)),
                ({"zh": "计划结束", "en": "Planned end"}, clock.due.isoformat()),
                *one_promise.of_the_whole(case),
            ],
        )  # fmt: skip
    return case


def resume(case: Case, *, officer: Officer, result: str, now: datetime | None = None) -> Case:
    """The excluded step has its result: the clock goes on with the days that were left."""
    now = now or timezone.now()
    permit(officer, case, RESUME)
    if not result.strip():
        raise Invalid("result-missing", _("Enter the result of the step."), errors={"result": [_("Enter the result.")]})
    today = clocks.local_day(now)
    with transaction.atomic():
        case = again(case)
        hearing.none_running(case)
        go(case, RESUME, actor=acting(officer, "dept_reviewer"), officer=officer, now=now, reason=result.strip(),
           what=events.CaseDatesChanged(case=case.pk, why="resumed"))  # fmt: skip
        clocks.stop(case, ClockKind.SPECIAL_PROCEDURE, today)
        clocks.resume_decision(case, today)
        clocks.show(case)
        one_promise.follow_part(case)
        papers.make(
            case, "resumption_notice", now=now,
            paragraphs=[
                {"zh": "特别程序已经结束，办理计时继续；暂停的时间不计入期限。", "en": "The step that did not count is over. The time limit goes on with the days that were left."},
            ],
            rows=[
                ({"zh": "恢复计时", "en": "Runs again from"}, today.isoformat()),
                ({"zh": "承诺办结", "en": "Promised by"}, case.promised_due.isoformat() if case.promised_due else "—"),
                *one_promise.of_the_whole(case),
            ],
        )  # fmt: skip
    return case


def extend(
    case: Case, *, officer: Officer, days: int, why: str, english: Mapping[str, str] | None = None,
    now: datetime | None = None,
) -> Case:  # fmt: skip
    """Lengthen the limit once, before it is over, by at most ten working days, with a reason told to the applicant."""
    now = now or timezone.now()
    permit(officer, case, EXTEND)
    most = extension_at_most(case)
    if not 1 <= days <= most or not why.strip():
        raise Invalid(
            "extension", worded(_("An extension is at most %(most)s working days and has a reason."), most=most),
            errors={"days": [worded(_("Between 1 and %(most)s working days."), most=most)]},
        )  # fmt: skip
    with transaction.atomic():
        case = again(case)
        if case.statutory_due and clocks.local_day(now) > case.statutory_due:
            raise NotAllowed("limit-over", _("The limit is over: it cannot be extended any more."))
        if case.extended_days:
            raise NotAllowed("extended-once", _("A case is extended once only, and that was done."))
        go(
            case, EXTEND, actor=acting(officer, "dept_approver"), officer=officer, now=now, reason=why.strip(),
            what=events.CaseDatesChanged(case=case.pk, why="extended"), only_if=Q(extended_days=0), extended_days=days,
        )  # fmt: skip
        clocks.extend_decision(case, days, clocks.local_day(now))
        clocks.show(case)
        one_promise.follow_part(case)
        papers.make(
            case, "extension_notice", now=now,
            paragraphs=[
                {"zh": f"经本机关负责人批准，办理期限延长{days}个工作日。期限只能延长一次。", "en": f"With the approval of the head of this office the time limit is extended by {days} working days. This can be done once only."},
                *papers.reasons(why, "《中华人民共和国行政许可法》第四十二条", {**(english or {}), "ground": "Administrative Licensing Law, article 42"}),
            ],
            rows=[
                ({"zh": "新的承诺办结", "en": "Promised by"}, case.promised_due.isoformat() if case.promised_due else "—"),
                ({"zh": "新的法定期限", "en": "By law at the latest"}, case.statutory_due.isoformat() if case.statutory_due else "—"),
                *one_promise.of_the_whole(case),
            ],
        )  # fmt: skip
    return case


def extension_at_most(case: Case) -> int:
    """Ten working days; fifteen where several departments handle it jointly (Administrative Licensing Law, art. 42)."""
    return JOINT_EXTENSION_DAYS_AT_MOST if case.version.joint_departments else EXTENSION_DAYS_AT_MOST
