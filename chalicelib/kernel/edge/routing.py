"""Which endpoint a request is for. API Gateway knows one greedy resource for ``/v1``; what lies below is found here."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from chalicelib.kernel import errors
from chalicelib.kernel.edge.endpoint import REGISTRY, Endpoint

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
"""All reach us, so that we refuse what an endpoint does not have; Chalice cannot say ANY."""
GREEDY = "{proxy+}"
"""The last part of a greedy resource; what it stands for comes as the parameter ``proxy``."""


def resources(endpoints: Iterable[Endpoint]) -> list[str]:
    """API Gateway's resources: one greedy path takes everything below ``/v1``, so a new endpoint needs none.

    What lies elsewhere, or is declared to be ``apart``, is a resource of its own. A REST API may have 300.
    """
    return sorted({resource_of(endpoint) for endpoint in endpoints})


def resource_of(endpoint: Endpoint) -> str:
    """The resource through which API Gateway takes the requests of an endpoint."""
    is_version_1 = endpoint.path.startswith("/v1/")
    return GREEDY_RESOURCE if is_version_1 and not endpoint.apart else endpoint.path


def first_part(path: str) -> str:
    """The first part after ``/v1/``; features name theirs in ``paths``."""
    return path.removeprefix("/v1/").partition("/")[0]


GREEDY_RESOURCE = f"/v1/{GREEDY}"


@dataclass
class _Node:
    """A place in the tree of paths: what follows by name, what follows whatever its name is, and what is here."""

    named: dict[str, _Node] = field(default_factory=dict)
    variable: _Node | None = None
    endpoints: dict[str, Endpoint] = field(default_factory=dict)


@dataclass(frozen=True)
class Found:
    """An endpoint and the values of its path's parameters."""

    endpoint: Endpoint
    parameters: dict[str, str]


class MethodNotAllowed(Exception):
    """The path exists, the method does not; ``allowed`` are those that do."""

    def __init__(self, allowed: list[str]) -> None:
        super().__init__(", ".join(allowed))
        self.allowed = allowed


class Router:
    """Finds endpoints by method and path; a part that is named wins over one that may be anything."""

    def __init__(self, endpoints: Iterable[Endpoint]) -> None:
        self._root = _Node()
        for endpoint in endpoints:
            node = self._root
            for part in _parts(endpoint.path):
                if part.startswith("{"):
                    node.variable = node.variable or _Node()
                    node = node.variable
                else:
                    node = node.named.setdefault(part, _Node())
            if endpoint.method in node.endpoints:
                raise ValueError(f"{endpoint.method} {endpoint.path} is declared twice")
            node.endpoints[endpoint.method] = endpoint

    def find(self, method: str, path: str) -> Found:
        """The endpoint for a request with a decoded path; raises ``not_found`` or ``MethodNotAllowed``."""
        parts = _parts(path)
        node = _below(self._root, parts)
        if node is None:
            raise errors.NOT_FOUND()
        endpoint = node.endpoints.get(method)
        if endpoint is None:
            raise MethodNotAllowed(sorted(node.endpoints))
        parameters = {}
        for declared, given in zip(_parts(endpoint.path), parts, strict=True):
            if declared.startswith("{"):
                parameters[declared[1:-1]] = given
        return Found(endpoint, parameters)


class Endpoints(Protocol):
    """The endpoints that an API serves."""

    @property
    def resources(self) -> list[str]:
        """API Gateway's resources that lead to them."""

    def router(self, resource: str, path: str) -> Router:
        """The router for what API Gateway sent to ``resource``; raises ``not_found`` if no feature has the path."""


class FixedEndpoints:
    """Endpoints that are all loaded."""

    def __init__(self, endpoints: list[Endpoint]) -> None:
        self.resources = resources(endpoints)
        # Each resource finds its own endpoints only: another function serves those that are apart.
        self._routers = {
            resource: Router([one for one in endpoints if resource_of(one) == resource]) for resource in self.resources
        }

    def router(self, resource: str, path: str) -> Router:  # noqa: ARG002 - as Endpoints has it
        return self._routers[resource]


class LazyEndpoints:
    """Endpoints that are loaded when one of them is called: a cold start pays for what its request needs.

    ``resources``: those besides the greedy one. ``load_resource`` loads the endpoints of one of them; ``load_path``
    those below a first part, and says whether there are any.
    """

    def __init__(
        self, resources: list[str], load_resource: Callable[[str], None], load_path: Callable[[str], bool]
    ) -> None:
        self.resources = [*resources, GREEDY_RESOURCE]
        self._load_resource = load_resource
        self._load_path = load_path
        self._routers: dict[str, Router] = {}
        self._loading = threading.Lock()

    def router(self, resource: str, path: str) -> Router:
        key = first_part(path) if resource == GREEDY_RESOURCE else resource
        known = self._routers.get(key)
        if known is not None:
            return known
        # One at a time: of two threads that import modules which import each other, Python lets one go on with half of
        # a module.
        with self._loading:
            known = self._routers.get(key)
            if known is None:
                known = self._load(resource, key)
                self._routers[key] = known
        return known

    def _load(self, resource: str, key: str) -> Router:
        if resource != GREEDY_RESOURCE:
            self._load_resource(resource)
            return Router([one for one in list(REGISTRY) if resource_of(one) == resource])
        if not self._load_path(key):
            raise errors.NOT_FOUND()
        below = [one for one in list(REGISTRY) if resource_of(one) == resource and first_part(one.path) == key]
        return Router(below)


def _parts(path: str) -> list[str]:
    """The parts of a path; one slash at its end does not count, any other empty part belongs to no endpoint."""
    return path.removeprefix("/").removesuffix("/").split("/")


def _below(node: _Node, parts: list[str]) -> _Node | None:
    """The place of a path that has endpoints; None if there is none."""
    if not parts:
        return node if node.endpoints else None
    first = parts[0]
    rest = parts[1:]
    named = node.named.get(first)
    found = _below(named, rest) if named is not None else None
    if found is None and node.variable is not None and first:
        found = _below(node.variable, rest)
    return found
