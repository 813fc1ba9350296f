"""The fields a scene may give: one function each. A reader is given those of its scene, in this order, and nothing beside them.

`alias` is a pairwise pseudonym: the same person has the same number at every reader of one operator in one scene, and another one
everywhere else, so two operators who lay their lists side by side find nothing in common.
"""

import base64
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property, lru_cache
from typing import Any

from django.utils import timezone

from tongban.codes import colours, test_results
from tongban.codes.models import IdentityCode, Reader, Scene
from tongban.lib import covered
from tongban.lib.encryption import blind_index
from tongban.parties import queries as parties
from tongban.parties import rules
from tongban.parties.models import Company, Party, Person

SIXTY = 60


@dataclass
class Shown:
    """Whose code it is, asked for only as far as a field needs it."""

    card: IdentityCode
    scene: str
    operator: str
    at: datetime

    @cached_property
    def person(self) -> Person | None:
        if self.card.officer is not None:
            return None
        return Person.objects.filter(party=self.card.party_id).first()

    @cached_property
    def company(self) -> Company | None:
        if self.card.party is None or self.card.party.kind != Party.Kind.COMPANY:
            return None
        return Company.objects.filter(party=self.card.party_id).first()

    @cached_property
    def colour(self) -> str | None:
        return colours.colour_of(self.card.party_id, self.at) if self.card.party_id else None

    @cached_property
    def test(self) -> test_results.TestSeen | None:
        return test_results.latest_test(self.card.party_id, self.at) if self.card.party_id else None

    @cached_property
    def today(self) -> date:
        return timezone.localdate(self.at)

    @property
    def name(self) -> str | None:
        if self.card.officer is not None:
            return self.card.officer.shown_name
        return self.person.name if self.person else None


def years(born: date, today: date) -> int:
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def pseudonym(party: int, scene: str, operator: str) -> str:
    """20 characters without the ones that look alike; it cannot be undone, and says nothing beside another of the same person."""
    digest = bytes.fromhex(blind_index(f"{scene}\0{operator}\0{party}", "codes.pseudonym"))
    return base64.b32encode(digest[:15]).decode()[:20]


def _alias(shown: Shown) -> str | None:
    if shown.card.party_id is None:
        return None
    person = getattr(shown.card.party, "person", None)
    several = person is not None and person.same_as_id is not None  # records that are one person have one number
    keys = parties.identities(shown.card.party_id) if several else [shown.card.party_id]
    return pseudonym(min(keys), shown.scene, shown.operator)


def _number(shown: Shown) -> str | None:
    return covered.number(shown.person.id_no) if shown.person else None


def _test(shown: Shown) -> dict[str, str] | None:
    seen = shown.test
    return {"result": seen.result, "sampled_at": seen.sampled_at.isoformat(), "type": seen.type} if seen else None


def _shown_by(shown: Shown) -> str | None:
    shower = shown.card.shown_by
    return covered.name(Person.objects.only("name").get(pk=shower.pk).name) if shower else None


GIVES: dict[str, Callable[[Shown], Any]] = {
    "name": lambda shown: shown.name,
    "masked_name": lambda shown: covered.name(shown.name) or None,
    "masked_id": _number,
    "id_kind": lambda shown: shown.person.id_kind if shown.person else None,
    "alias": _alias,
    "of_age": lambda shown: not rules.is_minor(shown.person.birth_date, shown.today) if shown.person else None,
    "elderly": lambda shown: years(shown.person.birth_date, shown.today) >= SIXTY if shown.person else None,
    "colour": lambda shown: shown.colour,
    "test": _test,
    "company_name": lambda shown: shown.company.name if shown.company else None,
    "company_status": lambda shown: shown.company.status if shown.company else None,
    "uscc": lambda shown: shown.company.uscc if shown.company else None,
    "shown_by": _shown_by,
    "department": lambda shown: shown.card.officer.department.shown_name if shown.card.officer else None,
    "staff_no": lambda shown: shown.card.officer.staff_no if shown.card.officer else None,
    "valid_until": lambda shown: timezone.localdate(shown.card.ends_at).isoformat() if shown.card.ends_at else None,
}


def values(card: IdentityCode, reader: Reader, at: datetime) -> dict[str, Any]:
    """What this reader is given. A field that says nothing about this code (the test of a company) is left out."""
    return given(card, reader.scene.slug, reader.operator, reader.scene.fields, at)


def given(card: IdentityCode, scene: str, operator: str, wanted: Iterable[str], at: datetime) -> dict[str, Any]:
    return _given(Shown(card, scene, operator, at), wanted)


def _given(shown: Shown, wanted: Iterable[str]) -> dict[str, Any]:
    found = ((name, GIVES[name](shown)) for name in _in_order(tuple(wanted)))
    return {name: value for name, value in found if value is not None}


@lru_cache(maxsize=256)
def _in_order(wanted: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in GIVES if name in wanted)


OF_A_PERSON = {
    "name": "name", "masked_name": "name", "masked_id": "id_no", "id_kind": "id_kind", "of_age": "birth_date", "elderly": "birth_date",
}  # fmt: skip

OF_PERSONS = frozenset(OF_A_PERSON)


def values_of_many(asked: Sequence[tuple[IdentityCode, Reader, Scene]], at: datetime) -> list[dict[str, Any]]:
    """The same as `values` for each, with as many questions to the database for many as for one."""
    shown = [Shown(card, scene.slug, reader.operator, at) for card, reader, scene in asked]
    wanted = [frozenset(scene.fields) for _card, _reader, scene in asked]

    def who(names: Iterable[str]) -> list[int]:
        some = set(names)
        return [one.card.party_id for one, of in zip(shown, wanted, strict=True) if one.card.party_id and of & some]

    columns = {OF_A_PERSON[name] for of in wanted for name in of if name in OF_A_PERSON}
    persons = Person.objects.only(*columns).in_bulk(who(OF_A_PERSON)) if columns else {}
    coloured = who(["colour"])
    seen = colours.colours_of(coloured, at) if coloured else {}
    tested = who(["test"])
    tests = test_results.latest_tests(tested, at) if tested else {}
    for one, of in zip(shown, wanted, strict=True):
        if of & OF_PERSONS and one.card.officer_id is None:
            one.__dict__["person"] = persons.get(one.card.party_id or 0)
        of_party = one.card.party_id or 0
        one.__dict__.update({"colour": seen.get(of_party), "test": tests.get(of_party)})
    return [_given(one, of) for one, of in zip(shown, wanted, strict=True)]
