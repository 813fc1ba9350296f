"""What a department means to do to a licence of one's own, and the holder's answer to it."""

from django.http import Http404
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from tongban.channels.doorkeeper import for_party
from tongban.channels.portal.own import own_licence
from tongban.licences import proceedings
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
