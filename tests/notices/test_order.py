"""Messages about one thing arrive in the order in which it happened; what comes too late stays in the inbox."""

from __future__ import annotations

from typing import Any

from chalicelib.kernel import batch
from chalicelib.notices import service
from tests.delivery import parcels
from tests.notices import telling
from tests.notices.telling import Reader
from tests.world import World

READY, COLLECTED = "wxt_shipment_ready", "wxt_shipment_collected"


def waiting_parcel(world: World, person: Reader) -> dict[str, Any]:
    """A result that lies at the counter; whoever is told of it is not told of its application here."""
    recipient = parcels.Recipient(world, person.client, person.id_number)
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
        service.channels.forget()
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


def test_what_an_urgent_message_overtook_at_night_stays_in_the_inbox(world: World) -> None:
    person = telling.reader(world)
    recipient = parcels.Recipient(world, person.client, person.id_number)
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


def test_things_of_one_owner_are_worked_on_in_their_order() -> None:
    done: list[str] = []
    things = [f"{owner}{number}" for number in range(20) for owner in "abc"]

    def work(thing: str) -> str:
        done.append(thing)
        return thing

    assert batch.side_by_side(work, things, 3, owner=lambda thing: thing[0]) == things
    for owner in "abc":
        assert [thing for thing in done if thing[0] == owner] == [thing for thing in things if thing[0] == owner]
