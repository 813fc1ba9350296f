"""Booking a slot: held for some minutes, confirmed, moved, cancelled, missed.

Who gets a place is decided by the row of the place (`SlotPlace`, once for each number of a slot). Limits of one person are judged with
that person's row locked. To move is to book the new time first; the old one is given up when the new one is confirmed.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import BigIntegerField, CharField, DateTimeField
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.departments.models import Officer
from tongban.halls import booking_rules, capacity, events
from tongban.halls import queries_appointments as queries
from tongban.halls.appointment_states import (
    CANCEL,
    CONFIRM,
    LAPSE,
    MISS,
    PASS_ON,
    TAKE,
    AppointmentState,
    WishState,
)
from tongban.halls.booking_rules import Record
from tongban.halls.capacity import Rules
from tongban.halls.models import Appointment, Category, EarlierWish, Hall, SlotPlace, VisitKind
from tongban.halls.services.tickets import phone_index
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM, Actor
from tongban.lib.bilingual import Bilingual, both, say, short
from tongban.lib.composed import composed
from tongban.lib.moves import NotNow, make
from tongban.lib.problems import Invalid, NotAllowed, worded
from tongban.licences import queries as licences
from tongban.matters.models import Matter
from tongban.notices import services as notices
from tongban.parties import rules as party_rules
from tongban.parties.models import Account, Party, Person

ONLINE, PHONE, WINDOW = "online", "phone", "window"
NOTHING_BOOKED = _("Nothing was booked.")
STILL_BOOKED = _("Your appointment stands as it was.")
DISABILITY = "disability-cert"
CHANCE = secrets.SystemRandom()
AT_A_TIME = 200
LATELY = 500  # of one holder's times, more than anybody has in two months
NAME_AT_MOST = 60


@dataclass(frozen=True)
class Wanted:
    """A visit: where, to which queue, when, for what, with how many people."""

    hall: Hall
    category: Category
    begins_at: datetime
    kind: str = VisitKind.GENERAL
    matters: tuple[Matter, ...] = ()
    people: int = 1

    @property
    def units(self) -> int:
        return booking_rules.units(self.people, len(self.matters), round_table=self.kind == VisitKind.ROUND_TABLE)

    @property
    def key(self) -> int:
        return queries.key_of(self.category, self.kind)


@dataclass(frozen=True)
class Holder:
    """Who comes: somebody whose identity was proved (`account`), or a caller whom an officer writes down by name and phone."""

    party: Party | None = None
    account: Account | None = None
    name: str = ""
    phone: str = ""
    language: str = "zh-hans"
    elderly: bool = False


class JustTaken(NotAllowed):
    """Somebody else has the place."""

    def __init__(self, wanted: Wanted, now: datetime):
        super().__init__(
            "slot-taken",
            _("This time was just taken by somebody else."),
            kept=NOTHING_BOOKED,
            next_step=_("Choose one of the next free times, or put yourself on the waiting list."),
        )
        self._wanted, self._now = wanted, now

    @cached_property
    def free(self) -> list[queries.Slot]:
        """The next free slots, to be chosen at once. Looked up when somebody asks, so that nobody who writes waits for it."""
        wanted = self._wanted
        return queries.next_free(
            wanted.hall, wanted.category, wanted.kind, wanted.units, self._now, after=wanted.begins_at
        )


REFUSALS: dict[str, tuple[Any, Any]] = {
    "not_verified": (
        _("Times are booked by people whose identity was proved, so that nobody books them to sell them."),
        _("Prove your identity once on this page, or ring the hall: they book for you without an account."),
    ),
    "blocked": (
        _("Online booking is closed for you for some weeks: booked times were not kept, or given back very often."),
        _("You can ring the hall and book by phone, or come without an appointment and take a number."),
    ),
    "held_too_often": (
        _("Times were held for you very often today without being booked."),
        _("Please book tomorrow, or ring the hall."),
    ),
    "one_a_day": (
        _("You have a booked time on this day already."),
        _("Move the one you have, or choose another day."),
    ),
    "matter_booked": (
        _("You have a booked time for this matter already."),
        _("Move the one you have, or cancel it first."),
    ),
    "matter_too_often": (
        _("This matter was booked several times today."),
        _("Please book it again tomorrow, or ring the hall."),
    ),
}


# -- holding


def hold(
    wanted: Wanted,
    holder: Holder,
    *,
    actor: Actor,
    officer: Officer | None = None,
    channel: str = ONLINE,
    moves: Appointment | None = None,
    now: datetime | None = None,
) -> Appointment:
    """Keep a place for some minutes. Raises JustTaken, with what is free next, where the last one went to somebody else."""
    now = now or timezone.now()
    rules = queries.rules_of(wanted.hall)
    by_staff = officer is not None
    books = _judge_time(wanted, rules, now, by_staff=by_staff)
    _judge_visit(wanted, holder, by_staff=by_staff)
    if not _free_places(wanted, books, rules):  # who sees that it is gone holds up nobody who writes
        raise JustTaken(wanted, now)
    with transaction.atomic():
        record = refuse_by_record(wanted, holder, rules, now, by_staff=by_staff, moves=moves)
        minutes = rules.hold_minutes_elderly if holder.elderly or record.spared else rules.hold_minutes
        row = take_a_place(
            wanted,
            holder,
            books,
            rules,
            channel=channel,
            booked_by=officer,
            moved_from=moves,
            made_at=now,
            held_until=now + timedelta(minutes=minutes),
        )
        journal.record(events.SlotHeld(appointment=row.pk), subject=row.subject, actor=actor)
    return row


def _judge_time(wanted: Wanted, rules: Rules, now: datetime, *, by_staff: bool) -> queries.Books:
    """The book of the day, where this slot is one that may be booked now."""
    hall, at = wanted.hall, wanted.begins_at
    day, today = timezone.localdate(at), timezone.localdate(now)
    near = abs((day - today).days) < 60
    books = queries.Books(hall, min(day, today), max(day, today), rules, only=day) if near else None
    if books is None or not hall.active or at not in books.starts(day):
        raise NotAllowed(
            "no-such-slot",
            _("This hall has no appointment at this time."),
            kept=NOTHING_BOOKED,
            next_step=_("Choose one of the times on the page."),
        )
    if booking_rules.too_soon(at, now, rules, by_staff=by_staff):
        raise NotAllowed(
            "slot-too-soon",
            _("This time begins too soon to be booked."),
            kept=NOTHING_BOOKED,
            next_step=_("Choose a later one, or come now and take a number."),
        )
    release = books.release(day)
    if now < release.at or release.drawing(now):
        raise NotAllowed(
            "not-released",
            worded(
                _("The times of this day are given out on %(day)s at %(hour)s."),
                day=f"{release.at:%Y-%m-%d}",
                hour=f"{release.at:%H:%M}",
            ),
            kept=NOTHING_BOOKED,
            next_step=_("Put yourself on the list for it: it is drawn by lot, and being fast does not help."),
        )
    return books


def _judge_visit(wanted: Wanted, holder: Holder, *, by_staff: bool) -> None:
    errors: dict[str, list] = {}
    if wanted.kind not in VisitKind.values or not wanted.category.bookable:
        errors["kind"] = [_("This cannot be booked. Come and take a number.")]
    if wanted.kind == VisitKind.VIDEO and not wanted.hall.virtual_seats:
        errors["kind"] = [_("This hall has no video seat. Choose another hall, or come yourself.")]
    if not 1 <= wanted.people <= booking_rules.UNITS_AT_MOST:
        errors["people"] = [_("Please book for one to six people.")]
    elif wanted.units > booking_rules.UNITS_AT_MOST:
        errors["people"] = [
            _("That is too much for one visit. Please book fewer people or matters, and a second time for the rest.")
        ]
    if holder.party is None and by_staff:
        phone = party_rules.phone(holder.phone)
        if not phone.valid:
            errors["phone"] = [_("Please type a phone number at which this person is reached.")]
        if not holder.name.strip():
            errors["name"] = [_("Please write down who comes.")]
    if errors:
        raise Invalid("not-booked", errors=errors, kept=NOTHING_BOOKED)


def refuse_by_record(
    wanted: Wanted, holder: Holder, rules: Rules, now: datetime, *, by_staff: bool = False, moves: Appointment | None
) -> Record:
    """What is known of the holder, where nothing of it forbids this booking."""
    if holder.party is not None:
        _in_turn(party=holder.party.pk)  # two tabs of one person take turns
    record = record_of(holder, wanted.begins_at, now, rules, by_staff=by_staff, moves=moves)
    matters = [one.slug for one in wanted.matters]
    reasons = booking_rules.reasons_against(record, matters, now, rules)
    if reasons:
        sentence, next_step = REFUSALS[reasons[0]]
        until = booking_rules.blocked_until(record.no_shows, record.cancellations, now, rules)
        if reasons[0] == "blocked" and until is not None:
            sentence = worded(
                _(
                    "Online booking is closed for you until %(day)s: booked times were not kept, or given back very often."
                ),
                day=f"{timezone.localtime(until):%Y-%m-%d}",
            )
        raise NotAllowed(f"booking-{reasons[0].replace('_', '-')}", sentence, kept=NOTHING_BOOKED, next_step=next_step)
    return record


@composed(party=BigIntegerField())
def _in_turn(party):
    return Party.objects.select_for_update().filter(pk=party).values_list("pk", flat=True)


@composed(party=BigIntegerField(), since=DateTimeField())
def _lately_of(party, since):
    rows = Appointment.objects.filter(party_id=party, begins_at__gte=since)
    return rows.select_related("matter").order_by("pk")[:LATELY]


@composed(index=CharField(), since=DateTimeField())
def _lately_by_phone(index, since):
    rows = Appointment.objects.filter(phone_index=index, begins_at__gte=since)
    return rows.select_related("matter").order_by("pk")[:LATELY]


@composed(person=BigIntegerField())
def _born(person):
    return Person.objects.filter(pk=person).values_list("birth_date", flat=True)


def record_of(
    holder: Holder,
    begins_at: datetime,
    now: datetime,
    rules: Rules,
    *,
    by_staff: bool = False,
    moves: Appointment | None = None,
) -> Record:
    """What the rules ask of somebody: kept and missed times, what is booked that day and for which matters."""
    since = now - timedelta(days=rules.within_days + rules.blocked_days)
    if holder.party is not None:
        rows = _lately_of(party=holder.party.pk, since=since)
    else:
        rows = _lately_by_phone(index=phone_index(party_rules.phone(holder.phone).value), since=since)
    lately = [row for row in rows if moves is None or row.pk != moves.pk]
    day = timezone.localdate(begins_at)
    today = timezone.localdate(now)
    standing = [
        row
        for row in lately
        if row.state in queries.OPEN
        and row.ends_at > now
        and not (row.state == AppointmentState.HELD and _is_over(row, now))
    ]
    made_today = [row for row in lately if timezone.localdate(row.made_at) == today]
    return Record(
        verified=holder.account is not None and holder.account.level >= party_rules.VERIFIED,
        by_staff=by_staff,
        spared=_spared(holder.party, now),
        no_shows=[row.ended_at for row in lately if row.state == AppointmentState.NO_SHOW and row.ended_at],
        cancellations=[
            row.ended_at
            for row in lately
            if row.state == AppointmentState.CANCELLED and row.end_reason == "by_holder" and row.ended_at
        ],
        that_day=sum(timezone.localdate(row.begins_at) == day for row in standing)
        + sum(row.state == AppointmentState.SERVED and timezone.localdate(row.begins_at) == day for row in lately),
        open_matters=frozenset(slug for row in standing for slug in _slugs(row)),
        bookings_today={
            slug: sum(
                slug in _slugs(row)
                for row in made_today
                if row.state != AppointmentState.LAPSED and row.end_reason not in ("let_go", "moved", "not_wanted")
            )
            for slug in {slug for row in made_today for slug in _slugs(row)}
        },
        holds_today=sum(row.state == AppointmentState.LAPSED or row.end_reason == "let_go" for row in made_today),
    )


def _is_over(row: Appointment, now: datetime) -> bool:
    return row.held_until is not None and row.held_until <= now


def _slugs(row: Appointment) -> list[str]:
    return ([row.matter.slug] if row.matter is not None else []) + list(row.more_matters)


def _spared(party: Party | None, now: datetime) -> bool:
    """People of sixty or over and people with a disability are never blocked, and have more time."""
    if party is None or party.kind != Party.Kind.PERSON:
        return False
    today = timezone.localdate(now)
    born = next(iter(_born(person=party.pk)), None)
    if (
        born is not None
        and today.year - born.year - ((today.month, today.day) < (born.month, born.day)) >= booking_rules.SIXTY
    ):
        return True
    return licences.in_force(party, DISABILITY, today) is not None


def take_a_place(
    wanted: Wanted,
    holder: Holder,
    books: queries.Books,
    rules: Rules,
    *,
    resting: SlotPlace | None = None,
    **given: Any,
) -> Appointment:
    """Write the row of a free place; whoever comes second cannot, looks again, and takes another one or is told that all are gone."""
    needed, step = _reach(wanted, books, rules)
    while True:
        if resting is not None:
            chosen = [(wanted.begins_at, resting.place)]
        else:
            chosen = _free_places(wanted, books, rules)
        if not chosen:
            raise JustTaken(wanted, given["made_at"])
        try:
            with transaction.atomic():
                return _write(wanted, holder, chosen, wanted.begins_at + len(needed) * step, resting, given)
        except IntegrityError:
            if resting is not None or not _somebody_took(wanted, chosen):
                raise
            books = queries.Books(
                wanted.hall, books.first, books.last, rules, only=timezone.localdate(wanted.begins_at)
            )


def _reach(wanted: Wanted, books: queries.Books, rules: Rules) -> tuple[list[int], timedelta]:
    """How many places the visit takes in each slot it reaches into, and how far these are apart."""
    average = books.queues[wanted.key].average_minutes
    return capacity.units_in_slots(wanted.units, rules.slot_minutes, average), timedelta(minutes=rules.slot_minutes)


def _free_places(wanted: Wanted, books: queries.Books, rules: Rules) -> list[tuple[datetime, int]]:
    """The lowest free numbers in every slot the visit reaches into; nothing where one of them has no room."""
    if books.fits(wanted.key, wanted.begins_at, wanted.units) < 1:
        return []
    base = capacity.VIDEO_FROM if wanted.kind == VisitKind.VIDEO else 0
    needed, step = _reach(wanted, books, rules)
    slots = [wanted.begins_at + number * step for number in range(len(needed))]
    taken: dict[datetime, set[int]] = {at: set() for at in slots}
    held = queries.places_between(hall=wanted.hall.pk, category=wanted.category.pk, first=slots[0], last=slots[-1])
    for at, place in held:
        if at in taken:
            taken[at].add(place)
    chosen = []
    for at, many in zip(slots, needed, strict=True):
        # places have the numbers below what the slot held when it was looked at: who came since then has taken some of them
        limit = base + books.taken.get(at, {}).get(wanted.key, 0) + books.left(wanted.key, at)
        numbers = [number for number in range(base, limit) if number not in taken[at]][:many]
        if len(numbers) < many:
            return []
        chosen += [(at, number) for number in numbers]
    return chosen


def _write(
    wanted: Wanted,
    holder: Holder,
    chosen: list[tuple[datetime, int]],
    ends_at: datetime,
    resting: SlotPlace | None,
    given: dict[str, Any],
) -> Appointment:
    phone = party_rules.phone(holder.phone).value if holder.phone else ""
    row = Appointment.objects.create(
        hall=wanted.hall,
        category=wanted.category,
        kind=wanted.kind,
        begins_at=wanted.begins_at,
        ends_at=ends_at,
        place=chosen[0][1],
        places=len(chosen),
        matter=wanted.matters[0] if wanted.matters else None,
        more_matters=[one.slug for one in wanted.matters[1:]],
        people=wanted.people,
        party=holder.party,
        name=holder.name.strip()[:NAME_AT_MOST],
        phone=phone,
        phone_index=phone_index(phone) if phone else "",
        language=holder.language,
        **given,
    )
    if resting is not None:
        free = SlotPlace.objects.filter(pk=resting.pk, appointment__isnull=True)
        if not free.update(appointment=row, rests_until=None):
            raise IntegrityError("the place does not rest any more")
        return row
    SlotPlace.objects.bulk_create(
        [
            SlotPlace(hall=wanted.hall, category=wanted.category, begins_at=at, place=place, appointment=row)
            for at, place in sorted(chosen)
        ]
    )
    return row


def _somebody_took(wanted: Wanted, chosen: Iterable[tuple[datetime, int]]) -> bool:
    """Was it the place that refused? Anything else that is not whole is an error, and said as one."""
    return any(
        SlotPlace.objects.filter(hall=wanted.hall, category=wanted.category, begins_at=at, place=place).exists()
        or Appointment.objects.filter(
            hall=wanted.hall, category=wanted.category, begins_at=at, place=place, state__in=queries.OPEN
        ).exists()
        for at, place in chosen
    )


# -- confirming, moving, cancelling


def confirm(row: Appointment, *, actor: Actor, now: datetime | None = None) -> Appointment:
    """The held time is booked. The time it replaces is given up in the same moment; a second confirmation changes nothing."""
    now = now or timezone.now()
    with transaction.atomic():
        try:
            make(row, CONFIRM, held_until=None)
        except NotNow as gone:
            if gone.state == AppointmentState.CONFIRMED:
                row.refresh_from_db()
                return row
            raise NotAllowed(
                "hold-over",
                _("The time was not kept any longer, and this one cannot be confirmed."),
                kept=_("Nothing else of yours was changed."),
                next_step=_("Choose a time again. If this one is still free, you can have it."),
            ) from gone
        before = row.moved_from
        if before is not None:
            _give_up_for(before, actor, now)
        wish = EarlierWish.objects.filter(offered=row, state=WishState.OFFERED).first()
        if wish is not None:
            make(wish, TAKE, ended_at=now, offered_until=None)
            journal.record(events.EarlierTaken(wish=wish.pk, appointment=row.pk), subject=row.subject, actor=actor)
        journal.record(
            events.AppointmentConfirmed(appointment=row.pk, moved_from=before.pk if before else None),
            subject=row.subject,
            actor=actor,
        )
        if before is not None:
            _tell_holder(row, "appointment_moved")
        else:
            _tell_holder(row, "appointment_booked")
    return row


def _give_up_for(before: Appointment, actor: Actor, now: datetime) -> None:
    try:
        make(before, CANCEL, ended_at=now, end_reason="moved")
    except NotNow as gone:
        raise NotAllowed(
            "moved-already",
            _("The appointment you wanted to move has changed in the meantime."),
            kept=STILL_BOOKED,
            next_step=_("Look at your appointments and start again from there."),
        ) from gone
    _rest(before, now)
    journal.record(events.AppointmentCancelled(appointment=before.pk, why="moved"), subject=before.subject, actor=actor)


def move(
    row: Appointment,
    begins_at: datetime,
    holder: Holder,
    *,
    actor: Actor,
    hall: Hall | None = None,
    officer: Officer | None = None,
    now: datetime | None = None,
) -> Appointment:
    """Hold another time for the same visit; confirming it gives up the one there is. Until then both are kept."""
    now = now or timezone.now()
    _refuse_late(row, now, officer)
    if row.state != AppointmentState.CONFIRMED:
        raise NotAllowed(
            "not-to-be-moved",
            _("This appointment cannot be moved any more."),
            next_step=_("Book a new one."),
        )
    wanted = Wanted(hall or row.hall, row.category, begins_at, row.kind, tuple(queries.matters_of(row)), row.people)
    return hold(wanted, holder, actor=actor, officer=officer, channel=row.channel, moves=row, now=now)


def holder_of(row: Appointment, *, account: Account | None = None, elderly: bool = False) -> Holder:
    """Whoever an appointment is for, to hold another time for them. By the link of the appointment nobody is signed in: what was proved
    when it was booked holds for moving it."""
    if account is None and row.party is not None:
        account = Account.objects.filter(person=row.party_id, level__gte=party_rules.VERIFIED).first()
        if account is None:
            account = (
                Account.objects.filter(person__memberships__company=row.party_id, level__gte=party_rules.VERIFIED)
                .order_by("pk")
                .first()
            )
    return Holder(row.party, account, row.name, row.phone, row.language, elderly)


def holder_of_party(party: Party, account: Account | None) -> Holder:
    """Somebody on the waiting list; a company by whoever of it is proved."""
    if account is None:
        account = (
            Account.objects.filter(person__memberships__company=party.pk, level__gte=party_rules.VERIFIED)
            .order_by("pk")
            .first()
        )
    return Holder(party, account, language=account.language if account else "zh-hans")


def kind_for(category: Category) -> str:
    """How somebody is served who said no more than the queue."""
    kinds = set(category.window_kinds)
    if "consultation" in kinds or kinds == {"issuing"}:
        return VisitKind.QUICK
    return VisitKind.SPECIALIST if kinds == {"specialised"} else VisitKind.GENERAL


def _refuse_late(row: Appointment, now: datetime, officer: Officer | None) -> None:
    rules = queries.rules_of(row.hall)
    if officer is None and booking_rules.too_late_to_change(row.begins_at, now, rules):
        raise NotAllowed(
            "too-late-to-change",
            worded(
                _("An appointment is moved or cancelled until %(minutes)s minutes before it begins."),
                minutes=rules.change_until,
            ),
            kept=STILL_BOOKED,
            next_step=_("Please ring the hall if you cannot come, so that somebody else is served."),
        )


def cancel(
    row: Appointment,
    *,
    actor: Actor,
    officer: Officer | None = None,
    now: datetime | None = None,
) -> Appointment:
    """Give a time back: until two hours before by its holder, at any time for a caller by the hall. A hold is simply let go."""
    now = now or timezone.now()
    held = row.state == AppointmentState.HELD
    if not held:
        _refuse_late(row, now, officer)
    why = "let_go" if held else "by_phone" if officer is not None else "by_holder"
    with transaction.atomic():
        make(row, CANCEL, ended_at=now, end_reason=why)
        if held:
            let_go(row, now)
            wish = EarlierWish.objects.filter(offered=row, state=WishState.OFFERED).first()
            if wish is not None:
                pass_on(wish, actor=actor, now=now)
        else:
            _rest(row, now)
            _tell_holder(row, "appointment_cancelled")
        journal.record(events.AppointmentCancelled(appointment=row.pk, why=why), subject=row.subject, actor=actor)
    return row


def cancel_by_hall(row: Appointment, *, reason: Bilingual, actor: Actor, now: datetime | None = None) -> Appointment:
    """The hall cannot keep the time: its holder is told why, and it counts for nothing against them."""
    now = now or timezone.now()
    if not (reason.get("zh") or reason.get("en")):
        raise Invalid(
            "no-reason",
            errors={"reason": [_("Please say why; the person reads it.")]},
            kept=_("Nobody was told anything."),
        )
    with transaction.atomic():
        make(row, CANCEL, ended_at=now, end_reason="hall")
        SlotPlace.objects.filter(appointment=row).delete()
        _tell_holder(row, "appointment_cancelled_by_hall", reason=reason)
        journal.record(events.AppointmentCancelled(appointment=row.pk, why="hall"), subject=row.subject, actor=actor)
    return row


def let_go(row: Appointment, now: datetime) -> None:
    """Nobody booked it: the place is free again at once, or goes to whoever waits for one here."""
    held = SlotPlace.objects.filter(appointment=row)
    if EarlierWish.objects.filter(hall=row.hall_id, category=row.category_id, state=WishState.WAITING).exists():
        held.update(appointment=None, rests_until=now)
    else:
        held.delete()


def _rest(row: Appointment, now: datetime, *, chance: Any = CHANCE) -> None:
    """A cancelled place goes to nobody for a while that nobody can foresee, and then to the waiting list: who watches the page for it,
    or gives it to somebody he was paid by, gains nothing."""
    rules = queries.rules_of(row.hall)
    until = now + timedelta(seconds=chance.uniform(*(minutes * 60 for minutes in rules.rest_minutes)))
    SlotPlace.objects.filter(appointment=row).update(appointment=None, rests_until=until)


def pass_on(wish: EarlierWish, *, actor: Actor, now: datetime) -> None:
    """The offer was not wanted or not answered: this wish stands behind the others now."""
    make(wish, PASS_ON, offered=None, offered_until=None, made_at=now)
    journal.record(events.EarlierPassedOn(wish=wish.pk), subject=f"wish:{wish.pk}", actor=actor)


# -- duties


def lapse_holds(now: datetime | None = None) -> int:
    """What was held and not confirmed in time is free again."""
    now = now or timezone.now()
    over = Appointment.objects.filter(state=AppointmentState.HELD, held_until__lte=now)
    lapsed = 0
    for row in over.order_by("held_until")[:AT_A_TIME]:
        try:
            with transaction.atomic():
                make(row, LAPSE, ended_at=now)
                let_go(row, now)
                wish = EarlierWish.objects.filter(offered=row, state=WishState.OFFERED).first()
                if wish is not None:
                    pass_on(wish, actor=PLATFORM, now=now)
                journal.record(events.HoldLapsed(appointment=row.pk), subject=row.subject, actor=PLATFORM)
            lapsed += 1
        except NotNow:
            continue  # confirmed or let go this very moment
    return lapsed


def miss(now: datetime | None = None) -> int:
    """Whoever was not checked in by the end of the slot did not come. The first time a message explains the rule; nobody is blamed."""
    now = now or timezone.now()
    over = Appointment.objects.filter(state=AppointmentState.CONFIRMED, ends_at__lte=now)
    missed = 0
    for row in over.select_related("hall", "party").order_by("ends_at")[:AT_A_TIME]:
        try:
            with transaction.atomic():
                make(row, MISS, ended_at=now)
                journal.record(events.AppointmentMissed(appointment=row.pk), subject=row.subject, actor=PLATFORM)
                _tell_missed(row, now)
            missed += 1
        except NotNow:
            continue
    return missed


def _tell_missed(row: Appointment, now: datetime) -> None:
    if row.party is None:
        return
    rules = queries.rules_of(row.hall)
    record = record_of(Holder(party=row.party), row.begins_at, now, rules)
    until = booking_rules.blocked_until(record.no_shows, record.cancellations, now, rules)
    if record.spared:
        _tell_holder(row, "appointment_missed_kindly")
    elif until is None:
        _tell_holder(row, "appointment_missed")
    else:
        _tell_holder(row, "booking_closed", until=in_words(timezone.localdate(until)))


def in_words(day: date) -> Bilingual:
    return both(f"{day.year}年{day.month}月{day.day}日", f"{day.day} {day:%B} {day.year}")


def remind(now: datetime | None = None) -> int:
    """The day before, in the daytime; who booked only just now knows it."""
    now = now or timezone.now()
    local = timezone.localtime(now)
    if not 9 <= local.hour < 21:
        return 0
    tomorrow = local.date() + timedelta(days=1)
    rows = Appointment.objects.filter(
        state=AppointmentState.CONFIRMED,
        reminded_at__isnull=True,
        begins_at__gt=now,
        begins_at__lt=queries.midnight(tomorrow + timedelta(days=1)),
    )
    reminded = 0
    for row in rows.select_related("hall", "party").order_by("begins_at")[:AT_A_TIME]:
        with transaction.atomic():
            fresh = Appointment.objects.filter(pk=row.pk, reminded_at__isnull=True).update(reminded_at=now)
            if fresh and now - row.made_at > timedelta(hours=3):
                _tell_holder(row, "appointment_reminder")
                reminded += 1
    return reminded


# -- telling

TEXT = "halls.text_a_caller"
SAID_BY_TEXT: dict[str, Bilingual] = {
    "appointment_booked": both(
        "已为您预约%(day)s %(hour)s，%(place)s。改约或取消：%(address)s",
        "Booked: %(day)s %(hour)s, %(place)s. Move or cancel: %(address)s",
    ),
    "appointment_moved": both(
        "您的预约已改到%(day)s %(hour)s，%(place)s。改约或取消：%(address)s",
        "Moved to %(day)s %(hour)s, %(place)s. Move or cancel: %(address)s",
    ),
    "appointment_cancelled": both(
        "您%(day)s %(hour)s在%(place)s的预约已取消。",
        "Your appointment of %(day)s %(hour)s, %(place)s is cancelled.",
    ),
    "appointment_cancelled_by_hall": both(
        "%(place)s无法按时接待您%(day)s %(hour)s的预约，抱歉。请来电改约，或到现场取号。",
        "%(place)s cannot keep your time of %(day)s %(hour)s, we are sorry. Please ring, or come and take a number.",
    ),
    "appointment_reminder": both(
        "提醒：%(day)s %(hour)s，%(place)s。不能来请改约或取消：%(address)s",
        "Reminder: %(day)s %(hour)s, %(place)s. Cannot come? %(address)s",
    ),
}


def _tell_holder(row: Appointment, kind: str, **more: Any) -> None:
    """In the inbox and by the ways they chose; a caller without an account by text message, which says the time and the place."""
    if row.party is None:
        if kind in SAID_BY_TEXT and row.phone:
            journal.enqueue(TEXT, once=f"{kind}:{row.pk}", appointment=row.pk, said=kind)
        return
    local = timezone.localtime(row.begins_at)
    notices.tell(
        row.party,
        kind,
        about=row.subject,
        link=f"/my/appointments/{row.pk}/",
        params={"place": row.hall.name, "due": local.date().isoformat(), "hour": f"{local:%H:%M}", **more},
        once=f"{kind}:{row.pk}",
    )


@journal.carrier(TEXT, outward=True)
def text_a_caller(appointment: int, said: str) -> None:
    """Who rang has no inbox: one short message to the number they gave."""
    row = Appointment.objects.select_related("hall").filter(pk=appointment).first()
    if row is None or not row.phone:
        return
    local, language = timezone.localtime(row.begins_at), short(row.language)
    words = SAID_BY_TEXT[said]["zh" if language == "zh" else "en"] % {
        "place": say(row.hall.name, language),
        "day": f"{local.month}月{local.day}日" if language == "zh" else f"{local.day} {local:%b}",
        "hour": f"{local:%H:%M}",
        "address": f"{settings.PUBLIC_URL}/appointments/{row.link}/",
    }
    notices.text_a_caller(row.phone, words, reference=f"{said}:{row.pk}")


# -- duties of the worker


@journal.every("appointments that nobody confirmed", timedelta(minutes=1))
def _lapse_duty() -> None:
    lapse_holds()


@journal.every("appointments that nobody came to", timedelta(minutes=5))
def _miss_duty() -> None:
    miss()


@journal.every("remind of appointments", timedelta(minutes=15))
def _remind_duty() -> None:
    remind()
