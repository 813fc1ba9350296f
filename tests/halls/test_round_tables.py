"""Round tables: planned for a booked visit, written at by several departments, ended with a letter, seen by whom it concerns."""

from datetime import date, timedelta

import pytest
from django.urls import reverse

from tests import make
from tests.doors import enter
from tests.halls import booking_world as world
from tests.halls.booking_world import MONDAY_NINE, SUNDAY
from tongban.channels.pages import round_table_page
from tongban.halls import queries_round_tables as queries
from tongban.halls.models import Category, RoundTable, RoundTableNote, Shift
from tongban.halls.services import booking
from tongban.halls.services import round_tables as services
from tongban.journal import services as journal
from tongban.journal.actors import Actor
from tongban.journal.models import Event, ReadEntry
from tongban.lib.problems import Invalid, NotAllowed
from tongban.notices import queries as notices
from tongban.notices.models import Message

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]

TUESDAY_NINE = MONDAY_NINE + timedelta(days=1)
BY = date(2026, 12, 1)


@pytest.fixture
def on(monkeypatch):
    def at(moment):
        monkeypatch.setattr("django.utils.timezone.now", lambda: moment)

    at(SUNDAY)
    return at


@pytest.fixture
def hall():
    row = world.hall(general=6)
    Category.objects.update_or_create(
        code="E",
        defaults={
            "name": {"zh": "咨询", "en": "Advice"},
            "bookable": True,
            "window_kinds": ["general"],
            "average_minutes": 10,
        },
    )
    for weekday in range(5):
        Shift.objects.get_or_create(hall=row, weekday=weekday, kind="consultation", defaults={"begins": "09:00", "ends": "17:00", "windows": 4})  # fmt: skip
    return row


def as_officer(row, role="helper") -> Actor:
    return Actor("officer", role, account=row.account_id, department=row.department.code)


def appointment(hall, at=MONDAY_NINE, holder=None):
    return world.booked(hall, at, holder, code="E", kind="round_table")


def planned(hall, *departments, room="Table 2", at=MONDAY_NINE, holder=None):
    guide = make.officer("helper", of=make.department("DSO"))
    row = services.plan(
        appointment(hall, at, holder),
        room=room,
        about="May the kitchen stay?",
        departments=departments or [make.department("AMR")],
        officer=guide,
        actor=as_officer(guide),
    )
    return row, guide


def opened(hall, *departments, on):
    row, guide = planned(hall, *departments)
    on(MONDAY_NINE)
    return services.open_table(row, actor=as_officer(guide)), guide


def note(row, officer, words, *, internal=False, key=""):
    return services.note(row, words, internal=internal, officer=officer, key=key, actor=as_officer(officer))


def finished(row, guide, result="可以保留。", result_en="It may stay."):
    return services.end(row, result=result, result_en=result_en, officer=guide, actor=as_officer(guide))


def work():
    while journal.work_once():
        pass


def told(kind):
    return Message.objects.filter(kind=kind).count()


# -- planning


def test_the_departments_that_are_asked_are_told_and_see_the_table_and_nobody_else_does(hall, on):
    asked, other = (
        make.officer("dept_reviewer", of=make.department("AMR")),  # who has no person here
        make.officer("dept_reviewer", of=make.department("HRB")),
    )

    row, _guide = planned(hall, asked.department)

    assert list(queries.visible_to(asked)) == [row]
    assert list(queries.visible_to(other)) == []
    assert (list(queries.asked_of(asked)), list(queries.asked_of(other))) == ([row], [])
    assert list(Message.objects.filter(kind="round_table_asked").values_list("account", flat=True)) == [
        asked.account_id
    ]
    (message,) = notices.told_at_desk(asked)
    assert (message.link, notices.number_at_desk(asked)) == (f"/office/round-tables/{row.pk}/", 1)
    assert (notices.told_at_desk(other), notices.number_at_desk(other)) == ([], 0)


def test_two_tables_do_not_stand_at_one_place_at_one_time(hall, on):
    planned(hall, room="Table 2")

    with pytest.raises(Invalid) as refused:
        planned(hall, room="table 2")
    planned(hall, room="Table 2", at=TUESDAY_NINE)

    assert set(refused.value.errors) == {"room"}
    assert RoundTable.objects.count() == 2


def test_a_visit_of_another_kind_has_no_table_and_one_visit_has_one(hall, on):
    row, guide = planned(hall)
    given = {
        "room": "3",
        "about": "x",
        "departments": [make.department("AMR")],
        "officer": guide,
        "actor": as_officer(guide),
    }

    with pytest.raises(NotAllowed) as again:
        services.plan(row.appointment, **given)
    with pytest.raises(NotAllowed) as other:
        services.plan(world.booked(hall, TUESDAY_NINE), **given)

    assert (again.value.code, other.value.code) == ("planned-already", "no-round-table")


# -- at the table


def test_it_begins_on_its_day_and_the_visitor_counts_as_here(hall, on):
    row, guide = planned(hall)

    with pytest.raises(NotAllowed) as early:
        services.open_table(row, actor=as_officer(guide))
    on(MONDAY_NINE)
    row = services.open_table(row, actor=as_officer(guide))
    row.appointment.refresh_from_db()

    assert early.value.code == "table-of-another-day"
    assert (row.state, row.appointment.state) == ("open", "checked_in")


def test_what_is_sent_twice_over_a_bad_line_is_written_down_once(hall, on):
    row, guide = opened(hall, on=on)

    first, second = (
        note(row, guide, "The hood is cleaned.", key="k1"),
        note(row, guide, "The hood is cleaned.", key="k1"),
    )

    assert first == second
    assert row.notes.count() == 1


def test_after_the_end_nothing_is_added_and_what_was_typed_stays_in_the_form(hall, on):
    row, guide = opened(hall, on=on)
    finished(row, guide)

    with pytest.raises(NotAllowed) as late:
        note(row, guide, "One more thing")

    assert (late.value.code, str(late.value.kept)) == ("table-over", "What you typed stands here still.")
    assert not RoundTableNote.objects.exists()


def test_a_task_is_for_somebody_at_the_table_and_by_a_day_to_come(hall, on):
    row, guide = opened(hall, on=on)
    given = {"officer": guide, "actor": as_officer(guide)}

    with pytest.raises(Invalid) as stranger:
        services.set_task(row, "Look", department=make.department("HRB"), due_on=date(2026, 1, 1), **given)
    task = services.set_task(row, "Look", department=make.department("AMR"), due_on=BY, **given)

    assert set(stranger.value.errors) == {"who", "due_on"}
    assert list(queries.tasks_of(make.officer("dept_reviewer", of=make.department("AMR")))) == [task]
    assert list(queries.tasks_of(make.officer("dept_reviewer", of=make.department("HRB")))) == []


def test_only_an_application_of_this_visitor_is_laid_on_the_table(hall, on):
    row, guide = opened(hall, on=on)
    foreign = make.case("under_review")

    with pytest.raises(Invalid) as refused:
        services.lay(row, foreign.number, officer=guide, actor=as_officer(guide))

    assert set(refused.value.errors) == {"number"}
    assert not row.laid.exists()


# -- the letter


def test_the_letter_holds_result_notes_and_tasks_in_both_languages_and_nothing_internal(hall, on):
    row, guide = opened(hall, on=on)
    note(row, guide, "排烟罩每季度清洗，联系人13912345678，身份证990000199001011234。")
    note(row, guide, "可以保留。 It may stay where it is.")
    note(row, guide, "ask about last year", internal=True)
    services.set_task(row, "Send the drawing", department=None, due_on=BY, officer=guide, actor=as_officer(guide))

    row = finished(row, guide)
    row.appointment.refresh_from_db()
    said = [one[language] for one in row.letter["paragraphs"] for language in ("zh", "en")]

    assert said[:8] == [
        "会商结果：可以保留。",
        "Result: It may stay.",
        "记录1：排烟罩每季度清洗，联系人13912345678，身份证9900**********1234。",
        "Note 1: in the line above, written in Chinese only",
        "记录2：可以保留。 It may stay where it is.",
        "Note 2: in the line above",
        "事项1（来访人，2026年12月1日前完成）：（仅有外文，见下行）",
        "Task 1 (Visitor, by 1 December 2026): Send the drawing",
    ]
    assert "last year" not in str(row.letter)
    assert row.number == f"RT-2026-{row.pk:05d}"
    assert row.appointment.state == "served"
    assert told("round_table_result") == 1
    assert Event.objects.filter(kind="TableEnded", subject=row.subject).count() == 1


def test_whoever_holds_the_letter_checks_it_and_a_changed_one_is_told_apart(client, hall, on, monkeypatch):
    client.cookies["language"] = "en"
    row, guide = opened(hall, on=on)
    row = finished(row, guide)
    token = row.letter["token"]

    page = client.get(f"/verify/{token}").content.decode()
    assert "Genuine" in page and row.number in page
    assert row.party.names["zh"] not in page
    drawn = []
    monkeypatch.setattr(round_table_page.licences, "sealed_letter", lambda one, **_rest: drawn.append(one) or b"")
    round_table_page.letter(row)
    assert (drawn[0].verify_url.endswith(f"/verify/{token}"), drawn[0].checkable) == (True, True)
    assert client.get(f"/verify/{token[:-1]}{'2' if token[-1] != '2' else '3'}").status_code == 404
    assert client.get("/verify/table-letter-x-1").status_code == 404

    RoundTable.objects.filter(pk=row.pk).update(letter=row.letter | {"paragraphs": []})
    assert "Does not hold" in client.get(f"/verify/{token}").content.decode()


def test_without_a_result_there_is_no_letter(hall, on):
    row, guide = opened(hall, on=on)

    with pytest.raises(Invalid):
        finished(row, guide, " ", "")

    row.refresh_from_db()
    assert (row.state, row.number) == ("open", "")


def test_a_department_that_has_done_its_task_is_seen_to_have_done_it_once(hall, on):
    row, guide = opened(hall, on=on)
    reviewer = make.officer("dept_reviewer", of=make.department("AMR"))
    task = services.set_task(
        row, "Look", department=reviewer.department, due_on=BY, officer=guide, actor=as_officer(guide)
    )
    finished(row, guide)
    task.refresh_from_db()

    for _press in range(2):
        services.finish_task(task, actor=as_officer(reviewer, "dept_reviewer"), officer=reviewer)

    assert task.done_by == reviewer
    assert told("round_table_task_done") == 1
    assert Event.objects.filter(kind="TableTaskDone").count() == 1


# -- its appointment moves, or goes


def test_an_appointment_that_moves_takes_its_table_along_and_one_that_is_cancelled_calls_it_off(hall, on):
    make.officer("dept_reviewer", of=make.department("AMR"), person=make.person())
    holder = world.who()
    row, _guide = planned(hall, holder=holder)

    new = booking.move(row.appointment, TUESDAY_NINE, holder, actor=world.actor_of(holder), now=SUNDAY)
    booking.confirm(new, actor=world.actor_of(holder), now=SUNDAY)
    work()
    row.refresh_from_db()
    moved = row.appointment, row.begins_at, row.state
    booking.cancel(new, actor=world.actor_of(holder), now=SUNDAY)
    work()
    row.refresh_from_db()

    assert moved == (new, TUESDAY_NINE, "planned")
    assert row.state == "off"
    assert (told("round_table_moved"), told("round_table_off")) == (1, 1)


# -- the shared screen


def test_the_screen_shows_no_number_no_name_and_nothing_internal_and_a_new_link_closes_the_old_one(client, hall, on):
    holder = world.who(make.account(make.person("陈灵活")))
    row, guide = planned(hall, holder=holder)
    on(MONDAY_NINE)
    row = services.open_table(row, actor=as_officer(guide))
    note(row, guide, "陈灵活, 990000198503120012, 138 0013 8000, a.b@c.cn, 12 tables by 2026-12-01")
    note(row, guide, "between us", internal=True)
    address = reverse("portal:round_table_screen", args=[queries.screen_token(row)])

    page = client.get(address).content.decode()
    services.renew_screen(row, actor=as_officer(guide))

    for hidden in ("陈灵活", "990000198503120012", "138 0013 8000", "a.b@c.cn", "between us"):
        assert hidden not in page
    assert "12 tables by 2026-12-01" in page
    assert "<form" not in page.partition("<main")[2].partition("</main")[0]
    assert ReadEntry.objects.filter(of_party=row.party_id, about=row.subject).count() == 1
    assert client.get(address).status_code == 404
    assert client.get(reverse("portal:round_table_screen", args=["made-up"])).status_code == 404


# -- pages


def test_from_the_booked_visit_to_the_letter_on_the_pages(client, hall, on):
    visit, guide = appointment(hall), make.officer("helper", of=make.department("DSO"))
    make.department("AMR")
    enter(client, guide.account)
    new = reverse("office:round_table_new", args=[visit.pk])

    empty = client.post(new, {"room": "", "about": ""})
    client.post(new, {"room": "Table 2", "about": "May it stay?", "departments": ["AMR"]})
    row = RoundTable.objects.get()
    act = lambda move, **said: client.post(reverse("office:round_table_act", args=[row.pk, move]), said)  # noqa: E731
    on(MONDAY_NINE)
    act("open")
    act("note", words="Cleaned every quarter", key="a")
    refused = act("task", task="Send the drawing", who="", due_on="yesterday")
    act("task", task="Send the drawing", who="", due_on="2026-12-01")
    act("end", result="可以保留。", result_en="It may stay.")
    letter = client.get(reverse("office:round_table_letter", args=[row.pk]))
    row.refresh_from_db()

    assert empty.status_code == 422
    assert {"room", "about", "departments"} <= set(empty.context["errors"])
    assert refused.status_code == 422 and "Send the drawing" in refused.content.decode()
    assert (row.state, row.notes.count(), row.tasks.count()) == ("ended", 1, 1)
    assert letter["Content-Type"] == "application/pdf" and letter.content.startswith(b"%PDF")
    assert act("note", words="x").status_code == 409
    assert act("no-such-act").status_code == 404


def test_the_visitor_reads_the_letter_and_marks_what_was_theirs_to_do(client, hall, on):
    holder = world.who()
    row, guide = planned(hall, holder=holder)
    on(MONDAY_NINE)
    row = services.open_table(row, actor=as_officer(guide))
    mine = services.set_task(
        row, "Send the drawing", department=None, due_on=BY, officer=guide, actor=as_officer(guide)
    )
    theirs = services.set_task(
        row, "Look", department=make.department("AMR"), due_on=BY, officer=guide, actor=as_officer(guide)
    )
    note(row, guide, "between us", internal=True)
    finished(row, guide)
    enter(client, holder.account)
    done = [reverse("portal:round_table_task", args=[row.pk, one.pk]) for one in (mine, theirs)]

    page = client.get(reverse("portal:round_table", args=[row.pk])).content.decode()
    pressed = [client.post(one).status_code for one in done]
    mine.refresh_from_db()
    theirs.refresh_from_db()

    assert "It may stay." in page and "Send the drawing" in page and "between us" not in page
    assert pressed == [302, 404]
    assert (mine.done_at is not None, theirs.done_at) == (True, None)
    assert client.get(reverse("portal:round_table_letter", args=[row.pk])).content.startswith(b"%PDF")


def test_a_department_writes_at_its_table_and_cannot_end_it(client, hall, on):
    row, _guide = opened(hall, on=on)
    reviewer = make.officer("dept_reviewer", of=make.department("AMR"))
    enter(client, reviewer.account)
    act = lambda move, **said: client.post(reverse("office:round_table_act", args=[row.pk, move]), said).status_code  # noqa: E731

    pressed = [act("join"), act("note", words="x", key="1"), act("end", result="x"), act("renew")]

    row.refresh_from_db()
    assert pressed == [302, 302, 404, 404]
    assert row.state == "open"
    assert row.seats.get().officer == reviewer
