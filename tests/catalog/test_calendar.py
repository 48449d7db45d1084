"""Years without a published calendar: closed by law, warned of in time, and said wherever a date of theirs is shown."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from chalicelib.catalog import reach
from chalicelib.catalog import service as catalog
from chalicelib.kernel.clock import Calendar
from functions import check_calendar
from local.environment import ROOT
from publishing import city_folder, publication
from scenes.world import Client, World
from tests.appointments.bookings import Booker
from tests.delivery import parcels
from tests.notices import telling
from tools import publish

CITY = city_folder.read_folder(ROOT / "city")
CALENDAR = publication.calendar_of(CITY.city)


@pytest.fixture(autouse=True)
def _city_as_before(world: World) -> Iterator[None]:
    """The halls of these tests have appointments; other tests publish the city without deciding about them."""
    yield
    publication.publish_folder(ROOT / "city", publication.KEEP)


@pytest.mark.parametrize(
    ("today", "missing"),
    [
        (date(2026, 6, 1), []),
        (date(2026, 12, 31), [2027]),
        (date(2027, 1, 4), [2027]),
    ],
)
def test_a_year_is_missing_from_the_first_day_that_can_reach_it(today: date, missing: list[int]) -> None:
    latest = reach.latest_day(CITY.city, CITY.services, CITY.halls, CALENDAR, today)
    assert latest > today
    assert reach.missing_years(CALENDAR, today, latest) == missing


def first_day_of_warning() -> date:
    """The first day of 2026 on which something reaches 2027."""
    for ordinal in range(date(2026, 6, 1).toordinal(), date(2027, 1, 1).toordinal()):
        today = date.fromordinal(ordinal)
        latest = reach.latest_day(CITY.city, CITY.services, CITY.halls, CALENDAR, today)
        if latest.year == 2027:
            return today
    raise AssertionError("nothing reaches 2027")


def test_check_city_and_the_alarm_warn_from_the_first_day_on(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    first = first_day_of_warning()
    for days, missing in ((-1, []), (0, [2027])):
        world.set_time(world_time(date.fromordinal(first.toordinal() + days)))
        assert publish.main(["--check", str(ROOT / "city")]) == 0
        assert ("calendar/2027.json" in capsys.readouterr().err) == bool(missing)
        assert check_calendar.handler({}) == {"missing": missing}
        assert f'"calendars_missing": {len(missing)}' in capsys.readouterr().err


def world_time(day: date) -> Any:
    from datetime import datetime

    from chalicelib.kernel.clock import SHANGHAI

    return datetime(day.year, day.month, day.day, 10, tzinfo=SHANGHAI)


def test_new_year_is_closed_without_any_notice(world: World) -> None:
    world.set_time(world_time(date(2026, 12, 30)))
    hall = world.hall()
    citizen = Booker(world, world.real_person(), hall)
    assert citizen.hold("09:00", day="2027-01-01").code in ("slot_unknown", "slot_closed")
    month = world.anonymous().get(f"/v1/halls/{hall}/days?month=2027-01&services=house_purchase_certificate").json
    states = {day["date"]: day["state"] for day in month["days"]}
    assert states.get("2027-01-01", "closed") == "closed" and states["2027-01-04"] == "open"
    assert "2027" in month["warnings"][0]["zh"]


def test_every_view_of_a_date_in_such_a_year_says_so(world: World) -> None:
    world.set_time(world_time(date(2026, 12, 31)))
    citizen = Booker(world, world.real_person(), world.hall())
    held = citizen.hold("09:00", day="2027-01-04")
    booked = citizen.confirm(held)
    listed = citizen.client.get("/v1/appointments").json["items"][0]
    guide = world.anonymous().get("/v1/services/tour_bus_sticker").json
    for shown in (held.json, booked.json, listed, guide):
        assert "2027" in shown["warnings"][0]["zh"] and "2027" in shown["warnings"][0]["en"]
    ics = citizen.client.get(f"/v1/appointments/{booked.json['id']}/calendar").body.decode().replace("\r\n ", "")
    assert "2027 年的节假日安排尚未公布" in ics
    slip = citizen.client.get(f"/v1/appointments/{booked.json['id']}/slip").body.decode()
    assert "2027 年的节假日安排尚未公布" in slip


def all_tasks(officer: Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    path = "/v1/tasks"
    while True:
        page = officer.get(path).json
        found += page["items"]
        if "cursor" not in page:
            return found
        path = f"/v1/tasks?cursor={page['cursor']}"


def test_limits_of_applications_and_parcels_say_so(world: World) -> None:
    world.set_time(world_time(date(2026, 12, 31)))
    enterprise = world.enterprise()
    applied = enterprise.apply(route_class="inter_provincial", destination="杭州")
    assert applied["due_on"] == "2027-01-04"
    officer = world.staff("officer.a")
    rows = [row for row in all_tasks(officer) if row["application_id"] == applied["id"]]
    assert len(rows) == 1
    following = enterprise.client.get(f"/v1/applications/{applied['id']}/timeline").json["next"]
    public = world.anonymous().get(f"/v1/progress?receipt={applied['receipt']}").json
    listed = enterprise.client.get("/v1/applications").json["items"][0]
    for shown in (applied, *rows, following, public, listed):
        assert "2027" in shown["warnings"][0]["zh"]
    recipient, hall = parcels.recipient(world), parcels.hall(world)
    sent = recipient.approved(address=recipient.address(), postage="on_delivery")["shipment"]
    hall.send_out(sent)
    parcel = recipient.parcel(sent)
    assert parcel["promised_by"].startswith("2027-01") and "2027" in parcel["warnings"][0]["zh"]


def test_messages_with_a_date_of_such_a_year_say_so(world: World) -> None:
    world.set_time(world_time(date(2026, 12, 31)))
    person = telling.reader(world)
    hall = world.hall()
    Booker(world, person.client, hall).book("09:00", day="2027-01-04")
    telling.settle(world)
    (message,) = [row for row in person.inbox() if row["event"] == "appointment_confirmed"]
    assert "2027年1月4日" in message["text"] and "2027 年的节假日安排尚未公布" in message["text"]


def test_a_published_year_that_lacks_a_day_of_the_law_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "city"
    shutil.copytree(ROOT / "city", folder)
    path = folder / "calendar" / "2026.json"
    year = json.loads(path.read_text(encoding="utf-8"))
    year["off"] = [day for day in year["off"] if day != "2026-10-02"] + ["2027-01-01"]
    path.write_text(json.dumps(year), encoding="utf-8")
    with pytest.raises(city_folder.Mistakes) as refused:
        city_folder.read_folder(folder)
    said = str(refused.value)
    assert "calendar/2026.json" in said and "2026-10-02 is missing" in said
    assert "2027-01-01 belongs in calendar/2027.json" in said


def test_a_published_calendar_wins_over_the_law() -> None:
    calendar = Calendar.of([date(2027, 1, 1)], [date(2027, 1, 2)])
    assert calendar.is_working_day(date(2027, 1, 2)), "a make-up Saturday"
    assert catalog.opening_hours(CITY.halls[0], date(2027, 1, 1), calendar) == CITY.halls[0].holiday_hours
