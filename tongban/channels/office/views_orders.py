"""Emergency orders and the statuses of persons under them: proposed by one, decided by another, long lists signed by a third."""

from datetime import datetime, time

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_officer
from tongban.channels.pages.live import stand_before
from tongban.codes import bases, colours, order_queries
from tongban.codes.models import Colour, EmergencyOrder, EntryLevel, HealthStatus, StatusProposal, VenueKind
from tongban.codes.order_states import AUTHORITY, DECIDES, PROPOSES
from tongban.codes.services import ordering, status_appealing, status_deciding
from tongban.lib.bilingual import say
from tongban.lib.problems import Invalid, Problem
from tongban.parties import queries as parties
from tongban.places import queries as places

ALL = (PROPOSES, DECIDES, AUTHORITY)
PURPOSE = "health status"
LIST_BYTES = 200_000
AREAS = ("city", "district", "subdistrict", "town")


def key(text: str) -> int | None:
    return int(text[:18]) if text.isascii() and text.isdigit() else None


def end_of(text: str) -> datetime | None:
    """A day ends at its midnight: what is said to hold until a day holds on that day."""
    try:
        day = parse_date(text)
    except ValueError:
        return None
    return timezone.make_aware(datetime.combine(day, time(23, 59, 59))) if day is not None else None


# -- orders


@require_GET
@for_officer(*ALL, "auditor")
def orders(request, officer):
    stand_before(request, "orders")
    rows, following = order_queries.orders(before=key(request.GET.get("before", "")))
    now = timezone.now()
    context = {
        "officer": officer,
        "rows": [{"row": row, "standing": order_queries.standing(row, now), "basis": bases.ORDER_BASES[row.basis]} for row in rows],
        "following": following,
        "proposes": bool({PROPOSES, DECIDES} & set(officer.roles)),
        "in_force": colours.order_in_force(now) is not None,
    }  # fmt: skip
    return render(request, "office/orders/orders.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@for_officer(PROPOSES, DECIDES)
def order_new(request, officer):
    """Write an order for another person to decide."""
    typed, problem = request.POST, None
    if request.method == "POST":
        try:
            row = ordering.propose_order(
                officer=officer,
                basis=typed.get("basis", ""),
                area=places.division(typed.get("area", "")[:12]),
                title={"zh": typed.get("title_zh", ""), "en": typed.get("title_en", "")},
                reason={"zh": typed.get("reason_zh", ""), "en": typed.get("reason_en", "")},
                ends_at=end_of(typed.get("ends_at", "")),
                health_colours=bases.HEALTH_COLOURS in typed.getlist("measures"),
                server_diary=bases.SERVER_DIARY in typed.getlist("measures"),
                entry_rules={
                    kind: typed.get(f"rule-{number}", "") for number, kind in enumerate(VenueKind.values)
                },
                prolongs=order_queries.order_by_ref(typed.get("prolongs", "")[:10]),
            )  # fmt: skip
        except Invalid as refused:
            problem = refused
        else:
            messages.success(request, _("Proposed. It does nothing before another person puts it in force."))
            return redirect("office:order", ref=row.ref)
    before = order_queries.order_by_ref(request.GET.get("prolongs", "")[:10])
    area = typed.get("area") or (before.area.code if before else "")
    rules = before.entry_rules if before else {}
    context = {
        "officer": officer,
        "problem": problem,
        "errors": problem.errors if problem else {},
        "typed": {name: typed.get(name, "") for name in ("basis", "title_zh", "title_en", "reason_zh", "reason_en", "ends_at")}
        | ({"title_zh": before.title["zh"], "title_en": before.title["en"], "basis": before.basis} if before and not typed else {}),
        "measures": [(name, say(words)) for name, words in bases.MEASURES.items() if name != bases.ENTRY_RULES],
        "measured": typed.getlist("measures") if typed else order_queries.measures_of(before) if before else [],
        "bases": [(one.code, str(one)) for one in bases.ORDER_BASES.values()],
        "areas": [(one.code, say(one.name)) for one in places.divisions() if one.level in AREAS],
        "area": area,
        "kinds": [
            {"name": f"rule-{number}", "words": words, "value": typed.get(f"rule-{number}") or rules.get(kind, "off")}
            for number, (kind, words) in enumerate(VenueKind.choices)
        ],
        "levels": EntryLevel.choices,
        "days": bases.ORDER_DAYS_AT_MOST,
        "prolongs": typed.get("prolongs", "") or (before.ref if before else ""),
    }  # fmt: skip
    return render(request, "office/orders/order_new.html", context, status=problem.status if problem else 200)


def _order(ref: str) -> EmergencyOrder:
    row = order_queries.order_by_ref(ref)
    if row is None:
        raise Http404
    return row


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@for_officer(*ALL, "auditor")
def order(request, officer, ref):
    """One order: what it would do or does, and who decides."""
    row, problem = _order(ref), None
    if request.method == "POST":
        try:
            return _order_act(request, officer, row)
        except Problem as refused:
            problem, row = refused, _order(ref)
    now = timezone.now()
    context = {
        "officer": officer,
        "row": row,
        "standing": order_queries.standing(row, now),
        "basis": bases.ORDER_BASES[row.basis],
        "measures": [say(bases.MEASURES[name]) for name in order_queries.measures_of(row)],
        "rules": [(VenueKind(kind).label, EntryLevel(level).label) for kind, level in row.entry_rules.items()],
        "own": row.proposed_by_id == officer.pk,
        "authority": AUTHORITY in officer.roles,
        "may_drop": AUTHORITY in officer.roles or row.proposed_by_id == officer.pk,
        "proposes": bool({PROPOSES, DECIDES} & set(officer.roles)),
        "problem": problem,
        "errors": problem.errors if isinstance(problem, Invalid) else {},
        "why": request.POST.get("why", "") if problem else "",
    }
    return render(request, "office/orders/order.html", context, status=problem.status if problem else 200)


def _order_act(request, officer, row):
    act, why = request.POST.get("act", ""), request.POST.get("why", "")
    if act == "force":
        ordering.put_in_force(row, officer=officer)
        messages.success(request, _("In force from this second until its end. It is published at /orders/."))
    elif act == "drop":
        ordering.drop_order(row, officer=officer, why=why)
        messages.success(request, _("Dropped. It never held."))
    elif act == "lift":
        ordering.lift_order(row, officer=officer, why=why)
        messages.success(request, _("Lifted. Everything of it is off, and the people concerned are told."))
    else:
        raise Http404
    return redirect("office:order", ref=row.ref)


# -- statuses


@never_cache
@require_GET
@for_officer(*ALL, "auditor")
def statuses(request, officer):
    """What waits for a decision, appeals by their clock, notices to bring, and what was decided. Nobody is named here."""
    stand_before(request, "statuses")
    rows, following = order_queries.proposals(before=key(request.GET.get("before", "")))
    papers, more = order_queries.notices_to_hand_over(after=key(request.GET.get("after", "")) or 0)
    context = {
        "officer": officer,
        "in_force": colours.order_in_force(timezone.now(), measure=bases.HEALTH_COLOURS),
        "proposes": PROPOSES in officer.roles,
        "rows": [_shown(row) for row in rows],
        "following": following,
        "appeals": order_queries.appeals_waiting(),
        "today": timezone.localdate(),
        "papers": papers,
        "more": more,
    }
    return render(request, "office/orders/statuses.html", context)


def _shown(row: StatusProposal) -> dict:
    return {"row": row, "basis": bases.STATUS_BASES[row.basis], "colour": say(bases.COLOUR_WORDS[row.colour])}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@for_officer(PROPOSES)
def status_new(request, officer):
    """Propose a status for one person, or for a list that is typed, pasted or read from a file."""
    typed, problem = request.POST, None
    now = timezone.now()
    under = colours.order_in_force(now, measure=bases.HEALTH_COLOURS)
    listed = typed.get("persons", "")
    if request.method == "POST":
        try:
            listed = "\n".join(part for part in (listed, _file(request)) if part)
            row = status_deciding.propose_status(
                under,
                officer=officer,
                colour=typed.get("colour", ""),
                basis=typed.get("basis", ""),
                reason=typed.get("reason", ""),
                until=end_of(typed.get("until", "")),
                persons=status_deciding.read_list(listed, evidence=typed.get("evidence", "")),
            )
        except Problem as refused:
            problem = refused
        else:
            messages.success(request, _("Proposed. Nothing has changed for anybody: another person decides."))
            return redirect("office:status_proposal", ref=row.ref)
    context = {
        "officer": officer,
        "under": under,
        "problem": problem,
        "errors": problem.errors if isinstance(problem, Invalid) else {},
        "typed": {name: typed.get(name, "") for name in ("colour", "basis", "reason", "until", "evidence")} | {"persons": listed},
        "bases": [
            {"value": one.code, "label": str(one), "hint": _("%(colours)s; at most %(days)s days; evidence: %(evidence)s") % {
                "colours": " / ".join(say(bases.COLOUR_WORDS[colour]) for colour in sorted(one.colours)),
                "days": one.days, "evidence": say(one.evidence)}}
            for one in bases.STATUS_BASES.values()
        ],
        "colours": Colour.choices,
        "alone": status_deciding.ALONE_AT_MOST,
    }  # fmt: skip
    return render(request, "office/orders/status_new.html", context, status=problem.status if problem else 200)


def _file(request) -> str:
    """A list as a file: plain text or CSV, read in memory and not kept."""
    file = request.FILES.get("file")
    if file is None:
        return ""
    if file.size > LIST_BYTES:
        raise Invalid("list-too-long", errors={"file": [_("This file is too big for a list of identity numbers.")]})
    try:
        return file.read().decode("utf-8-sig").replace("\x00", "")
    except UnicodeDecodeError:
        raise Invalid(
            "list-not-text",
            errors={"file": [_("Please save the list as plain text or CSV (UTF-8) and choose it again.")]},
        ) from None


def _proposal(ref: str) -> StatusProposal:
    row = order_queries.proposal_by_ref(ref)
    if row is None:
        raise Http404
    return row


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@for_officer(*ALL)
def status_proposal(request, officer, ref):
    """One proposal with the people on it, and what may be done."""
    row, problem = _proposal(ref), None
    if request.method == "POST":
        try:
            return _status_act(request, officer, row)
        except Problem as refused:
            problem, row = refused, _proposal(ref)
    lines, following = order_queries.lines_of(row, after=key(request.GET.get("after", "")) or 0)
    doorkeeper.reading_many(
        request, [line.person_id for line in lines], PURPOSE, ["name", "document", "evidence"], about=row.subject
    )
    now = timezone.now()
    context = {
        **_shown(row),
        "officer": officer,
        "lines": lines,
        "following": following,
        "long": row.state == "proposed" and status_deciding.needs_higher_signature(row, decider=officer, now=now),
        "own": row.proposed_by_id == officer.pk,
        "may_sign": AUTHORITY in officer.roles and row.proposed_by_id != officer.pk and row.signed_by_id is None,
        "may_decide": DECIDES in officer.roles and row.proposed_by_id != officer.pk and row.signed_by_id != officer.pk,
        "problem": problem,
        "errors": problem.errors if isinstance(problem, Invalid) else {},
        "why": request.POST.get("why", "") if problem else "",
    }
    return render(request, "office/orders/status_proposal.html", context, status=problem.status if problem else 200)


def _status_act(request, officer, row):
    act = request.POST.get("act", "")
    if act == "sign":
        status_deciding.sign_list(row, officer=officer)
        messages.success(request, _("Signed. A third person decides."))
    elif act == "decide":
        status_deciding.decide_status(row, officer=officer)
        messages.success(request, _("Decided. Each person has the notice with reason, end and the way to appeal."))
    elif act == "drop":
        status_deciding.drop_proposal(row, officer=officer, why=request.POST.get("why", ""))
        messages.success(request, _("Dropped. Nothing has changed for anybody."))
    else:
        raise Http404
    return redirect("office:status_proposal", ref=row.ref)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@for_officer(PROPOSES, DECIDES)
def status_notice(request, officer, pk):
    """The notice on paper, for a person without an account: to print and to bring. What the person says against it is written down here."""
    row, problem = order_queries.status_by_key(pk), None
    if row is None:
        raise Http404
    if request.method == "POST":
        try:
            status_appealing.take_down(row, officer=officer, text=request.POST.get("text", ""))
        except Problem as refused:
            problem = refused
        else:
            messages.success(request, _("Written down. Somebody who had no hand in the decision answers in writing."))
            return redirect("office:statuses")
    doorkeeper.reading(request, row.person_id, PURPOSE, ["name", "document", "address"], about=row.subject)
    context = {
        "officer": officer,
        "row": row,
        "basis": bases.STATUS_BASES[row.basis],
        "colour": say(bases.COLOUR_WORDS[row.colour]),
        "within": status_appealing.ANSWER_WITHIN,
        "appeal": getattr(row, "appeal", None),
        "problem": problem,
        "errors": problem.errors if isinstance(problem, Invalid) else {},
        "text": request.POST.get("text", ""),
    }
    return render(request, "office/orders/status_notice.html", context, status=problem.status if problem else 200)


@require_POST
@for_officer(PROPOSES, DECIDES)
def status_handed(request, officer, pk):
    row = order_queries.status_by_key(pk)
    if row is None:
        raise Http404
    status_deciding.hand_over_notice(row, officer=officer)
    messages.success(request, _("Written down: the person has the notice."))
    return redirect("office:statuses")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@for_officer(DECIDES, AUTHORITY)
def status_appeal(request, officer, pk):
    """One appeal: what the person says, what the status rests on, the written answer."""
    row, problem = order_queries.appeal_by_key(pk), None
    if row is None:
        raise Http404
    status = row.status
    doorkeeper.reading(request, status.person_id, PURPOSE, ["name", "evidence", "appeal"], about=status.subject)
    if request.method == "POST":
        right = {"yes": True, "no": False}.get(request.POST.get("right", ""))
        try:
            if right is None:
                raise Invalid("appeal-open", errors={"right": [_("Please choose one of the two.")]})
            status_appealing.answer_appeal(row, officer=officer, right=right, answer=request.POST.get("answer", ""))
        except Problem as refused:
            problem = refused
        else:
            messages.success(
                request, _("Answered in writing. Where the person was right, the status is lifted already.")
            )
            return redirect(*("office:status_appeal", pk) if _on_paper(status) else ("office:statuses",))
    proposal = status.line.proposal
    context = {
        "officer": officer,
        "row": row,
        "status": status,
        "proposal": proposal,
        "basis": bases.STATUS_BASES[status.basis],
        "colour": say(bases.COLOUR_WORDS[status.colour]),
        "had_a_hand": officer.pk in {proposal.proposed_by_id, proposal.signed_by_id, proposal.decided_by_id},
        "problem": problem,
        "errors": problem.errors if isinstance(problem, Invalid) else {},
        "typed": {name: request.POST.get(name, "") for name in ("right", "answer")},
        "late": row.state == "open" and row.due < timezone.localdate(),
        "on_paper": row.state != "open" and _on_paper(status),
    }
    return render(request, "office/orders/status_appeal.html", context, status=problem.status if problem else 200)


def _on_paper(status: HealthStatus) -> bool:
    """Nobody reads an answer on a screen for this person: it has to be brought."""
    return not parties.accounts_for(status.person, timezone.localdate())
