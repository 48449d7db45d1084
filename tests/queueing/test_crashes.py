"""A process that dies, or an answer that is lost, while the queue is written: a repeat finds everything in order."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest

from functions import close_halls
from scenes.world import World
from tests.interleaving import Crash, dying_at
from tests.queueing.hall import TODAY, HallDay

MODES = ["before", "after", "lost"]


@pytest.fixture
def day(world: World) -> HallDay:
    found = HallDay(world, world.hall())
    found.at(9)
    return found


def failing_once(monkeypatch: pytest.MonkeyPatch, mode: str, work: Callable[[], Any]) -> None:
    with dying_at(monkeypatch, 1, mode), suppress(Crash):
        work()


@pytest.mark.parametrize("mode", MODES)
def test_checking_in(day: HallDay, monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    citizen, booked = day.booked("09:00")
    day.at(9)
    day.kiosk()
    failing_once(monkeypatch, mode, lambda: day.check_in(booked))
    assert day.check_in(booked).json["number"] == "A001"
    assert day.board()["groups"][0]["waiting"] == 1
    citizen.client.renew()
    assert citizen.read(booked["id"])["status"] == "checked_in"


@pytest.mark.parametrize("mode", MODES)
def test_calling_and_finishing(day: HallDay, monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    ticket = day.walk_in()
    day.open("1")
    failing_once(monkeypatch, mode, lambda: day.do("1", "next"))
    assert day.do("1", "next").code in ("", "window_busy")
    assert day.ticket(ticket["id"])["status"] == "called"
    failing_once(monkeypatch, mode, lambda: day.do("1", "finish"))
    assert day.do("1", "finish").code in ("", "window_empty")
    assert day.ticket(ticket["id"])["status"] == "served"


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("point", range(1, 6))
def test_closing_the_day(world: World, day: HallDay, monkeypatch: pytest.MonkeyPatch, point: int, mode: str) -> None:
    _, came = day.booked("09:00")
    day.booked("09:30")
    day.at(9)
    tickets = [day.check_in(came).json, day.walk_in()]
    world.set_time(datetime(2026, 11, 3, 16, 10, tzinfo=UTC))
    with dying_at(monkeypatch, point, mode), suppress(Crash, Exception):
        close_halls.handler({})
    close_halls.handler({})
    statistics = world.staff("hall.supervisor").get(f"{day.path}/statistics?day={TODAY}").json
    assert (statistics["unserved"], statistics["no_shows"]) == (2, 1)
    assert {day.ticket(ticket["id"])["status"] for ticket in tickets} == {"unserved"}
