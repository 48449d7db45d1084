"""The part of ``make demo`` that delivers: both scans, a failed attempt, a return, and what everybody was told."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from local.simulators.departments import BUYER, REPRESENTATIVE
from tools.demo_payments import wait

if TYPE_CHECKING:
    from tools.demo import Demo

Headers = dict[str, str]
HALL = "/v1/halls/xuanwu_hall"
HOME = {"district": "江宁区", "property_kind": "affordable", "extra_copies": 0, "with_plan": False}
ADDRESS = {"recipient": "甲代表", "phone": "13812345678", "division": "320102", "detail": "示例路 8 号 3 幢 201 室"}
SIGNATURE = {"signer": "recipient", "strokes": [[[100 + 30 * step, 400 + 23 * step % 90] for step in range(20)]]}
EVENTS = (
    "application_completed",
    "shipment_ready",
    "shipment_handed_over",
    "shipment_attempt_failed",
    "shipment_returned",
    "shipment_kept_at_hall",
    "shipment_delivered",
    "shipment_collected",
)
AT_ONCE = {"at_night": True}


def play(demo: Demo) -> None:
    """Two people, each on their own platform: one signs at the door, the other one's parcel comes back."""
    print("\nResults by courier: two scans, a signature, a failed attempt, a return, and the messages\n")
    one = demo.step("a home owner on WeChat agrees to be told", lambda: reader(demo, "wechat", "boss", REPRESENTATIVE))
    other = demo.step("another one on Alipay", lambda: reader(demo, "alipay", "owner", BUYER))
    first = demo.step("approved; the result goes to the address book's entry", lambda: decided(demo, one))
    second = demo.step("approved too, the same way", lambda: decided(demo, other))
    clerk, courier = demo.log_in_staff("window.1"), demo.log_in_staff("courier.a")
    for parcel in (first, second):
        demo.step("the clerk prints, packs and labels it", partial(packed, demo, clerk, parcel))
    demo.step("the courier takes both on", lambda: accepted(demo, courier, first, second))
    demo.step("hand-over: each scans the other's code", lambda: handed_over(demo, clerk, courier, first, second))
    demo.step("the courier leaves the hall", lambda: (demo.call("POST", "/v1/courier/depart", {}, courier), ""))
    demo.step("at the first door: what the courier sees", lambda: at_the_door(demo, courier, first))
    demo.step("the recipient signs and pays the postage", lambda: signed(demo, courier, first))
    demo.step("nobody at the second door", lambda: failed(demo, courier, second))
    demo.step("back to the hall, two scans again", lambda: taken_back(demo, clerk, courier, second))
    demo.step("the recipient collects it with the code", lambda: collected(demo, clerk, other, second))
    demo.step("the proof of the first delivery", lambda: proof(demo, first))
    demo.step("what the first one was told on WeChat", lambda: told(demo, demo.ports.wechat, first, 3))
    demo.step("what the second one was told on Alipay", lambda: told(demo, demo.ports.alipay, second, 6))


def reader(demo: Demo, platform: str, name: str, person: tuple[str, str]) -> tuple[Headers, str]:
    """Somebody with real name who agrees to the platform's question, and wants no quiet hours."""
    user = demo.user(name)
    headers = demo.log_in(platform, user)
    if platform == "wechat":
        demo.verify_on_wechat(headers, person)
    else:
        demo.verify_on_alipay(headers, person)
        headers = demo.log_in(platform, user)
    demo.put_records("housing", person[1], [{"homes": 1, "under_review": False}])
    demo.call("PUT", "/v1/messages/preferences", AT_ONCE, headers)
    listed = demo.call("GET", "/v1/messages/templates", headers=headers)["items"]
    templates = [row["id"] for row in listed if row["event"] in EVENTS]
    port = demo.ports.wechat if platform == "wechat" else demo.ports.alipay
    results = demo.simulate(port, "consents", {"user": user, "templates": templates, "times": 20})["results"]
    for _ in range(20):
        demo.call("POST", "/v1/messages/consents", {"results": results}, headers)
    return headers, f"{len(templates)} templates"


def decided(demo: Demo, headers: Headers) -> tuple[Any, str]:
    """An application whose result is posted, postage at the door."""
    address = demo.call("POST", "/v1/addresses", ADDRESS, headers, 201)
    begun = demo.call("POST", "/v1/applications", {"service": "real_estate_registration"}, headers, 201)
    path = f"/v1/applications/{begun['id']}"
    demo.call("PUT", f"{path}/form", {"form": {**begun["form"], **HOME}}, headers)
    wish = {"mode": "courier", "address": address["id"], "postage": "on_delivery"}
    demo.call("PUT", f"{path}/delivery", wish, headers)
    demo.call("POST", f"{path}/submit", {}, headers)
    wait(lambda: demo.call("GET", path, headers=headers)["shipment"] != "", "the result found no parcel")
    application = demo.call("GET", path, headers=headers)
    parcel = {"id": application["shipment"], "application": application["id"]}
    return parcel, f"{application['receipt']}, parcel {parcel['id'][:8]}…"


def packed(demo: Demo, clerk: Headers, parcel: Any) -> tuple[None, str]:
    from tools import demo as files

    path = f"/v1/shipments/{parcel['id']}"
    demo.call("POST", f"{path}/prints", {"application_id": parcel["application"]}, clerk)
    state = demo.call("POST", f"{path}/pack", {}, clerk)["status"]
    body = {"shipments": [parcel["id"]], "paper": "label"}
    link = demo.call("POST", f"{HALL}/labels", body, clerk)
    files.OUTPUT.mkdir(exist_ok=True)
    (files.OUTPUT / "label.pdf").write_bytes(demo.fetch(link["url"]))
    text = files.read_qr(files.OUTPUT / "label.pdf", files.OUTPUT / "label.png")
    if not text.endswith(parcel["id"]):
        raise files.DemoFailed(f"the label says {text}")
    return None, f"{state}; label.pdf"


def accepted(demo: Demo, courier: Headers, *found: Any) -> tuple[None, str]:
    offers = demo.call("GET", "/v1/courier/offers?hall=xuanwu_hall&route=320102", headers=courier)["items"]
    for parcel in found:
        demo.call("POST", f"/v1/shipments/{parcel['id']}/accept", {}, courier)
    return None, f"of {len(offers)} offered in {offers[0]['place']}"


def scans(demo: Demo, opened: Any, one: Headers, other: Headers) -> str:
    """Each side posts what the other one's screen shows."""
    path, state = f"/v1/handovers/{opened['id']}", ""
    for scanning, showing in ((one, other), (other, one)):
        code = demo.call("GET", path, headers=showing)["code"]
        state = demo.call("POST", f"{path}/confirm", {"code": code}, scanning)["status"]
    return state


def handed_over(demo: Demo, clerk: Headers, courier: Headers, *found: Any) -> tuple[None, str]:
    body = {"kind": "dispatch", "courier": "courier.a", "shipments": [parcel["id"] for parcel in found]}
    opened = demo.call("POST", f"{HALL}/handovers", body, clerk, 201)
    return None, f"{scans(demo, opened, courier, clerk)}, {len(opened['shipments'])} parcels"


def at_the_door(demo: Demo, courier: Headers, parcel: Any) -> tuple[None, str]:
    door = demo.call("GET", f"/v1/shipments/{parcel['id']}/door", headers=courier)
    return None, f"{door['task']['recipient']} {door['task']['phone']}, {door['address']}"


def signed(demo: Demo, courier: Headers, parcel: Any) -> tuple[None, str]:
    body = {"signature": SIGNATURE, "collected": 800}
    return None, demo.call("POST", f"/v1/shipments/{parcel['id']}/deliver", body, courier)["status"]


def failed(demo: Demo, courier: Headers, parcel: Any) -> tuple[None, str]:
    body = {"reason": "absent"}
    return None, demo.call("POST", f"/v1/shipments/{parcel['id']}/fail", body, courier)["status"]


def taken_back(demo: Demo, clerk: Headers, courier: Headers, parcel: Any) -> tuple[None, str]:
    body = {"kind": "return", "courier": "courier.a", "shipments": [parcel["id"]]}
    opened = demo.call("POST", f"{HALL}/handovers", body, clerk, 201)
    state = scans(demo, opened, clerk, courier)
    kept = demo.call("POST", f"/v1/shipments/{parcel['id']}/keep", {}, clerk)["status"]
    return None, f"{state}; {kept} at the counter"


def collected(demo: Demo, clerk: Headers, owner: Headers, parcel: Any) -> tuple[None, str]:
    seen = demo.call("GET", f"/v1/shipments/{parcel['id']}", headers=owner)
    handed = demo.call("POST", f"{HALL}/pick_ups", {"qr": seen["qr"]}, clerk)
    return None, f"code {seen['code']}: {handed['parcel']['status']}"


def proof(demo: Demo, parcel: Any) -> tuple[None, str]:
    head = demo.log_in_staff("hall.supervisor")
    found = demo.call("GET", f"/v1/shipments/{parcel['id']}/proof", headers=head)
    return None, f"{found['kind']} by the {found['signer']}, {found['at'][:16]}, {found['by']}"


def told(demo: Demo, port: int, parcel: Any, wanted: int) -> tuple[None, str]:
    """The platform's outbox: what the person's phone shows about the parcel and its application."""
    seen: list[Any] = []

    def enough() -> bool:
        sent = demo.simulate(port, "outbox", {})["messages"]
        seen[:] = [one for one in sent if one["page"].partition("id=")[2] in (parcel["id"], parcel["application"])]
        return len(seen) >= wanted

    wait(enough, "not all messages were sent")
    for message in seen:
        print("       " + " | ".join(value["value"] for value in message["data"].values()))
    return None, f"{len(seen)} messages"
