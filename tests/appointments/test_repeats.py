"""Repeats, twins and late writes: what a network and an impatient thumb do to a booking."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from chalicelib.appointments import store
from chalicelib.appointments.seats import Occupancy, Seat, Slot
from chalicelib.appointments.service import bookings, conflicts, holds, waiting_list
from chalicelib.catalog import service as catalog
from chalicelib.kernel.storage import tables
from scenes.world import World, new_id_number
from tests.appointments.bookings import HOUSING, Booker
from tests.appointments.schedules import CLERK, STARTS, Scene, Visitor, proof_hall
from tests.appointments.test_credit import relative
from tests.appointments.test_waiting import entry, small_hall, wait
from tests.interleaving import Crash, Interleaved, dying_at


@pytest.fixture
def scene(world: World) -> Scene:
    return Scene(world=world, hall=proof_hall(world), day="2026-11-03")


def test_one_key_for_two_visitors_is_two_requests(world: World) -> None:
    clerk, hall = world.staff("window.1"), world.hall()
    booker, key = Booker(world, clerk, hall), {"idempotency-key": "desk-key-for-all"}
    one, other = (
        booker.hold("09:00", headers=key, visitor={"name": "来访人", "id_number": new_id_number()}) for _ in range(2)
    )
    assert one.status == other.status == 201 and one.json["id"] != other.json["id"]


def test_repeating_a_hold_after_the_cancellation_takes_no_place(world: World) -> None:
    citizen, key = Booker(world, world.real_person(), world.hall()), {"idempotency-key": "replayed-key"}
    booked = citizen.confirm(citizen.hold("09:00", headers=key)).json
    citizen.client.post(f"/v1/appointments/{booked['id']}/cancel", {})
    world.pump()
    other = citizen.hold("10:00")
    citizen.client.post("/v1/holds/give_up", {"hold": other.json["hold"]})
    world.pass_time(minutes=61)
    citizen.client.renew()
    assert citizen.left("09:00") == 6
    again = citizen.hold("09:00", headers=key)
    assert citizen.confirm(again).json["status"] == "cancelled"
    assert citizen.left("09:00") == 6


def test_a_lost_answer_and_a_late_repeat_take_one_place(
    world: World, scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = scene.visitors[0]
    with dying_at(monkeypatch, 2, "lost"):
        assert scene.hold(visitor, STARTS[0], key="lost-take") == ""
    world.pass_time(seconds=2)
    assert scene.confirm(visitor, scene.hold(visitor, STARTS[0], key="lost-take"))
    assert scene.faults() == [] and scene.end() == []


@pytest.mark.parametrize("seed", range(12))
def test_cancelling_while_the_confirmation_is_not_marked_yet(scene: Scene, interleaved: Interleaved, seed: int) -> None:
    """The seat may still move from held to kept while the cancellation is settled."""
    visitor = scene.visitors[0]
    held = scene.hold(visitor, STARTS[0], key=f"slow-{seed}")
    appointment = holds.opened(CLERK, held).id

    def cancel() -> None:
        while store.appointment(appointment) is None:
            pass
        scene.cancel(visitor, appointment)

    interleaved(seed, [lambda: scene.confirm(visitor, held), cancel])
    assert scene.end() == []


@pytest.mark.parametrize("seed", range(12))
def test_the_same_request_twice_on_a_slot_that_fills_and_empties(
    world: World, scene: Scene, interleaved: Interleaved, seed: int
) -> None:
    """A twin must not take the claim away under a seat that the other got."""
    first, second = scene.visitors[0], Visitor()
    taken = scene.hold(second, STARTS[0], key=f"other-{seed}")
    holds: list[str] = []

    def twin() -> None:
        holds.append(scene.hold(first, STARTS[0], key=f"twin-{seed}"))

    interleaved(seed, [twin, twin, lambda: bookings.give_up(CLERK, taken)])
    booked = [scene.confirm(first, held) for held in holds if held]
    assert len(set(filter(None, booked))) <= 1
    if any(booked):
        assert scene.hold(first, STARTS[1], key=f"more-{seed}") == "", "one appointment for a service"
    assert scene.end() == []


def test_a_relatives_own_appointments_stay_their_own(world: World) -> None:
    number, hall = new_id_number(), world.hall()
    daughter, father = world.real_person("女儿甲"), world.real_person("父亲乙", number)
    asked = relative(world, daughter, "父亲乙", number).json["id"]
    father.post(f"/v1/relatives/{asked}/consent")
    own = Booker(world, father, hall).book("09:00")
    assert daughter.get(f"/v1/appointments?relative={asked}").json["items"] == []
    assert Booker(world, daughter, hall).hold("10:00", relative=asked, moves=own["id"]).code == "not_found"


def test_consent_that_is_withdrawn_ends_waiting_too(world: World) -> None:
    number, hall = new_id_number(), small_hall(world)
    daughter, father = world.real_person("女儿甲"), world.real_person("父亲乙", number)
    asked = relative(world, daughter, "父亲乙", number).json["id"]
    father.post(f"/v1/relatives/{asked}/consent")
    holder = Booker(world, world.real_person(), hall)
    booked = holder.book("09:00")
    waiting_entry = wait(daughter, hall, relative=asked)
    holder.client.post(f"/v1/appointments/{booked['id']}/cancel", {})
    world.pump()
    offer = entry(daughter, waiting_entry)["offer"]
    father.delete(f"/v1/relatives/{asked}")
    assert daughter.post("/v1/appointments", {"hold": offer["hold"]}).code == "relative_not_consented"
    again = relative(world, daughter, "父亲乙", number).json
    assert again["consented"] is False
    assert father.post(f"/v1/relatives/{again['id']}/consent").json["consented"] is True, "and can be given anew"


def test_an_offer_that_is_given_up_goes_to_the_next(world: World) -> None:
    hall = small_hall(world)
    holder = Booker(world, world.real_person(), hall)
    booked = holder.book("09:00")
    first, second = world.real_person(), world.real_person()
    one, two = wait(first, hall), wait(second, hall)
    holder.client.post(f"/v1/appointments/{booked['id']}/cancel", {})
    world.pump()
    offer = entry(first, one)["offer"]
    assert first.post("/v1/holds/give_up", {"hold": offer["hold"]}).status == 200
    assert entry(first, one)["status"] == "left" and entry(second, two)["status"] == "offered"


def test_nobody_snatches_an_offer_that_has_just_ended(world: World) -> None:
    hall = small_hall(world)
    holder = Booker(world, world.real_person(), hall)
    booked = holder.book("09:00")
    wait(world.real_person(), hall)
    holder.client.post(f"/v1/appointments/{booked['id']}/cancel", {})
    world.pump()
    world.pass_time(minutes=31)
    assert Booker(world, world.real_person(), hall).hold("09:00").code == "slot_full"


def test_a_failing_moment_costs_nobody_the_place_in_the_list(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    hall = small_hall(world)
    booked = Booker(world, world.real_person(), hall).book("09:00")
    waiter = world.real_person()
    waiting_entry = wait(waiter, hall)
    item = store.appointment(booked["id"])
    assert item is not None
    bookings.cancel(CLERK, item, "")
    for point in range(1, 6):
        with dying_at(monkeypatch, point, "lost"):
            _quietly(lambda: waiting_list.settle_cancelled(booked["id"]))
    world.pass_time(minutes=45)
    waiter.renew()
    _quietly(waiting_list.offer_everywhere)
    waiting_list.offer_everywhere()
    assert entry(waiter, waiting_entry)["status"] in ("offered", "lapsed")
    assert store.slots.occupancy(item.slot, consistent=True).taken["online"] <= 1


def _quietly(work: Callable[[], Any]) -> None:
    try:
        work()
    except Exception as error:
        assert "temporarily_unavailable" in str(error), error


@pytest.mark.parametrize("path", ["days/0001-01-01?", "days/9999-12-31?", "days?month=0001-01&", "days?month=9999-12&"])
def test_absurd_dates_are_refused_with_their_field(world: World, path: str) -> None:
    answer = world.anonymous().get(f"/v1/halls/{world.hall()}/{path}services={HOUSING}")
    assert (answer.status, answer.code) == (422, "invalid_request")
    assert [fault["code"] for fault in answer.json["fields"]] == ["out_of_range"]


@pytest.mark.parametrize("day", ["2026-13-01", "2026-11-31", "tomorrow", "20261103"])
def test_what_is_no_date_is_refused_with_its_field(world: World, day: str) -> None:
    answer = world.anonymous().get(f"/v1/halls/{world.hall()}/days/{day}?services={HOUSING}")
    assert (answer.status, answer.code) == (422, "invalid_request")
    assert [(fault["path"], fault["code"]) for fault in answer.json["fields"]] == [("/day", "malformed")]


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_absurd_dates_cannot_be_booked(world: World, day: str) -> None:
    citizen = Booker(world, world.real_person(), world.hall())
    assert citizen.hold("09:00", day=day).code == "slot_unknown"
    body = {"hall": citizen.hall, "services": [HOUSING], "date": day}
    for path in ("/v1/waiting", "/v1/booking_tickets"):
        assert citizen.client.post(path, body).code == "slot_unknown"


def test_a_holds_slot_that_is_published_away_is_listed(world: World) -> None:
    hall = world.hall()
    citizen = Booker(world, world.real_person(), hall)
    held = citizen.hold("10:00")
    calendar = catalog.calendar()
    broken = conflicts.broken_by(conflicts.Timetable([catalog.hall(hall)], calendar), conflicts.Timetable([], calendar))
    assert [one.appointment for one in broken] == [held.json["id"]] and "on hold" in broken[0].reason
    assert conflicts.cancel_broken(broken) == 1
    assert citizen.confirm(held).code == "hold_expired"


def test_an_offer_is_not_listed_as_an_ordinary_hold(world: World) -> None:
    hall = small_hall(world)
    holder = Booker(world, world.real_person(), hall)
    booked = holder.book("09:00")
    waiter = world.real_person()
    waiting_entry = wait(waiter, hall)
    holder.client.post(f"/v1/appointments/{booked['id']}/cancel", {})
    world.pump()
    assert entry(waiter, waiting_entry)["offer"] is not None
    assert waiter.get("/v1/appointments").json["holds"] == []


def test_a_place_beyond_a_reduced_capacity_is_not_offered(world: World) -> None:
    hall = small_hall(world)
    booked = Booker(world, world.real_person(), hall).book("09:00")
    item = store.appointment(booked["id"])
    assert item is not None
    store.slots.cool(item.slot, item.seat, 4_000_000_000)
    seat = store.slots.occupancy(item.slot, consistent=True).cooling[0]
    with pytest.raises(tables.ConditionFailed):
        store.slots.hand_on(
            item.slot, seat, Seat(appointment="OTHER", channel="online", places=1, until=4_000_000_000), 0
        )


def test_a_child_does_not_consent_for_itself(world: World) -> None:
    number = new_id_number(born=date(2018, 1, 1))
    stranger, child = world.real_person("陌生人"), world.real_person("孩子丙", number)
    asked = relative(world, stranger, "孩子丙", number).json
    assert child.post(f"/v1/relatives/{asked['id']}/consent").code == "guardian_consents"


def test_an_enterprises_handler_does_not_book_for_a_relative(world: World) -> None:
    enterprise = world.enterprise()
    answer = Booker(world, enterprise.client, world.hall()).hold("09:00", services=["tour_bus_sticker"], relative="a-b")
    assert answer.code == "relative_or_enterprise"


def die_between_claim_and_seat(
    citizen: Booker, monkeypatch: pytest.MonkeyPatch, start: str, key: dict[str, str]
) -> None:
    with dying_at(monkeypatch, 1, "after"), suppress(Crash):
        citizen.hold(start, headers=key)


def test_a_repeat_goes_on_from_the_claim(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    citizen, key = Booker(world, world.real_person(), small_hall(world)), {"idempotency-key": "died-and-free"}
    die_between_claim_and_seat(citizen, monkeypatch, "09:00", key)
    assert citizen.confirm(citizen.hold("09:00", headers=key)).status == 201


def test_a_repeat_on_a_slot_that_is_full_by_then_blocks_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    hall = small_hall(world)
    citizen, key = Booker(world, world.real_person(), hall), {"idempotency-key": "died-and-full"}
    die_between_claim_and_seat(citizen, monkeypatch, "09:00", key)
    Booker(world, world.real_person(), hall).book("09:00")
    assert citizen.hold("09:00", headers=key).code == "slot_full"
    assert citizen.confirm(citizen.hold("09:30")).status == 201, "its claim is gone"


def test_a_repeat_finds_its_seat_although_a_cheap_read_does_not_show_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer was lost, the slot is full with this seat, and the first read is older than the seat."""
    citizen, key = Booker(world, world.real_person(), small_hall(world)), {"idempotency-key": "young-seat"}
    held = citizen.hold("09:00", headers=key)
    occupancy = store.slots.occupancy

    def stale(slot: Slot, *, consistent: bool = False) -> Occupancy:
        seen = occupancy(slot, consistent=consistent)
        if consistent:
            return seen
        others = tuple(replace(seat, appointment="SOMEBODYELSE") for seat in seen.held)
        return replace(seen, held=others)

    with monkeypatch.context() as patched:
        patched.setattr(store.slots, "occupancy", stale)
        again = citizen.hold("09:00", headers=key)
    assert again.status == 201 and again.json["id"] == held.json["id"]
    assert citizen.confirm(again).status == 201


def test_nobody_is_told_of_an_appointment_that_does_not_exist(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    citizen, key = Booker(world, world.real_person(), small_hall(world)), {"idempotency-key": "died-and-elsewhere"}
    die_between_claim_and_seat(citizen, monkeypatch, "09:00", key)
    at_once = citizen.hold("09:30")
    assert at_once.code == "slot_busy" and 15 <= int(at_once.headers["Retry-After"]) <= 20
    world.pass_time(seconds=21)
    assert citizen.confirm(citizen.hold("09:30")).status == 201, "the dead request is over"
    assert citizen.hold("10:00").code == "already_booked"
    assert citizen.hold("09:00", headers=key).code == "hold_expired", "and its repeat cannot take a second place"


def test_a_hold_is_not_called_an_appointment(world: World) -> None:
    citizen = Booker(world, world.real_person(), small_hall(world))
    held = citizen.hold("09:00")
    world.pass_time(seconds=60)
    refused = citizen.hold("09:30")
    assert refused.code == "hold_in_progress" and "09:00" in refused.json["title"]
    citizen.client.post("/v1/holds/give_up", {"hold": held.json["hold"]})
    assert citizen.hold("09:30").status == 201


@pytest.mark.parametrize("seed", range(12))
def test_a_late_repeat_and_another_hold_keep_one_place(
    world: World, scene: Scene, monkeypatch: pytest.MonkeyPatch, interleaved: Interleaved, seed: int
) -> None:
    """A claim without a seat; when its request's time is over, its repeat and a hold elsewhere come at once."""
    visitor = scene.visitors[0]
    with dying_at(monkeypatch, 1, "after"), suppress(Crash):
        scene.hold(visitor, STARTS[0], key=f"died-{seed}")
    world.pass_time(seconds=21)
    holds: list[str] = []

    def hold(start: str, key: str) -> None:
        holds.append(scene.hold(visitor, start, key=key))

    interleaved(seed, [lambda: hold(STARTS[0], f"died-{seed}"), lambda: hold(STARTS[1], f"elsewhere-{seed}")])
    booked = [scene.confirm(visitor, held) for held in holds if held]
    assert len([one for one in booked if one]) <= 1
    assert scene.faults() == []
    seats = [seat for start in STARTS for seat in store.slots.occupancy(scene.slot(start), consistent=True).held]
    assert len(seats) <= 1
