"""The indexes that a table may have: ``gsi1`` for lists, ``gsi2`` for a second name, ``gsi3`` for a third."""

from __future__ import annotations

from typing import Any

from pynamodb.attributes import UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, KeysOnlyProjection

INDEXES = ("gsi1", "gsi2", "gsi3")


class ListIndex(GlobalSecondaryIndex[Any]):  # type: ignore[no-untyped-call]
    """``gsi1``: lists, with everything that a row shows (the template says what exactly)."""

    class Meta:
        index_name = "gsi1"
        projection = AllProjection()

    gsi1pk = UnicodeAttribute(hash_key=True)
    gsi1sk = UnicodeAttribute(range_key=True)


class LookupIndex(GlobalSecondaryIndex[Any]):  # type: ignore[no-untyped-call]
    """``gsi2``: finds an item's key by another name of it."""

    class Meta:
        index_name = "gsi2"
        projection = KeysOnlyProjection()

    gsi2pk = UnicodeAttribute(hash_key=True)
    gsi2sk = UnicodeAttribute(range_key=True)


class NumberIndex(GlobalSecondaryIndex[Any]):  # type: ignore[no-untyped-call]
    """``gsi3``: finds an item by a number that somebody else gave it, where ``gsi2`` says when work is due."""

    class Meta:
        index_name = "gsi3"
        projection = KeysOnlyProjection()

    gsi3pk = UnicodeAttribute(hash_key=True)
    gsi3sk = UnicodeAttribute(range_key=True)
