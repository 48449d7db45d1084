"""People who owe something and pay it, in the words of the domain."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any

from functions import sweep_payments
from scenes.world import Client, Reply, World, new_id_number

HOME = {"district": "玄武区", "property_kind": "home", "extra_copies": 0, "with_plan": False}


@dataclass(kw_only=True)
class Payer:
    """Somebody whose real-estate transfer is approved and who has the bills for it."""

    world: World
    client: Client
    application: dict[str, Any]
    id_number: str
    name: str
    bills: list[str] = field(default_factory=list)

    def pay(self, bills: list[str] | None = None, client: Client | None = None, **options: Any) -> Reply:
        return (client or self.client).post("/v1/payments", {"bills": bills or self.bills}, **options)

    def order(self, **options: Any) -> dict[str, Any]:
        """An order that the platform has accepted."""
        answer = self.pay(**options)
        assert answer.status == 201, answer.json
        opened: dict[str, Any] = answer.json
        return opened

    def on_alipay(self) -> Client:
        """The same person in the Alipay mini-program."""
        client = self.world.log_in("alipay")
        self.world.merge(self.client, client, self.name, self.id_number)
        client.renew()
        return client

    def bill(self, place: int = 0) -> dict[str, Any]:
        found: dict[str, Any] = self.client.get(f"/v1/bills/{self.bills[place]}").json
        return found

    def payment(self, order: str) -> dict[str, Any]:
        found: dict[str, Any] = self.client.get(f"/v1/payments/{order}").json
        return found

    def now(self) -> dict[str, Any]:
        """The application as it is now."""
        found: dict[str, Any] = self.client.get(f"/v1/applications/{self.application['id']}").json
        return found


def payer(world: World, again: Payer | None = None, *, name: str = "张购房", **form: Any) -> Payer:
    """Somebody whose application is approved and costs 80 yuan, unless ``form`` says otherwise.

    ``again``: another application of the same person.
    """
    if again is not None:
        client = again.client
        id_number = again.id_number
    else:
        client = world.log_in("wechat")
        id_number = new_id_number()
        world.prove(client, name, id_number)
    applied = owe(world, client, id_number, **form)
    return Payer(
        world=world, client=client, application=applied, id_number=id_number, name=name, bills=applied["bills"]
    )


def owe(world: World, client: Client, id_number: str, **form: Any) -> dict[str, Any]:
    """An approved application of this person, with its bills."""
    registers = world.simulators.departments.registers
    kind = {**HOME, **form}["property_kind"]
    registers["housing"][id_number] = [{"homes": 1, "under_review": False, "contract_kind": kind}]
    begun = client.post("/v1/applications", {"service": "real_estate_registration"})
    assert begun.status == 201, begun.json
    wanted = {**begun.json["form"], **HOME, **form}
    saved = client.put(f"/v1/applications/{begun.json['id']}/form", {"form": wanted})
    assert saved.status == 200, saved.json
    submitted = client.post(f"/v1/applications/{begun.json['id']}/submit")
    assert submitted.status == 200, submitted.json
    applied: dict[str, Any] = submitted.json
    return applied


def wechat(world: World, order: str, **how: Any) -> None:
    """The payer pays in WeChat."""
    world.simulators.wechat_pay.controls["pay"]({"order_no": order, **how})


def alipay(world: World, order: str, **how: Any) -> None:
    """The payer pays in Alipay."""
    world.simulators.alipay.controls["pay"]({"order_no": order, **how})


def settle(world: World) -> None:
    """Everything that is on its way arrives: notifications, the streams, the sweep."""
    for _ in range(2):
        world.simulators.deliver()
        world.pump()
    sweep_payments.handler({})
    world.pump()


def key() -> str:
    return secrets.token_hex(12)
