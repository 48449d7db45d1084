"""A hall with thousands of people behaves like an empty one, and whose turn is near hears it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from chalicelib.queueing import store
from scenes import crowds
from scenes.world import Client, World
from tests.appointments.bookings import HOUSING
from tests.notices import telling
from tests.queueing.hall import TODAY, HallDay

DAY = date.fromisoformat(TODAY)


@pytest.fixture
def day(world: World) -> HallDay:
    found = HallDay(world, world.hall())
    found.at(9)
    return found


def test_a_hall_of_ten_thousand_tickets(world: World, day: HallDay) -> None:
    """The front ones have tickets, the others only places: nobody looks at them one by one."""
    mine = day.walk_in()
    others = [day.walk_in() for _ in range(3)]
    crowds.fill(day.code, DAY, "housing", 10_000)

    last = day.walk_in()
    assert last["number"] == "A5001"
    waiting = day.board()["groups"][0]["waiting"]
    assert waiting == 10_005 and day.ticket(last["id"])["position"] > 7000, "who is due later is called later"
    day.open("1")
    assert day.next("1") == mine["number"]
    assert day.do("1", "finish").status == 200
    left = day.kiosk().post(f"/v1/tickets/{last['id']}/leave", {})
    assert left.json["status"] == "left" and day.board()["groups"][0]["waiting"] == waiting - 2
    assert day.next("1") == others[0]["number"]


def take(day: HallDay, client: Client) -> Any:
    where = {"code": day.kiosk().get(f"{day.path}/check_in_code").json["code"]}
    answer = client.post("/v1/tickets", {"hall": day.code, "services": [HOUSING], "where": where})
    assert answer.status == 201, answer.json
    return answer.json


def test_who_has_two_others_before_them_hears_it_once(world: World, day: HallDay) -> None:
    world.simulators.sms.outbox.clear()
    reader = telling.reader(world)
    for _ in range(3):
        day.walk_in()
    mine = take(day, reader.client)
    assert mine["position"] == 4
    day.walk_in()
    day.open("1", "2")
    assert reader.inbox() == []
    day.next("1")
    telling.settle(world)
    (message,) = reader.inbox()
    assert message["event"] == "turn_near" and f"您的号码 {mine['number']} 前面还有 2 位" in str(message)
    assert day.ticket(mine["id"])["position"] == 3

    day.do("1", "skip")
    assert day.ticket(mine["id"])["position"] == 3, "who was skipped stands behind three others"
    day.next("2")
    telling.settle(world)
    assert day.ticket(mine["id"])["position"] == 2
    assert len(reader.inbox()) == 1


def test_nobody_is_told_whose_turn_is_near_without_an_account(world: World, day: HallDay) -> None:
    for _ in range(4):
        day.walk_in()
    day.open("1")
    first = day.next("1")
    number = store.number(day.code, DAY, first)
    assert number is not None
    telling.settle(world)
    assert telling.states(world, f"TICKET#{number.ticket}") in ({}, {"turn_near": []})


def test_a_person_has_a_limited_number_of_tickets_a_day(world: World, day: HallDay) -> None:
    client = world.real_person()
    for _ in range(20):
        ticket = take(day, client)
        assert client.post(f"/v1/tickets/{ticket['id']}/leave", {}).json["status"] == "left"
    where = {"code": day.kiosk().get(f"{day.path}/check_in_code").json["code"]}
    refused = client.post("/v1/tickets", {"hall": day.code, "services": [HOUSING], "where": where})
    assert refused.code == "tickets_used_up"
    assert day.walk_in()["status"] == "waiting", "the desk still can give one"
