"""Queues: due first, narrowed, page by page without gap or double, and as many questions to the database for one row as for thirty."""

import re
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests import make
from tests.office.desks import at_the_desk, case_in, matter, officer_for
from tongban.cases import queries
from tongban.cases.models import Case
from tongban.cases.permission import handler_of
from tongban.cases.queries import QueueKey, Wanted, queue_page
from tongban.cases.states import ENDED, CaseState

pytestmark = pytest.mark.django_db


def waiting(count: int, of=None, *, state="received", due=lambda number: date(2026, 3, 2), **given) -> list[Case]:
    """Many cases in one state, written straight into the table: how they came there is not what these tests are about."""
    of = of or matter()
    version = of.versions.get()
    party = make.person()
    begin = Case.objects.count()
    rows = [
        Case(
            number=f"99000026{begin + number:010d}", matter=of, version=version, department=of.department, applicant=party,
            state=state, next_due=due(number), received_on=date(2026, 2, 27), submitted_at=timezone.now(),
            decision="granted", decided_at=timezone.now(), **given,
        )
        for number in range(count)
    ]  # fmt: skip
    return Case.objects.bulk_create(rows)


def everything(officer, tab, limit, **more) -> list[int]:
    """The whole queue, page by page."""
    seen, after = [], None
    while True:
        page, after = queue_page(officer, tab, after=after, limit=limit, **more)
        seen += [case.pk for case in page]
        if after is None:
            return seen


def questions(held) -> int:
    """Without the look once a second whether a calendar was published."""
    return sum("departments_calendaryear" not in query["sql"] for query in held)


def test_what_is_due_first_stands_first_and_what_has_no_day_last():
    officer = officer_for("supervisor")
    days = [date(2026, 3, 5), None, date(2026, 3, 2), date(2026, 3, 4), None, date(2026, 3, 2)]
    cases = waiting(6, due=lambda number: days[number])
    suspended = waiting(1, state="suspended", due=lambda number: date(2026, 3, 3))

    assert everything(officer, "intake", 2) == [cases[n].pk for n in (2, 5, 3, 0, 1, 4)]
    assert everything(officer, "waiting", 2) == [suspended[0].pk]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 30])
def test_pages_have_no_gap_and_no_double_across_states(limit):
    officer = officer_for("supervisor")
    of = matter()
    days = [date(2026, 3, 2), date(2026, 3, 3), None]
    expected = []
    for state in ("correction_requested", "pre_review_returned", "suspended", "public_notice"):
        expected += waiting(4, of, state=state, due=lambda number: days[number % 3])

    rows = sorted(expected, key=lambda case: (case.next_due is None, case.next_due or date.max, case.pk))
    assert everything(officer, "waiting", limit) == [case.pk for case in rows]


def test_what_comes_in_while_somebody_pages_makes_no_gap_and_no_double():
    officer = officer_for("supervisor")
    of = matter()
    before = waiting(10, of, due=lambda number: date(2026, 3, 2) + timedelta(days=number))
    first, after = queue_page(officer, "intake", limit=4)
    waiting(2, of, due=lambda number: date(2026, 3, 1))  # before what was seen
    late = waiting(1, of, due=lambda number: date(2026, 3, 30))  # behind it
    Case.objects.filter(pk=first[0].pk).update(state="accepted")  # gone from the page that was seen
    rest = []
    while after is not None:
        page, after = queue_page(officer, "intake", after=after, limit=4)
        rest += [case.pk for case in page]

    assert [case.pk for case in first] + rest == [case.pk for case in before] + [late[0].pk]


def test_what_is_done_is_shown_newest_first_from_every_ending():
    officer = officer_for("auditor")
    of = matter()
    cases = []
    for state in sorted(ENDED):
        cases += waiting(3, of, state=state, due=lambda number: None)

    assert everything(officer, "done", 5) == sorted((case.pk for case in cases), reverse=True)


@pytest.mark.parametrize("state", ["delivered", "correction_requested"])
def test_what_is_over_has_no_due_day_and_what_waits_has_its_clock(state):
    """The done queue runs by number because no ended case has a due day."""
    case = case_in(state)

    assert (case.next_due is None) == (state in set(ENDED) | {CaseState.DELIVERED})
    assert case.pk in everything(officer_for("supervisor"), "done" if state == "delivered" else "waiting", 10)


@pytest.mark.parametrize("tab", ["", "waiting", "done"])
def test_a_queue_asks_the_database_as_often_for_thirty_cases_as_for_one(tab):
    officer = officer_for("window_officer")
    state = {"": "received", "waiting": "suspended", "done": "closed"}[tab]
    of = matter()
    client = at_the_desk(officer)
    client.get("/office/", {"tab": tab})
    asked = []
    for count in (1, 29):
        waiting(count, of, state=state, due=lambda number: None if state == "closed" else date(2026, 3, 2))
        with CaptureQueriesContext(connection) as held:
            page = client.get("/office/", {"tab": tab})
        asked.append(questions(held))
        assert page.content.decode().count("<tr data-href") == min(25, 1 if count == 1 else 30)

    assert asked[1] <= asked[0] <= 32, "\n".join(query["sql"] for query in held)


def test_a_case_asks_the_database_as_often_with_many_answers_and_papers_as_with_few():
    client = at_the_desk(officer_for("window_officer"))
    asked = []
    for pages in (1, 12):
        kind = make.material_type("lease")
        account = make.account()
        case = make.submitted(matter(requirements=[{"material": kind.slug, "required": False}]), account_=account)
        document = make.document(account.person, by=account, pages=pages)
        case.materials.update(how="upload", document=document)
        where = reverse("office:case", args=[case.ref])
        client.get(where)
        with CaptureQueriesContext(connection) as held:
            client.get(where)
        asked.append(questions(held))

    assert asked[0] == asked[1]


def test_a_list_opens_nothing_encrypted():
    waiting(2)
    with CaptureQueriesContext(connection) as held:
        at_the_desk(officer_for("supervisor")).get("/office/", {"tab": "intake"})

    opened = [
        query["sql"]
        for query in held
        if '"parties_party"."address"' in query["sql"] or '"cases_case"."values"' in query["sql"]
    ]
    assert opened == []


def test_no_page_of_the_queue_counts_the_whole_table():
    waiting(3)
    with CaptureQueriesContext(connection) as held:
        at_the_desk(officer_for("supervisor")).get("/office/")

    counting = [query["sql"] for query in held if "COUNT(" in query["sql"].upper() and '"cases_case"' in query["sql"]]
    assert counting == []


def test_figures_stop_at_ninety_nine():
    officer = officer_for("window_officer")
    waiting(130, due=lambda number: timezone.localdate() - timedelta(days=3))
    waiting(2, due=lambda number: timezone.localdate())

    assert queries.pressing(officer, ["intake", "waiting", "done"]) == {"late": 100, "today": 2}
    assert "99+" in at_the_desk(officer).get("/office/").content.decode()


def test_a_queue_is_narrowed_by_matter_light_and_desk():
    officer = officer_for("window_officer")
    today = timezone.localdate()
    one, other = matter(), matter()
    late = waiting(2, one, due=lambda number: today - timedelta(days=1))
    now = waiting(1, one, due=lambda number: today)
    far = waiting(1, other, due=lambda number: today + timedelta(days=40))
    Case.objects.filter(pk=late[0].pk).update(claimed_by=officer, claimed_at=timezone.now())

    def got(**wanted):
        return everything(officer, "intake", 10, wanted=Wanted(**wanted))

    assert got(light="late") == [case.pk for case in late]
    assert got(light="today") == [now[0].pk]
    assert got(light="later") == [far[0].pk]
    assert got(matter=other.slug) == [far[0].pk]
    assert got(light="late", free=True) == [late[1].pk]
    assert got(light="nonsense") == [case.pk for case in (*late, *now, *far)]
    assert [case.pk for case in queries.desk(officer)[0]] == [late[0].pk]


def test_a_desk_is_read_to_its_end(monkeypatch):
    """The desk was cut after a hundred cases, and nothing said so."""
    monkeypatch.setattr(queries, "DESK_PAGE", 2)
    officer, today = officer_for("window_officer"), timezone.localdate()
    lying = waiting(5, matter(), due=lambda number: today + timedelta(days=number) if number < 3 else None)
    Case.objects.filter(pk__in=[case.pk for case in lying]).update(claimed_by=officer, claimed_at=timezone.now())
    client, numbers, address = at_the_desk(officer), [], "/office/desk/"
    for _page in range(3):
        page = client.get(address).text
        numbers += re.findall(r'class="of-number"[^>]*>([^<]+)<', page)
        address = next(iter(re.findall(r'rel="next" href="([^"]+)"', page)), "").replace("&amp;", "&") or address
        address = address if address.startswith("/") else "/office/desk/" + address
    assert numbers == [case.number for case in lying]


def test_broken_words_in_the_address_of_a_queue_break_nothing():
    client = at_the_desk(officer_for("supervisor"))
    waiting(2)

    for words in ({"after": "x.y"}, {"after": "2026-02-30.1"}, {"tab": "'"}, {"light": "\x00"}, {"matter": "ß" * 300}):
        assert client.get("/office/", words).status_code == 200
    assert QueueKey.read("none.5") == QueueKey(None, 5)


def test_a_department_sees_its_own_cases_and_the_hall_sees_all():
    ours = waiting(1, make.matter(department=make.department("PSB")), state="accepted")
    theirs = waiting(1, make.matter(department=make.department("HRB")), state="accepted")

    assert everything(officer_for("dept_reviewer"), "review", 10) == [ours[0].pk]
    assert everything(officer_for("coordinator"), "review", 10) == [ours[0].pk, theirs[0].pk]


def test_after_an_act_the_next_case_nobody_has_is_offered():
    officer = officer_for("window_officer")
    of = matter()
    cases = waiting(3, of, due=lambda number: date(2026, 3, 2) + timedelta(days=number))
    Case.objects.filter(pk=cases[1].pk).update(claimed_by=officer_for("window_officer"), claimed_at=timezone.now())

    assert queries.after_this(officer, cases[0]).pk == cases[2].pk
    answer = at_the_desk(officer).get(reverse("office:next", args=[cases[0].ref]))
    assert answer.headers["Location"] == f"/office/cases/{cases[2].ref}/"


def test_a_reviewer_meets_a_case_in_review_until_the_opinion_and_an_approver_from_then_on():
    case = case_in("under_review")
    reviewer, approver = officer_for("dept_reviewer"), officer_for("dept_approver")
    assert everything(reviewer, "review", 5) == [case.pk]
    assert everything(approver, "decision", 5) == []

    make.services.conclude(case, officer=reviewer, proposal="approve", opinion="in order")

    assert everything(reviewer, "review", 5) == []
    assert everything(approver, "decision", 5) == [case.pk]


def test_a_number_finds_its_case_however_it_is_written():
    case = case_in("received")
    client = at_the_desk(officer_for("window_officer"))

    found = client.get("/office/find/", {"number": f" {case.number[:6]} {case.number[6:12]}-{case.number[12:]} "})

    assert found.headers["Location"] == f"/office/cases/{case.ref}/"
    assert client.get("/office/find/", {"number": "990000260000009999"}).status_code == 404


@pytest.mark.parametrize("records", [1, 4, 5])
def test_own_cases_are_in_no_queue_and_no_figure_however_many_records_an_officer_has(records):
    """Up to four records the question is one that was composed before; beyond that it is composed for this officer."""
    person, of = make.person(), matter()
    officer = make.officer("supervisor", person=person)
    companies = [make.company(of=person) for _number in range(records - 1)]
    late = timezone.localdate() - timedelta(days=3)
    others = waiting(3, of, due=lambda number: late)
    for party, mine in zip([person, *companies], waiting(records, of, due=lambda number: late), strict=True):
        Case.objects.filter(pk=mine.pk).update(applicant=party)

    assert len(handler_of(officer).parties) == records
    assert everything(officer, "intake", 2) == [case.pk for case in others]
    assert everything(officer, queries.ALL, 2) == [case.pk for case in others]
    assert queries.pressing(officer, queries.tabs_of(officer))["late"] == 3
    assert queries.count_brought_up(officer) == 0


def test_the_applicants_time_to_correct_is_said_in_calendar_days():
    today = timezone.localdate()
    (asked,) = waiting(1, state="correction_requested", due=lambda number: today + timedelta(days=30))
    (ours,) = waiting(1, state="accepted", due=lambda number: today + timedelta(days=30))

    assert queries.days_left(asked) == 30
    assert 15 <= queries.days_left(ours) <= 23
    assert queries.days_left(asked, today + timedelta(days=32)) == -2
