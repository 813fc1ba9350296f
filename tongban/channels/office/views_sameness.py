"""Records that may be one person: a list, both side by side, told apart or joined by two officers, taken apart again."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from tongban.cases import queries as cases
from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_officer
from tongban.channels.pages import countries
from tongban.channels.pages.templatetags.tongban import day
from tongban.departments import queries as departments
from tongban.lib.identifiers import mask_id, mask_phone
from tongban.lib.problems import Invalid, NotAllowed
from tongban.licences import queries as licences
from tongban.parties import queries as parties
from tongban.parties import sameness
from tongban.parties.models import Account, Membership, Person, Sameness

PURPOSE = "identity check"
FEW = 10


@require_GET
@never_cache
@for_officer("coordinator", "supervisor")
def listed(request, officer):
    """What waits for a look, the oldest first; what was joined lately. Names alone: the rest stands side by side."""
    after = request.GET.get("after", "")
    rows, following = sameness.to_look_at(after=int(after) if after.isascii() and after.isdigit() else 0)
    joined = sameness.joined() if not after else []
    for row in [*rows, *joined]:
        for person in (row.one, row.other):
            doorkeeper.reading(request, person.pk, PURPOSE, ["name"], about=f"sameness:{row.pk}")
    context = {"officer": officer, "rows": rows, "following": following, "joined": joined}
    return render(request, "office/sameness/listed.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@for_officer("coordinator", "supervisor")
def pair(request, officer, pk):
    """Both records with all that hangs on them: what would be seen together, and by whom."""
    row = sameness.by_key(pk)
    if row is None:
        raise Http404
    problem = None
    if request.method == "POST":
        try:
            messages.success(request, _judge(request, row))
            return redirect("office:sameness" if row.state == "different" else request.path)
        except (Invalid, NotAllowed) as refused:
            problem, row = refused, sameness.by_key(pk) or row
    sides = [_side(request, row, person) for person in (row.one, row.other)]
    context = {
        "officer": officer,
        "row": row,
        "sides": sides,
        "lines": _lines(*sides),
        "proposer": departments.officer_of(row.proposed_by) if row.proposed_by is not None else None,
        "decider": departments.officer_of(row.decided_by) if row.decided_by is not None else None,
        "mine": row.proposed_by_id == request.user.pk,
        "problem": problem,
        "errors": problem.errors if isinstance(problem, Invalid) else {},
        "typed": {name: request.POST.get(name, "") if problem else "" for name in ("reason", "leading")},
    }
    return render(request, "office/sameness/pair.html", context, status=problem.status if problem else 200)


def _judge(request, row: Sameness) -> str:
    act, said = request.POST.get("act", ""), request.POST.get("reason", "")
    who = {"actor": doorkeeper.actor_of(request), "account": request.user}
    if act == "apart":
        sameness.tell_apart(row, reason=said, **who)
        return _("Remembered: these are two persons.")
    if act == "propose":
        leading = request.POST.get("leading", "")
        key = int(leading) if leading.isascii() and leading.isdigit() else 0
        sameness.propose(row, leading=key, reason=said, **who)
        return _("Proposed. A second officer looks at both and decides.")
    if act == "join":
        sameness.join(row, **who)
        return _("Joined. The accounts are told.")
    if act == "part":
        sameness.part(row, reason=said, **who)
        return _("Taken apart again. The accounts are told.")
    raise Http404


def _side(request, row: Sameness, person: Person) -> dict:
    """One record and the newest of what hangs on it; of each at most ten, and whether there is more."""
    doorkeeper.reading(
        request,
        person.pk,
        PURPOSE,
        ["name", "document", "contact", "cases", "licences", "mandates"],
        about=f"sameness:{row.pk}",
    )
    account = Account.objects.filter(person=person).only("login", "created_at", "is_active", "level").first()
    sent, more = cases.page_of(cases.of_record(person), limit=FEW)
    held = list(licences.of_record(person)[: FEW + 1])
    return {
        "person": person,
        "document": f"{person.get_id_kind_display()} {mask_id(person.id_no)}",
        "mobile": mask_phone(person.mobile),
        "account": account,
        "cases": sent,
        "more_cases": more is not None,
        "licences": held[:FEW],
        "more_licences": len(held) > FEW,
        "given": parties.mandates_given(person, FEW),
        "held": parties.mandates_held(person, FEW),
        "companies": list(Membership.objects.filter(person=person).select_related("company").order_by("pk")[:FEW]),
        "family": parties.bonds_of(person)[:FEW],
        "leads": row.leading_id == person.pk,
    }


def _lines(one: dict, other: dict) -> list[dict]:
    """What the two records say of the person, and where they differ."""
    said = [
        (_("Name"), *(side["person"].name for side in (one, other))),
        (_("Name in Latin letters"), *(side["person"].name_en for side in (one, other))),
        (_("Document"), *(side["document"] for side in (one, other))),
        (_("Day of birth"), *(day(side["person"].birth_date) for side in (one, other))),
        (_("Sex"), *(side["person"].get_sex_display() for side in (one, other))),
        (_("Nationality"), *(countries.name_of(side["person"].nationality) for side in (one, other))),
        (_("Mobile number"), *(side["mobile"] for side in (one, other))),
        (_("Address"), *(side["person"].address for side in (one, other))),
    ]
    covered = {  # two numbers may be covered alike
        _("Document"): one["person"].id_no != other["person"].id_no,
        _("Mobile number"): one["person"].mobile != other["person"].mobile,
    }
    return [
        {"label": label, "one": left, "other": right, "differs": left != right or covered.get(label, False)}
        for label, left, right in said
        if left or right
    ]
