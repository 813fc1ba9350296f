"""Keys that sign licences: what each has signed, and the drill for a stolen one: asked for by one, confirmed by another, followed to its end."""

from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from tongban.channels.doorkeeper import for_officer
from tongban.lib.bilingual import say
from tongban.lib.problems import Invalid, NotAllowed
from tongban.licences import withdrawing
from tongban.licences.withdrawal_states import WithdrawalState

SEES = ("dept_approver", "coordinator", "auditor")
KEYS_SHOWN = 200


@require_GET
@never_cache
@for_officer(*SEES)
def keys(request, officer):
    """The keys this officer answers for, the newest first, and what was withdrawn."""
    return _page(request, officer)


def _page(request, officer, problem=None):
    found = withdrawing.keys_for(officer)[:KEYS_SHOWN]
    context = {
        "officer": officer,
        "keys": found,
        "in_use": [(key.key_id, f"{say(key.signs)} · {key.key_id}") for key in found if key.withdrawn_at is None],
        "withdrawals": list(withdrawing.withdrawals_for(officer)[:50]),
        "may": bool(withdrawing.ROLES & set(officer.roles)),
        "problem": problem,
        "typed": {name: request.POST.get(name, "") if problem else "" for name in ("key", "why")},
        "errors": {name: (getattr(problem, "errors", None) or {}).get(name, []) for name in ("key", "why")},
    }
    return render(request, "office/keys.html", context, status=problem.status if problem else 200)


@require_POST
@for_officer("dept_approver", "coordinator")
def ask(request, officer):
    """Say that a key is no longer trusted."""
    try:
        row = withdrawing.ask(request.POST.get("key", "")[:60], why=request.POST.get("why", ""), officer=officer)
    except (Invalid, NotAllowed) as problem:
        return _page(request, officer, problem)
    return redirect("office:key_withdrawal", pk=row.pk)


@require_GET
@never_cache
@for_officer(*SEES)
def withdrawal(request, officer, pk):
    """How far it is: asked, confirmed, so many of so many signed and sealed anew."""
    return _one(request, officer, get_object_or_404(withdrawing.withdrawals_for(officer), pk=pk))


def _one(request, officer, row, problem=None):
    done = withdrawing.progress(row)
    context = {
        "officer": officer,
        "row": row,
        "done": done,
        "whole": row.state == WithdrawalState.DONE and done["sealed"] >= done["signed"],
        "may_decide": row.state == WithdrawalState.ASKED and bool(withdrawing.ROLES & set(officer.roles)),
        "own": row.asked_by_id == officer.pk,
        "problem": problem,
    }
    return render(request, "office/key_withdrawal.html", context, status=problem.status if problem else 200)


@require_POST
@for_officer("dept_approver", "coordinator")
def decide(request, officer, pk, move):
    """The second person confirms, or either lets it be."""
    row = get_object_or_404(withdrawing.withdrawals_for(officer), pk=pk)
    if move not in ("confirm", "drop"):
        raise Http404
    try:
        (withdrawing.confirm if move == "confirm" else withdrawing.drop)(row, officer=officer)
    except NotAllowed as problem:
        row.refresh_from_db()
        return _one(request, officer, row, problem)
    return redirect("office:key_withdrawal", pk=pk)
