"""Delivery is proved by the recipient, or left with somebody who is named; what an outsider reports is corrected."""

from __future__ import annotations

import pytest

from chalicelib.delivery import service
from chalicelib.kernel.access import system
from scenes.world import Client, World, new_id_number
from tests.delivery import parcels
from tests.delivery.parcels import SIGNATURE, Hall, Recipient

LEFT = {"who": "neighbour", "name": "隔壁 302 室王先生"}
REASON = {"reason": "没有收到这个快递"}


def told(client: Client) -> list[str]:
    return [message["event"] for message in client.get("/v1/messages").json["items"]]


@pytest.fixture
def street(world: World) -> tuple[Recipient, Hall, str]:
    return parcels.on_the_street(world)


def test_after_five_wrong_codes_the_screen_and_the_card_remain(street: tuple[Recipient, Hall, str]) -> None:
    somebody, city, shipment = street
    code = somebody.parcel(shipment)["code"]
    for _ in range(5):
        assert city.deliver(shipment, code=f"{(int(code) + 1) % 10**6:06d}", collected=800).code == "code_wrong"
    assert city.deliver(shipment, code=code, collected=800).code == "code_locked"
    assert city.deliver(shipment, left_with=LEFT, collected=800).code == "leaving_not_allowed"
    assert city.deliver(shipment, signature=SIGNATURE, collected=800).code == "proof_needed"
    assert city.deliver(shipment, code=code, id_number=somebody.id_number, collected=800).code == "proof_needed"
    screen = somebody.client.get(f"/v1/shipments/{shipment}/screen").json["screen"]
    assert city.deliver(shipment, screen=screen, collected=800).json["status"] == "delivered"
    assert somebody.parcel(shipment)["proof"] == "screen"
    assert somebody.client.get(f"/v1/shipments/{shipment}/screen").code == "shipment_wrong_state"


def test_a_screen_is_of_one_parcel_and_of_now(world: World, street: tuple[Recipient, Hall, str]) -> None:
    somebody, city, shipment = street
    path = f"/v1/shipments/{shipment}/screen"
    _, _, another = parcels.on_the_street(world)
    screen = somebody.client.get(path).json["screen"]
    assert city.deliver(another, screen=screen, collected=800).code == "screen_code_invalid"
    assert city.deliver(shipment, screen=screen[:-2] + "xx", collected=800).code == "screen_code_invalid"
    world.pass_time(minutes=6)
    assert city.deliver(shipment, screen=screen, collected=800).code == "screen_code_invalid"
    assert world.real_person().get(path).status == 404


def test_the_card_at_the_door_is_the_recipients_or_of_whom_they_named(street: tuple[Recipient, Hall, str]) -> None:
    somebody, city, shipment = street
    assert city.deliver(shipment, id_number=new_id_number(), collected=800).code == "recipient_card_differs"
    helper = new_id_number()
    named = somebody.client.put(f"/v1/shipments/{shipment}/collector", {"name": "李代领", "id_number": helper})
    assert named.status == 200, named.json
    assert city.deliver(shipment, id_number=f" {helper.lower()} ", collected=800).json["status"] == "delivered"


def test_a_courier_who_guesses_documents_is_stopped(world: World, street: tuple[Recipient, Hall, str]) -> None:
    somebody, city, shipment = street
    for _ in range(5):
        assert city.deliver(shipment, id_number=new_id_number(), collected=800).code == "recipient_card_differs"
    stopped = city.deliver(shipment, id_number=somebody.id_number, collected=800)
    assert stopped.code == "too_many_requests"
    again = world.log_in("wechat", somebody.client.user)
    code = again.get(f"/v1/shipments/{shipment}").json["code"]
    assert city.deliver(shipment, code=code, collected=800).json["status"] == "delivered"


def test_a_day_holds_the_parcels_of_closed_accounts(world: World, street: tuple[Recipient, Hall, str]) -> None:
    somebody, city, shipment = street
    city.deliver(shipment, code=somebody.parcel(shipment)["code"], collected=800)
    service.erasure.erase_parcel(system("test"), {"id": shipment})
    day = city.courier.get("/v1/courier/day")
    assert day.status == 200, day.json
    (row,) = [row for row in day.json["items"] if row["id"] == shipment]
    assert (row["recipient"], row["phone"]) == ("", "")


def test_what_is_left_with_somebody_is_told_at_once_and_can_be_disputed(
    world: World, street: tuple[Recipient, Hall, str]
) -> None:
    somebody, city, shipment = street
    assert city.deliver(shipment, left_with=LEFT, collected=800).json["status"] == "delivered"
    world.pump()
    assert "shipment_left" in told(somebody.client)
    parcel = somebody.parcel(shipment)
    assert (parcel["proof"], parcel["dispute_by"]) == ("left_with", "2026-11-09")
    disputed = somebody.client.post(f"/v1/shipments/{shipment}/dispute", REASON)
    assert disputed.json["status"] == "disputed"
    assert somebody.client.post(f"/v1/shipments/{shipment}/dispute", REASON).status == 200, "a repeat changes nothing"
    assert shipment in city.desk("disputed")
    head = world.staff("hall.supervisor")
    assert head.post(f"/v1/shipments/{shipment}/lose", {"reason": "邻居也没有收到"}).json["status"] == "lost"
    replaced = head.post(f"/v1/shipments/{shipment}/replace")
    assert replaced.json["id"] != shipment
    world.pump()
    assert {"shipment_disputed", "shipment_lost"} <= set(told(somebody.client))


@pytest.mark.parametrize(("decision", "status"), [("uphold", "delivered"), ("find", "returned")])
def test_a_supervisor_closes_a_dispute(
    world: World, street: tuple[Recipient, Hall, str], decision: str, status: str
) -> None:
    somebody, city, shipment = street
    code = somebody.parcel(shipment)["code"]
    city.deliver(shipment, code=code, collected=800)
    assert somebody.client.post(f"/v1/shipments/{shipment}/dispute", REASON).status == 200
    head = world.staff("hall.supervisor")
    body = {"reason": "已核实：本人签收"} if decision == "uphold" else {}
    assert head.post(f"/v1/shipments/{shipment}/{decision}", body).json["status"] == status
    assert shipment not in city.desk("disputed")


def test_an_upheld_delivery_has_no_new_days_for_a_dispute(world: World, street: tuple[Recipient, Hall, str]) -> None:
    somebody, city, shipment = street
    city.deliver(shipment, left_with=LEFT, collected=800)
    before = somebody.parcel(shipment)["dispute_by"]
    assert somebody.client.post(f"/v1/shipments/{shipment}/dispute", REASON).status == 200
    world.pass_time(days=3)
    head = world.staff("hall.supervisor")
    assert head.post(f"/v1/shipments/{shipment}/uphold", {"reason": "已核实：本人签收"}).status == 200
    again = world.log_in("wechat", somebody.client.user)
    assert again.get(f"/v1/shipments/{shipment}").json["dispute_by"] == before


def test_a_dispute_has_its_days(world: World, street: tuple[Recipient, Hall, str]) -> None:
    somebody, city, shipment = street
    path = f"/v1/shipments/{shipment}/dispute"
    assert somebody.client.post(path, REASON).code == "shipment_wrong_state"
    city.deliver(shipment, left_with=LEFT, collected=800)
    assert world.real_person().post(path, REASON).status == 404
    world.pass_time(days=8)
    again = world.log_in("wechat", somebody.client.user)
    assert again.post(path, REASON).code == "dispute_too_late"


def revoke(world: World, somebody: Recipient, shipment: str) -> str:
    """Revoke the certificate in a parcel; the application that it came from."""
    application_id: str = somebody.parcel(shipment)["results"][0]["application_id"]
    application = somebody.client.get(f"/v1/applications/{application_id}").json
    reason = {"reason": "登记有误，撤销"}
    revoked = world.staff("registrar").post(f"/v1/certificates/{application['certificate_id']}/revoke", reason)
    assert revoked.status == 200, revoked.json
    return application_id


def test_a_revoked_certificate_is_not_handed_out_at_the_counter(world: World) -> None:
    somebody, city = parcels.recipient(world), parcels.hall(world)
    shipment = somebody.approved(mode="pick_up", hall=parcels.HALL)["shipment"]
    assert city.pack(shipment).json["status"] == "ready"
    qr = {"qr": somebody.parcel(shipment)["qr"]}
    application_id = revoke(world, somebody, shipment)
    path = f"/v1/shipments/{shipment}"
    assert city.clerk.post(f"/v1/halls/{parcels.HALL}/pick_ups", qr).code == "parcel_stopped"
    assert city.clerk.post(f"{path}/recall", {"reason": "证照已撤销"}).json["status"] == "returned"
    removed = city.clerk.post(f"{path}/remove", {"application_id": application_id, "reason": "证照已撤销"})
    assert removed.json["status"] == "cancelled"


def test_a_certificate_that_was_printed_again_is_sent_as_the_new_print_only(world: World) -> None:
    somebody, city = parcels.recipient(world), parcels.hall(world)
    shipment = somebody.approved(mode="pick_up", hall=parcels.HALL)["shipment"]
    assert city.pack(shipment).status == 200
    parcel = somebody.parcel(shipment)
    application = somebody.client.get(f"/v1/applications/{parcel['results'][0]['application_id']}").json
    again = somebody.client.post(f"/v1/certificates/{application['certificate_id']}/prints", {"reason": "自行打印"})
    assert again.status in (200, 201), again.json
    pick_up = f"/v1/halls/{parcels.HALL}/pick_ups"
    assert city.clerk.post(pick_up, {"qr": parcel["qr"]}).code == "parcel_stopped"
    path = f"/v1/shipments/{shipment}"
    assert city.clerk.post(f"{path}/recall", {"reason": "已重新打印"}).json["status"] == "returned"
    printed = city.clerk.post(f"{path}/prints", {"application_id": application["id"]})
    assert printed.status == 200, printed.json
    assert city.clerk.post(f"{path}/keep").json["status"] == "ready"
    assert city.clerk.post(pick_up, {"qr": somebody.parcel(shipment)["qr"]}).status == 200


def test_a_revoked_certificate_is_not_handed_to_a_courier(world: World) -> None:
    somebody, city = parcels.recipient(world), parcels.hall(world)
    shipment = somebody.approved(address=somebody.address(), postage="on_delivery")["shipment"]
    assert city.pack(shipment).status == 200
    assert city.accept(shipment).status == 200
    other = parcels.recipient(world)
    good = other.approved(address=other.address(), postage="on_delivery")["shipment"]
    assert city.pack(good).status == 200
    assert city.accept(good).status == 200
    before = city.open("dispatch", shipment, good)
    revoke(world, somebody, shipment)
    assert city.confirm(before, city.courier, city.clerk).status == 200
    assert city.confirm(before, city.clerk, city.courier).code == "parcel_gone", "revoked between the two scans"
    assert shipment not in city.open("dispatch")["shipments"], "of everything, what is good"
    body = {"kind": "dispatch", "courier": "courier.a", "shipments": [shipment]}
    opened = city.clerk.post(f"/v1/halls/{parcels.HALL}/handovers", body, headers={"idempotency-key": parcels.key()})
    assert opened.code == "parcel_stopped"


def test_no_company_is_ordered_for_a_revoked_certificate(world: World) -> None:
    somebody, city, carrier = parcels.recipient(world), parcels.hall(world), world.simulators.carrier
    far = somebody.address(division="110105", detail="某某路 1 号 2 室")
    shipment = somebody.approved(address=far)["shipment"]
    somebody.pay(somebody.parcel(shipment)["bill"])
    assert city.pack(shipment).json["status"] == "offered"
    revoke(world, somebody, shipment)
    parcels.settle(world)
    assert shipment in city.desk("returned")
    assert f"{shipment}-1" not in carrier.orders


def test_a_parcel_that_still_waits_for_the_company_comes_back_to_the_desk(world: World) -> None:
    somebody, city = parcels.recipient(world), parcels.hall(world)
    far = somebody.address(division="110105", detail="某某路 1 号 2 室")
    shipment = somebody.approved(address=far)["shipment"]
    somebody.pay(somebody.parcel(shipment)["bill"])
    assert city.pack(shipment).status == 200
    parcels.settle(world)
    assert somebody.parcel(shipment)["status"] == "accepted"
    revoke(world, somebody, shipment)
    world.pass_time(hours=7)
    parcels.settle(world)
    city.clerk = world.staff("window.1")
    assert shipment in city.desk("returned")


def test_a_revoked_certificate_stops_its_parcel(world: World, street: tuple[Recipient, Hall, str]) -> None:
    somebody, city, shipment = street
    parcel = somebody.parcel(shipment)
    revoke(world, somebody, shipment)
    assert city.deliver(shipment, code=parcel["code"], collected=800).code == "parcel_stopped"
    assert city.courier.post(f"/v1/shipments/{shipment}/fail", {"reason": "other"}).status == 200
    city.take_back(shipment)
    assert shipment in city.desk("returned")


def test_a_delivery_that_the_company_takes_back_is_a_case_for_the_supervisor(world: World) -> None:
    """Delivered, and 22 minutes later returned: the company's last word is not the end of it."""
    somebody, city, carrier = parcels.recipient(world), parcels.hall(world), world.simulators.carrier
    far = somebody.address(division="110105", detail="某某路 1 号 2 室")
    shipment = somebody.approved(address=far)["shipment"]
    somebody.pay(somebody.parcel(shipment)["bill"])
    assert city.pack(shipment).status == 200
    parcels.settle(world)
    order = f"{shipment}-1"
    carrier.controls["journey"]({"order": order, "states": ["accepted", "handed_over", "in_transit", "delivered"]})
    parcels.settle(world)
    assert somebody.parcel(shipment)["status"] == "delivered"
    world.pass_time(minutes=22)
    somebody.client.renew()
    carrier.controls["report"]({"order": order, "state": "returned"})
    parcels.settle(world)
    assert somebody.parcel(shipment)["status"] == "disputed"
    assert "shipment_taken_back" in told(somebody.client)
    assert world.staff("hall.supervisor").post(f"/v1/shipments/{shipment}/find").json["status"] == "returned"
