"""Two tabs, two payers, a retry, a window beside the phone, notices and questions at once: money is taken once, and goes back once."""

import pytest
from django.utils import timezone

from tests import make
from tests.many_hands.hands import problems, together
from tests.payments import tills
from tongban.journal import services as journal
from tongban.journal.models import Job
from tongban.payments import services
from tongban.payments.gateways import Answer, SimulatedGateway, Standing, simulated
from tongban.payments.models import Bill, GatewayNotice, Payment, Receipt, Refund, Share, TwinCharge
from tongban.payments.services import paying, refunding

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

HANDS = 5


@pytest.fixture
def payer():
    return make.account().person


def seen(bill: Bill) -> Bill:
    return Bill.objects.select_related("payer", "department").get(pk=bill.pk)


def test_many_tabs_begin_one_payment(payer):
    bill = make.bill(payer)

    answers = together(
        *[
            lambda: services.open_page(services.start([seen(bill)], party=payer, account=payer.account))
            for _tab in range(HANDS)
        ]
    )

    assert problems(answers) == []
    assert (Payment.objects.count(), TwinCharge.objects.count(), len(set(answers))) == (1, 1, 1)


def test_control_without_holding_the_bills_only_the_constraint_stands_between(payer, monkeypatch):
    """Nobody waits for anybody: then the database refuses, and still one payment runs."""
    bill = make.bill(payer)
    monkeypatch.setattr(paying, "_held", lambda bills: [seen(one) for one in bills])
    monkeypatch.setattr(paying, "_running", lambda bills: None)

    answers = together(*[lambda: services.start([bill], party=payer, account=payer.account) for _tab in range(HANDS)])

    assert len(problems(answers)) == HANDS - 1
    assert {one.code for one in problems(answers)} == {"being-paid"}
    assert (Payment.objects.count(), Share.objects.filter(running=True).count()) == (1, 1)


def test_overlapping_bills_paid_at_once_never_wait_for_each_other_for_ever(payer):
    bills = [make.bill(payer) for _bill in range(3)]
    ways = [bills[:2], [bills[2], bills[1]], [bills[0], bills[2]]]

    answers = together(*[lambda some=some: services.start(some, party=payer, account=payer.account) for some in ways])

    assert {one.code for one in problems(answers)} == {"being-paid"}
    assert (
        Share.objects.filter(running=True).values("bill").distinct().count()
        == Share.objects.filter(running=True).count()
        == 2
    )


def test_the_window_and_the_phone_at_once_take_it_once(payer):
    bill = make.bill(payer)
    officer = make.officer("window_officer", of=make.department("DSO"))

    answers = together(
        lambda: services.start([seen(bill)], party=payer, account=payer.account),
        lambda: services.take_at_window([seen(bill)], officer=officer, method="cash"),
    )

    assert len(problems(answers)) == 1
    assert Share.objects.count() == 1


def test_notices_questions_and_answers_at_once_settle_once(payer):
    payment = tills.begun(make.bill(payer))
    TwinCharge.objects.update(state="paid", paid_at=timezone.now())
    notices = [tills.notice(payment, id=f"n{number % 2}") for number in range(4)]
    paid = Answer(Standing.PAID, amount=payment.amount)

    answers = together(
        *[lambda one=one: services.take_notice(SimulatedGateway(), *one) for one in notices],
        lambda: paying.ask(payment.pk),
        lambda: paying.hear(Payment.objects.get(pk=payment.pk), paid),
        lambda: paying.hear(Payment.objects.get(pk=payment.pk), Answer(Standing.CLOSED)),
    )
    tills.work()

    assert problems(answers) == []
    assert (Payment.objects.get().state, Bill.objects.get().state, Receipt.objects.count()) == ("confirmed", "paid", 1)
    assert GatewayNotice.objects.count() == 2
    assert not Refund.objects.exists()


def test_several_workers_carry_out_the_errands_of_many_payments_once_each(payer):
    payments = [tills.begun(make.bill(payer)) for _bill in range(6)]
    for payment in payments:
        simulated.choose(tills.charge(payment), "silent")
        services.take_notice(SimulatedGateway(), *tills.notice(payment))

    def worker():
        while journal.work_once(2):
            pass

    together(worker, worker, worker)
    Job.objects.filter(state="waiting").update(
        run_at=timezone.now(), leased_until=None
    )  # what SQLite made wait a moment
    tills.work()

    assert Receipt.objects.count() == 6
    assert set(Bill.objects.values_list("state", flat=True)) == {"paid"}


def test_late_money_of_two_payments_for_one_bill_settles_it_once_and_one_goes_back(payer):
    bill = make.bill(payer)
    first = services.stop(tills.begun(bill), account=payer.account)
    second = services.stop(tills.begun(bill), account=payer.account)
    TwinCharge.objects.update(state="paid", paid_at=timezone.now())

    together(
        *[
            lambda one=one: paying.hear(Payment.objects.get(pk=one.pk), Answer(Standing.PAID, amount=one.amount))
            for one in (first, second, first, second)
        ]
    )
    tills.work()

    assert (Bill.objects.get().state, Receipt.objects.filter(kind="payment").count()) == ("paid", 1)
    assert list(Refund.objects.values_list("why", "state", "amount")) == [("surplus", "done", 4000)]


def test_a_refund_approved_by_two_at_once_is_sent_once(payer):
    bill = make.bill(payer)
    tills.paid(tills.begun(bill))
    row = refunding.propose(
        seen(bill), officer=make.officer("issuing_officer"), amount=4000, why="mistake", reason="wrong"
    )
    others = [make.officer("coordinator"), make.officer("supervisor")]

    answers = together(
        *[lambda one=one: services.approve(Refund.objects.get(pk=row.pk), officer=one) for one in others]
    )
    tills.work()

    assert len(problems(answers)) == 1
    assert (Bill.objects.get().state, Bill.objects.get().refunded) == ("refunded", 4000)
    assert TwinCharge.objects.get().refunds.count() == 1


def test_refunds_proposed_at_once_are_together_at_most_what_was_paid(payer):
    bill = make.bill(payer)
    tills.paid(tills.begun(bill))
    officers = [make.officer("issuing_officer") for _officer in range(3)]

    together(
        *[
            lambda one=one: services.propose(seen(bill), officer=one, amount=2500, why="mistake", reason="wrong")
            for one in officers
        ]
    )

    assert Refund.objects.count() == 1


def test_the_case_is_issued_once_when_it_is_paid_and_withdrawn_at_the_same_moment(payer):
    """Cancelled first, the money goes back; paid first, the proposal to give it back waits. Never both, never neither."""
    bill = make.bill(payer)
    payment = tills.begun(bill)
    TwinCharge.objects.update(state="paid", paid_at=timezone.now())

    answers = together(
        lambda: paying.hear(Payment.objects.get(pk=payment.pk), Answer(Standing.PAID, amount=payment.amount)),
        lambda: services.cancel_for(bill.about, why="withdrawn"),
    )
    tills.work()

    assert problems(answers) == []
    outcome = (Bill.objects.get().state, *Refund.objects.values_list("why", "state").first())
    assert outcome in [("cancelled", "surplus", "done"), ("paid", "withdrawn", "proposed")]
