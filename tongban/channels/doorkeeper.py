"""The only door. Every view says who may stand behind it; a view that says nothing is not shown to anybody.

    @for_anyone                     def view(request, ...)
    @for_signed_in                  def view(request, account, ...)
    @for_party  @for_party(level=3) def view(request, party, ...)      the space acted for: oneself or a company
    @for_officer  @for_officer("dept_reviewer", "dept_approver")       def view(request, officer, ...)

`behind(door, views)` does the same for views that others wrote. What services raise as a Problem becomes a page here and nowhere else.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial, wraps
from typing import Any

import structlog
from allauth.account.internal.flows.login import get_authentication_records
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.core.cache import cache
from django.core.checks import Error, Tags, register
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template import loader
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazily

from tongban.cases.carrying_states import CarryingState
from tongban.cases.services import carrying
from tongban.channels import acting
from tongban.departments import queries as departments
from tongban.departments.models import Officer
from tongban.journal import queries as journal_queries
from tongban.journal import services as journal
from tongban.journal.actors import Actor
from tongban.lib import unicode
from tongban.lib.identifiers import mask_id
from tongban.lib.problems import Invalid, NotAllowed, Problem, worded
from tongban.notices import queries as notices
from tongban.oversight import rules as oversight_rules
from tongban.oversight import services as oversight
from tongban.oversight.models import Alert, Look
from tongban.parties import queries as parties
from tongban.parties import rules
from tongban.parties.models import Account, Party, Person
from tongban.parties.powers import STRONGEST_FIRST
from tongban.parties.states import Act

log = structlog.get_logger("tongban.door")

STANDINGS = {
    "self": "",
    "record": _lazily("another record of yours"),
    "representative": _lazily("legal representative"),
    "parent": _lazily("as a parent"),
    "guardian": _lazily("as guardian"),
    "clerk": _lazily("clerk"),
    "mandate": _lazily("with a mandate"),
}
NOT_FOUNDS_BEFORE_ALARM, ALARM_WINDOW = 20, 600


# -- who stands here


def powers(request: HttpRequest) -> list[parties.Power]:
    """By what this person may act for whom at this moment; asked once a request."""
    if not request.user.is_authenticated:
        return []
    if not hasattr(request, "_powers_known"):
        request._powers_known = parties.all_of(request.user, timezone.localdate())  # type: ignore[attr-defined]
    return request._powers_known  # type: ignore[attr-defined]


def powers_over(request: HttpRequest, party: Party | int) -> list[parties.Power]:
    key = party if isinstance(party, int) else party.pk
    return [power for power in powers(request) if power.party.pk == key]


def spaces(request: HttpRequest) -> list[Party]:
    """Whom one acts for without limits: oneself first, then companies, children and wards."""
    return parties.parties_in(power for power in powers(request) if power.full)


def all_spaces(request: HttpRequest) -> list[Party]:
    """The same, and whom one acts for within limits: what belongs to them is to be looked at through `powers_over`."""
    return parties.parties_in(powers(request))


def standing_for(request: HttpRequest) -> Party | None:
    """Whom this person acts for at the moment, with or without limits. A power that has ended leads back to oneself."""
    possible = all_spaces(request)
    chosen = request.session.get("space") if possible else None
    return next((party for party in possible if party.pk == chosen), possible[0] if possible else None)


def space(request: HttpRequest) -> Party | None:
    """Whom this person acts for without limits at the moment; within limits it is oneself."""
    here, possible = standing_for(request), spaces(request)
    return here if here in possible else possible[0] if possible else None


def within_limits(request: HttpRequest, party: Party) -> bool:
    return not any(power.full for power in powers_over(request, party))


def _beyond(party: Party) -> NotAllowed:
    return NotAllowed(
        "beyond-your-mandate",
        worded(
            _lazily("You act for %(name)s, and what you may do for them does not include this page."),
            name=party.shown_name,
        ),
        next_step=_lazily(
            "Choose yourself at the top of the page to see your own, or ask them to widen what you may do."
        ),
        status=403,
    )


def _refuse_beyond_limits(request: HttpRequest, party: Party, about_one_case: bool) -> None:
    """Within limits only the pages of `acting.NEEDS` open; those about one case ask again, with its matter."""
    if not within_limits(request, party):
        return
    name = request.resolver_match.view_name if request.resolver_match else ""
    needs = acting.NEEDS.get(name)
    if needs is None:
        raise _beyond(party)
    if needs and not about_one_case and not any(power.acts & needs for power in powers_over(request, party)):
        raise _beyond(party)


def enter_space(request: HttpRequest, party: Party) -> None:
    request.session["space"] = party.pk


def officer(request: HttpRequest) -> Officer | None:
    """The officer on duty who signed in here; None for everybody else."""
    if not request.user.is_authenticated:
        return None
    if not hasattr(request, "_officer_known"):
        found = departments.officer_of(request.user)
        request._officer_known = found if found is not None and found.active else None  # type: ignore[attr-defined]
    return request._officer_known  # type: ignore[attr-defined]


def level(request: HttpRequest) -> int:
    """1 registered, 2 verified; 3 only for half an hour after a face or window check in this very session."""
    if not request.user.is_authenticated:
        return 0
    present = request.session.get("present_at")
    if request.user.level >= rules.VERIFIED and present and time.time() - present < rules.PRESENT_FOR.total_seconds():
        return rules.PRESENT
    return min(request.user.level, rules.VERIFIED)


def note_presence(request: HttpRequest) -> None:
    """The face was checked just now, in this session."""
    request.session["present_at"] = time.time()


def used_second_factor(request: HttpRequest) -> bool:
    """A code, a recovery code or a passkey was used in this session: having one is not enough."""
    return any(record.get("method") == "mfa" for record in get_authentication_records(request, request.user))


ACTIVE_WRITTEN_EVERY = 60  # seconds: not every page writes a session


def stood_still(request: HttpRequest) -> bool:
    """An officer's desk that nobody used for a while may be anybody's by now. People's own pages ask for no haste."""
    now, last = time.time(), request.session.get("active_at")
    if last is not None and now - last > settings.OFFICE_IDLE:
        return True
    if last is None or now - last > ACTIVE_WRITTEN_EVERY:
        request.session["active_at"] = now
    return False


def actor_of(request: HttpRequest) -> Actor:
    """Who does it, for services and the journal: the officer on an officers' page, else the person for the space acted for."""
    if (carried := getattr(request, "carried", None)) is not None:
        by = carrying.power_of(carried)
        role = "applicant" if by is None or by.own else "agent"
        name = carried.account.person.name if carried.account.person_id else ""
        return Actor("applicant", role, account=carried.account_id, party=carried.case.applicant_id, name=name)
    if not request.user.is_authenticated:
        return Actor(kind="applicant", role="applicant")
    account: Account = request.user
    here = getattr(request, "officer", None)
    if here is not None:
        return Actor(
            kind="officer",
            role=request.role,  # type: ignore[attr-defined]
            account=account.pk,
            department=here.department.code,
            name=here.shown_name,
        )
    party = getattr(request, "party", None) or standing_for(request)
    held = powers_over(request, party) if party is not None else []
    return Actor(
        kind="applicant",
        role="agent" if held and not any(power.own for power in held) else "applicant",
        account=account.pk,
        party=party.pk if party else None,
        name=account.person.name if account.person_id else "",
    )


def reading(request: HttpRequest, party: Party | int, purpose: str, fields: Iterable[str], about: str = "") -> None:
    """Write down that personal data is about to be shown. Officers need a purpose and the case (or the like) it is about.

    Officers see a limited number of people an hour; beyond it a second person is needed, and nothing is shown. A look without a
    case (`looking`) is written down as that, with the law that delays telling the person if there is one.
    """
    actor = actor_of(request)
    of_party = party if isinstance(party, int) else party.pk
    entry: dict[str, Any] = {"actor": actor, "of_party": of_party, "purpose": purpose, "fields": fields, "about": about}
    if actor.kind != "officer":
        journal.note_read(**entry)
        return
    if not (purpose and about):
        raise NotAllowed(
            "no-purpose",
            _("Personal data is shown only for a case or another purpose that can be named."),
            next_step=_("Open it from the case it belongs to."),
            status=403,
        )
    if (look := getattr(request, "look", None)) is not None:
        entry |= {
            "purpose": f"look:{look.purpose}",
            "law_code": look.law_code,
            "hidden_until": look.hidden_until,
        }
    seen_lately = timezone.now() - oversight_rules.HOUR
    if of_party == 0 or journal_queries.read_since(actor.account or 0, seen_lately, of_party=of_party):
        journal.note_read(**entry)
        return
    try:
        with transaction.atomic():
            oversight.admit(request.officer, of_party)  # type: ignore[attr-defined]
            journal.note_read(**entry)
    except oversight.SecondPersonNeeded:
        if cache.add(f"many-people:{actor.account}", 1, int(oversight_rules.HOUR.total_seconds())):
            oversight.raise_alert(Alert.Kind.MANY_PEOPLE, account=request.officer.account)  # type: ignore[attr-defined]
        raise


def reading_many(
    request: HttpRequest, parties_: Iterable[int], purpose: str, fields: Iterable[str], about: str
) -> None:
    """The same for a page that shows several people at once."""
    actor = actor_of(request)
    if actor.kind == "officer":  # each of them counts
        for party in parties_:
            reading(request, party, purpose, fields, about)
        return
    if found := list(parties_):
        journal.note_reads(actor=actor, of_parties=found, purpose=purpose, fields=fields, about=about)


def looking(request: HttpRequest, look: Look) -> None:
    """What this officer sees from here on is seen without a case of their own."""
    request.look = look  # type: ignore[attr-defined]


# -- the doors


def for_anyone(view: Callable) -> Callable:
    @wraps(view)
    def opened(request, *args, **kwargs):
        return view(request, *args, **kwargs)

    return _tagged(opened, "anyone")


def for_machines(view: Callable) -> Callable:
    """For whoever reads health and figures: no person, no session, no space; the view has its own lock where it needs one."""

    @wraps(view)
    def opened(request, *args, **kwargs):
        return view(request, *args, **kwargs)

    return _tagged(opened, "machines")


def for_gateways(view: Callable) -> Callable:
    """For a service outside that signs what it sends: its signature is the door, and the view looks at it before anything else."""

    @wraps(view)
    def opened(request, *args, **kwargs):
        return view(request, *args, **kwargs)

    return _tagged(opened, "signature")


def for_signed_in(view: Callable) -> Callable:
    @wraps(view)
    def opened(request, *args, **kwargs):
        if not request.user.is_authenticated:
            return _to_sign_in(request)
        if request.resolver_match is not None and request.resolver_match.view_name in acting.OF_THE_SPACE:
            here = standing_for(request)
            if here is not None and within_limits(request, here):
                raise _beyond(here)
        return view(request, request.user, *args, **kwargs)

    return _tagged(opened, "signed_in")


def for_party(view: Callable | None = None, *, level: int = rules.VERIFIED) -> Callable:
    """For persons and companies. Whoever is not sure enough yet is led to the page that proves it, and comes back here."""
    if view is None:
        return partial(for_party, level=level)
    wanted = level

    @wraps(view)
    def opened(request, *args, **kwargs):
        if not request.user.is_authenticated:
            return _to_sign_in(request)
        party = standing_for(request)
        if party is None or _level(request) < wanted:
            return _to(
                request, "account_presence" if party is not None and wanted == rules.PRESENT else "account_identity"
            )
        _refuse_beyond_limits(request, party, "ref" in kwargs)
        request.party = party
        return view(request, party, *args, **kwargs)

    return _tagged(opened, f"party_{wanted}")


CARRIED = "__Host-draft" if settings.HTTPS else "draft"


def for_carried(view: Callable) -> Callable:
    """For a second device that was let into one draft: nobody is signed in by it, and it reaches that draft alone. Every click asks
    anew whether it still may; whoever may not is led to the page that takes codes."""

    @wraps(view)
    def opened(request, *args, **kwargs):
        row = carrying.waiting_or_at_work(request.COOKIES.get(CARRIED, "")[:100])
        if row is None or row.state != CarryingState.OPEN:
            if wants_data(request) or request.headers.get("x-autosave"):
                said = _("This device does not work in the application any more.")
                return _document(request, 403, "carrying-ended", said, "", _("Go on where you began."), {})
            return HttpResponseRedirect(reverse("portal:go_on") + ("?over=1" if row is None else ""))
        carrying.note_use(row)
        request.carried = row
        return view(request, row, *args, **kwargs)

    return _tagged(opened, "carried")


def for_officer(*roles) -> Callable:
    """For officers on duty who used a second factor. With roles, only for those who hold one of them; the first held is acted in."""
    if len(roles) == 1 and callable(roles[0]):
        return for_officer()(roles[0])
    wanted = tuple(str(role) for role in roles)

    def door(view):
        @wraps(view)
        def opened(request, *args, **kwargs):
            if not request.user.is_authenticated:
                return _to_sign_in(request)
            here = officer(request)
            held = [role for role in (wanted or here.roles) if role in here.roles] if here is not None else []
            if not held:
                raise PermissionDenied
            if not used_second_factor(request):
                return _to(request, "account_second_factor")
            if stood_still(request):
                logout(request)
                messages.info(request, _("You were signed out, because nothing was done here for a while."))
                response = _to_sign_in(request)
                response.headers["Clear-Site-Data"] = '"storage"'  # as at every sign-out (pages.keeping)
                return response
            request.officer, request.role = here, held[0]
            return view(request, here, *args, **kwargs)

        return _tagged(opened, "officer" if not wanted else "officer:" + ",".join(sorted(wanted)))

    return door


def behind(door: Callable, views):
    """Put views that others wrote (allauth, ninja) behind a door: one view, or every pattern of a list of addresses."""
    if callable(views):
        return _keeping_signature(door, views)
    for entry in views:
        if isinstance(entry, URLResolver):
            behind(door, entry.url_patterns)
        else:
            entry.callback = _keeping_signature(door, entry.callback)
    return views


def _keeping_signature(door: Callable, view: Callable) -> Callable:
    """The view takes only the request: what the door would hand it is taken off again."""
    if door in (for_anyone, for_machines):
        return door(view)

    @wraps(view)
    def without(request, _standing, *args, **kwargs):
        return view(request, *args, **kwargs)

    return door(without)


def _tagged(view: Callable, door: str) -> Callable:
    view.door = door  # type: ignore[attr-defined]
    return view


_level = level


# -- the ways back


def safe_next(request: HttpRequest, otherwise: str = "/") -> str:
    """Where the person wanted to go, if that is one of our own pages."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    ours = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None, require_https=request.is_secure())
    return wanted if wanted.startswith("/") and ours else otherwise


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    if wants_data(request):
        return _document(
            request, 401, "sign-in-needed", _("Please sign in first."), "", _("Sign in, then try again."), {}
        )
    return _to(request, "account_login")


def _to(request: HttpRequest, name: str) -> HttpResponse:
    """Lead to a page that can help, and afterwards back. What was posted is not carried along; the page it came from is."""
    back = request.get_full_path()
    if request.method not in {"GET", "HEAD"}:
        referer = request.headers.get("referer", "")
        own = request.build_absolute_uri("/")
        back = "/" + referer.removeprefix(own) if referer.startswith(own) else "/my/"
    if wants_data(request):
        return _document(
            request,
            403,
            "proof-needed",
            _("This needs a surer proof of who you are."),
            "",
            _("Open the page in the browser and follow it."),
            {"where": reverse(name)},
        )
    return HttpResponseRedirect(f"{reverse(name)}?{urlencode({'next': back})}")


# -- problems


def wants_data(request: HttpRequest) -> bool:
    return request.path_info.startswith("/api/") or request.headers.get("accept", "").startswith("application/json")


def show_problem(request: HttpRequest, problem: Problem) -> HttpResponse:
    """What happened, what was kept, what to do next: as a page, or as a problem document (RFC 9457) for programs."""
    sentence, kept, next_step = str(problem.sentence), str(problem.kept), str(problem.next_step)
    log.info("problem", code=problem.code, status=problem.status)
    if wants_data(request):
        more = {"errors": _plain(problem.errors)} if isinstance(problem, Invalid) and problem.errors else {}
        response = _document(request, problem.status, problem.code, sentence, kept, next_step, more)
    else:
        context = {
            "sentence": sentence,
            "kept": kept,
            "next_step": next_step,
            "code": problem.code,
            "errors": _plain(problem.errors) if isinstance(problem, Invalid) else {},
            "back": _where_from(request),
            "REQUEST_ID": getattr(request, "request_id", ""),
            "problem": problem,
            "officer": getattr(request, "officer", None),  # a page of the office stands in its frame
        }
        page = getattr(problem, "template", "problem.html")
        response = HttpResponse(loader.render_to_string(page, context, request), status=problem.status)
    response.headers["Cache-Control"] = "no-store"
    if (seconds := getattr(problem, "retry_after", None)) is not None:
        response.headers["Retry-After"] = str(int(seconds))
    return response


def _document(request, status, code, sentence, kept, next_step, more) -> HttpResponse:
    body = {
        "type": f"urn:tongban:problem:{code}",
        "title": sentence,
        "status": status,
        "detail": " ".join(part for part in (sentence, next_step) if part),
        "code": code,
        "kept": kept,
        "request": getattr(request, "request_id", ""),
        **more,
    }
    response = JsonResponse(body, status=status, content_type="application/problem+json")
    response.headers["Content-Language"] = get_language() or "zh-hans"
    return response


def _plain(errors) -> dict[str, list[str]]:
    return {field: [str(reason) for reason in reasons] for field, reasons in errors.items()}


def _where_from(request: HttpRequest) -> str:
    referer, own = request.headers.get("referer", ""), request.build_absolute_uri("/")
    if referer.startswith(own) and referer != request.build_absolute_uri():
        return "/" + referer.removeprefix(own)
    return request.get_full_path() if request.method == "GET" else "/"


# -- the ring around every view

JUDGE_TEXT_THEMSELVES = {"portal:apply_form", "portal:apply_save"}  # they keep what was typed beside the reason
FORMS = {"application/x-www-form-urlencoded", "multipart/form-data"}


def _unreadable(request: HttpRequest) -> Invalid | None:
    """Control characters and broken ones are refused at their field before any view sees them: no database, page or paper holds them."""
    if request.method != "POST" or request.content_type not in FORMS or request.path_info.startswith("/api/"):
        return None  # the open interface reads its body itself, and judges it by its contract
    if request.resolver_match is not None and request.resolver_match.view_name in JUDGE_TEXT_THEMSELVES:
        return None
    errors = {}
    for name, given in request.POST.lists():
        sentences = [sentence for text in given if (sentence := unicode.unreadable(text))]
        if sentences or unicode.unreadable(name):
            errors[name] = sentences[:1] or [_("This cannot be understood.")]
    if not errors:
        return None
    return Invalid(
        "unreadable",
        next(iter(errors.values()))[0],
        errors=errors,
        kept=_("Nothing was changed."),
        next_step=_("Go back, type it again and send it once more."),
    )


class Doorkeeper:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        request.spaces = SimpleLazyObject(partial(_shown_spaces, request))
        request.is_officer = SimpleLazyObject(lambda: _signed_in(request) and officer(request) is not None)
        request.unread = SimpleLazyObject(lambda: notices.unread_shown(request.user) if _signed_in(request) else "")
        response = self.get_response(request)
        if _is_personal(request) and not response.has_header("Cache-Control"):
            response.headers["Cache-Control"] = "private, no-store"  # hall machines have many users
        if response.status_code == 404 and request.resolver_match is not None and _signed_in(request):
            _count_not_found(request)
        return response

    def process_view(self, request, view, args, kwargs):
        if getattr(view, "door", None) is None:
            log.error("a view without a door was refused", view=f"{view.__module__}.{view.__qualname__}")
            raise PermissionDenied
        unreadable = _unreadable(request)
        return show_problem(request, unreadable) if unreadable else None

    def process_exception(self, request, exception):
        return show_problem(request, exception) if isinstance(exception, Problem) else None


def _is_personal(request) -> bool:
    match = request.resolver_match
    return match is not None and getattr(match.func, "door", "anyone") not in {"anyone", "machines"}


def _signed_in(request) -> bool:
    return hasattr(request, "user") and request.user.is_authenticated


def _shown_spaces(request) -> list[dict]:
    if not _signed_in(request):
        return []
    here = standing_for(request)
    if here is None:
        return [{"key": "", "name": request.user.login, "kind": Party.Kind.PERSON, "current": True}]
    return _told_apart([_shown_space(request, party, party.pk == here.pk) for party in all_spaces(request)])


def _told_apart(shown: list[dict]) -> list[dict]:
    """Two of one name, such as two records of one person that were joined, are told apart by the ends of their documents."""
    names = Counter(one["name"] for one in shown)
    alike = [one["key"] for one in shown if names[one["name"]] > 1]
    people = {row.pk: row for row in Person.objects.filter(pk__in=alike)} if alike else {}
    for one in shown:
        if one["key"] in people:
            one["name"] += f" {mask_id(people[one['key']].id_no)}"
    return shown


def _shown_space(request, party: Party, current: bool) -> dict:
    """`by` says in which standing, `limits` in a few words how far it goes; both empty for oneself."""
    strongest = min(powers_over(request, party), key=lambda power: STRONGEST_FIRST.index(power.by))
    acts = [str(label) for act, label in Act.choices if act in strongest.acts]
    return {
        "key": party.pk,
        "name": party.shown_name,
        "kind": party.kind,
        "current": current,
        "own": party.pk == request.user.person_id,
        "by": str(STANDINGS[strongest.by]),
        "limits": "" if strongest.full else _(", ").join(acts),
        "matters": "" if strongest.full or strongest.matters is None else len(strongest.matters),
        "until": strongest.until,
    }


def _count_not_found(request) -> None:
    """Somebody who tries other people's numbers shows in the log, and soon in an alarm."""
    key = f"not-found:{request.user.pk}:{int(time.time() // ALARM_WINDOW)}"
    cache.add(key, 0, ALARM_WINDOW)
    count = cache.incr(key)
    log.info("nothing there for this account", account=request.user.pk, route=request.resolver_match.route)
    if count == NOT_FOUNDS_BEFORE_ALARM:
        log.warning("one account asks for many things that are not there", account=request.user.pk, count=count)
        oversight.raise_alert(Alert.Kind.MANY_NOT_FOUND, account=request.user, note=str(count))


def views_without_door(resolver: URLResolver | None = None, before: str = "") -> list[str]:
    """Every address whose view says nothing about who may enter."""
    found = []
    for entry in (resolver or get_resolver(settings.ROOT_URLCONF)).url_patterns:
        here = before + str(entry.pattern)
        if isinstance(entry, URLResolver):
            found += views_without_door(entry, here)
        elif isinstance(entry, URLPattern) and getattr(entry.callback, "door", None) is None:
            found.append(f"{here} ({entry.name or entry.lookup_str})")
    return found


@register(Tags.urls)
def every_view_has_a_door(app_configs, **kwargs):
    return [
        Error(f"Nobody may enter here, because the view has no door: {where}", id="tongban.E100")
        for where in views_without_door()
    ]
