"""Lambda's event filters, as far as the template uses them: literals, and whether a value is there."""

from __future__ import annotations

from typing import Any


def fits(record: Any, pattern: dict[str, Any]) -> bool:
    """Whether a record has what the pattern asks of each of its keys.

    A list in a pattern names what a value may be; ``{"exists": true}`` in it means any value.
    """
    for name, wanted in pattern.items():
        value = record.get(name) if isinstance(record, dict) else None
        if isinstance(wanted, dict):
            if not fits(value, wanted):
                return False
        elif not any(_is(value, one) for one in wanted):
            return False
    return True


def _is(value: Any, wanted: Any) -> bool:
    if not isinstance(wanted, dict):
        return bool(value == wanted)
    if set(wanted) != {"exists"}:
        raise ValueError(f"the pump does not know the filter {wanted}")
    return (value is not None) is wanted["exists"]
