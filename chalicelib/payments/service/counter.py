"""Payments at the window (窗口缴费): cash and card, the same orders, ledger and receipts; a drawer for each clerk."""

from __future__ import annotations

from datetime import date

from chalicelib.catalog import service as catalog
from chalicelib.identity import service as identity
from chalicelib.kernel import clock, errors, ids, log
from chalicelib.kernel.access import Actor
from chalicelib.kernel.errors import refuse_if
from chalicelib.kernel.events import changes, readings
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.storage import tables, worker
from chalicelib.payments import events, rules, store
from chalicelib.payments.service import bills, bookkeeping, orders, refunds, settlement
from chalicelib.payments.service.channels import CARD, CASH, ONLINE
from chalicelib.payments.store import BillItem, DrawerItem, OrderItem, RefundItem, SuspenseItem
from chalicelib.platforms.payment import Trade


def read_bill(actor: Actor, bill_id: str, presence: str) -> BillItem | None:
    """The bill behind a payment notice number; the clerk's reading is recorded before it is shown.

    A clerk of another unit than the bill's reads it with the payer before them, who shows a code on the phone
    (``presence``); without it there is no such bill. Raises ``own_matter``, ``staff_identity_unknown`` or
    ``proof_code_invalid``.
    """
    item = store.bill(bill_id)
    if item is None:
        return None
    if item.unit != actor.unit:
        has_payer = presence != "" and identity.window.is_present(presence, item.payer)
        if not has_payer:
            return None
    _refuse_own(actor, [item])
    tables.write(readings.record(store.PaymentReadingItem, item.subject, actor, item.payer))
    return item


def _refuse_own(actor: Actor, wanted: list[BillItem]) -> None:
    parties = [party for item in wanted for party in (item.payer, item.handler)]
    identity.own_matters.refuse_own(actor, *parties)


def take(actor: Actor, wanted: list[BillItem], method: str, slip: str, order_id: str) -> OrderItem:
    """Take cash, or a card by its slip number, for bills; online orders over them are ended at their platforms first.

    Raises ``bill_not_payable``, ``bill_already_paid``, ``drawer_closed``, ``card_slip_used``, ``payment_not_verified``,
    ``own_matter``, ``staff_identity_unknown`` or ``changed_meanwhile``.
    """
    _refuse_own(actor, wanted)
    if method == CARD:
        order_id = ids.derived_id("card", actor.unit, slip)
    existing = store.order(order_id)
    if existing is not None:
        if existing.clerk == actor.id and existing.bills == sorted(item.id for item in wanted):
            return existing
        raise rules.CARD_SLIP_USED()
    _end_others(actor, wanted)
    drawer = _open_drawer(actor)
    order = orders.new_order(order_id, method, wanted)
    order.clerk = actor.id
    amount = order.amount
    _count(drawer, method, amount)
    trade = Trade(state="paid", transaction_id=slip if method == CARD else order_id, amount=amount, paid_at=clock.now())
    taken = rules.ORDERS.move(order, "pay", "clerk")
    event = Event(taken, actor, data={"method": method, "amount": amount})
    tables.write_or_conflict(
        settlement.pay_write(order, trade, event),
        *orders.take_in_writes(actor, order, wanted),
        changes.record(drawer, event),
    )
    return order


def _end_others(actor: Actor, wanted: list[BillItem]) -> None:
    for item in wanted:
        order = bills.last_order(item)
        if order is not None and order.status in rules.SETTLED:
            raise rules.ALREADY_PAID()
        if order is not None and order.status in rules.LIVE:
            orders.end(actor, order, "clerk")


def _own_drawer(actor: Actor, day: date) -> DrawerItem:
    """The clerk's drawer of a day, which knows whose it is: no other account of the same person resolves it."""
    drawer = store.drawer(actor.id, actor.unit, day)
    drawer.clerk_person = actor.person
    return drawer


def _open_drawer(actor: Actor) -> DrawerItem:
    drawer = _own_drawer(actor, clock.today())
    refuse_if(drawer.status != rules.DRAWER_OPEN, rules.DRAWER_CLOSED)
    return drawer


def _count(drawer: DrawerItem, method: str, amount: int) -> None:
    if method == CASH:
        drawer.cash = drawer.cash + amount
    else:
        drawer.card = drawer.card + amount
    drawer.payments = drawer.payments + (1 if amount > 0 else 0)


def pay_out(actor: Actor, item: RefundItem) -> None:
    """Pay an approved refund of a window payment out of the clerk's drawer; or note that one which came back to the
    merchant's account was paid out by hand.

    Money that came back is in nobody's drawer: whoever asked for the refund, and approved it because it was small, is
    not the one who says that it was paid out. Raises ``refund_wrong_state``, ``second_person_needed``,
    ``drawer_closed`` or ``changed_meanwhile``.
    """
    if item.status == rules.RETURNED:
        if item.by_one:
            refunds.require_second_person(actor, item)
        refunds.finish(item, clock.now(), actor, item.amount)
        return
    if item.channel not in (CASH, CARD):
        raise rules.REFUNDS.refusal(item.status)
    drawer = _open_drawer(actor)
    _count(drawer, item.channel, -item.amount)
    event = Event(events.REFUND_PAID_OUT, actor, data={"amount": item.amount})
    refunds.finish(item, clock.now(), actor, item.amount, (changes.record(drawer, event),))


def close_drawer(actor: Actor, cash: int, card: int, day: date) -> DrawerItem:
    """End of the clerk's day: what was counted beside what the books say; a difference waits for the treasury.

    Closing again with the same counts changes nothing. Raises ``drawer_closed`` or ``changed_meanwhile``.
    """
    drawer = _own_drawer(actor, day)
    refuse_if(day > clock.today(), rules.DRAWER_CLOSED)
    if drawer.status != rules.DRAWER_OPEN:
        if (drawer.counted_cash, drawer.counted_card) == (cash, card):
            return drawer
        raise rules.DRAWER_CLOSED()
    agrees = (cash, card) == (drawer.cash, drawer.card)
    closed = rules.DRAWERS.move(drawer, "close" if agrees else "close_differing", "clerk")
    drawer.counted_cash = cash
    drawer.counted_card = card
    difference = cash + card - drawer.cash - drawer.card
    if not agrees:
        log.count("payment_differences")
    tables.write_or_conflict(changes.record(drawer, Event(closed, actor, data={"difference": difference})))
    return drawer


def resolve_drawer(actor: Actor, item: DrawerItem, note: str) -> None:
    """A treasurer has dealt with a difference of somebody else's drawer; resolving it again changes nothing.

    Raises ``own_matter`` or ``changed_meanwhile``.
    """
    refuse_if(actor.is_member(item.clerk, item.clerk_person), errors.OWN_MATTER)
    if item.status == rules.DRAWER_DIFFERS:
        resolved = rules.DRAWERS.move(item, "resolve", "treasurer")
        tables.write_or_conflict(changes.record(item, Event(resolved, actor, note=note)))


def find(number: str) -> list[OrderItem]:
    """The payments behind a number that a payer has in hand: ours, or the platform's transaction number."""
    found = [store.order(order_id) for order_id in dict.fromkeys([number, *store.orders_of_transaction(number)])]
    held = [store.suspense(f"{channel}-{number}") for channel in ONLINE]
    found += [store.order(item.order) for item in held if item is not None]
    return [order for order in found if order is not None]


def propose(actor: Actor, held: SuspenseItem, wanted: list[BillItem]) -> None:
    """Say which bills money in suspense is for; another treasurer assigns it. A later proposal takes the place of this.

    Raises ``suspense_wrong_state``, ``amount_differs``, ``own_matter``, ``staff_identity_unknown`` or
    ``changed_meanwhile``.
    """
    _refuse_own(actor, wanted)
    refuse_if(sum(item.amount for item in wanted) != held.amount, rules.AMOUNT_DIFFERS)
    proposed = rules.SUSPENSE.move(held, "propose", "treasurer")
    held.proposed_bills = sorted(item.id for item in wanted)
    held.proposer = actor.id
    held.proposer_person = actor.person
    event = Event(proposed, actor, data={"bills": held.proposed_bills})
    tables.write_or_conflict(changes.record(held, event))


def _check_proposal(actor: Actor, held: SuspenseItem, wanted: list[BillItem]) -> None:
    """Above the city's limit two say the same; raises ``assignment_proposal_needed`` or ``second_person_needed``."""
    limit = catalog.release().city.assignment_limit
    if held.amount <= limit:
        return
    refuse_if(held.proposed_bills != sorted(item.id for item in wanted), rules.PROPOSAL_NEEDED, limit=limit)
    refuse_if(actor.is_member(held.proposer, held.proposer_person), rules.TWO_PERSONS)


def assign(actor: Actor, suspense_id: str, wanted: list[BillItem], order_id: str) -> OrderItem:
    """Money in suspense is for these bills: they count as paid by it.

    Raises ``suspense_wrong_state``, ``amount_differs``, ``bill_not_payable``, ``own_matter``, ...
    """
    _refuse_own(actor, wanted)
    held = store.suspense(suspense_id)
    existing = store.order(order_id)
    if existing is not None:
        return existing
    if held is None:
        raise errors.NOT_FOUND()
    bookkeeping.book_suspense(held)
    for item in wanted:
        last = bills.last_order(item)
        if last is not None and last.status in rules.LIVE:
            raise rules.OTHER_PAYMENT_OPEN()
    order = orders.new_order(order_id, held.channel, wanted)
    refuse_if(order.amount != held.amount, rules.AMOUNT_DIFFERS)
    _check_proposal(actor, held, wanted)
    order.platform_no = held.order
    assigned = rules.SUSPENSE.move(held, "assign", "treasurer")
    rules.ORDERS.move(order, "assign", "treasurer")  # the same event for both
    held.gsi1pk = store.suspense_list(held.status)
    trade = Trade(state="paid", transaction_id=held.transaction_id, amount=held.amount, paid_at=clock.now())
    event = Event(assigned, actor, data={"payment": order.id, "suspense": held.id})
    tables.write_or_conflict(
        changes.record(worker.unschedule(held), event),
        settlement.pay_write(order, trade, event),
        *orders.take_in_writes(actor, order, wanted),
    )
    return order
