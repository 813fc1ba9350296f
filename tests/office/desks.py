"""Cases brought to the state an act starts from, officers who knock, and what each act is given."""

import re
from datetime import timedelta

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests import doors, make
from tongban.cases import services
from tongban.cases.models import Case
from tongban.cases.states import MOVES
from tongban.departments.models import Role
from tongban.journal import services as journal

ROLES = [str(role) for role in Role]
HALL = {"window_officer", "pre_reviewer", "issuing_officer", "supervisor", "coordinator", "auditor"}
MOVE = {move.name: move for move in MOVES}

MARK = {"wrong-field-reason": "1", "text-field-reason": "Please say more."}
REASON = {"reason": "The premises are not fit.", "ground": "Administrative Licensing Law, art. 38"}

# act -> (state it starts from, what is sent beside the marks of the page, role that may)
ACTS = {
    "pre_review_start": ("submitted", {}, "pre_reviewer"),
    "pre_review_pass": ("pre_review", {}, "pre_reviewer"),
    "pre_review_return": ("pre_review", MARK, "pre_reviewer"),
    "accept": ("received", {}, "window_officer"),
    "request_correction": ("received", MARK, "window_officer"),
    "not_accept": ("received", REASON, "window_officer"),
    "start_review": ("accepted", {}, "dept_reviewer"),
    "conclude": ("under_review", {"proposal": "approve", "opinion": "In order."}, "dept_reviewer"),
    "order_inspection": ("under_review", {"why": "The kitchen."}, "dept_reviewer"),
    "suspend": ("under_review", {"kind": "hearing", "planned_days": "15", "why": "A hearing is asked for."}, "dept_reviewer"),
    "resume": ("suspended", {"result": "The hearing was held."}, "dept_reviewer"),
    "extend": ("under_review", {"days": "5", "why": "A report is late."}, "dept_approver"),
    "publish_notice": ("under_review", {"text": "Objections until the fifth day."}, "dept_reviewer"),
    "approve": ("reviewed", {}, "dept_approver"),
    "refuse": ("reviewed", REASON, "dept_approver"),
    "issue": ("approved", {}, "issuing_officer"),
    "result_ready": ("issuing", {}, "issuing_officer"),
    "deliver": ("ready", {"how": "identity checked"}, "issuing_officer"),
    "terminate": ("under_review", {"reason": "The company has ended."}, "dept_approver"),
    "revoke": ("delivered", {**REASON, "heard": "1"}, "dept_approver"),
}  # fmt: skip
TARGET = {name: MOVE[name].target for name in ACTS if name in MOVE} | {
    "conclude": "under_review",
    "pre_review_start": "pre_review",
    "issue": "ready",  # there is no licence to wait for, so the result is ready at once
}


def matter(**given):
    """A matter with everything acts may need: inspection, notice, a fee that holds the case at the issuing window."""
    return make.matter(
        site_inspection=True, public_notice=True, fee={"charged": True}, department=make.department("PSB"), **given
    )


def case_in(state: str, of=None) -> Case:
    """A case that came to this state by the acts that lead there."""
    of = of or matter()
    made = {
        "site_inspection": "under_review", "suspended": "under_review", "issuing": "approved", "ready": "approved",
        "delivered": "approved",
    }.get(state, state)  # fmt: skip
    case = make.case(made, of)
    reviewer = Case.objects.get(pk=case.pk) and make.officer("dept_reviewer", of=case.department)
    if state == "site_inspection":
        case = services.order_inspection(case, officer=reviewer, why="look")
    elif state == "suspended":
        case = services.suspend(case, officer=reviewer, kind="hearing", planned_days=5, why="a hearing")
    elif state == "approved":
        make.paid(case)
    elif state in {"issuing", "ready", "delivered"}:
        window = make.officer("issuing_officer", of=make.department("DSO"))
        if state == "issuing":
            Case.objects.filter(pk=case.pk).update(state="issuing")  # between two acts that follow on each other
        else:
            case = services.issue(make.paid(case), officer=window)
        if state == "delivered":
            case = services.hand_over(case, officer=window, how="identity checked")
    return Case.objects.get(pk=case.pk)


def officer_for(role: str, department="PSB"):
    return make.officer(role, of=make.department("DSO" if role in HALL else department))


def at_the_desk(officer, **more) -> Client:
    return doors.enter(Client(**more), officer.account)


def give_a_reason(client, case, **more):
    """What an officer who is not handling the case does first."""
    said = {"what": "case", "number": case.number, "purpose": "supervision", "reason": "the yearly sample of cases"}
    return client.post(reverse("office:look"), said | more)


def services_mark(case) -> str:
    from tongban.cases.queries import mark_of

    return mark_of(Case.objects.get(pk=case.pk))


def press(client, case, act, data, *, mark=None, **more):
    """Do an act as the page does it: with the mark of the page, and where a notice is sent, after its preview."""
    data = {**data, "seen": services_mark(case) if mark is None else mark}
    where = reverse("office:act", args=[case.ref, act])
    answer = client.post(where, data, **more)
    if answer.status_code == 200:
        sure = re.search(
            r'name="sure" value="([0-9a-f]+)"|value="([0-9a-f]+)"[^>]*name="sure"', answer.content.decode()
        )
        if sure:
            answer = client.post(where, {**data, "sure": sure[1] or sure[2]}, **more)
    return answer


def standing(case) -> tuple:
    """Everything an act could have changed."""
    row = Case.objects.get(pk=case.pk)
    return (
        row.state, row.steps.count(), row.documents.count(), row.findings.count(), row.opinion, row.reviewer_id,
        row.claimed_by_id, row.decision, row.extended_days, row.questions.count(),
    )  # fmt: skip


def work():
    while journal.work_once():
        pass


def days_ago(days: int):
    return timezone.now() - timedelta(days=days)
