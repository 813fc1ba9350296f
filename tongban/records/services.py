"""Acts on what has served its time: due dates found a little at a time, holds, lists for two people, and carrying them out.

Nothing is destroyed by itself: one officer proposes a list, another confirms it, and each application is looked at again at the
moment its person is taken out. Each is a transaction of its own; files go after the commit, and a crash leaves at most a file
that nobody names, which the daily cleaning takes. A second run over the same list does nothing.
"""

import hashlib
from collections import Counter
from datetime import date, datetime, timedelta
from functools import partial

import orjson
import structlog
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.cases.models import Case
from tongban.departments.models import Department, Officer
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM, Actor
from tongban.lib.moves import NotNow, make
from tongban.lib.problems import Invalid, NotAllowed, worded
from tongban.materials import services as materials
from tongban.matters import retention
from tongban.records import events, forgetting, handing_over, queries, rules
from tongban.records.gateways import NotTaken
from tongban.records.models import Destruction, DestructionLine, Hold, Keeping
from tongban.records.states import (
    ANONYMISE,
    CONFIRM,
    DROP,
    FINISH,
    PUT_ON_LIST,
    TAKE_OFF_LIST,
    DestructionState,
    KeepingState,
)
from tongban.rights.erasing import CLOCK_MAY_DIFFER, clock_jumped

log = structlog.get_logger("records")

PLACE = "retention: cases"
A_TURN = 2000
TOPIC = "records"
CARRY_OUT = "records.carry_out"
TOGETHER = 20
TRY_AGAIN = timedelta(minutes=30)
LOOK_AGAIN = timedelta(days=7)  # what something stopped makes room on the lists for so long
LOOKED_AT = 600  # so many are asked for one list


def _actor(officer: Officer, role: str) -> Actor:
    return Actor(
        kind="officer", role=role, account=officer.account_id, department=officer.department.code, name=officer.staff_no
    )


def _role(officer: Officer, allowed) -> str:
    role = next((one for one in allowed if one in officer.roles), None)
    if role is None or not officer.active:
        raise NotAllowed("not-your-move", _("Your role does not allow this."), status=403)
    return role


# -- due dates


@journal.every("how long applications are kept", timedelta(minutes=10))
def find_due_dates(limit: int = A_TURN) -> int:
    """Go through the cases by their key, some at a time, and write down until when each that ended is kept. Begins again at the end.

    A case that reopened or whose rule changed is put right at the next round; what is on a list is left to the list.
    """
    after = journal.place_of(PLACE)
    ids = list(Case.objects.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:limit])
    if not ids:
        if after:
            journal.keep_place(PLACE, 0)
        return 0
    tops = Case.objects.select_related("matter", "department").only(
        *queries.TO_KEEP, "matter__slug", "department__code"
    )
    cases = list(tops.filter(pk__in=ids, parent__isnull=True, state__in=list(rules.OUTCOME_OF)))
    members = queries.members_of(cases)
    every = [*cases, *(one for whole in members.values() for one in whole)]
    queries.with_their_rules(every)
    papers = queries.papers_in(every)
    known = {row.pk: row for row in Keeping.objects.filter(pk__in=ids)}
    fresh: list[Keeping] = []
    changed: list[Keeping] = []
    for case in cases:
        whole = [case, *members.get(case.pk, [])]
        if any(rules.outcome_of(one) is None for one in whole):
            continue
        row = known.pop(case.pk, None)
        if row is None:
            fresh.append(_kept(case, whole, papers))
        elif row.state == KeepingState.KEPT:
            found = _kept(case, whole, papers)
            if (row.until, row.rule, row.ended_on) != (found.until, found.rule, found.ended_on):
                changed.append(found)
    running = [pk for pk, row in known.items() if row.state == KeepingState.KEPT]
    with transaction.atomic():
        Keeping.objects.bulk_create(fresh, ignore_conflicts=True)
        for row in changed:
            Keeping.objects.filter(pk=row.pk, state=KeepingState.KEPT).update(
                until=row.until, rule=row.rule, ended_on=row.ended_on
            )
        Keeping.objects.filter(pk__in=running, state=KeepingState.KEPT).delete()  # it runs again
        journal.keep_place(PLACE, ids[-1])
    return len(fresh) + len(changed)


def _kept(case: Case, whole: list[Case], papers: queries.Papers) -> Keeping:
    rule, ended, until = queries.deciding(whole, papers)
    return Keeping(
        case=case, department=case.department, matter=case.matter.slug, rule=rule.stored(), ended_on=ended, until=until
    )


# -- holds


def place_hold(
    case: Case, *, officer: Officer, why: str, words: str, until: date | None = None, now: datetime | None = None
) -> Hold:
    """Somebody may still need this application: its time does not end before the hold does."""
    now = now or timezone.now()
    role = _role(officer, rules.HOLDS)
    _in_reach(officer, case)
    words = " ".join(words.split())[:1000]
    errors: dict[str, list] = {}
    if why not in Hold.Why.values:
        errors["why"] = [_("Please choose why it must be kept.")]
    if len(words) < rules.REASON_AT_LEAST:
        errors["words"] = [_("Please say it in at least 10 characters, so that somebody else can understand it.")]
    if until is not None and until <= timezone.localdate(now):
        errors["until"] = [_("Please choose a day that is still to come, or leave it empty.")]
    if errors:
        raise Invalid("not-held", errors=errors, kept=_("Nothing was changed. What you typed is kept on this page."))
    with transaction.atomic():
        top = Case.objects.select_for_update().get(pk=case.parent_id or case.pk)
        row = Keeping.objects.filter(pk=top.pk).first()
        if row is not None and row.state == KeepingState.ANONYMISED:
            raise NotAllowed(
                "served-its-time", _("This application was made anonymous already. There is nothing left to keep.")
            )
        hold = Hold.objects.create(case=top, why=why, words=words, until=until, placed_by=officer, placed_at=now)
        journal.record(
            events.HoldPlaced(case=top.pk, hold=hold.pk, why=why), subject=top.subject, actor=_actor(officer, role)
        )
        journal.touch(top.subject, TOPIC)
    return hold


def lift_hold(hold: Hold, *, officer: Officer, why: str, now: datetime | None = None) -> Hold:
    """It is not needed any more; a second hand changes nothing."""
    role = _role(officer, rules.HOLDS)
    _in_reach(officer, hold.case)
    why = " ".join(why.split())[:1000]
    if len(why) < rules.REASON_AT_LEAST:
        sentence = _("Please say it in at least 10 characters, so that somebody else can understand it.")
        raise Invalid("not-lifted", errors={"why_lifted": [sentence]}, kept=_("Nothing was changed."))
    with transaction.atomic():
        waiting = Hold.objects.filter(pk=hold.pk, lifted_at__isnull=True)
        if not waiting.update(lifted_by=officer, lifted_at=now or timezone.now(), why_lifted=why):
            raise NotAllowed("lifted-already", _("Somebody has lifted this already."))
        journal.record(
            events.HoldLifted(case=hold.case_id, hold=hold.pk), subject=hold.case.subject, actor=_actor(officer, role)
        )
        Keeping.objects.filter(pk=hold.case_id, state=KeepingState.KEPT).update(put_off=None)
        journal.touch(hold.case.subject, TOPIC)
    hold.refresh_from_db()
    return hold


def _in_reach(officer: Officer, case: Case) -> None:
    if not rules.may_see(officer, case.department.code):
        raise NotAllowed("not-your-department", _("This belongs to another department."), status=403)


# -- lists


def propose(
    department: Department, *, officer: Officer, by: date | None = None, now: datetime | None = None
) -> Destruction:
    """A list of what is due in a department, the oldest first, at most 200. What is held or open is not put on it."""
    now = now or timezone.now()
    role = _role(officer, rules.PROPOSES)
    today = timezone.localdate(now)
    by = min(by or today, today)  # what is due next month is shown, and destroyed when it is due
    _no_list_waits(department)
    free, more = _free(
        department, by, today
    )  # asked before anything is locked; each is asked again when it is its turn
    if not free:
        raise NotAllowed(
            "nothing-due",
            _("Nothing of this department can be destroyed today."),
            next_step=_("Many were looked at and something stops each of them. Make the list again: it goes on with the next ones.")
            if more
            else _("What is due is held by something open, or its last day is still to come."),
        )  # fmt: skip
    with transaction.atomic():
        Department.objects.select_for_update().get(pk=department.pk)
        _no_list_waits(department)
        made = Destruction.objects.create(department=department, due_by=by, proposed_by=officer, proposed_at=now)
        lines: dict[str, DestructionLine] = {}
        for row in free:
            try:
                make(row, PUT_ON_LIST, destruction=made)
            except NotNow:
                continue
            line = lines.setdefault(
                _mark(row),
                DestructionLine(
                    destruction=made, matter=row.matter, rule=row.rule, mark=_mark(row), first_ended=row.ended_on,
                    last_ended=row.ended_on,
                ),
            )  # fmt: skip
            line.listed += 1
            line.first_ended, line.last_ended = min(line.first_ended, row.ended_on), max(line.last_ended, row.ended_on)
        if not lines:  # another list took all of them meanwhile
            raise NotAllowed("nothing-due", _("Nothing of this department can be destroyed today."))
        DestructionLine.objects.bulk_create(lines.values())
        journal.record(
            events.DestructionProposed(destruction=made.pk, listed=sum(line.listed for line in lines.values())),
            subject=made.subject,
            actor=_actor(officer, role),
        )
        journal.touch(TOPIC)
    return made


def _no_list_waits(department: Department) -> None:
    waiting = Destruction.objects.filter(department=department, state=DestructionState.PROPOSED).first()
    if waiting is not None:
        raise NotAllowed(
            "list-waits",
            worded(_("List %(ref)s of this department waits for a second person."), ref=waiting.ref),
            next_step=_("Have it confirmed or dropped first."),
        )


def _free(department: Department, by: date, today: date) -> tuple[list[Keeping], bool]:
    """What can go on a list, the oldest first, and whether more is waiting to be looked at.

    What something stops is put off for some days: else two hundred old permits that are still valid would keep every list empty.
    """
    free: list[Keeping] = []
    looked, after = 0, None
    while looked < LOOKED_AT and len(free) < queries.AT_A_TIME:
        rows = queries.due_in(department, by, today, after)
        stopped = []
        for row in rows:
            if len(free) == queries.AT_A_TIME:
                break
            if _looked_at(row, today) is None:
                free.append(row)
            else:
                stopped.append(row.pk)
        Keeping.objects.filter(pk__in=stopped, state=KeepingState.KEPT).update(put_off=today + LOOK_AGAIN)
        looked += len(rows)
        if len(rows) < queries.A_LOOK:
            return free, False
        after = (rows[-1].until, rows[-1].pk)
    return free, True


def _mark(row: Keeping) -> str:
    return hashlib.sha256(orjson.dumps([row.matter, row.rule], option=orjson.OPT_SORT_KEYS)).hexdigest()


def _looked_at(row: Keeping, today: date) -> str | None:
    """Why this one stays, in a word for the log; None when its time is over and nothing stops it. Asked of the rows as they are now."""
    cases = queries.family(row.case)
    if any(rules.outcome_of(case) is None for case in cases):
        return "runs"
    _rule, _ended, until = queries.deciding(cases)
    if until is None or until >= today:
        return "not due"
    return "stopped" if queries.stops(cases, today) else None


def confirm(row: Destruction, *, officer: Officer, now: datetime | None = None) -> Destruction:
    """A second person says yes; the worker carries it out. Nobody confirms what they proposed."""
    role = _decides(row, officer)
    with transaction.atomic():
        make(row, CONFIRM, decided_by=officer, decided_at=now or timezone.now())
        journal.record(
            events.DestructionConfirmed(destruction=row.pk), subject=row.subject, actor=_actor(officer, role)
        )
        journal.enqueue(CARRY_OUT, destruction=row.pk)
        journal.touch(TOPIC)
    return row


def drop(row: Destruction, *, officer: Officer, why: str, now: datetime | None = None) -> Destruction:
    """The list is not carried out; everything on it is kept as before."""
    role = _decides(row, officer)
    why = " ".join(why.split())[:300]
    if len(why) < rules.REASON_AT_LEAST:
        sentence = _("Please say it in at least 10 characters, so that somebody else can understand it.")
        raise Invalid("not-dropped", errors={"why": [sentence]}, kept=_("Nothing was changed."))
    with transaction.atomic():
        make(row, DROP, decided_by=officer, decided_at=now or timezone.now(), why_dropped=why)
        Keeping.objects.filter(destruction=row, state=KeepingState.LISTED).update(
            state=KeepingState.KEPT, destruction=None
        )
        journal.record(events.DestructionDropped(destruction=row.pk), subject=row.subject, actor=_actor(officer, role))
        journal.touch(TOPIC)
    return row


def _decides(row: Destruction, officer: Officer) -> str:
    role = _role(officer, rules.CONFIRMS)
    if row.proposed_by_id == officer.pk:
        raise NotAllowed("own-request", _("The second person is somebody else than the first."), status=403)
    if not rules.may_confirm(officer, row.department.code):
        raise NotAllowed("not-a-second-person", _("Your role does not allow this to others."), status=403)
    return role


# -- carrying out


@journal.carrier(CARRY_OUT, slow=True)
def carry_out(destruction: int, after: int = 0) -> None:
    """Some applications of a confirmed list, each for itself; then the next ones, then the record is closed.

    One that the archive does not take at the moment stays on the list and is tried again later.
    """
    row = Destruction.objects.select_related("department").get(pk=destruction)
    if row.state != DestructionState.CONFIRMED:
        return
    if clock_jumped() > CLOCK_MAY_DIFFER:
        log.error("nothing is destroyed: the clock of this machine was moved")
        with transaction.atomic():
            journal.enqueue(CARRY_OUT, run_at=timezone.now() + TRY_AGAIN, destruction=destruction)
        return
    listed = list(
        Keeping.objects.select_related("case__department")
        .filter(destruction=row, state=KeepingState.LISTED, pk__gt=after)
        .order_by("pk")[:TOGETHER]
    )
    for keeping in listed:
        try:
            _carry_out(row, keeping)
        except Exception:  # one that cannot be read or emptied stays whole, and the others do not wait for it
            log.exception("left out of a list: it could not be carried out", case=keeping.case_id)
            _leave_out(row, keeping)
    with transaction.atomic():
        if len(listed) == TOGETHER:
            journal.enqueue(CARRY_OUT, destruction=destruction, after=listed[-1].pk)
        elif Keeping.objects.filter(destruction=row, state=KeepingState.LISTED).exists():
            journal.enqueue(CARRY_OUT, run_at=timezone.now() + TRY_AGAIN, destruction=destruction)
        else:
            _finish(row)


def _carry_out(row: Destruction, keeping: Keeping) -> None:
    given = None
    if keeping.rule["then"] == retention.ARCHIVE:
        if _looked_at(keeping, timezone.localdate()) is not None:
            _leave_out(row, keeping)
            return
        try:
            given = handing_over.hand_over(keeping.case)
        except NotTaken as why:
            log.warning("the archive did not take it; it stays", case=keeping.case_id, reason=str(why)[:200])
            return
    now = timezone.now()
    with transaction.atomic():
        held = _locked(keeping)
        reason = _looked_at(keeping, timezone.localdate(now))
        if reason is None and given is not None and not handing_over.was_received(given, held):
            reason = "changed since it was handed over"
        if reason is not None:
            log.info("left out of a list", case=keeping.case_id, reason=reason)
            _leave_out(row, keeping)
            return
        try:
            make(keeping, ANONYMISE, only_if=Q(destruction=row), anonymised_at=now)
        except NotNow:  # another hand did it
            return
        gone = forgetting.forget(held)
        journal.record(
            events.CaseAnonymised(case=keeping.case_id, destruction=row.pk),
            subject=keeping.case.subject,
            actor=PLATFORM,
        )
        row.lines.filter(mark=_mark(keeping)).update(
            anonymised=F("anonymised") + 1,
            handed_over=F("handed_over") + int(given is not None),  # PostgreSQL adds no truth to a number
            papers=F("papers") + gone.papers,
            files=F("files") + len(gone.files),
        )
        journal.touch(keeping.case.subject, TOPIC)
        transaction.on_commit(partial(materials.let_go, gone.files))


def _locked(keeping: Keeping) -> list[Case]:
    """The application and its members, held: whoever opens something about one of them did it before, or comes after."""
    whole = Case.objects.filter(Q(pk=keeping.case_id) | Q(parent=keeping.case_id)).order_by("pk")
    list(whole.select_for_update().values_list("pk"))
    return queries.family(keeping.case)


@transaction.atomic
def _leave_out(row: Destruction, keeping: Keeping) -> None:
    """Something was opened or held meanwhile: it is kept, and comes up again when that is over."""
    try:
        make(
            keeping, TAKE_OFF_LIST, only_if=Q(destruction=row), destruction=None,
            put_off=timezone.localdate() + LOOK_AGAIN,
        )  # fmt: skip
    except NotNow:
        return
    row.lines.filter(mark=_mark(keeping)).update(left_out=F("left_out") + 1)
    journal.touch(TOPIC)


def _finish(row: Destruction) -> None:
    try:
        make(row, FINISH, done_at=timezone.now())
    except NotNow:
        return
    sums: Counter[str] = Counter()
    for line in row.lines.all():
        sums.update(anonymised=line.anonymised, left_out=line.left_out)
    journal.record(
        events.DestructionDone(destruction=row.pk, anonymised=sums["anonymised"], left_out=sums["left_out"]),
        subject=row.subject,
        actor=PLATFORM,
    )
    journal.touch(TOPIC)
    log.info("a list was carried out", list=row.ref, **sums)
