"""Lists of answers that the forms of many matters share: what they offer on a day, where they are used, and as files.

A form names a list; what it offers is asked when the form is drawn or judged (`lib.formschema.lists_come_from`). What was sent is read with the
version that held when it was sent, so a changed word changes nothing that somebody signed.
"""

import csv
import io
import re
import secrets
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from babel import Locale
from django.core.cache import caches
from django.db import connection, transaction
from django.db.models import Count, Max, QuerySet, TextField
from django.db.models.functions import Cast
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.departments.models import Department
from tongban.lib import sheets, unicode
from tongban.lib.formschema import Offer
from tongban.lib.problems import Invalid, worded
from tongban.matters.models import CodeList, CodeListVersion, MatterVersion, TypeDraft

LOOK_AGAIN_AFTER = 1.0  # seconds: a list put in force by another process counts at most this late
MOST_ENTRIES = 2000
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*( [A-Za-z0-9_.-]+)*")
COLUMNS = ("code", "zh", "en", "from", "until", "parent")

_kept = threading.local()


# -- what a list offers


def offer(key: str, at: datetime | None) -> Offer:
    """Today, or for what was sent at that moment: the words of then, and besides what is offered today (for putting right)."""
    versions = _versions().get(key, ())
    if not versions:
        return Offer()
    day = timezone.localdate()
    asked = (key, at, day)
    ready = _kept.lists[3]
    if asked not in ready:
        if len(ready) > 500:
            ready.clear()
        ready[asked] = _offer(versions, at, day)
    return ready[asked]


def _versions() -> Mapping[str, list[CodeListVersion]]:
    """All lists; kept per thread, and at most once a second it is asked whether one was changed since."""
    kept = getattr(_kept, "lists", None)
    asked = (connection.settings_dict["NAME"], caches["process"].get_or_set("code-lists", secrets.token_hex, None))
    now = time.monotonic()
    if kept is not None and kept[0] == asked and now - kept[1] < LOOK_AGAIN_AFTER:
        return kept[2]
    mark = tuple(CodeListVersion.objects.aggregate(n=Count("pk"), top=Max("pk")).values())
    if kept is not None and kept[0] == asked and kept[4] == mark:
        _kept.lists = (asked, now, kept[2], kept[3], mark)
        return kept[2]
    found: dict[str, list[CodeListVersion]] = {}
    for version in CodeListVersion.objects.select_related("list").order_by("list_id", "number"):
        found.setdefault(version.list.slug, []).append(version)
    _kept.lists = (asked, now, found, {}, mark)
    return found


def forget() -> None:
    """Every thread of this process asks the database again at the next question."""
    caches["process"].delete("code-lists")


def _offer(versions: list[CodeListVersion], at: datetime | None, day: date) -> Offer:
    now = versions[-1]
    then = next((one for one in reversed(versions) if at is not None and one.since <= at), versions[0] if at else now)
    labels: dict[str, Any] = {}
    for version in (*versions, then):
        labels |= {one["code"]: {"zh": one["zh"], "en": one["en"]} for one in version.entries}
    codes = offered_on(now.entries, day)
    if at is not None:
        codes = list(dict.fromkeys([*offered_on(then.entries, timezone.localdate(at)), *codes]))
    heads = {one["code"]: one["parent"] for version in (then, now) for one in version.entries if one.get("parent")}
    return Offer(tuple(codes), labels, heads)


def offered_on(entries: Iterable[Mapping[str, Any]], day: date) -> list[str]:
    """Codes that may be chosen on a day; what stands above others is a heading and no answer."""
    entries = list(entries)
    heads = {one.get("parent") for one in entries if one.get("parent")}
    said = day.isoformat()
    return [
        one["code"]
        for one in entries
        if one["code"] not in heads and one.get("from", "") <= said and said <= (one.get("until") or "9999")
    ]


# -- which there are


def all_lists() -> QuerySet[CodeList]:
    return CodeList.objects.select_related("department")


def list_called(key: str) -> CodeList | None:
    return all_lists().filter(slug=key).first()


def current(row: CodeList) -> CodeListVersion:
    version = row.versions.order_by("-number").first()
    assert version is not None  # made together with its first version
    return version


def names() -> dict[str, dict[str, str]]:
    """{key: name in both languages} of the lists an editor may choose from."""
    return {key: versions[-1].name for key, versions in sorted(_versions().items())}


@dataclass(frozen=True)
class Use:
    """One question of one version of a matter whose answers come from a list."""

    version: MatterVersion
    field: Mapping[str, Any]


STILL = ("draft", "in_check", "scheduled", "published")


def uses(key: str, *, ever: bool = False) -> list[Use]:
    """Questions that use the list now or will; with `ever` also those of versions that are over, under which cases still run."""
    rows = MatterVersion.objects.annotate(said=Cast("form", TextField())).filter(said__contains=f'"code_list": "{key}"')
    if not ever:
        rows = rows.filter(state__in=STILL)
    return [
        Use(version, one)
        for version in rows.select_related("matter__department").order_by("matter__slug", "number")
        for one in version.form
        if one.get("code_list") == key
    ]


def is_used(key: str) -> bool:
    return bool(uses(key, ever=True))


# -- changing: by the second person's word (licences.type_drafts), by the demonstration, by another installation's file


@transaction.atomic
def put(key: str, *, owner: Department, name: Mapping[str, str], entries: list[dict], since: datetime) -> CodeList:
    """A new version of the list, if it says anything new. The row of the list decides who comes first."""
    row, _made = CodeList.objects.get_or_create(slug=key, defaults={"department": owner})
    row = CodeList.objects.select_for_update().get(pk=row.pk)
    last = row.versions.order_by("-number").first()
    if row.department_id != owner.pk:
        row.department = owner
        row.save(update_fields=["department"])
    if last is None or (last.name, last.entries) != (dict(name), entries):
        number = last.number + 1 if last else 1
        CodeListVersion.objects.create(list=row, number=number, name=dict(name), entries=entries, since=since)
    transaction.on_commit(forget)
    forget()
    return row


def take_away(key: str) -> None:
    CodeList.objects.filter(slug=key).delete()
    transaction.on_commit(forget)
    forget()


def load(rows: Iterable[Mapping[str, Any]], *, since: datetime) -> int:
    """Take in rows of demo/code_lists.yaml, but none over what people here have written. Twice changes nothing."""
    rows = list(rows)
    written = set(TypeDraft.objects.filter(sort=TypeDraft.Sort.LIST, state="in_force").values_list("slug", flat=True))
    bodies = Department.objects.in_bulk(field_name="code")
    for row in rows:
        if row["id"] in written:
            continue
        entries = countries() if row.get("entries") == "iso-3166" else [tidy(one) for one in row["entries"]]
        put(row["id"], owner=bodies[row["department"]], name={"zh": row["zh"], "en": row["en"]}, entries=entries, since=since)  # fmt: skip
    return len(rows)


# codes that name no country or region of ISO 3166-1 beside those that do
NO_COUNTRY = {"AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "XK", "ZZ"}
OF_CHINA = {
    "HK": ("中国香港", "Hong Kong, China"),
    "MO": ("中国澳门", "Macao, China"),
    "TW": ("中国台湾", "Taiwan, China"),
}


def countries() -> list[dict[str, str]]:
    """Countries and regions of ISO 3166-1 by the Unicode names (Babel), in the order of their English names."""
    zh, en = Locale.parse("zh_Hans_CN").territories, Locale.parse("en").territories
    codes = [str(code) for code in en if re.fullmatch(r"[A-Z]{2}", str(code)) and code not in NO_COUNTRY]
    rows = [
        {"code": code, "zh": OF_CHINA.get(code, (zh[code], ""))[0], "en": OF_CHINA.get(code, ("", en[code]))[1]}
        for code in codes
    ]
    return sorted(rows, key=lambda one: one["en"])


# -- judging


def tidy(one: Mapping[str, Any]) -> dict[str, str]:
    """An entry without what is empty."""
    said = {name: " ".join(str(one.get(name) or "").split()) for name in COLUMNS}
    return {name: value for name, value in said.items() if value or name in ("code", "zh", "en")}


def troubles(key: str, content: Mapping[str, Any]) -> dict[str, list]:
    """What must be put right before the list can hold: {field: sentences}; entries are named by their line."""
    entries = content.get("entries") or []
    there = list_called(key)
    before = current(there).entries if there else []
    found: dict[str, list] = {}
    if content.get("removed"):
        if used := uses(key, ever=True):
            names = ", ".join(dict.fromkeys(one.version.matter.slug for one in used))[:300]
            found["removed"] = [worded(_("It is used by %(names)s and stays. End its entries instead."), names=names)]
        return found
    if wrong := _wrong_entries(entries):
        found["entries"] = wrong
    codes = {one.get("code") for one in entries}
    gone = [one["code"] for one in before if one["code"] not in codes]
    if gone and is_used(key):
        found.setdefault("entries", []).append(
            worded(
                _("Forms use this list, so these entries stay; give them a last day instead: %(names)s."),
                names=", ".join(gone)[:300],
            )
        )
    return found


def _wrong_entries(entries: list[Mapping[str, Any]]) -> list:
    if not entries:
        return [_("Please write at least one entry.")]
    if len(entries) > MOST_ENTRIES:
        return [worded(_("At most %(most)s entries."), most=MOST_ENTRIES)]
    wrong: list = []
    heads = {one.get("code"): one.get("parent", "") for one in entries}
    seen: dict[tuple[str, str], int] = {}
    for line, one in enumerate(entries, 1):
        if sentence := _wrong_entry(one, heads):
            wrong.append(worded(_("Line %(line)s: %(why)s"), line=line, why=sentence))
        for name in ("code", "zh", "en"):
            said = (name, str(one.get(name, "")).casefold())
            if said[1] and said in seen:
                wrong.append(
                    worded(_("Line %(line)s says the same as line %(other)s: “%(word)s”."), line=line, other=seen[said], word=one[name])
                )  # fmt: skip
            seen.setdefault(said, line)
    return wrong[:10]


def _wrong_entry(one: Mapping[str, Any], heads: Mapping) -> Any:
    code = str(one.get("code", ""))
    if not CODE.fullmatch(code) or len(code) > 60:
        return _("the code is small or capital letters, digits, - _ and ., at most 60.")
    if not one.get("zh") or not one.get("en"):
        return _("please give the name in Chinese and in English.")
    if len(one["zh"]) > 200 or len(one["en"]) > 200:
        return _("the name is longer than 200 characters.")
    for name in ("from", "until"):
        try:
            same = date.fromisoformat(one.get(name) or "2000-01-01").isoformat()
        except ValueError:
            same = ""
        if same != (one.get(name) or "2000-01-01"):
            return _("a day is written as 2026-03-09.")
    if one.get("from") and one.get("until") and one["until"] < one["from"]:
        return _("the last day is before the first.")
    if head := one.get("parent"):
        if head not in heads or head == code:
            return _("the entry above it is not in the list.")
        if heads[head]:
            return _("a list has two levels at most.")
    return None


@dataclass(frozen=True)
class Change:
    """One entry that differs: `before` is None for a new one, `after` for one that is gone."""

    code: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


def compare(before: Iterable[Mapping[str, Any]], after: Iterable[Mapping[str, Any]]) -> list[Change]:
    old, new = ({one.get("code", ""): one for one in entries} for entries in (before, after))
    found = [Change(code, old.get(code), one) for code, one in new.items() if old.get(code) != one]
    return found + [Change(code, one, None) for code, one in old.items() if code not in new]


def together(ours: Iterable[Mapping[str, Any]], theirs: Iterable[Mapping[str, Any]]) -> list[dict]:
    """Their entries, and at the end those of ours that they do not know."""
    merged = [dict(one) for one in theirs]
    codes = {one.get("code") for one in merged}
    return merged + [dict(one) for one in ours if one.get("code") not in codes]


# -- as a table


def as_csv(entries: Iterable[Mapping[str, Any]]) -> bytes:
    """For a spreadsheet: with a mark at the beginning, so that Chinese is read as such."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for one in entries:
        writer.writerow([_harmless(str(one.get(name, ""))) for name in COLUMNS])
    return out.getvalue().encode("utf-8-sig")


def _harmless(cell: str) -> str:
    """What a spreadsheet would take for a formula gets an apostrophe before it."""
    return "'" + cell if re.match(r"'*[=+\-@\t\r]", cell) else cell


HEADERS = {"代码": "code", "编码": "code", "中文": "zh", "名称": "zh", "英文": "en", "english": "en", "起": "from", "止": "until", "上级": "parent"}  # fmt: skip


def from_table(content: bytes) -> list[dict[str, str]]:
    """Entries of a CSV or XLSX of the columns `COLUMNS`; raises Invalid with a sentence. What an entry says is judged by `troubles`."""
    lines = [line for line in sheets.read(content) if any(cell.strip() for cell in line.cells)]
    said = [cell.strip().casefold() for cell in lines[0].cells] if lines else []
    header = [HEADERS.get(name, name) for name in said]
    if not {"code", "zh", "en"} <= set(header):
        raise Invalid(
            "no-such-columns",
            worded(_("The first line must name the columns once each: %(columns)s."), columns=", ".join(COLUMNS)),
            kept=_("Nothing was changed."),
        )
    found = []
    for line in lines[1:]:
        cells = dict(zip(header, line.cells, strict=False))
        entry = tidy({name: re.sub(r"^'(?='*[=+\-@])", "", cells.get(name, "")) for name in COLUMNS})
        if any(unicode.unreadable(value) for value in entry.values()):
            raise Invalid("unreadable", worded(_("Line %(line)s holds characters that cannot be written."), line=line.number), kept=_("Nothing was changed."))  # fmt: skip
        found.append(entry)
    return found
