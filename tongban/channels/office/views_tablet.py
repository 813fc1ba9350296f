"""The tablet of a guide who walks about: find the matter, give a number, go on side by side on the visitor's own draft, book a round table."""

from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_officer
from tongban.channels.office import views_window
from tongban.channels.office.views_counter import HALL, SCENE, needed
from tongban.codes.services import readers, verifying
from tongban.codes.wording import why
from tongban.halls import queries_tickets as queue
from tongban.halls.models import Hall, Ticket
from tongban.halls.services import tickets
from tongban.lib import qr
from tongban.lib.problems import Invalid, NotAllowed, Problem, TooMany
from tongban.matters.models import Matter, MatterVersion
from tongban.parties.models import Party

GUIDES = ("helper", "supervisor")
CHANNEL = "helper"


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@for_officer(*GUIDES)
def tablet(request, officer):
    """Everything on one page, made for a thumb. A number that was given stands on it until the next one."""
    hall = _hall(request)
    if hall is None:
        return render(request, "office/no_hall.html", {"officer": officer})
    problem: Problem | None = None
    if request.method == "POST":
        try:
            ticket = _give(request, hall)
        except (Invalid, NotAllowed, TooMany) as refused:
            problem = refused
        else:
            return redirect(f"{reverse('office:tablet')}?{urlencode({'given': ticket.key})}")
    said = request.POST if request.method == "POST" else request.GET
    q, slug = request.GET.get("q", "").strip()[:100], said.get("matter", "").strip()[:100]
    version = (
        MatterVersion.objects.select_related("matter__department")
        .filter(matter__slug=slug, state=MatterVersion.State.PUBLISHED)
        .first()
        if slug
        else None
    )
    board = queue.board(hall)
    given = _given(request, hall)
    context = {
        "officer": officer,
        "hall": hall,
        "halls": [(one.code, one.shown_name) for one in Hall.objects.filter(active=True).only("code", "name", "level")[:200]],
        "refusal": tickets.why_none(hall, timezone.now()),
        "board": board,
        "q": q,
        "hits": views_window.hits(q, officer) if q else [],
        "version": version,
        "needed": needed(version) if version is not None and version.form else [],
        "queues": [
            (one.category.code, _words(one)) for one in board.categories if one.category.code != queue.APPOINTMENT
        ],
        "suggested": said.get("category") or ("B" if version is not None and "person" not in version.objects_served else "A"),
        "reads": any(one.scene.slug == SCENE for one in readers.at_hand()),
        "languages": [("zh-hans", "中文"), ("en", "English")],
        "typed": {name: request.POST.get(name, "") for name in ("phone", "language", "elderly")},
        "problem": problem,
        "errors": problem.errors if isinstance(problem, Invalid) else {},
        "given": given,
        "slip": request.build_absolute_uri(reverse("portal:ticket", args=[given.key])) if given else "",
        "code": qr.svg(request.build_absolute_uri(reverse("portal:ticket", args=[given.key])), title=given.label)
        if given
        else "",
        "standing": queue.standing(given) if given else None,
    }  # fmt: skip
    return render(request, "office/tablet.html", context, status=problem.status if problem else 200)


def _words(row) -> str:
    words = f"{row.category.code} · {row.category.shown_name}"
    if row.minutes is None:
        return words
    return _("%(queue)s, about %(minutes)s min") % {"queue": words, "minutes": row.told}


def _hall(request) -> Hall | None:
    """The hall the guide walks about in: chosen once, remembered on this device."""
    active = Hall.objects.filter(active=True)
    if code := request.GET.get("hall", "")[:60]:
        hall = get_object_or_404(active, code=code)
        request.session[HALL] = hall.code
        return hall
    return (
        active.filter(code=request.session.get(HALL, "")).first()
        or active.filter(level="district").first()
        or active.first()
    )


def _given(request, hall: Hall) -> Ticket | None:
    ticket = queue.by_key(request.GET.get("given", "")[:24])
    return ticket if ticket is not None and ticket.hall_id == hall.pk else None


def _give(request, hall: Hall) -> Ticket:
    said = request.POST
    language = said.get("language", "")
    return tickets.issue(
        hall,
        said.get("category", "")[:2],
        actor=doorkeeper.actor_of(request),
        channel=CHANNEL,
        party=party_shown(request),
        phone=said.get("phone", "")[:30],
        matter=Matter.objects.filter(slug=said.get("matter", "")[:100]).first() if said.get("matter") else None,
        elderly=said.get("elderly") == "1",
        language=language if language in {"zh-hans", "en"} else "zh-hans",
    )


def party_shown(request) -> Party | None:
    """Whoever shows a code has a number of their own; whoever shows nothing gets one, too."""
    payload = request.POST.get("payload", "").strip()
    if not payload:
        return None
    reader = next((one for one in readers.at_hand() if one.scene.slug == SCENE), None)
    if reader is None:
        raise NotAllowed("no-reader", _("No reader for identity codes is registered for this hall."))
    verdict = verifying.verify(payload, reader=reader, purpose=SCENE, at=timezone.now(), by=request.user)
    if not verdict.good or verdict.party is None:
        reason = why(verdict.reason)
        raise Invalid("code-refused", errors={"payload": [reason.sentence]}, next_step=reason.next_step)
    return Party.objects.get(
        pk=verdict.party
    )  # the scan itself is written down for its owner; nothing of them is shown here
