"""How the result comes: chosen and changed by the applicant; on the page of the case, where it is, the pick-up code, the parcel's way."""

from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from tongban.cases import standing
from tongban.cases.delivery_states import CHANGEABLE, Way
from tongban.cases.models import Case
from tongban.cases.services import delivering, packing
from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_party
from tongban.channels.portal.own import own_case
from tongban.lib.problems import Invalid, NotAllowed, Problem
from tongban.parties.models import IdKind
from tongban.parties.states import Act

WAY_ICONS = {"e_licence": "wallet", Way.PICKUP: "desk", Way.LOCKER: "lock", Way.POST: "mail"}


def receives(request, case: Case) -> bool:
    """May whoever asks fetch the result of this case? Its pick-up code stands on the page for nobody else."""
    powers = doorkeeper.powers_over(request, case.applicant_id)
    return any(power.allows(Act.RECEIVE, standing.matter_of(case)) for power in powers)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@for_party
def getting(request, party, ref):
    """Choose: wallet alone, window, locker, post; who fetches it. What was typed stands here still when something is missing."""
    row = own_case(request, ref, sent=True)
    doorkeeper.reading(request, request.party, "own application", ["delivery"], about=row.subject)
    if request.method != "POST":
        return _page(request, row, _typed_before(row))
    said = request.POST
    typed = {
        "way": said.get("way", ""),
        "hall": said.get("hall", ""),
        **{name: said.get(name, "") for name in ("name", "phone", "address")},
        "other": said.get("other", "") == "yes",
        **{name: said.get(name, "") for name in ("collector_name", "collector_kind", "collector_no")},
    }
    collector = (
        {"name": typed["collector_name"], "id_kind": typed["collector_kind"], "id_no": typed["collector_no"]}
        if typed["other"] and typed["way"] in {Way.PICKUP, ""}
        else None
    )
    try:
        delivering.choose(
            row, account=request.user, way=typed["way"], hall=typed["hall"],
            address={name: typed[name] for name in ("name", "phone", "address")}, collector=collector,
        )  # fmt: skip
    except (Invalid, NotAllowed) as problem:
        if problem.status == 403:
            raise
        return _page(request, row, typed, problem)
    return redirect(f"{reverse('portal:case', args=[ref])}#paper")


def _typed_before(case: Case) -> dict:
    held = next((one for one in packing.open_of(case) if one.state in CHANGEABLE), None)
    collector = held.collector if held is not None else {}
    address = held.address if held is not None and held.address else packing.address_in_form(case)
    address = address or packing.receiver_of(case)
    return {
        "way": held.way if held is not None else case.delivery or packing.ELECTRONIC,
        "hall": held.hall if held is not None else packing.hall_of_others(case),
        **{name: address.get(name, "") for name in ("name", "phone", "address")},
        "other": bool(collector),
        "collector_name": collector.get("name", ""),
        "collector_kind": collector.get("id_kind", ""),
        "collector_no": collector.get("id_no", ""),
    }


def _page(request, case: Case, typed: dict, problem: Problem | None = None):
    words = {
        "e_licence": (
            _("In my wallet only"),
            _("Valid at once, shown and checked everywhere. It is there in any case."),
        ),
        Way.PICKUP: (_("On paper, at a window"), _("One pick-up code for everything; bring your document.")),
        Way.LOCKER: (_("On paper, from a locker"), _("A door at the hall opens with your code, day and night.")),
        Way.POST: (_("On paper, by post"), _("A courier brings it; you see where the parcel is.")),
    }
    places = packing.halls_of(case)
    context = {
        "case": case,
        "ways": [
            {"value": way, "label": words[way][0], "hint": words[way][1], "icon": WAY_ICONS[way]}
            for way in [packing.ELECTRONIC, *packing.ways_of(case)]
        ],
        "halls": places,
        "others": packing.hall_of_others(case),
        "typed": typed,
        "kinds": IdKind.choices,
        "problem": problem,
        "errors": problem.errors if isinstance(problem, Invalid) else {},
        "labels": {
            "way": _("How it comes"), "name": _("Name on the parcel"), "phone": _("Telephone"), "address": _("Address"),
            "collector_name": _("Name of who fetches it"), "collector_kind": _("Document"), "collector_no": _("Number of the document"),
        },
    }  # fmt: skip
    return render(request, "portal/case/getting.html", context, status=problem.status if problem else 200)
