"""Sums kept up as cases come in: one addition a case and measure, so that no page ever counts a million rows."""

from datetime import date, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from tongban.cases.models import Case
from tongban.indicators import rules
from tongban.indicators.models import DailySum, Measure, Part
from tongban.journal import services as journal
from tongban.journal.models import Heartbeat

AT_A_TIME = 500
CAUGHT_UP = "figures"


def count_sent(case: Case) -> None:
    """What a case says when it is sent; a second sending changes nothing."""
    if case.submitted_at is not None:
        materials = list(case.materials.all())
        _add(case, rules.at_sending(case, materials), timezone.localdate(case.submitted_at))


def count_decided(case: Case) -> None:
    if case.decided_at is not None:
        moves = set(case.steps.values_list("move", flat=True))
        _add(case, rules.at_decision(case, moves), timezone.localdate(case.decided_at))


def _add(case: Case, parts: dict[Measure, tuple[int, int]], day: date) -> None:
    known = set(Part.objects.filter(case=case).values_list("measure", flat=True))
    for measure, (part, whole) in sorted(parts.items()):
        if measure in known or not whole:
            continue
        matter, department = case.matter.slug, case.department.code
        try:
            with transaction.atomic():
                Part.objects.create(
                    case=case, measure=measure, matter=matter, department=department, day=day, part=part, whole=whole
                )
                _sum(matter, department, measure, day, part, whole)
        except IntegrityError:  # another worker counted it at this moment
            continue


def _sum(matter: str, department: str, measure: str, day: date, part: int, whole: int) -> None:
    DailySum.objects.get_or_create(matter=matter, measure=measure, day=day, defaults={"department": department})
    DailySum.objects.filter(matter=matter, measure=measure, day=day).update(
        part=F("part") + part, whole=F("whole") + whole, cases=F("cases") + 1, updated_at=timezone.now()
    )


@journal.every("figures of older cases", timedelta(minutes=10))
def catch_up() -> int:
    """Count cases that were sent before there were figures, some at a time; where it stopped stands in the heartbeat."""
    beat = Heartbeat.objects.filter(part=CAUGHT_UP).first()
    after = int(beat.note) if beat is not None and beat.note.isdigit() else 0
    rows = list(
        Case.objects.select_related("matter", "version", "department").filter(pk__gt=after).order_by("pk")[:AT_A_TIME]
    )
    for case in rows:
        count_sent(case)
        count_decided(case)
    if rows:
        journal.beat(CAUGHT_UP, str(rows[-1].pk))
    return len(rows)
