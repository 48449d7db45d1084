"""What is kept of payments: bills, orders, refunds, money in suspense, receipts, drawers, the ledger, cases.

One item decides: a payment is paid when its order says so. Bills, ledger and receipts follow from that. Items with
something left to do stand in the index of what is due (``gsi2``), so nothing is forgotten and nothing is scanned.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import date, datetime

from pynamodb.attributes import BinaryAttribute, BooleanAttribute, UnicodeAttribute

from chalicelib.kernel import clock
from chalicelib.kernel.events import readings
from chalicelib.kernel.security import vault
from chalicelib.kernel.storage import indexes, tables, worker
from chalicelib.kernel.storage.attributes import Day, Integer, Json, Moment, Names, OptionalDay, OptionalMoment
from chalicelib.kernel.storage.tables import Page
from chalicelib.payments import double_entry, rules
from chalicelib.payments.rules import Charge

TABLE = "payments"
TREASURY = "treasury"
"""The desk of refunds of money in suspense; other refunds are at the desk of the bill's unit."""
_LEDGER_SHARDS = 8


class PaymentItem(tables.AggregateTable, worker.WorkItem):
    """Base of what may have something left to do; its history is kept."""

    @property
    def id(self) -> str:
        return self.pk.partition("#")[2]


class BillItem(PaymentItem):
    """A bill (缴费单) of one collecting unit; its id is the payment notice number (缴款码).

    ``purpose`` and ``owed_for``: what waits for the money, as some feature ``completes`` it, and its id.
    ``order`` is the last payment order that took it in; ``given_back`` maps fee items to what refunds took, also
    refunds that are only asked for. ``issuer``: the unit whose certificate follows the payment, empty for none;
    ``withheld``: how many refunds, asked for or done, say that the certificate does not stay in force.
    """

    class Meta:
        table_name = TABLE

    payer = UnicodeAttribute()
    payer_kind = UnicodeAttribute()
    service = UnicodeAttribute()
    unit = UnicodeAttribute()
    owed_for = UnicodeAttribute()
    receipt = UnicodeAttribute()
    title = UnicodeAttribute()
    status = UnicodeAttribute()
    charges = Json[list[Charge]](list[Charge])
    amount = Integer()
    pay_by = Day()
    days = Integer()
    purpose = UnicodeAttribute()
    handler = UnicodeAttribute(default="")
    issuer = UnicodeAttribute(default="")
    withheld = Integer(default=0)
    order = UnicodeAttribute(null=True)
    refunded = Integer(default=0)
    given_back = Json[dict[str, int]](dict[str, int], default=dict)
    issue = Integer(default=1)
    replaced_by = UnicodeAttribute(null=True)
    gsi1pk = UnicodeAttribute()
    gsi1sk = UnicodeAttribute()
    gsi1 = indexes.ListIndex()


class OrderItem(PaymentItem):
    """A payment order (支付单) over one or several bills; its id is our number at the platform (out_trade_no).

    ``reserved`` is what refunds were promised, ``refunded`` what was given back; ``platform_no`` is the platform's
    order number where it is another one (money that was assigned to bills later); ``suspense`` is money that came for
    it and could not be taken.
    """

    class Meta:
        table_name = TABLE

    channel = UnicodeAttribute()
    payer = UnicodeAttribute()
    account = BinaryAttribute(legacy_encoding=False, null=True)
    bills = Names()
    services = Names()
    amount = Integer()
    description = UnicodeAttribute()
    status = UnicodeAttribute()
    created_at = Moment()
    ends_at = Moment()
    prepay = UnicodeAttribute(null=True)
    transaction_id = UnicodeAttribute(null=True)
    paid_at = OptionalMoment(null=True)
    reserved = Integer(default=0)
    refunded = Integer(default=0)
    refunds = Integer(default=0)
    clerk = UnicodeAttribute(null=True)
    suspense = UnicodeAttribute(null=True)
    platform_no = UnicodeAttribute(null=True)
    gsi3pk = UnicodeAttribute(null=True)
    gsi3sk = UnicodeAttribute(null=True)
    gsi3 = indexes.NumberIndex()


class RefundItem(PaymentItem):
    """A refund of one bill's lines, or of money in suspense; its id is our number at the platform.

    ``parts`` maps fee items to fen; ``order`` is the platform's order number; ``desk`` says on whose list it stands.
    ``by_one``: it was below the limit, so whoever asked for it has approved it too.
    ``certificate``: what becomes of the bill's certificate once the money has gone back, as in
    ``rules.CERTIFICATE_OUTCOMES``.
    """

    class Meta:
        table_name = TABLE

    channel = UnicodeAttribute()
    order = UnicodeAttribute()
    total = Integer()
    amount = Integer()
    bill = UnicodeAttribute(null=True)
    suspense = UnicodeAttribute(null=True)
    unit = UnicodeAttribute()
    desk = UnicodeAttribute()
    parts = Json[dict[str, int]](dict[str, int], default=dict)
    status = UnicodeAttribute()
    asked_by = UnicodeAttribute()
    asker_person = UnicodeAttribute(default="")
    asked_at = Moment()
    platform_id = UnicodeAttribute(null=True)
    repaired = BooleanAttribute(default=False)
    by_one = BooleanAttribute(default=False)
    certificate = UnicodeAttribute(default=rules.STAYS)
    done_at = OptionalMoment(null=True)
    gsi1pk = UnicodeAttribute()
    gsi1sk = UnicodeAttribute()
    gsi1 = indexes.ListIndex()


class SuspenseItem(PaymentItem):
    """Money that came in and fits no open order (挂账): one item for each of the platform's transactions.

    ``proposed_bills``: what one treasurer (``proposer``) says it is for, until another one assigns it.
    """

    class Meta:
        table_name = TABLE

    channel = UnicodeAttribute()
    order = UnicodeAttribute()
    transaction_id = UnicodeAttribute()
    amount = Integer()
    paid_at = Moment()
    reason = UnicodeAttribute()
    status = UnicodeAttribute()
    refund = UnicodeAttribute(null=True)
    tries = Integer(default=0)
    proposed_bills = Names(default=list)
    proposer = UnicodeAttribute(default="")
    proposer_person = UnicodeAttribute(default="")
    gsi1pk = UnicodeAttribute()
    gsi1sk = UnicodeAttribute()
    gsi1 = indexes.ListIndex()


class ReceiptItem(PaymentItem):
    """The fiscal e-receipt (财政电子票据) of a bill: ``wanted`` maps fee items to fen, ``amount`` is what it says."""

    class Meta:
        table_name = TABLE

    wanted = Json[dict[str, int]](dict[str, int])
    issued = Json[dict[str, int]](dict[str, int], default=dict)
    amount = Integer(default=0)
    issue = Integer(default=0)
    code = UnicodeAttribute(null=True)
    number = UnicodeAttribute(null=True)
    check = UnicodeAttribute(null=True)
    issued_on = OptionalDay(null=True)
    red = UnicodeAttribute(null=True)


class DrawerItem(tables.AggregateTable):
    """What a clerk took in and paid out on one day; closed by counting (日终扎账).

    Its states are those of ``rules.DRAWERS``.
    """

    class Meta:
        table_name = TABLE

    clerk = UnicodeAttribute()
    clerk_person = UnicodeAttribute(default="")
    unit = UnicodeAttribute()
    day = Day()
    cash = Integer(default=0)
    card = Integer(default=0)
    payments = Integer(default=0)
    status = UnicodeAttribute()
    counted_cash = Integer(null=True)
    counted_card = Integer(null=True)
    gsi1pk = UnicodeAttribute()
    gsi1sk = UnicodeAttribute()
    gsi1 = indexes.ListIndex()

    @property
    def id(self) -> str:
        return self.pk.removeprefix("DRAWER#").replace("#", "-", 1)


class EntryItem(tables.Table):
    """A ledger entry: balanced postings; its key follows from what it records, so it is written once."""

    class Meta:
        table_name = TABLE

    postings = Json[double_entry.Postings](double_entry.Postings)
    channel = UnicodeAttribute()
    kind = UnicodeAttribute()
    reference = UnicodeAttribute()
    transaction_id = UnicodeAttribute(default="")
    amount = Integer()
    at = Moment()


class DayItem(tables.Table):
    """A day of the treasury report: the sums of the ledger by account, of each channel."""

    class Meta:
        table_name = TABLE

    sums = Json[dict[str, double_entry.Postings]](dict[str, double_entry.Postings])


class CaseItem(tables.AggregateTable):
    """A difference between the platform's bill and our ledger, waiting for a person, or healed by itself."""

    class Meta:
        table_name = TABLE

    day = Day()
    channel = UnicodeAttribute()
    kind = UnicodeAttribute()
    reference = UnicodeAttribute()
    ours = Integer(default=0)
    theirs = Integer(default=0)
    detail = UnicodeAttribute(default="")
    status = UnicodeAttribute()
    gsi1pk = UnicodeAttribute()
    gsi1sk = UnicodeAttribute()
    gsi1 = indexes.ListIndex()

    @property
    def id(self) -> str:
        return self.pk.removeprefix("CASE#")


class PaymentReadingItem(readings.ReadingItem):
    """Which staff member read whose bill in clear, and when."""

    class Meta:
        table_name = TABLE


def set_transaction(item: OrderItem, transaction_id: str) -> None:
    """Note the platform's transaction, or the card slip, that paid an order; the order is found by it from now on."""
    item.transaction_id = transaction_id
    item.gsi3pk = f"TRANSACTION#{transaction_id}"
    item.gsi3sk = tables.HEAD


def orders_of_transaction(transaction_id: str) -> list[str]:
    """The ids of the orders that a platform's transaction, or a card slip, has paid."""
    page = tables.query(OrderItem.gsi3, f"TRANSACTION#{transaction_id}", index="gsi3", limit=5)
    return [item.pk.removeprefix("ORDER#") for item in page.items]


def _shard(text: str, shards: int) -> int:
    return hashlib.sha256(text.encode()).digest()[0] % shards


def bill(bill_id: str) -> BillItem | None:
    return tables.read(BillItem, f"BILL#{bill_id}", consistent=True) if rules.is_notice_number(bill_id) else None


def order(order_id: str, *, consistent: bool = True) -> OrderItem | None:
    return tables.read(OrderItem, f"ORDER#{order_id}", consistent=consistent)


def refund(refund_id: str) -> RefundItem | None:
    return tables.read(RefundItem, f"REFUND#{refund_id}", consistent=True)


def refund_list(desk: str, waiting: bool) -> str:
    """The name of a desk's list: of refunds that wait for a person, or of the others."""
    return f"UNIT#{desk}#waiting" if waiting else f"UNIT#{desk}"


def suspense_list(status: str) -> str:
    """The name of the treasurers' list on which money in suspense stands."""
    return f"SUSPENSE#{rules.SUSPENSE_LISTS[status]}"


def case_list(status: str) -> str:
    """The name of the treasurers' list of differences in that state."""
    return f"CASES#{status}"


def suspense(suspense_id: str) -> SuspenseItem | None:
    return tables.read(SuspenseItem, f"SUSPENSE#{suspense_id}", consistent=True)


def receipt(bill_id: str) -> ReceiptItem | None:
    return tables.read(ReceiptItem, f"RECEIPT#{bill_id}", consistent=True)


def drawer(clerk: str, unit: str, day: date) -> DrawerItem:
    """The clerk's drawer of a day, as it is or new."""
    key = f"DRAWER#{clerk}#{day}"
    found = tables.read(DrawerItem, key, consistent=True)
    if found is not None:
        return found
    new = DrawerItem(key, clerk=clerk, unit=unit, day=day, gsi1pk=f"DRAWERS#{day}", gsi1sk=clerk)
    rules.DRAWERS.move(new, "open", "clerk")
    return new


def drawer_by_id(drawer_id: str) -> DrawerItem | None:
    """A drawer by the id that lists show: clerk and day."""
    clerk = drawer_id[:-11]
    day = drawer_id[-10:]
    return tables.read(DrawerItem, f"DRAWER#{clerk}#{day}", consistent=True)


def case(case_id: str) -> CaseItem | None:
    return tables.read(CaseItem, f"CASE#{case_id}", consistent=True)


def bills_of(parties: tuple[str, ...], cursor: str | None) -> Page:
    """The parties' bills, newest first for each."""
    return tables.query_each(BillItem.gsi1, [f"PAYER#{party}" for party in parties], index="gsi1", cursor=cursor)


def listed(model: type[RefundItem | SuspenseItem | CaseItem | DrawerItem], name: str, cursor: str | None) -> Page:
    """A page of a desk's list, the oldest first."""
    return tables.query(model.gsi1, name, index="gsi1", cursor=cursor)


def seal_account(item: OrderItem, account: str) -> None:
    item.account = vault.seal(account.encode(), TABLE, item.pk, "account")


def account_of(item: OrderItem) -> str:
    return vault.unseal(item.account, TABLE, item.pk, "account").decode() if item.account else ""


def entry(kind: str, reference: str, channel: str, at: datetime, postings: double_entry.Postings) -> EntryItem:
    """A ledger entry of the business date of ``at``."""
    if not double_entry.is_balanced(postings):
        raise ValueError(f"unbalanced entry {kind} {reference}")
    local = clock.local(at)
    return EntryItem(
        f"LEDGER#{local.date()}#{_shard(reference, _LEDGER_SHARDS)}",
        f"{channel}#{kind}#{reference}",
        postings=postings,
        channel=channel,
        kind=kind,
        reference=reference,
        amount=sum(amount for amount in postings.values() if amount > 0),
        at=at,
    )


def entries_of(day: date, channel: str = "") -> Iterator[EntryItem]:
    """All ledger entries of a business date; for schedules, not for requests."""
    condition = EntryItem.sk.startswith(f"{channel}#") if channel else None
    for shard in range(_LEDGER_SHARDS):
        cursor = None
        while True:
            page = tables.query(EntryItem, f"LEDGER#{day}#{shard}", condition, limit=200, cursor=cursor)
            yield from page.items
            cursor = page.cursor
            if cursor is None:
                break


def day_sums(day: date) -> DayItem | None:
    return tables.read(DayItem, f"TREASURY#{day}")
