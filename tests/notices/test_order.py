"""Messages about one thing arrive in the order in which it happened; what comes too late stays in the inbox."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.kernel import errors
from chalicelib.kernel.events.changes import Change
from chalicelib.kernel.storage import batch
from chalicelib.notices import store
from chalicelib.notices.service import channels, dispatch, messages
from chalicelib.notices.store import Attempt, MessageItem
from scenes.world import World
from tests.delivery import parcels
from tests.interleaving import Crash
from tests.notices import telling
from tests.notices.telling import Reader

READY, COLLECTED = "wxt_shipment_ready", "wxt_shipment_collected"


def waiting_parcel(world: World, person: Reader) -> dict[str, Any]:
    """A result that lies at the counter; whoever is told of it is not told of its application here."""
    recipient = parcels.Recipient(world=world, client=person.client, id_number=person.id_number)
    ready = recipient.approved(mode="pick_up", hall=parcels.HALL)
    assert parcels.hall(world).pack(ready["shipment"]).status == 200
    return ready


def collect(world: World, person: Reader, parcel: dict[str, Any]) -> None:
    code = person.client.get(f"/v1/shipments/{parcel['shipment']}").json["qr"]
    answer = world.staff("window.1").post(f"/v1/halls/{parcels.HALL}/pick_ups", {"qr": code})
    assert answer.status == 200, answer.json


def let_minutes_pass(world: World, minutes: int) -> None:
    for _ in range(minutes):
        world.pass_time(minutes=1)
        channels.forget()
        telling.sweep(world)


def test_collected_does_not_come_before_ready(world: World) -> None:
    """WeChat is out of order when the parcel is ready, and well again when it is collected."""
    person = telling.reader(world, phone=False)
    person.agree(READY, COLLECTED, times=3)
    world.simulators.wechat.controls["faults"]({"fault": "http_500", "times": 1, "path": "/cgi-bin/message"})
    parcel = waiting_parcel(world, person)
    telling.settle(world)
    assert person.wechat() == []
    collect(world, person, parcel)
    telling.settle(world)
    assert person.wechat() == [], "the later message waits for the earlier one"
    let_minutes_pass(world, 4)
    assert [sent["template_id"] for sent in person.wechat()] == [READY, COLLECTED]


def test_a_message_that_fails_for_hours_does_not_hold_up_the_next_one(world: World) -> None:
    """Once the later one is on the phone, the earlier one is not pushed any more; it is in the inbox."""
    person = telling.reader(world, phone=False)
    person.agree(READY, COLLECTED)
    world.simulators.wechat.controls["faults"]({"fault": "http_500", "times": 10_000, "path": "/cgi-bin/message"})
    parcel = waiting_parcel(world, person)
    telling.settle(world)
    let_minutes_pass(world, 40)
    person.client.renew()
    collect(world, person, parcel)
    let_minutes_pass(world, 60)
    world.simulators.wechat.controls["reset_faults"]({})
    let_minutes_pass(world, 60)
    assert [sent["template_id"] for sent in person.wechat()] == [COLLECTED]
    (overtaken,) = telling.states(world, f"SHIPMENT#{parcel['shipment']}")["shipment_ready"]
    assert overtaken["status"] == "inbox_only" and overtaken["attempts"][-1]["verdict"] == "overtaken"


def test_a_failure_while_planning_does_not_change_the_order(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both entries come in one batch, and the database does not answer once while the first one is planned."""
    person = telling.reader(world, phone=False)
    person.agree(READY, COLLECTED, times=3)
    telling.settle(world)
    plan = messages.plan
    failed: list[str] = []

    def plan_later(subject: str, change: Change) -> int:
        if change.type == "shipment_ready" and not failed:
            failed.append(subject)
            raise errors.UNAVAILABLE()
        return plan(subject, change)

    monkeypatch.setattr(messages, "plan", plan_later)
    parcel = waiting_parcel(world, person)
    collect(world, person, parcel)
    telling.settle(world)
    let_minutes_pass(world, 5)
    assert failed and [sent["template_id"] for sent in person.wechat()] == [READY, COLLECTED]


def test_a_later_message_whose_sender_died_does_not_silence_the_earlier_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The earlier one has failed for an hour, so the later one is begun; its process dies before WeChat is asked."""
    person = telling.reader(world, phone=False)
    person.agree(READY, COLLECTED, times=3)
    world.simulators.wechat.controls["faults"]({"fault": "http_500", "times": 10_000, "path": "/cgi-bin/message"})
    parcel = waiting_parcel(world, person)
    telling.settle(world)
    let_minutes_pass(world, 63)
    world.pass_time(minutes=61)
    person.client.renew()
    world.simulators.wechat.controls["reset_faults"]({})
    channels.forget()
    send = channels.send

    def die(way: object, item: MessageItem, *rest: object) -> object:
        if item.event == "shipment_collected":
            raise Crash
        return send(way, item, *rest)  # type: ignore[arg-type]

    with monkeypatch.context() as patched, suppress(Crash):
        patched.setattr(channels, "send", die)
        collect(world, person, parcel)
        world.pump()
    let_minutes_pass(world, 10)
    assert [sent["template_id"] for sent in person.wechat()] == [READY]


def test_what_an_urgent_message_overtook_at_night_stays_in_the_inbox(world: World) -> None:
    person = telling.reader(world)
    recipient = parcels.Recipient(world=world, client=person.client, id_number=person.id_number)
    sent = recipient.approved(mode="courier", address=recipient.address(), postage="on_delivery")["shipment"]
    telling.settle(world)
    world.pass_time(hours=7)
    person.client.renew()
    hall = parcels.hall(world)
    hall.send_out(sent)
    telling.settle(world)
    failed = hall.courier.post(f"/v1/shipments/{sent}/fail", {"reason": "absent"})
    assert failed.status == 200, failed.json
    telling.settle(world)
    before = list(person.texts())
    world.pass_time(hours=10)
    telling.settle(world)
    states = telling.states(world, f"SHIPMENT#{sent}")
    assert states["shipment_attempt_failed"][0]["status"] == "sent"
    (overtaken,) = states["shipment_handed_over"]
    assert overtaken["status"] == "inbox_only"
    assert overtaken["attempts"][-1]["verdict"] == "overtaken"
    assert [text for text in person.texts() if text not in before] == []
    person.client.renew()
    assert "shipment_handed_over" in [row["event"] for row in person.inbox()]


def test_a_message_that_is_made_late_tells_what_was_then(world: World) -> None:
    """A parcel for the door is packed and comes back to the counter before anybody was told of anything."""
    person = telling.reader(world)
    recipient = parcels.Recipient(world=world, client=person.client, id_number=person.id_number)
    hall = parcels.hall(world)
    sent = recipient.approved(mode="courier", address=recipient.address(), postage="on_delivery")["shipment"]
    hall.send_out(sent)
    assert hall.courier.post(f"/v1/shipments/{sent}/fail", {"reason": "absent"}).status == 200
    hall.take_back(sent)
    assert hall.clerk.post(f"/v1/shipments/{sent}/keep").status == 200
    telling.settle(world)
    events = [row["event"] for row in person.inbox()]
    assert "shipment_kept_at_hall" in events and "shipment_ready" not in events
    (handed_over,) = [row for row in person.inbox() if row["event"] == "shipment_handed_over"]
    assert "无" not in handed_over["text"]


def test_things_of_one_owner_are_worked_on_in_their_order() -> None:
    done: list[str] = []
    things = [f"{owner}{number}" for number in range(20) for owner in "abc"]

    def work(thing: str) -> str:
        done.append(thing)
        return thing

    assert batch.side_by_side(work, things, 3, owner=lambda thing: thing[0]) == things
    for owner in "abc":
        assert [thing for thing in done if thing[0] == owner] == [thing for thing in things if thing[0] == owner]


def test_only_repeated_busy_attempts_are_forgotten() -> None:
    """What may have been told is remembered however often others were busy; otherwise it would be told twice."""

    def made(channel: str, verdict: str) -> Attempt:
        return Attempt(channel=channel, verdict=verdict, at=datetime(2026, 11, 2, 8, tzinfo=UTC))

    item = store.new_message("ACCOUNT", "KEY")
    dispatch._note(item, made("wechat", "no_consent"))
    dispatch._note(item, made("alipay", "unheard"))
    for _ in range(60):
        dispatch._note(item, made("sms", "busy"))
    attempts = item.tried
    assert len(attempts) == store.MOST_ATTEMPTS
    assert [one.verdict for one in attempts[:3]] == ["no_consent", "unheard", "busy"]
