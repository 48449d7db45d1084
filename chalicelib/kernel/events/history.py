"""The event log (全程留痕): every change of every aggregate, chained by hash per subject.

Fed by the tables' streams only. Timelines, audit, messages and statistics read it. ``verify`` names
the first entry that is broken, missing, altered or there twice; ``seal_day`` signs the day's Merkle root.

A version should happen once. After a table was set back to an older copy, an object changes again from an older
version, and the log gets a second, different entry for a version that it has. It keeps both: the first one in its
place, the second one beside it (``first`` names the hash of the one that it contradicts).
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from datetime import date

import msgspec
from pynamodb.attributes import UnicodeAttribute

from chalicelib.kernel import clock, ids, log
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Change
from chalicelib.kernel.storage import indexes, tables

GENESIS = "0" * 64
_DAY_PARTITIONS = 8
_BESIDE = "#"


class HistoryItem(tables.Table):
    """One entry: the change as it was recorded, its hash and its predecessor's.

    In the day's index (``gsi1``) are only the last of the entries that were appended together, and contradicting ones:
    its hash covers all that came before, and the others would cost a write unit each. What is altered before it is
    found by ``verify``, which walks the chain, and not by the day's root.
    ``first``: for a contradicting entry only, the hash of the entry that came first under the same version.
    """

    class Meta:
        table_name = "history"

    entry = UnicodeAttribute()
    hash = UnicodeAttribute()
    previous = UnicodeAttribute()
    first = UnicodeAttribute(null=True)
    gsi1pk = UnicodeAttribute(null=True)
    gsi1sk = UnicodeAttribute(null=True)
    gsi1 = indexes.ListIndex()


class Gap(Exception):
    """An entry's predecessor is not in the log (yet)."""


class Fault(msgspec.Struct, frozen=True, array_like=True):
    """What is wrong with a subject's history, at its first wrong version. Told as ``[subject, version, reason]``."""

    subject: str
    version: int
    reason: str


def append(subject: str, new: list[Change]) -> int:
    """Append changes to a subject's history, oldest first; those already there stay. The number appended.

    An image carries the changes of a minute, of which mostly only the last are new: one read finds where they begin.
    What is there already is compared with what comes. A difference is kept beside it and told to operators.
    Raises ``Gap`` if an entry before the first new one is missing.
    """
    first, previous = _first_new(subject, new)
    appended = 0
    for change in new[first:]:
        item = _item(subject, change, previous)
        if change is new[-1]:
            _put_into_day(item)
        try:
            tables.write(tables.Put(item, tables.absent(HistoryItem)))
            appended += 1
        except tables.ConditionFailed:
            stored = tables.read(HistoryItem, subject, _key(change.version), consistent=True)
            assert stored is not None
            if stored.entry != item.entry:
                _keep_contradiction(stored, item)
            item = stored
        previous = item.hash
    return appended


def _keep_contradiction(stored: HistoryItem, item: HistoryItem) -> None:
    """Keep an entry whose version the log has already with other content; a repeat finds it kept."""
    version = item.sk
    item.first = stored.hash
    item.sk = f"{version}{_BESIDE}{item.hash[:16]}"
    _put_into_day(item)
    # Told before it is kept, and by a repeat once more: a process that dies in between must not leave it untold.
    log.write("history_contradicted", level="error", subject=item.pk, version=int(version))
    log.count("history_faults")
    with suppress(tables.ConditionFailed):
        tables.write(tables.Put(item, tables.absent(HistoryItem)))


def _first_new(subject: str, new: list[Change]) -> tuple[int, str]:
    """The place of the first change that is to be appended or compared, and the hash of its predecessor in the log.

    Looked for from the end: usually the last change is new, and the log has its predecessor as the image carries it.
    """
    for place in range(len(new) - 1, -1, -1):
        version = new[place].version
        if version == 1:
            return place, GENESIS
        before = tables.read(HistoryItem, subject, _key(version - 1), consistent=True)
        if before is None:
            continue
        carried = new[place - 1] if place > 0 else None
        if carried is None or before.entry == changes.entry_text(carried):
            return place, before.hash
    if not new:
        return 0, GENESIS
    raise Gap(f"{subject} {new[0].version - 1}")


def entries(subject: str, cursor: str | None = None, limit: int = 100) -> tuple[list[Change], str | None]:
    """A page of a subject's changes, oldest first, and the cursor of the next."""
    page = tables.query(HistoryItem, subject, limit=limit, cursor=cursor)
    return [changes.parse_entry(item.entry) for item in page.items if item.first is None], page.cursor


def newest(subject: str) -> list[Change]:
    """The newest 100 changes of a subject, the oldest of them first."""
    page = tables.query(HistoryItem, subject, limit=100, newest_first=True)
    found = [changes.parse_entry(item.entry) for item in page.items if item.first is None]
    return found[::-1]


def timeline(subject: str, version: int, latest: list[Change]) -> list[Change]:
    """All changes of an aggregate up to ``version``: the log, and from the item what the log lacks yet."""
    found: list[Change] = []
    cursor = None
    while True:
        page, cursor = entries(subject, cursor)
        found += page
        if cursor is None:
            break
    known = {change.version for change in found}
    missing = [change for change in latest if change.version not in known and change.version <= version]
    return sorted(found + missing, key=lambda change: change.version)


def verify(subject: str, version: int) -> Fault | None:
    """The first fault in a subject's history, which should reach up to ``version``; None if sound."""
    previous = GENESIS
    expected = 1
    cursor = None
    contradiction: Fault | None = None  # told only if the chain itself is sound, so that it hides nothing
    while True:
        page = tables.query(HistoryItem, subject, limit=100, cursor=cursor)
        for item in page.items:
            if item.first is not None:
                if contradiction is None:
                    contradiction = Fault(subject, expected - 1, "contradicted by another entry of the same version")
                continue
            fault = _fault_of(item, expected, previous)
            if fault:
                return Fault(subject, expected, fault)
            previous = item.hash
            expected = expected + 1
        cursor = page.cursor
        if cursor is None:
            break
    if expected <= version:
        return Fault(subject, expected, "missing")
    if expected > version + 1:
        return Fault(subject, version + 1, "beyond the aggregate's version")
    return contradiction


def _fault_of(item: HistoryItem, expected: int, previous: str) -> str | None:
    if item.sk != _key(expected):
        return "missing"
    if item.previous != previous:
        return "does not follow its predecessor"
    if item.hash != _hash(item.pk, item.previous, item.entry):
        return "altered"
    if changes.parse_entry(item.entry).version != expected:
        return "altered"
    return None


def day_hashes(day: date) -> list[str]:
    """The hashes that cover all entries appended on a business day, sorted; final when the day is over."""
    hashes: list[str] = []
    for partition in range(_DAY_PARTITIONS):
        cursor = None
        while True:
            page = tables.query(HistoryItem.gsi1, f"DAY#{day}#{partition}", index="gsi1", limit=500, cursor=cursor)
            hashes += [item.hash for item in page.items]
            cursor = page.cursor
            if cursor is None:
                break
    return sorted(hashes)


def merkle_root(hashes: list[str]) -> str:
    """The root over the given leaf hashes, with RFC 6962's separation of leaves (00) and nodes (01)."""
    level = [hashlib.sha256(b"\x00" + bytes.fromhex(leaf)).digest() for leaf in hashes]
    if not level:
        return hashlib.sha256(b"").hexdigest()
    while len(level) > 1:
        pairs = [level[at : at + 2] for at in range(0, len(level), 2)]
        level = [hashlib.sha256(b"\x01" + b"".join(pair)).digest() if len(pair) == 2 else pair[0] for pair in pairs]
    return level[0].hex()


def _item(subject: str, change: Change, previous: str) -> HistoryItem:
    entry = changes.entry_text(change)
    return HistoryItem(
        subject,
        _key(change.version),
        entry=entry,
        previous=previous,
        hash=_hash(subject, previous, entry),
    )


def _put_into_day(item: HistoryItem) -> None:
    partition = ids.partition(item.pk, _DAY_PARTITIONS)
    item.gsi1pk = f"DAY#{clock.today()}#{partition}"
    item.gsi1sk = f"{item.pk}#{item.sk}"


def _hash(subject: str, previous: str, entry: str) -> str:
    return hashlib.sha256(f"{subject}\n{previous}\n{entry}".encode()).hexdigest()


def _key(version: int) -> str:
    return f"{version:08d}"
