"""No plaintext personal data in tables, objects, logs or error bodies: a canary sings everywhere it could."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from chalicelib.kernel import aws
from functions import sweep_messages
from local import setup, template
from local.environment import STAGE
from scenes import paying, tampering
from scenes.world import World, new_id_number
from tests.appointments.bookings import HOUSING, TOMORROW, Booker
from tests.delivery import parcels

NAME, PHONE, DRIVER = "金丝雀", "13987654321", "画眉鸟"


def everything_stored(world: World) -> str:
    """All items of all tables (binaries as bytes and as base64) and all objects, as text."""
    database = setup.client("dynamodb", world.environment)
    texts = []
    for properties in template.of_type(STAGE, "AWS::DynamoDB::Table").values():
        request: dict[str, Any] = {"TableName": properties["TableName"]}
        while True:
            page = database.scan(**request)
            texts += [json.dumps(item, default=_readable, ensure_ascii=False) for item in page["Items"]]
            if "LastEvaluatedKey" not in page:
                break
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]
    store = setup.client("s3", world.environment)
    for bucket in store.list_buckets()["Buckets"]:
        for listed in store.list_objects_v2(Bucket=bucket["Name"]).get("Contents", []):
            texts.append(str(store.get_object(Bucket=bucket["Name"], Key=listed["Key"])["Body"].read().decode()))
    return "\n".join(texts)


def _readable(value: Any) -> str:
    data: bytes = bytes(getattr(value, "value", value))
    return data.decode("utf-8", errors="replace") + base64.b64encode(data).decode()


@pytest.mark.timeout(400)  # it delivers what all tests before it in this process have left in the streams
def test_no_personal_data_leaks_from_the_whole_journey(world: World, capfd: pytest.CaptureFixture[str]) -> None:
    id_number, handler_number = new_id_number(), new_id_number()
    enterprise = world.enterprise()
    enterprise.record("drivers", enterprise.driver)["name"] = DRIVER
    bodies = []

    citizen = world.log_in("wechat", "canary-user")
    code = world.simulators.wechat.controls["phone_codes"]({"user": "canary-user", "phone": PHONE})["code"]
    citizen.put("/v1/me/phone", {"credential": code})
    world.prove(citizen, NAME, id_number)
    alipay = world.log_in("alipay", "canary-user")
    claimant = world.claimant(NAME, (claimed := new_id_number()))
    world.prove(alipay, NAME, claimed)
    assert claimant.get("/v1/me").status == 401
    mandate = {"name": NAME, "id_number": handler_number, "scope": ["*"], "until": "2026-12-31"}
    enterprise.representative.post(f"/v1/organizations/{enterprise.organization_id}/mandates", mandate)

    applied = enterprise.apply(route_class="inter_provincial", signer=NAME)
    officer = world.staff()
    task = f"/v1/tasks/{applied['id']}-review"
    officer.post(f"{task}/claim")
    officer.post(f"{task}/request_correction", {"items": [{"field": "/form/signer", "what": NAME}], "note": NAME})
    corrected = enterprise.client.get(f"/v1/applications/{applied['id']}").json["form"]
    enterprise.client.post(f"/v1/applications/{applied['id']}/corrections", {"form": corrected})
    officer.post(f"{task}/approve", {"opinion": f"同意{NAME}的申请"})
    certificate = enterprise.client.get(f"/v1/applications/{applied['id']}").json["certificate_id"]
    enterprise.print(certificate, NAME)

    hall = world.hall()
    booked = Booker(world, citizen, hall).book("09:00")
    citizen.post(f"/v1/appointments/{booked['id']}/cancel", {"reason": f"{NAME}有事"})
    citizen.post("/v1/waiting", {"hall": hall, "services": [HOUSING], "date": TOMORROW})
    world.simulators.departments.people[handler_number] = NAME
    assert citizen.post("/v1/relatives", {"name": NAME, "id_number": handler_number}).status == 201
    visitor = {"name": NAME, "id_number": handler_number}
    ticket = world.staff("window.1").post(f"/v1/halls/{hall}/tickets", {"services": [HOUSING], "visitor": visitor})
    assert ticket.status == 201
    bodies += [ticket.body, world.anonymous().get(f"/v1/halls/{hall}/board").body]

    (bill,) = paying.owe(world, citizen, id_number)["bills"]
    unpaid = citizen.post("/v1/payments", {"bills": [bill]}).json["id"]
    while_open = everything_stored(world)
    paying.wechat(world, unpaid)
    paying.settle(world)
    refund = {"parts": {"registration": 1}, "reason": f"{NAME}多缴", "certificate": "stays"}
    assert world.staff("registrar").post(f"/v1/bills/{bill}/refunds", refund).status == 201
    paying.settle(world)
    link = citizen.post(f"/v1/bills/{bill}/receipt_links").json["url"]
    assert world.anonymous().get(link.removeprefix(world.environment.settings()["PUBLIC_URL"])).status == 200
    presence = citizen.post("/v1/me/proof/code").json["code"]
    bodies.append(world.staff("window.1").get(f"/v1/counter/bills/{bill}?presence={presence}").body)

    recipient, city = parcels.Recipient(world=world, client=citizen, id_number=id_number), parcels.hall(world)
    address = recipient.address(recipient=NAME, phone=PHONE, detail=f"{NAME}路 7 号")
    shipment = recipient.approved(address=address, postage="on_delivery")["shipment"]
    city.pack(shipment)
    bodies.append(city.courier.get(f"/v1/courier/offers?hall={parcels.HALL}").body)
    city.accept(shipment)
    city.hand_over(shipment)
    citizen.put(f"/v1/shipments/{shipment}/collector", {"name": NAME, "id_number": handler_number})
    bodies.append(citizen.get(f"/v1/shipments/{shipment}").body.replace(NAME.encode(), b""))
    assert city.courier.get(f"/v1/shipments/{shipment}/door").status == 200
    city.courier.post("/v1/courier/depart")
    code = recipient.parcel(shipment)["code"]
    assert city.deliver(shipment, code=code, signature=parcels.SIGNATURE, collected=800).status == 200
    sweep_messages.handler({})
    world.pump()
    bodies.append(world.staff("administrator").get(f"/v1/notices/events?subject=SHIPMENT%23{shipment}").body)

    bodies.append(citizen.post("/v1/me/claim", {"name": NAME, "id_number": id_number[:-1] + "?"}).body)
    bodies.append(citizen.post("/v1/applications", {"service": NAME, "phone": PHONE}).body)
    bodies.append(citizen.get(f"/v1/progress?receipt={id_number}").body)
    bodies.append(world.anonymous().get(f"/v1/certificates/verify?number={id_number}").body)
    world.simulators.departments.controls["faults"]({"fault": "http_500"})
    bodies.append(citizen.post("/v1/organizations", {"credit_code": enterprise.credit_code}).body)
    world.pump()

    logs = capfd.readouterr()
    places = {
        "tables and objects": everything_stored(world),
        "tables while a payment is open": while_open,
        "logs": logs.err + logs.out,
        "error bodies": "\n".join(body.decode() for body in bodies),
    }
    canaries = {
        "name": NAME,
        "driver's name": DRIVER,
        "ID number": id_number,
        "handler's ID number": handler_number,
        "representative's ID number": enterprise.id_number,
        "phone": PHONE,
        "plate": enterprise.plates[0],
        "credit code": enterprise.credit_code,
        "openid": world.simulators.wechat.openid("canary-user"),
        "access token": citizen.token,
        "refresh token": citizen.refresh_token.split(".")[1],
        "staff password": world.environment.staff()["officer.a"]["password"],
        "one-time secret": world.environment.staff()["officer.a"]["totp_secret"],
        "Alipay key": world.environment.keys["alipay_app_private_key"][:60],
    }
    for where, text in places.items():
        for what, canary in canaries.items():
            for form in (canary, base64.b64encode(canary.encode()).decode().rstrip("="), json.dumps(canary).strip('"')):
                assert form not in text, f"{what} in {where}"


def test_the_canary_would_be_heard(world: World) -> None:
    """The check can fail: what is stored in clear is found."""
    from chalicelib.kernel.security.vault import KernelItem
    from chalicelib.kernel.storage import tables

    aws.client("dynamodb")
    tables.write(tables.Put(KernelItem("TEST#canary", wrapped="麻雀".encode())))
    assert "麻雀" in everything_stored(world)
    tampering.remove(KernelItem("TEST#canary"))


def test_logs_take_no_field_that_is_not_listed() -> None:
    from chalicelib.kernel import log

    with pytest.raises(TypeError, match="name"):
        log.write("request", name=NAME)


def test_a_log_line_cannot_be_broken_by_what_is_logged(capfd: pytest.CaptureFixture[str]) -> None:
    from chalicelib.kernel import log

    log.write("request", reason="a\r\nb\u2028c")
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) == 1 and json.loads(lines[0])["reason"] == "a\r\nb\u2028c"
