"""Lists at 10,000 and 200,000 cases: a person's own cases and an officer's queue, first, middle and last page.

    python bench/lists.py [asks]

The rows are copied in bulk from a case made by the product's own acts (encrypted answers left out), spread over states, due days, departments and
applicants; one person has 2,000 of them, one department a tenth. Wanted: flat from the first page to the last, the same number of queries, no
counting. Peer of the same run: OFFSET paging of the same queue on a bare connection, which is what a list does that counts its pages.
"""

import re
import sqlite3
import sys
import time

from measuring import InProcess, a_district, share, signed_in, table

SIZES = (10_000, 200_000)
OWN = 2_000


def main(asks: int) -> None:
    with a_district() as var:
        from tongban.cases import queries as cases
        from tongban.departments.models import Officer
        from tongban.parties.models import Account

        pages = InProcess()
        account = Account.objects.select_related("person").get(login="wang-anhui")
        officer = Officer.objects.select_related("account", "department").get(account__login="amr-review")
        template = _one_case(account)
        rows, standing = [], 0
        for size in SIZES:
            began = time.monotonic()
            _grow(var / "tongban.sqlite3", template, standing, size, account.person_id, officer.department_id)
            standing, filled = size, time.monotonic() - began
            citizen, staff = signed_in(account), signed_in(officer.account)
            own = list(cases.of(account.person).values_list("pk", flat=True))
            keys = _queue_keys(cases, officer)
            places = {
                "own cases": ("/my/cases/", citizen, {"first": "", "middle": f"?before={own[len(own) // 2]}", "last": f"?before={own[-10]}"}),
                "officer's queue": ("/office/?tab=review", staff, {"first": "", "middle": f"&after={keys[len(keys) // 2]}", "last": f"&after={keys[-10]}"}),
                "what is done": ("/office/?tab=done", staff, {"first": ""}),
            }  # fmt: skip
            for name, (path, cookie, where) in places.items():
                for place, more in where.items():
                    status, _head, body = pages.ask(path + more, cookie)
                    if status != 200:
                        print(f"{path}{more} answers {status}", file=sys.stderr)
                        continue
                    statements = pages.queries(path + more, cookie)
                    took = []
                    for _ask in range(asks):
                        start = time.thread_time()
                        pages.ask(path + more, cookie)
                        took.append((time.thread_time() - start) * 1000)
                    counting = sum("COUNT(" in one and "site_cache" not in one for one in statements)
                    in_sql = _in_sql(var / "tongban.sqlite3", statements)
                    rows.append(
                        [f"{name}, {place}", size, len(statements), counting, in_sql, share(took, 50), share(took, 95)]
                    )
            for place, offset in (("first", 0), ("last", len(keys) - 25)):
                rows.append(
                    [
                        f"peer: OFFSET, {place}",
                        size,
                        2,
                        1,
                        _by_offset(var / "tongban.sqlite3", officer.department_id, offset, asks),
                        "",
                        "",
                    ]
                )
        table(
            "Lists (CPU of a page in the process)",
            ["list, page", "cases", "queries", "counting", "SQL ms", "p50 ms", "p95 ms"],
            rows,
            f"Filling the last {SIZES[-1] - SIZES[0]:,} took {filled:.0f} s. SQL: all statements of the page on a bare connection. Wanted: p95 under 30 ms, flat.",
        )


def _one_case(account) -> dict:
    """A case as the product writes it, as a row to be copied."""
    import random

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
        return dict(zip([column[0] for column in cursor.description], cursor.fetchone(), strict=True))


def _grow(database, row: dict, standing: int, size: int, person: int, department: int) -> None:
    """Copies number standing+1 to size: a fifth closed, the rest in review, received and pre-review, due within sixty days."""
    line = sqlite3.connect(database, isolation_level=None, timeout=30)
    today = "date('now', printf('%+d days', (n * 7919) % 60 - 5))"
    others = [one for (one,) in line.execute("SELECT id FROM parties_party WHERE id <> ?", (person,))]
    elsewhere = [one for (one,) in line.execute("SELECT id FROM departments_department WHERE id <> ?", (department,))]
    officers = [one for (one,) in line.execute("SELECT id FROM departments_officer")]
    values = {name: f":{name}" for name in row if name != "id"}
    values |= {
        "ref": "printf('b%011d', n)",
        "number": "printf('310107%012d', n)",
        "state": "CASE n % 5 WHEN 0 THEN 'closed' WHEN 1 THEN 'received' WHEN 2 THEN 'pre_review' ELSE 'under_review' END",
        "decision": "CASE n % 5 WHEN 0 THEN 'granted' ELSE '' END",
        "decided_at": "CASE n % 5 WHEN 0 THEN :submitted_at ELSE NULL END",
        "next_due": f"CASE n % 5 WHEN 0 THEN NULL ELSE {today} END",
        "applicant_id": f"CASE WHEN n <= {OWN} THEN {person} ELSE (SELECT value FROM json_each(:others) WHERE key = n % {len(others)}) END",
        "department_id": f"CASE WHEN n % 10 = 3 OR n % 100 = 0 THEN {department} ELSE (SELECT value FROM json_each(:elsewhere) WHERE key = n % {len(elsewhere)}) END",
        "claimed_by_id": "CASE WHEN n % 5 > 2 AND n % 50 < 40 THEN (SELECT value FROM json_each(:officers) WHERE key = n % json_array_length(:officers)) END",
        "values": ":values", "rules_trace": ":rules_trace",
    }  # fmt: skip
    line.execute("BEGIN IMMEDIATE")
    line.execute(
        f"WITH RECURSIVE counted(n) AS (SELECT {standing + 1} UNION ALL SELECT n + 1 FROM counted WHERE n < {size}) "
        f"INSERT INTO cases_case ({', '.join(chr(34) + name + chr(34) for name in values)}) SELECT {', '.join(values.values())} FROM counted",
        {**row, "others": str(others), "elsewhere": str(elsewhere), "officers": str(officers)},
    )
    line.execute("COMMIT")
    line.close()


def _queue_keys(cases, officer) -> list[str]:
    """Where each row of the officer's review queue stands, in the queue's own order."""
    rows = cases.waiting_for(officer, "review").select_related(None).order_by("next_due", "pk")
    return [str(cases.QueueKey(due, pk)) for due, pk in rows.values_list("next_due", "pk")]


def _in_sql(database, statements: list[str]) -> float:
    line = sqlite3.connect(f"file:{database}?mode=ro", uri=True, isolation_level=None)
    selects = [one for one in statements if one.startswith("SELECT")]
    took = []
    for _round in range(5):
        start = time.thread_time()
        for one in selects:
            line.execute(re.sub(r"^QUERY = '|'$", "", one)).fetchall()
        took.append((time.thread_time() - start) * 1000)
    line.close()
    return share(took, 50)


def _by_offset(database, department: int, offset: int, asks: int) -> float:
    line = sqlite3.connect(f"file:{database}?mode=ro", uri=True, isolation_level=None)
    took = []
    where = "FROM cases_case WHERE department_id = ? AND state IN ('accepted', 'under_review')"
    for _ask in range(min(asks, 25)):
        start = time.thread_time()
        line.execute(f"SELECT count(*) {where}", (department,)).fetchone()
        line.execute(f"SELECT * {where} ORDER BY next_due, id LIMIT 25 OFFSET ?", (department, offset)).fetchall()
        took.append((time.thread_time() - start) * 1000)
    line.close()
    return share(took, 50)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
