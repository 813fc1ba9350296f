"""Judgement about people and sign-ins: nothing here touches the database."""

import re
import unicodedata
from datetime import date, timedelta

from django.utils.translation import gettext_lazy as _

from tongban.lib.encryption import blind_index
from tongban.lib.identifiers import KINDS, Checked, check_person_number, check_phone

REGISTERED, VERIFIED, PRESENT = 1, 2, 3
PRESENT_FOR = timedelta(minutes=30)  # level 3 means face or window *just now*
MISMATCHES_A_DAY = 5
NEW_NUMBER_RESTS = timedelta(hours=24)
ALIKE_ENOUGH = 0.8

LOGIN = re.compile(r"[\w.@+-]{3,50}", re.UNICODE)


def kind(id_kind: str) -> str:
    """Documents' kinds are spelled with `_` in our tables and with `-` in the demonstration content and the checks."""
    return str(id_kind).replace("-", "_")


def check_number(id_kind: str, id_no: str) -> Checked:
    return check_person_number(kind(id_kind).replace("_", "-"), id_no)


def index_of(id_kind: str, checked: Checked) -> str:
    """The blind index of kind and number. An old card with 15 digits and its 18 digit successor are one person."""
    return blind_index(f"{kind(id_kind)}:{checked.facts.get('long', checked.value)}", "parties.person.id_no")


def mobile_index_of(mobile: str) -> str:
    return blind_index(mobile, "parties.person.mobile") if mobile else ""


def login(text: str) -> str:
    """The one spelling of a sign-in name."""
    return unicodedata.normalize("NFKC", text or "").strip().lower()


def login_reasons(text: str) -> list:
    """Why this cannot be a sign-in name."""
    name = login(text)
    if not LOGIN.fullmatch(name):
        return [_("A sign-in name has 3 to 50 letters, digits or . _ - @ + and no spaces.")]
    digits = re.sub(r"[^0-9x]", "", name)
    if len(name) >= 15 and len(digits) == len(name):
        # else "this name is taken" would tell everybody who has an account here
        return [_("Please do not use an identity number as a sign-in name.")]
    return []


def same_name(given: str, *known: str) -> bool:
    """Names match whatever the width, the case and the blanks; the dot of long names is U+00B7 in all its look-alikes."""
    return bool(given) and bare(given) in {bare(name) for name in known if name}


def bare(name: str) -> str:
    """A name without what two spellings of it may differ in."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return re.sub(r"[\s\-'’.·•・‧∙⋅]", "", folded)


def phone(text: str) -> Checked:
    return check_phone(text)


def needs_birth_details(id_kind: str) -> bool:
    """Numbers that do not say by themselves when somebody was born."""
    return kind(id_kind) in {"passport", "hkmo_permit", "taiwan_permit", "foreign_permanent"}


def convinces(score: float, alive: bool) -> bool:
    return alive and score >= ALIKE_ENOUGH


GROWN_UP = 18  # Civil Code, art. 17


def comes_of_age(born: date) -> date:
    """The 18th birthday. Born on 29 February, in a year without one the last day of the month is the day that corresponds
    (Civil Code, art. 202)."""
    try:
        return born.replace(year=born.year + GROWN_UP)
    except ValueError:
        return date(born.year + GROWN_UP, 2, 28)


def is_minor(born: date, today: date) -> bool:
    """Until midnight before the 18th birthday; `today` is the day in the district's own time."""
    return today < comes_of_age(born)


def plausible_birth(day: date | None, today: date) -> bool:
    return day is not None and date(1900, 1, 1) <= day <= today


__all__ = ["KINDS", "PRESENT", "PRESENT_FOR", "REGISTERED", "VERIFIED", "check_number", "index_of", "kind", "login"]
