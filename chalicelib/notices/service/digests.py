"""The digest (汇总): one message a day for what somebody does not want to be told at once."""

from __future__ import annotations

from chalicelib.catalog import service as catalog
from chalicelib.kernel import clock, due, tables
from chalicelib.notices import rules, store
from chalicelib.notices.service import facts, planning
from chalicelib.notices.store import DigestItem, MessageItem


def send(account: str, day: str) -> None:
    """Make the digest of a day out of what was collected; a repeat finds it made."""
    item = tables.read(DigestItem, f"DIGEST#{account}", day, consistent=True)
    if item is None or not due.is_due(item) or str(item.gsi2sk) > due.utc(clock.now()):
        return
    key = store.message_key(clock.now(), f"DIGEST#{account}", _number(day), account)
    collected = store.collected_before(account, key)
    template = catalog.messages().template(facts.DIGEST_EVENT)
    if collected and template is not None:
        made = store.new_message(account, key)
        made.event, made.kind, made.urgent = facts.DIGEST_EVENT, template.kind, False
        made.subject, made.subject_version = f"DIGEST#{account}", _number(day)
        made.happened_at = clock.now().isoformat()
        count = {"count": str(len(collected))}
        store.seal_words(made, planning.worded(template, count, count))
        planning.set_out(made, rules.PUSH)
        due.not_due(item)
        tables.write(tables.Put(made, tables.absent(MessageItem)), tables.changed(item))
    else:
        due.not_due(item)
        tables.write(tables.changed(item))
    for message in collected:
        _leave(message)


def _leave(message: MessageItem) -> None:
    message.status = rules.MESSAGES.move(message.status, "leave", "system")
    try:
        tables.write(tables.changed(message))
    except tables.ConditionFailed:
        return


def _number(day: str) -> int:
    return int(day.replace("-", ""))
