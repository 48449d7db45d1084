"""What people hear about their accounts: whatever a thief would not want them to know."""

from __future__ import annotations

from chalicelib.identity import events, store
from chalicelib.identity.service.enterprises import account_of_person
from chalicelib.kernel.events import announcements, readings
from chalicelib.kernel.events.announcements import Announcement
from chalicelib.kernel.events.changes import Change


def tell(key: str, change: Change) -> Announcement | None:
    """Whom a change of an account or a mandate concerns: whose account it is, and who is to act by the mandate."""
    if change.type == readings.READ_WITHOUT_CASE.name:
        party = str(change.data.get("party", ""))
        return Announcement(party=party, handler="", values={"at": announcements.moment(change.at)}) if party else None
    organization_id, _, holder_index = key.partition("/MANDATE#")
    if holder_index:
        return _about_mandate(organization_id, holder_index, change)
    account = store.account(key, consistent=True)
    if account is None:
        return None
    values = {
        "at": announcements.moment(change.at),
        "how": events.how_words(str(change.data.get("method", ""))),
    }
    return Announcement(party=account.id, handler="", values=values)


def _about_mandate(organization_id: str, holder_index: str, change: Change) -> Announcement | None:
    mandate = store.enterprises.mandate(organization_id, holder_index, consistent=True)
    holder = account_of_person(holder_index)
    if mandate is None or not holder:
        return None
    values = {
        "at": announcements.moment(change.at),
        "enterprise": announcements.same(mandate.organization_name),
    }
    return Announcement(party=holder, handler="", values=values)
