from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from tests import make
from tests.payments import tills
from tongban.journal.models import Event
from tongban.lib.problems import Invalid, NotAllowed, Unavailable
from tongban.notices.models import Message
from tongban.parties.kin_states import KinState
from tongban.parties.models import Kinship
from tongban.payments import queries, services
from tongban.payments.gateways import Answer, NoAnswer, SimulatedGateway, Standing, simulated
from tongban.payments.models import Bill, Payment, Receipt, Refund, Share, TwinCharge
from tongban.payments.services import paying

pytestmark = pytest.mark.django_db


@pytest.fixture
def payer():
    return make.account().person


def states(*rows) -> list[str]:
    return [type(row).objects.get(pk=row.pk).state for row in rows]


def test_several_bills_are_paid_in_one_payment_and_each_department_has_its_own_receipt(payer):
    first, second = (
        make.bill(payer, 40, of=make.department("PSB")),
        make.bill(payer, "12.50", of=make.department("HRB")),
    )

    payment = tills.paid(tills.begun(first, second))

    assert (payment.state, payment.amount) == ("confirmed", 5250)
    assert states(first, second) == ["paid", "paid"]
    assert sorted(Receipt.objects.values_list("bill", "amount", "kind")) == [
        (first.pk, 4000, "payment"),
        (second.pk, 1250, "payment"),
    ]
    assert [receipt.content["department"]["zh"] for receipt in Receipt.objects.order_by("pk")] == ["PSB局", "HRB局"]
    assert Event.objects.filter(kind="BillSettled").count() == 2


def test_pressed_again_it_is_the_same_payment_and_the_same_page(payer):
    bill = make.bill(payer)

    payments = [tills.begun(bill) for _press in range(3)]

    assert len({payment.pk for payment in payments}) == 1
    assert TwinCharge.objects.count() == 1
    assert len({services.open_page(payment) for payment in payments}) == 1


def test_a_bill_that_is_being_paid_cannot_be_paid_beside_it(payer):
    first, second = make.bill(payer), make.bill(payer)
    tills.begun(first)

    with pytest.raises(NotAllowed) as held:
        services.start([first, second], party=payer, account=payer.account)
    with pytest.raises(NotAllowed):
        services.take_at_window([first], officer=make.officer("window_officer"), method="cash")

    assert held.value.code == "being-paid"
    assert Payment.objects.count() == 1


def test_the_database_itself_holds_one_running_payment_and_one_settlement_per_bill(payer):
    """Negative control of the guard: without it two shares could be written."""
    bill = make.bill(payer)
    payment = tills.begun(bill)
    other = Payment.objects.create(payer=payer, gateway="simulated", amount=1, expires_at=timezone.now())

    with pytest.raises(IntegrityError), transaction.atomic():
        Share.objects.create(payment=other, bill=bill, amount=1)
    payment.shares.update(running=False, settles=True)
    with pytest.raises(IntegrityError), transaction.atomic():
        Share.objects.create(payment=other, bill=bill, amount=1, running=False, settles=True)
    Share.objects.create(payment=other, bill=bill, amount=1, running=False)  # neither: that may be


def test_somebody_elses_bill_is_not_paid(payer):
    stranger = make.account()

    with pytest.raises(NotAllowed):
        services.start([make.bill(payer)], party=stranger.person, account=stranger)
    with pytest.raises(Invalid):
        services.start([], party=stranger.person, account=stranger)


def test_declined_nothing_is_charged_and_it_can_be_paid_anew(payer):
    bill = make.bill(payer)
    first = tills.paid(tills.begun(bill), "fail")

    second = tills.paid(tills.begun(bill))

    assert (first.state, second.state, states(bill)) == ("failed", "confirmed", ["paid"])
    assert Receipt.objects.count() == 1


def test_a_service_that_is_down_keeps_the_payment_and_the_next_press_goes_on_with_it(payer, monkeypatch):
    bill = make.bill(payer)
    monkeypatch.setattr(SimulatedGateway, "start", lambda self, order: (_ for _ in ()).throw(NoAnswer("down")))
    payment = services.start([bill], party=payer, account=payer.account)
    with pytest.raises(Unavailable):
        services.open_page(payment)
    monkeypatch.undo()

    again = services.start([bill], party=payer, account=payer.account)

    assert again.pk == payment.pk and services.open_page(again).startswith("/simulated-payment/")


def test_a_payment_the_service_refuses_fails_and_lets_the_bill_go(payer):
    bill = make.bill(payer, "9999.99")
    payment = services.start([bill], party=payer, account=payer.account)

    with pytest.raises(NotAllowed):
        services.open_page(payment)

    assert states(payment, bill) == ["failed", "open"]
    assert not Share.objects.filter(running=True).exists()


def test_when_no_notice_comes_the_service_is_asked_by_itself(payer):
    payment = tills.begun(make.bill(payer))
    simulated.choose(tills.charge(payment), "silent")
    now = payment.started_at
    assert paying.ask_about_running(now + timedelta(seconds=30)) == 0  # a notice is usually here before

    assert paying.ask_about_running(now + timedelta(seconds=50)) == 1
    tills.work()

    assert states(payment) == ["confirmed"]
    assert paying.ask_about_running(now + timedelta(hours=2)) == 0


def test_questions_become_rare_and_do_not_end_while_nobody_knows(payer, monkeypatch):
    payment = tills.begun(make.bill(payer))
    monkeypatch.setattr(SimulatedGateway, "status", lambda *asked: (_ for _ in ()).throw(NoAnswer("down")))
    monkeypatch.setattr(SimulatedGateway, "close", lambda *asked: (_ for _ in ()).throw(NoAnswer("down")))
    at, asked = payment.started_at, []
    for _turn in range(20):
        at = Payment.objects.get(pk=payment.pk).ask_at
        asked.append(at - payment.started_at)
        paying.ask_about_running(at)
    gaps = [after - before for before, after in zip(asked, asked[1:], strict=False)]

    assert gaps[-1] == timedelta(hours=1) and all(gap >= timedelta(seconds=5) for gap in gaps)


def test_a_service_silent_after_the_time_is_out_of_sight_and_the_bill_stays_held(payer, monkeypatch):
    bill = make.bill(payer)
    payment = tills.begun(bill)
    Payment.objects.filter(pk=payment.pk).update(expires_at=timezone.now() - timedelta(minutes=1))
    monkeypatch.setattr(SimulatedGateway, "close", lambda *asked: (_ for _ in ()).throw(NoAnswer("down")))

    paying.ask(payment.pk)
    tills.work()

    assert states(payment, bill) == ["unknown", "open"]
    with pytest.raises(NotAllowed):
        services.take_at_window([bill], officer=make.officer("window_officer"), method="cash")
    assert [message.kind for message in Message.objects.filter(kind="payment_being_looked_at")] != []
    monkeypatch.undo()
    paying.ask(payment.pk)  # it answers again: nobody had paid
    assert states(payment, bill) == ["expired", "open"]


def test_another_amount_than_asked_for_settles_nothing_and_a_person_sees_it(payer):
    bill = make.bill(payer)
    payment = tills.begun(bill)

    paying.hear(payment, Answer(Standing.PAID, amount=1))

    assert states(payment, bill) == ["unknown", "open"]
    assert queries.doubtful_payments(make.officer("coordinator")) == [payment]


def test_money_that_comes_after_the_end_still_settles_the_bill(payer):
    bill = make.bill(payer)
    payment = services.stop(tills.begun(bill), account=payer.account)
    assert states(payment, bill) == ["expired", "open"]

    paying.hear(payment, Answer(Standing.PAID, amount=payment.amount))

    assert states(payment, bill) == ["confirmed", "paid"]


def test_money_for_a_bill_that_was_paid_otherwise_goes_back_by_itself_once(payer):
    bill = make.bill(payer)
    late = services.stop(tills.begun(bill), account=payer.account)
    services.take_at_window([bill], officer=make.officer("window_officer"), method="cash")
    TwinCharge.objects.update(state="paid", paid_at=timezone.now())  # it slipped through before it was closed

    for _time in range(2):
        paying.hear(late, Answer(Standing.PAID, amount=late.amount))
        tills.work()

    refund = Refund.objects.get()
    assert (refund.why, refund.state, refund.amount) == ("surplus", "done", 4000)
    assert (Bill.objects.get().state, Bill.objects.get().refunded) == ("paid", 0)
    assert Receipt.objects.filter(kind="payment").count() == 1


def test_charged_twice_by_the_service_the_second_goes_back_by_itself(payer):
    bill = make.bill(payer)

    tills.paid(tills.begun(bill), "twice")

    assert list(Refund.objects.values_list("why", "state", "amount")) == [("surplus", "done", 4000)]
    assert tills.charge(Payment.objects.get()).refunds.get().amount == 4000
    assert [row.kind for row in Message.objects.filter(kind="surplus_refunded")] == ["surplus_refunded"]


def test_at_a_window_cash_settles_the_bill_with_a_receipt(payer):
    bill, officer = make.bill(payer), make.officer("window_officer")

    payment = services.take_at_window([bill], officer=officer, method="cash")

    assert (states(bill), payment.state, payment.officer) == (["paid"], "confirmed", officer)
    with pytest.raises(NotAllowed):
        services.take_at_window([bill], officer=officer, method="cash")
    with pytest.raises(Invalid):
        services.take_at_window([make.bill(payer)], officer=officer, method="barter")


def test_nobody_takes_money_for_their_own_bill_nor_without_the_role():
    person = make.person()
    bill = make.bill(person)
    own = make.officer("window_officer", person=person)

    for officer in (own, make.officer("dept_reviewer"), make.officer("auditor")):
        with pytest.raises(NotAllowed) as refused:
            services.take_at_window([bill], officer=officer, method="cash")
        assert refused.value.status == 403
    assert states(bill) == ["open"]


def test_nobody_takes_money_for_the_bill_of_a_child_of_theirs():
    parent, child = make.person(), make.person()
    Kinship.objects.create(kind="child", person=child, relative=parent, state=KinState.CONFIRMED)
    bill = make.bill(child)

    with pytest.raises(NotAllowed) as refused:
        services.take_at_window([bill], officer=make.officer("window_officer", person=parent), method="cash")

    assert (refused.value.status, states(bill)) == (403, ["open"])


def test_nothing_is_offered_outside_the_demonstration_unless_a_service_is_set_up(payer, settings):
    settings.DEMO = False

    with pytest.raises(Unavailable):
        services.start([make.bill(payer)], party=payer, account=payer.account)
    assert queries.owed_sum(payer) == (1, 4000)


def test_who_pays_under_a_mandate_pays_no_more_at_once_than_it_allows_and_reads_the_limit(in_english):
    from tests.parties.test_mandates import given, people

    mother, son = people()
    given(mother, acts=("pay",), amount_at_most=100)
    dear, cheap = make.bill(mother.person, "100.01"), make.bill(mother.person, 100)

    for bills in ([dear], [cheap, make.bill(mother.person, 1)]):
        with pytest.raises(NotAllowed) as beyond:
            services.start(bills, party=mother.person, account=son)
        assert beyond.value.code == "beyond-your-amount" and "may be 100 yuan at most" in str(beyond.value.sentence)
    assert Payment.objects.count() == 0

    assert services.start([cheap], party=mother.person, account=son).amount == 10000


def test_control_without_the_limit_the_same_bill_is_paid():
    from tests.parties.test_mandates import given, people

    mother, son = people()
    given(mother, acts=("pay",))

    assert services.start([make.bill(mother.person, "100.01")], party=mother.person, account=son).amount == 10001
