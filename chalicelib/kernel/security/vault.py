"""Personal data: encrypted per field at rest, found by blind index, masked on output.

A sealed value is ``version(1) | data key id(4) | nonce(12) | ciphertext and tag``, AES-256-GCM, bound
to table, key and attribute, so that a value moved elsewhere does not open. Data keys are made monthly
and stored wrapped by KMS; the index key likewise, once. So are the keys that sign access tokens (``edge/tokens``).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
import unicodedata

from botocore.exceptions import BotoCoreError, ClientError
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pynamodb.attributes import BinaryAttribute

from chalicelib.kernel import aws, clock, errors
from chalicelib.kernel.settings import settings
from chalicelib.kernel.storage import tables
from chalicelib.kernel.storage.attributes import Integer

_CACHED_SECONDS = 3600
_RETRY_AFTER_SECONDS = 60
_INDEX_KEY = "index"
_lock = threading.RLock()
_unwrapped: dict[str, tuple[float, bytes]] = {}


class KernelItem(tables.Table):
    """Wrapped data keys, and counters that disappear after some days."""

    class Meta:
        table_name = "kernel"

    wrapped = BinaryAttribute(legacy_encoding=False, null=True)
    times = Integer(null=True)
    expires_at = Integer(null=True)


class Tampered(Exception):
    """A sealed value was altered, or moved from the place that it belongs to."""


def seal(plain: bytes, table: str, pk: str, attribute: str) -> bytes:
    """Encrypt ``plain`` for one attribute of one item."""
    month = clock.now().strftime("%Y%m")
    nonce = secrets.token_bytes(12)
    sealed = AESGCM(_key(month)).encrypt(nonce, plain, _bound_to(table, pk, attribute))
    return b"\x01" + int(month).to_bytes(4) + nonce + sealed


def unseal(sealed: bytes, table: str, pk: str, attribute: str) -> bytes:
    """Decrypt a value sealed for this place; raises ``Tampered`` when it is not genuine here."""
    if len(sealed) < 33 or sealed[0] != 1:
        raise Tampered
    month = str(int.from_bytes(sealed[1:5]))
    try:
        return AESGCM(_key(month)).decrypt(sealed[5:17], sealed[17:], _bound_to(table, pk, attribute))
    except InvalidTag as error:
        raise Tampered from error


def blind_index(attribute: str, value: str) -> str:
    """32 hex digits under which ``value`` is found without being readable; separate for each attribute."""
    normal = unicodedata.normalize("NFKC", value).strip().upper()
    return hmac.new(_key(_INDEX_KEY), f"{attribute}\0{normal}".encode(), hashlib.sha256).hexdigest()[:32]


def _bound_to(table: str, pk: str, attribute: str) -> bytes:
    return f"{table}|{pk}|{attribute}|1".encode()


def _key(name: str) -> bytes:
    return unwrapped_key(name, settings().data_key)


def unwrapped_key(name: str, wrapped_by: str, size: int = 32) -> bytes:
    """``size`` secret random bytes that are stored wrapped by the KMS key or alias ``wrapped_by``.

    Whoever needs them first makes them. They are unwrapped again every hour. While KMS or the table does not answer,
    the last ones are used and asked for again every minute: only a process that never had them fails.
    """
    # The lock is held while KMS is asked: of many threads one asks, and the others wait for the same answer.
    with _lock:
        until, known = _unwrapped.get(name, (0.0, None))
        if known is not None and time.monotonic() < until:
            return known
        try:
            found = _load_or_make(name, wrapped_by, size)
        except (errors.Problem, BotoCoreError, ClientError) as error:
            # KMS is away for a moment: what was unwrapped before is still right, and all requests need it.
            if known is None or not _passes(error):
                raise
            _unwrapped[name] = (time.monotonic() + _RETRY_AFTER_SECONDS, known)
            return known
        _unwrapped[name] = (time.monotonic() + _CACHED_SECONDS, found)
        return found


def _passes(error: Exception) -> bool:
    is_problem = isinstance(error, errors.Problem)
    return is_problem or aws.is_passing(error)


def _load_or_make(name: str, wrapped_by: str, size: int) -> bytes:
    kms = aws.client("kms")
    context = {"banshi": name}
    pk = f"DATAKEY#{name}"
    stored = tables.read(KernelItem, pk, consistent=True)
    if stored is None:
        made = kms.generate_data_key(KeyId=wrapped_by, NumberOfBytes=size, EncryptionContext=context)
        item = KernelItem(pk, wrapped=made["CiphertextBlob"])
        try:
            tables.write(tables.Put(item, tables.absent(KernelItem)))
            return bytes(made["Plaintext"])
        except tables.ConditionFailed:
            stored = tables.read(KernelItem, pk, consistent=True)
    assert stored is not None and stored.wrapped is not None
    # The key is named, so that nobody who can write the item can have something else unwrapped in its place.
    opened = kms.decrypt(KeyId=wrapped_by, CiphertextBlob=stored.wrapped, EncryptionContext=context)
    return bytes(opened["Plaintext"])


def mask_name(name: str) -> str:
    """The family name stays: ``张*``, ``欧阳**``."""
    keep = 2 if len(name) > 3 else 1
    return name[:keep] + "*" * max(1, len(name) - keep)


def mask_id_number(number: str) -> str:
    """First three and last four stay: ``320***********0024``."""
    return number[:3] + "*" * (len(number) - 7) + number[-4:]


def mask_account(number: str) -> str:
    """The last four digits of a bank account stay: ``***********1234``."""
    return "*" * max(4, len(number) - 4) + number[-4:]


def mask_phone(phone: str) -> str:
    """``138****1234``."""
    return phone[:3] + "*" * max(0, len(phone) - 7) + phone[-4:]
