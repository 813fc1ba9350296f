"""A round table from its plan to its letter: officers of several departments, the visitor, one screen.

Whatever is written down at a table locks its row first, as does its end: a note or a task that was acknowledged stands in the letter,
and what comes after it is refused and stays in the form.
"""

import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tongban.cases import queries as cases
from tongban.departments.models import Department, Officer
from tongban.halls import events, table_letters
from tongban.halls import queries_appointments as appointments
from tongban.halls import queries_round_tables as queries
from tongban.halls.appointment_states import SERVED_NOW, AppointmentState
from tongban.halls.models import (
    Appointment,
    Hall,
    RoundTable,
    RoundTableCase,
    RoundTableNote,
    RoundTableSeat,
    RoundTableTask,
    VisitKind,
)
from tongban.halls.round_table_states import ASKED_ROLES, CALL_OFF, END, OPEN, TableState
from tongban.halls.services import tickets
from tongban.journal import services as journal
from tongban.journal.actors import PLATFORM, Actor
from tongban.lib.bilingual import Bilingual, both
from tongban.lib.moves import make
from tongban.lib.problems import Invalid, NotAllowed, worded
from tongban.matters.models import MatterVersion
from tongban.notices import services as notices

AT_WORK = (TableState.PLANNED, TableState.OPEN)
LONGEST, ROOM_AT_MOST, SEATS_AT_MOST, TOLD_AT_MOST = 2000, 40, 8, 20
TASKS_WITHIN = timedelta(days=365)
STILL_HERE = _("What you typed stands here still.")
VISITOR_WORDS: Bilingual = {"zh": "来访人", "en": "Visitor"}


# -- planning


def plan(
    appointment: Appointment,
    *,
    room: str,
    about: str,
    departments: Iterable[Department],
    officer: Officer,
    actor: Actor,
) -> RoundTable:
    """The table of a booked round table: where in the hall, what about, which departments come. They are told."""
    room, about, asked = room.strip(), about.strip(), list(dict.fromkeys(departments))
    if appointment.kind != VisitKind.ROUND_TABLE:
        raise NotAllowed("no-round-table", _("This visit was not booked as a round table."))
    errors: dict[str, list] = {}
    if not room:
        errors["room"] = [_("Say where in the hall it is, so that everybody finds it.")]
    elif len(room) > ROOM_AT_MOST:
        errors["room"] = [_("Please use at most 40 characters.")]
    if not about:
        errors["about"] = [_("Say what is to be settled; the visitor and the departments read it.")]
    elif len(about) > LONGEST:
        errors["about"] = [_("This is longer than 2,000 characters.")]
    if not asked:
        errors["departments"] = [_("Choose at least one department that comes.")]
    elif len(asked) > SEATS_AT_MOST:
        errors["departments"] = [_("At most eight departments sit at one table.")]
    if errors:
        raise Invalid("table-not-planned", errors=errors, kept=STILL_HERE)
    with transaction.atomic():
        Hall.objects.select_for_update().get(pk=appointment.hall_id)  # two who plan for the same place take turns
        held = Appointment.objects.select_for_update(of=("self",)).get(pk=appointment.pk)
        if queries.of_appointment(held) is not None:
            raise NotAllowed(
                "planned-already",
                _("This round table is planned already."),
                next_step=_("Open it from the appointment, and add there what is missing."),
            )
        if held.state not in (AppointmentState.CONFIRMED, AppointmentState.CHECKED_IN):
            raise NotAllowed("appointment-over", _("This appointment does not stand any more, so no table is planned."))
        _free(held.hall, room, held.begins_at, held.ends_at)
        row = RoundTable.objects.create(
            appointment=held,
            hall=held.hall,
            party=held.party,
            begins_at=held.begins_at,
            ends_at=held.ends_at,
            room=room,
            about=about,
            matters=[one.slug for one in appointments.matters_of(held)],
            led_by=officer,
        )
        journal.record(events.TablePlanned(table=row.pk), subject=row.subject, actor=actor)
        for department in asked:
            _ask(row, department, actor)
    return row


def _free(hall: Hall, room: str, begins_at: datetime, ends_at: datetime, *, but: int | None = None) -> None:
    others = RoundTable.objects.filter(
        hall=hall, room__iexact=room, begins_at__lt=ends_at, ends_at__gt=begins_at, state__in=AT_WORK
    )
    if (others if but is None else others.exclude(pk=but)).exists():
        raise Invalid(
            "place-taken",
            errors={"room": [_("Another round table is at this place then. Choose another place.")]},
            kept=STILL_HERE,
        )


def _ask(row: RoundTable, department: Department, actor: Actor) -> RoundTableSeat:
    seat, made = RoundTableSeat.objects.get_or_create(table=row, department=department)
    if made:
        journal.record(events.TableAsked(table=row.pk, department=department.pk), subject=row.subject, actor=actor)
        _tell_department(row, department, "round_table_asked", once=f"round_table_asked:{seat.pk}")
    return seat


def _tell_department(row: RoundTable, department: Department, kind: str, *, once: str) -> None:
    """Whoever works on cases there; a department of the hall itself is there anyway."""
    local = timezone.localtime(row.begins_at)
    staff = Officer.objects.filter(department=department, active=True).select_related("account__person")
    told = [one for one in staff.order_by("pk") if set(one.roles) & ASKED_ROLES]
    notices.tell_staff(
        told[:TOLD_AT_MOST],
        kind,
        about=row.subject,
        link=f"/office/round-tables/{row.pk}/",
        params={
            "place": row.hall.name,
            "due": local.date().isoformat(),
            "hour": f"{local:%H:%M}",
            "what": row.room,
        },
        once=once,
    )


def ask(table: RoundTable, department: Department, *, actor: Actor) -> RoundTableSeat:
    """One more department; asked again it changes nothing."""
    with transaction.atomic():
        row = _locked(table)
        if row.seats.count() >= SEATS_AT_MOST and not row.seats.filter(department=department).exists():
            raise Invalid(
                "table-full",
                errors={"departments": [_("At most eight departments sit at one table.")]},
                kept=STILL_HERE,
            )
        seat = _ask(row, department, actor)
        journal.touch(row.topic)
        return seat


def let_off(table: RoundTable, department: Department, *, actor: Actor) -> None:
    """A department does not have to come after all."""
    with transaction.atomic():
        row = _locked(table)
        gone, _rows = row.seats.filter(department=department).delete()
        if gone:
            journal.record(events.TableLeft(table=row.pk, department=department.pk), subject=row.subject, actor=actor)
            journal.touch(row.topic)


def join(table: RoundTable, *, officer: Officer, actor: Actor) -> RoundTableSeat:
    """I come for my department; a colleague who said so before is relieved."""
    with transaction.atomic():
        row = _locked(table)
        seat = row.seats.filter(department=officer.department).first()
        if seat is None:
            raise NotAllowed("not-asked", _("Your department was not asked to this table."), status=403)
        if seat.officer_id != officer.pk:
            row.seats.filter(pk=seat.pk).update(officer=officer)
            seat.officer = officer
            journal.record(events.TableJoined(table=row.pk, seat=seat.pk), subject=row.subject, actor=actor)
            journal.touch(row.topic)
        return seat


def _locked(table: RoundTable) -> RoundTable:
    """The table, locked, while something can still be written down at it."""
    row = (
        RoundTable.objects.select_for_update(of=("self",))
        .select_related("hall", "party", "appointment__hall", "led_by__department")
        .get(pk=table.pk)
    )
    if row.state not in AT_WORK:
        raise NotAllowed(
            "table-over",
            _("This round table is over: its letter is written, or it was called off."),
            kept=STILL_HERE,
            next_step=_("What has to be added belongs into the conversation of the application, or into a new table."),
        )
    return row


# -- at the table


def open_table(table: RoundTable, *, actor: Actor, now: datetime | None = None) -> RoundTable:
    """Everybody sits. The visitor counts as here, whether or not they took a number before."""
    now = now or timezone.now()
    with transaction.atomic():
        row = _locked(table)
        if row.state == TableState.OPEN:
            return row
        if timezone.localdate(row.begins_at) != timezone.localdate(now):
            raise NotAllowed(
                "table-of-another-day",
                _("This round table is not for today."),
                kept=_("Nothing was changed."),
                next_step=_("Move its appointment if everybody is here today."),
            )
        make(row, OPEN, opened_at=now)
        if row.appointment is not None:
            tickets.to_the_table(row.appointment, actor=actor, at=now)
        journal.record(events.TableOpened(table=row.pk), subject=row.subject, actor=actor)
        journal.touch(row.topic)
        return row


def note(table: RoundTable, words: str, *, internal: bool, officer: Officer, key: str, actor: Actor) -> int:
    """Write something down. Each writing is a line of its own, so two who write at once keep both. `key`: sent twice it is there once."""
    words = _said(words)

    def write() -> str:
        row = _locked(table)
        made = RoundTableNote.objects.create(table=row, officer=officer, words=words, internal=internal)
        journal.record(
            events.TableNoted(table=row.pk, note=made.pk, internal=internal), subject=row.subject, actor=actor
        )
        journal.touch(row.topic)
        return str(made.pk)

    with transaction.atomic():
        if not key:
            return int(write())
        return int(journal.once(f"round-table-note:{table.pk}:{officer.pk}", key, write)[0])


def _said(words: str, field: str = "words") -> str:
    words = words.strip()
    if not words:
        raise Invalid("nothing-said", errors={field: [_("Please write something first.")]})
    if len(words) > LONGEST:
        raise Invalid("too-long", errors={field: [_("This is longer than 2,000 characters.")]}, kept=STILL_HERE)
    return words


def set_task(
    table: RoundTable,
    words: str,
    *,
    department: Department | None,
    due_on: date | None,
    officer: Officer,
    actor: Actor,
    today: date | None = None,
) -> RoundTableTask:
    """Somebody does something by a day: a department at the table or, with none, the visitor."""
    today = today or timezone.localdate()
    words, errors = _said(words, "task"), {}
    if due_on is None or not today <= due_on <= today + TASKS_WITHIN:
        errors["due_on"] = [_("Choose a day from today on, within a year.")]
    with transaction.atomic():
        row = _locked(table)
        if department is not None and not row.seats.filter(department=department).exists():
            errors["who"] = [_("This department does not sit at the table. Ask it to come first.")]
        if errors or due_on is None:
            raise Invalid("task-not-set", errors=errors, kept=STILL_HERE)
        task = RoundTableTask.objects.create(
            table=row, words=words, department=department, due_on=due_on, set_by=officer
        )
        journal.record(events.TableTaskSet(table=row.pk, task=task.pk), subject=row.subject, actor=actor)
        journal.touch(row.topic)
        return task


def finish_task(task: RoundTableTask, *, actor: Actor, officer: Officer | None = None) -> RoundTableTask:
    """Done; during the table or long after it. The first who says so is written down."""
    with transaction.atomic():
        done = RoundTableTask.objects.filter(pk=task.pk, done_at__isnull=True).update(
            done_at=timezone.now(), done_by=officer
        )
        if done:
            table = task.table
            journal.record(events.TableTaskDone(table=table.pk, task=task.pk), subject=table.subject, actor=actor)
            journal.touch(table.topic)
            if officer is not None and table.party is not None and table.state == TableState.ENDED:
                notices.tell(
                    table.party,
                    "round_table_task_done",
                    about=table.subject,
                    link=f"/my/round-tables/{table.pk}/",
                    params={"department": officer.department.name, "place": table.hall.name},
                    once=f"round_table_task:{task.pk}",
                )
    task.refresh_from_db()
    return task


def lay(table: RoundTable, number: str, *, officer: Officer, actor: Actor) -> RoundTableCase:
    """An application of this visitor lies on the table. One of somebody else is not found."""
    number = re.sub(r"\s", "", number)[:40]
    with transaction.atomic():
        row = _locked(table)
        found = cases.of(row.party).filter(number=number).first() if row.party is not None and number else None
        if found is None:
            raise Invalid(
                "no-such-case",
                errors={"number": [_("This visitor has no application with this number.")]},
                kept=STILL_HERE,
            )
        laid, made = RoundTableCase.objects.get_or_create(table=row, case=found, defaults={"officer": officer})
        if made:
            journal.record(events.TableCaseLaid(table=row.pk, case=found.pk), subject=row.subject, actor=actor)
            journal.touch(row.topic)
        return laid


def renew_screen(table: RoundTable, *, actor: Actor) -> RoundTable:
    """A new link for the shared screen: whoever has the one before sees nothing any more."""
    with transaction.atomic():
        row = _locked(table)
        RoundTable.objects.filter(pk=row.pk).update(screen=row.screen + 1)
        row.screen += 1
        journal.record(events.TableScreenRenewed(table=row.pk), subject=row.subject, actor=actor)
        journal.touch(row.topic)
        return row


# -- its end


def end(
    table: RoundTable, *, result: str, result_en: str, officer: Officer, actor: Actor, now: datetime | None = None
) -> RoundTable:
    """The result in words, and with it the letter: to the inbox of the applicant, and kept."""
    now = now or timezone.now()
    result, result_en = result.strip(), result_en.strip()
    if not (result or result_en):
        raise Invalid("no-result", errors={"result": [_("Say what came out of it; the letter is about that.")]})
    if max(len(result), len(result_en)) > LONGEST:
        raise Invalid("too-long", errors={"result": [_("This is longer than 2,000 characters.")]}, kept=STILL_HERE)
    with transaction.atomic():
        row = _locked(table)
        number = f"RT-{timezone.localdate(row.begins_at):%Y}-{row.pk:05d}"
        make(
            row,
            END,
            ended_at=now,
            result=result or result_en,
            result_en=result_en,
            number=number,
            letter=table_letters.entered(number, row.pk, _letter(row, result, result_en, now)),
        )
        if row.appointment is not None and row.appointment.state == AppointmentState.CHECKED_IN:
            make(row.appointment, SERVED_NOW, ended_at=now)
        journal.record(events.TableEnded(table=row.pk), subject=row.subject, actor=actor)
        journal.touch(row.topic)
        if row.party is not None:
            notices.tell(
                row.party,
                "round_table_result",
                about=row.subject,
                link=f"/my/round-tables/{row.pk}/",
                params={"place": row.hall.name, "due": timezone.localdate(row.begins_at).isoformat()},
                once=f"round_table_result:{row.pk}",
            )
        return row


def _letter(row: RoundTable, result: str, result_en: str, now: datetime) -> dict:
    """What the letter says, in both languages; notes and tasks in the words they were written in, once. Internal notes are not in it."""
    local = timezone.localtime(row.begins_at)
    seats = list(row.seats.select_related("department").order_by("id"))
    laid = list(row.laid.select_related("case__version").order_by("id"))
    names = {"zh": "、".join(one.department.name["zh"] for one in seats)} | {
        "en": ", ".join(one.department.name.get("en") or one.department.name["zh"] for one in seats)
    }
    rows: list[tuple[Bilingual, Bilingual | str]] = [
        (both("时间", "Time"), f"{local:%Y-%m-%d %H:%M}"),
        (
            both("地点", "Place"),
            both(
                f"{row.hall.name['zh']} {row.room}",
                f"{row.hall.name.get('en') or row.hall.name['zh']}, {row.room}",
            ),
        ),
        (both("参加部门", "Departments"), names),
        (both("议题", "What it was about"), queries.without_identity(row.about)),
    ]
    for number, one in enumerate(laid, 1):
        rows.append((both(f"相关办件{number}", f"Application {number}"), f"{one.case.number}"))
    paragraphs = [_in_letter("会商结果", "Result", result, result_en)]
    for number, noted in enumerate(row.notes.filter(internal=False).order_by("id"), 1):
        paragraphs.append(_in_letter(f"记录{number}", f"Note {number}", noted.words))
    for number, task in enumerate(row.tasks.select_related("department").order_by("due_on", "id"), 1):
        who = task.department.name if task.department is not None else VISITOR_WORDS
        day = task.due_on
        paragraphs.append(
            _in_letter(
                f"事项{number}（{who['zh']}，{day.year}年{day.month}月{day.day}日前完成）",
                f"Task {number} ({who.get('en') or who['zh']}, by {day.day} {day:%B} {day.year})",
                task.words,
            )
        )
    paragraphs.append(
        both(
            "本函记录会商情况，供您办事参考；正式决定以有关部门出具的文书为准。",
            "This letter records what was talked about. A decision is what the department in charge gives you in writing.",
        )
    )
    return {
        "title": both("圆桌会商结果函", "Result letter of the round table"),
        "case_number": None,
        "matter": _matters(row),
        "applicant": row.party.names if row.party is not None else _caller(row),
        "department": row.led_by.department.name,
        "paragraphs": paragraphs,
        "rows": [[label, value] for label, value in rows],
        "made_at": now.isoformat(),
    }


HAN, LATIN = re.compile("[\u4e00-\u9fff]"), re.compile(r"[A-Za-z]{2,}")
A_SENTENCE = 4  # so many words of the other script are a translation, fewer are names


def _in_letter(chinese: str, english: str, words: str, translated: str = "") -> Bilingual:
    """What somebody wrote, under its heading in both languages; what there is only once is not said twice."""
    words, translated = queries.without_identity(words.strip()), queries.without_identity(translated.strip())
    if words and translated:
        return both(f"{chinese}：{words}", f"{english}: {translated}")
    words = words or translated
    if not HAN.search(words):
        return both(f"{chinese}：（仅有外文，见下行）", f"{english}: {words}")
    if len(LATIN.findall(words)) >= A_SENTENCE:
        return both(f"{chinese}：{words}", f"{english}: in the line above")
    return both(f"{chinese}：{words}", f"{english}: in the line above, written in Chinese only")


def _caller(row: RoundTable) -> Bilingual:
    name = row.appointment.name if row.appointment is not None else ""
    return both(name, name)


def _matters(row: RoundTable) -> Bilingual:
    found = MatterVersion.objects.filter(matter__slug__in=row.matters, state=MatterVersion.State.PUBLISHED)
    names = [one.name for one in found.order_by("matter__slug")]
    if not names:
        return both("圆桌会商", "Round table")
    return both("、".join(one["zh"] for one in names), "; ".join(one.get("en") or one["zh"] for one in names))


# -- when its appointment moves or goes


def follow(appointment: int, moved_from: int | None) -> None:
    """The appointment was moved: the table goes along, and who was asked is told the new time."""
    if moved_from is None:
        return
    with transaction.atomic():
        row = RoundTable.objects.select_for_update(of=("self",)).filter(appointment=moved_from).first()
        new = Appointment.objects.select_related("hall").filter(pk=appointment).first()
        if row is None or new is None or row.state not in AT_WORK:
            return
        Hall.objects.select_for_update().get(pk=new.hall_id)
        room = row.room
        try:
            _free(new.hall, room, new.begins_at, new.ends_at, but=row.pk)
        except Invalid:  # somebody else is at that place then: the mark asks for another one
            room = f"{room[: ROOM_AT_MOST - 10]} ({row.pk}?)"
        RoundTable.objects.filter(pk=row.pk).update(
            appointment=new, hall=new.hall, begins_at=new.begins_at, ends_at=new.ends_at, room=room
        )
        row.refresh_from_db()
        journal.record(events.TableMoved(table=row.pk), subject=row.subject, actor=PLATFORM)
        journal.touch(row.topic)
        for seat in row.seats.select_related("department"):
            _tell_department(row, seat.department, "round_table_moved", once=f"round_table_moved:{seat.pk}:{new.pk}")


def call_off(appointment: int, why: str) -> None:
    """The appointment was cancelled, or nobody came: the table does not take place, and who was asked is told."""
    with transaction.atomic():
        row = (
            RoundTable.objects.select_for_update(of=("self",))
            .select_related("hall")
            .filter(appointment=appointment, state=TableState.PLANNED)
            .first()
        )
        if row is None:
            return
        make(row, CALL_OFF, ended_at=timezone.now())
        journal.record(events.TableCalledOff(table=row.pk, why=why), subject=row.subject, actor=PLATFORM)
        journal.touch(row.topic)
        for seat in row.seats.select_related("department"):
            _tell_department(row, seat.department, "round_table_off", once=f"round_table_off:{seat.pk}")


def move_to(table: RoundTable, room: str, *, actor: Actor) -> RoundTable:
    """Another place in the hall."""
    room = room.strip()
    if not room or len(room) > ROOM_AT_MOST:
        raise Invalid(
            "no-room", errors={"room": [worded(_("Please use 1 to %(most)s characters."), most=ROOM_AT_MOST)]}
        )
    with transaction.atomic():
        Hall.objects.select_for_update().get(pk=table.hall_id)
        row = _locked(table)
        _free(row.hall, room, row.begins_at, row.ends_at, but=row.pk)
        RoundTable.objects.filter(pk=row.pk).update(room=room)
        row.room = room
        journal.record(events.TableMoved(table=row.pk), subject=row.subject, actor=actor)
        journal.touch(row.topic)
        return row
