"""People who wait for a parcel, and those who bring it, in the words of the domain."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any

from functions import sweep_deliveries
from scenes import paying
from scenes.world import Client, Reply, World, new_id_number

HALL = "xuanwu_hall"
NEAR = {
    "recipient": "张收件",
    "phone": "13812345678",
    "division": "320102",
    "detail": "示例路 8 号 3 幢 201 室",
    "hint": "东门进",
}
FAR = {**NEAR, "division": "110105", "detail": "望京街 1 号"}
SIGNATURE = {"signer": "recipient", "strokes": [[[100 + 40 * step, 300 + 7 * step % 90] for step in range(12)]]}


def settle(world: World) -> None:
    """Everything that is on its way arrives: streams, sweep, pushes."""
    for _ in range(2):
        world.simulators.deliver()
        world.pump()
    sweep_deliveries.handler({})
    world.pump()


@dataclass(kw_only=True)
class Recipient:
    """Somebody whose house purchase certificate or registration is approved and on its way."""

    world: World
    client: Client
    id_number: str
    addresses: list[str] = field(default_factory=list)

    def address(self, **changes: Any) -> str:
        answer = self.client.post("/v1/addresses", {**NEAR, **changes})
        assert answer.status == 201, answer.json
        self.addresses.append(answer.json["id"])
        return str(answer.json["id"])

    def draft(self, wish: dict[str, Any]) -> str:
        """A registration that is filled in, with how its result is wanted."""
        registers = self.world.simulators.departments.registers
        registers["housing"][self.id_number] = [{"homes": 1, "under_review": False, "contract_kind": "affordable"}]
        begun = self.client.post("/v1/applications", {"service": "real_estate_registration"}).json
        form = {**begun["form"], **paying.HOME, "property_kind": "affordable"}
        assert self.client.put(f"/v1/applications/{begun['id']}/form", {"form": form}).status == 200
        chosen = self.client.put(f"/v1/applications/{begun['id']}/delivery", wish)
        assert chosen.status == 200, chosen.json
        return str(begun["id"])

    def approved(self, **wish: Any) -> dict[str, Any]:
        """An application without fees that is approved at once; its result is on its way."""
        number = self.draft({"mode": "courier", **wish})
        done = self.client.post(f"/v1/applications/{number}/submit")
        assert done.status == 200 and done.json["status"] == "completed", done.json
        settle(self.world)
        found: dict[str, Any] = self.client.get(f"/v1/applications/{number}").json
        return found

    def parcel(self, shipment: str) -> dict[str, Any]:
        found = self.client.get(f"/v1/shipments/{shipment}")
        assert found.status == 200, found.json
        return dict(found.json)

    def pay(self, bill: str) -> None:
        opened = self.client.post("/v1/payments", {"bills": [bill]})
        assert opened.status == 201, opened.json
        paying.wechat(self.world, opened.json["id"])
        paying.settle(self.world)
        settle(self.world)


def recipient(world: World, name: str = "张收件") -> Recipient:
    id_number = new_id_number()
    client = world.log_in("wechat")
    world.prove(client, name, id_number)
    return Recipient(world=world, client=client, id_number=id_number)


@dataclass(kw_only=True)
class Hall:
    """The hall's clerk and the city's couriers."""

    world: World
    clerk: Client
    courier: Client
    other: Client

    def pack(self, shipment: str, who: Client | None = None) -> Reply:
        """Print every result, then close the parcel."""
        who = who or self.clerk
        for row in self._results(shipment):
            printed = who.post(f"/v1/shipments/{shipment}/prints", {"application_id": row["application_id"]})
            assert printed.status == 200, printed.json
        return who.post(f"/v1/shipments/{shipment}/pack")

    def _results(self, shipment: str) -> list[dict[str, Any]]:
        for desk in ("pack", "unpaid", "returned"):
            rows = self.clerk.get(f"/v1/halls/{HALL}/parcels?desk={desk}").json["items"]
            for row in rows:
                if row["id"] == shipment:
                    return list(row["results"])
        return []

    def desk(self, name: str) -> list[str]:
        found, cursor = [], ""
        while True:
            answer = self.clerk.get(f"/v1/halls/{HALL}/parcels?desk={name}{cursor}").json
            found += [row["id"] for row in answer["items"]]
            if "cursor" not in answer:
                return found
            cursor = f"&cursor={answer['cursor']}"

    def accept(self, shipment: str, courier: Client | None = None) -> Reply:
        return (courier or self.courier).post(f"/v1/shipments/{shipment}/accept")

    def open(self, kind: str, *shipments: str, courier: str = "courier.a") -> dict[str, Any]:
        body = {"kind": kind, "courier": courier, "shipments": list(shipments)}
        opened = self.clerk.post(f"/v1/halls/{HALL}/handovers", body)
        assert opened.status == 201, opened.json
        return dict(opened.json)

    def confirm(self, opened: dict[str, Any], one: Client, other: Client) -> Reply:
        """``one`` scans what ``other`` shows."""
        shown = other.get(f"/v1/handovers/{opened['id']}").json["code"]
        return one.post(f"/v1/handovers/{opened['id']}/confirm", {"code": shown})

    def hand_over(self, *shipments: str) -> None:
        opened = self.open("dispatch", *shipments)
        assert self.confirm(opened, self.courier, self.clerk).status == 200
        done = self.confirm(opened, self.clerk, self.courier)
        assert done.status == 200 and done.json["status"] == "done", done.json

    def take_back(self, *shipments: str) -> None:
        opened = self.open("return", *shipments)
        assert self.confirm(opened, self.clerk, self.courier).status == 200
        assert self.confirm(opened, self.courier, self.clerk).json["status"] == "done"

    def send_out(self, *shipments: str) -> None:
        """From the desk to the street."""
        for shipment in shipments:
            assert self.pack(shipment).status == 200
            assert self.accept(shipment).status == 200
        self.hand_over(*shipments)
        assert self.courier.post("/v1/courier/depart").status == 200

    def deliver(self, shipment: str, **how: Any) -> Reply:
        return self.courier.post(f"/v1/shipments/{shipment}/deliver", how)


def hall(world: World) -> Hall:
    return Hall(
        world=world, clerk=world.staff("window.1"), courier=world.staff("courier.a"), other=world.staff("courier.b")
    )


def on_the_street(world: World, **wish: Any) -> tuple[Recipient, Hall, str]:
    """A parcel with free postage by the door, in transit."""
    somebody, city = recipient(world), hall(world)
    done = somebody.approved(address=somebody.address(), postage="on_delivery", **wish)
    city.send_out(done["shipment"])
    return somebody, city, done["shipment"]


def key() -> str:
    return secrets.token_hex(12)
