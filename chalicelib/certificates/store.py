"""Stored certificates, and which periods are taken for what may have only one certificate at a time."""

from __future__ import annotations

import zlib
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
_REVOKED = "REVOKED"


class CertificateItem(tables.AggregateTable):
    """An issued certificate. ``revision`` counts prints; only the newest is valid. The face is sealed."""

    class Meta:
        table_name = TABLE

    service = UnicodeAttribute()
    service_version = Integer()
    application_id = UnicodeAttribute()
    holder = UnicodeAttribute()
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
    def period(self) -> tuple[date, date]:
        return self.valid_from, self.valid_to


class PeriodsItem(tables.Table):
    """The periods taken under one key of one service: certificate id, first day, last day."""

    class Meta:
        table_name = TABLE

    periods = Json[list[tuple[str, date, date]]](list[tuple[str, date, date]])
    revision = Integer()


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


def list_revoked(item: CertificateItem) -> None:
    """Put a certificate on the list of revoked ones, until it would have expired anyway."""
    item.gsi2pk = _REVOKED
    item.gsi2sk = f"{item.valid_to}#{item.id}"


def revoked_ids(cursor: str | None, limit: int) -> tuple[list[str], str | None]:
    """Ids of the revoked certificates that would be valid today or later."""
    condition = CertificateItem.gsi2sk >= str(clock.today())
    page = tables.query(CertificateItem.gsi2, _REVOKED, condition, index="gsi2", limit=limit, cursor=cursor)
    return [item.pk.removeprefix("CERTIFICATE#") for item in page.items], page.cursor


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
