"""Licences, receipts and letters as PDF/A: one plain record in, the bytes of a document out.

Nothing a person wrote ever becomes part of a typst source: it travels as JSON and is shown as text. PDF/A itself is the last
guard against empty boxes: typst refuses to export a character without a glyph, so a gap can fail but never be printed.
"""

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import segno
import typst
import zxingcpp
from PIL import Image

from tongban.lib import qr
from tongban.lib.bilingual import Bilingual
from tongban.licences import engraving
from tongban.licences.face_labels import label
from tongban.licences.glyphs import covered, draws, is_silent, is_unprintable

if TYPE_CHECKING:
    from typst import PDFStandard

HERE = Path(__file__).parent
TEMPLATES = HERE / "templates_typst"
OUR_FONT = HERE / "fonts" / "NotoSansSC-Regular.otf"
STANDARDS: "list[PDFStandard]" = ["a-3a", "ua-1"]
LOCAL = timezone(timedelta(hours=8))

PROPERTY = {"real-estate-cert", "lease-filing"}
PROOFS = {
    "tax-paid-cert",
    "home-quarantine-cert",
    "travel-cert",
    "resumption-cert",
    "fire-check-cert",
    "venue-code-cert",
}
PORTRAIT = {
    "real-estate-cert", "lease-filing", "tax-paid-cert", "fire-check-cert", "industry-licence", "resumption-cert",
    "venue-code-cert", "travel-cert", "home-quarantine-cert",
}  # fmt: skip
NAMES = {"name", "operator", "company", "clinic", "venue", "holder", "newborn", "owner", "owners", "tenant", "payer"}

# Longer values are cut on the face and told in full on an annex page, when the face would overflow.
LONG_TEXT = 150
LONG_LIST = 6

# Where the seal goes, in points from the lower left corner of the page; `last` pages for letters.
SEAL_PLACES: dict[str, tuple[int, tuple[int, int, int, int]]] = {
    "landscape": (0, (646, 69, 754, 177)),
    "portrait": (0, (405, 78, 513, 186)),
    "letter": (-1, (422, 88, 524, 190)),
}
KEYWORD_IDENTIFIER = "tongban-identifier:"
KEYWORD_SEAL = "tongban-seal:"

_ISO_DAY = re.compile(
    r"(19|20)\d\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
)  # faces are stored as JSON: a day arrives as text

Value = str | int | Decimal | date | datetime | Bilingual | Sequence["Value"] | Mapping[str, object] | None


@dataclass(frozen=True)
class LicenceSheet:
    """Everything that stands on one licence.

    `face` maps field names to text, dates, numbers, {"zh","en"} or lists of those; `merged_licences` is a list of
    {"name": {"zh","en"}, "number": str, "regulator": {"zh","en"}, "valid_to": date}. `glyph_pictures` holds SVG for characters no font has.
    """

    type_id: str
    title: Bilingual
    identifier: str
    issuer: Bilingual
    face_fields: Sequence[str]
    face: Mapping[str, Value]
    issued_on: date
    verify_url: str
    holder_kind: str = "person"
    valid_from: date | None = None
    valid_to: date | None = None
    case_number: str = ""
    basis: Bilingual | None = None
    photo: bytes | None = None
    statement: str = ""
    demo: bool = True
    glyph_pictures: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Fact:
    """One line of the panel under the title of a letter; an `important` one is set large."""

    label: Bilingual
    value: Value
    important: bool = False


@dataclass(frozen=True)
class Paragraph:
    text: Bilingual


@dataclass(frozen=True)
class Table:
    head: Sequence[Bilingual]
    rows: Sequence[Sequence[Value]]


@dataclass(frozen=True)
class Notice:
    """A framed paragraph: ways of appeal, what to do next."""

    title: Bilingual
    text: Bilingual


@dataclass(frozen=True)
class Letter:
    """A document about a case: number of its own, panel of facts, then blocks in the order they are read."""

    kind: str
    number: str
    case_number: str
    issuer: Bilingual
    addressee: str
    dated: date
    facts: Sequence[Fact] = ()
    blocks: Sequence[Paragraph | Table | Notice] = ()
    verify_url: str = ""
    title: Bilingual | None = None
    addressed_as: Bilingual | None = None
    place_for_seal: bool = True
    checkable: bool = False  # the code leads to the public check of this letter, not to the progress of the case
    remark: Bilingual | None = None
    demo: bool = True
    glyph_pictures: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Receipt:
    """What an applicant takes away after handing in: that it is in, since when, and until when there will be an answer."""

    number: str
    case_number: str
    query_code: str
    issuer: Bilingual
    applicant: str
    matter: Bilingual
    received_at: datetime
    promised_on: date | None
    materials: Sequence[tuple[Bilingual, Bilingual]] = ()  # what, and how it was satisfied
    statutory_on: date | None = None
    provisional: bool = False
    fee: Bilingual | None = None
    verify_url: str = ""
    demo: bool = True
    kind: str = "submission-receipt"


TITLES: dict[str, Bilingual] = {
    "submission-receipt": {"zh": "网上申请收件回执", "en": "Receipt of submission"},
    "receipt": {"zh": "收件凭证", "en": "Receipt of documents"},
    "pre-review-notice": {"zh": "预审意见告知书", "en": "Pre-review notice"},
    "acceptance": {"zh": "受理通知书", "en": "Notice of acceptance"},
    "deemed-acceptance": {"zh": "视为受理告知书", "en": "Notice of deemed acceptance"},
    "correction": {"zh": "一次性补正告知书", "en": "Correction notice"},
    "lapse": {"zh": "申请失效告知书", "en": "Notice of lapse"},
    "non-acceptance": {"zh": "不予受理决定书", "en": "Decision not to accept"},
    "inspection": {"zh": "现场核查通知书", "en": "Inspection notice"},
    "special-procedure": {"zh": "特别程序告知书", "en": "Special procedure notice"},
    "extension": {"zh": "延期办理告知书", "en": "Extension notice"},
    "public-notice": {"zh": "公示", "en": "Public notice"},
    "approval": {"zh": "准予许可决定书", "en": "Decision of approval"},
    "refusal": {"zh": "不予许可决定书", "en": "Refusal decision"},
    "collection": {"zh": "领证通知书", "en": "Collection notice"},
    "delivery": {"zh": "送达回证", "en": "Proof of delivery"},
    "withdrawal": {"zh": "撤回申请记录", "en": "Withdrawal record"},
    "termination": {"zh": "终止办理告知书", "en": "Termination notice"},
    "revocation": {"zh": "撤销决定书", "en": "Revocation decision"},
    "licence-extract": {"zh": "证照信息摘录", "en": "Licence extract"},
}


WITH_APPEAL = {
    "refusal",
    "non_acceptance",
    "termination_notice",
    "revocation",
}  # their last paragraph says how to appeal
_SET_LARGE = {"Promised by", "Decision", "Promised day"}


def appeal_notice(reconsideration: Bilingual, court: Bilingual) -> Notice:
    """The ways open after a refusal: reconsideration within 60 days, court within 6 months."""
    return Notice(
        title={"zh": "救济途径", "en": "Ways of appeal"},
        text={
            "zh": f"如不服本决定，可自收到本决定书之日起60日内向{reconsideration['zh']}申请行政复议，"
            f"或者自收到本决定书之日起6个月内向{court['zh']}提起行政诉讼。",
            "en": f"If you disagree with this decision you may ask {reconsideration['en']} to reconsider it within 60 days of "
            f"receiving it, or bring an action before {court['en']} within 6 months of receiving it.",
        },
    )


class CannotRender(Exception):
    """The document could not be set. Nothing was issued; the message names what typst objected to."""


def render_licence(sheet: LicenceSheet) -> bytes:
    """The licence as PDF/A-3a, not yet sealed."""
    family = family_of(sheet.type_id, sheet.holder_kind)
    landscape = sheet.type_id not in PORTRAIT
    place = "landscape" if landscape else "portrait"
    size = (297.0, 210.0) if landscape else (210.0, 297.0)
    palette = engraving.PALETTES[family]
    printer = _Printer(sheet.glyph_pictures)
    data = {
        "palette": vars(palette),
        "landscape": landscape,
        "demo": sheet.demo,
        "identifier": sheet.identifier,
        "case_number": sheet.case_number,
        "title": printer.bilingual(sheet.title) | {"en": printer.english_title(sheet.title)},
        "issuer": printer.bilingual(sheet.issuer),
        "issued": printer.bilingual(spoken_day(sheet.issued_on)),
        "fields": _face(sheet, printer),
        "photo": _photo(sheet.photo),
        "legal": [printer.bilingual(line) for line in _legal_lines(sheet)],
        "qr": _qr(sheet.verify_url),
        "art": {"frame": engraving.frame(*size, palette), "rosette": engraving.rosette(140.0, palette)},
        "statement": sheet.statement,
        "meta": {
            "title": f"{sheet.title['zh']} {sheet.title.get('en', '')}".strip(),
            "author": f"{sheet.issuer['zh']} {sheet.issuer.get('en', '')}".strip(),
            "keywords": [KEYWORD_IDENTIFIER + sheet.identifier, KEYWORD_SEAL + place] + ["demonstration"] * sheet.demo,
            "description": "示范件，不具有法律效力 Demonstration, without legal effect"
            if sheet.demo
            else sheet.identifier,
        },
    }
    return _compile("licence.typ", data, printer, sheet.issued_on)


def render_document(letter: Letter) -> bytes:
    """A letter of the case (notice, decision, record) as PDF/A-3a, not yet sealed."""
    title = letter.title or TITLES[letter.kind]
    printer = _Printer(letter.glyph_pictures)
    palette = engraving.PALETTES["person"]
    identifier = letter.number or letter.case_number
    data = {
        "palette": vars(palette),
        "demo": letter.demo,
        "title": printer.bilingual(title),
        "number": printer.text(letter.number),
        "case_number": printer.text(letter.case_number),
        "issuer": printer.bilingual(letter.issuer),
        "addressee": printer.text(letter.addressee),
        "addressed_as": printer.bilingual(letter.addressed_as or {"zh": "申请人", "en": "Applicant"}),
        "dated": printer.bilingual(spoken_day(letter.dated)),
        "facts": [
            {"label": printer.bilingual(fact.label), "value": printer.value(fact.value), "important": fact.important}
            for fact in letter.facts
        ],
        "blocks": [_block(block, printer) for block in letter.blocks],
        "place_for_seal": letter.place_for_seal,
        "checkable": letter.checkable,
        "remark": printer.bilingual(letter.remark) if letter.remark else None,
        "qr": _qr(letter.verify_url) if letter.verify_url else None,
        "address": letter.verify_url.partition("://")[2],  # for whoever has no scanner
        "art": {"creek": engraving.creek(144.0, 14.0, palette)},
        "meta": {
            "title": f"{title['zh']} {title.get('en', '')}".strip(),
            "author": f"{letter.issuer['zh']} {letter.issuer.get('en', '')}".strip(),
            "keywords": [KEYWORD_IDENTIFIER + identifier, KEYWORD_SEAL + "letter"] + ["demonstration"] * letter.demo,
            "description": letter.case_number,
        },
    }
    return _compile("letter.typ", data, printer, letter.dated)


def render_receipt(receipt: Receipt) -> bytes:
    """The receipt of a submission, with the promised day set large."""
    facts = [
        Fact({"zh": "事项", "en": "Matter"}, receipt.matter),
        Fact({"zh": "收件时间", "en": "Received"}, receipt.received_at),
        Fact({"zh": "查询码", "en": "Query code"}, receipt.query_code, important=True),
    ]
    if receipt.promised_on:
        facts.append(Fact({"zh": "承诺办结", "en": "Answer promised by"}, receipt.promised_on, important=True))
    if receipt.statutory_on:
        facts.append(Fact({"zh": "法定期限", "en": "Limit set by law"}, receipt.statutory_on))
    if receipt.fee:
        facts.append(Fact({"zh": "费用", "en": "Fee"}, receipt.fee))
    blocks: list[Paragraph | Table | Notice] = [
        Paragraph(
            {
                "zh": "我们已收到您的申请。凭办件编号和查询码可随时查询进度；进度有变化时我们会通知您。",
                "en": "We have received your application. You can follow it at any time with the case number and the query "
                "code, and we will tell you when something changes.",
            }
        )
    ]
    if receipt.provisional:
        blocks.append(
            Paragraph(
                {
                    "zh": "该年度工作日历尚未公布，以上日期为暂定，公布后将重新计算并通知您。",
                    "en": "The working calendar of that year is not published yet: these dates are provisional. They will be "
                    "computed again, and you will be told.",
                }
            )
        )
    if receipt.materials:
        blocks.append(
            Table(
                head=({"zh": "材料", "en": "Material"}, {"zh": "提供方式", "en": "How it was provided"}),
                rows=receipt.materials,
            )
        )
    return render_document(
        Letter(
            kind=receipt.kind,
            number=receipt.number,
            case_number=receipt.case_number,
            issuer=receipt.issuer,
            addressee=receipt.applicant,
            dated=_local(receipt.received_at).date(),
            facts=facts,
            blocks=blocks,
            verify_url=receipt.verify_url,
            demo=receipt.demo,
        )
    )


@dataclass(frozen=True)
class PosterSheet:
    """What hangs at an entrance: the place, where to stand, the code, and what to do without a phone."""

    address: str
    number: str
    venue: Bilingual
    where: Bilingual
    entrance: Bilingual
    steps: Sequence[tuple[Bilingual, Bilingual]]
    without: tuple[Bilingual, Bilingual]
    report: tuple[Bilingual, Bilingual]
    host: str
    dated: date
    demo: bool = True


def render_poster(sheet: PosterSheet) -> bytes:
    """One A4 page with a code that may be a quarter dirty or torn."""
    printer = _Printer({})
    drawn = BytesIO()
    segno.make(sheet.address, error="q", micro=False).save(drawn, kind="svg", border=2, dark="#000000", xmldecl=False)
    title = f"{sheet.venue['zh']} {sheet.entrance['zh']} 场所码"
    data = {
        "palette": vars(engraving.PALETTES["person"]),
        "demo": sheet.demo,
        "venue": printer.bilingual(sheet.venue),
        "where": printer.bilingual(sheet.where),
        "entrance": printer.bilingual(sheet.entrance),
        "steps": [[printer.bilingual(part) for part in step] for step in sheet.steps],
        "without": [printer.bilingual(part) for part in sheet.without],
        "report": [printer.bilingual(part) for part in sheet.report],
        "number": printer.text(sheet.number),
        "host": printer.text(sheet.host),
        "qr": {"svg": drawn.getvalue().decode(), "alt": title},
        "title": title,
    }
    return _compile("poster.typ", data, printer, sheet.dated)


@dataclass(frozen=True)
class PaperCodes:
    """One identity code for somebody without a phone, four times on a sheet."""

    payload: str
    name: str
    number: str
    until: date
    dated: date
    phone: str
    demo: bool = True


def render_paper_codes(sheet: PaperCodes) -> bytes:
    """One A4 page to be cut into four. The code holds no address: only a reader of ours knows what to do with it."""
    printer = _Printer({})
    drawn = BytesIO()
    segno.make(sheet.payload, error="q", micro=False).save(drawn, kind="svg", border=2, dark="#000000", xmldecl=False)
    data = {
        "palette": vars(engraving.PALETTES["person"]),
        "demo": sheet.demo,
        "name": printer.text(sheet.name),
        "number": printer.text(sheet.number),
        "until": printer.bilingual(spoken_day(sheet.until)),
        "dated": printer.bilingual(spoken_day(sheet.dated)),
        "phone": printer.text(sheet.phone),
        "qr": {"svg": drawn.getvalue().decode(), "alt": "离线身份码 Paper identity code"},
        "title": f"离线身份码 {sheet.number}",
    }
    return _compile("paper_codes.typ", data, printer, sheet.dated)


def letter_of(
    content: Mapping,
    *,
    kind: str,
    number: str,
    verify_url: str = "",
    sealed: bool = True,
    checkable: bool = False,
    remark: Bilingual | None = None,
    demo: bool = True,
) -> Letter:
    """The letter for a paper of a case: its stored content (title, applicant, department, matter, rows, paragraphs) as data."""
    rows = [Fact(label, value, important=label.get("en") in _SET_LARGE) for label, value in content.get("rows", [])]
    facts = [Fact({"zh": "事项", "en": "Matter"}, content.get("matter"))]
    if content.get("query_code"):
        facts.append(Fact({"zh": "查询码", "en": "Query code"}, content["query_code"]))
    blocks: list[Paragraph | Table | Notice] = [Paragraph(text) for text in content.get("paragraphs", [])]
    if blocks and (kind in WITH_APPEAL or content.get("appeal")):
        ways = content["paragraphs"][-1]
        blocks[-1] = Notice({"zh": "救济途径", "en": "Ways of appeal"}, ways)
    applicant = content.get("applicant") or {}
    return Letter(
        kind=kind,
        number=number,
        case_number=content.get("case_number") or "",
        issuer=content["department"],
        addressee=applicant.get("zh") or applicant.get("en") or "",
        dated=_local(datetime.fromisoformat(content["made_at"])).date(),
        facts=[*facts, *rows],
        blocks=blocks,
        verify_url=verify_url,
        title=content["title"],
        place_for_seal=sealed,
        checkable=checkable,
        remark=remark,
        demo=demo,
    )


def render_seal(issuer: Bilingual, *, demo: bool) -> bytes:
    """The look of a seal as a one-page PDF: our wave within two rings; in no way the emblem of an authority."""
    return _seal_of(issuer["zh"], issuer.get("en") or "", demo)


@lru_cache(maxsize=256)
def _seal_of(chinese: str, english: str, demo: bool) -> bytes:
    printer = _Printer({})
    middle = "示范专用章" if demo else "电子专用章"
    data = {
        "palette": vars(engraving.PALETTES["person"]),
        "demo": demo,
        # One glyph after another along the ring: what has no glyph of its own is left to the signature's own text.
        "ring": [sign for sign in chinese if printer.is_plain(sign)][:24],
        "english": english.upper()[:60],
        "middle": middle,
        "below": "DEMONSTRATION" if demo else "ELECTRONIC SEAL",
    }
    return _typesetter().compile(
        "seal.typ", data, wide=False, standards=["a-3b"], moment=datetime(2026, 1, 1, tzinfo=UTC)
    )


def family_of(type_id: str, holder_kind: str) -> str:
    """Whose colours a licence wears."""
    if type_id in PROPERTY:
        return "property"
    if type_id in PROOFS:
        return "proof"
    return "person" if holder_kind == "person" else "business"


def spoken_day(day: date) -> Bilingual:
    return {"zh": f"{day.year}年{day.month}月{day.day}日", "en": f"{day.day} {day:%B} {day.year}"}


def _local(moment: datetime) -> datetime:
    return moment.astimezone(LOCAL) if moment.tzinfo else moment


def _face(sheet: LicenceSheet, printer: "_Printer") -> list[dict]:
    """The fields in the order of the type, the name first and large, the validity added when the face does not say it."""
    rows, says_until, hero_taken = [], False, False
    names = [name for name in sheet.face_fields if name in NAMES][:1]
    order = names + [name for name in sheet.face_fields if name not in names]
    for name in order:
        if name in {"photo", "qr"}:  # drawn in their own places
            continue
        given = sheet.face.get(name)
        if name == "valid_to" and given in (None, ""):
            given = sheet.valid_to or {"zh": "长期", "en": "No end date"}
        if name == "valid_from" and given in (None, ""):
            given = sheet.valid_from or sheet.issued_on
        if name == "issued_on" and given in (None, ""):
            given = sheet.issued_on
        words = label(sheet.type_id, name)
        says_until = says_until or words.ends_validity
        row = {"label": printer.bilingual(words.text), "hero": False, "full": words.wide} | _measured(given, printer)
        if name in names and not hero_taken:
            row["hero"] = hero_taken = True
        elif _is_long(given) or (sheet.type_id in PORTRAIT and (len(words.zh) > 6 or len(str(given)) > 14)):
            row["full"] = True
        rows.append(row)
    if not says_until:
        until = spoken_day(sheet.valid_to) if sheet.valid_to else {"zh": "长期", "en": "no end date"}
        since = spoken_day(sheet.valid_from or sheet.issued_on)
        value = {"zh": f"{since['zh']} 至 {until['zh']}", "en": f"{since['en']} to {until['en']}"}
        heading = {"zh": "有效期", "en": "Validity"}
        rows.append(
            {"label": printer.bilingual(heading), "hero": False, "full": True, "value": printer.value(value)}
        )  # fmt: skip
    return rows


def _is_long(value: Value) -> bool:
    if isinstance(value, Mapping):
        return len(str(value.get("zh", ""))) > 14 or len(str(value.get("en", ""))) > 26
    return isinstance(value, str) and len(value) > 26


def _measured(given: Value, printer: "_Printer") -> dict:
    """The value, and the short form for the face when the whole one has to move to the annex."""
    more = {"zh": "……全文见附页", "en": "continued on the annex"}
    if isinstance(given, list | tuple) and given and isinstance(given[0], Mapping) and "number" in given[0]:
        row: dict = {"value": {"table": _merged(given, printer)}}
        if len(given) > 4:
            row["short"] = printer.value(
                {"zh": f"共{len(given)}项{more['zh']}", "en": f"{len(given)} in all, {more['en']}"}
            )
        return row
    row = {"value": printer.value(given)}
    if isinstance(given, list | tuple) and len(given) > LONG_LIST:
        row["short"] = {"items": [printer.one(item) for item in given[: LONG_LIST - 2]] + [printer.one(more)]}
    elif isinstance(given, Mapping) and max(len(str(text)) for text in given.values()) > LONG_TEXT:
        short = str(given.get("zh") or given.get("en"))[: LONG_TEXT // 2]
        row["short"] = printer.value({"zh": short + more["zh"], "en": more["en"]})
    elif isinstance(given, str) and len(given) > LONG_TEXT:
        row["short"] = printer.value({"zh": given[: LONG_TEXT // 2] + more["zh"], "en": more["en"]})
    return row


def _merged(licences: Iterable[Mapping], printer: "_Printer") -> dict:
    rows = []
    for merged in licences:
        until = merged.get("valid_to") or {"zh": "长期", "en": "no end date"}
        rows.append([printer.one(merged.get(part)) for part in ("name", "number", "regulator")] + [printer.one(until)])
    head = [
        {"zh": "许可事项及编号", "en": "Permit and number"},
        {"zh": "监管部门", "en": "Regulator"},
        {"zh": "有效期至", "en": "Until"},
    ]
    return {"head": [printer.bilingual(words) for words in head], "rows": rows}


def _legal_lines(sheet: LicenceSheet) -> list[Bilingual]:
    lines = [
        {
            "zh": "本电子证照由发证机关制作并加盖电子印章，印章使任何改动可被发现。当前状态以扫码核验为准。",
            "en": "Sealed electronically by the issuing authority; any later change can be found. Scan for the present status.",
        }
    ]
    if sheet.type_id == "industry-licence":
        lines.append(
            {
                "zh": "所列各项许可由各监管部门分别监管，本证有效期以其中最早到期者为准；各项的当前状态扫码可查。",
                "en": "Each permit listed is watched over by its own regulator; this licence ends with the first of them. Scan for the "
                "present status of each.",
            }
        )
    if sheet.basis:
        lines.insert(0, {"zh": f"依据：{sheet.basis['zh']}", "en": f"Basis: {sheet.basis.get('en', '')}"})
    if sheet.demo:
        lines.append(
            {
                "zh": "示范件：机构、人员、编号均为虚构，不具有法律效力。",
                "en": "Demonstration: body, person and numbers are invented; without legal effect.",
            }
        )
    return lines


def _block(block: Paragraph | Table | Notice, printer: "_Printer") -> dict:
    if isinstance(block, Paragraph):
        return {"kind": "text", "text": printer.bilingual(block.text)}
    if isinstance(block, Notice):
        return {"kind": "notice", "title": printer.bilingual(block.title), "text": printer.bilingual(block.text)}
    head = [printer.bilingual(words) for words in block.head]
    return {"kind": "table", "head": head, "rows": [[printer.one(value) for value in row] for row in block.rows]}


def _qr(address: str) -> dict:
    if urlsplit(address).scheme not in {"https", "http"}:
        raise CannotRender(f"the verification address is not a web address: {address[:80]!r}")
    # Fifteen times as fast as weighing eight masks in Python: the code of a licence is a large one.
    made = zxingcpp.create_barcode(address, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    picture: Any = made.to_image(scale=1, add_quiet_zones=False)
    rows: list[list[int]] = memoryview(picture).tolist()  # type: ignore[assignment]
    squares = qr.squares([[value == 0 for value in row] for row in rows], border=1)
    size = len(rows) + 2
    drawn = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" shape-rendering="crispEdges">'
        f'<path fill="#1d2527" d="{squares}"/></svg>'
    )
    return {"svg": drawn, "alt": f"核验二维码 Verification code: {address.partition('#')[0]}"}


def _photo(picture: bytes | None) -> list[int] | None:
    """The portrait as a small JPEG of its own, whatever came in."""
    if not picture:
        return None
    kept = BytesIO()
    try:
        with Image.open(BytesIO(picture)) as opened:
            face = opened.convert("RGB")
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise CannotRender("the photograph is not a picture that can be read") from error
    face.thumbnail((560, 720))
    face.save(kept, format="JPEG", quality=88)
    return list(kept.getvalue())


class _Printer:
    """Turns values into what the templates show, and remembers which fonts of this machine were needed."""

    def __init__(self, pictures: Mapping[str, bytes]) -> None:
        self._pictures = pictures
        self.borrowed: set[str] = set()

    def value(self, value: Value) -> dict:
        if isinstance(value, list | tuple):
            return {"items": [self.one(item) for item in value]}
        return self.one(value)

    def one(self, value: object) -> dict:
        if value is None or value == "":
            return {"any": "—"}
        if isinstance(value, datetime):
            local = _local(value)
            said = spoken_day(local.date())
            return self.bilingual({"zh": f"{said['zh']} {local:%H:%M}", "en": f"{said['en']}, {local:%H:%M}"})
        if isinstance(value, date):
            return self.bilingual(spoken_day(value))
        if isinstance(value, str) and _ISO_DAY.fullmatch(value):
            return self.bilingual(spoken_day(date.fromisoformat(value)))
        if isinstance(value, Mapping):
            return self.bilingual({str(key): str(text) for key, text in value.items() if text})
        return {"any": self.text(str(value))}

    def bilingual(self, text: Mapping[str, str]) -> dict:
        chinese, english = text.get("zh") or text.get("en") or "", text.get("en") or text.get("zh") or ""
        return {"zh": self.text(chinese), "en": self.text(english)}

    def english_title(self, text: Mapping[str, str]) -> str:
        """Set in capitals by the template, which can only raise plain letters."""
        return "".join(sign for sign in text.get("en") or text.get("zh") or "" if self.is_plain(sign))

    def is_plain(self, sign: str) -> bool:
        return not is_unprintable(sign) and (draws(covered(OUR_FONT), sign) or _typesetter().latin_draws(sign))

    def text(self, text: str) -> str | list[dict]:
        """The text itself when our fonts draw all of it (nearly always), else runs of what draws what."""
        text = unicodedata.normalize("NFC", text).replace("\r\n", " ").replace("\n", " ").replace("\t", " ")
        if all(draws(covered(OUR_FONT), sign) and not is_unprintable(sign) for sign in text):
            return text
        runs: list[dict] = []
        for cluster in _clusters(text):
            run = self._run(cluster)
            if runs and "t" in run and "t" in runs[-1] and run.get("f") == runs[-1].get("f"):
                runs[-1]["t"] += run["t"]
            else:
                runs.append(run)
        return runs

    def _run(self, cluster: str) -> dict:
        if all(not is_unprintable(sign) for sign in cluster):
            if len(cluster) == 1 and self.is_plain(cluster):
                return {"t": cluster}
            if len(cluster) > 1 and _typesetter().draws_together(cluster):
                return {"t": cluster}
            if cluster in self._pictures:
                return {"g": self._pictures[cluster].decode(), "alt": _numbers(cluster)}
            borrowed = _typesetter().borrow(cluster)
            if borrowed:
                self.borrowed.add(borrowed)
                return {"t": cluster, "f": borrowed}
        return {"u": _numbers(cluster)}


def _clusters(text: str) -> list[str]:
    """Letters with the marks that stand on them."""
    found: list[str] = []
    for sign in text:
        if found and (unicodedata.combining(sign) or unicodedata.category(sign).startswith("M") or is_silent(sign)):
            found[-1] += sign
        else:
            found.append(sign)
    return found


def _numbers(cluster: str) -> str:
    return " ".join(f"U+{ord(sign):04X}" for sign in cluster)


class _Typesetter:
    """Keeps the compilers (fonts parsed once), one document at a time: a compiler is not shared between threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._ours = typst.Compiler(
            root=str(TEMPLATES),
            font_paths=typst.Fonts(
                include_system_fonts=False, include_embedded_fonts=True, font_paths=[str(OUR_FONT.parent)]
            ),
        )
        self._wide: typst.Compiler | None = None
        self._machine_fonts: list[typst.FontInfo] | None = None
        self._seen: dict[tuple[str, str], bool] = {}
        self._borrowed: dict[str, str] = {}

    def compile(self, name: str, data: dict, *, wide: bool, standards: "list[PDFStandard]", moment: datetime) -> bytes:
        with self._lock:
            compiler = self._machine_wide() if wide else self._ours
            try:
                made = compiler.compile(
                    input=str(TEMPLATES / name),
                    format="pdf",
                    sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
                    pdf_standards=standards,
                    timestamp=moment,
                )
            except typst.TypstError as refusal:
                raise CannotRender(f"{name}: {refusal.message}") from refusal
        if not isinstance(made, bytes):
            raise CannotRender(f"{name}: typst returned no document")
        return made

    def latin_draws(self, sign: str) -> bool:
        return self._drawn(sign, "Libertinus Serif", self._ours)

    def draws_together(self, cluster: str) -> bool:
        return self._drawn(cluster, "Noto Sans SC", self._ours) or self._drawn(cluster, "Libertinus Serif", self._ours)

    def borrow(self, cluster: str) -> str:
        """The family of a font of this machine that draws the cluster, or nothing; Chinese ones are asked first."""
        if cluster not in self._borrowed:
            wide = self._machine_wide()
            asked: set[str] = set()
            self._borrowed[cluster] = ""
            for font in self._fonts_of_the_machine():
                if font.family in asked or not all(
                    draws(covered(Path(font.path or ""), font.index), sign) or is_silent(sign) for sign in cluster
                ):
                    continue
                asked.add(font.family)
                if self._drawn(cluster, font.family, wide):
                    self._borrowed[cluster] = font.family
                    break
        return self._borrowed[cluster]

    def _machine_wide(self) -> typst.Compiler:
        if self._wide is None:
            fonts = typst.Fonts(
                include_system_fonts=True, include_embedded_fonts=True, font_paths=[str(OUR_FONT.parent)]
            )
            self._machine_fonts = sorted(
                (font for font in fonts.fonts() if font.path and font.style == "normal" and font.weight <= 500),
                key=lambda font: (
                    "CJK SC" not in font.family,
                    "CJK" not in font.family,
                    "Mono" in font.family,
                    font.family,
                ),
            )
            self._wide = typst.Compiler(root=str(TEMPLATES), font_paths=fonts)
        return self._wide

    def _fonts_of_the_machine(self) -> list[typst.FontInfo]:
        self._machine_wide()
        return self._machine_fonts or []

    def _drawn(self, text: str, family: str, compiler: typst.Compiler) -> bool:
        """Asked of typst itself: PDF/A refuses a character without a glyph."""
        if (text, family) not in self._seen:
            source = b"#set text(font: sys.inputs.family, fallback: false)\n#sys.inputs.text"
            try:
                compiler.compile(
                    input=source, format="pdf", sys_inputs={"family": family, "text": text}, pdf_standards=["a-3b"]
                )  # fmt: skip
                self._seen[text, family] = True
            except typst.TypstError:
                self._seen[text, family] = False
        return self._seen[text, family]


@lru_cache(maxsize=1)
def _typesetter() -> _Typesetter:
    return _Typesetter()


def _compile(name: str, data: dict, printer: _Printer, day: date) -> bytes:
    data["rare_fonts"] = sorted(printer.borrowed)
    moment = datetime.combine(day, time(), tzinfo=LOCAL)
    return _typesetter().compile(name, data, wide=bool(printer.borrowed), standards=STANDARDS, moment=moment)
