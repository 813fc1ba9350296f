"""Why another application is needed where a matter takes only one: explained here, answered by the department."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from tongban.cases import only_one
from tongban.cases import queries as cases
from tongban.cases.models import Case
from tongban.cases.services import excepting
from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_party
from tongban.channels.pages import case_page
from tongban.channels.portal.own import own_case
from tongban.matters.models import Matter, MatterVersion
from tongban.parties.models import Party

RUNNING_SHOWN = 3


@require_POST
@for_party
def explain(request, party, slug):
    """For oneself or for whom one may apply; back to where it was asked from."""
    matter = get_object_or_404(Matter, slug=slug)
    chosen = next((one for one in doorkeeper.all_spaces(request) if str(one.pk) == request.POST.get("for")), party)
    draft = own_case(request, request.POST["draft"]) if request.POST.get("draft") else None
    excepting.ask_for_one_more(matter, party=chosen, account=request.user, words=request.POST.get("words", ""))
    messages.success(request, _("Your explanation has reached the department. You are told of its answer here."))
    if draft is not None:
        return redirect("portal:apply_check", ref=draft.ref)
    return redirect(reverse("portal:begin", args=[slug]))


def before_beginning(version: MatterVersion | None, party: Party, today) -> dict:
    """What stands against another application of this party, and what was said about an exception, for the page before a draft."""
    against = only_one.before_beginning(version, party, today) if version is not None else None
    return shown(against, party)


def beside(case: Case, today) -> dict:
    """The same beside a draft as it is filled in."""
    return shown(only_one.before_sending(case, today), case.applicant)


def shown(against: only_one.Against | None, party: Party) -> dict:
    if against is None:
        return {}
    return {
        "against": against,
        "for": party,
        "wish": only_one.wish_of(party, against.version.matter),
        "words": only_one.repeating.in_words(against.version),
    }


def running(request, parties, matter: Matter, *, but: str = "") -> list[dict]:
    """What these parties have sent of this matter and is not decided yet, as far as whoever reads this may see it."""
    found: list[Case] = []
    for one in parties:
        rows = cases.running(one, matter).exclude(ref=but)
        found += cases.within(rows, doorkeeper.powers_over(request, one), request.user)[:RUNNING_SHOWN]
    return [case_page.shown(row) for row in found]
