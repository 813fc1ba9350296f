"""A calendar put right while many cases run: every limit computed again, and those told whose date moved.

    python bench/clocks.py [open cases ...]                                   20,000 and 100,000
    python bench/clocks.py 1000000                                            some minutes, 2 GB
    python tools/with_postgres.py python bench/clocks.py 1000000              the same on PostgreSQL

Each case has a promised and a statutory clock; they began on the days of the last three months. Two corrections are measured: a day that
few limits count (the last of the list), and a day in the middle of all of them. Peer of the same run: the same computed case by case, one
transaction each, which is what the product did before and what most peers do daily; measured on 500 cases and scaled.
"""

import random
import sys
import time
from datetime import date, timedelta

from lists import _one_case, a_house
from measuring import share, table

BATCH = 2_000


def main(sizes: tuple[int, ...]) -> None:
    with a_house() as vendor:
        from django.utils import timezone

        from tongban.departments import services as departments
        from tongban.departments.models import CalendarYear
        from tongban.parties.models import Account

        account = Account.objects.select_related("person").get(login="wang-anhui")
        row = _one_case(account)
        today, standing, rows = timezone.localdate(), 0, []
        for size in sizes:
            _grow(vendor, row, standing, size, today)
            standing = size
            peer = _one_by_one(500)
            for name, day in (
                ("a day few count", today + timedelta(days=33)),
                ("a day most count", today + timedelta(days=3)),
            ):
                while not _calendar().is_working_day(day).working:
                    day += timedelta(days=1)
                year, _made = CalendarYear.objects.get_or_create(year=day.year, defaults={"official": True})
                departments.load_calendar_year(
                    day.year, {**year.days_off, day.isoformat(): "bench"}, year.workdays, official=year.official
                )
                began, cpu = time.monotonic(), time.process_time()
                moved, batches = _recount(day)
                spent, worked = time.monotonic() - began, time.process_time() - cpu
                rows.append(
                    [
                        f"{name} ({vendor})", size, moved, round(spent, 1), round(worked, 1),
                        round(size / spent), share(batches, 95), round(peer * size / spent, 1),
                    ]
                )  # fmt: skip
    table(
        [
            "correction",
            "open cases",
            "dates moved",
            "s",
            "CPU s",
            "cases/s",
            "longest lock p95 ms",
            "times faster than one by one",
        ],
        rows,
    )


def _calendar():
    from tongban.departments import queries

    queries.forget_calendar()
    return queries.calendar()


def _recount(day: date) -> tuple[int, list[float]]:
    """What the worker does with the errand, batch after batch: how many dates moved, and how long each batch held its cases."""
    from tongban.cases.services import keeping_time
    from tongban.journal.models import Event, Job

    _calendar()
    Job.objects.filter(kind=keeping_time.RECOUNT).delete()
    before, after, held = Event.objects.filter(kind="CaseDatesChanged").count(), 0, []
    while True:
        at = time.perf_counter()
        keeping_time.recount(after=after, first=day.isoformat(), last=day.isoformat())
        held.append((time.perf_counter() - at) * 1000)
        following = Job.objects.filter(kind=keeping_time.RECOUNT).order_by("-pk").first()
        if following is None:
            return Event.objects.filter(kind="CaseDatesChanged").count() - before, held
        after = following.payload["after"]
        following.delete()


def _one_by_one(number: int) -> float:
    """Seconds a case when each is counted and committed alone."""
    from django.db import transaction

    from tongban.cases import clocks
    from tongban.cases.models import Case
    from tongban.cases.moving import again

    picked = list(Case.objects.filter(clocks__stopped_on__isnull=True).values_list("pk", flat=True).distinct()[:number])
    began = time.monotonic()
    for pk in picked:
        with transaction.atomic():
            case = again(Case(pk=pk))
            for clock in case.clocks.filter(stopped_on__isnull=True):
                clocks._count(clock)
                clock.save()
            clocks.show(case)
    return (time.monotonic() - began) / len(picked)


def _grow(vendor: str, row: dict, standing: int, size: int, today: date) -> None:
    """Copies of one case under review, each with two running clocks."""
    from django.db import connection

    from tongban.cases import clocks
    from tongban.cases.models import Clock

    names = [name for name in row if name != "id"]
    quoted = ", ".join(f'"{name}"' for name in names)
    marks = ", ".join(["%s"] * len(names))
    chance, calendar = random.Random(4), _calendar()
    counted: dict[tuple, tuple] = {}
    with connection.cursor() as cursor:
        if vendor == "SQLite":
            cursor.execute("PRAGMA synchronous = OFF")
        for begin in range(standing, size, BATCH):
            chosen = []
            for number in range(begin, min(begin + BATCH, size)):
                own = row | {
                    "ref": f"c{number:011d}", "number": f"3101{number:014d}", "state": "under_review",
                    "decision": "", "decided_at": None, "licence_id": None, "ended_at": None,
                }  # fmt: skip
                chosen.append([own[name] for name in names])
            cursor.executemany(f"INSERT INTO cases_case ({quoted}) VALUES ({marks})", chosen)
            cursor.execute("SELECT MAX(id) FROM cases_case")
            last = cursor.fetchone()[0]
            rows = []
            for pk in range(last - len(chosen) + 1, last + 1):
                started = today - timedelta(days=chance.randrange(90))
                for kind, limit in (("decision_promised", 5 + chance.randrange(40)), ("decision_statutory", 60)):
                    clock = Clock(case_id=pk, kind=kind, started_on=started, limit=limit, unit="working_day")
                    facts = (started, limit)
                    counted[facts] = counted.get(facts) or clocks._result(clock, calendar)
                    clock.due, clock.warn_on, clock.provisional = counted[facts]
                    rows.append(clock)
            Clock.objects.bulk_create(rows, batch_size=500)
        if vendor == "SQLite":
            cursor.execute("PRAGMA synchronous = FULL")
    print(f"{vendor}: {size:,} cases stand", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main(tuple(int(size) for size in sys.argv[1:]) or (20_000, 100_000))
