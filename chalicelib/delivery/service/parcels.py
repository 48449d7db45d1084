"""From a decided result to a parcel that is ready: joining, postage, printing, packing."""

from __future__ import annotations

import msgspec

from chalicelib.catalog.definition import Carrier
from chalicelib.certificates import service as certificates
from chalicelib.delivery import events, rules, store
from chalicelib.delivery.service import choices, transitions
from chalicelib.delivery.store import Choice, OpenParcelItem, Private, Result, ResultItem, ShipmentItem
from chalicelib.kernel import clock, errors, ids
from chalicelib.kernel.access import Actor, system
from chalicelib.kernel.edge import documents
from chalicelib.kernel.errors import refuse_if
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.security import vault
from chalicelib.kernel.storage import optimistic, tables, worker
from chalicelib.payments import service as payments

DESK = system("delivery")
_CODES = 4
_OWED = (
    rules.CREATED, rules.OFFERED, rules.ACCEPTED, rules.HANDED_OVER, rules.IN_TRANSIT, rules.LOST, rules.DISPUTED,
)  # fmt: skip
"""The recipient waits, and somebody else is to act."""


def join(result: ResultItem) -> None:
    """Put a result into the parcel that still waits for the same person and place, or into a new one; once."""
    optimistic.repeat(lambda: _join(result.application_id))


def _join(application_id: str) -> None:
    result = store.result(application_id)
    assert result is not None
    if result.shipment:
        return
    choice = store.choice_of(result)
    key = _place_key(result, choice)
    open_parcel = store.open_parcel(key)
    parcel = store.shipment(open_parcel.shipment) if open_parcel else None
    takes_more = parcel is not None and parcel.place == key and parcel.status == rules.CREATED and _has_room(parcel)
    if parcel is not None and takes_more:
        _add(result, parcel)
    else:
        _begin(result, choice, key, open_parcel)


def is_owed(application_id: str) -> bool:
    """Whether a result has not reached its recipient, and somebody else than the recipient is to act.

    A parcel that waits for its postage, for being collected or for another try at the door waits for the recipient.
    """
    result = store.result(application_id)
    if result is None:
        return False
    parcel = store.shipment(result.shipment) if result.shipment else None
    return parcel is None or (parcel.paid and parcel.status in _OWED)


def _place_key(result: ResultItem, choice: Choice) -> str:
    address = choice.address
    place = msgspec.json.encode(address).decode() if address else ""
    return vault.blind_index("parcel_place", f"{result.party}/{choice.mode}/{choice.hall}/{choice.postage}/{place}")


def _has_room(parcel: ShipmentItem) -> bool:
    return len(parcel.results) < rules.MOST_IN_PARCEL


def _content(result: ResultItem) -> Result:
    return Result(
        application_id=result.application_id,
        service=result.service,
        title=result.title,
        receipt=result.receipt,
        certificate_id=result.certificate_id,
    )


def _join_write(result: ResultItem, parcel: ShipmentItem) -> tables.Put:
    result.shipment = parcel.id
    return tables.replace(worker.unschedule(result))


def _add(result: ResultItem, parcel: ShipmentItem) -> None:
    parcel.results = [*parcel.results, _content(result)]
    event = Event(events.SHIPMENT_JOINED, DESK, data={"application": result.application_id})
    tables.write(transitions.record(parcel, event), _join_write(result, parcel))


def _begin(result: ResultItem, choice: Choice, key: str, before: OpenParcelItem | None) -> None:
    parcel = ShipmentItem(
        f"SHIPMENT#{ids.derived_id('shipment', result.application_id)}",
        direction=rules.OUT,
        mode=choice.mode,
        hall=choice.hall,
        party=result.party,
        party_kind=result.party_kind,
        handler=result.handler,
        created_at=clock.now(),
        place=key,
    )
    parcel.results = [_content(result)]
    parcel.content = store.seal(parcel, "content", Private(choice.address))
    created = rules.SHIPMENTS.move(parcel, "create", "system")
    happened = [Event(created, DESK, data={"application": result.application_id})]
    writes = _postage_writes(parcel, choice) if choice.mode == rules.COURIER else []
    if parcel.bill:
        happened.append(Event(events.POSTAGE_DUE, DESK, data={"bill": parcel.bill}))
    opened = OpenParcelItem(f"OPEN#{key}", shipment=parcel.id)
    still = OpenParcelItem.shipment == before.shipment if before else tables.absent(OpenParcelItem)
    tables.write(
        transitions.record_new(parcel, *happened),
        _join_write(result, parcel),
        tables.Put(opened, still),
        store.ref_write(parcel),
        *writes,
    )


def _postage_writes(parcel: ShipmentItem, choice: Choice) -> list[tables.Write]:
    """Name the carrier and the postage; the bill of a prepaid one is made with the parcel."""
    assert choice.address is not None
    carrier = choices.carrier_for(choice.address.division)
    parcel.carrier = carrier.code
    parcel.division = choice.address.division
    parcel.postage = choices.postage(carrier, parcel.division)
    if not parcel.postage:
        return []
    parcel.postage_by = choice.postage
    if choice.postage != "prepaid":
        return []
    bills, writes = payments.prepare(_postage_debt(parcel, carrier), DESK)
    parcel.bill = bills[0]
    parcel.paid = False
    return writes


def _postage_debt(parcel: ShipmentItem, carrier: Carrier) -> payments.Debt:
    city = choices.city_rules()
    first = parcel.results[0]
    charge = payments.Charge(
        item="postage",
        name_zh=f"邮费（{carrier.name.zh}）",
        name_en=f"Postage ({carrier.name.en})",
        unit=city.unit,
        item_code=city.item_code,
        standard=parcel.postage,
        amount=parcel.postage,
        legal_basis="",
    )
    return payments.Debt(
        owed_for=parcel.id,
        receipt=first.receipt,
        service=first.service,
        payer=parcel.party,
        payer_kind=parcel.party_kind,
        title=charge.name_zh,
        days=city.payment_days,
        charges=[charge],
        purpose="parcel",
        handler=parcel.handler,
    )


def postage_paid(shipment_id: str) -> None:
    """The postage is paid: the parcel moves on to who packs it; a repeat changes nothing."""
    item = store.shipment(shipment_id)
    if item is None or item.paid or not item.bill or not payments.bills.settled([item.bill]):
        return
    item.paid = True
    transitions.start_clock(item)
    tables.write_or_conflict(transitions.record(item, Event(events.SHIPMENT_POSTAGE_PAID, DESK)))


def print_result(actor: Actor, item: ShipmentItem, application_id: str) -> certificates.PrintLink:
    """Print one result for the parcel; an earlier print of it is void from now on.

    Raises ``result_not_in_parcel``, ``shipment_wrong_state`` or what printing raises.
    """
    result = _result_of(item, application_id)
    if item.status not in (rules.CREATED, rules.RETURNED):
        raise rules.SHIPMENTS.refusal(item.status)
    if result.printed:  # should this end half-way, the void paper is not taken for a good one
        _mark(actor, item, application_id, 0)
    link = certificates.print_for_posting(actor, result.certificate_id)
    _mark(actor, item, application_id, link.revision)
    return link


def _result_of(item: ShipmentItem, application_id: str) -> Result:
    result = next(filter(lambda one: one.application_id == application_id, item.results), None)
    if result is None:
        raise rules.NOT_IN_PARCEL()
    return result


def _mark(actor: Actor, item: ShipmentItem, application_id: str, revision: int) -> None:
    """Note which print of a result is in the parcel; 0: none that is valid."""
    printed = revision > 0
    marked = []
    for one in item.results:
        if one.application_id == application_id:
            one = msgspec.structs.replace(one, printed=printed, revision=revision)
        marked.append(one)
    item.results = marked
    happened = events.RESULT_PRINTED if printed else events.RESULT_PRINT_BEGUN
    tables.write_or_conflict(transitions.record(item, Event(happened, actor, data={"application": application_id})))


def take_out(actor: Actor, item: ShipmentItem, application_id: str, reason: str) -> None:
    """Take a result out that cannot be sent (its certificate was revoked); with the last one the parcel is cancelled.

    Raises ``result_not_in_parcel``, ``shipment_wrong_state`` or ``changed_meanwhile``.
    """
    _result_of(item, application_id)
    if item.direction != rules.OUT or item.status not in (rules.CREATED, rules.RETURNED):
        raise rules.SHIPMENTS.refusal(item.status)
    left = [one for one in item.results if one.application_id != application_id]
    happened = [Event(events.RESULT_TAKEN_OUT, actor, note=reason, data={"application": application_id})]
    cancelling: list[tables.Write] = []
    if left:
        item.results = left
    else:
        unpaid = [item.bill] if item.bill and not item.paid else []
        cancelling = payments.bills.cancel_writes(actor, unpaid, reason)
        happened.append(transitions.move(item, "cancel", "clerk", actor))
    tables.write_or_conflict(transitions.record(item, *happened), *cancelling)


def require_printed(item: ShipmentItem) -> None:
    """Raise ``results_not_printed`` unless every result of the parcel is on valid paper."""
    missing = sum(not result.printed for result in item.results)
    refuse_if(missing, rules.NOT_ALL_PRINTED, missing=missing)


def is_stopped(item: ShipmentItem) -> bool:
    """Whether a print in the parcel is void (its certificate not in force, or printed again): it must reach nobody."""
    for result in item.results:
        if result.certificate_id and certificates.is_void(result.certificate_id, result.revision):
            return True
    return False


def refuse_stopped(item: ShipmentItem) -> None:
    """Raise ``parcel_stopped`` if the parcel is stopped."""
    refuse_if(is_stopped(item), rules.PARCEL_STOPPED)


def pack(actor: Actor, item: ShipmentItem) -> None:
    """All results are printed and in the envelope: ready for the counter, or offered to the couriers or the carrier.

    A repeat changes nothing. Raises ``shipment_wrong_state``, ``results_not_printed``, ``shipment_postage_unpaid``,
    ``parcel_stopped`` or ``changed_meanwhile``.
    """
    if item.status in (rules.READY, rules.OFFERED):
        return
    if item.status == rules.CREATED:
        require_printed(item)
        refuse_if(not item.paid, rules.POSTAGE_UNPAID)
        refuse_stopped(item)
    happened = [transitions.move(item, "pack", "clerk", actor)]
    if item.mode == rules.PICK_UP:
        keep_at_counter(item, *happened)
    else:
        happened.append(transitions.move(item, "offer", "system", DESK))
        tables.write_or_conflict(transitions.record(item, *happened))


def keep_at_counter(item: ShipmentItem, *happened: Event) -> None:
    """Store a parcel that waits at the counter, with a code that opens it there."""
    address = store.private(item).address
    assert address is not None
    for _ in range(_CODES):
        opening = store.pick_up_write(item, transitions.code(item), address.phone)
        found = store.pick_up(item.hall, transitions.code(item), address.phone[-4:])
        if found is None or found.shipment == item.id:
            return tables.write_or_conflict(transitions.record(item, *happened), opening)
        item.issue = item.issue + 1
    raise errors.CONFLICT()


def offer_again(actor: Actor, item: ShipmentItem) -> None:
    """Send a returned parcel out once more; its tries begin anew. Raises ``results_not_printed``,
    ``shipment_wrong_state`` or ``changed_meanwhile``."""
    _require_out(item)
    if item.status == rules.RETURNED:
        require_printed(item)
    item.tries = 0
    tables.write_or_conflict(transitions.record(item, transitions.move(item, "offer", "clerk", actor)))


def recall(actor: Actor, item: ShipmentItem, reason: str) -> None:
    """Take a parcel back that is still in the hall: nobody came for it, its courier is gone, or it was stopped."""
    _require_out(item)
    transitions.move_and_store(item, "recall", "clerk", actor, reason)


def _require_out(item: ShipmentItem) -> None:
    if item.direction != rules.OUT:
        raise rules.SHIPMENTS.refusal(item.status)


def labels_link(actor: Actor, hall: str, wanted: list[str], form: str) -> documents.DocumentLink:
    """A link to the labels of parcels of a hall, each on a page of 100 x 150 mm, or four on an A4 sheet.

    Raises ``parcel_gone`` for parcels that are not this hall's.
    """
    items = [store.shipment(shipment_id) for shipment_id in wanted]
    gone = [name for name, item in zip(wanted, items, strict=True) if item is None or item.hall != hall]
    refuse_if(gone, rules.PARCEL_GONE, parcels=", ".join(gone))
    store.record_readings([item for item in items if item is not None], actor)
    return documents.link("labels", form, ",".join(wanted))


@documents.made("labels")
def labels(form: str, shipments: str) -> documents.Document:
    """The labels behind a link."""
    from chalicelib.delivery import drawing

    items = [item for shipment_id in shipments.split(",") if (item := store.shipment(shipment_id))]
    return documents.Document(drawing.labels(items, form), "application/pdf", f"labels-{form}.pdf")
