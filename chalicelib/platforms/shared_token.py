"""An access token that all processes share: kept sealed in the database, renewed by whoever holds the lease.

WeChat counts how often a token is fetched, and a thousand processes that start together need one, not a thousand.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable

from pynamodb.attributes import BinaryAttribute, UnicodeAttribute

from chalicelib.kernel import clock, errors
from chalicelib.kernel.security import vault
from chalicelib.kernel.storage import tables
from chalicelib.kernel.storage.attributes import Integer

_EARLY_SECONDS = 60
_LEASE_SECONDS = 10
_WAITS = 20
_WAIT_SECONDS = 0.15
_lock = threading.Lock()
_known: dict[str, tuple[int, str]] = {}
Fetch = Callable[[], tuple[str, int]]


class TokenItem(tables.Table):
    """The token, until when it is good, and who is fetching the next one until when (epoch seconds)."""

    class Meta:
        table_name = "kernel"

    token = BinaryAttribute(legacy_encoding=False, null=True)
    good_until = Integer(default=0)
    lease = UnicodeAttribute(null=True)
    leased_until = Integer(default=0)


def get(name: str, fetch: Fetch, refused: str = "") -> str:
    """The token called ``name``; ``fetch`` gives a new one and its life in seconds, ``refused`` is one that no longer
    works. Raises what ``fetch`` raises, or ``temporarily_unavailable``.
    """
    with _lock:
        known = _known.get(name)
        if known and known[1] != refused and clock.seconds(clock.now()) < known[0]:
            return known[1]
        for _ in range(_WAITS):
            item = tables.read(TokenItem, _key(name), consistent=True) or TokenItem(_key(name))
            token = _token(item)
            if token and token != refused and clock.seconds(clock.now()) < item.good_until:
                _known[name] = (item.good_until, token)
                return token
            if _lease(item):
                return _renew(name, item, fetch)
            time.sleep(_WAIT_SECONDS)
    raise errors.UNAVAILABLE(retry_after=1)


def forget() -> None:
    """Ask the database at the next use, as a new process does."""
    _known.clear()


def _key(name: str) -> str:
    return f"TOKEN#{name}"


def _token(item: TokenItem) -> str:
    return vault.unseal(item.token, "kernel", item.pk, "token").decode() if item.token else ""


def _lease(item: TokenItem) -> bool:
    """Whether this process is the one to fetch the next token."""
    now = clock.seconds(clock.now())
    before = item.lease
    if item.leased_until > now:
        return False
    item.lease = secrets.token_hex(8)
    item.leased_until = now + _LEASE_SECONDS
    free = TokenItem.lease == before if before else tables.absent(TokenItem) | TokenItem.lease.does_not_exist()
    try:
        tables.write(tables.Put(item, free))
    except tables.ConditionFailed:
        return False
    return True


def _renew(name: str, item: TokenItem, fetch: Fetch) -> str:
    """Fetch a token and share it; a failure gives the lease back at once."""
    ours = TokenItem.lease == item.lease
    try:
        token, life = fetch()
    except Exception:
        item.leased_until = 0
        tables.write(tables.Put(item, ours))
        raise
    item.token = vault.seal(token.encode(), "kernel", item.pk, "token")
    item.good_until = clock.seconds(clock.now()) + life - _EARLY_SECONDS
    item.leased_until = 0
    try:
        tables.write(tables.Put(item, ours))
    except tables.ConditionFailed:
        return token
    _known[name] = (item.good_until, token)
    return token
