"""Thirteen people before every door with something real behind it: whoever has nothing to do with it finds nothing there.

`tests/house/access_matrix.yaml` says what everybody gets at every address. Here the addresses that name a thing (a case, a draft, a
licence, a message, a page of a document) are knocked at with a thing that exists, by GET and by POST, by everybody who is not
concerned; and nothing has moved afterwards. A new address with a case in it is knocked at by itself.
"""

import datetime

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from tests import doors, make
from tests.house.test_access import addresses, outcome
from tests.office.desks import standing
from tongban.cases import services
from tongban.cases.models import Case
from tongban.materials.models import Document, Page
from tongban.notices.models import Message
from tongban.parties.models import Account, Membership

pytestmark = [pytest.mark.django_db, pytest.mark.ignore_template_errors]

DENIED = {"none", "sign_in", "prove", "presence", "factor", "forbidden"}
OFFICERS = {
    "window": ("window_officer", "DSO"),
    "pre_reviewer": ("pre_reviewer", "DSO"),
    "reviewer": ("dept_reviewer", "PSB"),
    "approver": ("dept_approver", "PSB"),
    "issuer": ("issuing_officer", "DSO"),
    "coordinator": ("coordinator", "DSO"),
    "auditor": ("auditor", "DSO"),
    "elsewhere": ("dept_reviewer", "HRB"),
}
CITIZENS = ("newcomer", "stranger", "former", "clerk", "owner")
PEOPLE = ("anonymous", *CITIZENS, *OFFICERS)
INSIDE = {"owner", "clerk"}
AT_WORK = {"window", "reviewer", "approver"}  # took it in, reviews it, will decide it


class World:
    """A company's case under review, its draft, a licence, a message and a page; everybody is present and has used a second factor."""

    def __init__(self):
        make.calendar()
        self.owner = make.account(make.person("李示例"), login="owner")
        self.company = make.company(of=self.owner.person)
        self.clerk, self.former, self.stranger = (make.account(login=who) for who in ("clerk", "former", "stranger"))
        since = datetime.date(2020, 1, 1)
        for who, ended in ((self.clerk, None), (self.former, datetime.date(2024, 1, 1))):
            Membership.objects.create(person=who.person, company=self.company, role="clerk", since=since, until=ended)
        self.newcomer = Account.objects.create_user("newcomer", "a good pass phrase")
        for who, (role, department) in OFFICERS.items():
            setattr(self, who, make.officer(role, of=make.department(department)).account)
        matter = make.matter("shop", department=make.department("PSB"), objects_served=["company"])
        self.draft = make.draft(matter, account_=self.owner, party=self.company)
        case = make.draft(matter, account_=self.owner, party=self.company)
        case = services.submit(case, account=self.owner, level=3, key="one")
        case = services.pass_pre_review(services.start_pre_review(case))
        window, reviewer = self.window.officer, self.reviewer.officer
        self.case = services.start_review(services.accept(case, officer=window), officer=reviewer)
        self.page = Page.objects.get(document=make.document(self.company, by=self.owner))
        self.message = Message.objects.create(
            account=self.owner, party=self.company, kind="case_submitted", title={"zh": "示", "en": "x"}, body={"zh": "示", "en": "x"}, link="/my/"
        )  # fmt: skip

    def client(self, who: str) -> Client:
        made = Client(raise_request_exception=False)
        if who != "anonymous":
            doors.enter(made, getattr(self, who), present=True)
        return made

    def moved(self) -> tuple:
        """All that a stranger's knocking could have changed."""
        return (
            standing(self.case), standing(self.draft), Case.objects.count(), Document.objects.count(),
            list(Message.objects.values_list("read_at", flat=True)),
            list(Membership.objects.order_by("pk").values_list("role", "until")),
        )  # fmt: skip


@pytest.fixture
def world(db):
    cache.clear()
    return World()


def got(client, where: str) -> list[str]:
    """What GET and POST give; leading away from the thing (to one's own queue), and not knowing the method, give nothing."""
    found = []
    for answer in (client.get(where), client.post(where, {"text": "x", "reason": "x", "sign": "1"})):
        away = answer.status_code == 302 and answer.headers["Location"] in ("/office/", "/my/")
        found.append("none" if answer.status_code == 405 or away else outcome(answer))
    return found


def of_cases() -> list:
    return [
        one for one in addresses() if "ref" in one.arguments and "dispute" not in one.name.replace("dispute_begin", "")
    ]


def test_whoever_is_not_concerned_finds_no_case_and_no_draft_at_any_address(world):
    before, opened = world.moved(), {}
    for who in (one for one in PEOPLE if one not in INSIDE):
        client = world.client(who)
        for one in of_cases():
            for kind, thing in (("case", world.case), ("draft", world.draft)):
                if one.name.startswith("office:") and who in OFFICERS and kind == "case":
                    continue  # these may be concerned: see below
                given = got(client, reverse(one.name, kwargs={**one.arguments, "ref": thing.ref}))
                if not set(given) <= DENIED:
                    opened[who, one.name, kind] = given

    assert opened == {}
    assert world.moved() == before


def test_whoever_acts_for_the_company_finds_its_case_and_its_draft(world):
    found = {}
    for who in INSIDE:
        client = world.client(who)
        found[who] = [
            client.get(reverse("portal:case", args=[world.case.ref])).status_code,
            client.get(reverse("portal:apply_form", args=[world.draft.ref])).status_code,
            client.get(reverse("portal:apply_check", args=[world.draft.ref])).status_code,
            client.get(
                reverse("portal:apply_form", args=[world.case.ref])
            ).status_code,  # sent: nothing to fill in any more
        ]

    assert found == dict.fromkeys(INSIDE, [200, 200, 200, 302])


def test_an_officer_sees_what_was_answered_only_in_a_case_to_work_on(world):
    """Everybody else of the hall says first why; a person of another department does not get there by the address."""
    sees = {
        who: "示范餐饮有限公司" in world.client(who).get(reverse("office:case", args=[world.case.ref])).content.decode()
        for who in OFFICERS
    }

    assert sees == {who: who in AT_WORK for who in OFFICERS}


def test_a_page_a_message_and_a_member_are_there_for_their_own_people_only(world):
    before, opened = world.moved(), {}
    member = Membership.objects.get(person=world.clerk.person)
    paper = {"key": world.page.document.key, "page": world.page.pk}
    things = {
        "portal:paper": paper,
        "portal:paper_preview": paper,
        "portal:open_message": {"pk": world.message.pk},
        "portal:dismiss": {"pk": member.pk},
    }
    for who in (one for one in PEOPLE if one not in INSIDE):
        client = world.client(who)
        for name, kwargs in things.items():
            given = got(client, reverse(name, kwargs=kwargs))
            if not set(given) <= DENIED:
                opened[who, name] = given
        client.post(reverse("portal:switch_to", kwargs={"pk": world.company.pk}))
        if client.session.get("space") == world.company.pk:
            opened[who, "portal:switch_to"] = "entered"

    assert opened == {}
    assert world.moved() == before


def test_control_a_query_that_forgets_whose_case_it_is_would_be_noticed(world, monkeypatch):
    from tongban.cases import queries

    monkeypatch.setattr(queries, "own", lambda *parties: Case.objects.all())
    monkeypatch.setattr("tongban.channels.portal.own._stand_with", lambda request, party: None)
    client = world.client("stranger")

    opened = [
        one.name
        for one in of_cases()
        if one.name.startswith("portal:apply")
        and "in" in got(client, reverse(one.name, kwargs={**one.arguments, "ref": world.draft.ref}))
    ]

    assert len(opened) >= 3
