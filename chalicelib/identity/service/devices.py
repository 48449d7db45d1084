"""The devices on which somebody has logged in: the person is told of a new one."""

from __future__ import annotations

from chalicelib.identity import events, store
from chalicelib.identity.store import AccountItem
from chalicelib.kernel import errors, ids
from chalicelib.kernel.access import Actor
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.storage import optimistic, tables

MOST_DEVICES = 10


def note_device(account: AccountItem, platform: str, device: str | None) -> int:
    """Remember a device of an account, and tell the person of a new one; returns the account's token version.

    The first device of a mini-program is no news, nobody had the account before. A browser always is, unless it says
    which it is: whoever logs in to it may be a thief. One write for a new device, none for one that is known.
    """
    is_browser = platform == "browser"
    if device is None and not is_browser:
        return account.token_version
    mark = mark_of(device) if device else ""
    if mark and mark in account.devices:
        return account.token_version
    kind = events.DEVICE_NEW if account.devices or is_browser else events.DEVICE_NOTED

    def attempt() -> int:
        found = store.account(account.id, consistent=True)
        assert found is not None
        # The sessions were ended, or the account closed, since the login was looked up: this one must not live on.
        if found.token_version != account.token_version or found.closed_at is not None:
            raise errors.UNAVAILABLE(retry_after=1)
        if mark:
            found.devices = [mark, *(other for other in found.devices if other != mark)][:MOST_DEVICES]
        actor = Actor(kind="person", id=found.id)
        tables.write(changes.record(found, Event(kind, actor, data={"platform": platform})))
        return found.token_version

    return optimistic.repeat(attempt)


def mark_of(device: str) -> str:
    """How a device is remembered: not by its number itself."""
    return ids.fingerprint(device)[:16]
