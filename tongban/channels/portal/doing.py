"""The actions of a form on its page: which button was pressed, and in words what an action did."""

from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from tongban.cases import correction, rules
from tongban.cases.models import Case
from tongban.cases.services import form_actions
from tongban.cases.services.form_actions import Told
from tongban.channels.pages import errand
from tongban.lib.bilingual import say
from tongban.lib.formschema import Action, Form
from tongban.lib.problems import NotAllowed
from tongban.registers.models import Resource

KEPT = "told by the form"  # of the session, from an act to the page that is drawn after it; ids only, no answers


def pressed(asked: Form, case: Case, said: str) -> tuple[Action | None, list[str]]:
    """The action whose button was pressed, and the questions whose answers are to be the source's."""
    name, _colon, taken = said.partition(":")
    shown = asked.actions_shown(rules.plain_values(case.values))
    found = next((one for one in shown if one.id == name and (one.on == "press" or taken)), None)
    return found, [taken] if taken else []


def opened(request, case: Case) -> tuple[Case, list[Told]]:
    """What the form does when its page is opened, and what was done since the page before."""
    told = kept(request, case)
    if any(one.on == "open" for one in rules.form_of(case).actions) and correction.changeable(case) is None:
        try:
            case, more = form_actions.opened(case, account=request.user)
        except NotAllowed:  # who may look but not fill in looks
            return case, told
        told += more
    return case, told


def follow(request, case: Case, before: dict) -> Case:
    """What follows from the answers just saved is done; the next page says so."""
    if not rules.form_of(case).actions:
        return case
    case, told = form_actions.follow(case, before, account=request.user)
    for one in told:
        keep(request, case, one)
    return case


def keep(request, case: Case, told: Told) -> None:
    held = [
        one for one in request.session.get(KEPT, ()) if one.get("ref") == case.ref and one.get("action") != told.action
    ]
    ids = {
        name: list(getattr(told, name))
        for name in ("filled", "set", "same", "nothing", "differs", "away", "not_agreed")
    }
    request.session[KEPT] = [*held, {"ref": case.ref, "action": told.action, **ids}][-5:]


def kept(request, case: Case) -> list[Told]:
    rows = [one for one in request.session.pop(KEPT, ()) if one.get("ref") == case.ref]
    return [
        Told(
            one["action"], filled=tuple(one["filled"]), set=tuple(one["set"]), same=tuple(one["same"]),
            nothing=tuple(one["nothing"]), differs=dict.fromkeys(one["differs"]), away=tuple(one["away"]),
            not_agreed=tuple(one["not_agreed"]),
        )
        for one in rows
    ]  # fmt: skip


def acts(case: Case, asked: Form, told: list[Told]) -> dict[str, Any] | None:
    """What the page of the form shows of its actions; None while only marked answers may be changed."""
    if not asked.actions or correction.changeable(case) is not None:
        return None
    shown = {one.id: one for one in asked.actions}
    stamps = {name: f" {held['acted']['at']}" for name, held in case.values.items() if held.get("acted")}
    words = {one.action: _words(case, asked, shown[one.action], one) for one in told if one.action in shown}
    return {"told": {name: said for name, said in words.items() if any(said.values())}, "stamps": stamps}


def remarks(case: Case, asked: Form) -> dict[str, list]:
    """Beside each answer that an action gave: which it was."""
    labels = {one.id: say(one.own.label) for one in asked.actions}
    return {
        name: [_("Set by “%(action)s”. You can change it.") % {"action": labels[held["acted"]["by"]]}]
        for name, held in case.values.items()
        if held.get("source") == "applicant" and (held.get("acted") or {}).get("by") in labels
    }


def _words(case: Case, asked: Form, action: Action, told: Told) -> dict[str, Any]:
    def named(names) -> list[tuple[str, str]]:
        return [(name, say(asked[name].label)) for name in names if name in asked]

    registers = {row.slug: row.shown_name for row in Resource.objects.filter(slug__in=[*told.away, *told.not_agreed])}
    lines: list[dict[str, Any]] = []

    def line(icon: str, sentence: str, names=()) -> None:
        lines.append({"icon": icon, "sentence": sentence, "fields": named(names)})

    if told.filled:
        line("check", _("Filled in from where it is known:"), told.filled)
    if told.set:
        line("check", _("Set:"), told.set)
    if told.same and action.on == "press":
        line("check", _("Compared, and it is the same:"), told.same)
    for slug in told.away:
        line("cloud-off", _("%(register)s does not answer just now. What you wrote is kept. Try again later, or type it by hand.") % {"register": registers.get(slug, slug)})  # fmt: skip
    for slug in told.not_agreed:
        line("info", _("%(register)s was not asked: you did not agree to it. Please type it by hand.") % {"register": registers.get(slug, slug)})  # fmt: skip
    if told.nothing and not told.away and not told.not_agreed:
        line("info", _("Nothing is known yet. Please type it by hand:"), told.nothing)
    if action.on == "press" and (action.also("save") or not (lines or told.differs or action.also("pdf"))):
        line("save", _("Saved at %(time)s.") % {"time": timezone.localtime(case.saved_at).strftime("%H:%M")})
    sources = errand.names_of_sources({one["source"] for one in told.differs.values() if one})
    differs = []
    for name, said in told.differs.items():
        if name not in asked:
            continue
        one = asked[name]
        shown = errand.named(one, one.covered(said["value"]) or one.display(said["value"])) if said else ""
        source = sources.get(said["source"], "") if said else ""
        differs.append({"name": name, "label": say(one.label), "said": shown, "source": source})
    pdf = reverse("portal:apply_pdf", args=[case.ref]) if action.on == "press" and action.also("pdf") else ""
    return {"lines": lines, "differs": differs, "pdf": pdf}
