"""Slots, the seats taken of them, and what a visitor has claimed. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import NamedTuple

from chalicelib.kernel.clock import SHANGHAI

CHANNELS = ("online", "window", "priority")


class Slot(NamedTuple):
    """A stretch of time in one calendar: hall, window group, day, and when it begins (``HH:MM``)."""

    hall: str
    group: str
    day: date
    start: str

    @property
    def starts_at(self) -> datetime:
        return datetime.combine(self.day, time.fromisoformat(self.start), SHANGHAI)


@dataclass(frozen=True, kw_only=True)
class Seat:
    """Places of a slot taken by one appointment; ``until`` (epoch seconds) while held or cooling down."""

    appointment: str
    channel: str
    places: int
    until: int = 0

    @property
    def text(self) -> str:
        """As the slot's item keeps it: ``<id>.<o|w|p><places>[.<until>]``."""
        kept = f"{self.appointment}.{self.channel[0]}{self.places}"
        return f"{kept}.{self.until}" if self.until else kept

    @classmethod
    def parse(cls, text: str) -> Seat:
        appointment, taken, *until = text.split(".")
        channel = next(channel for channel in CHANNELS if channel[0] == taken[0])
        return cls(
            appointment=appointment,
            channel=channel,
            places=int(taken[1:]),
            until=int(until[0]) if until else 0,
        )

    def as_kept(self) -> Seat:
        return replace(self, until=0)


@dataclass(frozen=True, kw_only=True)
class Occupancy:
    """What is taken of one slot: places by channel, and whose they are.

    ``held``: on hold until confirmed or expired; ``kept``: confirmed; ``cooling``: cancelled, free again at a
    moment that nobody is told. For each channel, ``taken`` is the sum over the three.
    """

    taken: dict[str, int]
    held: tuple[Seat, ...] = ()
    kept: tuple[Seat, ...] = ()
    cooling: tuple[Seat, ...] = ()

    def free(self, channel: str, capacity: int, now: datetime) -> int:
        """Places of a channel that can be taken now; those whose time has passed count as free."""
        back = sum(seat.places for seat in self.passed(now) if seat.channel == channel)
        return max(0, capacity - self.taken.get(channel, 0) + back)

    def passed(self, now: datetime) -> list[Seat]:
        """Held and cooling seats whose time has passed."""
        return [seat for seat in (*self.held, *self.cooling) if seat.until <= now.timestamp()]

    def seat_of(self, appointment: str) -> Seat | None:
        """The seat that is held or kept for an appointment."""
        return next(filter(lambda one: one.appointment == appointment, (*self.held, *self.kept)), None)


NOTHING_TAKEN = Occupancy(taken={})


class Claim(NamedTuple):
    """What a visitor has booked or holds; the appointment's own item says what became of it.

    ``made`` and ``until``: when the hold was asked for and when it ends, both in epoch seconds. ``party``: who booked;
    ``moves``: the appointment that it replaces when confirmed; ``open``: not yet known to be over.
    """

    appointment: str
    services: tuple[str, ...]
    hall: str
    group: str
    day: date
    start: str
    until: int
    party: str = ""
    moves: str = ""
    open: bool = True
    made: int = 0

    @property
    def slot(self) -> Slot:
        return Slot(hall=self.hall, group=self.group, day=self.day, start=self.start)
