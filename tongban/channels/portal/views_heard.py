"""What a department means to do to a licence of one's own, and the holder's answer to it."""

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_party
from tongban.channels.portal.own import own_licence
from tongban.licences import letters, proceedings
from tongban.licences import queries as licences


@require_POST
@for_party
def answer(request, party, pk, proceeding):
    """Sent once; the department reads it before it decides."""
    row = own_licence(request, pk)
    running = licences.proceedings_about(row).filter(pk=proceeding).first()
    if running is None:
        raise Http404
    proceedings.answer(running, text=request.POST.get("statement", ""), account=request.user)
    return redirect("portal:licence", pk=pk)


@require_GET
@for_party
def letter(request, party, pk, proceeding, which):
    """What was announced or decided, as sealed PDF."""
    row = own_licence(request, pk)
    found = licences.proceedings_about(row).select_related("licence__issuer", "licence__type", "licence__holder", "item__regulator").filter(pk=proceeding).first()  # fmt: skip
    if found is None or which not in letters.letters_of(found):
        raise Http404
    doorkeeper.reading(request, request.party, "own licences", ["proceeding"], about=f"licence:{row.pk}")
    response = HttpResponse(letters.draw(found, which), content_type="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="{row.identifier}-{which}.pdf"'
    response.headers["Cache-Control"] = "private, no-store"
    return response
