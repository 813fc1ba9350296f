"""A passport photographed by its holder: sent, read while one watches, laid beside what was typed, asked for again."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_signed_in, safe_next
from tongban.channels.pages import compared_words
from tongban.channels.pages.live import stand_before
from tongban.lib.problems import Invalid
from tongban.materials import gate, identity
from tongban.materials.reading.states import BEGUN
from tongban.parties import queries
from tongban.parties.models import Proofing


@for_signed_in
@never_cache
def picture(request, account):
    """Send the picture, and see how far it is; a new one may be sent until an officer has decided."""
    proofing = queries.open_proofing_of(account)
    next_url = safe_next(request, "/my/")
    if proofing is None:
        return redirect(f"{reverse('account_identity')}?{urlencode({'next': next_url})}")
    if request.method == "POST":
        try:
            identity.send_picture(proofing, next(iter(request.FILES.values()), None), by=account)
        except Invalid as wrong:
            if doorkeeper.wants_data(request):
                raise
            return _page(request, proofing, next_url, problem=wrong, status=wrong.status)
        messages.success(request, _("The picture has come. It is read now, and then an officer looks at it."))
        return redirect(f"{reverse('account_identity_picture')}?{urlencode({'next': next_url})}")
    return _page(request, proofing, next_url)


@require_GET
@for_signed_in
@never_cache
def picture_shown(request, account):
    """What one sent oneself."""
    proofing = queries.open_proofing_of(account)
    sent = identity.picture_of(proofing) if proofing is not None else None
    if proofing is None or sent is None:
        raise Http404
    doorkeeper.reading(request, 0, "own documents", ["document"], about=queries.topic_of(proofing))
    return as_picture(identity.shown(sent))


def as_picture(opened) -> HttpResponse:
    response = HttpResponse(opened.content, content_type=opened.mime)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _page(request, proofing: Proofing, next_url: str, *, problem: Invalid | None = None, status: int = 200):
    stand_before(request, queries.topic_of(proofing))
    sent = identity.picture_of(proofing)
    compared = identity.comparison(proofing, sent)
    context = {
        "next": next_url,
        "row": proofing,
        "topic": queries.topic_of(proofing),
        "asked": queries.remarks_of(proofing) if proofing.outcome == Proofing.Outcome.ASKED_AGAIN else None,
        "sent": sent,
        "begun": sent is not None and sent.state in BEGUN,
        "compared": compared,
        "lines": compared_words.lines(compared) if compared is not None else [],
        "poor": compared_words.poor(sent) if sent is not None else "",
        "accept": gate.ACCEPTED_BY_BROWSERS,
        "problem": problem,
        "errors": [*map(str, problem.errors.get("files", ()))] if problem is not None else [],
    }
    return render(request, "account/identity_picture.html", context, status=status)
