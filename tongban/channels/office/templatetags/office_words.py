"""What the record says in codes, said in words."""

from django import template
from django.utils.dates import WEEKDAYS_ABBR
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from tongban.cases import desks
from tongban.channels.office.acts import PROOFS
from tongban.channels.office.menu import menu_of
from tongban.channels.office.views_queue import shown
from tongban.halls import queries_figures as hall_figures
from tongban.halls import queries_round_tables as round_tables
from tongban.lib.bilingual import say
from tongban.notices import queries as notices
from tongban.payments.gateways import gateway

register = template.Library()

REASON_WORDS = {
    **dict(PROOFS),
    "electronic": _("opened electronically"),
    "drawn for a check by people": _("drawn for a check by people"),
    "a rule does not hold": _("a rule does not hold"),
    "a fact is not known": _("a fact is not known"),
    "a paper needs a look by people": _("a paper needs a look by people"),
}


@register.filter
def reason_words(step) -> str:
    """The reason of a step: what people wrote as it is, what the platform wrote in the reader's language."""
    return str(REASON_WORDS.get(step.reason, step.reason))


PLACE_WORDS = {
    "window": _("the comprehensive window"),
    "department": _("the department"),
    "issuing": _("issuing"),
    "applicant": _("the applicant"),
    "not_counted": _("a step that does not count"),
}


@register.filter
def paid_through(name: str) -> str:
    """What people call a payment service; one that is switched off by now keeps its name."""
    service = gateway(name)
    return say(service.title) if service else name


@register.filter
def place_words(place: str) -> str:
    """With whom a case is while its time runs."""
    return str(PLACE_WORDS.get(place, place))


@register.filter
def month_words(first) -> str:
    return date_format(first, "F")


@register.filter
def weekday_short(number: str) -> str:
    """Monday is 1."""
    return str(WEEKDAYS_ABBR[int(number) - 1])


@register.simple_tag(takes_context=True)
def desk_of(context) -> dict:
    """{% desk_of as at_desk %}: the number on the bell, and whether single keys do anything."""
    officer = context.get("officer")
    if not officer:
        return {"bell": "", "keys": True}
    held = getattr(officer, "at_desk", None)
    if held is None:  # asked once a page, said in three places of it
        waiting = desks.bell(officer) + round_tables.number_asked(officer) + notices.number_at_desk(officer)
        waiting += len(hall_figures.ringing_for(officer))
        habit = getattr(officer, "habit", None) or desks.habit_of(officer)  # the queue has asked for it already
        held = officer.at_desk = {"bell": shown(waiting) if waiting else "", "keys": habit.keys}
    return held


@register.simple_tag(takes_context=True)
def office_menu(context) -> dict:
    """{% office_menu as places %}: where this officer can go, see menu.menu_of."""
    officer = context.get("officer")
    return menu_of(set(officer.roles) if officer else set(), context["request"].path if "request" in context else "")
