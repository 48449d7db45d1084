"""Refunds (退款): asked for, approved by a second person above a limit, sent, repaired, and followed by the books.

What can still be given back is reserved on order and bill in the same transaction that makes the refund, so no two
refunds can take the same money. A refund keeps its number at the platform for ever.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from chalicelib.catalog import service as catalog
from chalicelib.kernel import clock, errors, log
from chalicelib.kernel.access import Actor, system
from chalicelib.kernel.errors import FieldError, refuse_if
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.storage import tables, worker
from chalicelib.payments import events, rules, store
from chalicelib.payments.service import bookkeeping, refunded_certificates, settlement
from chalicelib.payments.service.channels import COUNTER, channel
from chalicelib.payments.store import BillItem, OrderItem, RefundItem, SuspenseItem
from chalicelib.platforms import payment
from chalicelib.platforms.payment import RefundAnswer, Refused

SENDER = system("refunds")
_FINAL_REFUSALS = ("closed", "absent", "paid", "limit", "payer")
_WORDS = {"late": "支付单关闭后到账", "duplicate": "重复支付"}


@dataclass(frozen=True, kw_only=True)
class RefundRequest:
    """What is asked for: fen of each fee item, why, and what then becomes of the certificate."""

    parts: dict[str, int]
    reason: str
    certificate: str


def ask(actor: Actor, bill: BillItem, wanted: RefundRequest, refund_id: str) -> RefundItem:
    """Ask for parts of a paid bill to be given back.

    While a bill's refunds are up to the city's limit together, a request counts as approved; what was paid at a window
    has a limit of its own, by default none is approved by itself, and so is none that ends a certificate. Raises
    ``bill_wrong_state``, ``refund_exceeds_payment``, ``amount_invalid``, ``invalid_request`` (of the certificate) or
    ``changed_meanwhile``.
    """
    existing = store.refund(refund_id)
    if existing is not None:
        return existing
    bill, order = _paid(bill)
    parts = wanted.parts
    amount = _check_parts(bill, order, parts)
    refunded_certificates.check(actor, bill, wanted.certificate)
    item = _new(actor, refund_id, order.platform_no or order.id, order, amount)
    item.bill = bill.id
    item.unit = bill.unit
    item.desk = bill.unit
    item.parts = parts
    item.certificate = wanted.certificate
    _reserve(order, bill, item, 1)
    happened = _asked(actor, item, wanted.reason, sum(bill.given_back.values()))
    tables.write_or_conflict(
        _refund_write(item, *happened),
        changes.record(order, Event(events.REFUND_RESERVED, actor, data={"refund": item.id})),
        changes.record(bill, Event(events.REFUND_RESERVED, actor, data={"refund": item.id})),
    )
    return item


def _paid(bill: BillItem) -> tuple[BillItem, OrderItem]:
    """The bill as booked, and its order; raises ``bill_wrong_state`` unless it is paid."""
    order = store.order(bill.order) if bill.order else None
    if order is None or order.status not in rules.SETTLED:
        raise rules.BILLS.refusal(bill.status)
    if bill.status == rules.OPEN:
        bookkeeping.book_order(order)
        found = store.bill(bill.id)
        again = store.order(order.id)
        assert found is not None and again is not None
        return found, again
    return bill, order


def _check_parts(bill: BillItem, order: OrderItem, parts: dict[str, int]) -> int:
    charges = {charge.item: charge.amount for charge in bill.charges}
    taken = bill.given_back
    amount = sum(parts.values())
    rules.check_amount(amount)
    for item, part in parts.items():
        if item not in charges:
            named = ", ".join(charges)
            raise errors.INVALID_REQUEST(
                fields=[
                    FieldError(
                        f"/parts/{item[:100]}",
                        "unknown_fee_item",
                        zh=f"缴费单没有此收费项目；现有：{named}",
                        en=f"The bill has no such fee item; it has {named}",
                    )
                ]
            )
        available = charges[item] - taken.get(item, 0)
        refuse_if(not 1 <= part <= available, rules.REFUND_TOO_MUCH, available=max(0, available))
    left = order.amount - order.reserved
    refuse_if(amount > left or order.refunds >= rules.MOST_REFUNDS, rules.REFUND_TOO_MUCH, available=left)
    return amount


def _refund_write(item: RefundItem, *happened: Event) -> tables.Put:
    """The write of a refund with what happened, on the list where it belongs: what waits for a person stands apart."""
    waiting = rules.waits_for_person(item.status, item.channel in COUNTER)
    item.gsi1pk = store.refund_list(item.desk, waiting)
    return changes.record(item, *happened)


def _reserve(order: OrderItem, bill: BillItem, refund: RefundItem, sign: int) -> None:
    """Note (or, with -1, give free) what a refund takes of its order and bill, and if it withholds what follows."""
    taken = bill.given_back
    for item, part in refund.parts.items():
        taken[item] = taken.get(item, 0) + sign * part
    bill.given_back = taken
    if refund.certificate != rules.STAYS:
        bill.withheld = bill.withheld + sign
    order.reserved = order.reserved + sign * sum(refund.parts.values())
    order.refunds = order.refunds + (1 if sign > 0 else 0)


def _new(actor: Actor, refund_id: str, order_no: str, paid: OrderItem | SuspenseItem, amount: int) -> RefundItem:
    now = clock.now()
    return RefundItem(
        f"REFUND#{refund_id}",
        channel=paid.channel,
        order=order_no,
        total=paid.amount,
        amount=amount,
        unit=actor.unit,
        asked_by=actor.id,
        asker_person=actor.person,
        asked_at=now,
        gsi1sk=f"{clock.utc_text(now)}#{refund_id}",
    )


def _asked(actor: Actor, item: RefundItem, reason: str, together: int) -> list[Event]:
    """What is recorded of a request; while all refunds ``together`` are up to the limit, asking is approving.

    One that ends a certificate always takes a second person.
    """
    requested = rules.REFUNDS.move(item, "request", "officer")
    happened = [Event(requested, actor, note=reason, data={"amount": item.amount})]
    city = catalog.release().city
    # Money from a drawer leaves by one hand: whoever asks for it must not be the one who pays it out.
    limit = city.counter_refund_limit if item.channel in COUNTER else city.refund_limit
    if together <= limit and item.certificate == rules.STAYS:
        item.by_one = True
        happened.append(_approved(actor, item, by="system"))
    return happened


def _approved(actor: Actor, item: RefundItem, by: str) -> Event:
    approved = rules.REFUNDS.move(item, "approve", by)
    if item.channel not in COUNTER:
        worker.wake(item)
    return Event(approved, actor)


def require_second_person(actor: Actor, item: RefundItem) -> None:
    """Raise ``second_person_needed`` for whoever has asked for the refund."""
    refuse_if(actor.is_member(item.asked_by, item.asker_person), rules.TWO_PERSONS)


def approve(actor: Actor, item: RefundItem) -> None:
    """The second person's yes. Raises ``second_person_needed``, ``refund_wrong_state``, ``changed_meanwhile``."""
    require_second_person(actor, item)
    tables.write_or_conflict(_refund_write(item, _approved(actor, item, by="officer")))


def reject(actor: Actor, item: RefundItem, reason: str) -> None:
    """The second person's no: the money is free again. Raises as ``approve``."""
    require_second_person(actor, item)
    rejected = rules.REFUNDS.move(item, "reject", "officer")
    tables.write_or_conflict(_refund_write(item, Event(rejected, actor, note=reason)), *_release_writes(actor, item))


def abandon(actor: Actor, item: RefundItem) -> None:
    """Give a refund up that the platform will never do: only when it says that it knows none.

    Raises ``refund_wrong_state`` (also when the platform knows it), ``platform_unavailable`` or ``changed_meanwhile``.
    """
    if item.status != rules.SENT or item.channel in COUNTER:
        raise rules.REFUNDS.refusal(item.status)
    if _told(item, lambda: channel(item.channel).query_refund(_request(item))).state not in ("absent", "failed"):
        raise rules.REFUNDS.refusal(item.status)
    _fail(item, actor)


def repair(actor: Actor, item: RefundItem) -> None:
    """Send an abnormal refund to the merchant's own account instead, to be paid out by hand from there.

    Raises ``refund_wrong_state``, ``changed_meanwhile`` or ``platform_unavailable``.
    """
    repaired = rules.REFUNDS.move(item, "repair", "officer")
    item.repaired = True
    worker.wake(item)
    tables.write_or_conflict(_refund_write(item, Event(repaired, actor)))
    _apply(item, _told(item, lambda: channel(item.channel).repair_refund(_request(item), item.platform_id or "")))


def give_back(actor: Actor, item: SuspenseItem, reason: str = "", by: str = "treasurer") -> RefundItem:
    """Give money in suspense back to who paid it. Raises ``suspense_wrong_state`` or ``changed_meanwhile``."""
    bookkeeping.book_suspense(item)
    item.tries = item.tries + 1
    refund = _new(actor, f"{item.transaction_id}r{item.tries}"[-60:], item.order, item, item.amount)
    refund.suspense = item.id
    refund.desk = store.TREASURY
    given_back = rules.SUSPENSE.move(item, "give_back", by)
    item.refund = refund.id
    item.gsi1pk = store.suspense_list(item.status)
    worker.unschedule(item)
    if by == "system":
        requested = rules.REFUNDS.move(refund, "request", "system")
        happened = [
            Event(requested, actor, note=_WORDS.get(item.reason, ""), data={"amount": item.amount}),
            _approved(actor, refund, by="system"),
        ]
    else:
        happened = _asked(actor, refund, reason, item.amount)
    tables.write_or_conflict(
        _refund_write(refund, *happened), changes.record(item, Event(given_back, actor, data={"refund": refund.id}))
    )
    return refund


# What the system does with an approved refund


def advance(item: RefundItem) -> None:
    """Bring a refund one step on: send it, ask about it, or let the books follow."""
    if item.status == rules.DONE:
        bookkeeping.book_refund(item)
        return
    if item.status == rules.APPROVED:
        sent = rules.REFUNDS.move(item, "send", "system")
        worker.schedule(item, worker.retry_at(1, clock.now()))
        tables.write(_refund_write(item, Event(sent, SENDER)))
        answer = RefundAnswer(state="absent")
    elif item.status == rules.SENT:
        item.attempts = item.attempts + 1
        worker.schedule(item, worker.retry_at(item.attempts, clock.now()))
        tables.write(worker.save_schedule(item))
        answer = _told(item, lambda: channel(item.channel).query_refund(_request(item)))
    else:
        worker.unschedule(item)
        tables.write(worker.save_schedule(item))
        return
    if answer.state == "absent":
        answer = _told(item, lambda: channel(item.channel).refund(_request(item)))
    _apply(item, answer)


def _told(item: RefundItem, ask: Callable[[], RefundAnswer]) -> RefundAnswer:
    """The platform's answer; a final refusal is a failed refund, any other is asked again later."""
    try:
        return ask()
    except Refused as refusal:
        log.write("refund_refused", level="warning", subject=item.subject, code=refusal.code)
        if refusal.kind in _FINAL_REFUSALS:
            return RefundAnswer(state="failed")
        raise errors.PLATFORM_UNAVAILABLE(retry_after=60, platform=channel(item.channel).PLATFORM) from None


def apply_notice(refund_no: str, answer: RefundAnswer | None) -> bool:
    """Take in a platform's word about a refund; ``None`` means that it is asked at once. Whether we know it."""
    item = store.refund(refund_no)
    if item is None:
        return False
    if item.status in (rules.SENT, rules.ABNORMAL) and answer is not None:
        _apply(item, answer)
    elif item.status == rules.SENT:
        worker.wake(item)
        tables.write_or_conflict(worker.save_schedule(item))
    return True


def _request(item: RefundItem) -> payment.Refund:
    return payment.Refund(no=item.id, order_no=item.order, amount=item.amount, total=item.total, reason=_reason(item))


def _reason(item: RefundItem) -> str:
    return "办件缴费退款" if item.bill else "缴费退回"


def _apply(item: RefundItem, answer: RefundAnswer) -> None:
    if answer.state == "done" and item.repaired and item.status in (rules.SENT, rules.ABNORMAL):
        _return_to_merchant(item, answer)
    elif answer.state == "done":
        finish(item, answer.done_at or clock.now(), settlement.PLATFORM, answer.amount or item.amount)
    elif answer.state == "failed":
        _fail(item)
    elif answer.state == "abnormal" and item.status == rules.SENT:
        abnormal = rules.REFUNDS.move(item, "report_abnormal", "platform")
        item.platform_id = answer.refund_id
        worker.unschedule(item)
        tables.write_or_conflict(_refund_write(item, Event(abnormal, settlement.PLATFORM)))
        log.count("refunds_in_trouble")
    elif answer.refund_id and item.platform_id != answer.refund_id:
        item.platform_id = answer.refund_id
        tables.write_or_conflict(tables.Touch(item, ("platform_id",), RefundItem.version == item.version))


def _return_to_merchant(item: RefundItem, answer: RefundAnswer) -> None:
    """The money is back on the merchant's card: a clerk pays it out by hand and says so."""
    returned = rules.REFUNDS.move(item, "return", "platform")
    item.done_at = answer.done_at or clock.now()
    worker.unschedule(item)
    tables.write_or_conflict(_refund_write(item, Event(returned, settlement.PLATFORM)))


def finish(item: RefundItem, at: datetime, actor: Actor, amount: int, more: tuple[tables.Write, ...] = ()) -> None:
    """The money has gone back: refund and order say so in one transaction, the books follow."""
    if amount != item.amount:
        log.count("refunds_in_trouble")
        raise errors.CONFLICT()
    by_hand = item.channel in COUNTER or item.status == rules.RETURNED
    action, by = ("pay_out", "clerk") if by_hand else ("finish", "platform")
    done = rules.REFUNDS.move(item, action, by)
    item.done_at = item.done_at or at
    worker.wake(item)
    writes = [_refund_write(item, Event(done, actor)), *more]
    if item.bill:
        bill, order = _bill_and_order(item)
        order.refunded = order.refunded + amount
        whole = order.refunded == order.amount
        refunded = rules.ORDERS.move(order, "refund_rest" if whole else "refund_part", by)
        writes.append(changes.record(order, Event(refunded, actor, data={"amount": amount})))
        # The person has the money back before the certificate ends; a refund that fails ends nothing. If the
        # certificate changes in this moment, nothing is written, and the notification or the sweep comes again.
        writes += refunded_certificates.end_writes(bill, item)
    tables.write_or_conflict(*writes)


def _fail(item: RefundItem, actor: Actor = settlement.PLATFORM) -> None:
    by = "officer" if actor.kind == "staff" else "platform"
    failed = rules.REFUNDS.move(item, "fail", by)
    worker.unschedule(item)
    tables.write_or_conflict(_refund_write(item, Event(failed, actor)), *_release_writes(actor, item))
    log.count("refunds_in_trouble")


def _release_writes(actor: Actor, item: RefundItem) -> list[tables.Write]:
    """The writes that free what a refund had reserved; money in suspense waits for a person again."""
    if item.suspense:
        held = store.suspense(item.suspense)
        assert held is not None
        stays = rules.SUSPENSE.move(held, "fail", "officer" if actor.kind == "staff" else "platform")
        held.gsi1pk = store.suspense_list(held.status)
        return [changes.record(held, Event(stays, actor))]
    bill, order = _bill_and_order(item)
    _reserve(order, bill, item, -1)
    if bill.issuer:
        worker.wake(bill)  # what had to wait for this refund goes on
    event = Event(events.REFUND_RELEASED, actor, data={"refund": item.id})
    return [changes.record(order, event), changes.record(bill, event)]


def _bill_and_order(item: RefundItem) -> tuple[BillItem, OrderItem]:
    bill = store.bill(item.bill or "")
    order = store.order(bill.order or "") if bill else None
    assert bill is not None and order is not None
    return bill, order
