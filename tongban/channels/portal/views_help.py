"""A person by one touch: the number to ring, and a form for being rung up."""

from uuid import uuid4

from django.contrib import messages
from django.core.cache import cache
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from tongban.channels.doorkeeper import for_anyone
from tongban.channels.pages.templatetags.tongban import moment
from tongban.lib.problems import Invalid
from tongban.notices import queries as notices
from tongban.notices import services

STRANGERS_A_DAY = 200  # requests without a sign-in, in the whole district: beyond it, people ring by themselves


@for_anyone
def help_(request):
    """Whoever is signed in finds the name and number filled in and sees when the call comes."""
    account = request.user if request.user.is_authenticated else None
    person = account.person if account is not None else None
    typed = {"name": person.shown_name if person else "", "phone": person.mobile if person else "", "about": ""}
    errors: dict = {}
    if request.method == "POST":
        typed = {name: request.POST.get(name, "") for name in typed}
        try:
            if account is None and not _room_for_strangers():
                raise Invalid(
                    "no-room",
                    _("So many people wait for a call today that we cannot promise one. Please ring us."),
                    errors={"phone": [_("Please ring us: the number is above.")]},
                )
            row = services.ask_for_a_call(
                name=typed["name"],
                phone=typed["phone"],
                about=typed["about"],
                account=account,
                language=get_language(),
                key=request.POST.get("key", "") or uuid4().hex,
            )
            words = _("We ring you by %(time)s. Please keep the phone near.") % {"time": moment(row.due_at)}
            messages.success(request, words)
            return redirect("portal:help")
        except Invalid as invalid:
            errors = {name: [str(one) for one in reasons] for name, reasons in invalid.errors.items()}
    context = {
        "typed": typed,
        "errors": errors,
        "labels": {"name": _("Name"), "phone": _("Phone number")},
        "key": request.POST.get("key") or uuid4().hex,
        "waiting": notices.call_back_of(account) if account is not None else None,
    }
    return render(request, "portal/help.html", context, status=422 if errors else 200)


def _room_for_strangers() -> bool:
    key = f"call-backs:{timezone.localdate()}"
    cache.add(key, 0, 24 * 3600)
    return cache.incr(key) <= STRANGERS_A_DAY
