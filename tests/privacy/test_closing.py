"""Closing an account: what is open is named, nobody gets in any more, and nothing is found outside the archive."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.identity import store as identities
from chalicelib.kernel import clock
from chalicelib.kernel.events import readings
from chalicelib.notices import store as messages
from functions import sweep_closings, sweep_deliveries
from scenes import paying
from scenes.world import Client, World, new_id_number
from tests.appointments.bookings import Booker
from tests.delivery import parcels
from tests.identity.test_browser import scanned
from tests.identity.test_representation import Mother
from tests.privacy.unsealed import stored

NAME = "布谷鸟"
KNOWN, PHONE, STREET = "戴胜鸟", "13912340002", "戴胜路 9 号"
"""Of whom much is known, and whom no other test meets."""


def close(client: Client, **body: Any) -> Any:
    """Ask for the account to be closed, and let the functions work."""
    asked = client.post("/v1/me/closing", body)
    assert asked.status == 202, asked.json
    assert asked.json["status"] == "checking"
    client.world.pump()
    return client.get("/v1/me/closing")


def erase(world: World) -> None:
    """Let the hour pass, and the sweep come."""
    world.pass_time(hours=1, minutes=1)
    assert sweep_closings.handler({})["failed"] == 0
    world.pump()


def found(world: World, *canaries: str) -> set[str]:
    """Where something of a person is found, by the beginnings of the keys."""
    places = set()
    for table, key, text in stored(world):
        if any(canary in text for canary in canaries):
            places.add(f"{table} {key.partition('#')[0]}")
    return places


def test_what_is_open_is_named_and_can_be_ended(world: World) -> None:
    citizen = world.real_person(NAME)
    number = new_id_number()
    before = citizen.get("/v1/me/closing").json
    assert before["status"] == "not_asked" and {part["part"] for part in before["parts"]} >= {"account", "messages"}
    applied = paying.owe(world, citizen, number)
    booked = Booker(world, citizen, world.hall()).book("09:00")
    answer = close(citizen).json
    assert answer["status"] == "blocked"
    named = {(matter["part"], matter["id"]) for matter in answer["open"]}
    assert named == {
        ("applications", applied["id"]),
        *(("bills", bill) for bill in applied["bills"]),
        ("appointments", booked["id"]),
    }
    assert all(matter["to_do"]["zh"] for matter in answer["open"])
    assert citizen.post(f"/v1/applications/{applied['id']}/withdraw", {"reason": "不再办理"}).status == 200
    assert citizen.post(f"/v1/appointments/{booked['id']}/cancel", {"reason": "不再前往"}).status == 200
    world.pump()
    assert close(citizen).status == 401, "closed: the session has ended"


def test_it_takes_a_proof_now_and_no_session_that_only_holds_the_phone(world: World) -> None:
    citizen = world.real_person(NAME)
    world.pass_time(minutes=11)
    assert citizen.post("/v1/me/closing", {}).code == "fresh_proof_required"
    assert scanned(world, citizen).post("/v1/me/closing", {}).code == "partial_session"
    newcomer = world.log_in("wechat")
    assert newcomer.post("/v1/me/closing", {"even_if_open": True}).code == "proof_required"
    assert close(newcomer).status == 401, "there is nothing to prove for who has said nothing"


def test_a_new_account_begins_where_the_closed_one_ended(world: World) -> None:
    number = new_id_number()
    citizen = world.real_person(NAME, number)
    second = world.log_in("alipay")
    world.merge(citizen, second, NAME, number)
    old = citizen.account_id
    assert close(citizen).status == 401
    assert second.get("/v1/me").status == 401, "the merged account is closed with it"
    again = world.log_in("wechat", citizen.user)
    assert again.account_id != old
    assert again.get("/v1/me").json["level"] == "logged_in"
    world.prove(again, NAME, number)
    erase(world)
    again.renew()
    assert world.log_in("wechat", citizen.user).account_id == again.account_id, "the new login stays"
    assert again.get("/v1/me").json["level"] == "proven"


@pytest.fixture
def settled(world: World) -> tuple[Client, str]:
    """Somebody of whom the system knows much, with nothing open: the account, and the person's number."""
    number = new_id_number()
    citizen = world.log_in("wechat")
    world.bind_phone(citizen, PHONE)
    world.prove(citizen, KNOWN, number)
    applied = paying.owe(world, citizen, number, property_kind="affordable")
    assert applied["status"] == "completed", applied
    draft = citizen.post("/v1/applications", {"service": "real_estate_registration"})
    assert draft.status == 201
    hall = Booker(world, citizen, world.hall())
    citizen.post(f"/v1/appointments/{hall.book('09:00')['id']}/cancel", {"reason": f"{KNOWN}有事"})
    relative = new_id_number()
    world.simulators.departments.people[relative] = "布小谷"
    assert citizen.post("/v1/relatives", {"name": "布小谷", "id_number": relative}).status == 201
    agent = {"name": "布代办", "id_number": new_id_number(), "scope": ["*"], "until": "2026-12-31"}
    assert citizen.post("/v1/me/mandates", agent).status == 201
    recipient = parcels.Recipient(world=world, client=citizen, id_number=number)
    city = parcels.hall(world)
    address = recipient.address(recipient=KNOWN, phone=PHONE, detail=STREET)
    shipment = recipient.approved(address=address, postage="on_delivery")["shipment"]
    city.pack(shipment)
    city.accept(shipment)
    city.hand_over(shipment)
    city.courier.post("/v1/courier/depart")
    code = recipient.parcel(shipment)["code"]
    assert city.deliver(shipment, code=code, signature=parcels.SIGNATURE, collected=800).status == 200
    sweep_deliveries.handler({})
    consent = citizen.get("/v1/messages/templates").json["items"][0]["id"]
    assert citizen.post("/v1/messages/consents", {"results": {consent: "accept"}}).status == 200
    world.pump()
    return citizen, number


def test_nothing_of_the_person_is_found_outside_the_archive(world: World, settled: tuple[Client, str]) -> None:
    citizen, number = settled
    account = citizen.account_id
    canaries = (KNOWN, PHONE, STREET, number)
    assert found(world, *canaries) > {"identity ACCOUNT", "delivery PARTY", "applications APPLICATION"}
    assert messages.inbox((account,), None).items
    world.prove(citizen, KNOWN, number)
    answer = close(citizen)
    assert answer.status == 401, answer.json
    assert world.simulators.sms.outbox and "注销" in str(world.simulators.sms.outbox[-1])
    erase(world)
    in_force = {"certificates CERTIFICATE"}
    assert found(world, *canaries) - in_force == {"privacy ARCHIVE"}
    assert identities.person(identities.account(account, consistent=True).id_index or "x") is None  # type: ignore[union-attr]
    assert found(world, citizen.user) == set()
    assert messages.inbox((account,), None).items == []
    desk = world.staff("security")
    (closed,) = desk.post("/v1/closed_accounts/search", {"name": KNOWN, "id_number": number}).json["items"]
    assert (closed["account_id"], closed["status"]) == (account, "closed"), "certificates in force stay for now"


def test_a_certificate_is_erased_when_it_is_in_force_no_more(world: World) -> None:
    enterprise_like = new_id_number()
    citizen = world.real_person(NAME, enterprise_like)
    applied = paying.owe(world, citizen, enterprise_like, property_kind="affordable")
    number = citizen.get(f"/v1/certificates/{applied['certificate_id']}").json["number"]
    close(citizen)
    erase(world)
    scanned_paper = world.anonymous().get(f"/v1/certificates/verify?number={number}").json
    assert scanned_paper["status"] == "valid"
    assert NAME in str(world.staff("registrar").get(f"/v1/certificates/{applied['certificate_id']}").json["face"])
    revoked = world.staff("registrar").post(
        f"/v1/certificates/{applied['certificate_id']}/revoke", {"reason": "测试撤销"}
    )
    assert revoked.status == 200, revoked.json
    world.pass_time(days=31)
    sweep_closings.handler({})
    scanned_paper = world.anonymous().get(f"/v1/certificates/verify?number={number}").json
    assert scanned_paper["status"] == "revoked"
    assert world.staff("registrar").get(f"/v1/certificates/{applied['certificate_id']}").json["face"] == {}


def test_what_is_open_goes_on_without_the_person(world: World) -> None:
    """The bill is paid later, by somebody at the counter: certificate and receipt bear the name, then all is erased."""
    number = new_id_number()
    citizen = world.real_person(NAME, number)
    applied = paying.owe(world, citizen, number)
    account = citizen.account_id
    assert close(citizen, even_if_open=True).status == 401
    erase(world)
    body = {"name": NAME, "id_number": number}
    assert found(world, number) == {"identity ACCOUNT", "applications APPLICATION"}
    cash = {"bills": applied["bills"], "method": "cash", "amount": 8000}
    assert world.staff("window.1").post("/v1/counter/payments", cash).status == 201
    paying.settle(world)
    world.pump()
    receipts = [one["wanted"] for one in world.simulators.fiscal.receipts.values() if number in str(one)]
    assert [one["payer"] for one in receipts] == [NAME]
    world.pass_time(days=1, minutes=1)
    sweep_closings.handler({})
    assert found(world, number) == {"privacy ARCHIVE", "certificates CERTIFICATE"}
    desk = world.staff("security")
    kept = desk.post(f"/v1/closed_accounts/{account}/archive", {"reason": "法院调取"}).json["items"]
    assert applied["id"] in {entry["content"].get("id") for entry in kept}
    assert desk.post("/v1/closed_accounts/search", body).json["items"][0]["status"] == "closed"


def test_a_closing_is_called_off_when_the_account_has_changed(world: World) -> None:
    citizen = world.real_person(NAME)
    assert citizen.post("/v1/me/closing", {}).status == 202
    assert citizen.post("/v1/me/closing", {}).json["status"] == "checking", "a repeat is safe"
    assert citizen.post("/v1/sessions/end_all").status == 200, "it was not me"
    world.pump()
    again = world.log_in("wechat", citizen.user)
    assert again.get("/v1/me/closing").json["status"] == "called_off"
    assert close(again).status == 401, "and it can be asked for again"


def test_a_claim_reads_and_ends_nothing_of_whose_identity_it_is(world: World) -> None:
    """Whoever knows a name and a number gets neither relatives nor mandates, and takes none away."""
    mother = Mother(world)
    daughter = new_id_number()
    world.simulators.departments.people[daughter] = "李儿"
    assert mother.client.post("/v1/relatives", {"name": "李儿", "id_number": daughter}).status == 201
    assert mother.appoint(daughter).status == 201
    thief = world.claimant("李儿", daughter)
    assert thief.get("/v1/me/copy/relatives").json["items"] == []
    assert thief.get("/v1/me/copy/mandates_held").json["items"] == []
    assert close(thief).status == 401
    erase(world)
    mother.client.renew()
    assert mother.client.get("/v1/me/mandates").json["items"][0]["status"] == "offered"
    assert mother.client.get("/v1/relatives").json["mine"][0]["relative"] == "李*"


def test_nothing_of_the_new_account_goes_with_the_old_one(world: World) -> None:
    number = new_id_number()
    citizen = world.real_person(NAME, number)
    child = new_id_number()
    world.simulators.departments.people[child] = "布小谷"
    assert close(citizen).status == 401
    again = world.log_in("wechat", citizen.user)
    template = again.get("/v1/messages/templates").json["items"][0]["id"]
    assert again.post("/v1/messages/consents", {"results": {template: "accept"}}).status == 200
    world.prove(again, NAME, number)
    assert again.post("/v1/relatives", {"name": "布小谷", "id_number": child}).status == 201
    erase(world)
    again.renew()
    templates = {row["id"]: row for row in again.get("/v1/messages/templates").json["items"]}
    assert templates[template]["long_term"] or templates[template]["left"]
    relation = again.get("/v1/relatives").json["mine"][0]["id"]
    assert again.delete(f"/v1/relatives/{relation}").status == 200, "it belongs to the person, with whichever account"


def test_staff_do_nothing_about_a_closed_account(world: World) -> None:
    number = new_id_number()
    citizen = world.real_person(NAME, number)
    account = citizen.account_id
    code = citizen.post("/v1/me/proof/code").json["code"]
    assert close(citizen).status == 401
    reason = {"reason": "测试所需的原因"}
    desk = world.staff("security")
    assert desk.post(f"/v1/accounts/{account}/take_back_proof", reason).code == "not_proven"
    assert desk.post(f"/v1/accounts/{account}/undo_merge", reason).code == "not_merged"
    shown = {"name": NAME, "id_number": number, "code": code}
    assert world.staff("window.1").post("/v1/counter/proofs", shown).code == "proof_code_invalid"


def test_the_archive_is_read_by_the_security_administrator_and_the_reading_is_kept(world: World) -> None:
    number = new_id_number()
    citizen = world.real_person(NAME, number)
    account = citizen.account_id
    applied = paying.owe(world, citizen, number)
    assert citizen.post(f"/v1/applications/{applied['id']}/withdraw", {"reason": "不再办理"}).status == 200
    world.pump()
    desk = world.staff("security")
    archive = f"/v1/closed_accounts/{account}/archive"
    assert desk.post(archive, {"reason": "法院调取"}).code == "not_found", "it is not closed"
    close(citizen)
    erase(world)
    desk = world.staff("security")
    assert desk.post(archive, {}).status == 422
    kept = desk.post(archive, {"reason": "法院调取"}).json["items"]
    forms = {entry["content"]["id"]: entry["content"].get("form") for entry in kept if entry["part"] == "applications"}
    assert forms[applied["id"]]["district"] == "玄武区"
    (who,) = [entry["content"] for entry in kept if entry["part"] == "account"]
    assert (who["name"], who["id_number"]) == (NAME, number)
    (closed,) = desk.post("/v1/closed_accounts/search", {"name": NAME, "id_number": number}).json["items"]
    assert closed["status"] == "erased"
    world.pump()
    rows = readings.of_parties([account], clock.today(), None).items
    assert {row.subject for row in rows} == {f"CLOSING#{account}"}


def test_an_agent_closes_the_own_account_and_the_mandate_ends(world: World) -> None:
    mother = Mother(world)
    agent = mother.agent()
    assert agent.post("/v1/me/closing", {}).status == 202, "always one's own account"
    world.pump()
    assert mother.client.get("/v1/me").status == 200
    assert agent.get("/v1/me").status == 401
    erase(world)
    mother.client.renew()
    (mandate,) = [row for row in mother.client.get("/v1/me/mandates").json["items"] if row["role"] == "agent"]
    assert mandate["status"] == "ended" and "李" not in mandate["holder"]


def test_a_repeat_of_the_erasing_changes_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The function dies after each part; what is in the archive stays as it was before."""
    number = new_id_number()
    citizen = world.real_person(NAME, number)
    account = citizen.account_id
    applied = paying.owe(world, citizen, number)
    citizen.post(f"/v1/applications/{applied['id']}/withdraw", {"reason": "不再办理"})
    world.pump()
    close(citizen)
    world.pass_time(hours=1, minutes=1)
    from chalicelib.privacy.service import all_parts, closing

    parts = list(all_parts())
    erase_part = closing._erase_part
    for last in parts:

        def dying(item: Any, actor: Any, name: str, last: str = last) -> Any:
            waits = erase_part(item, actor, name)
            if name == last:
                raise OSError("the function dies")
            return waits

        monkeypatch.setattr(closing, "_erase_part", dying)
        sweep_closings.handler({})
        world.pass_time(hours=1, minutes=1)
    monkeypatch.setattr(closing, "_erase_part", erase_part)
    erase(world)
    desk = world.staff("security")
    kept = desk.post(f"/v1/closed_accounts/{account}/archive", {"reason": "法院调取"}).json["items"]
    forms = {entry["content"]["id"]: entry["content"].get("form") for entry in kept if entry["part"] == "applications"}
    assert forms[applied["id"]]["district"] == "玄武区"
    assert found(world, number) == {"privacy ARCHIVE"}
