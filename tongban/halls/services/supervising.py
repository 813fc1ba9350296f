"""What the supervisor of a hall does: hears when waiting grows, opens reserve windows, moves staff, stops everything with one press."""

from datetime import datetime, timedelta

import structlog
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.cases.moving import acting
from tongban.departments.models import Officer
from tongban.halls import events, queries_screens, queries_supervisors, queries_tickets
from tongban.halls.models import EmergencyKind, Hall, HallAlarm, HallEmergency, HallRules, Machine, Ticket, Window
from tongban.halls.models.tickets import WAITS
from tongban.halls.queries_supervisors import SUPERVISOR
from tongban.halls.services import tickets, windows
from tongban.halls.services.supervisors import must_supervise
from tongban.halls.ticket_states import TicketState
from tongban.halls.window_states import WindowState
from tongban.journal import services as journal
from tongban.journal.actors import Actor
from tongban.lib.bilingual import say, short
from tongban.lib.problems import Invalid, NotAllowed
from tongban.notices import services as notices

log = structlog.get_logger("tongban.halls")

TELL_STOPPED = "halls.tell_stopped"
HOLDS = [TicketState.WAITING, TicketState.REQUEUED, TicketState.CALLED, TicketState.SERVING, TicketState.SKIPPED]
FALLS_BY = 2  # minutes below the threshold before an alarm ends: an estimate that trembles about it rings once
BY_TEXT = {
    "stopped": {
        "zh": "%(place)s因突发情况暂停叫号，您的%(number)s号保留位置，恢复后继续叫号。请听从现场工作人员安排。",
        "en": "%(place)s has stopped for the moment. Your number %(number)s keeps its place. Please follow what the staff say.",
    },
    "goes_on": {
        "zh": "%(place)s已恢复叫号，您的%(number)s号仍然有效。",
        "en": "%(place)s goes on. Your number %(number)s is still valid.",
    },
}


# -- alarms


@journal.every("look how long halls make people wait", timedelta(seconds=30))
def look_at_queues() -> int:
    """Every hall where somebody waits, or where an alarm still rings."""
    now = timezone.now()
    today = timezone.localdate(now)
    waiting = Ticket.objects.filter(WAITS, day=today).order_by().values_list("hall_id", flat=True).distinct()
    ringing = HallAlarm.objects.filter(ended_at__isnull=True).order_by().values_list("hall_id", flat=True).distinct()
    found = Hall.objects.filter(pk__in=set(waiting) | set(ringing))
    return sum(watch(hall, now) for hall in found)


@transaction.atomic
def watch(hall: Hall, at: datetime) -> int:
    """Raise what has passed a threshold, end what has fallen below it. Answers how many rises the supervisors were told of."""
    rules = queries_tickets.rules(hall)
    thresholds = (int(rules["alert_minutes"]), int(rules["offer_elsewhere_minutes"]))
    board = queries_tickets.board(hall, at)
    open_now = {
        (row.category_id, row.minutes): row for row in HallAlarm.objects.filter(hall=hall, ended_at__isnull=True)
    }
    told = changed = 0
    for one in board.categories:
        minutes = one.estimate.minutes
        for threshold in thresholds:
            ringing = open_now.pop((one.category.pk, threshold), None)
            if one.waiting and minutes is not None and minutes > threshold:
                if ringing is None:
                    told += _raised(hall, one.category, threshold, round(minutes), at)
                elif minutes > ringing.estimate:
                    HallAlarm.objects.filter(pk=ringing.pk).update(estimate=round(minutes))
            elif ringing is not None and (minutes is None or minutes <= threshold - FALLS_BY or not one.waiting):
                changed += HallAlarm.objects.filter(pk=ringing.pk, ended_at__isnull=True).update(ended_at=at)
    for gone in open_now.values():
        changed += HallAlarm.objects.filter(pk=gone.pk, ended_at__isnull=True).update(ended_at=at)
    if told or changed:
        journal.touch(hall.topic)
    return told


def _raised(hall: Hall, category, threshold: int, estimate: int, at: datetime) -> int:
    """One rise rings once, whoever looks at the same moment."""
    try:
        with transaction.atomic():
            row = HallAlarm.objects.create(
                hall=hall, category=category, minutes=threshold, estimate=estimate, raised_at=at
            )
    except IntegrityError:
        return 0
    params = {"place": hall.name, "what": category.name, "count": estimate}
    for supervisor in queries_supervisors.supervisors(hall):
        journal.touch(f"desk:{supervisor.pk}")
        if supervisor.account.person is not None:
            notices.tell(
                supervisor.account.person.party,
                "hall_waits",
                about=hall.subject,
                link=f"/office/hall/?hall={hall.code}",
                params=params,
                once=f"hall_waits:{row.pk}",
                to=[supervisor.account],
            )
    return 1


# -- windows and staff


def open_for(window: Window, *, officer: Officer, by: Officer, at: datetime | None = None) -> Window:
    """A reserve window, or any other that is closed, for somebody who sits nowhere."""
    return windows.open_window(window, officer=officer, actor=as_supervisor(by, window.hall), at=at)


@transaction.atomic
def move_officer(source: Window, target: Window, *, by: Officer, at: datetime | None = None) -> Window:
    """Somebody gets up at one window and sits down at another of the same hall, in one act."""
    source = Window.objects.select_related("officer", "hall").get(pk=source.pk)
    if source.officer is None or source.hall_id != target.hall_id:
        raise NotAllowed("nobody-sits-there", _("Nobody sits at this window."), next_step=_("Choose another window."))
    officer, actor = source.officer, as_supervisor(by, source.hall)
    windows.close_window(source, actor=actor, at=at)
    return windows.open_window(target, officer=officer, actor=actor, at=at)


def free_officers(hall: Hall) -> list[Officer]:
    """Who works at windows and sits at none."""
    sitting = Window.objects.filter(officer__isnull=False).values("officer")
    rows = Officer.objects.filter(active=True).exclude(pk__in=sitting).select_related("department", "account")
    return [row for row in rows.order_by("staff_no") if {"window_officer", "issuing_officer"} & set(row.roles)]


# -- an emergency


@transaction.atomic
def stop_hall(hall: Hall, *, kind: str, by: Officer, at: datetime | None = None) -> HallEmergency:
    """All windows paused, screens say what to do, everybody with a number who can be reached is told."""
    if kind not in EmergencyKind.values:
        raise Invalid("kind", errors={"kind": [_("Please say what has happened.")]})
    now, actor = at or timezone.now(), as_supervisor(by, hall)
    Hall.objects.select_for_update(no_key=True).get(pk=hall.pk)
    try:
        with transaction.atomic():
            row = HallEmergency.objects.create(hall=hall, kind=kind, began_by=by, began_at=now)
    except IntegrityError as twice:
        raise NotAllowed(
            "hall-has-stopped", _("This hall has been stopped already."), next_step=_("It goes on when you end it.")
        ) from twice
    paused = [
        windows.halted(window, actor=actor, at=now).pk
        for window in Window.objects.filter(hall=hall, state=WindowState.OPEN).order_by("pk")
    ]
    row.windows = paused
    row.save(update_fields=["windows"])
    journal.record(events.HallStopped(hall=hall.pk, kind=kind, windows=len(paused)), subject=hall.subject, actor=actor)
    journal.enqueue(TELL_STOPPED, once=f"hall-stopped:{row.pk}", emergency=row.pk, word="stopped")
    journal.touch(hall.topic)
    return row


@transaction.atomic
def go_on(hall: Hall, *, by: Officer, at: datetime | None = None) -> HallEmergency:
    """One act ends it: the windows that it paused are open again, everybody is told."""
    now, actor = at or timezone.now(), as_supervisor(by, hall)
    Hall.objects.select_for_update(no_key=True).get(pk=hall.pk)
    row = HallEmergency.objects.select_for_update().filter(hall=hall, ended_at__isnull=True).first()
    if row is None:
        raise NotAllowed("hall-goes-on", _("This hall is not stopped."))
    HallEmergency.objects.filter(pk=row.pk).update(ended_at=now, ended_by=by)
    for window in Window.objects.filter(hall=hall, pk__in=row.windows, state=WindowState.PAUSED).order_by("pk"):
        windows.resume_window(window, actor=actor, at=now)
    tickets.call_anew(hall, actor=actor, at=now)
    journal.record(events.HallGoesOn(hall=hall.pk, emergency=row.pk), subject=hall.subject, actor=actor)
    journal.enqueue(TELL_STOPPED, once=f"hall-goes-on:{row.pk}", emergency=row.pk, word="goes_on")
    journal.touch(hall.topic)
    row.refresh_from_db()
    return row


@journal.carrier(TELL_STOPPED, outward=True)
def tell_stopped(emergency: int, word: str) -> int:
    """Everybody whose number stands: people with an account by notice, phone numbers by text message. Twice tells nobody twice."""
    row = HallEmergency.objects.select_related("hall").get(pk=emergency)
    if word == "stopped" and row.ended_at is not None:
        return 0  # over before anybody was told
    day = timezone.localdate(row.began_at)
    told = 0
    held = Ticket.objects.filter(Q(party__isnull=False) | ~Q(phone_index=""), hall=row.hall, day=day, state__in=HOLDS)
    for ticket in held.select_related("party").order_by("id"):
        if ticket.party is not None:
            params = {"place": row.hall.name, "number": ticket.label}
            kind = "hall_stopped" if word == "stopped" else "hall_goes_on"
            once = f"{kind}:{row.pk}:{ticket.pk}"
            notices.tell(
                ticket.party, kind, about=ticket.subject, link=f"/ticket/{ticket.key}/", params=params, once=once
            )
        else:
            language = short(ticket.language)
            words = BY_TEXT[word]["zh" if language == "zh" else "en"] % {
                "place": say(row.hall.name, language),
                "number": ticket.label,
            }
            notices.text_a_caller(ticket.phone, words, reference=f"{word}:{row.pk}:{ticket.pk}")
        told += 1
    if word == "stopped":
        HallEmergency.objects.filter(pk=row.pk).update(told=told)
        with transaction.atomic():
            journal.touch(row.hall.topic)
    return told


# -- screens


@transaction.atomic
def set_screen(machine: Machine, *, lounge: bool, by: Officer) -> None:
    """Whether a screen plays pages of the district between calls."""
    held = Machine.objects.select_for_update().select_related("hall").get(pk=machine.pk)
    held.plays = {**held.plays, "lounge": lounge}
    held.save(update_fields=["plays"])
    journal.record(
        events.ScreenSet(machine=held.pk, lounge=lounge), subject=held.hall.subject, actor=as_supervisor(by, held.hall)
    )
    journal.touch(held.hall.topic)


@transaction.atomic
def set_names(hall: Hall, *, shown: bool, by: Officer) -> None:
    """Whether the screens of this hall show the masked name of whoever is called and known."""
    row, _made = HallRules.objects.select_for_update().get_or_create(hall=hall, about="queue")
    row.values = {**row.values, queries_screens.NAMES: shown}
    row.save(update_fields=["values"])
    journal.record(
        events.NamesOnScreens(hall=hall.pk, shown=shown), subject=hall.subject, actor=as_supervisor(by, hall)
    )
    journal.touch(hall.topic)


def as_supervisor(officer: Officer, hall: Hall) -> Actor:
    """The officer as who does it in this hall, or a refusal."""
    if SUPERVISOR not in officer.roles or not officer.active:
        raise NotAllowed("not-the-supervisor", _("Only the supervisor of halls does this."), status=403)
    must_supervise(officer, hall)
    return acting(officer, SUPERVISOR)
