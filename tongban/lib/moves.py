"""The table of moves: who may bring a thing from which states to which, and the one UPDATE that does it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from django.db.models import F, IntegerField, Model, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .problems import NotAllowed, worded
from .written import update


@dataclass(frozen=True)
class Move:
    """One line of the law. `by` names roles; `guard`, `clock` and `document` say the rest in words for the book of moves."""

    name: str
    sources: frozenset[str]
    target: str
    by: tuple[str, ...] = ()
    guard: str = ""
    clock: str = ""
    document: str = ""
    label: Any = ""

    def may_start_from(self, state) -> bool:
        return _plain(state) in self.sources

    def may_be_made_by(self, role) -> bool:
        return _plain(role) in self.by

    def __str__(self) -> str:
        return str(self.label or self.name)


class NotNow(NotAllowed):
    """The row is in a state from which this move does not start; `state` is what the database holds, None if it is gone."""

    def __init__(self, step: Move, state: str | None, sentence, **rest):
        super().__init__("not-in-this-state", sentence, **rest)
        self.step = step
        self.state = state


def _plain(state) -> str:
    return str(state.value if isinstance(state, Enum) else state)


def move(
    name: str,
    sources: str | Iterable[str],
    target: str,
    *,
    by: Iterable[str] = (),
    guard: str = "",
    clock: str = "",
    document: str = "",
    label: Any = "",
) -> Move:
    """`sources` is one state or several; none at all (an empty set) is the move that makes the thing."""
    several = [sources] if isinstance(sources, str | Enum) else sources
    roles = [by] if isinstance(by, str) else by
    return Move(
        name=name,
        sources=frozenset(map(_plain, several)),
        target=_plain(target),
        by=tuple(map(_plain, roles)),
        guard=guard,
        clock=clock,
        document=document,
        label=label,
    )


def make(row: Any, step: Move, *, only_if: Q | None = None, **changes) -> None:
    """Make the move in one conditional UPDATE, so two hands cannot both win; `row` in memory follows.

    `only_if` narrows the condition where the state alone does not tell (an extension leaves the state as it is).
    Raises NotNow, naming the present state, when the row in the database is elsewhere.
    """
    model = type(row)
    dated, counted = _kept_beside(model)
    if dated:
        changes.setdefault("updated_at", timezone.now())
    if counted and "version" not in changes:
        changes["version"] = F("version") + 1

    wanted = {model._meta.pk.name: row.pk, "state": tuple(sorted(step.sources))}
    made = None
    if only_if is None and step.sources:
        made = update(model, wanted, {"state": step.target, **changes})
    if made is None:
        rows = model._base_manager.filter(pk=row.pk, state__in=step.sources)
        if only_if is not None:
            rows = rows.filter(only_if)
        made = rows.update(state=step.target, **changes)
    if not made:
        raise _not_now(row, step)

    row.state = step.target
    by_the_database = []
    for name, value in changes.items():
        if hasattr(value, "resolve_expression"):
            by_the_database.append(name)
        else:
            setattr(row, name, value)
    if by_the_database:
        row.refresh_from_db(fields=by_the_database)


_beside: dict[type[Model], tuple[bool, bool]] = {}


def _kept_beside(model: type[Model]) -> tuple[bool, bool]:
    """Whether a table says when a row was changed, and counts its changes (not a reference to a version of something else)."""
    if model not in _beside:
        has = {field.name: field for field in model._meta.concrete_fields}
        _beside[model] = "updated_at" in has, isinstance(has.get("version"), IntegerField)
    return _beside[model]


def make_all(rows: list[Any], step: Move, **changes) -> None:
    """The same move with several rows of one table in one conditional UPDATE: all of them or, raising NotNow, none.

    Call inside a transaction: where one row is elsewhere, what was moved is taken back with it.
    """
    if not rows:
        return
    model = type(rows[0])
    if _kept_beside(model)[0]:
        changes.setdefault("updated_at", timezone.now())
    keys = [row.pk for row in rows]
    rows_of_it = {model._meta.pk.name: tuple(keys), "state": tuple(sorted(step.sources))}
    moved = update(model, rows_of_it, {"state": step.target, **changes})
    if moved is None:
        moved = model._base_manager.filter(pk__in=keys, state__in=step.sources).update(state=step.target, **changes)
    if moved != len(keys):
        there = dict(model._base_manager.filter(pk__in=keys).values_list("pk", "state"))
        raise _not_now(next((row for row in rows if there.get(row.pk) != step.target), rows[0]), step)
    for row in rows:
        row.state = step.target
        for name, value in changes.items():
            setattr(row, name, value)


def state_label(model: type[Model], state: str):
    """The state as people call it; its own name where the model has no label for it."""
    field: Any = model._meta.get_field("state")
    return dict(field.flatchoices).get(state, state)


def _not_now(row: Any, step: Move) -> NotNow:
    model = type(row)
    state = model._base_manager.filter(pk=row.pk).values_list("state", flat=True).first()
    if state is None:
        return NotNow(
            step,
            None,
            _("This no longer exists, so nothing could be done with it."),
            next_step=_("Please go back to the list."),
        )
    return NotNow(
        step,
        state,
        worded(_("This cannot be done now: it stands at “%(state)s”."), state=state_label(model, state)),
        kept=_("Nothing was changed."),
        next_step=_("Reload the page to see what happened in the meantime."),
    )
