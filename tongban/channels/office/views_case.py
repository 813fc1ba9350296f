"""One case at an officer's desk: form and documents side by side, history, and the acts this officer may do now."""

import hashlib
from datetime import timedelta
from urllib.parse import urlencode
from uuid import UUID, uuid4

from django.db.models import Q
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tongban.cases import alike, clocks, correction, damage, hearings, inspections, rules, seldom, services, talking
from tongban.cases import queries as cases
from tongban.cases.models import CaseDocument
from tongban.cases.services import lettering, tolerating
from tongban.cases.services.intake import as_paragraphs, checked_findings
from tongban.cases.sheets import draw
from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_officer
from tongban.channels.office import at_desk, noticed
from tongban.channels.office.acts import Act, findings_of, marked
from tongban.channels.office.acts_procedures import EVERY_ACT, open_to
from tongban.channels.office.procedures import beside_of
from tongban.channels.office.sight import seen
from tongban.channels.office.views_limits import spent_on
from tongban.channels.pages import bundle_page, errand
from tongban.channels.pages.live import own_step, stand_before
from tongban.lib.bilingual import say
from tongban.lib.problems import Invalid, NotAllowed
from tongban.licences.models import LicenceType
from tongban.materials import queries as papers
from tongban.materials.models import Page
from tongban.parties import queries as parties
from tongban.payments import queries as payments
from tongban.registers.models import Resource

SAID_AGAIN = {"asks-for-papers", "text", "ready-gone"}  # what was typed is kept in its own field
JUST_NOW = timedelta(minutes=10)
REFUSED_TO_THIS_OFFICER = {"not-your-case", "not-your-move", "own-case", "four-eyes"}


@require_GET
@for_officer
def case(request, officer, ref):
    """Everything this officer needs to act, and nothing to search for."""
    subject = cases.subject_of(ref)
    stand_before(request, subject, *services.colleagues.beside_topics(subject, officer))
    return show(request, officer, seen(request, officer, ref))


@require_http_methods(["GET", "HEAD", "POST"])
@for_officer
def act(request, officer, ref, move):
    """GET: the act's own small form beside what will happen. POST: do it; what is missing is said with everything typed kept."""
    row = seen(request, officer, ref)
    wanted = EVERY_ACT.get(move)
    if wanted is None:
        raise Http404
    if request.method != "POST":
        if wanted not in open_to(officer, row) or wanted.plain:
            return redirect("office:case", ref=ref)
        return show(request, officer, row, act=wanted)
    if wanted.marks and request.POST.get("sure") != digest_of(request.POST) and wanted in open_to(officer, row):
        return _preview(request, officer, row, wanted)
    try:
        with services.as_seen(row, request.POST.get("seen", "")) as now_standing:
            wanted.do(now_standing, officer, request.POST)
    except Invalid as problem:
        row = seen(request, officer, ref)
        if wanted.marks:
            return _preview(request, officer, row, wanted, problem)
        return show(request, officer, row, act=wanted, problem=problem)
    except NotAllowed as problem:
        return refused(request, officer, ref, problem)
    return redirect(f"{reverse('office:case', args=[ref])}?{urlencode({'done': move})}")


def refused(request, officer, ref, problem):
    """The case as it stands now, with who did what and when; what was typed is shown so that nothing is lost."""
    if problem.code in REFUSED_TO_THIS_OFFICER:
        problem.status = 403
    if doorkeeper.wants_data(request):
        return doorkeeper.show_problem(request, problem)
    doorkeeper.log.info("problem", code=problem.code, status=problem.status)
    typed = [text for name, text in request.POST.items() if name not in HIDDEN and len(text.strip()) > 1]
    return show(request, officer, seen(request, officer, ref), problem=problem, lost=typed)


HIDDEN = {"csrfmiddlewaretoken", "seen", "sure"}


def digest_of(data) -> str:
    """What exactly was shown in a preview: sent is only what was read."""
    return hashlib.sha256(repr(sorted(findings_of(data), key=str)).encode()).hexdigest()[:16]


def _preview(request, officer, row, wanted, problem: Invalid | None = None):
    """The notice as it would be sent, before it is; beside it what is still missing for sending it."""
    try:
        found = marked(request.POST)
        checked_findings(row, found)
    except Invalid as unclear:
        return show(request, officer, row, act=wanted, problem=unclear)
    due = clocks.last_day_to_correct(timezone.localdate()) if wanted.name == "request_correction" else None
    notice = {
        "title": wanted.paper_title,
        "lines": as_paragraphs(row, found),
        "due": due,
        "digest": digest_of(request.POST),
    }
    return show(request, officer, row, act=wanted, notice=notice, problem=problem)


def show(
    request, officer, row, *, act: Act | None = None, problem=None, notice=None, lost=(), revealed=None, answering=None
):
    """The page of a case, with one act opened if there is one."""
    doorkeeper.reading(request, row.applicant_id, "handling", ["form", "materials"], about=row.subject)
    if services.read_by_office(row, officer):
        own_step(request, row.subject)
    possible = open_to(officer, row)
    posted = request.method == "POST" and act is not None
    typed = request.POST if posted else noticed.taken(row, request.GET.get("take", ""))
    errors = problem.errors if isinstance(problem, Invalid) else {}
    clock, due = cases.running_clock(row)
    marks = next((one for one in possible if one.marks), None)
    changed = cases.changed_since(row)
    findings = cases.open_findings(row)
    materials = _materials(row, findings, changed, typed, errors)
    there = seldom.beside(row)
    beside = noticed.put_beside(row, materials, any_there="machine_findings" in there)
    context = {
        "officer": officer,
        "looking": getattr(request, "look", None),
        "case": row,
        "person": row.applicant.kind == "person",
        "died_on": parties.died_on(row.applicant),
        "topics": " ".join([row.subject, *services.colleagues.beside_topics(row.subject, officer)]),
        "seen": typed.get("seen") or cases.mark_of(row),
        "light": cases.light_of(row),
        "left": cases.days_left(row),
        "clock": clock,
        "due": due,
        "clocks": list(row.clocks.all()),
        "acts": possible,
        "act": act,
        "form": _form(act, row, officer, typed, errors) if act else [],
        "happens": act.happens(row, officer) if act else [],
        "marks": marks,
        "notice": notice,
        "typed": {name: typed.get(name, "") for name in ("why_again", "only_marked")},
        "first_request": correction.latest_request(row) if row.corrections else None,
        "beside": beside_of(row, there),
        "errors": errors,
        "answers": _answers(row, findings, changed, typed, errors, revealed),
        "materials": materials,
        "noticed": beside,
        "damaged": damage.pages(row),
        "pages": [page for one in materials for page in one["pages"]],
        "changed": changed,
        "timeline": cases.timeline(row),
        "papers": lettering.listed(row, officer),
        "thread": talking.thread(row, whole=False),
        "ready": [(one.key, say(one.words)) for one in talking.ready_of(officer.department_id)],
        "ready_said": request.POST.get("ready", "") if getattr(problem, "code", "") in SAID_AGAIN else "",
        "talk_key": uuid4().hex,
        "said": request.POST.get("text", "") if getattr(problem, "code", "") in SAID_AGAIN else "",
        "hint": getattr(problem, "code", "") == "asks-for-papers",
        "talk": getattr(row, "talk", None),
        "talk_light": talking.light(row.talk, timezone.localdate()) if getattr(row, "talk", None) else "",
        "talk_open": services.is_open(row),
        "calls": list(row.phone_notes.select_related("officer")) if "phone_notes" in there else [],
        "posted": _posted(row) if "posted" in there else [],
        "hands": list(cases.hands_of(row)) if "hands" in there else [],
        "findings": findings,
        "trace": row.rules_trace or {},
        "problem": problem,
        "lost": lost,
        "done": _done(request, officer, row),
        "may_write": _may_write(officer),
        "far_away": clocks.FAR_AWAY,
        "charged": (row.version.fee or {}).get("charged"),
        "bills": list(payments.of_subject(row.subject)) if (row.version.fee or {}).get("charged") else [],
        "unset_fee": row.state == "approved" and (row.version.fee or {}).get("charged") and services.owes(row),
        **spent_on(row, told="escalations" in there),
        **at_desk.beside(request, officer, row, there),
        "inspections": inspections.of_case(row) if "inspections" in there else [],
        "objections": inspections.objections_of(row) if "public_notices" in there else [],
        "answering": answering or {},
        "around": bundle_page.of_office(row),
        "alike": alike.of(row, officer),
    }
    return render(request, "office/case.html", context, status=problem.status if problem else 200)


def _posted(row) -> list:
    return list(row.posted.select_related("officer", "document").prefetch_related("document__pages"))


def _may_write(officer) -> bool:
    return bool(set(officer.roles) - rules.READING_ROLES)


def _done(request, officer, row) -> dict | None:
    """The confirmation of what this officer has just done here, read from the record and not from the address."""
    named = EVERY_ACT.get(request.GET.get("done", ""))
    if named is None or request.method != "GET":
        return None
    last = row.steps.filter(officer=officer).order_by("-id").first()
    since = timezone.now() - JUST_NOW
    concluded = named.name == "conclude" and row.reviewer_id == officer.pk and row.updated_at > since
    if not concluded and (last is None or last.move not in {named.name, *named.moves} or last.at < since):
        return None
    paper = row.documents.filter(kind=named.paper).order_by("-id").first() if named.paper else None
    return {"act": named, "paper": paper, "following": cases.after_this(officer, row)}


def _form(act, row, officer, typed, errors) -> list[dict]:
    """The questions of an act, filled with what was typed."""
    kept = {"opinion": row.opinion, "proposal": row.proposal} if act.name == "conclude" else {}
    if act.name == "check_promise":
        kept = _of_the_visit(row)
    return [
        {
            "ask": ask,
            "value": _typed(ask, typed, kept),
            "options": ask.options(row, officer) if ask.options else [],
            "errors": errors.get(ask.name, []),
        }
        for ask in act.asks
        if _is_asked(ask, row)
    ]


def _of_the_visit(row) -> dict:
    """What two inspectors signed on the spot fills the record of the check; whoever keeps it answers for it."""
    visit = row.inspections.filter(kind="promise", state="done").order_by("-id").first()
    if visit is None:
        return {}
    found = {"in_order": "kept", "with_faults": "put_right", "not_in_order": "false"}.get(visit.finding, "")
    return {"found": found, "place": visit.place, "observed": visit.record}


def _typed(ask, typed, kept):
    if ask.kind == "many":
        return typed.getlist(ask.name) if hasattr(typed, "getlist") else []
    return typed.get(ask.name, kept.get(ask.name, ""))


def _is_asked(ask, row) -> bool:
    """Some questions are only asked where there is something to ask."""
    if ask.name == "supply_days":
        return bool(tolerating.later(row))
    if ask.name == "heard":
        return hearings.of(row, "revocation") is None
    return True


def _mark(kind: str, what: str, typed, errors) -> dict:
    name = f"{kind}-{what}"
    return {
        "name": name,
        "on": f"wrong-{name}" in typed,
        "text": typed.get(f"text-{name}", ""),
        "errors": errors.get(f"text-{name}", []),
    }


def _answers(row, findings, changed, typed, errors, revealed) -> list[dict]:
    values = rules.plain_values(row.values)
    marked_fields: dict[str, list] = {}
    for finding in findings:
        if finding.field:
            marked_fields.setdefault(finding.field, []).append(finding)
    names = _source_names(row)
    photos = {str(page.document.key): page for page in _photographs(row)}
    before = changed.get("fields", {})
    shown = []
    for one in rules.form_of(row).visible(values):
        value, held = values.get(one.id), row.values.get(one.id) or {}
        covered = value not in (None, "", []) and rules.is_covered(one)
        opened = covered and revealed == one.id
        masked = False if opened else True if covered else None
        shown.append(
            {
                "id": one.id,
                "label": one.label,
                "consent": one.type == "consent",
                "value": errand.named(one, one.display(value, masked=masked)),
                "rows": _rows(one, value, opened) if one.type == "table" else None,
                "columns": [say(column.label) for column in one.columns],
                "photo": photos.get(value) if one.type == "photo" and isinstance(value, str) else None,
                "covered": covered and not opened,
                "source": names.get(held.get("given_source") or held.get("source", ""), ""),
                "at": held.get("at", ""),
                "changed": bool(held.get("changed")),
                "disputed": "dispute" in held,
                "given": errand.named(one, one.display(held["given"], masked=masked))
                if held.get("changed") and "given" in held
                else "",
                "since": one.id in before,
                "before": errand.named(one, one.display(before.get(one.id), masked=masked)) if one.id in before else "",
                "marked": marked_fields.get(one.id, []),
                "mark": _mark("field", one.id, typed, errors),
            }
        )
    return shown


def _rows(one, value, opened: bool) -> list[list[str]]:
    """A table's cells; numbers of people stay covered until they are asked for."""
    return [
        [
            column.display(line.get(column.id), masked=False if opened else True if rules.is_covered(column) else None)
            for column in one.columns
        ]
        for line in (value if isinstance(value, list) else [])
        if isinstance(line, dict)
    ]


def _photographs(row) -> list[Page]:
    """Pictures that were handed in as an answer of the form: kept under the key that the answer holds."""
    asked = rules.form_of(row)
    keys = []
    for field, value in rules.plain_values(row.values).items():
        if field in asked and asked[field].type == "photo":
            try:
                keys.append(UUID(str(value)))
            except ValueError:
                continue
    owners = {row.applicant_id, row.account.person_id if row.account else None}
    return list(Page.objects.select_related("document").filter(document__key__in=keys, document__owner__in=owners))


def _source_names(row) -> dict[str, str]:
    """Where prefilled values came from, in words."""
    wanted: dict[str, set] = {"register": set(), "licence": set()}
    for held in row.values.values():
        kind, _colon, slug = (held.get("given_source") or held.get("source", "")).partition(":")
        wanted.setdefault(kind, set()).add(slug)
    names = {f"register:{one.slug}": one.shown_name for one in Resource.objects.filter(slug__in=wanted["register"])}
    names |= {f"licence:{one.slug}": one.shown_name for one in LicenceType.objects.filter(slug__in=wanted["licence"])}
    names |= {f"paper:{slug}": _("the applicant's upload, read by machine") for slug in wanted.get("paper", ())}
    return {**names, "account": _("personal record")}


def _materials(row, findings, changed, typed, errors) -> list[dict]:
    shown = []
    links = cases.materials_beside(row)
    names = dict(Resource.objects.filter(slug__in=[one.resource for one in links]).values_list("slug", "name"))
    for one in links:
        if one.how == "missing" and not one.required:
            continue
        slug = one.type.slug
        of_material = [finding for finding in findings if finding.material == slug]
        pages = [
            {
                "page": page,
                "number": number,
                "of": one,
                "mark": _mark("page", f"{number}-{slug}", typed, errors),
                "marked": [finding for finding in of_material if finding.page == number],
            }
            for number, page in enumerate(one.document.pages.all() if one.document else (), 1)
        ]
        shown.append(
            {
                "row": one,
                "pages": pages,
                "count": len(pages),
                "register": say(names.get(one.resource)) if one.resource else "",
                "marked": [finding for finding in of_material if not finding.page or not pages],
                "since": slug in changed.get("materials", ()),
                "mark": _mark("material", slug, typed, errors),
            }
        )
    return shown


@require_POST
@for_officer
def claim(request, officer, ref):
    """Take it on one's own desk."""
    try:
        services.claim(seen(request, officer, ref), officer=officer)
    except NotAllowed as problem:
        return refused(request, officer, ref, problem)
    return redirect("office:queue") if request.POST.get("back") == "queue" else redirect("office:case", ref=ref)


@require_POST
@for_officer
def release(request, officer, ref):
    """Put it back."""
    services.release(seen(request, officer, ref), officer=officer)
    return redirect("office:case", ref=ref)


@require_POST
@for_officer
def answer(request, officer, ref):
    """Write to the applicant inside the case."""
    row, said = seen(request, officer, ref), request.POST
    try:
        services.answer(
            row, officer=officer, text=said.get("text", ""), ready=said.get("ready", ""), meant=said.get("meant") == "1",
            key=said.get("key", ""),
        )  # fmt: skip
    except Invalid as problem:
        return show(request, officer, row, problem=problem)
    except NotAllowed as problem:
        return refused(request, officer, ref, problem)
    return redirect(f"{reverse('office:case', args=[ref])}#questions")


@require_POST
@for_officer
def reveal(request, officer, ref, field):
    """One covered value, uncovered for this look only. Who looked at which field is written down first."""
    row = seen(request, officer, ref)
    asked = rules.form_of(row)
    if field not in asked:
        raise Http404
    doorkeeper.reading(request, row.applicant_id, "handling", [field], about=row.subject)
    if doorkeeper.wants_data(request) and asked[field].type != "table":
        text = asked[field].display(rules.plain_values(row.values).get(field), masked=False)
        response = JsonResponse({"value": text})
    else:
        response = show(request, officer, row, revealed=field)
    response.headers["Cache-Control"] = "no-store"
    return response


@require_GET
@for_officer
def page(request, officer, ref, page):
    """A page of a document of this case, for looking at."""
    row = seen(request, officer, ref)
    of_materials = (
        Page.objects.select_related("document")
        .filter(
            Q(document__case_materials__case=row)
            | Q(document__posted__case=row)
            | Q(document__in_questions__question__case=row)
        )
        .distinct()
    )
    found = of_materials.filter(pk=page).first() or next((one for one in _photographs(row) if one.pk == page), None)
    if found is None:
        raise Http404
    doorkeeper.reading(request, row.applicant_id, "handling", ["document"], about=row.subject)
    if request.GET.get("as") == "kept":
        content, mime = papers.open_page(found), found.mime
    else:
        opened = papers.preview(found)
        content, mime = opened.content, opened.mime
    response = HttpResponse(content, content_type=mime)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cache-Control"] = "private, no-store"
    if mime == "application/pdf":
        response.headers["Content-Disposition"] = f'attachment; filename="{row.number}-{found.pk}.pdf"'
    return response


@require_GET
@for_officer
def paper(request, officer, ref, number):
    """A paper of the case as PDF."""
    row = seen(request, officer, ref)
    document = get_object_or_404(CaseDocument, case=row, number=number)
    doorkeeper.reading(request, row.applicant_id, "handling", [document.kind], about=row.subject)
    response = HttpResponse(draw(document), content_type="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="{document.number}.pdf"'
    response.headers["Cache-Control"] = "private, no-store"
    return response
