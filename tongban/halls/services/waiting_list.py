"""The waiting list: who wants something earlier, or a day whose times are not given out yet.

A day is released at one hour. Whoever wished for it before that takes part in a lot, so that being fast does not help; what is left is
for everybody. A cancelled place rests for a while that nobody can foresee and is then offered here before anybody can book it.
"""

from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.departments import queries as departments
from tongban.halls import booking_rules, capacity, events
from tongban.halls import queries_appointments as queries
from tongban.halls.appointment_states import (
    CANCEL,
    END_WISH,
    OFFER,
    AppointmentState,
    WishState,
)
from tongban.halls.capacity import Rules
from tongban.halls.models import Appointment, Category, EarlierWish, Hall, SlotPlace
from tongban.halls.services import booking
from tongban.halls.services.booking import CHANCE, ONLINE, Holder, Wanted
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM, Actor
from tongban.lib.moves import NotNow, make
from tongban.lib.problems import Invalid, NotAllowed
from tongban.matters.models import Matter
from tongban.notices import services as notices
from tongban.parties import rules as party_rules
from tongban.parties.models import Account, Party

WISHED_AT_MOST = 30  # days ahead
SOON = timedelta(minutes=150)  # what is offered is far enough away to answer and to come


def wish(
    hall: Hall,
    category: Category,
    *,
    party: Party,
    account: Account,
    from_day: date,
    until_day: date,
    actor: Actor,
    matter: Matter | None = None,
    appointment: Appointment | None = None,
    now: datetime | None = None,
    chance: Any = CHANCE,
) -> EarlierWish:
    """Put somebody on the list of a hall and category; the lot is drawn now and shown to nobody."""
    now = now or timezone.now()
    today = timezone.localdate(now)
    rules = queries.rules_of(hall)
    if not (today <= from_day <= until_day <= today + timedelta(days=WISHED_AT_MOST)):
        raise Invalid(
            "wish-days",
            errors={"until_day": [_("Choose days from today on, not more than thirty days ahead.")]},
            kept=_("You are not on the list yet."),
        )
    if appointment is not None and appointment.state != AppointmentState.CONFIRMED:
        appointment = None
    with transaction.atomic():
        Party.objects.select_for_update().get(pk=party.pk)
        record = booking.record_of(Holder(party, account), now, now, rules)
        if account.level < party_rules.VERIFIED:
            raise _refusal("not_verified")
        if not record.spared and booking_rules.blocked_until(record.no_shows, record.cancellations, now, rules):
            raise _refusal("blocked")
        try:
            with transaction.atomic():
                row = EarlierWish.objects.create(
                    hall=hall,
                    category=category,
                    party=party,
                    matter=matter,
                    appointment=appointment,
                    from_day=from_day,
                    until_day=until_day,
                    drawn=chance.random(),
                    made_at=now,
                )
        except IntegrityError:
            raise NotAllowed(
                "wished-already",
                _("You are on the list of this hall already."),
                kept=_("Your place on the list stands as it was."),
                next_step=_("Take it back first if you want other days."),
            ) from None
        journal.record(events.EarlierWished(wish=row.pk), subject=f"wish:{row.pk}", actor=actor)
    return row


def _refusal(reason: str) -> NotAllowed:
    sentence, next_step = booking.REFUSALS[reason]
    return NotAllowed(
        f"booking-{reason.replace('_', '-')}", sentence, kept=_("You are not on the list yet."), next_step=next_step
    )


def end(row: EarlierWish, *, actor: Actor, now: datetime | None = None) -> EarlierWish:
    """Taken back: what was kept for this person goes to the next one."""
    now = now or timezone.now()
    with transaction.atomic():
        offered = row.offered if row.state == WishState.OFFERED else None
        make(row, END_WISH, ended_at=now, offered=None, offered_until=None)
        if offered is not None:
            _give_back(offered, actor, now)
        journal.record(events.EarlierWishEnded(wish=row.pk), subject=f"wish:{row.pk}", actor=actor)
    return row


def decline(row: EarlierWish, *, actor: Actor, now: datetime | None = None) -> EarlierWish:
    """This time is not wanted; the wish stays, behind the others."""
    now = now or timezone.now()
    with transaction.atomic():
        offered = row.offered
        booking.pass_on(row, actor=actor, now=now)
        if offered is not None:
            _give_back(offered, actor, now)
    return row


def _give_back(offered: Appointment, actor: Actor, now: datetime) -> None:
    try:
        make(offered, CANCEL, ended_at=now, end_reason="not_wanted")
    except NotNow:
        return
    booking.let_go(offered, now)
    journal.record(
        events.AppointmentCancelled(appointment=offered.pk, why="not_wanted"), subject=offered.subject, actor=actor
    )


# -- offering


def offer_all(now: datetime | None = None) -> int:
    """Offer what is free to those who wait, release by lot what is released now, and let the rest of what rested go to everybody."""
    now = now or timezone.now()
    waiting = (
        EarlierWish.objects.filter(state=WishState.WAITING)
        .select_related("hall", "category", "party", "matter", "appointment")
        .order_by("hall_id", "category_id", "pk")
    )
    offered = 0
    for (_hall, _category), rows in groupby(waiting.iterator(2000), key=lambda one: (one.hall_id, one.category_id)):
        offered += _offer_at(list(rows), now)
    SlotPlace.objects.filter(appointment__isnull=True, rests_until__lte=now).delete()
    return offered


def _offer_at(wishes: list[EarlierWish], now: datetime) -> int:
    hall, category = wishes[0].hall, wishes[0].category
    rules = queries.rules_of(hall)
    today = timezone.localdate(now)
    wishes = [one for one in wishes if not _ended(one, today, rules, now)]
    last = capacity.last_day(today, departments.calendar(), rules.ahead)
    books = queries.Books(hall, today, last, rules)
    if not hall.active or category.pk not in books.queues:
        return 0
    asked: set[int] = set()
    offered = 0
    for number in range((last - today).days + 1):
        day = today + timedelta(days=number)
        release = books.release(day)
        if now < release.at or not books.starts(day):
            continue
        in_order = capacity.lot_order(
            [one for one in wishes if one.from_day <= day <= one.until_day and one.pk not in asked], release.at
        )
        if not in_order:
            continue
        offered += _offer_on(day, in_order, books, rules, now, asked)
    return offered


def _offer_on(
    day: date, in_order: list[EarlierWish], books: queries.Books, rules: Rules, now: datetime, asked: set[int]
) -> int:
    """One day, in the order of the lot. A wish that cannot be served here (it has a time that day, say) is passed over."""
    hall, category = in_order[0].hall, in_order[0].category
    resting = list(
        SlotPlace.objects.filter(
            hall=hall,
            category=category,
            appointment__isnull=True,
            rests_until__lte=now,
            place__lt=capacity.VIDEO_FROM,
            begins_at__gt=now + SOON,
            begins_at__gte=queries.midnight(day),
            begins_at__lt=queries.midnight(day + timedelta(days=1)),
        ).order_by("begins_at", "place")
    )
    slots = [at for at in books.starts(day) if at > now + SOON]
    offered = 0
    for one in in_order:
        before = one.appointment.begins_at if one.appointment is not None else None
        rested = next((place for place in resting if before is None or place.begins_at < before), None)
        while slots and books.left(category.pk, slots[0]) < 1:
            slots.pop(0)
        if rested is None and not (slots and (before is None or slots[0] < before)):
            if not resting and not slots:
                break
            continue
        at = rested.begins_at if rested is not None else slots[0]
        try:
            row = _offer(one, at, rested, books, rules, now)
        except NotAllowed:
            continue
        asked.add(one.pk)
        offered += 1
        if rested is not None:
            resting.remove(rested)
        else:
            of_slot = books.taken.setdefault(row.begins_at, {})
            of_slot[category.pk] = of_slot.get(category.pk, 0) + row.places
    return offered


def _offer(
    one: EarlierWish, at: datetime, rested: SlotPlace | None, books: queries.Books, rules: Rules, now: datetime
) -> Appointment:
    account = Account.objects.filter(person=one.party_id).first()
    holder = booking.holder_of_party(one.party, account)
    moves = one.appointment if one.appointment and one.appointment.state == AppointmentState.CONFIRMED else None
    wanted = Wanted(
        one.hall,
        one.category,
        at,
        moves.kind if moves else booking.kind_for(one.category),
        (one.matter,) if one.matter else tuple(queries.matters_of(moves)) if moves else (),
    )
    until = min(now + timedelta(minutes=rules.offer_minutes), at - timedelta(minutes=30))
    with transaction.atomic():
        booking.refuse_by_record(wanted, holder, rules, now, moves=moves)
        row = booking.take_a_place(
            wanted,
            holder,
            books,
            rules,
            resting=rested,
            channel=ONLINE,
            moved_from=moves,
            made_at=now,
            held_until=until,
        )
        make(one, OFFER, offered=row, offered_until=until, offers=one.offers + 1)
        journal.record(events.EarlierOffered(wish=one.pk, appointment=row.pk), subject=row.subject, actor=PLATFORM)
        local = timezone.localtime(at)
        notices.tell(
            one.party,
            "earlier_offered",
            about=row.subject,
            link=f"/my/appointments/{row.pk}/",
            params={
                "place": one.hall.name,
                "due": local.date().isoformat(),
                "hour": f"{local:%H:%M}",
                "until": f"{timezone.localtime(until):%H:%M}",
            },
            once=f"earlier_offered:{row.pk}",
            needs_answer=True,
        )
    return row


def _ended(one: EarlierWish, today: date, rules: Rules, now: datetime) -> bool:
    """Its days are over, or three offers brought no answer: it ends, and the person is told."""
    if one.until_day >= today and one.offers < rules.offers:
        return False
    try:
        with transaction.atomic():
            make(one, END_WISH, ended_at=now)
            journal.record(events.EarlierWishEnded(wish=one.pk), subject=f"wish:{one.pk}", actor=PLATFORM)
            notices.tell(
                one.party,
                "earlier_none",
                about=f"hall:{one.hall_id}",
                link="/my/appointments/",
                params={"place": one.hall.name},
                once=f"earlier_none:{one.pk}",
            )
    except NotNow:
        pass
    return True


@journal.every("offer times to the waiting list", timedelta(minutes=1))
def _offer_duty() -> None:
    offer_all()
