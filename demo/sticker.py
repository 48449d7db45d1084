"""The tour bus sticker from login to scan, and a second service that is made of data alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import quote

from chalicelib.kernel import clock
from demo.client import Demo, Headers
from local.simulators.departments import ENTERPRISE, HANDLER, REPRESENTATIVE


def trip(days_ahead: int, plate: str, **changes: Any) -> dict[str, Any]:
    """A trip of five days, from ``days_ahead`` on."""
    start = clock.today() + timedelta(days_ahead)
    form = {
        "plate": plate,
        "driver_certificate": "3201000001",
        "route_class": "inter_city",
        "origin": "南京",
        "destination": "苏州",
        "stops": ["镇江", "无锡"],
        "valid_from": str(start),
        "valid_to": str(start + timedelta(4)),
        "contract_number": f"HT-{start:%Y%m%d}",
    }
    return form | changes


def play(demo: Demo) -> None:
    """The sticker, from login to scan, and what an officer decides."""
    print("The tour bus sticker, from login to scan\n")
    register_buses(demo)
    acting = people(demo)
    printed = sticker(demo, acting)
    officer(demo, acting, *printed)


def register_buses(demo: Demo) -> None:
    """Tell the registers about this run's buses."""
    today = clock.today()
    buses = []
    for number in range(3):
        bus = {
            "plate": demo.bus(number),
            "owner": ENTERPRISE,
            "certificate_expires": str(today + timedelta(700)),
            "inspection_expires": str(today + timedelta(300)),
        }
        buses.append(bus)
    insurance = {"from": str(today - timedelta(100)), "to": str(today + timedelta(265))}
    for bus in buses:
        demo.put_records("vehicles", bus["plate"], [bus])
        demo.put_records("carrier_insurance", bus["plate"], [insurance])
    demo.put_records("vehicles_of_enterprise", ENTERPRISE, buses)


def people(demo: Demo) -> Headers:
    """The representative on both platforms, the enterprise, and the handler, who acts from here on."""
    wechat = demo.step("the representative logs in on WeChat", lambda: demo.log_in("wechat", demo.user("boss")))
    demo.step("proves who they are by a face check", lambda: demo.prove_on_wechat(wechat, REPRESENTATIVE))
    alipay = demo.step("the same person logs in on Alipay", lambda: demo.log_in("alipay", demo.user("boss")))
    demo.step("and proves it there too", lambda: demo.prove_on_alipay(alipay, REPRESENTATIVE))
    demo.step("takes the other account in, by a face check now", lambda: demo.merge("alipay", alipay, REPRESENTATIVE))

    def register() -> Any:
        found = demo.call("POST", "/v1/organizations", {"credit_code": ENTERPRISE}, alipay, 201)
        return found["principal_id"], found["principal_name"]

    demo.step("a face check now, because a mandate begins", lambda: prove_again(demo, alipay))
    organization = demo.step("registers the enterprise as its legal representative", register)

    def appoint() -> Any:
        body = {
            "name": HANDLER[0],
            "id_number": HANDLER[1],
            "scope": ["tour_bus_sticker"],
            "until": str(clock.today() + timedelta(365)),
        }
        found = demo.call("POST", f"/v1/organizations/{organization}/mandates", body, alipay, 201)
        return None, f"{found['holder']} until {found['until']}"

    demo.step("a face check now, because a mandate is given", lambda: prove_again(demo, alipay))
    demo.step("appoints a handler for this service", appoint)
    handler = demo.step("the handler logs in on WeChat", lambda: demo.log_in("wechat", demo.user("handler")))
    demo.step("the handler proves who they are", lambda: demo.prove_on_wechat(handler, HANDLER))
    demo.step("and accepts to act for the enterprise", lambda: accept(demo, handler))
    return {**handler, "Acting-For": organization}


def accept(demo: Demo, handler: Headers) -> tuple[Any, str]:
    """Agree to what is offered; an earlier run of the demo may have done it."""
    mandates = demo.call("GET", "/v1/mandates", headers=handler)["items"]
    for mandate in mandates:
        if mandate["status"] == "offered":
            demo.call("POST", f"/v1/mandates/{mandate['id']}/accept", headers=handler)
    return None, f"{mandates[0]['principal_name']}"


def prove_again(demo: Demo, alipay: Headers) -> tuple[Any, str]:
    me = demo.pass_face_check("alipay", alipay, REPRESENTATIVE)
    return None, f"proven by {me['proof']} at {me['proven_at'][11:16]}"


def sticker(demo: Demo, acting: Headers) -> tuple[str, str]:
    """From the guide to two prints and their scans; the certificate's id and the last QR."""
    words = quote("大巴包车")

    def search() -> Any:
        found = demo.call("GET", f"/v1/services?words={words}&audience=enterprise")["items"][0]
        guide = demo.call("GET", f"/v1/services/{found['code']}")
        return guide, found["name"]["zh"]

    guide = demo.step("looks for 大巴包车 and reads the guide", search)

    def begin() -> Any:
        draft = demo.call("POST", "/v1/applications", {"service": "tour_bus_sticker"}, acting, 201)
        fields = len(guide["form"]["properties"])
        return draft, f"{len(draft['form'])} of {fields} fields filled, buses {', '.join(draft['options']['plate'])}"

    draft = demo.step("begins an application, prefilled", begin)
    path = f"/v1/applications/{draft['id']}"

    def fill() -> Any:
        checked = demo.call("PUT", f"{path}/form", {"form": {**draft["form"], **trip(0, demo.bus(0))}}, acting)
        return checked, f"the rules would: {checked['outcome']}"

    demo.step("fills in the trip", fill)

    def submit() -> Any:
        done = demo.submit(acting, draft["id"])
        return done, f"{done['status']}, receipt {done['receipt']}"

    done = demo.step("submits; approved by the rules at once", submit)

    def progress() -> Any:
        entries = demo.call("GET", f"{path}/timeline", headers=acting)["entries"]
        return None, " > ".join(entry["what"]["zh"] for entry in entries)

    demo.step("reads the timeline", progress)

    def by_receipt() -> Any:
        return None, demo.call("GET", f"/v1/progress?receipt={done['receipt']}")["what"]["zh"]

    demo.step("anyone asks by receipt number", by_receipt)
    certificate = done["certificate_id"]
    first = demo.step("prints the sticker", lambda: demo.print_certificate(acting, certificate, "sticker-1"))
    demo.step("an inspector scans it", lambda: demo.scan(first, "valid"))
    second = demo.step("prints again", lambda: demo.print_certificate(acting, certificate, "sticker-2"))
    demo.step("the first print is void now", lambda: demo.scan(first, "superseded"))
    demo.step("the second one is good", lambda: demo.scan(second, "valid"))
    demo.step("a forged number", lambda: demo.scan(second[:-1] + str((int(second[-1]) + 1) % 10), "forged"))
    return certificate, second


def officer(demo: Demo, acting: Headers, certificate: str, printed: str) -> None:
    """What rules refuse, what an officer refuses after a correction, and a revocation."""

    def refused() -> Any:
        late = str(clock.today() + timedelta(20))
        found = demo.apply(acting, "tour_bus_sticker", trip(0, demo.bus(1), valid_to=late), "refused")
        return None, "refused: " + "; ".join(finding["reason"]["zh"] for finding in found["findings"])

    demo.step("a trip that is too long is refused with reasons", refused)
    far = trip(1, demo.bus(2), route_class="inter_provincial", destination="杭州")
    waiting = demo.step(
        "to another province: goes to an officer", lambda: demo.apply(acting, "tour_bus_sticker", far, "received")
    )
    staff = demo.step("an officer logs in with two factors", lambda: demo.log_in_staff("officer.a"))
    task, path = f"/v1/tasks/{waiting['id']}-review", f"/v1/applications/{waiting['id']}"

    def ask() -> Any:
        demo.call("POST", f"{task}/claim", headers=staff)
        items = [{"field": "/form/stops", "what": "请补充主要途经地湖州"}]
        demo.call("POST", f"{task}/request_correction", {"items": items, "note": "途经地不完整"}, staff)
        return None, "the clock stops"

    demo.step("takes the task and asks for a correction", ask)

    def answer() -> Any:
        found = demo.call("GET", path, headers=acting)
        form = {**found["form"], "stops": ["镇江", "湖州"]}
        demo.call("POST", f"{path}/corrections", {"form": form}, acting)
        return None, found["corrections"][0]["what"]

    demo.step("the handler corrects", answer)

    def refuse() -> Any:
        demo.call("POST", f"{task}/refuse", {"opinion": "省际包车备案信息与合同不符"}, staff)
        return None, demo.call("GET", f"{path}/timeline", headers=acting)["entries"][-1]["note"]

    demo.step("the officer refuses, with the reason", refuse)
    revoke = f"/v1/certificates/{certificate}/revoke"
    demo.step("the officer revokes the first sticker", lambda: demo.call("POST", revoke, {"reason": "车辆停运"}, staff))
    demo.step("scanned again", lambda: demo.scan(printed, "revoked"))


def new_buyer(demo: Demo) -> tuple[str, str]:
    """A home buyer of this run, who lives here, is single and has no home yet."""
    buyer = demo.new_person("丁购房")
    demo.put_records("households", buyer[1], [{"local": True, "marital_status": "single"}])
    demo.put_records("social_insurance", buyer[1], [{"months": 60}])
    demo.put_records("housing", buyer[1], [{"homes": 0, "under_review": False}])
    return buyer


def house_purchase(demo: Demo, person: tuple[str, str]) -> Headers:
    """The second service, made of data alone; the buyer, logged in."""
    buyer: Headers = demo.step(
        "another service: a home buyer logs in on Alipay", lambda: demo.log_in("alipay", demo.new_user("buyer"))
    )
    demo.step("proves who they are by a face check", lambda: demo.prove_on_alipay(buyer, person))

    def buy() -> Any:
        done = demo.apply(buyer, "house_purchase_certificate", {"district": "江宁区", "purpose": "first_home"})
        return demo.print_certificate(buyer, done["certificate_id"], "house-purchase")

    url = demo.step("house-purchase certificate, approved and printed", buy)
    demo.step("scanned", lambda: demo.scan(url, "valid"))
    return buyer
