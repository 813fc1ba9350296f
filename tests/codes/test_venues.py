"""Venues: made by a granted application, entered by the rule in force, counted once in ten minutes."""

import datetime

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests import make
from tests.codes import venues
from tongban.cases.events import CaseDecided
from tongban.cases.models import Case
from tongban.codes import day_keys, entry_rules, queries_venues, venue_tokens, words_of_the_minute
from tongban.codes.entry_rules import InForce, Verdict
from tongban.codes.models import (
    CountedOnce,
    DivisionDay,
    Entrance,
    EntranceCount,
    Outcome,
    Passage,
    Poster,
    Venue,
    VenueTally,
)
from tongban.codes.reactions import make_the_venue
from tongban.codes.services import diary, entering, keeping_venues
from tongban.codes.services.entering import Visitor
from tongban.codes.test_results import TestSeen
from tongban.journal.actors import Actor
from tongban.journal.models import Event, ReadEntry
from tongban.lib.moves import NotNow
from tongban.lib.problems import Invalid, NotAllowed
from tongban.notices.models import Message

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]

NOW = timezone.now().replace(microsecond=0)


@pytest.fixture(autouse=True)
def at_that_time():
    """However late in a run: what is done by the clock and what is asked at NOW are of the same minute."""
    with time_machine.travel(NOW, tick=True):
        yield


MINUTE = datetime.timedelta(minutes=1)
MANAGER = Actor("applicant", "applicant")


def counts():
    rows = EntranceCount.objects.values_list("passed", "warned", "refused")
    return tuple(sum(figures) for figures in zip(*rows, strict=True)) if rows else (0, 0, 0)


# -- the application makes the venue


FORM = [
    {"id": "venue", "type": "text", "zh": "名", "en": "Name"},
    {"id": "kind", "type": "choice", "zh": "类", "en": "Kind", "options": ["wet market", "library"]},
    {"id": "address", "type": "address", "zh": "址", "en": "Address"},
    {"id": "capacity", "type": "number", "zh": "人", "en": "Capacity", "required": False},
    {"id": "points", "type": "table", "zh": "口", "en": "Entrances", "columns": ["name"]},
    {"id": "manager", "type": "text", "zh": "管", "en": "Manager"},
    {"id": "mobile", "type": "text", "zh": "话", "en": "Mobile"},
]
SAID = {
    "venue": "示范菜市场", "kind": "wet market", "address": "示范路1号", "capacity": 200,
    "points": [{"name": "东门"}, {"name": "西门"}], "manager": "张示范", "mobile": "13800000000",
}  # fmt: skip


def granted(account=None, **said) -> Case:
    matter = make.matter("venue-code-apply", form=FORM)
    case = make.case("under_review", matter, account_=account or make.account())
    case.values = {name: {"value": value} for name, value in (SAID | said).items()}
    case.decision, case.state = Case.Decision.GRANTED, "approved"
    case.decided_at = NOW
    case.save()
    return case


def test_granting_makes_the_venue_with_its_entrances_and_posters_and_tells_the_manager():
    account = make.account()
    case = granted(account)

    make_the_venue(CaseDecided(case=case.pk, outcome="granted", by_machine=True))
    make_the_venue(CaseDecided(case=case.pk, outcome="granted", by_machine=True))  # delivered twice

    row = Venue.objects.get()
    assert (row.code_no, row.kind, row.name["zh"], row.address["zh"], row.capacity) == (
        case.number, "wet market", "示范菜市场", "示范路1号", 200,
    )  # fmt: skip
    assert (row.manager_name, row.manager_phone, row.party_id) == ("张示范", "13800000000", case.applicant_id)
    assert [one.name["zh"] for one in row.entrances.all()] == ["东门", "西门"]
    assert Poster.objects.filter(entrance__venue=row, state="current").count() == 2
    assert list(VenueTally.objects.values_list("kind", "venues")) == [("wet market", 1)]
    assert Message.objects.filter(account=account, kind="venue_ready").count() == 1


def test_a_refused_application_makes_nothing():
    case = granted()
    Case.objects.filter(pk=case.pk).update(decision=Case.Decision.REFUSED)

    make_the_venue(CaseDecided(case=case.pk, outcome="refused", by_machine=False))
    assert keeping_venues.register(case.pk) is None
    assert not Venue.objects.exists()


# -- what is printed


def test_a_token_that_is_altered_in_any_place_is_not_ours():
    token = venue_tokens.token_of("abcdefghijkl")

    assert venue_tokens.mark_in(token) == "abcdefghijkl"
    for place in range(len(token)):
        for sign in "AB-_0":
            altered = token[:place] + sign + token[place + 1 :]
            assert altered == token or venue_tokens.mark_in(altered) is None
    assert venue_tokens.mark_in(token + "A") is None
    assert venue_tokens.mark_in("") is None


def test_a_genuine_signature_over_a_poster_that_never_was_leads_nowhere():
    assert queries_venues.poster_of(venue_tokens.token_of("abcdefghijkl")) is None


def test_no_poster_we_make_names_another_host():
    for host in ("https://tongban.example", "http://localhost:8000"):
        address = venue_tokens.address_of("abcdefghijkl", host)

        assert address.startswith(host + "/at/")
        assert venue_tokens.token_in(address, host) == venue_tokens.token_of("abcdefghijkl")
        assert venue_tokens.token_in(address, "https://other.example") is None


@pytest.mark.parametrize(
    "text",
    [
        "https://tongban.example@evil.example/at/x", "https://tongban.example.evil.example/at/x", "http://tongban.example/at/x",
        "https://tongban.example:8443/at/x", "https://tongban.example/at/x?to=evil", "https://tongban.example/other/x",
        "https://tongban.example\\@evil.example/at/x", "//tongban.example/at/x", "https://tongbаn.example/at/x", "https://[::1",
        "https://tongban.example/at/" + "x" * 400, "", "TB1:ABC",
    ],
)  # fmt: skip
def test_the_scanner_opens_nothing_that_is_not_ours_to_the_letter(text):
    assert venue_tokens.token_in(text, "https://tongban.example") is None


# -- judging


def rule(level):
    return InForce(level)


def seen(hours, result="negative"):
    return TestSeen("nucleic acid", NOW - datetime.timedelta(hours=hours), result, "", "register")


@pytest.mark.parametrize(
    ("level", "colour", "test", "said"),
    [
        ("off", "red", None, ("pass", "ok")),
        ("register", "red", None, ("pass", "ok")),
        ("green", "green", None, ("pass", "ok")),
        ("green", "yellow", None, ("refuse", "yellow")),
        ("green", "red", None, ("refuse", "red")),
        ("green", "grey", None, ("warn", "grey")),
        ("green", "blue", None, ("pass", "ok")),
        ("test_72h", "green", None, ("refuse", "no_test")),
        ("test_72h", "green", seen(71), ("pass", "ok")),
        ("test_72h", "green", seen(73), ("refuse", "test_old")),
        ("test_48h", "green", seen(71), ("refuse", "test_old")),
        ("test_48h", "green", seen(47), ("pass", "ok")),
        ("test_48h", "green", seen(1, "positive"), ("refuse", "positive")),
        ("test_48h", "green", seen(1, "unknown"), ("warn", "test_unknown")),
        ("test_48h", "green", seen(-3), ("warn", "test_unknown")),
        ("test_48h", "red", seen(1), ("refuse", "red")),
    ],
)
def test_the_entrance_says_by_the_rule(level, colour, test, said):
    assert entry_rules.judge(rule(level), known=True, colour=colour, test=test, at=NOW) == Verdict(*said)


def test_whom_nobody_knows_is_not_refused_but_shown_to_the_guard():
    assert entry_rules.judge(rule("green"), known=False, at=NOW) == Verdict(Outcome.WARN, "not_known")
    assert entry_rules.judge(rule("register"), known=False, at=NOW) == Verdict(Outcome.PASS, "ok")


def test_without_a_rule_nothing_is_asked():
    assert queries_venues.in_force_at(venues.venue(), NOW).level == "off"


def test_a_rule_of_the_place_goes_before_that_of_its_kind_and_days_count():
    row, today = venues.venue(), timezone.localdate(NOW)
    venues.rule("register")
    kind = queries_venues.in_force_at(row, NOW).level
    venues.rule("off", of=row)
    place = queries_venues.in_force_at(row, NOW).level
    venues.rule("register", of=row, first_day=today + datetime.timedelta(days=1))

    assert (kind, place, queries_venues.in_force_at(row, NOW).level) == ("register", "off", "off")
    assert queries_venues.in_force_at(row, NOW + datetime.timedelta(days=2)).level == "register"
    assert queries_venues.in_force_at(row, NOW + datetime.timedelta(days=30)).level == "off"


def test_an_order_in_force_goes_before_a_weaker_rule_in_its_area_and_ends_by_itself():
    here, elsewhere = venues.venue(), venues.venue(division=venues.division("310101", level="district"))
    venues.rule("register")
    order = venues.order(entry_rules={"wet market": "test_72h"})

    assert queries_venues.in_force_at(here, NOW).level == "test_72h"
    assert queries_venues.in_force_at(here, NOW).order == order.pk
    assert queries_venues.in_force_at(elsewhere, NOW).level == "register"
    assert queries_venues.in_force_at(here, order.ends_at).level == "register"


def test_a_rule_that_asks_for_a_colour_asks_nobody_once_the_order_is_over():
    row = venues.venue()
    order = venues.order()
    venues.rule("test_48h", last_day=timezone.localdate(NOW) + datetime.timedelta(days=30))

    assert queries_venues.in_force_at(row, NOW).level == "test_48h"
    assert queries_venues.in_force_at(row, order.ends_at).level == "register"


# -- counting


def test_a_thousand_check_ins_by_one_person_count_once_in_ten_minutes():
    poster = venues.poster(venues.venue())
    start = NOW

    for step in range(1000):
        entering.enter(poster, Visitor(party=7), now=start + datetime.timedelta(seconds=step))

    assert counts() == (2, 0, 0)  # 16 minutes and 40 seconds
    assert Passage.objects.count() == 2


def test_guests_of_one_device_count_once_and_those_of_one_address_not_without_end():
    poster = venues.poster(venues.venue())

    for _again in range(5):
        entering.enter(poster, Visitor(device="one", address="192.0.2.1"), now=NOW)
    once = counts()
    for device in range(200):
        said = entering.enter(poster, Visitor(device=f"made-up-{device}", address="192.0.2.1"), now=NOW)

    assert once == (1, 0, 0)
    assert counts()[0] <= entering.GUESTS_OF_ONE_ADDRESS
    assert said.result == "pass"  # nobody is locked out: a whole hall may share an address


def test_who_was_turned_back_and_is_let_in_now_counts_once_as_let_in(monkeypatch):
    row = venues.venue()
    venues.order(entry_rules={"wet market": "test_48h"})
    person = make.account().person
    first = entering.enter(venues.poster(row), Visitor(party=person.pk), now=NOW)
    monkeypatch.setattr("tongban.codes.test_results.latest_test", lambda party, at: seen(2))

    second = entering.enter(venues.poster(row), Visitor(party=person.pk), now=NOW + MINUTE)
    third = entering.enter(venues.poster(row), Visitor(party=person.pk), now=NOW + 2 * MINUTE)

    assert (first.reason, second.reason, third.counted) == ("no_test", "ok", False)
    assert counts() == (1, 0, 0)
    assert list(Passage.objects.order_by("pk").values_list("result", flat=True)) == ["refuse", "pass"]


def test_nothing_on_the_server_says_who_came():
    row = venues.venue()
    person = make.account().person

    entering.enter(venues.poster(row), Visitor(party=person.pk), now=NOW)

    assert not ReadEntry.objects.exists()
    assert not Event.objects.filter(subject=row.subject).exists()
    names = {field.name for model in (EntranceCount, Passage, CountedOnce) for field in model._meta.fields}
    assert not names & {"person", "party", "account", "name", "phone"}


def test_what_the_guard_saw_is_forgotten_after_half_an_hour_and_counts_stay():
    entering.enter(venues.poster(venues.venue()), Visitor(party=1), now=NOW)

    entering.forget(NOW + 29 * MINUTE)
    still = Passage.objects.count()
    entering.forget(NOW + 31 * MINUTE)

    assert (still, Passage.objects.count(), CountedOnce.objects.count(), counts()) == (1, 0, 0, (1, 0, 0))


def test_a_full_place_lets_people_wait_where_its_manager_wants_it():
    row = venues.venue(capacity=2, turns_back=True, stay_minutes=30)
    poster = venues.poster(row)
    said = [entering.enter(venues.read(poster), Visitor(party=who), now=NOW).reason for who in (1, 2, 3)]
    again = entering.enter(venues.read(poster), Visitor(party=1), now=NOW + MINUTE).reason
    entering.went(row, now=NOW + MINUTE)
    room = entering.enter(venues.read(poster), Visitor(party=3), now=NOW + 2 * MINUTE).reason
    later = entering.enter(venues.read(poster), Visitor(party=4), now=NOW + 60 * MINUTE).reason

    assert (said, again, room, later) == (["ok", "ok", "full"], "ok", "ok", "ok")


def test_a_full_place_only_shows_it_where_nobody_is_turned_back():
    row = venues.venue(capacity=1)

    said = [entering.enter(venues.poster(row), Visitor(party=who), now=NOW).result for who in (1, 2)]

    assert said == ["pass", "pass"]
    assert queries_venues.inside(row, NOW) == 2


def test_a_code_that_was_replaced_counts_nothing():
    poster = venues.poster(venues.venue())
    keeping_venues.replace(venues.read(poster), actor=MANAGER, account=None)

    with pytest.raises(NotAllowed) as refused:
        entering.enter(poster, Visitor(party=1), now=NOW)

    assert refused.value.code == "code-replaced"
    assert counts() == (0, 0, 0)


def test_a_poster_is_replaced_once():
    poster = venues.poster(venues.venue())
    keeping_venues.replace(venues.read(poster), actor=MANAGER, account=None)

    with pytest.raises(NotNow):
        keeping_venues.replace(poster, actor=MANAGER, account=None)
    assert Poster.objects.filter(state="current").count() == 1


def test_an_entrance_works_with_a_code_or_a_device_and_never_with_both():
    row = venues.venue()
    entrance = Entrance.objects.select_related("venue").get()

    keeping_venues.control(entrance, "device", actor=MANAGER)
    with pytest.raises(NotAllowed):
        keeping_venues.hang(entrance, place="", actor=MANAGER, account=None)
    assert not queries_venues.hangs(venues.poster(row))
    keeping_venues.control(entrance, "code", actor=MANAGER)
    assert queries_venues.hangs(venues.read(keeping_venues.hang(entrance, place="", actor=MANAGER, account=None)))


def test_a_venue_given_up_or_past_its_day_opens_nothing():
    one, two = venues.venue(), venues.venue(valid_until=timezone.localdate() - datetime.timedelta(days=1))
    keeping_venues.give_up(one, actor=MANAGER)

    for row in (one, two):
        assert not queries_venues.hangs(venues.poster(row))
        with pytest.raises(NotAllowed):
            entering.enter(venues.poster(row), Visitor(party=1))


# -- the word of the minute


def test_the_word_is_the_same_in_one_minute_and_another_one_elsewhere():
    whole = NOW.replace(second=0)
    one = words_of_the_minute.of_minute(1, whole)
    hours = [words_of_the_minute.of_minute(1, whole + step * MINUTE) for step in range(60)]

    assert words_of_the_minute.of_minute(1, whole + datetime.timedelta(seconds=59)) == one
    assert len({(word["zh"], colour) for word, colour in hours}) > 40
    assert [words_of_the_minute.of_minute(2, whole + step * MINUTE) for step in range(60)] != hours


# -- staff


def works_at(row, name="陈摊主"):
    manager, account = make.account(), make.account(make.person(name))
    worker, code = keeping_venues.invite(row, name="x", job="", guard=False, account=manager, actor=MANAGER)
    keeping_venues.agree(keeping_venues.invitation(code), account=account, actor=MANAGER)
    worker.refresh_from_db()
    return worker


def test_overdue_tests_are_flagged_without_their_result_in_a_constant_number_of_queries(monkeypatch):
    row = venues.venue()
    people = [works_at(row) for _number in range(3)]
    tests = {people[0].person_id: seen(20), people[1].person_id: seen(80, "positive")}
    monkeypatch.setattr(
        queries_venues, "latest_tests", lambda ids, at: {one: tests[one] for one in ids if one in tests}
    )

    nobody = [one.due for one in queries_venues.staff_list(row, NOW)]
    venues.rule("register", staff_hours=48)
    with CaptureQueriesContext(connection) as three:
        due = {one.worker.pk: one.due for one in queries_venues.staff_list(row, NOW)}
    works_at(row)
    with CaptureQueriesContext(connection) as four:
        queries_venues.staff_list(row, NOW)

    assert nobody == [False] * 3
    assert due == {people[0].pk: False, people[1].pk: True, people[2].pk: True}
    assert len(three) == len(four)
    assert set(queries_venues.OnList.__dataclass_fields__) == {"worker", "due"}


def test_inspectors_draw_only_from_those_who_agreed():
    row = venues.venue()
    there = works_at(row)
    keeping_venues.invite(row, name="未同意", job="", guard=False, account=make.account(), actor=MANAGER)
    gone = works_at(row)
    keeping_venues.leave(gone, by_manager=False, actor=MANAGER)

    assert [one.pk for one in queries_venues.staff_of(row)] == [there.pk]


def test_a_code_for_a_worker_holds_once_and_for_fourteen_days():
    row = venues.venue()
    _worker, code = keeping_venues.invite(row, name="x", job="", guard=False, account=make.account(), actor=MANAGER)

    assert keeping_venues.invitation(code, now=timezone.now() + datetime.timedelta(days=15)) is None
    keeping_venues.agree(keeping_venues.invitation(code.lower()), account=make.account(), actor=MANAGER)
    assert keeping_venues.invitation(code) is None


def test_nobody_is_on_the_list_without_having_agreed():
    worker, _code = keeping_venues.invite(
        venues.venue(), name="x", job="", guard=False, account=make.account(), actor=MANAGER
    )

    with pytest.raises(IntegrityError), transaction.atomic():
        type(worker).objects.filter(pk=worker.pk).update(state="works")


# -- sums


def test_sums_of_days_hold_what_was_counted_each_once_and_stay_when_the_counts_go():
    poster = venues.poster(venues.venue())
    before = NOW - datetime.timedelta(hours=3)
    for step in range(4):
        entering.enter(poster, Visitor(party=step), now=before + step * 5 * MINUTE)
    entering.enter(poster, Visitor(party=9), now=NOW)  # its ten minutes are not over

    for _turn in range(3):
        diary.roll_up(NOW)
    EntranceCount.objects.all().delete()

    assert sum(DivisionDay.objects.values_list("passed", flat=True)) == 4


def test_written_by_hand_needs_a_name_only_under_an_order(tmp_path, monkeypatch):
    monkeypatch.setattr(day_keys, "folder", lambda: tmp_path)
    day_keys.enter_office(tmp_path, day_keys.new_office_key(None)[1])
    entrance = Entrance.objects.select_related("venue__division").get(venue=venues.venue())

    entering.write_down(entrance, let_in=True)
    venues.rule("register")
    venues.order(diary=True)
    with pytest.raises(Invalid):
        entering.write_down(entrance, let_in=True)
    entering.write_down(entrance, let_in=False)

    assert counts() == (1, 0, 1)


def test_coming_in_takes_few_statements_whatever_was_counted_before():
    poster = venues.poster(venues.venue())
    entering.enter(poster, Visitor(party=1), now=NOW)
    for who in range(20):
        entering.enter(poster, Visitor(party=100 + who), now=NOW)

    with CaptureQueriesContext(connection) as asked:
        entering.enter(poster, Visitor(party=2), now=NOW)

    assert len(asked) <= 9, [query["sql"][:90] for query in asked]
