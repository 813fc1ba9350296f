"""What an applicant sees of the promise of a bundle while one of its parts stands still."""

import datetime

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from tests import doors, make
from tests.cases import bundle_ways as shop
from tests.cases import ways
from tests.portal.test_finding import english, words
from tongban.cases import clocks, services
from tongban.cases.models import Case
from tongban.cases.services import keeping_time
from tongban.channels.office import acts

pytestmark = pytest.mark.django_db

NOT_COUNTED = [
    {"name": {"zh": "公示7日", "en": "Public notice 7 days"}, "limit": {"zh": "7日", "en": "7 days"}, "counted": False}
]


def said(client, case: Case) -> str:
    return words(english(client, f"/my/cases/{case.ref}/"))


def test_the_whole_shows_no_day_while_a_part_stands_still_and_which_part_it_is(client):
    whole = shop.in_review(shop.bundle(optional=("sign",), after={"drain": ["food"]}))
    doors.enter(client, whole.account, present=True)
    part = shop.of(whole, "food")
    officer = ways.of_department("dept_reviewer", part)
    before = said(client, whole)

    services.suspend(part, officer=officer, kind="expert_review", planned_days=5, why="the fish tank")
    still, waiting = said(client, whole), said(client, shop.of(whole, "drain"))
    itself, going = said(client, shop.fresh(part)), said(client, shop.of(whole, "fire"))
    planned = shop.of(whole, "food").clocks.get(kind="special_procedure").due
    services.resume(shop.fresh(part), officer=officer, result="the experts agree")
    after = said(client, whole)

    assert "Expected by" in before and "stands still" not in before
    assert "Expected by" not in still
    assert "“food matter” is in a step that the law does not count." in still
    assert f"It is planned until {planned.day} {planned:%B}" in still
    assert "everything is promised by" in still and still.count("its clock stands still") == 2  # food and drain
    assert "This part begins after “food matter”" in waiting
    assert "In good time" in before and "In good time" in going
    assert "In good time" not in still and "In good time" not in waiting
    assert "The clock stands still" in itself and "Working days left" not in itself
    assert "Expected by" in going and "Working days left" in going and "stands still" not in going
    assert "Expected by" in after and "stands still" not in after


def test_a_step_that_takes_longer_than_planned_names_no_day(client):
    whole = shop.in_review()
    doors.enter(client, whole.account, present=True)
    part = shop.of(whole, "food")
    services.suspend(
        part,
        officer=ways.of_department("dept_reviewer", part),
        kind="appraisal",
        planned_days=1,
        why="the lease is old",
    )
    part.clocks.filter(kind="special_procedure").update(due=timezone.localdate() - datetime.timedelta(days=3))

    assert "and takes longer" in said(client, whole)


def test_a_part_that_is_announced_for_objections_says_until_when(client):
    notice = {"public_notice": True, "notice_days": 7, "notice_unit": "calendar_day", "special_procedures": NOT_COUNTED}
    whole = shop.in_review(shop.bundle(of={"fire": notice}))
    doors.enter(client, whole.account, present=True)
    part = shop.of(whole, "fire")
    services.publish_notice(
        part, officer=ways.of_department("dept_reviewer", part), text="拟准予。", text_en="To be granted."
    )
    until = part.public_notices.get().until

    assert "“fire matter” is announced for objections, and those days do not count." in said(client, whole)
    assert f"It is announced for objections until {until.day} {until:%B}" in said(client, shop.fresh(part))
    forecast = clocks.forecast(shop.fresh(part), now=timezone.now())
    keeping_time.end_public_notices()  # nothing yet
    with time_machine.travel(
        timezone.make_aware(datetime.datetime.combine(until, datetime.time(12))) + datetime.timedelta(days=1),
        tick=False,
    ):
        assert keeping_time.end_public_notices() == 1
    assert (forecast["by"], forecast["then"].day) == (until, shop.fresh(part).promised_due)
    letter = part.documents.get(kind="public_notice").content["rows"]
    assert whole.number in str(letter)


def test_a_page_whose_clocks_run_asks_nothing_more(client):
    """Negative control of the count: with a part that stands still it asks more."""
    whole = shop.in_review()
    doors.enter(client, whole.account, present=True)
    client.get(f"/my/cases/{whole.ref}/")

    def asked() -> int:
        with CaptureQueriesContext(connection) as sent:
            client.get(f"/my/cases/{whole.ref}/")
        return sum("decision_promised" in one["sql"] for one in sent.captured_queries)

    running = asked()
    part = shop.of(whole, "food")
    services.suspend(
        part,
        officer=ways.of_department("dept_reviewer", part),
        kind="appraisal",
        planned_days=3,
        why="the lease is old",
    )

    assert running == 0 < asked()


def test_the_officer_who_stops_a_part_is_told_that_the_whole_stands_still_too():
    whole = shop.in_review()
    part = shop.of(whole, "food")
    alone = make.case("under_review")

    with translation.override("en"):
        of_part = " ".join(map(str, acts._stands_still(part, ways.of_department("dept_reviewer", part))))
        of_one = " ".join(map(str, acts._stands_still(alone, ways.of_department("dept_reviewer", alone))))

    assert "promised with its last part" in of_part and "promised with its last part" not in of_one
