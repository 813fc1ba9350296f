"""Round tables from somebody's eyes: officers see those of their hall or their department, a visitor their own, a screen one alone."""

import re
from datetime import date, datetime, timedelta

from django.core import signing
from django.db.models import BigIntegerField, Q, QuerySet
from django.utils import timezone

from tongban.departments.models import Officer
from tongban.halls.models import Appointment, RoundTable, RoundTableTask
from tongban.halls.round_table_states import ASKED_ROLES, HOSTS, TableState
from tongban.lib import identifiers
from tongban.lib.composed import composed
from tongban.parties.models import Party

SALT = "halls.round-table"
LINK_HOLDS = timedelta(days=30)
AFTER_THE_END = timedelta(hours=2)  # the visitor reads on while walking out
LATELY = timedelta(days=30)
TOGETHER = ("hall", "party", "appointment", "led_by__department")


def visible_to(officer: Officer) -> QuerySet[RoundTable]:
    """Staff of halls see every table, anybody else those their department was asked to, or has a task of."""
    rows = RoundTable.objects.select_related(*TOGETHER)
    if set(officer.roles) & set(HOSTS):
        return rows
    asked = RoundTable.objects.filter(
        Q(seats__department=officer.department_id) | Q(tasks__department=officer.department_id)
    )
    return rows.filter(pk__in=asked.order_by().values("pk"))


def hosts(officer: Officer) -> bool:
    return bool(set(officer.roles) & set(HOSTS))


def sits(officer: Officer, table: RoundTable) -> bool:
    """May write at this table: staff of the hall, and every officer of a department that was asked."""
    return hosts(officer) or table.seats.filter(department=officer.department_id).exists()


def coming(officer: Officer, today: date) -> QuerySet[RoundTable]:
    """Today and later, and what is open still; the next first."""
    rows = visible_to(officer).filter(state__in=[TableState.PLANNED, TableState.OPEN])
    return rows.prefetch_related("seats__department").order_by("begins_at", "id")


def asked_of(officer: Officer) -> QuerySet[RoundTable]:
    """Where this officer's department was asked to come and nobody has said who does: for whoever works on cases there."""
    if not set(officer.roles) & ASKED_ROLES:
        return RoundTable.objects.none()
    return _open_seats(officer.department_id).select_related("hall").order_by("begins_at", "id")


def number_asked(officer: Officer) -> int:
    """How many those are, counted up to 100."""
    return len(_asked(department=officer.department_id)) if set(officer.roles) & ASKED_ROLES else 0


@composed(department=BigIntegerField())
def _asked(department):
    return _open_seats(department).order_by("id").values_list("pk", flat=True)[:100]


def _open_seats(department: int) -> QuerySet[RoundTable]:
    return RoundTable.objects.filter(
        state__in=[TableState.PLANNED, TableState.OPEN], seats__department_id=department, seats__officer=None
    )


def over(officer: Officer, now: datetime) -> QuerySet[RoundTable]:
    return visible_to(officer).filter(state=TableState.ENDED, ended_at__gte=now - LATELY).order_by("-ended_at")


def tasks_of(officer: Officer) -> QuerySet[RoundTableTask]:
    """What this officer's department still has to do, due first."""
    rows = RoundTableTask.objects.filter(department=officer.department_id, done_at__isnull=True)
    return rows.exclude(table__state=TableState.OFF).select_related("table__hall").order_by("due_on", "id")


def of(party: Party) -> QuerySet[RoundTable]:
    return RoundTable.objects.filter(party=party).select_related(*TOGETHER).order_by("-begins_at", "-id")


def of_appointment(row: Appointment) -> RoundTable | None:
    """Its table; just after a move the one of the time before, which comes along in a moment."""
    before = Q(appointment=row.moved_from_id, state__in=(TableState.PLANNED, TableState.OPEN))
    found = RoundTable.objects.filter(Q(appointment=row) | before if row.moved_from_id else Q(appointment=row))
    return found.order_by("-appointment").first()


# -- the shared screen


def screen_token(table: RoundTable) -> str:
    """Signed, for this table and its present link alone."""
    return signing.dumps([table.pk, table.screen], salt=SALT)


def by_token(token: str, now: datetime | None = None) -> RoundTable | None:
    """None for a link that we did not make, that was renewed, or whose table is long over."""
    try:
        pk, screen = signing.loads(token[:200], salt=SALT, max_age=LINK_HOLDS)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    row = RoundTable.objects.select_related(*TOGETHER).filter(pk=pk, screen=screen).first()
    if row is None or row.state == TableState.OFF:
        return None
    if row.ended_at is not None and (now or timezone.now()) - row.ended_at > AFTER_THE_END:
        return None
    return row


LONG_NUMBER = re.compile(r"(?<![A-Za-z0-9])(?=[A-Za-z]{0,3}\d{5,}[\dXx]?)[A-Za-z]{0,3}\d{7,17}[\dXx]?(?![A-Za-z0-9])")
GROUPED = re.compile(r"(?<!\d)(?:\d[ \-]?){10,20}[\dXx](?![A-Za-z0-9])")
MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")


def without_numbers(words: str) -> str:
    """Numbers of people and telephones are covered on every page, whoever typed them."""
    for pattern in (GROUPED, LONG_NUMBER):
        words = pattern.sub(lambda found: identifiers.mask_id(re.sub(r"[ \-]", "", found[0])), words)
    return words


IDENTITY = re.compile(r"(?<!\d)\d{6}(?:18|19|20)\d{9}[\dXx](?!\d)")


def without_identity(words: str) -> str:
    """For the letter: whom to ring stays readable, whose identity number somebody typed does not."""
    return IDENTITY.sub(lambda found: identifiers.mask_id(found[0]), words)


def covered(words: str, table: RoundTable) -> str:
    """What a display in a hall may show of what was typed: beside numbers, mail addresses and the visitor's name are covered."""
    words = without_numbers(words)
    words = MAIL.sub(lambda found: found[0][:1] + "***@***", words)
    names = (table.party.name, table.party.name_en) if table.party is not None else ()
    if table.appointment is not None and table.appointment.name:
        names = (*names, table.appointment.name)
    for name in sorted({one for one in names if one and len(one) > 1}, key=len, reverse=True):
        words = re.sub(re.escape(name), identifiers.mask_name(name), words, flags=re.IGNORECASE)
    return words
