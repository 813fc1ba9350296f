"""The acts on tickets: from the number to the goodbye. Who is next is computed (`queue_rules`); the row decides who gets it.

Every act is one transaction with its event and a touch of the hall's live topic. Acts at a window are its officer's; whoever takes a number
needs nobody. What people are told about (called, nearly their turn, closed) goes out after the commit (`reactions`).
"""

import contextlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.departments.models import Officer
from tongban.halls import events, hours, queries_places, queue_rules
from tongban.halls import queries_appointments as bookings
from tongban.halls import queries_tickets as queries
from tongban.halls.appointment_states import CHECK_IN, SERVED_NOW, AppointmentState
from tongban.halls.circle import Point
from tongban.halls.models import (
    Appointment,
    Category,
    Hall,
    HallEmergency,
    NumberDay,
    TakenToday,
    Ticket,
    TicketCall,
    Window,
)
from tongban.halls.models.tickets import new_ticket_key
from tongban.halls.queue_rules import BETWEEN_CALLS, CALLS, PARKED_AT_MOST, REQUEUE_WITHIN, REQUEUES
from tongban.halls.ticket_states import (
    AT_TABLE,
    CALL,
    FINISH,
    ISSUE,
    LEAVE,
    PARK,
    REQUEUE,
    SERVE,
    SKIP,
    TRANSFER,
    TicketState,
)
from tongban.halls.window_states import WindowState
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM, Actor
from tongban.lib import identifiers
from tongban.lib.encryption import blind_index
from tongban.lib.moves import Move, make
from tongban.lib.problems import Invalid, NotAllowed, Problem, TooMany, worded
from tongban.matters.models import Matter
from tongban.parties.models import Party

VISITOR = Actor(kind="visitor", role="visitor")
CALL_ON, GIVE_UP = "halls.call_on", "halls.give_up"
REASON_AT_LEAST = 5
GIVEN_BACK, NOT_THERE, HALL_CLOSED, DAY_OVER, TOO_LATE = (
    "given_back",
    "not_there",
    "hall_closed",
    "day_over",
    "too_late",
)
LEAVE_REASONS = {
    GIVEN_BACK: _("given back"),
    NOT_THERE: _("called again, and nobody came"),
    TOO_LATE: _("skipped, and not back within thirty minutes"),
    HALL_CLOSED: _("the hall had to close"),
    DAY_OVER: _("the day was over"),
}


# -- taking a number


@transaction.atomic
def issue(
    hall: Hall,
    category: Category | str,
    *,
    actor: Actor,
    channel: str,
    party: Party | None = None,
    phone: str = "",
    matter: Matter | None = None,
    appointment: Appointment | None = None,
    elderly: bool = False,
    language: str = "zh-hans",
    at: datetime | None = None,
) -> Ticket:
    """Give the next number of a category. With an `appointment` it is checked in: its category is that of appointments, and its place
    counts from its slot; later than the grace time it is a walk-in of the category it was booked for."""
    now = at or timezone.now()
    _may(actor, ISSUE if appointment is None else CHECK_IN)
    known = queries.categories()
    if appointment is not None:
        found, waits_from = _checked_in(appointment, hall, known, actor, now)
    else:
        found, waits_from = _category(category, known), now
    _takes_numbers(hall, found, booked=appointment is not None, now=now, known=known)
    number, index = _phone(phone)
    if appointment is None and (party is not None or index):
        day, who = timezone.localdate(now), party.pk if party is not None else None
        [problem] = _counted([_Taker(found.code, who, index)], queries.rules(hall), day)
        if problem is not None:
            raise problem
    ticket = Ticket(
        category=found,
        matter=matter or (appointment.matter if appointment is not None else None),
        party=party or (appointment.party if appointment is not None else None),
        phone=number or (appointment.phone if appointment is not None else ""),
        phone_index=index or (appointment.phone_index if appointment is not None else ""),
        appointment=appointment,
        channel=channel,
        language=language,
        elderly=elderly,
        waits_from=waits_from,
    )
    return _given(hall, [ticket], actor=actor, now=now, known=known)[0]


@dataclass(frozen=True, slots=True)
class Asked:
    """A number that somebody wants, one of many that came together."""

    category: str
    party: int | None = None
    phone: str = ""
    matter: int | None = None
    channel: str = "machine"
    language: str = "zh-hans"
    elderly: bool = False
    key: str = ""  # of the slip, where somebody wrote it down before


def issue_many(
    hall: Hall, asked: Sequence[Asked], *, actor: Actor, at: datetime | None = None
) -> list[Ticket | Problem]:
    """The same for many who came at the same moment, on disk together: each has its number, or the sentence why not."""
    now = at or timezone.now()
    _may(actor, ISSUE)
    answers: list[Ticket | Problem | None] = [None] * len(asked)
    with transaction.atomic():
        known = queries.categories()
        refused: dict[str, Problem | None] = {}
        may: list[tuple[int, Category, str, str]] = []
        for place, one in enumerate(asked):
            try:
                category = _category(one.category, known)
                if one.category not in refused:
                    refused[one.category] = _refusal(hall, category, now, known)
                if (problem := refused[one.category]) is not None:
                    raise problem
                may.append((place, category, *_phone(one.phone)))
            except Problem as problem:
                answers[place] = problem
        takers = [_Taker(category.code, asked[place].party, index) for place, category, _phone_, index in may]
        limits = _counted(takers, queries.rules(hall), timezone.localdate(now)) if takers else []
        for (place, category, phone, index), too_many in zip(may, limits, strict=True):
            one = asked[place]
            answers[place] = too_many or Ticket(
                category=category, party_id=one.party, phone=phone, phone_index=index, matter_id=one.matter,
                channel=one.channel, language=one.language, elderly=one.elderly, waits_from=now, key=one.key or new_ticket_key(),
            )  # fmt: skip
        if taken := [one for one in answers if isinstance(one, Ticket)]:
            _given(hall, taken, actor=actor, now=now, known=known)
    return [one for one in answers if one is not None]


def _refusal(hall: Hall, category: Category, now: datetime, known: dict[int, Category]) -> Problem | None:
    try:
        _takes_numbers(hall, category, booked=False, now=now, known=known)
    except Problem as problem:
        return problem
    return None


def _given(hall: Hall, rows: list[Ticket], *, actor: Actor, now: datetime, known: dict[int, Category]) -> list[Ticket]:
    """Write numbers, estimates and what happened, in as few statements for many as for one."""
    day = timezone.localdate(now)
    many = Counter(row.category.code for row in rows)
    seen = queries.picture_for_newcomers(hall, set(many), now, known)
    said = {code: seen.estimate(code) for code in many}
    next_numbers: dict[str, Iterator[int]] = {}
    moments: dict[str, datetime] = {}
    for code, count in sorted(many.items()):  # in one order for all, so that two never wait for each other in a circle
        last, moments[code] = take_numbers(hall, day, code, count, now)
        next_numbers[code] = iter(range(last - count + 1, last + 1))
    given: Counter[str] = Counter()
    for row in rows:
        code = row.category.code
        before = said[code]
        row.hall, row.day, row.issued_at = hall, day, now
        row.label = label(code, next(next_numbers[code]))
        if row.appointment is None:
            row.waits_from = moments[code]
        row.ahead = before.ahead + given[code]
        if before.minutes is not None:
            each = seen.kinds[code].minutes / before.windows
            row.estimate_minutes = min(round(before.minutes + given[code] * each), 32767)
        given[code] += 1
    _write(rows)
    journal.record_many([(events.TicketIssued(ticket=row.pk), row.subject) for row in rows], actor=actor)
    journal.touch(hall.topic)
    return rows


_PHONE = Ticket._meta.get_field("phone")
_WRITTEN = (
    "hall_id", "day", "category_id", "label", "key", "matter_id", "party_id", "phone", "phone_index", "appointment_id", "channel",
    "language", "elderly", "issued_at", "waits_from", "estimate_minutes", "ahead", "state", "calls", "requeues", "end_reason",
)  # fmt: skip
ROWS_A_STATEMENT = 64


def _write(rows: list[Ticket]) -> None:
    """New numbers, as the database keeps them: bringing them there through the ORM was a third of what a number cost.
    What is not named is NULL; a column that must not be would refuse."""
    moment, ops = connection.ops.adapt_datetimefield_value, connection.ops
    mark = f"({', '.join(['%s'] * len(_WRITTEN))})"
    by_key = {row.key: row for row in rows}
    with connection.cursor() as cursor:
        for first in range(0, len(rows), ROWS_A_STATEMENT):
            some = rows[first : first + ROWS_A_STATEMENT]
            values: list[Any] = []
            for row in some:
                values += [
                    row.hall_id, ops.adapt_datefield_value(row.day), row.category_id, row.label, row.key, row.matter_id, row.party_id,
                    _PHONE.get_db_prep_value(row.phone, connection), row.phone_index, row.appointment_id, row.channel, row.language,
                    row.elderly, moment(row.issued_at), moment(row.waits_from), row.estimate_minutes, row.ahead, str(row.state),
                    row.calls, row.requeues, row.end_reason,
                ]  # fmt: skip
            table, columns, marks = Ticket._meta.db_table, ", ".join(_WRITTEN), ", ".join([mark] * len(some))
            cursor.execute(f"INSERT INTO {table} ({columns}) VALUES {marks} RETURNING id, key", values)  # noqa: S608
            for pk, key in cursor.fetchall():
                row = by_key[key]
                row.pk, row._state.adding, row._state.db = pk, False, connection.alias


def check_in(
    appointment: Appointment,
    *,
    actor: Actor,
    channel: str = "appointment",
    elderly: bool = False,
    at: datetime | None = None,
) -> Ticket:
    """Somebody who booked is here."""
    return issue(
        appointment.hall,
        queries.APPOINTMENT,
        actor=actor,
        channel=channel,
        appointment=appointment,
        elderly=elderly,
        language=appointment.language,
        at=at,
    )


def arrive(
    appointment: Appointment,
    *,
    code: str = "",
    here: bool = False,
    actor: Actor,
    elderly: bool = False,
    at: datetime | None = None,
) -> Ticket:
    """Checked in with one's own phone, in the hall: `here` scanned the ticket machine just now, anybody else types the figures that
    stand in the hall today. From an hour before until the slot is over."""
    now = at or timezone.now()
    if appointment.state == AppointmentState.CONFIRMED and not bookings.may_arrive(appointment, now):
        raise NotAllowed(
            "not-now-arriving",
            worded(
                _("One arrives by phone from %(first)s to %(last)s."),
                first=f"{timezone.localtime(appointment.begins_at - bookings.ARRIVES_FROM):%Y-%m-%d %H:%M}",
                last=f"{timezone.localtime(appointment.ends_at):%H:%M}",
            ),
            kept=_("The booking is kept as it is."),
            next_step=_("Come a little later, or ask our staff in the hall."),
        )
    typed = "".join(sign for sign in code if sign.isdecimal())
    if not here and typed != bookings.arrival_code(appointment.hall, timezone.localdate(now)):
        raise Invalid(
            "not-the-code-of-today",
            _("These are not the figures that stand in this hall today."),
            errors={"arrival": [_("These are not the figures that stand in this hall today.")]},
            kept=_("The booking is kept as it is."),
            next_step=_(
                "They stand on the ticket machine and on the screens. Or scan the machine, or check in at it with your document."
            ),
        )
    return check_in(appointment, actor=actor, channel="phone", elderly=elderly, at=now)


def label(prefix: str, number: int) -> str:
    return f"{prefix}{number:03d}"


def take_numbers(hall: Hall, day: date, prefix: str, count: int, at: datetime) -> tuple[int, datetime]:
    """The last of so many numbers, and the moment from which they wait: not before that of the number before, whatever the clock says.

    One statement takes them; whoever takes of the same row at the same time waits for this transaction.
    """
    table = NumberDay._meta.db_table
    sql_later = "GREATEST" if connection.vendor == "postgresql" else "MAX"
    moment = connection.ops.adapt_datetimefield_value(at)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (hall_id, day, prefix, last, last_at) VALUES (%s, %s, %s, %s, %s) "  # noqa: S608
            f"ON CONFLICT (hall_id, day, prefix) DO UPDATE SET last = {table}.last + excluded.last, "
            f"last_at = {sql_later}(COALESCE({table}.last_at, excluded.last_at), excluded.last_at) RETURNING last, last_at",
            [hall.pk, connection.ops.adapt_datefield_value(day), prefix, count, moment],
        )
        last, last_at = cursor.fetchone()
    if isinstance(last_at, str):
        last_at = datetime.fromisoformat(last_at)
    return last, last_at if timezone.is_aware(last_at) else timezone.make_aware(last_at, timezone.get_fixed_timezone(0))


def _checked_in(
    appointment: Appointment, hall: Hall, known: dict[int, Category], actor: Actor, now: datetime
) -> tuple[Category, datetime]:
    if appointment.hall_id != hall.pk:
        raise NotAllowed(
            "appointment-of-another-hall",
            worded(_("This booking is for another hall: %(hall)s."), hall=appointment.hall.shown_name),
            next_step=_("Take a number here without the booking, or go to that hall in time."),
        )
    if timezone.localdate(appointment.begins_at) != timezone.localdate(now):
        raise NotAllowed(
            "appointment-of-another-day",
            _("This booking is not for today."),
            kept=_("The booking is kept as it is."),
            next_step=_("Take a number without it, or come on its day."),
        )
    if appointment.state == AppointmentState.CHECKED_IN:
        raise NotAllowed(
            "checked-in-already",
            _("This booking has been checked in already; its number is on the slip or the phone."),
            kept=_("Your number keeps its place."),
        )
    make(appointment, CHECK_IN)
    rules = queries.appointment_rules(hall)
    grace = timedelta(minutes=rules.get("grace_minutes", 15))
    if now > appointment.begins_at + grace:
        return known[appointment.category_id], now
    return _category(queries.APPOINTMENT, known), max(appointment.begins_at, now)


def _category(given: Category | str, known: dict[int, Category]) -> Category:
    code = given if isinstance(given, str) else given.code
    found = next((one for one in known.values() if one.code == code), None)
    if found is None:
        raise Invalid(
            "no-such-category", _("There is no such queue."), next_step=_("Please choose one of those shown.")
        )
    return found


def _takes_numbers(
    hall: Hall, category: Category, *, booked: bool, now: datetime, known: dict[int, Category] | None = None
) -> None:
    if queries.has_stopped(hall):
        raise hall_stopped(hall, now)
    if category.code == queries.SELF_SERVICE and hall.active and hall.self_service.get("open_24h"):
        return
    takes = hours.is_open(hall, now) if booked else hours.takes_tickets(hall, now)
    if not takes:
        raise no_numbers_now(hall, now)
    if not booked and category.code not in {one.code for one in queries.offered(hall, known)}:
        raise NotAllowed(
            "no-window-for-this",
            worded(_("Nobody at %(hall)s can be called for this."), hall=hall.shown_name),
            next_step=_("Please choose another queue, or ask at the guidance desk."),
        )
    if category.code == queries.APPOINTMENT and not booked:
        raise NotAllowed(
            "needs-a-booking",
            _("This queue is for those who booked a time."),
            next_step=_("Check in with your booking, or take a number of another queue."),
        )


def why_none(hall: Hall, now: datetime) -> NotAllowed | None:
    """What a page says instead of its button, to whoever has not booked; None while numbers are given."""
    if queries.has_stopped(hall):
        return hall_stopped(hall, now)
    return None if hours.takes_tickets(hall, now) else no_numbers_now(hall, now)


def hall_stopped(hall: Hall, now: datetime) -> NotAllowed:
    """The supervisor stopped everything. Bookings and numbers keep their place; where one can go meanwhile is said by name."""
    near = queries_places.nearest_open(Point(hall.lat, hall.lng), now, limit=5)
    elsewhere = next((one.hall for one in near if hours.takes_tickets(one.hall, now)), None)
    next_step: Any = _("Please follow what the staff say. Meanwhile you can do it online.")
    if elsewhere is not None:
        next_step = worded(
            _("Please follow what the staff say. Meanwhile you can do it online, or at %(hall)s, %(address)s."),
            hall=elsewhere.shown_name,
            address=elsewhere.shown_address,
        )
    return NotAllowed(
        "hall-has-stopped",
        worded(_("%(hall)s has stopped for the moment and gives no numbers."), hall=hall.shown_name),
        kept=_("Numbers and bookings that you hold keep their place."),
        next_step=next_step,
    )


def no_numbers_now(hall: Hall, now: datetime) -> NotAllowed:
    """Why no number is given, and when the next are."""
    opens = hours.next_opening(hall, now)
    next_step: Any = (
        worded(
            _("Numbers are given again from %(when)s. You can book a time for then, or do it online now."),
            when=timezone.localtime(opens).strftime("%Y-%m-%d %H:%M"),
        )
        if opens is not None
        else _("You can do it online now, or look for another hall nearby.")
    )
    if hours.is_open(hall, now):
        sentence = worded(
            _("%(hall)s gives no more numbers today, so that everybody who waits is still called."),
            hall=hall.shown_name,
        )
        return NotAllowed("numbers-stopped", sentence, next_step=next_step)
    return NotAllowed("hall-closed", worded(_("%(hall)s is closed now."), hall=hall.shown_name), next_step=next_step)


def _phone(given: str) -> tuple[str, str]:
    if not given.strip():
        return "", ""
    checked = identifiers.check_phone(given)
    if not checked.valid:
        raise Invalid(
            "phone",
            errors={"phone": [checked.reason]},
            kept=_("No number was taken yet. What you typed is still here."),
        )
    return checked.value, phone_index(checked.value)


def phone_index(number: str) -> str:
    return blind_index(f"phone:{number}", "halls.phone")


@dataclass(frozen=True, slots=True)
class _Taker:
    category: str
    party: int | None
    phone_index: str


def _counted(takers: Sequence[_Taker], rules: dict[str, Any], day: date) -> list[Problem | None]:
    """Up to the limits of a day, in whatever halls and at however many machines at once; of each, why not. A person first, then a phone;
    whoever comes twice among them is counted in the order given."""
    answers: list[Problem | None] = [None] * len(takers)
    of_person = [f"party:{one.party}:{one.category}" if one.party is not None else "" for one in takers]
    of_phone = [f"phone:{one.phone_index}" if one.phone_index else "" for one in takers]
    for counted, limit in (
        (of_person, rules["per_person_per_day_per_category"]),
        (of_phone, rules["per_phone_per_day"]),
    ):
        rounds: list[dict[str, int]] = []  # nobody twice in one
        for place, what in enumerate(counted):
            if what and answers[place] is None:
                key = blind_index(f"{day}|{what}", "halls.taken")
                free = next((one for one in rounds if key not in one), None)
                if free is None:
                    rounds.append(free := {})
                free[key] = place
        for one in rounds:
            for key in one.keys() - _one_more(sorted(one), day, limit):
                answers[one[key]] = _enough(limit)
    return answers


def _one_more(keys: list[str], day: date, limit: int) -> set[str]:
    """Those that were below their limit. In order, so that two who count several never wait for each other in a circle."""
    table = TakenToday._meta.db_table
    of_day, found = connection.ops.adapt_datefield_value(day), set()
    with connection.cursor() as cursor:
        for first in range(0, len(keys), 4 * ROWS_A_STATEMENT):
            some = keys[first : first + 4 * ROWS_A_STATEMENT]
            cursor.execute(
                f"INSERT INTO {table} (key, day, taken) VALUES {', '.join(['(%s, %s, 1)'] * len(some))} "  # noqa: S608
                f"ON CONFLICT (key) DO UPDATE SET taken = {table}.taken + 1 WHERE {table}.taken < %s RETURNING key",
                [*(value for key in some for value in (key, of_day)), limit],
            )
            found |= {key for (key,) in cursor.fetchall()}
    return found


def _enough(limit: int) -> TooMany:
    return TooMany(
        "numbers-of-the-day",
        worded(_("%(limit)s numbers have been taken like this today; more are not given."), limit=limit),
        kept=_("Numbers that you hold keep their place."),
        next_step=_("Please ask at the guidance desk: somebody there can help you at once."),
    )


# -- calling


def call_next(window: Window, *, actor: Actor, at: datetime | None = None) -> Ticket | None:
    """The computed next person for this window, or None when nobody waits whom it can take."""
    now = at or timezone.now()
    with transaction.atomic():
        held, officer = _asking(window, actor, now)
        today, known = timezone.localdate(now), queries.categories()
        queue = queries.waiting(held.hall, today, known)
        for chosen in _in_turn(queue, held, officer, known, now):
            ticket = Ticket.objects.select_related("hall", "category", "matter").get(pk=chosen.pk)
            if _called(ticket, held, officer, actor, now):
                return ticket
        return None


def call(ticket: Ticket, window: Window, *, reason: str, actor: Actor, at: datetime | None = None) -> Ticket:
    """This person and not the computed next one: only with a reason, which stands in the statistics. For the one whose turn it is,
    none is written down."""
    now = at or timezone.now()
    reason = " ".join(reason.split())[:200]
    with transaction.atomic():
        held, officer = _asking(window, actor, now)
        if ticket.hall_id != held.hall_id:
            raise NotAllowed("ticket-of-another-hall", _("This number belongs to another hall."))
        known = queries.categories()
        queue = queries.waiting(held.hall, timezone.localdate(now), known)
        first = next(iter(_in_turn(queue, held, officer, known, now)), None)
        out_of_turn = "" if first is not None and first.pk == ticket.pk else reason
        if (first is None or first.pk != ticket.pk) and len(reason) < REASON_AT_LEAST:
            raise Invalid(
                "out-of-turn",
                _("This number is not the next one. Calling it needs a reason."),
                errors={"reason": [_("Please write in a few words why this person is called first.")]},
                kept=_("Nobody was called."),
                next_step=_("The reason is kept with the call and stands in the statistics of the hall."),
            )
        if ticket.day != timezone.localdate(now):
            raise NotAllowed("ticket-of-another-day", _("This number is of another day."))
        ticket = Ticket.objects.select_related("hall", "category", "matter").get(pk=ticket.pk)
        if not _called(ticket, held, officer, actor, now, out_of_turn=out_of_turn):
            raise NotAllowed(
                "called-already",
                worded(_("Number %(number)s does not wait any more: somebody has called it."), number=ticket.label),
                kept=_("Nobody was called."),
                next_step=_("Look at the queue again."),
            )
        return ticket


def _in_turn(
    queue: list[queue_rules.Waiting], window: Window, officer: Officer, known: dict[int, Category], now: datetime
) -> list[queue_rules.Waiting]:
    booked = any(one.booked for one in queue)
    seen = queries.picture(window.hall, now, known) if booked else queue_rules.Picture([], [], {}, now)
    desk = queries.desk_of(window, officer, seen, booked)
    strange = {one.matter for one in queue if one.matter is not None and not desk.knows(one.matter)}
    orphans = queries.orphans(window.hall, window.kind, strange, timezone.localdate(now)) if strange else set()
    return queue_rules.in_turn(queue, desk, now, orphans)


def _asking(window: Window, actor: Actor, now: datetime) -> tuple[Window, Officer]:
    """The window, held: open, free, and this officer's."""
    _may(actor, CALL)
    held = Window.objects.select_for_update(of=("self",)).select_related("hall", "officer").get(pk=window.pk)
    if held.officer is None or held.officer.account_id != actor.account:
        raise NotAllowed(
            "not-your-window",
            _("You do not sit at this window."),
            next_step=_("Open a window first, then call people to it."),
        )
    if held.state != WindowState.OPEN:
        raise NotAllowed(
            "window-not-open",
            _("This window is paused or closed."),
            next_step=_("Resume it, then call the next person."),
        )
    there = Ticket.objects.filter(window=held, state__in=[TicketState.CALLED, TicketState.SERVING]).first()
    if there is not None:
        raise NotAllowed(
            "window-has-a-visitor",
            worded(_("Number %(number)s is at this window or called to it."), number=there.label),
            kept=_("Nobody else was called."),
            next_step=_("Finish with this person, send them on, or skip them after the third call."),
        )
    Window.objects.filter(pk=held.pk).update(ready_at=now)
    window.ready_at = held.ready_at = now
    return held, held.officer


def _called(
    ticket: Ticket, window: Window, officer: Officer, actor: Actor, now: datetime, *, out_of_turn: str = ""
) -> bool:
    """The first call, unless another window was faster with this ticket."""
    if not CALL.may_start_from(ticket.state):
        return False
    # the condition is the whole defence against two clerks and one person: whoever commits second changes no row
    changed = Ticket.objects.filter(pk=ticket.pk, state__in=CALL.sources).update(
        state=CALL.target,
        window=window,
        officer=officer,
        calls=1,
        called_at=now,
        first_called_at=Coalesce(F("first_called_at"), now),
        serving_at=None,
    )
    if not changed:
        return False
    ticket.refresh_from_db(fields=["state", "calls", "called_at", "first_called_at", "serving_at"])
    ticket.window, ticket.officer = window, officer
    _say(ticket, window, officer, actor, 1, now, out_of_turn)
    return True


def _say(
    ticket: Ticket, window: Window, officer: Officer, actor: Actor, number: int, now: datetime, out_of_turn: str = ""
) -> None:
    TicketCall.objects.create(
        ticket=ticket,
        hall_id=ticket.hall_id,
        window=window,
        officer=officer,
        at=now,
        number=number,
        out_of_turn=out_of_turn,
    )
    what = events.TicketCalled(ticket=ticket.pk, window=window.pk, number=number, out_of_turn=bool(out_of_turn))
    journal.record(what, subject=ticket.subject, actor=actor)
    journal.enqueue(CALL_ON, run_at=now + BETWEEN_CALLS, ticket=ticket.pk, number=number)
    journal.touch(ticket.hall.topic)


def call_again(ticket: Ticket, *, actor: Actor, at: datetime | None = None) -> Ticket:
    """The second and third call, twenty seconds after the one before; by the desk, or by the worker when the desk does nothing."""
    now = at or timezone.now()
    with transaction.atomic():
        ticket = _held(ticket)
        if actor.kind != PLATFORM.kind:
            _own(ticket, actor, CALL)
        if ticket.state != TicketState.CALLED:
            raise _not_called(ticket)
        if ticket.calls >= CALLS:
            raise NotAllowed(
                "called-three-times",
                worded(_("Number %(number)s was called three times."), number=ticket.label),
                next_step=_("Skip it: the holder may come back once within thirty minutes."),
            )
        _not_too_soon(ticket, now)
        number = ticket.calls + 1
        Ticket.objects.filter(pk=ticket.pk).update(calls=number, called_at=now)
        ticket.calls, ticket.called_at = number, now
        window, officer = ticket.window, ticket.officer
        assert window is not None and officer is not None
        _say(ticket, window, officer, actor, number, now)
        return ticket


def skip(ticket: Ticket, *, actor: Actor, at: datetime | None = None) -> Ticket:
    """Called three times and nobody came. The first time the holder may come back; after coming back once the number is void."""
    now = at or timezone.now()
    with transaction.atomic():
        ticket = _held(ticket)
        if actor.kind != PLATFORM.kind:
            _own(ticket, actor, SKIP)
        if ticket.state != TicketState.CALLED:
            raise _not_called(ticket)
        if ticket.calls < CALLS:
            raise NotAllowed(
                "fewer-than-three-calls",
                worded(
                    _("Number %(number)s was called %(calls)s times; it is skipped after three."),
                    number=ticket.label,
                    calls=ticket.calls,
                ),
                next_step=_("Call again: the next call may be twenty seconds after the one before."),
            )
        _not_too_soon(ticket, now)
        if ticket.requeues >= REQUEUES:
            return _left(ticket, actor=actor, reason=NOT_THERE, now=now)
        journal.enqueue(GIVE_UP, run_at=now + REQUEUE_WITHIN + timedelta(seconds=1), ticket=ticket.pk)
        return _moved(ticket, SKIP, actor=actor, ended_at=now)


@transaction.atomic
def call_anew(hall: Hall, *, actor: Actor, at: datetime) -> int:
    """After an emergency: whoever had been called is called as for the first time, for they were sent away from the windows."""
    held = queries.whole().select_related("officer").select_for_update(of=("self",))
    rows = list(held.filter(hall=hall, state=TicketState.CALLED, window__isnull=False).order_by("pk"))
    for ticket in rows:
        Ticket.objects.filter(pk=ticket.pk).update(calls=1, called_at=at)
        ticket.calls, ticket.called_at = 1, at
        window, officer = ticket.window, ticket.officer
        assert window is not None and officer is not None
        _say(ticket, window, officer, actor, 1, at)
    return len(rows)


@journal.carrier(CALL_ON)
def call_on(ticket: int, number: int, at: str | None = None) -> None:
    """Twenty seconds have passed since this call and nobody has done anything: call again, or skip after the third."""
    now = datetime.fromisoformat(at) if at else timezone.now()
    row = Ticket.objects.filter(pk=ticket, state=TicketState.CALLED, calls=number).first()
    if row is None:
        return
    if queries.has_stopped(row.hall):
        # nobody is skipped who was sent outside
        journal.enqueue(CALL_ON, run_at=now + BETWEEN_CALLS, ticket=ticket, number=number)
        return
    with contextlib.suppress(NotAllowed):  # the desk was faster by a moment; whatever it did stands
        if number < CALLS:
            call_again(row, actor=PLATFORM, at=now)
        else:
            skip(row, actor=PLATFORM, at=now)


def _not_too_soon(ticket: Ticket, now: datetime) -> None:
    since = now - ticket.called_at if ticket.called_at is not None else BETWEEN_CALLS
    if timedelta() <= since < BETWEEN_CALLS:  # negative: the clock was put back, and nobody waits for it
        raise NotAllowed(
            "too-soon",
            _("The last call was less than twenty seconds ago. Some people need a moment to stand up."),
            next_step=worded(
                _("Please wait another %(seconds)s seconds."), seconds=int((BETWEEN_CALLS - since).total_seconds()) + 1
            ),
        )


# -- at the window


def serve(ticket: Ticket, *, actor: Actor, at: datetime | None = None) -> Ticket:
    """The person has come to the window."""
    with transaction.atomic():
        ticket = _held(ticket)
        _own(ticket, actor, SERVE)
        return _moved(ticket, SERVE, actor=actor, serving_at=at or timezone.now())


def finish(ticket: Ticket, *, on_the_spot: bool | None = None, actor: Actor, at: datetime | None = None) -> Ticket:
    """The person goes. `on_the_spot`: with the decision; None where there was nothing to decide."""
    with transaction.atomic():
        ticket = _held(ticket)
        _own(ticket, actor, FINISH)
        return _finished(ticket, actor=actor, now=at or timezone.now(), on_the_spot=on_the_spot)


def _finished(
    ticket: Ticket, *, actor: Actor, now: datetime, on_the_spot: bool | None = None, reason: str = ""
) -> Ticket:
    make(ticket, FINISH, only_if=Q(window=ticket.window_id), ended_at=now, on_the_spot=on_the_spot, end_reason=reason)
    done = events.TicketDone(ticket=ticket.pk, window=ticket.window_id or 0, on_the_spot=on_the_spot)
    journal.record(done, subject=ticket.subject, actor=actor)
    if ticket.appointment is not None and ticket.appointment.state == AppointmentState.CHECKED_IN:
        make(ticket.appointment, SERVED_NOW, ended_at=now)
    journal.touch(ticket.hall.topic)
    return ticket


def park(ticket: Ticket, *, actor: Actor, minutes: int | None = None, at: datetime | None = None) -> Ticket:
    """The person fetches something and comes back to this window: called there first when back, or when the time is over."""
    now = at or timezone.now()
    away = PARKED_AT_MOST if minutes is None else timedelta(minutes=max(1, min(minutes, 120)))
    with transaction.atomic():
        ticket = _held(ticket)
        _own(ticket, actor, PARK)
        here = ticket.window_id
        return _moved(
            ticket, PARK, actor=actor, only_window_id=here, window=None, officer=None, place_after=now + away, calls=0
        )


def back(ticket: Ticket, *, actor: Actor, at: datetime | None = None) -> Ticket:
    """Whoever went to fetch something is here again."""
    now = at or timezone.now()
    with transaction.atomic():
        ticket = _held(ticket)
        changed = Ticket.objects.filter(
            pk=ticket.pk, state=TicketState.REQUEUED, serving_at__isnull=False, place_after__gt=now
        ).update(place_after=now)
        if changed:
            ticket.place_after = now
            journal.touch(ticket.hall.topic)
        return ticket


def transfer(
    ticket: Ticket,
    *,
    category: Category | str | None = None,
    window: Window | None = None,
    actor: Actor,
    at: datetime | None = None,
) -> Ticket:
    """To another queue or to one window of this hall. Number and time of issue stay."""
    if category is None and window is None:
        raise Invalid("no-target", _("Please choose the queue or the window to send this person to."))
    with transaction.atomic():
        ticket = _held(ticket)
        _own(ticket, actor, TRANSFER)
        to = ticket.category if category is None else _category(category, queries.categories())
        if window is not None:
            window = Window.objects.select_for_update().get(pk=window.pk)
            if window.hall_id != ticket.hall_id or window.state == WindowState.CLOSED or window.pk == ticket.window_id:
                raise NotAllowed(
                    "window-cannot-take",
                    worded(_("Window %(number)s cannot take this person now."), number=window.number),
                    kept=_("The person is still at your window."),
                    next_step=_("Choose a window that is open, or a queue."),
                )
        elif to.code not in {one.code for one in queries.offered(ticket.hall)} or not to.window_kinds:
            raise NotAllowed(
                "no-window-for-this",
                worded(_("Nobody at %(hall)s can be called for this."), hall=ticket.hall.shown_name),
                kept=_("The person is still at your window."),
            )
        return _moved(
            ticket,
            TRANSFER,
            actor=actor,
            what=events.TicketTransferred(
                ticket=ticket.pk, to_category=to.code, to_window=window.pk if window is not None else None
            ),
            category=to,
            only_window=window,
            window=None,
            officer=None,
            calls=0,
            serving_at=None,
            place_after=None,
        )


# -- coming back, going


def requeue(ticket: Ticket, *, actor: Actor, at: datetime | None = None) -> Ticket:
    """Skipped, and here after all: once, within thirty minutes, three places behind the head."""
    now = at or timezone.now()
    with transaction.atomic():
        ticket = _held(ticket)
        _may(actor, REQUEUE)
        late = ticket.ended_at is not None and now - _skipped_since(ticket, now) > REQUEUE_WITHIN
        if ticket.state == TicketState.SKIPPED and (
            ticket.requeues >= REQUEUES or late or ticket.day != timezone.localdate(now)
        ):
            raise NotAllowed(
                "too-late-to-come-back",
                worded(
                    _("Number %(number)s cannot wait again: that is possible once, within thirty minutes."),
                    number=ticket.label,
                ),
                next_step=_("Please take a new number, or ask at the guidance desk."),
            )
        line = [
            one
            for one in queries.waiting(ticket.hall, ticket.day)
            if one.category == ticket.category.code and one.only_window == ticket.only_window_id
        ]
        return _moved(
            ticket,
            REQUEUE,
            actor=actor,
            place_after=queue_rules.place_behind_three(line, now),
            requeues=ticket.requeues + 1,
            ended_at=None,
            window=None,
            officer=None,
            calls=0,
        )


def leave(ticket: Ticket, *, reason: str, actor: Actor, at: datetime | None = None) -> Ticket:
    """The number is given back, or cannot be called any more; the holder is told unless it was they who did it."""
    if reason not in LEAVE_REASONS:
        raise Invalid("reason", _("Please choose a reason from the list."))
    with transaction.atomic():
        ticket = _held(ticket)
        _may(actor, LEAVE)
        if actor.role in ("window_officer", "issuing_officer") and ticket.state == TicketState.CALLED:
            _own(ticket, actor, LEAVE)
        return _left(ticket, actor=actor, reason=reason, now=at or timezone.now())


def to_the_table(appointment: Appointment, *, actor: Actor, at: datetime) -> None:
    """Whoever booked a round table sits at it now: they are here, and a number they took is not called any more."""
    ticket = Ticket.objects.filter(appointment=appointment, state__in=LEAVE.sources).first()
    if ticket is not None:
        _left(_held(ticket), actor=actor, reason=AT_TABLE, now=at)
    if appointment.state == AppointmentState.CONFIRMED:
        make(appointment, CHECK_IN)


def _left(ticket: Ticket, *, actor: Actor, reason: str, now: datetime) -> Ticket:
    return _moved(
        ticket,
        LEAVE,
        actor=actor,
        what=events.TicketVoided(ticket=ticket.pk, reason=reason),
        ended_at=now,
        end_reason=reason,
    )


# -- the end of the day


def close_day(
    hall: Hall, *, day: date | None = None, actor: Actor = PLATFORM, reason: str = DAY_OVER, at: datetime | None = None
) -> int:
    """Nobody is called any more of this day: everybody who still waits is told what to do next. Answers how many they were."""
    now = at or timezone.now()
    day = day or timezone.localdate(now)
    left = 0
    for pk in list(
        Ticket.objects.filter(hall=hall, day=day, state__in=[*LEAVE.sources, TicketState.SERVING])
        .order_by("id")
        .values_list("pk", flat=True)
    ):
        with transaction.atomic():
            ticket = _held(Ticket(pk=pk))
            if ticket.state == TicketState.SERVING:
                if actor is PLATFORM:  # whoever is being served when a hall closes is served to the end
                    _finished(ticket, actor=actor, now=now, reason=DAY_OVER)
            elif LEAVE.may_start_from(ticket.state):
                _left(ticket, actor=actor, reason=reason, now=now)
                left += 1
    return left


@journal.carrier(GIVE_UP)
def give_up(ticket: int, at: str | None = None) -> None:
    """Skipped and not back within thirty minutes: void, and told."""
    now = datetime.fromisoformat(at) if at else timezone.now()
    row = Ticket.objects.filter(pk=ticket, state=TicketState.SKIPPED, ended_at__lt=now - REQUEUE_WITHIN).first()
    if row is None:
        return
    if now - (since := _skipped_since(row, now)) < REQUEUE_WITHIN:
        journal.enqueue(GIVE_UP, run_at=since + REQUEUE_WITHIN + timedelta(seconds=1), ticket=ticket)
        return
    with contextlib.suppress(NotAllowed):  # came back at this very moment
        leave(row, reason=TOO_LATE, actor=PLATFORM, at=now)


# -- parts


def _may(actor: Actor, *steps: Move | None) -> None:
    for step in steps:
        if step is not None and not step.may_be_made_by(actor.role):
            raise NotAllowed("not-your-move", worded(_("A %(role)s cannot do this."), role=actor.role))


def _held(ticket: Ticket) -> Ticket:
    """The row as it is now, held until the act is over."""
    return queries.whole().select_related("officer").select_for_update(of=("self",)).get(pk=ticket.pk)


def _own(ticket: Ticket, actor: Actor, step: Move) -> None:
    """Only the officer at the window to which this ticket was called."""
    _may(actor, step)
    if ticket.officer is None or ticket.officer.account_id != actor.account:
        raise NotAllowed(
            "not-your-visitor",
            worded(_("Number %(number)s is not at your window."), number=ticket.label),
            kept=_("Nothing was changed."),
            next_step=_("Look at the queue again: somebody else may have called it."),
        )


def _moved(ticket: Ticket, step: Move, *, actor: Actor, what: Any = None, **changes: Any) -> Ticket:
    source = ticket.state
    make(ticket, step, only_if=Q(window=ticket.window_id), **changes)
    what = what or events.TicketMoved(ticket=ticket.pk, move=step.name, source=source, target=step.target)
    journal.record(what, subject=ticket.subject, actor=actor)
    journal.touch(ticket.hall.topic)
    return ticket


def _skipped_since(ticket: Ticket, now: datetime) -> datetime:
    """From when the thirty minutes count: time during which the hall was stopped is nobody's delay."""
    since = ticket.ended_at or now
    stops = HallEmergency.objects.filter(hall=ticket.hall_id, began_at__lt=since + REQUEUE_WITHIN)
    last = stops.filter(Q(ended_at__isnull=True) | Q(ended_at__gt=since)).order_by("-began_at").first()
    return since if last is None else last.ended_at or now


def _not_called(ticket: Ticket) -> NotAllowed:
    return NotAllowed(
        "not-called",
        worded(_("Number %(number)s is not being called now."), number=ticket.label),
        kept=_("Nothing was changed."),
        next_step=_("Look at the queue again."),
    )
