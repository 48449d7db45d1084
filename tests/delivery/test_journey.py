"""From the decision to the recipient's hands: by courier, over the counter, by a carrier, and back."""

from __future__ import annotations

import pyotp

from chalicelib.kernel import clock
from scenes.world import World, new_id_number
from tests.delivery import parcels
from tests.delivery.parcels import FAR, HALL, SIGNATURE


def test_a_result_is_packed_carried_and_signed_for(world: World) -> None:
    somebody, city = parcels.recipient(world), parcels.hall(world)
    done = somebody.approved(address=somebody.address(), postage="on_delivery")
    shipment = done["shipment"]
    assert somebody.parcel(shipment)["status"] == "created" and shipment in city.desk("pack")

    assert city.clerk.post(f"/v1/shipments/{shipment}/pack").code == "results_not_printed"
    assert city.pack(shipment).json["status"] == "offered"
    offers = city.courier.get(f"/v1/courier/offers?hall={HALL}&route=320102").json["items"]
    (offer,) = [row for row in offers if row["id"] == shipment]
    assert offer["recipient"] == "张*" and offer["phone"] == "138****5678" and offer["relay"]
    assert "示例路" not in str(offer) and "登记" not in str(offer)

    assert city.accept(shipment).status == 200
    city.hand_over(shipment)
    parcel = somebody.parcel(shipment)
    assert parcel["status"] == "handed_over" and parcel["promised_by"] == "2026-11-04" and len(parcel["code"]) == 6
    assert city.courier.post("/v1/courier/depart").json["parcels"] >= 1
    door = city.courier.get(f"/v1/shipments/{shipment}/door").json
    assert door["address"].endswith("示例路 8 号 3 幢 201 室") and door["hint"] == "东门进"

    assert city.deliver(shipment, code=parcel["code"]).code == "postage_differs"
    assert city.deliver(shipment, signature=SIGNATURE, collected=800).code == "proof_needed", "a line proves nothing"
    handed = city.deliver(shipment, code=parcel["code"], signature=SIGNATURE, collected=800)
    assert handed.json["status"] == "delivered"
    parcel = somebody.parcel(shipment)
    assert parcel["status"] == "delivered" and parcel["proof"] == "code" and "code" not in parcel
    day = city.courier.get("/v1/courier/day").json
    assert shipment in [row["id"] for row in day["items"]] and day["collected"]["amount"] >= 800
    proof = world.staff("hall.supervisor").get(f"/v1/shipments/{shipment}/proof").json
    assert proof["by"] == "courier.a" and proof["strokes"] == SIGNATURE["strokes"]
    entries = somebody.client.get(f"/v1/shipments/{shipment}/timeline").json["entries"]
    assert [entry["type"] for entry in entries][-3:] == [
        "shipment_handed_over",
        "shipment_departed",
        "shipment_delivered",
    ]


def test_postage_is_paid_once_for_a_parcel_of_several_results(world: World) -> None:
    somebody, city = parcels.recipient(world), parcels.hall(world)
    address = somebody.address()
    first, second = somebody.approved(address=address), somebody.approved(address=address)
    assert first["shipment"] == second["shipment"] != ""
    parcel = somebody.parcel(first["shipment"])
    assert len(parcel["results"]) == 2 and parcel["postage"]["amount"] == 800 and parcel["bill"]
    assert parcel["id"] in city.desk("unpaid") and parcel["id"] not in city.desk("pack")
    assert city.pack(parcel["id"]).code == "shipment_postage_unpaid"

    somebody.pay(parcel["bill"])
    assert parcel["id"] in city.desk("pack")
    assert city.pack(parcel["id"]).json["status"] == "offered"
    third = somebody.approved(address=address)
    assert third["shipment"] != parcel["id"], "a closed parcel takes nothing more"


def test_another_address_is_another_parcel(world: World) -> None:
    somebody = parcels.recipient(world)
    one = somebody.approved(address=somebody.address(), postage="on_delivery")
    other = somebody.approved(address=somebody.address(detail="别处 9 号楼"), postage="on_delivery")
    assert one["shipment"] != other["shipment"]
    listed = somebody.client.get("/v1/shipments").json["items"]
    assert {row["id"] for row in listed} == {one["shipment"], other["shipment"]}


def test_a_result_is_collected_at_the_counter(world: World) -> None:
    somebody, city = parcels.recipient(world), parcels.hall(world)
    world.bind_phone(somebody.client, "13712349876")
    done = somebody.approved(mode="pick_up", hall=HALL)
    shipment = done["shipment"]
    assert city.pack(shipment).json["status"] == "ready"
    code = somebody.parcel(shipment)["code"]
    pick_up = f"/v1/halls/{HALL}/pick_ups"
    wrong = city.clerk.post(pick_up, {"code": f"{(int(code) + 1) % 1_000_000:06d}", "phone_last4": "9876"})
    assert wrong.code == "code_wrong"
    assert city.clerk.post(pick_up, {"code": code, "phone_last4": "0000"}).code == "code_wrong"
    elsewhere = city.clerk.post("/v1/halls/jiangning_street_hall/pick_ups", {"code": code, "phone_last4": "9876"})
    assert elsewhere.code == "code_wrong"
    handed = city.clerk.post(pick_up, {"code": code, "phone_last4": "9876"})
    assert handed.status == 200 and handed.json["parcel"]["status"] == "delivered"
    assert city.clerk.post(pick_up, {"code": code, "phone_last4": "9876"}).code == "code_used"
    assert somebody.parcel(shipment)["proof"] == "counter"


def test_the_qr_opens_the_parcel_only_where_it_is(world: World) -> None:
    somebody, city = parcels.recipient(world), parcels.hall(world)
    done = somebody.approved(mode="pick_up", hall=HALL)
    city.pack(done["shipment"])
    qr = somebody.parcel(done["shipment"])["qr"]
    away = city.clerk.post("/v1/halls/jiangning_street_hall/pick_ups", {"qr": qr})
    assert away.code == "wrong_station" and "玄武" in away.json["title"]
    assert city.clerk.post(f"/v1/halls/{HALL}/pick_ups", {"qr": qr}).status == 200


def test_somebody_named_collects_it_with_the_id_card(world: World) -> None:
    somebody, city = parcels.recipient(world), parcels.hall(world)
    done, friend = somebody.approved(mode="pick_up", hall=HALL), new_id_number()
    city.pack(done["shipment"])
    named = somebody.client.put(f"/v1/shipments/{done['shipment']}/collector", {"name": "李代领", "id_number": friend})
    assert named.json["collector"] == "李**"
    pick_up, qr = f"/v1/halls/{HALL}/pick_ups", named.json["qr"]
    assert city.clerk.post(pick_up, {"qr": qr}).code == "collector_id_needed"
    assert city.clerk.post(pick_up, {"qr": qr, "id_number": new_id_number()}).code == "collector_mismatch"
    assert city.clerk.post(pick_up, {"qr": qr, "id_number": friend}).status == 200


def test_nobody_guesses_who_may_collect(world: World) -> None:
    somebody, city = parcels.recipient(world), parcels.hall(world)
    shipment, friend = somebody.approved(mode="pick_up", hall=HALL)["shipment"], new_id_number()
    city.pack(shipment)
    named = somebody.client.put(f"/v1/shipments/{shipment}/collector", {"name": "李代领", "id_number": friend})
    pick_up, qr = f"/v1/halls/{HALL}/pick_ups", named.json["qr"]
    for _ in range(5):
        assert city.clerk.post(pick_up, {"qr": qr, "id_number": new_id_number()}).code == "collector_mismatch"
    assert city.clerk.post(pick_up, {"qr": qr, "id_number": friend}).code == "too_many_requests"


def test_a_failed_attempt_goes_back_and_waits_at_the_counter(world: World) -> None:
    somebody, city, shipment = parcels.on_the_street(world)
    failed = city.courier.post(f"/v1/shipments/{shipment}/fail", {"reason": "absent", "next_try": "2026-11-03"})
    assert failed.json["status"] == "attempt_failed" and somebody.parcel(shipment)["next_try"] == "2026-11-03"
    assert city.courier.post(f"/v1/shipments/{shipment}/retry").json["status"] == "in_transit"
    for _ in range(2):
        city.courier.post(f"/v1/shipments/{shipment}/fail", {"reason": "absent"})
        last = city.courier.post(f"/v1/shipments/{shipment}/retry")
    assert last.code == "no_more_tries"
    city.take_back(shipment)
    assert somebody.parcel(shipment)["status"] == "returned" and shipment in city.desk("returned")
    kept = somebody.client.put(f"/v1/shipments/{shipment}/destination", {"mode": "pick_up"}).json
    assert kept["status"] == "ready" and kept["code"]
    handed = city.clerk.post(f"/v1/halls/{HALL}/pick_ups", {"code": kept["code"], "phone_last4": "5678"})
    assert handed.status == 200


def test_a_lost_parcel_voids_its_papers_and_is_made_again(world: World) -> None:
    somebody, city, shipment = parcels.on_the_street(world)
    certificate = somebody.client.get(f"/v1/applications/{somebody.parcel(shipment)['results'][0]['application_id']}")
    number = certificate.json["certificate_id"]
    before = somebody.client.get(f"/v1/certificates/{number}").json["revision"]
    head = world.staff("hall.supervisor")
    assert head.post(f"/v1/shipments/{shipment}/lose", {"reason": "快递车被盗"}).json["status"] == "lost"
    assert somebody.client.get(f"/v1/certificates/{number}").json["revision"] == before + 1
    new = head.post(f"/v1/shipments/{shipment}/replace").json
    assert head.post(f"/v1/shipments/{shipment}/replace").json["id"] == new["id"] != shipment
    assert somebody.parcel(shipment)["replaced_by"] == new["id"]
    assert somebody.parcel(new["id"])["postage"]["amount"] == 0
    city.send_out(new["id"])
    assert city.deliver(new["id"], code=somebody.parcel(new["id"])["code"]).json["status"] == "delivered"


def test_originals_are_collected_at_the_door_and_arrive_at_the_hall(world: World) -> None:
    somebody, city = parcels.recipient(world), parcels.hall(world)
    registers = world.simulators.departments.registers
    registers["households"][somebody.id_number] = [{"local": True, "marital_status": "single"}]
    registers["housing"][somebody.id_number] = [{"homes": 0, "under_review": True}]
    begun = somebody.client.post("/v1/applications", {"service": "house_purchase_certificate"}).json
    form = {**begun["form"], "district": "江宁区", "purpose": "first_home"}
    somebody.client.put(f"/v1/applications/{begun['id']}/form", {"form": form})
    waiting = somebody.client.post(f"/v1/applications/{begun['id']}/submit").json
    assert waiting["status"] == "received", waiting
    asked = somebody.client.post(f"/v1/applications/{begun['id']}/originals", {"address": somebody.address()})
    assert asked.status == 201 and asked.json["status"] == "offered", asked.json
    shipment = asked.json["shipment"]

    assert city.accept(shipment).status == 200
    opened = city.courier.post(f"/v1/shipments/{shipment}/handovers").json
    assert somebody.parcel(shipment)["handover"] == opened["id"]
    assert city.confirm(opened, somebody.client, city.courier).json["status"] == "given"
    assert city.confirm(opened, city.courier, somebody.client).json["status"] == "done"
    city.courier.post("/v1/courier/depart")
    city.take_back(shipment)
    parcel = somebody.parcel(shipment)
    assert parcel["status"] == "delivered" and parcel["proof"] == "two_scans"


def test_a_far_address_goes_with_the_carrier_whatever_its_reports_do(world: World) -> None:
    somebody, city, carrier = parcels.recipient(world), parcels.hall(world), world.simulators.carrier
    quoted = somebody.client.get("/v1/postage?division=110105").json
    done = somebody.approved(address=somebody.address(**FAR))
    shipment = done["shipment"]
    assert somebody.parcel(shipment)["postage"]["amount"] == quoted["postage"] == 2400
    somebody.pay(somebody.parcel(shipment)["bill"])
    assert city.pack(shipment).json["status"] == "offered"
    parcels.settle(world)
    parcel = somebody.parcel(shipment)
    assert parcel["status"] == "accepted" and parcel["waybill"].startswith("EX")
    carrier.controls["habits"]({"seed": 5, "repeated": 1, "disordered": 1})
    carrier.controls["journey"]({"order": f"{shipment}-1"})
    parcels.settle(world)
    parcel = somebody.parcel(shipment)
    assert parcel["status"] == "delivered" and parcel["proof"] == "carrier"
    assert [scan["state"] for scan in parcel["scans"]] == ["accepted", "handed_over", "in_transit", "delivered"]
    day = world.staff("hall.supervisor").get("/v1/carriers/statistics?carrier=national_post&day=2026-11-02").json
    assert day["delivered"] >= 1 and day["on_time"] >= 1


def test_pushes_that_never_come_are_asked_for(world: World) -> None:
    somebody, city, carrier = parcels.recipient(world), parcels.hall(world), world.simulators.carrier
    done = somebody.approved(address=somebody.address(**FAR))
    somebody.pay(somebody.parcel(done["shipment"])["bill"])
    city.pack(done["shipment"])
    parcels.settle(world)
    carrier.controls["habits"]({"seed": 1, "lost": 1})
    carrier.controls["journey"]({"order": f"{done['shipment']}-1"})
    parcels.settle(world)
    assert somebody.parcel(done["shipment"])["status"] == "accepted"
    world.pass_time(hours=7)
    somebody.client.renew()
    parcels.settle(world)
    assert somebody.parcel(done["shipment"])["status"] == "delivered"


def test_a_courier_logs_in_with_the_phone_that_the_company_registered(world: World) -> None:
    simulator = world.simulators.wechat
    code = simulator.controls["login_codes"]({"user": "courier"})["code"]
    phone = simulator.controls["phone_codes"]({"user": "courier", "phone": "13900000001"})["code"]
    secret = world.environment.staff()["courier.a"]["totp_secret"]
    world._forget_used_code("courier.a")
    factor = pyotp.TOTP(secret).at(clock.seconds(clock.now()))
    body = {"platform": "wechat", "code": code, "credential": phone, "factor": factor}
    token = world.anonymous().post("/v1/auth/courier", body).json["access_token"]
    answer = world.anonymous().get("/v1/courier/parcels", headers={"authorization": f"Bearer {token}"})
    assert answer.status == 200
    code = simulator.controls["login_codes"]({"user": "stranger"})["code"]
    phone = simulator.controls["phone_codes"]({"user": "stranger", "phone": "13999999999"})["code"]
    refused = world.anonymous().post("/v1/auth/courier", {"platform": "wechat", "code": code, "credential": phone})
    assert refused.code == "courier_unknown"


def test_what_is_late_is_told_once(world: World) -> None:
    somebody, _, shipment = parcels.on_the_street(world)
    world.pass_time(days=4)
    somebody.client.renew()
    for _ in range(2):
        parcels.settle(world)
    assert somebody.parcel(shipment)["overdue"]
    entries = somebody.client.get(f"/v1/shipments/{shipment}/timeline").json["entries"]
    assert [entry["type"] for entry in entries].count("shipment_overdue") == 1
