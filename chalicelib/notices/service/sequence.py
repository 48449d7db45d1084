"""The order of messages: what is said about one parcel, case or appointment arrives in the order in which it happened.

Messages of one person are sent one after the other (see ``batch.side_by_side``). So order is only lost when a message
has to wait: a platform was busy, or the night was quiet. Then the later message of the same subject waits too; and a
message that was overtaken all the same, by an urgent one, stays in the inbox and is not pushed any more.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

import msgspec

from chalicelib.kernel import clock
from chalicelib.kernel.storage import worker
from chalicelib.notices import rules, store
from chalicelib.notices.store import MessageItem

_PAUSE = timedelta(seconds=30)


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a message may be sent now, has to wait until a moment, or is too late."""

    what: Literal["now", "wait", "too_late"]
    until: datetime | None = None


_NOW = Turn(what="now")
_TOO_LATE = Turn(what="too_late")


def turn_of(item: MessageItem) -> Turn:
    """Whether it is a message's turn among those of its subject.

    One query for the subject's newest events; a read for each of their messages until the answer is known.
    """
    # Eventually consistent. Events of one subject are planned in their order, so one that is missing here is unlikely;
    # then two messages may arrive in the wrong order. Of more than ten events only the newest ten count.
    events = store.newest_events(item.subject)
    for event in events:  # the newest first
        version = event.version
        if version == item.subject_version:
            continue
        other = _message_for(event, item.account)
        if other is None:
            continue
        if version > item.subject_version:
            if other.status == rules.SENT:
                return _TOO_LATE
            if other.status == rules.SENDING:
                return Turn(what="wait", until=_after(other))  # until it is known whether it was taken
        elif _is_waited_for(other) and not item.urgent:
            return Turn(what="wait", until=_after(other))
        elif other.status in (rules.SENT, rules.DEAD):
            return _NOW  # what came before that one had its turn already
    return _NOW


def _is_waited_for(other: MessageItem) -> bool:
    """Whether later messages wait for this one: not if it has failed for about an hour, whoever's fault that is."""
    is_under_way = other.status in (rules.QUEUED, rules.SENDING)
    return is_under_way and other.attempts < worker.ALARMING_ATTEMPTS


def _message_for(event: store.EventItem, account: str) -> MessageItem | None:
    for owner, key in event.messages:
        if owner == account:
            return store.message(owner, key)
    return None


def _after(other: MessageItem) -> datetime:
    """30 seconds after the other message's next try, so that the sweep visits the other one first."""
    planned = worker.planned_at(other)
    return max(planned or clock.now(), clock.now()) + _PAUSE
