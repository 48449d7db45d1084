"""An appointment as an iCalendar file (RFC 5545), for the calendar of a phone. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

_LINE_OCTETS = 75
_ESCAPED = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What a calendar shows; ``sequence`` rises with each change, so that a later file replaces an earlier one."""

    uid: str
    sequence: int
    stamp: datetime
    start: datetime
    end: datetime
    summary: str
    place: str
    description: str
    cancelled: bool


def text(entry: Entry) -> bytes:
    """The file; it reminds two hours before, and takes the event back when the appointment is cancelled."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Banshi//Appointments//ZH",
        f"METHOD:{'CANCEL' if entry.cancelled else 'PUBLISH'}",
        "BEGIN:VEVENT",
        f"UID:{entry.uid}",
        f"SEQUENCE:{entry.sequence}",
        f"DTSTAMP:{_moment(entry.stamp)}",
        f"DTSTART:{_moment(entry.start)}",
        f"DTEND:{_moment(entry.end)}",
        f"SUMMARY:{entry.summary.translate(_ESCAPED)}",
        f"LOCATION:{entry.place.translate(_ESCAPED)}",
        f"DESCRIPTION:{entry.description.translate(_ESCAPED)}",
        f"STATUS:{'CANCELLED' if entry.cancelled else 'CONFIRMED'}",
        "BEGIN:VALARM",
        "ACTION:DISPLAY",
        "TRIGGER:-PT2H",
        f"DESCRIPTION:{entry.summary.translate(_ESCAPED)}",
        "END:VALARM",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return "".join(_folded(line) + "\r\n" for line in lines).encode()


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _folded(line: str) -> str:
    """The line in pieces of at most 75 octets (RFC 5545, 3.1), never within a character."""
    pieces: list[str] = []
    current = ""
    for character in line:
        if len((current + character).encode()) > _LINE_OCTETS - bool(pieces):
            pieces.append(current)
            current = ""
        current += character
    return "\r\n ".join([*pieces, current])
