"""Whose health passes the district trusts: loaded by one officer of the health department, put in force by another; who is trusted, and who was."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tongban.channels.doorkeeper import for_officer
from tongban.codes import queries_passes, trust_files
from tongban.codes.pass_states import DECIDES, LOADS, ListState
from tongban.codes.services import passes
from tongban.lib.problems import Invalid, NotAllowed, Problem

LOOKS = (*LOADS, "emergency_authority", "coordinator", "auditor")
PAGE = 20
NAMES_SHOWN = 500


@require_http_methods(["GET", "HEAD", "POST"])
@for_officer(*LOOKS)
@never_cache
def trust_lists(request, officer):
    """What is in force, what waits, what was; and the form that loads the next version."""
    loads, problem = bool(set(LOADS) & set(officer.roles)), None
    if request.method == "POST":
        try:
            row = passes.load_signers(
                queries_passes.DEFAULT_LIST, _file(request), origin=request.POST.get("origin", ""), officer=officer
            )
        except Problem as wrong:
            problem = wrong
        else:
            messages.success(request, _("It is loaded. Nothing trusts it until another officer has put it in force."))
            return redirect("office:trust_list", name=row.name, number=row.number)
    before = request.GET.get("before", "")
    known = queries_passes.lists()
    if before.isascii() and before.isdigit():
        known = known.filter(pk__lt=int(before[:18]))
    rows = list(known[: PAGE + 1])
    context = {
        "officer": officer,
        "in_force": queries_passes.in_force(),
        "rows": rows[:PAGE],
        "following": rows[PAGE - 1].pk if len(rows) > PAGE else None,
        "loads": loads,
        "problem": problem if not isinstance(problem, Invalid) else None,
        "errors": problem.errors if isinstance(problem, Invalid) else {},
        "typed": request.POST.get("origin", ""),
    }
    return render(request, "office/passes/lists.html", context, status=problem.status if problem else 200)


def _file(request) -> bytes:
    sent = request.FILES.get("file")
    if sent is None:
        raise Invalid("signers-not-loaded", errors={"file": [_("Please choose the file with the certificates.")]})
    if sent.size > trust_files.LARGEST:
        raise Invalid("signers-not-loaded", errors={"file": [_("The file is larger than any list of signers.")]})
    return sent.read()


@require_GET
@for_officer(*LOOKS)
@never_cache
def trust_list(request, officer, name, number):
    """One version: each key with whose it is, until when and for what; and what it changes against the one in force."""
    return _shown(request, officer, _version(name, number))


def _version(name, number):
    row = queries_passes.version(name, number)
    if row is None:
        raise Http404
    return row


def _shown(request, officer, row, problem=None):
    signers = list(queries_passes.signers(row)[: NAMES_SHOWN + 1])
    waits = row.state == ListState.LOADED
    own = row.loaded_by_id == officer.pk
    context = {
        "officer": officer,
        "row": row,
        "signers": signers[:NAMES_SHOWN],
        "more": len(signers) > NAMES_SHOWN,
        "changes": queries_passes.changes(row) if waits else None,
        "now": timezone.now(),
        "decides": waits and not own and bool(set(DECIDES) & set(officer.roles)),
        "drops": waits and bool(set(LOADS) & set(officer.roles)),
        "own": waits and own,
        "problem": problem if problem is not None and not isinstance(problem, Invalid) else None,
        "errors": problem.errors if isinstance(problem, Invalid) else {},
        "typed": request.POST.get("why", ""),
    }
    return render(request, "office/passes/list.html", context, status=problem.status if problem else 200)


@require_POST
@for_officer(*LOADS)
def trust_list_act(request, officer, name, number, act):
    """Put it in force, or drop it with a reason."""
    row = _version(name, number)
    try:
        if act == "trust":
            passes.trust_signers(row, officer=officer)
            messages.success(request, _("It is in force: from this second passes are checked against it."))
        elif act == "drop":
            passes.drop_signers(row, officer=officer, why=request.POST.get("why", ""))
            messages.success(request, _("It was not put in force."))
        else:
            raise Http404
    except (Invalid, NotAllowed) as problem:
        row.refresh_from_db()
        return _shown(request, officer, row, problem)
    return redirect("office:trust_list", name=row.name, number=row.number)
