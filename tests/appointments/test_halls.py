"""Halls as data: what a definition must not say, and what publishing a changed one does to appointments."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest

from chalicelib.catalog import service as catalog
from chalicelib.catalog.definition import DayException, Span, Text
from chalicelib.kernel.clock import Calendar
from local.environment import ROOT
from publishing import city_folder, publication
from scenes.world import World
from tests.appointments.bookings import Booker

Alter = Callable[[dict[str, Any]], None]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "city", tmp_path / "city"))


def alter(folder: Path, change: Alter, hall: str = "xuanwu_hall") -> None:
    path = folder / "halls" / f"{hall}.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def monday(hall: dict[str, Any], *spans: tuple[str, str]) -> None:
    hall["hours"]["monday"] = [{"opens": opens, "closes": closes} for opens, closes in spans]


MISTAKES: list[tuple[str, Alter, str]] = [
    ("overlap", lambda hall: monday(hall, ("09:00", "12:00"), ("11:30", "17:00")), "overlaps 09:00-12:00"),
    ("backwards", lambda hall: monday(hall, ("12:00", "09:00")), "ends before it begins"),
    ("no time", lambda hall: monday(hall, ("9:00", "12:00")), "$.hours.monday[0].opens"),
    ("zero capacity", lambda hall: hall["groups"][0].update(capacity={"online": 0}), "no channel has a place"),
    ("too many places", lambda hall: hall["groups"][0].update(capacity={"online": 31}), "more than 30 places"),
    (
        "unknown service",
        lambda hall: hall["groups"][0].update(services=[{"code": "no_such_service", "minutes": 10}]),
        "there is no service no_such_service",
    ),
    ("too long", lambda hall: hall["groups"][0]["services"][0].update(minutes=45), "do not fit into a slot"),
    ("no window", lambda hall: hall["windows"].clear(), "length >= 1"),
    ("unknown group", lambda hall: hall["windows"][0].update(groups=["no_group"]), "there is no group no_group"),
    ("lane never called", lambda hall: hall["queue"].update(pattern=["walk_in"]), "would never be called"),
    ("code twice", lambda hall: hall["windows"][1].update(code="1"), "the code 1 stands twice"),
    ("unknown rule", lambda hall: hall["groups"][1].update(booking={"horizon": 3}), "horizon"),
    ("delay backwards", lambda hall: hall["booking"].update(release_delay_minutes=[9, 3]), "larger than the second"),
    ("unknown unit", lambda hall: hall.update(units=["nobody"]), "nobody is not in city.json"),
    ("other name", lambda hall: hall.update(code="other_hall"), "is not the file's name"),
]


@pytest.mark.parametrize(("change", "told"), [(row[1], row[2]) for row in MISTAKES], ids=[row[0] for row in MISTAKES])
def test_a_wrong_definition_is_named_with_its_place(folder: Path, change: Alter, told: str) -> None:
    alter(folder, change)
    with pytest.raises(city_folder.Mistakes) as mistakes:
        city_folder.read_folder(folder)
    assert any(told in str(mistake) and mistake.file == "halls/xuanwu_hall.json" for mistake in mistakes.value.mistakes)


def rename(hall: dict[str, Any]) -> None:
    """Give the first group another code."""
    hall["groups"][0]["code"] = "renamed"
    for window in hall["windows"]:
        window["groups"] = ["renamed" if group == "housing" else group for group in window["groups"]]


BREAKS: list[tuple[str, Alter, str]] = [
    (
        "closed day",
        lambda hall: hall["exceptions"].append(
            {"date": "2026-11-03", "hours": [], "note": {"zh": "闭馆", "en": "Closed"}}
        ),
        "the slot is gone",
    ),
    ("fewer places", lambda hall: hall["groups"][0].update(capacity={"online": 0, "window": 2}), "fewer online places"),
    ("group gone", rename, "the window group is gone"),
]


@pytest.mark.parametrize(("change", "told"), [(row[1], row[2]) for row in BREAKS], ids=[row[0] for row in BREAKS])
def test_a_change_that_breaks_appointments_needs_a_decision(
    world: World, folder: Path, change: Alter, told: str
) -> None:
    publication.publish_folder(folder, publication.KEEP)
    citizen = Booker(world, world.real_person(), "xuanwu_hall")
    booked = citizen.book("11:30")
    alter(folder, change)
    with pytest.raises(publication.BreaksAppointments) as breaks:
        publication.publish_folder(folder)
    mine = [one for one in breaks.value.broken if one.appointment == booked["id"]]
    assert len(mine) == 1 and told in mine[0].reason
    assert citizen.read(booked["id"])["status"] == "confirmed", "nothing was published"
    publication.publish_folder(folder, publication.CANCEL)
    assert citizen.read(booked["id"])["status"] == "cancelled"
    publication.publish_folder(ROOT / "city", publication.KEEP)


def test_a_kept_appointment_is_honoured(world: World, folder: Path) -> None:
    publication.publish_folder(folder, publication.KEEP)
    citizen = Booker(world, world.real_person(), "xuanwu_hall")
    booked = citizen.book("11:00")
    alter(folder, BREAKS[0][1])
    publication.publish_folder(folder, publication.KEEP)
    publication.publish_folder(folder)  # what was kept needs no decision again
    assert citizen.hold("11:30").code == "slot_unknown"
    world.pass_time(hours=19)
    arrived = world.staff("hall.kiosk").post("/v1/halls/xuanwu_hall/check_ins", {"code": booked["number"]})
    assert arrived.status == 200, arrived.json
    publication.publish_folder(ROOT / "city", publication.KEEP)


def test_a_holiday_that_is_announced_later_breaks_too(world: World, folder: Path) -> None:
    publication.publish_folder(folder, publication.KEEP)
    booked = Booker(world, world.real_person(), "xuanwu_hall").book("10:30")
    path = folder / "calendar" / "2026.json"
    year = json.loads(path.read_text(encoding="utf-8"))
    year["off"].append("2026-11-03")
    path.write_text(json.dumps(year), encoding="utf-8")
    with pytest.raises(publication.BreaksAppointments, match=booked["id"]):
        publication.publish_folder(folder)


def test_make_up_days_holidays_and_exceptions(world: World) -> None:
    """On a make-up working day the hall is open, on a holiday closed; an exception says otherwise for its day."""
    hall = catalog.hall(world.hall())
    calendar = Calendar.of([date(2026, 11, 4)], [date(2026, 11, 8)])
    assert catalog.opening_hours(hall, date(2026, 11, 8), calendar) == hall.make_up_hours
    assert catalog.opening_hours(hall, date(2026, 11, 4), calendar) == []
    assert len(catalog.opening_hours(hall, date(2026, 11, 5), calendar)) == 2
    short = DayException(date(2026, 11, 4), [Span("10:00", "11:00")], Text("值班", "On duty"))
    changed = msgspec.structs.replace(hall, exceptions=[short])
    assert catalog.opening_hours(changed, date(2026, 11, 4), calendar) == short.hours


def test_a_year_without_a_calendar_is_said(world: World) -> None:
    answer = (
        world.anonymous().get(f"/v1/halls/{world.hall()}/days?month=2027-03&services=house_purchase_certificate").json
    )
    assert "2027" in answer["warnings"][0]["zh"]


def test_several_services_of_one_group_are_one_visit(world: World) -> None:
    """一次取号: two services at one window take as many places as both need."""
    services = ["house_purchase_certificate", "tour_bus_sticker"]
    citizen = Booker(world, world.real_person(), "jiangning_street_hall")
    day = world.anonymous().get(f"/v1/halls/jiangning_street_hall/days/2026-11-04?services={','.join(services)}").json
    assert day["places"] == 1
    ticket = citizen.client.post(
        "/v1/booking_tickets", {"hall": citizen.hall, "services": services, "date": "2026-11-04"}
    ).json["ticket"]
    booked = citizen.book("09:00", day="2026-11-04", services=services, ticket=ticket)
    assert sorted(booked["services"]) == services
