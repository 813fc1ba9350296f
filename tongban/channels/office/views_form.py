"""The designer of a form: questions as cards, one question as a page of choices, the form itself beside it, tried with made-up answers."""

from typing import Any

from csp.decorators import csp_replace
from django.contrib import messages
from django.http import Http404, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_http_methods

from tongban.channels.doorkeeper import for_officer
from tongban.channels.office.views_catalogue import EDITORS
from tongban.channels.office.views_draft import autosaved, frame, own_draft, revision_of, saved, together
from tongban.channels.pages import errand, filling
from tongban.lib.bilingual import both, say
from tongban.lib.formschema import ACTION, Form, FormError
from tongban.lib.problems import NotAllowed
from tongban.lib.rules import RuleError
from tongban.licences import queries as licences
from tongban.matters import code_lists
from tongban.matters.editing import conditions, designing, drafting, form_actions, formulas
from tongban.matters.models import MatterVersion
from tongban.registers import queries as registers

OWN_RECORD = [
    ("user.name", gettext_lazy("own record: name")),
    ("user.id_no", gettext_lazy("own record: identity number")),
    ("user.mobile", gettext_lazy("own record: telephone")),
    ("user.address", gettext_lazy("own record: address")),
    ("user.bank", gettext_lazy("own record: bank account")),
    ("user.person", gettext_lazy("own record: name and document")),
    ("company.name", gettext_lazy("company record: name")),
    ("company.uscc", gettext_lazy("company record: code")),
    ("company.legal_rep", gettext_lazy("company record: legal representative")),
    ("company.address", gettext_lazy("company record: address")),
    ("company.bank", gettext_lazy("company record: bank account")),
]


def sources_of(version: MatterVersion) -> list[tuple[str, list[tuple[str, Any]]]]:
    """Where an answer can come from: the own record, licences, and what registers may tell this very matter."""
    found: list[tuple[str, list[tuple[str, Any]]]] = [(_("Own record"), list(OWN_RECORD))]
    held = [
        (f"e-licence-store.{one.slug}.{name}", f"{one.shown_name}: {name}")
        for one in licences.types()
        for name in one.face_fields
    ]
    granted = [
        (f"{grant.resource.slug}.{name}", f"{grant.resource.shown_name}: {name}")
        for grant in registers.grants_of(version.matter.slug)
        for name in grant.fields
    ]
    if granted:
        found.append((_("Registers this matter may read"), list(dict.fromkeys(granted))))
    return [*found, (_("Licences in the wallet"), held)]


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@for_officer(*EDITORS)
def designer(request, officer, pk):
    """Cards of all questions; one of them open to be changed; the form as people see it beside them."""
    version = own_draft(officer, pk)
    if request.method == "POST":
        return _posted(request, officer, version)
    return _page(request, officer, version, version.form, request.GET.get("field", ""))


def _posted(request, officer, version):
    act, _colon, rest = request.POST.get("do", "save").partition(":")
    name = request.POST.get("field", "")
    if name:  # the open question is kept with whatever is done next
        if name not in designing.ids(version.form):
            raise Http404
        return _field_posted(request, officer, version, name, act, rest)
    fields, opened, words = _rearranged(version.form, request, act, rest)
    try:
        drafting.save(version, "form", {"form": fields}, seen=revision_of(request), officer=officer)
    except drafting.Together as met:
        return _page(request, officer, own_draft(officer, version.pk), version.form, "", problem=met)
    if words:
        messages.success(request, words)
    stays = rest.partition(":")[0] if act in ("up", "down", "place", "section") else ""
    return redirect(_address(version, opened) + (f"#f-{stays}" if stays in designing.ids(fields) else ""))


def _address(version, name: str = "", more: str = "") -> str:
    where = reverse("office:guide_form", args=[version.pk])
    query = f"?field={name}" + (f"&more={more}" if more else "") if name else ""
    return f"{where}{query}#f-{name}" if name else where


def _rearranged(fields: list, request, act: str, rest: str) -> tuple[list, str, str]:
    """The form after a button of the cards: (form, the question to open, what to say)."""
    name, _colon, more = rest.partition(":")
    if act == "new":
        made, new = designing.added(fields, request.POST.get("type", "text"), request.POST.get("after", ""))
        return made, new, ""
    if act == "copy":
        made, new = designing.doubled(fields, name)
        return made, new, ""
    if act == "delete":
        return designing.without(fields, name), "", _("Deleted. It can be taken back under “History of this draft”.")
    if act in ("up", "down"):
        return designing.moved(fields, name, -1 if act == "up" else 1), "", ""
    if act == "place":
        return (
            designing.moved(fields, name, to=int(more) if more.isascii() and more.isdigit() and len(more) < 4 else 0),
            "",
            "",
        )
    if act == "section":
        return designing.section_begun(fields, name), "", ""
    if act == "heading" and name.isascii() and name.isdigit():
        heading = both(
            request.POST.get(f"heading.{name}.zh", "").strip()[:60],
            request.POST.get(f"heading.{name}.en", "").strip()[:60],
        )
        return designing.section_named(fields, int(name), heading), "", ""
    return fields, "", ""


def _field_posted(request, officer, version, name, act, rest):
    post = request.POST
    group, _colon, number = rest.partition(":")
    if group.startswith(f"{formulas.ROOT}_") and act in ("condition", "group", "up", "down", "remove"):
        return _formula_turned(request, officer, version, name, act, group)
    if group in ("options", "columns", "does") and act in ("up", "down", "remove"):
        post = designing.rearranged(post, group, act, number)
    try:
        fields, new = designing.read(post, version.form, name)
    except designing.Misdrawn as wrong:
        if autosaved(request):
            return _refused(wrong.errors)
        shown = [wrong.field if one.get("id") == name else one for one in version.form]
        formula = _formula_typed(request, version.form, name)
        if act in ("condition", "group", "redraw"):  # what is still missing is said when it is saved
            tree = _tree(request, version.form, name, act, group)
            return _page(request, officer, version, shown, name, tree=tree, formula=formula)
        return _page(request, officer, version, shown, name, errors=wrong.errors, formula=formula)
    if act == "try":
        return _page(request, officer, version, fields, new, trial=_trial(request, fields, new))
    if act in ("condition", "group", "redraw") or (act in ("up", "down", "remove") and group.startswith("c.")):
        tree = _tree(request, version.form, name, act, group)
        one = next(field for field in fields if field["id"] == new)
        if act in ("condition", "group", "redraw"):
            formula = _formula_typed(request, version.form, name)
            return _page(request, officer, version, fields, new, tree=tree, formula=formula)
        logic = conditions.short(conditions.logic_of(tree))
        one.pop("show_if", None)
        if logic:
            one["show_if"] = logic
    try:
        draft = drafting.save(version, "form", {"form": fields}, seen=revision_of(request), officer=officer)
    except drafting.Together as met:
        return together(request, met) or _page(
            request, officer, own_draft(officer, version.pk), fields, new, problem=met
        )
    if autosaved(request):
        return saved(draft)
    if act == "close":
        messages.success(request, _("Saved."))
        return redirect(f"{reverse('office:guide_form', args=[version.pk])}#f-{new}")
    return redirect(_address(version, new, group if act == "add" else ""))


def _tree(request, form: list, name: str, act: str, where: str) -> dict:
    """The conditions as the page has them, after one of their buttons."""
    facts = conditions.facts_of_form(designing.before(form, name))
    return conditions.changed(conditions.read(request.POST, facts).tree, act, where or "c")


def _formula_typed(request, form: list, name: str) -> dict | None:
    """The formula as the page has it, whole or not; None where the page shows none."""
    if request.POST.get(f"{formulas.ROOT}.pick") in (None, formulas.AS_IT_IS):
        return None
    asked = [one for one in designing.readable(form) if one.id != name]
    return formulas.read(request.POST, formulas.givens(asked), conditions.facts_of_form(asked)).tree


def _formula_turned(request, officer, version, name, act, group):
    """A button of a condition inside the formula: drawn anew, kept when it is saved."""
    formula = formulas.changed(_formula_typed(request, version.form, name) or {}, act, group)
    try:
        fields, new = designing.read(request.POST, version.form, name)
    except designing.Misdrawn as wrong:
        fields, new = [wrong.field if one.get("id") == name else one for one in version.form], name
    return _page(request, officer, version, fields, new, formula=formula)


def _trial(request, fields: list, name: str) -> dict[str, Any]:
    """The formula with made-up answers: what it asks for, and what comes out."""
    try:
        form = Form.from_demo(fields)
    except (FormError, RuleError, ValueError) as wrong:
        return {"why": [str(wrong)]}
    asked = formulas.examples(form, name, request.POST)
    if not any(one["value"] for one in asked):
        return {"asked": asked}
    found, why = formulas.tried(form, name, request.POST, timezone.localdate())
    return {"asked": asked, "result": filling.in_words(form[name], found), "told": True, "why": why}


def _refused(errors: dict):
    first = next(iter(errors.values()))[0]
    return JsonResponse(
        {"title": str(first), "code": "misread", "status": 422}, status=422, content_type="application/problem+json"
    )


def _page(request, officer, version, fields, opened, *, errors=None, problem=None, tree=None, formula=None, trial=None):
    chosen = next((one for one in fields if one.get("id") == opened), None)
    drawn = designing.drawn(chosen, fields) if chosen else None
    if drawn is not None:
        if chosen is not None and drawn["with_formula"]:
            drawn["formula"] = designing.formula_of(chosen, fields, formula)
            if chosen.get("formula") and not errors:
                drawn["trial"] = trial or _trial(request, fields, opened)
        if tree is not None:
            drawn |= {"tree": conditions.drawn(tree, drawn["facts"], "c"), "asked": True}
        _one_more(drawn, request.GET.get("more", ""))
    context = {
        **frame(request, officer, version, "form"),
        "sections": designing.sections(fields),
        "cards": {one["id"]: _card(one, fields) for one in fields},
        "opened": drawn,
        "types": list(designing.CARDS.items()),
        "column_types": designing.IN_TABLES,
        "events": list(form_actions.WHEN.items()),
        "sources": sources_of(version),
        "code_lists": [(key, say(name)) for key, name in code_lists.names().items()],
        "errors": errors or {},
        "labels": dict.fromkeys(errors or {}, _("This question")),
        "problem": problem,
        "count": len(fields),
    }
    status = problem.status if isinstance(problem, NotAllowed) else 422 if errors else 200
    return render(request, "office/catalogue/form.html", context, status=status)


def _one_more(drawn: dict, more: str) -> None:
    if more == "options":
        drawn["options"].append({"code": "", "zh": "", "en": ""})
    elif more == "columns":
        drawn["columns"].append({"id": "", "zh": "", "en": "", "type": "text", "required": False, "options": ""})
    drawn["sources"] = [*drawn["sources"], *[""] * (3 - len(drawn["sources"]))][:3]


def _card(one: dict, fields: list) -> dict[str, Any]:
    label = designing.label_of(one)
    said = None
    plain = {"type": "text"} if one.get("type") == ACTION else {}
    if one.get("show_if"):
        try:
            field = Form.from_demo([{**one, "section": "", **plain}, *[other for other in fields if other is not one]])[
                one["id"]
            ]
            facts = conditions.facts_of_form(designing.before(fields, one["id"]))
            said = conditions.spoken(field.show_if, facts)
        except (FormError, RuleError, ValueError):
            said = None
    return {
        "id": one["id"],
        "zh": label.get("zh", ""),
        "en": label.get("en", ""),
        "kind": designing.CARDS.get(one.get("type", "text"), one.get("type")),
        "required": one.get("required"),
        "prefill": bool(one.get("prefill")),
        "said": said,
        "formula": bool(one.get("formula")),
        "formula_said": formulas.spoken(one.get("formula"), designing.readable(fields)) if one.get("formula") else None,
        "condition": bool(one.get("show_if")),
        "action": form_actions.spoken(one, designing.readable(fields)) if one.get("type") == ACTION else None,
    }


# -- the form itself


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@xframe_options_sameorigin
@csp_replace({"frame-ancestors": ["'self'"]})
@for_officer(*EDITORS)
def preview(request, officer, pk):
    """The very form that people will fill in, in a language and an edition; sent, it is judged, and nothing is kept."""
    version = own_draft(officer, pk)
    language = "en" if request.GET.get("in") == "en" else "zh-hans"
    edition = "elderly" if request.GET.get("as") == "elderly" else "standard"
    request.COOKIES = {
        **request.COOKIES,
        "edition": edition,
    }  # how this one page is drawn; the officer's own choice stays
    with translation.override(language):
        try:
            form = Form.from_demo(version.form)
        except (FormError, RuleError, ValueError) as wrong:
            return render(request, "office/catalogue/preview_broken.html", {"why": str(wrong)}, status=200)
        values: dict[str, Any] = {}
        errors: dict[str, Any] = {}
        tried = False
        told: dict[str, Any] = {}
        if request.method == "POST":
            values, errors, tried = _tried(request, form)
            told = _acted(form, values, request.POST.get("act", ""))
        context = {
            "version": version,
            "form": form,
            "values": values,
            "errors": errors,
            "labels": errand.labels_of(form, errors),
            "divisions": errand.divisions(),
            "fits": tried and not errors,
            "answers": [(say(one.label), one.display(values.get(one.id))) for one in form.visible(values)]
            if tried
            else [],
            "acts": {"told": told},
            "lang": request.GET.get("in", "zh"),
            "edition": edition,
        }
        return render(request, "office/catalogue/preview.html", context)


def _acted(form: Form, values: dict[str, Any], pressed: str) -> dict[str, Any]:
    """What actions do with made-up answers: they set them, and say which registers they would ask. None is read."""
    before = {name: value for name, value in values.items() if value not in (None, "", [])}
    for name, (_action, value) in form.with_what_changes({}, before).items():
        values.setdefault(name, value)
    told = {}
    for one in form.actions_shown(values):
        if one.on == "change" and values.get(one.of) in (None, "", []) or one.on == "press" and one.id != pressed:
            continue
        lines = []
        if one.on == "press":
            for name, said in one.sets.items():
                try:
                    values[name] = form.fixed_value(name, said)
                except FormError:
                    continue
        names = [(name, say(form[name].label)) for name in one.fills if name in form]
        if names:
            sentence = _("Would be looked up here (in a trial no register is read):")
            lines.append({"icon": "info", "sentence": sentence, "fields": names})
        if sets := [(name, say(form[name].label)) for name in one.sets if name in form]:
            lines.append({"icon": "check", "sentence": _("Set:"), "fields": sets})
        if one.on == "press" and one.goes_to in form:
            leads = [(one.goes_to, say(form[one.goes_to].label))]
            lines.append({"icon": "arrow-right", "sentence": _("Leads to:"), "fields": leads})
        if one.on == "press" and not lines:
            lines.append(
                {"icon": "save", "sentence": _("Would be done here: nothing is saved in a trial."), "fields": []}
            )
        told[one.id] = {"lines": lines, "differs": [], "pdf": ""}
    return told


def _tried(request, form: Form) -> tuple[dict, dict, bool]:
    typed = request.POST.copy()
    name, _dash, number = typed.get("remove-row", "").rpartition("-")
    if name in form:
        typed[f"{name}-{number}-remove"] = "on"
    only_rows = (
        "add-row" in request.POST or "remove-row" in request.POST or "again" in request.POST or "act" in request.POST
    )
    cleaned = form.validate(
        typed, request.FILES, partial=only_rows, known=errand.known_codes(), today=timezone.localdate()
    )
    values = errand.with_one_more_row(request, dict(cleaned.draft))
    return values, {} if only_rows else cleaned.errors, not only_rows
