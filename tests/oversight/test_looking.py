"""An officer looks at somebody: with a case, without one, at many, and what the person sees of it."""

import csv
import io
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests import doors, make
from tests.office.desks import at_the_desk, case_in, give_a_reason, matter, officer_for, work
from tongban.channels.office.views_look import safe_cell
from tongban.journal import services as journal
from tongban.journal.actors import Actor
from tongban.journal.models import Event, ReadEntry
from tongban.lib.problems import Invalid, NotAllowed
from tongban.notices.models import Message
from tongban.oversight import queries, rules, services
from tongban.oversight.models import Alert, Allowance, Look, ReadQuestion
from tongban.parties import rules as party_rules

pytestmark = pytest.mark.django_db

REASON = "somebody asked by telephone about this"
OF_POLICE = {"department": "PSB"}


@pytest.fixture(autouse=True)
def calendar():
    make.calendar()
    cache.clear()


def citizen(**given):
    id_no = "990000199207080045"
    index = party_rules.index_of("id_card", party_rules.check_number("id_card", id_no))
    return make.account(make.person("李示例", id_no=id_no, id_index=index), **given)


def page_of_reads(account, **asked) -> str:
    client = doors.enter(Client(headers={"accept-language": "en"}), account)
    client.cookies["django_language"] = "en"
    return client.get("/account/reads/", asked, headers={"accept-language": "en"}).content.decode()


def actor(officer, role="window_officer") -> Actor:
    return Actor("officer", role, officer.account_id, None, officer.department.code, officer.shown_name)


# -- without a case


def test_a_case_nobody_gave_you_opens_only_after_a_reason_and_then_at_once():
    case = case_in("received", matter())
    auditor = officer_for("auditor")
    client = at_the_desk(auditor)
    where = reverse("office:case", args=[case.ref])

    refused = client.get(where)
    assert refused.status_code == 403
    assert case.applicant.name not in refused.content.decode()
    assert ReadEntry.objects.filter(reader=auditor.account_id).count() == 0

    assert give_a_reason(client, case).headers["Location"] == where
    assert client.get(where).status_code == 200
    entry = ReadEntry.objects.get(reader=auditor.account_id)
    assert (entry.of_party, entry.purpose, entry.about) == (case.applicant_id, "look:supervision", case.subject)
    assert entry.fields == ["form", "materials"]


def test_the_reason_holds_for_half_an_hour_and_for_this_case_alone(monkeypatch):
    case, other = case_in("received", matter()), case_in("received", matter())
    client = at_the_desk(officer_for("auditor"))
    give_a_reason(client, case)

    assert client.get(reverse("office:case", args=[other.ref])).status_code == 403
    Look.objects.update(ends_at=timezone.now() - timedelta(seconds=1))
    assert client.get(reverse("office:case", args=[case.ref])).status_code == 403


def test_a_case_of_another_department_is_not_there_until_a_reason_is_given():
    case = case_in("under_review", matter())
    client = at_the_desk(officer_for("dept_reviewer", department="HRB"))
    where = reverse("office:case", args=[case.ref])

    assert client.get(where).status_code == 404
    give_a_reason(client, case, purpose="connected_case")
    assert client.get(where).status_code == 200


def test_a_page_of_a_document_needs_the_same_reason():
    case = case_in("received", matter())
    client = at_the_desk(officer_for("auditor"))

    for where in (
        reverse("office:page", args=[case.ref, 1]),
        reverse("office:paper", args=[case.ref, "x"]),
        reverse("office:reveal", args=[case.ref, "reason"]),
    ):
        answer = client.post(where) if "reveal" in where else client.get(where)
        assert answer.status_code == 403, where


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"reason": "short"}, "reason"),
        ({"purpose": "curiosity"}, "purpose"),
        ({"purpose": "investigation"}, "law_code"),
    ],
)
def test_without_a_purpose_and_a_reason_nothing_opens(said, field):
    case = case_in("received", matter())
    client = at_the_desk(officer_for("auditor"))

    answer = give_a_reason(client, case, **said)

    assert answer.status_code == 422
    assert Look.objects.count() == 0
    assert client.get(reverse("office:case", args=[case.ref])).status_code == 403


def test_a_person_is_found_by_the_document_and_sees_it_within_the_minute():
    hers = citizen()
    case = make.case("under_review", matter(), account_=hers)
    window = officer_for("window_officer")
    client = at_the_desk(window)
    said = {"what": "person", "id_kind": "id_card", "id_no": hers.person.id_no}

    answer = client.post(reverse("office:look"), {**said, "purpose": "asked_for_help", "reason": REASON}, follow=True)

    page = answer.content.decode()
    assert "李示例" in page and case.number in page
    assert hers.person.id_no not in page
    work()
    told = Message.objects.get(account=hers, kind="looked_without_case")
    assert told.link == "/account/reads/"
    shown = page_of_reads(hers)
    assert "without handling a case of yours" in shown
    assert "the person asked for help" in shown
    assert window.name["zh"] in shown


def test_a_number_nobody_has_is_answered_like_a_case_one_may_not_find_and_is_on_record():
    window = officer_for("window_officer")
    client = at_the_desk(window)
    foreign = case_in("under_review", matter())

    known = client.get(reverse("office:find"), {"number": foreign.number})
    unknown = client.get(reverse("office:find"), {"number": "310107261121999999"})
    assert (known.status_code, unknown.status_code) == (404, 404)
    same = known.content.decode().replace(foreign.number, "N")
    assert _bare(same) == _bare(unknown.content.decode().replace("310107261121999999", "N"))

    answer = client.post(
        reverse("office:look"),
        {"what": "case", "number": "310107261121999999", "purpose": "complaint", "reason": REASON},
    )
    assert answer.status_code == 404
    assert Look.objects.get().party is None


def _bare(page: str) -> str:
    import re

    return re.sub(r'value="[A-Za-z0-9]{64}"|nonce="[^"]*"|[0-9a-f]{12}|live/[^"]*', "", page)


def test_ones_own_data_is_not_found_by_a_reason_either():
    id_no = "990000199207080045"
    who = make.person(id_no=id_no, id_index=party_rules.index_of("id_card", party_rules.check_number("id_card", id_no)))
    client = at_the_desk(make.officer("window_officer", of=make.department("DSO"), person=who))

    answer = client.post(
        reverse("office:look"),
        {"what": "person", "id_kind": "id_card", "id_no": id_no, "purpose": "complaint", "reason": REASON},
    )

    assert answer.status_code == 404
    assert Look.objects.get().party is None


# -- delayed by a law


def investigated(officer, case, **more):
    client = at_the_desk(officer)
    answer = give_a_reason(client, case, **{"purpose": "investigation", "law_code": "CPL-54", "days": "30"} | more)
    return client, answer


def test_what_a_law_delays_is_invisible_until_its_day_and_then_says_why(monkeypatch):
    hers = citizen()
    police = make.officer("dept_approver", of=make.department("PSB"))
    other = make.case("under_review", make.matter(department=make.department("HRB")), account_=hers)
    client, _answer = investigated(police, other)
    assert client.get(reverse("office:case", args=[other.ref])).status_code == 200
    work()

    assert "an investigation under a law" not in page_of_reads(hers)
    assert not Message.objects.filter(account=hers, kind__startswith="looked").exists()
    entry = ReadEntry.objects.get(reader=police.account_id)
    assert entry.law_code == "CPL-54" and entry.hidden_until is not None

    later = entry.hidden_until + timedelta(seconds=1)
    monkeypatch.setattr(timezone, "now", lambda: later)
    work()
    shown = page_of_reads(hers)
    assert "an investigation under a law" in shown
    assert "Criminal Procedure Law" in shown
    assert Message.objects.get(account=hers, kind__startswith="looked").kind == "looked_later"


def test_control_without_the_day_the_same_look_is_seen_at_once():
    hers = citizen()
    case = make.case("under_review", make.matter(department=make.department("HRB")), account_=hers)
    client, _answer = investigated(make.officer("dept_approver", of=make.department("PSB")), case)
    client.get(reverse("office:case", args=[case.ref]))
    ReadEntry.objects.update(hidden_until=None)

    assert "an investigation under a law" in page_of_reads(hers)


@pytest.mark.parametrize(
    ("role", "department"), [("dept_approver", "HRB"), ("dept_reviewer", "PSB"), ("window_officer", "DSO")]
)
def test_only_a_department_and_role_with_the_right_may_delay_and_the_try_is_an_alert(role, department):
    case = case_in("received", make.matter(department=make.department("CAB")))
    officer = make.officer(role, of=make.department(department))

    _client, answer = investigated(officer, case)

    assert answer.status_code == 422
    assert Look.objects.count() == 0
    assert Alert.objects.get().kind == Alert.Kind.LAW_REFUSED


def test_a_law_delays_no_longer_than_it_says():
    case = case_in("received", make.matter(department=make.department("CAB")))
    _client, answer = investigated(make.officer("dept_approver", of=make.department("PSB")), case, days="181")

    assert answer.status_code == 422


def test_the_auditor_sees_how_often_a_law_delays_and_not_whose():
    hers = citizen()
    case = make.case("under_review", make.matter(department=make.department("HRB")), account_=hers)
    investigated(make.officer("dept_approver", of=make.department("PSB")), case)

    page = at_the_desk(officer_for("auditor")).get("/office/oversight/?tab=delayed").content.decode()

    assert "CPL-54" in page
    assert hers.person.name not in page and case.number not in page


# -- seen by another person


def test_a_look_is_judged_by_somebody_else_with_an_opinion():
    case = case_in("received", matter())
    looker, auditor = officer_for("auditor"), officer_for("auditor")
    give_a_reason(at_the_desk(looker), case)
    look = Look.objects.get()
    where = reverse("office:judge", args=["looks", look.pk])

    own = at_the_desk(looker).post(where, {"verdict": "in_order"})
    assert own.status_code == 403
    bad = at_the_desk(auditor).post(where, {"verdict": "not_in_order", "opinion": ""})
    assert bad.status_code == 422
    page = at_the_desk(auditor).get("/office/oversight/").content.decode()
    assert case.number in page and "the yearly sample of cases" in page
    done = at_the_desk(auditor).post(where, {"verdict": "not_in_order", "opinion": "There was no sample this year."})

    look.refresh_from_db()
    assert done.status_code == 302
    assert (look.verdict, look.closed_by) == ("not_in_order", auditor)
    assert Event.objects.filter(kind="LookWasSeen").count() == 1


# -- "I do not recognise this"


def test_a_line_nobody_recognises_is_asked_about_and_answered():
    hers = citizen()
    case = make.case("received", matter(), account_=hers)
    window, auditor = officer_for("window_officer"), officer_for("auditor")
    at_the_desk(window).get(reverse("office:case", args=[case.ref]))
    entry = ReadEntry.objects.get(reader=window.account_id)
    client = doors.enter(Client(), hers)

    for _twice in range(2):
        client.post(reverse("account_read_question", args=[entry.pk]), {"text": "Who was this?"})
    question = ReadQuestion.objects.get()
    asked = at_the_desk(auditor).get("/office/oversight/?tab=questions").content.decode()
    assert "Who was this?" in asked and window.shown_name in asked
    at_the_desk(auditor).post(
        reverse("office:judge", args=["questions", question.pk]),
        {"verdict": "in_order", "answer": "The window handled your application on that day."},
    )
    work()

    assert "The window handled your application on that day." in page_of_reads(hers)
    assert Message.objects.filter(account=hers, kind="read_question_answered").count() == 1


def test_nobody_asks_about_a_line_of_somebody_else_or_one_that_is_still_hidden():
    hers, his = citizen(), make.account()
    window = officer_for("window_officer")
    journal.note_read(actor=actor(window), of_party=his.person_id, purpose="handling", fields=["form"], about="case:1")
    later = timezone.now() + timedelta(days=1)
    journal.note_read(
        actor=actor(window), of_party=hers.person_id, purpose="look:investigation", fields=["form"], about="case:2",
        law_code="CPL-54", hidden_until=later,
    )  # fmt: skip
    client = doors.enter(Client(), hers)

    for entry in ReadEntry.objects.all():
        assert client.post(reverse("account_read_question", args=[entry.pk])).status_code == 404
    assert ReadQuestion.objects.count() == 0


# -- the person's page


def test_one_officer_opening_one_case_is_one_line_with_its_looks_inside():
    hers = citizen()
    window = officer_for("window_officer")
    for field in ("form", "document", "id_no"):
        journal.note_read(
            actor=actor(window), of_party=hers.person_id, purpose="handling", fields=[field], about="case:9"
        )

    page = page_of_reads(hers)

    assert page.count('id="read-') == 1
    assert "3 looks" in page


def test_the_page_is_narrowed_and_read_on_by_key():
    hers = citizen()
    window = officer_for("window_officer")
    journal.note_read(
        actor=journal.PLATFORM, of_party=hers.person_id, purpose="decision", fields=["form"], about="case:1"
    )
    for number in range(120):
        journal.note_read(
            actor=actor(window), of_party=hers.person_id, purpose="handling", fields=["form"], about=f"case:{number}"
        )

    first = page_of_reads(hers)
    assert first.count('id="read-') == 50
    before = ReadEntry.objects.order_by("-id")[99].pk
    assert page_of_reads(hers, before=before).count('id="read-') == 21
    assert page_of_reads(hers, who="machine").count('id="read-') == 1
    assert page_of_reads(hers, who="others").count('id="read-') == 0


def test_names_of_officers_are_shown_only_where_the_setting_allows(settings):
    hers, window = citizen(), officer_for("window_officer")
    journal.note_read(actor=actor(window), of_party=hers.person_id, purpose="handling", fields=["form"], about="case:9")
    assert window.shown_name in page_of_reads(hers)

    settings.READER_NAMES = False

    page = page_of_reads(hers)
    assert window.shown_name not in page
    assert window.department.shown_name in page


# -- many people


def read_people(officer, many: int, *, at=None) -> None:
    now = at or timezone.now()
    for number in range(many):
        row = ReadEntry(
            at=now, reader=officer.account_id, role="window_officer", department="DSO", of_party=10_000 + number,
            purpose="handling", fields=["form"], about="case:0",
        )  # fmt: skip
        row.code = journal.code_of(row)
        row.save()


def test_the_fifty_first_person_of_an_hour_needs_a_second_person():
    case = case_in("received", matter())
    window = officer_for("window_officer")
    client = at_the_desk(window)
    where = reverse("office:case", args=[case.ref])
    read_people(window, rules.PEOPLE_AN_HOUR)

    answer = client.get(where)

    assert answer.status_code == 409
    assert case.number not in answer.content.decode()
    assert not ReadEntry.objects.filter(of_party=case.applicant_id, reader=window.account_id).exists()
    assert Alert.objects.get().kind == Alert.Kind.MANY_PEOPLE
    assert 'name="reason"' in answer.content.decode()


def test_the_fiftieth_person_and_whoever_was_seen_already_need_nobody():
    case = case_in("received", matter())
    window = officer_for("window_officer")
    client = at_the_desk(window)
    read_people(window, rules.PEOPLE_AN_HOUR - 1)

    assert client.get(reverse("office:case", args=[case.ref])).status_code == 200
    assert client.get(reverse("office:case", args=[case.ref])).status_code == 200


def test_after_the_hour_it_begins_anew():
    case = case_in("received", matter())
    window = officer_for("window_officer")
    read_people(window, rules.PEOPLE_AN_HOUR, at=timezone.now() - rules.HOUR - timedelta(seconds=1))

    assert at_the_desk(window).get(reverse("office:case", args=[case.ref])).status_code == 200


def test_control_without_the_count_the_fifty_first_person_is_shown(monkeypatch):
    case = case_in("received", matter())
    window = officer_for("window_officer")
    read_people(window, rules.PEOPLE_AN_HOUR)
    monkeypatch.setattr(services, "admit", lambda officer, party: None)

    assert at_the_desk(window).get(reverse("office:case", args=[case.ref])).status_code == 200


def test_a_second_person_allows_a_number_for_a_time_and_both_are_on_record():
    case = case_in("received", matter())
    window, supervisor = officer_for("window_officer"), officer_for("supervisor")
    client, where = at_the_desk(window), reverse("office:case", args=[case.ref])
    read_people(window, rules.PEOPLE_AN_HOUR)

    client.post(reverse("office:second_person"), {"kind": "people", "number": "1", "reason": REASON})
    asked = Allowance.objects.get()
    page = at_the_desk(supervisor).get(reverse("office:second_person")).content.decode()
    assert REASON in page and window.shown_name in page
    at_the_desk(supervisor).post(reverse("office:allow", args=[asked.pk]), {"word": "yes", "number": "1", "hours": "1"})

    assert client.get(where).status_code == 200
    another = case_in("received", matter())
    assert client.get(reverse("office:case", args=[another.ref])).status_code == 409
    asked.refresh_from_db()
    assert (asked.granted, asked.decided_by) == (True, supervisor)
    assert supervisor.shown_name in client.get(reverse("office:second_person")).content.decode()
    decided = Event.objects.get(kind="SecondPersonDecided")
    assert (decided.actor, Event.objects.get(kind="SecondPersonAsked").actor) == (
        supervisor.account_id, window.account_id,
    )  # fmt: skip

    Allowance.objects.update(until=timezone.now() - timedelta(seconds=1))
    third = case_in("received", matter())
    assert client.get(reverse("office:case", args=[third.ref])).status_code == 409


def test_nobody_is_their_own_second_person_and_not_every_role_is_one():
    asking = make.officer("window_officer", "supervisor", of=make.department("DSO"))
    row = services.ask_second_person(asking, kind="people", number=5, reason=REASON)

    with pytest.raises(NotAllowed):
        services.decide_as_second_person(row, officer=asking, grant=True)
    with pytest.raises(NotAllowed):
        services.decide_as_second_person(row, officer=officer_for("window_officer"), grant=True)
    with pytest.raises(NotAllowed):  # an approver only for the own department
        services.decide_as_second_person(
            row, officer=make.officer("dept_approver", of=make.department("HRB")), grant=True
        )
    with pytest.raises(Invalid):
        services.decide_as_second_person(row, officer=officer_for("supervisor"), grant=True, hours=24)


# -- exports


def queue_of(many: int):
    of = matter()
    first = case_in("received", of)
    for number in range(many - 1):
        row = type(first).objects.get(pk=first.pk)
        row.pk, row.ref, row.number = None, f"x{number:011d}", f"{int(first.number) + number + 1:018d}"
        row._state.adding = True
        row.applicant = make.person(f"人{number}")
        row.save()
    return first


def taken(client):
    return client.post(reverse("office:export"), {"tab": "intake"})


def test_a_list_of_a_hundred_rows_is_taken_along_alone_and_everybody_in_it_sees_that():
    first = queue_of(100)
    window = officer_for("window_officer")
    first.applicant.__class__.objects.filter(pk=first.applicant_id).update(name="=cmd|' /C calc'!A0")

    answer = taken(at_the_desk(window))

    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert (answer.status_code, len(rows)) == (200, 101)
    assert "'=cmd|' /C calc'!A0" in [row[3] for row in rows]
    entries = ReadEntry.objects.filter(reader=window.account_id, purpose="export")
    assert entries.count() == 100
    assert Event.objects.get(kind="ListExported").payload == {"department": "DSO", "rows": 100, "allowed_by": None}


def test_more_than_a_hundred_rows_need_a_second_person_also_in_two_halves():
    queue_of(101)
    window, supervisor = officer_for("window_officer"), officer_for("supervisor")
    client = at_the_desk(window)

    refused = taken(client)
    assert refused.status_code == 409
    assert ReadEntry.objects.filter(purpose="export").count() == 0

    row = services.ask_second_person(window, kind="export", number=101, reason=REASON)
    services.decide_as_second_person(row, officer=supervisor, grant=True)
    assert taken(client).status_code == 200
    event = Event.objects.get(kind="ListExported")
    assert event.payload["allowed_by"] == supervisor.pk
    assert event.actor == window.account_id
    assert taken(client).status_code == 409  # what was allowed is used


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_of_a_list_is_a_formula(start):
    assert safe_cell(f"{start}SUM(A1)").startswith("'")
    assert safe_cell("张·示范") == "张·示范"


# -- trying numbers


def test_twenty_numbers_that_are_not_there_in_ten_minutes_raise_an_alert():
    hers = citizen()
    client = doors.enter(Client(), hers)
    for number in range(19):
        client.get(f"/my/cases/nothing{number:05d}/")
    assert Alert.objects.count() == 0

    for number in range(5):
        client.get(f"/my/cases/nothere{number:05d}/")

    alert = Alert.objects.get()
    assert (alert.kind, alert.account) == (Alert.Kind.MANY_NOT_FOUND, hers)
    page = at_the_desk(officer_for("auditor")).get("/office/oversight/?tab=alerts").content.decode()
    assert hers.login in page
    at_the_desk(officer_for("auditor")).post(reverse("office:judge", args=["alerts", alert.pk]))
    assert queries.waiting()["alerts"] == 0


def test_a_case_of_somebody_else_and_one_that_does_not_exist_answer_alike_and_cost_alike():
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    case = case_in("received", matter())
    client = doors.enter(Client(), citizen())
    client.get("/my/cases/abcdefghjkmm/")

    with CaptureQueriesContext(connection) as known_cost:
        known = client.get(f"/my/cases/{case.ref}/")
    with CaptureQueriesContext(connection) as unknown_cost:
        unknown = client.get("/my/cases/abcdefghjkmn/")

    assert (known.status_code, unknown.status_code) == (404, 404)
    assert _bare(known.content.decode().replace(case.ref, "R")) == _bare(
        unknown.content.decode().replace("abcdefghjkmn", "R")
    )
    assert len(known_cost) == len(unknown_cost)


# -- when it cannot be written


def test_what_cannot_be_written_down_is_not_shown(monkeypatch):
    from django.db import OperationalError

    case = case_in("received", matter())
    client = at_the_desk(officer_for("window_officer"), raise_request_exception=False)

    def full(row):
        raise OperationalError("database or disk is full")

    monkeypatch.setattr("tongban.journal.ledger.keep", full)
    answer = client.get(reverse("office:case", args=[case.ref]))

    assert answer.status_code in {503, 507}
    assert case.applicant.name not in answer.content.decode()
    assert client.get("/").status_code == 200


def test_entries_written_with_an_act_are_gone_with_it():
    with pytest.raises(RuntimeError), transaction.atomic():
        journal.note_read(actor=journal.PLATFORM, of_party=1, purpose="decision", fields=["form"])
        raise RuntimeError

    assert ReadEntry.objects.count() == 0
