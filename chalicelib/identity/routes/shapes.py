"""What several of the endpoints of identity take."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

Name = Annotated[str, Meta(min_length=1, max_length=100)]
Number = Annotated[str, Meta(min_length=15, max_length=24)]


class RealName(msgspec.Struct, forbid_unknown_fields=True):
    """Name and resident's ID number."""

    name: Name
    id_number: Number
