"""What is kept of delivery: address books, results on their way, parcels, hand-overs.

The parcel decides where a result is. Addresses, names and phone numbers are sealed; the division code is not, because
routes are made of it.
"""

from __future__ import annotations

from typing import Any

import msgspec
from pynamodb.attributes import BinaryAttribute, BooleanAttribute, UnicodeAttribute

from chalicelib.delivery import rules
from chalicelib.delivery.rules import Scan
from chalicelib.kernel import clock
from chalicelib.kernel.access import Actor
from chalicelib.kernel.events import readings
from chalicelib.kernel.security import vault
from chalicelib.kernel.storage import indexes, tables, worker
from chalicelib.kernel.storage.attributes import Integer, Json, Moment, Names, OptionalDay, OptionalMoment
from chalicelib.kernel.storage.tables import Page

TABLE = "delivery"
KEPT_SECONDS = 400 * 86400


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Where and to whom: division by its six digits, street and door, a hint for who has to find it."""

    recipient: str
    phone: str
    division: str
    detail: str
    hint: str = ""


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """How an applicant wants the result: ``mode``; at which hall; to which address, and who pays the postage."""

    mode: str
    hall: str = ""
    address: Address | None = None
    postage: str = "prepaid"


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """A result in a parcel: of which application, its certificate, and whether it was printed for the parcel.

    ``revision``: of that print; a later print of the certificate makes it void.
    """

    application_id: str
    service: str
    title: str
    receipt: str
    certificate_id: str
    printed: bool = False
    revision: int = 0


class Collector(msgspec.Struct, frozen=True):
    """Who may collect a parcel instead of its recipient."""

    name: str
    id_number: str


class Private(msgspec.Struct, frozen=True):
    """What is sealed of a parcel."""

    address: Address | None = None
    collector: Collector | None = None


class AddressItem(tables.Table):
    """An entry of a party's address book."""

    class Meta:
        table_name = TABLE

    content = BinaryAttribute(legacy_encoding=False)

    @property
    def id(self) -> str:
        return self.sk.removeprefix("ADDRESS#")


class ResultItem(worker.WorkItem):
    """A result that has to reach somebody, written with the decision; it joins a parcel right after."""

    class Meta:
        table_name = TABLE

    application_id = UnicodeAttribute()
    service = UnicodeAttribute()
    title = UnicodeAttribute()
    receipt = UnicodeAttribute()
    certificate_id = UnicodeAttribute()
    party = UnicodeAttribute()
    party_kind = UnicodeAttribute()
    handler = UnicodeAttribute()
    choice = BinaryAttribute(legacy_encoding=False)
    shipment = UnicodeAttribute(null=True)


class ShipmentItem(tables.AggregateTable, worker.WorkItem):
    """A parcel (快递件): results on their way out, or originals on their way in; one item decides where it is.

    ``postage`` is fen; ``postage_by`` is ``free``, ``prepaid`` (``bill``, and ``paid`` once it is) or ``on_delivery``.
    ``place`` is the person and place whose further results may join it. ``rounds`` counts how often it was offered,
    ``issue`` the recipient's codes, ``misses`` the wrong tries of the newest. ``gsi1`` is the desk that has it.
    """

    class Meta:
        table_name = TABLE

    direction = UnicodeAttribute()
    mode = UnicodeAttribute()
    status = UnicodeAttribute()
    hall = UnicodeAttribute()
    carrier = UnicodeAttribute(default="")
    division = UnicodeAttribute(default="")
    place = UnicodeAttribute(default="")
    party = UnicodeAttribute()
    party_kind = UnicodeAttribute()
    handler = UnicodeAttribute()
    results = Json[list[Result]](list[Result])
    content = BinaryAttribute(legacy_encoding=False)
    created_at = Moment()
    courier = UnicodeAttribute(null=True)
    waybill = UnicodeAttribute(null=True)
    routing = UnicodeAttribute(null=True)
    rounds = Integer(default=0)
    handover = UnicodeAttribute(null=True)
    postage = Integer(default=0)
    postage_by = UnicodeAttribute(default="free")
    bill = UnicodeAttribute(null=True)
    paid = BooleanAttribute(default=True)
    promised_by = OptionalDay(null=True)
    overdue = BooleanAttribute(default=False)
    late_from = OptionalMoment(null=True)
    tries = Integer(default=0)
    next_try = OptionalDay(null=True)
    issue = Integer(default=1)
    misses = Integer(default=0)
    scans = Json[list[Scan]](list[Scan], default=list)
    proof = BinaryAttribute(legacy_encoding=False, null=True)
    proof_kind = UnicodeAttribute(null=True)
    ended_at = OptionalMoment(null=True)
    replaces = UnicodeAttribute(null=True)
    replaced_by = UnicodeAttribute(null=True)
    gsi1pk = UnicodeAttribute()
    gsi1sk = UnicodeAttribute()
    gsi1 = indexes.ListIndex()

    @property
    def id(self) -> str:
        return self.pk.removeprefix("SHIPMENT#")

    @property
    def service_codes(self) -> list[str]:
        return sorted({result.service for result in self.results})


class ShipmentRefItem(tables.Table):
    """A row of the recipient's list; the parcel itself says everything else."""

    class Meta:
        table_name = TABLE

    shipment = UnicodeAttribute()


class OpenParcelItem(tables.Table):
    """The parcel that further results of one person to one place may still join."""

    class Meta:
        table_name = TABLE

    shipment = UnicodeAttribute()


class PickUpItem(tables.Table):
    """A pick-up code at one hall: which parcel it opens, found by nobody who does not know code and phone."""

    class Meta:
        table_name = TABLE

    shipment = UnicodeAttribute()
    expires_at = Integer()


class HandoverItem(tables.AggregateTable):
    """A hand-over (交接) of parcels between two sides, each of whom scans the other's code."""

    class Meta:
        table_name = TABLE

    kind = UnicodeAttribute()
    hall = UnicodeAttribute()
    giver = UnicodeAttribute()
    taker = UnicodeAttribute()
    shipments = Names()
    status = UnicodeAttribute()
    until = Moment()

    @property
    def id(self) -> str:
        return self.pk.removeprefix("HANDOVER#")


class DeliveryReadingItem(readings.ReadingItem):
    """Which staff member saw whose address, and when."""

    class Meta:
        table_name = TABLE


# Sealing


def seal(item: tables.Table, attribute: str, value: Any) -> bytes:
    """Seal a value for one attribute of this item."""
    return vault.seal(msgspec.json.encode(value), TABLE, f"{item.pk}/{item.sk}", attribute)


def address_of(item: AddressItem) -> Address:
    found: Address = _unsealed(item, "content", Address)
    return found


def proof_text(item: ShipmentItem, shape: Any) -> Any:
    """The proof of delivery in clear, in its shape; None before there is one."""
    return _unsealed(item, "proof", shape) if item.proof else None


def choice_of(item: ResultItem) -> Choice:
    found: Choice = _unsealed(item, "choice", Choice)
    return found


def private(item: ShipmentItem) -> Private:
    """Address and collector of a parcel, in clear."""
    found: Private = _unsealed(item, "content", Private)
    return found


def _unsealed(item: tables.Table, attribute: str, shape: Any) -> Any:
    text = vault.unseal(getattr(item, attribute), TABLE, f"{item.pk}/{item.sk}", attribute)
    return msgspec.json.decode(text, type=shape)


# Reading


def addresses(party: str) -> list[AddressItem]:
    page = tables.query(AddressItem, f"PARTY#{party}", AddressItem.sk.startswith("ADDRESS#"), limit=50)
    return list(page.items)


def address(party: str, address_id: str) -> AddressItem | None:
    return tables.read(AddressItem, f"PARTY#{party}", f"ADDRESS#{address_id}", consistent=True)


def result(application_id: str) -> ResultItem | None:
    return tables.read(ResultItem, f"RESULT#{application_id}", consistent=True)


def shipment(shipment_id: str) -> ShipmentItem | None:
    return tables.read(ShipmentItem, f"SHIPMENT#{shipment_id}", consistent=True)


def shipments_of_each(parties: tuple[str, ...], cursor: str | None) -> Page:
    """The parcels of a person with several accounts, the newest first of each."""
    condition = ShipmentRefItem.sk.startswith("SHIPMENT#")
    return tables.query_each(
        ShipmentRefItem, [f"PARTY#{party}" for party in parties], condition, index=None, cursor=cursor
    )


def shipments_of(party: str, cursor: str | None) -> Page:
    """A party's parcels, the newest first."""
    condition = ShipmentRefItem.sk.startswith("SHIPMENT#")
    return tables.query(ShipmentRefItem, f"PARTY#{party}", condition, cursor=cursor, newest_first=True)


def open_parcel(key: str) -> OpenParcelItem | None:
    return tables.read(OpenParcelItem, f"OPEN#{key}", consistent=True)


def handover(handover_id: str) -> HandoverItem | None:
    return tables.read(HandoverItem, f"HANDOVER#{handover_id}", consistent=True)


def pick_up(hall: str, code: str, phone_last4: str) -> PickUpItem | None:
    return tables.read(PickUpItem, pick_up_key(hall, code, phone_last4), consistent=True)


def pick_up_key(hall: str, code: str, phone_last4: str) -> str:
    return "PICKUP#" + vault.blind_index("pick_up", f"{hall}/{code}/{phone_last4}")


def pick_up_write(item: ShipmentItem, code: str, phone: str) -> tables.Put:
    """The write that lets a code open a parcel at its hall; refused where another parcel there has the same."""
    found = PickUpItem(pick_up_key(item.hall, code, phone[-4:]), shipment=item.id)
    found.expires_at = clock.seconds(clock.now()) + KEPT_SECONDS
    return tables.Put(found, tables.absent(PickUpItem) | (PickUpItem.shipment == item.id))


def desk(name: str, cursor: str | None, *, prefix: str = "", limit: int = 50) -> Page:
    """A page of the parcels at one desk; ``prefix`` of its order: a route, or a courier."""
    condition = ShipmentItem.gsi1sk.startswith(prefix) if prefix else None
    return tables.query(ShipmentItem.gsi1, name, condition, index="gsi1", limit=limit, cursor=cursor)


def at_desk(item: ShipmentItem) -> None:
    """Put the parcel on the list of the desk that its state belongs to."""
    item.gsi1pk, item.gsi1sk = _desk_of(item)


def _desk_of(item: ShipmentItem) -> tuple[str, str]:
    follows = rules.CONSEQUENCES[item.status]
    if follows.desk == rules.ENDED_DESK:
        assert item.ended_at is not None
        day = clock.local(item.ended_at).date()
        return f"ENDED#{item.carrier or item.hall}#{day}", f"{item.courier or '-'}#{item.id}"
    first = item.division if follows.sorted_by == rules.BY_ROUTE else clock.utc_text(item.created_at)
    place = f"{first}#{item.id}"
    if follows.desk == rules.CARRIERS_DESK and item.courier:
        return f"COURIER#{item.courier}", place
    if item.status == rules.CREATED and not item.paid:
        return f"UNPAID#{item.hall}", place
    return f"{follows.desk}#{item.hall}", place


def ref_write(item: ShipmentItem) -> tables.Put:
    return tables.Put(ShipmentRefItem(f"PARTY#{item.party}", f"SHIPMENT#{item.id}", shipment=item.id))


def record_readings(items: list[ShipmentItem], actor: Actor) -> None:
    """Record that staff are about to see the addresses of parcels; if that fails, nothing is shown."""
    tables.write(*(readings.record(DeliveryReadingItem, item.subject, actor, item.party) for item in items))
