"""Several decide, draw and lift at the same moment: one wins, and short lists of the same hands are counted one after the other."""

import itertools
import threading
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection
from django.utils import timezone

from tests import make
from tests.many_hands.hands import problems, together
from tongban.codes.models import EmergencyOrder, HealthStatus, StatusAppeal, StatusDay, Venue, VenueVisit
from tongban.codes.services import ordering, status_appealing, status_deciding, visiting
from tongban.codes.services.status_deciding import Named
from tongban.journal.actors import Actor
from tongban.journal.models import Event
from tongban.places.models import Division

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def district():
    make.calendar()
    return Division.objects.create(code="310107", level="district", name={"zh": "普陀区", "en": "Putuo"})


def officer(role):
    return make.officer(role, of=make.department("HC"))


def proposed_order(area) -> EmergencyOrder:
    return ordering.propose_order(
        officer=officer("health_officer"), basis="IDL", area=area, title={"zh": "应急令"},
        reason={"zh": "呼吸道传染病疫情需要紧急措施"}, ends_at=timezone.now() + timedelta(days=9), health_colours=True,
    )  # fmt: skip


def order_in_force() -> EmergencyOrder:
    return ordering.put_in_force(proposed_order(district()), officer=officer("emergency_authority"))


def proposed(order, proposer, persons: int):
    return status_deciding.propose_status(
        order, officer=proposer, colour="red", basis="positive_test", reason="检测结果为阳性，依据报告", until=timezone.now() + timedelta(days=5),
        persons=[Named(make.person(), f"报告 {number}") for number in range(persons)],
    )  # fmt: skip


def test_two_put_one_order_in_force_and_one_of_them_did():
    row = proposed_order(district())
    hands = [officer("emergency_authority") for _i in range(2)]

    answers = together(
        *(
            lambda hand=hand: ordering.put_in_force(EmergencyOrder.objects.get(pk=row.pk), officer=hand)
            for hand in hands
        )
    )

    assert [type(one).__name__ for one in problems(answers)] == ["NotNow"]


def test_two_decide_one_proposal_and_every_person_has_one_status():
    row = proposed(order_in_force(), officer("health_officer"), 4)
    hands = [officer("health_approver") for _i in range(2)]

    answers = together(*(lambda hand=hand: status_deciding.decide_status(row, officer=hand) for hand in hands))

    assert len(problems(answers)) == 1
    assert HealthStatus.objects.count() == 4
    assert StatusDay.objects.get().persons == 4


def red() -> HealthStatus:
    row = proposed(order_in_force(), officer("health_officer"), 1)
    status_deciding.decide_status(row, officer=officer("health_approver"))
    return HealthStatus.objects.get()


def test_an_appeal_made_on_two_devices_and_told_at_two_windows_is_one():
    status = red()
    account, text = make.account(status.person), "检测报告不是我的，请重新核对"
    windows = [officer("health_officer") for _i in range(2)]
    own = Actor("applicant", "applicant", account=account.pk, party=status.person_id)

    answers = together(
        *(lambda: status_appealing.appeal(status, account=account, actor=own, text=text) for _device in range(2)),
        *(lambda hand=hand: status_appealing.take_down(status, officer=hand, text=text) for hand in windows),
    )

    assert [one.code for one in problems(answers)] == ["appealed-already"] * 3
    assert StatusAppeal.objects.count() == Event.objects.filter(kind="StatusAppealed").count() == 1


def test_control_only_the_rule_of_the_row_keeps_a_second_appeal_out():
    """Both looked and found none before either wrote."""
    status, today = red(), timezone.localdate()
    given = {"status": status, "taken_by": officer("health_officer"), "text": "x", "at": timezone.now(), "due": today}
    assert not StatusAppeal.objects.filter(status=status).exists()

    StatusAppeal.objects.create(**given)
    with pytest.raises(IntegrityError):
        StatusAppeal.objects.create(**given)


def two_short_lists() -> list:
    order, proposer = order_in_force(), officer("health_officer")
    rows = [proposed(order, proposer, 6) for _i in range(2)]
    hands = [officer("health_approver") for _i in range(2)]
    return [
        lambda row=row, hand=hand: status_deciding.decide_status(row, officer=hand)
        for row, hand in zip(rows, hands, strict=True)
    ]


def test_two_short_lists_of_one_hand_at_once_are_counted_together():
    answers = together(*two_short_lists())

    assert [one.code for one in problems(answers)] == ["higher-signature-missing"]
    assert HealthStatus.objects.count() == 6


def test_control_without_holding_the_order_both_short_lists_pass_on_postgresql(monkeypatch):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite lets one writer in at a time")
    acts, both_have_counted = two_short_lists(), threading.Barrier(2)
    asked = status_deciding.needs_higher_signature

    def counted(row, **given):
        answer = asked(row, **given)
        both_have_counted.wait(20)
        return answer

    monkeypatch.setattr(status_deciding, "needs_higher_signature", counted)
    monkeypatch.setattr(
        status_deciding, "_held", lambda order: EmergencyOrder.objects.select_related("area").get(pk=order)
    )

    assert problems(together(*acts)) == []
    assert HealthStatus.objects.count() == 12


def two_taps() -> list:
    area = district()
    for number in range(3):
        Venue.objects.create(
            code_no=f"VC-{number}",
            party=make.company(),
            kind="wet market",
            division=area,
            name={"zh": "市场"},
            address={"zh": "示范路"},
        )
    inspector = officer("inspector")
    return [lambda: visiting.draw(officer=inspector, area=area) for _i in range(2)]


def test_two_taps_on_draw_draw_once():
    answers = together(*two_taps())

    assert [one.code for one in problems(answers)] == ["second-draw"]
    assert VenueVisit.objects.count() == 1


def test_without_the_lock_the_database_lets_one_draw_stand(monkeypatch):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite lets one writer in at a time")
    acts, both_have_looked, both_have_counted = two_taps(), threading.Barrier(2), threading.Barrier(2)
    unlocked(monkeypatch, both_have_looked)
    turns = visiting._turns

    def counted(inspector, day):
        found = turns(inspector, day)
        both_have_counted.wait(20)
        return found

    monkeypatch.setattr(visiting, "_turns", counted)

    answers = together(*acts)

    assert [one.code for one in problems(answers)] == ["drawn-already"]
    assert VenueVisit.objects.count() == 1


def test_control_without_lock_and_number_both_draws_stand_on_postgresql(monkeypatch):
    if connection.vendor != "postgresql":
        pytest.skip("SQLite lets one writer in at a time")
    acts, both_have_looked = two_taps(), threading.Barrier(2)
    unlocked(monkeypatch, both_have_looked)
    numbers = itertools.count()
    monkeypatch.setattr(visiting, "_turns", lambda inspector, day: next(numbers))

    assert problems(together(*acts)) == []
    assert VenueVisit.objects.filter(state="drawn").count() == 2


def unlocked(monkeypatch, barrier) -> None:
    looked = visiting._left_for_this

    def slowly(*given):
        found = looked(*given)
        barrier.wait(20)
        return found

    monkeypatch.setattr(visiting, "_alone", lambda inspector: None)
    monkeypatch.setattr(visiting, "_left_for_this", slowly)
