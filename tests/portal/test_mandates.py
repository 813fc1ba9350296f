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
from tongban.channels.pages import scopes
from tongban.journal.models import ReadEntry
from tongban.journal.services import work_once
from tongban.matters.models import Theme
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
    make.bill(mother.person, 4321)
    client = within(son, mother.person)

    page = client.get("/my/", headers={"accept-language": "en"}).content.decode()

    assert "tb-acting" in page and "张示范" in page
    assert (
        "4,321" in within(mother).get("/my/").content.decode()
    )  # what is owed, and who read what, is not an agent's to see
    assert [one for one in ("4,321", "/my/bills/", "/my/data/", "/account/reads/", "/my/passes/") if one in page] == []
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


def test_who_may_prepare_and_not_sign_reads_so_before_pressing_and_tells_whoever_signs():
    mother, son, matter = make.account(make.person("张示范")), make.account(make.person("李示例")), make.matter()
    mandate(mother, son, matters=[matter.slug], acts=("see", "prepare"))
    case = make.draft(matter, account_=mother)
    client = within(son, mother.person)

    page = client.get(f"/apply/{case.ref}/check/").content.decode()
    for _press in (1, 2):
        client.post(f"/apply/{case.ref}/ready")

    assert f"/apply/{case.ref}/ready" in page and f"/apply/{case.ref}/submit" not in page
    assert "李示例" in mother.messages.get(kind="ready_to_sign").body["zh"]
    assert f"/apply/{case.ref}/submit" in within(mother).get(f"/apply/{case.ref}/check/").content.decode()


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
    both = client.post(
        "/my/mandates/new/", {**given, "which": "all"}
    )  # ticked a few and left “in everything” as it stood
    assert both.status_code == 422 and not Mandate.objects.exists()
    right = client.post("/my/mandates/new/", given)

    assert wrong.status_code == 422 and "id_acts" in wrong.content.decode()
    row = Mandate.objects.get()
    assert right.headers["Location"] == f"/my/mandates/{row.ref}/"
    assert (row.matters, row.acts, row.agent) == ([matter.slug], ["prepare"], None)
    assert within(son).get(f"/my/mandates/{row.ref}/").status_code == 404
    client.post(f"/my/mandates/{row.ref}/end")
    row.refresh_from_db()
    assert row.state == "revoked"


def test_what_is_ticked_stands_in_one_theme_alone_so_that_a_tick_taken_away_is_away():
    row = make.matter()
    row.versions.get().themes.add(*(Theme.objects.create(slug=one, name={"zh": one, "en": one}) for one in ("a", "b")))

    lines = scopes.themes_with_matters({"matters": [row.slug], "themes": []})

    assert [(theme["matters"][0][2], theme["open"]) for theme in lines] == [(True, True), (False, False)]


def test_whoever_may_passes_it_on_through_the_pages_and_the_principal_hears_by_whom():
    mother, son, matter = make.account(make.person("张示范")), make.account(make.person("李示例")), make.matter()
    friend = {"name": "王演练", "id_kind": "id-card", "id_no": "99000019961120007X"}
    row = mandate(mother, son, matters=[matter.slug], acts=("prepare",))
    at, client = f"/my/mandates/{row.ref}/pass-on/", within(son)
    asked = {**friend, "acts": ["prepare"], "which": "some", "matter": [matter.slug], "until": row.until.isoformat()}

    closed = client.post(at, asked)
    Mandate.objects.filter(pk=row.pk).update(chains=True)
    page = client.get(at).content.decode()
    more = client.post(at, {**asked, "acts": ["prepare", "submit"]})
    client.post(at, asked)
    while work_once():
        pass

    assert (closed.status_code, more.status_code) == (302, 422)
    assert 'value="submit"' not in page and make.matter().slug not in page
    lower = Mandate.objects.get(under=row)
    assert "李示例" in mother.messages.get(kind="mandate_passed_on").body["zh"]
    assert f"/my/mandates/{lower.ref}/" in client.get(f"/my/mandates/{row.ref}/").content.decode()


def test_a_clerk_hears_of_being_named_and_of_the_end_and_may_leave():
    boss, clerk, other = make.account(), make.account(make.person("李示例")), make.account()
    company = make.company(of=boss.person)
    row, there = (parties.add_member(company, one.person, "clerk") for one in (clerk, other))

    assert within(boss).post(f"/my/mandates/companies/{row.pk}/leave").status_code == 404
    within(clerk).post(f"/my/mandates/companies/{row.pk}/leave")
    parties.end_membership(there)
    while work_once():
        pass

    assert [one.kind for one in clerk.messages.all()] == ["clerk_named"]
    assert {one.kind for one in other.messages.all()} == {"clerk_named", "clerk_ended"}
    assert "李示例" in boss.messages.get(kind="clerk_left").body["zh"]
    assert list(company.memberships.values_list("person", flat=True)) == [boss.person_id]


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
