"""Kinds of events: each is declared once, in the ``events.py`` of the feature in which it happens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import ModuleType

Words = tuple[str, str]
"""A text in Chinese and in English."""


@dataclass(frozen=True)
class EventType:
    """A kind of event.

    Who raises it: the edge in ``rules.py`` that names it, by a ``move`` with that edge's action; or, where no state
    changes, an ``Event(events.X, ...)``.

    ``name``: how the event log keeps it; the same in capitals is the constant that holds it. ``zh``, ``en``: what has
    happened, in words for people. ``places``: what a message about it may mention, with a sample of each; empty if
    people are told nothing of it. ``internal``: it is the officers' own business, and stands in no citizen's timeline.
    """

    name: str
    zh: str
    en: str
    places: Mapping[str, Words] = field(default_factory=dict, compare=False)
    internal: bool = False


def declared_in(module: ModuleType) -> dict[str, EventType]:
    """The kinds of events that a module declares, by their names in the event log."""
    found = {}
    for value in vars(module).values():
        if isinstance(value, EventType):
            found[value.name] = value
    return found


NOT_KEPT = EventType("not_kept", zh="不留痕", en="Not kept")
"""For moves of items without a history, or that are stored together with another event: the event log refuses it."""
