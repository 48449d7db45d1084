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
    load the others. A place in a module is written ``rules:ORDERS``, a module ``service.announcements``.

    ``title``: what it is about, in Chinese and English, for readers of the contract.
    ``uses``: the features that it imports, exactly, in the order of ``features.NAMES``.
    ``routes``: its modules that declare endpoints. They are loaded when a path is called that begins with ``/v1/`` and
    one of ``paths``, or that is one of ``resources``, which lie elsewhere or are declared to be ``apart``.
    ``tables``: its tables by name, and whether the event log keeps what happens to the aggregates in it.
    ``roles``: the roles of staff that it brings with it, beside those of ``kernel/access.py``.
    ``events``: its module that declares what happens to its things; empty if nothing does that the event log keeps.
    ``graphs``: its state machines, by the names under which the documents draw them.
    ``tells``: the kinds of subjects (``ORDER`` of ``ORDER#01K7...``) of whose events people are told, by its
    ``service.announcements``. An event is told if it has ``places`` too, and if the city has a template for it.
    ``completes``: what is done once a bill is settled or taken back, by ``Debt.purpose``: functions of its service that
    take the id of what the debt is for, and look themselves whether everything is settled.
    ``settings``: the dataclass of its own settings; empty if it has none.
    ``work``: what it leaves to be done later, as a ``Worker`` of its service; empty for nothing.
    """

    name: str
    title: str
    uses: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    tables: Mapping[str, bool] = field(default_factory=dict)
    roles: tuple[str, ...] = ()
    events: str = ""
    graphs: Mapping[str, str] = field(default_factory=dict)
    tells: tuple[str, ...] = ()
    completes: Mapping[str, str] = field(default_factory=dict)
    settings: str = ""
    work: str = ""

    def load(self, place: str) -> Any:
        """A module of the feature, or an object in one."""
        module, _, attribute = place.partition(":")
        loaded = importlib.import_module(f"chalicelib.{self.name}.{module}")
        return getattr(loaded, attribute) if attribute else loaded

    def modules(self) -> set[str]:
        """The full names of all modules that are named here."""
        places = [*self.routes, *self.graphs.values(), *self.completes.values()]
        if self.events:
            places.append(self.events)
        if self.settings:
            places.append(self.settings)
        if self.work:
            places.append(self.work)
        if self.tells:
            places.append("service.announcements")
        return {f"chalicelib.{self.name}.{place.partition(':')[0]}" for place in places}
