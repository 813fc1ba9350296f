"""Submitting, durable, and from there by rule to the sealed licence in the wallet, over HTTP with the worker running.

    python bench/submitting.py [submissions]

Everybody presses “Sign and send” on a complete draft of “tax payment certificate”: eleven fields, prefilled from registers, a licence instead of a
paper, decided by rule, one licence. Counted: from the press to the answer that says it is kept (synchronous=FULL); with twenty at once; and
from the press until the licence of that case lies sealed in the holder's list. Peer of the same run: the same rows written by one transaction each
on a bare connection (what is left is the product). Cases drawn for people (five in a hundred) get no licence here and are left out.
"""

import sqlite3
import sys
import threading
import time
import uuid

from measuring import CSRF, Caller, a_district, parts, share, signed_in, table, the_product, together, used

MATTER = "tax-paid-proof"
WHO = ("wang-anhui", "zhang-wei", "li-na", "chen-flex", "wu-skill", "feng-talent")
ALL_SEALED_WITHIN = 60.0


def main(count: int) -> None:
    with a_district() as var:
        began = time.thread_time()
        drafts = [_draft(number) for number in range(count)]
        filling = (time.thread_time() - began) / count * 1000
        rows_of_one = _rows_written(drafts.pop())
        with the_product(var) as running:
            alone, crowd = drafts[: len(drafts) // 4], drafts[len(drafts) // 4 :]
            sealed = Watch(var / "tongban.sqlite3", len(drafts))
            rows = [_sent(running, sealed, alone, 1), _sent(running, sealed, crowd, 20)]
            least = _least(var / "bare.sqlite3", rows_of_one)
            table(
                "Submitting over HTTP, durable",
                ["callers", "sent", "wrong", "p50 ms", "p99 ms", "a second", "web CPU ms"],
                rows,
                f"Wanted with 20 callers: p99 under 250 ms, 150 a second. Before it, begin and fill in took {filling:.0f} ms CPU a draft. "
                f"The same {len(rows_of_one)} rows on a bare connection: {least:.2f} ms.",
            )
            _licences(running, sealed, drafts)


def _draft(number: int) -> dict:
    import random

    from django.utils import timezone

    from tongban.cases import services
    from tongban.matters.models import Matter
    from tongban.parties.models import Account
    from tongban.site.demonstration.answers import fill

    account = Account.objects.select_related("person").get(login=WHO[number % len(WHO)])
    case = services.begin(Matter.objects.get(slug=MATTER), party=account.person, account=account)
    given = fill(case, random.Random(number), timezone.localdate())
    case = services.save(case, given, revision=case.revision, account=account, step="check")
    return {"ref": case.ref, "pk": case.pk, "cookie": signed_in(account), "case": case, "account": account}


def _rows_written(draft: dict) -> list[str]:
    """What one submission writes, as SQL."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from tongban.cases import services

    with CaptureQueriesContext(connection) as sent:
        services.submit(draft["case"], account=draft["account"], level=3, key=uuid.uuid4().hex)
    return [one["sql"] for one in sent.captured_queries if one["sql"].startswith(("INSERT", "UPDATE"))]


def _least(file, statements: list[str]) -> float:
    """Milliseconds for as many rows of the same sizes in one durable transaction, no reading, no checking."""
    line = sqlite3.connect(file, isolation_level=None)
    line.executescript(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE row (id INTEGER PRIMARY KEY, content TEXT);"
    )
    took = []
    for _round in range(200):
        began = time.perf_counter()
        line.execute("BEGIN IMMEDIATE")
        for statement in statements:
            line.execute("INSERT INTO row (content) VALUES (?)", (statement,))
        line.execute("COMMIT")
        took.append((time.perf_counter() - began) * 1000)
    line.close()
    return share(took, 50)


class Watch:
    """Looks every few milliseconds which cases' licences lie sealed, on a connection of its own that only reads."""

    def __init__(self, database, expected: int):
        self.began: dict[int, float] = {}
        self.sealed: dict[int, float] = {}
        self.with_people: set[int] = set()
        self._database, self._expected = database, expected
        threading.Thread(target=self._look, daemon=True).start()

    def done(self) -> bool:
        return len(self.sealed) + len(self.with_people) >= self._expected

    def _look(self) -> None:
        line = sqlite3.connect(f"file:{self._database}?mode=ro", uri=True, isolation_level=None, timeout=20)
        while not self.done():
            now = time.monotonic()
            for pk, pdf, people in line.execute(
                "SELECT c.id, l.sealed_at IS NOT NULL, c.with_people FROM cases_case c LEFT JOIN licences_licence l ON l.id = c.licence_id "
                "WHERE c.number IS NOT NULL AND (l.id IS NOT NULL OR c.with_people)"
            ):
                if pk in self.began and pdf:
                    self.sealed.setdefault(pk, now)
                elif pk in self.began and people:
                    self.with_people.add(pk)
            time.sleep(0.02)


def _sent(running, watch: Watch, drafts: list[dict], callers: int) -> list:
    web = parts(running)["web"]
    waiting, took, wrong = list(drafts), [], [0]
    lines = [Caller(running.port) for _ in range(callers)]
    for line in lines:
        line.get("/healthz")
    lock = threading.Lock()

    def call(number: int):
        while True:
            with lock:
                if not waiting:
                    return
                draft = waiting.pop()
            form = f"csrfmiddlewaretoken={CSRF}&sign=1&key={uuid.uuid4().hex}".encode()
            watch.began[draft["pk"]] = began = time.monotonic()
            status, head = lines[number].post(f"/apply/{draft['ref']}/submit", form, draft["cookie"])
            took.append((time.monotonic() - began) * 1000)
            wrong[0] += status != 302 or b"sent=1" not in head
            if callers == 1:  # nobody else is there: the next one comes when this one holds the licence
                _until(lambda draft=draft: draft["pk"] in watch.sealed or draft["pk"] in watch.with_people, 10.0)

    before = used(web)
    seconds = together(callers, call)
    spent = used(web) - before
    for line in lines:
        line.close()
    return [
        callers,
        len(drafts),
        wrong[0],
        share(took, 50),
        share(took, 99),
        len(drafts) / seconds if callers > 1 else "",
        spent * 1000 / len(drafts),
    ]


def _until(true, seconds: float) -> None:
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.01)


def _licences(running, watch: Watch, drafts: list[dict]) -> None:
    worker = parts(running)["worker"]
    until = time.monotonic() + ALL_SEALED_WITHIN
    while not watch.done() and time.monotonic() < until:
        time.sleep(0.05)
    took = [(watch.sealed[pk] - watch.began[pk]) * 1000 for pk in watch.sealed]
    alone = [
        watch.sealed[one["pk"]] - watch.began[one["pk"]]
        for one in drafts[: len(drafts) // 4]
        if one["pk"] in watch.sealed
    ]
    span = max(watch.sealed.values(), default=0) - min(watch.began.values())
    missing = len(drafts) - len(watch.sealed) - len(watch.with_people)
    table(
        "From the press to the sealed licence in the wallet (one worker)",
        ["", "licences", "to people", "not yet", "p50 ms", "p95 ms", "a second", "worker CPU ms"],
        [
            ["one at a time", len(alone), "", "", share(alone, 50) * 1000, share(alone, 95) * 1000, "", ""],
            [
                "all, 20 at once included",
                len(took),
                len(watch.with_people),
                missing,
                share(took, 50),
                share(took, 95),
                len(took) / span,
                used(worker) * 1000 / max(1, len(took)),
            ],
        ],
        "Wanted: p95 under 1 s from submit, 20 licences a second a core. Worker CPU includes everything else a case causes: messages, invitations, seals of the journal.",
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 121)
