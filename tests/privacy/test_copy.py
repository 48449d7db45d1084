"""A copy of one's own data: everything that is kept of a person, and nothing of anybody else."""

from __future__ import annotations

import json
from typing import Any

from scenes import paying
from scenes.world import Client, World, new_id_number
from tests.appointments.bookings import Booker
from tests.delivery import parcels
from tests.identity.test_representation import Mother

NAME, PHONE = "杜鹃鸟", "13987650001"


def copied(client: Client, part: str) -> list[dict[str, Any]]:
    """A part of the copy, all pages of it."""
    items: list[dict[str, Any]] = []
    path = f"/v1/me/copy/{part}"
    while True:
        page = client.get(path).json
        items += page["items"]
        if "cursor" not in page:
            return items
        path = f"/v1/me/copy/{part}?cursor={page['cursor']}"


def whole_copy(client: Client) -> dict[str, list[dict[str, Any]]]:
    return {part: copied(client, part) for part in client.get("/v1/me/copy").json["parts"]}


def test_a_copy_holds_what_is_kept_of_the_person(world: World) -> None:
    number = new_id_number()
    citizen = world.log_in("wechat")
    world.bind_phone(citizen, PHONE)
    world.prove(citizen, NAME, number)
    applied = paying.owe(world, citizen, number)
    Booker(world, citizen, world.hall()).book("09:00")
    recipient = parcels.Recipient(world=world, client=citizen, id_number=number)
    address = recipient.address(recipient=NAME, phone=PHONE, detail="杜鹃路 7 号")
    shipment = recipient.approved(address=address, postage="on_delivery")["shipment"]
    relative = new_id_number()
    world.simulators.departments.people[relative] = "杜小鸟"
    assert citizen.post("/v1/relatives", {"name": "杜小鸟", "id_number": relative}).status == 201
    mandate = {"name": "杜代办", "id_number": new_id_number(), "scope": ["*"], "until": "2026-12-31"}
    assert citizen.post("/v1/me/mandates", mandate).status == 201
    world.pump()
    copy = whole_copy(citizen)
    (account,) = copy["account"]
    assert (account["name"], account["id_number"], account["phone"]) == (NAME, number, PHONE)
    assert account["born"] == f"{number[6:10]}-{number[10:12]}-{number[12:14]}"
    forms = {row["id"]: row["form"] for row in copy["applications"]}
    assert forms[applied["id"]]["district"] == "玄武区"
    assert {row["id"] for row in copy["bills"]} >= set(applied["bills"])
    (parcel,) = [row for row in copy["parcels"] if row["id"] == shipment]
    assert parcel["address"]["detail"] == "杜鹃路 7 号"
    assert copy["addresses"][0]["address"]["phone"] == PHONE
    assert copy["appointments"][0]["visitor"] == NAME
    assert copy["relatives"][0]["relative"] == "杜小鸟"
    assert copy["mandates"][0]["holder"] == "杜代办"
    assert "identity_proven" in {row["event"] for row in copy["messages"]}
    stranger = whole_copy(world.real_person("别的人"))
    assert NAME not in json.dumps(stranger, ensure_ascii=False)


def test_certificates_and_readings_are_in_it(world: World) -> None:
    number = new_id_number()
    citizen = world.real_person(NAME, number)
    applied = paying.owe(world, citizen, number, property_kind="affordable")
    assert applied["status"] == "completed", applied
    assert world.staff("registrar").get(f"/v1/certificates/{applied['certificate_id']}").status == 200
    world.pump()
    (certificate,) = copied(citizen, "certificates")
    assert NAME in certificate["face"].values()
    assert [row["subject"] for row in copied(citizen, "readings")] == [f"CERTIFICATE#{applied['certificate_id']}"]


def test_it_takes_a_proof_now_and_is_always_the_callers_own(world: World) -> None:
    mother = Mother(world)
    agent = mother.agent()
    (account,) = copied(agent, "account")
    assert account["name"] == "李儿", "not that of whom somebody acts for"
    world.pass_time(minutes=11)
    assert mother.client.get("/v1/me/copy/account").code == "fresh_proof_required"
    assert mother.client.get("/v1/me/copy/secrets").status == 422
    (claimed,) = copied(world.claimant(NAME), "account")
    assert claimed["level"] == "claimed"
