"""At an entrance that asks for a test: a guest without an account shows a certificate, and the guard compares the name on it."""

from datetime import UTC

from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from tongban.channels.doorkeeper import for_anyone
from tongban.channels.pages.errand import why_not
from tongban.channels.pages.pass_pictures import text_of_picture
from tongban.channels.portal import views_entering as entering
from tongban.codes import entry_rules
from tongban.codes import queries_passes as passes
from tongban.codes.test_results import TestSeen
from tongban.lib.problems import Problem

LONGEST = 20_000
NAME_AT_MOST = 80


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@for_anyone
def show(request):
    """Judged and answered on the pass page; nothing is kept but name and time in this phone's own pass, for its ten minutes."""
    held, entrance = entering.held_pass(request)
    if request.method != "POST" or held is None or entrance is None or not entering.asks_for_a_test(held):
        return redirect("portal:entered")
    try:
        picture = request.FILES.get("picture")
        text = text_of_picture(picture, name=picture.name) if picture else request.POST.get("qr_text", "").strip()
        errors = [] if text else [_("Scan the code of the pass first, or type it.")]
    except Problem as problem:
        text, errors = "", [*why_not(problem), problem.next_step]
    if errors:
        page = entering.pass_page(held, entrance, [str(one) for one in errors if one])
        return render(request, "portal/venues/pass.html", page, status=422)
    now = timezone.now()
    answer = passes.judge(text[:LONGEST], at=now, trust=passes.trust())
    test = answer.test if answer.valid else None
    seen = TestSeen(test.type, test.moment.astimezone(UTC), test.outcome, "", "pass") if test is not None else None
    verdict = entry_rules.judge_shown(entry_rules.HOURS[held["l"]], valid=answer.valid, test=seen, at=now)
    held |= {"r": verdict.result, "y": verdict.reason, "p": {}}
    if verdict.reason == "pass_shown" and seen is not None and answer.holder is not None:
        held["p"] = {"n": answer.holder.name[:NAME_AT_MOST], "s": int(seen.sampled_at.timestamp())}
    response = redirect("portal:entered")
    entering.keep_pass(response, held)
    return response
