"""The facts that rules of matters ask about, and where each comes from. A fact nobody can tell stays unknown: then people decide.

Registers are asked one call a resource, only for facts the matter's rules name, before any row is locked.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

from django.utils import timezone

from tongban.cases import rules
from tongban.cases.models import Case, CaseMaterial
from tongban.journal.actors import PLATFORM
from tongban.licences import queries as licences
from tongban.licences.models import Licence
from tongban.parties.models import Person
from tongban.registers import services as registers

# fact -> register and field that answers it
FROM_REGISTERS: dict[str, tuple[str, str]] = {
    "months_registered": ("residence-register", "months_registered"),
    "student.enrolled": ("student-status", "enrolled"),
    "venue_code.state": ("venue-code", "state"),
    "area.sealed": ("area-control", "sealed"),
    "face_match": ("face-check", "match"),
    "employment.active": ("employment-filing", "active"),
    "hukou_in_city": ("population-base", "household_in_city"),
    "bank.verified": ("bank-check", "verified"),
    "open_penalties": ("penalty-register", "open_penalties"),
    "tax.cleared": ("tax-clearance", "cleared"),
    "tax.arrears": ("tax-ledger", "arrears"),
    "tax.credit_class": ("tax-ledger", "tax_credit_class"),
    "tax.fraud_36m": ("tax-ledger", "fraud_36m"),
    "tax.vat_credit": ("tax-ledger", "vat_credit"),
    "quarantine.from": ("community-register", "from"),
    "quarantine.to": ("community-register", "to"),
    "test.result": ("test-result", "result"),
    "test.hours": ("test-result", "hours_old"),
}
SAID = {"test.result": {"阴性": "negative", "阳性": "positive"}}  # in a register's words -> in ours
TELLERS: dict[str, Callable[[Case], Any]] = {}
HOUSING = {"addr-own", "addr-rent", "addr-dorm", "kinship"}


def tells(fact: str):
    """A room above that knows a fact better than a register says so here; what it does not know (None) is asked of the register."""

    def entered(teller: Callable[[Case], Any]):
        TELLERS[fact] = teller
        return teller

    return entered


def named_in(logic) -> set[str]:
    """Every fact a rule names ({"var": ...} at any depth)."""
    if isinstance(logic, dict):
        if "var" in logic:
            name = logic["var"]
            return {name if isinstance(name, str) else name[0]}
        return set().union(*(named_in(part) for part in logic.values())) if logic else set()
    if isinstance(logic, list):
        return set().union(*(named_in(part) for part in logic)) if logic else set()
    return set()


def papers_behind(case: Case) -> set[str]:
    """Slugs of the materials that granting this case rests on: what the guide demands, and what a fact of its rules counts."""
    named = named_in(case.version.rules)
    slugs = {row.slug for row in rules.requirements_of(case) if row.required}
    if "housing.proved" in named:
        slugs |= HOUSING
    return slugs


def registers_for(logic) -> dict[str, set[str]]:
    """{resource: fields} that deciding by this rule asks of registers; grants are made from it."""
    wanted: dict[str, set[str]] = defaultdict(set)
    for fact in named_in(logic):
        if fact in FROM_REGISTERS:
            resource, field = FROM_REGISTERS[fact]
            wanted[resource].add(field)
    return wanted


def gather(case: Case, *, today: date) -> dict:
    """{fact: value} for the facts this matter's rules name; unknown ones are absent."""
    wanted = named_in(case.version.rules)
    answers: dict[str, dict] = {
        resource: registers.read(
            resource, of=case.applicant, matter=case.matter.slug, about=case.subject, purpose="decision",
            fields=sorted(fields), actor=PLATFORM,
        ) or {}
        for resource, fields in sorted(registers_for(case.version.rules).items())
    }  # fmt: skip
    source = _Source(case, today, answers)
    found = {}
    for fact in sorted(wanted):
        value = source.tell(fact)
        if value is not None:
            found[fact] = value
    return found


@dataclass
class _Source:
    case: Case
    today: date
    answers: dict

    def tell(self, fact: str):
        if fact in TELLERS and (told := TELLERS[fact](self.case)) is not None:
            return told
        if fact in FROM_REGISTERS:
            resource, field = FROM_REGISTERS[fact]
            held = self.answers.get(resource, {}).get(field)
            return SAID.get(fact, {}).get(held, held) if isinstance(held, str) else held
        if fact.startswith("form."):
            return self.case.value(fact.removeprefix("form."))
        if fact.startswith("licence."):
            _licence, kind, what = fact.split(".", 2)
            licence = self._licence(kind)
            return getattr(licence, what, None) if licence else "missing" if what == "state" else None
        known: dict[str, Callable] = {
            "days_to_expiry": self._days_to_expiry,
            "identity.level": lambda: (
                rules.SIGNING_LEVEL if self.case.submitted_at else None
            ),  # nobody sends without it
            "materials.complete": self._materials_complete,
            "commitment.signed": self._commitment,
            "age": self._age,
            "amount": lambda: self.case.value("amount"),
            "housing.proved": self._housing,
            "staff.count": lambda: len(self.case.value("staff") or []),
            "staff.oldest_test_hours": self._oldest_test,
            "travel.days_ahead": self._days_ahead,
        }
        return known[fact]() if fact in known else None

    def _licence(self, kind: str) -> Licence | None:
        return licences.in_force(self.case.applicant, kind, self.today) or licences.latest(self.case.applicant, kind)

    def _days_to_expiry(self):
        result = (self.case.version.result or {}).get("ref", "")
        licence = self._licence(result)
        return (licence.valid_to - self.today).days if licence and licence.valid_to else None

    @cached_property
    def _materials(self) -> list[CaseMaterial]:
        return list(self.case.materials.select_related("type"))

    def _materials_complete(self):
        return not any(
            row.required and row.how in {CaseMaterial.How.MISSING, CaseMaterial.How.LATER} for row in self._materials
        )

    def _commitment(self):
        signed = [self.case.value(field) for field in ("commit", "plan", "truth")]
        return any(one is True for one in signed)

    def _age(self):
        person = Person.objects.filter(pk=self.case.applicant_id).first()
        if person is None:
            return None
        born = person.birth_date
        return self.today.year - born.year - ((self.today.month, self.today.day) < (born.month, born.day))

    def _days_ahead(self):
        try:
            return (date.fromisoformat(str(self.case.value("date"))) - self.today).days
        except ValueError:
            return None

    def _housing(self):
        return any(row.type.slug in HOUSING and row.how != CaseMaterial.How.MISSING for row in self._materials)

    def _oldest_test(self):
        """Hours since the oldest last test in the staff list; unknown while one of them has none."""
        rows = self.case.value("staff") or []
        hours = []
        for row in rows:
            told = str(row.get("last test") or row.get("last_test") or "")
            try:
                moment = datetime.fromisoformat(told)
            except ValueError:
                return None
            if timezone.is_naive(moment):
                moment = timezone.make_aware(moment)
            hours.append((timezone.now() - moment).total_seconds() / 3600)
        return round(max(hours), 1) if hours else None
