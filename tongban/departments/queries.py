import datetime
import secrets
import threading
import time

from django.core.cache import caches
from django.db import connection
from django.db.models import BigIntegerField, Count, Max, Q, QuerySet
from django.utils import timezone

from tongban.departments.models import Absence, CalendarYear, Certification, Department, Officer
from tongban.lib.composed import composed
from tongban.lib.workdays import Calendar, Year
from tongban.parties.models import Account

LOOK_AGAIN_AFTER = 1.0  # seconds: a calendar loaded by another process counts at most this late

_kept = threading.local()


def calendar() -> Calendar:
    """The working calendar as loaded. Kept per thread; at most once a second it is asked whether a year was loaded since."""
    kept = getattr(_kept, "calendar", None)
    asked = (connection.settings_dict["NAME"], caches["process"].get_or_set("calendar", secrets.token_hex, None))
    now = time.monotonic()
    if kept is not None and kept[0] == asked and now - kept[1] < LOOK_AGAIN_AFTER:
        return kept[3]
    version = tuple(CalendarYear.objects.aggregate(n=Count("pk"), at=Max("loaded_at"), top=Max("pk")).values())
    if kept is not None and kept[0] == asked and kept[2] == version:
        _kept.calendar = (asked, now, version, kept[3])
        return kept[3]
    built = Calendar({row.year: year_of(row) for row in CalendarYear.objects.all()})
    _kept.calendar = (asked, now, version, built)
    return built


def forget_calendar() -> None:
    """Every thread of this process asks the database again at the next question."""
    caches["process"].delete("calendar")


def year_of(row: CalendarYear) -> Year:
    listed = {**row.days_off, **row.workdays}
    return Year(
        days_off=frozenset(row.days_off),
        workdays=frozenset(row.workdays),
        official=row.official,
        names={datetime.date.fromisoformat(day): name for day, name in listed.items()},
    )


def department(code: str) -> Department | None:
    return Department.objects.filter(code=code).first()


def departments() -> QuerySet[Department]:
    return Department.objects.all()


def officer_of(account: Account) -> Officer | None:
    """The officer who signs in with this account, on duty or not; None for everybody else."""
    for found in _officer_of(account=account.pk):
        found.account = account
        return found
    return None


@composed(account=BigIntegerField())
def _officer_of(account):
    return Officer.objects.select_related("department").filter(account_id=account)


def certifications(officer: Officer, today: datetime.date | None = None) -> frozenset[str]:
    """Slugs of the matters this officer may handle on this day; `*` stands for all of their reach."""
    today = today or timezone.localdate()
    held = Certification.objects.filter(officer=officer, since__lte=today)
    held = held.filter(Q(until__isnull=True) | Q(until__gte=today))
    return frozenset(held.values_list("matter", flat=True))


def officers(department: Department | None = None, role: str | None = None) -> list[Officer]:
    """Who is on duty, of one department or of all, in one role or in any; by staff number."""
    found = Officer.objects.filter(active=True).select_related("department").order_by("staff_no")
    if department is not None:
        found = found.filter(department=department)
    return [officer for officer in found if role is None or role in officer.roles]


def absence_of(officer: Officer, today: datetime.date) -> Absence | None:
    """Why this officer is not there today; None when they are."""
    rows = Absence.objects.filter(officer=officer, first_day__lte=today, last_day__gte=today)
    return rows.select_related("substitute").order_by("-last_day", "-id").first()


def standing_in(officer: Officer, today: datetime.date) -> list[Absence]:
    """Whom this officer stands in for, now or soon, the next first."""
    rows = Absence.objects.filter(substitute=officer, last_day__gte=today)
    return list(rows.select_related("officer").order_by("first_day", "id")[:20])


def absences(department: Department, today: datetime.date) -> list[Absence]:
    """Of the people of a department: absences that last or come, the next first."""
    rows = Absence.objects.filter(officer__department=department, last_day__gte=today)
    return list(rows.select_related("officer", "substitute").order_by("first_day", "id")[:200])
