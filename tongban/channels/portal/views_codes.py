"""The identity code: shown, answered at gates, printed, checked by others, tried out; and who has read it."""

from datetime import UTC, datetime

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_anyone, for_party, for_signed_in
from tongban.channels.pages.code_words import answer_lines, colour_word, scene_names
from tongban.channels.pages.live import stand_before
from tongban.codes import colours, queries
from tongban.codes.models import IdentityCode
from tongban.codes.payload import Refused
from tongban.codes.services import holding, papers, trying, verifying
from tongban.codes.wording import why
from tongban.departments import queries as departments
from tongban.lib import covered, qr
from tongban.lib.problems import NotAllowed, Problem
from tongban.licences import queries as licences
from tongban.parties.models import Company, Party, Person


@require_GET
@never_cache
@for_party
def code(request, party):
    """One's own code, or that of a child, a ward or a company. Without script the page draws itself anew each minute."""
    now = timezone.now()
    shown = _chosen(request, party, now)
    watched = request.user.person_id if shown.pk != request.user.person_id else shown.pk
    stand_before(request, f"codes:{watched}")
    card = holding.code_of(request.user, shown, now)
    if shown.pk != request.user.person_id:
        doorkeeper.reading(request, shown, "code", ["name"], about=f"code:{card.ref}")
    officer = departments.officer_of(request.user)
    context = {
        "party": shown,
        "party_key": str(shown.pk),
        "topic": watched,
        "card": card,
        "own": shown.pk == request.user.person_id,
        "name": shown.name if shown.kind == Party.Kind.COMPANY else covered.name(shown.shown_name),
        "shower": covered.name(request.user.person.shown_name),
        "codes": _drawn(holding.shown_now(card, now)),
        "now": now.timestamp(),
        "moment": now,
        "colour": (colour := colours.colour_of(shown.pk, now)),
        "colour_word": colour_word(colour),
        "others": _others(request, shown, now),
        "badge": officer is not None and officer.active,
        "last": queries.last_seen(card),
        "scenes": scene_names(),
        "needs_paper": shown.kind == Party.Kind.PERSON,
    }
    return render(request, "portal/codes/code.html", context)


@require_GET
@never_cache
@for_party
def now(request, party):
    """The codes of this minute and the next two, for the page that is open."""
    at = timezone.now()
    if request.GET.get("of") == "badge":
        card = holding.badge_of(_officer(request))
    else:
        card = holding.code_of(request.user, _chosen(request, party, at), at)
    return JsonResponse({"now": at.timestamp(), "codes": _drawn(holding.shown_now(card, at))})


@require_GET
@never_cache
@for_signed_in
def badge(request, account):
    """An officer shows who they are; it is read as any other code."""
    at = timezone.now()
    officer = _officer(request)
    card = holding.badge_of(officer)
    context = {
        "officer_shown": officer,
        "card": card,
        "name": officer.shown_name,
        "codes": _drawn(holding.shown_now(card, at)),
        "now": at.timestamp(),
        "moment": at,
        "colour": "blue",
        "colour_word": colour_word("blue"),
        "last": queries.last_seen(card),
        "scenes": scene_names(),
    }
    return render(request, "portal/codes/badge.html", context)


@require_GET
@never_cache
@for_party
def seen(request, party):
    """Who has read the codes this person shows, where and for what."""
    before = request.GET.get("before", "")
    rows, following = queries.seen(
        request.user, before=int(before) if before.isdecimal() and len(before) < 18 else None
    )
    return render(
        request, "portal/codes/seen.html", {"rows": _lines(rows), "next": following, "person": request.user.person_id}
    )


# -- a gate asks


@never_cache
@for_party
def gate(request, party):
    """The phone reads the question of a gate, says which place asks, and answers it once the person has said that they stand there."""
    at = timezone.now()
    shown = _chosen(request, party, at)
    text = request.POST.get("payload", "").strip()
    context = {"party": shown, "of": request.POST.get("of", request.GET.get("of", "")), "value": ""}
    if request.method == "POST" and text:
        try:
            if request.POST.get("here") == "yes":
                card = holding.code_of(request.user, shown, at)
                reader, made = holding.answer(card, text, at)
                drawn = _drawn([made])[0]
                context |= {
                    "reader": reader,
                    "answer": drawn,
                    "answer_list": [drawn],
                    "now": at.timestamp(),
                    "moment": at,
                }
            else:
                reader, until = holding.asked(text, at)
                context |= {"reader": reader, "question": text, "until": datetime.fromtimestamp(until, UTC)}
        except Refused as refused:
            context |= {"problem": why(refused.reason)}
    return render(request, "portal/codes/gate.html", context)


# -- somebody else's code


@never_cache
@for_signed_in
def check(request, account):
    """A citizen reads the code of another: valid or not, and nothing else."""
    context: dict = {}
    text = request.POST.get("payload", "").strip()
    if request.method == "POST" and text:
        verdict = verifying.look(text, by=account, at=timezone.now())
        context = {"verdict": verdict, "why": None if verdict.good else why(verdict.reason)}
    return render(request, "portal/codes/check.html", context)


@require_GET
@for_anyone
def company(request, ref):
    """What a printed company code opens: name, whether it is in business, and its licences. All of it is public."""
    found = queries.company_code(ref)
    row = Company.objects.filter(pk=found.pk).first() if found is not None else None
    if row is None:
        raise Http404
    held = licences.permits_of(row, timezone.localdate())
    return render(request, "portal/codes/company.html", {"company": row, "licences": held})


@require_GET
@never_cache
@for_party
def company_sheet(request, party):
    """A copy of the company's code to print and hang up: it opens the public page and nothing else."""
    at = timezone.now()
    shown = _chosen(request, party, at)
    if shown.kind != Party.Kind.COMPANY:
        raise Http404
    card = holding.code_of(request.user, shown, at)
    address = settings.PUBLIC_URL.rstrip("/") + reverse("portal:code_company", args=[card.ref])
    context = {
        "party": shown,
        "picture": qr.svg(address, title=pgettext("identity", "Company code"), error="q"),
        "address": address,
    }
    return render(request, "portal/codes/company_sheet.html", context)


# -- on paper


@never_cache
@for_party
def paper(request, party):
    """Paper codes: made, printed, reported lost; for oneself or for a relative."""
    at = timezone.now()
    person = _person(request, party, at)
    if person.pk != request.user.person_id:
        doorkeeper.reading(request, person, "code", ["name", "birth_date"], about=f"party:{person.pk}")
    if request.method == "POST":
        actor = doorkeeper.actor_of(request)
        if request.POST.get("act") == "lost":
            ended = papers.report_lost(person, account=request.user, actor=actor, at=at)
            said = (
                _("The paper code is dead. Whoever shows it is refused.")
                if ended
                else _("There was no paper code in use.")
            )
            messages.success(request, said)
        else:
            try:
                papers.make(
                    person, account=request.user, actor=actor, at=at, disabled=request.POST.get("disabled") == "true"
                )
                messages.success(request, _("The paper code is made. Print it now or later."))
            except Problem as problem:
                if problem.code != "paper-not-needed":
                    raise
                return render(
                    request, "portal/codes/paper.html", _paper(request, person, at, problem=problem), status=409
                )
        return redirect(_with(reverse("portal:code_paper"), person, request))
    return render(request, "portal/codes/paper.html", _paper(request, person, at))


@require_GET
@never_cache
@for_party
def paper_pdf(request, party, ref):
    """The sheet as PDF."""
    at = timezone.now()
    person = _person(request, party, at)
    row = next((one for one in papers.papers_of(person) if one.ref == ref), None)
    if row is None or row.state != IdentityCode.State.GOOD:
        raise Http404
    if person.pk != request.user.person_id:
        doorkeeper.reading(request, person, "code", ["name"], about=f"code:{row.ref}")
    response = HttpResponse(papers.draw(row, person), content_type="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="code-{row.ref}.pdf"'
    return response


# -- the booth


@never_cache
@for_anyone
def trial(request):
    """Every scene with a trial code: what its reader would see. Nobody's data, nothing written."""
    at = timezone.now()
    scenes = trying.scenes()
    context: dict = {"scenes": scenes}
    slug = request.POST.get("scene", request.GET.get("scene", ""))
    scene = next((one for one in scenes if one.slug == slug), scenes[0] if scenes else None)
    if scene is not None:
        made = trying.code(at)
        text = request.POST.get("payload", "").strip()
        context |= {"scene": scene, "code": _drawn([made])[0], "text": made.payload}
        if request.method == "POST" and text:
            verdict = trying.answer(text, scene, at)
            context |= {
                "verdict": verdict,
                "lines": answer_lines(verdict.fields),
                "why": None if verdict.good else why(verdict.reason),
            }
    return render(request, "portal/codes/trial.html", context)


# -- small things


def _chosen(request, party: Party, at: datetime) -> Party:
    """Whose code: named in the address, else whom one acts for, else one's own."""
    wanted = request.GET.get("of") or request.POST.get("of") or ""
    possible = {one.pk: one for one in doorkeeper.all_spaces(request)}
    if wanted:
        found = possible.get(int(wanted)) if wanted.isdecimal() and len(wanted) < 18 else None
        if found is None or holding.may_show(request.user, found, at) is None:
            raise Http404
        return found
    return party if holding.may_show(request.user, party, at) else possible[request.user.person_id]


def _person(request, party: Party, at: datetime) -> Person:
    """For whom a paper is fetched: whoever stands here, or somebody they act for."""
    wanted = request.GET.get("of") or request.POST.get("of") or str(party.pk)
    possible = {one.pk for one in doorkeeper.all_spaces(request) if one.kind == Party.Kind.PERSON}
    key = int(wanted) if wanted.isdecimal() and len(wanted) < 18 else 0
    person = Person.objects.filter(pk=key).first() if key in possible else None
    if person is None and not request.GET.get("of") and not request.POST.get("of"):
        person = request.user.person  # standing for a company
    if person is None:
        raise Http404
    return person


def _officer(request):
    found = departments.officer_of(request.user)
    if found is None or not found.active:
        raise NotAllowed("no-badge", _("Work badges are for officers."), status=404)
    return found


def _others(request, shown: Party, at: datetime) -> list[dict]:
    rows = []
    for one in doorkeeper.all_spaces(request):
        if one.pk == shown.pk or (sort := holding.may_show(request.user, one, at)) is None:
            continue
        own = one.pk == request.user.person_id
        name = (
            _("My own") if own else one.shown_name if one.kind == Party.Kind.COMPANY else covered.name(one.shown_name)
        )
        rows.append({"key": one.pk, "name": name, "sort": sort, "own": own})
    return rows


def _drawn(codes: list[holding.Shown]) -> list[dict]:
    return [
        {"svg": qr.svg(one.payload, title=_("Identity code"), error="m"), "begins": one.begins, "ends": one.ends}
        for one in codes
    ]


def _lines(rows) -> list[dict]:
    names = scene_names()
    return [
        {
            "row": row,
            "scene": names.get(row.scene, row.scene),
            "fields": answer_lines(dict.fromkeys(row.fields)),
            "why": None if row.good else why(row.reason).sentence,
            "sort": IdentityCode.Sort(row.code.sort).label,
        }
        for row in rows
    ]


def _paper(request, person: Person, at: datetime, problem: Problem | None = None) -> dict:
    rows = papers.papers_of(person)
    good = next((row for row in rows if row.state == IdentityCode.State.GOOD), None)
    over = good is not None and good.ends_at is not None and good.ends_at < at
    relatives = [
        {"key": one.pk, "name": _("For me") if one.pk == request.user.person_id else covered.name(one.shown_name)}
        for one in doorkeeper.all_spaces(request)
        if one.kind == Party.Kind.PERSON and one.pk != person.pk
    ]
    return {
        "person": person,
        "own": person.pk == request.user.person_id,
        "name": covered.name(person.shown_name),
        "good": None if over else good,
        "earlier": [row for row in rows if row is not good or over],
        "entitled": papers.who_needs(person, at),
        "relatives": relatives,
        "problem": problem,
    }


def _with(address: str, person: Person, request) -> str:
    return address if person.pk == request.user.person_id else f"{address}?of={person.pk}"
