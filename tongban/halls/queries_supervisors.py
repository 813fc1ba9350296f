"""Who supervises which hall: every one, unless an officer was named for single ones."""

from django.db.models import Exists, OuterRef, Q

from tongban.departments.models import Officer, Role
from tongban.halls.models import Hall, HallSupervisor

SUPERVISOR = Role.SUPERVISOR.value


def supervises(officer: Officer, hall: Hall) -> bool:
    """One statement; a role that was taken away ends it, whatever stands in the list."""
    if SUPERVISOR not in officer.roles or not officer.active:
        return False
    rows = list(HallSupervisor.objects.filter(officer=officer).values_list("hall_id", "ended_at"))
    return not rows or any(found == hall.pk and ended is None for found, ended in rows)


def bound_to(officer: Officer) -> set[int] | None:
    """The halls a supervisor of single halls is named for; None for whoever is bound to none."""
    rows = list(HallSupervisor.objects.filter(officer=officer).values_list("hall_id", "ended_at"))
    return {hall for hall, ended in rows if ended is None} if rows else None


def supervisors(hall: Hall) -> list[Officer]:
    """Everybody who supervises this hall, by name or because they supervise all."""
    named = HallSupervisor.objects.filter(officer=OuterRef("pk"))
    here = named.filter(hall=hall, ended_at__isnull=True)
    rows = Officer.objects.filter(Q(~Exists(named)) | Q(Exists(here)), active=True)
    rows = rows.select_related("account__person", "department").order_by("staff_no")
    return [row for row in rows if SUPERVISOR in row.roles]


def named(hall: Hall) -> list[HallSupervisor]:
    rows = hall.supervisors.filter(ended_at__isnull=True)
    return list(rows.select_related("officer__department").order_by("id"))


def may_be_named(hall: Hall) -> list[Officer]:
    """Supervisors who are not named for this hall yet."""
    here = HallSupervisor.objects.filter(officer=OuterRef("pk"), hall=hall, ended_at__isnull=True)
    rows = Officer.objects.filter(~Exists(here), active=True).select_related("department").order_by("staff_no")
    return [row for row in rows if SUPERVISOR in row.roles]
