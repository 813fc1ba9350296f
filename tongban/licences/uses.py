"""The full record of use of one licence, in all its editions: what was done with it, by whom, what for and what they saw; newest first.

Nothing is written twice for it: it is read from what each act leaves behind (the log of what happened, calls, openings). What nobody
signed in for, the public check, is a number for each day and nothing else. Paged by time and key, so page 100 costs what page 1 costs.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any

from django.db.models import Count, Q
from django.db.models.functions import TruncDate
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from tongban.journal.models import Event
from tongban.licences.models import Licence, LicenceCall, LicenceCheck, LicenceOpening

A_PAGE = 30
# what stands elsewhere in the record, or says nothing to a holder
NOT_TOLD = {"LicenceSealed", "LicenceOpenedAtOffice", "CredentialShown"}
HAPPENED, CALLED, OPENED, CHECKED, NAMED = "happened", "called", "opened", "checked", "named"
RANK = {CHECKED: 4, NAMED: 3, HAPPENED: 2, CALLED: 1, OPENED: 0}


@dataclass(frozen=True)
class Use:
    """One line. `what`: the kind of event, or of presentation, or `call`, `office`, `checks`; `account`: who of the holder's side did it."""

    at: datetime
    source: str
    key: int
    what: str
    state: str = ""
    account: int | None = None
    role: str = ""
    department: str = ""
    name: str = ""
    by: str = ""
    matter: str = ""
    purpose: str = ""
    receiver: str = ""
    case: str = ""
    fields: list[str] = field(default_factory=list)
    count: int = 0

    @property
    def place(self) -> tuple[datetime, int, int]:
        return self.at, RANK[self.source], self.key

    @property
    def cursor(self) -> str:
        return f"{self.at.isoformat()}|{RANK[self.source]}|{self.key}"


def page(licence: Licence, *, before: str = "", limit: int = A_PAGE) -> tuple[list[Use], str]:
    """(lines, where to go on or ""). Six questions, however long the record is."""
    place = _place(before)
    until = place[0] if place else None
    editions = list(Licence.objects.filter(type_id=licence.type_id, serial=licence.serial).values_list("pk", flat=True))
    several = [
        *_happened(editions, until, limit),
        *_called(editions, until, limit),
        *_opened(editions, until, limit),
        *_named(editions, until, limit),
        *_checked(editions, until, limit),
    ]
    rows = sorted(
        (one for one in several if place is None or one.place < place), key=lambda one: one.place, reverse=True
    )
    shown = rows[:limit]
    return shown, shown[-1].cursor if len(rows) > limit else ""


def _happened(editions: list[int], until: datetime | None, limit: int) -> Iterable[Use]:
    rows = Event.objects.filter(subject__in=[f"licence:{pk}" for pk in editions]).exclude(kind__in=NOT_TOLD)
    if until is not None:
        rows = rows.filter(at__lte=until)
    for row in rows.order_by("-at", "-id")[: limit + 1]:
        payload: dict[str, Any] = row.payload
        yield Use(
            at=row.at,
            source=HAPPENED,
            key=row.pk,
            what=row.kind,
            state=str(payload.get("state") or payload.get("outcome") or ""),
            account=row.actor if row.actor_kind != "officer" else None,
            role=row.role,
            department=row.department,
            by=row.actor_kind,
        )


def _called(editions: list[int], until: datetime | None, limit: int) -> Iterable[Use]:
    rows = LicenceCall.objects.select_related("officer", "authority").filter(licence__in=editions)
    if until is not None:
        rows = rows.filter(at__lte=until)
    for row in rows.order_by("-at", "-id")[: limit + 1]:
        at_office = row.office is not None
        yield Use(
            at=row.at,
            source=CALLED,
            key=row.pk,
            what="office" if at_office else "call",
            department=row.office or "",
            name=row.officer.staff_no if row.officer is not None else "",
            matter=row.matter,
            purpose=row.authority.purpose if row.authority is not None else "",
            case=row.for_case or ("" if at_office else row.about),
            fields=list(row.fields),
        )


def _opened(editions: list[int], until: datetime | None, limit: int) -> Iterable[Use]:
    rows = LicenceOpening.objects.select_related("presentation").filter(presentation__licence__in=editions)
    if until is not None:
        rows = rows.filter(at__lte=until)
    for row in rows.order_by("-at", "-id")[: limit + 1]:
        yield Use(
            at=row.at,
            source=OPENED,
            key=row.pk,
            what=row.presentation.kind,
            state=row.answer,
            by=row.by,
            name=row.name,
            department=row.department,
            purpose=row.presentation.purpose,
            receiver=row.presentation.receiver,
            fields=list(row.fields),
        )


UNNAMED = Q(checker__isnull=True) | Q(checker="")


def _named(editions: list[int], until: datetime | None, limit: int) -> Iterable[Use]:
    """Checks of registered readers: each with who and what for."""
    rows = LicenceCheck.objects.filter(licence__in=editions).exclude(UNNAMED)
    if until is not None:
        rows = rows.filter(at__lte=until)
    for row in rows.order_by("-at", "-id")[: limit + 1]:
        yield Use(
            at=row.at, source=NAMED, key=row.pk, what="reader", state=row.answer, name=row.checker or "",
            purpose=row.purpose or "",
        )  # fmt: skip


def _checked(editions: list[int], until: datetime | None, limit: int) -> Iterable[Use]:
    """One line for each day, at the day's end, so that a day is never torn over two pages."""
    rows = LicenceCheck.objects.filter(UNNAMED, licence__in=editions)
    if until is not None:
        local = timezone.localtime(until)
        rows = rows.filter(at__lt=local.replace(hour=0, minute=0, second=0, microsecond=0))
    days = rows.annotate(day=TruncDate("at")).values("day").annotate(number=Count("pk")).order_by("-day")[: limit + 1]
    for row in days:
        end = timezone.make_aware(datetime.combine(row["day"] + timedelta(days=1), time.min)) - timedelta(
            microseconds=1
        )
        yield Use(at=end, source=CHECKED, key=row["day"].toordinal(), what="checks", count=row["number"])


def _place(before: str) -> tuple[datetime, int, int] | None:
    at, _bar, rest = before.partition("|")
    rank, _bar, key = rest.partition("|")
    if not (rank.isdecimal() and key.isdecimal() and len(before) < 80):
        return None
    try:
        moment = parse_datetime(at)
    except ValueError:
        return None
    return (moment, int(rank), int(key[:18])) if moment is not None and timezone.is_aware(moment) else None
