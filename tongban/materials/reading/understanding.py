"""What a paper is and says, from the lines that were read. Pure: no clock, no database, no network.

Text on a paper is only ever compared and copied, never followed: whatever a sentence asks for, it is a sentence.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any

from tongban.lib.identifiers import check_bank_account, check_resident_id, check_uscc
from tongban.materials.reading import dates, mrz
from tongban.materials.reading.kinds import KINDS, Kind, Value
from tongban.materials.reading.layout import Line, Sheet, spaced
from tongban.materials.reading.words import bare, share

SURE_ENOUGH = 0.55
AHEAD_BY = 0.4
TITLE = 3.0
TITLE_IS_LINE = 0.55
LONGEST_TITLE = 90
TITLES_TRIED = 250  # the tallest lines of the first pages
LINES_AT_MOST = 2500
MARK = 0.5
MARKS_COUNT = 5
UNPROVED = 0.6
TRIES_A_VALUE = 60  # a paper with more labels of one kind was made to keep us busy


@dataclass(frozen=True)
class Understood:
    kind: str = ""
    confidence: float = 0.0
    values: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Candidate:
    """A value as far as it was read: what it means, what stood there, where, and how sure its reading is."""

    value: Any
    text: str
    lines: tuple[Line, ...]
    factor: float = 1.0

    def written(self) -> dict[str, Any]:
        first = self.lines[0]
        left = min(line.box[0] for line in self.lines)
        top = min(line.box[1] for line in self.lines)
        right = max(line.box[0] + line.box[2] for line in self.lines)
        bottom = max(line.box[1] + line.box[3] for line in self.lines)
        return {
            "value": self.value.isoformat() if isinstance(self.value, date) else self.value,
            "text": self.text,
            "confidence": round(min(line.confidence for line in self.lines) * self.factor, 3),
            "page": first.page,
            "box": [round(part, 4) for part in (left, top, right - left, bottom - top)],
        }


def understand(lines: Sequence[dict], *, today: date) -> Understood:
    """The kind of the paper and its values. Not recognised: kind "" and what can be told of any paper (numbers that prove themselves)."""
    sheet = Sheet(lines[:LINES_AT_MOST])
    zone = mrz.read([line.text for line in sheet.lines], today=today)
    kind, confidence = _kind(sheet, zone)
    values: dict[str, Candidate] = {}
    if kind:
        for wanted in KINDS[kind].values:
            candidate = _find(sheet, KINDS[kind], wanted)
            if candidate is not None:
                values.setdefault(wanted.name, candidate)
        _by_kind(kind, sheet, values)
    for name, candidate in _proving_themselves(sheet).items():
        known = values.get(name)
        if known is None or (known.factor <= UNPROVED and candidate.factor > UNPROVED):
            values[name] = candidate
    _split_periods(values)
    if zone is not None:
        values |= _from_zone(sheet, zone)
    _agree(values)
    return Understood(kind, round(confidence, 3), {name: candidate.written() for name, candidate in values.items()})


# --- the kind


@dataclass(frozen=True)
class Face:
    """What a title is looked for in: short lines and rows with how tall they are and on which page, and all words together."""

    short: tuple[tuple[str, float, int], ...]
    words: str
    ordinary: float


def _face(sheet: Sheet) -> Face:
    pieces = [(line.bare, line.tall, line.page) for line in sheet.lines]
    for row in sheet.rows():
        if len(row) > 1:
            pieces.append(("".join(line.bare for line in row), max(line.tall for line in row), row[0].page))
    short: dict[str, tuple[str, float, int]] = {}
    for piece in pieces:
        known = short.get(piece[0])
        if 1 < len(piece[0]) <= LONGEST_TITLE and (known is None or piece[1] > known[1]):
            short[piece[0]] = piece
    tallest = sorted(short.values(), key=lambda piece: (piece[2], -piece[1]))[:TITLES_TRIED]
    ordinary = sorted(line.tall for line in sheet.lines)[len(sheet.lines) // 2] if sheet.lines else 1.0
    return Face(tuple(tallest), "\n".join(piece[0] for piece in pieces), ordinary)


def _kind(sheet: Sheet, zone: mrz.Zone | None) -> tuple[str, float]:
    if zone is not None and zone.lines[0].startswith("P"):
        return "passport", 0.99 if zone.proved else 0.85
    face = _face(sheet)
    scores = sorted(((_score(face, kind), slug) for slug, kind in KINDS.items()), reverse=True)
    (best, slug), (second, _other) = scores[0], scores[1]
    confidence = 1 - 2.718281828 ** (-best / 1.8)
    if best - second < AHEAD_BY:
        confidence *= 0.6
    return (slug, confidence) if confidence >= SURE_ENOUGH else ("", confidence)


def _score(face: Face, kind: Kind) -> float:
    titles, marks, without = _compared(kind.slug)
    title = 0.0
    for text, tall, page in face.short:
        for one in titles:
            covered = share(one, text)
            if covered >= TITLE_IS_LINE:
                # longer names are surer: 住房租赁合同备案证明 is more than 租赁合同
                found = TITLE * covered + min(len(one), 16) / 32 + (0.6 if tall > 1.25 * face.ordinary else 0.0)
                title = max(title, found * (1.0 if page == 1 else 0.7))
            elif covered > 0 and len(text) < 24:
                title = max(title, 0.6 * covered + 0.3)
    score = title + MARK * min(sum(1 for mark in marks if mark in face.words), MARKS_COUNT)
    if any(
        word in text for word in without for text, tall, _page in face.short if len(text) < 24 and tall >= face.ordinary
    ):
        score -= 1.5
    return max(score, 0.0)


@lru_cache(maxsize=200)
def _compared(slug: str) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    kind = KINDS[slug]
    return tuple(map(bare, kind.titles)), tuple(map(bare, kind.marks)), tuple(map(bare, kind.without))


# --- a value beside its label


@lru_cache(maxsize=400)
def _label(label: str, tight: bool) -> re.Pattern:
    flags = 0 if not label.isascii() else re.I
    before = "" if tight and not label.isascii() else r"(?:^|(?<=[\s,;。、()/|:])|(?<=第.条)|(?<=第..条))"
    after = r"(?![A-Za-z])" if label.isascii() else ""
    return re.compile(before + spaced(label) + after + r"\s*(?P<colon>[:.]?)\s*", flags)


@lru_cache(maxsize=100)
def _all_labels(slug: str) -> tuple[re.Pattern, ...]:
    return tuple(_label(label, value.tight) for value in KINDS[slug].values for label in value.labels)


@lru_cache(maxsize=400)
def _tight_labels(slug: str, name: str) -> frozenset[re.Pattern]:
    """Labels of the other values that stand before theirs without a gap."""
    others = (value for value in KINDS[slug].values if value.tight and value.name != name)
    return frozenset(_label(label, tight=True) for value in others for label in value.labels)


def _find(sheet: Sheet, kind: Kind, wanted: Value) -> Candidate | None:
    weaker, tried = None, 0
    for label in wanted.labels:
        pattern = _label(label, wanted.tight)
        for line in sheet.lines:
            for hit in pattern.finditer(line.text):
                if not (wanted.tight or hit["colon"] or hit.start() == 0):
                    continue
                tried += 1
                if tried > TRIES_A_VALUE:
                    return weaker
                candidate = _value_at(sheet, kind, wanted, line, hit)
                if candidate is None:
                    continue
                if candidate.factor > UNPROVED:
                    return candidate
                weaker = weaker or candidate
    return weaker


def _value_at(sheet: Sheet, kind: Kind, wanted: Value, line: Line, hit: re.Match) -> Candidate | None:
    read = FORMS[wanted.form]
    rest = _until_next_label(kind, wanted, line.text[hit.end() :])
    if rest:
        candidate = _in_its_line(sheet, kind, wanted, line, hit.end(), rest)
        if candidate is not None or not wanted.tight:
            return candidate
    if not hit["colon"] and hit.start() > 0 and not wanted.tight:
        return None
    for place in (sheet.beside(line)[:3], sheet.below(line)[:2]):
        for other in place:
            said = _until_next_label(kind, wanted, other.text)
            if not said or _only_a_label(kind, other):
                continue
            lines: tuple[Line, ...] = (other,)
            text = said
            if wanted.form == "long":
                more = _going_on(sheet, kind, line, other)
                lines, text = (other, *more), _joined([said, *(one.text for one in more)])
            candidate = _candidate(read(text), lines)
            if candidate is not None:
                return candidate
            if wanted.form in ("text", "name", "person", "people", "long"):
                break  # what stands nearest is the value, or none is; days and numbers show themselves
    return None


def _in_its_line(sheet: Sheet, kind: Kind, wanted: Value, line: Line, place: int, rest: str) -> Candidate | None:
    read = FORMS[wanted.form]
    if wanted.form not in ("long", "period", "amount"):
        return _candidate(read(rest), (line,))
    more = _going_on(sheet, kind, line, line, begins=line.edge_of(place))
    if wanted.form == "long":
        return _candidate(read(_joined([rest, *(one.text for one in more)])), (line, *more))
    return _candidate(read(rest) or read(rest + "".join(one.text for one in more)), (line,))


def _candidate(found, lines: tuple[Line, ...]) -> Candidate | None:
    if found is None:
        return None
    value, text, factor = found
    return Candidate(value, text, lines, factor)


def _joined(parts: Sequence[str]) -> str:
    text = ""
    for part in parts:
        gap = " " if text[-1:].isascii() and part[:1].isascii() and text[-1:].isalpha() else ""
        text += gap + part
    return text


def _going_on(sheet: Sheet, kind: Kind, label: Line, line: Line, *, begins: float | None = None) -> list[Line]:
    more = []
    for other in sheet.continued(line, begins=begins):
        if not sheet.begins_its_row(other, label.left):
            break
        if any(
            hit.start() == 0 or hit["colon"]
            for pattern in _all_labels(kind.slug)
            for hit in pattern.finditer(other.text)
        ):
            break
        more.append(other)
    return more


def _until_next_label(kind: Kind, wanted: Value, text: str) -> str:
    """What belongs to this label: the same label in the other language is left out, the next one ends it."""
    text = text.strip(" :.;,、")
    for label in wanted.labels:
        hit = _label(label, wanted.tight).match(text)
        if hit:
            text = text[hit.end() :].strip(" :.;,")
    ends, tight = len(text), _tight_labels(kind.slug, wanted.name)
    for pattern in _all_labels(kind.slug):
        for hit in pattern.finditer(text):
            if hit.start() > 0 and (hit["colon"] or pattern.pattern[:1] != "(") and hit.start() < ends:
                ends = hit.start()
            elif hit.start() == 0 and (hit.end() >= len(text) or hit["colon"] or pattern in tight):
                return ""
    return text[:ends].strip(" :;,、(")


def _only_a_label(kind: Kind, line: Line) -> bool:
    return any((hit := pattern.match(line.text)) and hit.end() >= len(line.text) for pattern in _all_labels(kind.slug))


# --- the forms of values: text -> (value, as read, how far it is proved) or None

_PUNCTUATION = " :;,.。、|_-·"


_IN_BOTH = re.compile(
    r"(?P<zh>[^A-Za-z]*[\u3400-\u9fff][^A-Za-z]*?)[ ,(]*(?P<en>[A-Z][A-Za-z]*[ .,][A-Za-z0-9&.,'\-() ]{3,})"
)


def _in_chinese(text: str) -> str:
    """Of a value printed in Chinese and then in English, the Chinese."""
    both = _IN_BOTH.fullmatch(text)
    return both["zh"].strip(" ,") if both else text


def _text(text: str):
    text = _in_chinese(text.strip(" :;,。、|_"))
    return (text, text, 0.95) if 0 < len(text) <= 120 else None


def _long(text: str):
    text = _in_chinese(text.strip(" :;,。、|_"))
    text = re.split(r"[,;。]\s*(?:建筑|套内|使用)?面积", text, maxsplit=1)[0]  # contracts go on with how large it is
    return (text, text, 0.93) if 1 < len(text) <= 400 else None


def _name(text: str):
    """Of a person or a company: without what stands in brackets behind, and without numbers of documents."""
    text = re.sub(r"^[^\w]*(?:签字|签章|盖章|签名)[^\w]+|^[^\w]+", "", _in_chinese(text.strip()))
    text = re.split(r"[(,;]|身份证|证件|统一|联系|电话|以下简称|\bID\b|\bpassport\b", text, maxsplit=1, flags=re.I)[
        0
    ].strip(_PUNCTUATION)
    return (text, text, 0.95) if 1 < len(text) <= 80 else None


def _person(text: str):
    found = _name(text)
    if found is None:
        return None
    text = found[0]
    chinese = re.match(r"[\u3400-\u9fff\U00020000-\U0003ffff][\u3400-\u9fff·•\U00020000-\U0003ffff]{1,24}", text)
    if chinese:
        name = chinese[0].strip("·•")
        return name, name, 0.97
    latin = re.match(r"[A-Za-zÀ-ž][A-Za-zÀ-ž'’\-. ]{1,70}", text)
    return (latin[0].strip(" .-"), latin[0].strip(" .-"), 0.95) if latin else None


_FULL_FORMS = str.maketrans(
    "漢滿苗傣東鄉納烏維爾薩蒙藏壯瑤僳羅達俄獨龍倫邊裝", "汉满苗傣东乡纳乌维尔萨蒙藏壮瑶僳罗达俄独龙伦边装"
)


def _people(text: str):
    """An ethnic group: a single character is often read in its full form."""
    hit = re.match(r"[\u3400-\u9fff]{1,6}", text.strip(_PUNCTUATION))
    return (hit[0].translate(_FULL_FORMS), hit[0], 0.95) if hit else None


def _day_form(text: str):
    day = dates.first(text)
    if day:
        return day, text.strip(), 0.98
    return (dates.LONG_TERM, text.strip(), 0.95) if dates.is_long_term(text) else None


def _period(text: str):
    both = dates.period(text)
    if both is None:
        return None
    begin, end = both
    return [begin.isoformat(), end.isoformat() if end else dates.LONG_TERM], text.strip(), 0.98


def _number(text: str):
    found = re.search(
        r"[A-Za-z0-9\u3400-\u9fff()〔〕\[\]第号字京沪\-]*[0-9][A-Za-z0-9\u3400-\u9fff()〔〕\[\]\-*]*", text
    )
    if not found:
        return None
    number = found[0].strip("-():")
    return number, number, 0.95


def _sex(text: str):
    hit = re.match(r"\s*(男|女|male|female|M\b|F\b)", text, re.I)
    if not hit:
        return None
    return ("M" if hit[1].lower() in ("男", "male", "m") else "F"), hit[1], 0.98


_LOOKS_LIKE_DIGIT = str.maketrans("OoQDIl|ZSBb", "00001112586")


def _id_no(text: str):
    """Eighteen places whose last proves the others; look-alikes of digits are put right only then."""
    run = re.sub(r"[\s.\-]", "", text)
    for hit in re.finditer(r"(?<![0-9A-Za-z])[0-9OoQDIl|ZSBb]{17}[0-9OoQDIl|ZSBXx×*](?![0-9])", run):
        said = hit[0]
        if check_resident_id(said).valid:
            return said.upper(), said, 1.0
        mended = said[:17].translate(_LOOKS_LIKE_DIGIT) + {"×": "X", "*": "X", "x": "X"}.get(
            said[17], said[17].upper().translate(_LOOKS_LIKE_DIGIT)
        )
        if check_resident_id(mended).valid:
            return mended, said, 0.97
        return said, said, UNPROVED
    other = re.search(r"(?<![0-9A-Za-z])([A-Z]{0,2}[0-9]{6,15}[0-9X]?)(?![0-9A-Za-z])", run)
    return (other[1], other[1], UNPROVED) if other else None


_USCC_ALIKE = str.maketrans("OIZSV", "0125U")


def _uscc(text: str):
    run = re.sub(r"[\s.\-]", "", text).upper()
    for begin in range(max(0, len(run) - 17)):
        said = run[begin : begin + 18]
        if re.fullmatch(r"[0-9A-Z]{18}", said) and check_uscc(said).valid:
            return said, said, 1.0
    for begin in range(max(0, len(run) - 17)):
        said = run[begin : begin + 18]
        mended = said.translate(_USCC_ALIKE)
        if re.fullmatch(r"[0-9A-Z]{18}", mended) and check_uscc(mended).valid:
            return mended, said, 0.97
    hit = re.match(r"[0-9A-Z]{15,20}", run)
    return (hit[0], hit[0], UNPROVED) if hit else None


def _card(text: str):
    hit = re.search(r"[0-9][0-9 \-]{10,26}[0-9]", text)
    if not hit:
        return None
    number = re.sub(r"[ \-]", "", hit[0])
    checked = check_bank_account(number)
    return (number, hit[0], 1.0 if checked.valid and not checked.remarks else UNPROVED) if checked.valid else None


_CAPITAL = {character: value for value, character in enumerate("零壹贰叁肆伍陆柒捌玖")} | {"貳": 2, "參": 3, "陸": 6}
_UNITS = {"拾": 10, "佰": 100, "仟": 1000}


def _amount(text: str):
    hit = re.search(
        r"(?:¥|￥|RMB|CNY|人民币|Yuan)?\s*([0-9][0-9,，]*(?:\.[0-9]{1,2})?)\s*(万)?\s*(?:元|yuan|RMB|CNY|/)?",
        text,
        re.I,
    )
    if hit:
        amount = float(hit[1].replace(",", "").replace("，", "")) * (10_000 if hit[2] else 1)
        return f"{amount:.2f}", hit[0].strip(), 0.96
    written = re.search(r"[零壹贰叁肆伍陆柒捌玖拾佰仟万]{2,}(?=元|圆)", text)
    return (f"{_capitals(written[0]):.2f}", written[0], 0.95) if written else None


def _capitals(text: str) -> int:
    total = part = digit = 0
    for character in text:
        if character in _CAPITAL:
            digit = _CAPITAL[character]
        elif character in _UNITS:
            part, digit = part + (digit or 1) * _UNITS[character], 0
        else:
            total, part, digit = (total + part + digit) * 10_000, 0, 0
    return total + part + digit


FORMS: dict[str, Callable[[str], Any]] = {
    "text": _text,
    "long": _long,
    "name": _name,
    "person": _person,
    "people": _people,
    "day": _day_form,
    "period": _period,
    "number": _number,
    "sex": _sex,
    "id_no": _id_no,
    "uscc": _uscc,
    "card": _card,
    "amount": _amount,
}


# --- what kinds say in sentences


def _by_kind(kind: str, sheet: Sheet, values: dict[str, Candidate]) -> None:
    """Values that stand inside sentences, where no label is."""
    if kind in ("addr-rent", "labour-contract", "lease-filing"):
        if "term" not in values and not {"term_from", "term_to"} <= values.keys():
            _in_flow(sheet, values, "term", r"(?:期限|租期|自|从|from|commencing)[^。;]{0,60}", _period, wide=90)
        if kind == "addr-rent" and "address" not in values:
            _in_flow(
                sheet,
                values,
                "address",
                r"(?:坐落于|坐落在|位于|located at|situated at)\s*(?P<it>[^。;,]{4,80}?)(?=的房屋|的住房|房屋|,|;|。|\(|$)",
                _long,
            )
        if kind == "addr-rent" and "rent" not in values:
            _in_flow(
                sheet,
                values,
                "rent",
                r"(?:租金)[^。;]{0,30}?(?P<it>(?:人民币|¥|￥|RMB)?\s*[0-9][0-9,.]*\s*元?)",
                _amount,
            )
    if kind == "degree":
        _degree(sheet, values)
    if kind in ("student-proof", "no-crime") and "name" not in values:
        _in_flow(
            sheet,
            values,
            "name",
            r"(?:兹证明|学生|同学)\s*(?P<it>[\u3400-\u9fff·]{2,8}?)(?=,|\(|同学|系|性别|男|女)",
            _person,
        )
    if kind == "bank-account" and "card_no" not in values:
        for line in sheet.lines:
            found = _card(line.text)
            if found:
                number, said, proved = found
                values["card_no"] = Candidate(number, said, (line,), proved)
                break
    if "issued_on" not in values and kind not in ("id-card", "addr-rent", "labour-contract", "bank-account"):
        _last_day(sheet, values)
    if kind == "addr-rent" and "signed_on" not in values:
        _last_day(sheet, values, "signed_on")


def _in_flow(sheet: Sheet, values, name: str, pattern: str, read, *, wide: int = 0) -> None:
    for hit in re.finditer(pattern, sheet.flow, re.I):
        named = hit.re.groupindex.get("it")
        text = hit["it"] if named else sheet.flow[hit.start() : hit.start() + wide]
        found = read(text)
        if found is None:
            continue
        begin = hit.start("it") if named else hit.start()
        lines = _lines_of(sheet, begin, begin + len(text) - 1)
        values[name] = Candidate(found[0], text if not wide else lines[0].text, lines[:3], found[2] * 0.98)
        return


def _lines_of(sheet: Sheet, begin: int, end: int) -> tuple[Line, ...]:
    first, last = sheet.line_at(begin), sheet.line_at(max(begin, end))
    at, to = sheet.lines.index(first), sheet.lines.index(last)
    return tuple(sheet.lines[at : to + 1])


def _degree(sheet: Sheet, values) -> None:
    """学生 张三, 性别 男, 一九九二年七月八日生, 于 ... 在本校 计算机 专业 ... and its English sisters."""
    if "name" not in values:
        _in_flow(
            sheet,
            values,
            "name",
            r"(?:学生|兹证明)\s*(?P<it>[\u3400-\u9fff·]{2,8}?)(?=\s*,?\s*(?:性别|男|女|,|系|于))",
            _person,
        )
    if "name" not in values:
        _in_flow(
            sheet,
            values,
            "name",
            r"(?:certify that|conferred (?:up)?on|awarded to)\s*(?P<it>[A-Za-z][A-Za-z' .\-]{2,60}?)(?=\s*(?:,|has|born|the|having|who|\())",
            _person,
        )
    if "sex" not in values:
        _in_flow(sheet, values, "sex", r"性别\s*(?P<it>男|女)", _sex)
    if "birth_date" not in values:
        _in_flow(
            sheet,
            values,
            "birth_date",
            r"(?P<it>[0-9〇零一二三四五六七八九]{4}年[0-9〇一二三四五六七八九十]{1,3}月[0-9〇一二三四五六七八九十]{1,3}日)\s*(?:生|出生)",
            _day_form,
        )
    if "birth_date" not in values:
        _in_flow(sheet, values, "birth_date", r"born on\s*(?P<it>[A-Za-z0-9 ,.]{8,22})", _day_form)
    if "major" not in values:
        _in_flow(
            sheet, values, "major", r"(?:在本校|在我校|修读|学习|攻读)\s*(?P<it>[\u3400-\u9fff()]{2,20}?)\s*专业", _text
        )
    if "major" not in values:
        _in_flow(
            sheet,
            values,
            "major",
            r"(?:Bachelor|Master|Doctor) of [A-Za-z]+(?: in (?P<it>[A-Za-z ]{3,40}?))(?=,|\.|and|on|from|at|having)",
            _text,
        )
    if "school" not in values:
        for line in sheet.lines:
            if re.fullmatch(
                r"[\u3400-\u9fff]{2,16}(?:大学|学院|学校)|(?:The )?[A-Z][A-Za-z ]{2,40} University|University of [A-Z][A-Za-z ]{2,30}",
                line.text,
            ):
                values["school"] = Candidate(line.text, line.text, (line,), 0.9)
                break


def _last_day(sheet: Sheet, values, name: str = "issued_on") -> None:
    """The day at the foot of a paper is the one on which it was made out."""
    for line in reversed(sheet.lines):
        found = dates.days(line.text)
        if found and len(line.text) <= 40 and line.middle > 0.35:
            if not any(other.value == found[-1].day for key, other in values.items() if key != name):
                values[name] = Candidate(found[-1].day, line.text, (line,), 0.85)
            return


# --- values that prove themselves, whatever the paper is


def _proving_themselves(sheet: Sheet) -> dict[str, Candidate]:
    found: dict[str, Candidate] = {}
    for line in sheet.lines:
        run = re.sub(r"[\s]", "", line.text)
        if "id_no" not in found:
            for hit in re.finditer(r"(?<![0-9A-Za-z])[0-9]{17}[0-9Xx](?![0-9A-Za-z])", run):
                if check_resident_id(hit[0]).valid:
                    found["id_no"] = Candidate(hit[0].upper(), hit[0], (line,), 1.0)
        if "uscc" not in found:
            for hit in re.finditer(r"(?<![0-9A-Za-z])[0-9A-Z]{2}[0-9]{6}[0-9A-Z]{10}(?![0-9A-Za-z])", run):
                if check_uscc(hit[0]).valid and not check_resident_id(hit[0]).valid:
                    found["uscc"] = Candidate(hit[0], hit[0], (line,), 1.0)
    return found


# --- putting it together


def _split_periods(values: dict[str, Candidate]) -> None:
    """A period is two days: valid_from and valid_to."""
    for name in ("term", "valid"):
        period = values.pop(name, None)
        if period is None:
            continue
        for part, value in zip(("valid_from", "valid_to"), period.value, strict=True):
            values.setdefault(part, Candidate(value, period.text, period.lines, period.factor))
    for old, new in (("term_from", "valid_from"), ("term_to", "valid_to")):
        if old in values:
            values.setdefault(new, values.pop(old))


def _from_zone(sheet: Sheet, zone: mrz.Zone) -> dict[str, Candidate]:
    lines = tuple(line for line in sheet.lines if mrz.looks_like_one(line.text))[-3:]
    # a mended number that is printed nowhere else could be another one that fits the digit by chance
    factor = (1.0 if not zone.mended or zone.printed else 0.85) if zone.proved else UNPROVED
    said = "\n".join(zone.lines)
    found = {"mrz": Candidate(said, "\n".join(line.text for line in lines), lines, factor)}
    facts = zone.facts
    if not zone.proved:
        return found
    for name, fact in (
        ("passport_no", "number"), ("surname", "surname"), ("given_names", "given_names"), ("nationality", "nationality"),
        ("issuing_country", "country"), ("sex", "sex"), ("birth_date", "birth_date"), ("valid_to", "expires_on"),
    ):  # fmt: skip
        if facts.get(fact):
            unproved_words = 0.95 if fact in ("surname", "given_names") else 1.0
            found[name] = Candidate(facts[fact], str(facts[fact]), lines, factor * unproved_words)
    names = " ".join(part for part in (facts.get("surname"), facts.get("given_names")) if part)
    if names:
        found["name"] = Candidate(names, names, lines, factor * 0.95)
    return found


def _agree(values: dict[str, Candidate]) -> None:
    """An identity number says the birthday and the sex as well: what agrees is surer, what does not is not."""
    number = values.get("id_no")
    if number is None or number.factor <= UNPROVED:
        return
    facts = check_resident_id(number.value).facts or {}
    for name in ("birth_date", "sex"):
        known = values.get(name)
        if name not in facts or known is None:
            continue
        factor = 1.0 if known.value == facts[name] else UNPROVED
        values[name] = Candidate(known.value, known.text, known.lines, factor)
