"""What somebody must hear about their own account: it goes every way, at any hour, whatever they have switched off."""

from __future__ import annotations

from typing import Any

from chalicelib.notices.service import channels
from scenes.world import Client, World, new_id_number
from tests.notices import telling
from tests.notices.telling import Reader

PROVEN = {"wechat": "wxt_other_account_proven", "alipay": "ali_other_account_proven"}


def agree(world: World, client: Client) -> None:
    simulator = world.simulators.wechat if client.platform == "wechat" else world.simulators.alipay
    wanted = {"user": client.user, "templates": [PROVEN[client.platform]], "times": -1}
    results = simulator.controls["consents"](wanted)["results"]
    assert client.post("/v1/messages/consents", {"results": results}).status == 200


def somebody_on_both_platforms(world: World) -> tuple[Reader, Client]:
    person, alipay = telling.reader(world), world.log_in("alipay")
    world.merge(person.client, alipay, person.name, person.id_number)
    agree(world, person.client)
    agree(world, alipay)
    telling.settle(world)
    world.simulators.sms.outbox.clear()
    return person, alipay


def message(world: World, account: str) -> dict[str, Any]:
    """The message about another account that was proven to be this person's."""
    (found,) = telling.states(world, f"ACCOUNT#{account}")["other_account_proven"]
    return found


def attempts(world: World, account: str) -> list[str]:
    """How the tries of that message went."""
    return [f"{one['channel']} {one['verdict']}" for one in message(world, account)["attempts"]]


def prove_elsewhere(world: World, person: Reader) -> None:
    world.prove(world.log_in("alipay"), person.name, person.id_number)
    telling.settle(world)


def test_it_goes_to_every_login_and_by_text_message(world: World) -> None:
    person, alipay = somebody_on_both_platforms(world)
    prove_elsewhere(world, person)
    assert sorted(attempts(world, person.client.account_id)) == ["alipay sent", "sms sent", "wechat sent"]
    assert len(person.security_texts()) == 1
    assert PROVEN["wechat"] in {message["template_id"] for message in person.wechat()}
    to = world.simulators.alipay.open_id(alipay.user)
    assert to in {message["to_open_id"] for message in world.simulators.alipay.messages.outbox}


def test_it_cannot_be_switched_off_and_knows_no_quiet_hours(world: World) -> None:
    person, _ = somebody_on_both_platforms(world)
    preferences = person.client.get("/v1/messages/preferences").json
    assert "security" not in preferences
    wanted = {**preferences, "sms": False, "at_night": False}
    wanted |= dict.fromkeys(("progress", "appointment", "payment", "delivery"), "inbox")
    assert person.client.put("/v1/messages/preferences", wanted).status == 200
    world.pass_time(hours=15)
    person.client.renew()
    prove_elsewhere(world, person)
    assert len(person.security_texts()) == 1


def test_one_way_that_fails_does_not_hold_up_the_others(world: World) -> None:
    person, _ = somebody_on_both_platforms(world)
    account = person.client.account_id
    world.simulators.sms.controls["faults"]({"fault": "http_500", "times": 10_000})
    prove_elsewhere(world, person)
    assert {"alipay sent", "wechat sent"} <= set(attempts(world, account))
    for _ in range(50):
        world.pass_time(minutes=40)
        channels.forget()
        telling.sweep(world)
    assert message(world, account)["status"] == "sent", "two ways took it, and the third had a day"
    assert len([one for one in attempts(world, account) if one == "wechat sent"]) == 1


def test_the_same_account_hears_of_its_own_number_and_merge(world: World) -> None:
    person, id_number = telling.reader(world), new_id_number()
    world.bind_phone(person.client, "13600000007")
    world.prove(world.log_in("alipay"), "某人", id_number)
    world.pump()
    told = {message["event"] for message in person.client.get("/v1/messages").json["items"]}
    assert {"identity_proven", "phone_bound"} <= told
