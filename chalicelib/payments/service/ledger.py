"""The ledger: entries that follow from what happened, written once; a day's sums for the treasury."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from chalicelib.kernel.edge.shapes import View
from chalicelib.kernel.errors import refuse_if
from chalicelib.kernel.storage import tables
from chalicelib.payments import double_entry, rules, store
from chalicelib.payments.double_entry import Postings
from chalicelib.payments.store import DayItem, EntryItem

MOST_DAYS = 92


def post(entry: EntryItem) -> bool:
    """Write an entry unless it is written already; whether it was new."""
    try:
        tables.write(tables.Put(entry, tables.absent(EntryItem)))
    except tables.ConditionFailed:
        return False
    return True


def sum_up(day: date) -> DayItem:
    """Add up a business date's entries for the treasury's report; for schedules, not for requests."""
    sums: dict[str, Postings] = {}
    for entry in store.entries_of(day):
        channel = sums.setdefault(entry.channel, {})
        sums[entry.channel] = double_entry.totals((channel, entry.postings))
    item = DayItem(f"TREASURY#{day}", sums=sums)
    tables.write(tables.Put(item))
    return item


class ReportLine(View, frozen=True, kw_only=True):
    """What one unit's item brought on one day through one channel, refunds taken off; fen."""

    day: date
    unit: str
    item_code: str
    channel: str
    amount: int


class Report(View, frozen=True, kw_only=True):
    """The treasury's report: fees per day, unit, item and channel; what is in suspense; commissions; the total.

    ``missing`` are days whose sums are not made yet (a day's are made on the next morning).
    """

    lines: list[ReportLine]
    fees: int
    suspense: int
    commissions: int
    missing: list[date]


def check_span(first: date, last: date) -> None:
    """Raise ``span_too_long`` unless the days are in order and not too many."""
    refuse_if(not 0 <= (last - first).days < MOST_DAYS, rules.SPAN_TOO_LONG, days=MOST_DAYS)


def report(first: date, last: date) -> Report:
    """The report of some days, from the stored sums (half a read unit a day). Raises ``span_too_long``."""
    check_span(first, last)
    lines: list[ReportLine] = []
    missing: list[date] = []
    others: Postings = {}
    for past in range((last - first).days + 1):
        day = first + timedelta(days=past)
        stored = store.day_sums(day)
        if stored is None:
            missing.append(day)
            continue
        sums = stored.sums
        lines += _lines(day, sums)
        others = double_entry.totals((others, *sums.values()))
    return Report(
        lines=lines,
        fees=sum(line.amount for line in lines),
        suspense=-others.get("suspense", 0),
        commissions=sum(amount for account, amount in others.items() if account.startswith("commission:")),
        missing=missing,
    )


def _lines(day: date, sums: dict[str, Postings]) -> Iterator[ReportLine]:
    for channel, postings in sorted(sums.items()):
        for account, amount in sorted(postings.items()):
            if account.startswith("fee:"):
                _, unit, code = account.split(":", 2)
                yield ReportLine(day=day, unit=unit, item_code=code, channel=channel, amount=-amount)
