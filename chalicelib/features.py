"""The features, from the ground up: each may only use those above it in the list. What each is, it says itself."""

from __future__ import annotations

import functools
import importlib
import os
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from chalicelib.kernel.event_types import EventType, declared_in
from chalicelib.kernel.events import readings
from chalicelib.kernel.feature import Feature
from chalicelib.kernel.graph import Graph
from chalicelib.kernel.roles import STAFF_ROLES
from chalicelib.kernel.settings import Settings, read_all
from chalicelib.kernel.storage.worker import Worker
from chalicelib.platforms.settings import PlatformSettings

T = TypeVar("T")
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
    "privacy",
)
KERNEL_TABLES = ("history", "kernel")
KERNEL_ROUTES = {
    "/health": "chalicelib.kernel.edge.health",
    "/v1/documents/{ticket}": "chalicelib.kernel.edge.documents",
}


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
    for module in KERNEL_ROUTES.values():
        importlib.import_module(module)
    for feature in all_features():
        _load_routes(feature)


def _load_routes(feature: Feature) -> None:
    for module in feature.routes:
        feature.load(module)


def load_resource(resource: str) -> None:
    """Import what declares the endpoints of one of ``resources``."""
    if resource in KERNEL_ROUTES:
        importlib.import_module(KERNEL_ROUTES[resource])
    for feature in all_features():
        if resource in feature.resources:
            _load_routes(feature)


def load_path(first: str) -> bool:
    """Import what declares the endpoints below ``/v1/<first>``; whether there are any."""
    is_known = False
    for feature in all_features():
        if first in feature.paths:
            _load_routes(feature)
            is_known = True
    return is_known


def resources() -> list[str]:
    """API Gateway's resources besides the greedy one."""
    return sorted([*KERNEL_ROUTES, *(name for feature in all_features() for name in feature.resources)])


def tables_with_history() -> list[str]:
    """The tables whose aggregates the event log keeps."""
    return [name for feature in all_features() for name, is_kept in feature.tables.items() if is_kept]


def tables() -> list[str]:
    """All tables, those of the kernel too."""
    names = [name for feature in all_features() for name in feature.tables]
    return sorted([*KERNEL_TABLES, *names])


def roles() -> tuple[str, ...]:
    """All roles of staff."""
    return (*STAFF_ROLES, *(role for feature in all_features() for role in feature.roles))


def graphs() -> dict[str, Graph]:
    """Every state machine, by the name under which the documents draw it."""
    found: dict[str, Graph] = {}
    for feature in all_features():
        for name, place in feature.graphs.items():
            _add(found, name, feature.load(place))
    return found


def events() -> dict[str, EventType]:
    """Every kind of event, by its name in the event log."""
    found = {event.name: event for event in readings.EVENTS}
    for feature in all_features():
        if feature.events:
            for name, event in declared_in(feature.load(feature.events)).items():
                _add(found, name, event)
    return found


def _add(found: dict[str, T], name: str, value: T) -> None:
    """Note what a feature declares under a name that no other feature may use."""
    if name in found:
        raise ValueError(f"two features declare {name}")
    found[name] = value


def completions() -> dict[str, Callable[[str], Any]]:
    """What is done once a debt is paid, by the kind of thing that the debt is for."""
    found: dict[str, Callable[[str], Any]] = {}
    for feature in all_features():
        for kind, place in feature.completes.items():
            _add(found, kind, feature.load(place))
    return found


def worker(name: str) -> Worker:
    """What does the work that a feature leaves to be done later; raises ``ValueError`` if it leaves none."""
    _check_environment()
    for feature in all_features():
        if feature.name == name and feature.work:
            found: Worker = feature.load(feature.work)
            return found
    raise ValueError(f"no feature with work to do is named {name}")


@functools.cache
def _check_environment() -> None:
    """A malformed setting stops a function before its work, and not in the middle of it."""
    check_environment(os.environ)


def settings_kinds() -> list[type[Any]]:
    """Every kind of settings: what a deployment has to say."""
    own = [feature.load(feature.settings) for feature in all_features() if feature.settings]
    return [Settings, PlatformSettings, *own]


def check_environment(environ: Mapping[str, str]) -> None:
    """Raise ``InvalidSettings`` that names every missing or malformed setting of the deployment."""
    read_all(settings_kinds(), environ)


def named_modules() -> set[str]:
    """All modules that features name and that no import statement shows: the packages must hold them too."""
    found = set(KERNEL_ROUTES.values())
    for feature in all_features():
        found.add(f"chalicelib.{feature.name}")
        found |= feature.modules()
    return found
