"""Acts of whoever keeps a hall: its page and week, days with other hours, a move of address, windows, shifts, machines."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.departments.models import Officer
from tongban.halls import events, hours, queries_appointments, queries_supervisors
from tongban.halls.appointment_states import AppointmentState
from tongban.halls.models import (
    Appointment,
    Hall,
    HallDay,
    HallMove,
    Machine,
    MachineKind,
    Shift,
    Window,
    WindowKind,
)
from tongban.halls.places_words import FACILITIES
from tongban.halls.services import booking
from tongban.halls.services.supervisors import refused
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM, Actor
from tongban.lib.bilingual import both, say, short
from tongban.lib.problems import Invalid, NotAllowed
from tongban.notices import services as notices

KEEPERS = ("supervisor", "coordinator")
DAYS_AHEAD = 400
WINDOWS_AT_MOST = 200
AT_A_TIME = 200
TELL_A_CALLER = "halls.tell_a_caller_of_a_move"
NOTHING_CHANGED = _("Nothing was changed.")
NOT_HOURS = _("Write hours like 09:00-11:30, 13:30-17:00, the earlier ones first, without overlaps.")
MOVED_BY_TEXT = both(
    "%(place)s将于%(day)s迁址，您之后的预约在新址办理：%(address)s",
    "%(place)s moves on %(day)s. Your appointment after that is at: %(address)s",
)


def acting(officer: Officer, hall: Hall | None = None) -> Actor:
    """As whom the officer keeps a hall; refuses whoever may not, and a supervisor of other halls."""
    role = next((one for one in KEEPERS if one in officer.roles), None)
    if hall is not None and role == "supervisor" and not queries_supervisors.supervises(officer, hall):
        if "coordinator" not in officer.roles:
            raise refused()
        role = "coordinator"
    if role is None or not officer.active:
        raise NotAllowed("not-your-move", _("Your role does not allow this."), status=403)
    return Actor("officer", role, officer.account_id, department=officer.department.code, name=officer.staff_no)


def read_hours(text: str) -> list[str]:
    """`09:00-11:30, 13:30-17:00` as spans; empty: closed. A ValueError where it is no order of hours."""
    written = [part.strip() for part in text.replace("，", ",").replace("–", "-").replace("：", ":").split(",")]
    spans = [hours.parse_span(part) for part in written if part]
    if any(before[1] > after[0] for before, after in zip(spans, spans[1:], strict=False)) or len(spans) > 6:
        raise ValueError(text)
    return [f"{begins:%H:%M}-{ends:%H:%M}" for begins, ends in spans]


def _hours(text: str, field: str, errors: dict[str, list]) -> list[str]:
    try:
        return read_hours(text)
    except ValueError:
        errors[field] = [NOT_HOURS]
        return []


def _day(text: str, field: str, errors: dict[str, list], now: datetime) -> date:
    today = timezone.localdate(now)
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        day = None
    if day is None or not today <= day <= today + timedelta(days=DAYS_AHEAD):
        errors[field] = [_("Choose a day from today on, within about a year.")]
        return today
    return day


def _both(zh: str, en: str, most: int = 200) -> dict[str, str]:
    zh, en = zh.strip()[:most], en.strip()[:most]
    return {"zh": zh or en, "en": en or zh} if zh or en else {}


# -- the hall itself


def change(hall: Hall, said: Mapping[str, str], facilities: Iterable[str], *, officer: Officer) -> Hall:
    """What its page says and the hours of its week."""
    errors: dict[str, list] = {}
    week = {name: _hours(said.get(name, ""), name, errors) or None for name in hours.WEEK}
    stop = said.get("stop_minutes", "")
    if not (stop.isascii() and stop.isdigit() and int(stop) <= 240):
        errors["stop_minutes"] = [_("Between 0 and 240 minutes.")]
    if not week["workdays"] and not errors:
        errors["workdays"] = [_("A hall is open on working days. To close it on some, enter those days below.")]
    if errors:
        raise Invalid("hall-page", errors=errors, kept=NOTHING_CHANGED)
    changed = {
        "hours": {**hall.hours, **week},
        "stop_minutes": int(stop),
        "phone": said.get("phone", "").strip()[:30],
        "notice": _both(said.get("notice_zh", ""), said.get("notice_en", ""), 500),
        "facilities": [one for one in FACILITIES if one in set(facilities)],
    }
    fields = [name for name, value in changed.items() if getattr(hall, name) != value]
    if not fields:
        return hall
    with transaction.atomic():
        Hall.objects.filter(pk=hall.pk).update(**{name: changed[name] for name in fields})
        _note(hall, events.HallChanged(hall=hall.pk, fields=fields), officer)
    hall.refresh_from_db()
    return hall


def _note(hall: Hall, happened: Any, officer: Officer | None) -> None:
    journal.record(happened, subject=hall.subject, actor=acting(officer, hall) if officer else PLATFORM)
    journal.touch(hall.topic)


# -- days with other hours


def enter_day(hall: Hall, said: Mapping[str, str], *, officer: Officer, now: datetime | None = None) -> HallDay:
    """Other hours on one day, or closed. A second entry for a day takes the place of the first."""
    errors: dict[str, list] = {}
    day = _day(said.get("day", ""), "day", errors, now or timezone.now())
    closed = said.get("closed") == "true"
    written = [] if closed else _hours(said.get("hours", ""), "hours", errors)
    if not closed and not written and "hours" not in errors:
        errors["hours"] = [_("Write the hours of that day, or tick that the hall is closed.")]
    reason = _both(said.get("reason_zh", ""), said.get("reason_en", ""))
    if not reason:
        errors["reason_zh"] = [_("Say why; it stands on the hall's page.")]
    if errors:
        raise Invalid("hall-day", errors=errors, kept=NOTHING_CHANGED)
    with transaction.atomic():
        row, _made = HallDay.objects.update_or_create(
            hall=hall, day=day, defaults={"hours": written, "reason": reason, "entered_by": officer}
        )
        stranded = len(queries_appointments.outside_hours(hall, day, day))
        entered = events.HallDayEntered(hall=hall.pk, day=day.isoformat(), cleared=False, bookings=stranded)
        _note(hall, entered, officer)
    return row


def clear_day(hall: Hall, day: date, *, officer: Officer) -> bool:
    """The usual hours again."""
    with transaction.atomic():
        gone, _rows = HallDay.objects.filter(hall=hall, day=day).delete()
        if gone:
            happened = events.HallDayEntered(hall=hall.pk, day=day.isoformat(), cleared=True, bookings=0)
            _note(hall, happened, officer)
    return bool(gone)


def cancel_stranded(hall: Hall, day: date, *, officer: Officer, now: datetime | None = None) -> int:
    """Bookings of a day at hours at which the hall is closed now: cancelled, each holder told why. One transaction each."""
    row = HallDay.objects.filter(hall=hall, day=day).first()
    reason = (
        row.reason
        if row is not None and row.reason
        else both("大厅当日开放时间有调整", "The hours of the hall changed")
    )
    cancelled = 0
    for appointment in queries_appointments.outside_hours(hall, day, day):
        try:
            booking.cancel_by_hall(appointment, reason=reason, actor=acting(officer, hall), now=now)
            cancelled += 1
        except NotAllowed:  # its holder was faster
            continue
    return cancelled


# -- a move of address


def plan_move(hall: Hall, said: Mapping[str, str], *, officer: Officer, now: datetime | None = None) -> HallMove:
    """From a day on the hall is somewhere else. Holders of bookings after it are told by the worker, now and on the day."""
    errors: dict[str, list] = {}
    now = now or timezone.now()
    day = _day(said.get("on", ""), "on", errors, now)
    if "on" not in errors and day <= timezone.localdate(now):
        errors["on"] = [_("A move is planned for tomorrow at the earliest: people have to hear of it.")]
    address = _both(said.get("address_zh", ""), said.get("address_en", ""))
    if not address:
        errors["address_zh"] = [_("Write the new address.")]
    lat, lng = (_degrees(said.get(name, ""), name, most, errors) for name, most in (("lat", 90), ("lng", 180)))
    if errors:
        raise Invalid("hall-move", errors=errors, kept=NOTHING_CHANGED)
    with transaction.atomic():
        Hall.objects.select_for_update().only("pk").get(pk=hall.pk)
        if hall.moves.filter(done_at__isnull=True).exists():
            raise NotAllowed(
                "moves-already",
                _("A move of this hall is planned already."),
                kept=NOTHING_CHANGED,
                next_step=_("Drop the planned one first."),
            )
        row = HallMove.objects.create(hall=hall, on=day, address=address, lat=lat, lng=lng, entered_by=officer)
        _note(hall, events.HallMovePlanned(hall=hall.pk, on=day.isoformat()), officer)
    return row


def _degrees(text: str, field: str, most: int, errors: dict[str, list]) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not -most <= value <= most:
        errors[field] = [_("Degrees with decimals, for example 31.2304 and 121.4737.")]
        return 0.0
    return value


def drop_move(move: HallMove, *, officer: Officer) -> None:
    """It does not move after all. Who was told already reads so in a second message."""
    with transaction.atomic():
        hall = Hall.objects.select_for_update().get(pk=move.hall_id)
        row = HallMove.objects.filter(pk=move.pk, done_at__isnull=True).first()
        if row is None:
            raise NotAllowed(
                "moved-already", _("The hall has moved already, or the move was dropped."), kept=NOTHING_CHANGED
            )
        if row.told_at is not None:
            for appointment in _bookings_after(row):
                _tell(appointment, row, dropped=True)
        row.delete()
        _note(hall, events.HallMoveDropped(hall=hall.pk, on=move.on.isoformat()), officer)


def _bookings_after(move: HallMove) -> list[Appointment]:
    midnight = timezone.make_aware(datetime.combine(move.on, time()))
    rows = Appointment.objects.filter(hall=move.hall_id, begins_at__gte=midnight, state=AppointmentState.CONFIRMED)
    return list(rows.select_related("hall", "party").order_by("begins_at", "pk"))


def _tell(row: Appointment, move: HallMove, *, dropped: bool = False) -> int:
    """Once for each booking and move. A caller without an account reads it as a text message."""
    local = timezone.localtime(row.begins_at)
    params = {
        "place": row.hall.name,
        "day": booking.in_words(move.on),
        "address": move.hall.address if dropped else move.address,
        "due": local.date().isoformat(),
        "hour": f"{local:%H:%M}",
    }
    if row.party is None:
        if row.phone and not dropped:
            journal.enqueue(TELL_A_CALLER, once=f"hall_moves:{move.pk}:{row.pk}", appointment=row.pk, move=move.pk)
        return int(bool(row.phone))
    link = f"/my/appointments/{row.pk}/"
    if dropped:
        once = f"hall_stays:{move.pk}:{row.pk}"
        return len(notices.tell(row.party, "hall_stays", about=row.subject, link=link, params=params, once=once))
    once = f"hall_moves:{move.pk}:{row.pk}"
    return len(notices.tell(row.party, "hall_moves", about=row.subject, link=link, params=params, once=once))


@journal.carrier(TELL_A_CALLER, outward=True)
def tell_a_caller(appointment: int, move: int) -> None:
    row = Appointment.objects.select_related("hall").filter(pk=appointment, state=AppointmentState.CONFIRMED).first()
    moved = HallMove.objects.filter(pk=move).first()
    if row is None or moved is None or not row.phone:
        return
    language = short(row.language)
    words = MOVED_BY_TEXT["zh" if language == "zh" else "en"] % {
        "place": say(row.hall.name, language),
        "day": f"{moved.on.month}月{moved.on.day}日" if language == "zh" else f"{moved.on.day} {moved.on:%b}",
        "address": say(moved.address, language),
    }
    notices.text_a_caller(row.phone, words, reference=f"hall_moves:{move}:{appointment}")


def carry_moves(now: datetime | None = None) -> int:
    """Tell whoever has a booking after a move, as soon as it is planned and on its day; on its day the address changes."""
    now = now or timezone.now()
    moved = 0
    for row in HallMove.objects.filter(done_at__isnull=True).select_related("hall").order_by("on", "pk"):
        due = row.on <= timezone.localdate(now)
        if row.told_at is None or due:
            told = _tell_all(row)
            HallMove.objects.filter(pk=row.pk, told_at__isnull=True).update(told_at=now)
            moved += due and _move(row, told, now)
    return moved


def _tell_all(move: HallMove) -> int:
    """In slices, each its own transaction: what was told is told once, whenever it is begun again."""
    rows, told = _bookings_after(move), 0
    for begin in range(0, len(rows), AT_A_TIME):
        with transaction.atomic():
            told += sum(_tell(row, move) for row in rows[begin : begin + AT_A_TIME])
    return told


def _move(row: HallMove, told: int, now: datetime) -> bool:
    with transaction.atomic():
        if not HallMove.objects.filter(pk=row.pk, done_at__isnull=True).update(done_at=now):
            return False  # another worker was faster
        Hall.objects.filter(pk=row.hall_id).update(address=row.address, lat=row.lat, lng=row.lng)
        _note(row.hall, events.HallMoved(hall=row.hall_id, move=row.pk, told=told), None)
    return True


@journal.every("moves of halls", timedelta(minutes=10))
def _move_duty() -> None:
    carry_moves()


# -- windows, shifts, machines


def add_windows(hall: Hall, kind: str, count: int, *, area: str = "", officer: Officer) -> list[Window]:
    """So many more windows of a kind, numbered on from the last, closed until somebody sits down."""
    errors: dict[str, list] = {}
    if kind not in WindowKind.values:
        errors["kind"] = [_("Choose what the windows are for.")]
    if not 1 <= count <= 50:
        errors["count"] = [_("Between 1 and 50 at a time.")]
    if errors:
        raise Invalid("windows", errors=errors, kept=NOTHING_CHANGED)
    with transaction.atomic():
        Hall.objects.select_for_update().only("pk").get(pk=hall.pk)
        last = hall.windows.aggregate(last=Max("number"))["last"] or 0
        if last + count > WINDOWS_AT_MOST:
            raise NotAllowed("too-many-windows", _("A hall has 200 windows at most."), kept=NOTHING_CHANGED)
        areas = {one["id"]: one for one in hall.areas}
        where = areas.get(area) or areas.get("front") or next(iter(areas.values()), None)
        made = []
        for place in range(count):
            x, y = _spot(where, place, count)
            made.append(
                Window(hall=hall, number=last + place + 1, kind=kind, area=where["id"] if where else "", x=x, y=y)
            )
        Window.objects.bulk_create(made)
        _note(hall, events.WindowsChanged(hall=hall.pk, windows=[one.pk for one in made]), officer)
    return made


def _spot(area: Mapping[str, Any] | None, place: int, of: int) -> tuple[float | None, float | None]:
    if area is None or "x" not in area:
        return None, None
    return (
        round(area["x"] + area["w"] * (place + 0.5) / of, 2),
        round(area["y"] + area["h"] * 0.9, 2),
    )


def set_reserve(window: Window, *, reserve: bool, officer: Officer) -> None:
    """A reserve window is opened when waiting grows, and no places are counted from it for bookings."""
    with transaction.atomic():
        if Window.objects.filter(pk=window.pk, reserve=not reserve).update(reserve=reserve):
            _note(window.hall, events.WindowsChanged(hall=window.hall_id, windows=[window.pk]), officer)


def plan_shift(hall: Hall, said: Mapping[str, str], *, officer: Officer, now: datetime | None = None) -> Shift:
    """So many windows of a kind between two hours, every week or on one day; on such a day only what was planned for it counts."""
    errors: dict[str, list] = {}
    kind, count = said.get("kind", ""), said.get("windows", "")
    there = hall.windows.filter(kind=kind).count() if kind in WindowKind.values else 0
    if not there:
        errors["kind"] = [_("Choose a kind of window that this hall has.")]
    if not (count.isascii() and count.isdigit() and int(count[:4]) <= there):
        errors["windows"] = [_("No more windows than the hall has of this kind.")]
    try:
        begins, ends = hours.parse_span(f"{said.get('begins', '')}-{said.get('ends', '')}")
    except ValueError:
        errors["begins"] = [_("From when until when, like 09:00 and 12:00.")]
    when: dict[str, Any] = {}
    if said.get("on"):
        when = {"day": _day(said["on"], "on", errors, now or timezone.now())}
    elif said.get("weekday", "") in set("0123456"):
        when = {"weekday": int(said["weekday"])}
    else:
        errors["weekday"] = [_("Choose a day of the week, or one day.")]
    if errors:
        raise Invalid("shift", errors=errors, kept=NOTHING_CHANGED)
    with transaction.atomic():
        row = Shift.objects.create(hall=hall, kind=kind, begins=begins, ends=ends, windows=int(count), **when)
        _note(hall, events.ShiftsChanged(hall=hall.pk), officer)
    return row


def drop_shift(shift: Shift, *, officer: Officer) -> None:
    with transaction.atomic():
        gone, _rows = Shift.objects.filter(pk=shift.pk).delete()
        if gone:
            _note(shift.hall, events.ShiftsChanged(hall=shift.hall_id), officer)


def set_working(machine: Machine, *, working: bool, officer: Officer) -> bool:
    """Broken or working again; the second hand with the same word changes nothing."""
    with transaction.atomic():
        changed = Machine.objects.filter(pk=machine.pk, working=not working).update(working=working)
        if changed:
            _note(machine.hall, events.MachineStateChanged(machine=machine.pk, working=working), officer)
    return bool(changed)


def add_machines(hall: Hall, kind: str, count: int, *, officer: Officer) -> list[Machine]:
    errors: dict[str, list] = {}
    if kind not in MachineKind.values:
        errors["kind"] = [_("Choose what is set up.")]
    if not 1 <= count <= 50:
        errors["count"] = [_("Between 1 and 50 at a time.")]
    if errors:
        raise Invalid("machines", errors=errors, kept=NOTHING_CHANGED)
    with transaction.atomic():
        Hall.objects.select_for_update().only("pk").get(pk=hall.pk)
        last = hall.machines.filter(kind=kind).aggregate(last=Max("number"))["last"] or 0
        made = Machine.objects.bulk_create(
            [Machine(hall=hall, kind=kind, number=last + place + 1) for place in range(count)]
        )
        _note(hall, events.HallChanged(hall=hall.pk, fields=[f"machines:{kind}"]), officer)
    return made
