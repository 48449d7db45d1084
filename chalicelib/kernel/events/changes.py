"""What happened to an aggregate: each change has the next version, and the event log keeps all of them.

An aggregate's item carries its ``version`` and the changes that its last write made, with those of the
minute before, at most 20; the table's stream feeds them into the event log (``history.py``). Versions are consecutive,
so a lost entry shows, and what the stream has not delivered yet is read from the item.
"""

from __future__ import annotations

import zlib
from dataclasses import KW_ONLY, dataclass, field
from datetime import datetime, timedelta

import msgspec

from chalicelib.kernel import clock
from chalicelib.kernel.access import Actor
from chalicelib.kernel.event_types import NOT_KEPT, EventType
from chalicelib.kernel.security import vault
from chalicelib.kernel.storage.tables import AggregateTable, RecordedPut, at_version

Data = dict[str, str | int | list[str]]
"""Facts of an event that are not personal."""


class Change(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One change: what (``type``), when, by whom, for whom, of which unit, with what words and facts.

    ``note`` is what a person said, sealed; ``data`` holds facts that are not personal.
    """

    version: int
    type: str
    at: datetime
    actor: str
    acting_for: str = ""
    unit: str = ""
    note: bytes = b""
    data: Data = {}


CARRIED = timedelta(seconds=60)
MOST_CARRIED = 20


@dataclass(frozen=True)
class Event:
    """A change that is about to be written: what, by whom, with what words and facts."""

    type: EventType
    actor: Actor
    _: KW_ONLY
    note: str = ""
    data: Data = field(default_factory=dict)


def record(item: AggregateTable, event: Event, *more: Event) -> RecordedPut:
    """The write of an aggregate with what happened to it, valid only if nobody changed it since it was read.

    The item in memory has its new version from here on; if the write fails, read it again.
    """
    events = (event, *more)
    expected = int(item.version or 0)
    recent = [change for change in decode(item.changes) if change.at > clock.now() - CARRIED]
    new = [_change(item.subject, expected + place, event) for place, event in enumerate(events, 1)]
    if len(new) > MOST_CARRIED:
        raise ValueError(f"{item.subject}: {len(new)} events in one write, at most {MOST_CARRIED} are carried")
    item.version = expected + len(new)
    item.changes = pack((recent + new)[-MOST_CARRIED:])
    return RecordedPut(item, at_version(type(item), expected))


def _change(subject: str, version: int, event: Event) -> Change:
    if event.type is NOT_KEPT:
        raise ValueError(f"{subject}: NOT_KEPT is no event")
    note = vault.seal(event.note.encode(), "history", subject, str(version)) if event.note else b""
    actor = event.actor
    return Change(
        version=version,
        type=event.type.name,
        at=clock.now(),
        actor=actor.id,
        acting_for=actor.principal,
        unit=actor.unit,
        note=note,
        data=event.data,
    )


def note_of(subject: str, change: Change) -> str:
    """What the person said, in clear."""
    return vault.unseal(change.note, "history", subject, str(change.version)).decode() if change.note else ""


def pack(changes: list[Change]) -> bytes:
    """Changes as an item carries them: compressed, so that the item stays small."""
    return zlib.compress(msgspec.json.encode(changes), 9)


def decode(packed: bytes) -> list[Change]:
    """The changes that an item carries."""
    return msgspec.json.decode(zlib.decompress(packed), type=list[Change]) if packed else []


def entry_text(change: Change) -> str:
    """A change as the event log keeps it."""
    return msgspec.json.encode(change).decode()


def parse_entry(text: str) -> Change:
    return msgspec.json.decode(text, type=Change)
