"""Nobody decides, collects or reads for themselves, for a relative, or for whom they act."""

from __future__ import annotations

import pytest

from scenes import paying
from scenes.world import Client, Reply, World, new_id_number
from tests.delivery import parcels
from tests.identity.persons import being
from tests.identity.test_representation import Mother


@pytest.fixture
def clerk(world: World) -> Client:
    world.pass_time(days=400)
    return world.staff("window.1")


def seen(clerk: Client, payer: Client, bill: str) -> Reply:
    """The bill as the clerk reads it, with the payer before them."""
    presence = payer.post("/v1/me/proof/code").json["code"]
    return clerk.get(f"/v1/counter/bills/{bill}?presence={presence}")


def test_a_clerk_takes_no_payment_of_an_own_bill(world: World, clerk: Client) -> None:
    payer = paying.payer(world)
    body = {"method": "cash", "amount": 8000, "bills": payer.bills}
    with being(clerk, payer.id_number):
        assert seen(clerk, payer.client, payer.bills[0]).code == "own_matter"
        assert clerk.post("/v1/counter/payments", body).code == "own_matter"
    assert clerk.post("/v1/counter/payments", body).status == 201


def test_a_clerk_proves_nobody_of_the_own_family_at_a_window(world: World, clerk: Client) -> None:
    citizen = world.log_in("wechat")
    number = new_id_number()
    world.simulators.departments.people[number] = "李四"
    body = {"name": "李四", "id_number": number, "code": citizen.post("/v1/me/proof/code").json["code"]}
    with being(clerk, number):
        assert clerk.post("/v1/counter/proofs", body).code == "own_matter"
    assert clerk.post("/v1/counter/proofs", body).status == 200, "a colleague does it, with the same code"


def test_a_relative_counts_once_both_have_agreed(world: World, clerk: Client) -> None:
    """An applicant who names an officer's number must not choose by that who decides."""
    payer = paying.payer(world)
    officer = new_id_number()
    world.simulators.departments.people[officer] = "钱柜员"
    asked = payer.client.post("/v1/relatives", {"name": "钱柜员", "id_number": officer})
    assert asked.status == 201, asked.json
    with being(clerk, officer):
        assert seen(clerk, payer.client, payer.bills[0]).status == 200
        relative = world.real_person("钱柜员", officer)
        relation = relative.get("/v1/relatives").json["asking"][0]["id"]
        assert relative.post(f"/v1/relatives/{relation}/consent").status == 200
        assert seen(clerk, payer.client, payer.bills[0]).code == "own_matter"
    assert relative.call("DELETE", f"/v1/relatives/{relation}").status == 200
    with being(clerk, officer):
        assert seen(clerk, payer.client, payer.bills[0]).code == "own_matter", "not on the day after either"
    world.pass_time(days=366)
    again = world.log_in("wechat", payer.client.user)
    later = world.staff("window.1")
    with being(later, officer):
        assert seen(later, again, payer.bills[0]).status == 200


def test_whoever_acts_for_a_person_does_not_decide_for_them(world: World, clerk: Client) -> None:
    mother = Mother(world)
    agent = mother.agent()
    applied = paying.owe(world, agent, mother.id_number)
    people = world.simulators.departments.people
    agent_number = next(number for number in reversed(people) if people[number] == "李儿")
    with being(clerk, agent_number):
        assert seen(clerk, agent, applied["bills"][0]).code == "own_matter"
        mandate = mother.client.get("/v1/me/mandates").json["items"][0]["id"]
        assert mother.client.call("DELETE", f"/v1/me/mandates/{mandate}").status == 200
        assert seen(clerk, mother.client, applied["bills"][0]).code == "own_matter", "not on the day after either"


def test_a_clerk_hands_out_no_parcel_of_their_own(world: World) -> None:
    recipient = parcels.recipient(world)
    city = parcels.hall(world)
    world.bind_phone(recipient.client, "13712345432")
    shipment = recipient.approved(mode="pick_up", hall=parcels.HALL)["shipment"]
    city.pack(shipment)
    path = f"/v1/halls/{parcels.HALL}/pick_ups"
    body = {"code": recipient.parcel(shipment)["code"], "phone_last4": "5432"}
    with being(city.clerk, recipient.id_number):
        assert city.clerk.post(path, body).code == "own_matter"
    assert city.clerk.post(path, body).status == 200
