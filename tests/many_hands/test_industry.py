"""Permits of one industry licence that end at the same moment: each makes one edition at most, and the last one says what is true."""

import threading
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from tests import make
from tests.many_hands.hands import problems, together
from tongban.journal.actors import PLATFORM
from tongban.journal.models import Event
from tongban.licences import industry, items, services
from tongban.licences.models import Licence
from tongban.licences.states import LicenceState

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("own_seal_keys"),
]

TODAY = timezone.localdate()
SLUGS = ("food-licence", "tobacco-licence", "hygiene-licence", "alcohol-licence")


@pytest.fixture
def merged():
    """A restaurant's licence of four permits; all but the food licence may be left out."""
    holder = make.company()
    make.licence_type(
        items.INDUSTRY, issuer=make.department("AMR"), holder_kind="company", face_fields=["merged_licences"]
    )
    permits = {}
    for number, slug in enumerate(SLUGS):
        kind = make.licence_type(
            slug, issuer=make.department(f"D{number}"), holder_kind="company", face_fields=["valid_to"]
        )
        permits[slug] = services.issue(
            kind.slug, holder=holder, face={}, decision=f"case:{number}", issued_on=TODAY, valid_from=TODAY,
            valid_to=TODAY + timedelta(days=400 + number), actor=PLATFORM,
        )  # fmt: skip
    whole = industry.issue_industry(
        holder=holder, industry={"zh": "饭店", "en": "Restaurant"}, decision="case:9", actor=PLATFORM,
        permits=[industry.permit_of(one, key=slug, mandatory=slug == "food-licence") for slug, one in permits.items()],
    )  # fmt: skip
    return whole, permits


def ended(permit: Licence) -> None:
    """The act of the department, then what the worker does of it."""
    services.revoke(Licence.objects.get(pk=permit.pk), reason="x", actor=PLATFORM)
    for whole in industry.merging(permit):
        industry.refresh(whole)


def test_two_permits_that_end_at_once_leave_one_true_edition_and_print_at_most_one_each(merged):
    whole, permits = merged

    answers = together(lambda: ended(permits["tobacco-licence"]), lambda: ended(permits["hygiene-licence"]))

    assert problems(answers) == []
    editions = list(items.editions(whole))
    assert len(editions) in (2, 3)
    assert [one.state for one in editions] == [LicenceState.VALID] + [LicenceState.SUPERSEDED] * (len(editions) - 1)
    assert {one.key for one in editions[0].items.all()} == {"food-licence", "alcohol-licence"}
    assert editions[0].valid_to == permits["food-licence"].valid_to


def test_many_hands_that_carry_one_event_print_one_edition(merged):
    whole, permits = merged
    services.revoke(permits["tobacco-licence"], reason="x", actor=PLATFORM)

    answers = together(*[lambda: industry.refresh(Licence.objects.get(pk=whole.pk))] * 6)

    assert problems(answers) == []
    assert sum(answer is not None for answer in answers) == 1
    assert items.editions(whole).count() == 2


def test_the_end_of_what_it_needs_and_of_what_it_does_not_at_once_end_it_once(merged):
    whole, permits = merged

    answers = together(lambda: ended(permits["food-licence"]), lambda: ended(permits["tobacco-licence"]))

    assert problems(answers) == []
    last = items.editions(whole)[0]
    assert last.state == LicenceState.CANCELLED
    ends = Event.objects.filter(kind="LicenceStateChanged", payload__licence=last.pk, payload__state="cancelled")
    assert ends.count() == 1


def test_a_renewal_and_a_suspension_of_the_whole_at_once_never_lose_the_renewal(merged):
    whole, permits = merged
    food = permits["food-licence"]

    def renewed() -> None:
        services.issue(
            food.type.slug, holder=food.holder, face={}, decision="case:50", issued_on=TODAY, valid_from=TODAY,
            valid_to=TODAY + timedelta(days=900), actor=PLATFORM, previous=Licence.objects.get(pk=food.pk),
        )  # fmt: skip
        industry.refresh(Licence.objects.get(pk=whole.pk))

    answers = together(renewed, lambda: services.suspend(Licence.objects.get(pk=whole.pk), reason="x", actor=PLATFORM))
    last = items.editions(whole)[0]
    if last.state == LicenceState.SUSPENDED:
        services.resume(last, reason="x", actor=PLATFORM)
        industry.refresh(last)

    assert len(problems(answers)) <= 1  # the suspension may find that its edition was just superseded, and say so
    printed = items.editions(whole)[0].items.get(key="food-licence")
    assert printed.number.split(".")[-2] == "002"


def test_without_waiting_at_the_first_edition_the_second_hand_would_fail_or_print_what_is_not_true(merged):
    """The negative control: look first, write afterwards."""
    whole, permits = merged
    looked = threading.Barrier(2)

    def careless(permit: Licence) -> None:
        services.revoke(Licence.objects.get(pk=permit.pk), reason="x", actor=PLATFORM)
        seen = Licence.objects.select_related("type", "issuer", "holder").get(pk=whole.pk)
        staying = [industry._again(one) for one in items.present(seen, TODAY) if one.key != permit.type.slug]
        looked.wait(10)
        with transaction.atomic():
            industry._issue(
                seen.holder, dict(seen.face), staying, decision=f"items:{permit.pk}", actor=PLATFORM, issuer=seen.issuer,
                previous=seen, today=TODAY, now=timezone.now(),
            )  # fmt: skip

    answers = together(lambda: careless(permits["tobacco-licence"]), lambda: careless(permits["hygiene-licence"]))

    listed = {one.key for one in items.editions(whole)[0].items.all()}
    assert problems(answers) or listed & {"tobacco-licence", "hygiene-licence"}
