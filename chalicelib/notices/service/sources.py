"""Who tells what about which subject: each feature that people hear from says so itself."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping

from chalicelib import features
from chalicelib.kernel.event_types import Words
from chalicelib.kernel.events.announcements import Announcement
from chalicelib.kernel.events.changes import Change

DIGEST_EVENT = "digest"
Teller = Callable[[str, Change], Announcement | None]


@functools.cache
def places() -> Mapping[str, Mapping[str, Words]]:
    """Every event that people can be told of, with a sample of each place that its template may fill."""
    found: dict[str, Mapping[str, Words]] = {DIGEST_EVENT: {"count": ("5", "5")}}
    for event in features.events().values():
        if event.places:
            found[event.name] = event.places
    return found


@functools.cache
def _tellers() -> Mapping[str, Teller]:
    """What tells about a subject, by the subject's kind."""
    found: dict[str, Teller] = {}
    for feature in features.all_features():
        for kind in feature.tells:
            if kind in found:
                raise ValueError(f"two features tell about {kind}")
            found[kind] = feature.load("service.announcements").tell
    return found


def about(subject: str, change: Change) -> Announcement | None:
    """What there is to tell about an event; None for one that concerns nobody outside."""
    kind, _, key = subject.partition("#")
    teller = _tellers().get(kind)
    return teller(key, change) if teller else None
