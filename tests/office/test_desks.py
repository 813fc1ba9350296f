"""What a desk holds beside its cases: views, labels, notes among colleagues, cases that go from hand to hand."""

import html
import json
import re
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests import doors, make
from tests.cases import ways
from tests.office.desks import at_the_desk, case_in, matter, officer_for
from tests.office.test_queue import everything, questions, waiting
from tongban.cases import desks, queries, services
from tongban.cases.models import Case, CaseLabel, DeskHabit, DeskTime, Label, Mention, NoteEdit, PassingOn, SavedView
from tongban.cases.queries import Wanted
from tongban.cases.services import passing_on
from tongban.departments import absences
from tongban.departments.models import Absence, Officer
from tongban.journal.actors import PLATFORM
from tongban.journal.queries import topic_versions
from tongban.lib.bilingual import in_both
from tongban.lib.problems import Invalid, NotAllowed
from tongban.notices import services as notices
from tongban.notices.models import Message
from tongban.parties.models import Person
from tongban.places.models import Division

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]


def on_desk(state="under_review", role="dept_reviewer"):
    case, officer = case_in(state), officer_for(role)
    return services.claim(case, officer=officer), officer


def label_of(department, name="careful", **given) -> Label:
    return Label.objects.create(department=department, name=name, **given)


# -- narrowing


def test_a_queue_is_narrowed_by_everything_an_officer_can_ask():
    of, today = matter(), timezone.localdate()
    officer, colleague = officer_for("window_officer"), officer_for("window_officer")
    now = timezone.now()
    late, mine, theirs, posted, part = waiting(5, of, due=lambda number: today + timedelta(days=number - 1))
    Case.objects.filter(matter=of).update(decided_at=None, decision="")
    Case.objects.filter(pk=late.pk).update(statutory_due=today - timedelta(days=2), warn_on=today - timedelta(days=9))
    Case.objects.filter(pk=mine.pk).update(claimed_by=officer, claimed_at=now, warn_on=today)
    Case.objects.filter(pk=theirs.pk).update(claimed_by=colleague, claimed_at=now, warn_on=today + timedelta(days=1))
    Case.objects.filter(pk=posted.pk).update(channel="post", received_on=date(2026, 3, 9))
    Case.objects.filter(pk=part.pk).update(parent=late.pk)
    label = label_of(officer.department)
    services.put_on(late, label, officer=officer)

    def got(**wanted):
        return set(everything(officer, "intake", 2, wanted=Wanted(**wanted)))

    assert got(who="mine") == {mine.pk}
    assert got(who="team") == {theirs.pk}
    assert got(who="free") == {late.pk, posted.pk, part.pk}
    assert got(channel="post") == {posted.pk}
    assert got(since="2026-03-09") == {posted.pk}
    assert got(until="2026-03-08") == {late.pk, mine.pk, theirs.pk, part.pk}
    assert got(label=str(label.pk)) == {late.pk}
    assert got(bundle=True) == {part.pk}
    assert got(state="received") == {late.pk, mine.pk, theirs.pk, posted.pk, part.pk}
    assert got(state="suspended") == set()
    assert (got(light="black"), got(light="red"), got(light="yellow")) == ({late.pk}, set(), {mine.pk})
    assert got(light="green") == {theirs.pk, posted.pk, part.pk}
    assert got(label=str(label.pk), who="mine") == set()


def test_a_queue_is_narrowed_by_where_the_applicant_lives_with_the_places_within():
    officer = officer_for("window_officer")
    of = matter()
    street = Division.objects.create(code="990000101", level="subdistrict", name={"zh": "示范街道", "en": "Demo"})
    here, there = waiting(2, of)
    person = make.person()
    person.division = street
    person.save()
    Case.objects.filter(pk=here.pk).update(applicant=person)

    assert everything(officer, "intake", 5, wanted=Wanted(place=street.code)) == [here.pk]
    assert everything(officer, "intake", 5, wanted=Wanted(place="990000999")) == []


def test_a_place_holds_what_lies_in_it_down_to_the_community():
    district = Division.objects.create(code="990000", level="district", name={"zh": "示范区", "en": "Demo"})
    street = Division.objects.create(code="990000101", level="subdistrict", name=district.name, parent=district)
    community = Division.objects.create(code="990000101001", level="community", name=district.name, parent=street)
    officer, of = officer_for("window_officer"), matter()
    here, _there = waiting(2, of)
    person = make.person()
    person.division = community
    person.save()
    Case.objects.filter(pk=here.pk).update(applicant=person)

    for place in (district, street, community):
        assert everything(officer, "intake", 5, wanted=Wanted(place=place.code)) == [here.pk]


def test_the_label_of_another_department_finds_nothing():
    of = matter()
    case, officer = waiting(1, of)[0], officer_for("window_officer")
    theirs, own = label_of(of.department, "suspicious"), label_of(officer.department, "first")
    CaseLabel.objects.bulk_create(
        CaseLabel(case=case, label=label, officer=officer, at=timezone.now()) for label in (theirs, own)
    )

    assert everything(officer, "intake", 5, wanted=Wanted(label=str(theirs.pk))) == []
    assert queries.count_wanted(officer, "intake", Wanted(label=str(theirs.pk))) == (0, True)
    assert everything(officer, "intake", 5, wanted=Wanted(label=str(own.pk))) == [case.pk]


def test_the_colour_that_a_filter_finds_is_the_colour_that_the_line_shows():
    """Over all days around the limits of real clocks, each case is found under its own colour and under no other."""
    case = case_in("under_review")
    approver = officer_for("coordinator")
    start, found = case.next_due - timedelta(days=12), []
    for day in range(40):
        today = start + timedelta(days=day)
        shown = queries.light_of(Case.objects.get(pk=case.pk), today)
        held = {
            colour
            for colour in ("green", "yellow", "red", "black")
            if queries.queue_page(approver, "review", wanted=Wanted(light=colour), today=today)[0]
        }
        assert held == {shown}, today
        found.append(shown)
    assert set(found) == {"green", "yellow", "red", "black"}


def test_a_case_that_stands_still_longer_than_was_said_is_red_and_found_as_red():
    case = ways.bring("suspended")
    approver = officer_for("coordinator")
    shown, found = [], []
    for day in (case.next_due, case.next_due + timedelta(days=1)):
        row = Case.objects.get(pk=case.pk)
        shown.append(queries.light_of(row, day))
        page = queries.queue_page(approver, "waiting", wanted=Wanted(light="red"), today=day)[0]
        found.append([one.pk for one in page])

    assert shown == ["grey", "red"]
    assert found == [[], [case.pk]]


def test_what_waits_for_a_second_person_is_reviewed_by_another_and_not_decided():
    case, approver = case_in("under_review"), officer_for("dept_approver")
    wanted = Wanted(second=True)
    assert everything(approver, queries.ALL, 5, wanted=wanted) == []

    services.conclude(case, officer=officer_for("dept_reviewer"), proposal="approve", opinion="in order")

    assert everything(approver, queries.ALL, 5, wanted=wanted) == [case.pk]
    Case.objects.filter(pk=case.pk).update(reviewer=approver)
    assert everything(approver, queries.ALL, 5, wanted=wanted) == []


def test_all_of_an_officers_queues_are_one_list_without_doubles():
    of = matter()
    officer = officer_for("coordinator")
    cases = []
    for number, state in enumerate(("received", "accepted", "under_review", "suspended", "approved")):
        cases += waiting(2, of, state=state, due=lambda n, number=number: date(2026, 3, 2) + timedelta(days=number))
    waiting(1, of, state="closed", due=lambda number: None)

    assert everything(officer, queries.ALL, 3) == [case.pk for case in cases]


def test_the_words_of_an_address_are_read_and_written_back_and_nonsense_narrows_nothing():
    asked = {"light": "red", "who": "mine", "since": "2026-03-02", "bundle": "1", "state": "received", "label": "7"}
    assert Wanted.read(asked).as_query() == asked
    assert Wanted.read({"free": "1"}).as_query() == {"who": "free"}
    broken = {
        "light": "pink",
        "who": "x",
        "since": "2026-02-30",
        "label": "1' or",
        "place": "\x00",
        "channel": "pigeon",
    }
    assert Wanted.read(broken).as_query() == {}


# -- views


def test_a_view_is_saved_from_its_address_opened_first_and_found_by_the_department():
    officer, colleague, stranger = (
        officer_for("window_officer"),
        officer_for("window_officer"),
        officer_for("dept_reviewer"),
    )
    late = waiting(2, due=lambda number: timezone.localdate() - timedelta(days=1))
    waiting(3, due=lambda number: timezone.localdate() + timedelta(days=30))
    client = at_the_desk(officer)

    said = {"name": "Burning", "tab": "intake", "light": "late", "shared": "1", "first": "1"}
    answer = client.post(reverse("office:view_save"), said)

    view = SavedView.objects.get()
    assert answer.headers["Location"] == f"/office/?view={view.pk}&tab=intake&light=late"
    assert (view.asked, view.shared) == ({"tab": "intake", "light": "late"}, True)
    opened = client.get("/office/")
    assert opened.headers["Location"] == f"/office/?view={view.pk}&tab=intake&light=late"
    page = client.get(opened.headers["Location"]).content.decode()
    assert page.count("<tr data-href") == len(late)
    assert "Burning" in at_the_desk(colleague).get("/office/?tab=intake").content.decode()
    assert "Burning" not in at_the_desk(stranger).get("/office/").content.decode()
    found = {one.row.name: (one.count, one.exact) for one in desks.views_of(colleague, habit=desks.habit_of(colleague))}
    assert found == {"Burning": (2, True)}


def test_a_view_gets_another_name_and_ones_own_stand_before_those_of_others():
    officer, colleague = officer_for("window_officer"), officer_for("window_officer")
    for number in range(desks.VIEWS_SHOWN):
        SavedView.objects.create(
            owner=colleague, department=colleague.department, name=f"a{number:02}", shared=True, asked={"tab": "intake"}
        )
    view = services.save_view(officer, name="late", asked={"tab": "intake", "light": "late"}, shared=False)
    services.save_view(officer, name="taken", asked={"tab": "intake"}, shared=False)
    client, address = at_the_desk(officer), reverse("office:view_act", args=[view.pk, "rename"])

    twice = client.post(address, {"name": " taken "})
    nobodys = at_the_desk(colleague).post(address, {"name": "mine now"})
    renamed = client.post(address, {"name": "zero days", "shared": "1"})

    assert (twice.status_code, nobodys.status_code) == (422, 404)
    assert "You have a view of this name already." in twice.content.decode()
    assert renamed.headers["Location"] == f"/office/?view={view.pk}&tab=intake&light=late"
    shown = desks.views_of(officer, habit=desks.habit_of(officer))
    assert [one.row.name for one in shown[:3]] == ["taken", "zero days", "a00"] and shown[1].row.shared
    assert at_the_desk(colleague).post(address, {"name": "mine now"}).status_code == 403


def test_only_its_owner_deletes_a_view_and_whoever_began_with_it_begins_plain():
    officer, colleague = officer_for("window_officer"), officer_for("window_officer")
    view = services.save_view(officer, name="one", asked={"tab": "intake"}, shared=True)
    services.begin_with(colleague, view)

    assert at_the_desk(colleague).post(reverse("office:view_act", args=[view.pk, "delete"])).status_code == 403
    at_the_desk(officer).post(reverse("office:view_act", args=[view.pk, "delete"]))

    assert not SavedView.objects.exists()
    assert DeskHabit.objects.get(officer=colleague).begins_with is None
    assert at_the_desk(colleague).get("/office/").status_code == 200


def test_a_view_without_a_name_is_asked_for_one_and_nothing_is_lost():
    client = at_the_desk(officer_for("window_officer"))

    answer = client.post(reverse("office:view_save"), {"name": " ", "tab": "intake", "light": "late"})

    assert answer.status_code == 422
    assert "Give it a name" in answer.content.decode()
    assert 'name="light" value="late"' in answer.content.decode()
    assert not SavedView.objects.exists()


def test_private_views_stay_private():
    officer, colleague = officer_for("window_officer"), officer_for("window_officer")
    view = services.save_view(officer, name="mine alone", asked={"tab": "intake"}, shared=False)

    assert "mine alone" not in at_the_desk(colleague).get("/office/?tab=intake").content.decode()
    assert at_the_desk(colleague).post(reverse("office:view_act", args=[view.pk, "first"])).status_code == 404


def test_a_counter_says_or_more_where_it_stopped_looking(monkeypatch):
    officer = officer_for("window_officer")
    waiting(30)
    last = Case.objects.order_by("-pk").first()
    Case.objects.filter(pk=last.pk).update(channel="post")
    assert queries.count_wanted(officer, "intake", Wanted(channel="post")) == (1, True)

    monkeypatch.setattr(queries, "LOOKED_AT", 10)

    assert queries.count_wanted(officer, "intake", Wanted(channel="post")) == (0, False)
    assert queries.count_wanted(officer, "intake", Wanted()) == (30, True)


def test_what_several_counters_of_a_queue_ask_is_asked_once():
    officer = officer_for("window_officer")
    waiting(3)
    counter = queries.Counter(officer)

    def asked(**wanted):
        with CaptureQueriesContext(connection) as held:
            assert counter.of("intake", Wanted(**wanted)) == (0, True)
        return len(held)

    assert asked(channel="post") > 1
    assert (asked(channel="phone_help"), asked(since="2030-01-01")) == (1, 1)


def plans(officer, tab, **wanted) -> str:
    """How SQLite reads the stretches of a queue."""
    with CaptureQueriesContext(connection) as held:
        queries.queue_page(officer, tab, wanted=Wanted(**wanted))
    asked = [query["sql"] for query in held if "ORDER BY 1" in query["sql"] and "cases_case" in query["sql"]]
    with connection.cursor() as cursor:
        return str(cursor.execute(f"EXPLAIN QUERY PLAN {asked[0]}").fetchall())


@pytest.mark.skipif(connection.vendor != "sqlite", reason="reads a plan of SQLite")
def test_a_row_that_a_filter_passes_over_is_not_read():
    officer = officer_for("window_officer")
    waiting(3)

    for wanted in ({"channel": "post"}, {"since": "2030-01-01"}, {"bundle": True}, {"who": "mine"}):
        assert "USING COVERING INDEX cases_by_state_and_due" in plans(officer, "intake", **wanted), wanted


@pytest.mark.skipif(connection.vendor != "sqlite", reason="reads a plan of SQLite")
def test_an_approver_does_not_read_what_nobody_has_reviewed():
    """SQLite takes the narrower of two indexes that answer the same: what is not reviewed stands in the wider one only."""
    waiting(3, state="under_review")

    assert "cases_to_be_decided" in plans(officer_for("dept_approver"), "decision")


def test_a_narrowed_queue_with_views_and_labels_asks_as_often_for_thirty_cases_as_for_one():
    officer = officer_for("window_officer")
    client, of = at_the_desk(officer), matter()
    label = label_of(officer.department)
    services.save_view(officer, name="post", asked={"tab": "intake", "channel": "online_pc"}, shared=False)
    where = {"tab": "intake", "light": "red", "label": str(label.pk), "who": "free", "since": "2026-01-01"}
    asked = []
    client.get("/office/", where)
    for count in (1, 29):
        cases = waiting(count, of)
        CaseLabel.objects.bulk_create(CaseLabel(case=case, label=label, officer=officer) for case in cases)
        with CaptureQueriesContext(connection) as held:
            page = client.get("/office/", where).content.decode()
        asked.append(questions(held))
        assert page.count("<tr data-href") == min(25, 1 if count == 1 else 30)

    assert asked[1] <= asked[0]
    assert not any("COUNT(" in query["sql"].upper() and '"cases_case"' in query["sql"] for query in held)


# -- labels


def test_a_label_is_made_put_on_taken_off_renamed_and_retired():
    case, officer = on_desk()
    lead = officer_for("dept_approver")
    client = at_the_desk(officer)
    at_the_desk(lead).post(reverse("office:labels"), {"act": "keep", "name": "Fire doors", "colour": "plum"})
    label = Label.objects.get()

    client.post(reverse("office:case_label", args=[case.ref]), {"label": label.pk, "act": "on"})
    client.post(reverse("office:case_label", args=[case.ref]), {"label": label.pk, "act": "on"})

    assert CaseLabel.objects.get().officer == officer
    assert "Fire doors" in client.get("/office/?tab=review").content.decode()
    services.keep_label(lead, name="Doors", colour="gold", label=label)
    services.retire_label(lead, label)
    assert "Doors" in client.get(reverse("office:case", args=[case.ref])).content.decode()
    with pytest.raises(NotAllowed):
        services.put_on(case_in("under_review"), Label.objects.get(), officer=officer)
    client.post(reverse("office:case_label", args=[case.ref]), {"label": label.pk, "act": "off"})
    assert not CaseLabel.objects.exists()


def test_a_name_that_exists_is_said_beside_the_label_that_was_to_get_it_and_stays_typed():
    lead = officer_for("dept_approver")
    label_of(lead.department, "Fire doors")
    other = label_of(lead.department, "Deadline")

    page = at_the_desk(lead).post(
        reverse("office:labels"), {"act": "keep", "label": other.pk, "name": "Fire doors", "colour": "gold"}
    )

    assert page.status_code == 422
    form = page.content.decode().partition(f'id="id_name_{other.pk}"')[2].partition("</form>")[0]
    assert 'value="Fire doors"' in form and "a label of this name already" in form


def test_labels_are_kept_by_leads_and_belong_to_one_department():
    case, officer = on_desk()
    theirs = label_of(make.department("HRB"))

    with pytest.raises(NotAllowed):
        services.keep_label(officer, name="x", colour="teal")
    with pytest.raises(NotAllowed):
        services.put_on(case, theirs, officer=officer)
    with pytest.raises(NotAllowed):
        services.keep_label(officer_for("dept_approver"), name="x", colour="teal", label=theirs)
    with pytest.raises(Invalid):
        services.keep_label(officer_for("dept_approver", "HRB"), name="careful", colour="teal")
    answer = at_the_desk(officer).post(reverse("office:case_label", args=[case.ref]), {"label": theirs.pk, "act": "on"})
    assert answer.status_code == 404


def test_the_applicant_never_sees_labels_and_notes_but_the_copy_of_their_data_holds_them():
    case, officer = on_desk()
    services.put_on(case, label_of(officer.department, "Doubtful deed"), officer=officer)
    services.write_note(case, officer=officer, text="The deed smells of fresh ink.")
    client = doors.client_of(case.account) if hasattr(doors, "client_of") else at_the_desk(case)

    page = client.get(f"/my/cases/{case.ref}/").content.decode()

    assert case.number in page
    assert "Doubtful deed" not in page and "fresh ink" not in page


# -- notes


def news(page: str, case: Case, officer: Officer) -> list[str]:
    """The topics of a case page that moved on since it was drawn."""
    standing = json.loads(html.unescape(re.search(r'data-standing="([^"]*)"', page)[1]))
    assert set(standing) == {case.subject, *services.colleagues.beside_topics(case.subject, officer)}
    return [topic for topic, version in topic_versions(list(standing)).items() if version > standing[topic]]


def test_the_page_of_a_case_hears_of_colleagues_notes_and_labels_and_not_of_its_own_look():
    case, officer = on_desk()
    colleague = officer_for("dept_reviewer")
    services.ask(case, account=case.account, text="When is it ready?", key="k")

    page = at_the_desk(officer).get(reverse("office:case", args=[case.ref])).content.decode()

    assert news(page, case, officer) == []
    services.write_note(case, officer=colleague, text="Look at page two.")
    assert news(page, case, officer) == [f"{case.subject}:beside:{officer.department_id}"]
    services.put_on(case, label_of(officer.department, "Doubtful deed"), officer=colleague)
    services.write_note(case, officer=colleague, text="For everybody.", for_all=True)
    assert f"{case.subject}:beside:all" in news(page, case, officer)
    assert case.subject not in news(page, case, officer)


def test_whoever_opens_the_case_of_a_dead_applicant_is_told_so():
    case, officer = on_desk()
    Person.objects.filter(pk=case.applicant_id).update(died_on=date(2026, 3, 1))

    page = at_the_desk(officer).get(reverse("office:case", args=[case.ref])).content.decode()

    assert "The applicant died on 1 March 2026" in page and "the heirs are helped at a window" in page


def test_a_note_is_sealed_changed_with_its_history_and_pinned():
    case, officer = on_desk()
    client = at_the_desk(officer)
    client.post(reverse("office:notes", args=[case.ref]), {"note": "Call back at four."})
    note = case.staff_notes.get()
    with connection.cursor() as cursor:
        cursor.execute("select text from cases_staffnote")
        assert "four" not in cursor.fetchone()[0]

    client.post(reverse("office:note_act", args=[case.ref, note.pk, "change"]), {"note": "Call back at five."})
    client.post(reverse("office:note_act", args=[case.ref, note.pk, "pin"]))

    note.refresh_from_db()
    assert (note.text, NoteEdit.objects.get().text, bool(note.pinned_at)) == (
        "Call back at five.",
        "Call back at four.",
        True,
    )
    page = client.get(reverse("office:case", args=[case.ref])).content.decode()
    assert "Call back at five." in page and "Call back at four." in page


def test_a_note_stays_in_its_department_unless_it_is_for_all_or_names_somebody():
    case, officer = on_desk()
    hall = officer_for("window_officer")
    own = services.write_note(case, officer=officer, text="only us")
    shared = services.write_note(case, officer=officer, text="all of us", for_all=True)

    assert set(services.notes_of(case, officer)) == {own, shared}
    assert set(services.notes_of(case, hall)) == {shared}
    assert set(services.notes_of(case, officer_for("auditor"))) == {own, shared}
    named = services.write_note(case, officer=officer, text="you there", mention=hall)
    assert set(services.notes_of(case, hall)) == {shared, named}


def test_a_mention_rings_the_bell_until_the_case_was_opened():
    case, officer = on_desk()
    colleague = officer_for("dept_reviewer")
    at_the_desk(officer).post(
        reverse("office:notes", args=[case.ref]), {"note": "Look at page 2", "mention": colleague.pk}
    )
    client = at_the_desk(colleague)

    assert desks.bell(colleague) == 1
    page = client.get(reverse("office:for_you")).content.decode()
    assert "Look at page 2" in page and case.number in page
    client.get(reverse("office:case", args=[case.ref]))

    assert desks.bell(colleague) == 0
    assert Mention.objects.get().seen_at is not None


def test_news_for_the_work_of_an_officer_without_a_person_ring_until_they_were_seen_and_are_nobody_elses():
    officer, other = officer_for("dept_reviewer"), officer_for("dept_reviewer")
    given = {"place": {"zh": "中心", "en": "The centre"}, "due": "2026-06-02", "hour": "09:00", "what": "Table 2"}
    for _again in range(2):
        notices.tell_staff(
            [officer], "round_table_off", about="round-table:1", link="/office/desk/", params=given, once="t:1"
        )
    (row,) = Message.objects.all()
    client = at_the_desk(officer)

    page = client.get(reverse("office:for_you")).content.decode()
    assert row.shown_title in page and (row.party_id, row.account_id) == (None, officer.account_id)
    assert at_the_desk(other).post(reverse("office:told", args=[row.pk])).status_code == 404
    opened = client.post(reverse("office:told", args=[row.pk]), {"then": "open"})

    assert (opened.status_code, opened.headers["Location"]) == (302, "/office/desk/")
    assert row.shown_title not in client.get(reverse("office:for_you")).content.decode()
    assert (
        row.shown_title in client.get(reverse("portal:inbox")).content.decode()
    )  # an inbox without a person is drawn too


def test_a_note_of_a_department_one_has_left_waits_no_more():
    case, officer = on_desk()
    colleague = officer_for("dept_reviewer")
    services.write_note(case, officer=officer, text="Look at page 2", mention=colleague)
    assert desks.bell(colleague) == 1

    colleague.department = make.department("HRB")
    colleague.save()

    assert (desks.bell(colleague), list(desks.mentions_of(colleague))) == (0, [])


def test_nobody_is_named_who_may_not_see_the_case_and_nobody_changes_anothers_note():
    case, officer = on_desk()
    note = services.write_note(case, officer=officer, text="mine")
    stranger = officer_for("dept_reviewer", "HRB")

    with pytest.raises(Invalid):
        services.write_note(case, officer=officer, text="look", mention=stranger)
    with pytest.raises(NotAllowed):
        services.change_note(note, officer=officer_for("dept_reviewer"), text="theirs")
    with pytest.raises(NotAllowed):
        services.write_note(case, officer=stranger, text="hello")
    with pytest.raises(Invalid):
        services.write_note(case, officer=officer, text=" ")
    assert at_the_desk(stranger).post(reverse("office:notes", args=[case.ref]), {"note": "x"}).status_code == 404
    colleague, window, pre_reviewer = (
        officer_for(role) for role in ("dept_approver", "window_officer", "pre_reviewer")
    )
    editor = officer_for("catalogue_manager", window.department.code)
    assert colleague in desks.could_be_named(officer, case)
    named = desks.could_be_named(window, case)
    assert pre_reviewer in named and editor not in named and editor in desks.colleagues(window)


# -- from desk to desk


def test_a_case_held_out_lies_with_the_giver_until_the_colleague_takes_it():
    case, officer = on_desk()
    colleague = officer_for("dept_reviewer")
    said = {"to": colleague.pk, "note": "I know the applicant's shop"}

    at_the_desk(officer).post(reverse("office:hand_over", args=[case.ref]), said)
    case.refresh_from_db()
    assert (case.claimed_by, desks.bell(colleague)) == (officer, 1)
    client = at_the_desk(colleague)
    assert "I know the applicant&#x27;s shop" in client.get(reverse("office:for_you")).content.decode()
    client.post(reverse("office:passing", args=[case.ref, "take"]))

    case.refresh_from_db()
    assert (case.claimed_by, desks.bell(colleague)) == (colleague, 0)
    assert PassingOn.objects.get().state == "taken"
    assert list(DeskTime.objects.filter(until=None).values_list("officer", flat=True)) == [colleague.pk]


def test_held_out_twice_in_the_same_words_it_is_held_out_once():
    case, officer = on_desk()
    colleague = officer_for("dept_reviewer")

    first = services.pass_on(case, officer=officer, to=colleague, note="You know the building.")
    again = services.pass_on(case, officer=officer, to=colleague, note="You know the building. ")
    other = services.pass_on(case, officer=officer, to=colleague, note="You know the house.")

    assert first == again and other != first
    assert list(PassingOn.objects.order_by("pk").values_list("state", flat=True)) == ["recalled", "offered"]


def test_what_lies_on_all_desks_is_one_question():
    _case, officer = on_desk()
    for _number in range(2):
        on_desk()

    def asked():
        with CaptureQueriesContext(connection) as held:
            found = desks.team(officer)
        return found, questions(held)

    few, before = asked()
    for _number in range(4):
        on_desk()
    many, after = asked()

    assert len(many) > len(few) and after == before
    assert {one.officer.pk: one.count for one in many} == {
        one.officer.pk: queries.count_on_desk(one.officer) for one in many
    }


def test_a_case_given_back_never_left_and_the_giver_reads_why():
    case, officer = on_desk()
    colleague = officer_for("dept_reviewer")
    row = services.pass_on(case, officer=officer, to=colleague)

    services.give_back(row, officer=colleague, answer="I am on leave from tomorrow")

    case.refresh_from_db()
    assert case.claimed_by == officer
    assert "I am on leave from tomorrow" in at_the_desk(officer).get(reverse("office:for_you")).content.decode()
    with pytest.raises(NotAllowed):
        services.take_passed(row, officer=colleague)


def test_what_is_held_out_can_be_kept_and_is_over_when_the_case_leaves_the_desk():
    case, officer = on_desk()
    colleague = officer_for("dept_reviewer")
    row = services.pass_on(case, officer=officer, to=colleague)
    services.recall(row, officer=officer)
    with pytest.raises(NotAllowed):
        services.take_passed(row, officer=colleague)
    row = services.pass_on(case, officer=officer, to=colleague)

    services.release(case, officer=officer)
    services.claim(case, officer=officer)

    row.refresh_from_db()
    assert row.state == "over"
    with pytest.raises(NotAllowed):
        services.take_passed(row, officer=colleague)


def test_a_case_is_held_out_only_by_whoever_has_it_and_to_somebody_who_can_work_on_it():
    case, officer = on_desk()
    colleague = officer_for("dept_reviewer")

    with pytest.raises(NotAllowed):
        services.pass_on(case, officer=colleague, to=officer)
    for other in (officer, officer_for("dept_reviewer", "HRB"), officer_for("auditor")):
        with pytest.raises(Invalid):
            services.pass_on(case, officer=officer, to=other)
    row = services.pass_on(case, officer=officer, to=colleague)
    with pytest.raises(NotAllowed):
        services.take_passed(row, officer=officer_for("dept_reviewer"))


def absent(officer, substitute=None, days=3, **given):
    today = timezone.localdate()
    return absences.enter(
        officer, officer, first=today, last=today + timedelta(days=days), substitute=substitute, actor=PLATFORM, **given
    )


def test_the_desk_of_somebody_absent_is_taken_over_by_the_substitute_or_a_lead_and_by_nobody_else():
    case, officer = on_desk()
    substitute, other, lead = officer_for("dept_reviewer"), officer_for("dept_reviewer"), officer_for("dept_approver")
    for who in (substitute, other, lead):
        with pytest.raises(NotAllowed):
            services.take_over_desk(case, officer=who)
    absent(officer, substitute)
    with pytest.raises(NotAllowed):
        services.take_over_desk(case, officer=other)
    page = at_the_desk(substitute).get("/office/for-you/").content.decode()
    assert "You stand in for" in page and f"?desk={officer.pk}#desk" in page and "1 on the desk" in page
    assert "You stand in for" not in at_the_desk(other).get("/office/for-you/").content.decode()

    case = services.take_over_desk(case, officer=substitute)

    assert case.claimed_by == substitute
    assert list(DeskTime.objects.filter(until=None).values_list("officer", flat=True)) == [substitute.pk]
    absent(substitute)
    case = services.take_over_desk(case, officer=lead, to_pool=True)
    assert case.claimed_by is None


def test_a_case_is_not_held_out_to_somebody_who_is_not_there():
    case, officer = on_desk()
    colleague = officer_for("dept_reviewer")
    absent(colleague)

    with pytest.raises(Invalid):
        services.pass_on(case, officer=officer, to=colleague)


def test_absences_are_entered_by_oneself_or_a_lead_and_struck_again():
    officer, other, lead = officer_for("dept_reviewer"), officer_for("dept_reviewer"), officer_for("dept_approver")
    today = timezone.localdate().isoformat()
    said = {"act": "enter", "who": officer.pk, "first_day": today, "last_day": today, "substitute": other.pk}

    assert at_the_desk(other).post(reverse("office:team"), said).status_code == 403
    at_the_desk(lead).post(reverse("office:team"), said)

    row = Absence.objects.get()
    assert (row.officer, row.substitute, row.entered_by) == (officer, other, lead)
    assert "away today" in at_the_desk(other).get(reverse("office:team")).content.decode()
    at_the_desk(officer).post(reverse("office:team"), {"act": "strike", "absence": row.pk})
    assert not Absence.objects.exists()
    wrong = at_the_desk(officer).post(reverse("office:team"), said | {"last_day": "2020-01-01"})
    assert wrong.status_code == 422 and "before the first" in wrong.content.decode()


# -- keys


def test_single_keys_can_be_switched_off_and_stay_off():
    officer = officer_for("window_officer")
    client = at_the_desk(officer)
    assert "data-no-keys" not in client.get("/office/").content.decode()

    client.post(reverse("office:keys"), {"on": "", "next": "/office/"})

    assert "data-no-keys" in client.get("/office/").content.decode()
    client.post(reverse("office:keys"), {"on": "1", "next": "/office/"})
    assert "data-no-keys" not in client.get("/office/").content.decode()


@pytest.mark.parametrize("act", ["claim", "take over"])
def test_a_sentence_with_a_colleagues_name_is_said_in_the_language_of_whoever_reads_it(act):
    case, holder = on_desk()
    holder.name = {"zh": "冯审查", "en": "Feng (Review)"}
    holder.save(update_fields=["name"])
    case = Case.objects.get(pk=case.pk)

    with pytest.raises(NotAllowed) as refused:
        if act == "claim":
            services.claim(case, officer=officer_for("dept_reviewer"))
        else:
            passing_on.take_over(case, officer=officer_for("dept_reviewer"))

    said = in_both(refused.value.sentence)
    assert "冯审查" in said["zh"] and "Feng" not in said["zh"]
    assert "Feng (Review)" in said["en"] and "冯审查" not in said["en"]
