"""Inspections of venues: chance draws and cannot be asked twice unseen; a scan shows the test with every reason; the venue answers."""

import io
import itertools
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from PIL import Image

from tests import make
from tongban.codes import colours, visit_queries, visit_rules
from tongban.codes.models import (
    CodeCheck,
    EntryRule,
    HealthStatus,
    KnownTest,
    Scene,
    StatusProposal,
    Venue,
    VenueFinding,
    VenueVisit,
    VenueWorker,
    WorkerCheck,
)
from tongban.codes.services import ordering, visiting
from tongban.codes.services.verifying import VALID, Verdict
from tongban.codes.test_results import TestSeen
from tongban.departments import duties
from tongban.journal.actors import Actor
from tongban.lib.problems import Invalid, NotAllowed
from tongban.notices.models import Message
from tongban.places.models import Division

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
NUMBERS = itertools.count(1)


@pytest.fixture
def area():
    make.calendar()
    return Division.objects.create(code="310107", level="district", name={"zh": "普陀区", "en": "Putuo"})


@pytest.fixture
def inspector():
    return make.officer("inspector", of=make.department("HC"))


def venue(area, number=1, **given):
    owner = make.account()
    company = make.company(of=owner.person)
    fields = {
        "code_no": f"VC-990000-{number:04d}", "party": company, "kind": "wet market", "division": area,
        "name": {"zh": f"示范市场{number}", "en": f"Market {number}"}, "address": {"zh": "示范路1号", "en": "1 Demo Road"},
    }  # fmt: skip
    return Venue.objects.create(**(fields | given))


def worker(at, test=None, *, hours=10):
    person = make.person(f"员工{next(NUMBERS)}")
    if test is not None:
        KnownTest.objects.create(
            person=person, source="register",
            facts={"type": "pcr", "sampled_at": (timezone.now() - hours * HOUR).isoformat(), "result": test, "centre": "示范检测点"},
        )  # fmt: skip
    return VenueWorker.objects.create(
        venue=at, person=person, name=person.name, state="works", invited_by=make.account(), agreed_at=timezone.now()
    )


@pytest.fixture
def codes(monkeypatch):
    """Codes that are the person's key: how codes are signed and read is tested where it is made (test_verifying)."""
    Scene.objects.create(
        slug="inspection", name={"zh": "抽查"}, purpose={}, basis={}, fields=["name", "test"], sorts=["person"]
    )
    used = set()

    def verify(text, *, reader, purpose, at, by):
        assert (purpose, reader.scene.slug, reader.operator) == ("inspection", "inspection", "inspection:HC")
        if text in used or not text.isdigit():
            return Verdict("invalid", "used" if text in used else "altered")
        used.add(text)
        return Verdict(VALID, party=int(text), kind="person")

    monkeypatch.setattr("tongban.codes.services.visiting.verifying.verify", verify)


def tests_asked(area, hours=72):
    EntryRule.objects.create(
        kind="wet market", level="register", basis="x", staff_hours=hours, first_day="2020-01-01", last_day="2099-01-01",
        published_by=make.officer("coordinator"),
    )  # fmt: skip


# -- the draw


def test_the_seed_draws_the_same_again(area, inspector):
    places = [venue(area, number) for number in range(1, 6)]
    for place in places:
        for _i in range(5):
            worker(place)

    row = visiting.draw(officer=inspector, area=area, size=3)

    rows = visit_queries.to_draw_from(area, "", row.day)
    assert row.among == 5
    assert rows[visit_rules.chosen(row.seed, row.among)] == row.venue
    workers = visit_queries.workers_of(row.venue).values_list("pk", flat=True)
    assert row.sample == visit_rules.sampled(row.seed, workers, 3)
    assert (len(set(row.sample)), row.staff) == (3, 5)


def test_chance_reaches_every_venue_and_every_worker():
    seeds = [f"{number:032x}" for number in range(400)]

    assert {visit_rules.chosen(seed, 7) for seed in seeds} == set(range(7))
    first = [visit_rules.sampled(seed, range(5), 2) for seed in seeds]
    drawn = [sum(number in row for row in first) for number in range(5)]
    assert min(drawn) > 110  # 160 of 400 would be exactly fair


def test_only_venues_in_use_in_the_area_are_drawn(area, inspector):
    beside = Division.objects.create(code="310106", level="district", name={"zh": "静安区"})
    part = Division.objects.create(code="310107005", level="subdistrict", name={"zh": "曹杨"}, parent=area)
    venue(beside, 1)
    venue(area, 2, state="suspended", state_reason="x")
    venue(area, 3, valid_until=timezone.localdate() - timedelta(days=1))
    venue(area, 4, kind="hotel")
    here = venue(part, 5)

    assert visiting.draw(officer=inspector, area=area, kind="wet market").venue == here
    with pytest.raises(NotAllowed) as refused:
        visiting.draw(officer=make.officer("inspector"), area=area, kind="gym")
    assert refused.value.code == "nothing-to-draw"


def test_a_second_draw_needs_a_reason_that_the_supervisor_reads(area, inspector):
    for number in range(3):
        venue(area, number)
    first = visiting.draw(officer=inspector, area=area)

    with pytest.raises(Invalid) as refused:
        visiting.draw(officer=inspector, area=area, kind="wet market")  # another filter is the same evasion
    assert list(refused.value.errors) == ["why_again"]
    assert VenueVisit.objects.count() == 1

    again = visiting.draw(officer=inspector, area=area, why_again="The market burnt down last night.")
    first.refresh_from_db()
    assert (first.state, again.instead_of, again.turn) == ("left", first, 2)
    listed, _more = visit_queries.of_department(inspector)
    assert [(row.turn, row.why_again) for row in listed] == [(2, "The market burnt down last night."), (1, "")]


# -- a scan


@pytest.mark.parametrize(
    ("test", "given", "reasons"),
    [
        (("negative", 10), {}, []),
        (("negative", 73), {}, ["test_too_old"]),
        (("positive", 10), {}, ["positive"]),
        (("positive", 100), {"on_list": False, "colour": "red"}, ["positive", "test_too_old", "red", "not_on_list"]),
        (("unknown", 1), {}, ["result_unknown"]),
        (("negative", -1), {}, ["sampled_later"]),
        (None, {}, ["never_tested"]),
        (None, {"hours": None}, []),
        (("positive", 10), {"hours": None}, ["positive"]),
        (("negative", 900), {"hours": None}, []),
    ],
)
def test_a_test_is_judged_with_every_reason(test, given, reasons):
    at = timezone.now()
    seen = TestSeen("pcr", at - test[1] * HOUR, test[0], "", "register") if test else None

    assert visit_rules.reasons_against(seen, at=at, **({"hours": 72} | given)) == reasons


def test_three_workers_one_positive(area, inspector, codes):
    tests_asked(area)
    place = venue(area)
    rows = [worker(place, "negative"), worker(place, "positive"), worker(place)]
    visit = visiting.draw(officer=inspector, area=area)

    for number, row in enumerate(rows):
        visiting.check_worker(visit, officer=inspector, text=str(row.person_id), key=f"k{number}")
    said = {"place": "at the east gate", "note": "checked at the stalls"}
    visiting.note_visit(visit, officer=inspector, said=said, revision=0)
    visit = visiting.finish_visit(visit, officer=inspector, found={"ventilation": "The fans stand still."})

    checks = {check.worker_id: (check.fine, check.seen["reasons"]) for check in WorkerCheck.objects.all()}
    assert checks == {
        rows[0].pk: (True, []), rows[1].pk: (False, ["positive"]), rows[2].pk: (False, ["never_tested"]),
    }  # fmt: skip
    assert set(visit.findings.values_list("what", flat=True)) == {"test_positive", "test_overdue", "ventilation"}
    told = Message.objects.get(kind="visit_done")
    assert told.link == f"/my/venues/{place.pk}/inspections/"
    assert rows[1].person.name not in str(told.body)
    assert visiting.finish_visit(visit, officer=inspector, found={}).findings.count() == 3  # again: nothing more


def test_the_same_scan_arrives_once_and_a_screenshot_is_told(area, inspector, codes):
    place = venue(area)
    one = worker(place, "negative")
    visit = visiting.draw(officer=inspector, area=area)

    first = visiting.check_worker(visit, officer=inspector, text=str(one.person_id), key="a")
    assert visiting.check_worker(visit, officer=inspector, text=str(one.person_id), key="a") == first
    again = visiting.check_worker(visit, officer=inspector, text=str(one.person_id), key="b")

    assert (again.fine, again.seen["refused"], again.person) == (False, "used", None)
    assert WorkerCheck.objects.count() == 2


def test_what_waited_on_the_phone_is_written_with_its_own_time(area, inspector, codes):
    place = venue(area)
    one = worker(place, "negative")
    visit = visiting.draw(officer=inspector, area=area)
    now = timezone.now()
    scans = [
        {"key": "a", "text": str(one.person_id), "at": now - 3 * HOUR},
        {"key": "b", "text": "x", "at": now + 9 * HOUR},
        {"key": "c", "text": "y", "at": now - 90 * HOUR},
    ]

    visit = visiting.note_visit(visit, officer=inspector, said={"scans": scans}, revision=0, saver="tab", now=now)
    visiting.note_visit(visit, officer=inspector, said={"scans": scans}, revision=0, saver="tab", now=now)

    assert list(WorkerCheck.objects.values_list("key", "at")) == [("a", now - 3 * HOUR), ("b", now), ("c", now)]
    with pytest.raises(NotAllowed) as refused:
        visiting.note_visit(visit, officer=inspector, said={}, revision=0, saver="another phone")
    assert refused.value.code == "changed-elsewhere"


def test_a_stranger_at_work_is_a_finding(area, inspector, codes):
    place = venue(area)
    stranger = make.person()
    visit = visiting.draw(officer=inspector, area=area)

    check = visiting.check_worker(visit, officer=inspector, text=str(stranger.pk), key="a")
    visiting.note_visit(visit, officer=inspector, said={"place": "x"}, revision=0)
    visiting.finish_visit(visit, officer=inspector, found={})

    assert check.seen["reasons"] == ["not_on_list"]
    assert list(place.findings.values_list("what", flat=True)) == ["not_on_list"]


def test_an_inspection_without_everybody_or_without_a_place_says_why(area, inspector, codes):
    place = venue(area)
    worker(place)
    visit = visiting.draw(officer=inspector, area=area)

    with pytest.raises(Invalid) as refused:
        visiting.finish_visit(visit, officer=inspector, found={"other": ""})
    assert set(refused.value.errors) == {"why_fewer", "place", "found"}
    with pytest.raises(NotAllowed) as refused:
        visiting.check_worker(visit, officer=make.officer("inspector"), text="1", key="a")
    assert refused.value.code == "not-your-visit"


def test_a_health_pass_is_read_at_an_inspection(area, inspector):
    venue(area)
    visit = visiting.draw(officer=inspector, area=area)

    check = visiting.check_worker(visit, officer=inspector, text="HC1:NCF", key="a")

    assert (check.how, check.fine, check.seen["reasons"]) == ("pass", False, ["pass_refused"])
    assert check.seen["refused"] in {"encoding", "compression", "structure"}


def test_photographs_pass_the_gate_and_come_once(area, inspector):
    venue(area)
    visit = visiting.draw(officer=inspector, area=area)

    def picture():
        file = io.BytesIO()
        Image.new("RGB", (80, 60), "white").save(file, "JPEG")
        file.name = "photo.jpg"
        file.seek(0)
        return file

    first = visiting.add_visit_photo(visit, officer=inspector, file=picture(), key="one")
    assert visiting.add_visit_photo(visit, officer=inspector, file=picture(), key="one") == first
    with pytest.raises(Invalid):
        visiting.add_visit_photo(visit, officer=inspector, file=io.BytesIO(b"no picture"), key="two")


def test_under_an_order_a_positive_test_is_proposed_and_nothing_more(area, inspector, codes):
    health = make.department("HC")
    order = ordering.propose_order(
        officer=make.officer("health_officer", of=health), basis="IDL", area=area, title={"zh": "应急令"},
        reason={"zh": "呼吸道传染病疫情需要紧急措施"}, ends_at=timezone.now() + timedelta(days=9), health_colours=True,
    )  # fmt: skip
    ordering.put_in_force(order, officer=make.officer("emergency_authority", of=health))
    place = venue(area)
    sick = worker(place, "positive")
    visit = visiting.draw(officer=inspector, area=area)
    visiting.check_worker(visit, officer=inspector, text=str(sick.person_id), key="a")
    visiting.note_visit(visit, officer=inspector, said={"place": "x"}, revision=0)

    visiting.finish_visit(visit, officer=inspector, found={})

    row = StatusProposal.objects.get()
    assert (row.rule, row.proposed_by, row.state) == ("positive-at-inspection", None, "proposed")
    assert not HealthStatus.objects.exists()
    assert colours.colour_of(sick.person_id, timezone.now()) == "green"


# -- afterwards


@pytest.fixture
def finding(area, inspector, codes):
    place = venue(area)
    visit = visiting.draw(officer=inspector, area=area)
    visiting.note_visit(visit, officer=inspector, said={"place": "x"}, revision=0)
    visiting.finish_visit(visit, officer=inspector, found={"disinfection": "No soap."})
    return place.findings.get()


def answer(row):
    account = row.venue.party.company.legal_representative.account
    actor = Actor("applicant", "applicant", account=account.pk, party=row.venue.party_id)
    return visiting.answer_finding(row, account=account, actor=actor, text="There is soap at every basin now.")


def test_a_finding_is_answered_given_back_and_closed(finding, inspector):
    answer(finding)
    visiting.give_back_finding(finding, officer=inspector, why="The photograph shows no basin.")
    assert finding.state == "open"
    given, day_before = finding.due, finding.due - timedelta(days=1)
    VenueFinding.objects.update(due=day_before)  # as counted before a day was put right
    duties.recount("findings at venues")
    assert VenueFinding.objects.get().due == given
    assert Message.objects.filter(kind="finding_day_changed").count() == 1
    answer(finding)
    visiting.close_finding(finding, officer=make.officer("supervisor"))

    assert finding.state == "closed"
    assert set(Message.objects.values_list("kind", flat=True)) >= {"visit_done", "finding_back", "finding_closed"}


def test_what_nobody_answers_goes_to_the_supervisor_once(finding):
    later = timezone.now() + timedelta(days=20)

    assert (visiting.escalate_findings(now=later), visiting.escalate_findings(now=later)) == (1, 0)
    assert visit_queries.escalated() == [finding]
    assert Message.objects.filter(kind="finding_overdue").count() == 1
    answer(finding)
    assert finding.state == "answered"


def test_the_manager_is_told_once_a_day_how_many_tests_are_due_and_no_result(area):
    tests_asked(area)
    place = venue(area)
    positive, _never, _fine = worker(place, "positive", hours=80), worker(place), worker(place, "negative")

    visiting.tell_overdue_tests()
    visiting.tell_overdue_tests()  # the end of the round
    visiting.tell_overdue_tests()

    told = Message.objects.get(kind="tests_overdue")
    assert "2" in told.body["en"]
    assert "positive" not in told.body["en"]
    assert positive.person.name not in str(told.body)


def test_a_dump_shows_neither_result_nor_name(area, inspector, codes):
    place = venue(area)
    sick = worker(place, "positive")
    visit = visiting.draw(officer=inspector, area=area)
    visiting.check_worker(visit, officer=inspector, text=str(sick.person_id), key="a")
    with connection.cursor() as cursor:
        for table in (WorkerCheck, VenueVisit, CodeCheck):
            cursor.execute(f"SELECT * FROM {table._meta.db_table}")
            rows = str(cursor.fetchall())
            assert sick.person.name not in rows
            assert "'positive'" not in rows
            assert "sampled_at" not in rows
