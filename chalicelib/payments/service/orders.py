"""Payment orders: opened over bills, resumed, switched to another channel, asked about, closed."""

from __future__ import annotations

from contextlib import suppress

import msgspec

from chalicelib.identity import service as identity
from chalicelib.kernel import clock, errors, ids, log
from chalicelib.kernel.access import Actor, system
from chalicelib.kernel.errors import refuse_if
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.storage import tables, worker
from chalicelib.payments import events, rules, store
from chalicelib.payments.service import bills, settlement
from chalicelib.payments.service.channels import OF_PLATFORM, channel, problem_of
from chalicelib.payments.store import BillItem, OrderItem
from chalicelib.platforms import payment
from chalicelib.platforms.payment import Refused, Trade

SWEEP = system("sweep")
_TRIES = 4


class Opened(msgspec.Struct, frozen=True):
    """An order and what the front end needs to let its payer pay (empty once it is not payable any more)."""

    order: OrderItem
    front_end: dict[str, str]


def open_order(actor: Actor, wanted: list[BillItem], order_id: str) -> Opened:
    """An order over these bills through the platform that the payer is logged in with.

    The payer's own order over the same bills goes on; any other one is ended at its platform first. Raises
    ``bill_not_payable``, ``bill_already_paid``, ``pay_in_mini_program``, ``changed_meanwhile``,
    ``platform_unavailable`` (a repeat is safe), ``payment_not_verified`` (about the other order) or what the
    platform's refusal means.
    """
    name = OF_PLATFORM.get(actor.platform)
    if name is None:
        raise rules.SESSION_WITHOUT_CHANNEL()
    identity.representation.check_representation(actor)
    account = identity.platform_account(actor)
    order = _resumable(actor, wanted, name, account)
    if order is None:
        order_id = _unused(order_id)
        order = store.order(order_id) or _create(actor, wanted, name, account, order_id)
    if order.status == rules.CREATED:
        order = _accepted(order)
    if order.status != rules.PENDING or not order.prepay:
        raise rules.ORDERS.refusal(order.status)
    return Opened(order, channel(name).front_end(order.prepay))


def _resumable(actor: Actor, wanted: list[BillItem], name: str, account: str) -> OrderItem | None:
    """The payer's live order over exactly these bills; other live orders of theirs are ended."""
    found: OrderItem | None = None
    for order_id in sorted({item.order for item in wanted if item.order}):
        order = store.order(order_id)
        if order is None or order.status == rules.CLOSED:
            continue
        refuse_if(order.status in rules.SETTLED, rules.ALREADY_PAID)
        left = order.ends_at - clock.now()
        same = order.channel == name and sorted(order.bills) == sorted(item.id for item in wanted)
        same = same and order.status != rules.CLOSING and store.account_of(order) == account
        if same and left > rules.LATEST_RESUME:
            found = order
        else:
            end(actor, order, "payer")
    return found


def _unused(order_id: str) -> str:
    """The id for another attempt of the same request: the platforms take each number once."""
    for _ in range(_TRIES):
        order = store.order(order_id)
        if order is None or order.status != rules.CLOSED:
            return order_id
        order_id = ids.derived_id("order", order_id)
    raise errors.CONFLICT()


def _create(actor: Actor, wanted: list[BillItem], name: str, account: str, order_id: str) -> OrderItem:
    """Store the order and take the bills in, or neither."""
    now = clock.now()
    order = new_order(order_id, name, wanted)
    store.seal_account(order, account)
    first = rules.next_check(now, order.ends_at, now)
    worker.schedule(order, first)
    created = rules.ORDERS.move(order, "create", "payer")
    tables.write_or_conflict(
        changes.record(order, Event(created, actor, data={"channel": name})), *take_in_writes(actor, order, wanted)
    )
    return order


def new_order(order_id: str, name: str, wanted: list[BillItem]) -> OrderItem:
    """An order over bills that can all be paid now; raises ``bill_not_payable`` or ``amount_invalid``."""
    for item in wanted:
        check_payable(item)
    now = clock.now()
    amount = sum(item.amount for item in wanted)
    rules.check_amount(amount)
    latest = min([now + rules.ORDER_LIFE, *(bills.pay_until(item) for item in wanted)])
    expires = max(latest, now + rules.SHORTEST_LIFE).replace(microsecond=0)
    more = f" 等{len(wanted)}项" if len(wanted) > 1 else ""
    return OrderItem(
        f"ORDER#{order_id}",
        channel=name,
        payer=wanted[0].payer,
        bills=sorted(item.id for item in wanted),
        services=sorted({item.service for item in wanted}),
        amount=amount,
        description=f"{wanted[0].title}{more}",
        created_at=now,
        ends_at=expires,
    )


def take_in_writes(actor: Actor, order: OrderItem, wanted: list[BillItem]) -> list[tables.Write]:
    """The writes by which an order takes bills in: a bill belongs to one order at a time."""
    writes: list[tables.Write] = []
    for item in wanted:
        item.order = order.id
        writes.append(changes.record(item, Event(events.BILL_IN_PAYMENT, actor, data={"payment": order.id})))
    return writes


def check_payable(item: BillItem) -> None:
    """Raise ``bill_not_payable`` unless the bill is open and in time."""
    words = {
        rules.CANCELLED: ("已撤销", "it was cancelled"),
        rules.REPLACED: ("已重新开具，请支付新的缴费单", "it was issued anew; pay the new one"),
    }
    if item.status in words:
        zh, en = words[item.status]
        raise rules.BILL_NOT_PAYABLE(bill=item.id, reason_zh=zh, reason_en=en)
    refuse_if(item.status != rules.OPEN, rules.ALREADY_PAID)
    if bills.is_expired(item):
        raise rules.BILL_NOT_PAYABLE(
            bill=item.id, reason_zh="已过期，请重新开具", reason_en="it has expired; have it issued anew"
        )


def _accepted(order: OrderItem) -> OrderItem:
    """The order with the platform's own number, asked for under our number as often as needed."""
    request = payment.Order(
        no=order.id,
        amount=order.amount,
        description=order.description,
        payer=store.account_of(order),
        expires_at=order.ends_at,
    )
    try:
        prepay = channel(order.channel).create(request)
    except Refused as refusal:
        raise _refused(order, refusal) from None
    accepted = rules.ORDERS.move(order, "accept", "platform")
    order.prepay = prepay
    try:
        tables.write(changes.record(order, Event(accepted, settlement.PLATFORM)))
    except tables.ConditionFailed:
        again = _again(order)
        if again.status == rules.CLOSED:
            # it was given up while its creation travelled: the platform may have it only now
            with suppress(Refused, errors.Problem):
                channel(order.channel).close(order.id)
        return again
    return order


def _refused(order: OrderItem, refusal: Refused) -> errors.Problem:
    """What the payer is told; an order that the platform will never take is closed, so the bills are free."""
    if refusal.kind == "paid" and check(order, "query").status in rules.SETTLED:
        return rules.ALREADY_PAID()
    if refusal.kind not in ("retry", "paid"):
        # an earlier attempt whose answer was lost may have left a trade there
        with suppress(Refused, errors.Problem):
            channel(order.channel).close(order.id)
        settlement.close(order)
    return problem_of(order.channel, refusal)


def check(order: OrderItem, source: str) -> OrderItem:
    """Ask the platform about an order and take in what it says; the order as it is then.

    A closed one is asked about too, for two days: money may have come for it in spite of that.
    """
    recent = clock.now() < order.created_at + rules.ASKED_AFTER_END
    asked = order.status in rules.LIVE or (order.status == rules.CLOSED and recent and not order.suspense)
    if not asked or order.channel not in OF_PLATFORM.values():
        return order
    trade = ask(order)
    if trade.state == "paid":
        settlement.settle(order.channel, order.id, trade, source)
    elif trade.state == "closed" and order.status in rules.LIVE:
        settlement.close(order)
    return _again(order)


def ask(order: OrderItem) -> Trade:
    """The platform's word about an order; raises ``payment_not_verified``."""
    try:
        return channel(order.channel).query(order.id)
    except (Refused, errors.Problem) as trouble:
        raise _not_verified(order, trouble) from None


def end(actor: Actor, order: OrderItem, by: str) -> None:
    """End a live order: the platform is told first, and only its word closes it.

    Raises ``bill_already_paid`` when the money was there already, ``payment_not_verified`` when the platform does
    not say (the sweep goes on), ``changed_meanwhile``.
    """
    if order.status != rules.CLOSING:
        closing = rules.ORDERS.move(order, "begin_close", by)
        tables.write_or_conflict(changes.record(order, Event(closing, actor)))
    try:
        channel(order.channel).close(order.id)
    except (Refused, errors.Problem) as trouble:
        if not isinstance(trouble, Refused) or trouble.kind != "paid":
            raise _not_verified(order, trouble) from None
        found = check(order, "query")
        if found.status in rules.SETTLED:
            raise rules.ALREADY_PAID() from None
        if found.status in rules.LIVE:
            raise errors.CONFLICT() from None
        return
    refuse_if(not settlement.close(order) and _again(order).status in rules.SETTLED, rules.ALREADY_PAID)


def _not_verified(order: OrderItem, trouble: Refused | errors.Problem) -> errors.Problem:
    """Who may have paid already is never told that nothing happened, whatever the platform's trouble is."""
    if isinstance(trouble, Refused) and trouble.kind == "setup":
        log.count("payment_channel_refusals")
    return rules.NOT_VERIFIED(retry_after=30, platform=channel(order.channel).PLATFORM)


def _again(order: OrderItem) -> OrderItem:
    found = store.order(order.id)
    assert found is not None
    return found


def cancel(actor: Actor, order: OrderItem) -> OrderItem:
    """The payer gives up: the order is ended; one that has ended already stays as it is."""
    refuse_if(order.status in rules.SETTLED, rules.ALREADY_PAID)
    if order.status != rules.CLOSED:
        end(actor, order, "payer")
    return _again(order)


def follow(order: OrderItem) -> None:
    """The sweep's visit to a live order: learn how it stands, and end it once its time is over."""
    now = clock.now()
    expires = order.ends_at
    if now > order.created_at + rules.ENDS_WITHIN:
        log.count("payments_without_end")
    worker.schedule(order, rules.next_check(order.created_at, expires, now))
    tables.write(worker.save_schedule(order))
    trade = ask(order)
    if trade.state == "paid":
        settlement.settle(order.channel, order.id, trade, "query")
    elif trade.state == "closed":
        settlement.close(order)
    elif now >= expires or order.status == rules.CLOSING:
        try:
            end(SWEEP, order, "system")
        except errors.Problem as problem:
            if problem.error.code != rules.ALREADY_PAID.code:
                raise
