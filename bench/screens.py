"""One call to a thousand displays: how long from the commit until each has been told, and what a display costs.

    python bench/screens.py

The product as `make run` starts it, a thousand open streams of one hall held by this process, a real call (`tickets.call_next`) in the
hall's database. Beside it, in the same rounds, the least possible: a process of a few lines which is told by hand and writes the same bytes
to as many connections. Then what a display does next: it fetches the state whole, under the version it was told.
"""

import multiprocessing
import os
import re
import select
import socket
import sys
import threading
import time
import urllib.request
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


class Lines:
    """Displays that do nothing but hear: one thread reads them all as the kernel hands them over, so that little of what is measured is theirs."""

    def __init__(self, port: int):
        self._port = port
        self._open: dict[int, socket.socket] = {}
        self._poll = select.epoll()

    def add(self, count: int, path: str) -> None:
        for number in range(count):
            line = socket.create_connection(("127.0.0.1", self._port))
            line.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n".encode())
            line.setblocking(False)
            self._open[line.fileno()] = line
            self._poll.register(line, select.EPOLLIN)
            if number % 50 == 49:
                time.sleep(0.1)

    def heard(self) -> list[float]:
        """When each of them was told something, once all were."""
        at: dict[int, float] = {}
        until = time.monotonic() + 30
        while len(at) < len(self._open):
            for number, _event in self._poll.poll(1, 256):
                if b"event: topic" in self._open[number].recv(65536):
                    at[number] = time.perf_counter()
            if time.monotonic() > until:
                raise SystemExit(f"only {len(at)} of {len(self._open)} displays were told")
        return list(at.values())

    def close(self) -> None:
        for line in self._open.values():
            line.close()


def least(count: int, ports, orders) -> None:
    """A process that holds the lines and writes the same bytes when it is told by hand."""
    server = socket.create_server(("127.0.0.1", 0), backlog=2048)
    ports.put(server.getsockname()[1])
    lines = [server.accept()[0] for _number in range(count)]
    while True:
        orders.recv()
        for line in lines:
            line.send(b'event: topic\ndata: {"topic":"hall:2","version":7}\n\n')


def told(lines: Lines, tell) -> list[float]:
    """`tell` commits in a thread; milliseconds from when it came back until each line was told, and none before it is counted as late."""
    done: list[float] = []
    teller = threading.Thread(target=lambda: (tell(), done.append(time.perf_counter())))
    teller.start()
    heard = lines.heard()
    teller.join()
    return [max(0.0, (at - done[0]) * 1000) for at in heard]


def measure(running, key: str, call, held) -> dict:
    home = f"http://127.0.0.1:{running.port}"
    page = urllib.request.urlopen(f"{home}/screen/{key}/").read().decode()
    path = re.search(r'<tb-screen src="([^"]+)"', page)[1].replace("&amp;", "&")
    first = Lines(running.port)
    first.add(50, path)  # what the first ones bring with them is no display's
    first.heard()
    time.sleep(2)
    before = held()
    lines = Lines(running.port)
    lines.add(DISPLAYS, path)
    lines.heard()
    time.sleep(1)
    after = held()
    first.close()

    spawn = multiprocessing.get_context("spawn")
    ports, (orders, told_what) = spawn.Queue(), spawn.Pipe()
    beside = spawn.Process(target=least, args=(DISPLAYS, ports, told_what), daemon=True)
    beside.start()
    bare = Lines(ports.get())
    bare.add(DISPLAYS, "/")

    rounds, floor = [], []
    for _round in range(CALLS):
        rounds.append(told(lines, call))
        time.sleep(0.5)
        floor.append(told(bare, lambda: orders.send("now")))
        time.sleep(0.5)
    beside.terminate()
    lines.close()
    fetched = []
    for number in range(FETCHES):
        began = time.perf_counter()
        urllib.request.urlopen(f"{home}/screen/{key}/now?v={9000 + number // 100}").read()
        fetched.append((time.perf_counter() - began) * 1000)
    return {"rounds": rounds, "least": floor, "memory": (after - before) * 1024 / DISPLAYS, "fetched": fetched}


def main() -> None:
    with a_district() as var:
        from django.db import connections

        key, call = made_ready()
        connections.close_all()
        with measuring.the_product(var) as running:
            pids = [pid for part, found in measuring.parts(running).items() if "web" in part for pid in found]

            def held() -> float:
                return sum(measuring.held(pid)[0] for pid in pids)

            found = measure(running, key, call, held)
        connections.close_all()

    def of(rounds: list[list[float]], which) -> float:
        return median([which(one) for one in rounds])

    def nearly_last(one: list[float]) -> float:
        return share(one, 99)

    table(
        f"One call to {DISPLAYS} displays of a hall",
        ["", "ours", "least", "limit"],
        [
            ["told after the commit, p50, ms", of(found["rounds"], median), of(found["least"], median), ""],
            ["told after the commit, p99, ms", of(found["rounds"], nearly_last), of(found["least"], nearly_last), ""],
            ["told after the commit, last, ms", of(found["rounds"], max), of(found["least"], max), 50],
            ["memory of the web processes a display, kB", found["memory"], "", 30],
            ["the state fetched whole, p50, ms", median(found["fetched"]), "", 1000],
            ["the state fetched whole, p99, ms", share(found["fetched"], 99), "", 1000],
        ],
        f"{CALLS} calls, medians of their percentiles. Least: a process that holds the lines, is told by hand and writes the same bytes in a row.",
    )


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
