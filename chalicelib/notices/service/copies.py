"""What this feature has of a person, in clear, for the person's own copy."""

from __future__ import annotations

from chalicelib.identity import service as identity
from chalicelib.kernel import clock
from chalicelib.kernel.access import Actor
from chalicelib.kernel.storage.tables import Page
from chalicelib.notices import store


def messages(actor: Actor, cursor: str | None) -> Page:
    """The person's messages as they were sent."""
    page = store.inbox(actor.accounts, cursor)
    entries = []
    for item in page.items:
        words = store.words_of(item)
        entry = {
            "id": item.id,
            "event": item.event,
            "at": clock.local(item.happened_at),
            "title": words.title.zh,
            "text": words.body.zh,
            "read_at": clock.local_or_none(item.read_at),
        }
        entries.append(entry)
    return Page(entries, page.cursor)


def preferences(actor: Actor, _: str | None) -> Page:
    """How the person wants to be told: an entry for each account, with the templates that its logins agreed to."""
    entries = []
    for account_id in actor.accounts:
        item = store.preferences(account_id)
        agreed = []
        for login in identity.contact(account_id).logins:
            agreed += [consent.sk for consent in store.consents(login.key)]
        entry = {
            "id": account_id,
            "kinds": item.kinds,
            "language": item.language,
            "large_text": item.large_text,
            "sms": item.sms,
            "at_night": item.at_night,
            "templates": agreed,
        }
        entries.append(entry)
    return Page(entries, None)
