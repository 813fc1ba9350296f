"""Ways to bring a case to any state: put there at once for the law of moves, or by the acts that lead there."""

import datetime
import uuid

from django.db import transaction
from django.utils import timezone

from tests import make
from tongban.cases import services
from tongban.cases.models import Case, Visit
from tongban.cases.services import inspecting, intake, issuing, machine
from tongban.cases.services.machine import pass_to_people
from tongban.cases.states import CaseState
from tongban.departments.models import Officer
from tongban.journal import services as journal

WITHOUT_NUMBER = {CaseState.DRAFT, CaseState.WITHDRAWN}
DECIDED = {
    CaseState.APPROVED: "granted",
    CaseState.ISSUING: "granted",
    CaseState.READY: "granted",
    CaseState.DELIVERED: "granted",
    CaseState.CLOSED: "granted",
    CaseState.REVOKED: "granted",
    CaseState.REFUSED: "refused",
    CaseState.NOT_ACCEPTED: "not_accepted",
}


def work() -> None:
    """What the worker would do now."""
    while journal.work_once():
        pass


def matter_with_everything(**elements):
    """A matter with inspection, public notice and an electronic licence as its result."""
    make.licence_type("residence-permit")
    given = {
        "site_inspection": True,
        "public_notice": True,
        "result": {"kind": "e_licence", "ref": "residence-permit"},
        "promised_days": 7,
        "statutory_days": 20,
    }
    return make.matter(**(given | elements))


def put(case: Case, state: str) -> Case:
    """The row as it would stand in that state; not how it got there."""
    changes = {"state": state}
    if state not in WITHOUT_NUMBER:
        changes["number"] = case.number or uuid.uuid4().hex[:18]
    if state in DECIDED:
        changes |= {"decision": DECIDED[state], "decided_at": timezone.now()}
    else:
        changes |= {"decision": "", "decided_at": None}
    Case.objects.filter(pk=case.pk).update(**changes)
    return Case.objects.get(pk=case.pk)


def hall(role: str) -> Officer:
    return make.officer(role, of=make.department("DSO"))


def of_department(role: str, case: Case, **given) -> Officer:
    return make.officer(role, of=case.department, **given)


def bring(state: str, matter=None, *, now: datetime.datetime | None = None, **given) -> Case:
    """A case in this state, by the acts that lead there; work of the worker is done where the way needs it."""
    matter = matter or matter_with_everything()
    early = {"submitted", "pre_review", "received", "correction_requested", "accepted", "under_review", "reviewed"}
    if state == "draft":
        return make.draft(matter, **given)
    if state in early:
        return make.case(state, matter, now=now, **given)
    if state == "pre_review_returned":
        case = make.case("pre_review", matter, now=now, **given)
        return services.return_from_pre_review(
            case, [{"field": "reason", "text": "too short"}], officer=hall("pre_reviewer"), now=now
        )
    if state == "not_accepted":
        case = make.case("received", matter, now=now, **given)
        return services.not_accept(case, officer=hall("window_officer"), reason="not ours", ground="Art. 32", now=now)
    if state == "withdrawn":
        case = make.case("received", matter, now=now, **given)
        return services.withdraw(case, account=case.account, now=now)
    if state == "lapsed":
        case = make.case("correction_requested", matter, now=now, **given)
        return services.lapse(case, now=(now or timezone.now()) + datetime.timedelta(days=31))
    if state in {"site_inspection", "suspended", "public_notice", "terminated", "refused"}:
        return _from_review(state, make.case("under_review", matter, now=now, **given), now)
    case = make.case("approved", matter, now=now, **given)
    if state == "approved":
        return case
    issuing.issue_by_platform(case.pk)
    if state == "issuing":
        return Case.objects.get(pk=case.pk)
    work()
    case = Case.objects.get(pk=case.pk)
    assert case.state == "ready", case.state
    if state == "ready":
        return case
    case = services.open_result(case, account=case.account, now=now)
    if state == "delivered":
        return case
    issuing.close(case.pk)
    if state == "revoked":
        services.revoke(
            case, officer=of_department("dept_approver", case), reason="false", ground="Art. 69", heard=True, now=now
        )
    return Case.objects.get(pk=case.pk)


def _from_review(state: str, case: Case, now) -> Case:
    reviewer = of_department("dept_reviewer", case)
    if state == "site_inspection":
        return services.order_inspection(case, officer=reviewer, why="kitchen", now=now)
    if state == "suspended":
        return services.suspend(
            case, officer=reviewer, kind="expert_review", planned_days=5, why="experts look at it", now=now
        )
    if state == "public_notice":
        return services.publish_notice(case, officer=reviewer, text="for seven days", now=now)
    if state == "terminated":
        return services.terminate(case, officer=of_department("dept_approver", case), reason="closed down", now=now)
    case = services.conclude(case, officer=reviewer, proposal="refuse", opinion="does not fit", now=now)
    return services.refuse(
        case, officer=of_department("dept_approver", case), reason="does not fit", ground="Art. 38", now=now
    )


SEEN = {
    "answers": {point["id"]: {"answer": "yes", "remark": ""} for point in inspecting.GENERAL_POINTS},
    "record": "Clean and as drawn.", "present": "张示范", "there_way": "refused", "finding": "in_order",
}  # fmt: skip


def inspect(case: Case, last: Officer, first: Officer | None = None, **said) -> Case:
    """Two inspectors sign what the first wrote down; the first is found where none is given."""
    row = inspecting.ordered(case, officer=None, why="", now=timezone.now())
    if not row.place:
        type(row).objects.filter(pk=row.pk).update(place="18 River Road")
    writer = first or of_department("inspector", case)
    with transaction.atomic():  # whoever may not sign leaves nothing of the other's behind
        row = services.sign_inspection(row, officer=writer, said=SEEN | said, revision=row.revision)
        services.sign_inspection(row, officer=last)
    return Case.objects.get(pk=case.pk)


__all__ = ["bring", "hall", "inspect", "intake", "machine", "of_department", "pass_to_people", "put", "work"]


def taken_in(case: Case, officer: Officer, now: datetime.datetime | None = None) -> Case:
    """Handed in by a person who stands at this officer's window and signed on paper."""
    now = now or timezone.now()
    Visit.objects.filter(officer=officer, ended_at__isnull=True).update(ended_at=now)  # one visitor at a time
    visit = Visit.objects.create(
        officer=officer, person_id=case.applicant_id, id_kind="id_card", proof="record", begun_at=now,
        until=now + datetime.timedelta(hours=1),
    )  # fmt: skip
    signed = services.Signature("paper", services.content_of(case), "binder 3")
    return services.hand_in(case, officer=officer, visit=visit, signed=signed, now=now)
