"""The one promise of a bundle follows its parts: no day is promised for the whole on which one of its parts cannot be there.

Where a part stands still for a step that the law does not count, is extended, or was accepted later after a correction of its own, the whole
goes with whichever part is promised last, and what waits for that part in turn goes with it. It is derived from the clocks of the parts each
time and never counted on from what stood there, so that it may be asked twice, and a part that is taken back holds nobody up any more.
"""

from collections.abc import Iterable
from datetime import date

from django.db.models import BigIntegerField

from tongban.cases import clocks, events
from tongban.cases.bundles import Part, parts_of
from tongban.cases.models import Case, Clock
from tongban.cases.moving import changed
from tongban.cases.states import ENDED, IN_REVIEW, CaseState, ClockKind
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM
from tongban.lib import written
from tongban.lib.bilingual import Bilingual
from tongban.lib.composed import composed

FOLLOW_PARTS = "cases.follow_parts"


def follow_part(part: Case) -> None:
    """The clocks of this part have moved. Call in the act's transaction, after they were shown; the whole is held (`moving.again`)."""
    if part.parent_id is not None:
        whole = Case.objects.select_related("matter", "version", "department", "applicant").get(pk=part.parent_id)
        keep(whole, parts_of(whole))


def keep(whole: Case, parts: list[Part]) -> None:
    """Let the promise of the whole, and of the parts that wait for another, be what the clocks of the parts say; and the nearest limit by law."""
    if whole.state not in IN_REVIEW:
        return
    show_limits(whole)
    promises = _promises_of([whole.pk, *(part.case.pk for part in parts)])
    mine = promises.get(whole.pk)
    if mine is None or mine.stopped_on is not None:
        return
    counted: dict[str, Clock] = {}  # of parts that were decided, or will be: what was taken back promises nothing
    for part in _in_turn(parts):
        clock = promises.get(part.case.pk)
        if clock is None or (part.case.state in ENDED and part.case.decided_at is None):
            continue
        counted[part.row.slug] = clock
        if part.case.state == CaseState.ACCEPTED and clock.stopped_on is None:
            before = [counted[slug] for slug in part.row.after if slug in counted]
            if _goes_with(clock, before):
                clocks.show(part.case)
                changed(part.case)
    if not _goes_with(mine, counted.values(), to_the_day=True):
        return
    before_it = whole.promised_due
    clocks.show(whole)
    changed(whole)
    if whole.promised_due == before_it:
        return
    if whole.promised_due is None:
        what = events.CaseDatesChanged(case=whole.pk, why="waits_for_part")
    else:
        what = events.CaseDatesChanged(case=whole.pk, why="follows_part")
    journal.record(what, subject=whole.subject, actor=PLATFORM)


@journal.carrier(FOLLOW_PARTS)
def follow_parts(case: int) -> None:
    """After a calendar was published another part may be the last. A second time finds nothing that differs."""
    rows = Case.objects.select_related("matter", "version", "department", "applicant")
    whole = rows.select_for_update(of=("self",)).get(pk=case)
    keep(whole, parts_of(whole))


def _promises_of(cases: list[int]) -> dict[int, Clock]:
    """The promise of each; of one that was accepted twice the later."""
    rows = Clock.objects.filter(case__in=cases, kind=ClockKind.DECISION_PROMISED).order_by("pk")
    return {clock.case_id: clock for clock in rows}


def _in_turn(parts: list[Part]) -> Iterable[Part]:
    """Each after the parts that it waits for."""
    left, come = list(parts), set[str]()
    known = {part.row.slug for part in parts}
    while left:
        now = [part for part in left if come.issuperset(known.intersection(part.row.after))] or left
        yield from now
        come |= {part.row.slug for part in now}
        left = [part for part in left if part.row.slug not in come]


def _goes_with(clock: Clock, others: Iterable[Clock], *, to_the_day: bool = False) -> bool:
    """Give the clock the pauses and the longer time of whichever of these ends last, where that is later than its own time; whether it changed.

    `to_the_day`: of one that has less time (it rests on a signed promise) no more than the days until it is there.
    """
    ways: list[tuple[list, int]] = [([], 0)]
    for one in others:
        if not _counts(one):
            continue
        if to_the_day and one.limit + one.extended_by < clock.limit and one.due != clocks.FAR_AWAY:
            ways.append(([], clocks.days_beyond(clock, one.due)))
        else:
            ways.append((_pauses_beside(clock, one), _longer(clock, one)))
    pauses, longer = max(ways, key=lambda way: clocks.ends(clock, *way))
    if (clock.pauses, clock.extended_by) == (pauses, longer):
        return False
    clocks.set_beside(clock, pauses, longer)
    return True


def _counts(clock: Clock) -> bool:
    """A clock that ended while it stood still has no day."""
    return clock.stopped_on is None or clock.due != clocks.FAR_AWAY


def _pauses_beside(clock: Clock, other: Clock) -> list:
    """What the other stood still, and that it began later."""
    later = (
        [[clock.started_on.isoformat(), other.started_on.isoformat()]] if other.started_on > clock.started_on else []
    )
    return [*later, *other.pauses]


def _longer(clock: Clock, other: Clock) -> int:
    return max(other.limit + other.extended_by - clock.limit, 0)


# -- what is said of it on the papers of a part


def of_the_whole(part: Case) -> list[tuple[Bilingual, str | Bilingual]]:
    """The lines of a part's paper that say what becomes of the whole; none for a case by itself. After `follow_part`."""
    whole = Case.objects.select_related("version").filter(pk=part.parent_id).first() if part.parent_id else None
    if whole is None or whole.state not in IN_REVIEW:
        return []
    name = whole.version.name
    due: str | Bilingual = STANDS_STILL if whole.promised_due is None else whole.promised_due.isoformat()
    return [
        (
            {"zh": "所属“一件事”", "en": "Part of"},
            {"zh": f"{name['zh']}（{whole.number}）", "en": f"{name['en']} ({whole.number})"},
        ),
        ({"zh": "整件事承诺办结", "en": "The whole is promised by"}, due),
    ]


STANDS_STILL: Bilingual = {
    "zh": "随本事项暂停计时，恢复后重新计算并告知您",
    "en": "stands still with this part; you are told the new day as soon as it goes on",
}


# -- the limit by law


def show_limits(whole: Case) -> None:
    """The whole is late when its own time is over, or the limit by law of one member: it shows the nearest of those."""
    nearest: date | None = next(iter(_limits(whole=whole.pk)), None)
    if nearest != whole.statutory_due:
        whole.statutory_due = nearest
        written.update(Case, {"id": whole.pk}, {"statutory_due": nearest})


@composed(whole=BigIntegerField())
def _limits(whole):
    rows = Clock.objects.filter(case__parent_id=whole, kind=ClockKind.DECISION_STATUTORY, stopped_on__isnull=True)
    return rows.exclude(due=clocks.FAR_AWAY).order_by("due").values_list("due", flat=True)[:1]
