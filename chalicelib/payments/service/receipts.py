"""Fiscal e-receipts (财政电子票据): one for each settled bill, always saying what was really kept.

Whatever the provider does, payment and bill are not touched: the receipt is brought to the wanted amount in steps
that can be repeated, by voiding with a red receipt (冲红) and issuing anew (财综〔2018〕72号).
"""

from __future__ import annotations

from chalicelib.catalog import service as catalog
from chalicelib.identity import service as identity
from chalicelib.kernel.access import system
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.storage import tables, worker
from chalicelib.payments import events, rules, store
from chalicelib.payments.store import BillItem, ReceiptItem
from chalicelib.platforms import fiscal

PROVIDER = system("fiscal")


_STEPS = 4


def receipt_write(bill: BillItem, parts: dict[str, int]) -> tables.Put:
    """The write after which the bill's receipt is to say ``parts``: fen of each fee item."""
    item = store.receipt(bill.id) or ReceiptItem(f"RECEIPT#{bill.id}")
    item.wanted = parts
    worker.wake(item)
    return changes.record(item, Event(events.RECEIPT_WANTED, PROVIDER, data={"amount": sum(parts.values())}))


def bring_up_to_date(item: ReceiptItem) -> None:
    """Void and issue until the receipt says what it should; raises ``platform_unavailable``."""
    wanted = sum(item.wanted.values())
    for _ in range(_STEPS):
        if item.number and item.amount != wanted:
            _void(item)
        elif not item.number and wanted > 0:
            _issue(item)
        else:
            break
    if not wanted:
        _void_unheard(item)
    if worker.is_scheduled(item):
        worker.unschedule(item)
        tables.write(worker.save_schedule(item))


def _void_unheard(item: ReceiptItem) -> None:
    """Void a receipt whose issue was asked for and never answered: nothing was kept after all."""
    serial = _serial(item, item.issue + 1)
    if fiscal.query(serial) == "valid":
        fiscal.void(serial)


def _void(item: ReceiptItem) -> None:
    red = fiscal.void(_serial(item, item.issue))
    item.red = red
    item.code = None
    item.number = None
    item.check = None
    item.amount = 0
    tables.write(changes.record(item, Event(events.RECEIPT_VOIDED, PROVIDER, data={"red": red})))


def _issue(item: ReceiptItem) -> None:
    bill = store.bill(item.id)
    assert bill is not None
    issue = item.issue + 1
    issued = fiscal.issue(_content(bill, _serial(item, issue), item.wanted))
    item.code = issued.code
    item.number = issued.number
    item.check = issued.check
    item.issued_on = issued.issued_on
    item.amount = issued.amount
    item.issue = issue
    item.red = None
    item.issued = item.wanted
    if issued.amount == sum(item.wanted.values()):
        worker.unschedule(item)  # in the same write: nothing else is left to do
    tables.write(changes.record(item, Event(events.RECEIPT_ISSUED, PROVIDER, data={"number": issued.number})))


def _content(bill: BillItem, serial: str, parts: dict[str, int]) -> fiscal.Receipt:
    party = identity.organization_party if bill.payer_kind == "organization" else identity.person_party
    payer = party(bill.payer)
    unit = catalog.unit(bill.unit)
    lines = [
        fiscal.ReceiptLine(charge.item_code, charge.name_zh, parts[charge.item])
        for charge in bill.charges
        if parts.get(charge.item, 0) > 0
    ]
    amount = sum(parts.values())
    return fiscal.Receipt(
        serial=serial,
        unit_code=unit.credit_code,
        unit=unit.name.zh,
        payer=payer.name,
        payer_number=payer.number,
        notice_number=bill.id,
        amount=amount,
        lines=lines,
    )


def _serial(item: ReceiptItem, issue: int) -> str:
    """Our number of one issue at the provider: a repeat finds the first."""
    return f"{item.id}-{issue}"


def is_there(bill: BillItem) -> bool:
    """Whether the bill's receipt can be had now."""
    item = store.receipt(bill.id) if bill.order else None
    return item is not None and bool(item.number)


def require(bill: BillItem) -> ReceiptItem:
    """The bill's valid receipt; raises ``no_receipt_yet``."""
    item = store.receipt(bill.id)
    if item is None or not item.number:
        raise rules.NO_RECEIPT()
    return item
