"""The counter: one officer, one window, one number; cases bound to it; nothing lost on a bad line, nothing read unseen."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from tests import doors, make
from tests.halls.queue_world import TEN, hall, sit_down
from tests.office.desks import matter
from tests.office.test_window import ANSWERS, person, revision, shown
from tongban.cases.models import Case, GlassSignature, Visit
from tongban.cases.moving import acting
from tongban.departments.models import Officer
from tongban.halls import desk_rules
from tongban.halls.models import DeskNote, Machine, RatingAsk, Ticket, TicketCall, TicketCase, Window
from tongban.halls.services import desk, supervising, tickets
from tongban.journal.models import ReadEntry
from tongban.lib.problems import NotAllowed

pytestmark = pytest.mark.django_db

VISITOR = tickets.VISITOR


@pytest.fixture(autouse=True)
def monday():
    with time_machine.travel(TEN, tick=False) as clock:
        yield clock


@pytest.fixture
def place():
    return hall("general general issuing")


@pytest.fixture
def officer():
    return make.officer("window_officer", certified=("*",))


@pytest.fixture
def client(officer):
    return doors.enter(Client(), officer.account)


def sits(client, window) -> Window:
    assert client.post("/office/counter/open", {"window": window.pk}).status_code == 302
    window.refresh_from_db()
    return window


def number(place, **given) -> Ticket:
    return tickets.issue(place, "A", actor=VISITOR, channel="machine", **given)


def press(client, move, **said):
    return client.post(f"/office/counter/acts/{move}", said)


def at_work(client, place, **given) -> Ticket:
    """A number is called to the first window and the person has come."""
    sits(client, place.windows.get(number=1))
    ticket = number(place, **given)
    press(client, "next")
    press(client, "serve", ticket=ticket.pk)
    ticket.refresh_from_db()
    assert ticket.state == "serving"
    return ticket


def compared(client, who) -> Visit:
    answer = client.post("/office/window/visitor/", shown(who.id_no))
    assert answer.headers["Location"] == "/office/counter/"
    return Visit.objects.get(ended_at=None)


# -- sitting down


def test_an_officer_sits_down_at_a_free_window_and_calls_the_next_number(client, officer, place):
    page = client.get(f"/office/counter/?hall={place.code}").content.decode()
    assert page.count('action="/office/counter/open"') == 3

    window = sits(client, place.windows.get(number=1))
    ticket = number(place)
    press(client, "next")

    ticket.refresh_from_db()
    assert (window.officer, ticket.state, ticket.window) == (officer, "called", window)
    assert ticket.label in client.get("/office/counter/").content.decode()


def test_a_window_where_somebody_sits_is_not_given_twice(client, place):
    window, _actor = sit_down(place.windows.get(number=1))

    answer = client.post("/office/counter/open", {"window": window.pk})

    window.refresh_from_db()
    assert answer.status_code == 409
    assert window.officer.account != answer.wsgi_request.user


def test_a_supervisor_looks_and_does_not_press(place):
    looks = doors.enter(Client(), make.officer("supervisor").account)
    window, actor = sit_down(place.windows.get(number=1))
    ticket = number(place)
    tickets.call_next(window, actor=actor)

    page = looks.get(f"/office/counter/?hall={place.code}").content.decode()

    assert ticket.label in page
    assert "/office/counter/open" not in page
    assert press(looks, "next").status_code == 403


def test_paused_nobody_is_called_and_resumed_they_are(client, place):
    sits(client, place.windows.get(number=1))
    ticket = number(place)

    press(client, "pause", why="meal")
    refused = press(client, "next")
    ticket.refresh_from_db()
    waited = ticket.state
    press(client, "resume")
    press(client, "next")

    ticket.refresh_from_db()
    assert (refused.status_code, waited, ticket.state) == (409, "waiting", "called")


# -- nothing done twice, nothing done to somebody else


def test_the_same_press_sent_twice_over_a_bad_line_is_done_once(client, place):
    sits(client, place.windows.get(number=1))
    first, second = number(place), number(place)

    for _time in range(2):
        press(client, "next", key="a-key")
    press(client, "serve", ticket=first.pk, key="b-key")
    for _time in range(2):
        answer = press(client, "finish", ticket=first.pk, key="c-key")

    first.refresh_from_db()
    second.refresh_from_db()
    assert answer.status_code == 302
    assert (first.state, second.state) == ("done", "waiting")
    assert TicketCall.objects.filter(ticket=first).count() == 1


def test_a_press_for_a_number_that_has_left_does_nothing_to_the_one_there_now(client, place):
    first = at_work(client, place)
    press(client, "finish", ticket=first.pk)
    second = number(place)
    press(client, "next", key="next")
    press(client, "serve", ticket=second.pk)

    answer = press(client, "finish", ticket=first.pk, key="late")

    second.refresh_from_db()
    assert (answer.status_code, second.state) == (409, "serving")


def test_out_of_turn_needs_a_reason_that_is_kept(client, place):
    sits(client, place.windows.get(number=1))
    _first, friend = number(place), number(place)

    bare = press(client, "call", wanted=friend.pk, reason="")
    press(client, "call", wanted=friend.pk, reason="Has a small child with fever")

    assert bare.status_code == 422
    assert TicketCall.objects.get().out_of_turn == "Has a small child with fever"


# -- who it is, and which cases


def test_whoever_is_compared_is_the_holder_of_the_number_and_reads_of_it_are_written_down(client, officer, place):
    ticket, who = at_work(client, place), person()

    compared(client, who)
    client.get("/office/counter/")

    ticket.refresh_from_db()
    assert ticket.party_id == who.pk
    assert ReadEntry.objects.filter(of_party=who.pk, about=ticket.subject, purpose="window").exists()


def test_the_person_the_number_was_taken_for_is_confirmed_with_one_press_after_comparing(client, place):
    who = person()
    ticket = at_work(client, place, party=who)

    without = client.post("/office/counter/visitor", {"by": "ticket", "agrees": "1"})
    before = Visit.objects.count()
    client.post("/office/counter/visitor", {"by": "ticket", "agrees": "1", "compared": "1"})

    assert (without.status_code, before) == (422, 0)
    assert Visit.objects.get().person == who
    assert ticket.party_id == who.pk


def test_the_queue_alone_is_read_again_when_somebody_takes_a_number(client, place):
    who = person()
    at_work(client, place, party=who)
    client.get("/office/counter/")
    read = ReadEntry.objects.count()

    part = client.get("/office/counter/", headers={"X-Live": "1"}).content.decode()

    assert 'id="queue"' in part
    assert who.name not in part
    assert ReadEntry.objects.count() == read


def test_next_to_finish_with_a_case_signed_on_the_glass(client, officer, place):
    of, who = matter(), person()
    ticket = at_work(client, place, matter=of)
    compared(client, who)

    page = client.get("/office/counter/").content.decode()
    assert f"/office/window/begin/{of.slug}/" in page
    answer = client.post(f"/office/window/begin/{of.slug}/", {"for": who.pk})
    case = Case.objects.get(ref=answer.headers["Location"].split("/")[-2])
    client.post(f"/office/window/drafts/{case.ref}/form/", {**ANSWERS, "revision": revision(client, case.ref)})
    check = client.get(f"/office/window/drafts/{case.ref}/check/").content.decode()
    content = re.search(r'name="content" value="([^"]+)"', check)[1]
    where = f"/office/window/drafts/{case.ref}/hand-in"
    empty = client.post(where, {"how": "glass", "content": content, "strokes": "[]"})
    client.post(where, {"how": "glass", "content": content, "strokes": "[[[10, 10], [400, 300]]]"})
    case.refresh_from_db()
    assert (empty.status_code, case.state, case.signed_how) == (422, "received", "glass")
    assert GlassSignature.objects.get(case=case).content == content
    assert TicketCase.objects.get(ticket=ticket).case == case

    accept = client.get("/office/counter/").content.decode()
    assert "/office/counter/acts/accept" in accept
    assert "/office/counter/acts/not_accept" in accept
    assert f"/office/cases/{case.ref}/acts/request_correction" in accept

    press(client, "finish", ticket=ticket.pk)
    ticket.refresh_from_db()
    assert (ticket.state, ticket.case, ticket.on_the_spot) == ("done", case, False)
    assert Visit.objects.get().ended_at is not None


def test_what_was_decided_at_the_window_is_settled_on_the_spot(client, place, monday):
    ticket = at_work(client, place)
    case = make.case("received", matter())
    desk.work_on(ticket, case, actor=acting(Officer.objects.get(windows=ticket.window_id), "window_officer"))
    monday.shift(timedelta(minutes=4))
    Case.objects.filter(pk=case.pk).update(decided_at=TEN + timedelta(minutes=3))

    press(client, "finish", ticket=ticket.pk)

    ticket.refresh_from_db()
    assert (ticket.on_the_spot, ticket.case) == (True, case)


@pytest.mark.parametrize(
    ("worked", "settled"),
    [
        ([], None),
        ([(None, None, None)], None),  # a draft that was only begun
        ([(1, 5, None)], True),
        ([(1, None, None)], False),
        ([(1, 5, None), (2, None, None)], False),  # everything they came for
        ([(-90, -60, None)], None),  # decided before they came: fetched
        ([(-90, 5, None)], True),  # prepared online, decided here
        ([(1, None, 5)], None),  # withdrawn at the window
        ([(1, 30, None)], False),  # decided after they had left
    ],
)
def test_on_the_spot_follows_from_the_cases(worked, settled):
    def at(minutes):
        return None if minutes is None else TEN + timedelta(minutes=minutes)

    rows = [desk_rules.Worked(*map(at, one)) for one in worked]

    assert desk_rules.on_the_spot(rows, TEN, at(20)) is settled


def test_another_desk_binds_no_case_to_this_number(client, place):
    ticket = at_work(client, place)
    _window, other = sit_down(place.windows.get(number=2))

    with pytest.raises(NotAllowed):
        desk.work_on(ticket, make.case("received", matter()), actor=other)
    with pytest.raises(NotAllowed):
        desk.finish(ticket, actor=other)


def test_a_case_of_somebody_else_is_not_opened_for_this_visit(client, place):
    at_work(client, place)
    compared(client, person())
    other = make.case("received", matter())

    answer = client.post("/office/counter/case", {"case": other.ref})

    assert answer.status_code == 403
    assert not TicketCase.objects.exists()


# -- the note


def test_a_note_is_saved_by_itself_and_sent_late_it_is_kept_too(client, place):
    ticket = at_work(client, place)
    where = f"/office/counter/notes/{ticket.pk}"
    told = client.post(
        where, {"words": "Asked about the bus card.", "revision": "0"}, headers={"X-Autosave": "1"}
    ).json()
    press(client, "finish", ticket=ticket.pk)

    late = client.post(where, {"words": "Asked about the bus card; sent on.", "revision": told["revision"]})

    assert late.status_code == 302
    assert DeskNote.objects.get().words == "Asked about the bus card; sent on."


def test_a_note_typed_in_two_tabs_is_not_written_over(client, place):
    ticket = at_work(client, place)
    where = f"/office/counter/notes/{ticket.pk}"
    client.post(where, {"words": "From one tab.", "revision": "0"})

    answer = client.post(where, {"words": "From the other.", "revision": "0"})

    assert answer.status_code == 409
    assert DeskNote.objects.get().words == "From one tab."


# -- the rating device


def rated_case(ticket, officer) -> Case:
    case = make.case("approved", matter())
    desk.work_on(ticket, case, actor=acting(officer, "window_officer"))
    return case


def test_the_device_of_the_window_asks_and_the_visitor_answers_once(client, officer, place):
    device = Machine.objects.create(hall=place, kind="rating", number=1)
    ticket = at_work(client, place)
    case = rated_case(ticket, officer)
    anyone = Client()
    assert "<form" not in anyone.get(f"/rate/{device.key}/").content.decode().split("<main")[1].split("</main>")[0]

    client.post("/office/counter/rate", {"case": case.ref})
    ask = RatingAsk.objects.get()
    first = anyone.post(f"/rate/{device.key}/", {"key": ask.key, "grade": "5"})  # five stars are grade 1
    again = anyone.post(f"/rate/{device.key}/", {"key": ask.key, "grade": "1"})

    assert first.status_code == 302
    assert again.status_code == 409
    assert (case.rating.grade, case.rating.channel) == (1, "device")


def test_what_is_not_decided_is_not_rated(client, officer, place):
    Machine.objects.create(hall=place, kind="rating", number=1)
    ticket = at_work(client, place)
    case = make.case("received", matter())
    desk.work_on(ticket, case, actor=acting(officer, "window_officer"))

    answer = client.post("/office/counter/rate", {"case": case.ref})

    assert answer.status_code == 409
    assert not RatingAsk.objects.exists()


def test_a_device_of_another_window_rates_nothing(client, officer, place):
    Machine.objects.create(hall=place, kind="rating", number=1)
    other = Machine.objects.create(hall=place, kind="rating", number=2)
    ticket = at_work(client, place)
    case = rated_case(ticket, officer)
    client.post("/office/counter/rate", {"case": case.ref})

    answer = Client().post(f"/rate/{other.key}/", {"key": RatingAsk.objects.get().key, "grade": "1"})

    assert answer.status_code == 409
    assert not hasattr(Case.objects.get(pk=case.pk), "rating")


# -- the tablet of a guide


@pytest.fixture
def guide():
    return doors.enter(Client(), make.officer("helper").account)


def test_a_guide_takes_a_number_for_a_visitor_and_shows_the_code_for_the_phone(guide, place):
    sit_down(place.windows.get(number=1))
    of = matter()

    answer = guide.post(
        f"/office/tablet/?hall={place.code}",
        {"category": "A", "matter": of.slug, "language": "en", "elderly": "1", "phone": ""},
    )
    page = guide.get(answer.headers["Location"]).content.decode()

    ticket = Ticket.objects.get()
    assert (ticket.channel, ticket.matter, ticket.language, ticket.elderly) == ("helper", of, "en", True)
    assert ticket.label in page
    assert f"/ticket/{ticket.key}/" in page


def test_a_wrong_phone_is_said_and_what_was_typed_is_kept(guide, place):
    sit_down(place.windows.get(number=1))

    answer = guide.post(f"/office/tablet/?hall={place.code}", {"category": "A", "phone": "12345"})

    assert answer.status_code == 422
    assert 'value="12345"' in answer.content.decode()
    assert not Ticket.objects.exists()


def test_after_closing_the_tablet_gives_no_number(place, monday):
    monday.shift(timedelta(hours=9))
    guide = doors.enter(Client(), make.officer("helper").account)

    page = guide.get(f"/office/tablet/?hall={place.code}").content.decode()
    answer = guide.post(f"/office/tablet/?hall={place.code}", {"category": "A"})

    assert 'name="category"' not in page
    assert answer.status_code == 409
    assert not Ticket.objects.exists()


def test_the_guide_finds_the_matter_and_books_a_round_table(guide, place):
    of = matter()

    page = guide.get(f"/office/tablet/?hall={place.code}&matter={of.slug}").content.decode()

    assert f"what=round_table&amp;matter={of.slug}" in page
    assert 'action="/office/help/"' in page


def test_a_stopped_hall_is_said_at_the_window_and_a_page_that_stands_open_hears_of_it(client, place):
    sits(client, place.windows.get(number=1))
    client.cookies["language"] = "en"
    queue_part = {"HTTP_X_LIVE": "queue"}
    open_page = mark_of(client.get("/office/counter/", **queue_part))
    chief = make.officer("supervisor")

    supervising.stop_hall(place, kind="fire", by=chief)
    page, part = client.get("/office/counter/").content.decode(), client.get("/office/counter/", **queue_part)
    assert "The hall is stopped: " in part.content.decode()
    assert mark_of(part) != open_page
    assert "/office/counter/acts/resume" not in page  # only the supervisor lets it go on

    supervising.go_on(place, by=chief)
    assert mark_of(client.get("/office/counter/", **queue_part)) == open_page


def mark_of(answer) -> str:
    return re.search(r'data-mark="([^"]*)"', answer.content.decode()).group(1)
