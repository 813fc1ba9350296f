"""The letter of a round table as anybody who holds it may check it: that it is ours, and says what it said."""

import hmac
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from django.utils import timezone

from tongban.cases.letters import Checked
from tongban.cases.models import ALPHABET
from tongban.halls.models import RoundTable
from tongban.lib.encryption import blind_index
from tongban.lib.identifiers import mask_name

MARK = "table-letter-"
TOKEN, CODE = "token", "code"  # beside what the letter says


def entered(number: str, pk: int, said: dict[str, Any]) -> dict[str, Any]:
    """What a letter says, with the code printed on it and the keyed code over everything it says."""
    token = f"{MARK}{pk}-" + "".join(secrets.choice(ALPHABET) for _place in range(16))
    return {**said, TOKEN: token, CODE: code_of(number, said)}


def code_of(number: str, said: Mapping[str, Any]) -> str:
    words = {name: value for name, value in said.items() if name not in (TOKEN, CODE)}
    return blind_index(orjson.dumps([number, words], option=orjson.OPT_SORT_KEYS).decode(), "halls.table-letter")


def check(token: str) -> Checked | None:
    """By the code printed on it; None where there is no such letter."""
    pk, _dash, _rest = token.removeprefix(MARK).partition("-")
    if not token.startswith(MARK) or not (pk.isascii() and pk.isdigit() and len(pk) < 19):
        return None
    row = RoundTable.objects.filter(pk=int(pk)).first()
    said = (row.letter or {}) if row is not None else {}
    if row is None or not hmac.compare_digest(said.get(TOKEN, "").encode(), token.encode()):
        return None
    applicant = said.get("applicant") or {}
    return Checked(
        number={"zh": row.number, "en": row.number},
        title=said["title"],
        issuer=said["department"],
        dated=timezone.localdate(datetime.fromisoformat(said["made_at"])),
        addressee=mask_name(applicant.get("zh") or applicant.get("en") or ""),
        genuine=hmac.compare_digest(said[CODE], code_of(row.number, said)),
        stands="",
        instead=None,
        before=None,
    )
