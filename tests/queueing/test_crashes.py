"""A process that dies, or an answer that is lost, while the queue is written: a repeat finds everything in order."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest

from functions import close_halls
from scenes.world import World, new_id_number
from tests.appointments.bookings import HOUSING
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


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("point", range(1, 4))
def test_taking_a_ticket(day: HallDay, monkeypatch: pytest.MonkeyPatch, point: int, mode: str) -> None:
    """The queue, whose number it is, the ticket: the process dies at each of the three."""
    day.kiosk()

    def take() -> Any:
        key = {"idempotency-key": "one-press-of-the-button"}
        return day.kiosk().post(f"{day.path}/tickets", {"services": [HOUSING]}, headers=key)

    with dying_at(monkeypatch, point, mode), suppress(Crash):
        take()
    assert take().json["number"] == "A001", "a repeat gets the number that the first try was given"
    assert day.board()["groups"][0]["waiting"] == 1
    assert day.walk_in()["number"] == "A002"


@pytest.mark.parametrize("point", [2, 3])
def test_a_ticket_that_nobody_ever_got_is_not_called(
    world: World, day: HallDay, monkeypatch: pytest.MonkeyPatch, point: int
) -> None:
    day.kiosk()
    day.open("1")
    with dying_at(monkeypatch, point, "before"), suppress(Crash):
        day.walk_in()
    assert day.do("1", "next").code == "nobody_waits", "its request may still be writing it"
    assert day.walk_in()["number"] == "A002"
    assert day.next("1") == "A002"
    world.pass_time(seconds=61)
    day.do("1", "finish")
    assert day.board()["groups"][0]["waiting"] == 0, "after a minute it never will be written"


def test_a_repeat_a_minute_later_is_not_lost(world: World, day: HallDay, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first try dies; the repeat is under way when the first one's minute ends and somebody else comes."""
    key = {"idempotency-key": "one-press-of-the-button"}

    def take() -> Any:
        return day.kiosk().post(f"{day.path}/tickets", {"services": [HOUSING]}, headers=key)

    day.kiosk()
    with dying_at(monkeypatch, 2, "before"), suppress(Crash):
        take()
    world.pass_time(seconds=58)
    with dying_at(monkeypatch, 2, "before"), suppress(Crash):
        take()
    world.pass_time(seconds=4)
    assert day.walk_in()["number"] == "A002"
    taken = take().json
    assert (taken["number"], taken["status"], taken["position"]) == ("A001", "waiting", 1)


def test_a_hall_gets_rid_of_many_tickets_that_were_never_written(
    world: World, day: HallDay, monkeypatch: pytest.MonkeyPatch
) -> None:
    day.kiosk()
    day.open("1")
    for _ in range(36):
        with dying_at(monkeypatch, 2, "before"), suppress(Crash):
            day.walk_in()
    real = day.walk_in()["number"]
    world.pass_time(seconds=100)
    day.do("1", "sign")
    answers = [day.do("1", "next") for _ in range(3)]
    assert any(answer.status == 200 and answer.json["current"]["person"]["number"] == real for answer in answers)
    assert day.board()["groups"][0]["waiting"] == 0


def test_a_request_for_another_group_does_not_take_over_a_number(
    world: World, day: HallDay, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = {"name": "张三", "id_number": new_id_number()}
    day.kiosk()
    with dying_at(monkeypatch, 2, "before"), suppress(Crash):
        day.walk_in(visitor=visitor)
    other = {"services": ["tour_bus_sticker"], "visitor": visitor}
    assert day.kiosk().post(f"{day.path}/tickets", other).code == "already_in_queue"
    world.pass_time(seconds=62)
    day.walk_in()
    world.pass_time(seconds=62)
    day.walk_in()
    assert day.kiosk().post(f"{day.path}/tickets", other).json["number"] == "B001"
