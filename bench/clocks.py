"""A calendar put right while many cases run: every limit computed again, and those told whose date moved.

    python bench/clocks.py [open cases ...]                                   20,000 and 100,000
    python bench/clocks.py 1000000                                            some minutes, 2 GB
    python tools/with_postgres.py python bench/clocks.py 1000000              the same on PostgreSQL

Each case has a promised and a statutory clock; they began on the days of the last three months. Two corrections are measured: a day that
few limits count (the last of the list), and a day in the middle of all of them. Peer of the same run: the same computed case by case, one
transaction each, which is what the product did before and what most peers do daily; measured on 500 cases and scaled.
"""

import sys
import time
from datetime import date, timedelta

from lists import DIALECT, _one_case, _put_aside, a_house
from measuring import share, table

DAYS, LENGTHS = 90, 40


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
                        round(moved / spent), share(batches, 95), round(peer * size / spent, 1),
                    ]
                )  # fmt: skip
    table(
        "A calendar put right while cases run",
        [
            "correction", "open cases", "dates moved", "s", "CPU s", "moved/s", "a batch p95 ms", "one by one, s",
        ],
        rows,
        "With journal, live pages and messages to everybody whose date moved. One by one: the same limits counted and kept a case a transaction, "
        "without telling anybody, scaled from 500.",
    )  # fmt: skip


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
    """Copies of one case under review, each with two running clocks that the product has counted (one of each pair of facts, copied)."""
    from django.db import connection

    from tongban.cases import clocks
    from tongban.cases.models import Clock

    calendar, facts, kinds = _calendar(), [], ("decision_promised", "decision_statutory")
    for at in range(DAYS * LENGTHS):
        started, said = today - timedelta(days=at % DAYS), []
        for kind, limit in zip(kinds, (5 + at // DAYS, 60), strict=True):
            clock = Clock(kind=kind, started_on=started, limit=limit, unit="working_day")
            said += [limit, *clocks._result(clock, calendar)]
        facts.append([at, started, *said])
    sql = DIALECT[vendor]
    own = {name: f'base."{name}"' for name in row if name != "id"} | {
        "ref": sql["ref"], "number": sql["number"], "state": "'under_review'", "decision": "''", "decided_at": "NULL",
        "licence_id": "NULL", "ended_at": "NULL", "promised_due": "due0", "statutory_due": "due1", "next_due": "due0",
        "warn_on": "warn0", "provisional": "provisional0 OR provisional1",
    }  # fmt: skip
    quoted = ", ".join(f'"{name}"' for name in own)
    numbers, counted = (sql[key].format(first=standing + 1, last=size) for key in ("numbers", "counted"))
    of = f"bench_facts facts ON facts.at = (n * 7919) % {len(facts)}"
    with connection.cursor() as cursor:
        if vendor == "SQLite":
            cursor.execute("PRAGMA synchronous = OFF")
        cursor.execute("DROP TABLE IF EXISTS bench_facts")
        columns = ", ".join(
            f"limit{n} integer, due{n} date, warn{n} date, provisional{n} {sql['truth']}" for n in (0, 1)
        )
        cursor.execute(f"CREATE TEMPORARY TABLE bench_facts (at integer PRIMARY KEY, started date, {columns})")
        cursor.executemany(f"INSERT INTO bench_facts VALUES ({', '.join(['%s'] * 10)})", facts)
        put_back = _put_aside(cursor, vendor, ["cases_case", "cases_clock"])
        cursor.execute(
            f"{numbers} INSERT INTO cases_case ({quoted}) SELECT {', '.join(own.values())} FROM {counted} JOIN {of} "
            f"JOIN cases_case base ON base.id = {row['id']}"
        )
        for n, kind in enumerate(kinds):
            cursor.execute(
                f'{numbers} INSERT INTO cases_clock (case_id, kind, started_on, "limit", unit, extended_by, pauses, due, warn_on, provisional) '
                f"SELECT cases_case.id, '{kind}', started, limit{n}, 'working_day', 0, '[]', due{n}, warn{n}, provisional{n} "
                f"FROM {counted} JOIN {of} JOIN cases_case ON cases_case.ref = {sql['ref']}"
            )
        for sentence in put_back:
            cursor.execute(sentence)
        if vendor == "SQLite":
            cursor.execute("PRAGMA synchronous = FULL")
        else:
            cursor.execute("VACUUM ANALYZE cases_case")
            cursor.execute("VACUUM ANALYZE cases_clock")
    print(f"{vendor}: {size:,} cases stand", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main(tuple(int(size) for size in sys.argv[1:]) or (20_000, 100_000))
