"""Less usual ways of a parcel through its state machine, each by the endpoint that takes it there."""

from __future__ import annotations

import pytest

from scenes.world import World
from tests.delivery import made, parcels
from tests.delivery.parcels import HALL

LOST = {"reason": "找不到了"}


@pytest.mark.parametrize("status", ["handed_over", "in_transit", "attempt_failed"])
def test_a_parcel_is_lost_wherever_it_is_on_its_way(world: World, status: str) -> None:
    shipment = made.shipment(world.enterprise(), HALL, status)
    lost = world.staff("hall.supervisor").post(f"/v1/shipments/{shipment}/lose", LOST)
    assert lost.json["status"] == "lost"


@pytest.mark.parametrize("status", ["handed_over", "in_transit", "attempt_failed"])
def test_a_parcel_comes_back_wherever_it_is_on_its_way(world: World, status: str) -> None:
    city = parcels.hall(world)
    shipment = made.shipment(world.enterprise(), HALL, status)
    city.take_back(shipment)
    assert shipment in city.desk("returned")


def test_a_parcel_that_no_courier_takes_is_recalled(world: World) -> None:
    city = parcels.hall(world)
    shipment = made.shipment(world.enterprise(), HALL, "offered")
    recalled = city.clerk.post(f"/v1/shipments/{shipment}/recall", {"reason": "无人接单"})
    assert recalled.json["status"] == "returned"


def test_the_last_result_is_taken_out_of_a_parcel_that_came_back(world: World) -> None:
    somebody, city, shipment = parcels.on_the_street(world)
    city.take_back(shipment)
    (result,) = somebody.parcel(shipment)["results"]
    body = {"application_id": result["application_id"], "reason": "证书已撤销"}
    assert city.clerk.post(f"/v1/shipments/{shipment}/remove", body).json["status"] == "cancelled"


def test_a_hand_over_is_given_up_after_one_side_has_confirmed(world: World) -> None:
    city = parcels.hall(world)
    shipment = made.shipment(world.enterprise(), HALL, "accepted")
    opened = city.open("dispatch", shipment)
    assert city.confirm(opened, city.clerk, city.courier).json["status"] == "given"
    assert city.courier.post(f"/v1/handovers/{opened['id']}/cancel").json["status"] == "cancelled"
    assert shipment in city.desk("courier&courier=courier.a")


def originals(world: World) -> tuple[parcels.Recipient, parcels.Hall, str]:
    """Originals that a courier is to fetch."""
    somebody, city = parcels.recipient(world), parcels.hall(world)
    registers = world.simulators.departments.registers
    registers["households"][somebody.id_number] = [{"local": True, "marital_status": "single"}]
    registers["housing"][somebody.id_number] = [{"homes": 0, "under_review": True}]
    begun = somebody.client.post("/v1/applications", {"service": "house_purchase_certificate"}).json
    form = {**begun["form"], "district": "江宁区", "purpose": "first_home"}
    somebody.client.put(f"/v1/applications/{begun['id']}/form", {"form": form})
    somebody.client.post(f"/v1/applications/{begun['id']}/submit")
    asked = somebody.client.post(f"/v1/applications/{begun['id']}/originals", {"address": somebody.address()})
    assert asked.status == 201, asked.json
    return somebody, city, str(asked.json["shipment"])


def test_a_collection_that_no_courier_has_taken_is_called_off(world: World) -> None:
    somebody, city, shipment = originals(world)
    assert somebody.client.post(f"/v1/shipments/{shipment}/cancel").json["status"] == "cancelled"
    assert city.accept(shipment).code in ("shipment_wrong_state", "not_found")


def test_originals_arrive_without_a_journey_and_after_having_been_lost(world: World) -> None:
    somebody, city, shipment = originals(world)
    assert city.accept(shipment).status == 200
    opened = city.courier.post(f"/v1/shipments/{shipment}/handovers").json
    assert city.confirm(opened, somebody.client, city.courier).status == 200
    assert city.confirm(opened, city.courier, somebody.client).json["status"] == "done"
    city.take_back(shipment)
    assert somebody.parcel(shipment)["status"] == "delivered"

    somebody, city, shipment = originals(world)
    assert city.accept(shipment).status == 200
    opened = city.courier.post(f"/v1/shipments/{shipment}/handovers").json
    assert city.confirm(opened, somebody.client, city.courier).status == 200
    assert city.confirm(opened, city.courier, somebody.client).status == 200
    head = world.staff("hall.supervisor")
    assert head.post(f"/v1/shipments/{shipment}/lose", LOST).json["status"] == "lost"
    assert head.post(f"/v1/shipments/{shipment}/find").json["status"] == "delivered"


def test_an_address_of_the_book_is_changed_in_its_place(world: World) -> None:
    person = world.real_person()
    added = person.post("/v1/addresses", parcels.NEAR).json
    changed = person.put(f"/v1/addresses/{added['id']}", {**parcels.NEAR, "hint": "西门进"})
    assert changed.status == 200 and changed.json["id"] == added["id"] and changed.json["hint"] == "西门进"
    assert [one["hint"] for one in person.get("/v1/addresses").json["items"]] == ["西门进"]
    assert world.real_person().put(f"/v1/addresses/{added['id']}", parcels.NEAR).status == 422
