"""A hall's day over HTTP: arriving, calling, waiting, closing."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from scenes.world import World, new_id_number, old_id_number
from tests.appointments.bookings import HOUSING, Booker
from tests.queueing.hall import TODAY, HallDay


@pytest.fixture
def day(world: World) -> HallDay:
    found = HallDay(world, world.hall())
    found.at(9)
    return found


def test_the_kiosk_checks_in_by_the_code_on_the_phone(day: HallDay) -> None:
    citizen, booked = day.booked("09:00")
    day.at(9)
    arrived = day.check_in(booked)
    assert arrived.status == 200, arrived.json
    assert arrived.json["number"] == "A001" and arrived.json["status"] == "waiting" and arrived.json["position"] == 1
    assert citizen.client.token
    assert day.check_in(booked).json["id"] == arrived.json["id"], "a second scan finds the ticket"
    day.open("1")
    assert day.next("1") == "A001"
    assert day.do("1", "finish").status == 200
    assert day.ticket(arrived.json["id"])["status"] == "served"


def test_the_phone_checks_in_by_the_code_on_the_halls_screen(world: World, day: HallDay) -> None:
    citizen, booked = day.booked("09:00")
    day.at(9)
    citizen.client.renew()
    path = f"/v1/appointments/{booked['id']}/check_in"
    assert citizen.client.post(path, {"code": "0123456789AB"}).code == "not_at_hall"
    code = day.kiosk().get(f"{day.path}/check_in_code").json["code"]
    world.pass_time(seconds=130)
    assert citizen.client.post(path, {"code": code}).code == "not_at_hall", "a photograph of the screen is too old"
    code = day.kiosk().get(f"{day.path}/check_in_code").json["code"]
    assert citizen.client.post(path, {"code": code.lower()}).json["number"] == "A001"
    assert citizen.read(booked["id"])["status"] == "checked_in"


def test_the_phone_checks_in_by_location_where_the_hall_allows_it(world: World, day: HallDay) -> None:
    citizen, booked = day.booked("09:00")
    day.at(9)
    citizen.client.renew()
    path = f"/v1/appointments/{booked['id']}/check_in"
    far, near = {"latitude": 32.0600, "longitude": 118.7984}, {"latitude": 32.0490, "longitude": 118.7990}
    assert citizen.client.post(path, far).code == "not_at_hall"
    assert citizen.client.post(path, near).status == 200
    strict = HallDay(world, world.hall(queue={"location_metres": 0}))
    other, second = strict.booked("09:00")
    strict.at(9)
    other.client.renew()
    assert other.client.post(f"/v1/appointments/{second['id']}/check_in", near).code == "not_at_hall"


def test_the_desk_checks_in_by_id_card(day: HallDay) -> None:
    number = new_id_number()
    day.booked("09:00", number)
    day.at(9)
    arrived = day.clerk("1").post(f"{day.path}/check_ins", {"code": number})
    assert arrived.json["number"] == "A001"
    unknown = day.clerk("1").post(f"{day.path}/check_ins", {"code": new_id_number()})
    assert unknown.code == "check_in_code_unknown"
    assert day.clerk("1").post(f"{day.path}/check_ins", {"code": "K7M29QXA4TB3"}).code == "check_in_code_unknown"


def test_the_desk_finds_what_was_booked_by_a_claim_too(world: World, day: HallDay) -> None:
    number = new_id_number()
    world.set_time(datetime(2026, 11, 2, 8, 0, tzinfo=UTC))
    Booker(world, world.claimant("预约人", number), day.code).book("09:00")
    day.at(9)
    assert day.clerk("1").post(f"{day.path}/check_ins", {"code": number}).json["number"] == "A001"


def test_a_ticket_by_a_claim_takes_nobodys_turn(world: World, day: HallDay) -> None:
    number = new_id_number()
    where = {"code": day.kiosk().get(f"{day.path}/check_in_code").json["code"]}
    body = {"hall": day.code, "services": [HOUSING], "where": where}
    stranger, other = world.claimant("排队人", number), world.claimant("排队人", number)
    assert stranger.post("/v1/tickets", body).status == 201
    assert other.post("/v1/tickets", body).code == "already_in_queue"
    assert day.walk_in(visitor={"name": "排队人", "id_number": number})["number"] == "A002"


@pytest.mark.parametrize(("hour", "minute", "code"), [(7, 59, "check_in_too_early"), (9, 16, "check_in_too_late")])
def test_check_in_has_its_time(day: HallDay, hour: int, minute: int, code: str) -> None:
    _, booked = day.booked("09:00")
    day.at(hour, minute)
    assert day.check_in(booked).code == code


def test_check_in_on_the_wrong_day_or_at_the_wrong_hall(world: World, day: HallDay) -> None:
    _, booked = day.booked("09:00")
    assert day.check_in(booked).code == "check_in_wrong_day"
    day.at(9)
    other = day.kiosk().post("/v1/halls/jiangning_street_hall/check_ins", {"code": booked["number"]})
    assert other.code == "check_in_wrong_hall"


def test_a_walk_in_takes_one_ticket_by_phone(day: HallDay, world: World) -> None:
    citizen = world.real_person()
    where = {"code": day.kiosk().get(f"{day.path}/check_in_code").json["code"]}
    body = {"hall": day.code, "services": [HOUSING], "where": where}
    key = {"idempotency-key": "ticket-by-phone"}
    taken = citizen.post("/v1/tickets", body, headers=key)
    assert taken.status == 201 and taken.json["number"] == "A001"
    assert citizen.post("/v1/tickets", body, headers=key).json["id"] == taken.json["id"], "a repeat prints nothing new"
    refused = citizen.post("/v1/tickets", body)
    assert refused.code == "already_in_queue" and "A001" in refused.json["title"]
    assert citizen.post("/v1/tickets", {**body, "where": {}}).code == "not_at_hall"


def test_a_ticket_that_could_not_be_printed_does_not_wait(day: HallDay) -> None:
    ticket = day.walk_in()
    left = day.kiosk().post(f"/v1/tickets/{ticket['id']}/leave", {"reason": "缺纸"})
    assert left.json["status"] == "left"
    assert day.board()["groups"][0]["waiting"] == 0
    assert day.kiosk().post(f"/v1/tickets/{ticket['id']}/leave", {}).status == 200, "a repeat changes nothing"
    day.open("1")
    assert day.do("1", "next").code == "nobody_waits"


def test_a_jammed_printer_does_not_cost_the_appointment(day: HallDay) -> None:
    _, booked = day.booked("09:00")
    day.at(9)
    ticket = day.check_in(booked).json
    assert day.kiosk().post(f"/v1/tickets/{ticket['id']}/leave", {"reason": "缺纸"}).code == "forbidden"
    assert day.kiosk().get(f"/v1/tickets/{ticket['id']}/slip").status == 200, "it is printed again instead"
    assert day.clerk("1").post(f"/v1/tickets/{ticket['id']}/leave", {}).json["status"] == "left"
    assert day.check_in(booked).code == "ticket_over"


def test_no_tickets_while_the_hall_is_closed(day: HallDay) -> None:
    for hour in (7, 17):
        day.at(hour)
        assert day.kiosk().post(f"{day.path}/tickets", {"services": [HOUSING]}).code == "hall_closed"


def test_lanes_are_called_as_the_pattern_says(day: HallDay) -> None:
    """The demo hall's pattern: priority, appointment, appointment, walk-in."""
    booked = [day.booked("09:00")[1] for _ in range(3)]
    day.at(9)
    walk_ins = [day.walk_in()["number"] for _ in range(2)]
    by_appointment = [day.check_in(one).json["number"] for one in booked]
    priority = day.walk_in(visitor={"name": "七旬老人", "id_number": old_id_number()})["number"]
    day.open("1")
    called = []
    for _ in range(6):
        called.append(day.next("1"))
        day.do("1", "finish")
    assert called == [priority, *by_appointment[:2], walk_ins[0], by_appointment[2], walk_ins[1]]


def test_an_appointment_is_not_called_long_before_its_time_while_others_wait(day: HallDay) -> None:
    _, booked = day.booked("09:30")
    day.at(9)
    early, walk_in = day.check_in(booked).json["number"], day.walk_in()["number"]
    day.open("1", "2")
    assert day.next("1") == walk_in
    assert day.next("2") == early, "but nobody sits idle while somebody is there"


def test_two_windows_never_have_one_person_and_see_whom_they_have(day: HallDay) -> None:
    tickets = [day.walk_in() for _ in range(3)]
    day.open("1", "2", "3")
    numbers = [day.next(window) for window in ("1", "2", "3")]
    assert sorted(numbers) == [ticket["number"] for ticket in tickets]
    shown = [day.clerk(window).get(f"{day.path}/windows/{window}").json["current"] for window in ("1", "2", "3")]
    assert [one["person"]["number"] for one in shown] == numbers
    assert day.do("1", "next").code == "window_busy"


def test_a_closed_window_calls_nobody(day: HallDay) -> None:
    day.walk_in()
    assert day.do("1", "next").code == "window_closed"
    day.open("1")
    assert day.do("1", "next", clerk="2").code == "window_not_yours"
    assert day.do("1", "finish").code == "window_empty"
    assert day.clerk("1").post(f"{day.path}/windows/99/next", {}).code == "not_found"


def test_recall_speaks_again(day: HallDay) -> None:
    day.walk_in()
    day.open("1")
    number = day.next("1")
    assert day.do("1", "recall").json["current"]["calls"] == 2
    calls = day.board()["calls"]
    assert [call["number"] for call in calls] == [number, number] and calls[0]["sequence"] > calls[1]["sequence"]
    assert calls[0]["voice"]["zh"] == f"请 {number} 号到1 号窗口办理"


def test_who_is_skipped_comes_after_three_others_and_is_missed_at_last(day: HallDay) -> None:
    tickets = [day.walk_in() for _ in range(5)]
    day.open("1")
    assert day.next("1") == "A001"
    day.do("1", "skip")
    order = []
    for _ in range(4):
        order.append(day.next("1"))
        day.do("1", "finish")
    assert order == ["A002", "A003", "A004", "A001"]
    alone = day.walk_in()
    for _ in range(3):
        called = day.next("1")
        if called == "A005":
            day.do("1", "finish")
            called = day.next("1")
        assert called == alone["number"]
        day.do("1", "skip")
    assert day.ticket(alone["id"])["status"] == "missed"
    assert day.ticket(tickets[0]["id"])["status"] == "served"


def test_park_and_resume(day: HallDay) -> None:
    first, _ = day.walk_in(), day.walk_in()
    day.open("1")
    number = day.next("1")
    assert [one["number"] for one in day.do("1", "park").json["parked"]] == [number]
    assert day.ticket(first["id"])["status"] == "parked"
    assert day.next("1") != number
    assert day.do("1", "resume", {"number": number}).code == "window_busy"
    day.do("1", "finish")
    assert day.do("1", "resume", {"number": "A999"}).code == "not_parked"
    assert day.do("1", "resume", {"number": number}).json["current"]["person"]["number"] == number


def test_who_is_transferred_keeps_the_place(day: HallDay) -> None:
    day.walk_in()
    for _ in range(2):
        day.walk_in(services=["tour_bus_sticker"])
    day.open("1", "2")
    number = day.next("1")
    assert day.do("1", "transfer", {"window": "9"}).code == "transfer_unknown"
    assert day.do("1", "transfer", {"group": "transport"}).status == 200
    assert day.next("2") == number, "before those who wait for the group"
    assert day.do("2", "transfer", {"window": "1"}).status == 200
    assert day.next("1") == number


def test_a_window_that_closes_gives_its_person_back_to_the_head(day: HallDay) -> None:
    for _ in range(3):
        day.walk_in()
    day.open("1", "2")
    number = day.next("1")
    assert day.do("1", "close").json["open"] is False
    assert day.next("2") == number


def test_a_clerk_who_takes_over_a_window_finds_the_person_at_the_head(day: HallDay) -> None:
    for _ in range(2):
        day.walk_in()
    day.open("1")
    number = day.next("1")
    assert day.do("1", "open", clerk="2").status == 200
    assert day.do("1", "finish").code == "window_not_yours"
    assert day.do("1", "next", clerk="2").json["current"]["person"]["number"] == number


def test_a_window_that_crashed_loses_its_person_to_the_next_call(world: World, day: HallDay) -> None:
    for _ in range(2):
        day.walk_in()
    day.open("1", "2")
    number = day.next("1")
    world.pass_time(seconds=120)
    assert day.do("1", "sign").status == 200, "its screen is there"
    world.pass_time(seconds=120)
    assert day.next("2") != number
    day.do("2", "finish")
    world.pass_time(seconds=181)
    assert day.next("2") == number, "no sign for three minutes"
    assert day.do("1", "finish").code == "window_closed"


def test_who_was_sent_to_a_window_that_closes_is_called_elsewhere(day: HallDay) -> None:
    for _ in range(2):
        day.walk_in()
    day.open("1", "2")
    number = day.next("1")
    assert day.do("1", "transfer", {"window": "3"}).code == "window_closed", "nobody sits there"
    assert day.do("1", "transfer", {"window": "2", "group": "housing"}).code == "transfer_unknown"
    assert day.do("1", "transfer", {"window": "2"}).status == 200
    day.do("2", "close")
    assert day.next("1") == number


def test_who_was_sent_to_a_window_that_fell_silent_is_called_elsewhere(world: World, day: HallDay) -> None:
    day.walk_in()
    day.open("1", "2")
    number = day.next("1")
    day.do("1", "transfer", {"window": "2"})
    world.pass_time(seconds=181)
    day.do("1", "sign")
    assert day.next("1") == number


def test_who_is_parked_at_a_window_that_fell_silent_comes_back(world: World, day: HallDay) -> None:
    for _ in range(2):
        day.walk_in()
    day.open("1", "2")
    number = day.next("1")
    day.do("1", "park")
    world.pass_time(seconds=181)
    assert day.next("2") == number


def test_a_clerk_who_acts_keeps_the_person_however_silent_the_screen_was(world: World, day: HallDay) -> None:
    ticket = day.walk_in()
    day.open("1")
    day.next("1")
    world.pass_time(seconds=300)
    assert day.do("1", "finish").status == 200
    assert day.ticket(ticket["id"])["status"] == "served"


def test_two_appointments_of_one_visitor_are_two_tickets(world: World, day: HallDay) -> None:
    citizen, first = day.booked("09:00")
    second = citizen.book("09:00", services=["tour_bus_sticker"])
    day.at(9)
    assert [day.check_in(one).json["number"] for one in (first, second)] == ["A001", "B001"]


def test_guessing_numbers_at_the_desk_is_slowed_down(day: HallDay) -> None:
    day.at(16)
    codes = {day.kiosk().post(f"{day.path}/check_ins", {"code": f"K7M29QXA{n:04d}"}).code for n in range(201)}
    assert codes == {"check_in_code_unknown", "too_many_requests"}


def test_a_no_show_at_the_window_costs_credit(world: World, day: HallDay) -> None:
    citizen, booked = day.booked("09:00")
    day.at(9)
    day.check_in(booked)
    day.open("1")
    day.next("1")
    assert day.do("1", "no_show").status == 200
    citizen.client.renew()
    assert citizen.read(booked["id"])["status"] == "no_show"


def test_position_and_estimate_follow_the_service_times(world: World, day: HallDay) -> None:
    tickets = [day.walk_in() for _ in range(4)]
    assert "estimated_seconds" not in day.ticket(tickets[3]["id"]), "no window is open"
    day.open("1", "2")
    view = day.ticket(tickets[3]["id"])
    assert (view["position"], view["estimated_seconds"]) == (4, 2 * 15 * 60)
    day.next("1")
    world.pass_time(minutes=5)
    for window in ("1", "2"):
        day.do(window, "sign")
    day.do("1", "finish")
    view = day.ticket(tickets[3]["id"])
    assert (view["position"], view["estimated_seconds"]) == (3, 2 * 780), "15 minutes were expected, one took 5"


def test_the_windows_screen_says_which_materials_are_here(day: HallDay) -> None:
    _, booked = day.booked("09:00")
    day.at(9)
    day.check_in(booked, materials=[0])
    day.open("1")
    day.next("1")
    current = day.clerk("1").get(f"{day.path}/windows/1").json["current"]
    assert current["person"]["name"] == "预**" and current["person"]["services"] == [HOUSING]
    assert current["materials"] and all(one["here"] for one in current["materials"])


def test_displays_poll_for_nothing_when_nothing_happens(world: World, day: HallDay) -> None:
    day.walk_in()
    screen = world.anonymous()
    first = screen.get(f"{day.path}/board")
    world.pass_time(seconds=30)
    tag = {"if-none-match": first.headers["ETag"]}
    assert screen.get(f"{day.path}/board", headers=tag).status == 304
    day.open("1")
    day.next("1")
    assert screen.get(f"{day.path}/board", headers=tag).status == 200


def test_the_overview_shows_the_halls_load(world: World, day: HallDay) -> None:
    for _ in range(3):
        day.walk_in()
    day.open("1")
    day.next("1")
    world.pass_time(minutes=4)
    day.do("1", "sign")
    day.do("1", "finish")
    view = world.staff("hall.supervisor").get(f"{day.path}/overview").json
    assert (view["waiting"], view["windows_open"]) == (2, 1)
    load = view["groups"][0]
    assert (load["issued"], load["served"], load["average_service"]) == (3, 1, 240)
    assert view["longest_wait_since"] == "2026-11-03T09:00:00+08:00"


def test_the_end_of_the_day(world: World, day: HallDay) -> None:
    from functions import close_halls

    _, came = day.booked("09:00")
    citizen, absent = day.booked("09:30")
    day.at(9)
    ticket = day.check_in(came).json
    waiting = day.walk_in()
    world.set_time(datetime(2026, 11, 3, 16, 10, tzinfo=UTC))
    assert close_halls.handler({})["no_shows"] >= 1
    statistics = world.staff("hall.supervisor").get(f"{day.path}/statistics?day={TODAY}").json
    assert (statistics["unserved"], statistics["no_shows"]) == (2, 1)
    assert day.ticket(waiting["id"])["status"] == day.ticket(ticket["id"])["status"] == "unserved"
    citizen.client.renew()
    assert citizen.read(absent["id"])["status"] == "no_show"
    assert close_halls.handler({})["no_shows"] >= 1, "again, with the same result"
    assert world.staff("hall.supervisor").get(f"{day.path}/statistics?day={TODAY}").json == statistics
