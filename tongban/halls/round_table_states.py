"""The law of round tables: a visitor, officers of several departments, one screen, and a letter at the end."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from tongban.lib.moves import move


class TableState(models.TextChoices):
    PLANNED = "planned", _("planned")
    OPEN = "open", _("at the table now")
    ENDED = "ended", _("over, with its letter")
    OFF = "off", _("called off")


T = TableState
ASKED_ROLES = frozenset({"dept_reviewer", "dept_approver"})  # who of a department hears that it is asked to come
HOSTS = ("helper", "window_officer", "supervisor", "coordinator")

PLAN = move("plan_table", set(), T.PLANNED, by=HOSTS, guard="a booked round table; the place in the hall is free then")
OPEN = move("open_table", T.PLANNED, T.OPEN, by=HOSTS, guard="on its day; the visitor counts as here")
END = move(
    "end_table",
    T.OPEN,
    T.ENDED,
    by=HOSTS,
    guard="with a result in words",
    document="result letter",
)
CALL_OFF = move("call_off_table", T.PLANNED, T.OFF, by=("platform",), guard="its appointment was cancelled or missed")

MOVES = [PLAN, OPEN, END, CALL_OFF]
