"""The errand: begin, situation, form, documents, check, send. Every step is a page of its own that works without script.

A case given back for correction goes through the same pages, with what is marked shown beside the field or document.
"""

from uuid import uuid4

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from tongban.cases import (
    barring,
    bundles,
    clocks,
    correction,
    draft_sheet,
    offering,
    only_one,
    planning,
    rules,
    services,
    signers,
    standing,
)
from tongban.cases import queries as cases
from tongban.cases.models import Case, CaseMaterial
from tongban.cases.services import carrying, ending, together
from tongban.cases.states import EDITABLE, CaseState
from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_party
from tongban.channels.pages import beside_case, bundle_answers, errand, parts, promise_words, whereabouts
from tongban.channels.pages.look import Look
from tongban.channels.portal import bundle_words, disputed, doing, views_links, views_one_more
from tongban.channels.portal.own import own_case
from tongban.channels.portal.papers_read import PaperRead, changeable, offers_of, papers_of
from tongban.lib.bilingual import say
from tongban.lib.formschema import Form
from tongban.lib.problems import Invalid, NotAllowed
from tongban.materials import queries as papers
from tongban.materials import services as paper_services
from tongban.matters.models import Matter, MatterVersion
from tongban.parties import mandates
from tongban.parties.models import Party
from tongban.parties.states import Act
from tongban.registers import consenting
from tongban.registers.models import Resource

STEPS = [
    ("situation", gettext_lazy("Situation")),
    ("form", gettext_lazy("Form")),
    ("materials", gettext_lazy("Documents")),
    ("check", gettext_lazy("Check and sign")),
]


# -- beginning


@for_party
def begin(request, party, slug):
    """What you need, for whom you apply, drafts to go on with; then a prefilled draft."""
    matter = get_object_or_404(Matter.objects.select_related("department"), slug=slug)
    version = matter.versions.filter(state=MatterVersion.State.PUBLISHED).select_related("matter").first()
    possible = [
        one
        for one in doorkeeper.all_spaces(request)
        if version is not None
        and serves(version, one)
        and any(power.allows(Act.PREPARE, slug) for power in doorkeeper.powers_over(request, one))
    ]
    refused = False
    if request.method == "POST":
        chosen = next((one for one in possible if str(one.pk) == request.POST.get("for")), None) or (
            party if party in possible else possible[0] if len(possible) == 1 else party
        )
        if chosen.pk != party.pk:
            doorkeeper.enter_space(request, chosen)
        try:
            case = services.begin(
                matter,
                party=chosen,
                account=request.user,
                channel=channel_of(request),
                situation=request.POST.getlist("situation"),
                consents=request.POST.getlist("consent"),
                offered=views_links.brought(request),
            )
            return redirect(next_step(case))
        except only_one.TakesOnlyOne:  # said on the page, with the way to the one there is
            party, refused = chosen, True
    context = {
        "matter": matter,
        "version": version,
        "possible": possible,
        "party": party,
        "drafts": [
            case
            for one in possible
            for case in cases.within(
                cases.drafts(one).filter(matter=matter), doorkeeper.powers_over(request, one), request.user
            )[:5]
        ],
        "wanted": rules.requirements(version, []) if version else [],
        "situations": [one for one in version.situations if one["id"] in request.GET.getlist("situation")]
        if version
        else [],
        "fields": views_links.offerable(version) if version is not None and version.online else [],
        "brought": views_links.again(request) if refused else [],
        "bundle": bundle_words.beginning(version, request.GET) if version else None,
        "consents": [
            {"slug": grant.resource.slug, "words": consenting.words(grant, version.name)}
            for grant in (consenting.needed(slug, party) if version else ())
        ],
    }
    context["only"] = views_one_more.before_beginning(version, party, timezone.localdate())
    context["running"] = [] if context["only"] else views_one_more.running(request, possible, matter)
    return render(request, "portal/apply/begin.html", context, status=409 if refused else 200)


def serves(version: MatterVersion, party: Party) -> bool:
    served = set(version.objects_served)
    return "person" in served if party.kind == Party.Kind.PERSON else bool(served - {"person"})


def channel_of(request) -> str:
    """Phone or computer, by what the browser says of itself."""
    mobile = request.headers.get("sec-ch-ua-mobile") == "?1" or "Mobi" in request.headers.get("user-agent", "")
    return Case.Channel.ONLINE_MOBILE if mobile else Case.Channel.ONLINE_PC


def steps_of(case: Case) -> list[str]:
    """The steps this application has: the situation only where there is a choice."""
    return [name for name, _label in STEPS if name != "situation" or bundle_answers.asks(case)]


def next_step(case: Case, after: str | None = None) -> str:
    """Where to go on: after a step, or where the draft was left."""
    names = steps_of(case)
    if after in names:
        name = names[min(names.index(after) + 1, len(names) - 1)]
    elif "situation" in names and planning.unanswered(case):
        name = "situation"
    elif marked := _marked_step(case):
        name = marked
    else:
        name = case.step if case.step in names and case.step != "situation" else "form"
    return reverse(f"portal:apply_{name}", args=[case.ref])


def _marked_step(case: Case) -> str:
    """Of an application that was given back: where what is still marked stands. "" when nothing is, or it was not given back."""
    if case.state not in {CaseState.PRE_REVIEW_RETURNED, CaseState.CORRECTION_REQUESTED}:
        return ""
    marked = [one for one in cases.open_findings(case) if not one.answered_at]
    return ("materials" if all(one.material for one in marked) else "form") if marked else ""


def stepper(case: Case, current: str) -> list[dict]:
    labels = dict(STEPS)
    names = steps_of(case)
    at = names.index(current)
    return [
        {
            "label": labels[name],
            "state": "current" if name == current else "done" if place < at else "todo",
            "href": reverse(f"portal:apply_{name}", args=[case.ref]) if place < at else "",
        }
        for place, name in enumerate(names)
    ]


def open_or_leave(view):
    """A step of a case that is not to be worked on any more leads to the case itself."""

    def opened(request, party, ref, *args, **kwargs):
        case = own_case(request, ref)
        if case.state not in EDITABLE:
            return redirect("portal:case", ref=case.ref)
        return view(request, request.party, case, *args, **kwargs)

    opened.__name__, opened.__doc__ = view.__name__, view.__doc__
    return opened


@for_party
@open_or_leave
def resume(request, party, case):
    """Go on where it was left."""
    return redirect(next_step(case))


def shared(request, party, case, current, **more) -> dict:
    """What every page of the errand shows. Who works in it beside the applicant is said, and hears at which step they are."""
    hands = list(cases.hands_at_work(case))
    if hands or case.number:
        whereabouts.note(case, current)
    return {
        "base": "base_portal.html",
        "hands": hands,
        "case": case,
        "version": case.version,
        "party": party,
        "current": current,
        "steps": stepper(case, current),
        "findings": cases.open_findings(case) if case.state != CaseState.DRAFT else [],
        "points": _points(case),
        "carried": carrying.at_work_in(case),
        "on_list": together.place_of(request.user, case),
        "tab": request.POST.get("tab") or uuid4().hex[:20],
        **more,
    }


def _points(case: Case) -> dict:
    """How far the answers to a notice are, and whether only what is marked may be changed."""
    done, total = correction.progress(case)
    return {"done": done, "total": total, "only_marked": correction.changeable(case) is not None}


# -- situation


@for_party
@open_or_leave
def situation(request, party, case):
    """Which of the guide's situations applies: documents and form follow."""
    if "situation" not in steps_of(case):  # this matter has no choice to make
        return redirect(next_step(case))
    errors = {}
    if request.method == "POST":
        answers = request.POST.getlist("situation")
        if planning.is_bundle(case):
            answers = bundle_answers.answered(case, request.POST)
        try:
            case = services.choose_situation(case, answers, account=request.user)
            return redirect(next_step(case, "situation"))
        except Invalid as invalid:
            errors = invalid.errors
    context = shared(
        request, party, case, "situation",
        errors=errors,
        options=promise_words.options(case.version),
        chosen=next(iter(case.situation), ""),
        questions=bundle_answers.of_case(case),
    )  # fmt: skip
    return render(request, "portal/apply/situation.html", context, status=422 if errors else 200)


# -- form


@for_party
@open_or_leave
def form(request, party, case):
    """The form: prefilled, saved at every step, judged in words."""
    if request.method == "POST":
        return _form_posted(request, party, case)
    errors = {}
    case, told = doing.opened(request, case)
    if request.GET.get("judge"):
        errors = rules.checked(case).errors
    return _form_page(request, party, case, rules.plain_values(case.values), errors, told=told)


def _form_posted(request, party, case):
    asked = rules.form_of(case)
    part = parts.posted(asked, request.POST)
    leave = parts.elsewhere(asked, part) | _locked(case, asked)
    cleaned, answers = errand.answers_typed(request, case, asked, leave=leave)
    before = rules.plain_values(case.values)
    try:
        case = errand.save(request, case, answers, step="form")
    except NotAllowed as problem:
        if problem.code != "changed-elsewhere":
            raise
        case.refresh_from_db()
        return _form_page(request, party, case, {**rules.plain_values(case.values), **answers}, {}, conflict=problem)
    case = doing.follow(request, case, before)
    if "act" in request.POST:
        return _acted(request, party, case, asked)
    if "add-row" in request.POST or "remove-row" in request.POST:
        return _form_page(request, party, case, errand.with_one_more_row(request, rules.plain_values(case.values)), {})
    if "later" in request.POST:
        return redirect("portal:drafts")
    if (table := request.POST.get("from-file", "")) in asked:
        page = f"?part={part.number}" if part is not None else ""
        return redirect(reverse("portal:apply_list", args=[case.ref, table]) + page)
    errors = {**rules.checked(case).errors, **cleaned.errors}
    if part is not None:
        return _turn_the_page(request, party, case, asked, part, errors, cleaned.remarks)
    if errors:
        return _form_page(request, party, case, rules.plain_values(case.values), errors, remarks=cleaned.remarks)
    return redirect(next_step(case, "form"))


def _acted(request, party, case, asked):
    """A button of the form was pressed: it is done, and the page comes back with what it did, or goes where it leads."""
    action, take = doing.pressed(asked, case, request.POST["act"])
    told = doing.kept(request, case)
    if action is not None:
        case, said = services.form_actions.press(case, action, account=request.user, take=take)
        told.append(said)
        if action.goes_to in asked and not take:
            for one in told:
                doing.keep(request, case, one)
            where = f"?field={action.goes_to}" if request.POST.get("part") else ""
            return redirect(
                f"{reverse('portal:apply_form', args=[case.ref])}{where}#id_{asked[action.goes_to].html_name}"
            )
    return _form_page(request, party, case, rules.plain_values(case.values), {}, told=told)


@require_GET
@for_party
@open_or_leave
def so_far(request, party, case):
    """The application as far as it is filled in, as PDF. It says on itself that it was not sent."""
    doorkeeper.reading(request, party, "own application", ["form"], about=case.subject)
    response = HttpResponse(draft_sheet.draw(case, timezone.now()), content_type="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="{case.ref}.pdf"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _locked(case: Case, asked: Form) -> set[str]:
    """What stays as it was sent while only marked things may be changed."""
    limits = correction.changeable(case)
    return {one.id for one in asked if one.id not in limits.fields} if limits is not None else set()


def _turn_the_page(request, party, case, asked, part, errors, remarks):
    """The elderly edition: to the page before or after, the same again, or out of the form."""
    values, back = rules.plain_values(case.values), "back" in request.POST
    following = parts.after_sending(part, asked, values, errors, back=back)
    if following is None:
        return redirect(next_step(case, "form"))
    if following is part and not back:
        return _form_page(request, party, case, values, errors, remarks=remarks)
    judged = "&judge=1" if following.number < part.number and not back else ""
    return redirect(f"{reverse('portal:apply_form', args=[case.ref])}?part={following.number}{judged}")


def _form_page(request, party, case, values, errors, *, conflict=None, remarks=None, told=()):
    whole = rules.form_of(case)
    asked: Form | parts.Part = whole
    part = None
    if Look(request).elderly or request.POST.get("part"):
        wanted = parts.wanted(whole, request) or _first_marked(case, whole)
        asked = part = parts.chosen(whole, values, wanted)
        errors = {name: told for name, told in errors.items() if name.split("-")[0] in part}
    limits = correction.changeable(case)
    if limits is not None and part is None:
        asked = parts.Part(0, "", tuple(one.id for one in whole if one.id in limits.fields), whole)
    marked = (
        {finding.field: finding for finding in cases.open_findings(case) if finding.field and not finding.answered_at}
        if case.number
        else {}
    )
    doorkeeper.reading(request, party, "own application", ["form"], about=case.subject)
    context = shared(
        request, party, case, "form",
        form=asked,
        values=values,
        errors=errors,
        labels=errand.labels_of(whole, errors),
        remarks={**doing.remarks(case, whole), **(remarks or {})},
        meant=beside_case.meant(case),
        sources=sources(case),
        acts=doing.acts(case, whole, told),
        offers=offers_of(case),
        known=sum(1 for held in case.values.values() if not held["source"].startswith(("applicant", "paper:")))
        if limits is None
        else 0,  # what is filled in does not stand on a page of marked things only
        earlier=len(offering.earlier(case)),
        marked=marked,
        conflict=conflict,
        part=part,
        place=parts.around(part, whole, values) if part is not None else None,
        divisions=errand.divisions(),
        asked=bundle_words.asked_by(case),
    )  # fmt: skip
    return render(request, "portal/apply/form.html", context, status=409 if conflict else 422 if errors else 200)


def _first_marked(case: Case, whole: Form) -> str:
    """The page of the first point of a notice that is still open: links to it and the way in lead there."""
    marked = (
        {one.field for one in cases.open_findings(case) if one.field and not one.answered_at} if case.number else ()
    )
    return next((str(part.number) for part in parts.all_parts(whole) if any(name in part for name in marked)), "")


def sources(case: Case) -> dict[str, dict]:
    """Where each prefilled value came from, and where it can be put right."""
    put_right = disputed.ways(case, errand.from_sources(case))
    return {field: {**one, **put_right.get(field, {})} for field, one in errand.sources(case).items()}


@require_POST
@for_party
@open_or_leave
def autosave(request, party, case):
    """Keep what is typed so far; called by the page itself a second after typing stops."""
    asked = rules.form_of(case)
    leave = parts.elsewhere(asked, parts.posted(asked, request.POST)) | _locked(case, asked)
    _cleaned, answers = errand.answers_typed(request, case, asked, leave=leave)
    before = rules.plain_values(case.values)
    case = errand.save(request, case, answers, step="form")
    case = doing.follow(request, case, before)
    return errand.saved(case, asked)


# -- documents


@for_party
@open_or_leave
def materials(request, party, case):
    """What is needed: what we have already, and what to hand in."""
    if request.method == "POST":
        return redirect(next_step(case, "materials"))
    return _materials_page(request, party, case)


def _materials_page(request, party, case, *, refused: dict[str, Invalid] | None = None, status: int = 200):
    """`refused`: {material: why what was sent for it is not taken}, said beside the field."""
    case = services.refresh_materials(case, account=request.user)
    services.look_over(case)
    read, refused = papers_of(request, case), refused or {}
    held = list(case.materials.select_related("type", "document", "licence", "licence__type"))
    sent_before, limits = cases.sent_before(case, held), correction.changeable(case)
    rows = [
        _shown(row, case, read.get(row.type.slug), limits)
        | {"errors": errand.why_not(refused.get(row.type.slug)), "sent_before": sent_before.get(row.pk)}
        for row in held
    ]
    context = shared(
        request, party, case, "materials",
        changeable=changeable(case),
        ready=[row for row in rows if row["ready"]],
        wanted=[row for row in rows if not row["ready"] and row["row"].required],
        optional=[row for row in rows if not row["ready"] and not row["row"].required],
        next=next_step(case, "materials"),
    )  # fmt: skip
    return render(request, "portal/apply/materials.html", context, status=status)


def _shown(row: CaseMaterial, case: Case, read: PaperRead | None, limits: correction.Changeable | None) -> dict:
    asked = next((one for one in rules.requirements_of(case) if one.slug == row.type.slug), None)
    pages = list(row.document.pages.all()) if row.document else []
    found = cases.open_findings(case) if case.number else []
    wrong_pages = {one.page: one.text for one in found if one.material == row.type.slug and not one.answered_at}
    how = CaseMaterial.How
    return {
        "row": row,
        "paper": read,
        "ready": row.how in {how.LICENCE, how.DATA, how.GENERATED},
        "uploaded": row.how == how.UPLOAD,
        "committed": row.how == how.COMMITMENT,
        "locked": limits is not None and row.type.slug not in limits.materials,
        "when": say(asked.when) if asked and asked.when and not row.required else "",
        "may_commit": bool(asked and asked.exempt == "commitment"),
        "later": row.how == how.LATER,
        "may_follow": bool(asked and asked.tolerant and row.required),
        "wrong": [one for one in cases.open_findings(case) if one.material == row.type.slug and not one.answered_at]
        if case.number
        else [],
        "asked_by": [say(name) for name in bundles.names_of_members(case, material=row.type.slug)],
        "resource": Resource.objects.filter(slug=row.resource).first() if row.resource else None,
        "finding": next((one for one in cases.open_findings(case) if one.material == row.type.slug), None)
        if case.number
        else None,
        "pages": [
            {
                "href": reverse("portal:paper", args=[row.document.key, page.pk]),
                "thumbnail": reverse("portal:paper_preview", args=[row.document.key, page.pk]),
                "number": number,
                "remove_value": page.pk,
                "marked": wrong_pages.get(number, ""),
            }
            for number, page in enumerate(pages, 1)
        ],
    }


@require_POST
@for_party
@open_or_leave
def material(request, party, case, slug):
    """Add pages, take one out, take the whole document out, or promise in writing instead."""
    row = get_object_or_404(case.materials.select_related("type", "document"), type__slug=slug)
    try:
        _hand_in(request, case, row, request.user)
    except Invalid as refused:
        if doorkeeper.wants_data(request):
            raise
        return _materials_page(request, party, case, refused={slug: refused}, status=refused.status)
    if doorkeeper.wants_data(request):
        return JsonResponse({"kept": True}, status=201)
    return redirect(f"{reverse('portal:apply_materials', args=[case.ref])}#material-{slug}")


def _hand_in(request, case, row, account):
    slug = row.type.slug
    if request.FILES:
        errand.add_pages(case, row, request.FILES.getlist("file"), account)
    elif page_id := request.POST.get("remove-page", ""):
        errand.take_out(case, row, page_id, account)
    elif "commit" in request.POST:
        services.commit_to(case, slug, account=account)
    elif "later" in request.POST:
        services.supply_later(case, slug, account=account)
    elif "detach" in request.POST:
        services.detach(case, slug, account=account)
    else:
        raise Invalid("no_file", _("No file was chosen."), kept=_("Everything you sent before is kept."))


# -- check, sign, send


@require_GET
@for_party
@open_or_leave
def check(request, party, case):
    """All answers on one page, what is missing, the fee, the promised date; then sign and send."""
    return _check_page(request, party, case)


def _check_page(request, party, case, *, problem=None, status=200, only=None):
    services.look_over(case)
    asked = rules.form_of(case)
    values = rules.plain_values(case.values)
    rows = list(case.materials.select_related("type", "licence", "document"))
    level = doorkeeper.level(request)
    lacking = rules.missing(case, rows, level=rules.SIGNING_LEVEL)
    known_from = sources(case)
    wrong, locked = {name.split("-")[0] for name in lacking.fields}, _locked(case, asked)
    answers: list[dict] = [
        {
            "id": one.id,
            "label": one.label,
            "value": errand.named(one, one.display(values.get(one.id))),
            "covered": one.covered(values.get(one.id)),
            "full": one.display(values.get(one.id), masked=False),
            "rows": one.display_rows(values.get(one.id)) if one.type == "table" else None,
            "rows_in_full": one.display_rows(values.get(one.id), masked=False) if one.type == "table" else None,
            "columns": [say(column.label) for column in one.columns],
            "source": known_from.get(one.id),
            "missing": one.id in wrong,
            "fixed": (one.readonly and one.id in known_from) or one.id in locked,
        }
        for one in asked.visible(values)
    ]
    doorkeeper.reading(request, party, "own application", ["form"], about=case.subject)
    sent_before = cases.sent_before(case, rows)
    only = only or views_one_more.beside(case, timezone.localdate())
    for row in rows:
        row.sent_before = sent_before.get(row.pk)
    context = shared(
        request, party, case, "check",
        answers=answers,
        materials=rows,
        situations=[one for one in case.version.situations if one["id"] in case.situation],
        lacking=lacking,
        bars=barring.bars(case, today=timezone.localdate()),
        only=only,
        running=[]
        if only or case.number
        else views_one_more.running(request, [case.applicant], case.matter, but=case.ref),
        ends=ending.what_ends(case, today=timezone.localdate()) if barring.closes(case) else [],
        signing=level >= rules.SIGNING_LEVEL,
        may_not_send=_why_not_to_send(request, case),
        expected=clocks.expected(case, sent=timezone.now()),
        days=promise_words.days_in_words(case.version, case.situation),
        fee=case.version.fee or {},
        reckoned=rules.fee_for(case) if (case.version.fee or {}).get("reckoned") else None,
        bundle=bundle_words.checked(case),
        key=uuid4().hex,
        others_sign=bool(signers.expected(case)),
        changeable=changeable(case),
        read=[(slug, paper) for slug, paper in papers_of(request, case).items() if paper.lines or paper.begun],
        remark=request.POST.get("remark", ""),
        problem=problem,
        sign_errors=problem.errors.get("sign", []) if problem else [],
        prefilled=sum(1 for one in answers if one["source"] and not one["source"]["changed"]),
        earlier=sum(1 for one in answers if (one["source"] or {}).get("earlier")) + len(sent_before),
        committed=[row for row in rows if row.how == CaseMaterial.How.COMMITMENT],
        promise=beside_case.promise_at_the_end(case),
        promise_errors=problem.errors.get("promise", []) if problem else [],
    )  # fmt: skip
    return render(request, "portal/apply/check.html", context, status=422 if problem else status)


def _why_not_to_send(request, case: Case) -> NotAllowed | None:
    """Whoever may only prepare, or has sent as many as the mandate is for, reads it before showing a face and pressing."""
    held = doorkeeper.powers_over(request, case.applicant_id)
    if mandates.choose(held, act=Act.SUBMIT, matter=standing.matter_of(case)) is not None:
        return None
    return mandates.no_power_for(held, Act.SUBMIT)


@require_POST
@for_party(level=3)
def submit(request, party, ref):
    """Sign and send. However often it is pressed, there is one case."""
    case = own_case(request, ref)
    party = request.party
    if case.state not in EDITABLE:
        return redirect(f"{reverse('portal:case', args=[case.ref])}?sent=1")
    if request.POST.get("sign") not in {"1", "true", "on"}:
        unsigned = _("Please tick that everything is true and that you sign.")
        problem = Invalid("not-signed", unsigned, errors={"sign": [unsigned]}, kept=_("Your draft is kept."))
        return _check_page(request, party, case, problem=problem)
    if beside_case.promise_at_the_end(case)["text"] and request.POST.get("promise") not in {"1", "true", "on"}:
        unsigned = _("Please read your promise and tick that you sign it.")
        problem = Invalid("promise-not-signed", unsigned, errors={"promise": [unsigned]}, kept=_("Your draft is kept."))
        return _check_page(request, party, case, problem=problem)
    try:
        case = _send(case, request)
    except Invalid as problem:
        return _check_page(request, party, case, problem=problem)
    except only_one.TakesOnlyOne as problem:  # the panel of the page says it
        only = views_one_more.shown(problem.against, case.applicant)
        return _check_page(request, party, case, status=problem.status, only=only)
    return redirect(f"{reverse('portal:case', args=[case.ref])}?sent=1")


def _send(case, request):
    level, account = doorkeeper.level(request), request.user
    remark = request.POST.get("remark", "")
    if case.state == CaseState.CORRECTION_REQUESTED:
        return services.correct(case, account=account, level=level, remark=remark)
    if case.state == CaseState.PRE_REVIEW_RETURNED:
        return services.resubmit(case, account=account, level=level, remark=remark)
    return services.submit(case, account=account, level=level, key=request.POST.get("key", ""), remark=remark)


@require_POST
@for_party
@open_or_leave
def answer_finding(request, party, case, finding):
    """This point is done, or right as it is, with a word of why."""
    services.answer_finding(case, finding, account=request.user, answer=request.POST.get("answer", ""))
    step = request.POST.get("next") if request.POST.get("next") in dict(STEPS) else "check"
    return redirect(f"{reverse(f'portal:apply_{step}', args=[case.ref])}#what-to-change")


@require_POST
@for_party
def delete(request, party, ref):
    """Delete a draft."""
    case = own_case(request, ref)
    kept = services.delete(case, account=request.user)
    if kept is not None:
        day = date_format(timezone.localtime(kept.until), "DATE_FORMAT")
        messages.success(request, _("The draft is deleted. You can have it back below until %(day)s.") % {"day": day})
    return redirect("portal:drafts")


@require_POST
@for_party
def keep(request, party, ref):
    """Keep a draft that would end soon."""
    services.extend_draft(own_case(request, ref), account=request.user)
    return redirect("portal:drafts")


# -- papers of the party


@require_GET
@for_party
def paper(request, party, key, page):
    """One page of one's own paper, as it is kept."""
    return _paper(request, party, key, page, preview=False)


@require_GET
@for_party
def paper_preview(request, party, key, page):
    return _paper(request, party, key, page, preview=True)


@require_POST
@for_party
def paper_again(request, party, key, page):
    """A page that our storage has damaged, sent again."""
    visible = papers.pages_visible_to(request.user, today=timezone.localdate())
    found = get_object_or_404(visible, pk=page, document__key=key)
    file = next(iter(request.FILES.values()), None)
    if file is None:
        raise Invalid("no_file", _("No file was chosen."), kept=_("Everything you sent before is kept."))
    paper_services.send_again(found, file, by=request.user)
    messages.success(request, _("The page has come. Thank you: the case goes on."))
    material = CaseMaterial.objects.filter(document=found.document_id).select_related("case").order_by("-id").first()
    return redirect("portal:case", ref=material.case.ref) if material else redirect("portal:cases")


def _paper(request, party, key, page, *, preview):
    found = get_object_or_404(
        papers.pages_visible_to(request.user, today=timezone.localdate()), pk=page, document__key=key
    )
    doorkeeper.reading(request, found.document.owner_id, "own documents", ["document"], about=f"document:{key}")
    opened = papers.preview(found) if preview else None
    content = opened.content if opened else papers.open_page(found)
    mime = opened.mime if opened else found.mime
    response = HttpResponse(content, content_type=mime)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"
    )
    response.headers["Cache-Control"] = "private, no-store"
    inline = mime.startswith("image/")
    response.headers["Content-Disposition"] = f'{"inline" if inline else "attachment"}; filename="page-{page}"'
    return response
