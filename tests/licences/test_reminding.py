"""Licences that end are named to their holders 60, 30 and 7 days before, once each; killed anywhere, nobody hears twice."""

from datetime import timedelta

import pytest

from tests import make
from tests.licences.test_presenting import NOW, TODAY
from tongban.journal.actors import PLATFORM
from tongban.licences import reminding, services
from tongban.licences.models import LicenceReminder
from tongban.notices.models import Message

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_seal_keys", "in_english")]


def ending(days: int, holder=None, decision="case:1", **more):
    make.calendar()
    owner = holder or make.account()
    given = {"valid_to": TODAY + timedelta(days=days)} | more
    row = services.issue(
        make.licence_type("driving"), holder=owner.person, face={}, decision=decision, issued_on=TODAY - timedelta(days=900),
        valid_from=TODAY - timedelta(days=900), actor=PLATFORM, now=NOW, **given,
    )  # fmt: skip
    return row, owner


def told(owner) -> int:
    return Message.objects.filter(account=owner, kind="licence_ends").count()


@pytest.mark.parametrize(("days", "times"), [(61, 0), (60, 1), (31, 1), (30, 1), (7, 1), (0, 1), (-1, 0)])
def test_from_sixty_days_before_the_end_somebody_is_told(days, times):
    _row, owner = ending(days)

    reminding.remind(TODAY)
    reminding.remind(TODAY)

    assert told(owner) == times


def test_three_reminders_and_no_more_over_the_whole_time():
    row, owner = ending(70)

    for day in range(72):
        reminding.remind(TODAY + timedelta(days=day))

    assert told(owner) == 3
    assert sorted(LicenceReminder.objects.filter(licence=row).values_list("days", flat=True)) == [7, 30, 60]


def test_whoever_has_a_later_one_of_the_same_kind_is_left_alone():
    _row, owner = ending(20)
    ending(400, holder=owner, decision="case:2")

    assert reminding.remind(TODAY) == 0


def test_a_slice_at_a_time_reaches_everybody_once():
    owners = [ending(20, decision=f"case:{n}")[1] for n in range(5)]

    slices = [reminding.remind(TODAY, limit=2) for _turn in range(4)]

    assert slices == [2, 2, 1, 0]
    assert [told(owner) for owner in owners] == [1] * 5


def test_killed_between_reminder_and_message_nothing_of_it_is_there(monkeypatch):
    _row, owner = ending(20)
    tell = reminding.notices.tell

    def killed(*_words, **_more):
        raise SystemExit

    monkeypatch.setattr(reminding.notices, "tell", killed)
    with pytest.raises(SystemExit):
        reminding.remind(TODAY)
    monkeypatch.setattr(reminding.notices, "tell", tell)

    assert not LicenceReminder.objects.exists()
    assert (reminding.remind(TODAY), told(owner)) == (1, 1)


def test_a_matter_that_renews_is_found_by_the_kind_it_gives():
    make.matter("driving-licence-renew", result={"kind": "e_licence", "ref": "driving"})
    make.matter("driving-licence-new", result={"kind": "e_licence", "ref": "driving"})

    found = reminding.renewals(["driving", "other"])

    assert {kind: version.matter.slug for kind, version in found.items()} == {"driving": "driving-licence-renew"}
