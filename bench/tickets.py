"""Numbers of a queue: given one by one and in batches, calling the next of a full hall, and two days of one hall: one that is
too much for its windows, and one that they can carry.

    python bench/tickets.py [batches [visitors]]                     40 batches, two days of 2,000 visitors
    python tools/with_postgres.py python bench/tickets.py            the same on PostgreSQL

Everything goes through the services with journal, limits and estimate, on disk when it is counted. Wanted (performance.md): 6,000 numbers a
second a core, natively. Peer of the same run: the bare row of a ticket and its commit, and nothing else.
"""

import sys
import time
from datetime import UTC, datetime

from lists import a_house
from measuring import ROOT, share, table

sys.path.insert(0, str(ROOT))
TEN = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
A_BATCH = 128
DAYS = {
    "too many for 18 general, 2 priority, 2 issuing and 4 specialised windows": "general " * 18 + "priority " * 2 + "issuing " * 2 + "specialised " * 4,
    "as many as 25, 3, 3 and 5 of them can carry": "general " * 25 + "priority " * 3 + "issuing " * 3 + "specialised " * 5,
}  # fmt: skip


def main(batches: int, visitors: int) -> None:
    with a_house() as vendor:
        from django.db import transaction

        from tests.halls import queue_world
        from tests.halls.hall_day import a_day
        from tongban.halls import queries_tickets as queries
        from tongban.halls.models import Ticket
        from tongban.halls.services import tickets
        from tongban.halls.services.tickets import VISITOR, Asked

        hall = queue_world.hall("general " * 18)
        desks = queue_world.open_all(hall)

        def one() -> None:
            tickets.issue(hall, "A", actor=VISITOR, channel="machine", at=TEN)

        def many() -> None:
            tickets.issue_many(hall, [Asked("A", phone=_phone()) for _one in range(A_BATCH)], actor=VISITOR, at=TEN)

        spare = iter(range(1_000_000))
        category = queries.Category.objects.get(code="A")

        def bare() -> None:
            with transaction.atomic():
                Ticket(hall=hall, day=TEN.date(), category=category, label=f"Z{next(spare)}", state="void").save()

        # in turn, so that the machine's other work lies on all of them alike
        acts = {"one": (one, 1), "batch": (many, A_BATCH), "bare": (bare, 1)}
        clock: dict[str, list[float]] = {name: [] for name in acts}
        cpu: dict[str, float] = dict.fromkeys(acts, 0.0)
        for act, _many in acts.values():
            act()
        for _round in range(batches):
            for name, (act, _many) in acts.items():
                before, began = time.process_time(), time.perf_counter()
                act()
                clock[name].append(1000 * (time.perf_counter() - began))
                cpu[name] += time.process_time() - before
        rows = [
            [
                {
                    "one": "one, as a machine takes it",
                    "batch": f"{A_BATCH} together, by phone numbers",
                    "bare": "bare row",
                }[name],
                round(batches * size / cpu[name]),
                round(1000 * cpu[name] / batches / size, 3),
                share(clock[name], 50),
                share(clock[name], 99),
            ]
            for name, (_act, size) in acts.items()
        ]
        table(
            f"Numbers given on {vendor}",
            ["", "a second of CPU", "ms CPU each", "p50 ms", "p99 ms"],
            rows,
            f"{Ticket.objects.count():,} rows stand.",
        )

        Ticket.objects.filter(hall=hall).update(state="void")
        tickets.issue_many(hall, [Asked("A")] * 200, actor=VISITOR, at=TEN)
        times = []
        window, actor = desks[0]
        for _call in range(min(60, batches * 2)):
            began = time.perf_counter()
            called = tickets.call_next(window, actor=actor, at=TEN)
            times.append(1000 * (time.perf_counter() - began))
            tickets.serve(called, actor=actor)
            tickets.finish(called, actor=actor)
        began = time.perf_counter()
        for _ask in range(20):
            queries.board(hall, TEN)
        board = 1000 * (time.perf_counter() - began) / 20
        table(
            "A hall with 200 waiting",
            ["", "p50 ms", "p99 ms"],
            [["the next is called", share(times, 50), share(times, 99)], ["the board of its screens", board, board]],
        )

        for title, windows in DAYS.items():
            before, began = time.process_time(), time.perf_counter()
            day = a_day(visitors, windows)
            lost = day.visitors - sum(day.ends.values())
            table(
                f"{visitors:,} visitors, {title}",
                ["", ""],
                [
                    ["CPU s", time.process_time() - before],
                    ["on the clock, s", time.perf_counter() - began],
                    ["lost", lost],
                    ["served / told why not", f"{day.ends['done']} / {day.ends['void']}"],
                    ["called / skipped / came back / sent on / parked", " / ".join(str(day.happened[name]) for name in ("called", "skipped", "requeued", "transferred", "parked"))],
                    ["jumped the queue", len(day.jumped)],
                    ["waited, mean / p95, minutes", f"{sum(day.waited) / len(day.waited):.1f} / {share(day.waited, 95):.1f}"],
                    ["booked and on time: called at the latest, minutes after the slot", max(day.late, default=0)],
                    ["estimate against the wait, miss median / p90, bias, within 5 minutes", _missed(day.errors)],
                    ["the same if nobody is expected who goes first", _missed(day.bare)],
                    ["of those told a range: how many, mean width, waited within it", f"{len(day.ranges)}, {sum(high - low for low, high in day.ranges) / max(1, len(day.ranges)):.0f}, {100 * day.in_range / max(1, len(day.ranges)):.0f} %"],
                ],
            )  # fmt: skip
            assert lost == 0, "somebody was lost"
            assert not day.jumped
            Ticket.objects.filter(state__in=["waiting", "requeued"]).update(state="void")


def _missed(errors: list[float]) -> str:
    sizes = sorted(map(abs, errors))
    within = sum(one <= 5 for one in sizes) / len(sizes)
    return f"{share(sizes, 50):.1f} / {share(sizes, 90):.1f}, {sum(errors) / len(errors):+.1f}, {100 * within:.0f} %"


_numbers = iter(range(10_000_000, 100_000_000))


def _phone() -> str:
    return f"138{next(_numbers)}"


if __name__ == "__main__":
    given = [int(one) for one in sys.argv[1:]]
    main(given[0] if given else 40, given[1] if len(given) > 1 else 2_000)
