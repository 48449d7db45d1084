"""What people hear about their accounts: whatever a thief would not want them to know."""

from __future__ import annotations

from chalicelib.identity import events, mandate_rules, store
from chalicelib.identity.service import mandates
from chalicelib.identity.service.enterprises import account_of_person
from chalicelib.identity.store.mandates import ORGANIZATION, PERSON, MandateItem
from chalicelib.kernel.events import announcements, readings
from chalicelib.kernel.events.announcements import Announcement
from chalicelib.kernel.events.changes import Change


def tell(key: str, change: Change) -> Announcement | None:
    """Whom a change of an account or a mandate concerns: whose account it is, and who is to act by the mandate."""
    if change.type == readings.READ_WITHOUT_CASE.name:
        party = str(change.data.get("party", ""))
        return Announcement(party=party, handler="", values={"at": announcements.moment(change.at)}) if party else None
    principal_id, _, holder_index = key.partition("/MANDATE#")
    if holder_index:
        return _about_mandate(principal_id, holder_index, change)
    account = store.account(key, consistent=True)
    if account is None:
        return None
    values = {
        "at": announcements.moment(change.at),
        "how": events.how_words(str(change.data.get("method", ""))),
        "platform": events.platform_words(str(change.data.get("platform", ""))),
    }
    return Announcement(party=account.id, handler="", values=values)


def _about_mandate(principal_id: str, holder_index: str, change: Change) -> Announcement | None:
    """The one of the two hears of it who did not do it; of a guardian the ward, who may not know."""
    mandate = _mandate(principal_id, holder_index)
    if mandate is None:
        return None
    values = {
        "at": announcements.moment(change.at),
        "principal": announcements.same(mandates.principal_name(mandate)),
    }
    # Whom a register, a licence or a clerk let act: the ward or the enterprise may know nothing of it.
    is_without_their_deed = (
        change.type == events.MANDATE_ASSUMED.name and mandate.role != mandate_rules.LEGAL_REPRESENTATIVE
    )
    is_answer = change.type in (events.MANDATE_ACCEPTED.name, events.MANDATE_DECLINED.name)
    if is_without_their_deed or is_answer:
        return Announcement(party=principal_id, handler="", values=values)
    holder = account_of_person(holder_index)
    return Announcement(party=holder, handler="", values=values) if holder else None


def _mandate(principal_id: str, holder_index: str) -> MandateItem | None:
    for kind in (ORGANIZATION, PERSON):
        found = store.mandates.mandate(kind, principal_id, holder_index, consistent=True)
        if found is not None:
            return found
    return None
