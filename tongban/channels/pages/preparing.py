"""Filling in a draft for somebody else: the steps of the errand for an officer at a window and for a helper with a code.

The same pages for both; a `Desk` says whose they are, where they lie and what they may show. None of them sends anything.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from uuid import uuid4

from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tongban.cases import clocks, planning, rules, services
from tongban.cases.models import Case, CaseMaterial
from tongban.channels import doorkeeper
from tongban.channels.pages import beside_case, bundle_answers, errand, parts, promise_words
from tongban.channels.pages.look import Look
from tongban.departments.models import Officer
from tongban.lib.bilingual import say
from tongban.lib.formschema import Field, Form
from tongban.lib.problems import Invalid, NotAllowed
from tongban.materials import queries as papers
from tongban.materials.models import Page
from tongban.parties.models import Account

STEPS = [
    ("situation", gettext_lazy("Situation")),
    ("form", gettext_lazy("Form")),
    ("materials", gettext_lazy("Documents")),
    ("check", gettext_lazy("Check and sign")),
]


@dataclass(frozen=True)
class Desk:
    """Whoever fills in: `at` gives the address of a step, `covered` keeps what only the applicant may see out of sight."""

    base: str
    at: Callable[..., str]
    purpose: str
    covered: bool = False
    seen_by: Officer | None = None
    more: dict = field(default_factory=dict)  # what its base shows beside
    account: Account | None = None  # for whom a second device works that is not signed in
    carried: int | None = (
        None  # a second device: numbers it did not type itself are covered there, empty ones are asked
    )

    @property
    def second(self) -> bool:
        """A second device, that is."""
        return self.carried is not None

    def leaves(self, case: Case, asked: Form) -> list[str]:
        """The fields that are neither shown nor taken here."""
        if self.covered:  # a helper sees no numbers and promises nothing for somebody else
            return [one.id for one in asked if errand.is_covered(one) or one.type == "consent"]
        if self.second:
            return [one.id for one in asked if errand.is_covered(one) and _typed_elsewhere(case, one.id, self.carried)]
        return []


def _typed_elsewhere(case: Case, field_id: str, carried: int | None) -> bool:
    """Not by this second device: by a source, or where the draft was begun, also while the device is at work."""
    held = case.values.get(field_id) or {}
    return held.get("value") not in (None, "", []) and held.get("carried") != carried


class OpenFields:
    """A form without the questions that only the applicant answers."""

    def __init__(self, asked: Form | parts.Part, left: Collection[str]):
        self.asked = asked
        self.form = asked if isinstance(asked, Form) else asked.form
        self.left = [one for one in asked if one.id in left]

    def __iter__(self):
        return iter(one for one in self.asked if one not in self.left)

    def visible(self, values) -> list[Field]:
        return [one for one in self.asked.visible(values) if one not in self.left]


def steps_of(case: Case) -> list[str]:
    return [name for name, _label in STEPS if name != "situation" or bundle_answers.asks(case)]


def next_step(desk: Desk, case: Case, after: str = "") -> str:
    names = steps_of(case)
    if after in names:
        return desk.at(names[min(names.index(after) + 1, len(names) - 1)])
    return desk.at("situation" if "situation" in names and planning.unanswered(case) else "form")


def _shared(desk: Desk, case: Case, current: str, **more) -> dict:
    labels, names = dict(STEPS), steps_of(case)
    place = names.index(current)
    return {
        "desk": desk,
        "base": desk.base,
        **desk.more,
        "case": case,
        "version": case.version,
        "current": current,
        "form_at": desk.at("form"),
        "materials_at": desk.at("materials"),
        "steps": [
            {
                "label": labels[name],
                "state": "current" if name == current else "done" if number < place else "todo",
                "href": desk.at(name) if number != place else "",
            }
            for number, name in enumerate(names)
        ],
        **more,
    }


def situation(request, desk: Desk, case: Case):
    """Which of the guide's situations is the applicant's."""
    if "situation" not in steps_of(case):
        return redirect(next_step(desk, case))
    errors = {}
    if request.method == "POST":
        answers = request.POST.getlist("situation")
        if planning.is_bundle(case):
            answers = bundle_answers.answered(case, request.POST)
        try:
            case = services.choose_situation(case, answers, account=desk.account or request.user)
            return redirect(next_step(desk, case, "situation"))
        except Invalid as invalid:
            errors = invalid.errors
    context = _shared(
        desk, case, "situation",
        errors=errors,
        options=promise_words.options(case.version),
        chosen=next(iter(case.situation), ""),
        questions=bundle_answers.of_case(case),
    )  # fmt: skip
    return render(request, "pages/preparing/situation.html", context, status=422 if errors else 200)


def form(request, desk: Desk, case: Case):
    """The prefilled form. A helper sees neither numbers of people nor telephones nor accounts, and may not answer them."""
    asked = rules.form_of(case)
    left = desk.leaves(case, asked)
    if request.method != "POST":
        errors = rules.checked(case).errors if request.GET.get("judge") else {}
        return _form_page(request, desk, case, asked, rules.plain_values(case.values), errors)
    part = _part_sent(request, desk, asked)
    cleaned, answers = errand.answers_typed(
        request, case, asked, leave=[*left, *parts.elsewhere(asked, part)], account=desk.account
    )
    try:
        case = errand.save(request, case, answers, step="form", account=desk.account, carried=desk.carried)
    except NotAllowed as problem:
        if problem.code != "changed-elsewhere":
            raise
        case.refresh_from_db()
        values = {**rules.plain_values(case.values), **answers}
        return _form_page(request, desk, case, asked, values, {}, conflict=problem)
    if "add-row" in request.POST or "remove-row" in request.POST:
        values = errand.with_one_more_row(request, rules.plain_values(case.values))
        return _form_page(request, desk, case, asked, values, {})
    errors = {**rules.checked(case).errors, **cleaned.errors}
    errors = {name: reasons for name, reasons in errors.items() if name.split("-")[0] not in left}
    values = rules.plain_values(case.values)
    if part is not None:
        return _turn_the_page(request, desk, case, asked, part, values, errors, cleaned.remarks)
    if errors:
        return _form_page(request, desk, case, asked, values, errors, remarks=cleaned.remarks)
    return redirect(next_step(desk, case, "form"))


def _part_sent(request, desk: Desk, asked: Form) -> parts.Part | None:
    """Of the elderly edition's form the page that was sent; officers and helpers have the whole."""
    return parts.posted(asked, request.POST) if desk.second else None


def _turn_the_page(request, desk: Desk, case: Case, asked: Form, part: parts.Part, values, errors, remarks):
    back, left = "back" in request.POST, desk.leaves(case, asked)
    following = parts.after_sending(part, asked, values, errors, back=back, left=left)
    if following is None:
        return redirect(next_step(desk, case, "form"))
    if following is part and not back:
        return _form_page(request, desk, case, asked, values, errors, remarks=remarks)
    judged = "&judge=1" if following.number < part.number and not back else ""
    return redirect(f"{desk.at('form')}?part={following.number}{judged}")


def _form_page(request, desk, case, asked, values, errors, *, conflict=None, remarks=None):
    leaves, whole, part = desk.leaves(case, asked), asked, None
    if desk.second and (Look(request).elderly or request.POST.get("part")):
        asked = part = parts.chosen(whole, values, parts.wanted(whole, request), leaves)
        errors = {name: told for name, told in errors.items() if name.split("-")[0] in part}
    shown = OpenFields(asked, leaves) if leaves or desk.covered else asked
    left = [one for one in asked.visible(values) if one in shown.left] if isinstance(shown, OpenFields) else []
    fields = [one.id for one in shown.visible(values)]
    doorkeeper.reading(
        request, case.applicant_id, desk.purpose, fields if desk.covered else ["form"], about=case.subject
    )
    context = _shared(
        desk, case, "form",
        form=shown,
        values=values,
        errors=errors,
        labels=errand.labels_of(whole, errors),
        remarks=remarks or {},
        meant=beside_case.meant(case),
        sources=errand.sources(case),
        marked={},
        conflict=conflict,
        part=part,
        turning=parts.around(part, whole, values, leaves) if part is not None else None,
        divisions=errand.divisions(),
        left=[(say(one.label), bool(values.get(one.id))) for one in left],
        tab=request.POST.get("tab") or uuid4().hex[:20],
        save_at=desk.at("save"),
    )  # fmt: skip
    return render(request, "pages/preparing/form.html", context, status=409 if conflict else 422 if errors else 200)


def autosave(request, desk: Desk, case: Case):
    """Keep what is typed so far."""
    asked = rules.form_of(case)
    left = [*desk.leaves(case, asked), *parts.elsewhere(asked, _part_sent(request, desk, asked))]
    _cleaned, answers = errand.answers_typed(request, case, asked, leave=left, account=desk.account)
    case = errand.save(request, case, answers, step="form", account=desk.account, carried=desk.carried)
    return errand.saved(case, asked, left)


def materials(request, desk: Desk, case: Case, *, refused: dict[str, Invalid] | None = None, status: int = 200):
    """What is there already, and what is still to be added. `refused`: {material: why what was sent for it is not taken}."""
    refused = refused or {}
    case = services.refresh_materials(case, account=desk.account or request.user)
    links = case.materials.select_related("type", "document", "licence", "licence__type").prefetch_related(
        "document__pages"
    )
    doorkeeper.reading(request, case.applicant_id, desk.purpose, ["materials"], about=case.subject)
    asked = {one.slug: one for one in rules.requirements_of(case)}
    rows = [_material(desk, row, asked) | {"errors": errand.why_not(refused.get(row.type.slug))} for row in links]
    context = _shared(
        desk, case, "materials",
        ready=[one for one in rows if one["ready"]],
        wanted=[one for one in rows if not one["ready"] and one["row"].required],
        optional=[one for one in rows if not one["ready"] and not one["row"].required],
        next=next_step(desk, case, "materials"),
    )  # fmt: skip
    return render(request, "pages/preparing/materials.html", context, status=status)


def _material(desk: Desk, row: CaseMaterial, asked: dict) -> dict:
    how = CaseMaterial.How
    pages = list(row.document.pages.all()) if row.document else []
    wanted = asked.get(row.type.slug)
    return {
        "row": row,
        "ready": row.how in {how.LICENCE, how.DATA, how.GENERATED},
        "uploaded": row.how == how.UPLOAD,
        "seen": row.how == how.PAPER,
        "committed": row.how == how.COMMITMENT,
        "may_commit": bool(wanted and wanted.exempt == "commitment" and desk.seen_by),
        "may_see": desk.seen_by is not None,
        "action": desk.at("material", row.type.slug),
        "count": len(pages),
        "pages": []
        if desk.covered or desk.second
        else [
            {
                "href": desk.at("page", page.pk),
                "thumbnail": desk.at("page", page.pk),
                "number": number,
                "remove_value": page.pk,
            }
            for number, page in enumerate(pages, 1)
        ],
    }


def material(request, desk: Desk, case: Case, slug: str):
    """Add pages to a paper, take some out, or (at a window) say that the original was seen."""
    row = case.materials.select_related("type", "document").filter(type__slug=slug).first()
    if row is None:
        raise Http404
    try:
        _hand_in(request, desk, case, row)
    except Invalid as refused:
        if doorkeeper.wants_data(request):
            raise
        return materials(request, desk, case, refused={slug: refused}, status=refused.status)
    if doorkeeper.wants_data(request):
        return JsonResponse({"kept": True}, status=201)
    return redirect(f"{desk.at('materials')}#material-{slug}")


def _hand_in(request, desk: Desk, case: Case, row: CaseMaterial) -> None:
    account, slug = desk.account or request.user, row.type.slug
    if request.FILES:
        errand.add_pages(case, row, request.FILES.getlist("file"), account, seen_by=desk.seen_by)
    elif "seen" in request.POST and desk.seen_by is not None:
        services.see_paper(case, slug, officer=desk.seen_by)
    elif desk.second and "detach" not in request.POST:
        raise NotAllowed("where-it-began", _("Pages are taken out and promises made where you began."), status=403)
    elif desk.covered:
        raise NotAllowed(
            "only-the-applicant", _("Only the person you help takes papers out or makes promises."), status=403
        )
    elif page_id := request.POST.get("remove-page", ""):
        errand.take_out(case, row, page_id, account)
    elif "commit" in request.POST:
        services.commit_to(case, slug, account=account)
    elif "detach" in request.POST:
        services.detach(case, slug, account=account)
    else:
        raise Invalid("no_file", _("No file was chosen."), kept=_("Everything you sent before is kept."))


def page(request, desk: Desk, case: Case, pk: int):
    """One page of a paper of this draft; never for a helper: on papers stand numbers."""
    found = Page.objects.select_related("document").filter(pk=pk, document__case_materials__case=case).first()
    if found is None or desk.covered or desk.second:
        raise Http404
    doorkeeper.reading(request, case.applicant_id, desk.purpose, ["document"], about=case.subject)
    opened = papers.preview(found)
    response = HttpResponse(opened.content, content_type=opened.mime)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cache-Control"] = "private, no-store"
    return response


def standing(case: Case, *, covered: bool | Collection[str]) -> dict:
    """All answers, materials and what is missing: what a page of checking shows."""
    asked = rules.form_of(case)
    values = rules.plain_values(case.values)
    rows = list(case.materials.select_related("type", "licence", "document"))
    lacking = rules.missing(case, rows, level=rules.SIGNING_LEVEL)
    wrong = {name.split("-")[0] for name in lacking.fields}
    known_from = errand.sources(case)
    answers = []
    for one in asked.visible(values):
        hidden = True if (errand.is_covered(one) if covered is True else covered and one.id in covered) else None
        value = values.get(one.id)
        answers.append(
            {
                "id": one.id,
                "label": one.label,
                "value": one.display(value, masked=hidden),
                "rows": one.display_rows(value, masked=hidden) if one.type == "table" else None,
                "columns": [say(column.label) for column in one.columns],
                "source": known_from.get(one.id),
                "missing": one.id in wrong,
                "fixed": bool(hidden) or (one.readonly and one.id in known_from),
            }
        )
    return {
        "answers": answers,
        "materials": rows,
        "lacking": lacking,
        "situations": [one for one in case.version.situations if one["id"] in case.situation],
        "fee": case.version.fee or {},
        "reckoned": rules.fee_for(case) if (case.version.fee or {}).get("reckoned") else None,
        "expected": clocks.expected(case, sent=timezone.now()),
    }


def check(request, desk: Desk, case: Case, template: str, *, status: int = 200, **more):
    """Everything on one page; what follows (signing at the window, or the own device) is the template's."""
    doorkeeper.reading(request, case.applicant_id, desk.purpose, ["form", "materials"], about=case.subject)
    context = _shared(
        desk, case, "check", **standing(case, covered=desk.covered or desk.leaves(case, rules.form_of(case))), **more
    )
    return render(request, template, context, status=status)
