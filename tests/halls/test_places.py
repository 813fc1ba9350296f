import datetime

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests import make
from tests.halls import standing
from tongban.halls import circle, queries_places
from tongban.halls.circle import Point
from tongban.halls.models import Grid, HallDay, HallMove, Machine
from tongban.matters.models import MatterVersion

pytestmark = pytest.mark.django_db

HERE = Point(*standing.PEOPLES_SQUARE)
WEDNESDAY = "2026-10-14 10:00:00+08:00"


def north(metres, **given):
    return standing.hall(lat=HERE.lat + metres / circle.METRES_A_DEGREE, lng=HERE.lng, **given)


def serves(slug, *halls, city_wide=False) -> MatterVersion:
    matter = make.matter(slug)
    version = MatterVersion.objects.get(matter=matter)
    version.places = [{"hall": hall.code, "name": hall.name, "ways": ["window"]} for hall in halls]
    version.city_wide = city_wide
    version.save()
    return version


@pytest.fixture(autouse=True)
def days(db, monkeypatch):
    monkeypatch.setattr("tongban.departments.queries.LOOK_AGAIN_AFTER", 3600)  # a slow machine asks no second time
    make.calendar()


# -- near


def test_what_is_near_comes_nearest_first_and_ends_at_the_ring():
    far, near, beyond = north(800), north(100), north(900)
    given_up = north(50)
    given_up.active = False
    given_up.save()

    found = queries_places.near(HERE)

    assert [(one.hall, one.minutes) for one in found] == [(near, 2), (far, 14)]
    assert beyond not in [one.hall for one in found]


def test_what_is_near_is_a_range_of_the_index_and_one_question(django_assert_num_queries):
    for metres in (100, 200, 300):
        north(metres)
    with (
        CaptureQueriesContext(
            connection,
        ) as asked,
        django_assert_num_queries(1),
    ):
        assert len(queries_places.near(HERE)) == 3
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN QUERY PLAN " + asked.captured_queries[0]["sql"])
            assert "halls_by_place" in " ".join(str(row) for row in cursor.fetchall())


def test_the_nearest_open_hall_for_a_matter_steps_over_closed_ones_and_those_that_do_not_do_it():
    closed = north(100)
    HallDay.objects.create(hall=closed, day="2026-10-14", hours=[])
    other, does = north(200), north(3000)
    version = serves("permit", closed, does)
    at = datetime.datetime.fromisoformat(WEDNESDAY)

    assert [one.hall for one in queries_places.nearest_open(HERE, at, version=version)] == [does]
    assert [one.hall for one in queries_places.nearest_open(HERE, at)] == [other]
    night = at + datetime.timedelta(hours=12)
    assert queries_places.nearest_open(HERE, night) == []


def test_a_city_wide_matter_is_done_at_every_comprehensive_window_above_the_villages():
    village = north(100, level="village")
    consultation = north(200, windows=[{"kind": "consultation", "count": 1}])
    town = north(300, level="town")
    version = serves("anywhere", city_wide=True)
    at = datetime.datetime.fromisoformat(WEDNESDAY)

    assert [one.hall for one in queries_places.nearest_open(HERE, at, version=version)] == [town]
    assert [queries_places.matters_of(hall) for hall in (village, consultation, town)] == [[], [], [version]]


def test_a_hall_whose_code_begins_like_anothers_does_not_take_its_matters():
    hall, longer = standing.hall("putuo"), standing.hall("putuo-two")
    serves("permit", longer)

    assert queries_places.matters_of(hall) == []


# -- words for a place


def test_typed_words_are_taken_for_the_place_they_name():
    standing.division("990101", name={"zh": "示范区", "en": "Demo District"}, lat=31.0, lng=121.0)
    standing.division(
        "990101005",
        level="subdistrict",
        name={"zh": "河湾新村街道", "en": "River Bend Subdistrict"},
        lat=31.1,
        lng=121.1,
    )
    hall = standing.hall(address={"zh": "同心路602号", "en": "602 Tongxin Road"})

    assert queries_places.locate("示范区河湾新村街道枫桥路9号").at == Point(31.1, 121.1)
    assert queries_places.locate("river bend").at == Point(31.1, 121.1)
    assert queries_places.locate("同心路").at == Point(hall.lat, hall.lng)
    assert queries_places.locate("河湾").at == Point(31.1, 121.1)  # as people call it
    assert queries_places.locate("湾新") is None
    assert queries_places.locate("ri") is None
    assert queries_places.locate("nowhere at all") is None
    assert queries_places.locate(" ") is None


# -- coverage


def test_a_district_is_covered_as_far_as_people_have_a_hall_and_a_broken_machine_does_not_count():
    district = standing.division()
    hall = north(0)
    for code, metres in (("near", 0), ("far", 20_000)):
        Grid.objects.create(
            code=code, division=district, name={"zh": code}, lat=HERE.lat + metres / circle.METRES_A_DEGREE, lng=HERE.lng,
            radius=500, population=3000,
        )  # fmt: skip

    found = queries_places.coverage(district)
    assert (found.share, found.people, found.population) == (0.5, 3000, 6000)
    assert [grid.code for grid in found.without_machine] == ["far"]

    Machine.objects.filter(hall=hall, kind="kiosk").update(working=False)
    assert [grid.code for grid in queries_places.coverage(district).without_machine] == ["far", "near"]


# -- pages


@time_machine.travel(WEDNESDAY, tick=False)
def test_the_list_finds_by_words_level_and_district(client, in_english):
    standing.hall("one", en="Riverside centre", zh="河边中心")
    standing.hall("two", level="village", en="Village post", zh="村站")

    assert "Riverside centre" in client.get("/halls/").content.decode()
    page = client.get("/halls/", {"q": "河边"}).content.decode()
    assert "Riverside centre" in page
    assert "Village post" not in page
    assert "Open until 17:00" in page
    assert "Village post" in client.get("/halls/", {"level": "village"}).content.decode()
    assert "No hall is called that" in client.get("/halls/", {"q": "zzz"}).content.decode()
    assert "Riverside" not in client.get("/halls/", {"district": "310000"}).content.decode()


@pytest.mark.parametrize("query", ["level=x", "after=x", "after=city:", "district=abc", "q=%00", "after=city:%27"])
def test_a_twisted_address_of_the_list_is_only_a_list(client, query):
    assert client.get(f"/halls/?{query}").status_code in (200, 400)


def test_the_pages_of_the_list_hold_every_hall_once_in_the_order_of_levels(client):
    for place in range(23):
        standing.hall(f"h{place:02}", level="city" if place % 2 else "village")
    seen, at = [], "/halls/"
    while at:
        response = client.get(at)
        seen += [row["hall"].code for row in response.context["rows"]]
        at = "/halls/" + response.context["next"] if response.context["next"] else ""

    assert seen == [f"h{n:02}" for n in range(1, 23, 2)] + [f"h{n:02}" for n in range(0, 23, 2)]


def test_the_list_asks_the_same_number_of_questions_for_one_and_for_many(client):
    standing.hall()
    client.get("/halls/")

    def asked():
        with CaptureQueriesContext(connection) as made:
            client.get("/halls/")
        return len(made)

    one = asked()
    for _ in range(5):
        standing.hall()
    assert asked() == one


@time_machine.travel("2026-10-14 16:45:00+08:00", tick=False)
def test_one_hall_says_when_it_is_open_where_things_stand_and_what_is_done_there(client, in_english):
    hall = standing.hall("centre", facilities=None, robots=["xiao-pu"])
    hall.facilities, hall.notice = ["wheelchair"], {"zh": "翻新后开放", "en": "Open again after the facelift"}
    hall.save()
    serves("permit", hall)
    HallDay.objects.create(hall=hall, day="2026-10-16", hours=["13:00-15:00"], reason={"zh": "培训", "en": "Training"})
    HallMove.objects.create(
        hall=hall, on="2026-12-01", address={"zh": "新路1号", "en": "1 New Road"}, lat=31.2, lng=121.4
    )

    page = client.get("/halls/centre/").content.decode()

    for words in (
        "Open until 17:00", "Numbers are given until 16:30", "13:00–15:00", "Training", "Open again after the facelift",
        "1 New Road", "Step-free", "comprehensive window × 3", "<svg", "/matters/permit/", "/halls/centre/book/",
    ):  # fmt: skip
        assert words in page, words


def test_a_hall_that_is_not_there_or_given_up_is_not_found(client):
    hall = standing.hall("gone")
    hall.active = False
    hall.save()

    assert [client.get(f"/halls/{code}/").status_code for code in ("gone", "never")] == [404, 404]


@time_machine.travel(WEDNESDAY, tick=False)
def test_the_circle_is_drawn_from_a_division_a_typed_address_or_the_devices_position(client, in_english):
    north(300, en="Hall close by")
    standing.division(
        "990101005", level="subdistrict", name={"zh": "河湾街道", "en": "River Bend"}, lat=HERE.lat, lng=HERE.lng
    )

    asked = [
        client.get("/halls/around/?division=990101005"),
        client.post("/halls/around/", {"address": "河湾街道 12 号"}),
        client.post("/halls/around/", {"lat": str(HERE.lat), "lng": str(HERE.lng)}),
    ]

    for response in asked:
        page = response.content.decode()
        assert response.status_code == 200
        assert "Hall close by" in page
        assert "6 minutes on foot" in page
        assert "tb-map__ring" in page


def test_the_circle_starts_from_ones_own_division(client, in_english):
    north(300, en="Hall close by")
    account = make.account()
    account.person.division = standing.division("990101005", level="subdistrict", lat=HERE.lat, lng=HERE.lng)
    account.person.save()
    client.force_login(account)

    assert "Hall close by" in client.get("/halls/around/").content.decode()


def test_words_that_name_no_place_and_positions_that_are_none_are_said_at_the_field(client, in_english):
    unknown = client.post("/halls/around/", {"address": "<b>nowhere</b>"})
    no_position = client.post("/halls/around/", {"lat": "nan", "lng": "500"})

    assert (unknown.status_code, no_position.status_code) == (422, 422)
    assert "We know no place by these words." in unknown.content.decode()
    assert "&lt;b&gt;nowhere&lt;/b&gt;" in unknown.content.decode()
    assert "gave no position" in no_position.content.decode()


def test_the_circle_asks_no_more_questions_where_many_halls_are(client):
    make.matter("permit")

    def asked():
        with CaptureQueriesContext(connection) as made:
            client.post("/halls/around/", {"lat": str(HERE.lat), "lng": str(HERE.lng), "matter": "permit"})
        return len(made)

    north(100)
    asked()
    one = asked()
    for metres in (200, 300, 400, 500):
        north(metres)
    assert asked() == one


def test_coverage_is_shown_and_without_grids_it_is_said(client, in_english):
    assert "No grids are known yet" in client.get("/halls/coverage/").content.decode()
    north(0)
    Grid.objects.create(
        code="g", division=standing.division("990101005", level="subdistrict"), name={"zh": "一格", "en": "Grid one"}, lat=HERE.lat, lng=HERE.lng,
        radius=400, population=1200,
    )  # fmt: skip

    page = client.get(reverse("portal:halls_coverage")).content.decode()

    assert "Grid one" in page
    assert "100 %" in page
    assert client.get("/halls/coverage/?district=123").status_code == 404
    assert "</span> Grid one" not in client.get("/halls/coverage/?only=far").content.decode()
    assert "1,200" in page
    assert "</span> Grid one" not in client.get("/halls/coverage/?only=terminal").content.decode()
    Machine.objects.update(working=False)
    assert "</span> Grid one" in client.get("/halls/coverage/?only=terminal").content.decode()


@pytest.mark.parametrize("edition", ["standard", "elderly"])
def test_halls_are_reached_from_the_first_page(client, edition):
    client.cookies["edition"] = edition
    assert reverse("portal:halls_around") in client.get("/").content.decode()
    assert 'href="/halls/"' in client.get("/").content.decode()
