"""One act on many cases: up to ten by oneself, more when a second person has seen the list. The worker does it, a case a transaction.

Each case is asked again at the moment it is done: whether this officer may, and whether it still stands as it did in the list. What
needs its own reason (a refusal, not accepting, an opinion) is not among the acts.
"""

import hashlib
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import InterfaceError, OperationalError, transaction
from django.db.models import BigIntegerField, Count, DateTimeField, F, Q, QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.cases import desks, events, judging, planning, queries
from tongban.cases.batch_states import (
    ALONE,
    AT_MOST,
    AT_ONCE,
    CONFIRM,
    END,
    KEPT_FOR,
    LAPSE,
    LAPSES_AFTER,
    REASON_AT_LEAST,
    REFUSE,
    STOP,
    TAKE_BACK,
    BatchState,
    ItemState,
)
from tongban.cases.judging import Facts
from tongban.cases.models import Batch, BatchItem, Case, Label
from tongban.cases.moving import acting, as_seen
from tongban.cases.permission import handler_of
from tongban.cases.rules import reasons_against_approving
from tongban.cases.services import correcting, deciding, intake, passing_on, reviewing, taking_along
from tongban.cases.services import desks as desk_services
from tongban.cases.services.intake import checked_findings
from tongban.cases.states import (
    ACCEPT,
    APPROVE,
    CORRECT,
    EXTEND,
    JOINT_EXTENSION_DAYS_AT_MOST,
    PRE_REVIEW_PASS,
    PRE_REVIEW_START,
    REQUEST_CORRECTION,
    START_REVIEW,
)
from tongban.departments.models import Officer
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM, Actor
from tongban.lib.bilingual import Bilingual, in_both
from tongban.lib.composed import composed
from tongban.lib.moves import Move, NotNow, make
from tongban.lib.problems import Invalid, NotAllowed, Problem, worded
from tongban.materials import store
from tongban.oversight import rules as oversight_rules
from tongban.oversight import services as oversight

log = structlog.get_logger("cases")

SLICE = 10  # cases of one errand of the worker; what others wait for comes in between
POINTS_AT_MOST = 5
SHORT = worded(
    _("Please say it in at least %(least)s characters, so that somebody else can understand it."), least=REASON_AT_LEAST
)


# -- the acts


@dataclass(frozen=True)
class Done:
    """What came of one case: a file that is part of a download, where the act makes one."""

    file: str = ""
    size: int = 0


@dataclass(frozen=True)
class ManyAct:
    """`against` says from the gathered facts why it cannot be done with a case; `do` does it, `taken` reads what the act asks for.

    `back` is the act that undoes it. An act that `reads` hands personal data out and makes files.
    """

    name: str
    do: Callable[[Case, Officer, Mapping[str, Any]], Done | None]
    step: Move | None = None
    against: Callable[[Case, Facts, Mapping[str, Any]], list] = lambda case, facts, given: []
    taken: Callable[[Mapping[str, Any]], dict[str, Any]] = lambda given: {}
    back: str = ""
    undoes: bool = False
    reads: bool = False
    asks: tuple[str, ...] = field(default=())


def _claim(case: Case, officer: Officer, given: Mapping[str, Any]) -> None:
    if case.claimed_by_id == officer.pk:
        raise NotAllowed("on-your-desk", judging.ON_YOUR_DESK)
    reviewing.claim(case, officer=officer)


def _release(case: Case, officer: Officer, given: Mapping[str, Any]) -> None:
    if case.claimed_by_id != officer.pk:
        raise NotAllowed("not-on-your-desk", judging.NOT_ON_YOUR_DESK)
    reviewing.release(case, officer=officer)


def _not_mine(case: Case, facts: Facts, given: Mapping[str, Any]) -> list:
    return [] if case.claimed_by_id == facts.officer.pk else [judging.NOT_ON_YOUR_DESK]


def _not_acceptable(case: Case, facts: Facts, given: Mapping[str, Any]) -> list:
    if case.pk in facts.lacking and not case.committed:
        return [_("A required document is missing: ask for correction instead.")]
    return [judging.DAMAGED] if case.pk in facts.damaged else []


def _not_grantable(case: Case, facts: Facts, given: Mapping[str, Any]) -> list:
    reasons = reasons_against_approving(case, facts.officer.pk)
    if case.proposal == "refuse":
        reasons.append(_("The reviewer proposes to refuse: decide this one by itself."))
    if case.pk in facts.damaged:
        reasons.append(judging.DAMAGED)
    if case.pk in facts.to_come:
        reasons.append(_("A paper has still to be supplied."))
    if case.pk in facts.heard:
        reasons.append(_("A hearing about this case is not over yet."))
    if case.pk in facts.objected:
        reasons.append(_("An objection to the public notice has no answer yet."))
    return reasons


def _grant(case: Case, officer: Officer, given: Mapping[str, Any]) -> None:
    if case.proposal == "refuse":
        raise NotAllowed("proposed-to-refuse", _("The reviewer proposes to refuse: decide this one by itself."))
    deciding.approve(case, officer=officer)


def _not_correctable(case: Case, facts: Facts, given: Mapping[str, Any]) -> list:
    if case.corrections:
        return [_("Correction was asked for already. A second time is for a supervisor, one case at a time.")]
    if "window_officer" not in facts.handler.roles:
        return [_("The first request is the window's: it looks at everything.")]
    return []


def _asked_points(given: Mapping[str, Any]) -> dict[str, Any]:
    points = [
        {name: str(one.get(name, "")).strip() for name in ("field", "material", "text")}
        for one in given.get("points", ())
    ][:POINTS_AT_MOST]
    points = [one for one in points if one["field"] or one["material"] or one["text"]]
    silent = [one for one in points if not one["text"] or not (one["field"] or one["material"])]
    if not points or silent:
        raise Invalid(
            "points", errors={"points": [_("Say what is asked for, and in words what is wrong with it.")]},
            kept=_("Nothing was sent."),
        )  # fmt: skip
    return {"points": points, "only_marked": bool(given.get("only_marked"))}


def _ask_correction(case: Case, officer: Officer, given: Mapping[str, Any]) -> None:
    findings = [
        {"field": one["field"] or None, "material": one["material"] or None, "text": one["text"]}
        for one in given["points"]
    ]
    if len(checked_findings(case, findings)) < len(findings):
        raise NotAllowed("not-asked-here", _("This application does not ask for everything that you named."))
    correcting.request_correction(case, findings, officer=officer, only_marked=given["only_marked"])


def _not_extendable(case: Case, facts: Facts, given: Mapping[str, Any]) -> list:
    if case.statutory_due and facts.today > case.statutory_due:
        return [_("The limit is over: it cannot be extended any more.")]
    if case.extended_days:
        return [_("A case is extended once only, and that was done.")]
    most = reviewing.extension_at_most(case)
    if given.get("days", 0) > most:
        return [worded(_("An extension is at most %(most)s working days and has a reason."), most=most)]
    return []


def _asked_days(given: Mapping[str, Any]) -> dict[str, Any]:
    errors: dict[str, list] = {}
    text = str(given.get("days", "")).strip()
    days = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 0
    if not 1 <= days <= JOINT_EXTENSION_DAYS_AT_MOST:
        errors["days"] = [worded(_("Between 1 and %(most)s working days."), most=JOINT_EXTENSION_DAYS_AT_MOST)]
    why = str(given.get("why", "")).strip()
    if not why:
        errors["why"] = [_("Please fill this in.")]
    if errors:
        raise Invalid("words-missing", _("Something is still missing."), errors=errors)
    return {"days": days, "why": why[:1000]}


def _asked_why(given: Mapping[str, Any]) -> dict[str, Any]:
    why = str(given.get("why", "")).strip()
    if not why:
        raise Invalid("words-missing", _("Something is still missing."), errors={"why": [_("Please fill this in.")]})
    return {"why": why[:1000]}


def _number(given: Mapping[str, Any], name: str) -> dict[str, Any]:
    text = str(given.get(name, "")).strip()
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Invalid("choice-missing", _("Something is still missing."), errors={name: [_("Choose.")]})
    return {name: int(text)}


def _asked_colleague(given: Mapping[str, Any]) -> dict[str, Any]:
    return _number(given, "to") | {"note": str(given.get("note", "")).strip()[: passing_on.LONGEST]}


def _pass_on(case: Case, officer: Officer, given: Mapping[str, Any]) -> None:
    to = Officer.objects.select_related("account__person", "department").filter(pk=given["to"]).first()
    passing_on.pass_on(case, officer=officer, to=to or officer, note=given["note"])


def _recall_passing(case: Case, officer: Officer, given: Mapping[str, Any]) -> None:
    row = desks.held_out_by(officer).filter(case=case).first()
    if row is None:
        raise NotAllowed("passing-over", passing_on.ANSWERED)
    passing_on.recall(row, officer=officer)


def _label(case: Case, officer: Officer, given: Mapping[str, Any]) -> None:
    desk_services.put_on(case, _label_of(officer, given), officer=officer)


def _unlabel(case: Case, officer: Officer, given: Mapping[str, Any]) -> None:
    desk_services.take_off(case, _label_of(officer, given), officer=officer)


def _label_of(officer: Officer, given: Mapping[str, Any]) -> Label:
    row = desks.labels_of(officer.department, retired=True).filter(pk=given["label"]).first()
    if row is None:
        raise NotAllowed("not-your-label", _("This label belongs to another department."), status=403)
    return row


NOT_OPEN = _("You are not handling this case, so it opens only for a reason that you write down.")


def _not_open(case: Case, facts: Facts, given: Mapping[str, Any]) -> list:
    return [] if judging.concerned(case, facts) else [NOT_OPEN]


def _take_along(case: Case, officer: Officer, given: Mapping[str, Any]) -> Done:
    if not queries.concerns(officer, case):
        raise NotAllowed("not-your-case", NOT_OPEN, status=403)
    content = taking_along.pack(case)
    journal.note_read(
        actor=_actor(officer), of_party=case.applicant_id, purpose=oversight_rules.EXPORTING,
        fields=["form", "materials", "documents"], about=case.subject,
    )  # fmt: skip
    return Done(store.put(content, shelf=taking_along.SHELF), len(content))


ACTS: dict[str, ManyAct] = {
    act.name: act
    for act in [
        ManyAct("claim", _claim, against=lambda case, facts, given: judging.claimable(case, facts), back="release"),
        ManyAct("release", _release, against=_not_mine, undoes=True),
        ManyAct(
            "pass_on", _pass_on, against=_not_mine, taken=_asked_colleague, back="recall_passing", asks=("to", "note")
        ),
        ManyAct("recall_passing", _recall_passing, against=_not_mine, undoes=True),
        ManyAct(
            "label", _label, against=lambda case, facts, given: judging.against_working(case, facts),
            taken=lambda given: _number(given, "label"), back="unlabel", asks=("label",),
        ),
        ManyAct(
            "unlabel", _unlabel, against=lambda case, facts, given: judging.against_working(case, facts),
            taken=lambda given: _number(given, "label"), undoes=True, asks=("label",),
        ),
        ManyAct(
            "pre_review_start", lambda case, officer, given: _plain(intake.start_pre_review(case, officer=officer)),
            step=PRE_REVIEW_START,
        ),
        ManyAct(
            "pre_review_pass", lambda case, officer, given: _plain(intake.pass_pre_review(case, officer=officer)),
            step=PRE_REVIEW_PASS,
        ),
        ManyAct(
            "accept", lambda case, officer, given: _plain(intake.accept(case, officer=officer)), step=ACCEPT,
            against=_not_acceptable,
        ),
        ManyAct(
            "request_correction", _ask_correction, step=REQUEST_CORRECTION, against=_not_correctable, taken=_asked_points,
            back="recall_correction", asks=("points", "only_marked"),
        ),
        ManyAct(
            "recall_correction",
            lambda case, officer, given: _plain(correcting.recall_correction(case, officer=officer, why=given["why"])),
            step=CORRECT, taken=_asked_why, undoes=True, asks=("why",),
        ),
        ManyAct(
            "start_review", lambda case, officer, given: _plain(reviewing.start_review(case, officer=officer)),
            step=START_REVIEW,
        ),
        ManyAct(
            "extend",
            lambda case, officer, given: _plain(
                reviewing.extend(case, officer=officer, days=given["days"], why=given["why"])
            ),
            step=EXTEND, against=_not_extendable, taken=_asked_days, asks=("days", "why"),
        ),
        ManyAct("approve", _grant, step=APPROVE, against=_not_grantable),
        ManyAct("take_along", _take_along, against=_not_open, reads=True),
    ]
}  # fmt: skip


def _plain(case: Case) -> None:
    """The acts of one case answer the case; here only that it was done counts."""


def open_to(officer: Officer) -> list[ManyAct]:
    """What this officer's roles let them do with many cases at all."""
    roles = set(officer.roles)
    if not roles - {"auditor"}:
        return []
    return [
        act for act in ACTS.values() if not act.undoes and (act.step is None or roles & set(act.step.by) - {"platform"})
    ]


# -- looking before


@dataclass(frozen=True)
class Judged:
    """One case of the list as it stands: whether it can be done, and if not every reason."""

    case: Case
    mark: str
    reasons: list

    @property
    def why(self):
        return worded("%(reasons)s", reasons=_Said(self.reasons)) if self.reasons else ""


class _Said:
    def __init__(self, reasons: list):
        self.reasons = reasons

    def __str__(self):
        return " ".join(str(reason) for reason in self.reasons)


def look_over(
    officer: Officer, act: ManyAct, cases: Sequence[Case], given: Mapping[str, Any] | None = None
) -> list[Judged]:
    """What could be done with each of these now, in a fixed number of queries."""
    facts, marks = judging.gather(officer, cases), judging.marks_of(cases)
    return [Judged(case, marks[case.pk], _reasons(case, act, facts, given or {})) for case in cases]


def _reasons(case: Case, act: ManyAct, facts: Facts, given: Mapping[str, Any]) -> list:
    if act.step is not None and (reasons := judging.against_moving(case, facts, act.step)):
        return reasons
    if case.applicant_id in facts.handler.parties:
        return [judging.OWN]
    return act.against(case, facts, given)


# -- asking for it


def begin(
    officer: Officer,
    name: str,
    chosen: Sequence[tuple[str, str]],
    given: Mapping[str, Any],
    *,
    key: str,
    now: datetime | None = None,
) -> Batch:
    """Have an act done for the cases chosen, each as it stood when its `mark` was read: (ref, mark).

    What cannot be done is left out and stays in the list with its reason. The same asked twice with the same key is one list; whoever
    went back and changed something asks for another one.
    """
    now = now or timezone.now()
    act = ACTS.get(name)
    if act is None or not (act.undoes or act in open_to(officer)):
        raise NotAllowed("no-such-act", _("This cannot be done for many cases at once."))
    taken = act.taken(given)
    marks = dict(chosen)
    if not 1 <= len(marks) <= AT_MOST:
        raise Invalid(
            "how-many",
            errors={"case": [worded(_("Please choose 1 to %(most)s cases."), most=AT_MOST)]},
            kept=_("Nothing was done."),
        )
    found = look_over(officer, act, judging.chosen(officer, marks), taken)
    if not any(not one.reasons for one in found):
        raise NotAllowed(
            "nothing-to-do",
            _("None of the chosen cases can be done now."),
            kept=_("Nothing was done."),
            next_step=_("The list says why for each; choose others, or open one by itself."),
        )
    said = hashlib.sha256(repr((name, sorted(marks.items()), sorted(taken.items()))).encode()).hexdigest()
    with transaction.atomic():
        pk, _made = journal.once(
            f"batch:{officer.pk}",
            f"{key or uuid.uuid4().hex}:{said}",
            lambda: str(_write(officer, act, found, marks, taken, now).pk),
        )
    return Batch.objects.get(pk=pk)


def _write(officer, act: ManyAct, found: list[Judged], marks: dict[str, str], given: dict, now: datetime) -> Batch:
    Officer.objects.select_for_update(of=("self",)).get(pk=officer.pk)  # two pages of one officer are counted together
    number = sum(1 for one in found if not one.reasons)
    alone = not needs_second(officer, act, number, now=now)
    if alone and act.reads:
        oversight.admit_export(officer, number, now=now)
    batch = Batch.objects.create(
        officer=officer, act=act.name, given=given, number=number, asked_at=now,
        state=BatchState.RUNNING if alone else BatchState.ASKED, lapses_at=None if alone else now + LAPSES_AFTER,
    )  # fmt: skip
    BatchItem.objects.bulk_create(
        BatchItem(
            batch=batch, case=one.case, place=place, mark=marks[one.case.ref] or one.mark,
            state=ItemState.LEFT_OUT if one.reasons else ItemState.WAITING,
            why=in_both(one.why) if one.reasons else None,
        )
        for place, one in enumerate(found, 1)
    )  # fmt: skip
    if alone:
        _go(batch, officer)
    else:
        what = events.BatchAsked(batch=batch.pk, act=act.name, cases=number)
        journal.record(what, subject=batch.subject, actor=_actor(officer))
    journal.touch("batches")
    return batch


def needs_second(officer: Officer, act: ManyAct, number: int, *, now: datetime | None = None) -> bool:
    """More than one person does alone, with what this officer did of the same in the last minutes."""
    since = (now or timezone.now()) - AT_ONCE
    lately = Batch.objects.filter(
        officer=officer, act=act.name, second__isnull=True, asked_at__gt=since, state__in=ALONE_STATES
    ).aggregate(number=Sum("number"))
    return (lately["number"] or 0) + number > ALONE


ALONE_STATES = [BatchState.RUNNING, BatchState.DONE, BatchState.STOPPED]


def _go(batch: Batch, by: Officer) -> None:
    what = events.BatchBegun(batch=batch.pk, act=batch.act, cases=batch.number, second=batch.second_id)
    journal.record(what, subject=batch.subject, actor=_actor(by))
    journal.enqueue(PACK if ACTS[batch.act].reads else RUN, batch=batch.pk)


def _actor(officer: Officer) -> Actor:
    return acting(officer, next(iter(officer.roles), ""))


# -- the second person


def may_confirm(officer: Officer, batch: Batch) -> list:
    """Every reason why this officer is not the second person for this list; empty when they may be."""
    if officer.pk == batch.officer_id:
        return [_("The second person is somebody else than the first.")]
    if not oversight_rules.may_be_second_person(
        officer.roles, officer.department.code, for_department=batch.officer.department.code
    ):
        return [_("Your role does not allow this to others.")]
    person = officer.account.person
    own = Q(case__applicant_id__in=handler_of(officer).parties)
    signed = Q(case__signers__id_index=person.id_index) if person is not None else Q(pk__in=())
    if batch.items.filter(own | signed).exists():
        return [_("A case of your own, or of your family, is in this list.")]
    return []


def confirm(batch: Batch, *, officer: Officer, now: datetime | None = None) -> Batch:
    """The second person has seen the list: it is done. Of two who say a word at once, the first one counts."""
    return _decide(batch, officer, CONFIRM, now or timezone.now())


def refuse(batch: Batch, *, officer: Officer, why: str, now: datetime | None = None) -> Batch:
    """The second person does not agree, and says why. Nothing is done."""
    why = " ".join(why.split())[:1000]
    if len(why) < REASON_AT_LEAST:
        raise Invalid("why-not", errors={"why": [SHORT]}, kept=_("Nothing was decided yet."))
    return _decide(batch, officer, REFUSE, now or timezone.now(), why_not=why, ended_at=now or timezone.now())


def _decide(batch: Batch, officer: Officer, step: Move, now: datetime, **changes) -> Batch:
    if reasons := may_confirm(officer, batch):
        raise NotAllowed("not-a-second-person", reasons[0], status=403)
    with transaction.atomic():
        try:
            make(batch, step, only_if=Q(lapses_at__gt=now), second=officer, second_at=now, **changes)
        except NotNow as late:
            raise NotAllowed(
                "decided-already",
                _("Somebody has decided this already, or its time was over."),
                kept=_("Nothing was changed."),
                next_step=_("Reload the page to see what happened in the meantime."),
            ) from late
        if step is CONFIRM:
            _go(batch, officer)
        else:
            journal.record(events.BatchRefused(batch=batch.pk), subject=batch.subject, actor=_actor(officer))
        _told(batch)
    return batch


def stop(batch: Batch, *, officer: Officer, now: datetime | None = None) -> Batch:
    """Take back what still waits for a second person, or stop what runs: what is done stays done, the rest is not reached."""
    if officer.pk not in {batch.officer_id, batch.second_id}:
        raise NotAllowed("not-your-list", _("Only whoever asked for it, or confirmed it, stops it."), status=403)
    now = now or timezone.now()
    with transaction.atomic():
        make(batch, TAKE_BACK if batch.state == BatchState.ASKED else STOP, ended_at=now)
        batch.items.filter(state=ItemState.WAITING).update(state=ItemState.STOPPED)
        _ended(batch, actor=_actor(officer), stopped=True, now=now)
    return batch


@journal.every("end batches nobody confirmed", timedelta(minutes=10))
def lapse(now: datetime | None = None) -> int:
    """After a day without a word nothing is done."""
    now = now or timezone.now()
    ended = 0
    for row in Batch.objects.filter(state=BatchState.ASKED, lapses_at__lte=now)[:500]:
        with transaction.atomic():
            try:
                make(row, LAPSE, ended_at=now)
            except NotNow:
                continue  # somebody was faster
            row.items.filter(state=ItemState.WAITING).update(state=ItemState.STOPPED)
            journal.record(events.BatchLapsed(batch=row.pk), subject=row.subject, actor=PLATFORM)
            _told(row)
            ended += 1
    return ended


# -- doing it

RUN, PACK = "cases.run_batch", "cases.pack_batch"


@journal.carrier(RUN)
def run(batch: int, **_slice) -> None:
    """A slice of the list, then the next errand. After a crash it goes on where it stood: each case says itself whether it was done."""
    _slice_of(batch, SLICE, RUN)


@journal.carrier(PACK, slow=True)
def pack(batch: int, **_slice) -> None:
    """The same for files, which take longer: beside all other errands."""
    _slice_of(batch, 2, PACK)


def _slice_of(batch: int, many: int, errand: str) -> None:
    waiting = BatchItem.objects.filter(batch=batch, state=ItemState.WAITING).order_by("place")
    for pk in list(waiting.values_list("pk", flat=True)[:many]):
        carry_out(pk)
    with transaction.atomic():
        if waiting.exists():
            if Batch.objects.filter(pk=batch, state=BatchState.RUNNING).exists():
                journal.enqueue(errand, batch=batch)
        else:
            _end(batch)


def carry_out(pk: int) -> None:
    """One case, in a transaction of its own: the act, its event and what came of it stand together or not at all."""
    try:
        _carry_out(pk)
    except (OperationalError, InterfaceError):
        raise  # the database, not the case: the errand is tried again
    except Exception:
        log.exception("a case of a batch could not be done", item=pk)
        with transaction.atomic():
            fault = _("This could not be done because of a fault of ours. It is on record; please try it by itself.")
            BatchItem.objects.filter(pk=pk, state=ItemState.WAITING).update(
                state=ItemState.FAILED, why=in_both(fault), at=timezone.now()
            )
    _count(pk)


def _carry_out(pk: int) -> None:
    with transaction.atomic():
        rows = BatchItem.objects.select_for_update(of=("self",)).select_related("batch", "case")
        item = rows.filter(pk=pk, state=ItemState.WAITING).first()
        if item is None or item.batch.state != BatchState.RUNNING:
            return
        batch, act = item.batch, ACTS[item.batch.act]
        # read again for each case: whoever lost the role in between does no more
        officer = Officer.objects.select_related("account__person", "department").get(pk=batch.officer_id)
        try:
            with transaction.atomic():
                if not officer.active:
                    raise NotAllowed("not-on-duty", _("This officer is not on duty any more."))
                if not queries.visible_to(officer).filter(pk=item.case_id).exists():
                    raise NotAllowed("not-your-case", _("This case is not there for you any more."))
                with as_seen(item.case, item.mark) as case:
                    done = act.do(case, officer, batch.given) or Done()
        except Problem as problem:
            item.state, item.why = ItemState.FAILED, in_both(_sentence(problem))
        else:
            item.state, item.file, item.size = ItemState.DONE, done.file, done.size
            what = events.CaseDoneInBatch(case=item.case_id, batch=batch.pk, act=act.name, second=batch.second_id)
            journal.record(what, subject=item.case.subject, actor=_actor(officer))
        item.at = timezone.now()
        item.save(update_fields=["state", "why", "at", "file", "size"])


def _sentence(problem: Problem):
    """What is wrong, for a list: of wrong answers every reason, because nobody sees the form there."""
    reasons = [reason for found in problem.errors.values() for reason in found] if isinstance(problem, Invalid) else []
    return worded("%(reasons)s", reasons=_Said(reasons)) if reasons else problem.sentence


def _count(pk: int) -> None:
    ref = BatchItem.objects.filter(pk=pk).values_list("batch__ref", flat=True).first()
    with transaction.atomic():
        journal.touch(f"batch:{ref}")


def _end(batch: int) -> None:
    row = Batch.objects.filter(pk=batch, state=BatchState.RUNNING).first()
    if row is None:
        return
    now = timezone.now()
    try:
        make(row, END, ended_at=now)
    except NotNow:
        return
    _ended(row, actor=PLATFORM, stopped=False, now=now)


def _ended(row: Batch, *, actor: Actor, stopped: bool, now: datetime) -> None:
    counted = counts(row)
    if ACTS[row.act].reads and counted["done"]:
        row.until = now + KEPT_FOR
        row.save(update_fields=["until"])
    what = events.BatchEnded(batch=row.pk, done=counted["done"], failed=counted["failed"], stopped=stopped)
    journal.record(what, subject=row.subject, actor=actor)
    _told(row)


def _told(row: Batch) -> None:
    journal.touch("batches", f"batch:{row.ref}")


# -- files that were taken along


def fetched(batch: Batch, *, officer: Officer, now: datetime | None = None) -> list[BatchItem]:
    """The parts of a download, for whoever asked, as long as they are kept; that they were fetched is on record."""
    now = now or timezone.now()
    if batch.officer_id != officer.pk or batch.until is None or batch.until <= now:
        raise NotAllowed(
            "files-gone",
            _("These files are not there any more: they are kept for 24 hours."),
            next_step=_("Have them made again."),
        )
    with transaction.atomic():
        Batch.objects.filter(pk=batch.pk).update(fetched=F("fetched") + 1)
        journal.record(events.BatchFetched(batch=batch.pk), subject=batch.subject, actor=_actor(officer))
    return list(batch.items.exclude(file="").select_related("case").order_by("place"))


@journal.every("delete files of batches", timedelta(hours=1))
def delete_files(now: datetime | None = None) -> int:
    """Files whose day is over, and parts that no row names."""
    now = now or timezone.now()
    ended = 0
    for row in Batch.objects.filter(until__isnull=False, until__lte=now)[:200]:
        with transaction.atomic():
            row.items.exclude(file="").update(file="", size=0)
            Batch.objects.filter(pk=row.pk).update(until=None)
            ended += 1
    wanted = set(BatchItem.objects.exclude(file="").values_list("file", flat=True))
    store.sweep(taking_along.SHELF, wanted, before=now - timedelta(hours=1))
    return ended


# -- what is asked about lists


def counts(batch: Batch) -> dict[str, int]:
    """{state: how many}, every state named."""
    found = dict(batch.items.order_by().values_list("state").annotate(number=Count("pk")))
    return {str(state): found.get(state, 0) for state in ItemState.values}


def seen_by(officer: Officer, ref: str) -> Batch | None:
    """A list as whoever asked for it sees it, or may confirm or has confirmed it; for anybody else it is not there."""
    row = (
        Batch.objects.select_related("officer__department", "officer__account", "second__department")
        .filter(ref=ref)
        .first()
    )
    if row is None or officer.pk in {row.officer_id, row.second_id}:
        return row
    allowed = oversight_rules.may_be_second_person(
        officer.roles, officer.department.code, for_department=row.officer.department.code
    )
    return row if allowed else None


def own(officer: Officer, *, before: int | None = None) -> QuerySet[Batch]:
    """This officer's lists, the newest first; `before` the last row of the page before."""
    rows = Batch.objects.filter(officer=officer).select_related("second").order_by("-id")
    return rows if before is None else rows.filter(pk__lt=before)


def waiting_for_word(officer: Officer, now: datetime | None = None) -> QuerySet[Batch]:
    """Lists of others that this officer may confirm, the oldest first."""
    rows = Batch.objects.filter(state=BatchState.ASKED, lapses_at__gt=now or timezone.now()).exclude(officer=officer)
    held = oversight_rules.SECOND_PERSON & set(officer.roles)
    if not held:
        return rows.none()
    if not held - {"dept_approver"}:
        rows = rows.filter(officer__department=officer.department)
    return rows.select_related("officer__department").order_by("id")


def number_waiting_for_word(officer: Officer) -> int:
    """How many those are, counted up to 100."""
    held = oversight_rules.SECOND_PERSON & set(officer.roles)
    if not held:
        return 0
    of_one = not held - {"dept_approver"}
    return len(_waiting(officer=officer.pk, department=officer.department_id, of_one=of_one, now=timezone.now()))


@composed(officer=BigIntegerField(), department=BigIntegerField(), now=DateTimeField())
def _waiting(officer, department, of_one, now):
    rows = Batch.objects.filter(state=BatchState.ASKED, lapses_at__gt=now).exclude(officer_id=officer)
    rows = rows.filter(officer__department_id=department) if of_one else rows
    return rows.values_list("pk", flat=True)[:100]


def askable(cases: Sequence[Case]) -> list[tuple[str, str, Bilingual]]:
    """What the same correction can be about: ("field" or "material", name, words), of every form in the list."""
    found: dict[tuple[str, str], Bilingual] = {}
    seen: set[int] = set()
    for case in cases:
        if case.version_id in seen and not planning.is_bundle(case):
            continue
        seen.add(case.version_id)
        for one in planning.form_of(case):
            if one.get("type") not in {"heading", "note", "action"}:
                found.setdefault(("field", one["id"]), {"zh": one.get("zh", ""), "en": one.get("en", "")})
    rows = Case.objects.filter(pk__in=[case.pk for case in cases])
    for slug, name in rows.values_list("materials__type__slug", "materials__type__name").distinct().order_by():
        if slug:
            found.setdefault(("material", slug), name)
    return [(kind, name, words) for (kind, name), words in found.items()]
