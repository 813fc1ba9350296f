"""Lists of answers that forms share: the list in force and who uses it; what an editor types, or brings as a file, into a draft of one."""

import re
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from tongban.channels.doorkeeper import for_officer
from tongban.channels.office.views_catalogue import EDITORS, said
from tongban.lib.bilingual import say
from tongban.lib.problems import Invalid
from tongban.licences import type_drafts
from tongban.matters import code_lists
from tongban.matters.editing import translating
from tongban.matters.models import TypeDraft

AT_ONCE = 30
EMPTY = 3
BLANK = dict.fromkeys(code_lists.COLUMNS, "")
PIECES = ("name", "entries")


@require_GET
@for_officer(*EDITORS)
def code_list(request, officer, slug):
    """What a list says, which questions use it, and how it came to be; as a table with `as=csv`."""
    row = code_lists.list_called(slug)
    if row is None:
        raise Http404
    versions = list(row.versions.order_by("-number"))
    now = versions[0]
    if request.GET.get("as") == "csv":
        return as_file(code_lists.as_csv(now.entries), f"{slug}.csv", "text/csv; charset=utf-8")
    offered = set(code_lists.offered_on(now.entries, timezone.localdate()))
    heads = {one.get("parent") for one in now.entries}
    names = {one["code"]: say({"zh": one["zh"], "en": one["en"]}) for one in now.entries}
    context = {
        "officer": officer,
        "row": row,
        "now": now,
        "versions": versions,
        "entries": [
            {**BLANK, **one, "first": one.get("from", ""), "above": names.get(one.get("parent", ""), ""), "offered": one["code"] in offered, "head": one["code"] in heads}
            for one in now.entries
        ],
        "uses": [
            {
                "matter": one.version.matter,
                "name": say(one.version.name),
                "field": say({"zh": one.field.get("zh", ""), "en": one.field.get("en", "")} if "zh" in one.field else one.field.get("label")),
                "number": one.version.number,
                "state": one.version.get_state_display(),
            }
            for one in code_lists.uses(slug)
        ],
        "draft": TypeDraft.objects.filter(sort=TypeDraft.Sort.LIST, slug=slug, state__in=type_drafts.OPEN).first(),
        "mine": type_drafts.reach(officer, TypeDraft.Sort.LIST, {"owner": row.department.code}),
    }  # fmt: skip
    return render(request, "office/catalogue/code_list.html", context)


def as_file(content: bytes, name: str, kind: str) -> HttpResponse:
    response = HttpResponse(content, content_type=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


# -- a draft of one


def taken_out(request, row: TypeDraft) -> HttpResponse | None:
    """The draft as a table, or for its translator; None where the page itself is asked for."""
    wish = request.GET.get("as", "")
    if wish == "csv":
        return as_file(
            code_lists.as_csv(row.content.get("entries") or []), f"{row.slug}.csv", "text/csv; charset=utf-8"
        )
    if wish in ("xliff-en", "xliff-zh"):
        target = wish[-2:]
        content = translating.give(
            row.content, source="zh" if target == "en" else "en", target=target, original=row.slug, names=PIECES
        )
        return as_file(content, f"{row.slug}-{target}.xlf", "application/xliff+xml")
    return None


def drawn(request, row: TypeDraft, content: dict[str, Any]) -> dict[str, Any]:
    """A part of the entries, as many as a page can hold: from a place on, or those with a word in them."""
    entries = content.get("entries") or []
    sought = (request.POST.get("find") or request.GET.get("find", "")).strip()[:60].casefold()
    begin = request.POST.get("begin") or request.GET.get("begin", "")
    first = int(begin) if begin.isascii() and begin.isdigit() and len(begin) < 5 else 0
    places = [
        place
        for place, one in enumerate(entries)
        if not sought or sought in " ".join(map(str, one.values())).casefold()
    ]
    shown = places[first : first + AT_ONCE]
    there = code_lists.list_called(row.slug)
    held = {one["code"] for one in code_lists.current(there).entries} if there else set()
    rows = [
        {
            "at": place,
            "number": place + 1,
            "held": entries[place].get("code") in held,
            **BLANK,
            **entries[place],
            "first": entries[place].get("from", ""),
        }
        for place in shown
    ]
    last = first + AT_ONCE >= len(places)
    rows += [
        {**BLANK, "at": len(entries) + extra, "number": len(entries) + extra + 1, "held": False, "first": ""}
        for extra in range(EMPTY if last else 0)
    ]
    return {
        "entries": rows,
        "find": sought,
        "begin": first,
        "before": max(0, first - AT_ONCE) if first else None,
        "after": None if last else first + AT_ONCE,
        "total": len(entries),
        "in_force": there is not None,
    }  # fmt: skip


def typed(request, row: TypeDraft) -> dict[str, Any]:
    """The draft with the entries of this page as they were typed, in the order their numbers say; an entry without words is gone."""
    post = request.POST
    entries = [dict(one) for one in row.content.get("entries") or []]
    placed: list[tuple[float, int, dict]] = [(place + 1, place, one) for place, one in enumerate(entries)]
    order = [part for part in post.get("order", "").split(",") if part.isascii() and part.isdigit() and len(part) < 5]
    for part in dict.fromkeys(order):
        place = int(part)
        one = code_lists.tidy({name: post.get(f"e.{part}.{name}", "")[:200] for name in code_lists.COLUMNS})
        number = post.get(f"e.{part}.number", "")
        wanted = int(number) if number.isascii() and number.isdigit() and len(number) < 5 else place + 1
        if not (one["zh"] or one["en"] or one["code"]):
            placed = [each for each in placed if each[1] != place]
            continue
        one["code"] = one["code"] or _code_of(
            one["en"], {each[2].get("code", "") for each in placed if each[1] != place}
        )
        ahead = 0.5 if wanted < place + 1 else -0.5 if wanted > place + 1 else 0  # moved up: before who has the number
        spot = (wanted - ahead if ahead else wanted, place, one)
        placed = [each for each in placed if each[1] != place] + [spot]
    return {
        "name": said(request, "name", 100),
        "owner": post.get("owner", "")[:20],
        "entries": [one for _wanted, _place, one in sorted(placed, key=lambda each: each[:2])][: code_lists.MOST_ENTRIES + 1],
        "removed": "removed" in post,
    }  # fmt: skip


def _code_of(words: str, taken: set[str]) -> str:
    start = re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")[:50] or "entry"
    code, number = start, 2
    while code in taken:
        code, number = f"{start}-{number}", number + 1
    return code


def from_file(request, row: TypeDraft) -> dict[str, Any]:
    """The draft with what a file says: a table (CSV, XLSX) of the entries, or the translator's XLIFF."""
    file = request.FILES.get("file")
    if file is None:
        raise Invalid("no-file", errors={"file": [_("Please choose a file.")]}, kept=_("Nothing was changed."))
    content = file.read(translating.MOST_BYTES + 1)
    try:
        if content.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"):
            changes, _report, _target = translating.take(row.content, content, PIECES)
            return {**row.content, **changes}
        return {**row.content, "entries": code_lists.from_table(content)}
    except Invalid as wrong:
        raise Invalid(wrong.code, errors={"file": [wrong.sentence]}, kept=_("Nothing was changed.")) from None


def in_words(one: Any) -> str:
    """An entry on one line."""
    if not one:
        return "—"
    days = " … ".join([one.get("from", ""), one.get("until", "")]) if one.get("from") or one.get("until") else ""
    above = _("under %(entry)s") % {"entry": one["parent"]} if one.get("parent") else ""
    return " · ".join(part for part in (one.get("zh", ""), one.get("en", ""), days, above) if part)


def changes(before: Any, after: Any) -> list[tuple[Any, str, str]]:
    """Entry by entry in words: which, before, after. Where nothing but the order differs, that is said."""
    found = [
        (one.code, in_words(one.before), in_words(one.after)) for one in code_lists.compare(before or [], after or [])
    ]
    return found or [(_("Order of the entries"), "—", _("changed"))]
