"""Where an officer can go: what everybody at a desk needs stands in the bar, the place one works at beside it, the rest in one menu."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

CASES, PEOPLE, RULES = _("Cases"), _("People"), _("Oversight and data")

PREPARES = {"dept_reviewer", "dept_approver"}
LEADS = {"coordinator", "supervisor"}
IN_AN_EMERGENCY = ("health_officer", "health_approver", "emergency_authority")


@dataclass(frozen=True)
class Place:
    """`key`: the keys that lead there, or nothing. `home_of`: the roles that work there, who find it in the bar. `beside`: other addresses that belong to it."""

    address: str
    words: str | Promise
    roles: frozenset[str] = frozenset()
    key: str = ""
    home_of: frozenset[str] = frozenset()
    beside: tuple[str, ...] = ()

    def open_to(self, roles: set[str]) -> bool:
        return not self.roles or bool(self.roles & roles)

    def holds(self, path: str) -> bool:
        return path.startswith((self.address, *self.beside))


def _place(
    address: str,
    words: str | Promise,
    *roles: str,
    key: str = "",
    home_of: Iterable[str] = (),
    beside: tuple[str, ...] = (),
) -> Place:
    return Place(f"/office/{address}/", words, frozenset(roles), key, frozenset(home_of), beside)


GROUPS: tuple[tuple[str | Promise, tuple[Place, ...]], ...] = (
    (CASES, (
        _place("counter", _("Counter"), "window_officer", "issuing_officer", "supervisor", key="g k",
               home_of={"window_officer", "issuing_officer"}),
        _place("tablet", _("Guide’s tablet"), "helper", "supervisor", home_of={"helper"}),
        _place("window", _("Window"), "window_officer", key="g w", home_of={"window_officer"}),
        _place("inspections", _("Inspections"), "inspector", "dept_reviewer", key="g i", home_of={"inspector"}),
        _place("inspections/venues", _("Inspections of venues"), "inspector", *LEADS, home_of={"inspector"}),
        _place("hall", _("The hall now"), "supervisor", "coordinator", "auditor", key="g h", home_of={"supervisor"}),
        _place("issuing", _("Handing over"), "issuing_officer", "supervisor", key="g p", home_of={"issuing_officer"}),
        _place("talks", _("Applicants' questions"), key="g a"),
        _place("tasks", _("Beside cases"), *PREPARES, "inspector", "coordinator", key="g t"),
        _place("one-more", _("Exceptions"), *PREPARES),
        _place("limits", _("Limits"), key="g l"),
        _place("payments", _("Money"), *PREPARES - {"dept_reviewer"}, *LEADS, "issuing_officer", "window_officer", "auditor"),
        _place("shown", _("Shown from a wallet"), *PREPARES, "window_officer", "inspector", "issuing_officer"),
        _place("let-in", _("Let in by holders"), *PREPARES, "window_officer", "pre_reviewer", "inspector", "issuing_officer"),
        _place("licence-reports", _("Reported as wrong"), *PREPARES),
        _place("licences", _("Licences"), *PREPARES, "issuing_officer", "coordinator", "auditor"),
    )),
    (PEOPLE, (
        _place("identities", _("Identities"), "window_officer", "coordinator"),
        _place("bonds", _("Guardians"), "window_officer", "coordinator"),
        _place("codes", _("Check codes"), "window_officer", "inspector", "helper", *LEADS),
        _place("appointments", _("Appointments"), "window_officer", "issuing_officer", "helper", *LEADS, home_of={"helper"}),
        _place("round-tables", _("Round tables"), *PREPARES, "inspector", "window_officer", "helper", *LEADS),
        _place("call-backs", _("Calls"), "window_officer", "coordinator", "helper"),
        _place("same-people", _("Same people"), *LEADS),
        _place("follow-ups", _("Bad ratings"), *LEADS, key="g r"),
        _place("circulars", _("Messages to many"), *PREPARES, *LEADS),
        _place("halls", _("Halls"), *LEADS, "auditor"),
        _place("venues", _("Venue codes"), *LEADS, "auditor"),
        _place("venues/rules", _("Entry rules"), "content_editor", "catalogue_manager"),
    )),
    (RULES, (
        _place("catalogue", _("Catalogue"), "catalogue_manager", "content_editor", key="g c",
               home_of={"catalogue_manager", "content_editor"}),
        _place("codes/readers", _("Readers and scenes"), *LEADS, "auditor"),
        _place("codes/scenes", _("Readers and scenes"), "catalogue_manager", "content_editor"),
        _place("disputes", _("Data"), *PREPARES, "coordinator",
               beside=("/office/reviews/", "/office/figures/", "/office/data-sharing/")),
        _place("figures", _("Data"), "supervisor", "auditor", beside=("/office/data-sharing/",)),
        _place("orders", _("Emergency orders"), *IN_AN_EMERGENCY, "auditor", home_of={*IN_AN_EMERGENCY}),
        _place("passes", _("Health passes"), *IN_AN_EMERGENCY, "coordinator", "auditor"),
        _place("statuses", _("Statuses of persons"), *IN_AN_EMERGENCY, "auditor", home_of={*IN_AN_EMERGENCY}),
        _place("calendar", _("Working calendar"), *LEADS, "auditor"),
        _place("records", _("Keeping and archive"), *LEADS, "dept_approver", "auditor"),
        _place("oversight", _("Oversight"), "auditor", "coordinator", home_of={"auditor"}),
    )),
)  # fmt: skip


def menu_of(roles: set[str], path: str) -> dict[str, Any]:
    """{"bar": places beside the queue, "groups": [(words, places)], "within": where one stands now if only the menu leads there}.

    A place is named once: what stands in the bar is not in the menu, and of two places with one name the first that is open.
    """
    bar: list[Place] = []
    groups: list[tuple[str | Promise, list[Place]]] = []
    within, named = None, set()
    for words, places in GROUPS:
        rest: list[Place] = []
        for place in places:
            if place.open_to(roles) and place.words not in named:
                named.add(place.words)
                (bar if place.home_of & roles else rest).append(place)
                if place.holds(path) and not place.home_of & roles:
                    within = place
        if rest:
            groups.append((words, rest))
    return {"bar": bar, "groups": groups, "within": within}
