"""Comparing a paper with the application: pure judgement on what the machine read. It helps; it decides nothing.

Text that stands on a paper is compared, shown and never obeyed: nothing in here turns words into an act, and no outcome of
a finding is anything but a sentence for people.
"""

import math
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from difflib import SequenceMatcher
from typing import Any

from django.utils.functional import lazy
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from tongban.lib.bilingual import Bilingual, say, short
from tongban.lib.identifiers import check_mrz, check_resident_id, check_uscc, mask_id
from tongban.lib.names import comparable, folded, latin_name, same_name

NOTICE, WARNING = "notice", "warning"
SURE = 0.85  # below, the sentence says that the machine may be wrong
WORTH = 0.5  # below, what was read is not compared at all
KIND_WORTH = 0.6
LONGEST = 120  # of a value read from a paper, wherever it is shown
SLANT = 12.0  # degrees
PAGES_AT_MOST = 60


@dataclass(frozen=True)
class Words:
    """`sure` and `unsure` say the same with more and less certainty; `help` says what the applicant can do."""

    severity: str
    sure: Any
    unsure: Any
    help: Any


_AGAIN = _("Take the picture again, in good light and from straight above.")
_RIGHT_PAPER = _(
    "Compare it with your paper. If the paper is right, correct the form; if the picture is wrong, take it again."
)

WORDS: dict[str, Words] = {
    "expired": Words(
        WARNING,
        _("“%(paper)s” ended on %(day)s."),
        _("“%(paper)s” may have ended: the machine reads %(day)s."),
        _("Please add one that is still in force."),
    ),
    "expires_before": Words(
        NOTICE,
        _("“%(paper)s” ends on %(day)s, before the decision that is promised by %(needed)s."),
        _("“%(paper)s” may end on %(day)s, before the decision that is promised by %(needed)s."),
        _("If you have a newer one, add that."),
    ),
    "not_begun": Words(
        NOTICE,
        _("“%(paper)s” begins only on %(day)s."),
        _("“%(paper)s” may begin only on %(day)s."),
        _("If you have one that holds today, add that."),
    ),
    "name_differs": Words(
        WARNING,
        _("The name on the paper, %(read)s, differs from the form, %(typed)s."),
        _("The name on the paper, perhaps %(read)s, may differ from the form, %(typed)s."),
        _RIGHT_PAPER,
    ),
    "number_differs": Words(
        WARNING,
        _("The number on the paper, %(read)s, differs from the form, %(typed)s."),
        _("The number on the paper, perhaps %(read)s, may differ from the form, %(typed)s."),
        _RIGHT_PAPER,
    ),
    "address_differs": Words(
        NOTICE,
        _("The address on the paper, %(read)s, differs from the form, %(typed)s."),
        _("The address on the paper, perhaps %(read)s, may differ from the form, %(typed)s."),
        _RIGHT_PAPER,
    ),
    "answer_differs": Words(
        NOTICE,
        _("The paper says %(read)s; the form says %(typed)s."),
        _("The paper may say %(read)s; the form says %(typed)s."),
        _RIGHT_PAPER,
    ),
    "number_wrong": Words(
        WARNING,
        _("The number %(read)s cannot be right: its last character does not fit the others."),
        _("The number %(read)s was perhaps misread: its last character does not fit the others."),
        _("Compare it with your paper, and take the picture again if it is not clear."),
    ),
    "mrz_wrong": Words(
        WARNING,
        _("The two lines with “<<<” at the foot of the document do not add up."),
        _("The lines with “<<<” at the foot of the document could not be read for certain."),
        _("Take the picture again so that the whole foot of the page is sharp and inside it."),
    ),
    "mrz_differs": Words(
        WARNING,
        _("The lines with “<<<” say %(read)s, but the page above them says %(typed)s."),
        _("The lines with “<<<” may say %(read)s, where the page above them says %(typed)s."),
        _AGAIN,
    ),
    "other_document": Words(
        WARNING,
        _("This looks like a different document: %(kind)s. Asked for is %(paper)s."),
        _("This may be a different document: perhaps %(kind)s. Asked for is %(paper)s."),
        _("If you mixed up two files, take this one out and add the right one."),
    ),
    "page_missing": Words(
        WARNING,
        _("Page %(number)s of %(total)s seems to be missing."),
        _("Page %(number)s of %(total)s may be missing."),
        _("Add the missing page; the pages that are here stay."),
    ),
    "back_missing": Words(
        NOTICE,
        _("The other side of the card seems to be missing."),
        _("The other side of the card may be missing."),
        _("Add a picture of the other side."),
    ),
    "blurred": Words(WARNING, _("Page %(number)s is blurred."), _("Page %(number)s may be blurred."), _AGAIN),
    "dark": Words(NOTICE, _("Page %(number)s is too dark."), _("Page %(number)s may be too dark."), _AGAIN),
    "glare": Words(NOTICE, _("Light is reflected on page %(number)s."), _("Light may be reflected on page %(number)s."), _AGAIN),
    "cut": Words(
        WARNING,
        _("A part of page %(number)s is outside the picture."),
        _("A part of page %(number)s may be outside the picture."),
        _("Take the picture again so that all four corners are inside it."),
    ),
    "too_small": Words(
        NOTICE,
        _("The writing on page %(number)s is very small in the picture."),
        _("The writing on page %(number)s may be too small in the picture."),
        _("Take the picture again from closer, so that the page fills it."),
    ),
    "slanted": Words(NOTICE, _("Page %(number)s lies at a slant."), _("Page %(number)s may lie at a slant."), _AGAIN),
    "hard_to_read": Words(
        NOTICE,
        _("The marked part of page %(number)s could hardly be read."),
        _("The marked part of page %(number)s could hardly be read."),
        _AGAIN,
    ),
    "unreadable": Words(
        WARNING,
        _("Nothing could be read on page %(number)s."),
        _("Nothing could be read on page %(number)s."),
        _("If there is writing on it, take the picture again; if not, take the page out."),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Found:
    """One finding before it is stored. `params` are plain JSON; days are ISO, names of kinds in both languages."""

    code: str
    params: dict = field(default_factory=dict)
    field: str = ""
    page: int | None = None
    box: list | None = None
    confidence: float = 1.0

    @property
    def severity(self) -> str:
        return WORDS[self.code].severity


@dataclass(frozen=True)
class Offer:
    """A value read from a paper that an answer of the form could take, if the person says so."""

    field: str
    value: str
    page: int | None
    box: list | None
    confidence: float


@dataclass(frozen=True)
class Paper:
    """One material of an application with what was read on it (`materials.models.Reading`, or the same by itself)."""

    material: str
    name: Bilingual
    accepted: frozenset[str]  # kinds that satisfy the requirement
    pages: int
    kind: str = ""
    kind_name: Bilingual | None = None
    kind_confidence: float = 0.0
    lines: Sequence[Mapping] = ()
    values: Mapping[str, Mapping] = field(default_factory=dict)
    quality: Sequence[Mapping] = ()


@dataclass(frozen=True)
class Answer:
    """One answer of the form, as far as papers are concerned: `prefill` says what it means."""

    field: str
    type: str
    value: Any
    prefill: str = ""
    readonly: bool = False
    masked: bool = False


def findings_on(
    paper: Paper, answers: Sequence[Answer], *, today: date, needed_until: date | None = None
) -> list[Found]:
    """Everything worth looking at on this paper, what stands on its first page first; each thing once."""
    found = [*_about_pages(paper), *_about_kind(paper)]
    if not any(one.code == "other_document" for one in found):  # the values of another paper say nothing about this one
        found += [
            *_about_days(paper, today, needed_until),
            *_about_names(paper, answers),
            *_about_numbers(paper, answers),
            *_about_addresses(paper, answers),
            *_about_meant(paper, answers),
            *_about_mrz(paper, answers, today),
        ]
    once = {(one.code, one.page, one.field, str(one.params)): one for one in found}
    return sorted(once.values(), key=lambda one: (one.page or 1, one.severity != WARNING))


def offers_from(paper: Paper, answers: Sequence[Answer]) -> list[Offer]:
    """Values the form could take: each for an answer that is empty or says something else, never for one that is fixed."""
    if paper.kind and paper.kind not in paper.accepted and paper.kind_confidence >= KIND_WORTH:
        return []
    offers = []
    of_the_business = paper.material in ABOUT_PREMISES and any(answer.field == "premises" for answer in answers)
    for answer in answers:
        if answer.readonly or answer.type not in OFFERED_TYPES or (of_the_business and answer.field == "address"):
            continue
        read = next((one for name in _names_for(answer, paper) if (one := _value(paper, name))), None)
        if read is None or read.confidence < WORTH:
            continue
        value = _as_type(read.value, answer.type)
        if value and not _same(value, answer.value, answer.type):
            offers.append(Offer(answer.field, value, read.page, read.box, read.confidence))
    return offers


OFFERED_TYPES = {"text", "address", "date", "uscc", "id_number", "company_name", "bank_account", "number"}


# -- in words


def sentence_of(code: str, params: Mapping, confidence: float):
    """The finding in words, lazy: said in the language of whoever reads, softer where the machine is not sure."""
    words = WORDS.get(code)
    if words is None:  # a code of an older release
        return _("Please look at this paper.")
    return _filled_later(words.sure if confidence >= SURE else words.unsure, dict(params))


def shape_of(code: str) -> str:
    """The sentence without what it is about, as a heading for figures."""
    return str(WORDS[code].sure) % _Gaps() if code in WORDS else code


class _Gaps(dict):
    def __missing__(self, key):
        return "…"


def help_of(code: str):
    return WORDS[code].help if code in WORDS else ""


def _filled(sentence, params: Mapping) -> str:
    return str(sentence) % {name: _shown(value) for name, value in params.items()}


_filled_later = lazy(_filled, str)
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}")
_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]


def _shown(value) -> str:
    if isinstance(value, Mapping):
        return say(value)
    if isinstance(value, str) and _ISO.fullmatch(value) and (day := _date(value)):
        if short(get_language()) == "zh":
            return f"{day.year}年{day.month}月{day.day}日"
        return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"
    return str(value)


# -- what was read


@dataclass(frozen=True)
class _Read:
    value: str
    confidence: float
    page: int | None
    box: list | None

    def found(self, code: str, params: dict | None = None, about: str = "") -> Found:
        """A finding at the place where this was read; `about` is the answer it concerns."""
        return Found(code, params or {}, about, self.page, self.box, self.confidence)


def _value(paper: Paper, name: str) -> _Read | None:
    held = paper.values.get(name)
    if not isinstance(held, Mapping):
        return None
    value = held.get("value")
    if value in (None, "", [], {}):
        value = held.get("text")
    if not isinstance(value, str | int | float) or isinstance(value, bool) or not str(value).strip():
        return None
    return _Read(str(value).strip(), _number(held.get("confidence"), 0.0), _page(held), _box(held))


def _values(paper: Paper, names: Iterable[str]) -> list[_Read]:
    found = (_value(paper, name) for name in names)
    return [one for one in found if one is not None and one.confidence >= WORTH]


def _number(value, otherwise: float) -> float:
    good = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if good else otherwise


def _page(held: Mapping) -> int | None:
    page = held.get("page")
    return page if isinstance(page, int) and 0 < page <= PAGES_AT_MOST else None


def _box(held: Mapping) -> list | None:
    box = held.get("box")
    if not isinstance(box, list | tuple) or len(box) != 4:
        return None
    left, top, width, height = (min(max(_number(part, 0.0), 0.0), 1.0) for part in box)
    if not width or not height:
        return None
    return [round(part, 4) for part in (left, top, min(width, 1 - left), min(height, 1 - top))]


_SPACES = re.compile(r"\s+")


def _cut(text: str) -> str:
    """As it may be shown: on one line and not for ever."""
    said = _SPACES.sub(" ", "".join(c if unicodedata.category(c)[0] != "C" else " " for c in text)).strip()
    return said if len(said) <= LONGEST else said[: LONGEST - 1] + "…"


# -- pages


def _about_pages(paper: Paper) -> list[Found]:
    found = []
    for told in paper.quality:
        number = _page(told)
        if number is None:
            continue
        for code in ("blurred", "dark", "glare", "cut", "too_small"):
            held = told.get(code)
            if held:
                box = _box(held) if isinstance(held, Mapping) else None
                sure = _number(told.get("confidence"), 1.0)
                found.append(Found(code, {"number": number}, page=number, box=box, confidence=sure))
        if abs(_number(told.get("skew"), 0.0)) > SLANT:
            found.append(Found("slanted", {"number": number}, page=number))
    seen = {_page(line) for line in paper.lines}
    poor = {one.page for one in found if one.code in {"blurred", "dark", "too_small"}}
    looked_at = {_page(told) for told in paper.quality}
    for number in range(1, paper.pages + 1):
        if number not in seen and number not in poor and number in looked_at:
            found.append(Found("unreadable", {"number": number}, page=number))
        elif number not in poor and (weak := _weak_part(paper, number)):
            found.append(Found("hard_to_read", {"number": number}, page=number, box=weak))
    return [*found, *_missing_pages(paper), *_missing_side(paper)]


def _weak_part(paper: Paper, number: int) -> list | None:
    """The part of a page where many lines could hardly be read, if it is a good part of what stands there."""
    lines = [line for line in paper.lines if _page(line) == number]
    weak = [line for line in lines if _number(line.get("confidence"), 1.0) < WORTH]
    boxes = [box for line in weak if (box := _box(line))]
    if len(weak) < 3 or len(weak) * 4 < len(lines) or not boxes:
        return None
    left, top = min(box[0] for box in boxes), min(box[1] for box in boxes)
    right, foot = max(box[0] + box[2] for box in boxes), max(box[1] + box[3] for box in boxes)
    return [round(part, 4) for part in (left, top, right - left, foot - top)]


_COUNTERS = (
    re.compile(r"第\s*(\d{1,2})\s*页\s*[,，、/（(]?\s*共\s*(\d{1,2})\s*页"),
    re.compile(r"共\s*(?P<total>\d{1,2})\s*页\s*[,，、/（(]?\s*第\s*(?P<number>\d{1,2})\s*页"),
    re.compile(r"\bpage\s*(\d{1,2})\s*(?:of|/)\s*(\d{1,2})\b", re.IGNORECASE),
)


def _missing_pages(paper: Paper) -> list[Found]:
    """Where the pages count themselves ("page 2 of 3"), the numbers that nobody handed in."""
    counted: dict[int, int] = {}
    for line in paper.lines:
        text = unicodedata.normalize("NFKC", str(line.get("text") or ""))[:200]
        for pattern in _COUNTERS:
            if match := pattern.search(text):
                groups = match.groupdict()
                number, total = (
                    (int(groups["number"]), int(groups["total"])) if groups else (int(match[1]), int(match[2]))
                )
                if 1 <= number <= total <= PAGES_AT_MOST:
                    counted[number] = total
    totals = set(counted.values())
    if len(totals) != 1:
        return []
    total = totals.pop()
    lacking = sorted(set(range(1, total + 1)) - set(counted))
    unnumbered = paper.pages - len(counted)  # a page whose own number was not read may be one of those
    lacking = lacking[: max(0, len(lacking) - max(0, unnumbered))]
    sure = 1.0 if unnumbered <= 0 else SURE - 0.01
    return [Found("page_missing", {"number": number, "total": total}, confidence=sure) for number in lacking[:5]]


TWO_SIDED = {"id-card", "legal-rep-id"}
SEVERAL_PEOPLE = {"addr-rent", "lease-filing", "labour-contract", "house-contract", "agent-letter", "birth-cert"}


def _missing_side(paper: Paper) -> list[Found]:
    if not TWO_SIDED & {paper.material, *paper.accepted} or paper.pages != 1 or paper.kind not in paper.accepted:
        return []
    front = bool(_values(paper, NUMBERS["id_no"]))
    back = bool(_values(paper, (*LAST_DAY, "issuer", "authority")))
    return [Found("back_missing", page=1, confidence=paper.kind_confidence)] if front != back else []


def _about_kind(paper: Paper) -> list[Found]:
    if not paper.kind or paper.kind in paper.accepted or paper.kind_confidence < KIND_WORTH:
        return []
    params = {"kind": paper.kind_name or paper.kind, "paper": paper.name}
    return [Found("other_document", params, page=1, confidence=paper.kind_confidence)]


# -- days

LAST_DAY = ("valid_to", "term_to", "lease_end", "end_date", "end", "expires_on", "valid_until", "to", "expiry")
FIRST_DAY = ("valid_from", "term_from", "lease_start", "start_date", "start", "from")


def _about_days(paper: Paper, today: date, needed_until: date | None) -> list[Found]:
    found = []
    for read in _values(paper, LAST_DAY)[:1]:
        day = _date(read.value)
        if day is None:
            continue
        if day < today:
            found.append(read.found("expired", {"paper": paper.name, "day": day.isoformat()}))
        elif needed_until is not None and day < needed_until:
            params = {"paper": paper.name, "day": day.isoformat(), "needed": needed_until.isoformat()}
            found.append(read.found("expires_before", params))
    for read in _values(paper, FIRST_DAY)[:1]:
        day = _date(read.value)
        if day is not None and day > today:
            params = {"paper": paper.name, "day": day.isoformat()}
            found.append(read.found("not_begun", params))
    return found


_DAY = re.compile(r"(\d{4})\s*[-./年]\s*(\d{1,2})\s*[-./月]\s*(\d{1,2})\s*日?(?:T.*)?")


def _date(text: str) -> date | None:
    match = _DAY.fullmatch(unicodedata.normalize("NFKC", str(text)).strip())
    try:
        return date(*(int(part) for part in match.groups())) if match else None
    except ValueError:
        return None


# -- names

PARTY = (
    "name", "holder", "tenant", "lessee", "operator", "company", "owner", "owners", "payer", "employee",
    "student", "clinic", "venue", "newborn",
)  # fmt: skip


def _about_names(paper: Paper, answers: Sequence[Answer]) -> list[Found]:
    """None of the names on the paper is one of the form's: said once, with the closest pair."""
    read = _values(paper, PARTY)
    typed = [
        answer for answer in answers if _is_name(answer) and isinstance(answer.value, str) and answer.value.strip()
    ]
    pairs = [(one, answer) for one in read for answer in typed if comparable(one.value, answer.value)]
    if not pairs or any(same_name(one.value, answer.value) for one, answer in pairs):
        return []
    one, answer = max(pairs, key=lambda pair: _closeness(pair[0].value, pair[1].value))
    params = {"read": _cut(one.value), "typed": _cut(answer.value)}
    return [one.found("name_differs", params, answer.field)]


def _is_name(answer: Answer) -> bool:
    return answer.prefill in {"user.name", "company.name", "company.legal_rep"} or answer.field in {
        "name", "company", "name_cn", "legal_rep",
    }  # fmt: skip


def _closeness(one: str, other: str) -> float:
    return SequenceMatcher(None, folded(one), folded(other)).ratio()


# -- numbers

NUMBERS = {
    "id_no": ("id_no", "id_number"),
    "passport_no": ("passport_no", "document_no", "number"),
    "uscc": ("uscc",),
}


def _about_numbers(paper: Paper, answers: Sequence[Answer]) -> list[Found]:
    found = []
    for meaning in NUMBERS:
        for read in _values(paper, NUMBERS[meaning])[:1]:
            if wrong := _does_not_add_up(meaning, read.value):
                found.append(read.found("number_wrong", {"read": wrong}))
                continue
            if not paper.kind or paper.kind in SEVERAL_PEOPLE:  # whose number it is nobody can tell
                continue
            typed = [answer for answer in answers if _is_number(answer, meaning) and str(answer.value or "").strip()]
            if typed and not any(_plain(read.value) == _plain(str(answer.value)) for answer in typed):
                params = {"read": _covered(read.value), "typed": _covered(str(typed[0].value))}
                found.append(read.found("number_differs", params, typed[0].field))
    return found


def _is_number(answer: Answer, meaning: str) -> bool:
    if meaning == "uscc":
        return answer.type == "uscc"
    return answer.type == "id_number" and (answer.prefill == "user.id_no" or answer.field in {"id_no", "passport_no"})


def _does_not_add_up(meaning: str, value: str) -> str:
    plain = _plain(value)
    if meaning == "id_no" and len(plain) == 18 and not check_resident_id(plain):
        return _covered(plain)
    if meaning == "uscc" and len(plain) == 18 and not check_uscc(plain):
        return _covered(plain)
    return ""


def _plain(value: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", value).upper() if c.isalnum())


def _covered(value: str) -> str:
    return mask_id(_cut(_plain(value))[:40])


# -- addresses

ADDRESS = ("address", "premises", "location")
SAME_ADDRESS = 0.8
ABOUT_PREMISES = {"premises-proof"}  # says where a business is, not where whoever applies lives


def _about_addresses(paper: Paper, answers: Sequence[Answer]) -> list[Found]:
    typed = [a for a in answers if a.type == "address" and a.field != "post_address" and str(a.value or "").strip()]
    for read in _values(paper, ADDRESS)[:1]:
        if typed and not any(same_address(read.value, str(answer.value)) for answer in typed):
            answer = max(typed, key=lambda one: _closeness(read.value, str(one.value)))
            if not comparable(read.value, str(answer.value)) or paper.kind in HOME_ADDRESS:
                return []
            params = {"read": _cut(read.value), "typed": _cut(str(answer.value))}
            return [read.found("address_differs", params, answer.field)]
    return []


HOME_ADDRESS = {"id-card", "hukou", "hukou-page", "legal-rep-id"}  # where somebody is registered, not where they live


def same_address(one: str, other: str) -> bool:
    """The same place; one may leave out the city or the name of the building."""
    ones, others = folded(one).replace(" ", ""), folded(other).replace(" ", "")
    short_one, long_one = sorted((ones, others), key=len)
    if not short_one:
        return False
    if re.findall(r"\d+", short_one) != re.findall(r"\d+", long_one)[-len(re.findall(r"\d+", short_one)) or None :]:
        return False
    return short_one in long_one or SequenceMatcher(None, ones, others).ratio() >= SAME_ADDRESS


# -- answers whose form names a place on this very paper

OFFERED_AS = {
    "lease_no": ("filing_no",),
    "lease_start": ("lease_start", "term_from", "start", "start_date", "valid_from"),
    "lease_from": ("lease_start", "term_from", "start", "start_date", "valid_from"),
    "lease_end": ("lease_end", "term_to", "end", "end_date", "valid_to"),
    "lease_to": ("lease_end", "term_to", "end", "end_date", "valid_to"),
    "employer": ("employer",),
    "last_employer": ("employer",),
    "address": ("address",),
    "premises": ("premises", "address"),
    "uscc": ("uscc",),
    "landlord": ("landlord", "lessor"),
    "rent": ("rent",),
}


def _names_for(answer: Answer, paper: Paper) -> list[str]:
    """Names of values that this answer may take from this paper, what the form itself says first."""
    if answer.field in ("address", "premises") and (paper.kind or paper.material) in HOME_ADDRESS:
        return []
    return [*_meant(answer, paper), *OFFERED_AS.get(answer.field, ()), answer.field]


def _meant(answer: Answer, paper: Paper) -> list[str]:
    """What the form's own source says: `ocr.<material>.<value>`, or the face of the licence this paper is."""
    meant = []
    for path in answer.prefill.split("|"):
        head, _dot, rest = path.partition(".")
        whence, _dot, name = rest.partition(".")
        if name and head in {"ocr", "e-licence-store"} and whence in {paper.material, *paper.accepted}:
            meant.append(name)
    return meant


def _about_meant(paper: Paper, answers: Sequence[Answer]) -> list[Found]:
    found = []
    for answer in answers:
        if answer.type not in OFFERED_TYPES or answer.value in (None, "", []) or _is_name(answer):
            continue
        names = (
            [] if answer.type in {"address", "uscc"} else [*_meant(answer, paper), *OFFERED_AS.get(answer.field, ())]
        )
        for read in _values(paper, names)[:1]:
            value = _as_type(read.value, answer.type)
            if value and not _same(value, answer.value, answer.type):
                hidden = _covered if answer.masked or answer.type == "bank_account" else _cut
                params = {"read": hidden(value), "typed": hidden(str(answer.value))}
                found.append(read.found("answer_differs", params, answer.field))
    return found


def _as_type(value: str, kind: str) -> str:
    if kind == "date":
        day = _date(value)
        return day.isoformat() if day else ""
    if kind in {"uscc", "id_number", "bank_account"}:
        return _plain(value)[:40]
    if kind == "number":
        match = re.fullmatch(r"\d{1,9}(?:\.\d{1,2})?", unicodedata.normalize("NFKC", value).replace(",", ""))
        return match[0] if match else ""
    return _cut(value)


def _same(value: str, held: Any, kind: str) -> bool:
    if held in (None, "", []):
        return False
    if kind == "address":
        return same_address(value, str(held))
    return _plain(value) == _plain(str(held))


# -- machine-readable lines


def _about_mrz(paper: Paper, answers: Sequence[Answer], today: date) -> list[Found]:
    read = _value(paper, "mrz")
    if read is None:
        return []
    checked = check_mrz(read.value, today=today)
    if not checked:
        return [read.found("mrz_wrong")]
    found = []
    facts = checked.facts
    for printed in _values(paper, NUMBERS["passport_no"])[:1]:
        if _plain(printed.value) != _plain(facts["number"]):
            params = {"read": _covered(facts["number"]), "typed": _covered(printed.value)}
            found.append(read.found("mrz_differs", params))
    expires = facts.get("expires_on")
    if expires is not None and expires < today and not _values(paper, LAST_DAY):
        found.append(read.found("expired", {"paper": paper.name, "day": expires.isoformat()}))
    typed = [a for a in answers if _is_number(a, "passport_no") and str(a.value or "").strip()]
    printed_too = bool(_values(paper, NUMBERS["passport_no"]))  # then that number was compared already
    if typed and not printed_too and not any(_plain(facts["number"]) == _plain(str(a.value)) for a in typed):
        params = {"read": _covered(facts["number"]), "typed": _covered(str(typed[0].value))}
        found.append(read.found("number_differs", params, typed[0].field))
    full = f"{facts.get('given_names', '')} {facts.get('surname', '')}".strip()
    names = [a for a in answers if _is_name(a) and isinstance(a.value, str) and comparable(full, a.value)]
    if full and names and not any(latin_name(full, a.value) for a in names) and not _values(paper, PARTY):
        params = {"read": _cut(full), "typed": _cut(names[0].value)}
        found.append(read.found("name_differs", params, names[0].field))
    return found
