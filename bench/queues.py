"""Narrowed queues and counters of saved views at many cases: what each filter of an officer costs, against counting the same rows.

    python bench/queues.py [asks [size]]                             10 asks at 200,000 cases

The rows are those of `lists.py`; yellow days, channels, days of receipt and two labels (on 1,000 and on a tenth of all cases) are spread over
them. Wanted: p95 under 60 ms CPU for every filter, also one that hardly anything answers to, and no counting. Peer of the same run: COUNT(*)
of the reviewer's narrowed queue, which is what a counter costs that does not stop.
"""

import sys
import time

from lists import _grow, _measured, _one_case, a_house
from measuring import InProcess, signed_in, table


def main(asks: int, size: int) -> None:
    with a_house() as vendor:
        from django.db import connection

        from tongban.cases import queries as cases
        from tongban.cases import services
        from tongban.cases.models import Label
        from tongban.cases.queries import Wanted
        from tongban.departments.models import Officer
        from tongban.parties.models import Account

        pages, account = InProcess(), Account.objects.select_related("person").get(login="wang-anhui")
        officers = {
            login: Officer.objects.select_related("account", "department").get(account__login=login)
            for login in ("amr-review", "amr-approve", "window")
        }
        reviewer = officers["amr-review"]
        began = time.monotonic()
        _grow(vendor, _one_case(account), 0, size, account, reviewer.department_id)
        few, many = (Label.objects.create(department=reviewer.department, name=name) for name in ("few", "many"))
        _spread(connection, vendor, size, reviewer, {few.pk: size // 1_000 or 1, many.pk: 10})
        print(f"{vendor}: {size:,} cases stand after {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
        asked = {
            "whole": {}, "green": {"light": "green"}, "yellow": {"light": "yellow"}, "red": {"light": "red"}, "black": {"light": "black"},
            "mine": {"who": "mine"}, "a colleague's": {"who": "team"}, "label on 1,000": {"label": str(few.pk)},
            "label on a tenth": {"label": str(many.pk)}, "by post (one in 997)": {"channel": "post"}, "by phone (none)": {"channel": "phone_help"},
            "received on one day": {"since": "2026-03-03", "until": "2026-03-03"}, "a place": {"place": "310107"},
            "of a bundle (none)": {"bundle": "1"}, "second person": {"second": "1"},
        }  # fmt: skip
        rows = []
        for login, tab in (
            ("amr-review", "review"),
            ("amr-review", "all"),
            ("window", "intake"),
            ("amr-approve", "decision"),
        ):
            for name, words in asked.items():
                path = "/office/?" + "&".join(f"{key}={value}" for key, value in {"tab": tab, **words}.items())
                rows.append(
                    [f"{login}: {tab}, {name}", *_measured(pages, path, signed_in(officers[login].account), asks)]
                )
        head = ["queue", "queries", "counting", "SQL ms", "CPU p50", "CPU p95", "p50 ms", "p95 ms"]
        table(f"Narrowed queues on {vendor} at {size:,}", head, rows, "Wanted: CPU p95 under 60 ms, nothing counted.")
        for number, (name, words) in enumerate(asked.items()):
            if number < 12:
                services.save_view(reviewer, name=name, asked={"tab": "review"} | words, shared=False)
        path = "/office/?tab=review"
        table(
            "With twelve saved views and their counters",
            head,
            [["amr-review", *_measured(pages, path, signed_in(reviewer.account), asks)]],
        )
        peers = []
        for name in ("green", "by post (one in 997)", "label on a tenth"):
            wanted = Wanted.read(asked[name])
            ours = _on_the_clock(lambda wanted=wanted: cases.count_wanted(reviewer, "review", wanted))
            whole = _on_the_clock(
                lambda wanted=wanted: wanted.of(cases.waiting_for(reviewer, "review"), _today()).count()
            )
            peers.append([name, ours, whole])
        table("One counter", ["filter", "bounded, ms", "COUNT(*), ms"], peers)


def _today():
    from django.utils import timezone

    return timezone.localdate()


def _on_the_clock(ask) -> float:
    ask()
    start = time.perf_counter()
    for _ask in range(5):
        ask()
    return round((time.perf_counter() - start) * 200, 1)


def _spread(connection, vendor: str, size: int, officer, labels: dict[int, int]) -> None:
    day = "date(next_due, '-3 days')" if vendor == "SQLite" else "next_due - 3"
    received = (
        "date('2026-03-01', '+' || (id % 60) || ' days')"
        if vendor == "SQLite"
        else "DATE '2026-03-01' + (id % 60)::int"
    )
    post = "CASE WHEN id % 997 = 0 THEN 'post' ELSE 'online_pc' END"
    late = "CASE WHEN id % 31 = 0 THEN next_due ELSE NULL END"
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE cases_case SET warn_on = {day}, received_on = {received}, channel = {post}, statutory_due = {late}"
        )
        for label, each in labels.items():
            cursor.execute(
                "INSERT INTO cases_caselabel (case_id, label_id, officer_id, at) "
                f"SELECT id, {label}, {officer.pk}, created_at FROM cases_case WHERE id % {each} = 1 % {each}"
            )
        cursor.execute("ANALYZE" if vendor == "PostgreSQL" else "PRAGMA user_version")


if __name__ == "__main__":
    main(*(int(word) for word in (sys.argv[1:] + ["10", "200000"][len(sys.argv) - 1 :])))
