"""No-show credit, appeals and amnesty; family members; booking tickets; reminders; slips."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from chalicelib.kernel.events import history
from functions import close_halls, remind_visitors
from scenes.world import Client, World, new_id_number
from tests.appointments.bookings import HOUSING, Booker


def missed(world: World, booker: Booker, day: str) -> Any:
    """An appointment of a day on which the visitor did not come."""
    visit = datetime.fromisoformat(f"{day}T00:00:00+08:00")
    world.set_time(visit - timedelta(hours=12))
    booker.client.renew()
    booked = booker.book("09:00", day=day)
    world.set_time(visit + timedelta(hours=24, minutes=10))
    close_halls.handler({})
    booker.client.renew()
    return booked


@pytest.fixture
def unreliable(world: World) -> tuple[Booker, list[Any]]:
    """Somebody who did not come twice, and the two appointments."""
    booker = Booker(world, world.real_person(), world.hall(booking={"per_week": 9}))
    return booker, [missed(world, booker, day) for day in ("2026-11-03", "2026-11-05")]


def test_two_no_shows_block_for_ninety_days(world: World, unreliable: tuple[Booker, list[Any]]) -> None:
    booker, booked = unreliable
    assert [booker.read(one["id"])["status"] for one in booked] == ["no_show", "no_show"]
    refused = booker.hold("09:00", day="2026-11-09")
    assert refused.code == "booking_blocked" and "2027-02-04" in refused.json["title"]
    waits = {"hall": booker.hall, "services": [HOUSING], "date": "2026-11-09"}
    assert booker.client.post("/v1/waiting", waits).code == "booking_blocked"
    world.set_time(datetime(2027, 2, 3, 20, tzinfo=UTC))
    booker.client = world.log_in("wechat", booker.client.user)
    # the first working day: Spring Festival begins on the eve of 6 February
    assert booker.hold("09:00", day="2027-02-09").status == 201


def test_an_appeal_that_is_granted_gives_the_credit_back(world: World, unreliable: tuple[Booker, list[Any]]) -> None:
    booker, booked = unreliable
    path = f"/v1/appointments/{booked[0]['id']}"
    supervisor = world.staff("hall.supervisor")
    assert supervisor.post(f"{path}/appeal_decision", {"granted": True, "opinion": "没有申诉"}).code == "appeal_decided"
    assert booker.client.post(f"{path}/appeal", {"reason": "当天地铁停运"}).json["appeal_open"] is True
    listed = supervisor.get(f"/v1/halls/{booker.hall}/appeals").json["items"]
    assert [(one["appointment"]["id"], one["reason"]) for one in listed] == [(booked[0]["id"], "当天地铁停运")]
    decided = supervisor.post(f"{path}/appeal_decision", {"granted": True, "opinion": "情况属实"})
    assert decided.json["status"] == "excused"
    assert supervisor.get(f"/v1/halls/{booker.hall}/appeals").json["items"] == []
    assert booker.hold("09:00", day="2026-11-09").status == 201


def test_an_appeal_that_is_refused_leaves_the_no_show(world: World, unreliable: tuple[Booker, list[Any]]) -> None:
    booker, booked = unreliable
    path = f"/v1/appointments/{booked[0]['id']}"
    booker.client.post(f"{path}/appeal", {"reason": "忘记了预约"})
    supervisor = world.staff("hall.supervisor")
    assert (
        supervisor.post(f"{path}/appeal_decision", {"granted": False, "opinion": "理由不成立"}).json["status"]
        == "no_show"
    )
    assert booker.hold("09:00", day="2026-11-09").code == "booking_blocked"
    assert supervisor.post(f"{path}/appeal_decision", {"granted": True, "opinion": "改主意了"}).code == "appeal_decided"


def test_amnesty_needs_no_appeal(world: World, unreliable: tuple[Booker, list[Any]]) -> None:
    booker, booked = unreliable
    supervisor = world.staff("hall.supervisor")
    for _ in range(2):
        forgiven = supervisor.post(f"/v1/appointments/{booked[1]['id']}/forgive", {"reason": "暴雨红色预警"})
        assert forgiven.json["status"] == "excused"
    assert booker.hold("09:00", day="2026-11-09").status == 201


def test_a_supervisor_forgives_a_whole_day(world: World, unreliable: tuple[Booker, list[Any]]) -> None:
    booker, booked = unreliable
    path = f"/v1/halls/{booker.hall}/amnesties"
    forgiven = world.staff("hall.supervisor").post(path, {"day": "2026-11-03", "reason": "暴雨红色预警"})
    assert forgiven.json == {"count": 1}
    assert [booker.read(one["id"])["status"] for one in booked] == ["excused", "no_show"]


def test_only_a_no_show_can_be_appealed_against(world: World) -> None:
    booker = Booker(world, world.real_person(), world.hall())
    booked = booker.book("09:00")
    answer = booker.client.post(f"/v1/appointments/{booked['id']}/appeal", {"reason": "随便申诉"})
    assert answer.code == "appointment_wrong_state"


# Family


def relative(world: World, holder: Client, name: str, number: str) -> Any:
    world.simulators.departments.people[number] = name
    return holder.post("/v1/relatives", {"name": name, "id_number": number})


def test_what_somebody_does_who_only_claims_an_identity_counts_not_against_its_owner(world: World) -> None:
    hall, number = world.hall(booking={"per_week": 9}), new_id_number()
    stranger = Booker(world, world.claimant("失主", number), hall)
    for day in ("2026-11-03", "2026-11-05"):
        missed(world, stranger, day)
    assert stranger.hold("09:00", day="2026-11-10").code == "booking_blocked"
    accomplice = Booker(world, world.claimant("失主", number), hall)
    assert accomplice.hold("09:00", day="2026-11-10").code == "booking_blocked", "all who claim it count as one"
    owner = Booker(world, world.real_person("失主", number), hall)
    booked = owner.book("09:00", day="2026-11-10")
    listed = owner.client.get("/v1/appointments").json["items"]
    assert [one["id"] for one in listed] == [booked["id"]]


def test_what_was_booked_before_the_proof_is_still_ones_own_afterwards(world: World) -> None:
    hall, number = world.hall(booking={"per_week": 9}), new_id_number()
    booker = Booker(world, world.claimant("测试人", number), hall)
    booked = booker.book("09:00")
    world.prove(booker.client, "测试人", number)
    booker.client.renew()
    assert [one["id"] for one in booker.client.get("/v1/appointments").json["items"]] == [booked["id"]]
    moved = booker.confirm(booker.hold("10:00", moves=booked["id"]))
    assert moved.status == 201 and booker.read(booked["id"])["status"] == "cancelled"


def test_booking_for_a_relative_takes_their_consent(world: World) -> None:
    number, hall = new_id_number(), world.hall()
    daughter, father = world.real_person("女儿甲"), world.real_person("父亲乙", number)
    asked = relative(world, daughter, "父亲乙", number).json
    assert asked["relative"] == "父**" and asked["consented"] is False
    booker = Booker(world, daughter, hall)
    assert booker.hold("09:00", relative=asked["id"]).code == "relative_not_consented"
    assert daughter.post(f"/v1/relatives/{asked['id']}/consent").code == "not_found", "not for oneself"
    assert father.get("/v1/relatives").json["asking"][0]["holder"] == "女**"
    assert father.post(f"/v1/relatives/{asked['id']}/consent").json["consented"] is True
    booked = booker.book("09:00", relative=asked["id"])
    assert booked["visitor"] == "父**"
    assert father.get(f"/v1/appointments/{booked['id']}").status == 200
    assert daughter.get(f"/v1/appointments?relative={asked['id']}").json["items"][0]["id"] == booked["id"]
    assert Booker(world, father, hall).hold("10:00").code == "already_booked", "limits count for who comes"
    assert Booker(world, daughter, hall).hold("10:00").status == 201
    assert father.delete(f"/v1/relatives/{asked['id']}").status == 200
    assert booker.hold("11:00", relative=asked["id"]).code == "relative_not_consented"
    assert world.real_person().delete(f"/v1/relatives/{asked['id']}").code == "not_found"


def test_a_guardian_books_for_a_child_by_the_register(world: World) -> None:
    parent_number, child_number = new_id_number(), new_id_number(born=date(2018, 1, 1))
    parent = world.real_person("家长甲", parent_number)
    assert relative(world, parent, "孩子丙", child_number).json["consented"] is False
    world.simulators.departments.registers.setdefault("guardians", {})[child_number] = [{"id_number": parent_number}]
    found = relative(world, parent, "孩子丙", child_number).json
    assert found["consented"] is True
    assert Booker(world, parent, world.hall()).book("09:00", relative=found["id"])["visitor"] == "孩**"


def test_a_relative_must_be_who_the_register_says(world: World) -> None:
    holder = world.real_person()
    assert holder.post("/v1/relatives", {"name": "不存在", "id_number": new_id_number()}).code == "identity_mismatch"
    wrong = holder.post("/v1/relatives", {"name": "不存在", "id_number": "320102196001010000"})
    assert wrong.code == "id_number_invalid"


# Booking tickets


def test_no_ticket_no_booking_and_each_ticket_once(world: World) -> None:
    hall = world.hall(booking={"ticket_required": True, "spread_seconds": 5})
    booker = Booker(world, world.real_person(), hall)
    assert booker.hold("09:00").code == "booking_ticket_required"
    body = {"hall": hall, "services": [HOUSING], "date": "2026-11-03"}
    ticket = booker.client.post("/v1/booking_tickets", body).json["ticket"]
    held = booker.hold("09:00", ticket=ticket)
    assert held.status == 201
    booker.client.post("/v1/holds/give_up", {"hold": held.json["hold"]})
    assert booker.hold("09:30", ticket=ticket).code == "booking_ticket_invalid", "it was good for one hold"
    other = Booker(world, world.real_person(), hall)
    assert other.hold("09:00", ticket=ticket).code == "booking_ticket_invalid", "and for one person"
    assert other.hold("09:00", ticket="x").code == "booking_ticket_invalid"
    second = booker.client.post("/v1/booking_tickets", body).json["ticket"]
    assert booker.hold("09:00", day="2026-11-04", ticket=second).code == "booking_ticket_invalid", "and for one day"


def test_a_ticket_is_given_before_the_release_and_its_moment_is_drawn(world: World) -> None:
    hall = world.hall(booking={"ticket_required": True, "spread_seconds": 30})
    booker = Booker(world, world.real_person(), hall)
    body = {"hall": hall, "services": [HOUSING], "date": "2026-11-10"}
    assert booker.client.post("/v1/booking_tickets", body).code == "slot_not_released"
    world.set_time(datetime(2026, 11, 2, 23, 50, tzinfo=UTC))
    booker.client = world.log_in("wechat", booker.client.user)
    first = booker.client.post("/v1/booking_tickets", body).json
    again = booker.client.post("/v1/booking_tickets", body).json
    assert first["usable_from"] == again["usable_from"] and 600 <= first["wait_seconds"] <= 630
    assert booker.hold("09:00", day="2026-11-10", ticket=first["ticket"]).code == "slot_not_released"
    world.pass_time(minutes=10, seconds=first["wait_seconds"] - 600 - 0.5)
    early = booker.hold("09:00", day="2026-11-10", ticket=first["ticket"])
    assert early.code == ("booking_ticket_early" if first["wait_seconds"] > 600.5 else "slot_not_released")
    world.pass_time(seconds=0.6)
    assert booker.hold("09:00", day="2026-11-10", ticket=again["ticket"]).status == 201


# Reminders and slips


def test_each_appointment_is_reminded_of_once(world: World) -> None:
    booker = Booker(world, world.real_person(), world.hall())
    booked = booker.book("09:00")
    assert remind_visitors.handler({})["reminded"] >= 1
    assert remind_visitors.handler({})["reminded"] == 0
    world.pump()
    entries, _ = history.entries(f"APPOINTMENT#{booked['id']}")
    assert [entry.type for entry in entries] == ["appointment_confirmed", "appointment_reminder_due"]
