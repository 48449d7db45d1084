"""The operators' desk: how messages went, dead letters and their replay."""

from __future__ import annotations

from datetime import date

from chalicelib.catalog import service as catalog
from chalicelib.kernel import clock
from chalicelib.kernel.edge.shapes import View
from chalicelib.kernel.events import history
from chalicelib.kernel.security.vault import KernelItem
from chalicelib.kernel.storage import tables, worker
from chalicelib.notices import rules, store
from chalicelib.notices.service import messages
from chalicelib.notices.store import LetterItem, MessageItem


class ChannelDay(View, frozen=True, kw_only=True):
    """A channel's day: tries, how many failed, how many were handed over later than ten seconds after their event,
    and what it cost (fen)."""

    channel: str
    tried: int
    failed: int
    late: int
    cost: int


def of_day(day: date) -> list[ChannelDay]:
    """The day of each channel (half a read unit for each count)."""
    price = catalog.messages().rules.sms_price
    found = []
    for channel in (*rules.PLATFORMS, rules.SMS):
        counts = {what: _count(day, channel, what) for what in ("tried", "failed", "late", "parts")}
        found.append(
            ChannelDay(
                channel=channel,
                tried=counts["tried"],
                failed=counts["failed"],
                late=counts["late"],
                cost=counts["parts"] * price,
            )
        )
    return found


def _count(day: date, channel: str, what: str) -> int:
    item = tables.read(KernelItem, store.counter(day, channel, what))
    return int(item.times or 0) if item else 0


def messages_of(subject: str, cursor: str | None) -> tuple[list[tuple[int, str, list[MessageItem]]], str | None]:
    """The messages of each event of a subject: version, event, messages."""
    page = store.events(subject, cursor)
    rows = []
    for item in page.items:
        found = [message for account, key in item.messages if (message := store.message(account, key))]
        rows.append((item.version, item.type, found))
    return rows, page.cursor


def replay(letter: LetterItem) -> None:
    """Try again: plan the event anew, or send the message anew; the letter goes with it.

    A platform that may have sent the message already is not tried again. Raises ``letter_still_dead``.
    """
    if letter.message:
        _replay_message(letter)
    else:
        _replay_event(letter.subject, letter.subject_version)
        tables.write(tables.Delete(letter))


def _replay_message(letter: LetterItem) -> None:
    account, _, key = letter.message.rpartition("/")
    item = store.message(account, key)
    if item is None or item.status != rules.DEAD:
        tables.write(tables.Delete(letter))
        return
    rules.MESSAGES.move(item, "replay", "system_administrator")
    item.tried = [made for made in item.tried if made.unheard or made.verdict == "unheard"]
    item.attempts = 0
    item.happened_at = clock.now()
    worker.wake(item)
    tables.write_or_conflict(tables.replace(item), tables.Delete(letter))


def _replay_event(subject: str, version: int) -> None:
    change = next(filter(lambda one: one.version == version, history.entries(subject, None, limit=1000)[0]), None)
    if change is None:
        raise rules.STILL_DEAD(reason="not in the event log")
    try:
        messages.plan(subject, change)
    except Exception as error:
        if messages.passes(error):
            raise
        raise rules.STILL_DEAD(reason=type(error).__name__) from error
