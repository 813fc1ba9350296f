"""The office that issues venue codes: lists, suspending, rules, reports."""

import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests import make
from tests.codes import venues
from tests.office.desks import at_the_desk
from tongban.codes.models import EntryRule, Venue, VenueReport, VenueTally
from tongban.codes.services import diary, entering
from tongban.notices.models import Message

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]


@pytest.fixture
def desk():
    there = at_the_desk(make.officer("coordinator"))
    there.cookies["language"] = "en"
    return there


def words(**more):
    today = timezone.localdate()
    return {
        "kind": "wet market", "level": "register", "words_zh": "请扫码", "words_en": "Please scan", "basis": "A law",
        "first_day": str(today), "last_day": str(today + datetime.timedelta(days=30)),
    } | more  # fmt: skip


def test_the_list_is_narrowed_and_turns_pages_without_counting(desk):
    first = [venues.venue() for _number in range(3)]
    venues.venue(kind="library", name="示范图书馆")
    other = venues.division("310107014")
    venues.venue(division=other)

    with CaptureQueriesContext(
        connection,
    ) as few:
        desk.get("/office/venues/")
    for _number in range(30):
        venues.venue()
    with CaptureQueriesContext(connection) as many:
        page = desk.get("/office/venues/", {"division": "310107005", "kind": "wet market"})
    rest = desk.get("/office/venues/", {"division": "310107005", "kind": "wet market", "before": page.context["next"]})

    assert len(page.context["rows"]) == 30
    assert {row.pk for row in rest.context["rows"]} == {row.pk for row in first}
    assert len(few) == len(many)
    assert not any("COUNT(" in query["sql"].upper() and "codes_venue" in query["sql"] for query in many)
    assert [row.division_id for row in desk.get("/office/venues/", {"division": "310107014"}).context["rows"]] == [
        other.pk
    ]


def test_a_venue_is_found_by_its_number(desk):
    row = venues.venue()

    assert desk.get("/office/venues/", {"number": row.code_no})["Location"] == f"/office/venues/{row.pk}/"
    assert "no venue with this number" in desk.get("/office/venues/", {"number": "x"}).content.decode()


def test_a_venue_is_suspended_with_a_reason_and_its_manager_is_told(desk):
    manager = make.account()
    row = venues.venue(manager.person)
    here = f"/office/venues/{row.pk}/"

    wrong = desk.post(here, {"act": "suspend", "reason": " "})
    desk.post(here, {"act": "suspend", "reason": "The address is not true."})
    page = desk.get(here).content.decode()

    assert wrong.status_code == 422
    assert Venue.objects.get().state == "suspended"
    assert "The address is not true." in page
    assert Message.objects.get(account=manager).kind == "venue_suspended"
    assert [row.pk for row in desk.get("/office/venues/", {"state": "suspended"}).context["rows"]] == [row.pk]

    desk.post(here, {"act": "resume", "reason": ""})
    assert Venue.objects.get().state == "active"


def test_a_rule_is_published_with_days_and_basis_and_withdrawn(desk):
    wrong = desk.post("/office/venues/rules/", words(basis="", last_day="2020-01-01"))
    desk.post("/office/venues/rules/", words())
    page = desk.get("/office/venues/rules/").content.decode()

    assert wrong.status_code == 422 and set(wrong.context["errors"]) == {"basis", "last_day"}
    assert "Please scan" in page and "A law" in page

    desk.post("/office/venues/rules/", {"act": "withdraw", "rule": EntryRule.objects.get().pk})
    assert "withdrawn" in desk.get("/office/venues/rules/").content.decode()


def test_colours_are_not_published_without_an_order(desk):
    without = desk.post("/office/venues/rules/", words(level="test_48h"))
    venues.order()
    desk.post("/office/venues/rules/", words(level="test_48h"))

    assert without.context["errors"]["level"] == [
        "Colours and tests may be asked only while an emergency order is in force."
    ]
    assert EntryRule.objects.get().level == "test_48h"


def test_an_editor_publishes_for_one_compound():
    editor = at_the_desk(make.officer("content_editor"))
    compound = venues.venue(kind="residential compound")

    unknown = editor.post("/office/venues/rules/", words(kind="", place="nothing"))
    editor.post("/office/venues/rules/", words(kind="", place=compound.code_no))

    assert set(unknown.context["errors"]) == {"place"}
    assert EntryRule.objects.get().venue_id == compound.pk
    assert editor.get("/office/venues/").status_code == 403


def test_a_report_is_looked_at_and_closed(desk):
    row = VenueReport.objects.create(what="forged", place="Demo Road 3", text="A sticker")

    page = desk.get("/office/venues/reports/").content.decode()
    wrong = desk.post("/office/venues/reports/", {"report": row.pk, "found": ""})
    desk.post("/office/venues/reports/", {"report": row.pk, "found": "Taken off."})

    assert "Demo Road 3" in page and "A sticker" in page
    assert wrong.status_code == 422
    assert "Taken off." in desk.get("/office/venues/reports/", {"state": "closed"}).content.decode()
    assert "Demo Road 3" not in desk.get("/office/venues/reports/").content.decode()


def test_an_auditor_looks_and_changes_nothing():
    auditor = at_the_desk(make.officer("auditor"))
    row = venues.venue()

    assert auditor.get(f"/office/venues/{row.pk}/").status_code == 200
    assert auditor.post(f"/office/venues/{row.pk}/", {"act": "suspend", "reason": "x"}).status_code == 403


def test_spread_is_told_by_division_from_sums(desk):
    market = venues.venue()
    VenueTally.objects.create(division="310107005", kind="wet market", venues=12)
    before = timezone.now() - datetime.timedelta(hours=2)
    for who in range(3):
        entering.enter(venues.poster(market), entering.Visitor(party=who + 1), now=before)
    diary.roll_up()
    diary.roll_up()  # each count once

    with CaptureQueriesContext(connection) as asked:
        page = desk.get("/office/venues/spread/")
    library = desk.get("/office/venues/spread/", {"kind": "library"})

    assert [(name, row.venues, row.passed) for name, row, _most in page.context["rows"]] == [
        ("Demo Subdistrict", 12, 3)
    ]
    assert library.context["rows"] == []
    assert not any('codes_venue"' in query["sql"] or "codes_entrancecount" in query["sql"] for query in asked)
