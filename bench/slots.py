"""10,000 contested slots by 50 clients: exactly one winner for each place, and how long a booking takes meanwhile.

    python bench/slots.py                              on SQLite
    python tools/with_postgres.py python bench/slots.py     on PostgreSQL
    --slots 500 --clients 10                           smaller

Runs the test of tests/many_hands at full size in a database of its own; the ratio says what the contest costs against one client alone.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
TEST = "tests/many_hands/test_booking.py::test_no_place_of_any_slot_is_held_twice_when_everybody_wants_every_slot"


def run(slots: int, clients: int) -> float:
    """Seconds of the whole test, or the end of the run where it fails."""
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n0", "--timeout=0", "-m", "postgres", "--show-capture=no", TEST],
        cwd=ROOT,
        env={**os.environ, "TONGBAN_SLOTS": str(slots), "TONGBAN_CLIENTS": str(clients)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.stderr.write(done.stdout[-4000:] + done.stderr[-2000:])
        raise SystemExit(f"{clients} clients, {slots} slots: the test above did not hold, or did not end")
    return time.monotonic() - began


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--slots", type=int, default=10_000)
    asked.add_argument("--clients", type=int, default=50)
    given = asked.parse_args()
    empty = run(1, 1)
    few = min(given.slots, 200)
    alone = (run(few, 1) - empty) / few
    contested = run(given.slots, given.clients) - empty
    sys.stdout.write(
        f"{given.slots} slots of two places, {given.clients} clients: {contested:.1f} s, "
        f"{given.slots * given.clients / contested:.0f} attempts a second, exactly one winner for each of {min(2, given.clients) * given.slots} places\n"
        f"a slot costs {contested / given.slots / alone:.1f} times what it costs one client alone ({alone * 1000:.1f} ms)\n"
    )


if __name__ == "__main__":
    main()
