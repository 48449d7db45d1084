"""Wrong codes, wrong stations, two couriers, parcels that are gone, processes that die: each has one clear outcome."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from chalicelib.delivery import service, store
from chalicelib.delivery.service import followups
from chalicelib.kernel.access import Actor
from functions import follow_deliveries
from scenes import tampering
from scenes.world import World
from tests.delivery import made, parcels
from tests.delivery.parcels import FAR, HALL, NEAR
from tests.interleaving import Crash, Interleaved, dying_at

CLERK = Actor(kind="staff", id="window.1", roles=("officer",), unit="service_center")
COURIER = Actor(kind="staff", id="courier.a", roles=("courier",), unit="city_couriers")
OTHER = Actor(kind="staff", id="courier.b", roles=("courier",), unit="city_couriers")


def test_an_address_that_does_not_exist_is_told_by_field(world: World) -> None:
    somebody = parcels.recipient(world)
    for wrong, field in (
        ({"division": "320100"}, "/division"),
        ({"division": "999999"}, "/division"),
        ({"phone": "12345678"}, "/phone"),
    ):
        answer = somebody.client.post("/v1/addresses", {**NEAR, **wrong})
        assert answer.code == "address_invalid" and answer.json["fields"][0]["path"] == field
    assert somebody.client.get("/v1/addresses").json["items"] == []
    number = somebody.client.post("/v1/applications", {"service": "real_estate_registration"}).json["id"]
    path = f"/v1/applications/{number}/delivery"
    assert somebody.client.put(path, {"mode": "courier", "address": "0" * 26}).code == "address_unknown"
    assert somebody.client.put(path, {"mode": "pick_up", "hall": "self_service_hall"}).code == (
        "hall_does_not_hand_out"
    )
    far = somebody.address(**FAR)
    wish = {"mode": "courier", "address": far, "postage": "on_delivery"}
    assert somebody.client.put(path, wish).code == "cash_on_delivery_not_offered"


def test_the_address_book_is_ones_own(world: World) -> None:
    somebody, other = parcels.recipient(world), parcels.recipient(world)
    address = somebody.address()
    listed = somebody.client.get("/v1/addresses").json["items"]
    assert [row["id"] for row in listed] == [address] and listed[0]["phone"] == "138****5678"
    assert other.client.put(f"/v1/addresses/{address}", NEAR).code == "address_unknown"
    assert other.client.delete(f"/v1/addresses/{address}").status == 200
    assert len(somebody.client.get("/v1/addresses").json["items"]) == 1


def test_two_couriers_cannot_take_one_parcel(world: World) -> None:
    somebody, city = parcels.recipient(world), parcels.hall(world)
    done = somebody.approved(address=somebody.address(), postage="on_delivery")
    city.pack(done["shipment"])
    assert city.accept(done["shipment"]).status == 200
    assert city.accept(done["shipment"], city.other).code == "shipment_taken"
    assert city.accept(done["shipment"]).status == 200
    assert world.staff("courier.c").post(f"/v1/shipments/{done['shipment']}/accept").status == 404
    assert city.courier.post(f"/v1/shipments/{done['shipment']}/release").json["status"] == "offered"
    assert city.accept(done["shipment"], city.other).status == 200


def test_neither_side_can_claim_a_hand_over_alone(world: World) -> None:
    somebody, city = parcels.recipient(world), parcels.hall(world)
    done = somebody.approved(address=somebody.address(), postage="on_delivery")
    city.pack(done["shipment"])
    city.accept(done["shipment"])
    opened = city.open("dispatch", done["shipment"])
    path = f"/v1/handovers/{opened['id']}/confirm"
    own = city.clerk.get(f"/v1/handovers/{opened['id']}").json["code"]
    assert city.clerk.post(path, {"code": own}).code == "handover_code_wrong"
    assert city.other.post(path, {"code": own}).status == 404
    assert city.courier.post(path, {"code": "x"}).code == "handover_code_wrong"
    world.pass_time(minutes=4)
    assert city.courier.post(path, {"code": own}).code == "handover_code_wrong", "too old"
    assert somebody.parcel(done["shipment"])["status"] == "accepted"
    foreign = city.open("dispatch", done["shipment"])
    shown = city.clerk.get(f"/v1/handovers/{foreign['id']}").json["code"]
    assert city.courier.post(path, {"code": shown}).code == "handover_code_wrong", "of another hand-over"


def test_a_parcel_that_is_gone_stops_the_whole_hand_over(world: World) -> None:
    somebody, city = parcels.recipient(world), parcels.hall(world)
    one = somebody.approved(address=somebody.address(), postage="on_delivery")["shipment"]
    two = somebody.approved(address=somebody.address(detail="第二处 2 号"), postage="on_delivery")["shipment"]
    for shipment in (one, two):
        city.pack(shipment)
        city.accept(shipment)
    opened = city.open("dispatch", one, two)
    assert city.confirm(opened, city.courier, city.clerk).json["status"] == "taken"
    city.courier.post(f"/v1/shipments/{two}/release")
    last = city.confirm(opened, city.clerk, city.courier)
    assert last.code == "parcel_gone" and two in last.json["title"]
    assert somebody.parcel(one)["status"] == "accepted"
    assert city.clerk.post(f"/v1/handovers/{opened['id']}/cancel").json["status"] == "cancelled"
    city.hand_over(one)
    body = {"kind": "dispatch", "courier": "courier.a", "shipments": [one]}
    assert city.clerk.post(f"/v1/halls/{HALL}/handovers", body).code == "parcel_gone"


def test_a_terminal_that_guesses_is_locked_and_the_door_s_code_too(world: World) -> None:
    somebody, city, shipment = parcels.on_the_street(world)
    code = somebody.parcel(shipment)["code"]
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    for _ in range(5):
        assert city.deliver(shipment, code=wrong, collected=800).code == "code_wrong"
    assert city.deliver(shipment, code=code, collected=800).code == "code_locked"
    renewed = somebody.client.post(f"/v1/shipments/{shipment}/code").json["code"]
    assert renewed != code
    assert city.deliver(shipment, code=renewed, collected=800).status == 200

    terminal = world.staff("hall.kiosk")
    guesses = [
        terminal.post(f"/v1/halls/{HALL}/pick_ups", {"code": f"{number:06d}", "phone_last4": "5678"})
        for number in range(12)
    ]
    assert [guess.code for guess in guesses][:10] == ["code_wrong"] * 10
    assert {guess.code for guess in guesses[10:]} == {"too_many_requests"}
    world.pass_time(minutes=20)


def test_digits_of_other_scripts_are_no_code(world: World) -> None:
    somebody, city, shipment = parcels.on_the_street(world)
    wide = "".join(chr(0xFF10 + int(digit)) for digit in somebody.parcel(shipment)["code"])
    assert city.deliver(shipment, code=wide, collected=800).code == "invalid_request"
    qr = {"qr": f"BSC1:{shipment}:{wide}"}
    assert city.clerk.post(f"/v1/halls/{HALL}/pick_ups", qr).code in ("code_wrong", "wrong_station")


def test_a_courier_alone_cannot_end_what_goes_to_the_hall(world: World) -> None:
    enterprise = world.enterprise()
    shipment = made.shipment(enterprise, HALL, "in_transit")
    item = store.shipment(shipment)
    assert item is not None
    item.direction = "in"
    tampering.overwrite(item)
    courier = world.staff("courier.a")
    answer = courier.post(f"/v1/shipments/{shipment}/deliver", {"code": "000000"})
    assert answer.code == "shipment_wrong_state"
    assert courier.post(f"/v1/shipments/{shipment}/fail", {"reason": "other"}).code == "shipment_wrong_state"


def test_a_found_parcel_is_printed_anew_before_it_goes_out(world: World) -> None:
    somebody, city, shipment = parcels.on_the_street(world)
    head = world.staff("hall.supervisor")
    head.post(f"/v1/shipments/{shipment}/lose", {"reason": "找不到了"})
    assert head.post(f"/v1/shipments/{shipment}/find").json["status"] == "returned"
    assert city.clerk.post(f"/v1/shipments/{shipment}/offer").code == "results_not_printed"
    (result,) = somebody.parcel(shipment)["results"]
    printed = city.clerk.post(f"/v1/shipments/{shipment}/prints", {"application_id": result["application_id"]})
    assert printed.status == 200
    assert city.clerk.post(f"/v1/shipments/{shipment}/offer").json["status"] == "offered"


def test_a_result_that_was_revoked_is_taken_out(world: World) -> None:
    somebody, city = parcels.recipient(world), parcels.hall(world)
    done = somebody.approved(address=somebody.address(), postage="on_delivery")
    registrar = world.staff("registrar")
    assert registrar.post(f"/v1/certificates/{done['certificate_id']}/revoke", {"reason": "登记有误"}).status == 200
    shipment = done["shipment"]
    printed = city.clerk.post(f"/v1/shipments/{shipment}/prints", {"application_id": done["id"]})
    assert printed.code == "certificate_not_printable"
    body = {"application_id": done["id"], "reason": "证书已撤销"}
    assert city.clerk.post(f"/v1/shipments/{shipment}/remove", body).json["status"] == "cancelled"


def test_a_parcel_whose_courier_does_not_come_is_recalled(world: World) -> None:
    somebody, city = parcels.recipient(world), parcels.hall(world)
    done = somebody.approved(address=somebody.address(), postage="on_delivery")
    city.pack(done["shipment"])
    city.accept(done["shipment"])
    rows = city.clerk.get(f"/v1/halls/{HALL}/parcels?desk=courier&courier=courier.a").json["items"]
    assert done["shipment"] in [row["id"] for row in rows]
    recalled = city.clerk.post(f"/v1/shipments/{done['shipment']}/recall", {"reason": "快递员请假"})
    assert recalled.json["status"] == "returned"
    assert city.clerk.post(f"/v1/shipments/{done['shipment']}/offer").json["status"] == "offered"


def test_a_redirected_parcel_takes_no_more_results(world: World) -> None:
    somebody = parcels.recipient(world)
    address = somebody.address()
    first = somebody.approved(address=address)
    bill = somebody.parcel(first["shipment"])["bill"]
    moved = somebody.client.put(f"/v1/shipments/{first['shipment']}/destination", {"mode": "pick_up"}).json
    assert moved["mode"] == "pick_up" and moved["postage"]["amount"] == 0
    assert somebody.client.get(f"/v1/bills/{bill}").json["status"] == "cancelled"
    assert somebody.approved(address=address)["shipment"] != first["shipment"]


@pytest.mark.parametrize("kind", ["signature", "time", "content"])
def test_a_forged_push_changes_nothing(world: World, kind: str) -> None:
    somebody, city, carrier = parcels.recipient(world), parcels.hall(world), world.simulators.carrier
    done = somebody.approved(address=somebody.address(**FAR))
    somebody.pay(somebody.parcel(done["shipment"])["bill"])
    city.pack(done["shipment"])
    parcels.settle(world)
    answer = carrier.controls["forge"]({"kind": kind, "order": f"{done['shipment']}-1"})
    assert answer["status"] == 400 and "carrier_push_refused" in answer["answer"]
    assert somebody.parcel(done["shipment"])["status"] == "accepted"


def test_a_push_for_an_unknown_parcel_is_said_to_be_one(world: World) -> None:
    carrier = world.simulators.carrier
    carrier.execute("/v1/orders", {"order": "0" * 26 + "-1", "division": "110105", "grams": 10})
    carrier.controls["report"]({"order": "0" * 26 + "-1", "state": "delivered"})
    carrier.deliver()
    assert [track["order"] for track in carrier.refused] == ["0" * 26 + "-1"]


def test_the_second_round_is_not_judged_by_the_first_one_s_reports(world: World) -> None:
    somebody, city, carrier = parcels.recipient(world), parcels.hall(world), world.simulators.carrier
    done = somebody.approved(address=somebody.address(**FAR))
    shipment = done["shipment"]
    somebody.pay(somebody.parcel(shipment)["bill"])
    city.pack(shipment)
    parcels.settle(world)
    journey = ["accepted", "handed_over", "in_transit", "attempt_failed", "returned"]
    carrier.controls["journey"]({"order": f"{shipment}-1", "states": journey})
    parcels.settle(world)
    assert somebody.parcel(shipment)["status"] == "returned"
    city.clerk.post(f"/v1/shipments/{shipment}/offer")
    parcels.settle(world)
    carrier.controls["report"]({"order": f"{shipment}-1", "state": "lost"})
    carrier.controls["report"]({"order": f"{shipment}-2", "state": "in_transit"})
    parcels.settle(world)
    assert somebody.parcel(shipment)["status"] == "in_transit"


def test_a_carrier_that_is_down_for_hours_is_asked_until_it_answers(world: World) -> None:
    somebody, city, carrier = parcels.recipient(world), parcels.hall(world), world.simulators.carrier
    done = somebody.approved(address=somebody.address(**FAR))
    somebody.pay(somebody.parcel(done["shipment"])["bill"])
    carrier.controls["faults"]({"fault": "http_500", "times": 1000})
    city.pack(done["shipment"])
    for _ in range(4):
        parcels.settle(world)
        world.pass_time(minutes=20)
    carrier.controls["reset_faults"]({})
    world.pass_time(hours=1)
    somebody.client.renew()
    parcels.settle(world)
    assert somebody.parcel(done["shipment"])["status"] == "accepted"
    assert len([order for order in carrier.orders if order.startswith(done["shipment"])]) == 1


# Races and deaths


def opened(world: World) -> tuple[str, store.HandoverItem]:
    """An accepted parcel and a hand-over of it that nobody has confirmed."""
    shipment = made.shipment(world.enterprise(), HALL)
    handover = store.handover(made.handover(HALL, shipment, "window.1", "courier.a"))
    assert handover is not None
    return shipment, handover


def confirm(actor: Actor, other: Actor, handover_id: str) -> str:
    """One side scans the other's code; the hand-over's state, or the error."""
    item = store.handover(handover_id)
    assert item is not None
    shown = service.handovers.show(other, item)
    try:
        return str(service.handovers.confirm(actor, item, shown).status)
    except Exception as error:
        return type(error).__name__


def test_interleaved_scans_hand_over_once(world: World, interleaved: Interleaved) -> None:
    for seed in range(25):
        shipment, handover = opened(world)
        works: list[Any] = [
            lambda number=handover.id: confirm(CLERK, COURIER, number),
            lambda number=handover.id: confirm(COURIER, CLERK, number),
            lambda number=handover.id: confirm(CLERK, COURIER, number),
        ]
        interleaved(seed, works)
        for actor, other in ((CLERK, COURIER), (COURIER, CLERK)):
            confirm(actor, other, handover.id)
        parcel, after = store.shipment(shipment), store.handover(handover.id)
        assert parcel is not None and after is not None
        assert after.status == "done" and parcel.status == "handed_over", seed


def test_interleaved_couriers_take_a_parcel_once(world: World, interleaved: Interleaved) -> None:
    def take(actor: Actor, shipment: str) -> str:
        item = store.shipment(shipment)
        assert item is not None
        with suppress(Exception):
            service.couriers.accept(actor, item)
            return actor.id
        return ""

    enterprise = world.enterprise()
    for seed in range(25):
        shipment = made.shipment(enterprise, HALL, "offered")
        works: list[Any] = [lambda actor=actor, shipment=shipment: take(actor, shipment) for actor in (COURIER, OTHER)]
        winners = [name for name in interleaved(seed, works) if name]
        parcel = store.shipment(shipment)
        assert parcel is not None and winners == [parcel.courier], seed


@pytest.mark.parametrize("mode", ["before", "after", "lost"])
@pytest.mark.parametrize("point", [1, 2])
def test_a_hand_over_that_dies_is_done_or_not(
    world: World, monkeypatch: pytest.MonkeyPatch, point: int, mode: str
) -> None:
    shipment, handover = opened(world)
    with dying_at(monkeypatch, point, mode), suppress(Crash):
        confirm(COURIER, CLERK, handover.id)
        confirm(CLERK, COURIER, handover.id)
    parcel, after = store.shipment(shipment), store.handover(handover.id)
    assert parcel is not None and after is not None
    assert (parcel.status == "handed_over") == (after.status == "done")
    for actor, other in ((COURIER, CLERK), (CLERK, COURIER)):
        confirm(actor, other, handover.id)
    parcel = store.shipment(shipment)
    assert parcel is not None and parcel.status == "handed_over"


@pytest.mark.parametrize("mode", ["before", "after", "lost"])
def test_a_result_whose_packing_dies_is_in_one_parcel(world: World, monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    somebody = parcels.recipient(world)
    number = somebody.draft({"mode": "courier", "address": somebody.address()})
    assert somebody.client.post(f"/v1/applications/{number}/submit").status == 200
    key = f"RESULT#{number}"
    image = {"pk": {"S": key}, "sk": {"S": "HEAD"}, "work": {"S": "join"}}
    record = {"dynamodb": {"NewImage": image, "SequenceNumber": "1"}}
    with dying_at(monkeypatch, 1, mode), suppress(Crash):
        follow_deliveries.handler({"Records": [record]})
    world.pass_time(minutes=2)
    parcels.settle(world)
    assert len(somebody.client.get("/v1/shipments").json["items"]) == 1
    assert len(somebody.client.get("/v1/bills").json["items"]) == 1


def test_interleaved_results_of_one_person_are_one_parcel(world: World, interleaved: Interleaved) -> None:
    for seed in range(8):
        somebody = parcels.recipient(world)
        address = somebody.address()
        numbers = [somebody.draft({"mode": "courier", "address": address}) for _ in range(2)]
        for number in numbers:
            assert somebody.client.post(f"/v1/applications/{number}/submit").status == 200
        works: list[Any] = [lambda number=number: followups.WORKER.attempt(f"RESULT#{number}") for number in numbers]
        interleaved(seed, works)
        world.pass_time(minutes=3)
        parcels.settle(world)
        listed = somebody.client.get("/v1/shipments").json["items"]
        assert len(listed) == 1 and len(listed[0]["titles"]) == 2, seed
