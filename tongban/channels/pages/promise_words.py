"""How long a matter takes, in the words of lists, guides and forms; what a situation promises for itself."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tongban.lib.bilingual import say
from tongban.matters import promises
from tongban.matters.models import MatterVersion


def days_in_words(version: MatterVersion, situation: Collection[str] = ()) -> str:
    """How long it takes, for a line in a list; empty when the department has not said. Where it depends on the situation and none is
    said, between what it lies."""
    between = None if situation else promises.range_of(version)
    if between is not None:
        return between_in_words(version, *between)
    promised = promises.days(version, situation)
    days = promised if promised is not None else version.statutory_days
    return "" if days is None else so_many_days(version, days)


def between_in_words(version: MatterVersion, fewest: int, most: int) -> str:
    if not fewest:
        return _("On the spot, or within %(days)s") % {"days": so_many_days(version, most)}
    return _("%(fewest)s to %(most)s") % {"fewest": fewest, "most": so_many_days(version, most)}


def so_many_days(version: MatterVersion, days: int) -> str:
    if not days:
        return _("On the spot")
    if version.time_unit == "calendar_day":
        return ngettext("%(n)s calendar day", "%(n)s calendar days", days) % {"n": days}
    return ngettext("%(n)s working day", "%(n)s working days", days) % {"n": days}


def about_situation(version: MatterVersion, one: Mapping[str, Any]) -> str:
    """What this situation promises, where another one of the matter promises something else; else empty."""
    said = []
    if promises.range_of(version) is not None:
        days = promises.days_of(version, one)
        said.append(so_many_days(version, days) if days is not None else "")
    if len({promises.inspected_in(version, each) for each in version.situations}) > 1:
        looks = promises.inspected_in(version, one)
        said.append(_("somebody comes to look") if looks else _("nobody comes to look before"))
    return " · ".join(filter(None, said))


def options(version: MatterVersion, rows: Iterable[Mapping[str, Any]] | None = None) -> list[dict[str, str]]:
    """The situations to choose from, each with what it promises."""
    return [
        {"value": one["id"], "label": say(one), "hint": about_situation(version, one)}
        for one in (version.situations if rows is None else rows)
    ]
