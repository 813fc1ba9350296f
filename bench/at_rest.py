"""Start, and memory at rest: two web processes, the worker, the supervisor, on SQLite.

    python bench/at_rest.py [starts]

Memory is each process's fair share (PSS): the supervisor loads everything once and the others share it until they change it, so adding up RSS
counts the same pages four times. `used` is after two hundred pages and searches and after licences were drawn and sealed. Not measured here: pretix, in the
laboratory's notes of another day, 1.4 s and 249 MB a worker.
"""

import subprocess
import sys
import time

from measuring import ROOT, Caller, a_district, held, median, parts, table, the_product


def main(starts: int) -> None:
    with a_district() as var:
        healthy, first = [], []
        for _start in range(starts):
            began = time.monotonic()
            with the_product(var) as running:
                healthy.append(time.monotonic() - began)
                time.sleep(2.5)
                line = Caller(running.port)
                asked = time.monotonic()
                line.get("/search/?q=juzhuzheng")
                first.append((time.monotonic() - asked) * 1000)
                line.close()
        beside = subprocess.run(
            [sys.executable, "-c", "import time; b = time.process_time(); import django.db.models, django.forms; print(time.process_time() - b)"],
            capture_output=True, text=True, check=True, cwd=ROOT,
        )  # fmt: skip
        table(
            "Start, warm",
            ["", "seconds"],
            [
                ["from the command to healthy, median", median(healthy)],
                ["  best", min(healthy)],
                ["peer: import Django's models and forms, CPU", float(beside.stdout)],
            ],
            f"Wanted: 3 s. The first search after a start took {median(first):.0f} ms: its index was ready.",
        )
        with the_product(var) as running:
            time.sleep(5)
            at_rest = _memory(running)
            _use(running)
            _licences(var)
            time.sleep(12)
            after = _memory(running)
            rows = [[name, *at_rest[name], *after[name]] for name in at_rest]
            rows.append(["all", *(sum(column) for column in zip(*(row[1:] for row in rows), strict=True))])
            table(
                "Memory (MB)",
                ["process", "at rest PSS", "RSS", "used PSS", "RSS"],
                rows,
                "Wanted: at most 300 MB at rest, in all.",
            )


def _memory(running) -> dict[str, tuple[float, float]]:
    return {
        f"{name} {number}" if len(pids) > 1 else name: held(pid)
        for name, pids in parts(running).items()
        for number, pid in enumerate(pids, 1)
    }


def _use(running) -> None:
    lines = [Caller(running.port) for _line in range(4)]
    for turn in range(50):
        for path in ("/", f"/search/?q=juzhu{turn % 7}", "/matters/residence-permit-endorse/", "/search/suggest?q=sh"):
            lines[turn % 4].get(path)
    for line in lines:
        line.close()


def _licences(var) -> None:
    """Twenty cases submitted, for the worker of the running product to decide and to seal."""
    import uuid

    from submitting import _draft

    from tongban.cases import services

    for number in range(20):
        draft = _draft(number)
        services.submit(draft["case"], account=draft["account"], level=3, key=uuid.uuid4().hex)
        time.sleep(0.1)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
