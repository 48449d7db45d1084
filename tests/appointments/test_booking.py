"""Booking as a citizen lives it: look, hold, confirm, move, cancel; and everything that can be wrong with it."""

from __future__ import annotations

import os
import time
from datetime import date

import pytest

from scenes.world import World, new_id_number, old_id_number
from tests.appointments.bookings import HOUSING, TOMORROW, Booker


@pytest.fixture
def citizen(world: World) -> Booker:
    return Booker(world, world.real_person(), world.hall())


def test_a_month_and_a_day_show_what_is_free(world: World) -> None:
    hall = world.hall()
    month = world.anonymous().get(f"/v1/halls/{hall}/days?month=2026-11&services={HOUSING}").json
    days = {day["date"]: day for day in month["days"]}
    assert days["2026-11-01"]["state"] == "past"
    assert days["2026-11-03"]["state"] == "open" and days["2026-11-03"]["left"] == 13 * 6
    assert days["2026-11-07"]["left"] == 6 * 6, "a Saturday has a morning only"
    assert days["2026-11-08"]["state"] == "closed", "Sunday"
    assert days["2026-11-10"]["state"] == "not_released"
    assert days["2026-11-10"]["released_at"] == "2026-11-03T08:00:00+08:00"
    slots = world.anonymous().get(f"/v1/halls/{hall}/days/2026-11-03?services={HOUSING}").json["slots"]
    assert [slot["start"] for slot in slots][:2] == ["09:00", "09:30"]
    assert "12:00" not in {slot["start"] for slot in slots}, "the break is not for booking"
    assert slots[0] == {"start": "09:00", "end": "09:30", "state": "open", "left": 6, "priority": 2}


def test_from_hold_to_appointment(citizen: Booker) -> None:
    held = citizen.hold("09:00")
    assert held.status == 201, held.json
    confirmed = citizen.confirm(held)
    assert confirmed.status == 201
    assert confirmed.json["status"] == "confirmed" and confirmed.json["start"] == "09:00"
    listed = citizen.client.get("/v1/appointments").json
    assert [one["id"] for one in listed["items"]] == [confirmed.json["id"]] and listed["holds"] == []
    assert citizen.left("09:00") == 5


def test_a_double_tap_holds_and_books_once(citizen: Booker) -> None:
    key = {"idempotency-key": "double-tap-1"}
    first, second = citizen.hold("09:00", headers=key), citizen.hold("09:00", headers=key)
    assert first.json["id"] == second.json["id"] and citizen.left("09:00") == 5
    one, other = citizen.confirm(first), citizen.confirm(second)
    assert one.json == other.json
    again = citizen.hold("09:30", headers=key)
    assert again.code == "already_booked", "another request with the same key is another request"


def test_a_hold_that_is_not_confirmed_comes_back_by_itself(world: World, citizen: Booker) -> None:
    held = citizen.hold("09:00")
    assert citizen.left("09:00") == 5
    world.pass_time(seconds=301)
    assert citizen.left("09:00") == 6
    assert citizen.confirm(held).code == "hold_expired"
    assert citizen.hold("09:00").status == 201, "and does not count against the visitor"


def test_a_client_that_lost_its_hold_finds_it_in_the_list(citizen: Booker) -> None:
    citizen.hold("09:00")
    listed = citizen.client.get("/v1/appointments").json["holds"]
    assert len(listed) == 1
    confirmed = citizen.client.post("/v1/appointments", {"hold": listed[0]["hold"]})
    assert confirmed.status == 201 and confirmed.json["start"] == "09:00"


def test_a_hold_given_up_is_free_at_once(citizen: Booker) -> None:
    held = citizen.hold("09:00")
    assert citizen.client.post("/v1/holds/give_up", {"hold": held.json["hold"]}).status == 200
    assert citizen.left("09:00") == 6
    assert citizen.confirm(held).code == "hold_expired"
    assert citizen.hold("09:30").status == 201


def test_what_is_confirmed_cannot_be_given_up_as_a_hold(citizen: Booker) -> None:
    held = citizen.hold("09:00")
    citizen.confirm(held)
    refused = citizen.client.post("/v1/holds/give_up", {"hold": held.json["hold"]})
    assert refused.code == "appointment_wrong_state"


def test_somebody_elses_hold_is_of_no_use(world: World, citizen: Booker) -> None:
    held = citizen.hold("09:00")
    thief = world.real_person()
    assert thief.post("/v1/appointments", {"hold": held.json["hold"]}).code == "hold_invalid"
    assert thief.post("/v1/appointments", {"hold": held.json["hold"][:-4] + "AAAA"}).code == "hold_invalid"
    assert thief.post("/v1/appointments", {"hold": "not a hold"}).code == "hold_invalid"


def test_the_last_place_goes_to_one(world: World) -> None:
    hall, start = world.hall(), "09:00"
    bookers = [Booker(world, world.real_person(), hall) for _ in range(7)]
    answers = [booker.hold(start) for booker in bookers]
    assert [answer.status for answer in answers] == [201] * 6 + [409]
    assert answers[-1].code == "slot_full"
    view = next(slot for slot in bookers[0].slots() if slot["start"] == start)
    assert (view["state"], view["left"]) == ("priority_only", 0)


def test_an_expired_hold_makes_room_for_the_next(world: World) -> None:
    hall, start = world.hall(), "09:00"
    for _ in range(6):
        assert Booker(world, world.real_person(), hall).hold(start).status == 201
    late = Booker(world, world.real_person(), hall)
    assert late.hold(start).code == "slot_full"
    world.pass_time(seconds=301)
    held = late.hold(start)
    assert held.status == 201 and late.confirm(held).status == 201


def test_places_of_the_priority_channel_are_for_priority_groups(world: World) -> None:
    hall, start = world.hall(), "09:00"
    for _ in range(6):
        assert Booker(world, world.real_person(), hall).hold(start).status == 201
    assert Booker(world, world.real_person(), hall).hold(start).code == "slot_full"
    old = Booker(world, world.real_person("七旬老人", old_id_number()), hall)
    held = old.hold(start)
    assert held.status == 201 and old.confirm(held).status == 201


def test_moving_is_atomic(citizen: Booker) -> None:
    first = citizen.book("09:00")
    held = citizen.hold("10:00", moves=first["number"])
    assert held.status == 201, held.json
    assert citizen.read(first["id"])["status"] == "confirmed", "kept until the new one is won"
    moved = citizen.confirm(held).json
    assert citizen.read(first["id"])["status"] == "cancelled"
    assert citizen.read(moved["id"])["status"] == "confirmed"
    assert citizen.confirm(held).json["id"] == moved["id"], "a repeat finds it"


def test_a_move_whose_hold_expired_leaves_the_old_appointment(world: World, citizen: Booker) -> None:
    first = citizen.book("09:00")
    held = citizen.hold("10:00", moves=first["id"])
    world.pass_time(seconds=301)
    assert citizen.confirm(held).code == "hold_expired"
    assert citizen.read(first["id"])["status"] == "confirmed"


def test_a_move_of_what_was_cancelled_meanwhile_is_refused(citizen: Booker) -> None:
    first = citizen.book("09:00")
    held = citizen.hold("10:00", moves=first["id"])
    citizen.client.post(f"/v1/appointments/{first['id']}/cancel", {})
    assert citizen.confirm(held).code == "appointment_wrong_state"


def test_only_ones_own_appointment_for_the_same_services_can_be_moved(world: World, citizen: Booker) -> None:
    others = Booker(world, world.real_person(), citizen.hall).book("09:00")
    assert citizen.hold("10:00", moves=others["id"]).code == "not_found"
    mine = citizen.book("09:00")
    refused = citizen.hold("10:00", moves=mine["id"], services=["tour_bus_sticker"])
    assert refused.code == "move_to_others"


def test_a_cancelled_place_comes_back_at_a_random_moment(world: World, citizen: Booker) -> None:
    booked = citizen.book("09:00")
    assert (
        citizen.client.post(f"/v1/appointments/{booked['id']}/cancel", {"reason": "有事"}).json["status"] == "cancelled"
    )
    again = citizen.client.post(f"/v1/appointments/{booked['id']}/cancel", {})
    assert again.status == 200, "a repeat changes nothing"
    world.pump()
    assert citizen.left("09:00") == 5, "not at once, or it could be traded"
    world.pass_time(minutes=61)
    assert citizen.left("09:00") == 6


def test_cancelling_ends_some_hours_before(world: World, citizen: Booker) -> None:
    booked = citizen.book("09:00")
    world.pass_time(hours=15, minutes=30)
    citizen.client.renew()
    refused = citizen.client.post(f"/v1/appointments/{booked['id']}/cancel", {})
    assert refused.code == "too_late_to_cancel" and "07:00" in refused.json["title"]


def test_one_appointment_for_a_service(citizen: Booker) -> None:
    booked = citizen.book("09:00")
    refused = citizen.hold("10:00")
    assert refused.code == "already_booked" and TOMORROW in refused.json["title"]
    citizen.client.post(f"/v1/appointments/{booked['id']}/cancel", {})
    assert citizen.hold("10:00").status == 201


def test_limits_say_which_and_until_when(world: World) -> None:
    hall = world.hall(booking={"per_day": 1, "per_week": 2})
    citizen = Booker(world, world.real_person(), hall)
    citizen.book("09:00")
    refused = citizen.hold("10:00", services=["tour_bus_sticker"])
    assert refused.code == "booking_limit_reached" and "2026-11-04" in refused.json["title"]
    assert citizen.hold("10:00", day="2026-11-04", services=["tour_bus_sticker"]).status == 201


@pytest.mark.parametrize(
    ("day", "start", "code"),
    [
        ("2026-11-02", "09:00", "slot_past"),
        ("2026-11-02", "16:30", "slot_closed"),
        ("2026-11-03", "12:30", "slot_unknown"),
        ("2026-11-03", "09:10", "slot_unknown"),
        ("2026-11-08", "09:00", "slot_unknown"),
        ("2026-11-10", "09:00", "slot_not_released"),
        ("2026-12-31", "15:00", "slot_unknown"),
    ],
)
def test_slots_that_cannot_be_booked(world: World, citizen: Booker, day: str, start: str, code: str) -> None:
    world.pass_time(minutes=10)
    refused = citizen.hold(start, day=day)
    assert refused.code == code, refused.json
    if code == "slot_not_released":
        assert "2026-11-03 08:00" in refused.json["title"] and int(refused.headers["Retry-After"]) > 3600


def test_a_foreign_hall_service_or_group(citizen: Booker) -> None:
    assert citizen.hold("09:00", hall="no_such_hall").code == "hall_unknown"
    assert citizen.hold("09:00", services=["no_such_service"]).code == "service_not_here"
    assert citizen.hold("09:00", services=[HOUSING, "tour_bus_sticker"]).code == "services_apart"


def test_an_appointment_of_somebody_else_answers_as_if_absent(world: World, citizen: Booker) -> None:
    booked = citizen.book("09:00")
    stranger = world.real_person()
    for path in ("", "/calendar", "/slip"):
        assert stranger.get(f"/v1/appointments/{booked['id']}{path}").code == "not_found"
    assert stranger.post(f"/v1/appointments/{booked['id']}/cancel", {}).code == "not_found"


def test_the_hour_of_the_machine_does_not_matter(world: World, citizen: Booker) -> None:
    world.pass_time(minutes=10)
    before = os.environ.get("TZ")
    try:
        for zone in ("America/New_York", "Pacific/Kiritimati", "UTC"):
            os.environ["TZ"] = zone
            time.tzset()
            assert next(slot["start"] for slot in citizen.slots()) == "09:00"
            assert citizen.hold("16:30", day="2026-11-02").code == "slot_closed"
    finally:
        os.environ.pop("TZ") if before is None else os.environ.update(TZ=before)
        time.tzset()


def test_a_clock_set_back_neither_loses_nor_doubles_anything(world: World, citizen: Booker) -> None:
    held = citizen.hold("09:00")
    world.pass_time(seconds=-50)
    assert citizen.confirm(held).status == 201
    assert citizen.left("09:00") == 5
    assert citizen.hold("10:00").code == "already_booked"


def test_who_holds_too_often_has_to_wait(world: World, citizen: Booker) -> None:
    for _ in range(20):
        held = citizen.hold("09:00")
        assert held.status == 201, held.json
        citizen.client.post("/v1/holds/give_up", {"hold": held.json["hold"]})
    refused = citizen.hold("09:00")
    assert refused.status == 429 and refused.code == "too_many_holds"
    world.pass_time(minutes=61)
    citizen.client.renew()
    assert citizen.hold("09:00").status == 201


def test_an_enterprises_handler_books_for_it(world: World) -> None:
    enterprise, hall = world.enterprise(), world.hall()
    client = Booker(world, enterprise.client, hall)
    booked = client.book("09:00", services=["tour_bus_sticker"])
    assert [one["id"] for one in enterprise.client.get("/v1/appointments").json["items"]] == [booked["id"]]
    assert enterprise.representative.get("/v1/appointments").json["items"] == [], "not the person's own"
    assert Booker(world, enterprise.representative, hall).hold("09:00", services=["tour_bus_sticker"]).status == 201


def test_staff_book_for_who_stands_at_the_window(world: World) -> None:
    clerk, number, hall = world.staff("window.1"), new_id_number(), world.hall()
    visitor = {"name": "来访人", "id_number": number}
    held = Booker(world, clerk, hall).hold("09:00", visitor=visitor)
    assert held.status == 201, held.json
    assert clerk.post("/v1/appointments", {"hold": held.json["hold"]}).json["visitor"] == "来**"
    assert Booker(world, world.staff("officer.a"), hall).hold("09:00", visitor=visitor).code == "forbidden"
    assert Booker(world, clerk, hall).hold("09:00").code == "invalid_request"
    citizen = world.real_person()
    assert Booker(world, citizen, hall).hold("09:00", visitor=visitor).code == "invalid_request"


def test_the_calendar_file_is_one_that_calendars_read(citizen: Booker) -> None:
    import icalendar

    booked = citizen.book("09:00")
    answer = citizen.client.get(f"/v1/appointments/{booked['id']}/calendar")
    assert answer.headers["Content-Type"].startswith("text/calendar")
    assert all(len(line) <= 75 for line in answer.body.split(b"\r\n"))
    event = next(iter(icalendar.Calendar.from_ical(answer.body).walk("VEVENT")))
    assert event.decoded("dtstart").isoformat() == "2026-11-03T01:00:00+00:00"
    assert event.decoded("dtend").isoformat() == "2026-11-03T01:30:00+00:00"
    assert "玄武区政务服务中心" in str(event["summary"]) and str(event["uid"]).startswith(booked["id"])


def test_booked_places_are_counted_by_the_day_of_the_visit() -> None:
    from chalicelib.appointments import limits
    from chalicelib.appointments.seats import Claim

    def claim(day: str, service: str) -> Claim:
        return Claim(
            appointment=service,
            services=(service,),
            hall="h",
            group="g",
            day=date.fromisoformat(day),
            start="09:00",
            until=0,
        )

    today = date(2026, 11, 2)
    for most, days, refused in (
        ((1, 0, 0), ["2026-11-03"], True),
        ((1, 0, 0), ["2026-11-04"], False),
        ((0, 2, 0), ["2026-11-02", "2026-11-08"], True),
        ((0, 2, 0), ["2026-11-01", "2026-11-09"], False),
        ((0, 0, 2), ["2026-11-28", "2026-11-30"], True),
        ((0, 0, 2), ["2026-10-31", "2026-12-01"], False),
    ):
        claims = [claim(day, f"s{place}") for place, day in enumerate(days)]
        wanted = claim("2026-11-03", "new")
        if refused:
            with pytest.raises(Exception, match="booking_limit_reached"):
                limits.check_limits(claims, wanted, today, *most)
        else:
            limits.check_limits(claims, wanted, today, *most)
