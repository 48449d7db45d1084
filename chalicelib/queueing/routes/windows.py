"""A clerk's window: open, call, let the person go on, close."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.catalog import service as catalog
from chalicelib.catalog.definition import Hall, WindowDefinition
from chalicelib.kernel.access import Access, Actor
from chalicelib.kernel.edge.endpoint import endpoint
from chalicelib.kernel.edge.shapes import Done
from chalicelib.queueing import rules, service


@dataclass(frozen=True)
class HallWindow:
    """A window of a hall, as a path names it."""

    hall: Hall
    window: WindowDefinition


def _find_window(hall: str, window: str) -> HallWindow | None:
    found = catalog.find_hall(hall)
    of = found.window(window) if found else None
    return HallWindow(found, of) if found and of else None


AT_WINDOW = Access(
    staff=("officer",),
    target=_find_window,
    related=lambda actor, target: catalog.works_at(actor, target.hall),
    relation="staff of the hall",
)
HELD_ERRORS = [rules.WINDOW_CLOSED, rules.WINDOW_NOT_YOURS, rules.WINDOW_EMPTY]


class ParkedNumber(msgspec.Struct, forbid_unknown_fields=True):
    """Which parked ticket."""

    number: Annotated[str, Meta(pattern=r"^[A-Z][0-9]{3,5}$")]


class Transfer(msgspec.Struct, forbid_unknown_fields=True):
    """Where to: a window, or a group of windows."""

    window: Annotated[str, Meta(max_length=20)] = ""
    group: Annotated[str, Meta(max_length=40)] = ""


@endpoint("GET", "/v1/halls/{hall}/windows/{window}", AT_WINDOW)
def read_window(target: HallWindow) -> service.WindowView:
    """A window's screen; poll it with If-None-Match."""
    return service.window(target.hall, target.window)


@endpoint("POST", "/v1/halls/{hall}/windows/{window}/open", AT_WINDOW, errors=[rules.HALL_CLOSED])
def open_window(actor: Actor, target: HallWindow) -> service.WindowView:
    """Sit down at a window, or take it over; whom it had goes back to the head of the queue."""
    service.open_window(actor, target.hall, target.window)
    return service.window(target.hall, target.window, fresh=True)


@endpoint("POST", "/v1/halls/{hall}/windows/{window}/close", AT_WINDOW)
def close_window(actor: Actor, target: HallWindow) -> service.WindowView:
    """Leave a window, or close one whose clerk is gone."""
    service.close_window(actor, target.hall, target.window)
    return service.window(target.hall, target.window, fresh=True)


@endpoint("POST", "/v1/halls/{hall}/windows/{window}/sign", AT_WINDOW)
def show_life(target: HallWindow) -> Done:
    """The window's screen says once a minute that it is there."""
    service.show_life(target.hall, target.window)
    return Done()


@endpoint(
    "POST",
    "/v1/halls/{hall}/windows/{window}/next",
    AT_WINDOW,
    errors=[rules.WINDOW_CLOSED, rules.WINDOW_NOT_YOURS, rules.WINDOW_BUSY, rules.NOBODY_WAITS],
)
def call_next(actor: Actor, target: HallWindow) -> service.WindowView:
    """Call the next person to the window."""
    service.call_next(actor, target.hall, target.window)
    return service.window(target.hall, target.window, fresh=True)


@endpoint("POST", "/v1/halls/{hall}/windows/{window}/recall", AT_WINDOW, errors=HELD_ERRORS)
def recall(actor: Actor, target: HallWindow) -> service.WindowView:
    """Call the window's person once more."""
    service.recall(actor, target.hall, target.window)
    return service.window(target.hall, target.window, fresh=True)


@endpoint("POST", "/v1/halls/{hall}/windows/{window}/skip", AT_WINDOW, errors=HELD_ERRORS)
def skip(actor: Actor, target: HallWindow) -> service.WindowView:
    """Who does not come goes some places back."""
    service.skip(actor, target.hall, target.window)
    return service.window(target.hall, target.window, fresh=True)


@endpoint("POST", "/v1/halls/{hall}/windows/{window}/park", AT_WINDOW, errors=HELD_ERRORS)
def park(actor: Actor, target: HallWindow) -> service.WindowView:
    """Let the person fetch something, and call others meanwhile."""
    service.park(actor, target.hall, target.window)
    return service.window(target.hall, target.window, fresh=True)


@endpoint(
    "POST",
    "/v1/halls/{hall}/windows/{window}/resume",
    AT_WINDOW,
    errors=[rules.WINDOW_CLOSED, rules.WINDOW_NOT_YOURS, rules.WINDOW_BUSY, rules.NOT_PARKED],
)
def resume(actor: Actor, target: HallWindow, body: ParkedNumber) -> service.WindowView:
    """Call a parked person back."""
    service.resume(actor, target.hall, target.window, body.number)
    return service.window(target.hall, target.window, fresh=True)


@endpoint(
    "POST",
    "/v1/halls/{hall}/windows/{window}/transfer",
    AT_WINDOW,
    errors=[*HELD_ERRORS, rules.TRANSFER_UNKNOWN],
)
def transfer(actor: Actor, target: HallWindow, body: Transfer) -> service.WindowView:
    """Send the person on to another window or group, ahead of those who wait there."""
    service.transfer(actor, target.hall, target.window, body.window, body.group)
    return service.window(target.hall, target.window, fresh=True)


@endpoint("POST", "/v1/halls/{hall}/windows/{window}/finish", AT_WINDOW, errors=HELD_ERRORS)
def finish(actor: Actor, target: HallWindow) -> service.WindowView:
    """The person is served."""
    service.finish(actor, target.hall, target.window)
    return service.window(target.hall, target.window, fresh=True)


@endpoint("POST", "/v1/halls/{hall}/windows/{window}/no_show", AT_WINDOW, errors=HELD_ERRORS)
def mark_no_show(actor: Actor, target: HallWindow) -> service.WindowView:
    """The person did not come."""
    service.no_show(actor, target.hall, target.window)
    return service.window(target.hall, target.window, fresh=True)
