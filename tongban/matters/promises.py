"""What a matter promises in the situation that is the applicant's: in how many days, and whether somebody comes to look. Pure.

A situation may say it for itself (`handling_kind`, `promised_days`, `inspection`); what it leaves out, the matter says. Where several
situations hold at once the slowest counts. As long as nobody has said which is theirs, the matter's own promise stands, and `range_of`
says between what it can lie.
"""

from collections.abc import Collection, Mapping
from typing import Any

from tongban.matters.models import MatterVersion

INSTANT, PROMISED = "instant", "promised"
YES, NO = "yes", "no"
MOST_DAYS = 3660


def days(version: MatterVersion, situation: Collection[str] = ()) -> int | None:
    """Promised days; 0 on the spot, None where nothing was promised."""
    known = [said for one in _chosen(version, situation) if (said := days_of(version, one)) is not None]
    return max(known) if known else version.promised_days


def days_of(version: MatterVersion, one: Mapping[str, Any]) -> int | None:
    """What this one situation promises."""
    if one.get("handling_kind") == INSTANT:
        return 0
    said = one.get("promised_days")
    return said if is_days(said) else version.promised_days


def is_days(said: Any) -> bool:
    """A number of days that a promise can have; a file from elsewhere may say anything."""
    return isinstance(said, int) and not isinstance(said, bool) and 0 <= said <= MOST_DAYS


def on_the_spot(version: MatterVersion, situation: Collection[str] = ()) -> bool:
    """Decided at once, whoever applies: in the situation chosen, else in every one there is."""
    rows = _chosen(version, situation) or version.situations
    return all(kind_of(version, one) == INSTANT for one in rows) if rows else version.handling_kind == INSTANT


def kind_of(version: MatterVersion, one: Mapping[str, Any]) -> str:
    return one.get("handling_kind") or version.handling_kind


def range_of(version: MatterVersion) -> tuple[int, int] | None:
    """(fewest, most) days where the situations promise differently, else None."""
    said = {one for row in version.situations if (one := days_of(version, row)) is not None}
    return (min(said), max(said)) if len(said) > 1 else None


def longest(version: MatterVersion, among: Collection[str] = ()) -> int:
    """The most days that any situation (of these) can take."""
    rows = _chosen(version, among) or version.situations
    return max([days_of(version, one) or 0 for one in rows] or [version.promised_days or 0])


def looked_at_first(version: MatterVersion, situation: Collection[str] = ()) -> bool:
    """The situation chosen says itself that somebody comes to look, so nothing in it is decided on a promise alone."""
    return any(one.get("inspection") == YES for one in _chosen(version, situation))


def inspected(version: MatterVersion, situation: Collection[str] = ()) -> bool:
    """Whether somebody may come to look."""
    rows = _chosen(version, situation)
    return any(inspected_in(version, one) for one in rows) if rows else version.site_inspection


def inspected_in(version: MatterVersion, one: Mapping[str, Any]) -> bool:
    return version.site_inspection if not one.get("inspection") else one["inspection"] == YES


def told(version: MatterVersion) -> list[dict[str, Any]]:
    """The situations, each with what it promises in full."""
    return [
        {
            **{name: said for name, said in one.items() if name != "inspection"},
            "handling_kind": kind_of(version, one),
            "promised_days": days_of(version, one),
            "site_inspection": inspected_in(version, one),
        }
        for one in version.situations
    ]


def _chosen(version: MatterVersion, situation: Collection[str]) -> list[Mapping[str, Any]]:
    """The situations that hold: what was chosen, else the only one there is."""
    rows = version.situations
    return rows if len(rows) == 1 else [one for one in rows if one["id"] in situation]
