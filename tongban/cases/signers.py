"""Who must sign beside the applicant, by the guide and the answers. Pure.

A guide names the answers (`MatterVersion.cosigners`: [{"from": field, "role": {"zh", "en"}}]); each person named there signs, except
whoever applies: nobody co-signs for themselves.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tongban.cases import planning
from tongban.cases.models import Case, Signer
from tongban.cases.signer_states import SignerState
from tongban.parties import rules
from tongban.parties.models import Party, Person


@dataclass(frozen=True)
class Expected:
    source: str
    role: dict
    name: str
    id_kind: str
    id_index: str
    id_end: str


def markers(case: Case) -> list[dict]:
    """Which answers name somebody who signs: of a bundle what its members want; a member was signed with the whole."""
    if case.parent_id is not None:
        return []
    if planning.is_bundle(case):
        found = {
            one["from"]: one for member in planning.plan_of(case).members for one in member.version.cosigners or ()
        }
        return list(found.values())
    return list(case.version.cosigners or ())


def expected(case: Case) -> list[Expected]:
    """Everybody the answers name, each once, in their order; rows that are not complete yet name nobody."""
    wanted: dict[str, Expected] = {}
    own = _applying(case)
    for one in markers(case):
        value = (case.values.get(one["from"]) or {}).get("value")
        for place, row in enumerate(value if isinstance(value, list) else [value]):
            found = named(f"{one['from']}-{place}", one.get("role") or {}, row)
            if found is not None and found.id_index not in own:
                wanted.setdefault(found.id_index, found)
    return list(wanted.values())


def named(source: str, role: dict, row: Any) -> Expected | None:
    """The person an answer names, or a line of it; None where it names nobody, or not completely."""
    if not isinstance(row, dict):
        return None
    name, number = str(row.get("name") or "").strip(), str(row.get("id_no") or "")
    kind = rules.kind(str(row.get("id_kind") or "id_card"))
    if kind not in {rules.kind(known) for known in rules.KINDS}:
        return None
    checked = rules.check_number(kind, number)
    if not name or not checked.valid:
        return None
    return Expected(source[:60], role, name[:200], kind, rules.index_of(kind, checked), checked.value[-4:])


def _applying(case: Case) -> set[str]:
    """The applicant's own number; for a company, that of whoever sends it."""
    if case.applicant.kind == Party.Kind.PERSON:
        return set(Person.objects.filter(pk=case.applicant_id).values_list("id_index", flat=True))
    return {case.account.person.id_index} if case.account is not None and case.account.person is not None else set()


def lacking(case: Case, rows: Iterable[Signer] | None = None) -> list[str]:
    """Names of those who have not signed yet."""
    if not markers(case):
        return []
    held = case.signers.all() if rows is None else rows
    signed = {row.id_index for row in held if row.state == SignerState.SIGNED}
    return [one.name for one in expected(case) if one.id_index not in signed]
