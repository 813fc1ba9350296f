"""Emergency orders and statuses on the officers' pages and the person's own: the whole way through the doors."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests import doors, make
from tongban.codes import colours
from tongban.codes.models import EmergencyOrder, HealthStatus, StatusDay, StatusProposal
from tongban.journal.models import ReadEntry
from tongban.parties import rules
from tongban.places.models import Division

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]

NUMBER = "990000195503120031"


def signed_in(*roles):
    row = make.officer(*roles, of=make.department("HC"))
    client = Client(headers={"accept-language": "en"})
    return doors.enter(client, row.account)


@pytest.fixture
def desk():
    make.calendar()
    Division.objects.create(code="310107", level="district", name={"zh": "普陀区", "en": "Putuo"})
    return {
        role: signed_in(role) for role in ("health_officer", "health_approver", "emergency_authority", "auditor")
    } | {"other": signed_in("health_approver")}


@pytest.fixture
def citizen():
    person = make.person(id_no=NUMBER, id_index=rules.index_of("id_card", rules.check_number("id_card", NUMBER)))
    return make.account(person)


def day(days):
    return (timezone.localdate() + timedelta(days=days)).isoformat()


def propose_order(desk, **given):
    fields = {
        "basis": "IDL", "area": "310107", "title_zh": "应急令", "title_en": "Emergency order one", "reason_zh": "呼吸道传染病疫情需要采取紧急措施",
        "measures": ["health_colours"], "ends_at": day(20), "rule-7": "green",
    }  # fmt: skip
    return desk["health_officer"].post("/office/orders/new/", fields | given)


def propose_status(desk, **given):
    fields = {
        "colour": "red", "basis": "positive_test", "persons": NUMBER, "evidence": "report 17", "until": day(5),
        "reason": "The test of yesterday was positive.",
    }  # fmt: skip
    return desk["health_officer"].post("/office/statuses/new/", fields | given)


def put_in_force(desk):
    propose_order(desk)
    row = EmergencyOrder.objects.get()
    desk["emergency_authority"].post(f"/office/orders/{row.ref}/", {"act": "force"})
    return row


def test_an_order_is_proposed_put_in_force_published_and_lifted(desk, client):
    assert "No emergency order is in force" in client.get("/orders/").content.decode()

    answer = propose_order(desk)
    row = EmergencyOrder.objects.get()
    assert answer.headers["Location"] == f"/office/orders/{row.ref}/"
    assert client.get(f"/orders/{row.ref}/").status_code == 404  # what is only proposed is nobody's order
    alone = desk["health_officer"].post(f"/office/orders/{row.ref}/", {"act": "force"})
    assert alone.status_code == 403

    desk["emergency_authority"].post(f"/office/orders/{row.ref}/", {"act": "force"})
    said = client.get(f"/orders/{row.ref}/").content.decode()
    assert "How to object" in said
    assert "green code" in said
    assert "Emergency order one" in client.get("/orders/").content.decode()

    refused = desk["emergency_authority"].post(f"/office/orders/{row.ref}/", {"act": "lift", "why": ""})
    assert refused.status_code == 422
    desk["emergency_authority"].post(f"/office/orders/{row.ref}/", {"act": "lift", "why": "The outbreak is over."})
    assert "No emergency order is in force" in client.get("/orders/").content.decode()
    assert "The outbreak is over." in client.get(f"/orders/{row.ref}/").content.decode()


def test_what_was_typed_stays_when_an_order_is_not_complete(desk):
    answer = propose_order(desk, ends_at=day(60))

    assert answer.status_code == 422
    said = answer.content.decode()
    assert "30 days at most" in said
    assert "Emergency order one" in said


def test_a_status_is_proposed_decided_read_and_appealed(desk, citizen):
    put_in_force(desk)
    answer = propose_status(desk)
    row = StatusProposal.objects.get()
    assert answer.headers["Location"] == f"/office/statuses/{row.ref}/"
    page = desk["health_approver"].get(f"/office/statuses/{row.ref}/").content.decode()
    assert "report 17" in page
    assert NUMBER not in page
    assert ReadEntry.objects.filter(of_party=citizen.person_id, purpose="health status").exists()
    assert desk["auditor"].get(f"/office/statuses/{row.ref}/").status_code == 403  # figures, not people

    desk["health_approver"].post(f"/office/statuses/{row.ref}/", {"act": "decide"})
    status = HealthStatus.objects.get()
    mine = doors.enter(Client(headers={"accept-language": "en"}), citizen)
    assert "Your identity code is red" in mine.get("/my/status/").content.decode()
    page = mine.get(f"/my/status/{status.pk}/").content.decode()
    for said in ("A positive test", "The test of yesterday was positive.", "report 17", "This is wrong"):
        assert said in page
    stranger = doors.enter(Client(), make.account())
    assert stranger.get(f"/my/status/{status.pk}/").status_code == 404

    assert mine.post(f"/my/status/{status.pk}/appeal", {"text": "no"}).status_code == 422
    mine.post(f"/my/status/{status.pk}/appeal", {"text": "I was never at that test centre."})
    at = f"/office/statuses/appeals/{status.appeal.pk}/"
    assert "You had a hand in this status" in desk["health_approver"].get(at).content.decode()
    assert desk["health_approver"].post(at, {"right": "yes", "answer": "You are right, sorry."}).status_code == 403
    desk["other"].post(at, {"right": "yes", "answer": "You are right: the report belongs to somebody else."})
    assert colours.colour_of(citizen.person_id, timezone.now()) == "green"
    assert "belongs to somebody else" in mine.get(f"/my/status/{status.pk}/").content.decode()


def test_a_list_comes_as_a_file_and_is_refused_as_a_whole(desk, citizen):
    put_in_force(desk)
    file = SimpleUploadedFile("list.csv", f"{NUMBER},report 1\n990000190001010000,report 2\n".encode())

    answer = propose_status(desk, persons="", evidence="", file=file)

    assert answer.status_code == 422
    assert "Line 2: nobody is known by this number." in answer.content.decode()
    assert not StatusProposal.objects.exists()
    picture = SimpleUploadedFile("list.png", b"\x89PNG\xff\xfe")
    assert "plain text or CSV" in propose_status(desk, persons="", file=picture).content.decode()


def test_a_person_without_an_account_gets_the_notice_on_paper(desk):
    who = make.person(id_no=NUMBER, id_index=rules.index_of("id_card", rules.check_number("id_card", NUMBER)))
    put_in_force(desk)
    propose_status(desk)
    desk["health_approver"].post(f"/office/statuses/{StatusProposal.objects.get().ref}/", {"act": "decide"})
    status = HealthStatus.objects.get()

    assert f"/office/statuses/notices/{status.pk}/" in desk["health_officer"].get("/office/statuses/").content.decode()
    assert who.name in desk["health_officer"].get(f"/office/statuses/notices/{status.pk}/").content.decode()
    desk["health_officer"].post(f"/office/statuses/notices/{status.pk}/handed")
    assert (
        f"/office/statuses/notices/{status.pk}/" not in desk["health_officer"].get("/office/statuses/").content.decode()
    )


def test_public_figures_say_few_as_few_and_give_no_sum(client):
    today = timezone.localdate()
    for basis, persons in (("positive_test", 4), ("close_contact", 5), ("observation", 0)):
        StatusDay.objects.create(day=today, basis=basis, colour="yellow", persons=persons)

    said = client.get("/orders/figures/").content.decode()

    rows = said[said.index("<tbody>") : said.index("</tbody>")]
    assert rows.count("<tr>") == 2
    assert "<td>under 5</td>" in rows
    assert "<td>5</td>" in rows
    assert "9" not in said[said.index("</tbody>") : said.index("</main>")]


def test_lists_take_as_many_queries_for_three_as_for_one(desk, django_assert_num_queries):
    put_in_force(desk)
    desk["auditor"].get("/office/orders/")
    with CaptureQueriesContext(connection) as one:
        desk["auditor"].get("/office/orders/")
    asked = len(one)
    for number in range(3):
        propose_order(desk, title_zh=f"第{number}号")

    with django_assert_num_queries(asked):
        desk["auditor"].get("/office/orders/")


def test_whoever_shows_a_code_that_is_not_green_is_led_to_why_and_to_the_appeal(desk, citizen):
    mine = doors.enter(Client(headers={"accept-language": "en"}), citizen)
    way = f'href="/my/status/?of={citizen.person_id}"'
    assert way not in mine.get("/code/").content.decode().split("<main")[1]

    put_in_force(desk)
    assert way not in mine.get("/code/").content.decode().split("<main")[1]  # green asks no question
    propose_status(desk)
    desk["health_approver"].post(f"/office/statuses/{StatusProposal.objects.get().ref}/", {"act": "decide"})
    page = mine.get("/code/").content.decode().split("<main")[1]

    assert way in page and "Why it has this colour, and how to appeal" in page


def test_whoever_proposed_takes_back_and_is_not_asked_why_not(desk):
    propose_order(desk)
    at = f"/office/orders/{EmergencyOrder.objects.get().ref}/"
    own, authority = (desk[who].get(at).content.decode() for who in ("health_officer", "emergency_authority"))

    assert "Why you take it back" in own and "Or why not" not in own
    assert "Or why not" in authority and "Why you take it back" not in authority
