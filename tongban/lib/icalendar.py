"""Calendar files (RFC 5545): one appointment for the calendar of a phone or a desk. Times are written in UTC, so no zone has to travel along."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

LONGEST = 75  # octets of a line, without its end


@dataclass(frozen=True)
class Entry:
    """`uid` stays the same when a time is moved and `sequence` grows, so that a calendar changes its entry and does not add one."""

    uid: str
    begins: datetime
    ends: datetime
    title: str
    made: datetime
    place: str = ""
    about: str = ""
    address: str = ""
    sequence: int = 0
    cancelled: bool = False
    remind: tuple[timedelta, ...] = ()


def calendar(entry: Entry, *, product: str = "-//Tongban//Appointments//EN") -> str:
    """The whole file, with its lines ended as the standard wants them."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        f"PRODID:{product}",
        "CALSCALE:GREGORIAN",
        f"METHOD:{'CANCEL' if entry.cancelled else 'PUBLISH'}",
        "BEGIN:VEVENT",
        f"UID:{_one_line(entry.uid)}",
        f"SEQUENCE:{entry.sequence}",
        f"DTSTAMP:{_utc(entry.made)}",
        f"DTSTART:{_utc(entry.begins)}",
        f"DTEND:{_utc(entry.ends)}",
        f"SUMMARY:{escaped(entry.title)}",
        f"STATUS:{'CANCELLED' if entry.cancelled else 'CONFIRMED'}",
        "TRANSP:OPAQUE",
        "CLASS:PRIVATE",
    ]
    lines += [
        f"{name}:{escaped(text)}" for name, text in (("LOCATION", entry.place), ("DESCRIPTION", entry.about)) if text
    ]
    if entry.address:
        lines.append(f"URL:{_one_line(entry.address)}")
    if not entry.cancelled:
        for before in entry.remind:
            lines += [
                "BEGIN:VALARM",
                "ACTION:DISPLAY",
                f"DESCRIPTION:{escaped(entry.title)}",
                f"TRIGGER:-PT{int(before.total_seconds() // 60)}M",
                "END:VALARM",
            ]
    lines += ["END:VEVENT", "END:VCALENDAR"]
    return "".join(f"{folded(line)}\r\n" for line in lines)


def escaped(text: str) -> str:
    """A TEXT value (3.3.11): backslash, semicolon, comma and line ends are written with a backslash; other control characters go."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    for given, written in (("\\", "\\\\"), (";", "\\;"), (",", "\\,"), ("\n", "\\n")):
        text = text.replace(given, written)
    return "".join(sign for sign in text if sign == "\t" or (ord(sign) >= 0x20 and ord(sign) != 0x7F))


def _one_line(text: str) -> str:
    return "".join(sign for sign in text if ord(sign) >= 0x20 and ord(sign) != 0x7F)


def folded(line: str) -> str:
    """No line is longer than 75 octets (3.1); a continuation begins with a blank, and no character is cut in two."""
    parts, part, size = [], "", 0
    for sign in line:
        octets = len(sign.encode())
        if size + octets > LONGEST:
            parts.append(part)
            part, size = " ", 1
        part += sign
        size += octets
    return "\r\n".join([*parts, part])


def unfolded(text: str) -> str:
    return text.replace("\r\n ", "").replace("\r\n\t", "")


def _utc(at: datetime) -> str:
    if at.tzinfo is None:
        raise ValueError("a time without a zone is nobody's time")
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"
