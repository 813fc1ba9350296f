"""Past days of a hall, as rows: tickets that were served in a way that can be worked out by hand."""

from datetime import datetime, time, timedelta

from django.utils import timezone

from tests.halls import queue_world as world
from tongban.halls.models import Category, Hall, Ticket


def at(day, minutes: float) -> datetime:
    """So many minutes after nine."""
    return timezone.make_aware(datetime.combine(day, time(9))) + timedelta(minutes=minutes)


def past(hall: Hall, *, weeks: int, a_day: int, category: str = "A") -> None:
    """On each of the last Mondays so many tickets, one every five minutes: called after ten, there after eleven, done six later."""
    kind = Category.objects.get(code=category)
    for week in range(1, weeks + 1):
        day = timezone.localdate(world.TEN) - timedelta(weeks=week)
        Ticket.objects.bulk_create(
            Ticket(
                hall=hall, day=day, category=kind, label=f"{category}{number:03d}", issued_at=at(day, number * 5),
                waits_from=at(day, number * 5), estimate_minutes=12, state="done", calls=1,
                first_called_at=at(day, number * 5 + 10), called_at=at(day, number * 5 + 10),
                serving_at=at(day, number * 5 + 11), ended_at=at(day, number * 5 + 17),
                window=hall.windows.first(),
            )
            for number in range(1, a_day + 1)
        )  # fmt: skip
