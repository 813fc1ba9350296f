"""Presses at ticket machines that speak for themselves: many in one transaction, each answered once however often it is told.

A machine numbers its presses. Told again after a break of the line, a press has the number it had; a press that was refused is not kept, so the
same one may be told again when numbers are given.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from tongban.halls import queries_tickets as queries
from tongban.halls.models import Machine, MachineKind, Ticket
from tongban.halls.models.tickets import new_ticket_key
from tongban.halls.services import tickets
from tongban.halls.services.tickets import VISITOR, Asked
from tongban.journal import services as journal
from tongban.lib.problems import NotAllowed, Problem

SCOPE = "halls.press"


@dataclass(frozen=True, slots=True)
class Press:
    machine: Machine
    number: str
    asked: Asked

    @property
    def known_as(self) -> str:
        return f"{self.machine.pk}:{self.number}"

    @property
    def mark(self) -> str:
        return hashlib.sha256(repr(self.asked).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Given:
    ticket: Ticket | None = None
    problem: Problem | None = None
    again: bool = False


def machines(keys: set[str]) -> dict[str, Machine]:
    """Ticket machines of halls that are there, by their keys, with their halls."""
    rows = Machine.objects.select_related("hall").filter(key__in=keys, kind=MachineKind.TICKETS, hall__active=True)
    return {row.key: row for row in rows.order_by()}


def give(presses: Sequence[Press], *, at: datetime) -> list[Given]:
    """Answer each of these, in order; on disk together when this returns. One that cannot be written keeps no other from it."""
    try:
        return _given(presses, at)
    except Exception:
        if len(presses) == 1:
            raise
        return [answer for one in presses for answer in give([one], at=at)]


@transaction.atomic
def _given(presses: Sequence[Press], at: datetime) -> list[Given]:
    first: dict[str, int] = {}
    for place, one in enumerate(presses):
        first.setdefault(one.known_as, place)
    slips = {known_as: new_ticket_key() for known_as in first}
    fresh = journal.first_of(SCOPE, {name: f"{slips[name]} {presses[place].mark}" for name, place in first.items()})
    answers = _as_before(presses, {name for name in first if name not in fresh})
    halls: dict[int, list[int]] = {}
    for place in sorted(first[name] for name in fresh):
        halls.setdefault(presses[place].machine.hall_id, []).append(place)
    refused: list[str] = []
    for _hall, places in sorted(halls.items()):
        asked = [replace(presses[place].asked, key=slips[presses[place].known_as]) for place in places]
        given = tickets.issue_many(presses[places[0]].machine.hall, asked, actor=VISITOR, at=at)
        for place, answer in zip(places, given, strict=True):
            if isinstance(answer, Problem):
                answers[place] = Given(problem=answer)
                refused.append(presses[place].known_as)
            else:
                answers[place] = Given(answer)
    if refused:
        journal.forget_keys(SCOPE, refused)
    for place, press in enumerate(presses):
        if place not in answers:  # the same press twice in one batch
            answers[place] = _again(presses[first[press.known_as]], press, answers[first[press.known_as]])
    return [answers[place] for place in range(len(presses))]


def _as_before(presses: Sequence[Press], names: set[str]) -> dict[int, Given]:
    if not names:
        return {}
    told = {name: result.split(" ") for name, result in journal.results_of(SCOPE, names).items()}
    rows = {row.key: row for row in queries.whole().filter(key__in=[slip for slip, _mark in told.values()]).order_by()}
    found: dict[int, Given] = {}
    for place, press in enumerate(presses):
        if press.known_as in told:
            slip, mark = told[press.known_as]
            found[place] = (
                Given(rows[slip], again=True) if mark == press.mark and slip in rows else Given(problem=_another())
            )
    return found


def _again(before: Press, press: Press, answer: Given) -> Given:
    if before.mark != press.mark:
        return Given(problem=_another())
    return answer if answer.problem is not None else Given(answer.ticket, again=True)


def _another() -> Problem:
    return NotAllowed(
        "number-of-another-press",
        _("This number belongs to another press of this machine."),
        next_step=_("Give every press a number of its own."),
        status=409,
    )
