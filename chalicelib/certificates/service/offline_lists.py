"""Lists for checks without a network: what is not in force, which print is the newest; signed and dated."""

from __future__ import annotations

import msgspec

from chalicelib.certificates import rules, store
from chalicelib.certificates.settings import settings
from chalicelib.kernel import clock, errors, ids
from chalicelib.kernel.edge.shapes import View
from chalicelib.kernel.security import signing
from chalicelib.kernel.storage import tables


class OfflinePart(View, frozen=True, kw_only=True):
    """One part of the newest list: ``data`` is what ``signature`` vouches for, by the certificate key ``key``.

    ``data`` is JSON: ``number`` of the list, ``as_of``, ``part``, ``parts``, and ``entries``: by the hash of the
    certificate's id the revision of its newest print, or 0 for one that is suspended or revoked.
    """

    part: int
    parts: int
    key: int
    data: bytes
    signature: bytes


def publish() -> int:
    """Make and sign a new list; how many entries. Readers see the one before until all parts are there."""
    number = ids.new_id()
    as_of = clock.local(clock.now())
    key_number, key = list(settings().certificate_keys.items())[-1]
    entries = [(rules.listed_hash(one), revision) for one, revision in store.noted_for_offline()]
    # A list of nothing is a list too: one part without entries.
    starts = range(0, max(1, len(entries)), rules.LIST_PART)
    chunks = [entries[start : start + rules.LIST_PART] for start in starts]
    for part, chunk in enumerate(chunks, 1):
        content = rules.OfflineList(number=number, as_of=as_of, part=part, parts=len(chunks), entries=dict(chunk))
        text = msgspec.json.encode(content)
        signature = signing.sign(key, rules.LIST_DOMAIN + text)
        tables.write(store.offline_part_write(number, part, key_number, text, signature))
    tables.write(tables.Put(store.OfflineListItem("OFFLINE", number=number, parts=len(chunks))))
    return len(entries)


def read(part: int) -> OfflinePart:
    """A part of the newest list. Raises ``temporarily_unavailable`` before there is one, or ``not_found``."""
    newest = store.offline_list()
    if newest is None:
        raise errors.UNAVAILABLE(retry_after=60)
    found = store.offline_part(newest.number, part)
    if found is None:
        raise errors.NOT_FOUND()
    return OfflinePart(part=part, parts=newest.parts, key=found.key, data=found.text, signature=found.signature)
