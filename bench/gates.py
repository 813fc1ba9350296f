"""Scans at gates: checks of codes with device key, revocation, duplicates and a row each, over HTTP through the native desk.

    python bench/gates.py [--holders N] [--seconds S] [--quick]      on SQLite
    python tools/with_postgres.py python bench/gates.py ...          the same on PostgreSQL

Beside it in the same run: what one Ed25519 check costs alone (the floor: an online check makes two, the gate's and the code's), a bundle's
offline decision, and the same request through Django. The caller signs beforehand and only sends; CPU is that of the web process alone.
Goal (docs/performance.md): 5,000 a second a core, 200 microseconds each, p99 25 ms at 64 clients; offline 15,000 a second.
"""

import argparse
import base64
import contextlib
import json
import os
import secrets
import selectors
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from measuring import ROOT, TICKS, cpu_ms, held, share, table

sys.path.insert(0, str(ROOT))
from tests.site.product import kept_tables

DEVICES = 64
HOLDERS_USED = 20_000  # nobody is read more than twenty times a minute (verifying.READ_AT_MOST)
FEW = 5_000  # fewer cannot be read without passing that limit: it is asked as ever, but set out of reach


def main(options: argparse.Namespace) -> None:
    with _house(options.holders) as (devices, cards, directory):
        rows = []
        rows += _floors(devices, cards, directory)
        port = _free_port()
        with _served(port) as pid:
            _warm(port, devices, cards, directory)
            before = held(pid)[0]
            for clients in (1, 16, 64):
                rows.append(_over_http(port, pid, clients, devices, cards, directory, options.seconds))
            rows.append(_over_http(port, pid, 16, devices, cards, directory, options.seconds, rotating=True))
            memory = (before, held(pid)[0])
        table(
            f"Checks of codes at gates, {_database()}, {options.holders:,} holders, load {os.getloadavg()[0]:.1f}",
            ["what", "clients", "a second", "CPU µs each", "a second a core", "p50 ms", "p99 ms", "refused"],
            rows,
            f"Memory of the web process {memory[0]:.0f} MB before, {memory[1]:.0f} MB after. Wanted: 200 µs, p99 25 ms at 64 clients.",
        )


# -- the house


def _database() -> str:
    return "PostgreSQL" if os.environ.get("DATABASE_URL") else "SQLite (synchronous=FULL)"


@contextlib.contextmanager
def _house(holders: int) -> Iterator[tuple[list, list[int], Path]]:
    folder = Path(tempfile.mkdtemp(prefix="tongban-bench-"))
    os.environ |= {
        "TONGBAN_VAR": str(folder / "var"),
        "DJANGO_SETTINGS_MODULE": "tongban.site.settings",
        "TONGBAN_GATE_RATE": "100000",
        "BENCH_READS": "" if holders >= FEW else "1000000",
    }
    os.environ.pop("TONGBAN_KEYS", None)
    (folder / "var").mkdir()
    try:
        import django

        django.setup()
        from django.conf import settings
        from django.core.management import call_command

        from tongban.codes.services import verifying
        from tongban.lib.encryption import create_keys

        create_keys(settings.TONGBAN_KEYS)
        if not os.environ.get("DATABASE_URL"):  # the empty tables that tests copy too
            shutil.copyfile(kept_tables(), settings.DATABASES["default"]["NAME"])
            with contextlib.closing(sqlite3.connect(settings.DATABASES["default"]["NAME"])) as line:
                line.execute("PRAGMA journal_mode = WAL")
        call_command("migrate", interactive=False, verbosity=0)
        yield _devices(), _people(holders), verifying.key_directory()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _devices() -> list:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from tongban.codes.models import DeviceKey, Reader, Scene
    from tongban.codes.services.enrolling import key_id_of

    words = {"zh": "图书馆", "en": "Library"}
    scene = Scene.objects.create(
        slug="library", name=words, purpose=words, basis=words, fields=["alias"], sorts=["person", "family", "paper"]
    )
    made = []
    for number in range(DEVICES):
        reader = Reader.objects.create(name=f"Gate {number}", place="Library", operator="library", scene=scene)
        key = Ed25519PrivateKey.generate()
        public = key.public_key().public_bytes_raw()
        row = DeviceKey.objects.create(
            reader=reader, key_id=key_id_of(public), public_key=public.hex(), enrolled_at=datetime.now(UTC)
        )
        made.append((row.key_id, key))
    return made


def _people(holders: int) -> list[int]:
    """Rows as they are, with one and the same sealed name: what is measured is finding one of them."""
    from django.db import connection

    from tongban.codes.models import IdentityCode
    from tongban.parties.models import Party, Person

    first = Person.objects.create(
        name="某某", id_kind="id_card", id_no="990000199001010010", id_index="0", birth_date="1990-01-01", sex="F", nationality="CHN"
    )  # fmt: skip
    party, person, code = (model._meta.db_table for model in (Party, Person, IdentityCode))
    columns = {
        model: [one.column for one in model._meta.local_concrete_fields] for model in (Party, Person, IdentityCode)
    }
    IdentityCode.objects.create(sort="person", party=first)
    numbers = (
        f"generate_series(2, {holders}) AS n(i)"
        if connection.vendor == "postgresql"
        else f"(WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < {holders}) SELECT i FROM n) n"
    )
    text = "CAST(n.i AS TEXT)" if connection.vendor == "sqlite" else "n.i::text"
    other = {"id": "n.i", "party_id": "n.i", "id_index": text, "ref": text}
    with connection.cursor() as cursor:
        for model, name in ((Party, party), (Person, person), (IdentityCode, code)):
            chosen = ", ".join(other.get(column, f"o.{column}") for column in columns[model])
            key = "party_id" if model is Person else "id"
            if holders > 1:
                cursor.execute(
                    f"INSERT INTO {name} ({', '.join(columns[model])}) SELECT {chosen} FROM {name} o, {numbers} WHERE o.{key} = 1"
                )
        cursor.execute("ANALYZE")
    step = max(1, holders // HOLDERS_USED)
    return list(range(1, holders + 1, step))[:HOLDERS_USED]


# -- what is sent


def _codes(directory: Path, cards: list[int], count: int, key=None) -> list[str]:
    from tongban.codes import keys, payload

    now = int(time.time())
    first = _turn["next"]  # one holder after the other, so that nobody is read too often
    _turn["next"] += count
    if len(cards) >= FEW:
        key = key or keys.current(directory, now=datetime.now(UTC))
        return [
            payload.issue(key, payload.Kind.PERSON, cards[at % len(cards)], issued_at=now)
            for at in range(first, first + count)
        ]
    codes = []  # few holders: each has a code of every second of the last minute, under one key after the other
    for at in range(count):
        round_, second = divmod(at // len(cards), 60)
        if key is None or (at % len(cards) == 0 and second == 0 and round_):
            key = keys.create(directory, now=datetime.now(UTC))
        codes.append(payload.issue(key, payload.Kind.PERSON, cards[at % len(cards)], issued_at=now - second))
    return codes


_turn = {"next": 0}


def _request(device, code: str) -> bytes:
    from tongban.lib import signed_requests

    key_id, key = device
    body = json.dumps({"scan": secrets.token_urlsafe(12), "code": code}).encode()
    path = "/api/v1/codes/verify"
    signed = signed_requests.sign("POST", path, body, key=key, key_id=key_id, created=int(time.time()))
    head = "".join(f"{name}: {value}\r\n" for name, value in signed.items())
    return (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n{head}\r\n"
    ).encode() + body


# -- floors


def _floors(devices, cards, directory) -> list[list]:
    import django.test
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from tongban.codes import keys, payload
    from tongban.codes.bundle import Bundle, decide
    from tongban.codes.services import bundling, scanning

    key = Ed25519PrivateKey.generate()
    public, signature = key.public_key(), key.sign(b"x" * 100)
    ring = keys.ring(directory)
    codes = iter(_codes(directory, cards, 60_000 if len(cards) >= FEW else 3_000))
    now = time.time()
    code = next(codes)
    scanning.devices.refresh()
    device = scanning.devices.get(devices[0][0])
    offline = Bundle.of({**bundling.content_for(device.reader, datetime.now(UTC)), "lost": _nobody()})
    moment = datetime.now(UTC)
    client = django.test.Client(SERVER_NAME="localhost")
    ring = keys.ring(directory, anew=True)

    def through_django():
        head, body = _request(devices[1], next(codes)).split(b"\r\n\r\n", 1)
        lines = (line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
        headers = {name: value for name, value in lines if name.startswith(("Signature", "Content-Digest"))}
        answer = client.post("/api/v1/codes/verify", body, content_type="application/json", headers=headers)
        assert answer.json()["verdict"] == "valid", answer.content

    def sending():
        _request(devices[1], code)

    floor = cpu_ms(lambda: public.verify(signature, b"x" * 100))
    judged = cpu_ms(lambda: payload.judge(code, ring, now))
    alone = cpu_ms(lambda: decide(offline, code, moment))
    whole = cpu_ms(through_django, 1.5) - cpu_ms(sending)
    return [
        [name, 1, 1000 / ms, ms * 1000, 1000 / ms, "", "", 0]
        for name, ms in (
            ("floor: one Ed25519 check", floor),
            ("the code alone (payload.judge)", judged),
            ("a gate that is alone (bundle.decide)", alone),
            ("the same request through Django", whole),
        )
    ]


def _nobody() -> str:
    from tongban.lib.coded_set import CodedSet

    return base64.urlsafe_b64encode(CodedSet.of([]).data).rstrip(b"=").decode()


# -- over HTTP


@contextlib.contextmanager
def _served(port: int) -> Iterator[int]:
    child = subprocess.Popen([sys.executable, __file__, "--serve", str(port)], env=os.environ)
    try:
        for _time in range(200):
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            time.sleep(0.1)
        yield child.pid
    finally:
        child.send_signal(signal.SIGTERM)
        child.wait(20)


def serve(port: int) -> None:
    import django

    django.setup()
    from tongban.codes.services import verifying
    from tongban.site.asgi import shell
    from tongban.site.web import listen
    from tongban.site.web import serve as serve_web

    if reads := os.environ.get("BENCH_READS"):
        verifying.READ_AT_MOST = int(reads)
    serve_web(shell(), listen("127.0.0.1", port), backpressure=4096)


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def _warm(port, devices, cards, directory) -> None:
    _send(port, 4, [_request(devices[at % DEVICES], code) for at, code in enumerate(_codes(directory, cards, 400))])


def _over_http(port, pid, clients, devices, cards, directory, seconds, *, rotating=False) -> list:
    """For about so many seconds: as many requests as went through in a trial of a tenth of it."""
    trial = _asked(port, pid, clients, devices, cards, directory, 300 * (1 + clients // 16), rotating)
    count = int(min(20_000, max(500, trial[2] * seconds)))
    name, rate, cpu, p50, p99, wrong = _asked(port, pid, clients, devices, cards, directory, count, rotating)[1:]
    return [name, clients, rate, cpu, 1e6 / cpu, p50, p99, wrong]


def _asked(port, pid, clients, devices, cards, directory, count, rotating) -> tuple:
    from tongban.codes import keys

    over = threading.Event()
    if rotating:  # a new key five times a second while they come; each signs the next share of the codes
        ring = [keys.create(directory, now=datetime.now(UTC)) for _key in range(10)]
        codes = [code for at, key in enumerate(ring) for code in _codes(directory, cards, count // 10, key)]

        def rotate():
            while not over.wait(0.2):
                keys.create(directory, now=datetime.now(UTC))

        beside = threading.Thread(target=rotate)
    else:
        codes, beside = _codes(directory, cards, count), None
    requests = [_request(devices[at % DEVICES], code) for at, code in enumerate(codes)]
    if beside is not None:
        beside.start()
    began_cpu, began = _cpu(pid), time.perf_counter()
    times, wrong = _send(port, clients, requests)
    took, cpu = time.perf_counter() - began, _cpu(pid) - began_cpu
    over.set()
    if beside is not None:
        beside.join()
    name = "online, a new key every 0.2 s" if rotating else "online, with its row"
    return (
        0,
        name,
        len(requests) / took,
        cpu * 1e6 / len(requests),
        share(times, 50) * 1000,
        share(times, 99) * 1000,
        wrong,
    )


def _cpu(pid: int) -> float:
    words = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(map(int, words[11:13])) / TICKS


def _send(port: int, clients: int, requests: list[bytes]) -> tuple[list[float], int]:
    """Each client sends its next request when it has heard the answer to the one before."""
    choose = selectors.DefaultSelector()
    waiting = iter(requests)
    times: list[float] = []
    wrong = 0
    open_ = 0
    for _client in range(clients):
        line = socket.create_connection(("127.0.0.1", port))
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        request = next(waiting, None)
        if request is None:
            line.close()
            continue
        state = {"since": time.perf_counter(), "got": b""}
        line.sendall(request)
        choose.register(line, selectors.EVENT_READ, state)
        open_ += 1
    while open_:
        for key, _mask in choose.select(10):
            line, state = key.fileobj, key.data
            state["got"] += line.recv(65536)
            head, gap, body = state["got"].partition(b"\r\n\r\n")
            if not gap:
                continue
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            if len(body) < length:
                continue
            times.append(time.perf_counter() - state["since"])
            wrong += b'"verdict":"valid"' not in body
            request = next(waiting, None)
            if request is None:
                choose.unregister(line)
                line.close()
                open_ -= 1
                continue
            state["since"], state["got"] = time.perf_counter(), b""
            line.sendall(request)
    return times, wrong


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--holders", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--serve", type=int)
    given = parser.parse_args()
    serve(given.serve) if given.serve else main(given)
