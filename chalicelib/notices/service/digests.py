"""The digest (汇总): one message a day for what somebody does not want to be told at once."""

from __future__ import annotations

from chalicelib.catalog import service as catalog
from chalicelib.kernel import clock
from chalicelib.kernel.storage import due, tables
from chalicelib.notices import rules, store
from chalicelib.notices.service import facts, planning
from chalicelib.notices.store import DigestItem, MessageItem

_TRIES = 4


def send(item: DigestItem) -> None:
    """Make the digest of a day out of what was collected and not read; a repeat finds it made."""
    account, number = str(item.pk).removeprefix("DIGEST#"), int(str(item.sk).replace("-", ""))
    key = store.message_key(clock.now(), str(item.pk), number, account)
    collected = store.collected_before(account, key)
    unread = [message for message in collected if not message.read_at]
    template = catalog.messages().template(facts.DIGEST_EVENT)
    writes: list[tables.Write] = [tables.changed(due.not_due(item))]
    if unread and template is not None:
        made = store.new_message(account, key)
        made.event, made.kind, made.urgent = facts.DIGEST_EVENT, template.kind, False
        made.subject, made.subject_version = str(item.pk), number
        made.happened_at = clock.now().isoformat()
        count = {"count": str(len(unread))}
        store.seal_words(made, planning.worded(template, count, count))
        planning.set_out(made, rules.PUSH)
        writes.append(tables.Put(made, tables.absent(MessageItem)))
    tables.write(*writes)
    for message in collected:
        _leave(message)


def _leave(message: MessageItem) -> None:
    """It was announced; that its reader has read it meanwhile changes nothing about that."""
    found: MessageItem | None = message
    for _ in range(_TRIES):
        if found is None or found.status != rules.COLLECTED:
            return
        found.status = rules.MESSAGES.move(found.status, "leave", "system")
        try:
            tables.write(tables.changed(found))
            return
        except tables.ConditionFailed:
            found = store.message(message.account, message.id)
