"""One move of a case: the conditional UPDATE, the line of history, the event and the word to live pages, in one transaction."""

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import BigIntegerField, Q
from django.utils import timezone
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _

from tongban.cases import desk_time, events
from tongban.cases.models import Case, Step
from tongban.cases.queries import mark_of
from tongban.cases.states import ENDED
from tongban.departments.models import Officer
from tongban.journal import services as journal
from tongban.journal.actors import Actor
from tongban.journal.queries import history
from tongban.lib.composed import composed
from tongban.lib.moves import Move, NotNow, make, make_all, state_label
from tongban.lib.problems import NotAllowed, worded
from tongban.lib.written import insert, insert_all, new
from tongban.parties import queries as parties
from tongban.parties.models import Account

# What members of a bundle do when their whole has moved; entered by `services.following`.
AFTER_MOVES: list[Callable[..., None]] = []


def acting(officer: Officer, role: str) -> Actor:
    """The officer as the journal knows actors."""
    return Actor(
        kind="officer",
        role=role,
        account=officer.account_id,
        department=officer.department.code,
        name=officer.staff_no,
    )


def applying(account: Account, case: Case) -> Actor:
    """The applicant's account as the journal knows actors: an agent where it acts for somebody else."""
    found = parties.over(account, case.applicant_id, timezone.localdate())
    role = "agent" if found and not any(power.own for power in found) else "applicant"
    return Actor(kind="applicant", role=role, account=account.pk, party=case.applicant_id)


def go(
    case: Case,
    step: Move,
    *,
    actor: Actor,
    now: datetime,
    officer: Officer | None = None,
    account: Account | None = None,
    reason: str = "",
    what=None,
    only_if: Q | None = None,
    **changes,
) -> None:
    """Make the move or raise NotAllowed saying who moved the case meanwhile, when and where to.

    `what` is the event to record; without one it is CaseMoved. Call inside the act's transaction.
    """
    if actor.role not in step.by:
        raise NotAllowed("not-your-move", worded(_("A %(role)s cannot do this."), role=actor.role))
    source, on_desk = case.state, case.claimed_by_id
    if step.target in ENDED:
        changes.setdefault("ended_at", now)
    try:
        make(case, step, only_if=only_if, **changes)
    except NotNow as late:
        raise _told(case, late) from late
    if on_desk is not None:
        desk_time.follow(case, now)
    insert(
        new(
            Step, case=case, at=now, move=step.name, source=source, target=step.target, role=actor.role, officer=officer,
            account=account, reason=reason,
        )
    )  # fmt: skip
    journal.record(
        what or moved(case, step, source),
        subject=case.subject,
        actor=actor,
    )
    changed(case)
    if case.parent_id is None:
        for follows in AFTER_MOVES:
            follows(case, step, actor=actor, now=now, officer=officer, account=account, reason=reason, changes=changes)


def go_all(
    cases: list[Case],
    step: Move,
    *,
    actor: Actor,
    now: datetime,
    what: Callable[[Case], Any],
    officer: Officer | None = None,
    account: Account | None = None,
    reason: str = "",
    **changes,
) -> None:
    """The same move with several members of one bundle, the whole held: each has its line of history and its event (`what`)."""
    if not cases:
        return
    if actor.role not in step.by:
        raise NotAllowed("not-your-move", worded(_("A %(role)s cannot do this."), role=actor.role))
    if any(case.parent_id is None for case in cases):
        raise ValueError("a whole is moved by itself: its members follow it")
    before = [(case, case.state, case.claimed_by_id) for case in cases]
    if step.target in ENDED:
        changes.setdefault("ended_at", now)
    make_all(cases, step, **changes)
    for case, _source, on_desk in before:
        if on_desk is not None:
            desk_time.follow(case, now)
    insert_all(
        new(
            Step, case=case, at=now, move=step.name, source=source, target=step.target, role=actor.role, officer=officer,
            account=account, reason=reason,
        )
        for case, source, _desk in before
    )  # fmt: skip
    journal.record_many([(what(case), case.subject) for case in cases], actor=actor)
    changed(*cases)


def moved(case: Case, step: Move, source: str) -> events.CaseMoved:
    return events.CaseMoved(case=case.pk, move=step.name, source=source, target=step.target)


def changed(*cases: Case) -> None:
    """Live pages of these cases and of their departments' queues show something new.

    On PostgreSQL they are counted up after the commit, each name once: an act on a bundle goes through many cases and queues, and
    would otherwise wait in a circle with one that goes through them in another order.
    """
    names = {
        name for case in cases for name in (case.subject, f"queue:{case.department.code}", f"party:{case.applicant_id}")
    }
    if connection.vendor != "postgresql":
        journal.touch(*names)
        return
    for entry in connection.run_on_commit:
        if isinstance(entry[1], _Counting):
            entry[1].names |= names
            return
    transaction.on_commit(_Counting(names))


@dataclass
class _Counting:
    names: set[str]

    def __call__(self) -> None:
        with transaction.atomic():
            with (
                connection.cursor() as cursor
            ):  # a count lost with the machine shows nothing old: pages are drawn anew then
                cursor.execute("SET LOCAL synchronous_commit TO off")
            journal.touch(*self.names)


def again(case: Case) -> Case:
    """The case as the database has it now, locked (SQLite locks the whole database at the first word of the transaction).

    Of a member the whole is held first: whoever is last of several at once sees what the others did, and nobody waits in a circle.
    """
    if connection.features.has_select_for_update:
        whole = parent_of(case)
        if whole is not None:
            _locked(pk=whole)
    # PostgreSQL: whoever waited while the case was moved to another version finds no row at first, because the join was made before
    found = _held(pk=case.pk) or _held(pk=case.pk)
    if not found:
        raise Case.DoesNotExist
    return found[0]


@composed(pk=BigIntegerField())
def _locked(pk):
    return Case.objects.filter(pk=pk).select_for_update().values_list("pk", flat=True)


# What a guide says to readers and no act asks for; asked for after all, it is fetched then.
FOR_READERS = tuple(
    f"version__{name}"
    for name in (
        "legal_basis", "authority_split", "handling_office", "entrusted_to", "visit_reason", "cross_region", "quota", "bars",
        "intermediary", "rule_tests", "steps", "contacts", "rights", "faqs", "editions", "note", "why",
    )
)  # fmt: skip


@composed(pk=BigIntegerField())
def _held(pk):
    rows = Case.objects.select_related("matter", "version", "department", "applicant", "applicant__division", "account")
    return rows.defer(*FOR_READERS).select_for_update(of=("self",)).filter(pk=pk)


def parent_of(case: Case) -> int | None:
    """The whole this case belongs to, also when the row was not loaded yet."""
    if case._state.adding:
        return next(iter(_parents(pk=case.pk)), None)
    return case.parent_id


@composed(pk=BigIntegerField())
def _parents(pk):
    return Case.objects.filter(pk=pk).values_list("parent_id", flat=True)


@contextmanager
def as_seen(case: Case, mark: str):
    """Hold the case for the acts inside, if it still stands as the page showed it (`queries.mark_of`); else say who changed it."""
    with transaction.atomic():
        row = again(case)
        if mark != mark_of(row):
            raise _changed_meanwhile(row)
        yield row


def _changed_meanwhile(case: Case) -> NotAllowed:
    last = Step.objects.filter(case=case).select_related("officer").order_by("-id").first()
    reviewed = (
        history(case.subject).filter(kind="CaseReviewed").order_by("-id").first()
        if case.state == "under_review"
        else None
    )
    if reviewed is not None and case.reviewer is not None and (last is None or reviewed.at > last.at):
        who, at = named(case.reviewer, "shown_name"), reviewed.at
    else:
        who, at = _who(last), last.at if last else case.updated_at
    return NotAllowed(
        "somebody-was-faster",
        worded(
            _("This was not done: %(who)s changed the case at %(at)s. It now stands at “%(state)s”."),
            state=state_label(Case, case.state),
            at=timezone.localtime(at).strftime("%Y-%m-%d %H:%M"),
            who=who,
        ),
        kept=_("Nothing was changed."),
        next_step=_("Look at what happened, then decide again."),
    )


named = lazy(getattr, str)  # a name is said in the language of whoever reads the sentence


def _who(step: Step | None):
    if step is None or step.role == "platform":
        return _("the platform")
    return named(step.officer, "shown_name") if step.officer else _("the applicant")


def _told(case: Case, late: NotNow) -> NotAllowed:
    """Who was faster, what they did and when."""
    last = Step.objects.filter(case=case).select_related("officer").order_by("-id").first()
    if last is None or late.state is None:
        return late
    return NotAllowed(
        "somebody-was-faster",
        worded(
            _("This was not done: the case stands at “%(state)s” since %(at)s (%(who)s)."),
            state=state_label(Case, late.state),
            at=timezone.localtime(last.at).strftime("%Y-%m-%d %H:%M"),
            who=_who(last),
        ),
        kept=_("Nothing was changed."),
        next_step=_("Open the case again to see what happened."),
    )
