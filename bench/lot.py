"""A day that is given out by lot: 1,000 bots in the first second against 200 people in the course of the morning, for a quarter as many places.

    python bench/lot.py [bots [people [lots]]]                       1,000, 200, 5
    python tools/with_postgres.py python bench/lot.py                the same on PostgreSQL

Everything through the services: wishes, the lot at the hour of release, the places held. Wanted: people get nine tenths of what they would
get if everybody had the same chance (performance.md). Control of the same run: the same wishes served in the order in which they came.
"""

import sys
import time
from datetime import UTC, date, datetime, timedelta
from operator import attrgetter
from random import Random
from statistics import fmean

from lists import a_house
from measuring import ROOT, table

sys.path.insert(0, str(ROOT))
NEXT_MONDAY = date(2026, 11, 30)
NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)  # next Monday is given out on this Monday at noon


def main(bots: int, people: int, lots: int) -> None:
    with a_house() as vendor:
        from tests.halls import booking_world as world
        from tongban.halls import capacity
        from tongban.halls.models import Appointment, EarlierWish, Shift
        from tongban.halls.services import waiting_list
        from tongban.journal.actors import PLATFORM

        hall = world.hall(general=1)
        Shift.objects.filter(hall=hall).update(windows=max(1, round((bots + people) / 4 / 34)))
        quick = [world.who() for _number in range(bots)]
        slow = [world.who() for _number in range(people)]
        human = {one.party.pk for one in slow}
        chance = Random(6)
        rows: dict[str, list[float]] = {"by lot": [], "control: in the order in which they came": []}
        by_lot, wishes, spent, places = capacity.lot_order, 0.0, 0.0, 0
        for name, shares in rows.items():
            if not name.startswith("by lot"):
                capacity.lot_order = lambda found, _at: sorted(found, key=attrgetter("made_at"))
            for _lot in range(lots if name == "by lot" else 1):
                began = time.process_time()
                arrived = [(one, world.SUNDAY + timedelta(milliseconds=number)) for number, one in enumerate(quick)]
                arrived += [(one, world.SUNDAY + timedelta(hours=chance.uniform(1, 14))) for one in slow]
                for one, at in arrived:
                    waiting_list.wish(
                        hall, world.category(), party=one.party, account=one.account, from_day=NEXT_MONDAY, until_day=NEXT_MONDAY,
                        actor=PLATFORM, now=at, chance=chance,
                    )  # fmt: skip
                wishes, began = time.process_time() - began, time.process_time()
                places = waiting_list.offer_all(NOON)
                spent = time.process_time() - began
                served = set(Appointment.objects.filter(hall=hall, state="held").values_list("party_id", flat=True))
                assert len(served) == places
                shares.append(len(served & human) / (places * people / (bots + people)))
                EarlierWish.objects.all().delete()
                Appointment.objects.filter(hall=hall).delete()
        capacity.lot_order = by_lot
        table(
            f"{bots:,} bots and {people:,} people for {places} places on {vendor}",
            ["", "lots", "of their fair share people got, mean", "least"],
            [[name, len(shares), fmean(shares), min(shares)] for name, shares in rows.items()],
            f"A wish {1000 * wishes / (bots + people):.1f} ms CPU, a place offered {1000 * spent / places:.1f} ms.",
        )
        assert fmean(rows["by lot"]) >= 0.9


if __name__ == "__main__":
    given = [int(one) for one in sys.argv[1:]]
    main(*given, *(1_000, 200, 5)[len(given) :])
