"""The doors for whoever acts within limits: what opens, what does not, and what the other side sees of it."""

import datetime

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver
from django.utils import timezone

from tests import doors, make
from tests.cases.test_acting import mandate, send
from tongban.channels import acting
from tongban.journal.models import ReadEntry
from tongban.parties import mandates
from tongban.parties import services as parties
from tongban.parties.models import Kinship, Mandate, Person

pytestmark = pytest.mark.django_db


def within(account, space=None, present=True) -> Client:
    return doors.enter(Client(), account, present=present, space=space)


def test_every_page_of_the_table_exists():
    named = {f"portal:{one.name}" for entry in get_resolver().url_patterns for one in getattr(entry, "url_patterns", ()) if getattr(entry, "namespace", "") == "portal"}  # fmt: skip

    assert set(acting.NEEDS) - named == set()


def test_an_agent_stands_in_the_space_within_limits_and_every_page_says_so():
    mother, son, matter = make.account(make.person("张示范")), make.account(), make.matter()
    mandate(mother, son, matters=[matter.slug], acts=("prepare",))
    client = within(son, mother.person)

    page = client.get("/my/", headers={"accept-language": "en"}).content.decode()

    assert "tb-acting" in page and "张示范" in page
    assert client.get("/my/cases/").status_code == 200


@pytest.mark.parametrize(
    "address", ["/my/data/", "/my/data/contact/", "/my/data/calls/", "/account/reads/", "/my/data/disputes/", "/my/licences/", "/my/members/", "/my/device/"]
)  # fmt: skip
def test_what_belongs_to_the_principal_alone_is_closed_to_agents(address):
    mother, son, matter = make.account(), make.account(), make.matter()
    mandate(mother, son, matters=[matter.slug], acts=("prepare", "see", "submit"))

    closed = within(son, mother.person).get(address)
    own = within(son).get(address)

    assert closed.status_code == 403
    assert own.status_code in {200, 404}


def test_cases_of_other_matters_are_not_there_and_acts_beyond_the_mandate_say_so():
    mother, son = make.account(), make.account()
    matter, other = make.matter(), make.matter()
    hidden = send(make.draft(other, account_=mother), mother)
    shown = send(make.draft(matter, account_=mother), mother)
    mandate(mother, son, matters=[matter.slug], acts=("see",))
    client = within(son, mother.person)

    assert client.get(f"/my/cases/{hidden.ref}/").status_code == 404
    assert client.get(f"/my/cases/{shown.ref}/").status_code == 200
    assert client.post(f"/my/cases/{shown.ref}/withdraw").status_code == 403
    shown.refresh_from_db()
    assert shown.state == "submitted"
    assert hidden.ref not in client.get("/my/cases/").content.decode()


def test_a_mandate_that_ended_between_two_clicks_leads_to_nothing():
    mother, son, matter = make.account(), make.account(), make.matter()
    row = mandate(mother, son, acts=("prepare", "submit"))
    case = make.draft(matter, account_=son, party=mother.person)
    client = within(son, mother.person)
    assert client.get(f"/apply/{case.ref}/check/").status_code == 200

    mandates.revoke(row, account=mother)

    over = client.get(f"/apply/{case.ref}/check/", headers={"accept-language": "en"})
    assert (over.status_code, "or not any more" in over.content.decode()) == (403, True)
    assert client.post(f"/apply/{case.ref}/submit", {"sign": "1", "key": "k"}).status_code == 403
    assert within(make.account(), None).get(f"/apply/{case.ref}/check/").status_code == 404
    assert "tb-acting" not in client.get("/my/").content.decode()


def test_a_parent_with_an_open_draft_is_told_that_the_child_is_of_age_now():
    today = timezone.localdate()
    parent, child = (
        make.account(),
        make.account(make.person("李小满", birth_date=today - datetime.timedelta(days=3000))),
    )
    bond = Kinship.objects.create(kind="child", person=child.person, relative=parent.person, state="confirmed")
    case = make.draft(make.matter(), account_=parent, party=child.person)
    client, page = within(parent, child.person), f"/apply/{case.ref}/check/"
    before = client.get(page).status_code
    Person.objects.filter(pk=child.person_id).update(
        birth_date=today.replace(year=today.year - 18, day=min(today.day, 28))
    )

    told = client.get(page, headers={"accept-language": "en"})

    assert (before, told.status_code) == (200, 403)
    assert "is 18 now and acts for themselves" in told.content.decode() and bond.ref not in told.content.decode()
    assert within(child).get(page).status_code == 200


def test_what_an_agent_reads_stands_in_the_log_of_the_principal():
    mother, son, matter = make.account(make.person("张示范")), make.account(make.person("李示例")), make.matter()
    mandate(mother, son, acts=("prepare",))
    case = make.draft(matter, account_=son, party=mother.person)

    within(son, mother.person).get(f"/apply/{case.ref}/form/")

    row = ReadEntry.objects.filter(of_party=mother.person_id, reader=son.pk).order_by("-id").first()
    assert (row.role, row.purpose, row.about) == ("agent", "own application", case.subject)
    page = within(mother).get("/account/reads/").content.decode()
    assert "李示例" in page


def test_a_clerk_with_limits_neither_names_nor_sees_the_data_of_the_company():
    boss, clerk = make.account(), make.account()
    company = make.company(of=boss.person)
    row = parties.add_member(company, clerk.person, "clerk", rights={"acts": ["prepare"], "matters": ["food"]})
    client = within(clerk, company)

    assert [
        client.get(address).status_code for address in ("/my/members/", "/my/data/", f"/my/members/{row.pk}/rights/")
    ] == [403] * 3
    assert client.post("/my/members/", {"name": "x", "id_kind": "id-card", "id_no": "1"}).status_code == 403
    page = client.get("/my/mandates/").content.decode()
    assert company.name in page


def test_the_representative_sets_rights_in_a_form():
    boss, clerk = make.account(), make.account()
    company, matter = make.company(of=boss.person), make.matter()
    row = parties.add_member(company, clerk.person, "clerk")
    client = within(boss, company)

    answer = client.post(
        f"/my/members/{row.pk}/rights/", {"acts": ["prepare"], "which": "some", "matter": [matter.slug], "until": ""}
    )

    row.refresh_from_db()
    assert answer.status_code == 302
    assert row.rights == {"acts": ["prepare"], "matters": [matter.slug]}


def test_giving_answering_and_taking_back_in_the_browser_of_the_principal():
    mother, son, matter = make.account(make.person("张示范")), make.account(make.person("李示例")), make.matter()
    client = within(mother)
    until = (timezone.localdate() + datetime.timedelta(days=30)).isoformat()
    number = "990000199207080045"
    given = {"name": "李示例", "id_kind": "id-card", "id_no": number, "acts": ["prepare"], "which": "some", "matter": [matter.slug], "until": until}  # fmt: skip

    assert within(mother, present=False).get("/my/mandates/new/").status_code == 302
    wrong = client.post("/my/mandates/new/", {**given, "acts": [], "id_no": "1"})
    right = client.post("/my/mandates/new/", given)

    assert wrong.status_code == 422 and "id_acts" in wrong.content.decode()
    row = Mandate.objects.get()
    assert right.headers["Location"] == f"/my/mandates/{row.ref}/"
    assert (row.matters, row.acts, row.agent) == ([matter.slug], ["prepare"], None)
    assert within(son).get(f"/my/mandates/{row.ref}/").status_code == 404
    client.post(f"/my/mandates/{row.ref}/end")
    row.refresh_from_db()
    assert row.state == "revoked"


def test_the_list_says_it_all_and_costs_the_same_with_many():
    mother = make.account(make.person("张示范"))
    client = within(mother)

    def asked(agents: int) -> tuple[int, str]:
        while Mandate.objects.count() < agents:
            mandate(mother, make.account(make.person(f"代办{Mandate.objects.count()}")), matters=["a", "b"])
        client.get("/my/mandates/")
        with CaptureQueriesContext(connection) as counted:
            page = client.get("/my/mandates/").content.decode()
        return len(counted), page

    few, _page = asked(2)
    many, page = asked(7)

    assert few == many
    assert all(f"代办{number}" in page for number in range(7))
