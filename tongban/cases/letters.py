"""What anybody who holds a letter may know of it: that it is ours, unchanged, and whether it still stands."""

import hmac
from dataclasses import dataclass
from datetime import date

from django.utils import timezone

from tongban.cases.models import Letter
from tongban.cases.services.lettering import LETTER_MARK, code_of
from tongban.cases.states import CaseState
from tongban.lib.bilingual import Bilingual
from tongban.lib.identifiers import mask_name

DECISIONS = {"decision", "bundle_decision"}


@dataclass(frozen=True)
class Checked:
    """`stands`: "" for a letter that counts as it is, else why not any more."""

    number: Bilingual
    title: Bilingual
    issuer: Bilingual
    dated: date
    addressee: str
    genuine: bool
    stands: str
    instead: Bilingual | None
    before: Bilingual | None


def check(token: str) -> Checked | None:
    """By the code printed on it; None where there is no such letter."""
    if not token.startswith(LETTER_MARK):
        return None
    row = (
        Letter.objects.select_related(
            "department", "document__case", "document__replaced__document__letter__department",
            "document__replaces__first__letter__department",
        )
        .filter(token=token)
        .first()
    )  # fmt: skip
    if row is None:
        return None
    document = row.document
    said = document.content
    newer, older = getattr(document, "replaced", None), getattr(document, "replaces", None)
    applicant = said.get("applicant") or {}
    stands = ""
    if newer is not None:
        stands = "replaced"
    elif document.kind in DECISIONS and document.case.state == CaseState.REVOKED:
        stands = "revoked"
    return Checked(
        number=row.number,
        title=said["title"],
        issuer=row.department.name,
        dated=timezone.localdate(document.made_at),
        addressee=mask_name(applicant.get("zh") or applicant.get("en") or ""),
        genuine=hmac.compare_digest(row.code, code_of(document)),
        stands=stands,
        instead=_number(newer.document) if newer is not None else None,
        before=_number(older.first) if older is not None else None,
    )


def _number(document) -> Bilingual:
    entered = getattr(document, "letter", None)
    return entered.number if entered is not None else {"zh": document.number, "en": document.number}
