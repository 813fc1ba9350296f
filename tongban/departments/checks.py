"""What is wrong with the working calendar and the staff, in sentences; `tongban check` prints them."""

import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from tongban.departments.models import CalendarYear, Department


def problems(today: datetime.date | None = None) -> list[str]:
    today = today or timezone.localdate()
    found = []
    years = {row.year: row.official for row in CalendarYear.objects.all()}
    if not years.get(today.year):
        found.append(
            _(
                "The working calendar of %(year)s is not loaded: every date is provisional. Load it with “tongban calendar load”."
            )
            % {"year": today.year}
        )
    if today.month == 12 and not years.get(today.year + 1):
        found.append(
            _("The working calendar of %(year)s is not loaded: dates in that year are provisional.")
            % {"year": today.year + 1}
        )
    for department in Department.objects.filter(kind="business"):
        roles = {role for officer in department.officers.filter(active=True) for role in officer.roles}
        lacking = [role for role in ("dept_reviewer", "dept_approver") if role not in roles]
        if lacking and department.matters.exists():
            found.append(
                _("%(department)s has matters but nobody on duty as: %(roles)s.")
                % {"department": department.shown_name, "roles": ", ".join(lacking)}
            )
    return found
