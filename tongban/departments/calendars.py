"""The working calendar as people see it: a year in months, and one day that is put right."""

import calendar as months_of
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext_lazy as _

from tongban.departments import queries
from tongban.departments.models import CalendarYear
from tongban.lib.problems import Invalid
from tongban.lib.workdays import HOLIDAY, MAKE_UP_DAY, Calendar

DAY_OFF, WORKED, ORDINARY = "off", "worked", "ordinary"
KINDS = [
    (DAY_OFF, _("a day off")),
    (WORKED, _("a working day, made up for")),
    (ORDINARY, _("an ordinary day of the week")),
]


@dataclass(frozen=True)
class ShownDay:
    day: date
    kind: str
    working: bool
    name: str


@dataclass(frozen=True)
class ShownYear:
    """`months`: twelve lists of weeks; a week is seven days or None where another month stands. `known`: some list was loaded."""

    months: list[tuple[date, list[list[ShownDay | None]]]]
    official: bool
    source: str
    known: bool


@dataclass(frozen=True)
class Wanted:
    """What a day is to be from now on."""

    day: date
    kind: str
    name: str


def year(number: int) -> ShownYear:
    row, rules = CalendarYear.objects.filter(year=number).first(), queries.calendar()
    shown = []
    for month in range(1, 13):
        weeks = [
            [_shown(date(number, month, day), rules) if day else None for day in week]
            for week in months_of.Calendar().monthdayscalendar(number, month)
        ]
        shown.append((date(number, month, 1), weeks))
    return ShownYear(shown, bool(row and row.official), row.source if row else "", row is not None)


def _shown(day: date, rules) -> ShownDay:
    found = rules.is_working_day(day)
    kind = "off" if found.reason == HOLIDAY else "worked" if found.reason == MAKE_UP_DAY else "plain"
    return ShownDay(day, kind, found.working, found.name)


def lists_with(row: CalendarYear, wanted: Wanted) -> tuple[dict[str, str], dict[str, str]]:
    """The days off and the make-up days of a year with one day as it is wanted."""
    day = wanted.day.isoformat()
    days_off = {one: name for one, name in row.days_off.items() if one != day}
    workdays = {one: name for one, name in row.workdays.items() if one != day}
    if wanted.kind == DAY_OFF:
        days_off[day] = wanted.name
    elif wanted.kind == WORKED:
        workdays[day] = wanted.name
    return days_off, workdays


def as_if(wanted: Wanted) -> Calendar:
    """The calendar as it would be with this day: to look at before anybody changes it."""
    rows = list(CalendarYear.objects.all())
    for row in rows:
        if row.year == wanted.day.year:
            row.days_off, row.workdays = lists_with(row, wanted)
    return Calendar({row.year: queries.year_of(row) for row in rows})


def wanted(day: str, kind: str, name: str) -> Wanted:
    """A form's answer; raises Invalid with what is missing."""
    errors: dict[str, list] = {}
    try:
        when = date.fromisoformat(day)
    except ValueError:
        when = date.min
    if not 1990 <= when.year <= 2200:
        errors["day"] = [_("Choose a day.")]
    if kind not in dict(KINDS):
        errors["kind"] = [_("Choose what the day is.")]
    if kind == DAY_OFF and not name.strip():
        errors["name"] = [_("Say why the day is off, as the announcement does.")]
    if errors:
        raise Invalid(
            "calendar-day", _("Something is missing."), errors=errors, kept=_("The calendar was not changed.")
        )
    return Wanted(when, kind, name.strip()[:60])
