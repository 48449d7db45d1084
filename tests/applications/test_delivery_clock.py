"""The limit for delivering a result (许可法 44): ten working days, told once, and only while the city is the cause."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chalicelib.applications import store
from chalicelib.applications.routes.views.review import review_view
from chalicelib.applications.store import watchlist
from chalicelib.kernel.events import history
from functions import sweep_applications
from scenes.world import World
from tests.delivery.parcels import SIGNATURE, Hall, Recipient, hall, recipient, settle

LATE = 20
"""Days after which ten working days are over, holidays or not."""


def sent(world: World) -> tuple[Recipient, str, str]:
    """A result on paper that was approved at once: its recipient, the application and the parcel."""
    somebody = recipient(world)
    found = somebody.approved(address=somebody.address(), postage="on_delivery")
    return somebody, found["id"], found["shipment"]


def told(application_id: str) -> int:
    entries, _ = history.entries(f"APPLICATION#{application_id}")
    return [entry.type for entry in entries].count("result_undelivered")


def light(application_id: str) -> str:
    item = store.application(application_id)
    assert item is not None
    return review_view(item).light


def look(world: World, days: int) -> None:
    world.pass_time(days=days)
    world.pump()
    assert sweep_applications.handler({})["failed"] == 0
    world.pump()


def test_a_parcel_that_stays_in_the_hall_alarms_once(world: World) -> None:
    somebody, application_id, _ = sent(world)
    deliver_by = somebody.client.get(f"/v1/applications/{application_id}").json["deliver_by"]
    look(world, days=4)
    assert told(application_id) == 0, deliver_by
    look(world, days=LATE)
    assert told(application_id) == 1 and light(application_id) == "red"
    look(world, days=1)
    assert told(application_id) == 1
    assert watchlist.clock_of(application_id) is None, "nothing is left to look at"


def _delivered(there: Hall, somebody: Recipient, shipment: str) -> None:
    there.send_out(shipment)
    code = somebody.parcel(shipment)["code"]
    assert there.deliver(shipment, code=code, signature=SIGNATURE, collected=800).status == 200


def _unsuccessful(there: Hall, somebody: Recipient, shipment: str) -> None:
    there.send_out(shipment)
    failed = there.courier.post(f"/v1/shipments/{shipment}/fail", {"reason": "absent"})
    assert failed.status == 200, failed.json


@pytest.mark.parametrize("happens", [_delivered, _unsuccessful])
def test_what_arrived_or_waits_for_its_recipient_alarms_nobody(
    world: World, happens: Callable[[Hall, Recipient, str], None]
) -> None:
    somebody, application_id, shipment = sent(world)
    happens(hall(world), somebody, shipment)
    settle(world)
    look(world, days=LATE)
    assert told(application_id) == 0 and light(application_id) == "grey"
    assert watchlist.clock_of(application_id) is None


def test_an_unpaid_postage_is_not_the_city_s_fault(world: World) -> None:
    somebody = recipient(world)
    found = somebody.approved(address=somebody.address(), postage="prepaid")
    look(world, days=LATE)
    assert told(found["id"]) == 0
