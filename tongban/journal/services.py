"""What happened is written down here, and carried on to whoever reacts: at least once, each on its own.

`record` belongs into the transaction of the act. Reactions and errands run in the worker after the commit (`work_once`).
"""

import dataclasses
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, dataclass_transform

import orjson
import structlog
from django.db import connection, transaction
from django.db.models import Count, F, Max
from django.utils import timezone

from tongban.journal import anchors, ledger, witness
from tongban.journal.actors import PLATFORM, Actor
from tongban.journal.models import Event, Heartbeat, IdempotencyKey, Job, ReadEntry, Topic
from tongban.lib import written
from tongban.lib.encryption import blind_index

log = structlog.get_logger("journal")

TRIES_AT_MOST = 48
MINUTES_BETWEEN_TRIES = 5
LEASE = timedelta(minutes=2)
KEY_AT_MOST = 80

REACTIONS: dict[str, list[str]] = {}
UNLESS: dict[str, dict[str, Any]] = {}
CARRIERS: dict[str, Callable[..., Any]] = {}
SLOW: set[str] = set()
EVENTS: dict[str, type] = {}
OUTWARD: set[str] = set()
HELD = "outward held"


class Refused(Exception):
    """The outside will never take this: trying again is of no use."""


# -- events and reactions


@dataclass_transform(frozen_default=True)
def event(cls):
    """Make a frozen dataclass of a fact in the past tense and enter it in the book of events."""
    made = dataclasses.dataclass(frozen=True, slots=True)(cls)
    EVENTS[made.__name__] = made
    return made


def on(*kinds: type, unless: dict[str, Any] | None = None):
    """Carry an event up: the function is called with it by the worker, after the commit, at least once.

    `unless` the event says all of this: then no errand is written at all (a corrected calendar moves a million cases at once).
    """

    def entered(reaction):
        name = f"{reaction.__module__}.{reaction.__name__}"
        CARRIERS[name] = reaction
        if unless:
            UNLESS[name] = unless
        for kind in kinds:
            REACTIONS.setdefault(kind.__name__, []).append(name)
        return reaction

    return entered


def carrier(name: str, *, slow: bool = False, outward: bool = False):
    """Register who carries out errands of a kind; called with the errand's payload as keywords.

    A `slow` one takes seconds: the worker does such errands beside all others, one after the other. An `outward` one reaches
    people or systems outside, who cannot be told to forget it (see `hold_outward`).
    """

    def entered(function):
        CARRIERS[name] = function
        if slow:
            SLOW.add(name)
        if outward:
            OUTWARD.add(name)
        return function

    return entered


def record(what, *, subject: str, actor: Actor) -> Event:
    """Write an event, and one job for each reaction to it. Only inside the act's transaction."""
    return record_many([(what, subject)], actor=actor)[0]


def record_many(happened: Iterable[tuple[Any, str]], *, actor: Actor) -> list[Event]:
    """Several events of one act, each with its subject, in the order given: the same rows in as few statements as for one."""
    if not connection.in_atomic_block:
        raise RuntimeError("an event is recorded in the transaction of its act, not beside it")
    rows = [_event(what, subject, actor) for what, subject in happened]
    _write(rows)
    witness.seen(Event._meta.db_table, [(row.pk, row.code) for row in rows])
    written.insert_all(
        written.new(Job, kind=reaction, event_id=row.pk, run_at=row.at)
        for row in rows
        for reaction in REACTIONS.get(row.kind, ())
        if reaction not in UNLESS or any(row.payload.get(key) != value for key, value in UNLESS[reaction].items())
    )
    return rows


_WRITTEN = ("at", "code", "once", "chain", "kind", "subject", "actor_kind", "actor", "role", "department", "payload")
EVENTS_A_STATEMENT = 64


def _write(rows: list[Event]) -> None:
    """Plain rows, as the ORM would write them, for half of what it takes: every act of the house comes through here."""
    moment, mark = connection.ops.adapt_datetimefield_value, f"({', '.join(['%s'] * len(_WRITTEN))})"
    by_once = {row.once: row for row in rows}
    with connection.cursor() as cursor:
        for first in range(0, len(rows), EVENTS_A_STATEMENT):
            some = rows[first : first + EVENTS_A_STATEMENT]
            values: list[Any] = []
            for row in some:
                values += [
                    moment(row.at), row.code, row.once, row.chain, row.kind, row.subject, row.actor_kind, row.actor, row.role,
                    row.department, json.dumps(row.payload),
                ]  # fmt: skip
            table, columns, marks = Event._meta.db_table, ", ".join(_WRITTEN), ", ".join([mark] * len(some))
            cursor.execute(f"INSERT INTO {table} ({columns}) VALUES {marks} RETURNING id, once", values)  # noqa: S608
            for pk, once_ in cursor.fetchall():
                row = by_once[once_]
                row.pk, row._state.adding, row._state.db = pk, False, connection.alias


def _event(what, subject: str, actor: Actor) -> Event:
    row = written.new(
        Event,
        at=timezone.now(),
        kind=type(what).__name__,
        subject=subject,
        actor_kind=actor.kind,
        actor=actor.account,
        role=actor.role,
        department=actor.department,
        payload=_payload(what),
        once=secrets.token_hex(8),
    )
    row.code = code_of(row)
    return row


_PLAIN = (str, int, bool, float, type(None))


def _payload(what) -> dict[str, Any]:
    """What an event says, by the names of its fields; most say words and numbers, which need not be copied."""
    said = {name: getattr(what, name) for name in what.__dataclass_fields__}
    return said if all(type(one) in _PLAIN for one in said.values()) else dataclasses.asdict(what)


def enqueue(kind: str, *, once: str | None = None, run_at: datetime | None = None, **payload) -> None:
    """Write down an errand for the worker in the act's transaction. With `once`, a second errand of that name is not written."""
    row = written.new(Job, kind=kind, payload=payload, run_at=run_at or timezone.now(), once=once)
    written.insert_all([row], or_ignore=once is not None)


def note_read(
    *,
    actor: Actor,
    of_party: int,
    purpose: str,
    fields: Iterable[str],
    about: str = "",
    law_code: str = "",
    hidden_until: datetime | None = None,
) -> None:
    """Somebody is about to see personal data: on disk before it is shown, so that nothing is shown unwritten."""
    ledger.keep(_read_entry(actor, of_party, purpose, fields, about, law_code, hidden_until, timezone.now()))


def note_reads(
    *, actor: Actor, of_parties: Iterable[int], purpose: str, fields: Iterable[str], about: str = ""
) -> None:
    """The same for many people at once: a list that is handed over as a file."""
    names, now = list(fields), timezone.now()
    rows = [_read_entry(actor, party, purpose, names, about, "", None, now) for party in sorted(set(of_parties))]
    with transaction.atomic():
        ledger.insert(rows)


def _read_entry(actor, of_party, purpose, fields, about, law_code, hidden_until, now) -> ReadEntry:
    row = ReadEntry(
        at=now,
        reader=actor.account,
        reader_name=actor.name if actor.kind == "officer" else "",  # names of people stand sealed, at the people
        role=actor.role,
        department=actor.department,
        of_party=of_party,
        about=about,
        purpose=purpose,
        fields=sorted(fields),
        law_code=law_code,
        hidden_until=hidden_until,
        once=secrets.token_hex(8),
    )
    row.code = code_of(row)
    return row


def once(scope: str, key: str, act: Callable[[], str]) -> tuple[str, bool]:
    """Do the act if this key never asked for it, else answer what it answered then: (result, done now).

    Key and effect stand in one transaction, so an act that was acknowledged is never done twice, and one that was not is not there.
    """
    if len(key) > KEY_AT_MOST:  # whoever sends something longer than our own pages do
        key = hashlib.sha256(key.encode()).hexdigest()
    with transaction.atomic():
        if not _is_first(scope, key):
            # another hand was faster; its row is visible once it committed (PostgreSQL waited for it at the insert)
            return IdempotencyKey.objects.get(scope=scope, key=key).result, False
        result = act()
        IdempotencyKey.objects.filter(scope=scope, key=key).update(result=result)
        return result, True


def _is_first(scope: str, key: str) -> bool:
    """Write the key down; False where it stands already. PostgreSQL waits for whoever is writing the same one."""
    table = IdempotencyKey._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (scope, key, result, created_at) VALUES (%s, %s, '', %s) "  # noqa: S608
            "ON CONFLICT (scope, key) DO NOTHING",
            [scope, key, connection.ops.adapt_datetimefield_value(timezone.now())],
        )
        return cursor.rowcount == 1


def first_of(scope: str, results: Mapping[str, str]) -> set[str]:
    """Of many acts that are asked for together, each with what it will answer, the keys that never asked for one: written down in the
    transaction of the acts, in order, so that two who write several never wait for each other in a circle."""
    table, now = IdempotencyKey._meta.db_table, connection.ops.adapt_datetimefield_value(timezone.now())
    rows, fresh = sorted(results.items()), set()
    with connection.cursor() as cursor:
        for first in range(0, len(rows), EVENTS_A_STATEMENT):
            some = rows[first : first + EVENTS_A_STATEMENT]
            cursor.execute(
                f"INSERT INTO {table} (scope, key, result, created_at) VALUES {', '.join(['(%s, %s, %s, %s)'] * len(some))} "  # noqa: S608
                "ON CONFLICT (scope, key) DO NOTHING RETURNING key",
                [value for key, result in some for value in (scope, key, result, now)],
            )
            fresh |= {key for (key,) in cursor.fetchall()}
    return fresh


def results_of(scope: str, keys: Iterable[str]) -> dict[str, str]:
    """What acts answered whose keys stand there."""
    return dict(IdempotencyKey.objects.filter(scope=scope, key__in=set(keys)).values_list("key", "result"))


def forget_keys(scope: str, keys: Iterable[str]) -> None:
    """Acts that were refused after their keys were written down, in the same transaction: they may be asked for again."""
    IdempotencyKey.objects.filter(scope=scope, key__in=set(keys)).delete()


TOPICS_CHANNEL = "tongban_topics"


def touch(*names: str) -> None:
    """What live pages on these topics show has changed. PostgreSQL tells those who listen, once a transaction, when it commits.

    Counted once a transaction, however many of its acts touch a name: nobody sees anything between.
    """
    fresh = _not_counted_yet(names)
    if not fresh:
        return
    table = Topic._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"NOTIFY {TOPICS_CHANNEL}")
        cursor.execute(
            f"INSERT INTO {table} (name, version) VALUES {', '.join(['(%s, 1)'] * len(fresh))} "  # noqa: S608
            f"ON CONFLICT (name) DO UPDATE SET version = {table}.version + 1",
            fresh,
        )


@dataclasses.dataclass
class _Counted:
    """Kept with what is done after the commit: it goes when the savepoint is taken back in which the names were counted."""

    names: frozenset[str]

    def __call__(self) -> None:
        """Nothing more to do: counted in the transaction."""


@dataclasses.dataclass
class _Held:
    """What `_Counted` keeps, by name, so that a long transaction does not go through all of it at each touch."""

    kept: list  # Django makes a new list with every commit and whenever a savepoint is taken back
    seen: int = 0
    counted: dict[str, list[set]] = dataclasses.field(default_factory=dict)

    @classmethod
    def now(cls) -> "_Held":
        held: _Held | None = getattr(connection, "topics_held", None)
        if held is None or held.kept is not connection.run_on_commit or held.seen > len(held.kept):
            held = connection.topics_held = cls(connection.run_on_commit)  # type: ignore[attr-defined]
        for savepoints, call, *_more in held.kept[held.seen :]:
            if isinstance(call, _Counted):
                for name in call.names:
                    held.counted.setdefault(name, []).append(savepoints)
        held.seen = len(held.kept)
        return held


def _not_counted_yet(names: Iterable[str]) -> list[str]:
    """In order, so that two who count several names never wait for each other in a circle."""
    if not connection.in_atomic_block:
        return sorted(set(names))
    inside = set(connection.savepoint_ids)
    held = _Held.now()
    fresh = sorted(name for name in set(names) if not any(one <= inside for one in held.counted.get(name, ())))
    if fresh:
        transaction.on_commit(_Counted(frozenset(fresh)))
    return fresh


def place_of(name: str) -> int:
    """Where a duty that goes through something in slices stopped; 0 at the beginning."""
    return Topic.objects.filter(name=name).values_list("version", flat=True).first() or 0


def keep_place(name: str, place: int) -> None:
    Topic.objects.update_or_create(name=name, defaults={"version": place})


def enqueue_many(kind: str, payloads: Iterable[dict[str, Any]]) -> None:
    """Many errands of one kind, in one statement."""
    now = timezone.now()
    written.insert_all(Job(kind=kind, payload=payload, run_at=now) for payload in payloads)


# -- the chain

COVERED = {
    Event: ("at", "kind", "subject", "actor_kind", "actor", "role", "department", "payload"),
    ReadEntry: ("at", "reader", "reader_name", "role", "department", "of_party", "about", "purpose", "fields"),
}
# columns that came later: covered where they say something, so that the codes of older rows still hold
COVERED_LATER = {Event: ("once",), ReadEntry: ("law_code", "hidden_until", "once")}


def _content(row) -> bytes:
    values = {name: getattr(row, name) for name in COVERED[type(row)]}
    values |= {name: value for name in COVERED_LATER[type(row)] if (value := getattr(row, name))}
    for name, value in values.items():
        if isinstance(value, datetime):
            values[name] = f"{value.timestamp():.6f}"  # microseconds, as both databases give it back
    return orjson.dumps(values, option=orjson.OPT_SORT_KEYS)


def content_of(row) -> str:
    """What the code of a row is made over."""
    return _content(row).decode()


def code_of(row) -> str:
    """The keyed code over what a row says; made with a key that never lies in the database."""
    return blind_index(content_of(row), f"journal.{type(row).__name__}")


def is_as_written(row) -> bool:
    """Does the row say what was written; of a row out of which a person was taken: what was left of it then?"""
    if row.blanked:
        return hmac.compare_digest(row.blanked, _code_of_rest(row))
    return hmac.compare_digest(row.code, code_of(row))


def _code_of_rest(row) -> str:
    return blind_index(f"{row.code}|{content_of(row)}", f"journal.blanked.{type(row).__name__}")


def blank(rows: Iterable[Event | ReadEntry], **changes) -> int:
    """Take a person out of rows of the log, when the law says that nothing may name them any more.

    The row's own code and its place in the chain stay, so that nothing can be taken out; what is left gets a code of its own, made
    with the same key outside the database. Whoever changes a row without that key is found as before.
    """
    blanked = 0
    for row in rows:
        if all(getattr(row, name) == value for name, value in changes.items()):
            continue
        if not is_as_written(row):  # what was tampered with is evidence: blanking it would make it look right
            log.error("a row of the log is not what was written; it is left as it is", row=row.pk)
            continue
        for name, value in changes.items():
            setattr(row, name, value)
        row.blanked = _code_of_rest(row)
        row.save(update_fields=[*changes, "blanked"])
        blanked += 1
    return blanked


def seal_chain(limit: int = 2000) -> int:
    """Give committed rows their place in the chain, oldest first. Only one hand at a time: the worker holds the lease for it."""
    sealed = 0
    model: Any
    for model in (Event, ReadEntry):
        with transaction.atomic():
            last = model.objects.filter(position__isnull=False).order_by("-position").first()
            if connection.features.has_select_for_update and last is not None:
                model.objects.select_for_update().get(pk=last.pk)
            position, chain = (last.position, last.chain) if last else (0, "")
            rows = list(model.objects.filter(position__isnull=True).order_by("id").values_list("pk", "code")[:limit])
            places = []
            for pk, code in rows:
                position += 1
                chain = link(chain, position, code)
                places.append((position, chain, pk))
            if places:
                table = model._meta.db_table
                with connection.cursor() as cursor:
                    cursor.executemany(f"UPDATE {table} SET position = %s, chain = %s WHERE id = %s", places)  # noqa: S608
            sealed += len(rows)
    return sealed


def link(before: str, position: int, code: str) -> str:
    return blind_index(f"{before}|{position}|{code}", "journal.chain")


@dataclasses.dataclass(frozen=True)
class Broken:
    table: str
    row: int
    position: int | None
    reason: str


def verify_log(
    progress: Callable[[int], None] = lambda done: None,
    *,
    anchored: Iterable[anchors.Anchor] = (),
    witnessed: Iterable[witness.Seen] = (),
) -> Broken | None:
    """Walk both chains from the first row; answer the first row that is not what was written, or None when all is well.

    `anchored` are heads that were written down outside the database: a chain that ends before one of them was cut. `witnessed`
    are rows that were named there when they were committed: one that is not there now was taken out.
    """
    witnessed = list(witnessed)  # before the rows are looked at
    known = anchors.by_table(anchored)
    for table, heads in known.items():
        for anchor in heads.values():
            if not anchor.genuine:
                return Broken(table, 0, anchor.position, "an anchor outside the database was changed")
    for model in (Event, ReadEntry):
        broken = _first_broken(model, progress, known.get(model._meta.db_table, {}))
        if broken is not None:
            return broken
        for lost in witness.gone(one for one in witnessed if one.table == model._meta.db_table):
            return Broken(lost.table, lost.row, None, "the row was taken out, or another one put in its place")
    return None


def _first_broken(model: Any, progress: Callable[[int], None], heads: dict[int, anchors.Anchor]) -> Broken | None:
    table = model._meta.db_table
    expected, chain, new = 0, "", False
    for row in model.objects.filter(position__isnull=False).order_by("position").iterator(chunk_size=2000):
        expected += 1
        progress(1)
        if row.position != expected:
            return Broken(table, row.pk, row.position, f"row {expected} of the chain is missing")
        if not is_as_written(row):
            return Broken(table, row.pk, row.position, "the content was changed")
        chain = link(chain, row.position, row.code)
        if not hmac.compare_digest(row.chain, chain):
            return Broken(table, row.pk, row.position, "the chain is broken here")
        if new and not row.once:
            return Broken(table, row.pk, expected, "a copy of another row was put in")
        new = new or bool(row.once)
        if expected in heads and not hmac.compare_digest(heads[expected].chain, chain):
            return Broken(table, row.pk, expected, f"the chain was another one on {heads[expected].at}")
    for row in model.objects.filter(position__isnull=True).order_by("id").iterator(chunk_size=2000):
        progress(1)
        if not is_as_written(row):
            return Broken(table, row.pk, None, "the content was changed")
        if new and not row.once:
            return Broken(table, row.pk, None, "a copy of another row was put in")
        new = new or bool(row.once)
    # rows from before there was `once` may say the same at the same moment; newer ones never do
    twice = (
        model.objects.exclude(once="").values("code").annotate(times=Count("pk"), last=Max("pk")).filter(times__gt=1)
    )
    if (copy := twice.order_by("last").first()) is not None:
        return Broken(table, copy["last"], None, "a copy of another row was put in")
    longest = max(heads, default=0)
    if longest > expected:
        return Broken(
            table, 0, expected + 1, f"rows at the end are missing: on {heads[longest].at} there were {longest}"
        )
    seal = Topic.objects.filter(name=f"chain:{table}").first()
    if seal is not None and seal.version > expected:
        return Broken(table, 0, expected + 1, "rows at the end of the chain are missing")
    return None


# -- the worker's side


def lease_jobs(limit: int, now: datetime, worker: str = "", *, slow: bool | None = None) -> list[Job]:
    """Take up to `limit` waiting jobs for this worker alone, by one UPDATE that is the same on both databases.

    `worker` (at most 8 letters) begins the lease, so that its successor can give back what it held when it died. `slow` takes
    only those of slow carriers, or only the others; None takes all.
    """
    kinds = sorted(SLOW)
    which = ""
    if kinds and slow is not None:
        which = f" AND kind {'IN' if slow else 'NOT IN'} ({', '.join(['%s'] * len(kinds))})"
    elif slow:
        return []
    lease = worker + secrets.token_hex(12)
    locking = " FOR UPDATE SKIP LOCKED" if connection.vendor == "postgresql" else ""
    outward = sorted(OUTWARD) or [""]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE journal_job SET leased_until = %s, lease = %s, tries = tries + 1 WHERE id IN ("  # noqa: S608
            "SELECT id FROM journal_job WHERE state = 'waiting' AND run_at <= %s"
            " AND (leased_until IS NULL OR leased_until < %s)"
            + which
            + f" AND (kind NOT IN ({', '.join(['%s'] * len(outward))})"  # noqa: S608
            " OR NOT EXISTS (SELECT 1 FROM journal_heartbeat WHERE part = %s)) ORDER BY run_at, id LIMIT %s"
            + locking
            + ") RETURNING id",
            [now + LEASE, lease, now, now, *(kinds if which else ()), *outward, HELD, limit],
        )
        ids = [row[0] for row in cursor.fetchall()]
    return list(Job.objects.filter(pk__in=ids, lease=lease).select_related("event").order_by("run_at", "id"))


def carry_out(job: Job) -> bool:
    """Do one leased job. True when done. A failure waits five minutes and tries again, 48 times, then is parked and shown."""
    function = CARRIERS.get(job.kind)
    try:
        if function is None:
            raise Refused(f"nobody carries out {job.kind}")
        if job.event is not None:
            function(EVENTS[job.event.kind](**job.event.payload))
        else:
            function(**job.payload)
    except Refused as refusal:
        _settle(job, state=Job.PARKED, last_error=str(refusal)[:2000])
        log.warning("job refused", job=job.pk, kind=job.kind, reason=str(refusal)[:200])
        return False
    except Exception as failure:
        error = f"{type(failure).__name__}: {failure}"[:2000]
        if job.tries >= TRIES_AT_MOST:
            _settle(job, state=Job.PARKED, last_error=error)
            log.error("job parked", job=job.pk, kind=job.kind, error=error[:200])
        else:
            wait = timedelta(seconds=2) if job.tries == 1 else timedelta(minutes=MINUTES_BETWEEN_TRIES)
            _settle(job, run_at=timezone.now() + wait, leased_until=None, last_error=error)
            log.warning("job failed", job=job.pk, kind=job.kind, tries=job.tries, error=error[:200])
        return False
    _settle(job, state=Job.DONE, done_at=timezone.now(), leased_until=None, last_error="")
    return True


def _settle(job: Job, **changes) -> None:
    """Only the hand that holds the lease writes the outcome; a worker that was thought dead finds its lease gone."""
    Job.objects.filter(pk=job.pk, lease=job.lease).update(**changes)


DEATHS_BEFORE_WAITING = 5


def give_back(worker: str, now: datetime) -> int:
    """The worker of this name has died and its successor begins: what it had leased is free at once, not after two minutes.

    The job in hand at one death after the other may be their cause: it waits like one that failed, and is parked in the end. Those
    that had not begun are not to blame.
    """
    if not worker:
        return 0
    held = Job.objects.filter(state=Job.WAITING, leased_until__isnull=False, lease__startswith=worker)
    in_hand = {
        lease: pk for pk, lease in held.order_by("-run_at", "-id").values_list("pk", "lease")
    }  # the first of each lease
    suspects = held.filter(pk__in=in_hand.values())
    given_back = held.exclude(pk__in=in_hand.values()).update(tries=F("tries") - 1, leased_until=None)
    suspects.filter(tries__gte=TRIES_AT_MOST).update(
        state=Job.PARKED, last_error="the worker died each time it did this"
    )
    suspects.filter(tries__gte=DEATHS_BEFORE_WAITING).update(
        run_at=now + timedelta(minutes=MINUTES_BETWEEN_TRIES), leased_until=None
    )
    return given_back + suspects.update(leased_until=None)


@event
class InstallationRestored:
    """Everything after `taken_at` is lost here: what was told and numbered since then is known only to those who were told."""

    backup: str
    taken_at: str


def hold_outward(why: str) -> None:
    """After a restore errands to the outside wait until somebody has looked: some were carried out already, after the backup."""
    Heartbeat.objects.update_or_create(part=HELD, defaults={"at": timezone.now(), "note": why[:200]})


def outward_held() -> str:
    """Why errands to the outside wait, or "" when they go out."""
    return Heartbeat.objects.filter(part=HELD).values_list("note", flat=True).first() or ""


def release_outward(*, forget: bool = False) -> int:
    """Errands to the outside go out again; with `forget` those that waited are parked and never sent. Returns how many waited."""
    with transaction.atomic():
        Heartbeat.objects.filter(part=HELD).delete()
        waiting = Job.objects.filter(state=Job.WAITING, kind__in=OUTWARD)
        if forget:
            return waiting.update(state=Job.PARKED, last_error="held after a restore, and not sent")
        return waiting.count()


def work_once(limit: int = 20, worker: str = "", *, slow: bool | None = None) -> int:
    """Lease and do what is due now; answer how many jobs were taken. Call again at once while it answers more than 0."""
    jobs = lease_jobs(limit, timezone.now(), worker, slow=slow)
    for job in jobs:
        carry_out(job)
    return len(jobs)


def beat(part: str, note: str = "") -> None:
    """A sign of life, for /healthz."""
    Heartbeat.objects.update_or_create(part=part, defaults={"at": timezone.now(), "note": note})


def tidy(now: datetime) -> int:
    """Done jobs and idempotency keys older than 30 days go; what happened stays in the events."""
    month_ago = now - timedelta(days=30)
    gone, _kinds = Job.objects.filter(state=Job.DONE, done_at__lt=month_ago).delete()
    keys, _kinds = IdempotencyKey.objects.filter(created_at__lt=month_ago).delete()
    return gone + keys


def note_chain_length() -> None:
    """Write how long the chains are, so that rows cut off their end are missed."""
    for model in (Event, ReadEntry):
        length = model.objects.aggregate(length=Max("position"))["length"] or 0
        name = f"chain:{model._meta.db_table}"
        if not Topic.objects.filter(name=name, version__lte=length).update(version=length):
            Topic.objects.bulk_create([Topic(name=name, version=length)], ignore_conflicts=True)


@dataclasses.dataclass(frozen=True)
class Rhythm:
    """Something the worker does regularly: its name, how often, what. Each turn is one errand that only one worker does."""

    name: str
    every: timedelta
    do: Callable[[], Any]


RHYTHMS: dict[str, Rhythm] = {}


def every(name: str, interval: timedelta):
    """Register a regular duty of the worker."""

    def entered(function):
        RHYTHMS[name] = Rhythm(name, interval, function)
        return function

    return entered


def keep_time(now: datetime | None = None) -> int:
    """Do the duties whose turn has come. A turn belongs to whoever wrote the heartbeat of its slot first."""
    now = now or timezone.now()
    done = 0
    for rhythm in RHYTHMS.values():
        slot = int(now.timestamp() // rhythm.every.total_seconds())
        part = f"duty:{rhythm.name}"
        row, _made = Heartbeat.objects.get_or_create(part=part, defaults={"at": now, "note": ""})
        if row.note == str(slot):
            continue
        if not Heartbeat.objects.filter(part=part, note=row.note).update(at=now, note=str(slot)):
            continue
        try:
            rhythm.do()
            done += 1
        except Exception as failure:
            log.error("duty failed", duty=rhythm.name, error=f"{type(failure).__name__}: {failure}"[:300])
    return done


@every("seal the chain", timedelta(seconds=5))
def _seal() -> None:
    while seal_chain() >= 2000:
        pass
    note_chain_length()
    witness.steady()


@event
class LogRowsMissing:
    """Rows of the log were in the database when they were committed, and are not there any more."""

    table: str
    rows: list[int]


def anchor_folder() -> Path:
    return witness.folder()


@every("anchor the chain", timedelta(minutes=1))
def _anchor() -> None:
    now = timezone.now()
    anchors.write(anchor_folder(), now)
    miss_rows(now)


def miss_rows(now: datetime) -> int:
    """What was taken out of the log before it had its place is logged and told upward. Returns how many rows."""
    lost = witness.settle(now)
    for table in sorted({one.table for one in lost}):
        rows = [one.row for one in lost if one.table == table]
        log.error("rows of the log are missing", table=table, rows=rows[:20], number=len(rows))
        with transaction.atomic():
            record(LogRowsMissing(table=table, rows=rows[:100]), subject="log", actor=PLATFORM)
    return len(lost)


@every("tidy the journal", timedelta(hours=6))
def _tidy() -> None:
    tidy(timezone.now())


__all__ = ["PLATFORM", "Actor", "Refused", "event", "on", "record"]
