"""What a feature is: declared once, in its ``__init__.py``, and read by everything that has to know all features."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Feature:
    """What a feature is.

    Its modules are only named here and loaded where they are needed, so a function that needs one feature does not
    load the others. A place in a module is written ``rules:ORDERS``, a module ``service.telling``.

    ``uses``: the features that it may import, exactly.
    ``routes``: its modules that declare endpoints.
    ``table``: its table, if that has aggregates whose changes the event log keeps.
    ``graphs``: its state machines, by the names under which the documents draw them.
    ``tells``: the kinds of subjects (``ORDER`` of ``ORDER#01K7...``) of whose events ``service.telling`` tells people.
    ``completes``: what is done once a debt is paid, by the kind of thing that the debt is for: functions of its service
    that take the thing's id.
    """

    name: str
    uses: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()
    table: str = ""
    graphs: Mapping[str, str] = field(default_factory=dict)
    tells: tuple[str, ...] = ()
    completes: Mapping[str, str] = field(default_factory=dict)

    def load(self, place: str) -> Any:
        """A module of the feature, or an object in one."""
        module, _, attribute = place.partition(":")
        loaded = importlib.import_module(f"chalicelib.{self.name}.{module}")
        return getattr(loaded, attribute) if attribute else loaded

    def modules(self) -> set[str]:
        """The full names of all modules that are named here."""
        places = [*self.routes, *self.graphs.values(), *self.completes.values()]
        if self.tells:
            places.append("service.telling")
        return {f"chalicelib.{self.name}.{place.partition(':')[0]}" for place in places}
