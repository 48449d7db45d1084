"""The inbox (消息中心): what its owner reads, marks and wants."""

from __future__ import annotations

from chalicelib.catalog import service as catalog
from chalicelib.catalog.definition import MessageTemplate
from chalicelib.kernel import clock, errors
from chalicelib.kernel.access import Actor
from chalicelib.kernel.errors import refuse_if
from chalicelib.kernel.storage import optimistic, tables
from chalicelib.notices import rules, store
from chalicelib.notices.store import MessageItem, PreferenceItem

MOST_UNREAD = 99


def unread_count(actor: Actor) -> int:
    """How many messages are unread; 100 stands for all numbers above 99."""
    count = 0
    for account in actor.accounts:
        count += len(store.unread(account, MOST_UNREAD + 1 - count))
        if count > MOST_UNREAD:
            break
    return count


def mark_read(actor: Actor, wanted: list[str]) -> int:
    """Mark messages as read, the newest hundred unread ones without names; how many were unread."""
    marked = 0
    for account in actor.accounts:
        for key in wanted or store.unread(account, MOST_UNREAD + 1):
            marked += _mark(account, key)
    return marked


def _mark(account: str, key: str) -> bool:
    def attempt() -> bool:
        item = store.message(account, key)
        if item is None or item.read_at:
            return False
        item.read_at = clock.now()
        item.gsi1pk = None
        item.gsi1sk = None
        tables.write(tables.replace(item))
        return True

    try:
        return optimistic.repeat(attempt)
    except errors.Problem as problem:
        if problem.error is not errors.CONFLICT:
            raise
        return False  # the others are marked all the same; this one stays unread


def preferences(actor: Actor) -> PreferenceItem:
    return store.preferences(actor.id)


def prefer(
    actor: Actor, kinds: dict[str, str], *, language: str, large_text: bool, sms: bool, at_night: bool
) -> PreferenceItem:
    """Say how one wants to be told; raises ``changed_meanwhile``."""

    def attempt() -> PreferenceItem:
        item = store.preferences(actor.id)
        item.kinds = kinds
        item.language = language
        item.large_text = large_text
        item.sms = sms
        item.at_night = at_night
        tables.write(tables.replace(item))
        return item

    return optimistic.repeat(attempt)


def asked_for(platform: str) -> list[MessageTemplate]:
    """The templates for which the mini-program asks the person's consent on a platform; none in a browser."""
    if platform not in ("wechat", "alipay"):
        return []
    return [one for one in catalog.messages().templates if getattr(one, platform) is not None]


def take_consents(platform: str, login_key: str, results: dict[str, str]) -> None:
    """Count what a login answered to its platform's question, by template; raises ``template_unknown``.

    ``accept`` is good for one more message, or for any number by a long-term template. ``filter`` changes nothing:
    the platform did not ask. Any other answer takes all consents back.
    """
    known = {}
    for one in asked_for(platform):
        template = getattr(one, platform)
        known[template.id] = template
    refuse_if(set(results) - set(known), rules.TEMPLATE_UNKNOWN)
    for template_id, answer in results.items():
        _take(login_key, template_id, answer, long_term=known[template_id].long_term)


def _take(login_key: str, template_id: str, answer: str, *, long_term: bool) -> None:
    def attempt() -> None:
        item = store.consent(login_key, template_id) or store.new_consent(login_key, template_id)
        if answer == "accept":
            if not long_term:
                item.left = item.left + 1
            item.long_term = long_term
        elif answer != "filter":
            item.left = 0
            item.long_term = False
        tables.write(tables.replace(item))

    optimistic.repeat(attempt)


def own(actor: Actor, key: str) -> MessageItem | None:
    """One of the caller's messages."""
    found = (store.message(account, key) for account in actor.accounts)
    return next((item for item in found if item is not None), None)
