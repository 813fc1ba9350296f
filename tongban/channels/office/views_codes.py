"""Identity codes at the office: reading them, the readers that may, and the scenes that say what each is told."""

from typing import Any

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tongban.channels.doorkeeper import for_officer
from tongban.channels.pages.code_words import answer_lines, scene_names
from tongban.codes import queries
from tongban.codes.models import IdentityCode, Reader, Scene, SceneDraft
from tongban.codes.scene_states import SceneDraftState
from tongban.codes.services import asking_wallets, scenes, verifying
from tongban.codes.services import readers as acts
from tongban.codes.wording import FIELDS, PERSONAL, why
from tongban.lib.bilingual import say
from tongban.lib.problems import Invalid, Problem
from tongban.licences import credential_requests as requests
from tongban.licences import queries as licences

CHOSEN = "code_reader"
LABELS = {
    "name": gettext_lazy("Name of the reader"),
    "place": pgettext_lazy("reader", "Where it stands"),
    "operator": gettext_lazy("Who runs it"),
    "sort": gettext_lazy("What it is"),
    "scene": gettext_lazy("What it reads codes for"),
    "asks": gettext_lazy("It asks the phone"),
    "kind": gettext_lazy("Which licence"),
    "fields": gettext_lazy("What it may ask for"),
    "why": gettext_lazy("Why"),
}
SCENE_LABELS = {
    "slug": gettext_lazy("Short name for programs"),
    "name": gettext_lazy("What people call it"),
    "purpose": gettext_lazy("Purpose"),
    "basis": gettext_lazy("Legal basis"),
    "fields": gettext_lazy("What its readers are told"),
    "sorts": gettext_lazy("Kinds of codes"),
    "compares": gettext_lazy("Somebody compares the face"),
    "why": gettext_lazy("What has to change"),
}
MOVED = {
    "submit": gettext_lazy("Sent. Somebody else looks at it and puts it in force."),
    "give_back": gettext_lazy("Given back with your words."),
    "put_in_force": gettext_lazy("In force. Readers of this scene are told these fields from now on."),
    "discard": gettext_lazy("Discarded. What is in force stays as it is."),
}


# -- reading


@never_cache
@for_officer(*acts.ATTENDANTS)
def check(request, officer):
    """The code is held out, the answer is large and plain. What is told follows from the reader at hand, never from who holds it."""
    rows = list(acts.at_hand())
    given = request.POST.get("reader") or request.GET.get("reader") or request.session.get(CHOSEN, "")
    reader = next((row for row in rows if row.ref == given), None)
    if reader is not None and request.session.get(CHOSEN) != reader.ref:
        request.session[CHOSEN] = reader.ref
    text = request.POST.get("payload", "").strip()
    context: dict[str, Any] = {
        "officer": officer,
        "readers": rows,
        "reader": reader,
        "chosen": reader.ref if reader else "",
        "options": [(row.ref, f"{row.place} · {row.name} · {row.scene.shown_name}") for row in rows],
    }
    if request.method == "POST" and text and reader is not None:
        verdict = verifying.verify(text, reader=reader, purpose=reader.scene.slug, at=timezone.now(), by=request.user)
        context |= {
            "verdict": verdict,
            "lines": answer_lines(verdict.fields),
            "why": None if verdict.good else why(verdict.reason),
            "kind": IdentityCode.Sort(verdict.kind).label if verdict.kind else "",
        }
    context["checks"] = _own(officer)
    return render(request, "office/codes/check.html", context)


def _own(officer) -> list[dict]:
    names = scene_names()
    return [
        {"row": row, "scene": names.get(row.scene, row.scene), "why": None if row.good else why(row.reason).sentence}
        for row in queries.own_checks(officer)
    ]


# -- readers


@require_http_methods(["GET", "POST"])
@never_cache
@for_officer(*acts.REGISTRARS, "auditor")
def readers(request, officer):
    """Every registered reader; a new one is registered here, and its secret said once."""
    context: dict[str, Any] = {
        "officer": officer,
        "rows": list(acts.registered()[:500]),
        "may": bool(set(officer.roles) & set(acts.REGISTRARS)),
        "scenes": [(one.slug, one.shown_name) for one in Scene.objects.filter(in_force=True)],
        "sorts": Reader.Sort.choices,
        "labels": LABELS,
        "typed": {name: request.POST.get(name, "") for name in LABELS},
        "errors": {},
        "tab": "readers",
    }
    if request.method == "POST":
        given = {name: request.POST.get(name, "") for name in ("name", "place", "operator", "sort", "scene")}
        try:
            row, secret = acts.register(**given, asks=request.POST.get("asks") == "yes", officer=officer)
        except Invalid as problem:
            return render(request, "office/codes/readers.html", {**context, "errors": problem.errors}, status=422)
        return render(request, "office/codes/reader.html", {**_reader(officer, row), "secret": secret})
    return render(request, "office/codes/readers.html", context)


@require_GET
@never_cache
@for_officer(*acts.REGISTRARS, "auditor")
def reader(request, officer, ref):
    return render(request, "office/codes/reader.html", _reader(officer, _named(ref), request.GET.get("kind", "")[:60]))


@require_POST
@never_cache
@for_officer(*acts.REGISTRARS)
def reader_act(request, officer, ref, act):
    """Suspend, take into use again, give a new secret."""
    row = _named(ref)
    if act == "suspend":
        try:
            acts.suspend(row, officer=officer, why=request.POST.get("why", ""))
        except Invalid as problem:
            return render(
                request, "office/codes/reader.html", {**_reader(officer, row), "errors": problem.errors}, status=422
            )
        messages.success(request, _("Suspended. It gets no answer from this moment."))
    elif act == "resume":
        acts.resume(row, officer=officer)
        messages.success(request, _("In use again."))
    elif act == "wallet":
        chosen = request.POST.get("kind", "")[:60]
        try:
            asking_wallets.allow(row, kind=chosen, fields=request.POST.getlist("fields"), officer=officer)
        except Invalid as problem:
            context = {**_reader(officer, row, chosen), "errors": problem.errors}
            return render(request, "office/codes/reader.html", context, status=422)
        messages.success(request, _("Written down. It holds from this moment."))
    elif act == "secret":
        secret = acts.renew_secret(row, officer=officer)
        return render(request, "office/codes/reader.html", {**_reader(officer, row), "secret": secret})
    else:
        raise Http404
    return redirect("office:code_reader", ref=row.ref)


def _named(ref: str) -> Reader:
    return get_object_or_404(Reader.objects.select_related("scene", "registered_by", "wallet_kind"), ref=ref)


def _reader(officer, row: Reader, kind: str = "") -> dict[str, Any]:
    """`kind`: the licence whose fields are being chosen for its questions to wallets."""
    of = licences.types().filter(slug=kind).first() if kind else row.wallet_kind
    names = {one["name"]: say(one) for one in requests.may_be_asked(of)} if of is not None else {}
    return {
        "kinds": [(one.slug, one.shown_name) for one in licences.types()],
        "kind": of,
        "chosen_kind": of.slug if of is not None else "",
        "purpose": say(row.scene.purpose),
        "wallet_fields": list(names.items()),
        "wallet_chosen": row.wallet_fields if of == row.wallet_kind else [],
        "wallet_told": [names.get(name, name) for name in row.wallet_fields] if of == row.wallet_kind else [],
        "officer": officer,
        "row": row,
        "fields": [FIELDS[name] for name in row.scene.fields],
        "may": bool(set(officer.roles) & set(acts.REGISTRARS)),
        "labels": LABELS,
        "errors": {},
        "tab": "readers",
    }


# -- scenes


@require_http_methods(["GET", "POST"])
@never_cache
@for_officer(*scenes.EDITORS, *acts.REGISTRARS, "auditor")
def all_scenes(request, officer):
    """What is in force, and what is being written."""
    context = {
        "officer": officer,
        "rows": [{"scene": one, "fields": [FIELDS[name] for name in one.fields]} for one in Scene.objects.all()],
        "drafts": list(scenes.drafts()),
        "edits": bool(set(officer.roles) & set(scenes.EDITORS)),
        "typed": {"slug": request.POST.get("slug", "")},
        "errors": {},
        "labels": SCENE_LABELS,
        "tab": "scenes",
    }
    if request.method == "POST":
        try:
            row = scenes.begin(request.POST.get("slug", "").strip(), officer=officer)
        except Invalid as problem:
            return render(request, "office/codes/scenes.html", {**context, "errors": problem.errors}, status=422)
        return redirect("office:code_scene_draft", pk=row.pk)
    return render(request, "office/codes/scenes.html", context)


@require_http_methods(["GET", "POST"])
@never_cache
@for_officer(*scenes.EDITORS)
def scene_draft(request, officer, pk):
    """One scene as it is written, beside what is in force."""
    row = get_object_or_404(SceneDraft.objects.select_related("begun_by"), pk=pk)
    problem: Problem | None = None
    if request.method == "POST" and row.state == SceneDraftState.DRAFT:
        try:
            row = scenes.save(row, _typed(request.POST), officer=officer, revision=_revision(request))
            if request.POST.get("act") == "submit":
                scenes.submit(row, officer=officer)
                messages.success(request, MOVED["submit"])
                return redirect("office:code_scenes")
            messages.success(request, _("Saved."))
            return redirect("office:code_scene_draft", pk=row.pk)
        except Problem as raised:
            problem = raised
    return _draft_page(request, officer, row, problem)


@require_POST
@never_cache
@for_officer(*scenes.EDITORS)
def scene_act(request, officer, pk, act):
    """The second person puts it in force or gives it back; whoever wrote it may discard it."""
    row = get_object_or_404(SceneDraft.objects.select_related("begun_by"), pk=pk)
    try:
        if act == "put_in_force":
            scenes.put_in_force(row, officer=officer)
        elif act == "give_back":
            scenes.give_back(row, officer=officer, why=request.POST.get("why", ""))
        elif act == "discard":
            scenes.discard(row, officer=officer)
        else:
            raise Http404
    except Problem as problem:
        return _draft_page(request, officer, row, problem)
    messages.success(request, MOVED[act])
    return redirect("office:code_scenes")


def _draft_page(request, officer, row: SceneDraft, problem: Problem | None):
    content = row.content if problem is None or request.method == "GET" else {**row.content, **_kept(request, row)}
    errors = problem.errors if isinstance(problem, Invalid) else {}
    context = {
        "officer": officer,
        "row": row,
        "content": content,
        "parts": [
            {"name": name, "label": SCENE_LABELS[name], **content[name], "errors": errors.get(name, [])}
            for name in scenes.WORDED
        ],
        "yes_no": [("yes", _("yes")), ("no", _("no"))],
        "fields": [
            {
                "value": name,
                "label": FIELDS[name],
                "hint": _("Personal: say in the basis why it is needed.") if name in PERSONAL else "",
            }
            for name in scenes.ALL_FIELDS
        ],
        "sorts": IdentityCode.Sort.choices,
        "labels": SCENE_LABELS,
        "problem": problem,
        "errors": errors,
        "words": _differences(row),
        "second": row.state == SceneDraftState.IN_CHECK
        and "catalogue_manager" in officer.roles
        and row.begun_by_id != officer.pk,
        "open": row.state == SceneDraftState.DRAFT,
        "tab": "scenes",
    }
    return render(request, "office/codes/scene_draft.html", context, status=problem.status if problem else 200)


def _kept(request, row: SceneDraft) -> dict[str, Any]:
    return _typed(request.POST) if "purpose_zh" in request.POST else {}


def _typed(post) -> dict[str, Any]:
    return {
        **{name: {tongue: post.get(f"{name}_{tongue}", "") for tongue in ("zh", "en")} for name in scenes.WORDED},
        "fields": post.getlist("fields"),
        "sorts": post.getlist("sorts"),
        "compares": post.get("compares") == "yes",
        "in_force": post.get("closed") != "yes",
    }


def _revision(request) -> int:
    said = request.POST.get("revision", "")
    return int(said) if said.isdecimal() and len(said) < 9 else -1


def _differences(row: SceneDraft) -> list[dict[str, Any]]:
    """What would be different, in words: each part before and after."""
    before, after = row.before, row.content
    return [
        {
            "label": SCENE_LABELS.get(name, _("In force")),
            "before": _said(name, before.get(name)),
            "after": _said(name, after.get(name)),
        }
        for name in scenes.CONTENT
        if before.get(name) != after.get(name)
    ]


def _said(name: str, value: Any) -> str:
    if value is None:
        return "–"
    if name == "fields":
        return _(", ").join(str(FIELDS[one]) for one in value) or "–"
    if name == "sorts":
        return _(", ").join(str(IdentityCode.Sort(one).label) for one in value) or "–"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return f"{value['zh']} / {value['en']}"
