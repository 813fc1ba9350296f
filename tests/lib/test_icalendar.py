from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tongban.lib import icalendar
from tongban.lib.icalendar import Entry

NINE = datetime(2026, 11, 24, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
ENTRY = Entry(
    uid="appointment-7@tongban.example", begins=NINE, ends=NINE + timedelta(minutes=30), title="预约：居住证签注", made=NINE,
    place="普陀区行政服务中心, 同普路602号; 一层", about="带身份证\n提前十分钟签到", address="https://tongban.example/appointments/x/",
    sequence=1, remind=(timedelta(days=1),),
)  # fmt: skip


def test_an_appointment_is_a_calendar_of_one_event_in_utc():
    lines = icalendar.unfolded(icalendar.calendar(ENTRY)).split("\r\n")

    assert lines == [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Tongban//Appointments//EN", "CALSCALE:GREGORIAN", "METHOD:PUBLISH",
        "BEGIN:VEVENT", "UID:appointment-7@tongban.example", "SEQUENCE:1", "DTSTAMP:20261124T010000Z",
        "DTSTART:20261124T010000Z", "DTEND:20261124T013000Z", "SUMMARY:预约：居住证签注", "STATUS:CONFIRMED",
        "TRANSP:OPAQUE", "CLASS:PRIVATE", "LOCATION:普陀区行政服务中心\\, 同普路602号\\; 一层",
        "DESCRIPTION:带身份证\\n提前十分钟签到", "URL:https://tongban.example/appointments/x/",
        "BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:预约：居住证签注", "TRIGGER:-PT1440M", "END:VALARM",
        "END:VEVENT", "END:VCALENDAR", "",
    ]  # fmt: skip


def test_a_cancelled_one_says_so_and_reminds_of_nothing():
    text = icalendar.calendar(Entry(**{**ENTRY.__dict__, "cancelled": True, "sequence": 2}))

    assert "METHOD:CANCEL\r\n" in text
    assert "STATUS:CANCELLED\r\n" in text
    assert "VALARM" not in text


@pytest.mark.parametrize("title", ["预" * 200, "a" * 300, "x" * 67 + "约" * 3, "\U0001f600" * 40, ""])
def test_no_line_is_longer_than_the_standard_allows_and_nothing_is_lost(title):
    text = icalendar.calendar(Entry(**{**ENTRY.__dict__, "title": title}))

    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    assert f"SUMMARY:{title}\r\n" in icalendar.unfolded(text)


def test_what_somebody_typed_cannot_add_a_line_of_its_own():
    text = icalendar.calendar(
        Entry(**{**ENTRY.__dict__, "title": "a\r\nATTENDEE:mailto:x@example.org\x00", "uid": "u\r\nX:1"})
    )

    assert "\r\nATTENDEE" not in text
    assert "\r\nX:1" not in text
    assert "\x00" not in text


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="zone"):
        icalendar.calendar(Entry(**{**ENTRY.__dict__, "begins": datetime(2026, 11, 24, 9, 0)}))
