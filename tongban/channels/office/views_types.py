"""Kinds of documents and of licences, and lists of answers: the list, a draft of one, and the second person's look at it."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tongban.channels.doorkeeper import for_officer
from tongban.channels.office import views_code_lists
from tongban.channels.office.views_catalogue import EDITORS, reasons_of, said
from tongban.departments import queries as departments
from tongban.lib.bilingual import say
from tongban.lib.problems import Invalid, Problem
from tongban.licences import face_labels, type_drafts
from tongban.licences.models import LicenceType
from tongban.matters import code_lists
from tongban.matters.editing import drafting
from tongban.matters.models import TypeDraft
from tongban.registers import queries as registers

LABELS = {
    "sort": gettext_lazy("What it is"),
    "slug": gettext_lazy("Short name for addresses"),
    "name": gettext_lazy("What it is called"),
    "kind": gettext_lazy("What it is"),
    "issued_by": gettext_lazy("Who issues it"),
    "licence_type": gettext_lazy("Not asked of whoever holds this licence"),
    "resource": gettext_lazy("Not asked when this register answers"),
    "commitment_ok": gettext_lazy("A signed promise may stand in for it"),
    "intermediary": gettext_lazy("A paid third party usually makes it"),
    "note": gettext_lazy("What applicants should know about it"),
    "retention": gettext_lazy("How long its law wants it kept"),
    "retention.years": gettext_lazy("How many years it is kept at least"),
    "retention.basis": gettext_lazy("On which ground"),
    "holder_kind": gettext_lazy("Who holds it"),
    "issuer": gettext_lazy("Department that issues it"),
    "type_code": gettext_lazy("Code of the kind of licence"),
    "owner": gettext_lazy("Department that keeps it"),
    "entries": gettext_lazy("Entries"),
    "removed": gettext_lazy("Take this list away"),
    "file": gettext_lazy("File"),
    "face_fields": gettext_lazy("What stands on it"),
    "told_apart_by": gettext_lazy("In what two of them of one holder differ"),
    "validity": gettext_lazy("Valid for how many years"),
    "for_identity": gettext_lazy("It may prove who somebody is"),
    "words": gettext_lazy("What should be different"),
}
MOVED = {
    "submit": gettext_lazy("Sent. Somebody else looks at it and puts it in force."),
    "give_back": gettext_lazy("Given back with your words."),
    "put_in_force": gettext_lazy("In force. Guides can use it from now on."),
    "discard": gettext_lazy("Discarded. What is in force stays as it is."),
}


@require_GET
@for_officer(*EDITORS)
def types(request, officer):
    """The kinds of one sort by their short names, a page at a time; before the first page those being written."""
    sort = request.GET.get("sort", "document")
    if sort not in TypeDraft.Sort.values:
        raise Http404
    asked = request.GET.get("q", "").strip()[:60]
    after = request.GET.get("after", "")[:60]
    rows, following = type_drafts.page(sort, asked=asked, after=after)
    names = code_lists.names() if sort == "code_list" else {}
    drafts = TypeDraft.objects.select_related("begun_by__department").filter(sort=sort, state__in=type_drafts.OPEN)
    open_now = {one.slug: one for one in drafts.filter(slug__in=[one.slug for one in rows])}
    context = {
        "officer": officer,
        "sort": sort,
        "sorts": [("document", _("Documents")), ("licence", _("Licences")), ("code_list", _("Lists of answers"))],
        "asked": asked,
        "drafts": [] if after else list(drafts[: type_drafts.A_PAGE]),
        "begun": bool(after),
        "following": following,
        "rows": [
            {
                "row": one,
                "draft": open_now.get(one.slug),
                "name": say(names[one.slug]) if one.slug in names else one.shown_name,
                **_said_of(sort, one, officer),
            }
            for one in rows
        ],
        "may_begin": type_drafts.reach(officer, sort, _own(officer)),
    }
    return render(request, "office/catalogue/types.html", context)


def _own(officer) -> dict[str, str]:
    return {"issuer": officer.department.code, "owner": officer.department.code}


def _said_of(sort: str, one: Any, officer) -> dict[str, Any]:
    """What stands beside a name, and whether this officer may change it."""
    if sort == "document":
        return {"what": dict(type_drafts.KINDS).get(one.kind, one.kind), "mine": type_drafts.reach(officer, sort, {})}
    body = one.department if sort == "code_list" else one.issuer
    mine = type_drafts.reach(officer, sort, {"issuer": body.code, "owner": body.code})
    return {"what": say(body.name), "mine": mine}


@require_http_methods(["GET", "HEAD", "POST"])
@for_officer(*EDITORS)
def new_type(request, officer):
    """A new kind of document or licence, or with `of` a draft that changes one."""
    problem = None
    sort = request.POST.get("sort") or request.GET.get("sort", "")
    if request.method == "POST":
        of = request.POST.get("of", "")
        slug = (of or request.POST.get("slug", "").strip())[:60]
        try:
            if of and type_drafts.held(sort, of) is None:
                raise Http404
            row = type_drafts.begin(sort, slug, officer=officer, name=None if of else said(request, "name", 100))
            return redirect("office:type_draft", pk=row.pk)
        except Problem as refused:
            problem = refused
    context = {
        "officer": officer,
        "sort": sort,
        "sorts": [one for one in TypeDraft.Sort.choices if type_drafts.reach(officer, one[0], _own(officer))],
        "typed": request.POST,
        **_problem(problem),
    }  # fmt: skip
    return render(request, "office/catalogue/type_new.html", context, status=problem.status if problem else 200)


def _problem(problem: Problem | None) -> dict[str, Any]:
    return {
        "problem": problem,
        "errors": problem.errors if isinstance(problem, Invalid) else {},
        "wrong": reasons_of(problem),
        "labels": LABELS,
    }


def _draft(officer, pk: int) -> TypeDraft:
    row = get_object_or_404(TypeDraft.objects.select_related("begun_by__department", "checked_by__department"), pk=pk)
    if not type_drafts.reach(officer, row.sort, row.content):
        raise Http404
    return row


@require_http_methods(["GET", "HEAD", "POST"])
@for_officer(*EDITORS)
def type_draft(request, officer, pk):
    """What the editor writes; what changes; and the second person's word."""
    row = _draft(officer, pk)
    if request.method != "POST":
        file = views_code_lists.taken_out(request, row) if row.sort == "code_list" else None
        return file or _page(request, officer, row)
    typed = None
    try:
        typed = _typed(request, row)
        seen = request.POST.get("seen", "")
        row = type_drafts.save(row, typed, seen=int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 9 else -1, officer=officer)  # fmt: skip
        if request.POST.get("do") == "submit":
            type_drafts.submit(row, officer=officer)
            messages.success(request, MOVED["submit"])
    except Problem as problem:
        return _page(request, officer, row, problem, typed=typed)
    if row.state == "draft":
        messages.success(request, _("Saved."))
    return redirect(reverse("office:type_draft", args=[pk]) + _where(request))


def _where(request) -> str:
    """Back to the entries that were on the page."""
    kept = {name: request.POST.get(name, "")[:60] for name in ("find", "begin") if request.POST.get(name)}
    return f"?{urlencode(kept)}#entries" if kept else ""


@require_POST
@for_officer(*EDITORS)
def type_act(request, officer, pk, act):
    row = _draft(officer, pk)
    seen = request.POST.get("seen", "")
    try:
        if act == "put_in_force":
            if request.POST.get("sure") is None:
                raise Invalid("not-sure", errors={"sure": [_("Please look at what changes first, then tick this.")]})
            type_drafts.put_in_force(row, officer=officer, seen=int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 9 else -1)  # fmt: skip
        elif act == "give_back":
            type_drafts.give_back(row, officer=officer, words=request.POST.get("words", ""))
        elif act == "discard":
            type_drafts.discard(row, officer=officer)
        else:
            raise Http404
    except Problem as problem:
        return _page(request, officer, _draft(officer, pk), problem)
    messages.success(request, MOVED[act])
    return redirect("office:type_draft", pk=pk)


def _typed(request, row: TypeDraft) -> dict[str, Any]:
    post = request.POST
    if row.sort == "code_list":
        return (views_code_lists.from_file if post.get("do") == "file" else views_code_lists.typed)(request, row)

    def words(name: str, longest: int) -> str:
        return " ".join(post.get(name, "").split())[:longest]

    if row.sort == "document":
        return {
            "name": said(request, "name", 100), "kind": words("kind", 20), "issued_by": words("issued_by", 100),
            "licence_type": words("licence_type", 60), "resource": words("resource", 60),
            "commitment_ok": "commitment_ok" in post, "intermediary": "intermediary" in post, "note": said(request, "note", 500),
            "retention": _kept(words("retention.years", 10), said(request, "retention.basis", 200)),
        }  # fmt: skip
    chosen = {one[:60] for one in post.getlist("face_fields")}
    apart = {one[:60] for one in post.getlist("told_apart_by")}
    order = [*row.content.get("face_fields", []), *face_labels.LABELS]
    years = [one.strip() for one in post.get("validity", "").replace("，", ",").replace("、", ",").split(",")]
    return {
        "name": said(request, "name", 100), "holder_kind": words("holder_kind", 10), "issuer": words("issuer", 20),
        "type_code": words("type_code", 20), "face_fields": [one for one in dict.fromkeys(order) if one in chosen],
        "told_apart_by": [one for one in dict.fromkeys(order) if one in apart],
        "validity": [_years(one) for one in years if one][:10], "for_identity": "for_identity" in post,
    }  # fmt: skip


def _kept(years: str, basis: dict[str, str]) -> dict[str, Any]:
    """Nothing typed is nothing of its own; what is no number is kept as it was typed, to be put right."""
    if not years and not any(basis.values()):
        return {}
    return {"years": int(years) if years.isascii() and years.isdigit() and len(years) < 5 else years, "basis": basis}


WITHOUT_END = ("long-term", "长期", "without end")


def _years(text: str) -> int | str:
    if text.casefold() in WITHOUT_END:
        return type_drafts.WITHOUT_END
    return int(text) if text.isascii() and text.isdigit() and len(text) < 5 else text[:20]


def _page(request, officer, row: TypeDraft, problem: Problem | None = None, *, typed: dict[str, Any] | None = None):
    content = typed or row.content
    mine = row.begun_by_id == officer.pk
    manager = "catalogue_manager" in officer.roles
    there = type_drafts.held(row.sort, row.slug)
    context = {
        "officer": officer,
        "row": row,
        "content": content,
        "was": bool(row.before) if row.state == "in_force" else there is not None,
        "mine": mine,
        "writes": mine and row.state == "draft",
        "checks": not mine and manager and row.state == "in_check",
        "may_discard": row.state in type_drafts.OPEN and (mine or manager),
        "changes": _changes(row),
        "typed_words": request.POST.get("words", ""),
        **_problem(problem),
    }
    if row.sort == "document":
        licences = LicenceType.objects.order_by("slug")
        context |= {
            "kinds": type_drafts.KINDS,
            "kept_years": (content.get("retention") or {}).get("years", ""),
            "kept_basis": (content.get("retention") or {}).get("basis") or {},
            "licences": [(one.slug, one.shown_name) for one in licences],
            "resources": [(one.slug, say(one.name)) for one in registers.resources()],
        }
    elif row.sort == "code_list":
        context |= {"bodies": _bodies(officer), "list": views_code_lists.drawn(request, row, content)}
    else:
        context |= {
            "holders": type_drafts.HOLDERS,
            "bodies": _bodies(officer),
            "face": [
                (one, say(face_labels.label(row.slug, one).text), one in content.get("face_fields", []))
                for one in dict.fromkeys([*content.get("face_fields", []), *face_labels.LABELS])
            ],
            "apart": [
                (one, say(face_labels.label(row.slug, one).text), one in content.get("told_apart_by", []))
                for one in dict.fromkeys([*content.get("face_fields", []), *content.get("told_apart_by", [])])
            ],
            "years": _told_years(content.get("validity", [])),
            "held_by_people": there is not None and type_drafts.is_held_by_people(row.slug),
        }
    return render(request, "office/catalogue/type_draft.html", context, status=problem.status if problem else 200)


def _bodies(officer) -> list[tuple[str, str]]:
    everywhere = officer.department.code == drafting.EVERYWHERE
    return [(one.code, one.shown_name) for one in (departments.departments() if everywhere else [officer.department])]


def _told_years(years: list) -> str:
    return ", ".join(_("without end") if one == type_drafts.WITHOUT_END else str(one) for one in years)


def _changes(row: TypeDraft) -> list[tuple[Any, str, str]]:
    """Field by field in words: before, after."""
    found = []
    for name, before, after in type_drafts.differences(row):
        if name == "entries":
            found += views_code_lists.changes(before, after)
        else:
            found.append((LABELS[name], _told(row, name, before), _told(row, name, after)))
    return found


def _told(row: TypeDraft, name: str, value: Any) -> str:
    if value in (None, "", [], {}):
        return "—"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if name in ("name", "note"):
        return " / ".join(value[language] for language in ("zh", "en") if value.get(language))
    if name == "validity":
        return _told_years(value)
    if name == "retention":
        number = value.get("years")
        years = str(number or "")
        if isinstance(number, int):
            years = ngettext("%(number)s year", "%(number)s years", number) % {"number": number}
        return " / ".join(one for one in (years, say(value.get("basis") or {})) if one)
    if name in {"face_fields", "told_apart_by"}:
        return _(", ").join(say(face_labels.label(row.slug, one).text) for one in value)
    chosen = {"kind": dict(type_drafts.KINDS), "holder_kind": dict(type_drafts.HOLDERS)}.get(name, {})
    if name in ("issuer", "owner"):
        body = departments.department(value)
        return body.shown_name if body else value
    return str(chosen.get(value, value))
