"""The digest (汇总): one message a day for what somebody does not want to be told at once."""

from __future__ import annotations

from contextlib import suppress

from chalicelib.catalog import service as catalog
from chalicelib.kernel import clock, errors
from chalicelib.kernel.storage import optimistic, tables, worker
from chalicelib.notices import rules, store
from chalicelib.notices.service import messages, sources
from chalicelib.notices.store import DigestItem, MessageItem


def send(item: DigestItem) -> None:
    """Make the digest of a day out of what was collected and not read; a repeat finds it made."""
    account = item.pk.removeprefix("DIGEST#")
    number = int(item.sk.replace("-", ""))
    key = store.message_key(clock.now(), item.pk, number, account)
    collected = store.collected_before(account, key)
    unread = [message for message in collected if not message.read_at]
    template = catalog.messages().template(sources.DIGEST_EVENT)
    writes: list[tables.Write] = [tables.replace(worker.unschedule(item))]
    if unread and template is not None:
        made = store.new_message(account, key)
        made.event = sources.DIGEST_EVENT
        made.kind = template.kind
        made.urgent = False
        made.subject = item.pk
        made.subject_version = number
        made.happened_at = clock.now()
        count = {"count": str(len(unread))}
        store.seal_words(made, messages.worded(template, count, count))
        messages.set_out(made, rules.PUSH)
        writes.append(tables.Put(made, tables.absent(MessageItem)))
    tables.write(*writes)
    for message in collected:
        _leave(message)


def _leave(message: MessageItem) -> None:
    """It was announced; that its reader has read it meanwhile changes nothing about that."""

    def attempt() -> None:
        found = store.message(message.account, message.id)
        if found is not None and found.status == rules.COLLECTED:
            rules.MESSAGES.move(found, "leave", "system")
            tables.write(tables.replace(found))

    with suppress(errors.Problem):  # the others are left all the same
        optimistic.repeat(attempt)
