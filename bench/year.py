"""A year of one hall simulated: 250 working days, with its general windows and with counters of single departments beside.

    python bench/year.py [visitors [days]]                           2,000 a day, 250 days

`tongban/halls/simulating` alone, without a database, as the worker runs it when a supervisor asks. Peer of the same run: as many timeouts
of a bare SimPy environment as the visitors have moments (come, called, there, gone), which is the least an event simulation can cost.
"""

import sys
import time
from statistics import fmean

import simpy
from measuring import ROOT, table

sys.path.insert(0, str(ROOT))
NINE, FIVE, QUARTERS = 9 * 60, 17 * 60, 30
SHARES = {"A": 0.62, "B": 0.15, "D": 0.13, "P": 0.10}
MINUTES = {"A": 7.0, "B": 11.0, "D": 3.0, "P": 8.0}
KINDS = {"A": {"general"}, "B": {"general"}, "D": {"issuing"}, "P": {"general", "priority"}}


def main(visitors: int, days: int) -> None:
    from tongban.halls import simulating
    from tongban.halls.simulating import Demand, Plan, Queue, Staff

    queues = {
        code: Queue(
            code, 3 if code == "P" else 1, frozenset(kinds), tuple(MINUTES[code] * k / 10 for k in range(4, 17))
        )
        for code, kinds in KINDS.items()
    }
    demand = Demand(NINE, {code: [visitors * share / QUARTERS] * QUARTERS for code, share in SHARES.items()})
    windows = round(visitors / 70)  # nearly too few, so that queues form
    staff = (
        Staff("general", NINE, FIVE, windows),
        Staff("priority", NINE, FIVE, 2),
        Staff("issuing", NINE, FIVE, 3),
    )
    lines = simulating.shares(40, ())
    plans = {f"{windows} general": Plan(staff), "83 dedicated": Plan(staff, dedicated=83)}
    rows, came = [], 0
    for name, plan in plans.items():
        began, found = time.process_time(), []
        for day in range(days):
            coming = simulating.visitors(demand, queues, times=1.0, most=1.0, seed=day)
            found.append(simulating.live_through(plan, queues, coming, lines))
        spent = time.process_time() - began
        came = sum(one.visitors for one in found)
        assert all(one.unserved == 0 for one in found)
        rows.append(
            [
                name,
                spent,
                1e6 * spent / came,
                came,
                fmean(one.mean for one in found),
                fmean(one.within for one in found),
            ]
        )
    began = time.process_time()
    env = simpy.Environment()

    def moments():
        for _moment in range(4):
            yield env.timeout(1.0)

    for _visitor in range(came):
        env.process(moments())
    env.run()
    least = time.process_time() - began
    rows.append(["peer: bare SimPy, four moments each", least, 1e6 * least / came, came, 0.0, 0.0])
    table(
        f"{days} days of {visitors:,} visitors",
        ["", "CPU s", "us a visitor", "visitors", "mean wait", "within 15 minutes"],
        rows,
    )


if __name__ == "__main__":
    given = [int(one) for one in sys.argv[1:]]
    main(given[0] if given else 2_000, given[1] if len(given) > 1 else 250)
