"""What is signed, and what somebody is asked to sign beside an applicant."""

import hashlib
import json
from typing import Any

from tongban.cases import queries, rules, signers
from tongban.cases.models import Case, Signer
from tongban.cases.signer_states import SignerState
from tongban.cases.states import EDITABLE
from tongban.parties import rules as party_rules
from tongban.parties.models import Account, Person


def content_of(case: Case) -> str:
    """What is signed, in one short word: it changes with every answer, situation and document."""
    said = {
        "values": rules.plain_values(case.values),
        "situation": case.situation,
        "materials": queries.as_it_stood(case)["materials"],
    }
    text = json.dumps(said, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def is_named(person: Person | None, row: Signer) -> bool:
    """The same number and the same name: a number alone is known to many."""
    return (
        person is not None
        and person.died_on is None
        and row.id_index == person.id_index
        and party_rules.same_name(row.name, person.name, person.name_en)
    )


def names(answer: Any, row: Signer) -> bool:
    """Whether this part of the answers speaks of whoever signs."""
    found = signers.named("", {}, answer)
    return found is not None and found.id_index == row.id_index


def waiting_for(account: Account) -> list[Signer]:
    """What this person is asked to sign now, the last asked first."""
    return [row for row in of(account) if row.state == SignerState.ASKED and row.case.state in EDITABLE]


def of(account: Account) -> list[Signer]:
    """Everything this person was ever asked to sign."""
    if account.person is None:
        return []
    rows = Signer.objects.filter(id_index=account.person.id_index).select_related(
        "case", "case__version", "case__applicant", "case__department", "case__matter"
    )
    return [row for row in rows.order_by("-id")[:50] if is_named(account.person, row)]
