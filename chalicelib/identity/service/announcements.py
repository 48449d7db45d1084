"""What people hear about their accounts: whatever a thief would not want them to know."""

from __future__ import annotations

from chalicelib.identity import events, store
from chalicelib.kernel.events import announcements
from chalicelib.kernel.events.announcements import Announcement
from chalicelib.kernel.events.changes import Change


def tell(key: str, change: Change) -> Announcement | None:
    """Whom a change of an account concerns: the account itself."""
    account = store.account(key, consistent=True)
    if account is None:
        return None
    values = {
        "at": announcements.moment(change.at),
        "how": events.how_words(str(change.data.get("method", ""))),
    }
    return Announcement(party=account.id, handler="", values=values)
