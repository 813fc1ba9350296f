"""Choosing what somebody may do for somebody else: read from a form and shown back, for mandates and for clerks alike."""

from collections.abc import Mapping
from datetime import date

from django.utils.translation import gettext as _

from tongban.lib.bilingual import say
from tongban.lib.problems import Invalid
from tongban.matters.models import MatterVersion
from tongban.matters.models import Theme as ThemeRow
from tongban.parties.mandates import Scope
from tongban.parties.states import Act


def acts() -> list[dict]:
    """What may be allowed, each in a plain sentence."""
    hints = {
        Act.SEE: _("All applications in the matters chosen, also those they did not begin."),
        Act.PREPARE: _("Fill in forms and add documents. Nothing is sent by that."),
        Act.SUBMIT: _("Sign in your name and send; correct and withdraw. Choose this with care."),
        Act.RECEIVE: _("Open results and collect them."),
        Act.PAY: _("Pay the fees of your applications."),
        Act.LICENCES: _("Open your electronic licences and show them."),
    }
    return [{"value": act.value, "label": act.label[:1].upper() + act.label[1:], "hint": hints[act]} for act in Act]


def themes_with_matters(typed: Mapping | None = None) -> list[dict]:
    """Every published matter once under each of its themes, those without one under the last: (slug, name, ticked). What `typed` chose
    is ticked in one place alone, else a tick taken away there would stay in the other."""
    rows = MatterVersion.objects.filter(state=MatterVersion.State.PUBLISHED).values_list(
        "matter__slug", "name", "themes__slug"
    )
    of_theme: dict[str, list[tuple[str, str]]] = {}
    for slug, name, theme in rows.order_by("matter__slug"):
        of_theme.setdefault(theme or "", []).append((slug, say(name)))
    left, found = {*typed["matters"]} if typed else set(), []
    for theme, name in [*((row.slug, row.shown_name) for row in ThemeRow.objects.all()), ("", _("Others"))]:
        if theme not in of_theme:
            continue
        matters = [(slug, shown, slug in left) for slug, shown in of_theme[theme]]
        left -= {slug for slug, _name, _ticked in matters}
        opened = any(ticked for _slug, _name, ticked in matters) or bool(typed and theme in typed["themes"])
        found.append({"slug": theme, "name": name, "matters": matters, "open": opened})
    return found


def names_of(slugs) -> list[str]:
    rows = MatterVersion.objects.filter(state=MatterVersion.State.PUBLISHED, matter__slug__in=list(slugs))
    return sorted(say(name) for name in rows.values_list("name", flat=True))


def chosen_matters(post) -> tuple[str, ...] | None:
    """None for all; else what was ticked, whole themes as the matters they have today."""
    if post.get("which") != "some":
        return None
    wanted = set(post.getlist("matter"))
    themes = set(post.getlist("theme"))
    if themes:
        wanted |= {
            slug for one in themes_with_matters() if one["slug"] in themes for slug, _name, _ticked in one["matters"]
        }
    known = set(MatterVersion.objects.filter(matter__slug__in=wanted).values_list("matter__slug", flat=True))
    return tuple(sorted(wanted & known))


def read(post) -> Scope:
    errors: dict[str, list] = {}
    days = {}
    for name in ("since", "until"):
        text = post.get(name, "").strip()
        try:
            days[name] = date.fromisoformat(text) if text else None
        except ValueError:
            errors[name] = [_("Please enter a day, for example 2027-03-31.")]
    numbers = {}
    for name in ("cases_at_most", "amount_at_most"):
        text = post.get(name, "").strip()
        if text and not (text.isdecimal() and len(text) <= 9):
            errors[name] = [_("Please enter a number from 1 on, or leave it empty.")]
        else:
            numbers[name] = int(text) if text else None
    if post.get("which") != "some" and (post.getlist("matter") or post.getlist("theme")):
        # whoever ticked a few would otherwise have given everything
        errors["matters"] = [
            _("You ticked matters and chose “In everything”. Choose “Only in what I choose”, or take the ticks away.")
        ]
    if errors:
        raise Invalid("mandate-incomplete", errors=errors)
    return Scope(
        acts=tuple(post.getlist("acts")), matters=chosen_matters(post), since=days["since"], until=days["until"],
        cases_at_most=numbers["cases_at_most"], amount_at_most=numbers["amount_at_most"], chains=post.get("chains") == "true", note=post.get("note", ""),
    )  # fmt: skip


def typed(post) -> dict:
    """What stands in the form again after a mistake."""
    plain = ("name", "id_kind", "id_no", "mobile", "id_end", "code", "since", "until", "cases_at_most", "amount_at_most", "note", "which", "chains", "paper_kept")  # fmt: skip
    return {
        **{field: post.get(field, "") for field in plain},
        "acts": post.getlist("acts"),
        "matters": post.getlist("matter"),
        "themes": post.getlist("theme"),
    }


def nothing_typed(*, until: str = "", acts_: tuple[str, ...] = (Act.SEE.value, Act.PREPARE.value)) -> dict:
    empty = dict.fromkeys(("name", "id_kind", "id_no", "mobile", "id_end", "code", "since", "cases_at_most", "amount_at_most", "note", "chains", "paper_kept"), "")  # fmt: skip
    return {
        **empty,
        "id_kind": "id-card",
        "until": until,
        "which": "all",
        "acts": list(acts_),
        "matters": [],
        "themes": [],
    }
