"""Who tells what about which subject: each feature that people hear from says so itself."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping

from chalicelib import features
from chalicelib.kernel.events.changes import Change
from chalicelib.kernel.events.telling import Samples, Telling

DIGEST_EVENT = "digest"
Teller = Callable[[str, Change], Telling | None]


@functools.cache
def events() -> Mapping[str, Samples]:
    """Every event that people can be told of, with a sample of each place that its template may fill."""
    found: dict[str, Samples] = {DIGEST_EVENT: {"count": ("5", "5")}}
    for feature in features.all_features():
        if feature.tells:
            found |= feature.load("service.telling").EVENTS
    return found


@functools.cache
def _tellers() -> Mapping[str, Teller]:
    """What tells about a subject, by the subject's kind."""
    found: dict[str, Teller] = {}
    for feature in features.all_features():
        for kind in feature.tells:
            found[kind] = feature.load("service.telling").tell
    return found


def about(subject: str, change: Change) -> Telling | None:
    """What there is to tell about an event; None for one that concerns nobody outside."""
    kind, _, key = subject.partition("#")
    teller = _tellers().get(kind)
    return teller(key, change) if teller else None
