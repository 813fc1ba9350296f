"""A case goes from one desk to another: held out and taken or given back; or taken over from whoever is not there."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.cases import desk_time, events, queries
from tongban.cases.models import Case, PassingOn
from tongban.cases.moving import acting, again, changed, named
from tongban.cases.permission import permit_to_work
from tongban.cases.states import WITH_OFFICE
from tongban.departments import queries as departments
from tongban.departments.models import Officer
from tongban.journal import services as journal
from tongban.lib.problems import Invalid, NotAllowed, worded

State = PassingOn.State
LEADS_EVERYWHERE = {"supervisor", "coordinator"}
LEADS = LEADS_EVERYWHERE | {"dept_approver"}
LONGEST = 1000
ANSWERED = _("This was answered or taken back already.")


def pass_on(case: Case, *, officer: Officer, to: Officer, note: str = "", now: datetime | None = None) -> PassingOn:
    """Hold a case on one's own desk out to a colleague who could work on it. It stays here until they take it."""
    now = now or timezone.now()
    permit_to_work(officer, case)
    errors: dict[str, list] = {}
    if to.pk == officer.pk or not may_take(to, case):
        errors["to"] = [_("This colleague cannot do anything with the case now. Choose another one.")]
    elif departments.absence_of(to, timezone.localdate(now)) is not None:
        errors["to"] = [_("This colleague is not there today. Choose another one.")]
    if len(note) > LONGEST:
        errors["note"] = [_("Write at most 1,000 characters.")]
    if errors:
        raise Invalid("passing-on", errors=errors, kept=_("The case is still on your desk."))
    with transaction.atomic():
        case = again(case)
        if case.claimed_by_id != officer.pk:
            raise _not_here(case)
        row = PassingOn.objects.filter(case=case, giver=officer, taker=to, state=State.OFFERED).first()
        if row is not None and row.note == note.strip():
            return row  # pressed twice
        _end(PassingOn.objects.filter(case=case), State.RECALLED, now)
        row = PassingOn.objects.create(case=case, giver=officer, taker=to, note=note.strip(), at=now)
        _said(case, officer, events.CaseHeldOut(case=case.pk, giver=officer.pk, taker=to.pk), to)
    return row


def take_passed(row: PassingOn, *, officer: Officer, now: datetime | None = None) -> Case:
    """The colleague takes it: from this moment it lies on their desk. Only while it still lies with whoever held it out."""
    now = now or timezone.now()
    _is_theirs(row, officer)
    permit_to_work(officer, row.case)
    with transaction.atomic():
        case = again(row.case)
        held = Case.objects.filter(pk=case.pk, claimed_by=row.giver_id, state__in=WITH_OFFICE)
        if not _end(PassingOn.objects.filter(pk=row.pk), State.TAKEN, now) or not held.update(
            claimed_by=officer, claimed_at=now
        ):
            raise _not_here(case)
        case = again(case)
        desk_time.taken(case, officer.pk, now)
        _said(case, officer, events.CaseClaimed(case=case.pk, officer=officer.pk), row.giver)
        changed(case)
    return case


def give_back(row: PassingOn, *, officer: Officer, answer: str = "", now: datetime | None = None) -> PassingOn:
    """The colleague does not take it: it never left the desk of whoever held it out, and they are told why."""
    _is_theirs(row, officer)
    answer = answer.strip()[:LONGEST]
    with transaction.atomic():
        case = again(row.case)
        if not _end(PassingOn.objects.filter(pk=row.pk), State.GIVEN_BACK, now or timezone.now(), answer=answer):
            raise _over()
        _said(case, officer, events.CaseNotTaken(case=case.pk, officer=officer.pk), row.giver)
    return PassingOn.objects.get(pk=row.pk)


def recall(row: PassingOn, *, officer: Officer, now: datetime | None = None) -> PassingOn:
    """Whoever held it out keeps it after all."""
    if row.giver_id != officer.pk:
        raise NotAllowed("not-yours", _("Only whoever held the case out takes it back."), status=403)
    with transaction.atomic():
        case = again(row.case)
        if not _end(PassingOn.objects.filter(pk=row.pk), State.RECALLED, now or timezone.now()):
            raise _over()
        _said(case, officer, events.CaseNotTaken(case=case.pk, officer=officer.pk), row.taker)
    return PassingOn.objects.get(pk=row.pk)


def take_over(case: Case, *, officer: Officer, to_pool: bool = False, now: datetime | None = None) -> Case:
    """Take a case from the desk of somebody who is absent or left: their substitute, or a lead. `to_pool`: onto nobody's desk."""
    now = now or timezone.now()
    permit_to_work(officer, case)
    holder = case.claimed_by
    if holder is None or holder.pk == officer.pk:
        raise NotAllowed("nothing-to-take-over", _("This case is on nobody else's desk."))
    if not may_take_over(officer, case, today=timezone.localdate(now)):
        raise NotAllowed(
            "not-absent",
            worded(
                _("%(who)s has this case and is there today, or you are neither their substitute nor a lead."),
                who=named(holder, "shown_name"),
            ),
            next_step=_("Ask them to hand it over."),
            status=403,
        )
    if not to_pool and not queries.moves_for(officer, case):
        raise NotAllowed(
            "nothing-to-do-here",
            _("There is nothing that you could do with this case now. Put it back into the queue."),
        )
    with transaction.atomic():
        case = again(case)
        new = {"claimed_by": None, "claimed_at": None} if to_pool else {"claimed_by": officer, "claimed_at": now}
        if not Case.objects.filter(pk=case.pk, claimed_by=holder, state__in=WITH_OFFICE).update(**new):
            raise _not_here(case)
        case = again(case)
        _end(PassingOn.objects.filter(case=case), State.OVER, now)
        if to_pool:
            desk_time.laid_down(case, now)
        else:
            desk_time.taken(case, officer.pk, now)
        _said(case, officer, events.CaseTakenOver(case=case.pk, giver=holder.pk, officer=officer.pk), holder)
        changed(case)
    return case


def may_take_over(officer: Officer, case: Case, *, today=None) -> bool:
    """Is whoever has it away, and is this officer their substitute or a lead they answer to?"""
    holder = case.claimed_by
    if holder is None or holder.pk == officer.pk:
        return False
    absence = departments.absence_of(holder, today or timezone.localdate())
    if holder.active and absence is None:
        return False
    roles = set(officer.roles)
    leads = bool(roles & LEADS_EVERYWHERE) or (bool(roles & LEADS) and officer.department_id == holder.department_id)
    return leads or (absence is not None and absence.substitute_id == officer.pk)


def may_take(officer: Officer, case: Case) -> bool:
    """Could this colleague do anything with the case now?"""
    try:
        permit_to_work(officer, case)
    except NotAllowed:
        return False
    return bool(queries.moves_for(officer, case))


def _end(rows, state: str, now: datetime, **more) -> int:
    """The row decides: only what is still held out ends."""
    return rows.filter(state=State.OFFERED).update(state=state, ended_at=now, **more)


def _is_theirs(row: PassingOn, officer: Officer) -> None:
    if row.taker_id != officer.pk:
        raise NotAllowed("not-yours", _("This case is held out to somebody else."), status=403)


def _over() -> NotAllowed:
    return NotAllowed("passing-over", ANSWERED, kept=_("Nothing was changed."))


def _not_here(case: Case) -> NotAllowed:
    if case.claimed_by is None:
        return NotAllowed(
            "not-on-the-desk", _("The case is on nobody's desk any more."), kept=_("Nothing was changed.")
        )
    return NotAllowed(
        "claimed",
        worded(
            _("%(who)s has had this case on the desk since %(at)s."),
            who=named(case.claimed_by, "shown_name"),
            at=timezone.localtime(case.claimed_at).strftime("%Y-%m-%d %H:%M"),
        ),
        kept=_("Nothing was changed."),
    )


def _said(case: Case, officer: Officer, what, other: Officer) -> None:
    role = next(iter(officer.roles), "")
    journal.record(what, subject=case.subject, actor=acting(officer, role))
    journal.touch(*sorted({f"queue:{case.department.code}", f"desk:{officer.pk}", f"desk:{other.pk}"}))
