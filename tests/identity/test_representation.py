"""Acting for another person: agents by a mandate that was given and accepted, guardians by the register's word."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from chalicelib.kernel import clock
from chalicelib.kernel.events import history
from scenes import paying
from scenes.world import Client, Reply, World, new_id_number
from tests.appointments.bookings import Booker
from tests.delivery import parcels

CHILD_BORN = date(2014, 5, 6)


class Mother:
    """Somebody who lets others act for her."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.id_number = new_id_number()
        self.client = world.real_person("王母", self.id_number)

    def appoint(self, id_number: str, **changes: Any) -> Reply:
        until = str(clock.today() + timedelta(30))
        body = {"name": "李儿", "id_number": id_number, "scope": ["*"], "until": until} | changes
        return self.client.post("/v1/me/mandates", body)

    def agent(self, **changes: Any) -> Client:
        """Somebody who was asked, has accepted, and acts for her."""
        number = new_id_number()
        assert self.appoint(number, **changes).status == 201
        person = self.world.real_person("李儿", number)
        self.world.accept_mandates(person)
        return person.acting(self.client.account_id)


@pytest.fixture
def mother(world: World) -> Mother:
    return Mother(world)


def told(client: Client) -> set[str]:
    return {message["event"] for message in client.get("/v1/messages").json["items"]}


def test_an_agent_applies_pays_books_and_sees_what_is_the_principals(world: World, mother: Mother) -> None:
    agent = mother.agent()
    applied = paying.owe(world, agent, mother.id_number)
    own = mother.client.get("/v1/applications").json["items"]
    assert [row["id"] for row in own] == [applied["id"]], "it is her application"
    assert agent.get("/v1/bills").json["items"]
    opened = agent.post("/v1/payments", {"bills": applied["bills"]})
    assert opened.status == 201, opened.json
    booked = Booker(world, agent, world.hall()).book("09:00")
    shown = mother.client.get(f"/v1/appointments/{booked['id']}").json
    assert (shown["id"], shown["visitor"]) == (booked["id"], "王*")
    world.pump()
    drafted = history.entries(f"APPLICATION#{applied['id']}")[0][0]
    assert drafted.acting_for == mother.client.account_id
    assert drafted.actor != mother.client.account_id, "and it is known who did it"


def test_an_agents_own_things_and_the_principals_do_not_mix(world: World, mother: Mother) -> None:
    agent = mother.agent()
    applied = paying.owe(world, agent, mother.id_number)
    alone = Client(world=world, token=agent.token)
    assert alone.get(f"/v1/applications/{applied['id']}").code == "not_found"
    assert alone.get("/v1/applications").json["items"] == []
    assert alone.get("/v1/me").json["account_id"] == agent.get("/v1/me").json["account_id"] != mother.client.account_id


def test_a_mandate_counts_only_once_it_is_accepted_and_until_it_is_ended(world: World, mother: Mother) -> None:
    number = new_id_number()
    given = mother.appoint(number).json
    person = world.real_person("李儿", number)
    acting = person.acting(mother.client.account_id)
    assert acting.get("/v1/applications").code == "mandate_invalid"
    world.pump()
    assert "mandate_offered" in told(person)
    held = person.get("/v1/mandates").json["items"]
    assert [(row["id"], row["principal_kind"], row["principal_name"]) for row in held] == [
        (given["id"], "person", "王*")
    ]
    assert person.post(f"/v1/mandates/{given['id']}/accept").json["valid"] is True
    assert acting.get("/v1/applications").status == 200
    world.pump()
    assert "mandate_accepted" in told(mother.client)
    listed = mother.client.get("/v1/me/mandates").json["items"]
    assert [row["status"] for row in listed] == ["accepted"]
    assert person.delete(f"/v1/me/mandates/{given['id']}").code == "not_found"
    assert mother.client.delete(f"/v1/me/mandates/{given['id']}").json["status"] == "ended"
    assert acting.get("/v1/applications").code == "mandate_invalid"
    assert mother.appoint(number).json["status"] == "offered", "she may ask again"
    assert person.post(f"/v1/mandates/{given['id']}/decline").json["status"] == "ended"
    world.pump()
    assert "mandate_declined" in told(mother.client)


def test_a_mandate_covers_its_services_only(world: World, mother: Mother) -> None:
    agent = mother.agent(scope=["tour_bus_sticker"])
    refused = agent.post("/v1/applications", {"service": "real_estate_registration"})
    assert refused.code == "mandate_does_not_cover"


def test_what_a_mandate_needs(world: World, mother: Mother) -> None:
    assert mother.appoint(mother.id_number).code == "mandate_to_oneself"
    assert mother.appoint(new_id_number(), until=str(clock.today())).code == "mandate_period_invalid"
    assert mother.appoint("110105194912310022").code == "id_number_invalid"
    world.pass_time(minutes=11)
    assert mother.appoint(new_id_number()).code == "fresh_proof_required"


def test_known_and_unknown_numbers_get_the_same_answer(world: World, mother: Mother) -> None:
    known = new_id_number()
    world.real_person("李儿", known)
    first, second = mother.appoint(known).json, mother.appoint(new_id_number()).json
    assert {**first, "id": ""} == {**second, "id": ""}


def test_offers_are_limited(world: World, mother: Mother) -> None:
    answers = [mother.appoint(new_id_number()).status for _ in range(31)]
    assert answers == [201] * 30 + [429]


def test_an_agent_cannot_change_who_she_is_or_whom_she_trusts(world: World, mother: Mother) -> None:
    """What concerns the account itself is always the caller's own, whatever the header says."""
    agent = mother.agent()
    body = {"name": "赵六", "id_number": new_id_number(), "scope": ["*"], "until": str(clock.today() + timedelta(9))}
    agents_own = agent.post("/v1/me/mandates", body)
    assert agents_own.json["principal_id"] == agent.account_id
    assert len(mother.client.get("/v1/me/mandates").json["items"]) == 1


def test_who_lost_the_proof_is_acted_for_no_more(world: World, mother: Mother) -> None:
    agent = mother.agent()
    account = mother.client.account_id
    reason = {"reason": "核验有误"}
    assert world.staff("security").post(f"/v1/accounts/{account}/take_back_proof", reason).status == 200
    assert agent.get("/v1/applications").code == "mandate_invalid"


def test_a_mandate_follows_an_account_that_was_merged(world: World, mother: Mother) -> None:
    agent = mother.agent()
    applied = paying.owe(world, agent, mother.id_number)
    other = world.log_in("alipay")
    world.merge(other, mother.client, "王母", mother.id_number)
    assert agent.get(f"/v1/applications/{applied['id']}").status == 200


class Family:
    """A guardian by the register, and a child without a phone."""

    def __init__(self, world: World, born: date = CHILD_BORN) -> None:
        self.world = world
        self.number, self.child_number = new_id_number(), new_id_number(born)
        self.guardian = world.real_person("周父", self.number)
        world.simulators.departments.people[self.child_number] = "周童"
        self.name_guardian(self.number)

    def name_guardian(self, number: str) -> None:
        registers = self.world.simulators.departments.registers
        registers["guardians"][self.child_number] = [{"id_number": number}]

    def register(self, client: Client | None = None) -> Reply:
        body = {"name": "周童", "id_number": self.child_number}
        return (client or self.guardian).post("/v1/wards", body)

    def acting(self) -> Client:
        return self.guardian.acting(self.register().json["principal_id"])


def test_a_guardian_applies_for_a_child_without_a_phone_and_is_told(world: World) -> None:
    family = Family(world)
    registered = family.register()
    assert (registered.json["role"], registered.json["principal_name"]) == ("guardian", "周*")
    assert family.register().json["id"] == registered.json["id"], "a repeat finds it"
    acting = family.acting()
    applied = paying.owe(world, acting, family.child_number, property_kind="affordable")
    assert acting.get(f"/v1/applications/{applied['id']}").status == 200
    assert family.guardian.get("/v1/applications").json["items"] == []
    world.pump()
    assert "application_completed" in told(family.guardian), "the child has no phone: the guardian hears of it"


def test_the_register_decides_who_is_a_guardian(world: World) -> None:
    family = Family(world)
    stranger = world.real_person()
    assert family.register(stranger).code == "not_guardian"
    wrong = {"name": "周大童", "id_number": family.child_number}
    assert family.guardian.post("/v1/wards", wrong).code == "identity_mismatch"
    adult = {"name": "测试人", "id_number": new_id_number()}
    world.simulators.departments.people[adult["id_number"]] = "测试人"
    assert family.guardian.post("/v1/wards", adult).code == "not_guardian"


def test_a_guardian_who_is_none_any_more_submits_nothing(world: World) -> None:
    family = Family(world)
    acting = family.acting()
    begun = acting.post("/v1/applications", {"service": "real_estate_registration"}).json
    wanted = {**begun["form"], **paying.HOME}
    assert acting.put(f"/v1/applications/{begun['id']}/form", {"form": wanted}).status == 200
    family.name_guardian(new_id_number())
    refused = acting.post(f"/v1/applications/{begun['id']}/submit")
    assert (refused.status, refused.code) == (403, "guardianship_ended")
    assert acting.get("/v1/applications").code == "mandate_invalid"


def test_a_child_with_an_own_phone_takes_over_what_was_done(world: World) -> None:
    family = Family(world)
    acting = family.acting()
    applied = paying.owe(world, acting, family.child_number, property_kind="affordable")
    child = world.real_person("周童", family.child_number)
    assert child.get(f"/v1/applications/{applied['id']}").json["id"] == applied["id"]
    assert acting.get(f"/v1/applications/{applied['id']}").status == 200, "the guardian still is one"
    other = Family(world)
    own = world.real_person("周童", other.child_number)
    assert other.register().json["principal_id"] == own.account_id, "or finds the account that is there"
    world.pump()
    assert "mandate_assumed" in told(own), "and the child hears of it"


def test_a_guardians_word_wins_over_a_claim(world: World) -> None:
    family = Family(world)
    thief = world.claimant("周童", family.child_number)
    account = thief.account_id
    family.register()
    assert thief.get("/v1/me").status == 401
    again = world.log_in("wechat", thief.user)
    assert again.account_id != account
    assert family.acting().get("/v1/applications").json["items"] == []


def test_a_mandate_ends_with_the_principals_death(world: World, mother: Mother) -> None:
    agent = mother.agent()
    begun = agent.post("/v1/applications", {"service": "real_estate_registration"}).json
    assert agent.put(f"/v1/applications/{begun['id']}/form", {"form": {**begun["form"], **paying.HOME}}).status == 200
    world.simulators.departments.controls["deaths"]({"id_number": mother.id_number})
    refused = agent.post(f"/v1/applications/{begun['id']}/submit")
    assert (refused.status, refused.code) == (403, "principal_deceased")
    assert agent.get("/v1/applications").code == "mandate_invalid"


def test_nobody_pays_for_the_dead(world: World, mother: Mother) -> None:
    """Paying asks the register anew: an authority that has ended opens no purse."""
    agent = mother.agent()
    applied = paying.owe(world, agent, mother.id_number)
    world.simulators.departments.controls["deaths"]({"id_number": mother.id_number})
    assert agent.post("/v1/payments", {"bills": applied["bills"]}).code == "principal_deceased"


def test_an_agent_receives_for_the_person(world: World, mother: Mother) -> None:
    agent = mother.agent()
    recipient = parcels.Recipient(world=world, client=agent, id_number=mother.id_number)
    city = parcels.hall(world)
    shipment = recipient.approved(address=recipient.address(), postage="on_delivery")["shipment"]
    city.pack(shipment)
    city.accept(shipment)
    city.hand_over(shipment)
    city.courier.post("/v1/courier/depart")
    code = agent.get(f"/v1/shipments/{shipment}").json["code"]
    assert city.deliver(shipment, code=code, collected=800).status == 200
    assert mother.client.get(f"/v1/shipments/{shipment}").json["status"] == "delivered", "it is her parcel"


def test_who_acts_in_one_service_sees_nothing_else_of_the_person(world: World, mother: Mother) -> None:
    agent = mother.agent(scope=["tour_bus_sticker"])
    home = {"recipient": "王母", "phone": "13800001234", "division": "320102", "detail": "某某路 12 号 301 室"}
    address = mother.client.post("/v1/addresses", home).json["id"]
    assert agent.get("/v1/addresses").code == "mandate_does_not_cover"
    assert agent.put(f"/v1/addresses/{address}", home).code == "mandate_does_not_cover"
    assert agent.get("/v1/me/readings").code == "mandate_does_not_cover"
    assert mother.agent().get("/v1/addresses").status == 200


def test_mandates_of_merged_accounts_are_seen_and_ended(world: World, mother: Mother) -> None:
    agent = mother.agent()
    other = world.log_in("alipay")
    world.merge(other, mother.client, "王母", mother.id_number)
    rows: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = other.get(f"/v1/me/mandates{cursor}").json
        rows += page["items"]
        if "cursor" not in page:
            break
        cursor = f"?cursor={page['cursor']}"
    (row,) = rows
    assert other.delete(f"/v1/me/mandates/{row['id']}").json["status"] == "ended"
    assert agent.get("/v1/applications").code == "mandate_invalid"


def test_the_register_is_asked_with_the_first_request_of_a_day(world: World) -> None:
    family = Family(world)
    acting = family.acting()
    family.name_guardian(new_id_number())
    assert acting.get("/v1/applications").status == 200, "it was asked today"
    world.pass_time(days=1)
    acting.token = world.log_in("wechat", family.guardian.user).token
    world.simulators.departments.controls["faults"]({"fault": "http_500"})
    assert acting.get("/v1/applications").status == 200, "a register out of order shuts nobody out"
    assert acting.get("/v1/applications").status == 200, "nor does every request wait for it"
    world.pass_time(minutes=1)
    assert acting.get("/v1/applications").code == "mandate_invalid"


def test_a_former_guardian_does_not_submit_by_a_narrow_mandate(world: World) -> None:
    family = Family(world)
    acting = family.acting()
    child = world.real_person("周童", family.child_number)
    until = str(clock.today() + timedelta(30))
    body = {"name": "周父", "id_number": family.number, "scope": ["tour_bus_sticker"], "until": until}
    assert child.post("/v1/me/mandates", body).status == 201
    world.accept_mandates(family.guardian)
    family.name_guardian(new_id_number())
    begun = acting.post("/v1/applications", {"service": "real_estate_registration"}).json
    assert acting.put(f"/v1/applications/{begun['id']}/form", {"form": {**begun["form"], **paying.HOME}}).status == 200
    assert acting.post(f"/v1/applications/{begun['id']}/submit").code == "guardianship_ended"


def test_what_was_done_for_a_ward_comes_back_when_a_false_proof_is_taken_back(world: World) -> None:
    family = Family(world)
    acting = family.acting()
    applied = paying.owe(world, acting, family.child_number, property_kind="affordable")
    thief = world.real_person("周童", family.child_number)
    reason = {"reason": "核验有误"}
    assert world.staff("security").post(f"/v1/accounts/{thief.account_id}/take_back_proof", reason).status == 200
    assert acting.get(f"/v1/applications/{applied['id']}").status == 200


def test_a_new_mandate_takes_a_proof_now(world: World) -> None:
    family = Family(world)
    world.pass_time(minutes=11)
    assert family.register().code == "fresh_proof_required"
