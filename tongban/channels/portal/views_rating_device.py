"""The rating device beside a window: what the officer asked stands here for a few minutes; one press, and it is blank again."""

from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.text import capfirst
from django.views.decorators.http import require_http_methods

from tongban.channels.doorkeeper import for_anyone
from tongban.channels.pages.live import stand_before
from tongban.channels.portal.views_holding import STARS
from tongban.evaluations import rules as rating_rules
from tongban.halls.models import Machine, MachineKind
from tongban.halls.services import desk
from tongban.lib.problems import Problem


@require_http_methods(["GET", "HEAD", "POST"])
@for_anyone
def device(request, key):
    """Opened by its key. It names the matter, never the person: whoever passes by reads nothing about anybody."""
    machine = Machine.objects.select_related("hall").filter(key=key, kind=MachineKind.RATING, working=True).first()
    if machine is None:
        raise Http404
    problem = None
    if request.method == "POST":
        typed = request.POST.get("grade", "")
        grade = next((int(grade) for grade, stars in STARS.items() if str(stars) == typed), 0)
        try:
            desk.rate_at_device(
                machine, request.POST.get("key", ""), grade=grade, reasons=request.POST.getlist("reasons")
            )
        except Problem as refused:
            problem = refused
        else:
            return redirect(f"{reverse('portal:rating_device', args=[key])}?thanks=1")
    stand_before(request, desk.machine_topic(machine))
    ask = desk.asked_at(machine, timezone.now())
    context = {
        "machine": machine,
        "hall": machine.hall,
        "ask": ask,
        "topic": desk.machine_topic(machine),
        "thanks": ask is None and request.GET.get("thanks") == "1",
        "reasons": [(reason, capfirst(label)) for reason, label in rating_rules.Reason.choices],
        "problem": problem,
    }
    answer = render(request, "portal/rating_device.html", context, status=problem.status if problem else 200)
    patch_cache_control(answer, no_store=True)
    return answer
