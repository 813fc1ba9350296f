"""The wallet: every licence one may show, in one place; showing, sharing, printing, letting an office in, reporting an error, the record."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db.models import Q
from django.http import Http404, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tongban.cases import origins
from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_party
from tongban.channels.portal import use_words
from tongban.channels.portal.own import may_hold, own_licence
from tongban.departments import queries as departments
from tongban.lib import qr
from tongban.lib.bilingual import say
from tongban.lib.problems import Invalid
from tongban.licences import authorising, presenting, reminding, reporting, uses
from tongban.licences import services as licence_services
from tongban.licences.face_labels import label
from tongban.licences.models import Licence, LicenceAuthority, LicencePresentation, LicenceType
from tongban.licences.states import LicenceState

A_PAGE = 60
MANY = 8  # from so many on there is a search and a group for each holder
ENDS_SOON = 60
LASTS = {"1h": timedelta(hours=1), "1d": timedelta(days=1), "7d": timedelta(days=7), "30d": timedelta(days=30)}
VIEWS = ("1", "3", "10")


# -- all of them


@require_GET
@for_party
def wallet(request, party):
    """Cards of oneself, of the family and of companies, each under its holder; what is over stands apart."""
    today = timezone.localdate()
    spaces = doorkeeper.all_spaces(request)
    over = request.GET.get("shelf") == "over"
    said = request.GET.get("q", "").strip()[:80]
    of = next((one for one in spaces if str(one.pk) == request.GET.get("of", "")), None)
    rows = _of_all([of] if of else spaces, said, spaces)
    runs = Q(state__in=[LicenceState.VALID, LicenceState.SUSPENDED]) & (
        Q(valid_to__isnull=True) | Q(valid_to__gte=today)
    )
    after = request.GET.get("after", "")
    shelf = rows.exclude(runs) if over else rows.filter(runs)
    if after.isdecimal():
        shelf = shelf.filter(pk__lt=int(after[:18]))
    found = list(shelf[: A_PAGE + 1])
    holders = {one.pk: one for one in spaces}
    shown = [row for row in found[:A_PAGE] if may_hold(request, holders[row.holder_id], row)]
    renewing = {} if over else reminding.renewals({row.type.slug for row in shown if _soon(row, today)})
    cards = [_card(row, holders[row.holder_id], today, renewing) for row in shown]
    groups = _grouped(cards, party, spaces)
    doorkeeper.reading_many(request, {row.holder_id for row in shown}, "own licences", ["licences"], about="")
    many = bool(said or of or after) or len(cards) > MANY
    context = {
        "party": party,
        "groups": groups,
        "alone": len(spaces) == 1,
        "in_force": [] if over else shown,
        "others": shown if over else [],
        "over": over,
        "has_over": over or rows.exclude(runs).exists(),
        "said": said,
        "of": of,
        "many": many,
        "holders": spaces if len(spaces) > 1 else [],
        "next": found[A_PAGE - 1].pk if len(found) > A_PAGE else None,
    }
    return render(request, "portal/hold/wallet.html", context)


def _of_all(spaces, said: str, everybody):
    rows = (
        Licence.objects.select_related("type", "issuer")
        .defer("face", "statement")
        .filter(holder__in=[one.pk for one in spaces])
        .order_by("-id")
    )
    if not said:
        return rows
    low = said.casefold()
    kinds = [
        one.pk for one in LicenceType.objects.only("name") if any(low in str(n).casefold() for n in one.name.values())
    ]
    holders = [one.pk for one in everybody if low in one.shown_name.casefold() or low in one.name.casefold()]
    return rows.filter(Q(type__in=kinds) | Q(holder__in=holders) | Q(identifier__icontains=said))


def _soon(row: Licence, today) -> bool:
    return row.valid_to is not None and 0 <= (row.valid_to - today).days <= ENDS_SOON


def _card(row: Licence, holder, today, renewing: dict) -> dict:
    left = (row.valid_to - today).days if row.valid_to else None
    state = row.state
    if state == LicenceState.VALID and left is not None and left < 0:
        state = LicenceState.EXPIRED
    renewal = renewing.get(row.type.slug) if _soon(row, today) else None
    return {
        "licence": row,
        "holder": holder.shown_name,
        "holder_pk": holder.pk,
        "state": state,
        "number": f"…{row.identifier[-12:]}",
        "showable": state == LicenceState.VALID and row.valid_from <= today,
        "ends": ngettext("ends in %(days)d day", "ends in %(days)d days", left) % {"days": left}
        if left and _soon(row, today)
        else _("ends today")
        if left == 0
        else "",
        "renew": reverse("portal:guide", args=[renewal.matter.slug]) if renewal else "",
    }


def _grouped(cards: list[dict], party, spaces) -> list[dict]:
    """Whom one stands for at the moment first, then in the order of the switch."""
    order = sorted(spaces, key=lambda one: one.pk != party.pk)
    groups = [{"holder": one, "cards": [card for card in cards if card["holder_pk"] == one.pk]} for one in order]
    return [group for group in groups if group["cards"]]


# -- showing


@require_GET
@for_party
@never_cache
def show(request, party, pk):
    """A code for the next minute. The page asks for the next one by itself; without script there is a button."""
    row = own_licence(request, pk)
    made = presenting.show(row, account=request.user, actor=doorkeeper.actor_of(request))
    address = presented_at(made.token)
    picture = qr.svg(address, title=str(_("Code to show this licence")), error="m", border=3)
    until = made.until
    if doorkeeper.wants_data(request):
        return JsonResponse({"svg": picture, "until": until.isoformat(), "seconds": 60, "address": address})
    doorkeeper.reading(request, request.party, "own licences", ["licences"], about=f"licence:{row.pk}")
    context = {
        "party": request.party,
        "licence": row,
        "holder": row.holder.shown_name,
        "code": picture,
        "address": address,
        "until": until,
        "renewing": request.GET.get("again", ""),
    }
    return render(request, "portal/hold/show.html", context)


def presented_at(token: str) -> str:
    return f"{settings.PUBLIC_URL}{reverse('exchange:verify', args=[token])}"


# -- sharing


def _lasting() -> list[tuple[str, str]]:
    return [("1h", _("1 hour")), ("1d", _("1 day")), ("7d", _("7 days")), ("30d", _("30 days"))]


def _often() -> list[tuple[str, str]]:
    return [("any", _("as often as needed")), ("1", _("once")), ("3", _("3 times")), ("10", _("10 times"))]


def _lines(row: Licence) -> list[dict]:
    """What stands on the face, to choose from: with what it says, so that nobody chooses blindly."""
    return [
        {"value": one["field"], "label": say(one["label"]), "hint": reporting.as_text(one["value"])}
        for one in presenting.lines_of(row, presenting.shareable(row))
    ]


@require_http_methods(["GET", "HEAD", "POST"])
@for_party
@never_cache
def share(request, party, pk):
    """For whom, what for, which lines, how long, how often."""
    row = own_licence(request, pk)
    errors: dict = {}
    typed: dict[str, Any] = {
        "fields": presenting.shareable(row),
        "lasts": "1d",
        "views": "any",
        "receiver": "",
        "purpose": "",
    }
    if request.method == "POST":
        typed = presenting.share_words(request.POST) | {"fields": request.POST.getlist("fields")}
        views = typed["views"]
        try:
            made = presenting.share(
                row,
                account=request.user,
                actor=doorkeeper.actor_of(request),
                receiver=typed["receiver"],
                purpose=typed["purpose"],
                fields=typed["fields"],
                lasts=LASTS.get(typed["lasts"], timedelta()),
                views_at_most=int(views) if views in VIEWS else None,
            )
            return redirect("portal:licence_shared", pk=row.pk, share=made.presentation.pk)
        except Invalid as wrong:
            errors = wrong.errors
    doorkeeper.reading(request, request.party, "own licences", list(row.face), about=f"licence:{row.pk}")
    context = {
        "party": request.party,
        "licence": row,
        "lines": _lines(row),
        "lasting": _lasting(),
        "often": _often(),
        "typed": typed,
        "errors": errors,
        "labels": {"receiver": _("For whom"), "purpose": _("What for"), "fields": _("What they may see"), "lasts": pgettext("shared", "How long"), "views": _("How often it may be opened")},
        "refused": presenting.refusal_to_show(row, timezone.now()),
    }  # fmt: skip
    return render(request, "portal/hold/share.html", context, status=422 if errors else 200)


@require_GET
@for_party
@never_cache
def shared(request, party, pk, share):
    """One share: its link and code, until when, and who opened it so far."""
    row = own_licence(request, pk)
    one = _presentation(row, share)
    doorkeeper.reading(request, request.party, "own licences", ["licences"], about=f"licence:{row.pk}")
    address = presented_at(one.token)
    over = presenting.why_not(one)
    context = {
        "party": request.party,
        "licence": row,
        "share": one,
        "over": over,
        "address": address,
        "code": "" if over else qr.svg(address, title=str(_("Code of this share"))),
        "fields": [say(label(row.type.slug, name).text) for name in one.fields],
        "openings": list(one.openings.order_by("-id")[:50]),
        "left": one.views_at_most - one.views if one.views_at_most is not None else None,
    }
    return render(request, "portal/hold/shared.html", context)


@require_POST
@for_party
def share_end(request, party, pk, share):
    """From this second on it opens nothing."""
    row = own_licence(request, pk)
    one = _presentation(row, share)
    presenting.end(one, actor=doorkeeper.actor_of(request))
    messages.success(request, _("Ended. Nobody can open it any more."))
    return redirect("portal:licence", pk=row.pk)


def _presentation(row: Licence, pk: int) -> LicencePresentation:
    kinds = [LicencePresentation.Kind.SHARE, LicencePresentation.Kind.PRINT]
    return get_object_or_404(
        LicencePresentation.objects.select_related("licence__type"), licence=row, pk=pk, kind__in=kinds
    )


# -- on paper


@require_GET
@for_party
@never_cache
def printed(request, party, pk):
    """A sheet to print: the licence, and a code that says for years whether it is still in force, and nothing else of it."""
    row = own_licence(request, pk)
    made = presenting.print_copy(row, account=request.user, actor=doorkeeper.actor_of(request))
    doorkeeper.reading(request, request.party, "own licences", list(row.face), about=f"licence:{row.pk}")
    address = presented_at(made.token)
    context = {
        "party": request.party,
        "licence": row,
        "holder": row.holder.shown_name,
        "lines": presenting.lines_of(row, presenting.shareable(row), covered=presenting.COVERED),
        "copy": made.presentation,
        "address": address,
        "code": qr.svg(address, title=str(_("Code that says whether it is still in force")), error="q"),
        "printed_at": timezone.now(),
    }
    return render(request, "portal/hold/print.html", context)


# -- letting an office in


@require_http_methods(["GET", "HEAD", "POST"])
@for_party
@never_cache
def authorise(request, party, pk):
    """Which office, what for, which lines, until when."""
    row = own_licence(request, pk)
    today = timezone.localdate()
    errors: dict = {}
    typed: dict[str, Any] = {
        "department": "",
        "purpose": "",
        "until": (today + timedelta(days=30)).isoformat(),
        "fields": presenting.shareable(row),
    }
    if request.method == "POST":
        typed = {name: request.POST.get(name, "")[:200] for name in ("department", "purpose", "until")}
        typed["fields"] = request.POST.getlist("fields")
        try:
            made = authorising.authorise(
                row,
                department=departments.department(typed["department"]),
                purpose=typed["purpose"],
                fields=typed["fields"],
                until=_day(typed["until"]),
                account=request.user,
                actor=doorkeeper.actor_of(request),
            )
            messages.success(
                request,
                _("%(office)s may open it now. Your code for the office: %(code)s")
                % {"office": made.department.shown_name, "code": authorising.shown_code(made)},
            )
            return redirect(f"{reverse('portal:licence', args=[row.pk])}#let-in")
        except Invalid as wrong:
            errors = wrong.errors
    doorkeeper.reading(request, request.party, "own licences", list(row.face), about=f"licence:{row.pk}")
    context = {
        "party": request.party,
        "licence": row,
        "lines": _lines(row),
        "offices": [(one.code, one.shown_name) for one in departments.departments()],
        "typed": typed,
        "errors": errors,
        "labels": {"department": _("Office"), "purpose": _("What for"), "fields": _("What they may see"), "until": _("Last day")},
        "refused": presenting.refusal_to_show(row, timezone.now()),
        "today": today.isoformat(),
        "last": (today + authorising.LONGEST).isoformat(),
    }  # fmt: skip
    return render(request, "portal/hold/authorise.html", context, status=422 if errors else 200)


def _day(said: str):
    try:
        return parse_date(said)
    except ValueError:
        return None


@require_POST
@for_party
def authority_end(request, party, pk, authority):
    """The office opens it no more, from this second on."""
    row = own_licence(request, pk)
    one = get_object_or_404(LicenceAuthority.objects.select_related("licence"), licence=row, pk=authority)
    authorising.end(one, account=request.user, actor=doorkeeper.actor_of(request))
    messages.success(request, _("Ended. The office cannot open it any more."))
    return redirect(f"{reverse('portal:licence', args=[row.pk])}#let-in")


# -- this is wrong


@require_http_methods(["GET", "HEAD", "POST"])
@for_party
@never_cache
def wrong(request, party, pk):
    """Which line, what is right, why. What came from a register is disputed where it is kept, too."""
    row = own_licence(request, pk)
    there = reporting.reportable(row)
    if not there:
        raise Http404
    lines = {one["field"]: one for one in presenting.lines_of(row, there)}
    field = request.POST.get("field", "") or request.GET.get("field", "")
    errors: dict = {}
    typed = {name: request.POST.get(name, "") for name in ("says", "why")}
    if request.method == "POST":
        if field not in lines:
            errors = {"field": [_("Please choose the line that is wrong.")]}
        else:
            try:
                reporting.report(
                    row, field, says=typed["says"], why=typed["why"], account=request.user,
                    actor=doorkeeper.actor_of(request),
                )  # fmt: skip
                messages.success(request, _("Sent to the office that issued it. The answer comes here."))
                return redirect(f"{reverse('portal:licence', args=[row.pk])}#reports")
            except Invalid as invalid:
                errors = invalid.errors
    doorkeeper.reading(request, request.party, "own licences", list(row.face), about=f"licence:{row.pk}")
    context = {
        "party": request.party,
        "licence": row,
        "options": [
            {"value": name, "label": say(one["label"]), "hint": reporting.as_text(one["value"])}
            for name, one in lines.items()
        ],
        "field": field if field in lines else "",
        "typed": typed,
        "errors": errors,
        "labels": {"field": _("What is wrong"), "says": _("What is right"), "why": _("Why, or since when")},
        "days": reporting.ANSWER_DAYS,
        "registers": _from_registers(row, lines),
    }
    return render(request, "portal/hold/wrong.html", context, status=422 if errors else 200)


def _from_registers(row: Licence, lines: dict) -> list[dict]:
    """Lines that came out of a register through the application: there the value itself can be disputed."""
    case = row.cases.select_related("version", "account__person", "applicant").first()
    if case is None:
        return []
    found = []
    for name, one in lines.items():
        origin = origins.origin_of(case, name) if name in case.values else None
        if origin is not None and origin.kind == "register" and origin.resource != "e-licence-store":
            resource = origins.resource_of(origin)
            if resource is not None:
                found.append(
                    {
                        "label": say(one["label"]),
                        "register": resource.shown_name,
                        "href": reverse("portal:dispute_begin", args=[case.ref, name]),
                    }
                )
    return found


@require_POST
@for_party
def wrong_take_back(request, party, pk, report):
    """It is right after all."""
    row = own_licence(request, pk)
    one = reporting.of_licence(row).filter(ref=report).first()
    if one is None:
        raise Http404
    reporting.take_back(one, actor=doorkeeper.actor_of(request))
    return redirect(f"{reverse('portal:licence', args=[row.pk])}#reports")


# -- the record


@require_GET
@for_party
@never_cache
def record(request, party, pk):
    """Everything that was done with it, newest first."""
    row = own_licence(request, pk)
    doorkeeper.reading(request, request.party, "own licences", ["licences"], about=f"licence:{row.pk}")
    rows, following = uses.page(row, before=request.GET.get("before", ""))
    context = {
        "party": request.party,
        "licence": row,
        "lines": use_words.lines(rows, reader=request.user.pk, kind=row.type.slug),
        "next": following,
        "first": not request.GET.get("before"),
    }
    return render(request, "portal/hold/use.html", context)


def _kept_code(row: Licence, now) -> str:
    """What a device that keeps this page shows while it has no connection: signed now, and no longer than a day."""
    return qr.svg(
        licence_services.code_without_a_line(row, now), title=str(_("Signed code for times without a connection"))
    )


def beside(request, row: Licence) -> dict:
    """What the page of a licence shows of all this: what is running, what was reported, and the last lines of the record."""
    now = timezone.now()
    today = timezone.localdate(now)
    rows, following = uses.page(row, limit=5)
    renewing = reminding.renewals([row.type.slug]) if _soon(row, today) else {}
    full = any(power.full for power in doorkeeper.powers_over(request, row.holder_id))
    showable = presenting.refusal_to_show(row, now) is None
    return {
        "showable": showable,
        "full": full,
        "kept_code": _kept_code(row, now) if showable else "",
        "shares": [
            {"row": one, "left": one.views_at_most - one.views if one.views_at_most is not None else None}
            for one in presenting.running(row, now).exclude(kind=LicencePresentation.Kind.SHOW)[:20]
        ]
        if full
        else [],
        "authorities": [
            {"row": one, "code": authorising.shown_code(one), "fields": [say(label(row.type.slug, name).text) for name in one.fields]}
            for one in authorising.running(row, today).select_related("department")[:20]
        ]
        if full
        else [],
        "reports": [
            {"row": one, "label": say(label(row.type.slug, one.field).text)} for one in reporting.of_licence(row)[:20]
        ],
        "reportable": bool(reporting.reportable(row)),
        "uses": use_words.lines(rows, reader=request.user.pk, kind=row.type.slug),
        "more_uses": following,
        "renew": renewing.get(row.type.slug),
        "days_left": (row.valid_to - today).days if row.valid_to else None,
    }  # fmt: skip
