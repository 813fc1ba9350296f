"""Notices: signed, amount, payment, once; otherwise kept and without effect (security.md, case 54)."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import make
from tests.payments import tills
from tongban.journal.models import Event, Job
from tongban.payments import rules, services
from tongban.payments.gateways import SimulatedGateway, simulated
from tongban.payments.models import Bill, GatewayNotice, Payment, Receipt
from tongban.payments.services import hearing

pytestmark = pytest.mark.django_db
ADDRESS = "/gateways/simulated/notices"


@pytest.fixture
def payment():
    return tills.begun(make.bill(make.account().person))


def post(headers: dict, body: bytes):
    return Client(enforce_csrf_checks=True).post(ADDRESS, body, content_type="application/json", headers=headers)


def test_a_signed_notice_is_acknowledged_when_it_is_kept_and_carried_out_by_the_worker(payment):
    answer = post(*tills.notice(payment))

    row = GatewayNotice.objects.get()
    assert (answer.status_code, answer.content, row.verdict) == (200, b"taken", "waiting")
    assert Payment.objects.get().state == "started"
    tills.work()
    assert (GatewayNotice.objects.get().verdict, Payment.objects.get().state, Bill.objects.get().state) == (
        "taken",
        "confirmed",
        "paid",
    )


def test_the_same_notice_a_hundred_times_has_one_effect(payment):
    headers, body = tills.notice(payment)

    codes = {post(headers, body).status_code for _time in range(100)}
    tills.work()

    assert codes == {200}
    assert (GatewayNotice.objects.get().times, Receipt.objects.count()) == (100, 1)
    assert Event.objects.filter(kind="BillSettled").count() == 1


def test_two_different_notices_of_the_same_payment_have_one_effect(payment):
    tills.heard(payment)
    tills.heard(payment, id="another")

    assert sorted(GatewayNotice.objects.values_list("verdict", flat=True)) == ["nothing_new", "taken"]
    assert Receipt.objects.count() == 1


def test_a_notice_before_the_browser_comes_back_and_one_after_an_answer_say_nothing_new(payment):
    tills.heard(payment)
    assert tills.paid(payment).state == "confirmed"
    assert Receipt.objects.count() == 1


@pytest.mark.parametrize(
    "how",
    [
        {"key": "not the key"},
        {"minutes": -6},
        {"minutes": 6},
    ],
    ids=["wrong key", "too old", "from the future"],
)
def test_an_unsigned_notice_is_kept_and_has_no_effect(payment, how):
    at = timezone.now() + timedelta(minutes=how.get("minutes", 0))
    answer = post(*tills.notice(payment, key=how.get("key"), at=at))
    tills.work()

    row = GatewayNotice.objects.get()
    assert (answer.status_code, row.verdict, row.signed, row.payment) == (400, "forged", False, None)
    assert (Payment.objects.get().state, Bill.objects.get().state) == ("started", "open")
    assert Event.objects.get(kind="NoticeRefused").payload == {"gateway": "simulated", "verdict": "forged"}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_changed_notice_is_believed(payment, data):
    headers, body = tills.notice(payment)
    place = data.draw(st.integers(0, len(body) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda value: value != body[place]))
    altered = body[:place] + bytes([other]) + body[place + 1 :]

    assert services.take_notice(SimulatedGateway(), headers, altered) is None
    assert not GatewayNotice.objects.filter(signed=True).exists()


@pytest.mark.parametrize(
    "headers", [{}, {simulated.HEADER: ""}, {simulated.HEADER: "t=1,v1="}, {simulated.HEADER: "t=x,t=2"}]
)
def test_no_signature_at_all_is_answered_and_not_broken(payment, headers):
    assert post(headers, b"\xff\x00{").status_code == 400


def test_a_signed_notice_about_another_amount_settles_nothing(payment):
    tills.heard(payment, amount=1)

    assert (GatewayNotice.objects.get().verdict, Payment.objects.get().state, Bill.objects.get().state) == (
        "differs",
        "unknown",
        "open",
    )


def test_a_signed_notice_that_it_was_paid_in_money_that_is_not_ours_differs_too(payment):
    tills.heard(payment, amount=0)

    assert (GatewayNotice.objects.get().verdict, Payment.objects.get().state) == ("differs", "unknown")


def test_a_signed_notice_about_what_we_never_began_has_no_effect(payment):
    tills.heard(payment, reference="never-begun")

    assert (GatewayNotice.objects.get().verdict, Payment.objects.get().state) == ("unknown", "started")


def test_a_notice_cannot_settle_the_payment_of_another_service(payment):
    Payment.objects.update(gateway="stripe")
    tills.heard(payment)

    assert Payment.objects.get().state == "started"


def test_made_up_notices_do_not_fill_the_disk(payment, monkeypatch):
    monkeypatch.setattr(rules, "FORGED_KEPT_A_DAY", 3)

    for number in range(6):
        post(*tills.notice(payment, key="wrong", id=f"n{number}"))

    assert list(GatewayNotice.objects.order_by("pk").values_list("times", flat=True)) == [1, 1, 4]
    assert post({}, b"x" * 70_000).status_code == 413


def test_killed_between_the_notice_and_its_effect_it_is_done_again_and_once(payment, monkeypatch):
    """The worker dies in the middle of the effect: the notice's errand is in the same transaction as the notice, and comes again."""
    post(*tills.notice(payment))
    confirm = hearing.hear

    def dies(*given, **more):
        confirm(*given, **more)
        raise SystemExit("killed")

    monkeypatch.setattr(hearing, "hear", dies)
    with pytest.raises(SystemExit):
        tills.work()
    assert (Payment.objects.get().state, GatewayNotice.objects.get().verdict, Receipt.objects.count()) == (
        "started",
        "waiting",
        0,
    )
    monkeypatch.undo()

    Job.objects.filter(kind="payments.notice").update(leased_until=None)
    tills.work()

    assert (Payment.objects.get().state, Receipt.objects.count()) == ("confirmed", 1)


def test_control_without_the_errand_in_the_transaction_the_notice_would_be_lost(payment):
    post(*tills.notice(payment))
    Job.objects.filter(kind="payments.notice").delete()

    tills.work()

    assert Payment.objects.get().state == "started"


def test_a_service_that_is_not_switched_on_is_not_there(payment, settings):
    headers, body = tills.notice(payment)
    assert Client().post("/gateways/stripe/notices", body, content_type="application/json").status_code == 404
    settings.DEMO = False
    assert post(headers, body).status_code == 404
    assert Client().get(ADDRESS).status_code == 405
