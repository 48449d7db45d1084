"""A hall's queue of one day as a value: who waits where, which windows are open, what has happened. Pure.

Who waits is kept like this: for each group its lanes (priority, appointment, walk_in); in a lane runs, of which each
holds those who are due at one time; in a run the printed numbers in the order of being called (``lines.py``).

It knows people by their printed numbers only; who they are stands in their tickets. All times are seconds of the day of
the queue, to save bytes. What changes it: ``rules.py`` and ``calling.py``.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from msgspec.structs import replace

from chalicelib.queueing import lines
from chalicelib.queueing.lines import Line


class Person(msgspec.Struct, frozen=True, array_like=True):
    """Somebody who is known by a printed number: for which group, in which lane, due when (0: at once).

    ``window``: may be called there only.
    """

    number: str
    group: str
    lane: str
    start: int = 0
    window: str = ""


class Run(msgspec.Struct, array_like=True):
    """Part of a lane: those who are due at the same time, in the order of being called."""

    start: int
    line: Line


class OpenWindow(msgspec.Struct, frozen=True, array_like=True):
    """An open window: who sits there, which groups, whom it has; ``turn`` in the pattern.

    ``clerk`` is a short mark of the clerk, not the id: see ``service/queues.py``. ``since``: when it called the person,
    or was opened, if it has called nobody yet. ``calls``: how often the person was called.
    """

    clerk: bytes
    groups: tuple[str, ...]
    since: int
    turn: int = 0
    person: Person | None = None
    calls: int = 0


class Call(msgspec.Struct, frozen=True, array_like=True):
    """A call as displays show and speak it."""

    number: str
    window: str
    at: int


class Tally(msgspec.Struct, frozen=True, array_like=True):
    """What has happened to a group's tickets; ``seconds`` is the moving service time, the sums are in seconds."""

    issued: int = 0
    served: int = 0
    missed: int = 0
    left: int = 0
    unserved: int = 0
    seconds: int = 0
    waited: int = 0
    worked: int = 0


class Joiner(msgspec.Struct, frozen=True, array_like=True):
    """Somebody who has a number, whose ticket may not be written yet.

    ``since``: when the number was given; ``asked_at``: when a request for this ticket came last.
    """

    ticket: str
    since: int
    asked_at: int


class Queue(msgspec.Struct, array_like=True):
    """A hall's queue of one day.

    ``last_given``: the last number of each group. ``lanes`` by group and lane. ``skips``: how often those have not come
    who were called. ``told``: who heard that the turn is near. ``sequence``: how many ``calls`` there were, of which
    the last ones are kept.
    """

    last_given: dict[str, int] = {}
    lanes: dict[str, dict[str, list[Run]]] = {}
    ahead: list[Person] = []
    parked: dict[str, list[Person]] = {}
    windows: dict[str, OpenWindow] = {}
    calls: list[Call] = []
    tallies: dict[str, Tally] = {}
    joining: dict[str, Joiner] = {}
    skips: dict[str, int] = {}
    told: list[str] = []
    sequence: int = 0
    closed: bool = False

    def lane(self, group: str, lane: str) -> list[Run]:
        """The runs of a lane, the first one due first."""
        return self.lanes.get(group, {}).get(lane, [])

    def runs(self) -> Iterator[tuple[str, str, Run]]:
        """All runs with their groups and lanes."""
        for group, lanes in self.lanes.items():
            for lane, runs in lanes.items():
                for run in runs:
                    yield group, lane, run

    def waiting(self, group: str = "") -> int:
        """How many wait, for one group or for all."""
        found = sum(group in ("", person.group) for person in self.ahead)
        for of, _, run in self.runs():
            if group in ("", of):
                found += lines.length(run.line)
        return found

    def persons(self) -> list[Person]:
        """Those outside of the lanes: who is ahead, parked, or at a window."""
        found = list(self.ahead)
        for people in self.parked.values():
            found.extend(people)
        for window in self.windows.values():
            if window.person is not None:
                found.append(window.person)
        return found

    def everybody(self) -> list[str]:
        """The numbers of all who wait, are parked, or are at a window."""
        found = [person.number for person in self.persons()]
        for _, _, run in self.runs():
            found.extend(lines.numbers(run.line))
        return found

    def find_waiting(self, number: str) -> Person | None:
        """Who waits in a lane with this number; None for who is ahead, parked, at a window, or not here."""
        for group, lane, run in self.runs():
            if lines.index(run.line, number) is not None:
                return Person(number=number, group=group, lane=lane, start=run.start)
        return None

    def tally(self, group: str) -> Tally:
        return self.tallies.get(group, Tally())

    def count(self, group: str, **more: int) -> None:
        """Add to a group's tally."""
        before = self.tally(group)
        added = {name: getattr(before, name) + amount for name, amount in more.items()}
        self.tallies[group] = replace(before, **added)
