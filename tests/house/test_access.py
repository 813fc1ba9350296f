"""Who may enter where: every view has a door, and every address is in the matrix with it.

`access_matrix.yaml` has one row for each name of an address: the door that stands in the code, and the thing the address names.
A new address without a row fails here, and the failure says the row to write. Who gets what is tried in `test_everybody.py`.
"""

from dataclasses import dataclass
from pathlib import Path

from django.urls import URLPattern, URLResolver, get_resolver

from tests import make
from tongban.channels.doorkeeper import views_without_door
from tongban.departments.models import Role
from tongban.lib import yamls
from tongban.parties.models import Account

MATRIX = Path(__file__).with_name("access_matrix.yaml")
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
    return yamls.read(MATRIX)


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


# -- a small world for tests that walk addresses


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

    def case(self):
        return make.case("under_review", self.matter, account_=self.citizen)


def missing_rows() -> list[str]:
    content = matrix()
    lines = []
    for address in addresses():
        row = row_of(content, address.name)
        if row.get("door") != address.door:
            lines.append(f"  {address.name}: {address.door}")
    return sorted(set(lines))
