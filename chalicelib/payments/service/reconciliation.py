"""Daily reconciliation (对账): the platforms' bills against our ledger, row by row.

A row that the books lack is confirmed by a query of the order and then settled by the same rules as a notification;
what cannot be healed becomes a case with a suggestion. A bad row is a case of its own and stops nothing.
"""

from __future__ import annotations

from datetime import date, timedelta

import msgspec

from chalicelib.kernel import clock, errors, log
from chalicelib.kernel.access import Actor, system
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.storage import batch, tables
from chalicelib.payments import double_entry, rules, store
from chalicelib.payments.service import bookkeeping, ledger, refunds, settlement
from chalicelib.payments.service.channels import ONLINE, channel
from chalicelib.payments.store import CaseItem, EntryItem
from chalicelib.platforms.payment import BadRow, BillNotReady, RefundAnswer, Refused, Row, Trade

RECONCILER = system("reconciliation")
_LAST_RUN_HOUR = 14
_SUMMED_DAYS = 3  # what was booked late still reaches the report


class DayComparison(msgspec.Struct, kw_only=True):
    """What a day's comparison of one channel found."""

    channel: str
    day: date
    rows: int = 0
    matched: int = 0
    healed: int = 0
    cases: int = 0
    ready: bool = True


class ReconciledDay(msgspec.Struct, frozen=True):
    """A day's comparisons, one for each channel."""

    day: date
    results: list[DayComparison]


def reconcile_day(day: date) -> ReconciledDay:
    """Compare both platforms' bills of a day that are ready, then add up the day for the treasury.

    One platform's trouble does not keep the other waiting; the first failure is raised at the end.
    """
    results: list[DayComparison] = []

    def compare(name: str) -> int:
        results.append(reconcile(name, day))
        return results[-1].cases

    try:
        batch.total(compare, ONLINE)
    finally:
        for past in range(_SUMMED_DAYS):
            ledger.sum_up(day - timedelta(days=past))
    return ReconciledDay(day, results)


def reconcile(name: str, day: date) -> DayComparison:
    """Compare a day's bill of a channel with the ledger; a repeat finds its own cases again."""
    result = DayComparison(channel=name, day=day)
    ours = _entries(name, day)
    refunded = [reference for kind, reference in ours if kind == "refund"]
    try:
        for row in channel(name).bill_rows(str(day)):
            result.rows += 1
            if isinstance(row, Row) and row.refund_no:
                refunded.append(row.refund_no)  # the ledger may lack it until now
            _compare(result, ours, row)
    except BillNotReady:
        result.ready = False
        if clock.today() > day and clock.local(clock.now()).hour >= _LAST_RUN_HOUR:
            result.cases += _raise_case(result, "bill_missing", str(day))
        return result
    _resolve(day, name, "bill_missing", str(day))
    for (kind, reference), entry in ours.items():
        if _case_of(day - timedelta(days=1), name, f"known_{kind}", reference):
            result.matched += 1
        else:
            result.cases += _raise_case(result, f"missing_{kind}", reference, ours=entry.amount)
    result.cases += _report_small_refunds(result, refunded)
    return result


def _entries(name: str, day: date) -> dict[tuple[str, str], EntryItem]:
    """Our entries that the platform must know too, by what its rows are known by."""
    found: dict[tuple[str, str], EntryItem] = {}
    for entry in store.entries_of(day, name):
        if entry.kind in ("payment", "suspense"):
            found["payment", str(entry.transaction_id)] = entry
        elif entry.kind in ("refund", "suspense_refund"):
            found["refund", entry.reference] = entry
    return found


def _report_small_refunds(result: DayComparison, refunded: list[str]) -> int:
    """A case for a treasurer: the refunds of a day below the limit, which one person asked for and approved."""
    count = 0
    amount = 0
    for reference in set(refunded):
        refund = store.refund(reference)
        if refund is not None and refund.by_one:
            count += 1
            amount += refund.amount
    if count == 0:
        return 0
    return _raise_case(result, "refunds_by_one_person", str(result.day), ours=amount, detail=str(count))


def _compare(result: DayComparison, ours: dict[tuple[str, str], EntryItem], row: Row | BadRow) -> None:
    if isinstance(row, BadRow):
        result.cases += _raise_case(result, "unreadable_row", f"line-{row.line}", detail=row.reason)
        return
    reference = row.transaction_id if row.kind == "payment" else row.refund_no or f"{row.transaction_id}-{row.amount}"
    entry = ours.pop((row.kind, reference), None)
    if row.fee:
        postings = double_entry.commission(result.channel, row.fee)
        ledger.post(store.entry("commission", f"{row.kind}-{reference}", result.channel, row.at, postings))
    if entry is None:
        _explain(result, row, reference)
    elif entry.amount != row.amount:
        result.cases += _raise_case(
            result, f"{row.kind}_amount_differs", reference, ours=entry.amount, theirs=row.amount
        )
    else:
        result.matched += 1


def _explain(result: DayComparison, row: Row, reference: str) -> None:
    """A row that this day's ledger lacks: known on another day, healed now, or a case."""
    outcome = _settle(result.channel, row) if row.kind == "payment" else _finish_refund(row)
    if outcome == "known":
        result.matched += 1
        _note_neighbour(result, row.kind, reference)
    elif outcome in _HEALED:
        result.healed += 1
        _raise_case(result, outcome, reference, theirs=row.amount, healed=True)
    else:
        result.cases += _raise_case(result, outcome, reference, theirs=row.amount)


_HEALED = ("payment_found_in_bill", "payment_put_in_suspense", "refund_found_in_bill")


def _settle(name: str, row: Row) -> str:
    """Take a payment in as a notification would, and book it at once, so that the day's sums have it."""
    known = store.order(row.order_no)
    counted = known is not None and known.transaction_id == row.transaction_id
    trade = Trade(state="paid", transaction_id=row.transaction_id, amount=row.amount, paid_at=row.at)
    if not counted and not _is_confirmed(name, row):
        return "payment_not_confirmed"
    _resolve(row.at.date(), name, "payment_not_confirmed", row.transaction_id)
    outcome = settlement.settle(name, row.order_no, trade, "bill")
    order = store.order(row.order_no)
    if outcome == "settled" and order is not None:
        bookkeeping.book_order(order)
        return "payment_found_in_bill"
    held = store.suspense(f"{name}-{row.transaction_id}")
    if held is not None:
        bookkeeping.book_suspense(held)
        return "known" if outcome == "known" else "payment_put_in_suspense"
    return "known" if order is not None and order.amount == row.amount else "payment_amount_differs"


def _is_confirmed(name: str, row: Row) -> bool:
    """Whether the platform says the same when it is asked: a bill's row alone moves no money."""
    try:
        trade = channel(name).query(row.order_no)
    except (Refused, errors.Problem):
        return False
    return (trade.state, trade.transaction_id, trade.amount) == ("paid", row.transaction_id, row.amount)


def _finish_refund(row: Row) -> str:
    item = store.refund(row.refund_no)
    if item is None:
        return "refund_unknown"
    if item.amount != row.amount:
        return "refund_amount_differs"
    if item.status in (rules.DONE, rules.RETURNED):
        return "known"
    if item.status not in (rules.SENT, rules.ABNORMAL):
        return "refund_in_other_state"
    refunds.apply_notice(row.refund_no, RefundAnswer(state="done", amount=row.amount, done_at=row.at))
    done = store.refund(row.refund_no)
    if done is not None and done.status == rules.DONE:
        bookkeeping.book_refund(done)
    return "refund_found_in_bill"


def _note_neighbour(result: DayComparison, kind: str, reference: str) -> None:
    """A row that another day's ledger has: made around midnight, so nothing is missing there or here."""
    day = result.day
    _raise_case(result, f"known_{kind}", reference, healed=True)
    for near in (day - timedelta(days=1), day + timedelta(days=1)):
        _resolve(near, result.channel, f"missing_{kind}", reference)


def _case_of(day: date, name: str, kind: str, reference: str) -> CaseItem | None:
    return store.case(f"{day}-{name}-{kind}-{reference}")


def _resolve(day: date, name: str, kind: str, reference: str) -> None:
    """Close a case whose cause is gone."""
    item = _case_of(day, name, kind, reference)
    if item is not None and item.status == rules.OPEN:
        _close_case(RECONCILER, item, "", by="system")


def _raise_case(
    result: DayComparison,
    kind: str,
    reference: str,
    *,
    ours: int = 0,
    theirs: int = 0,
    detail: str = "",
    healed: bool = False,
) -> int:
    """Note a difference once; 1 if it waits for a person."""
    item = CaseItem(
        f"CASE#{result.day}-{result.channel}-{kind}-{reference}",
        day=result.day,
        channel=result.channel,
        kind=kind,
        reference=reference,
        ours=ours,
        theirs=theirs,
        detail=detail,
        gsi1sk=f"{result.day}#{result.channel}#{kind}#{reference}",
    )
    found = rules.CASES.move(item, "heal" if healed else "find", "system")
    item.gsi1pk = store.case_list(item.status)
    try:
        tables.write(changes.record(item, Event(found, RECONCILER, data={"kind": kind})))
    except tables.ConditionFailed:
        known = store.case(item.id)
        return int(known is not None and known.status == rules.OPEN)
    if not healed:
        log.count("payment_differences")
    return int(not healed)


def resolve(actor: Actor, item: CaseItem, note: str) -> None:
    """A person has dealt with a case; resolving it again changes nothing."""
    if item.status == rules.OPEN:
        _close_case(actor, item, note, by="treasurer")


def _close_case(actor: Actor, item: CaseItem, note: str, *, by: str) -> None:
    resolved = rules.CASES.move(item, "resolve", by)
    item.gsi1pk = store.case_list(item.status)
    tables.write_or_conflict(changes.record(item, Event(resolved, actor, note=note)))
