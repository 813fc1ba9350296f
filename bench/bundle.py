"""A bundle of five departments, from the press on “send” to its one licence, and departments deciding all at once.

    python bench/bundle.py [bundles] [seconds]

Every act is the product's own (services), durable, with journal, clocks, papers and need to know; nothing is switched off. First one bundle
after the other, act by act: CPU milliseconds and statements, beside the same five matters applied for one by one in the same run. Then sustained:
one process a department concludes and decides whatever lies in its queue while the front desk accepts and a worker begins reviews and issues.
SQLite in a directory of its own; PostgreSQL as the tests use it, thrown away afterwards. Sealing PDFs is measured in licences.py.
"""

# ruff: noqa: B023  what is timed is called at once
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measuring import ROOT, table

KEYS = ("food", "fire", "drain", "sign", "hygiene")


def main(count: int, seconds: float) -> None:
    given = [sys.executable, __file__, "--here", str(count), str(seconds)]
    with tempfile.TemporaryDirectory(prefix="tongban-bundles-") as folder:
        environment = {
            **os.environ,
            "TONGBAN_TEST_RUN": folder,
            "TONGBAN_VAR": folder,
            "DJANGO_SETTINGS_MODULE": "tests.settings",
        }
        environment.pop("DATABASE_URL", None)
        subprocess.run(given, env=environment, check=True)
    with tempfile.TemporaryDirectory(prefix="tongban-bundles-") as folder:
        environment |= {"TONGBAN_TEST_RUN": folder, "TONGBAN_VAR": folder}
        subprocess.run([sys.executable, str(ROOT / "tools" / "with_postgres.py"), *given], env=environment, check=True)


def here(count: int, seconds: float) -> None:
    """Everything on the database of this process."""
    import logging

    import django

    django.setup()
    logging.disable(logging.CRITICAL)
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    from tongban.site import first_tables

    executor = MigrationExecutor(connection)
    first_tables.make(executor, executor.migration_plan(executor.loader.graph.leaf_nodes()))
    call_command("migrate", verbosity=0)
    wholes = one_by_one(count)
    database = {"sqlite": "SQLite, synchronous=FULL", "postgresql": "PostgreSQL"}[connection.vendor]
    if connection.vendor == "postgresql":
        sustained(database, wholes[0].matter, seconds)
        sustained(database, wholes[0].matter, seconds, desk=False)


def one_by_one(count: int) -> list:
    import uuid

    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from tests import make
    from tests.cases import bundle_ways as shop
    from tests.cases import ways
    from tongban.cases import services
    from tongban.cases.services import following, intake, issuing
    from tongban.licences.models import Licence
    from tongban.matters.models import Matter

    matter = shop.bundle(mandatory=("food", "fire", "drain"), optional=("sign", "hygiene"), industry=True)
    account = make.account()
    desk = ways.hall("window_officer")
    offices = {key: make.department(shop.DEPARTMENTS[key]) for key in KEYS}
    reviewers = {key: make.officer("dept_reviewer", of=offices[key]) for key in KEYS}
    approvers = {key: make.officer("dept_approver", of=offices[key]) for key in KEYS}
    spent: dict[str, float] = {}
    server: dict[str, float] = {}
    asked: dict[str, list[str]] = {}
    done = []

    def timed(name: str, act, counting: bool):
        began, there = time.thread_time(), database_cpu()
        if counting:
            with CaptureQueriesContext(connection) as sent:
                found = act()
            asked.setdefault(name, []).extend(one["sql"] for one in sent.captured_queries)
            return found
        found = act()
        spent[name] = spent.get(name, 0.0) + time.thread_time() - began
        server[name] = server.get(name, 0.0) + database_cpu() - there
        return found

    for number in range(count + 2):
        counting = number == 1  # the first warms up, the second is counted, the others are timed
        if number < 2:
            spent, server = {}, {}
        case = shop.draft(matter, ("sign", "hygiene"), account=account)
        case = timed(
            "send", lambda: services.submit(shop.fresh(case), account=account, level=3, key=uuid.uuid4().hex), counting
        )
        timed("receive: five cases", lambda: services.start_pre_review(case), counting)
        timed("accept", lambda: services.accept(shop.fresh(case), officer=desk), counting)
        timed("begin five reviews", lambda: following.go_on(case.pk), counting)
        for key in KEYS:
            member = shop.of(case, key)
            timed(
                "five opinions",
                lambda: services.conclude(member, officer=reviewers[key], proposal="approve", opinion="looked at"), counting,
            )  # fmt: skip
        for key in KEYS:
            member = shop.of(case, key)
            timed(
                "five decisions, the last one grants the whole",
                lambda: services.approve(member, officer=approvers[key]),
                counting,
            )
        Licence.objects.filter(sealed_at__isnull=True).update(sealed_at="2026-01-01T00:00:00Z")  # sealing: licences.py
        for one in [*case.members.all(), case]:
            timed("results ready", lambda: issuing.issue_by_platform(one.pk), counting)
        case = shop.fresh(case)
        assert case.state == "ready" and case.licence.items.count() == 5, case.state
        timed(
            "hand over and close",
            lambda: (services.open_result(case, account=account), issuing.close(case.pk)),
            counting,
        )
        done.append(shop.fresh(case))
        assert done[-1].state == "closed"

    def singly() -> None:
        """The same five matters, each applied for by itself by the same acts."""
        for key in KEYS:
            of = Matter.objects.get(slug=key)
            case = services.begin(of, party=account.person, account=account)
            case = services.save(case, shop.ANSWERS, revision=case.revision, account=account)
            yield_here()
            case = services.submit(case, account=account, level=3, key=uuid.uuid4().hex)
            services.start_pre_review(case)
            services.accept(shop.fresh(case), officer=desk)
            intake.start_review(case.pk)
            services.conclude(shop.fresh(case), officer=reviewers[key], proposal="approve", opinion="looked at")
            services.approve(shop.fresh(case), officer=approvers[key])
            Licence.objects.filter(sealed_at__isnull=True).update(sealed_at="2026-01-01T00:00:00Z")
            issuing.issue_by_platform(case.pk)
            services.open_result(shop.fresh(case), account=account)
            issuing.close(case.pk)
            clock.append(time.thread_time())

    clock: list[float] = []
    beginning: list[float] = []

    def yield_here() -> None:
        beginning.append(time.thread_time())

    for _number in range(max(3, count // 4) + 1):
        singly()
    several = [end - begin for begin, end in zip(beginning, clock, strict=True)][len(KEYS) :]
    alone = sum(several) * 1000 / (len(several) / len(KEYS))

    rows = []
    for name, total in spent.items():
        mine = asked[name]
        there = server[name] * 1000 / count
        rows.append(
            [name, total * 1000 / count, there, len(mine), sum(one.lstrip()[:6].upper() != "SELECT" for one in mine)]
        )
    rows.append(["altogether", *(sum(row[at] for row in rows) for at in (1, 2, 3, 4))])
    database = {"sqlite": "SQLite, synchronous=FULL", "postgresql": "PostgreSQL"}[connection.vendor]
    table(
        f"A bundle of five departments, one after the other ({database})",
        ["act", "CPU ms", "of the server besides", "statements", "of them writing"],
        rows,
        f"Six cases: the whole and five members, {rows[-1][1] / 6:.1f} ms CPU each. The same five matters, each applied for by itself in the "
        f"same run: {alone:.0f} ms, so together costs {rows[-1][1] / alone:.2f} times as much as singly. Wanted: at most 10 ms for one case.",
    )
    return done


def database_cpu() -> float:
    """Seconds the process of the database that answers this one has worked; on SQLite there is none."""
    from django.db import connection

    if connection.vendor != "postgresql":
        return 0.0
    connection.ensure_connection()
    words = Path(f"/proc/{connection.connection.info.backend_pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def sustained(database: str, matter, seconds: float, *, desk: bool = True) -> None:
    """One process a department and one front desk, where bundles are sent as fast as they are decided; or the departments by themselves,
    over bundles that were accepted before: what they decide when nobody lets them wait."""
    from django.db import connection

    from tests import make
    from tests.cases import bundle_ways as shop
    from tongban.cases.models import Case

    account = make.account()
    bring = shop.submitted if desk else shop.in_review
    waiting = 40 if desk else int(seconds * 6)
    first = [bring(matter, ("sign",), account=account).pk for _number in range(waiting)][0]
    connection.close()
    hands = {}
    for what in ("desk", "food", "fire", "drain", "sign")[0 if desk else 1 :]:
        given = [sys.executable, __file__, "--hand", what, str(first), str(seconds), str(account.pk)]
        hands[what] = subprocess.Popen(given, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    for process in hands.values():
        process.stdout.readline()  # ready
    for process in hands.values():
        process.stdin.write("go\n")
        process.stdin.flush()
    said = {what: process.communicate()[0].split() for what, process in hands.items()}
    decided = {what: int(words[0]) for what, words in said.items()}
    cpu = sum(float(words[1]) for words in said.values())
    took = max(float(words[2]) for words in said.values())
    granted = Case.objects.filter(pk__gte=first, parent__isnull=True, state="approved").count()
    members = sum(count for what, count in decided.items() if what != "desk")
    stuck = [
        one.pk
        for one in Case.objects.filter(pk__gte=first, parent__isnull=True, state="under_review")
        if not one.members.filter(decision="").exists()
    ]
    if not desk and Case.objects.filter(pk__gt=first, parent__isnull=False, state="under_review").count() < len(KEYS):
        print("The departments had nothing left before the time was over: the figures below are too low.")
    table(
        f"Sustained, four departments deciding at once{'' if desk else ', all accepted before'} ({database})",
        ["", "a second", "altogether", "CPU ms each"],
        [
            ["cases decided (members)", members / took, members, cpu * 1000 / max(1, members)],
            ["bundles granted", granted / took, granted, cpu * 1000 / max(1, granted)],
            ["bundles stuck", 0.0, len(stuck), ""],
        ],
        "Wanted: 20 cases a second sustained with four departments deciding. CPU is that of the processes, without the database.",
    )
    assert not stuck


def hand(what: str, first: int, seconds: float, account: int) -> None:
    """One process of the sustained run: the front desk with the sending applicant, or one department."""
    import logging
    import uuid

    import django

    django.setup()
    logging.disable(logging.CRITICAL)
    from tests import make
    from tests.cases import bundle_ways as shop
    from tests.cases import ways
    from tongban.cases import services
    from tongban.cases.models import Case
    from tongban.cases.services import following
    from tongban.departments.models import Officer
    from tongban.lib.problems import Problem
    from tongban.matters.models import Matter
    from tongban.parties.models import Account

    rows = Case.objects.select_related("matter", "version", "department", "applicant", "account")
    print("ready", flush=True)
    sys.stdin.readline()
    done, began, clock = 0, time.process_time(), time.time()
    until = clock + seconds
    if what == "desk":
        desk = Officer.objects.filter(roles__contains="window_officer").first() or ways.hall("window_officer")
        mine, matter = Account.objects.get(pk=account), Matter.objects.get(slug="shop")
        while time.time() < until:
            waiting = rows.filter(pk__gte=first, parent__isnull=True, state="submitted").order_by("pk").first()
            if waiting is None:
                waiting = shop.draft(matter, ("sign",), account=mine)
                waiting = services.submit(waiting, account=mine, level=3, key=uuid.uuid4().hex)
            services.start_pre_review(waiting)
            services.accept(rows.get(pk=waiting.pk), officer=desk)
            following.go_on(waiting.pk)
            done += 1
    else:
        office = make.department(shop.DEPARTMENTS[what])
        make._numbers = iter(range(100 * os.getpid(), 10**9))  # no process names its officers as another did
        reviewer, approver = make.officer("dept_reviewer", of=office), make.officer("dept_approver", of=office)
        while time.time() < until:
            case = (
                rows.filter(pk__gt=first, department=office, state="under_review", parent__isnull=False)
                .order_by("pk")
                .first()
            )
            if case is None:
                time.sleep(0.02)
                continue
            try:
                case = services.conclude(case, officer=reviewer, proposal="approve", opinion="looked at")
                services.approve(case, officer=approver)
                done += 1
            except Problem:
                continue
    print(done, time.process_time() - began, time.time() - clock)


if __name__ == "__main__":
    words = sys.argv[1:]
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    if words[:1] == ["--hand"]:
        hand(words[1], int(words[2]), float(words[3]), int(words[4]))
    elif words[:1] == ["--here"]:
        here(int(words[1]), float(words[2]))
    else:
        main(int(words[0]) if words else 40, float(words[1]) if len(words) > 1 else 30)
