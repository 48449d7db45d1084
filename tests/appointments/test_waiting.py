"""The waiting list: a place that comes back is offered in order, with some time to accept."""

from __future__ import annotations

from typing import Any

from functions import offer_places
from scenes.world import Client, Reply, World
from tests.appointments.bookings import HOUSING, TOMORROW, Booker


def small_hall(world: World, **booking: Any) -> str:
    """A hall with one place in each slot."""
    group = {
        "code": "housing",
        "name": {"zh": "住房", "en": "Housing"},
        "prefix": "A",
        "slot_minutes": 30,
        "place_minutes": 15,
        "capacity": {"online": 1},
        "services": [{"code": HOUSING, "minutes": 15}],
    }
    windows = [{"code": "1", "name": {"zh": "1 号", "en": "1"}, "groups": ["housing"]}]
    return world.hall(groups=[group], windows=windows, booking=booking)


def wait(client: Client, hall: str, **changes: Any) -> Reply:
    body = {"hall": hall, "services": [HOUSING], "date": TOMORROW, "earliest": "09:00", "latest": "09:00"} | changes
    client.world.pass_time(seconds=1)
    return client.post("/v1/waiting", body)


def entry(client: Client, waiting: Reply) -> Any:
    return client.get(f"/v1/waiting/{waiting.json['id']}").json


def test_a_cancelled_place_is_offered_to_the_first_who_waits(world: World) -> None:
    hall = small_hall(world)
    holder = Booker(world, world.real_person(), hall)
    booked = holder.book("09:00")
    first, second = world.real_person(), world.real_person()
    one, two = wait(first, hall), wait(second, hall)
    assert one.status == 201 and (one.json["position"], two.json["position"]) == (1, 2)
    assert wait(first, hall).json["id"] == one.json["id"], "a repeat finds the entry"

    holder.client.post(f"/v1/appointments/{booked['id']}/cancel", {})
    world.pump()
    offered = entry(first, one)
    assert offered["status"] == "offered" and offered["offer"]["start"] == "09:00"
    assert entry(second, two)["status"] == "waiting" and entry(second, two)["position"] == 1
    assert Booker(world, world.real_person(), hall).hold("09:00").code == "slot_full", "nobody snatches it"
    accepted = first.post("/v1/appointments", {"hold": offered["offer"]["hold"]})
    assert accepted.status == 201 and accepted.json["status"] == "confirmed"
    assert entry(first, one)["status"] == "accepted"
    assert first.delete(f"/v1/waiting/{one.json['id']}").code == "waiting_wrong_state"


def test_an_offer_that_is_not_taken_goes_to_the_next(world: World) -> None:
    hall = small_hall(world)
    holder = Booker(world, world.real_person(), hall)
    booked = holder.book("09:00")
    first, second = world.real_person(), world.real_person()
    one, two = wait(first, hall), wait(second, hall)
    holder.client.post(f"/v1/appointments/{booked['id']}/cancel", {})
    world.pump()
    offer = entry(first, one)["offer"]
    world.pass_time(minutes=31)
    offer_places.handler({})
    for client in (first, second):
        client.renew()
    assert entry(first, one)["status"] == "lapsed"
    assert first.post("/v1/appointments", {"hold": offer["hold"]}).code == "hold_expired"
    second_offer = entry(second, two)["offer"]
    assert second.post("/v1/appointments", {"hold": second_offer["hold"]}).status == 201


def test_who_leaves_passes_the_offer_on(world: World) -> None:
    hall = small_hall(world)
    holder = Booker(world, world.real_person(), hall)
    booked = holder.book("09:00")
    first, second = world.real_person(), world.real_person()
    one, two = wait(first, hall), wait(second, hall)
    holder.client.post(f"/v1/appointments/{booked['id']}/cancel", {})
    world.pump()
    assert first.delete(f"/v1/waiting/{one.json['id']}").json["status"] == "left"
    assert entry(second, two)["status"] == "offered"


def test_places_that_nobody_confirmed_are_offered_by_the_schedule(world: World) -> None:
    hall = small_hall(world)
    assert Booker(world, world.real_person(), hall).hold("09:00").status == 201
    waiter = world.real_person()
    waiting = wait(waiter, hall)
    assert offer_places.handler({})["offered"] == 0
    world.pass_time(seconds=301)
    assert offer_places.handler({})["offered"] == 1
    assert entry(waiter, waiting)["status"] == "offered"


def test_only_times_that_suit_are_offered(world: World) -> None:
    hall = small_hall(world)
    holder = Booker(world, world.real_person(), hall)
    booked = holder.book("09:00")
    late = world.real_person()
    waiting = wait(late, hall, earliest="16:30", latest="16:30")
    holder.client.post(f"/v1/appointments/{booked['id']}/cancel", {})
    world.pump()
    assert entry(late, waiting)["offer"]["start"] == "16:30", "a free place is a place"
    assert wait(late, hall, date="2026-11-10").code == "slot_not_released"
    assert wait(late, hall, date="2026-11-08").code == "slot_unknown"


def test_who_has_an_appointment_by_now_is_passed_over(world: World) -> None:
    hall = small_hall(world)
    holder = Booker(world, world.real_person(), hall)
    booked = holder.book("09:00")
    first, second = Booker(world, world.real_person(), hall), world.real_person()
    one, two = wait(first.client, hall), wait(second, hall)
    first.book("10:00")
    holder.client.post(f"/v1/appointments/{booked['id']}/cancel", {})
    world.pump()
    assert entry(first.client, one)["status"] == "waiting"
    assert entry(second, two)["status"] == "offered"
    assert wait(first.client, hall).code == "already_booked", "who has an appointment moves it instead"


def test_the_list_has_an_end(world: World) -> None:
    hall = small_hall(world, waiting_most=1)
    assert wait(world.real_person(), hall).status == 201
    assert wait(world.real_person(), hall).code == "waiting_list_full"


def test_somebody_elses_place_in_the_list_is_as_if_absent(world: World) -> None:
    hall = small_hall(world)
    waiting = wait(world.real_person(), hall)
    assert world.real_person().get(f"/v1/waiting/{waiting.json['id']}").code == "not_found"


def test_who_left_or_let_an_offer_lapse_may_wait_again(world: World) -> None:
    hall = small_hall(world)
    holder = Booker(world, world.real_person(), hall)
    booked = holder.book("09:00")
    waiter = world.real_person()
    first = wait(waiter, hall)
    assert waiter.delete(f"/v1/waiting/{first.json['id']}").json["status"] == "left"
    assert wait(waiter, hall).json["status"] == "waiting"
    holder.client.post(f"/v1/appointments/{booked['id']}/cancel", {})
    world.pump()
    assert entry(waiter, first)["status"] == "offered"
    world.pass_time(minutes=31)
    offer_places.handler({})
    waiter.renew()
    assert entry(waiter, first)["status"] == "lapsed"
    assert wait(waiter, hall).json["status"] == "waiting"


def test_who_cancels_an_accepted_place_may_wait_again(world: World) -> None:
    hall = small_hall(world)
    holder = Booker(world, world.real_person(), hall)
    booked = holder.book("09:00")
    waiter = world.real_person()
    first = wait(waiter, hall)
    holder.client.post(f"/v1/appointments/{booked['id']}/cancel", {})
    world.pump()
    accepted = waiter.post("/v1/appointments", {"hold": entry(waiter, first)["offer"]["hold"]})
    assert entry(waiter, first)["status"] == "accepted"
    assert waiter.post(f"/v1/appointments/{accepted.json['id']}/cancel", {}).json["status"] == "cancelled"
    assert wait(waiter, hall).json["status"] == "waiting"
