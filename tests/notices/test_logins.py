"""A person with several logins on one platform: the login used last is told, and each login's consent is its own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from scenes.world import Client, World
from tests.delivery import parcels
from tests.notices import telling
from tests.notices.telling import COMPLETED, Reader

ALIPAY_COMPLETED = "ali_application_completed"
TEMPLATE = {"wechat": COMPLETED, "alipay": ALIPAY_COMPLETED}


def become(world: World, client: Client, person: Reader) -> Client:
    """The person proves on another login that it is theirs; both accounts are one from now on."""
    world.merge(person.client, client, person.name, person.id_number)
    client.renew()
    return client


def agree(world: World, platform: str, client: Client, times: int = -1, template: str = "") -> None:
    """Taps on 允许 in the platform's app, once for each message, or once for all (-1)."""
    simulator = world.simulators.wechat if platform == "wechat" else world.simulators.alipay
    wanted = {"user": client.user, "templates": [template or TEMPLATE[platform]], "times": times}
    results = simulator.controls["consents"](wanted)["results"]
    assert client.post("/v1/messages/consents", {"results": results}).status == 200


def outbox(world: World, platform: str, client: Client) -> list[dict[str, Any]]:
    """What the user of this login got."""
    if platform == "wechat":
        openid = world.simulators.wechat.openid(client.user)
        return [one for one in world.simulators.wechat.messages.outbox if one["touser"] == openid]
    open_id = world.simulators.alipay.open_id(client.user)
    return [one for one in world.simulators.alipay.messages.outbox if one["to_open_id"] == open_id]


def consent(client: Client, template: str) -> dict[str, Any]:
    """What the caller's login has agreed to by a template."""
    rows = client.get("/v1/messages/templates").json["items"]
    (row,) = [row for row in rows if row["id"] == template]
    found: dict[str, Any] = row
    return found


@pytest.mark.parametrize("times", [1, -1])
@pytest.mark.parametrize("platform", ["wechat", "alipay"])
def test_a_new_phone_gets_the_messages(world: World, platform: str, times: int) -> None:
    person = telling.reader(world)
    old = become(world, world.log_in(platform), person)
    new = become(world, world.log_in(platform), person)
    for client in (old, new):
        agree(world, platform, client, times)
    person.finish()
    telling.settle(world)
    assert (len(outbox(world, platform, old)), len(outbox(world, platform, new))) == (0, 1)
    assert person.texts() == []


@pytest.mark.parametrize("platform", ["wechat", "alipay"])
def test_a_login_that_is_used_again_is_told_again(world: World, platform: str) -> None:
    person = telling.reader(world)
    first = become(world, world.log_in(platform), person)
    second = become(world, world.log_in(platform), person)
    for client in (first, second):
        agree(world, platform, client)
    first.renew()
    person.finish()
    telling.settle(world)
    assert (len(outbox(world, platform, first)), len(outbox(world, platform, second))) == (1, 0)
    world.log_in(platform, second.user)
    person.finish()
    telling.settle(world)
    assert (len(outbox(world, platform, first)), len(outbox(world, platform, second))) == (1, 1)


@pytest.mark.parametrize("platform", ["wechat", "alipay"])
def test_a_consent_is_spent_only_for_the_login_that_gave_it(world: World, platform: str) -> None:
    """The new phone has agreed to one message, the old one to two: the new one's is spent first, then the old one's."""
    template = {"wechat": "wxt_shipment_ready", "alipay": "ali_shipment_ready"}[platform]
    person = telling.reader(world)
    old = become(world, world.log_in(platform), person)
    for _ in range(2):
        agree(world, platform, old, 1, template)
    new = become(world, world.log_in(platform), person)
    agree(world, platform, new, 1, template)
    hall = parcels.hall(world)
    told = []
    for _ in range(2):
        recipient = parcels.Recipient(world=world, client=new, id_number=person.id_number)
        ready = recipient.approved(mode="pick_up", hall=parcels.HALL)
        assert hall.pack(ready["shipment"]).status == 200
        telling.settle(world)
        assert new.post(f"/v1/shipments/{ready['shipment']}/code").status == 200
        told.append((len(outbox(world, platform, old)), len(outbox(world, platform, new))))
    assert told == [(0, 1), (1, 1)]
    assert (consent(old, template)["left"], consent(new, template)["left"]) == (1, 0)


@pytest.mark.parametrize("platform", ["wechat", "alipay"])
def test_a_login_that_agreed_to_nothing_is_passed_over(world: World, platform: str) -> None:
    person = telling.reader(world)
    old = become(world, world.log_in(platform), person)
    agree(world, platform, old)
    new = become(world, world.log_in(platform), person)
    applied = person.finish()
    telling.settle(world)
    assert (len(outbox(world, platform, old)), len(outbox(world, platform, new))) == (1, 0)
    assert telling.verdicts(world, applied)[:2] == [f"{platform} no_consent", f"{platform} sent"]


def test_a_refusal_strikes_out_only_the_refused_login_s_consent(world: World) -> None:
    """The platform counts less than we do for the new phone (43101); the old phone's consent stays and is used."""
    person = telling.reader(world)
    old = person.client
    agree(world, "wechat", old)
    new = become(world, world.log_in("wechat"), person)
    results = {"results": {COMPLETED: "accept"}}
    assert new.post("/v1/messages/consents", results).status == 200, "reported, though the platform knows nothing of it"
    applied = person.finish()
    telling.settle(world)
    assert telling.verdicts(world, applied) == ["wechat no_consent", "wechat sent"]
    assert consent(old, COMPLETED)["long_term"] and not consent(new, COMPLETED)["long_term"]
    assert len(person.wechat()) == 1 and person.texts() == []


def test_our_own_mistake_is_not_repeated_on_the_other_phone(world: World) -> None:
    person = telling.reader(world)
    old, new = person.client, become(world, world.log_in("wechat"), person)
    for client in (old, new):
        agree(world, "wechat", client)
    world.pass_time(days=3)
    for client in (old, new):
        client.renew()
    world.simulators.wechat.controls["message_errors"]({"code": 45168})
    applied = person.finish()
    telling.settle(world)
    assert telling.verdicts(world, applied) == ["wechat refused", "sms sent"]


def test_accounts_that_were_parted_again_are_told_apart(world: World) -> None:
    person = telling.reader(world)
    stranger = become(world, world.log_in("wechat"), person)
    agree(world, "wechat", stranger)
    person.agree(COMPLETED, times=-1)
    (merged,) = person.client.get("/v1/me").json["merged_accounts"]
    parted = world.staff("security").post(f"/v1/accounts/{merged}/undo_merge", {"reason": "并非同一人"})
    assert parted.status == 200, parted.json
    again = world.log_in("wechat", person.client.user)
    person = replace(person, client=again)
    person.finish()
    telling.settle(world)
    assert len(person.wechat()) == 1 and outbox(world, "wechat", stranger) == []
    stranger = world.log_in("wechat", stranger.user)
    assert consent(stranger, COMPLETED)["long_term"], "a consent stays with the login that gave it"
