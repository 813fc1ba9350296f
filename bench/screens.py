"""One call to a thousand displays: how long from the commit until each has been told, and what a display costs.

    python bench/screens.py

The product as `make run` starts it, a thousand open streams of one hall held by this process, a real call (`tickets.call_next`) in the
hall's database. Beside it, in the same rounds, a peer that is the least possible: an asyncio server of three lines which is told by hand and
writes the same bytes to as many connections. Then what a display does next: it fetches the state whole, under the version it was told.
"""

import asyncio
import os
import re
import sys
import time
from datetime import timedelta

import measuring
from measuring import ROOT, a_district, median, share, table

DISPLAYS = int(os.environ.get("DISPLAYS", "1000"))
CALLS = 7
FETCHES = 200


def made_ready():
    """A hall that is open, four windows with officers, people who wait. Answers the screen's key and what makes one call."""
    from django.utils import timezone

    from tongban.cases.moving import acting
    from tongban.departments.models import Department, Officer
    from tongban.halls.models import Hall, HallDay, Machine, Window
    from tongban.halls.services import tickets, windows
    from tongban.parties.models import Account

    hall = Hall.objects.get(code="putuo-centre")
    HallDay.objects.update_or_create(
        hall=hall, day=timezone.localdate(), defaults={"hours": ["00:00-23:59"], "reason": {}}
    )
    hall.stop_minutes = 0
    hall.save(update_fields=["stop_minutes"])
    desks = []
    for number, window in enumerate(Window.objects.filter(hall=hall, kind="general", state="closed")[: CALLS + 2]):
        officer = Officer.objects.create(
            account=Account.objects.create_user(f"bench-{number}", "a good pass phrase"), department=Department.objects.first(),
            staff_no=f"BENCH{number}", name={"zh": "窗口", "en": "Window"}, roles=["window_officer"],
        )  # fmt: skip
        officer.certifications.create(matter="*", since=timezone.localdate() - timedelta(days=9))
        actor = acting(officer, "window_officer")
        desks.append((windows.open_window(window, officer=officer, actor=actor), actor))
        tickets.issue(hall, "A", actor=tickets.VISITOR, channel="machine")
    key = Machine.objects.filter(hall=hall, kind="screen").values_list("key", flat=True).first()

    def call():
        window, actor = desks.pop()
        if tickets.call_next(window, actor=actor) is None:
            raise RuntimeError("nobody waits")

    return key, call


class Line:
    """One display: the moment at which the last words came."""

    def __init__(self):
        self.at = 0.0
        self.read = asyncio.Event()

    async def hold(self, host: str, port: int, path: str):
        reader, self.writer = await asyncio.open_connection(host, port)
        self.writer.write(
            f"GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nAccept: text/event-stream\r\n\r\n".encode()
        )
        while chunk := await reader.read(4096):
            if b"event: topic" in chunk:
                self.at = time.perf_counter()
                self.read.set()


async def until_told(lines: list[Line], tell) -> tuple[list[float], float]:
    """`tell` commits in a thread; milliseconds from when it came back until each line was told, and none before it is counted as late."""
    for line in lines:
        line.read.clear()
    await asyncio.to_thread(tell)
    began = time.perf_counter()
    async with asyncio.timeout(20):
        await asyncio.gather(*(line.read.wait() for line in lines))
    return [max(0.0, (line.at - began) * 1000) for line in lines], began


async def peer(count: int) -> list[float]:
    """The least: a server that holds the lines and writes when it is told."""
    writers = []

    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writers.append(writer)
        await asyncio.Event().wait()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=2048)
    port = server.sockets[0].getsockname()[1]
    lines = [Line() for _ in range(count)]
    tasks = [asyncio.create_task(line.hold("127.0.0.1", port, "/")) for line in lines]
    while len(writers) < count:
        await asyncio.sleep(0.02)

    found = []
    for _ in range(3):
        for line in lines:
            line.read.clear()
        began = time.perf_counter()
        for writer in writers:
            writer.write(b'event: topic\ndata: {"topic":"hall:2","version":7}\n\n')
        await asyncio.gather(*(line.read.wait() for line in lines))
        found.append([(line.at - began) * 1000 for line in lines])
    for task in tasks:
        task.cancel()
    server.close()
    return sorted(found, key=lambda one: share(one, 99))[1]


async def measure(running, key: str, call, held) -> dict:
    import urllib.request

    port, home = running.port, f"http://127.0.0.1:{running.port}"
    page = (await asyncio.to_thread(lambda: urllib.request.urlopen(f"{home}/screen/{key}/").read())).decode()
    path = re.search(r'<tb-screen src="([^"]+)"', page)[1].replace("&amp;", "&")
    before = held()
    lines = [Line() for _ in range(DISPLAYS)]
    tasks = []
    for place in range(0, DISPLAYS, 50):
        tasks += [asyncio.create_task(line.hold("127.0.0.1", port, path)) for line in lines[place : place + 50]]
        await asyncio.sleep(0.1)
    async with asyncio.timeout(60):
        await asyncio.gather(*(line.read.wait() for line in lines))
    await asyncio.sleep(1.0)
    after = held()
    rounds = []
    for _ in range(CALLS):
        found, _began = await until_told(lines, call)
        rounds.append(found)
        await asyncio.sleep(0.5)
    least = await peer(DISPLAYS)
    fetched = []
    for number in range(FETCHES):
        began = time.perf_counter()
        await asyncio.to_thread(
            lambda n=number // 100: urllib.request.urlopen(f"{home}/screen/{key}/now?v={9000 + n}").read()
        )
        fetched.append((time.perf_counter() - began) * 1000)
    for task in tasks:
        task.cancel()
    return {"rounds": rounds, "least": least, "memory": (after - before) * 1024 / DISPLAYS, "fetched": fetched}


def main() -> None:
    with a_district() as var:
        from django.db import connections

        key, call = made_ready()
        connections.close_all()
        with measuring.the_product(var) as running:
            pids = [pid for part, found in measuring.parts(running).items() if "web" in part for pid in found]

            def held() -> float:
                return sum(measuring.held(pid)[0] for pid in pids)

            found = asyncio.run(measure(running, key, call, held))
        connections.close_all()
    p50 = median([median(one) for one in found["rounds"]])
    p99 = median([share(one, 99) for one in found["rounds"]])
    last = median([max(one) for one in found["rounds"]])
    least99, least_last = share(found["least"], 99), max(found["least"])
    table(
        f"One call to {DISPLAYS} displays of a hall",
        ["", "ours", "least", "limit"],
        [
            ["told after the commit, p50, ms", p50, median(found["least"]), ""],
            ["told after the commit, p99, ms", p99, least99, ""],
            ["told after the commit, last, ms", last, least_last, 50],
            ["memory of the web processes a display, kB", found["memory"], "", 30],
            ["the state fetched whole, p50, ms", median(found["fetched"]), "", 1000],
            ["the state fetched whole, p99, ms", share(found["fetched"], 99), "", 1000],
        ],
        f"{CALLS} calls, medians of their percentiles. Least: an asyncio server of a few lines that is told by hand and writes the same bytes.",
    )


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
