"""Of many cases at once: what this officer can do with each, and why not. Asked in a fixed number of queries, however many there are.

What only the act itself finds out (a result that waits for another, money that is owed) is said when it is done.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from django.db.models import Max, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.cases import planning, queries, rules
from tongban.cases.models import (
    BundleMember,
    Case,
    CaseMaterial,
    Hearing,
    Promise,
    PublicObjection,
    Signer,
    Step,
    Tolerance,
)
from tongban.cases.moving import named
from tongban.cases.permission import handler_of, reasons_against_step
from tongban.cases.procedure_states import HEARING_OVER, PromiseState
from tongban.cases.states import (
    MOVES,
    OPEN,
    WITH_OFFICE,
    CaseState,
)
from tongban.departments.models import Officer
from tongban.lib.moves import Move, state_label
from tongban.lib.problems import worded

LINE = (
    "ref", "number", "state", "next_due", "warn_on", "promised_due", "statutory_due", "received_on", "accepted_at", "decided_at", "revision",
    "corrections", "sampled", "proposal", "opinion", "reviewer", "approver", "extended_days", "committed", "delivery", "parent",
    "claimed_at", "matter__slug", "matter__kind", "version__name", "version__joint_departments", "department__code",
    "department__name", "applicant__kind", "applicant__name", "applicant__name_en", "claimed_by__name", "claimed_by__staff_no",
)  # fmt: skip


def lines(rows: QuerySet[Case]) -> QuerySet[Case]:
    """What judging many cases needs and no more: no answer is opened and no guide is read."""
    return rows.select_related(None).select_related(*queries.TOGETHER, "claimed_by").only(*LINE)


def chosen(officer: Officer, refs: Iterable[str]) -> list[Case]:
    """Of these the cases that this officer may see, in the order they were chosen."""
    wanted = list(dict.fromkeys(refs))
    found = {case.ref: case for case in lines(queries.visible_to(officer).filter(ref__in=wanted))}
    return [found[ref] for ref in wanted if ref in found]


def marks_of(cases: Iterable[Case]) -> dict[int, str]:
    """{case: how it stands}, the same as `queries.mark_of` says of one."""
    cases = list(cases)
    rows = Step.objects.filter(case__in=[case.pk for case in cases]).values("case").annotate(last=Max("pk"))
    last = {row["case"]: row["last"] for row in rows.order_by("case")}
    return {
        case.pk: f"{last.get(case.pk)}.{case.revision}."
        + hashlib.sha256(f"{case.reviewer_id}|{case.proposal}|{case.opinion}".encode()).hexdigest()[:8]
        for case in cases
    }


@dataclass
class Facts:
    """Everything about these cases that judging asks, gathered before."""

    officer: Officer
    handler: rules.Handler
    today: date
    signing: set[int]
    members: dict[int, tuple[bool, str]]
    lacking: set[int | None] = field(default_factory=set)
    damaged: set[int] = field(default_factory=set)
    to_come: set[int] = field(default_factory=set)
    heard: set[int] = field(default_factory=set)
    objected: set[int] = field(default_factory=set)
    handled: set[int] = field(default_factory=set)


def gather(officer: Officer, cases: Iterable[Case], *, today: date | None = None) -> Facts:
    cases = list(cases)
    keys = [case.pk for case in cases]
    person = officer.account.person
    signing = (
        Signer.objects.filter(case__in=keys, id_index=person.id_index).values_list("case", flat=True) if person else []
    )
    members = BundleMember.objects.filter(case__in=keys).values_list("case", "mandatory", "parent__state")
    missing = CaseMaterial.objects.filter(required=True, how=CaseMaterial.How.MISSING)
    wholes = [case.pk for case in cases if planning.is_bundle(case)]
    of_wholes = missing.filter(case__parent__in=wholes, case__state=CaseState.RECEIVED)
    runs = Hearing.objects.filter(case__in=keys).exclude(state__in=HEARING_OVER)
    to_check = {PromiseState.TO_CHECK, PromiseState.PUT_RIGHT, PromiseState.FALSE}
    promised = Promise.objects.filter(case__in=keys, state__in=to_check, case__department=officer.department)
    heard = set(runs.values_list("case", flat=True))
    objected = PublicObjection.objects.filter(
        notice__case__in=keys, answered_at__isnull=True, taken_back_at__isnull=True
    ).values_list("notice__case", flat=True)
    return Facts(
        officer=officer,
        handler=handler_of(officer),
        today=today or timezone.localdate(),
        signing=set(signing),
        members={case: (mandatory, state) for case, mandatory, state in members},
        lacking={
            *missing.filter(case__in=keys).values_list("case", flat=True),
            *of_wholes.values_list("case__parent", flat=True),
        },
        damaged=set(
            CaseMaterial.objects.filter(case__in=keys, document__pages__damaged_at__isnull=False).values_list(
                "case", flat=True
            )
        ),
        to_come=set(
            Tolerance.objects.filter(
                case__in=keys, settled__in=["", Tolerance.Settled.LATE]
            ).values_list("case", flat=True)
        ),
        heard=heard,
        objected=set(objected),
        handled=set(Step.objects.filter(case__in=keys, officer=officer).values_list("case", flat=True))
        | set(promised.values_list("case", flat=True)),
    )  # fmt: skip


OWN = _("Nobody handles their own case.")
ELSEWHERE = _("The matter belongs to another department.")


def against_working(case: Case, facts: Facts) -> list:
    """Against doing anything with it at all, as `permission.permit_to_work` says of one."""
    handler = facts.handler
    if case.applicant_id in handler.parties or case.pk in facts.signing:
        return [OWN]
    in_reach = handler.roles & rules.HALL_ROLES or handler.department == case.department.code
    if not handler.active or not handler.roles - rules.READING_ROLES or not in_reach:
        return [_("You may read this case, but not work on it.")]
    return []


def against_moving(case: Case, facts: Facts, step: Move) -> list:
    """Against one move: state, role, department, certificate, what a bundle leaves to others, a colleague's desk."""
    handler = facts.handler
    if not step.may_start_from(case.state):
        return [worded(_("This cannot be done now: it stands at “%(state)s”."), state=state_label(Case, case.state))]
    role = rules.role_for(handler, step) or next(iter(step.by))
    reasons = rules.reasons_against_handling(handler, case, role=role)
    reasons += reasons_against_step(case, step, member=facts.members.get(case.pk))
    if case.pk in facts.signing:
        reasons.append(_("Nobody handles an application that they sign themselves."))
    return reasons or against_taking(case, facts)


def against_taking(case: Case, facts: Facts) -> list:
    """What a colleague has on the desk is left there: nobody reaches over it with many others."""
    if case.claimed_by is None or case.claimed_by_id == facts.officer.pk or case.claimed_at is None:
        return []
    return [
        worded(
            _("%(who)s has had this case on the desk since %(at)s."),
            who=named(case.claimed_by, "shown_name"),
            at=timezone.localtime(case.claimed_at).strftime("%Y-%m-%d %H:%M"),
        )
    ]


def could_do_something(case: Case, facts: Facts) -> bool:
    """As `queries.moves_for` of one: nobody blocks a case by holding what is another's."""
    for step in MOVES:
        role = rules.role_for(facts.handler, step)
        if not role or not step.may_start_from(case.state):
            continue
        if rules.reasons_against_handling(facts.handler, case, role=role):
            continue
        if not reasons_against_step(case, step, member=facts.members.get(case.pk)):
            return True
    return False


def concerned(case: Case, facts: Facts) -> bool:
    """As `queries.concerns` of one: whether it opens without saying why."""
    officer, roles = facts.officer, facts.handler.roles - rules.READING_ROLES - {"coordinator"}
    if officer.pk in {case.claimed_by_id, case.reviewer_id, case.approver_id} or case.pk in facts.handled:
        return True
    here = case.department_id == officer.department_id and case.state in OPEN
    if here and (roles & rules.HALL_ROLES if planning.is_bundle(case) else roles):
        return True
    waits_in = {tab for role in roles & rules.HALL_ROLES for tab in queries.TABS_OF_ROLE.get(role, ())}
    return any(case.state in queries.TABS[tab] for tab in waits_in)


def claimable(case: Case, facts: Facts) -> list:
    reasons = against_working(case, facts) or against_taking(case, facts)
    if reasons:
        return reasons
    if case.claimed_by_id == facts.officer.pk:
        return [ON_YOUR_DESK]
    if case.state not in WITH_OFFICE:
        return [_("There is nothing to do for an office in this case now.")]
    if not could_do_something(case, facts):
        return [_("There is nothing that you could do with this case now, so it stays in the queue.")]
    return []


ON_YOUR_DESK = _("You have this case on the desk already.")
NOT_ON_YOUR_DESK = _("You do not have this case on the desk.")
DAMAGED = _("A page of its papers was damaged in our storage, so this case waits.")
