"""What must be true of the table of retention beyond its shape: every part of a person's data has one rule."""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.catalog.definition import Retention
from chalicelib.privacy.service import all_parts


def mistakes(retention: Retention) -> Iterator[tuple[str, str]]:
    """Every mistake, with its place and reason."""
    named = [rule.part for rule in retention.rules]
    for name in all_parts():
        if named.count(name) != 1:
            yield "$.rules", f"part {name} stands {named.count(name)} times, it needs one rule"
    for place, rule in enumerate(retention.rules):
        part = all_parts().get(rule.part)
        if part is None:
            yield f"$.rules[{place}].part", f"no part {rule.part}; there are {', '.join(all_parts())}"
        elif rule.years and not part.is_archived:
            yield (
                f"$.rules[{place}].years",
                f"{rule.part} stays in its place or is erased, it is never archived: years is 0",
            )
