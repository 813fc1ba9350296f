"""A party's own cases: what happens, who has it now, until when; papers, questions, withdrawing, opening the result."""

import hashlib

from django.core.cache import cache
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from tongban.cases import queries as cases
from tongban.cases import services
from tongban.cases.models import Case, CaseDocument
from tongban.cases.services import together
from tongban.cases.sheets import draw
from tongban.cases.states import (
    CaseState,
)
from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_anyone, for_party
from tongban.channels.pages.case_page import TEMPLATE, context, shown, way, who_has_it
from tongban.channels.pages.live import stand_before
from tongban.channels.portal import views_deleted, views_getting
from tongban.channels.portal.own import own_case
from tongban.channels.portal.views_applying import channel_of
from tongban.lib.problems import Invalid, TooMany
from tongban.parties import rules
from tongban.records import taking_home
from tongban.rights import exporting
from tongban.rights.states import ExportState

WAITING, DRAFTS = 10, 3  # shown above all the others
TRIES_A_NUMBER, TRIES_WITHIN = 10, 3600
COPIES_AN_HOUR, COPIES_WITHIN = 30, 3600


@require_GET
@for_party
def case_list(request, party):
    """Own cases, those that wait for the person first, then the newest."""
    held = doorkeeper.powers_over(request, party)
    rows, following = cases.own_page(party, held, request.user, before=_number(request.GET.get("before")))
    needing = [] if request.GET.get("before") else cases.own_needing(party, held, request.user, WAITING)
    context = {
        "waiting": [shown(case) for case in needing],
        "rows": [shown(case) for case in rows],
        "next": following,
        "drafts": cases.own_drafts(party, held, request.user, DRAFTS),
        "party": party,
    }
    return render(request, "portal/case/list.html", context)


@require_GET
@for_party
def drafts(request, party):
    """Drafts, the last one worked on first, with the day each runs out."""
    rows = cases.within(cases.drafts(party), doorkeeper.powers_over(request, party), request.user)
    context = {"rows": rows[:50], "deleted": views_deleted.of(request, party), "party": party}
    return render(request, "portal/case/drafts.html", context)


@require_GET
@for_party
def case(request, party, ref):
    """One case: where it stands, what comes next and when, and everything that happened."""
    stand_before(request, cases.subject_of(ref))
    row = own_case(request, ref)
    if row.state == CaseState.DRAFT:
        return redirect("portal:apply", ref=ref)
    return _page(request, request.party, row)


def _page(request, party, row, *, errors=None, text=""):
    doorkeeper.reading(request, party, "own application", ["form"], about=row.subject)
    services.read_by_applicant(row)
    receives = views_getting.receives(request, row)
    shown_now = context(row, party, sent=request.GET.get("sent"), errors=errors, text=text, receives=receives, own=True)
    shown_now["takes_home"] = any(power.full for power in doorkeeper.powers_over(request, party))
    shown_now["present"] = doorkeeper.level(request) >= rules.PRESENT
    shown_now["on_list"] = together.place_of(request.user, row) if request.GET.get("sent") else None
    return render(request, TEMPLATE, shown_now, status=422 if errors else 200)


@require_GET
@for_party
def paper(request, party, ref, number):
    """A paper of the case as PDF, in the language asked for."""
    row = own_case(request, ref)
    document = get_object_or_404(CaseDocument, case=row, number=number)
    doorkeeper.reading(request, request.party, "own application", [document.kind], about=row.subject)
    response = HttpResponse(draw(document), content_type="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="{document.number}.pdf"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


@for_party
@never_cache
def along(request, party, ref):
    """Everything about one's application as one sealed file: have it packed, see how far it is, fetch it."""
    row = own_case(request, ref, sent=True)
    row = row.parent or row
    if request.method == "POST":
        slots = (f"take-home:{request.user.pk}:{place}" for place in range(COPIES_AN_HOUR))
        if not any(cache.add(slot, 1, COPIES_WITHIN) for slot in slots):
            raise TooMany(
                "too-many-copies",
                _("You have taken many applications along within an hour."),
                next_step=_("Wait a while. Each letter and paper can be opened by itself meanwhile."),
                retry_after=COPIES_WITHIN,
            )
        taking_home.ask(row, account=request.user)
        return redirect("portal:case_along", ref=row.ref)
    stand_before(request, *(one.topic for one in exporting.packages_of(request.user, row)))
    packages = list(exporting.packages_of(request.user, row))
    newest = packages[0] if packages else None
    context = {
        "case": row,
        "newest": newest,
        "older": next((one for one in packages[1:] if one.state == ExportState.READY), None),
        "moved": newest is not None and newest.ready_at is not None and row.updated_at > newest.ready_at,
        "days": exporting.KEPT_FOR.days,
    }
    return render(request, "portal/case/along.html", context)


@require_GET
@for_party
@never_cache
def take_home(request, party, ref):
    """The package that lies ready, for its asker alone; where none does, the page on which one asks for it."""
    row = own_case(request, ref, sent=True)
    row = row.parent or row
    ready = next((one for one in exporting.packages_of(request.user, row) if one.state == ExportState.READY), None)
    if ready is None:
        return redirect("portal:case_along", ref=row.ref)
    response = StreamingHttpResponse(
        exporting.fetch_pieces(ready, account=request.user), content_type="application/zip"
    )
    response.headers["Content-Disposition"] = f'attachment; filename="{row.number}.zip"'
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


@require_POST
@for_party
def ask(request, party, ref):
    """Write a question inside the case."""
    row = own_case(request, ref, sent=True)
    try:
        to = row
        if request.POST.get("to"):  # a part of a bundle, in its department
            to = get_object_or_404(Case.objects.select_related("parent__matter"), parent=row, ref=request.POST["to"])
        services.ask(
            to,
            account=request.user,
            text=request.POST.get("text", ""),
            key=request.POST.get("key", ""),
            files=request.FILES.getlist("paper"),
        )
    except Invalid as invalid:
        return _page(request, request.party, row, errors=invalid.errors, text=request.POST.get("text", ""))
    return redirect(f"{_address(row)}#talk")  # where what was asked stands


@for_party
def withdraw(request, party, ref):
    """Withdraw, after being asked once whether this is meant."""
    row = own_case(request, ref, sent=True)
    if request.method == "POST":
        services.withdraw(row, account=request.user, reason=request.POST.get("reason", ""))
        return redirect("portal:case", ref=ref)
    return render(request, "portal/case/withdraw.html", {"case": row, "party": request.party})


@require_POST
@for_party
def open_result(request, party, ref):
    """Open the result: that is its delivery."""
    row = own_case(request, ref)
    row = services.open_result(row, account=request.user)
    return redirect("portal:licence", row.licence_id) if row.licence_id else redirect("portal:case", ref=ref)


@require_POST
@for_party
def ask_a_person(request, party, ref):
    """Let a person decide instead of the machine."""
    row = own_case(request, ref, sent=True)
    services.ask_a_person(row, account=request.user)
    return redirect("portal:case", ref=ref)


@for_anyone
def track(request):
    """Where a case stands, for whoever holds its number and query code; nothing of its content."""
    found, asked = (
        None,
        {"number": request.GET.get("number", "").strip()[:30], "code": ""},
    )  # a receipt's QR brings the number
    if request.method == "POST":
        asked = {"number": request.POST.get("number", "").strip(), "code": request.POST.get("code", "").strip()}
        tries = _take_a_try(asked["number"])
        found = cases.by_number(asked["number"], asked["code"])
        if found:
            cache.delete_many(tries)
    context = {
        "asked": asked,
        "tried": request.method == "POST",
        "found": shown(found) if found else None,
        "steps": way(found) if found else [],
        "holder": who_has_it(found) if found else "",
    }
    return render(
        request, "portal/case/track.html", context, status=404 if request.method == "POST" and not found else 200
    )


def _take_a_try(number: str) -> list[str]:
    """A code of six digits is not guessed: so many tries a number and hour, taken before anybody looks. Answers the tries taken."""
    name = hashlib.sha256(number.replace(" ", "").encode()).hexdigest()[:32]
    slots = [f"track:{name}:{place}" for place in range(TRIES_A_NUMBER)]
    for place, slot in enumerate(slots):
        if cache.add(slot, 1, TRIES_WITHIN):
            return slots[: place + 1]
    raise TooMany(
        "too-many-tries",
        _("This case number was tried too often with a wrong code."),
        next_step=_("Wait an hour, or sign in: your cases are there without a code."),
        retry_after=TRIES_WITHIN,
    )


def _address(row) -> str:
    return f"/my/cases/{row.ref}/"


def _number(text) -> int | None:
    return int(text[:18]) if text and text.isdecimal() else None


@require_POST
@for_party
def apply_again(request, party, ref):
    """A new draft with the answers and papers of this application, for whoever asks for the same thing again."""
    row = own_case(request, ref, sent=True)
    doorkeeper.reading(request, request.party, "own application", ["form", "materials"], about=row.subject)
    fresh = services.begin(
        row.matter,
        party=row.applicant,
        account=request.user,
        channel=channel_of(request),
        situation=row.situation,
        like=row,
    )
    return redirect("portal:apply", ref=fresh.ref)
