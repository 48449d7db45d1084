"""The features, from the ground up: each may only use those above it in the list. What each is, it says itself."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from typing import Any

from chalicelib.kernel.feature import Feature
from chalicelib.kernel.graph import Graph

NAMES = (
    "identity",
    "catalog",
    "certificates",
    "payments",
    "delivery",
    "applications",
    "appointments",
    "queueing",
    "notices",
)


@functools.cache
def all_features() -> tuple[Feature, ...]:
    """What every feature says of itself, in the order of ``NAMES``."""
    found = []
    for name in NAMES:
        feature: Feature = importlib.import_module(f"chalicelib.{name}").FEATURE
        found.append(feature)
    return tuple(found)


def load_routes() -> None:
    """Import every module that declares endpoints; they then stand in ``endpoint.REGISTRY``."""
    for feature in all_features():
        for module in feature.routes:
            feature.load(module)


def tables_with_history() -> list[str]:
    """The tables whose aggregates the event log keeps."""
    return [feature.table for feature in all_features() if feature.table]


def graphs() -> dict[str, Graph]:
    """Every state machine, by the name under which the documents draw it."""
    found = {}
    for feature in all_features():
        for name, place in feature.graphs.items():
            found[name] = feature.load(place)
    return found


def completions() -> dict[str, Callable[[str], Any]]:
    """What is done once a debt is paid, by the kind of thing that the debt is for."""
    found = {}
    for feature in all_features():
        for kind, place in feature.completes.items():
            found[kind] = feature.load(place)
    return found


def named_modules() -> set[str]:
    """All modules that features name and that no import statement shows: the packages must hold them too."""
    found = set()
    for feature in all_features():
        found.add(f"chalicelib.{feature.name}")
        found |= feature.modules()
    return found
