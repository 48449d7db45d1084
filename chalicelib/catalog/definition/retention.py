"""How long what names a person is kept after the person has closed the account (档案保管期限)."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from chalicelib.catalog.definition.words import Strict, Text


class RetentionRule(Strict, frozen=True, kw_only=True):
    """What becomes of one part of a person's data: ``years`` in the sealed archive (0: erased at once), and why.

    ``part``: as in a copy of one's own data; ``name``: the part in words; ``basis``: the law or the archive's schedule.
    """

    part: Annotated[str, Meta(pattern=r"^[a-z_]{2,40}$")]
    name: Text
    years: Annotated[int, Meta(ge=0, le=100)]
    basis: Text


class Retention(Strict, frozen=True):
    """``retention.json`` of the city: one rule for each part of a person's data."""

    rules: list[RetentionRule]

    def rule(self, part: str) -> RetentionRule | None:
        return next(filter(lambda one: one.part == part, self.rules), None)
