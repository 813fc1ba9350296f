"""What the officer at a window does with a visitor's ticket beside calling it: who it is, which cases, a note, a rating, goodbye.

The intake itself is that of `cases.services` (at_window, intake, deciding); here it is only remembered for which ticket it was done.
"""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.cases.models import Case
from tongban.departments.models import Officer
from tongban.evaluations import services as evaluations
from tongban.evaluations.models import Rating
from tongban.halls import desk_rules, events
from tongban.halls.models import DeskNote, Machine, MachineKind, RatingAsk, Ticket, TicketCase
from tongban.halls.services import tickets
from tongban.halls.ticket_states import TicketState
from tongban.journal import services as journal
from tongban.journal.actors import Actor
from tongban.lib.problems import Invalid, NotAllowed
from tongban.parties.models import Account, Party

LONGEST_NOTE = 2000
DEVICE_ASKS_FOR = timedelta(minutes=5)
A_DAY = timedelta(hours=12)


def at_my_window(ticket: Ticket, actor: Actor, *, late: bool = False) -> Ticket:
    """The ticket, locked, if this officer serves it; `late`: or served it within the last hours (what a desk without a line sends after)."""
    held = (
        Ticket.objects.select_for_update(of=("self",))
        .select_related("hall", "category", "window", "officer", "appointment")
        .get(pk=ticket.pk)
    )
    mine = held.officer is not None and held.officer.account_id == actor.account
    over = held.state == TicketState.DONE and held.ended_at is not None and timezone.now() - held.ended_at < A_DAY
    if not mine or not (held.state == TicketState.SERVING or (late and over)):
        raise NotAllowed(
            "not-at-your-window",
            _("This number is not served at your window now."),
            next_step=_("Look at your desk once more: it shows who is at your window."),
        )
    return held


@transaction.atomic
def meet(ticket: Ticket, party: Party, *, actor: Actor) -> Ticket:
    """The officer knows who holds this ticket. Somebody else than whom it was taken for is told by the officer, not assumed."""
    held = at_my_window(ticket, actor)
    if held.party_id == party.pk:
        return held
    Ticket.objects.filter(pk=held.pk).update(party=party)
    held.party = party
    journal.record(events.VisitorMet(ticket=held.pk), subject=held.subject, actor=actor)
    journal.touch(held.hall.topic)
    return held


@transaction.atomic
def work_on(ticket: Ticket, case: Case, *, actor: Actor) -> None:
    """This case is worked on for this ticket. A second time does nothing."""
    held = at_my_window(ticket, actor)
    _row, made = TicketCase.objects.get_or_create(ticket=held, case=case)
    if made:
        journal.record(events.TicketWorkedOn(ticket=held.pk, case=case.pk), subject=held.subject, actor=actor)


def settled(ticket: Ticket, now: datetime) -> bool | None:
    """On the spot, as it stands now."""
    rows = TicketCase.objects.filter(ticket=ticket).values_list(
        "case__submitted_at", "case__decided_at", "case__ended_at"
    )
    return desk_rules.on_the_spot((desk_rules.Worked(*row) for row in rows), ticket.serving_at or now, now)


@transaction.atomic
def finish(ticket: Ticket, *, actor: Actor, at: datetime | None = None) -> Ticket:
    """Goodbye. Whether it was settled on the spot follows from the cases, never from what somebody says."""
    now = at or timezone.now()
    held = at_my_window(ticket, actor)
    sent = TicketCase.objects.filter(ticket=held, case__submitted_at__isnull=False).order_by("id").first()
    if sent is not None:
        Ticket.objects.filter(pk=held.pk).update(case=sent.case_id)
    RatingAsk.objects.filter(ticket=held, ended_at__isnull=True, until__lt=now).update(ended_at=now)
    return tickets.finish(held, on_the_spot=settled(held, now), actor=actor, at=at)


@transaction.atomic
def write(ticket: Ticket, words: str, *, officer: Officer, revision: int, actor: Actor) -> DeskNote:
    """Keep what the officer types. `revision` is the one the page was drawn with: nothing typed elsewhere is written over."""
    words = words.strip()
    if len(words) > LONGEST_NOTE:
        raise Invalid(
            "note-too-long",
            errors={"words": [_("This is longer than 2,000 characters.")]},
            kept=_("What you typed stands here still."),
        )
    held = at_my_window(ticket, actor, late=True)
    note = DeskNote.objects.filter(ticket=held).first()
    if note is not None and note.words == words:
        return note  # sent twice over a bad line
    if note is None:
        return DeskNote.objects.create(ticket=held, officer=officer, words=words, revision=1)
    if note.revision != revision:
        raise NotAllowed(
            "note-changed",
            _("This note was changed in another window of the browser."),
            kept=_("What stands in both is kept."),
            next_step=_("Open the desk once more and add what is missing."),
        )
    note.words, note.revision, note.saved_at, note.officer = words, note.revision + 1, timezone.now(), officer
    note.save(update_fields=["words", "revision", "saved_at", "officer"])
    return note


# -- the rating device of the window


def device_of(ticket: Ticket) -> Machine | None:
    """The device beside the window carries the window's number."""
    if ticket.window is None:
        return None
    return Machine.objects.filter(
        hall=ticket.hall_id, kind=MachineKind.RATING, number=ticket.window.number, working=True
    ).first()


@transaction.atomic
def ask_to_rate(ticket: Ticket, case: Case, *, actor: Actor, at: datetime | None = None) -> RatingAsk | None:
    """The device shows the question, where there is one and the case is decided; the phone is invited in any case where there is an account.

    None: only the phone was asked.
    """
    now = at or timezone.now()
    held = at_my_window(ticket, actor)
    row = TicketCase.objects.filter(ticket=held, case=case).select_related("case", "case__account").first()
    if row is None:
        raise NotAllowed("not-of-this-visit", _("This case was not worked on for this number."))
    if Rating.objects.filter(case=case).exists():
        raise NotAllowed("already-rated", _("This case has been rated. A rating is given once."))
    if row.case.decided_at is None:
        raise NotAllowed(
            "not-decided",
            _("What is not decided yet cannot be rated."),
            next_step=_("The person is asked on the phone or online as soon as it is decided."),
        )
    account = row.case.account or Account.objects.filter(person=held.party_id).first()
    device = device_of(held)
    if account is None:
        raise NotAllowed("nobody-to-ask", _("This person has no account here, and a rating needs to be somebody's."))
    evaluations.invite(row.case, now=now)
    if device is None:
        return None
    RatingAsk.objects.filter(machine=device, ended_at__isnull=True).update(ended_at=now)
    ask = RatingAsk.objects.create(
        machine=device, ticket=held, case=row.case, account=account, asked_at=now, until=now + DEVICE_ASKS_FOR
    )
    journal.record(events.RatingAsked(ticket=held.pk, case=case.pk), subject=held.subject, actor=actor)
    journal.touch(machine_topic(device))
    return ask


def machine_topic(machine: Machine) -> str:
    return f"machine:{machine.pk}"


def asked_at(machine: Machine, now: datetime) -> RatingAsk | None:
    """What this device shows now."""
    return (
        RatingAsk.objects.select_related("case__version", "case__applicant", "account", "ticket")
        .filter(machine=machine, ended_at__isnull=True, until__gt=now)
        .first()
    )


def rate_at_device(
    machine: Machine, key: str, *, grade: int, reasons: list[str] | None = None, now: datetime | None = None
) -> Rating:
    """The visitor has pressed. The device can rate what it was asked, once, and nothing else."""
    now = now or timezone.now()
    with transaction.atomic():
        ask = asked_at(machine, now)
        if ask is None or ask.key != key:
            raise NotAllowed(
                "nothing-to-rate",
                _("There is nothing to rate here at the moment."),
                next_step=_("You can rate on your phone or online, too."),
            )
        rating = evaluations.rate(
            ask.case,
            account=ask.account,
            grade=grade,
            reasons=reasons,
            key=f"device:{ask.pk}",
            channel="device",
            now=now,
        )
        RatingAsk.objects.filter(pk=ask.pk, ended_at__isnull=True).update(ended_at=now)
        journal.touch(machine_topic(machine), ask.ticket.hall.topic)
    return rating
