"""Computers of the self-service section: reserved for an hour, given back. The key of the row decides who has it."""

from datetime import date, datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.halls import events, hours
from tongban.halls.models import ComputerHour, Hall, Machine, MachineKind
from tongban.journal import services as journal
from tongban.journal.actors import Actor
from tongban.lib.problems import NotAllowed, worded
from tongban.parties.models import Party

HOUR = timedelta(hours=1)
DAYS_AHEAD = 3  # today and the days after it on which one can reserve
A_DAY_AT_MOST = 2  # hours of one person at all halls together
WORTH_IT = timedelta(minutes=10)  # an hour that has begun can be had until so long before its end


def hours_of_day(hall: Hall, day: date, spans: list[hours.Span] | None = None) -> list[datetime]:
    """When an hour at a computer can begin: every full hour from each opening that ends before the hall closes."""
    found = []
    for begins, ends in hours.spans(hall, day) if spans is None else spans:
        at = begins
        while at + HOUR <= ends:
            found.append(at)
            at += HOUR
    return found


def computers(hall: Hall) -> list[Machine]:
    return list(hall.machines.filter(kind=MachineKind.COMPUTER).order_by("number"))


def taken(machines: list[Machine], begins: datetime, ends: datetime) -> set[tuple[int, datetime]]:
    """(computer, hour) that somebody has between two moments."""
    rows = ComputerHour.objects.filter(
        machine__in=[one.pk for one in machines], ended_at__isnull=True, begins_at__gte=begins, begins_at__lt=ends
    )
    return set(rows.values_list("machine_id", "begins_at"))


def of_party(party: Party, hall: Hall, now: datetime) -> list[ComputerHour]:
    """Hours of this person at this hall that are not over."""
    rows = ComputerHour.objects.filter(party=party, ended_at__isnull=True, ends_at__gt=now, machine__hall=hall)
    return list(rows.select_related("machine").order_by("begins_at"))


def reserve(
    hall: Hall, begins_at: datetime, *, party: Party, actor: Actor, now: datetime | None = None
) -> ComputerHour:
    """The first free computer for this hour. Who asks for an hour they have already gets that one."""
    now = now or timezone.now()
    day = timezone.localdate(begins_at)
    if begins_at not in hours_of_day(hall, day) or not hall.active:
        raise NotAllowed(
            "no-such-hour",
            _("The hall is not open at that hour."),
            kept=_("Nothing was reserved."),
            next_step=_("Choose one of the hours on the page."),
        )
    if now > begins_at + HOUR - WORTH_IT or day > timezone.localdate(now) + timedelta(days=DAYS_AHEAD - 1):
        raise NotAllowed(
            "hour-not-offered",
            _("This hour is over, or lies too far ahead."),
            kept=_("Nothing was reserved."),
            next_step=_("Choose one of the hours on the page."),
        )
    with transaction.atomic():
        Party.objects.select_for_update().only("pk").get(pk=party.pk)  # one person with two devices
        own = ComputerHour.objects.filter(party=party, ended_at__isnull=True)
        if (there := own.filter(begins_at=begins_at, machine__hall=hall).first()) is not None:
            return there
        _refuse_too_many(own, begins_at)
        row = _first_free(hall, begins_at, party)
        journal.record(events.ComputerReserved(hour=row.pk), subject=hall.subject, actor=actor)
        journal.touch(hall.topic)
    return row


def _refuse_too_many(own: QuerySet[ComputerHour], begins_at: datetime) -> None:
    if own.filter(begins_at__lt=begins_at + HOUR, ends_at__gt=begins_at).exists():
        raise NotAllowed(
            "computer-at-that-hour",
            _("You have a computer at that hour already."),
            kept=_("Nothing was reserved."),
            next_step=_("Give the other one back first if you want this one."),
        )
    day = begins_at.astimezone(timezone.get_current_timezone()).replace(hour=0, minute=0, second=0, microsecond=0)
    if own.filter(begins_at__gte=day, begins_at__lt=day + timedelta(days=1)).count() >= A_DAY_AT_MOST:
        raise NotAllowed(
            "computers-a-day",
            worded(_("One person can have a computer for %(hours)s hours a day."), hours=A_DAY_AT_MOST),
            kept=_("What you have reserved stays yours."),
            next_step=_("At the hall you can go on as long as a computer is free."),
        )


def _first_free(hall: Hall, begins_at: datetime, party: Party) -> ComputerHour:
    busy = ComputerHour.objects.filter(begins_at=begins_at, ended_at__isnull=True).values("machine")
    free = hall.machines.filter(kind=MachineKind.COMPUTER, working=True).exclude(pk__in=busy).order_by("number")
    for machine in free:
        try:
            with transaction.atomic():
                return ComputerHour.objects.create(
                    machine=machine, begins_at=begins_at, ends_at=begins_at + HOUR, party=party
                )
        except IntegrityError:  # another hand was faster: the next computer
            continue
    raise NotAllowed(
        "no-computer-free",
        _("All computers are taken at that hour."),
        kept=_("Nothing was reserved."),
        next_step=_("Choose another hour. What others give back shows up here at once."),
    )


def give_back(row: ComputerHour, *, actor: Actor, now: datetime | None = None) -> bool:
    """Somebody else can have it from now on. The second time nothing happens."""
    with transaction.atomic():
        given = ComputerHour.objects.filter(pk=row.pk, ended_at__isnull=True).update(ended_at=now or timezone.now())
        if given:
            hall = Hall.objects.only("pk").get(machines=row.machine_id)
            journal.record(events.ComputerGivenBack(hour=row.pk), subject=hall.subject, actor=actor)
            journal.touch(hall.topic)
    return bool(given)
