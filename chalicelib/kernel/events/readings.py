"""Readings of personal data by staff: recorded before the data is shown, and found by person, officer, unit and day.

A reading is an aggregate of one version beside what was read, so it is in the event log. From there it is noted once
more under each of the keys by which auditors look, and the person whose data it was.
"""

from __future__ import annotations

from datetime import date

from pynamodb.attributes import UnicodeAttribute

from chalicelib.kernel import clock, ids
from chalicelib.kernel.access import Actor
from chalicelib.kernel.event_types import EventType
from chalicelib.kernel.events import announcements, changes
from chalicelib.kernel.events.changes import Change
from chalicelib.kernel.storage import tables
from chalicelib.kernel.storage.attributes import Moment
from chalicelib.kernel.storage.tables import AggregateTable, RecordedPut

PERSONAL_DATA_READ = EventType("personal_data_read", zh="工作人员查看了个人信息", en="Staff read personal data")
READ_WITHOUT_CASE = EventType(
    "personal_data_read_without_case",
    zh="工作人员在非本人经办的事项中查看了个人信息",
    en="Staff read personal data of a case that is not theirs",
    places={"at": announcements.moment_sample()},
)
EVENTS = (PERSONAL_DATA_READ, READ_WITHOUT_CASE)
_PREFIX = "READING#"
_PARTITIONS = 8
"""A busy city has some hundred readings a second; one key takes 1,000 write units a second."""


class ReadingItem(AggregateTable):
    """That staff read personal data in clear; each table has its own subclass."""


class ReadingRow(tables.Table):
    """A reading under one of the keys by which it is looked for: who read what of whom, when."""

    class Meta:
        table_name = "history"

    subject = UnicodeAttribute()
    officer = UnicodeAttribute()
    unit = UnicodeAttribute()
    party = UnicodeAttribute()
    type = UnicodeAttribute()
    at = Moment()


def record(
    model: type[ReadingItem], subject: str, actor: Actor, party: str, *, own_case: bool = True, note: str = ""
) -> RecordedPut:
    """The write that records a reading of ``subject``, which holds data of ``party`` (an account, an enterprise).

    ``own_case``: the reader handles it. Of other readings the person is told. ``note``: why it is read.
    """
    item = model(f"{_PREFIX}{subject}", ids.new_id())
    kind = PERSONAL_DATA_READ if own_case else READ_WITHOUT_CASE
    return changes.record(item, changes.Event(kind, actor, note=note, data={"party": party}))


def note(subject: str, new: list[Change]) -> None:
    """Note the readings among the entries of the event log where they are looked for; a repeat writes the same."""
    if not subject.startswith(_PREFIX):
        return
    read, _, reading_id = subject.removeprefix(_PREFIX).rpartition("/")
    for change in new:
        party = str(change.data.get("party", ""))
        for key in _keys(change, party, reading_id):
            row = ReadingRow(key, f"{clock.local(change.at):%Y-%m-%dT%H:%M:%S.%f}#{reading_id}")
            row.subject = read
            row.officer = change.actor
            row.unit = change.unit
            row.party = party
            row.type = change.type
            row.at = change.at
            tables.write(tables.Put(row))


def _keys(change: Change, party: str, reading_id: str) -> list[str]:
    partition = ids.partition(reading_id, _PARTITIONS)
    keys = [f"READINGS#OFFICER#{change.actor}", f"READINGS#DAY#{clock.local(change.at).date()}#{partition}"]
    if change.unit:
        keys.append(f"READINGS#UNIT#{change.unit}")
    if party:
        keys.append(f"READINGS#PERSON#{party}")
    return keys


def of_officer(username: str, day: date | None, cursor: str | None) -> tables.Page:
    """A page of what a staff member read, the newest first."""
    return _page([f"READINGS#OFFICER#{username}"], day, cursor)


def of_unit(unit: str, day: date | None, cursor: str | None) -> tables.Page:
    """A page of what the staff of a unit read, the newest first."""
    return _page([f"READINGS#UNIT#{unit}"], day, cursor)


def of_parties(parties: list[str], day: date | None, cursor: str | None) -> tables.Page:
    """A page of what was read of a person with several accounts, the newest first of each account."""
    return _page([f"READINGS#PERSON#{party}" for party in parties], day, cursor)


def of_day(day: date, cursor: str | None) -> tables.Page:
    """A page of what was read on a business day, in as many runs as the day has partitions."""
    return _page([f"READINGS#DAY#{day}#{partition}" for partition in range(_PARTITIONS)], None, cursor)


def _page(keys: list[str], day: date | None, cursor: str | None) -> tables.Page:
    condition = ReadingRow.sk.startswith(f"{day}T") if day is not None else None
    return tables.query_each(ReadingRow, keys, condition, index=None, cursor=cursor)
