"""Stored logins of browsers: scans that wait for a mini-program, codes sent to phones, and whose a phone is."""

from __future__ import annotations

from pynamodb.attributes import BooleanAttribute, UnicodeAttribute

from chalicelib.identity.store.mandates import TABLE
from chalicelib.kernel import clock
from chalicelib.kernel.storage import tables
from chalicelib.kernel.storage.attributes import Integer
from chalicelib.kernel.storage.tables import read

PHONE_TEXT_SECONDS = 400 * 86400


class ScanItem(tables.Table):
    """A browser that waits for somebody to confirm its login: found by the hash of the code in its QR.

    ``secret``: the hash of what only this browser has; ``number``: the two digits that it shows; ``about``: what the
    person is told of the browser. ``account_id``, ``login_key`` and ``token_version``: of whoever confirmed;
    ``proven``: whether that person had just proven who they are.
    """

    class Meta:
        table_name = TABLE

    secret = UnicodeAttribute()
    number = UnicodeAttribute()
    about = UnicodeAttribute()
    status = UnicodeAttribute(default="")
    misses = Integer(default=0)
    account_id = UnicodeAttribute(default="")
    login_key = UnicodeAttribute(default="")
    proven = BooleanAttribute(default=False)
    token_version = Integer(default=0)
    expires_at = Integer()


class TextCodeItem(tables.Table):
    """The code that was sent to a phone last, hashed; ``misses``: wrong guesses."""

    class Meta:
        table_name = TABLE

    code = UnicodeAttribute()
    misses = Integer(default=0)
    expires_at = Integer()


class PhoneTextItem(tables.Table):
    """Which account has shown a text of Alipay about a phone number; kept for as long as logins live without use."""

    class Meta:
        table_name = TABLE

    account_id = UnicodeAttribute()
    expires_at = Integer()


class PhoneItem(tables.Table):
    """Whose a phone number is: the account to which it was bound last."""

    class Meta:
        table_name = TABLE

    account_id = UnicodeAttribute()


def scanned(code_hash: str) -> ScanItem | None:
    return read(ScanItem, f"SCAN#{code_hash}", consistent=True)


def new_scan(code_hash: str) -> ScanItem:
    return ScanItem(f"SCAN#{code_hash}")


def text_code(phone_index: str) -> TextCodeItem | None:
    return read(TextCodeItem, f"TEXTCODE#{phone_index}", consistent=True)


def text_code_write(phone_index: str, code: str, expires_at: int) -> tables.Put:
    """The write of a new code, which takes the place of one before it."""
    return tables.Put(TextCodeItem(f"TEXTCODE#{phone_index}", code=code, misses=0, expires_at=expires_at))


def new_phone_text(text_hash: str, account_id: str) -> PhoneTextItem:
    expires_at = clock.seconds(clock.now()) + PHONE_TEXT_SECONDS
    return PhoneTextItem(f"PHONETEXT#{text_hash}", account_id=account_id, expires_at=expires_at)


def phone(phone_index: str) -> PhoneItem | None:
    return read(PhoneItem, f"PHONE#{phone_index}", consistent=True)


def phone_write(phone_index: str, account_id: str) -> tables.Put:
    """The write that makes a phone number lead to an account, whomever it led to before."""
    return tables.Put(PhoneItem(f"PHONE#{phone_index}", account_id=account_id))
