"""Where a guard or an officer checks a health pass: no sign-in, nothing kept. What the page says stands in pages/pass_words."""

from typing import Any

from django.conf import settings
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from tongban.channels.doorkeeper import for_anyone
from tongban.channels.exchange import pass_checking
from tongban.channels.pages import pass_words
from tongban.channels.pages.pass_pictures import text_of_picture
from tongban.codes import queries_passes as passes
from tongban.lib.problems import Problem


@require_http_methods(["GET", "POST"])
@for_anyone
@never_cache
def check(request):
    """One after the other: the answer stands above the field for the next."""
    context: dict[str, Any] = {
        "rule": pass_words.rule(settings.PASS_RULES),
        "trusted": passes.in_force().filter(name=passes.DEFAULT_LIST).first(),
        "shown": None,
        "problem": None,
        "errors": [],
    }
    status = 200
    if request.method == "POST":
        now = timezone.now()
        try:
            picture = request.FILES.get("picture")
            text = text_of_picture(picture, name=picture.name) if picture else request.POST.get("qr_text", "")
            if text.strip():
                answer = pass_checking.judge(text[: pass_checking.LONGEST_TEXT], at=now, trust=passes.trust())
                context["shown"] = pass_words.shown(answer, now)
            else:
                context["errors"], status = [_("Scan the code of the pass first, or type it.")], 422
        except Problem as problem:
            context["problem"], status = problem, problem.status
    return render(request, "exchange/pass.html", context, status=status)
