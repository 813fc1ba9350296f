"""Identities that no register answers for, first of all foreign passports: a person compares them within one working day."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_officer
from tongban.channels.pages import compared_words
from tongban.channels.pages.live import stand_before
from tongban.departments import queries as departments
from tongban.lib.problems import Invalid
from tongban.materials import identity
from tongban.materials.identity_comparing import Verdict
from tongban.materials.models import IdentityPicture
from tongban.materials.reading.states import BEGUN
from tongban.parties import proofing_words, queries, services

COMPARERS = ("window_officer", "coordinator")
ONE_WORKING_DAY = 1
FIELDS = ["name", "id_no", "birth_date", "mobile"]


@require_GET
@for_officer(*COMPARERS)
def proofings(request, officer):
    """Waiting ones, the oldest first; whose they are is seen only after opening one. Without a picture somebody will come."""
    today, calendar = timezone.localdate(), departments.calendar()
    rows, coming = [], []
    waiting = list(queries.proofings_waiting()[:100])
    read = dict(IdentityPicture.objects.filter(proofing__in=waiting).values_list("proofing", "state"))
    for row in waiting:
        if row.sent_at is None:
            coming.append(row)
            continue
        due = calendar.due(timezone.localdate(row.sent_at), ONE_WORKING_DAY).day
        rows.append(
            {
                "row": row,
                "due": due,
                "late": due is not None and due < today,
                "reading": read.get(row.pk, "") in BEGUN,
            }
        )
    return render(request, "office/proofings.html", {"officer": officer, "rows": rows, "coming": coming})


@require_GET
@never_cache
@for_officer(*COMPARERS)
def proofing(request, officer, pk):
    """One claim, laid beside the document."""
    return _page(request, officer, get_object_or_404(queries.proofings_waiting(), pk=pk))


def _page(request, officer, row, *, values=None, errors=None, status=200):
    doorkeeper.reading(request, 0, "identity check", FIELDS, queries.topic_of(row))
    stand_before(request, queries.topic_of(row))
    claim, sent = queries.claim_of(row), identity.picture_of(row)
    compared = identity.comparison(row, sent)
    poor = compared_words.poor(sent) if sent is not None else ""
    context = {
        "officer": officer,
        "row": row,
        "topic": queries.topic_of(row),
        "claim": {field: compared_words.shown(field, value) for field, value in claim.items()},
        "sent": sent,
        "begun": sent is not None and sent.state in BEGUN,
        "compared": compared,
        "lines": compared_words.lines(compared) if compared is not None else [],
        "poor": poor,
        "others": identity.others_with(row, sent),
        "wrong": list(proofing_words.WRONG.items()),
        "refused": list(proofing_words.REFUSED.items()),
        "values": {"wrong": _likely(compared, sent)} | (values or {}),
        "errors": errors or {},
        "open": dict.fromkeys(values or {}, "1"),
    }
    return render(request, "office/proofing.html", context, status=status)


def _likely(compared, sent) -> list[str]:
    """What is probably wrong, ticked already; the officer takes away what is not."""
    if sent is None or compared is None:
        return []
    poor = {"blurred": "blurred", "dark": "blurred", "too_small": "blurred", "empty": "other_page", "cut": "not_whole"}
    found = [code for measure, code in poor.items() if (sent.quality or {}).get(measure)]
    differing = [row.field for row in compared.rows if row.verdict == Verdict.DIFFERS]
    return list(dict.fromkeys(found or differing))


@require_GET
@never_cache
@for_officer(*COMPARERS)
def picture(request, officer, pk):
    row = get_object_or_404(queries.proofings_waiting(), pk=pk)
    sent = identity.picture_of(row)
    if sent is None:
        raise Http404
    doorkeeper.reading(request, 0, "identity check", ["document"], queries.topic_of(row))
    opened = identity.shown(sent)
    response = HttpResponse(opened.content, content_type=opened.mime)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cache-Control"] = "private, no-store"
    return response


@require_POST
@for_officer(*COMPARERS)
def decide(request, officer, pk):
    row = get_object_or_404(queries.proofings_waiting(), pk=pk)
    decision, seen = request.POST.get("decision", ""), request.POST.get("seen", "")
    if decision not in {"confirm", "again", "refuse"} or not (seen.isascii() and seen.isdecimal()):
        raise Http404
    about = {"again": "wrong", "refuse": "ground"}.get(decision, "")
    said = {"why": request.POST.getlist(about), "words": request.POST.get(f"{about}_words", "")}
    actor, revision = doorkeeper.actor_of(request), int(seen[:9])
    try:
        if decision == "again":
            services.ask_proofing_again(row, **said, actor=actor, seen=revision)
            messages.success(request, _("The applicant is asked. As soon as something comes, it stands here again."))
        elif decision == "refuse":
            if not said["why"]:
                raise Invalid("nothing-said", errors={"why": [_("Choose why: the applicant reads exactly that.")]})
            services.decide_proofing(row, proved=False, **said, actor=actor, seen=revision)
            messages.success(request, _("It is refused, and the applicant is told why."))
        else:
            services.decide_proofing(row, proved=True, actor=actor, seen=revision)
            messages.success(request, _("It is confirmed. The applicant can use everything now."))
    except Invalid as wrong:
        named = {"why": about, "words": f"{about}_words"}
        errors = {named.get(field, field): [*map(str, reasons)] for field, reasons in wrong.errors.items()}
        typed = said["why"] if about == "wrong" else "".join(said["why"][:1])
        values = {about: typed, f"{about}_words": said["words"]}
        return _page(request, officer, row, values=values, errors=errors, status=wrong.status)
    return redirect("identities:waiting")
