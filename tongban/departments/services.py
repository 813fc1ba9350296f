import datetime
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from tongban.departments import events
from tongban.departments.calendars import Wanted, lists_with
from tongban.departments.models import CalendarYear, Certification, Department, Officer, Role
from tongban.departments.queries import forget_calendar
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM, Actor
from tongban.lib.problems import Invalid
from tongban.parties.models import Account

CALENDARS = Path(__file__).parent / "calendars" / "cn"

Days = Mapping[str, str] | Iterable[datetime.date | str]


@transaction.atomic
def load_calendar_year(
    year: int,
    days_off: Days,
    workdays: Days,
    official: bool,
    source: str = "",
    *,
    actor: Actor = PLATFORM,
) -> CalendarYear:
    """Take in the list of one year: {day: name} or plain days. The same list again changes nothing and records nothing."""
    days_off, workdays = _named(days_off), _named(workdays)
    both = sorted(set(days_off) & set(workdays))
    strangers = [day for day in (*days_off, *workdays) if abs(int(day[:4]) - year) > 1]
    if both or strangers:
        raise Invalid(
            "calendar-contradicts-itself",
            _("The list of days contradicts itself: a day is either off or worked, and near the year it is for."),
            errors={"days_off": both + strangers},
            kept=_("Nothing was changed."),
        )
    content = {"days_off": days_off, "workdays": workdays, "official": official, "source": source}
    row = CalendarYear.objects.filter(year=year).first()
    if row is not None and all(getattr(row, name) == value for name, value in content.items()):
        return row
    first, last = _changed_days(row, year, days_off, workdays, official)
    row, _made = CalendarYear.objects.update_or_create(year=year, defaults=content)
    forget_calendar()
    transaction.on_commit(forget_calendar)
    journal.record(events.CalendarChanged(year=year, first=first, last=last), subject=f"calendar:{year}", actor=actor)
    journal.touch("calendar")
    return row


@transaction.atomic
def put_right_a_day(wanted: Wanted, *, source: str = "", actor: Actor) -> CalendarYear:
    """Make one day off, worked or ordinary. Every date that rests on it is computed again, and whoever was told is told."""
    year = wanted.day.year
    row = CalendarYear.objects.select_for_update().filter(year=year).first()
    if row is None:
        raise Invalid(
            "year-not-loaded",
            _("The list of this year is not loaded yet: one day of it cannot be put right."),
            errors={"day": [_("Load the list of the year first.")]},
            kept=_("The calendar was not changed."),
        )
    days_off, workdays = lists_with(row, wanted)
    return load_calendar_year(year, days_off, workdays, row.official, source.strip()[:200] or row.source, actor=actor)


def load_published_calendars(folder: Path = CALENDARS) -> int:
    """Take in every year of a folder in the form of holiday-cn; a year without days is not announced yet."""
    files = sorted(Path(folder).glob("[0-9][0-9][0-9][0-9].json"))
    with transaction.atomic():
        for path in files:
            listed = json.loads(path.read_text("utf-8"))
            days = listed["days"]
            load_calendar_year(
                listed["year"],
                {day["date"]: day.get("name", "") for day in days if day["isOffDay"]},
                {day["date"]: day.get("name", "") for day in days if not day["isOffDay"]},
                official=bool(days),
                source=(listed.get("papers") or [""])[0][:200],
            )
    return len(files)


@transaction.atomic
def load_departments(rows: Iterable[dict]) -> int:
    """Take in rows of demo/departments.yaml. Twice changes nothing."""
    rows = list(rows)
    for row in rows:
        Department.objects.update_or_create(
            code=row["id"],
            defaults={
                "name": {"zh": row["zh"], "en": row["en"]},
                "kind": row["kind"],
                "uscc": row["uscc_demo"],
                "phone": row.get("phone_demo", ""),
                "in_comprehensive_window": row["in_comprehensive_window"],
            },
        )
    return len(rows)


@transaction.atomic
def appoint(account: Account, *, department: Department, staff_no: str, name: dict, roles: Iterable[str]) -> Officer:
    """Make the holder of an account an officer of a department, or change what they are."""
    roles = sorted(roles)
    unknown = [role for role in roles if role not in Role.values]
    if unknown:
        raise Invalid(
            "no-such-role", _("There is no such role."), errors={"roles": unknown}, kept=_("Nothing was changed.")
        )
    officer, _made = Officer.objects.update_or_create(
        account=account,
        defaults={"department": department, "staff_no": staff_no, "name": name, "roles": roles, "active": True},
    )
    return officer


@transaction.atomic
def certify(
    officer: Officer,
    matter: str,
    *,
    since: datetime.date,
    until: datetime.date | None = None,
    actor: Actor = PLATFORM,
) -> Certification:
    """From this day the officer may handle this matter (`*`: every one of their reach). Again replaces the dates."""
    if until is not None and until < since:
        raise Invalid(
            "ends-before-it-begins",
            _("The certification would end before it begins."),
            errors={"until": [_("Choose a day on or after the first day.")]},
        )
    row, _made = Certification.objects.update_or_create(
        officer=officer, matter=matter, defaults={"since": since, "until": until}
    )
    journal.record(
        events.OfficerCertified(officer=officer.pk, matter=matter), subject=f"officer:{officer.pk}", actor=actor
    )
    return row


def _changed_days(row, year: int, days_off: dict, workdays: dict, official: bool) -> tuple[str, str]:
    """The first and the last day that a new list changes; the whole year when it becomes official or ceases to be."""
    if row is None or row.official != official:
        around = sorted([*days_off, *workdays, f"{year}-01-01", f"{year}-12-31"])
        return around[0], around[-1]
    before = {(day, "off") for day in row.days_off} | {(day, "work") for day in row.workdays}
    after = {(day, "off") for day in days_off} | {(day, "work") for day in workdays}
    touched = sorted(day for day, _kind in before ^ after)
    return (touched[0], touched[-1]) if touched else (f"{year}-01-01", f"{year}-01-01")


def _named(days: Days) -> dict[str, str]:
    """{day: name} in the order of days, whatever it was given as; raises Invalid on what is no day."""
    pairs = days.items() if isinstance(days, Mapping) else ((day, "") for day in days)
    try:
        return {
            (day if isinstance(day, datetime.date) else datetime.date.fromisoformat(day)).isoformat(): str(name)
            for day, name in sorted(pairs, key=str)
        }
    except (TypeError, ValueError) as wrong:
        raise Invalid(
            "not-a-day",
            _("One of the entries is not a date."),
            errors={"days_off": [str(wrong)]},
            kept=_("Nothing was changed."),
        ) from wrong
