"""The end of a day in every hall: nobody waits for a window that will not call."""

from datetime import datetime, timedelta

from django.utils import timezone

from tongban.halls import hours
from tongban.halls import queries_tickets as queries
from tongban.halls.models import Hall, TakenToday, Window
from tongban.halls.services import tickets, windows
from tongban.halls.window_states import WindowState
from tongban.journal import services as journal

SERVED_AFTER_CLOSING = timedelta(
    hours=2
)  # whoever has a number is served as long as windows are open, but not all night


@journal.every("end the day in halls", timedelta(minutes=1))
def _end_days() -> None:
    end_days(timezone.now())


def end_days(now: datetime) -> int:
    """Close the queue of every day that is over, and windows that were left open. Answers how many people were told."""
    today = timezone.localdate(now)
    told = 0
    pending = queries.unfinished()
    halls = Hall.objects.in_bulk({hall for hall, _day in pending})
    for hall, day in sorted(pending):
        if day < today or _is_over(halls[hall], now):
            told += tickets.close_day(halls[hall], day=day, at=now)
    left_open = Window.objects.exclude(state=WindowState.CLOSED).select_related("hall")
    for one in {window.hall_id: window.hall for window in left_open}.values():
        if _long_closed(one, now):
            windows.close_all(one.pk, at=now)
    return told


def _is_over(hall: Hall, now: datetime) -> bool:
    """After closing, when the last window has closed; two hours later in any case. A hall that is open is never over."""
    of_the_day = hours.spans(hall, timezone.localdate(now))
    if not of_the_day or now < of_the_day[-1][1]:
        return False
    return _long_closed(hall, now) or not Window.objects.filter(hall=hall).exclude(state=WindowState.CLOSED).exists()


def _long_closed(hall: Hall, now: datetime) -> bool:
    of_the_day = hours.spans(hall, timezone.localdate(now))
    if not of_the_day:
        return True
    begins, ends = of_the_day[0][0], of_the_day[-1][1]
    return now >= ends + SERVED_AFTER_CLOSING or now < begins - SERVED_AFTER_CLOSING


@journal.every("forget counts of numbers", timedelta(hours=6))
def _forget() -> None:
    forget_counts(timezone.now())


def forget_counts(now: datetime) -> int:
    rows = TakenToday.objects.filter(day__lt=timezone.localdate(now) - timedelta(days=1))
    return rows.delete()[0]
