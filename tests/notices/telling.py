"""People who are told things, and what reached them, in the words of the domain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chalicelib.notices.service import channels
from functions import sweep_messages
from scenes import paying
from scenes.world import Client, World, new_id_number
from tests.delivery import parcels

TEMPLATES = ("wxt_application_completed", "wxt_correction_requested", "wxt_shipment_ready", "wxt_payment_received")
COMPLETED = "wxt_application_completed"
WHOM_TO_CALL = "12345"
"""Stands in every text about the safety of an account."""


@dataclass(kw_only=True)
class Reader:
    """Somebody with a phone."""

    world: World
    client: Client
    id_number: str
    phone: str
    name: str = "张三"

    @property
    def openid(self) -> str:
        return self.world.simulators.wechat.openid(self.client.user)

    def agree(self, *templates: str, times: int = 1) -> None:
        """Taps on 允许 in WeChat; the mini-program reports it."""
        wanted = {"user": self.client.user, "templates": list(templates), "times": times}
        results = self.world.simulators.wechat.controls["consents"](wanted)["results"]
        assert self.client.post("/v1/messages/consents", {"results": results}).status == 200

    def finish(self) -> dict[str, Any]:
        """An application that is completed at once, without fees."""
        return paying.owe(self.world, self.client, self.id_number, property_kind="affordable")

    def inbox(self) -> list[dict[str, Any]]:
        """What is in the inbox, but for what concerns the account itself."""
        found: list[dict[str, Any]] = self.client.get("/v1/messages").json["items"]
        return [message for message in found if message["kind"] != "security"]

    def wechat(self) -> list[dict[str, Any]]:
        sent = self.world.simulators.wechat.messages.outbox
        return [message for message in sent if message["touser"] == self.openid]

    def texts(self) -> list[str]:
        """The text messages, but for those about the account itself (``security_texts``)."""
        return [text for text in self._all_texts() if WHOM_TO_CALL not in text]

    def security_texts(self) -> list[str]:
        """The text messages about the safety of the account."""
        return [text for text in self._all_texts() if WHOM_TO_CALL in text]

    def _all_texts(self) -> list[str]:
        return [sent["text"] for sent in self.world.simulators.sms.outbox if sent["phone"] == self.phone]


_phones = iter(range(13_600_000_000, 13_699_999_999))


def reader(world: World, *, phone: bool = True) -> Reader:
    """Somebody who has proven who they are on WeChat."""
    id_number, client = new_id_number(), world.log_in("wechat")
    world.prove(client, "张三", id_number)
    number = str(next(_phones))
    if phone:
        world.bind_phone(client, number)
    # What such a person hears about the account itself is over, read, and no part of what a test looks at.
    world.pump()
    sweep(world)
    assert client.post("/v1/messages/read").status == 200
    outbox = world.simulators.sms.outbox
    outbox[:] = [sent for sent in outbox if sent["phone"] != number]
    channels.forget()
    return Reader(world=world, client=client, id_number=id_number, phone=number)


def settle(world: World) -> None:
    """The event log, the messages and what is due are brought to their end."""
    for _ in range(3):
        world.pump()
    sweep(world)
    parcels.settle(world)


def sweep(world: World) -> None:
    """The minute's sweep, and what it hands on."""
    sweep_messages.handler({})
    world.pump()


def states(world: World, subject: str) -> dict[str, list[dict[str, Any]]]:
    """The messages of each event of a subject, as operators see them."""
    answer = world.staff("administrator").get(f"/v1/notices/events?subject={subject.replace('#', '%23')}")
    assert answer.status == 200, answer.json
    return {row["event"]: row["messages"] for row in answer.json["items"]}


def verdicts(world: World, applied: dict[str, Any], event: str = "application_completed") -> list[str]:
    """How each try went of the message about an event of an application."""
    (message,) = states(world, f"APPLICATION#{applied['id']}")[event]
    return [f"{made['channel']} {made['verdict']}" for made in message["attempts"]]
