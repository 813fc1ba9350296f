"""Do together: matters collected while looking around, their papers once, drafts side by side, one walk through all of them.

Before signing in the list is a cookie of this browser; afterwards it belongs to the account. Nothing is applied for by collecting.
"""

import re
from collections.abc import Iterable

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from tongban.cases.models import ListedMatter
from tongban.cases.services import together
from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_anyone, for_party
from tongban.channels.portal import together_words
from tongban.channels.portal.own import own_case
from tongban.channels.portal.views_applying import channel_of, next_step, serves
from tongban.channels.portal.views_finding import about_documents, department_names
from tongban.lib.problems import NotAllowed
from tongban.parties.states import Act

COOKIE, KEPT = "together", 30 * 24 * 3600
SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")


# -- the list of somebody who is not signed in


def chosen_here(request: HttpRequest) -> list[str]:
    """What this browser remembers; whatever else stands in the cookie is not looked at."""
    said = request.COOKIES.get(COOKIE, "")[:4000].split(".")
    return list(dict.fromkeys(one for one in said if SLUG.fullmatch(one)))[: together.MOST]


def _remember(request: HttpRequest, response: HttpResponse, slugs: Iterable[str]) -> HttpResponse:
    said = ".".join(slugs)
    if said:
        response.set_cookie(
            COOKIE, said, max_age=KEPT, samesite="Lax", secure=request.is_secure(), httponly=True
        )  # names of matters, nothing of a person
    else:
        response.delete_cookie(COOKIE, samesite="Lax")
    return response


# -- the page


@require_GET
@never_cache
@for_anyone
def page(request):
    """Everything chosen, what it takes together, and what comes next."""
    if not request.user.is_authenticated:
        return render(request, "portal/together/list.html", _context(request, chosen_here(request), {}))
    brought = chosen_here(request)
    if brought:
        together.take_along(request.user, brought)
    rows = {row.matter.slug: row for row in _rows(request.user)}
    response = render(request, "portal/together/list.html", _context(request, rows, rows))
    return _remember(request, response, ()) if brought else response


def _rows(account) -> Iterable[ListedMatter]:
    return account.listed.select_related("matter", "case", "case__version", "case__applicant")


def _context(request, slugs: Iterable[str], rows: dict[str, ListedMatter]) -> dict:
    party = doorkeeper.standing_for(request)
    found = together_words.lines(slugs, rows, lambda version: party is None or serves(version, party))
    types, licence_names, resources, held = about_documents(request, None, together_words.materials_of(found))
    papers = together_words.papers(found, types, licence_names, resources, held, department_names())
    begun = [line for line in found if line.begun]
    return {
        "lines": found,
        "papers": papers,
        "totals": together_words.totals(found, len(papers["bring"])),
        "one_errand": together_words.one_errand(found),
        "begun": begun,
        "sent": [line for line in begun if line.sent],
        "waiting": [line for line in found if line.startable],
        "following": next((line for line in begun if not line.sent), None),
        "possible": _may_begin_for(request),
        "party": party,
        "most": together.MOST,
    }


def _may_begin_for(request) -> list:
    if not request.user.is_authenticated:
        return []
    return [
        one
        for one in doorkeeper.all_spaces(request)
        if any(Act.PREPARE in power.acts or power.full for power in doorkeeper.powers_over(request, one))
    ]


# -- collecting


def _from_here(request: HttpRequest) -> bool:
    """Sent by one of our own pages: those that strangers see are drawn once for all of them and carry no token of their own."""
    return request.headers.get("origin") == f"{request.scheme}://{request.get_host()}"


@require_POST
@csrf_exempt  # see _from_here
@for_anyone
def add(request):
    """Put a matter on the list and show the list."""
    if not _from_here(request):
        return redirect("portal:together")
    slug = request.POST.get("matter", "")
    if not SLUG.fullmatch(slug) or not together.published([slug]):
        raise Http404
    if request.user.is_authenticated:
        new = together.add(request.user, [slug])
        response: HttpResponse = redirect("portal:together")
    else:
        held = chosen_here(request)
        new = slug not in held
        if new and len(held) >= together.MOST:
            raise together.full()
        response = _remember(request, redirect("portal:together"), [*held, slug] if new else held)
    response.headers["Location"] += f"#{slug}" if new else f"?there={slug}#{slug}"
    return response


@require_POST
@for_anyone
def remove(request):
    """One matter off the list; a draft that was begun stays."""
    slug = request.POST.get("matter", "")
    if request.user.is_authenticated:
        together.remove(request.user, slug)
        return redirect("portal:together")
    return _remember(request, redirect("portal:together"), [one for one in chosen_here(request) if one != slug])


@require_POST
@for_anyone
def clear(request):
    """All of it off the list."""
    if request.user.is_authenticated:
        together.clear(request.user)
    return _remember(request, redirect("portal:together"), ())


@require_POST
@for_anyone
def exchange(request):
    """The one errand instead of the matters it is made of."""
    slug = request.POST.get("bundle", "")
    if request.user.is_authenticated:
        together.exchange(request.user, slug)
        return redirect(f"{reverse('portal:together')}#{slug}")
    members = together.members_of(slug)
    if not members:
        raise Http404
    left = [one for one in chosen_here(request) if one not in members and one != slug]
    return _remember(request, redirect(f"{reverse('portal:together')}#{slug}"), [slug, *left])


# -- beginning, and walking through


@require_POST
@for_party
def begin(request, party):
    """Drafts for all of them, side by side."""
    chosen = next((one for one in _may_begin_for(request) if str(one.pk) == request.POST.get("for")), party)
    if chosen.pk != party.pk:
        doorkeeper.enter_space(request, chosen)
    done = together.begin_all(request.user, party=chosen, channel=channel_of(request))
    names = together.published(one.row.matter.slug for one in done)
    for one in done:
        if one.problem is not None:
            name = names[one.row.matter.slug].shown_name if one.row.matter.slug in names else one.row.matter.slug
            messages.warning(request, f"{name}{_(': ')}{one.problem.sentence} {one.problem.next_step}")
    if not done:
        messages.info(request, _("Everything on your list was begun already."))
    return redirect("portal:together")


@require_POST
@for_party
def open_draft(request, party, ref):
    """Into the next draft, with what was answered in the others offered there."""
    case = own_case(request, ref)
    if not together.holds(request.user, case):
        raise NotAllowed("not-on-your-list", _("This application is not on your list."), status=404)
    brought = together.share_answers(case, account=request.user, now=timezone.now())
    if brought:
        doorkeeper.reading(request, request.party, "own application", ["form"], about=case.subject)
        case.refresh_from_db()
    return redirect(next_step(case))
