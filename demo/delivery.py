"""The part of ``make demo`` that delivers: both scans, a failed attempt, a return, and what everybody was told."""

from __future__ import annotations

from functools import partial
from typing import Any
from urllib.parse import quote

from demo.client import OUTPUT, Demo, DemoFailed, Headers, read_qr
from demo.payments import register_contract

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
TOLD_AT_THE_DOOR = ("application_completed", "shipment_handed_over", "shipment_delivered")
TOLD_AT_THE_HALL = (
    "application_completed",
    "shipment_handed_over",
    "shipment_attempt_failed",
    "shipment_returned",
    "shipment_kept_at_hall",
    "shipment_collected",
)


def play(demo: Demo, buyer: tuple[str, str]) -> None:
    """Two people, each on their own platform: one signs at the door, the other one's parcel comes back."""
    print("\nResults by courier: two scans, a signature, a failed attempt, a return, and the messages\n")
    # People of this run only: what is remembered of a person (addresses, messages of the day) has limits.
    first_owner = demo.new_person("戊业主")
    register_contract(demo, first_owner[1], "affordable")
    user = demo.new_user("first-owner")
    owner = demo.new_user("owner")
    one = demo.step("a home owner on WeChat agrees to be told", partial(reader, demo, "wechat", user, first_owner))
    other = demo.step("the home buyer, on a second Alipay", partial(reader, demo, "alipay", owner, buyer))
    first = demo.step("approved; the result goes to the address book's entry", lambda: decided(demo, one))
    second = demo.step("approved too, the same way", lambda: decided(demo, other))
    clerk, courier = demo.log_in_staff("window.1"), demo.log_in_staff("courier.a")
    for parcel in (first, second):
        demo.step("the clerk prints, packs and labels it", partial(packed, demo, clerk, parcel))
    demo.step("the courier takes both on", lambda: accepted(demo, courier, first, second))
    demo.step("hand-over: each scans the other's code", lambda: handed_over(demo, clerk, courier, first, second))
    demo.step("the courier leaves the hall", lambda: (demo.call("POST", "/v1/courier/depart", {}, courier), ""))
    demo.step("at the first door: what the courier sees", lambda: at_the_door(demo, courier, first))
    demo.step("the recipient says the code, signs and pays the postage", lambda: signed(demo, courier, one, first))
    demo.step("nobody at the second door", lambda: failed(demo, courier, second))
    demo.step("back to the hall, two scans again", lambda: taken_back(demo, clerk, courier, second))
    demo.step("the recipient collects it with the code", lambda: collected(demo, clerk, other, second))
    demo.step("the proof of the first delivery", lambda: proof(demo, first))
    demo.step("what the first one was told on WeChat", lambda: told(demo, demo.ports.wechat, first, TOLD_AT_THE_DOOR))
    demo.step("what the second one was told on Alipay", lambda: told(demo, demo.ports.alipay, second, TOLD_AT_THE_HALL))
    demo.step("the first one says that nothing has come", lambda: disputed(demo, one, first))
    demo.step("the hall's supervisor looks into it", lambda: upheld(demo, first))


def reader(demo: Demo, platform: str, user: str, person: tuple[str, str]) -> tuple[Headers, str]:
    """Somebody with real name who agrees to the platform's question, and wants no quiet hours."""
    headers = demo.log_in(platform, user)
    if platform == "wechat":
        demo.prove_on_wechat(headers, person)
    else:
        demo.prove_on_alipay(headers, person)
        headers = demo.log_in(platform, user)
    register_contract(demo, person[1], "affordable")
    demo.call("PUT", "/v1/messages/preferences", AT_ONCE, headers)
    listed = demo.call("GET", "/v1/messages/templates", headers=headers)["items"]
    templates = [row["id"] for row in listed if row["event"] in EVENTS]
    port = demo.ports.wechat if platform == "wechat" else demo.ports.alipay
    results = demo.simulate(port, "consents", {"user": user, "templates": templates, "times": 3})["results"]
    for _ in range(3):
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
    demo.submit(headers, begun["id"])
    demo.wait(
        "the result to join a parcel", lambda: demo.call("GET", path, headers=headers).get("shipment"), "pump.log"
    )
    application = demo.call("GET", path, headers=headers)
    parcel = {"id": application["shipment"], "application": application["id"]}
    return parcel, f"{application['receipt']}, parcel {parcel['id'][:8]}…"


def packed(demo: Demo, clerk: Headers, parcel: Any) -> tuple[None, str]:
    path = f"/v1/shipments/{parcel['id']}"
    demo.call("POST", f"{path}/prints", {"application_id": parcel["application"]}, clerk)
    state = demo.call("POST", f"{path}/pack", {}, clerk)["status"]
    body = {"shipments": [parcel["id"]], "paper": "label"}
    link = demo.call("POST", f"{HALL}/labels", body, clerk)
    demo.save("label.pdf", demo.fetch(link["url"]))
    text = read_qr(OUTPUT / "label.pdf", OUTPUT / "label.png")
    if not text.endswith(parcel["id"]):
        raise DemoFailed(f"the label says {text}")
    return None, f"{state}; label.pdf"


def accepted(demo: Demo, courier: Headers, *found: Any) -> tuple[None, str]:
    offers = demo.call("GET", "/v1/courier/offers?hall=xuanwu_hall&route=320102", headers=courier)["items"]
    for parcel in found:
        demo.call("POST", f"/v1/shipments/{parcel['id']}/accept", {}, courier)
    return None, f"{len(found)} of {len(offers)} parcels on offer, {offers[0]['place']}"


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


def signed(demo: Demo, courier: Headers, owner: Headers, parcel: Any) -> tuple[None, str]:
    code = demo.call("GET", f"/v1/shipments/{parcel['id']}", headers=owner)["code"]
    body = {"code": code, "signature": SIGNATURE, "collected": 800}
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


def disputed(demo: Demo, owner: Headers, parcel: Any) -> tuple[None, str]:
    body = {"reason": "没有收到这个快递"}
    state = demo.call("POST", f"/v1/shipments/{parcel['id']}/dispute", body, owner)["status"]
    return None, f"{state}; the supervisor can uphold it, or declare it lost and replace it"


def upheld(demo: Demo, parcel: Any) -> tuple[None, str]:
    head = demo.log_in_staff("hall.supervisor")
    waiting = demo.call("GET", f"{HALL}/parcels?desk=disputed", headers=head)["items"]
    body = {"reason": "已核实：凭取件码本人签收"}
    state = demo.call("POST", f"/v1/shipments/{parcel['id']}/uphold", body, head)["status"]
    return None, f"{len(waiting)} on the desk; {state}"


def proof(demo: Demo, parcel: Any) -> tuple[None, str]:
    head = demo.log_in_staff("hall.supervisor")
    found = demo.call("GET", f"/v1/shipments/{parcel['id']}/proof", headers=head)
    return None, f"{found['kind']} by the {found['signer']}, {found['at'][:16]}, {found['by']}"


def told(demo: Demo, port: int, parcel: Any, wanted: tuple[str, ...]) -> tuple[None, str]:
    """The platform's outbox: what the person's phone shows about the parcel and its application."""
    subjects = (f"APPLICATION#{parcel['application']}", f"SHIPMENT#{parcel['id']}")

    def sent() -> list[Any]:
        messages = demo.simulate(port, "outbox", {})["messages"]
        return [one for one in messages if one["page"].partition("id=")[2] in (parcel["id"], parcel["application"])]

    def evidence() -> str:
        return "\n".join(fates(demo, subjects, wanted))

    demo.wait(f"{len(wanted)} messages to be sent", lambda: len(sent()) >= len(wanted), "sending.log", evidence)
    lines = [" | ".join(value["value"] for value in message["data"].values()) for message in sent()]
    return None, f"{len(lines)} messages" + "".join(f"\n       {line}" for line in lines)


def fates(demo: Demo, subjects: tuple[str, ...], wanted: tuple[str, ...]) -> list[str]:
    """What became of each message, with the platforms' answers, as operators see it."""
    desk = demo.log_in_staff("administrator")
    lines = []
    missing = set(wanted)
    for subject in subjects:
        for row in demo.call("GET", f"/v1/notices/events?subject={quote(subject)}", headers=desk)["items"]:
            missing.discard(row["event"])
            for message in row["messages"]:
                tries = [f"{one['channel']} {one['verdict']} {one['reason']}".strip() for one in message["attempts"]]
                lines.append(f"{subject} {row['event']}: {message['status']} ({', '.join(tries) or 'not tried yet'})")
    lines += [f"{event}: no message was made of it" for event in sorted(missing)]
    return lines
