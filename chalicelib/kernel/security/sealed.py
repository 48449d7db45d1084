"""What a client carries for us and can neither read nor change: sealed, bound to who may bring it back.

A sealed token needs no write when it is given out and no read when it comes back.
"""

from __future__ import annotations

import base64
import binascii
from typing import TypeVar

import msgspec

from chalicelib.kernel.security import vault

T = TypeVar("T", bound=msgspec.Struct)


class NotGenuine(Exception):
    """The text was not sealed here, for this purpose and this holder."""


def seal(purpose: str, holder: str, content: msgspec.Struct) -> str:
    """The content as URL-safe text that only ``open_sealed`` with the same purpose and holder reads."""
    sealed = vault.seal(msgspec.msgpack.encode(content), "sealed", holder, purpose)
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def open_sealed(purpose: str, holder: str, text: str, shape: type[T]) -> T:
    """The content of a sealed text; raises ``NotGenuine``."""
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        return msgspec.msgpack.decode(vault.unseal(data, "sealed", holder, purpose), type=shape)
    except (vault.Tampered, binascii.Error, ValueError, msgspec.MsgspecError):
        raise NotGenuine from None
