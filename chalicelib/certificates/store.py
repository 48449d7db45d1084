"""Stored certificates, and which periods are taken for what may have only one certificate at a time."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from datetime import date

import msgspec
from pynamodb.attributes import BinaryAttribute, UnicodeAttribute

from chalicelib.certificates import rules
from chalicelib.kernel import clock, ids, numbers
from chalicelib.kernel.access import Actor
from chalicelib.kernel.events import readings
from chalicelib.kernel.security import vault
from chalicelib.kernel.storage import indexes, tables
from chalicelib.kernel.storage.attributes import Day, Integer, Json
from chalicelib.kernel.storage.tables import Page, Put

TABLE = "certificates"
_LISTED = "LISTED"
_NOT_IN_FORCE = "R"
_LIST_SECONDS = 2 * 86400


class CertificateItem(tables.AggregateTable):
    """An issued certificate. ``revision`` counts prints; only the newest is valid. The face is sealed.

    ``handler``: the account that applied for it, for the holder.
    """

    class Meta:
        table_name = TABLE

    service = UnicodeAttribute()
    service_version = Integer()
    application_id = UnicodeAttribute()
    holder = UnicodeAttribute()
    handler = UnicodeAttribute(default="")
    unit = UnicodeAttribute()
    valid_from = Day()
    valid_to = Day()
    revision = Integer(default=0)
    status = UnicodeAttribute()
    face = BinaryAttribute(legacy_encoding=False)
    link = UnicodeAttribute(null=True)
    link_until = Integer(null=True)
    gsi1pk = UnicodeAttribute()
    gsi1sk = UnicodeAttribute()
    gsi2pk = UnicodeAttribute(null=True)
    gsi2sk = UnicodeAttribute(null=True)
    gsi1 = indexes.ListIndex()
    gsi2 = indexes.LookupIndex()

    @property
    def id(self) -> str:
        """16 hex digits."""
        return self.pk.removeprefix("CERTIFICATE#")

    @property
    def number(self) -> str:
        """The number that people read: 13 characters of the id and a check character."""
        return number_of(self.id)

    @property
    def is_revoked(self) -> bool:
        return self.status == rules.REVOKED

    @property
    def is_in_force(self) -> bool:
        """Whether it is neither suspended nor revoked; its period is another question."""
        return self.status == rules.ISSUED

    @property
    def period(self) -> tuple[date, date]:
        return self.valid_from, self.valid_to


class PeriodsItem(tables.Table):
    """The periods taken under one key of one service: certificate id, first day, last day."""

    class Meta:
        table_name = TABLE

    periods = Json[list[tuple[str, date, date]]](list[tuple[str, date, date]])
    revision = Integer()


class OfflineListItem(tables.Table):
    """Which list for offline checks is the newest, and of how many parts it is."""

    class Meta:
        table_name = TABLE

    number = UnicodeAttribute()
    parts = Integer()


class OfflinePartItem(tables.Table):
    """A part of a list for offline checks: its text, packed, and the signature of the text by a certificate key."""

    class Meta:
        table_name = TABLE

    key = Integer()
    content = BinaryAttribute(legacy_encoding=False)
    signature = BinaryAttribute(legacy_encoding=False)
    expires_at = Integer()

    @property
    def text(self) -> bytes:
        """What was signed."""
        return zlib.decompress(self.content)


class CertificateReadingItem(readings.ReadingItem):
    """Which staff member read which certificate, and when."""

    class Meta:
        table_name = TABLE


def record_reading(item: CertificateItem, actor: Actor) -> None:
    """Record that staff are about to read this; if that fails, nothing is shown. No case takes them there."""
    tables.write(readings.record(CertificateReadingItem, item.subject, actor, item.holder, own_case=False))


def number_of(certificate_id: str) -> str:
    return ids.readable(ids.base32(int(certificate_id, 16), 13))


def id_of(number: str) -> str | None:
    """The id behind a number as people type it, None if its check character is wrong."""
    text = ids.normalized(number)
    if len(text) != 14 or not numbers.has_valid_check(text):
        return None
    value = 0
    for character in text[:-1]:
        if character not in ids.CROCKFORD:
            return None
        value = value * 32 + ids.CROCKFORD.index(character)
    return f"{value:016x}" if value < 1 << 64 else None


def certificate(certificate_id: str, *, consistent: bool = False) -> CertificateItem | None:
    return tables.read(CertificateItem, f"CERTIFICATE#{certificate_id}", consistent=consistent)


def of_holders(parties: tuple[str, ...], cursor: str | None) -> Page:
    """The parties' certificates, newest first for each."""
    return tables.query_each(
        CertificateItem.gsi1, [f"HOLDER#{party}" for party in parties], index="gsi1", cursor=cursor
    )


def seal_face(item: CertificateItem, face: dict[str, str]) -> None:
    """Seal what is on the face, packed: the whole item stays under 1 kB, one write unit for each print."""
    item.face = vault.seal(zlib.compress(msgspec.json.encode(face), 9), TABLE, item.pk, "face")


def face(item: CertificateItem) -> dict[str, str]:
    """The sealed face values in clear."""
    packed = vault.unseal(item.face, TABLE, item.pk, "face")
    return msgspec.json.decode(zlib.decompress(packed), type=dict[str, str])


def note_for_offline(item: CertificateItem) -> None:
    """Put a certificate among those of which an offline check has to know more than the paper says.

    That is one that is suspended or revoked, or was printed again (only the newest print counts), until it would expire
    anyway.
    """
    if item.is_in_force and item.revision <= 1:
        item.gsi2pk = None
        item.gsi2sk = None
        return
    mark = str(item.revision) if item.is_in_force else _NOT_IN_FORCE
    item.gsi2pk = _LISTED
    item.gsi2sk = f"{item.valid_to}#{item.id}#{mark}"


def noted_for_offline() -> Iterator[tuple[str, int]]:
    """The id and the current revision (0: suspended or revoked) of those that would be valid today or later.

    For a schedule: it reads them all.
    """
    condition = CertificateItem.gsi2sk >= str(clock.today())
    cursor = None
    while True:
        page = tables.query(CertificateItem.gsi2, _LISTED, condition, index="gsi2", limit=500, cursor=cursor)
        for item in page.items:
            _, certificate_id, mark = str(item.gsi2sk).split("#")
            yield certificate_id, 0 if mark == _NOT_IN_FORCE else int(mark)
        cursor = page.cursor
        if cursor is None:
            return


def offline_list() -> OfflineListItem | None:
    """The newest list for offline checks."""
    return tables.read(OfflineListItem, "OFFLINE")


def offline_part(number: str, part: int) -> OfflinePartItem | None:
    return tables.read(OfflinePartItem, f"OFFLINE#{number}", f"{part:05d}")


def offline_part_write(number: str, part: int, key: int, content: bytes, signature: bytes) -> Put:
    """The write of one signed part of a list; it disappears when the list is too old to be of any use."""
    item = OfflinePartItem(f"OFFLINE#{number}", f"{part:05d}", key=key, signature=signature)
    item.content = zlib.compress(content, 9)
    item.expires_at = clock.seconds(clock.now()) + _LIST_SECONDS
    return Put(item)


def periods(service: str, key: str, *, consistent: bool = True) -> tuple[PeriodsItem, list[tuple[str, date, date]]]:
    """The item of a key, stored or new, and its periods that are not over."""
    pk = f"EXCLUSIVE#{service}#{vault.blind_index('exclusive', key)}"
    item = tables.read(PeriodsItem, pk, consistent=consistent) or PeriodsItem(pk, periods=[], revision=0)
    return item, [period for period in item.periods if period[2] >= clock.today()]


def periods_write(item: PeriodsItem, taken: list[tuple[str, date, date]]) -> Put:
    """The write of a key's periods, valid only if nobody changed them since they were read."""
    expected = item.revision
    item.periods = taken
    item.revision = expected + 1
    unchanged = tables.absent(PeriodsItem) if expected == 0 else PeriodsItem.revision == expected
    return Put(item, unchanged)
