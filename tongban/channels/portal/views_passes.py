"""My health passes: kept, shown and deleted by their holder; and what the register of tests says, if the holder agreed."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tongban.channels import doorkeeper
from tongban.channels.doorkeeper import for_party
from tongban.channels.pages import pass_words
from tongban.channels.pages.pass_pictures import text_of_picture
from tongban.codes import queries_passes, test_results
from tongban.codes.services import passes
from tongban.lib import qr
from tongban.lib.problems import Invalid, NotAllowed, Problem
from tongban.parties.models import Party, Person

NOT_A_PERSON = gettext_lazy("Health passes are kept by persons. Change to your own space first.")
HEARD = {
    "not_found": gettext_lazy("The register knows no test of yours."),
    "refused": gettext_lazy("The register did not answer this question."),
    "unavailable": gettext_lazy("The register does not answer just now. Try again later; what was known before stays."),
    "no_consent": gettext_lazy("Without your agreement the register is not asked."),
}


def _person(party: Party) -> Person:
    person = Person.objects.filter(pk=party.pk).first() if party.kind == Party.Kind.PERSON else None
    if person is None:
        raise NotAllowed("not-a-person", NOT_A_PERSON)
    return person


@require_http_methods(["GET", "HEAD", "POST"])
@for_party
@never_cache
def kept(request, party):
    """All that are kept, and the form that keeps another."""
    if party.kind != Party.Kind.PERSON:
        return render(request, "portal/passes/of_persons.html")
    person, problem = _person(party), None
    if request.method == "POST":
        try:
            row = passes.keep(_text(request), person=person, account=request.user)
        except Problem as wrong:
            problem = wrong
        else:
            messages.success(request, _("It is valid, and it is kept here now, sealed."))
            return redirect("portal:pass", ref=row.ref)
    now = timezone.now()
    rows = list(queries_passes.kept_by(person))
    if rows:
        doorkeeper.reading(request, party, "own health passes", ["kind", "test"])
    grant = passes.consent_wanted(person)
    context = {
        "rows": [_line(row, now) for row in rows],
        "latest": test_results.latest_test(person.pk, now),
        "results": pass_words.RESULTS,
        "grant_words": passes.consent_words(grant) if grant else None,
        "register": passes.register_shared(),
        "problem": problem if not isinstance(problem, Invalid) or not problem.errors else None,
        "errors": problem.errors.get("qr_text", []) if isinstance(problem, Invalid) else [],
    }
    return render(request, "portal/passes/kept.html", context, status=problem.status if problem else 200)


def _text(request) -> str:
    picture = request.FILES.get("picture")
    if picture is None:
        text = request.POST.get("qr_text", "").strip()
        if not text:
            raise Invalid("nothing-scanned", errors={"qr_text": [_("Scan the code of the pass first, or type it.")]})
        return text[:20_000]
    return text_of_picture(picture, name=picture.name)


def _line(row, now):
    return {"row": row, "facts": row.facts, "kind": pass_words.KINDS[row.facts["kind"]], "over": row.ends_at <= now}


def _own(party: Party, ref: str):
    row = queries_passes.kept(_person(party), ref) if party.kind == Party.Kind.PERSON else None
    if row is None:
        raise Http404
    return row


@require_GET
@for_party
@never_cache
def shown(request, party, ref):
    """One pass, large, for whoever checks it; judged anew at this moment."""
    row, now = _own(party, ref), timezone.now()
    doorkeeper.reading(request, party, "own health passes", ["code", "test"], about=f"pass:{row.pk}")
    answer = queries_passes.judge(row.qr_text, at=now, trust=queries_passes.trust(row.trusted_by))
    context = {
        "row": row,
        "shown": pass_words.shown(answer, now),
        "kind": pass_words.KINDS[row.facts["kind"]],
        "code": qr.svg(row.qr_text, title=_("Code of the pass"), error="l"),
    }
    return render(request, "portal/passes/pass.html", context)


@require_POST
@for_party
def forget(request, party, ref):
    passes.forget(_own(party, ref), account=request.user)
    messages.success(request, _("The pass is deleted, and so is what was known from it."))
    return redirect("portal:passes")


@require_POST
@for_party
def ask_register(request, party):
    """Agree, if the person has not yet, and ask once. The consent is taken back under My data."""
    person = _person(party)
    grant = passes.consent_wanted(person)
    if grant is not None:
        if not request.POST.get("agree"):
            messages.error(request, _("Please agree first: without your agreement the register is not asked."))
            return redirect("portal:passes")
        passes.agree(grant, person=person, account=request.user)
    heard = passes.ask_register(person, account=request.user)
    if heard.outcome == "found":
        messages.success(request, _("The register answered. What it said stands on this page."))
    else:
        messages.warning(request, HEARD.get(heard.outcome, HEARD["unavailable"]))
    return redirect("portal:passes")
