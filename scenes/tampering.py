"""Writes past everything that the product's own writes keep: what tests do to see that it is noticed."""

from __future__ import annotations

from pynamodb.models import Model


def overwrite(item: Model) -> None:
    """Store an item as it is, whatever is stored, and without an event."""
    Model.save(item)


def remove(item: Model) -> None:
    """Remove an item without an event."""
    Model.delete(item)
