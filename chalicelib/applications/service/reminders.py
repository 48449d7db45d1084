"""Once a day a unit is told by a text message what waits in its queues (its queues are its inbox, at once)."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

from chalicelib.applications import course
from chalicelib.applications.service import cases
from chalicelib.applications.store import queues
from chalicelib.catalog import service as catalog
from chalicelib.kernel import clock, log
from chalicelib.platforms import sms

MOST_ROWS = 2000
"""So many tasks are counted; a unit with more learns that there are more."""
_BACK = (course.RETURNED, course.CORRECTED, course.RECALLED)
_PRESSED = (course.GAPS_DUE, course.URGED, course.SUPERVISED)
_NEWS = ("new", "back", "pressed", "overdue")


def tell_units() -> int:
    """Tell every unit that has a duty phone what is new, came back, is pressed for, or is overdue.

    How many were told. On days off nobody is; a unit without news is not. A repeat on the same day sends nothing twice:
    the provider knows the serial.
    """
    today = clock.today()
    if not catalog.calendar().is_working_day(today):
        return 0
    told = 0
    for unit in catalog.release().city.units:
        counts = count_tasks(unit.code) if unit.duty_phone else Counter[str]()
        if not any(counts[name] for name in _NEWS):
            continue
        told += _send(f"unit-{unit.code}-{today}", str(unit.duty_phone), words(counts))
    return told


def count_tasks(unit: str) -> Counter[str]:
    """A unit's open tasks: ``all``; of them ``new`` since the last working day, ``back``, ``pressed``, ``overdue``.

    ``pressed``: the one notice is due and the unit has said nothing, the applicant urges, or a supervisor asks.
    """
    since = _last_working_day()
    counts: Counter[str] = Counter()
    for post in cases.POSTS:
        cursor = None
        while counts["all"] < MOST_ROWS:
            page = queues.queue(unit, post, cursor, limit=100)
            for row in page.items:
                counts.update(_kinds(row, is_recent=row.opened >= since))
            cursor = page.cursor
            if cursor is None:
                break
    return counts


def _kinds(row: queues.QueueRow, *, is_recent: bool) -> list[str]:
    kinds = ["all"]
    # Not by the mark: somebody may have urged since, and the newest mark is the one that is shown.
    if row.due_on is not None and row.due_on < clock.today():
        kinds.append("overdue")
    if is_recent and row.mark == course.NEW_MARK:
        kinds.append("new")
    if row.mark in _BACK:
        kinds.append("back")
    if row.mark in _PRESSED:
        kinds.append("pressed")
    return kinds


def _last_working_day() -> date:
    day = clock.today() - timedelta(days=1)
    while not catalog.calendar().is_working_day(day):
        day -= timedelta(days=1)
    return day


def words(counts: Counter[str]) -> str:
    """What the text says; nothing in it names a person or a case."""
    more = "以上" if counts["all"] >= MOST_ROWS else ""
    return (
        f"待办 {counts['all']} 件{more}：新到 {counts['new']} 件，退回或补正后 {counts['back']} 件，"
        f"待告知或催办督办 {counts['pressed']} 件，超期 {counts['overdue']} 件，请及时办理。"
    )


def _send(serial: str, phone: str, text: str) -> bool:
    """Hand the text to the first provider that takes it."""
    signature = catalog.messages().rules.sms_signature
    for provider in sms.providers():
        outcome = sms.send(provider, serial, phone, f"【{signature}】{text}")
        if outcome.verdict in ("sent", "unheard"):
            return True
        log.write("unit_not_told", level="warning", subject=serial, reason=outcome.reason)
    return False
