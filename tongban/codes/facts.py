"""What codes know better than a register, for the rules of matters: venues in use, colours under an order, tests that people keep."""

from collections.abc import Iterable

from django.utils import timezone

from tongban.cases.facts import tells
from tongban.cases.models import Case
from tongban.codes import colours, queries_venues, test_results
from tongban.parties import rules
from tongban.parties.models import IdKind, Person


@tells("venue_code.state")
def venue_code(case: Case) -> str | None:
    """Of the venues of this company: in use, if one is; else how the newest stands. None where it has none here."""
    now, venues = timezone.now(), list(queries_venues.of_party(case.applicant_id)[:50])
    if any(queries_venues.in_use(venue, now) for venue in venues):
        return "active"
    return "suspended" if venues else None


def _staff(case: Case) -> list[tuple[dict, int | None]]:
    """Each line of the staff list, and the person it names if we know them."""
    rows = [row for row in case.value("staff") or [] if isinstance(row, dict)]
    known = _known(str(row.get("id_no") or "") for row in rows)
    return [(row, known.get(str(row.get("id_no") or ""))) for row in rows]


def _known(numbers: Iterable[str]) -> dict[str, int]:
    meant = {
        rules.index_of(kind, checked): number
        for number in set(numbers)
        for kind in IdKind.values
        if number and (checked := rules.check_number(kind, number)).valid
    }
    return {meant[index]: key for key, index in Person.objects.filter(id_index__in=meant).values_list("pk", "id_index")}


@tells("staff.any_red_or_yellow")
def any_red_or_yellow(case: Case) -> bool:
    """False while no order is in force: then nobody has a colour."""
    people = [key for _row, key in _staff(case) if key is not None]
    return any(one in (colours.RED, colours.YELLOW) for one in colours.colours_of(people, timezone.now()).values())


@tells("staff.any_positive")
def any_positive(case: Case) -> bool:
    people = [key for _row, key in _staff(case) if key is not None]
    return any(test.result == "positive" for test in test_results.latest_tests(people, timezone.now()).values())


@tells("staff.oldest_test_hours")
def oldest_test(case: Case) -> float | None:
    """By the tests we know, where we know all of them; else what the list says is taken."""
    now, staff = timezone.now(), _staff(case)
    tests = test_results.latest_tests([key for _row, key in staff if key is not None], now)
    if not staff or any(key not in tests for _row, key in staff):
        return None
    return round(max((now - tests[key].sampled_at).total_seconds() / 3600 for _row, key in staff if key is not None), 1)


@tells("test.result")
def test_result(case: Case) -> str | None:
    test = test_results.latest_test(case.applicant_id, timezone.now())
    return test.result if test is not None else None


@tells("test.hours")
def test_hours(case: Case) -> float | None:
    now = timezone.now()
    test = test_results.latest_test(case.applicant_id, now)
    return round((now - test.sampled_at).total_seconds() / 3600, 1) if test is not None else None


@tells("health.colour")
def health_colour(case: Case) -> str:
    return colours.colour_of(case.applicant_id, timezone.now())
