from datetime import timedelta

import pytest
from django.utils import timezone

from tests import make
from tests.payments import tills
from tongban.journal.models import Event, Job
from tongban.lib.problems import Invalid, NotAllowed
from tongban.payments import queries, services
from tongban.payments.gateways import NoAnswer, SimulatedGateway
from tongban.payments.models import Payment, StatementLine, TwinCharge
from tongban.payments.services import reconciling

pytestmark = pytest.mark.django_db


def paid(yuan=40, of="PSB") -> Payment:
    return tills.paid(tills.begun(make.bill(make.account().person, yuan, of=make.department(of))))


def verdicts() -> dict:
    return {line.reference: (line.verdict, line.theirs, line.ours) for line in StatementLine.objects.all()}


def test_every_movement_agrees_differs_or_is_missing_on_one_side():
    agrees, differs, only_ours = paid(), paid(), paid()
    TwinCharge.objects.filter(reference=differs.ref).update(amount=1)
    TwinCharge.objects.filter(reference=only_ours.ref).delete()
    TwinCharge.objects.create(
        reference="only-theirs",
        title="x",
        amount=700,
        state="paid",
        back="/",
        closes_at=timezone.now(),
        paid_at=timezone.now(),
    )

    row = services.reconcile("simulated", timezone.localdate())

    assert verdicts() == {
        agrees.ref: ("matched", 4000, 4000),
        differs.ref: ("differs", 1, 4000),
        only_ours.ref: ("missing_there", None, 4000),
        "only-theirs": ("missing_here", 700, None),
    }
    assert (row.matched, row.differences, row.paid) == (1, 3, 4701)


def test_money_of_a_payment_we_thought_had_ended_is_asked_about_and_taken():
    bill = make.bill(make.account().person)
    payment = services.stop(tills.begun(bill), account=bill.payer.person.account)
    TwinCharge.objects.update(state="paid", paid_at=timezone.now())

    services.reconcile("simulated", timezone.localdate())
    tills.work()
    again = services.reconcile("simulated", timezone.localdate())

    assert (Payment.objects.get().state, again.differences, verdicts()) == (
        "confirmed",
        0,
        {payment.ref: ("matched", 4000, 4000)},
    )


def test_what_we_know_was_charged_twice_agrees():
    bill = make.bill(make.account().person)
    payment = tills.paid(tills.begun(bill), "twice")

    row = services.reconcile("simulated", timezone.localdate())

    assert (row.differences, verdicts()[payment.ref]) == (0, ("matched", 8000, 8000))
    tills.work()
    assert [(one["taken"], one["returned"]) for one in queries.by_department(row)] == [(8000, 4000)]


def test_refunds_are_compared_too_and_money_is_kept_apart_by_department():
    paid(40, "PSB"), paid("12.50", "HRB")
    bill = queries.shares_of(Payment.objects.first())[0].bill
    row = services.propose(bill, officer=make.officer("issuing_officer"), amount=1000, why="mistake", reason="wrong")
    services.approve(row, officer=make.officer("coordinator"))
    tills.work()

    day = services.reconcile("simulated", timezone.localdate())

    assert (day.differences, day.matched, day.paid, day.returned) == (0, 3, 5250, 1000)
    assert [(one["code"], one["taken"], one["returned"]) for one in queries.by_department(day)] == [
        ("HRB", 1250, 0),
        ("PSB", 4000, 1000),
    ]


def test_a_note_of_an_officer_stays_while_the_difference_does():
    payment = paid()
    TwinCharge.objects.update(amount=1)
    services.reconcile("simulated", timezone.localdate())
    line = StatementLine.objects.get()
    with pytest.raises(NotAllowed):
        services.clear(line, officer=make.officer("auditor"), note="x")
    with pytest.raises(Invalid):
        services.clear(line, officer=make.officer("coordinator"), note=" ")

    services.clear(line, officer=make.officer("coordinator"), note="their mistake, confirmed by telephone")
    services.reconcile("simulated", timezone.localdate())
    assert StatementLine.objects.get().note == "their mistake, confirmed by telephone"

    TwinCharge.objects.update(amount=payment.amount)
    services.reconcile("simulated", timezone.localdate())
    assert (StatementLine.objects.get().note, StatementLine.objects.get().verdict) == ("", "matched")


def test_of_two_who_note_a_difference_the_first_stands_and_the_other_keeps_the_words():
    paid()
    TwinCharge.objects.update(amount=1)
    services.reconcile("simulated", timezone.localdate())
    line = StatementLine.objects.get()
    services.reconcile("simulated", timezone.localdate())
    assert StatementLine.objects.get() == line  # compared again while the page was open: the line is the same
    first, other = make.officer("coordinator"), make.officer("supervisor")

    services.clear(line, officer=first, note="their mistake")
    with pytest.raises(NotAllowed) as late:
        services.clear(line, officer=other, note="asked them by telephone")

    assert "asked them by telephone" in str(late.value.kept)
    assert (StatementLine.objects.get().note, StatementLine.objects.get().cleared_by) == ("their mistake", first)
    assert Event.objects.filter(kind="DifferenceCleared").count() == 1


def test_a_service_without_a_list_is_noted_and_what_was_compared_stays(monkeypatch):
    paid()
    services.reconcile("simulated", timezone.localdate())
    monkeypatch.setattr(SimulatedGateway, "statement", lambda *asked: (_ for _ in ()).throw(NoAnswer("not ready")))

    row = services.reconcile("simulated", timezone.localdate())

    assert (row.problem, StatementLine.objects.count()) == ("not ready", 1)


def test_yesterday_is_compared_once_a_morning_and_again_until_the_list_has_come():
    morning = timezone.localtime().replace(hour=9, minute=5)
    assert reconciling.reconcile_yesterday(morning.replace(hour=3)) == 0

    for minutes in (0, 10, 40):
        reconciling.reconcile_yesterday(morning + timedelta(minutes=minutes))
    assert Job.objects.filter(kind="payments.reconcile").count() == 2
    tills.work()

    assert reconciling.reconcile_yesterday(morning + timedelta(hours=2)) == 0
