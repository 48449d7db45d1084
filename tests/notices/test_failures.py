"""Processes that die, readers who read meanwhile, retries at night: nobody is told twice, and nobody is forgotten."""

from __future__ import annotations

from contextlib import suppress

import pytest

from chalicelib.kernel.storage import tables
from chalicelib.notices import store
from chalicelib.notices.service import channels, dispatch
from functions import notify_people
from scenes import tampering
from scenes.world import World
from tests.interleaving import Crash, dying_at
from tests.notices import telling
from tests.notices.telling import COMPLETED, Reader


def planned(world: World, person: Reader) -> store.MessageItem:
    """The message about a completed application, planned and not yet sent."""
    before = {row["id"] for row in person.inbox()}
    person.finish()
    sending = [stream for stream in world.streams() if "send_messages" in stream.function]
    world.streams().remove(sending[0])
    try:
        world.pump()
    finally:
        world.streams().append(sending[0])
    new = [row for row in person.inbox() if row["id"] not in before and row["event"] == "application_completed"]
    found = store.message(person.client.account_id, new[0]["id"])
    assert found is not None
    return found


@pytest.mark.parametrize("channel", ["wechat", "sms"])
@pytest.mark.parametrize("mode", ["before", "after", "lost"])
@pytest.mark.parametrize("point", range(1, 5))
def test_a_sender_that_dies_tells_once_by_each_channel(
    world: World, monkeypatch: pytest.MonkeyPatch, channel: str, mode: str, point: int
) -> None:
    person = telling.reader(world)
    if channel == "wechat":
        person.agree(COMPLETED, times=-1)
    item = planned(world, person)
    with dying_at(monkeypatch, point, mode), suppress(Crash):
        dispatch.WORKER.attempt(str(item.pk), str(item.sk))
    for _ in range(4):
        world.pass_time(minutes=3)
        channels.forget()
        telling.settle(world)
    assert len(person.wechat()) <= 1 and len(person.texts()) <= 1
    assert len(person.wechat()) + len(person.texts()) >= 1
    if channel == "sms":
        assert len(person.texts()) == 1


@pytest.mark.parametrize("mode", ["before", "after", "lost"])
@pytest.mark.parametrize("point", range(1, 4))
def test_a_planner_that_dies_makes_each_message_once(
    world: World, monkeypatch: pytest.MonkeyPatch, mode: str, point: int
) -> None:
    person = telling.reader(world)
    applied = person.finish()
    history = [stream for stream in world.streams() if "notify_people" in stream.function]
    world.streams().remove(history[0])
    world.pump()
    world.streams().append(history[0])
    with dying_at(monkeypatch, point, mode), suppress(Crash):
        world.pump()
    history[0].iterator = None
    world.pass_time(minutes=3)
    telling.settle(world)
    events = [row["event"] for row in person.inbox()]
    assert events.count("application_completed") == 1 and applied["status"] == "completed"
    assert len(person.texts()) == 1


def test_reading_it_while_it_is_sent_changes_nothing_about_the_sending(world: World) -> None:
    person = telling.reader(world)
    person.agree(COMPLETED, times=-1)
    item = planned(world, person)
    send = channels.send

    def read_meanwhile(*given: object) -> object:
        assert person.client.post("/v1/messages/read").json["marked"] >= 1
        return send(*given)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(channels, "send", read_meanwhile)
        assert dispatch.WORKER.attempt(str(item.pk), str(item.sk))
    stored = store.message(item.account, item.id)
    assert stored is not None and stored.status == "sent" and stored.read_at
    world.pass_time(minutes=5)
    telling.settle(world)
    assert len(person.wechat()) == 1 and person.texts() == []


def test_interleaved_sender_sweep_and_reader_tell_once(world: World, interleaved: object) -> None:
    for seed in range(12):
        person = telling.reader(world)
        item = planned(world, person)
        keys = (str(item.pk), str(item.sk))
        works = [
            lambda keys=keys: dispatch.WORKER.attempt(*keys),
            lambda keys=keys: dispatch.WORKER.attempt(*keys),
            lambda keys=keys: dispatch.WORKER._wake(*keys),
            lambda person=person: person.client.post("/v1/messages/read"),
        ]
        interleaved(seed, works)  # type: ignore[operator]
        world.pass_time(minutes=3)
        telling.settle(world)
        assert len(person.texts()) == 1, seed
        stored = store.message(item.account, item.id)
        assert stored is not None and stored.status == "sent" and stored.read_at, seed


def test_a_retry_keeps_the_quiet_hours(world: World) -> None:
    person = telling.reader(world)
    world.pass_time(hours=5, minutes=59)
    person.client.renew()
    world.simulators.sms.controls["faults"]({"fault": "http_500", "times": 2})
    person.finish()
    telling.settle(world)
    for _ in range(60):
        world.pass_time(minutes=5)
        channels.forget()
        telling.sweep(world)
    assert person.texts() == []
    world.pass_time(hours=6)
    for _ in range(2):
        telling.sweep(world)
    assert len(person.texts()) == 1


def test_a_reader_without_a_phone_is_waited_for(world: World) -> None:
    """WeChat is out of order for an hour, and there is nothing else: the message waits."""
    person = telling.reader(world, phone=False)
    person.agree(COMPLETED, times=-1)
    world.simulators.wechat.controls["faults"]({"fault": "http_500", "times": 10_000, "path": "/cgi-bin/message"})
    applied = person.finish()
    telling.settle(world)
    for _ in range(6):
        world.pass_time(minutes=10)
        channels.forget()
        telling.sweep(world)
    world.simulators.wechat.controls["reset_faults"]({})
    world.pass_time(minutes=61)
    channels.forget()
    telling.sweep(world)
    assert len(person.wechat()) == 1
    assert telling.verdicts(world, applied)[-1] == "wechat sent"


def test_the_token_s_failure_is_no_try(world: World) -> None:
    from chalicelib.platforms import shared_token

    person = telling.reader(world, phone=False)
    person.agree(COMPLETED, times=-1)
    world.simulators.wechat.controls["expire_tokens"]({})
    shared_token.forget()
    stored = tables.read(shared_token.TokenItem, "TOKEN#wechat", consistent=True)
    if stored is not None:
        tampering.remove(stored)
    world.simulators.wechat.controls["faults"]({"fault": "hang_up", "path": "/cgi-bin/stable_token"})
    person.finish()
    telling.settle(world)
    world.pass_time(minutes=2)
    channels.forget()
    telling.sweep(world)
    assert len(person.wechat()) == 1


def test_consents_given_before_two_accounts_became_one_still_count(world: World) -> None:
    person = telling.reader(world)
    alipay = world.log_in("alipay")
    wanted = {"user": alipay.user, "templates": ["ali_application_completed"], "times": -1}
    results = world.simulators.alipay.controls["consents"](wanted)["results"]
    assert alipay.post("/v1/messages/consents", {"results": results}).status == 200
    world.merge(person.client, alipay, "张三", person.id_number)
    world.log_in("alipay", alipay.user)
    person.finish()
    telling.settle(world)
    assert len(world.simulators.alipay.messages.outbox) == 1 and person.texts() == []


def test_an_enterprise_is_told_through_who_applied(world: World) -> None:
    enterprise = world.enterprise()
    world.bind_phone(enterprise.representative, "13655550001")
    enterprise.apply()
    telling.settle(world)
    events = [row["event"] for row in enterprise.representative.get("/v1/messages").json["items"]]
    assert "application_completed" in events


def test_an_entry_that_nobody_can_read_holds_up_nobody(world: World) -> None:
    record = {
        "eventName": "INSERT",
        "dynamodb": {
            "SequenceNumber": "1",
            "NewImage": {"pk": {"S": "APPLICATION#x"}, "sk": {"S": "1"}, "entry": {"S": "{broken"}},
        },
    }
    assert notify_people.handler({"Records": [record]}) == {"batchItemFailures": []}
