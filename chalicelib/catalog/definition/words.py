"""The shapes that all definitions share."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

Code = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{2,39}$")]


class Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base: a misspelt field is a mistake, not an extra."""


class Text(Strict, frozen=True):
    """Words in both languages."""

    zh: Annotated[str, Meta(min_length=1)]
    en: Annotated[str, Meta(min_length=1)]
