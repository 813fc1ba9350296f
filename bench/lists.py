"""Lists at a million cases: a person's own cases, every queue of an officer, a case by its number, and who has read my data.

    python bench/lists.py [asks [size ...]]                                     20 asks at 10,000 and 200,000 cases
    python bench/lists.py 20 1000000 5000000                                    some minutes, 3 GB a million
    python tools/with_postgres.py python bench/lists.py 20 1000000 5000000      the same on PostgreSQL

The rows are copied in bulk from a case made by the product's own acts, spread over states, due days, departments and applicants; with them
as many rows of the journal and of the read log. One person has 2,000 cases and is read of 2,000 times; one department has a tenth of
all. Of what is under review one in seven has an opinion; nobody has written one in the "empty" rows: the queue of the approver is then
empty while a hundred thousand stand in the reviewers'. Wanted: flat from the first page to the last, the same number of queries, no
counting. Peer of the same run: OFFSET paging of the same queue on a bare connection, which is what a list does that counts its pages.
"""

import contextlib
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator

import django
from measuring import ROOT, InProcess, a_district, share, signed_in, table

SIZES = (10_000, 200_000)
OWN = 2_000


def main(asks: int, sizes: tuple[int, ...]) -> None:
    with a_house() as vendor:
        from tongban.cases import queries as cases
        from tongban.departments.models import Officer
        from tongban.parties.models import Account

        pages = InProcess()
        account = Account.objects.select_related("person").get(login="wang-anhui")
        officers = {
            name: Officer.objects.select_related("account", "department").get(account__login=name)
            for name in ("amr-review", "amr-approve", "window", "issuing", "coordinator")
        }
        reviewer = officers["amr-review"]
        template = _one_case(account)
        rows, peers, standing = [], [], 0
        for size in sizes:
            began = time.monotonic()
            _grow(vendor, template, standing, size, account, reviewer.department_id)
            standing, filled = size, time.monotonic() - began
            print(f"{vendor}: {size:,} cases stand after {filled:.0f} s", file=sys.stderr, flush=True)
            for name, path, who in _places(cases, account, officers):
                rows.append([name, size, *_measured(pages, path, signed_in(who), asks)])
            keys = _keys(cases, reviewer, "review")
            peers += [
                [f"OFFSET, {place}", size, _by_offset(reviewer.department_id, offset)]
                for place, offset in (("first", 0), ("last", max(0, len(keys) - 25)))
            ]
            if size > 500_000:
                with _without_opinions():
                    for name, path, who in _places(cases, account, officers, empty=True):
                        rows.append([name, size, *_measured(pages, path, signed_in(who), asks)])
        table(
            f"Lists on {vendor} (a page in the process; CPU is this process's, so on PostgreSQL without the server's)",
            ["list, page", "cases", "queries", "counting", "SQL ms", "CPU p50", "CPU p95", "p50 ms", "p95 ms"],
            rows,
            "SQL: what the database needed for all statements of the page, on the clock. Wanted: p95 under 30 ms, flat.",
        )
        table("Peer", ["the same queue", "cases", "ms"], peers)


@contextlib.contextmanager
def a_house() -> Iterator[str]:
    """The district on a SQLite file of its own, or built in the empty database that DATABASE_URL names."""
    if not os.environ.get("DATABASE_URL"):
        with a_district():
            yield "SQLite"
        return
    with tempfile.TemporaryDirectory(prefix="tongban-bench-") as var:
        os.environ |= {"TONGBAN_VAR": var, "DJANGO_SETTINGS_MODULE": "tongban.site.settings", "TONGBAN_DEMO": "1"}
        os.environ.pop("TONGBAN_KEYS", None)
        subprocess.run(
            [sys.executable, ROOT / "bench" / "measuring.py", "--make"], check=True, stdout=subprocess.DEVNULL
        )
        django.setup()
        yield "PostgreSQL"


def _places(cases, account, officers, *, empty: bool = False) -> Iterator[tuple[str, str, object]]:
    """(what is measured, its address, who asks)"""
    from tongban.journal import queries as journal

    if empty:
        yield "queue to decide, nothing in it", "/office/?tab=decision", officers["amr-approve"].account
        return
    own = list(cases.of(account.person).values_list("pk", flat=True))
    yield "own cases, first", "/my/cases/", account
    yield "own cases, middle", f"/my/cases/?before={own[len(own) // 2]}", account
    yield "own cases, last", f"/my/cases/?before={own[-10]}", account
    reads = list(journal.reads_of(account.person_id).values_list("pk", flat=True))
    yield "who has read me, first", "/account/reads/", account
    yield "who has read me, last", f"/account/reads/?before={reads[-10]}", account
    tabs = {"amr-review": ("review", "waiting", "done"), "amr-approve": ("decision", "done"), "window": ("intake", "waiting", "done"),
            "issuing": ("issuing",), "coordinator": ("review", "waiting", "done")}  # fmt: skip
    for who, ofwhom in tabs.items():
        for tab in ofwhom:
            ends = _ends(cases, officers[who], tab)
            for place, more in {"first": "", **ends}.items():
                yield f"{who}: {tab}, {place}", f"/office/?tab={tab}{more}", officers[who].account
    for light in ("late", "later"):
        yield f"amr-review: review, {light}", f"/office/?tab=review&light={light}", officers["amr-review"].account
    yield "amr-review: review, on nobody's desk", "/office/?tab=review&free=1", officers["amr-review"].account
    yield (
        "amr-review: review, a matter nobody asked for",
        f"/office/?tab=review&matter={_unasked(officers)}",
        officers["amr-review"].account,
    )
    yield "own desk", "/office/desk/", officers["amr-review"].account
    from tongban.cases.models import Case

    number = Case.objects.filter(pk=own[len(own) // 2]).values_list("number", flat=True).get()
    yield "find, by number", f"/office/find/?number={number}", officers["coordinator"].account
    yield "find, not there", "/office/find/?number=310107000000000000", officers["coordinator"].account


def _unasked(officers) -> str:
    from tongban.matters.models import Matter

    department = officers["amr-review"].department_id
    return Matter.objects.filter(department=department).exclude(slug="tax-paid-proof").values_list("slug", flat=True)[0]


def _ends(cases, officer, tab: str) -> dict[str, str]:
    """Middle and last page of a queue, by the keys that paging would have reached."""
    keys = _keys(cases, officer, tab)
    if len(keys) < 100:
        return {}
    return {"middle": f"&after={keys[len(keys) // 2]}", "last": f"&after={keys[-10]}"}


def _keys(cases, officer, tab: str) -> list:
    """Where each row of a queue stands, in the queue's own order: read once, outside what is measured."""
    from django.db.models import F

    rows = cases.waiting_for(officer, tab).select_related(None)
    if tab == "done":
        return [cases.QueueKey(None, pk) for pk in rows.order_by("-pk").values_list("pk", flat=True)]
    rows = rows.order_by(F("next_due").asc(nulls_last=True), "pk")
    return [cases.QueueKey(due, pk) for due, pk in rows.values_list("next_due", "pk")]


def _measured(pages, path: str, cookie: str, asks: int) -> list:
    from django.db import connection

    status, _head, body = pages.ask(path, cookie)
    if status not in (200, 302, 404):
        raise RuntimeError(f"{path} answers {status}: {body[:500]!r}")
    statements = pages.queries(path, cookie)
    counting = sum("COUNT(" in one and "site_cache" not in one for one in statements)
    spent: list[float] = []

    def watched(execute, sql, params, many, context):
        start = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            spent[-1] += (time.perf_counter() - start) * 1000

    cpu, clock = [], []
    with connection.execute_wrapper(watched):
        for _ask in range(asks):
            spent.append(0.0)
            at, start = time.perf_counter(), time.thread_time()
            pages.ask(path, cookie)
            cpu.append((time.thread_time() - start) * 1000)
            clock.append((time.perf_counter() - at) * 1000)
    return [
        len(statements),
        counting,
        share(spent, 50),
        share(cpu, 50),
        share(cpu, 95),
        share(clock, 50),
        share(clock, 95),
    ]


def _one_case(account) -> dict:
    """A case as the product writes it, as a row to be copied."""
    from django.db import connection
    from django.utils import timezone

    from tongban.cases import services
    from tongban.cases.models import Case
    from tongban.matters.models import Matter
    from tongban.site.demonstration.answers import fill

    case = services.begin(Matter.objects.get(slug="tax-paid-proof"), party=account.person, account=account)
    given = fill(case, random.Random(1), timezone.localdate())
    case = services.save(case, given, revision=case.revision, account=account, step="check")
    services.submit(case, account=account, level=3, key="one")
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {Case._meta.db_table} WHERE id = %s", [case.pk])
        row = dict(zip([column[0] for column in cursor.description], cursor.fetchone(), strict=True))
    return {name: json.dumps(value) if isinstance(value, (list, dict)) else value for name, value in row.items()}


STATES = """CASE n % 20 WHEN 0 THEN 'received' WHEN 1 THEN 'pre_review' WHEN 2 THEN 'accepted' WHEN 3 THEN 'under_review' WHEN 4 THEN
'under_review' WHEN 5 THEN 'under_review' WHEN 6 THEN 'correction_requested' WHEN 7 THEN 'suspended' WHEN 8 THEN 'approved'
WHEN 9 THEN 'ready' WHEN 10 THEN 'delivered' WHEN 11 THEN 'refused' WHEN 12 THEN 'withdrawn' ELSE 'closed' END"""
DIALECT = {
    "SQLite": {
        "numbers": "WITH RECURSIVE counted(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM counted WHERE n < {last})",
        "counted": "counted",
        "day": "date('now', '+' || ((n * 7919) % 60) || ' days', '-5 days')",
        "ref": "printf('b%011d', n)",
        "number": "printf('310107%012d', n)",
        "truth": "bool",
    },
    "PostgreSQL": {
        "numbers": "",
        "counted": "generate_series({first}, {last}) AS counted(n)",
        "day": "CURRENT_DATE + ((n::bigint * 7919) % 60)::int - 5",
        "ref": "'b' || lpad(n::text, 11, '0')",
        "number": "'310107' || lpad(n::text, 12, '0')",
        "truth": "boolean",
    },
}  # fmt: skip


def _grow(vendor: str, row: dict, standing: int, size: int, account, department: int) -> None:
    """Copies number standing+1 to size, with as many events and reads: half of the cases are over, the rest stand in every queue."""
    from django.db import connection

    from tongban.cases.models import Case
    from tongban.departments.models import Department, Officer
    from tongban.journal.models import Event, ReadEntry
    from tongban.parties.models import Party

    sql = DIALECT[vendor]
    picked = {
        "others": list(Party.objects.exclude(pk=account.person_id).order_by("pk").values_list("pk", flat=True)),
        "elsewhere": list(Department.objects.exclude(pk=department).order_by("pk").values_list("pk", flat=True)),
        "officers": list(Officer.objects.order_by("pk").values_list("pk", flat=True)),
    }
    over = f"{STATES} IN ('delivered', 'refused', 'withdrawn', 'closed')"
    reviewed = f"{STATES} = 'under_review' AND n % 7 = 0"
    opinion = Case._meta.get_field("opinion").get_db_prep_save("in order", connection)
    values = {name: "%s" for name in row if name != "id"}
    values |= {
        "ref": sql["ref"],
        "number": sql["number"],
        "state": STATES,
        "decision": f"CASE WHEN {over} OR {STATES} IN ('approved', 'ready') THEN 'granted' ELSE '' END",
        "decided_at": f"CASE WHEN {over} OR {STATES} IN ('approved', 'ready') THEN base.submitted_at ELSE NULL END",
        "next_due": f"CASE WHEN {over} THEN NULL ELSE {sql['day']} END",
        "opinion": f"CASE WHEN {reviewed} THEN '{opinion}' ELSE '' END",
        "reviewer_id": f"CASE WHEN {reviewed} THEN officers.id ELSE NULL END",
        "applicant_id": f"CASE WHEN n <= {OWN} THEN {account.person_id} ELSE others.id END",
        # a tenth by bits that have nothing to do with the state's
        "department_id": f"CASE WHEN (n / 20) % 10 = 3 THEN {department} ELSE elsewhere.id END",
        "claimed_by_id": "CASE WHEN n % 20 IN (3, 4) AND (n / 200) % 10 < 9 THEN officers.id ELSE NULL END",
    }
    names = [name for name in row if name != "id"]
    chosen = [values[name] if values[name] != "%s" else f'base."{name}"' for name in names]
    joined = " ".join(f"JOIN bench_{name} {name} ON {name}.at = n % {len(ids)}" for name, ids in picked.items())
    counted = sql["counted"].format(first=standing + 1, last=size)
    numbers = sql["numbers"].format(first=standing + 1, last=size)
    chained = "journal_event", "journal_readentry"
    with connection.cursor() as cursor:
        if vendor == "SQLite":
            cursor.execute("PRAGMA synchronous = OFF")
            cursor.execute("PRAGMA cache_size = -800000")
            cursor.execute("PRAGMA foreign_keys = OFF")
        else:
            cursor.execute("SET session_replication_role = replica")
            cursor.execute("SET maintenance_work_mem = '512MB'")
            cursor.execute("SET synchronous_commit = off")
        for name, ids in picked.items():
            cursor.execute(f"DROP TABLE IF EXISTS bench_{name}")
            cursor.execute(f"CREATE TEMPORARY TABLE bench_{name} (at integer PRIMARY KEY, id integer)")
            cursor.executemany(f"INSERT INTO bench_{name} VALUES (%s, %s)", list(enumerate(ids)))
        put_back = _put_aside(cursor, vendor, ["cases_case", *chained])
        cursor.execute(
            f"{numbers} INSERT INTO cases_case ({', '.join(chr(34) + name + chr(34) for name in names)}) "
            f"SELECT {', '.join(chosen)} FROM {counted} "
            f"{joined} JOIN cases_case base ON base.id = {row['id']}"
        )
        read = {
            "at": "base.submitted_at",
            "code": "'x'",
            "position": "NULL",
            "reader": "officers.id",
            "reader_name": f"'{ReadEntry._meta.get_field('reader_name').get_db_prep_save('Officer', connection)}'",
            "role": "'dept_reviewer'",
            "department": "'AMR'",
            "of_party": f"CASE WHEN n <= {OWN} THEN {account.person_id} ELSE others.id END",
            "about": "'case:' || n",
            "purpose": "'review'",
            "fields": '\'["name", "id_number"]\'',
        }
        told = {
            "at": "base.submitted_at",
            "code": "'x'",
            "position": "NULL",
            "kind": "'CaseSubmitted'",
            "subject": "'case:' || n",
            "actor_kind": "'applicant'",
            "role": "'applicant'",
            "payload": "'{}'",
        }
        for model, said in ((ReadEntry, read), (Event, told)):
            columns, chosen = _columns(model, said, sql["truth"])
            cursor.execute(
                f"{numbers} INSERT INTO {model._meta.db_table} ({columns}) SELECT {chosen} FROM {counted} {joined} "
                f"JOIN cases_case base ON base.id = {row['id']}"
            )
        for table_ in chained:
            cursor.execute(f"UPDATE {table_} SET position = id WHERE position IS NULL")
        for sentence in put_back:
            cursor.execute(sentence)
        cursor.execute("PRAGMA foreign_keys = ON" if vendor == "SQLite" else "SET session_replication_role = origin")
        if vendor == "PostgreSQL":
            for table_ in ("cases_case", *chained):
                cursor.execute(f"VACUUM ANALYZE {table_}")
        else:
            cursor.execute("PRAGMA cache_size = -2000")
            cursor.execute("PRAGMA synchronous = FULL")


def _columns(model, said: dict[str, str], truth: str) -> tuple[str, str]:
    """The columns of a model but its number, and what is chosen for each: what was said, else its default, else nothing (NULL or an empty text)."""
    from django.db import connection

    chosen = {}
    for field in model._meta.concrete_fields:
        if field.primary_key:
            continue
        default = field.get_default()
        if field.column in said:
            chosen[field.column] = said[field.column]
        elif default is None:
            chosen[field.column] = "NULL"
        elif isinstance(default, bool):
            chosen[field.column] = f"CAST({int(default)} AS {truth})"
        else:
            kept = field.get_db_prep_save(default, connection)
            chosen[field.column] = "'" + str(kept).replace("'", "''") + "'"
    return ", ".join(f'"{name}"' for name in chosen), ", ".join(chosen.values())


def _put_aside(cursor, vendor: str, tables: list[str]) -> list[str]:
    """Drops the indexes of these tables that no constraint needs; the sentences that make them again."""
    marks = ", ".join("%s" for _one in tables)
    if vendor == "SQLite":
        cursor.execute(
            f"SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN ({marks})",
            tables,
        )
    else:
        cursor.execute(
            f"SELECT indexname, indexdef FROM pg_indexes WHERE tablename IN ({marks}) AND NOT EXISTS "
            "(SELECT 1 FROM pg_constraint WHERE conname = indexname)",
            tables,
        )
    found = cursor.fetchall()
    for name, _sentence in found:
        cursor.execute(f'DROP INDEX "{name}"')
    return [sentence for _name, sentence in found]


@contextlib.contextmanager
def _without_opinions() -> Iterator[None]:
    """Until nobody has concluded anything, the approver's queue is empty."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("UPDATE cases_case SET opinion = '' WHERE opinion <> ''")
    yield


def _by_offset(department: int, offset: int) -> float:
    from django.db import connection

    took = []
    where = "FROM cases_case WHERE department_id = %s AND state IN ('accepted', 'under_review')"
    with connection.cursor() as cursor:
        for _ask in range(7):
            start = time.perf_counter()
            cursor.execute(f"SELECT count(*) {where}", [department])
            cursor.fetchone()
            cursor.execute(f"SELECT * {where} ORDER BY next_due, id LIMIT 25 OFFSET %s", [department, offset])
            cursor.fetchall()
            took.append((time.perf_counter() - start) * 1000)
    return share(took, 50)


if __name__ == "__main__":
    words = [int(word) for word in sys.argv[1:]]
    main(words[0] if words else 20, tuple(words[1:]) or SIZES)
