"""Numbers that people and things carry: are they possible, what do they say, how are they shown without giving them away.

A check says whether a number can exist, never whether it does. What only looks unusual (an area code we do not know) is a
remark and refuses nobody: districts are renamed, and people from Hong Kong, Macao, Taiwan and abroad carry other numbers.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .problems import worded


@dataclass(frozen=True)
class Checked:
    """`value` is the number in its one spelling; `facts` what it says by itself (birth_date, sex, area and so on)."""

    valid: bool
    reason: Any = ""
    remarks: tuple[Any, ...] = ()
    value: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return self.valid


def plain(value: Any) -> str:
    """Full-width digits become plain ones, blanks and dashes go, letters are capitals."""
    text = unicodedata.normalize("NFKC", "" if value is None else str(value)).upper()
    return re.sub(r"[\s\-\u2010-\u2015\u200b-\u200f\u2060\ufeff]", "", text)


# --- check characters of ISO 7064 ---

_ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def mod_11_2(digits: str) -> str:
    total = 0
    for digit in digits:
        total = (total + int(digit)) * 2 % 11
    return "0123456789X"[(12 - total) % 11]


def mod_11_10(digits: str) -> str:
    return _hybrid(digits, "0123456789")


def mod_37_36(text: str) -> str:
    return _hybrid(text, _ALPHANUMERIC)


def _hybrid(text: str, alphabet: str) -> str:
    size = len(alphabet)
    total = size
    for character in text:
        total = (total + alphabet.index(character)) % size or size
        total = total * 2 % (size + 1)
    return alphabet[(1 - total) % size]


# --- people ---

_PROVINCES = frozenset(
    f"{number}"
    for first, last in ((11, 15), (21, 23), (31, 37), (41, 46), (50, 54), (61, 65), (71, 71), (81, 83))
    for number in range(first, last + 1)
)
_UNKNOWN_AREA = _("The area code is not one we know. That alone is no reason to refuse it.")
_OLD_NUMBER = _("This is an identity number of the old kind with 15 digits.")


def check_resident_id(value: Any, *, today: date | None = None) -> Checked:
    """Identity cards with 18 or 15 digits, and residence permits of Hong Kong (81), Macao (82) and Taiwan (83) residents."""
    number = plain(value)
    if not number:
        return Checked(False, _("Please enter the identity number."))
    if re.fullmatch(r"[0-9]{15}", number):
        digits, check = f"{number[:6]}19{number[6:]}", None
    elif re.fullmatch(r"[0-9]{17}[0-9X]", number):
        digits, check = number[:17], number[17]
    else:
        return Checked(
            False,
            _("An identity number has 18 characters: 17 digits, then a digit or X. Older ones have 15 digits."),
            value=number,
        )
    born = _date(digits[6:14])
    if born is None or born > (today or timezone.localdate()):
        return Checked(
            False, _("The date of birth in this number does not exist. Please check digits 7 to 14."), value=number
        )
    if check is not None and check != mod_11_2(digits):
        return Checked(
            False,
            _("The last character does not fit the others. Please compare the number with your card."),
            value=number,
        )
    remarks = []
    if number[:2] not in _PROVINCES:
        remarks.append(_UNKNOWN_AREA)
    if check is None:
        remarks.append(_OLD_NUMBER)
    return Checked(
        True,
        remarks=tuple(remarks),
        value=number,
        facts={
            "birth_date": born,
            "sex": "M" if int(digits[16]) % 2 else "F",
            "area": digits[:6],
            "long": digits + mod_11_2(digits),
        },
    )


def check_hkmotw_residence(value: Any, *, today: date | None = None) -> Checked:
    checked = check_resident_id(value, today=today)
    if checked.valid and (len(checked.value) != 18 or checked.value[:2] not in ("81", "82", "83")):
        return Checked(
            False,
            _("The number of a residence permit for Hong Kong, Macao or Taiwan residents begins with 81, 82 or 83."),
            value=checked.value,
        )
    return checked


def check_passport(value: Any) -> Checked:
    number = plain(value)
    if not re.fullmatch(r"[A-Z0-9]{5,12}", number) or not re.search(r"[0-9]", number):
        return Checked(
            False,
            _(
                "A passport number has 5 to 12 letters and digits. You find it at the top of the page with your photograph."
            ),
            value=number,
        )
    remarks = () if len(number) <= 9 else (_("This number is longer than most passport numbers. Please compare it."),)
    return Checked(True, remarks=remarks, value=number)


def check_hkmo_permit(value: Any) -> Checked:
    """Mainland travel permit of Hong Kong and Macao residents; older cards add two digits for how often it was issued."""
    number = plain(value)
    if not re.fullmatch(r"[HM][0-9]{8}([0-9]{2})?", number):
        return Checked(
            False, _("The number begins with H or M and has 8 digits after it, on older cards 10."), value=number
        )
    return Checked(True, value=number, facts={"region": {"H": "HK", "M": "MO"}[number[0]]})


def check_taiwan_permit(value: Any) -> Checked:
    """Mainland travel permit of Taiwan residents; older ones add a number and letter of issue."""
    number = plain(value)
    if not re.fullmatch(r"[0-9]{8}|[0-9]{10}(\([A-Z]\)|[A-Z])?", number):
        return Checked(False, _("The number has 8 digits, on older permits 10."), value=number)
    return Checked(True, value=number)


def check_foreign_permanent(value: Any, *, today: date | None = None) -> Checked:
    """Foreign permanent resident identity cards: 18 digits beginning with 9, or the older 15 characters."""
    number = plain(value)
    wrong = _("The number has 18 characters and begins with 9, or on older cards 3 letters and 12 digits.")
    today = today or timezone.localdate()
    if re.fullmatch(r"9[0-9]{16}[0-9X]", number):
        born = _date(number[6:14])
        if born is None or born > today:
            return Checked(
                False, _("The date of birth in this number does not exist. Please check digits 7 to 14."), value=number
            )
        if number[17] != mod_11_2(number[:17]):
            return Checked(
                False,
                _("The last character does not fit the others. Please compare the number with your card."),
                value=number,
            )
        return Checked(True, value=number, facts={"birth_date": born, "sex": "M" if int(number[16]) % 2 else "F"})
    if re.fullmatch(r"[A-Z]{3}[0-9]{12}", number):
        if _short_date(number[7:13], past=True, today=today) is None:
            return Checked(
                False, _("The date of birth in this number does not exist. Please check digits 5 to 10."), value=number
            )
        remarks = (_("The last digit could not be confirmed. Please compare the number with your card."),)
        return Checked(
            True,
            remarks=() if mrz_check_digit(number[:14]) == number[14] else remarks,
            value=number,
            facts={"nationality": number[:3]},
        )
    return Checked(False, wrong, value=number)


@dataclass(frozen=True)
class Kind:
    id: str
    label: Any
    check: Callable[[Any], Checked]


KINDS: dict[str, Kind] = {
    kind.id: kind
    for kind in (
        Kind("id-card", _("Resident identity card"), check_resident_id),
        Kind(
            "hkmotw-residence", _("Residence permit of Hong Kong, Macao and Taiwan residents"), check_hkmotw_residence
        ),
        Kind("hkmo-permit", _("Mainland travel permit of Hong Kong and Macao residents"), check_hkmo_permit),
        Kind("taiwan-permit", _("Mainland travel permit of Taiwan residents"), check_taiwan_permit),
        Kind("passport", _("Passport"), check_passport),
        Kind("foreign-permanent", _("Foreign permanent resident identity card"), check_foreign_permanent),
    )
}


def check_person_number(kind: str, value: Any) -> Checked:
    if kind not in KINDS:
        return Checked(False, _("Please choose the kind of document first."), value=plain(value))
    return KINDS[kind].check(value)


def check_any_person_number(value: Any) -> Checked:
    """For a field that does not ask for the kind: the first kind that fits, with its id in `facts`."""
    first = Checked(False)
    for kind in KINDS.values():
        checked = kind.check(value)
        if checked.valid:
            return Checked(True, "", checked.remarks, checked.value, {**checked.facts, "kind": kind.id})
        first = checked if kind.id == "id-card" else first
    if re.fullmatch(r"[0-9]{15}|[0-9]{17}[0-9X]", first.value):
        return first
    return Checked(
        False,
        _("This is neither an identity number nor a passport or permit number. Please compare it with your document."),
        value=first.value,
    )


# --- companies ---

_USCC = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_WEIGHTS = tuple(pow(3, place, 31) for place in range(17))
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)


def uscc_check_character(text: str) -> str:
    total = sum(_USCC.index(character) * weight for character, weight in zip(text, _USCC_WEIGHTS, strict=True))
    return _USCC[-total % 31]


def check_uscc(value: Any) -> Checked:
    """Unified social credit code, GB 32100."""
    code = plain(value)
    if len(code) != 18:
        return Checked(False, _("A unified social credit code has 18 letters and digits."), value=code)
    if strange := sorted(set(code) - set(_USCC)):
        return Checked(
            False,
            worded(
                _(
                    "“%(letter)s” does not occur in such codes. The letters I, O, S, V and Z are never used: look for 1, 0, 5, U or 2."
                ),
                letter=strange[0],
            ),
            value=code,
        )
    if not re.fullmatch(r"[0-9A-Z]{2}[0-9]{6}[0-9A-Z]{10}", code):
        return Checked(
            False, _("Characters 3 to 8 of the code are digits. Please compare it with the licence."), value=code
        )
    if uscc_check_character(code[:17]) != code[17]:
        return Checked(
            False,
            _("The last character does not fit the others. Please compare the code with the licence."),
            value=code,
        )
    remarks = []
    if code[2:4] not in _PROVINCES and code[2:8] != "100000":
        remarks.append(_UNKNOWN_AREA)
    return Checked(True, remarks=tuple(remarks), value=code, facts={"area": code[2:8], "organisation": code[8:17]})


# --- telephones and bank accounts ---


def check_phone(value: Any) -> Checked:
    """Mobile numbers of the mainland without the 86 in front, landlines with area code, all others with + and country code."""
    text = plain(value)
    text = re.sub(r"[()./·]", "", text)
    text = re.sub(r"^(\+|00)86(?=[0-9])", "", text)
    text = re.sub(r"^00(?=[1-9])", "+", text)
    if re.fullmatch(r"1[3-9][0-9]{9}", text):
        return Checked(True, value=text, facts={"mobile": True})
    if re.fullmatch(r"1[0-9]*", text):
        return Checked(False, _("A mobile number on the mainland has 11 digits and begins with 13 to 19."), value=text)
    if re.fullmatch(r"0?[1-9][0-9]{8,10}", text) or re.fullmatch(r"0[1-9][0-9]{9,10}|400[0-9]{7}|800[0-9]{7}", text):
        return Checked(True, value=text, facts={"mobile": False})
    if re.fullmatch(r"\+[1-9][0-9]{6,14}", text):
        return Checked(True, value=text, facts={"mobile": True})
    return Checked(
        False,
        _("Please enter 11 digits, or for a number abroad a plus sign and the country code, such as +44 20 7946 0000."),
        value=text,
    )


def check_bank_account(value: Any) -> Checked:
    number = plain(value)
    if not re.fullmatch(r"[0-9]{8,30}", number):
        return Checked(False, _("A bank account or card number has 8 to 30 digits and nothing else."), value=number)
    remarks: tuple[Any, ...] = ()
    if number.startswith("62") and 16 <= len(number) <= 19 and not _luhn(number):
        remarks = (_("The last digit of this card number does not fit the others. Please compare it with your card."),)
    return Checked(True, remarks=remarks, value=number)


def _luhn(number: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(number)):
        doubled = int(digit) * (1 + place % 2)
        total += doubled - 9 * (doubled > 9)
    return total % 10 == 0


# --- machine readable zones (ICAO 9303) ---

_MRZ_VALUES = {character: value for value, character in enumerate(_ALPHANUMERIC)} | {"<": 0}


def mrz_check_digit(text: str) -> str:
    return str(sum(_MRZ_VALUES[character] * (7, 3, 1)[place % 3] for place, character in enumerate(text)) % 10)


def check_mrz(value: Any, *, today: date | None = None) -> Checked:
    """Passports (two lines of 44), cards (three of 30), smaller documents (two of 36) and visas of both sizes."""
    today = today or timezone.localdate()
    text = unicodedata.normalize("NFKC", str(value or "")).upper().replace("«", "<<").replace("‹", "<")
    text = re.sub(r"[^\S\n]+", "", text.replace("\r", "\n"))
    lines = [line for line in text.split("\n") if line]
    joined = "".join(lines)
    shape = {88: (44, 2), 90: (30, 3), 72: (36, 2)}.get(len(joined))
    if shape is None or not re.fullmatch(r"[A-Z0-9<]+", joined):
        return Checked(
            False,
            _(
                "The lines at the foot of the document are two of 44, two of 36 or three of 30 characters: letters, digits and <."
            ),
            value=joined,
        )
    width, count = shape
    rows = [joined[place * width : (place + 1) * width] for place in range(count)]
    read = _read_card(rows) if count == 3 else _read_two_lines(rows, width)
    said = "\n".join(rows)
    for what, content, digit in read.pop("checks"):
        empty_is_fine = what == "optional" and not content.strip("<")
        if digit != mrz_check_digit(content) and not (empty_is_fine and digit == "<"):
            return Checked(False, worded(_MRZ_WRONG, what=_MRZ_PARTS[what]), value=said)
    born, expires = read.pop("birth"), read.pop("expiry")
    read["birth_date"] = _short_date(born, past=True, today=today)
    read["expires_on"] = _short_date(expires, past=False, today=today)
    if "<" not in born and read["birth_date"] is None:
        return Checked(False, worded(_MRZ_WRONG, what=_MRZ_PARTS["birth"]), value=said)
    if "<" not in expires and read["expires_on"] is None:
        return Checked(False, worded(_MRZ_WRONG, what=_MRZ_PARTS["expiry"]), value=said)
    remarks = []
    if read["expires_on"] is not None and read["expires_on"] < today:
        remarks.append(_("The document has expired."))
    if read["birth_date"] is None:
        remarks.append(_("The document does not give a full date of birth."))
    return Checked(True, remarks=tuple(remarks), value=said, facts=read)


_MRZ_WRONG = _(
    "The %(what)s in the machine-readable lines does not add up. Please compare these lines, or photograph them again."
)
_MRZ_PARTS = {
    "number": _("document number"),
    "birth": _("date of birth"),
    "expiry": _("date of expiry"),
    "optional": _("personal number"),
    "whole": _("last check digit"),
}


def _names(text: str) -> dict[str, str]:
    surname, _sep, given = text.partition("<<")
    return {"surname": surname.replace("<", " ").strip(), "given_names": given.replace("<", " ").strip()}


def _long_number(number: str, digit: str, optional: str) -> tuple[str, str, str]:
    """A number longer than nine characters goes on in the optional part, its check digit after it."""
    if digit == "<":
        more = optional.split("<")[0]
        if len(more) > 1:
            return number + more[:-1], more[-1], optional[len(more) :]
    return number, digit, optional


def _read_two_lines(rows: list[str], width: int) -> dict[str, Any]:
    first, second = rows
    number, digit, optional = second[:9], second[9], second[28 : width - 1]
    visa = first[0] == "V"
    birth, expiry = second[13:19], second[21:27]
    checks = []
    if width == 36 and not visa:
        number, digit, _rest = _long_number(number, digit, second[28:35])
    checks += [("number", number, digit), ("birth", birth, second[19]), ("expiry", expiry, second[27])]
    if not visa:
        if width == 44:
            optional = second[28:42]
            checks.append(("optional", optional, second[42]))
        checks.append(("whole", second[:10] + second[13:20] + second[21 : width - 1], second[width - 1]))
    return {
        "kind": first[:2].rstrip("<"),
        "country": first[2:5].rstrip("<"),
        "nationality": second[10:13].rstrip("<"),
        "number": number.rstrip("<"),
        "sex": second[20].replace("<", "X"),
        "birth": birth,
        "expiry": expiry,
        "optional": optional.strip("<"),
        "checks": checks,
        **_names(first[5:]),
    }


def _read_card(rows: list[str]) -> dict[str, Any]:
    first, second, third = rows
    number, digit, optional = _long_number(first[5:14], first[14], first[15:30])
    birth, expiry = second[:6], second[8:14]
    whole = first[5:30] + second[:7] + second[8:15] + second[18:29]
    return {
        "kind": first[:2].rstrip("<"),
        "country": first[2:5].rstrip("<"),
        "nationality": second[15:18].rstrip("<"),
        "number": number.rstrip("<"),
        "sex": second[7].replace("<", "X"),
        "birth": birth,
        "expiry": expiry,
        "optional": optional.strip("<"),
        "checks": [
            ("number", number, digit),
            ("birth", birth, second[6]),
            ("expiry", expiry, second[14]),
            ("whole", whole, second[29]),
        ],
        **_names(third),
    }


# --- our own numbers ---


def case_number(division: str, day: date, running: int) -> str:
    """Division (6), day of first submission (6), running number of that division and day (5), check digit (1)."""
    area = str(division)[:6]
    if not re.fullmatch(r"[0-9]{6}", area) or not 1 <= running <= 99_999:
        raise ValueError(f"no case number for division {division!r} and running number {running!r}")
    digits = f"{area}{day:%y%m%d}{running:05d}"
    return digits + mod_11_10(digits)


def check_case_number(value: Any) -> Checked:
    """Also with the part of a bundle behind a dash, such as -01."""
    text = re.sub(r"\s", "", unicodedata.normalize("NFKC", str(value or "")))
    found = re.fullmatch(r"([0-9]{6})([0-9]{6})([0-9]{5})([0-9])(?:-([0-9]{2}))?", text)
    if not found:
        return Checked(False, _("A case number has 18 digits. You find it on your receipt."), value=text)
    area, day, running, check, part = found.groups()
    submitted = _date(f"20{day}")
    if check != mod_11_10(area + day + running) or submitted is None:
        return Checked(
            False, _("There is a slip in this case number. Please compare it with your receipt."), value=text
        )
    return Checked(
        True,
        value=text,
        facts={"division": area, "day": submitted, "running": int(running), "part": part and int(part)},
    )


LICENCE_ROOT = "1.2.156.3005.2"


def licence_identifier(type_code: str, issuer_uscc: str, serial: int | str, version: int | str) -> str:
    parts = (
        str(type_code).upper(),
        str(issuer_uscc).upper(),
        f"{serial:09d}" if isinstance(serial, int) else str(serial).upper(),
        f"{version:03d}" if isinstance(version, int) else str(version).upper(),
    )
    if not all(re.fullmatch(r"[0-9A-Z]+", part) for part in parts):
        raise ValueError("every part of a licence identifier is letters and digits")
    return ".".join((LICENCE_ROOT, *parts, mod_37_36("".join(parts))))


def check_licence_identifier(value: Any) -> Checked:
    text = re.sub(r"\s", "", unicodedata.normalize("NFKC", str(value or ""))).upper()
    found = re.fullmatch(
        re.escape(LICENCE_ROOT) + r"\.([0-9A-Z]+)\.([0-9A-Z]{18})\.([0-9A-Z]+)\.([0-9A-Z]+)\.([0-9A-Z])", text
    )
    if not found:
        return Checked(
            False, _("This is not the number of an electronic licence. It begins with 1.2.156.3005.2."), value=text
        )
    *parts, check = found.groups()
    if check != mod_37_36("".join(parts)):
        return Checked(
            False, _("There is a slip in this licence number. Please compare it with the licence."), value=text
        )
    type_code, issuer, serial, version = parts
    return Checked(
        True, value=text, facts={"type_code": type_code, "issuer_uscc": issuer, "serial": serial, "version": version}
    )


# --- shown without giving them away ---


def mask_id(value: Any) -> str:
    """Long numbers keep four characters at each end, shorter ones (passports) two, very short ones none."""
    text = "" if value is None else str(value).strip()
    ends = 4 if len(text) >= 15 else 2
    if len(text) < ends * 2 + 2:
        return "*" * len(text)
    return text[:ends] + "*" * (len(text) - ends * 2) + text[-ends:]


def mask_phone(value: Any) -> str:
    """138****0000; a number abroad keeps its country code and the last four digits."""
    text = "" if value is None else re.sub(r"[\s\-()]", "", str(value))
    if len(text) < 8:
        return "*" * len(text)
    return text[:3] + "*" * (len(text) - 7) + text[-4:]


def mask_name(value: Any) -> str:
    """The first character of a Chinese name stays; of a name in Latin letters the first of each word."""
    text = unicodedata.normalize("NFC", "" if value is None else str(value)).strip()
    shown, word_begins, letters = [], True, 0
    chinese = any(character >= "\u2e80" for character in text)
    for character in text:
        if unicodedata.category(character).startswith("M"):
            continue  # an accent or variant selector belongs to the letter before it
        if character.isspace() or character in "·-'’.":
            shown.append(character)
            word_begins = not chinese
            continue
        shown.append(character if word_begins else "*")
        word_begins = False
        letters += 1
    return "*" if letters == 1 else "".join(shown)


def _date(digits: str) -> date | None:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return None


def _short_date(digits: str, *, past: bool, today: date) -> date | None:
    """Two digits for the year: a birth is never to come, an expiry never more than fifty years away."""
    if not re.fullmatch(r"[0-9]{6}", digits):
        return None
    day = _date(f"20{digits}")
    too_late = day is not None and (day > today if past else day.year > today.year + 50)
    return _date(f"19{digits}") if day is None or too_late else day
