"""A promise is a date computed from stored facts: receipt, pauses, extensions, the calendar of the year."""

import re
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine

from tests import make
from tests.cases import ways
from tongban.cases import clocks, queries, services
from tongban.cases.models import Case, CaseMaterial, Consultation, Delivery, Promise, Talk, Tolerance
from tongban.cases.services import keeping_procedures, keeping_time, packing
from tongban.cases.states import ClockKind
from tongban.departments.models import CalendarYear
from tongban.departments.services import load_calendar_year, load_published_calendars
from tongban.lib.problems import Invalid, NotAllowed
from tongban.notices.models import Message

pytestmark = pytest.mark.django_db

HERE = ZoneInfo("Asia/Shanghai")


def at(day: str, hour="10:00") -> datetime:
    return datetime.fromisoformat(f"{day}T{hour}").replace(tzinfo=HERE)


@pytest.fixture
def published():
    """The official calendars of 2024 to 2026; nothing is published for 2027."""
    CalendarYear.objects.all().delete()
    load_published_calendars()


def clock(case: Case, kind: str):
    return case.clocks.filter(kind=kind).latest("id")


def accepted_on(day: str, *, promised=7, statutory=20, **elements) -> Case:
    matter = ways.matter_with_everything(promised_days=promised, statutory_days=statutory, **elements)
    CalendarYear.objects.all().delete()
    load_published_calendars()
    return make.case("under_review", matter, now=at(day))


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        ("2025-01-23", 5, "2025-02-06"),
        ("2025-04-25", 3, "2025-04-29"),
        ("2025-06-09", 7, "2025-06-18"),
        ("2025-09-26", 3, "2025-09-30"),
        ("2026-02-13", 2, "2026-02-24"),
        ("2025-05-30", 20, "2025-06-30"),
    ],
)
def test_the_promise_follows_holidays_and_make_up_days(start, days, due):
    case = accepted_on(start, promised=days)

    assert (case.promised_due, case.provisional) == (date.fromisoformat(due), False)


def test_a_pause_gives_back_the_days_that_were_left():
    """domain.md 5.1.4: accepted 2025-06-09, 7 days, stopped 06-12 with 2 used, resumed 06-20, due 06-27."""
    case = accepted_on("2025-06-09")
    officer = ways.of_department("dept_reviewer", case)

    services.suspend(case, officer=officer, kind="expert_review", planned_days=3, why="experts", now=at("2025-06-12"))
    standing = Case.objects.get(pk=case.pk)
    services.resume(case, officer=officer, result="the experts agree", now=at("2025-06-20"))
    going = Case.objects.get(pk=case.pk)

    assert (standing.state, standing.promised_due) == ("suspended", None)
    assert clock(case, "special_procedure").due == date(2025, 6, 17)
    assert (going.state, going.promised_due) == ("under_review", date(2025, 6, 27))
    assert clock(case, "special_procedure").kept is False  # it took longer than planned: an alarm of its own


def test_the_clock_stands_still_for_both_dates_and_the_light_is_grey_meanwhile():
    case = accepted_on("2025-06-09")
    officer = ways.of_department("dept_reviewer", case)

    case = services.suspend(case, officer=officer, kind="hearing", planned_days=5, why="heard", now=at("2025-06-12"))

    assert (case.promised_due, case.statutory_due, queries.light_of(case, date(2025, 6, 12))) == (None, None, "grey")


def test_only_steps_the_law_excludes_stop_the_clock():
    case = accepted_on("2025-06-09")

    with pytest.raises(Invalid) as wrong:
        services.suspend(
            case,
            officer=ways.of_department("dept_reviewer", case),
            kind="holiday of the officer",
            planned_days=5,
            why="sun",
        )

    assert wrong.value.code == "not-excluded"


def test_an_extension_moves_both_dates_once_and_is_told_with_its_reason():
    case = accepted_on("2025-06-09")
    approver = ways.of_department("dept_approver", case)

    case = services.extend(case, officer=approver, days=3, why="three offices must be asked", now=at("2025-06-10"))
    with pytest.raises(NotAllowed) as twice:
        services.extend(case, officer=approver, days=3, why="again", now=at("2025-06-11"))
    ways.work()

    assert (case.promised_due, case.statutory_due) == (date(2025, 6, 23), date(2025, 7, 10))
    assert twice.value.code == "extended-once"
    assert case.documents.filter(kind="extension_notice").count() == 1
    assert Message.objects.filter(party=case.applicant, kind="case_extended").count() == 1


@pytest.mark.parametrize("days", [0, 11, -1])
def test_an_extension_is_at_most_ten_working_days(days):
    case = accepted_on("2025-06-09")

    with pytest.raises(Invalid):
        services.extend(
            case, officer=ways.of_department("dept_approver", case), days=days, why="long", now=at("2025-06-10")
        )


def test_an_extension_comes_before_the_limit():
    case = accepted_on("2025-06-09")

    with pytest.raises(NotAllowed) as late:
        services.extend(
            case, officer=ways.of_department("dept_approver", case), days=3, why="late", now=at("2025-07-08")
        )

    assert late.value.code == "limit-over"


@pytest.mark.parametrize(
    ("sent", "received"),
    [
        (at("2025-06-09", "16:59"), "2025-06-09"),
        (at("2025-06-09", "17:00"), "2025-06-10"),
        (at("2025-06-07"), "2025-06-09"),  # a Saturday
        (at("2025-09-28"), "2025-09-28"),  # a Sunday on which people work for the holiday
        (at("2025-10-02"), "2025-10-09"),
    ],
)
def test_the_day_of_receipt_of_something_sent_online(published, sent, received):
    case = make.submitted(now=sent)

    # the maker's plain years stand beside the published ones only where nothing is published
    assert case.received_on == date.fromisoformat(received)


def test_at_a_counter_the_day_of_the_visit_counts(published):
    case = ways.taken_in(make.draft(), ways.hall("window_officer"), now=at("2025-06-07"))

    assert (case.state, case.received_on, clock(case, "acceptance").due) == (
        "received",
        date(2025, 6, 7),
        date(2025, 6, 13),
    )


def test_the_cut_off_is_for_what_is_sent_and_never_for_an_act_of_the_office(published):
    """An officer who works late, or on a Saturday, takes no day from the applicant."""
    evening, saturday = at("2025-06-09", "18:30"), at("2025-06-14")
    case = make.case("pre_review", now=at("2025-06-09"))
    case = services.pass_pre_review(case, officer=ways.hall("pre_reviewer"), now=evening)
    early = make.case(
        "pre_review", now=evening
    )  # sent after the cut-off, looked at the same evening: from its day of receipt
    early = services.pass_pre_review(early, now=evening)
    granted = make.case("approved", now=evening)
    sent_at_night = make.case("correction_requested", now=at("2025-06-09"))
    Case.objects.filter(pk=sent_at_night.pk).update(channel="window")
    services.answer_finding(sent_at_night, sent_at_night.findings.get().pk, account=sent_at_night.account)
    account = sent_at_night.account
    again = services.correct(Case.objects.get(pk=sent_at_night.pk), account=account, level=3, now=saturday)

    assert clock(case, "acceptance").started_on == date(2025, 6, 9)
    assert clock(early, "acceptance").started_on == date(2025, 6, 10)
    assert clock(granted, "issuance").started_on == date(2025, 6, 9)
    assert (again.received_on, clock(again, "acceptance").started_on) == (date(2025, 6, 16), date(2025, 6, 16))


def test_silence_of_five_working_days_is_acceptance_counted_from_receipt(published):
    case = make.case("received", now=at("2025-06-09"))

    with time_machine.travel(at("2025-06-16", "23:00"), tick=False):
        early = keeping_time.deem_accepted_what_waited()
    with time_machine.travel(at("2025-06-17", "00:30"), tick=False):
        then, again = keeping_time.deem_accepted_what_waited(), keeping_time.deem_accepted_what_waited()

    case.refresh_from_db()
    assert (early, then, again) == (0, 1, 0)
    assert case.state == "accepted"
    assert clock(case, "decision_promised").started_on == date(2025, 6, 9)
    assert case.promised_due == date(2025, 6, 16)  # five days from receipt: over before anybody looked
    assert [step.role for step in case.steps.filter(move="deem_accepted")] == ["platform"]
    assert case.documents.filter(kind="deemed_acceptance_notice").count() == 1


def test_a_correction_lapses_after_thirty_days_and_two_reminders(published):
    case = make.case("correction_requested", now=at("2025-06-09"))
    told = []

    for day in range(1, 33):
        with time_machine.travel(at("2025-06-09") + timedelta(days=day), tick=False):
            keeping_time.remind_of_corrections()
            keeping_time.lapse_what_was_not_corrected()
            ways.work()
            told.append(Message.objects.filter(kind="correction_reminder", party=case.applicant).count())

    case.refresh_from_db()
    assert [told.index(number) + 1 for number in (1, 2)] == [10, 25]
    assert told[-1] == 2
    assert (case.state, case.steps.last().at.astimezone(HERE).date()) == ("lapsed", date(2025, 7, 10))
    assert not case.clocks.filter(stopped_on__isnull=True).exists()
    assert Message.objects.filter(kind="case_lapsed", party=case.applicant).count() == 1


def test_after_a_correction_the_five_days_begin_again(published):
    case = make.case("correction_requested", now=at("2025-06-09"))
    services.answer_finding(case, case.findings.get().pk, account=case.account)

    case = services.correct(case, account=case.account, level=3, now=at("2025-06-20"))

    assert (clock(case, "acceptance").started_on, clock(case, "acceptance").due) == (
        date(2025, 6, 20),
        date(2025, 6, 27),
    )
    assert clock(case, "applicant_correction").kept is True


def test_a_public_notice_ends_after_its_days(published):
    matter = ways.matter_with_everything()
    CalendarYear.objects.all().delete()
    load_published_calendars()
    case = ways.bring("public_notice", matter, now=at("2025-06-09"))

    with time_machine.travel(at("2025-06-16"), tick=False):
        early = keeping_time.end_public_notices()
    with time_machine.travel(at("2025-06-17"), tick=False):
        then = keeping_time.end_public_notices()

    case.refresh_from_db()
    assert (early, then, case.state) == (0, 1, "under_review")


def test_a_worker_that_comes_days_late_takes_no_day_of_the_promise(published):
    """A notice and the time to ask for a hearing were over when they were over, whenever that is noticed."""
    steps = [{"name": {"zh": "公示", "en": "Public notice"}, "limit": {}, "counted": False}]
    noticed = make.case("under_review", ways.matter_with_everything(special_procedures=steps), now=at("2025-06-09"))
    offered = make.case("under_review", noticed.matter, now=at("2025-06-09"))
    reviewer = ways.of_department("dept_reviewer", noticed)
    CalendarYear.objects.all().delete()
    load_published_calendars()
    services.publish_notice(noticed, officer=reviewer, text="for five days", now=at("2025-06-10"))  # until 17 June
    services.offer_hearing(offered, officer=reviewer, reason="too small", ground="Art. 38", now=at("2025-06-10"))

    with time_machine.travel(at("2025-06-27"), tick=False):
        keeping_time.end_public_notices()
        keeping_procedures.end_hearings_nobody_asked_for()

    pauses = [case.clocks.get(kind=ClockKind.DECISION_PROMISED).pauses for case in (noticed, offered)]
    assert pauses == [[["2025-06-10", "2025-06-18"]], [["2025-06-10", "2025-06-18"]]]


@pytest.mark.parametrize(
    ("days", "unit", "published_on", "until"),
    [
        (7, None, "2025-06-09", "2025-06-18"),  # seven working days
        (7, "working_day", "2025-06-09", "2025-06-18"),
        (7, "calendar_day", "2025-06-09", "2025-06-16"),  # seven days, with the Saturday and the Sunday between
        (5, "calendar_day", "2025-06-09", "2025-06-16"),  # would end on a Saturday: objectors have the Monday too
        (7, "calendar_day", "2025-09-26", "2025-10-09"),  # would end in the week of the National Day
        (20, "calendar_day", "2025-05-30", "2025-06-19"),
    ],
)
def test_the_days_of_a_notice_are_counted_as_the_matter_says(published, days, unit, published_on, until):
    matter = ways.matter_with_everything(notice_days=days, notice_unit=unit)
    CalendarYear.objects.all().delete()
    load_published_calendars()
    case = ways.bring("public_notice", matter, now=at(published_on))
    row, last = case.public_notices.get(), date.fromisoformat(until)

    with time_machine.travel(at(until), tick=False):
        early = keeping_time.end_public_notices()
    with time_machine.travel(at(until) + timedelta(days=1), tick=False):
        then = keeping_time.end_public_notices()

    assert (row.until, row.days, row.unit) == (last, days, unit or "working_day")
    assert (early, then) == (0, 1)


def test_dates_in_a_year_without_a_calendar_are_provisional_and_move_with_a_message_when_it_comes():
    case = accepted_on("2026-12-28", promised=5, statutory=20)
    before = case.promised_due
    assert (before, case.provisional) == (date(2027, 1, 4), True)

    load_calendar_year(2027, days_off={date(2027, 1, 1): "元旦", date(2027, 1, 4): "元旦"}, workdays={}, official=True)
    ways.work()

    case.refresh_from_db()
    assert (case.promised_due, case.provisional) == (date(2027, 1, 6), False)
    messages = Message.objects.filter(kind="dates_changed", party=case.applicant)
    assert messages.count() == 1
    ways.work()
    load_calendar_year(2027, days_off={date(2027, 1, 1): "元旦", date(2027, 1, 4): "元旦"}, workdays={}, official=True)
    ways.work()
    assert messages.count() == 1


def test_a_calendar_that_moves_nothing_is_not_told():
    case = accepted_on("2025-06-09")

    load_calendar_year(2027, days_off={date(2027, 1, 1): "元旦"}, workdays={}, official=True)
    ways.work()

    assert not Message.objects.filter(kind="dates_changed", party=case.applicant).exists()


def put_off(day: str) -> None:
    year = CalendarYear.objects.get(year=int(day[:4]))
    load_calendar_year(year.year, {**year.days_off, day: "storm"}, year.workdays, official=True)
    ways.work()


def told_of_days(case) -> list[tuple[str, str]]:
    rows = Message.objects.filter(party=case.applicant, kind__endswith="_changed").order_by("pk")
    return [(row.kind, re.findall(r" (\d+ \w+ \d{4})[.;]", row.body["en"])[0]) for row in rows]


def test_where_only_the_limit_of_the_law_moves_nobody_is_told_of_another_promise():
    case = accepted_on("2025-06-09", promised=5, statutory=20)  # promised 16 June, by law 7 July

    put_off("2025-06-25")

    assert told_of_days(case) == [("legal_day_changed", "8 July 2025")]


def test_the_last_day_to_answer_that_moves_is_told_to_whoever_owes_the_answer():
    case = make.case("correction_requested", now=at("2025-06-09"))
    load_published_calendars()
    last = case.clocks.get(kind=ClockKind.APPLICANT_CORRECTION).due

    put_off(last.isoformat())

    moved = case.clocks.get(kind=ClockKind.APPLICANT_CORRECTION).due
    assert moved > last
    assert told_of_days(case) == [("answer_day_changed", f"{moved.day} {moved:%B %Y}")]


def test_a_paper_that_may_follow_a_hearing_and_a_notice_go_with_the_corrected_calendar():
    """The days that stand beside a clock are its days: whoever was told one is told the other, and nothing ends by the old one."""
    offered = accepted_on("2025-06-09")
    heard = services.offer_hearing(
        offered, officer=ways.of_department("dept_reviewer", offered), reason="too small", ground="Art. 38", now=at("2025-06-09")
    )  # fmt: skip
    notice = ways.bring("public_notice", ways.matter_with_everything(notice_days=5), now=at("2025-06-09"))
    kept = notice.public_notices.get().until
    tolerated = make.case("under_review", now=at("2025-06-09"))
    clock_of_paper = clocks.start(tolerated, ClockKind.SUPPLY, date(2025, 6, 9), 3)
    material = CaseMaterial.objects.create(case=tolerated, type=make.material_type(), how="later", required=True)
    paper = Tolerance.objects.create(case=tolerated, material=material, at=at("2025-06-09"), due=clock_of_paper.due)

    put_off("2025-06-11")

    days = [(heard, "ask_by"), (paper, "due"), (notice.public_notices.get(), "until")]
    for row, _name in days:
        row.refresh_from_db()
    assert [getattr(row, name) for row, name in days] == [date(2025, 6, 17), date(2025, 6, 13), date(2025, 6, 17)]
    assert kept == date(2025, 6, 16)
    assert ("hearing_day_changed", "17 June 2025") in told_of_days(offered)
    assert ("supply_day_changed", "13 June 2025") in told_of_days(tolerated)


def test_what_no_clock_counts_goes_with_the_corrected_calendar_and_who_was_told_a_day_is_told_the_new_one():
    """An opinion, an order to put right, a question, a package: each keeps from when and how long. What was written before that was kept
    only leaves a day that turned out to be off."""
    asked = [accepted_on("2025-06-09") for _each in range(2)]
    other = make.department("FRB")
    opinions = [
        Consultation.objects.create(
            case=case, officer=make.officer(), department=other, question="?", asked_at=at("2025-06-09"),
            due=date(2025, 6, 12), days=days,
        )
        for case, days in zip(asked, (3, None), strict=True)
    ]  # fmt: skip
    orders = [
        Promise.objects.create(
            case=case, state="put_right", signed_at=at("2025-06-05"), checked_at=at("2025-06-09"),
            put_right_by=date(2025, 6, 11), put_right_days=days,
        )
        for case, days in zip(asked, (2, None), strict=True)
    ]  # fmt: skip
    talk = Talk.objects.create(case=asked[0], waiting_since=at("2025-06-10"), due=date(2025, 6, 11))
    package = Delivery.objects.create(
        case=asked[0], party=asked[0].applicant, way="pickup", state="preparing",
        **packing.prepared_by(date(2025, 6, 9)),
    )  # fmt: skip
    assert package.due == date(2025, 6, 23)

    put_off("2025-06-11")
    put_off("2025-06-13")

    rows = [*opinions, *orders, talk, package]
    for row in rows:
        row.refresh_from_db()
    assert [getattr(row, "put_right_by", None) or row.due for row in rows] == [
        date(2025, 6, 16), date(2025, 6, 12), date(2025, 6, 12), date(2025, 6, 12), date(2025, 6, 12), date(2025, 6, 25),
    ]  # fmt: skip
    told = [one for one in told_of_days(asked[0]) if one[0] == "put_right_day_changed"]
    assert told == [("put_right_day_changed", "12 June 2025")]
    year = CalendarYear.objects.get(year=2025)
    off = {day: name for day, name in year.days_off.items() if name != "storm"}
    load_calendar_year(2025, off, year.workdays, official=True)  # the storm did not come
    ways.work()
    for row in (opinions[0], orders[0]):
        row.refresh_from_db()
    assert (opinions[0].due, orders[0].put_right_by) == (
        date(2025, 6, 12),
        date(2025, 6, 12),
    )  # a day in an order stays


def test_the_lights_of_a_case_in_review():
    case = accepted_on("2025-06-09", promised=10, statutory=20)  # promised by 06-23, by law by 07-07

    lights = [
        queries.light_of(case, date.fromisoformat(day))
        for day in ("2025-06-10", "2025-06-20", "2025-06-24", "2025-07-08")
    ]

    assert lights == ["green", "yellow", "red", "black"]


def test_drafts_end_after_ninety_days_but_never_without_a_warning_a_week_before(published):
    with time_machine.travel(at("2025-03-03"), tick=False):
        case = make.draft()
    gone_on, warned_on = None, None

    for day in range(70, 110):
        with time_machine.travel(at("2025-03-03") + timedelta(days=day), tick=False):
            keeping_time.look_after_drafts()
            ways.work()
            if warned_on is None and Message.objects.filter(kind="draft_expires").exists():
                warned_on = day
            if gone_on is None and not Case.objects.filter(pk=case.pk).exists():
                gone_on = day

    assert (warned_on, gone_on) == (84, 91)
    assert Message.objects.filter(kind="draft_expires").count() == 2  # a week and a day before


def test_a_worker_that_stood_still_leaves_the_time_that_its_warning_promises(published):
    with time_machine.travel(at("2025-03-03"), tick=False):
        case = make.draft()
    gone_on = None
    for day in (200, 201, 202, 203, 206, 207, 208, 209):
        with time_machine.travel(at("2025-03-03") + timedelta(days=day), tick=False):
            keeping_time.look_after_drafts()
            if gone_on is None and not Case.objects.filter(pk=case.pk).exists():
                gone_on = day

    assert gone_on == 207  # warned on the 200th day, again on the 206th


def test_one_touch_keeps_a_draft_as_long_again(published):
    with time_machine.travel(at("2025-03-03"), tick=False):
        case = make.draft(answers={"reason": "kept as it is"})
    with time_machine.travel(at("2025-05-30"), tick=False):
        keeping_time.look_after_drafts()
        assert Case.objects.get(pk=case.pk).ends_soon
        services.extend_draft(case, account=case.account)
        case.refresh_from_db()
        assert not case.ends_soon and case.warned_at is None and case.value("reason") == "kept as it is"


def test_work_on_a_draft_gives_it_its_ninety_days_again(published):
    with time_machine.travel(at("2025-03-03"), tick=False):
        case = make.draft()
    with time_machine.travel(at("2025-05-20"), tick=False):
        keeping_time.look_after_drafts()
        case.refresh_from_db()
        services.save(case, {"reason": "still here"}, revision=case.revision, account=case.account)

    case.refresh_from_db()
    assert (case.expires_at, case.warned_at) == (at("2025-05-20") + timedelta(days=90), None)


def test_the_light_of_a_granted_case_is_that_of_its_result_and_not_of_the_decision_before():
    case = make.case("approved")
    Case.objects.filter(pk=case.pk).update(statutory_due=case.next_due - timedelta(days=300))
    case.refresh_from_db()

    assert queries.light_of(case, case.next_due - timedelta(days=9)) == "green"
    assert queries.light_of(case, case.next_due + timedelta(days=1)) == "red"


def test_a_limit_in_calendar_days_counts_days_off_too():
    case = accepted_on("2026-09-30", promised=7, statutory=15, time_unit="calendar_day")

    assert clock(case, "decision_promised").due == date(2026, 10, 7)
    assert clock(case, "decision_statutory").due == date(2026, 10, 15)
