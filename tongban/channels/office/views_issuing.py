"""The unified issuing window: what is to be printed, what waits; scan a code, compare the document, hand everything over, have it signed."""

import json

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from tongban.cases import gateways, packages
from tongban.cases.delivery_states import THERE, DeliveryState, Way
from tongban.cases.models import Collection, Delivery
from tongban.cases.services import delivering, packing
from tongban.cases.sheets import draw
from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_officer
from tongban.lib.problems import Invalid, NotAllowed, Problem
from tongban.licences import services as licences

WORKS = ("issuing_officer", "supervisor")
TABS = {
    "prepare": gettext_lazy("To be prepared"),
    "overdue": gettext_lazy("Too late"),
    "waiting": gettext_lazy("Waiting here"),
    "locker": gettext_lazy("In lockers"),
    "posted": pgettext_lazy("of a parcel", "On its way"),
    "unclaimed": gettext_lazy("Not collected"),
    "done": gettext_lazy("Handed over"),
}
ACTS = {
    "lay-out": lambda row, officer, said: delivering.lay_out(row, officer=officer),
    "locker": lambda row, officer, said: delivering.put_in_locker(row, officer=officer),
    "post": lambda row, officer, said: delivering.post(
        row, officer=officer, carrier=said.get("carrier", ""), tracking=said.get("tracking", "")
    ),
    "take-out": lambda row, officer, said: delivering.take_out(row, officer=officer),
    "came-back": lambda row, officer, said: delivering.come_back(row, officer=officer),
    "lost": lambda row, officer, said: delivering.lose(row, officer=officer),
    "signed-for": lambda row, officer, said: delivering.signed_for(row, officer=officer),
}


@require_GET
@never_cache
@for_officer(*WORKS)
def desk(request, officer):
    """Scan or type a code; below, one list at a time. No names of people stand in the lists."""
    return _desk(request, officer)


def _desk(request, officer, problem: Problem | None = None, typed: str = ""):
    today = timezone.localdate()
    tab = request.GET.get("tab", "")
    tab = tab if tab in TABS else "prepare"
    after = request.GET.get("after", "")
    key = int(after) if after.isascii() and after.isdecimal() and len(after) < 18 else None
    rows, following = packages.page_of(officer, tab, today=today, after=key)
    counted = packages.counts(officer, today)
    context = {
        "officer": officer,
        "tab": tab,
        "tabs": [
            {"label": words, "href": f"?tab={name}", "current": name == tab, "count": _said(counted.get(name))}
            for name, words in TABS.items()
        ],
        "rows": rows,
        "next": following,
        "today": today,
        "problem": problem,
        "typed": typed,
    }
    return render(request, "office/issuing/desk.html", context, status=problem.status if problem else 200)


def _said(count: int | None) -> str:
    if not count:
        return ""
    return f"{packages.COUNTED_TO}+" if count > packages.COUNTED_TO else str(count)


@require_POST
@for_officer("issuing_officer")
def find(request, officer):
    """The package behind a scanned or typed code, or of a case by its number. The code stands in no address."""
    typed = request.POST.get("code", "").strip()[:80]
    digits = typed.replace(" ", "")
    try:
        row = packages.by_number(officer, digits) if digits.isdecimal() and len(digits) >= 12 else None
        row = row or delivering.find(typed, officer=officer)
        found = packages.one(officer, row.ref) if row is not None else None
        if found is None:
            sentence = _(
                "No package has this code. It may have been handed over already; a code is good for one hand-over."
            )
            next_step = _("Type it again, or find it by the number of the case.")
            raise Invalid("no-package", sentence, errors={"code": [sentence]}, next_step=next_step)
    except Problem as problem:
        return _desk(request, officer, problem, typed)
    return redirect("office:issuing_package", ref=found.ref)


@require_GET
@never_cache
@for_officer(*WORKS)
def package(request, officer, ref):
    """Everything on paper of one person: what lies here is ticked and handed over at once."""
    return _package(request, officer, _one(officer, ref))


def _one(officer, ref: str) -> Delivery:
    row = packages.one(officer, ref)
    if row is None:
        raise Http404
    return row


def _package(request, officer, row: Delivery, problem: Problem | None = None, act: str = ""):
    doorkeeper.reading(request, row.party_id, "handing over", ["name", "results"], about=row.case.subject)
    rows = packages.of_person(row, officer)
    here = [one for one in rows if one.state == DeliveryState.WAITING and one.hall == row.hall]
    said = request.POST if problem is not None else {}
    ticked = {int(one) for one in said.getlist("item") if one.isdecimal()} if problem is not None else None
    locker = gateways.locker()
    works = "issuing_officer" in officer.roles
    context = {
        "officer": officer,
        "today": timezone.localdate(),
        "package": row,
        "here": [
            {
                "row": one,
                "items": [
                    (item, not packing.no_longer_valid(item) and (ticked is None or item.pk in ticked))
                    for item in one.items.all()
                    if item.taken_at is None
                ],
            }
            for one in here
        ],
        "elsewhere": [one for one in rows if one not in here and one.pk != row.pk],
        "takers": delivering.takers_of(here, timezone.localdate()) if here and works else [],
        "works": works,
        "collections": packages.collections_of(row),
        "tracked": packages.tracked(row),
        "items": list(row.items.select_related("case__department", "case__version", "licence")),
        "papers": list(
            row.case.documents.filter(
                kind__in=["delivery_proof", "unclaimed_notice"], made_at__gte=row.made_at
            ).order_by("-id")
        ),
        "with_locker": locker is not None and row.way == Way.LOCKER,
        "with_courier": gateways.courier(),
        "is_there": row.state in THERE,
        "problem": problem,
        "errors": problem.errors if isinstance(problem, Invalid) else {},
        "typed": {
            name: said.get(name, "") for name in ("taker", "id_end", "signed", "kept", "strokes", "carrier", "tracking")
        },
        "act": act,
    }
    return render(request, "office/issuing/package.html", context, status=problem.status if problem else 200)


@require_POST
@for_officer("issuing_officer")
def act(request, officer, ref, move):
    """Prepare it, or note what became of it."""
    row = _one(officer, ref)
    if move not in ACTS:
        raise Http404
    try:
        ACTS[move](row, officer, request.POST)
    except (Invalid, NotAllowed) as problem:
        if problem.status == 403:
            raise
        return _package(request, officer, _one(officer, ref), problem, move)
    return redirect("office:issuing_package", ref=ref)


@require_POST
@for_officer("issuing_officer")
def hand_over(request, officer, ref):
    """Everything ticked, of all departments, in one act."""
    row = _one(officer, ref)
    said = request.POST
    ticked = [int(one) for one in said.getlist("item") if one.isascii() and one.isdecimal() and len(one) < 18]
    rows = [
        one for one in packages.of_person(row, officer)
        if one.hall == row.hall and any(item.pk in ticked for item in one.items.all())
    ] or [row]  # fmt: skip
    try:
        strokes = json.loads(said.get("strokes") or "[]")
    except ValueError:
        strokes = []
    try:
        made = delivering.hand_over(
            rows, ticked, officer=officer, hall=row.hall, taker=said.get("taker", ""), id_end=said.get("id_end", "")[:30],
            signed=said.get("signed", ""), strokes=strokes if isinstance(strokes, list) else [], kept=said.get("kept", ""),
        )  # fmt: skip
    except Problem as problem:
        if problem.status == 403:
            raise
        return _package(request, officer, _one(officer, ref), problem, "hand-over")
    return redirect("office:issuing_collection", ref=made.ref)


@require_GET
@never_cache
@for_officer(*WORKS)
def collection(request, officer, ref):
    """What was handed over, to whom, with which document and signature; the receipts to print."""
    row = packages.collection(officer, ref)
    if row is None:
        raise Http404
    items = list(row.items.select_related("case__department", "case__version", "delivery__case"))
    doorkeeper.reading(request, row.party_id, "handing over", ["name", "results"], about=items[0].delivery.case.subject)
    errands = {one.delivery.case_id: one.delivery.case for one in items}
    papers = [
        (case, paper)
        for case in errands.values()
        for paper in case.documents.filter(kind="delivery_proof", made_at=row.at)
    ]
    context = {
        "officer": officer,
        "row": row,
        "items": items,
        "papers": papers,
        "lines": [" ".join(f"{x},{y / 3:.0f}" for x, y in line) for line in row.strokes],
        "left": Delivery.objects.filter(pk__in={one.delivery_id for one in items}, state=DeliveryState.WAITING).first(),
        "as_words": {
            Collection.As.OWN: _("in person"), Collection.As.POWER: _("acting for the applicant"),
            Collection.As.NAMED: _("named by the applicant"),
        }[Collection.As(row.taker_as)],
    }  # fmt: skip
    return render(request, "office/issuing/collection.html", context)


@require_GET
@never_cache
@for_officer(*WORKS)
def receipt(request, officer, ref, pk):
    """The sealed receipt of one errand in this hand-over."""
    row = packages.collection(officer, ref)
    paper = packages.receipt(row, pk) if row is not None else None
    if row is None or paper is None:
        raise Http404
    doorkeeper.reading(request, row.party_id, "handing over", [paper.kind], about=paper.case.subject)
    return _pdf(draw(paper), paper.number)


@require_GET
@never_cache
@for_officer("issuing_officer")
def printed(request, officer, ref, pk):
    """One result as it is printed: the sealed licence, or the decision."""
    row = _one(officer, ref)
    item = packages.to_print(row, pk)
    if item is None:
        raise Http404
    doorkeeper.reading(request, row.party_id, "handing over", ["result"], about=row.case.subject)
    if packing.unsealed([item]):
        raise NotAllowed(
            "not-sealed", _("The licence is still being sealed."), next_step=_("Look again in some moments.")
        )
    delivering.all_valid([item])
    if item.licence is not None:
        content = licences.open_pdf(item.licence)
    else:
        letters = item.case.documents.select_related("case__department")
        letter = letters.filter(kind__in=["decision", "bundle_decision"]).order_by("-id").first()
        letter = letter or letters.order_by("-id").first()
        if letter is None:
            raise Http404
        content = draw(letter)
    return _pdf(content, f"{row.ref}-{item.pk}")


def _pdf(content: bytes, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="{name}.pdf"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


assert set(TABS) == set(packages.TABS)
