"""Who may enter where: every address is in the matrix, and everybody really knocks at every door.

`access_matrix.yaml` has one row for each name of an address: the door that stands in the code, and where that does not say it all,
who gets what. A new address without a row fails here, and the failure says the row to write.
"""

from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from django.core.cache import cache
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

from tests import doors, make
from tongban.channels.doorkeeper import views_without_door
from tongban.departments.models import Role
from tongban.parties.models import Account

MATRIX = Path(__file__).with_name("access_matrix.yaml")
PEOPLE = ("anonymous", "newcomer", "citizen", "stranger", "elsewhere", "officer")
ANYTHING = {
    "IntConverter": 987654321,
    "SlugConverter": "nothing-here",
    "StringConverter": "nothing-here",
    "UUIDConverter": "00000000-0000-4000-8000-000000000000",
    "PathConverter": "nothing/here",
}


@dataclass(frozen=True)
class Address:
    name: str
    door: str
    kwargs: tuple

    @property
    def arguments(self) -> dict:
        return dict(self.kwargs)


def addresses(resolver=None, namespace=()) -> list[Address]:
    found = []
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            found += addresses(entry, (*namespace, *([entry.namespace] if entry.namespace else [])))
        elif isinstance(entry, URLPattern):
            converters = entry.pattern.converters
            kwargs = {name: ANYTHING.get(type(one).__name__, "nothing-here") for name, one in converters.items()}
            groups = getattr(getattr(entry.pattern, "regex", None), "groupindex", {})
            kwargs |= {name: "nothing-here" for name in groups if name not in kwargs}
            name = ":".join((*namespace, entry.name or str(entry.pattern)))
            found.append(Address(name, getattr(entry.callback, "door", ""), tuple(sorted(kwargs.items()))))
    return found


def matrix() -> dict:
    return yaml.safe_load(MATRIX.read_text("utf-8"))


def row_of(content: dict, name: str) -> dict:
    row = content["rows"].get(name)
    return {"door": row} if isinstance(row, str) else (row or {})


def outcome(response) -> str:
    where = response.headers.get("Location", "")
    if response.status_code == 401 or where.startswith("/account/sign-in/"):
        return "sign_in"
    for start, word in (
        ("/account/identity/", "prove"),
        ("/account/presence/", "presence"),
        ("/account/second-factor/", "factor"),
    ):
        if response.status_code == 302 and where.startswith(start + "?next="):
            return word
    return {403: "forbidden", 404: "none", 500: "broken"}.get(response.status_code, "in")


# -- the book


def test_every_view_has_a_door():
    assert views_without_door() == []


def test_every_address_has_a_row_with_the_door_of_the_code_and_no_row_is_left_over():
    content = matrix()
    there = {address.name: address.door for address in addresses()}
    written = {name: row_of(content, name).get("door") for name in content["rows"]}

    assert written == there, "rows to write or put right:\n" + "\n".join(missing_rows())


def test_every_door_of_the_matrix_is_described_for_everybody():
    content = matrix()
    used = {row_of(content, name)["door"] for name in content["rows"]}

    assert {door: tuple(who) for door, who in content["doors"].items() if door in used} == dict.fromkeys(used, PEOPLE)


# -- everybody knocks


class World:
    """One of each kind of person, and one thing of each kind, all belonging to the citizen."""

    def __init__(self):
        make.calendar()
        self.citizen = make.account(make.person("李示例", id_no="990000199207080045"), login="citizen")
        self.stranger = make.account(make.person("王演练", id_no="99000019961120007X"), login="stranger")
        self.newcomer = Account.objects.create_user("newcomer", "a good pass phrase")
        roles = [str(role) for role in Role]
        self.officer = make.officer(*roles, of=make.department("PSB")).account
        self.elsewhere = make.officer("dept_reviewer", "dept_approver", of=make.department("HRB")).account
        self.matter = make.matter("permit-renewal", department=make.department("PSB"))

    def clients(self) -> dict[str, Client]:
        made = {who: Client(raise_request_exception=False) for who in PEOPLE}
        for who in PEOPLE[1:]:
            doors.enter(made[who], getattr(self, who), present=who == "citizen")
        return made

    def case(self):
        return make.case("under_review", self.matter, account_=self.citizen)


THINGS = {
    "case": lambda world: {"ref": world.case().ref},
}


def knocks(name: str, content: dict, world: World, clients: dict[str, Client], address: Address) -> tuple[dict, dict]:
    """What everybody should get at this address, and what they got."""
    row = row_of(content, name)
    expected = {**content["doors"][row["door"]], **{who: row[who] for who in PEOPLE if who in row}}
    kwargs = {**address.arguments, **row.get("args", {})}
    if "thing" in row:
        kwargs |= THINGS[row["thing"]](world)
    try:
        where = reverse(name, kwargs=kwargs)
    except NoReverseMatch:
        where = reverse(name, args=list(kwargs.values()))
    got = {}
    for who, client in clients.items():
        answer = client.get(where)
        if answer.status_code == 405:  # the view asks for the method before the door does
            answer = client.post(where)
        got[who] = outcome(answer)
        # an address of a thing that is not there: the door let in, and there was nothing behind it
        if got[who] == "none" and expected[who] == "in" and address.kwargs and "thing" not in row:
            got[who] = "in"
    return expected, got


@pytest.mark.ignore_template_errors
@pytest.mark.django_db
def test_everybody_gets_at_every_address_what_the_matrix_says():
    cache.clear()
    content, world = matrix(), World()
    wrong = {}
    for address in addresses():
        if address.name not in content["rows"]:
            continue  # the test of the book says so
        expected, got = knocks(address.name, content, world, world.clients(), address)
        if expected != got:
            wrong[address.name] = {who: (expected[who], got[who]) for who in PEOPLE if expected[who] != got[who]}

    assert wrong == {}


@pytest.mark.django_db
def test_an_officer_without_the_role_of_a_door_is_kept_out():
    content, world = matrix(), World()
    opened = {}
    for address in addresses():
        if not address.door.startswith("officer:"):
            continue
        wanted = address.door.removeprefix("officer:").split(",")
        other = next(str(role) for role in Role if str(role) not in wanted)
        client = doors.enter(
            Client(raise_request_exception=False), make.officer(other, of=make.department("PSB")).account
        )
        _expected, got = knocks(address.name, content, world, {"officer": client}, address)
        if got["officer"] != "forbidden":
            opened[address.name] = got["officer"]

    assert opened == {}


@pytest.mark.django_db
def test_control_a_view_whose_door_lets_everybody_in_is_noticed(monkeypatch):
    from tongban.channels import doorkeeper

    content, world = matrix(), World()
    monkeypatch.setattr(doorkeeper, "_to_sign_in", lambda request: doorkeeper.HttpResponse("come in"))

    address = next(one for one in addresses() if one.name == "account_profile")
    expected, got = knocks("account_profile", content, world, world.clients(), address)

    assert expected["anonymous"] == "sign_in" and got["anonymous"] == "in"


def missing_rows() -> list[str]:
    content = matrix()
    lines = []
    for address in addresses():
        row = row_of(content, address.name)
        if row.get("door") != address.door:
            lines.append(f"  {address.name}: {address.door}")
    return sorted(set(lines))
