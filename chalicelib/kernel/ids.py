"""Identifiers: opaque sortable ids inside, short checked numbers for people."""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, datetime

from chalicelib.kernel import clock
from chalicelib.kernel.numbers import check_character

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def base32(number: int, length: int) -> str:
    """``number`` in Crockford's base 32, padded with zeros to ``length`` characters."""
    digits = ""
    for _ in range(length):
        number, rest = divmod(number, 32)
        digits = CROCKFORD[rest] + digits
    return digits


def new_id() -> str:
    """A ULID: 26 characters that sort by time of making and cannot be guessed (80 random bits)."""
    milliseconds = int(clock.now().timestamp() * 1000)
    return base32(milliseconds, 10) + base32(secrets.randbits(80), 16)


def made_at(new_id: str) -> datetime:
    """The moment at which a ULID was made, to the millisecond."""
    milliseconds = 0
    for character in new_id[:10]:
        milliseconds = milliseconds * 32 + CROCKFORD.index(character)
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def derived_id(*parts: str) -> str:
    """An id that the same parts always give: makes a repeated creating request find its first result."""
    digest = hashlib.sha256("\0".join(parts).encode()).digest()
    return base32(int.from_bytes(digest[:16]), 26)


def fingerprint(secret: str) -> str:
    """What is kept of a random secret, to know it again (SHA-256).

    Not for what can be guessed, as numbers of documents and phones: that is ``vault.blind_index``'s.
    """
    return hashlib.sha256(secret.encode()).hexdigest()


def partition(text: str, count: int) -> int:
    """Which of ``count`` partitions a text falls into: always the same one, all of them alike often."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:2]) % count


def readable(body: str) -> str:
    """``body`` with its check character, in groups of four: ``K7M2-9QXA-4TB3``."""
    return grouped(body + check_character(body))


def new_receipt_number() -> str:
    """A receipt number (受理号) that people read aloud: 11 random characters and a check character."""
    return readable(base32(secrets.randbits(55), 11))


def checked_id(*parts: str) -> str:
    """An id that the same parts always give and people can read aloud: 11 characters and a check character."""
    digest = hashlib.sha256("\0".join(parts).encode()).digest()
    body = base32(int.from_bytes(digest[:7]) >> 1, 11)
    return body + check_character(body)


def grouped(text: str) -> str:
    """A number in groups of four: ``K7M2-9QXA-4TB3``."""
    return "-".join(text[at : at + 4] for at in range(0, len(text), 4))


def normalized(text: str) -> str:
    """A number as people type it, without separators and with the letters that Crockford reads alike."""
    compact = "".join(character for character in text.upper() if character.isalnum())
    return compact[:-1].translate(str.maketrans("OIL", "011")) + compact[-1:]
