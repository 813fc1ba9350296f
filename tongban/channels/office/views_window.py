"""The window: somebody stands here. Find the matter, compare the document, prepare in the person's name while they watch, let them sign.

Paper by post goes the same way without a visitor: an officer types in what stands on it, and the day it came is the day that counts.
"""

import json
from datetime import date
from functools import partial, wraps

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tongban.cases import only_one, permission, rules, services
from tongban.cases import queries as cases
from tongban.cases.models import Case, Visit
from tongban.cases.services import excepting
from tongban.cases.states import CaseState
from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_officer
from tongban.channels.office import at_counter
from tongban.channels.pages import preparing
from tongban.channels.pages.preparing import Desk
from tongban.lib import qr
from tongban.lib.problems import Invalid, NotAllowed, Problem
from tongban.matters import queries as matters
from tongban.matters.models import Matter, MatterVersion
from tongban.parties import queries as parties
from tongban.parties import window
from tongban.parties.models import Company, IdKind, Party
from tongban.parties.states import Act

FEW = 12
LATEST = 8
TICKED = {"1", "true", "on"}
SEXES = [("F", _("female")), ("M", _("male"))]


# -- the lobby


@require_GET
@never_cache
@for_officer("window_officer")
def lobby(request, officer):
    """Who is here, what they came for; a draft of theirs by its code; paper that came by post."""
    visit = cases.visit_of(officer)
    q = request.GET.get("q", "").strip()[:100]
    context = {
        "officer": officer,
        "visit": visit,
        "q": q,
        "code": request.GET.get("code", "").strip()[:20],
        "hits": hits(q, officer) if q else [],
        "drafts": drafts_of(request, visit) if visit else [],
        "errors": {},
    }
    return render(request, "office/window/lobby.html", context)


def hits(q: str, officer) -> list[dict]:
    """Matters that answer the words, each with whether this officer may take it in."""
    found = matters.search(q, filters={"kind": "matter"}, limit=FEW).items
    rows = Matter.objects.select_related("department").in_bulk([one.entry.id for one in found], field_name="slug")
    certified = permission.handler_of(officer).certified
    versions = {
        one.matter.slug: one
        for one in MatterVersion.objects.select_related("matter").filter(
            matter__in=rows.values(), state=MatterVersion.State.PUBLISHED
        )
    }
    shown = []
    for one in found:
        row, version = rows.get(one.entry.id), versions.get(one.entry.id)
        if row is None or version is None:
            continue
        why = ""
        if not version.form:
            why = _("There is no form here yet; the guide says who takes it in.")
        elif not {"*", row.slug} & certified:
            why = _("You are not certified for this matter.")
        shown.append({"matter": row, "version": version, "why": why})
    return shown


def drafts_of(request, visit: Visit) -> list[Case]:
    """The drafts of whoever stands here and of the companies they may act for."""
    doorkeeper.reading(request, visit.person_id, "window", ["drafts"], about=f"visit:{visit.ref}")
    held = parties.powers_of(visit.person, timezone.localdate())
    return [
        row
        for party in parties_of(visit)
        for row in cases.drafts(party)[:LATEST]
        if any(
            power.party.pk == party.pk and (power.full or power.allows(Act.PREPARE, row.version.matter.slug))
            for power in held
        )
    ]


def parties_of(visit: Visit) -> list[Party]:
    held = parties.powers_of(visit.person, timezone.localdate())
    return parties.parties_in(power for power in held if Act.PREPARE in power.acts)


# -- who stands here


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@for_officer("window_officer")
def visitor(request, officer):
    """Compare the person with the document; somebody not known here is asked of the register."""
    if request.method != "POST":
        return _visitor_page(request, officer)
    try:
        known = _identify(request)
        if request.POST.get("agrees") not in TICKED:
            wanted = _("Ask the person, then tick this.")
            raise Invalid("no-consent", errors={"agrees": [wanted]})
        visit = services.begin_visit(
            known.person, officer=officer, id_kind=request.POST.get("id_kind", ""), proof=known.proof
        )
    except Invalid as problem:
        return _visitor_page(request, officer, problem=problem, status=422)
    except Problem as problem:
        return _visitor_page(request, officer, problem=problem, status=problem.status)
    doorkeeper.reading(request, visit.person_id, "identity check", ["name", "id_no"], about=f"visit:{visit.ref}")
    at_counter.met(request, officer, known.person)
    return redirect(_onward(request))


def _identify(request, **more):
    posted = request.POST
    return window.identify(
        id_kind=posted.get("id_kind", ""),
        id_no=posted.get("id_no", "").strip(),
        name=posted.get("name", ""),
        mobile=posted.get("mobile", ""),
        birth_date=_day(posted.get("birth_date", "")),
        sex=posted.get("sex", ""),
        nationality=posted.get("nationality", ""),
        compared=posted.get("compared") in TICKED,
        actor=doorkeeper.actor_of(request),
        **more,
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


def _onward(request) -> str:
    """To the matter or the draft they came for."""
    slug, code = request.POST.get("matter", ""), request.POST.get("code", "")
    if slug:
        known = Matter.objects.filter(slug=slug).exists()
        return reverse("office:window_begin", args=[slug]) if known else _lobby(request)
    return f"{reverse('office:window')}?{urlencode({'code': code})}#take-over" if code else _lobby(request)


def _lobby(request) -> str:
    """Whoever sits at a window of a hall goes back to their counter."""
    return reverse("office:counter" if at_counter.at_counter(request) else "office:window")


def _visitor_page(request, officer, *, problem=None, status=200):
    errors = problem.errors if isinstance(problem, Invalid) else {}
    unknown = problem is not None and (
        problem.code in {"unknown-person", "does-not-match", "register-silent"} or request.POST.get("name")
    )
    context = {
        "officer": officer,
        "kinds": IdKind.choices,
        "sexes": SEXES,
        "typed": {
            name: request.POST.get(name, request.GET.get(name, "") if name in {"matter", "code"} else "")
            for name in (
                "id_kind", "id_no", "name", "mobile", "birth_date", "sex", "nationality", "compared", "agrees", "matter",
                "code",
            )
        },
        "unknown": bool(unknown),
        "problem": problem,
        "errors": errors,
        "labels": labels(),
    }  # fmt: skip
    return render(request, "office/window/visitor.html", context, status=status)


def labels() -> dict[str, str]:
    return {
        "id_kind": _("Document shown"),
        "id_no": _("Its number"),
        "name": _("Name as in the document"),
        "mobile": _("Mobile number, if there is one"),
        "birth_date": _("Date of birth"),
        "sex": _("Sex"),
        "nationality": _("Nationality (two or three letters)"),
        "compared": _("Compared"),
        "agrees": _("Agreement"),
        "received_on": _("Arrived on"),
        "kept_at": _("Where the original lies"),
        "kept": _("Where the signed paper is kept"),
        "code": _("Code"),
        "how": _("How the applicant signed"),
        "strokes": _("Signature on the glass"),
    }


@require_POST
@for_officer("window_officer")
def leave(request, officer):
    """The person has left: nothing of theirs opens here any more."""
    visit = cases.visit_of(officer)
    if visit is not None:
        services.end_visit(visit, officer=officer)
    return redirect(_lobby(request))


# -- beginning, or going on


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@for_officer("window_officer")
def begin(request, officer, slug):
    """Begin a draft in the name of whoever stands here, or of a company they may act for."""
    matter = get_object_or_404(Matter.objects.select_related("department"), slug=slug)
    visit = cases.visit_of(officer)
    if visit is None:
        return redirect(f"{reverse('office:visitor')}?{urlencode({'matter': slug})}")
    version = matter.versions.filter(state=MatterVersion.State.PUBLISHED).select_related("matter").first()
    served = set(version.objects_served) if version else set()
    possible = [one for one in parties_of(visit) if served & _kinds(one, served)]
    problem = None
    party = None
    if request.method == "POST":
        party = next((one for one in possible if str(one.pk) == request.POST.get("for")), None)
        try:
            if party is None:
                raise Invalid("for-whom", errors={"for": [_("Choose for whom the application is made.")]})
            if request.POST.get("words"):
                excepting.ask_at_window(matter, party=party, officer=officer, words=request.POST["words"])
                messages.success(request, _("Written down. The department answers, and the person is told."))
            case = services.begin_at_window(matter, party=party, visit=visit)
            at_counter.worked_on(request, officer, case)
            return redirect("office:draft", ref=case.ref)
        except (Invalid, NotAllowed) as refused:
            problem = refused
    context = {
        "officer": officer, "visit": visit, "matter": matter, "version": version, "possible": possible,
        "problem": problem, "errors": problem.errors if isinstance(problem, Invalid) else {},
        "wanted": rules.requirements(version, []) if version else [],
        "only": party if isinstance(problem, only_one.TakesOnlyOne) else None,
        "wish": only_one.wish_of(party, matter) if isinstance(problem, only_one.TakesOnlyOne) and party else None,
    }  # fmt: skip
    return render(request, "office/window/begin.html", context, status=problem.status if problem else 200)


def _kinds(party: Party, served: set) -> set:
    return {"person"} if party.kind == Party.Kind.PERSON else served - {"person"}


@require_POST
@for_officer("window_officer")
def take_over(request, officer):
    """A draft of whoever stands here, by the code they show."""
    visit = cases.visit_of(officer)
    code = "".join(letter for letter in request.POST.get("code", "").lower() if letter.isalnum())
    if visit is None:
        return redirect(f"{reverse('office:visitor')}?{urlencode({'code': code})}")
    draft = cases.draft_of(code)
    if draft is None or draft.applicant_id not in {one.pk for one in parties_of(visit)}:
        context = {
            "officer": officer, "visit": visit, "q": "", "code": code, "hits": [], "drafts": drafts_of(request, visit),
            "errors": {"code": [_("There is no draft with this code for this person.")]},
        }  # fmt: skip
        return render(request, "office/window/lobby.html", context, status=422)
    services.take_over(draft, visit=visit)
    at_counter.worked_on(request, officer, draft)
    return redirect("office:draft", ref=draft.ref)


# -- the draft


def at_the_desk(view):
    """A draft this officer may work in now: the visitor's own, or one that came by post. Any other is not there."""

    @wraps(view)
    def opened(request, officer, ref, *args, **kwargs):
        row = cases.draft_of(ref)
        if row is None:
            if cases.visible_to(officer).filter(ref=ref, prepared_by=officer).exists():
                return redirect("office:received", ref=ref)
            raise Http404
        visit = cases.visit_of(officer)
        if row.channel == Case.Channel.POST and row.prepared_by_id == officer.pk:
            services.may_type_in(row, officer)
            visit = None
        elif visit is None or row.applicant_id not in {one.pk for one in parties_of(visit)}:
            raise Http404
        else:
            services.take_over(row, visit=visit)
        request.visit = visit
        return view(request, officer, _desk(row, officer, visit), row, *args, **kwargs)

    return opened


def _desk(case: Case, officer, visit: Visit | None) -> Desk:
    def at(name: str, *more) -> str:
        return reverse(f"office:draft_{name}", args=[case.ref, *more])

    return Desk(
        base="office/window/frame.html",
        at=at,
        purpose="window" if visit else "post",
        seen_by=officer,
        more={"officer": officer, "visit": visit},
    )


def _step(view, methods=("GET", "HEAD", "POST")):
    """A step of the errand, behind the window's door."""

    @require_http_methods(list(methods))
    @never_cache
    @for_officer("window_officer")
    @at_the_desk
    @wraps(view)
    def opened(request, officer, desk, case, *args, **kwargs):
        return view(request, desk, case, *args, **kwargs)

    return opened


draft_situation = _step(preparing.situation)
draft_form = _step(preparing.form)
draft_save = _step(preparing.autosave, ("POST",))
draft_materials = _step(preparing.materials, ("GET", "HEAD"))
draft_material = _step(preparing.material, ("POST",))
draft_page = _step(preparing.page, ("GET", "HEAD"))


@_step
def draft(request, desk, case):
    """Go on where the draft stands."""
    return redirect(preparing.next_step(desk, case))


@_step
def draft_check(request, desk, case):
    """All answers, read out to the applicant; then how they sign."""
    return _check_page(request, desk, case)


def _check_page(request, desk, case, *, problem=None):
    visit = request.visit
    last = case.phone_signatures.order_by("-id").first()
    now = timezone.now()
    content = services.content_of(case)
    paper = case.posted.order_by("-id").first() if case.channel == Case.Channel.POST else None
    return preparing.check(
        request, desk, case, "office/window/check.html",
        status=problem.status if problem else 200,
        problem=problem,
        errors=problem.errors if isinstance(problem, Invalid) else {},
        labels=labels(),
        typed={name: request.POST.get(name, "") for name in ("how", "kept")},
        content=content,
        mobile=visit.person.mobile if visit else "",
        sent=last if last and last.until > now and last.content == content and last.confirmed_at is None else None,
        confirmed=bool(last and last.confirmed_at and last.content == content),
        paper=paper,
    )  # fmt: skip


@partial(_step, methods=("POST",))
def draft_code(request, desk, case):
    """A code to the applicant's own phone, for what stands here now."""
    try:
        services.send_code(case, visit=request.visit)
    except NotAllowed as problem:
        return _check_page(request, desk, case, problem=problem)
    return redirect(f"{desk.at('check')}#sign")


@partial(_step, methods=("POST",))
def draft_hand_in(request, desk, case):
    """The applicant has signed: received, with a receipt."""
    try:
        if request.visit is None:
            services.hand_in_posted(case, officer=request.officer)
        else:
            how = request.POST.get("how", "")
            if how == Case.Signed.PHONE:
                services.confirm_by_phone(case, request.POST.get("code", ""), visit=request.visit)
            signed = services.Signature(
                how, request.POST.get("content", ""), request.POST.get("kept", ""), _strokes(request)
            )
            services.hand_in(case, officer=request.officer, visit=request.visit, signed=signed)
    except (Invalid, NotAllowed) as problem:
        return _check_page(request, desk, case, problem=problem)
    return redirect("office:received", ref=case.ref)


def _strokes(request) -> tuple:
    try:
        lines = json.loads(request.POST.get("strokes") or "[]")
    except ValueError:
        return ()
    return tuple(lines) if isinstance(lines, list) else ()


@partial(_step, methods=("GET", "HEAD"))
def draft_print(request, desk, case):
    """The application on paper, for the applicant to read and sign by hand."""
    return preparing.check(
        request, desk, case, "office/window/print.html",
        content=services.content_of(case), printed_at=timezone.now(),
    )  # fmt: skip


@require_GET
@never_cache
@for_officer("window_officer")
def received(request, officer, ref):
    """What was received, the number, the receipt to print; then the next person."""
    row = get_object_or_404(cases.visible_to(officer).filter(prepared_by=officer), ref=ref)
    doorkeeper.reading(request, row.applicant_id, "window", ["case"], about=row.subject)
    receipt = row.documents.filter(kind="materials_receipt").order_by("-id").first()
    where = request.build_absolute_uri(f"{reverse('portal:track')}?{urlencode({'number': row.number or ''})}")
    context = {
        "officer": officer,
        "visit": cases.visit_of(officer),
        "case": row,
        "receipt": receipt,
        "code": qr.svg(where, title=_("Where does my case stand?")),
        "over": row.state not in {CaseState.RECEIVED},
    }
    return render(request, "office/window/received.html", context)


# -- by post


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@for_officer("window_officer")
def post(request, officer):
    """A signed application came by post: whose, which matter, when it came, where the original lies."""
    problem = None
    slug = request.POST.get("matter") or request.GET.get("matter") or ""
    matter = Matter.objects.filter(slug=slug).first() if slug else None
    if request.method == "POST" and matter is not None:
        try:
            return redirect("office:draft", ref=_begin_posted(request, officer, matter).ref)
        except Problem as refused:
            problem = refused
    q = request.GET.get("q", "").strip()[:100]
    version = (
        matter.versions.filter(state=MatterVersion.State.PUBLISHED).select_related("matter").first() if matter else None
    )
    names = (
        "id_kind", "id_no", "name", "mobile", "birth_date", "sex", "nationality", "compared", "received_on", "kept_at", "note",
        "uscc",
    )  # fmt: skip
    context = {
        "officer": officer,
        "matter": matter if version else None,
        "version": version,
        "q": q,
        "hits": hits(q, officer) if q else [],
        "kinds": IdKind.choices,
        "sexes": SEXES,
        "company": bool(version and "person" not in version.objects_served),
        "typed": {name: request.POST.get(name, "") for name in names},
        "unknown": problem is not None and problem.code in {"unknown-person", "does-not-match"},
        "today": timezone.localdate().isoformat(),
        "problem": problem,
        "errors": problem.errors if isinstance(problem, Invalid) else {},
        "labels": labels(),
    }
    return render(request, "office/window/post.html", context, status=problem.status if problem else 200)


def _begin_posted(request, officer, matter) -> Case:
    known = _identify(request)
    party: Party = known.person
    if uscc := request.POST.get("uscc", "").strip():
        held = parties.powers_of(known.person, timezone.localdate())
        companies = [
            one.party for one in held if isinstance(one.party, Company) and one.allows(Act.SUBMIT, matter.slug)
        ]
        found = next((one for one in companies if one.uscc == uscc), None)
        if found is None:
            raise Invalid("no-company", errors={"uscc": [_("This person may not act for a company with this code.")]})
        party = found
    return services.begin_by_post(
        matter, party=party, person=known.person, officer=officer,
        received_on=_day(request.POST.get("received_on", "")),
        kept_at=request.POST.get("kept_at", ""),
        note=request.POST.get("note", ""),
    )  # fmt: skip
