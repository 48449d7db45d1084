"""What becomes of a person's messages when they close their account."""

from __future__ import annotations

from typing import Any

from chalicelib.identity import service as identity
from chalicelib.kernel.access import Actor
from chalicelib.kernel.storage import tables
from chalicelib.notices import store


def erase_message(actor: Actor, entry: dict[str, Any]) -> None:
    """Remove a message from the inbox."""
    for account_id in actor.accounts:
        found = store.message(account_id, entry["id"])
        if found is not None:
            tables.write(tables.Delete(found))


def erase_preferences(_: Actor, entry: dict[str, Any]) -> None:
    """Remove how somebody wants to be told, and what their logins have agreed to receive."""
    tables.write(tables.Delete(store.preferences(entry["id"])))
    for key in identity.closing.login_keys(entry["id"]):
        for consent in store.consents(key):
            tables.write(tables.Delete(consent))
