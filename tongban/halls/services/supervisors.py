"""Naming the supervisors of single halls: acts of the coordinating office."""

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.cases.moving import acting
from tongban.departments.models import Officer, Role
from tongban.halls import events, queries_supervisors
from tongban.halls.models import Hall, HallSupervisor
from tongban.journal import services as journal
from tongban.journal.actors import Actor
from tongban.lib.problems import NotAllowed


def _as_coordinator(officer: Officer) -> Actor:
    role = Role.COORDINATOR.value
    if role not in officer.roles or not officer.active:
        raise NotAllowed("not-your-move", _("Only the government service office names supervisors."), status=403)
    return acting(officer, role)


@transaction.atomic
def name_for(hall: Hall, who: Officer, *, by: Officer) -> HallSupervisor:
    """From now on one of this hall, and of no hall they are not named for. Twice is once."""
    actor = _as_coordinator(by)
    if Role.SUPERVISOR.value not in who.roles or not who.active:
        raise NotAllowed("not-a-supervisor", _("This person does not have the role of a hall supervisor."))
    try:
        with transaction.atomic():
            row = HallSupervisor.objects.create(hall=hall, officer=who, named_by=by)
    except IntegrityError:
        return HallSupervisor.objects.get(hall=hall, officer=who, ended_at__isnull=True)
    journal.record(events.HallSupervisorNamed(hall=hall.pk, officer=who.pk), subject=hall.subject, actor=actor)
    journal.touch(hall.topic)
    return row


@transaction.atomic
def drop(hall: Hall, who: Officer, *, by: Officer) -> None:
    """No longer of this hall; of the others as before, and of none if this was the last."""
    actor = _as_coordinator(by)
    rows = HallSupervisor.objects.filter(hall=hall, officer=who, ended_at__isnull=True)
    if rows.update(ended_at=timezone.now()):
        journal.record(events.HallSupervisorDropped(hall=hall.pk, officer=who.pk), subject=hall.subject, actor=actor)
        journal.touch(hall.topic)


@transaction.atomic
def for_every_hall(hall: Hall, who: Officer, *, by: Officer) -> None:
    """Named for single halls by mistake, or promoted: every hall again. `hall`: on whose page it was pressed."""
    actor = _as_coordinator(by)
    if HallSupervisor.objects.filter(officer=who).delete()[0]:
        journal.record(events.SupervisorOfEveryHall(hall=hall.pk, officer=who.pk), subject=hall.subject, actor=actor)
        journal.touch(hall.topic)


def refused() -> NotAllowed:
    return NotAllowed(
        "not-your-hall",
        _("You are a supervisor of other halls, not of this one."),
        kept=_("Nothing was changed."),
        next_step=_("Ask the government service office to name you for this hall."),
        status=403,
    )


def must_supervise(officer: Officer, hall: Hall) -> None:
    if not queries_supervisors.supervises(officer, hall):
        raise refused()
