import datetime
import uuid
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from tests import doors, make
from tests.payments import tills
from tongban.cases import clocks
from tongban.cases import rules as case_rules
from tongban.cases import services as cases
from tongban.cases.models import Case
from tongban.lib.problems import Invalid, NotAllowed
from tongban.licences.models import Licence
from tongban.notices.models import Message
from tongban.payments import queries, services
from tongban.payments.models import Bill, Receipt, Reduction, Refund

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]
FEE = {"charged": True, "amount": 40}
BY_TIME = {
    "charged": True,
    "amount": None,
    "cases": [{"amount": 400, "years": 1}, {"amount": 800, "years": 3}, {"amount": 1000, "years": 5}],
}


def case_of(fee=FEE, state="approved", **more) -> Case:
    case = make.case(state, make.matter(fee=fee, **more))
    tills.work()
    return Case.objects.get(pk=case.pk)


def desk(*roles, **more):
    return make.officer(*roles, of=make.department("DSO"), **more)


# -- the bill of a case


def test_the_bill_is_made_in_the_act_that_grants_and_nothing_is_issued_before_it_is_paid():
    case = case_of()
    bill = queries.bill_for(case.subject)

    assert (case.state, bill.state, bill.total, bill.label) == ("approved", "open", 4000, case.number)
    assert bill.payer_id == case.applicant_id
    assert [message.kind for message in Message.objects.filter(kind="bill_made")] == ["bill_made"]
    with pytest.raises(NotAllowed) as due:
        cases.issue(case, officer=desk("issuing_officer"))
    assert due.value.code == "fee-due"

    payment = services.start([bill], party=case.applicant, account=case.account)
    services.open_page(payment)
    tills.paid(payment)

    assert Case.objects.get(pk=case.pk).state == "ready"


def test_a_case_without_a_fee_has_no_bill_and_is_issued_at_once():
    case = case_of(fee={"charged": False, "amount": 0})

    assert (case.state, Bill.objects.count()) == ("ready", 0)


def test_a_fee_by_time_follows_how_long_the_licence_holds():
    def fee(years):
        begins = datetime.date(2026, 1, 1)
        licence = (
            Licence(valid_from=begins, valid_to=begins.replace(year=2026 + years) - timedelta(days=1))
            if years
            else Licence(valid_from=begins)
        )
        return case_rules.fee_of(BY_TIME, licence)

    assert [fee(years) for years in (1, 2, 3, 5, 10, 0)] == [40000, 80000, 80000, 100000, None, None]
    assert case_rules.fee_of(FEE, None) == 4000
    assert case_rules.fee_of({}, None) == 0


def test_where_the_matter_cannot_tell_an_officer_sets_the_fee_once():
    case = case_of(fee={"charged": True, "amount": None, "cases": []})
    officer = desk("issuing_officer")
    assert (case.state, queries.bill_for(case.subject)) == ("approved", None)

    for amount, ground in (("", "list"), ("0", "list"), ("40", " ")):
        with pytest.raises(Invalid):
            cases.set_fee(case, officer=officer, amount=amount, ground=ground)
    bill = cases.set_fee(case, officer=officer, amount="80.50", ground="list of fees")
    with pytest.raises(NotAllowed):
        cases.set_fee(case, officer=officer, amount="80", ground="list of fees")
    services.take_at_window([bill], officer=desk("window_officer"), method="card")
    tills.work()

    assert (bill.total, Case.objects.get(pk=case.pk).state) == (8050, "ready")


def test_a_fee_at_acceptance_is_due_with_it_and_issuing_follows_the_grant():
    case = case_of(fee={**FEE, "when": "acceptance"}, state="under_review")
    bill = queries.bill_for(case.subject)
    services.take_at_window([bill], officer=desk("window_officer"), method="cash")
    tills.work()
    assert Case.objects.get(pk=case.pk).state == "under_review"

    case = cases.conclude(
        case, officer=make.officer("dept_reviewer", of=case.department), proposal="approve", opinion="in order"
    )
    cases.approve(case, officer=make.officer("dept_approver", of=case.department))
    tills.work()

    assert (Case.objects.get(pk=case.pk).state, Bill.objects.count()) == ("ready", 1)


def test_a_fee_given_back_altogether_before_the_decision_does_not_hold_the_result_up():
    case = case_of(fee={**FEE, "when": "acceptance"}, state="under_review")
    bill = queries.bill_for(case.subject)
    services.take_at_window([bill], officer=desk("window_officer"), method="cash")
    row = services.propose(
        bill,
        officer=desk("issuing_officer"),
        amount=4000,
        why="late_reduction",
        reason="over sixty",
        now=timezone.now(),
    )
    services.approve(row, officer=desk("coordinator"))
    services.hand_back(row, officer=desk("window_officer"))

    case = cases.conclude(
        case, officer=make.officer("dept_reviewer", of=case.department), proposal="approve", opinion="in order"
    )
    cases.approve(case, officer=make.officer("dept_approver", of=case.department))
    tills.work()

    assert (Case.objects.get(pk=case.pk).state, Bill.objects.get().state) == ("ready", "refunded")


def test_of_a_case_that_is_withdrawn_an_open_bill_is_cancelled_and_money_is_proposed_to_go_back():
    unpaid, paid = (case_of(fee={**FEE, "when": "acceptance"}, state="under_review") for _case in range(2))
    services.take_at_window([queries.bill_for(paid.subject)], officer=desk("window_officer"), method="cash")

    for case in (unpaid, paid):
        cases.withdraw(case, account=case.account)
    tills.work()

    assert [row.state for row in Bill.objects.order_by("pk")] == ["cancelled", "paid"]
    refund = Refund.objects.get()
    assert (refund.state, refund.why, refund.amount, refund.proposed_by) == ("proposed", "withdrawn", 4000, None)


def test_a_payment_that_succeeds_after_the_bill_was_cancelled_goes_back_by_itself():
    case = case_of(fee={**FEE, "when": "acceptance"}, state="under_review")
    payment = services.start([queries.bill_for(case.subject)], party=case.applicant, account=case.account)
    services.open_page(payment)
    cases.withdraw(case, account=case.account)
    tills.work()

    tills.paid(payment)

    assert list(Refund.objects.values_list("why", "state")) == [("surplus", "done")]
    assert Bill.objects.get().state == "cancelled"


def test_a_thing_has_one_bill_for_an_occasion_however_often_it_is_made():
    payer = make.person()

    bills = {make.bill(payer, about="case:1").pk for _time in range(3)}
    with pytest.raises(IntegrityError), transaction.atomic():
        Bill.objects.create(
            about="case:1", payer=payer, department=make.department(), title={}, total=1, due=timezone.localdate()
        )

    assert len(bills) == 1
    services.cancel_for("case:1", why="withdrawn")
    assert make.bill(payer, about="case:1").pk not in bills
    with pytest.raises(ValueError):
        make.bill(payer, 0)


# -- less to pay


def test_a_reduction_needs_reason_ground_and_a_second_person():
    bill, first, second = make.bill(make.account().person), desk("issuing_officer"), desk("coordinator")
    with pytest.raises(Invalid) as wrong:
        services.propose_reduction(bill, officer=first, amount=4001, reason=" ", ground="")
    assert sorted(wrong.value.errors) == ["amount", "ground", "reason"]

    row = services.propose_reduction(bill, officer=first, amount=1500, reason="low income", ground="art. 5")
    with pytest.raises(NotAllowed):
        services.grant_reduction(row, officer=first)
    with pytest.raises(IntegrityError), transaction.atomic():
        Reduction.objects.filter(pk=row.pk).update(state="granted", decided_by=first)
    with pytest.raises(NotAllowed):
        services.propose_reduction(bill, officer=second, amount=1, reason="again", ground="art. 5")
    services.grant_reduction(row, officer=second)

    assert (Bill.objects.get().total, Bill.objects.get().state) == (2500, "open")


def test_reduced_to_nothing_it_is_waived_and_the_case_goes_on():
    case = case_of()
    bill = queries.bill_for(case.subject)

    row = services.propose_reduction(
        bill, officer=desk("issuing_officer"), amount=4000, reason="victim of a flood", ground="art. 5"
    )
    services.grant_reduction(row, officer=desk("supervisor"))
    tills.work()

    assert (Bill.objects.get().state, Case.objects.get(pk=case.pk).state, Receipt.objects.count()) == (
        "waived",
        "ready",
        0,
    )


def test_a_bill_that_is_being_paid_is_not_reduced():
    account = make.account()
    bill = make.bill(account.person)
    row = services.propose_reduction(bill, officer=desk("issuing_officer"), amount=1, reason="r", ground="g")
    tills.begun(bill)

    with pytest.raises(NotAllowed) as held:
        services.grant_reduction(row, officer=desk("coordinator"))

    assert held.value.code == "being-paid"
    services.reject_reduction(row, officer=desk("coordinator"))
    assert Reduction.objects.get().state == "rejected"


def test_another_departments_officer_does_not_touch_a_bill():
    bill = make.bill(make.account().person, of=make.department("PSB"))

    with pytest.raises(NotAllowed):
        services.propose_reduction(
            bill, officer=make.officer("dept_approver", of=make.department("HRB")), amount=1, reason="r", ground="g"
        )
    assert not queries.seen_by(make.officer("dept_approver", of=make.department("HRB"))).exists()
    assert not queries.seen_by(make.officer("inspector", of=make.department("PSB"))).exists()
    assert queries.seen_by(make.officer("dept_approver", of=make.department("PSB"))).count() == 1


def test_each_open_bill_is_reminded_of_once():
    bill = make.bill(make.account().person)

    told = [services.remind(timezone.now() + timedelta(days=days)) for days in (1, 26, 27)]

    assert told == [0, 1, 0]
    assert Message.objects.get(kind="bill_due_soon").link == f"/my/bills/{bill.number}/"


# -- money that goes back


def settled(yuan=40, way="silent") -> Bill:
    bill = make.bill(make.account().person, yuan)
    tills.paid(tills.begun(bill), way)
    return Bill.objects.get(pk=bill.pk)


def test_a_refund_is_proposed_by_one_and_sent_by_another_and_has_its_receipt():
    bill, first, second = settled(), desk("issuing_officer"), desk("coordinator")

    row = services.propose(bill, officer=first, amount=1500, why="mistake", reason="charged for the wrong class")
    with pytest.raises(NotAllowed):  # pressed twice
        services.propose(bill, officer=first, amount=1500, why="mistake", reason="charged for the wrong class")
    with pytest.raises(NotAllowed):
        services.approve(row, officer=first)
    with pytest.raises(IntegrityError), transaction.atomic():
        Refund.objects.filter(pk=row.pk).update(decided_by=first)
    services.approve(row, officer=second)
    tills.work()

    bill.refresh_from_db()
    assert (Refund.objects.get().state, bill.state, bill.refunded) == ("done", "part_refunded", 1500)
    assert list(Receipt.objects.order_by("pk").values_list("kind", "amount")) == [("payment", 4000), ("refund", 1500)]
    assert queries.can_be_refunded(bill) == 2500
    with pytest.raises(Invalid):
        services.propose(bill, officer=first, amount=2501, why="mistake", reason="more")


def test_nothing_goes_back_by_itself_but_a_surplus():
    bill = settled()
    row = services.propose(bill, officer=desk("issuing_officer"), amount=4000, why="mistake", reason="wrong")

    with pytest.raises(IntegrityError), transaction.atomic():
        Refund.objects.filter(pk=row.pk).update(state="sent")


def test_a_refund_that_bounces_waits_for_a_person_and_is_sent_once_more():
    bill = settled()
    row = services.propose(bill, officer=desk("issuing_officer"), amount=4000, why="mistake", reason="wrong")
    charge = tills.charge(bill.shares.get().payment)
    type(charge).objects.filter(pk=charge.pk).update(state="closed")
    services.approve(row, officer=desk("coordinator"))
    tills.work()
    row.refresh_from_db()
    assert (row.state, row.problem) == ("failed", "more than was paid")

    type(charge).objects.filter(pk=charge.pk).update(state="paid")
    services.send_again(row, officer=desk("supervisor"))
    tills.work()

    row.refresh_from_db()
    assert (row.state, Bill.objects.get().state) == ("done", "refunded")


def test_a_proposal_may_be_rejected_with_a_reason_that_the_payer_reads():
    row = services.propose(settled(), officer=desk("issuing_officer"), amount=1, why="mistake", reason="wrong")

    with pytest.raises(Invalid):
        services.reject(row, officer=desk("coordinator"), answer=" ")
    services.reject(row, officer=desk("coordinator"), answer="The fee was right.")

    assert Refund.objects.get().answer == "The fee was right."


def test_cash_is_handed_back_at_a_window():
    bill = make.bill(make.account().person)
    services.take_at_window([bill], officer=desk("window_officer"), method="cash")
    bill.refresh_from_db()
    row = services.propose(bill, officer=desk("issuing_officer"), amount=4000, why="mistake", reason="wrong")
    services.approve(row, officer=desk("coordinator"))
    tills.work()
    assert (Refund.objects.get().state, queries.waiting_refunds(desk("window_officer"))) == ("sent", [row])

    services.hand_back(row, officer=desk("window_officer"))
    tills.work()

    assert (Refund.objects.get().state, Bill.objects.get().state) == ("done", "refunded")
    told = Message.objects.filter(kind__contains="refund").order_by("pk").values_list("kind", flat=True)
    assert list(told) == ["refund_at_window", "refund_handed_back"]
    online = services.propose(
        settled(), officer=desk("issuing_officer"), amount=1, why="mistake", reason=uuid.uuid4().hex
    )
    with pytest.raises(NotAllowed):
        services.hand_back(online, officer=desk("window_officer"))


# -- the days of issuing, while the fee is open


def issuance(case):
    return case.clocks.get(kind="issuance")


def days_later(monkeypatch, days):
    later = timezone.now() + timedelta(days=days)
    monkeypatch.setattr(timezone, "now", lambda: later)
    return later


def test_the_days_to_issue_stand_still_while_the_fee_is_open_and_go_on_with_the_day_it_is_paid(monkeypatch):
    case = case_of()
    bill = queries.bill_for(case.subject)
    assert (issuance(case).due, case.next_due) == (clocks.FAR_AWAY, clocks.FAR_AWAY)

    later = days_later(monkeypatch, 40)
    tills.paid(tills.begun(bill, account=case.account))

    clock = issuance(case)
    paid_on = clocks.local_day(later)
    assert clock.pauses == [[clocks.local_day(case.decided_at).isoformat(), paid_on.isoformat()]]
    assert clock.due > paid_on and clock.kept


def test_control_without_the_pause_the_office_would_be_late_for_what_the_applicant_paid_late(monkeypatch):
    monkeypatch.setattr(clocks, "wait_for_payment", lambda case, on: None)
    case = case_of()
    days_later(monkeypatch, 40)
    tills.paid(tills.begun(queries.bill_for(case.subject), account=case.account))

    assert not issuance(case).kept


def test_the_days_run_on_while_it_is_the_office_that_has_not_set_the_fee():
    case = case_of(fee={"charged": True, "amount": None, "cases": []})
    assert issuance(case).due != clocks.FAR_AWAY

    cases.set_fee(case, officer=desk("issuing_officer"), amount="80", ground="list of fees")

    assert issuance(case).due == clocks.FAR_AWAY


def test_the_applicant_reads_that_the_days_wait_for_the_payment(in_english):
    case = case_of()

    page = doors.enter(Client(), case.account).get(f"/my/cases/{case.ref}/").text

    assert "The days to make it wait for your payment" in page
