"""A message to many: told to everybody once, in slices, with a worker that dies in the middle of one.

    python bench/circulars.py [people]

10,000 people with an open application, each with an account and an e-mail address. One slice is cut off after it was written and
before its commit (the worker dies), then the next worker goes on. Judged: nobody is told twice and nobody is left out; the statements
of a slice are the same for the first and the last one; memory does not grow with the number of receivers. Peer of the same run:
telling people one by one (`notices.tell`), which is how a single notice goes out. What leaves the house is only put down to be sent.
"""

import datetime
import resource
import sys
import time
from collections import Counter
from pathlib import Path

from measuring import a_district, table

PEOPLE, ONE_BY_ONE = 10_000, 200
NOON = datetime.datetime(2026, 11, 18, 12, 0, tzinfo=datetime.timezone(datetime.timedelta(hours=8)))
CUT_OFF_AT = 2  # the slice in which the worker dies
TIMES_FASTER, STATEMENTS_A_SLICE, MEGABYTES = 4, 40, 40


def main(people: int) -> None:
    with a_district():
        from django.db import connection

        matter, accounts = many(people)
        row = confirmed(matter)
        begun, used = time.process_time(), memory()
        statements, died, most = carried(row)
        seconds, grown = time.process_time() - begun, most - used
        row.refresh_from_db()
        twice, left_out = looked_over(row, accounts)
        alone = one_by_one(row, accounts)
        faster = alone / (seconds / people)
        verdicts = [
            ["told twice", twice, 0, twice == 0],
            ["left out", left_out, 0, left_out == 0],
            ["died in the middle of a slice", died, 1, died == 1],
            ["times as fast as one by one", f"{faster:.1f}", f"≥ {TIMES_FASTER}", faster >= TIMES_FASTER],
            [
                "statements of a slice, most",
                max(statements),
                f"≤ {STATEMENTS_A_SLICE}",
                max(statements) <= STATEMENTS_A_SLICE,
            ],
            [
                "last to first slice",
                f"{statements[-2] / statements[1]:.2f}",
                "≤ 1.1",
                statements[-2] <= 1.1 * statements[1],
            ],
            ["memory grown, MB", f"{grown:.0f}", f"≤ {MEGABYTES}", grown <= MEGABYTES],
        ]
        table(
            f"A message to {people:,}",
            ["", "measured", "wanted", "met"],
            [[name, found, wanted, "yes" if met else "NO"] for name, found, wanted, met in verdicts],
            f"{seconds:.1f} s of CPU in {len(statements)} slices ({people / seconds:,.0f} people a second), {sum(statements)} statements "
            f"({sum(statements) / people:.2f} a person); state: {row.state}, reached {row.reached:,}. One by one: {1 / alone:,.0f} a second.",
        )
        connection.close()
        if not all(met for *_rest, met in verdicts):
            sys.exit(1)


def many(people: int) -> tuple:
    """Open applications of as many people, and their accounts."""
    from django.db import transaction

    from tongban.cases.models import Case
    from tongban.lib.encryption import blind_index
    from tongban.matters.models import Matter, MatterVersion
    from tongban.parties.models import Account, Person

    version = MatterVersion.objects.filter(state="published", matter__slug="residence-permit-apply").first()
    version = version or MatterVersion.objects.filter(state="published").order_by("pk").first()
    accounts = set()
    with transaction.atomic():
        for number in range(people):
            id_no = f"99000019{60 + number // 3000:02d}0101{number % 3000:04d}"
            person = Person.objects.create(
                name=f"示范人{number}", id_kind="id_card", id_no=id_no, id_index=blind_index(f"id_card:{id_no}", "bench.id"),
                birth_date=datetime.date(1960, 1, 1), sex="F", nationality="CN",
            )  # fmt: skip
            account = Account.objects.create(
                login=f"bench{number}@example.org", email=f"bench{number}@example.org", person=person, level=2
            )
            accounts.add(account.pk)
            Case.objects.create(
                matter=version.matter, version=version, department=version.matter.department, applicant_id=person.pk,
                state="received", number=f"99{person.pk:016d}",
            )  # fmt: skip
    return Matter.objects.get(pk=version.matter_id), accounts


def confirmed(matter):
    from tongban.cases.services import circulating
    from tongban.departments.models import Officer

    officers = list(Officer.objects.filter(active=True).order_by("pk"))
    writer = next(one for one in officers if "coordinator" in one.roles)
    other = next(one for one in officers if {"coordinator", "supervisor"} & set(one.roles) and one.pk != writer.pk)
    said = {
        "title_zh": "窗口调整", "title_en": "Windows move", "text_zh": "下周起在二楼办理。", "text_en": "On the second floor.",
        "kind": "official", "who": "open", "matter": matter.slug,
    }  # fmt: skip
    row = circulating.submit(circulating.write(officer=writer, said=said), officer=writer)
    return circulating.decide(row, officer=other, confirm=True)


def carried(row) -> tuple[list[int], int, float]:
    """Every slice as the worker does it: the statements of each, how often it died, and the most memory after one of them."""
    from django.db import connection

    from tongban.cases.services import circulating

    told, died, counts, most = circulating.notices.tell_many, 0, [], 0.0
    while row.state == "sending":
        asked = [0]

        def count(execute, sql, params, many, context, asked=asked):
            asked[0] += 1
            return execute(sql, params, many, context)

        if len(counts) == CUT_OFF_AT and not died:

            def dies(*given, **more):
                told(*given, **more)
                raise KeyboardInterrupt

            circulating.notices.tell_many = dies
        try:
            with connection.execute_wrapper(count):
                circulating.carry(row.pk, now=NOON.isoformat())
            counts.append(asked[0])
        except KeyboardInterrupt:
            died += 1
        finally:
            circulating.notices.tell_many = told
        row.refresh_from_db()
        most = max(most, memory())
    return counts, died, most


def looked_over(row, accounts: set[int]) -> tuple[int, int]:
    """How many messages somebody got beyond the first, and how many of these people got none or stand on no list."""
    from tongban.cases.models import CircularReceiver
    from tongban.notices.models import Message

    told = Counter(Message.objects.filter(about=f"circular:{row.ref}").values_list("account", flat=True))
    listed = set(CircularReceiver.objects.filter(circular=row).values_list("party__person__account", flat=True))
    return sum(one - 1 for one in told.values()), len(accounts - set(told)) + len(accounts - listed)


def one_by_one(row, accounts: set[int]) -> float:
    """Seconds of CPU for one person, told as a single notice is."""
    from tongban.notices import services as notices
    from tongban.parties.models import Person

    some = list(Person.objects.filter(account__in=sorted(accounts)[:ONE_BY_ONE]))
    begun = time.process_time()
    for person in some:
        notices.tell(
            person, "case_received", about="bench", link="/", once=f"bench:{person.pk}",
            params={"matter": row.facts["name"], "number": "1"},
        )  # fmt: skip
    return (time.process_time() - begun) / len(some)


def memory() -> float:
    """What this process holds now, in MB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else PEOPLE)
