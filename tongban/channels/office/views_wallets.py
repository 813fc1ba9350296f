"""An officer asks whoever stands there to show a licence from their wallet: what for, which fields, a code on the screen, the answer."""

import re

from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_officer
from tongban.channels.pages.live import stand_before
from tongban.channels.pages.templatetags.tongban import day as day_words
from tongban.lib import qr
from tongban.lib.bilingual import say
from tongban.lib.problems import Invalid
from tongban.licences import credential_requests as requests
from tongban.licences import queries

ASKS = ("window_officer", "inspector", "dept_reviewer", "dept_approver", "issuing_officer")
LATELY = 12

REFUSED = {
    "binding": lazy("it was not signed by the phone the licence belongs to, for this question and this moment"),
    "signature": lazy("its signature is wrong"),
    "unknown_key": lazy("it was not issued by a department of this district for this kind of licence"),
    "key_withdrawn": lazy(
        "the key it was signed with is no longer trusted; the holder makes a new copy on their licence page"
    ),
    "key_not_valid_then": lazy("its key was not in use when it says it was made"),
    "expired": lazy("this copy has run out; the holder makes a new one on their licence page"),
    "not_yet_valid": lazy("it is not valid yet"),
    "unknown": lazy("no such copy was issued"),
    "another_licence": lazy("it is another licence than the one asked for"),
    "less_than_asked": lazy("the holder did not show all that was asked for"),
    "disclosures": lazy("what was shown does not belong to it"),
    "algorithm": lazy("it is not signed as it must be"),
}


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@for_officer(*ASKS)
def ask(request, officer):
    """First which licence, then what of it and what for; below, what was asked lately."""
    kind = queries.types().filter(slug=request.GET.get("kind", "")[:60]).first()
    problem = None
    if request.method == "POST" and kind is not None:
        try:
            row = requests.ask(
                kind,
                fields=request.POST.getlist("fields"),
                purpose=request.POST.get("purpose", ""),
                officer=officer,
                now=timezone.now(),
            )
            return redirect("office:wallet_question", pk=row.pk)
        except Invalid as invalid:
            problem = invalid
    errors = problem.errors if problem else {}
    context = {
        "officer": officer,
        "kind": kind,
        "kinds": [(one.slug, one.shown_name) for one in queries.types()],
        "fields": [(one["name"], say(one)) for one in requests.may_be_asked(kind)] if kind is not None else [],
        "chosen": request.POST.getlist("fields"),
        "purpose": request.POST.get("purpose", ""),
        "errors": {"fields": errors.get("fields", []), "purpose": errors.get("purpose", [])},
        "problem": problem,
        "lately": list(requests.asked_by(officer)[:LATELY]),
        "now": timezone.now(),
    }
    return render(request, "office/wallet_ask.html", context, status=problem.status if problem else 200)


@require_GET
@never_cache
@for_officer(*ASKS)
def question(request, officer, pk):
    """The code while it waits; then what was shown, and what the licence is worth now."""
    row = get_object_or_404(requests.asked_by(officer), pk=pk)
    stand_before(request, requests.topic_of(row))
    row.refresh_from_db()
    now = timezone.now()
    waiting = row.state == requests.State.ASKED and not requests.is_over(row, now=now)
    link = requests.link_of(row) if waiting else ""
    words = {one["name"]: say(one) for one in requests.may_be_asked(row.kind)}
    if row.licence is not None:
        doorkeeper.reading(
            request, row.licence.holder_id, "licence:wallet", [_plain(name) for name in row.shown],
            about=f"licence:{row.licence_id}",
        )  # fmt: skip
    context = {
        "officer": officer,
        "row": row,
        "waiting": waiting,
        "over": requests.is_over(row, now=now),
        "link": link,
        "code": qr.svg(link, title=_("Scan this with the wallet app")) if waiting else "",
        "topic": requests.topic_of(row),
        "asked": [words.get(name, name) for name in row.fields],
        "shown": [(words.get(name, name), _worded(value)) for name, value in row.shown.items()],
        "missing": [words.get(name, name) for name in row.fields if name not in row.shown] if row.shown else [],
        "why": REFUSED.get(row.reason, _("it could not be understood")) if row.state == "refused" else "",
    }
    return render(request, "office/wallet_question.html", context)


def _plain(name: str) -> str:
    return name.removeprefix("face.")


def _worded(value) -> str:
    """One line: both languages by the page's, days as people write them, lists and lists of lists with their parts."""
    if isinstance(value, dict):
        return say(value) if {"zh", "en"} & set(value) else " · ".join(_worded(one) for one in value.values() if one)
    if isinstance(value, list):
        return _("; ").join(_worded(one) for one in value)
    return day_words(value) if re.fullmatch(r"\d{4}-\d\d-\d\d", str(value)) else str(value)
