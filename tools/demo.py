"""``make demo``: the whole journey of a tour bus sticker, as people would live it, against the running system.

Everything goes over HTTP: the API as a mini-program would call it, the simulators' ``/_sim`` where a person
would tap in WeChat or Alipay.
"""

from __future__ import annotations

import json
import secrets
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyotp
import urllib3

from chalicelib.kernel import clock
from local import environment as environments
from local.simulators.departments import BUYER, ENTERPRISE, HANDLER, REPRESENTATIVE
from tools import demo_delivery, demo_payments

OUTPUT = Path("demo-output")
Headers = dict[str, str]


class DemoFailed(SystemExit):
    """A step did not go as it should; the message says which."""


class Demo:
    """The journey; ``step`` prints what happens and how long the system took."""

    def __init__(self, environment: environments.Environment) -> None:
        self._environment = environment
        self._pool = urllib3.PoolManager(timeout=urllib3.Timeout(connect=2, read=20), retries=False)
        self.ports = environment.ports
        self._run = secrets.token_hex(4)
        self._number = 0
        self._milliseconds = 0.0

    # Talking

    def call(self, method: str, path: str, body: Any = None, headers: Headers | None = None, expect: int = 200) -> Any:
        """A JSON call of the API; stops the demo when the status is not the expected one."""
        answer = self._send(method, path, body, headers)
        if answer.status != expect:
            raise DemoFailed(f"{method} {path}: expected {expect}, got {answer.status} {answer.data.decode()[:500]}")
        return json.loads(answer.data)

    def _send(self, method: str, path: str, body: Any, headers: Headers | None) -> urllib3.BaseHTTPResponse:
        sent = {
            "Accept": "*/*",
            "Content-Type": "application/json",
            "Idempotency-Key": secrets.token_hex(8),
            **(headers or {}),
        }
        url = path if path.startswith("http") else f"http://127.0.0.1:{self.ports.api}{path}"
        started = time.perf_counter()
        answer = self._request(method, url, json.dumps(body) if body is not None else None, sent)
        self._milliseconds += (time.perf_counter() - started) * 1000
        return answer

    def _request(self, method: str, url: str, body: str | None, headers: Headers) -> urllib3.BaseHTTPResponse:
        try:
            return self._pool.request(method, url, body=body, headers=headers)
        except urllib3.exceptions.HTTPError:
            raise DemoFailed(f"nothing answers at {url}: start the system with `make run` first") from None

    def simulate(self, port: int, control: str, body: dict[str, Any]) -> Any:
        """What a person does in another app."""
        answer = self._request("POST", f"http://127.0.0.1:{port}/_sim/{control}", json.dumps(body), {})
        return json.loads(answer.data)

    def step(self, words: str, work: Callable[[], Any]) -> Any:
        """Do a step and print it with the time that the API took."""
        self._number += 1
        self._milliseconds = 0.0
        result, told = work(), ""
        if isinstance(result, tuple):
            result, told = result
        padding = " " * (56 - sum(2 if ord(character) > 0x2E7F else 1 for character in words))
        print(f"{self._number:3}. {words}{padding} {self._milliseconds:6.0f} ms   {told}".rstrip(), flush=True)
        return result

    # People

    def bus(self, number: int) -> str:
        """The plate of one of this run's buses, so that the demo can be played as often as wanted."""
        return f"苏{'ABC'[number]}{int(self._run, 16) % 100_000:05d}"

    def register_buses(self) -> None:
        """Tell the registers about this run's buses."""
        today = clock.today()
        buses = [
            {
                "plate": self.bus(number),
                "owner": ENTERPRISE,
                "certificate_expires": str(today + timedelta(700)),
                "inspection_expires": str(today + timedelta(300)),
            }
            for number in range(3)
        ]
        insurance = {"from": str(today - timedelta(100)), "to": str(today + timedelta(265))}
        for bus in buses:
            self.put_records("vehicles", bus["plate"], [bus])
            self.put_records("carrier_insurance", bus["plate"], [insurance])
        self.put_records("vehicles_of_enterprise", ENTERPRISE, buses)

    def put_records(self, register: str, key: str, records: list[dict[str, Any]]) -> None:
        self.simulate(self.ports.departments, "registers", {"register": register, "key": key, "records": records})

    def user(self, name: str) -> str:
        """A user of the simulators, the same in each run of the demo."""
        return f"demo-{name}"

    def log_in(self, platform: str, user: str) -> Headers:
        port = self.ports.wechat if platform == "wechat" else self.ports.alipay
        code = self.simulate(port, "login_codes", {"user": user})["code"]
        tokens = self.call("POST", f"/v1/auth/{platform}", {"code": code})
        return {"Authorization": f"Bearer {tokens['access_token']}"}

    def verify_on_wechat(self, headers: Headers, person: tuple[str, str]) -> tuple[Any, str]:
        if self.call("GET", "/v1/me", headers=headers)["level"] != "real_name":
            self.call("POST", "/v1/me/verification", {"name": person[0], "id_number": person[1]}, headers)
        me = self.call("GET", "/v1/me", headers=headers)
        return me, f"{me['name']} {me['id_number']}"

    def verify_on_alipay(self, headers: Headers, person: tuple[str, str]) -> tuple[Any, str]:
        """The face check, unless an earlier run of the demo did it."""
        me = self.call("GET", "/v1/me", headers=headers)
        if me["level"] != "real_name":
            body = {"name": person[0], "id_number": person[1]}
            started = self.call("POST", "/v1/me/verification", body, headers)
            self.simulate(self.ports.alipay, "certifications", {"certify_id": started["certify_id"], "passed": True})
            me = self.call("POST", "/v1/me/verification/confirm", headers=headers)
        return me, f"one account on {' and '.join(me['platforms'])}"

    def log_in_staff(self, username: str) -> Headers:
        staff = self._environment.staff()[username]
        while True:
            code = pyotp.TOTP(staff["totp_secret"]).now()
            body = {"username": username, "password": staff["password"], "code": code}
            answer = json.loads(self._send("POST", "/v1/auth/staff", body, None).data)
            if "access_token" in answer:
                return {"Authorization": f"Bearer {answer['access_token']}"}
            if answer["code"] != "one_time_code_used":
                raise DemoFailed(f"{username} cannot log in: {answer['title_en']}")
            print("     (the one-time code was used already; waiting for the next)", flush=True)
            time.sleep(31 - time.time() % 30)

    # Certificates

    def apply(self, headers: Headers, service: str, form: dict[str, Any]) -> Any:
        draft = self.call("POST", "/v1/applications", {"service": service}, headers, 201)
        path = f"/v1/applications/{draft['id']}"
        self.call("PUT", f"{path}/form", {"form": {**draft["form"], **form}}, headers)
        return self.call("POST", f"{path}/submit", headers=headers)

    def print_certificate(self, headers: Headers, certificate_id: str, name: str) -> tuple[str, str]:
        """Print, save PDF and PNG, and return the URL in the QR as a camera reads it."""
        link = self.call("POST", f"/v1/certificates/{certificate_id}/prints", {}, headers, 201)
        OUTPUT.mkdir(exist_ok=True)
        (OUTPUT / f"{name}.pdf").write_bytes(self.fetch(link["url"]))
        return read_qr(OUTPUT / f"{name}.pdf", OUTPUT / f"{name}.png"), f"{name}.pdf, {name}.png"

    def fetch(self, url: str) -> bytes:
        """The file behind a link."""
        answer = self._send("GET", url, None, None)
        if answer.status != 200:
            raise DemoFailed(f"the file did not come: {answer.status} {answer.data.decode()[:300]}")
        return answer.data

    def scan(self, url: str, expect: str) -> tuple[Any, str]:
        page = self._send("GET", url, None, None)
        found = self.call("GET", f"/v1/certificates/verify?number={url.rsplit('/', 1)[1]}")
        if page.status != 200 or found["status"] != expect:
            raise DemoFailed(f"the scan says {found['status']}, expected {expect}")
        return found, f"{found['status']} {found['headline']}".strip() + f" (page of {len(page.data) / 1024:.1f} kB)"


def read_qr(pdf: Path, png: Path) -> str:
    """Draw the PDF at 150 dpi, keep it as PNG, and read the QR from it."""
    import pypdfium2
    import zxingcpp

    with pypdfium2.PdfDocument(pdf) as document:
        image = document[0].render(scale=150 / 72).to_pil()
    image.save(png)
    found = zxingcpp.read_barcodes(image)
    if not found:
        raise DemoFailed("the printed QR cannot be read")
    return str(found[0].text)


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


def main() -> int:
    demo = Demo(environments.default())
    play(demo)
    demo_payments.play(demo)
    demo_delivery.play(demo)
    print(f"\nPDF and PNG files are in {OUTPUT.resolve()}")
    return 0


def play(demo: Demo) -> None:
    """The whole journey."""
    print("The tour bus sticker, from login to scan\n")
    demo.register_buses()
    acting = people(demo)
    printed = sticker(demo, acting)
    officer(demo, acting, *printed)
    buyer = house_purchase(demo)
    hall_day(demo, buyer)


def people(demo: Demo) -> Headers:
    """The representative on both platforms, the enterprise, and the handler, who acts from here on."""
    wechat = demo.step("the representative logs in on WeChat", lambda: demo.log_in("wechat", demo.user("boss")))
    demo.step("real name by the national check", lambda: demo.verify_on_wechat(wechat, REPRESENTATIVE))
    alipay = demo.step("the same person logs in on Alipay", lambda: demo.log_in("alipay", demo.user("boss")))
    demo.step(
        "face check on Alipay; both accounts are one person's", lambda: demo.verify_on_alipay(alipay, REPRESENTATIVE)
    )

    def register() -> Any:
        found = demo.call("POST", "/v1/organizations", {"credit_code": ENTERPRISE}, alipay, 201)
        return found["organization_id"], found["organization_name"]

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

    demo.step("appoints a handler for this service", appoint)
    handler = demo.step("the handler logs in on WeChat", lambda: demo.log_in("wechat", demo.user("handler")))
    demo.step("real name of the handler", lambda: demo.verify_on_wechat(handler, HANDLER))
    return {**handler, "Acting-For": organization}


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
        done = demo.call("POST", f"{path}/submit", headers=acting)
        if done["status"] != "completed":
            raise DemoFailed(f"not approved: {done['status']} {done['findings']}")
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
        found = demo.apply(acting, "tour_bus_sticker", trip(0, demo.bus(1), valid_to=late))
        if found["status"] != "refused":
            raise DemoFailed(f"expected a refusal, got {found['status']}")
        return None, "; ".join(finding["reason"]["zh"] for finding in found["findings"])

    demo.step("a trip that is too long is refused with reasons", refused)
    far = trip(1, demo.bus(2), route_class="inter_provincial", destination="杭州")
    waiting = demo.step("to another province: goes to an officer", lambda: demo.apply(acting, "tour_bus_sticker", far))
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


def house_purchase(demo: Demo) -> Headers:
    """The second service, made of data alone; the buyer, logged in."""
    buyer: Headers = demo.step(
        "another service: a home buyer logs in on Alipay", lambda: demo.log_in("alipay", demo.user("buyer"))
    )
    demo.step("real name by face check", lambda: demo.verify_on_alipay(buyer, BUYER))

    def buy() -> Any:
        done = demo.apply(buyer, "house_purchase_certificate", {"district": "江宁区", "purpose": "first_home"})
        return demo.print_certificate(buyer, done["certificate_id"], "house-purchase")

    url = demo.step("house-purchase certificate, approved and printed", buy)
    demo.step("scanned", lambda: demo.scan(url, "valid"))
    return buyer


def hall_day(demo: Demo, buyer: Headers) -> None:
    """A booking, moved and cancelled; then a hall's day: check-in, walk-ins, three windows, a no-show."""
    print("\nA service hall: booking a slot, and three windows calling\n")
    booked = booking(demo, buyer)

    def cancel() -> Any:
        cancelled = demo.call("POST", f"/v1/appointments/{booked['id']}/cancel", {"reason": "改日再来"}, buyer)
        return None, f"{cancelled['status']}; the place comes back at a random moment"

    demo.step("cancels it", cancel)
    kiosk = demo.step("the kiosk of the 24-hour hall logs in", lambda: demo.log_in_staff("hall.kiosk"))
    queue(demo, kiosk, arrival(demo, buyer, kiosk))


BOOKED_HALL, OPEN_HALL = "/v1/halls/xuanwu_hall", "/v1/halls/self_service_hall"
HOUSING = "house_purchase_certificate"


def booking(demo: Demo, buyer: Headers) -> Any:
    """The next open day: look, hold, confirm, move; the appointment that stands at the end."""
    for standing in demo.call("GET", "/v1/appointments", headers=buyer)["items"]:
        if standing["status"] == "confirmed":  # of an earlier run
            demo.call("POST", f"/v1/appointments/{standing['id']}/cancel", {}, buyer)

    def look() -> Any:
        today = clock.today()
        months = dict.fromkeys(f"{today + timedelta(days):%Y-%m}" for days in range(8))
        days = [
            day
            for month in months
            for day in demo.call("GET", f"{BOOKED_HALL}/days?month={month}&services={HOUSING}")["days"]
            if day["state"] == "open" and day["date"] > str(today)
        ]
        if not days:
            raise DemoFailed("no day of the hall is open for booking")
        slots = demo.call("GET", f"{BOOKED_HALL}/days/{days[0]['date']}?services={HOUSING}")["slots"]
        free = [slot["start"] for slot in slots if slot["state"] == "open"]
        return (days[0]["date"], free), f"{days[0]['date']}: {days[0]['left']} places, from {free[0]} on"

    day, free = demo.step("looks for the next open day of the hall", look)

    def hold(start: str, moves: str = "") -> Any:
        body = {"hall": "xuanwu_hall", "services": [HOUSING], "date": day, "start": start, "moves": moves}
        held = demo.call("POST", "/v1/holds", body, buyer, 201)
        return held, f"{held['date']} {held['start']}, until {held['until'][11:19]}"

    def confirm(held: Any) -> Any:
        done = demo.call("POST", "/v1/appointments", {"hold": held["hold"]}, buyer, 201)
        return done, f"{done['number']}, {done['visitor']}"

    held = demo.step("holds a place for five minutes", lambda: hold(free[0]))
    first = demo.step("confirms it", lambda: confirm(held))
    other = demo.step("holds a later place to move to", lambda: hold(free[1], first["id"]))
    moved = demo.step("confirms: moved, the old one was safe until now", lambda: confirm(other))

    def slip() -> Any:
        path = f"/v1/appointments/{moved['id']}"
        OUTPUT.mkdir(exist_ok=True)
        for part, name in (("slip", "appointment.html"), ("calendar", "appointment.ics")):
            answer = demo._send("GET", f"{path}/{part}", None, buyer)
            if answer.status != 200:
                raise DemoFailed(f"{part}: {answer.status}")
            (OUTPUT / name).write_bytes(answer.data)
        return None, "appointment.html, appointment.ics"

    demo.step("a slip to print, and a file for the calendar", slip)
    return moved


def arrival(demo: Demo, buyer: Headers, kiosk: Headers) -> Any:
    """Books the next slot of today and checks in with the code; the ticket."""

    def book() -> Any:
        today = str(clock.today())
        slots = demo.call("GET", f"{OPEN_HALL}/days/{today}?services={HOUSING}")["slots"]
        start = next((slot["start"] for slot in slots if slot["state"] == "open"), None)
        if start is None:
            raise DemoFailed("the day is nearly over: play the demo again after midnight")
        body = {"hall": "self_service_hall", "services": [HOUSING], "date": today, "start": start}
        held = demo.call("POST", "/v1/holds", body, buyer, 201)
        done = demo.call("POST", "/v1/appointments", {"hold": held["hold"]}, buyer, 201)
        return done, f"{done['number']} for {start} today"

    booked = demo.step("books the next slot there", book)

    def check_in() -> Any:
        ticket = demo.call("POST", f"{OPEN_HALL}/check_ins", {"code": booked["number"]}, kiosk)
        return ticket, f"ticket {ticket['number']}, position {ticket['position']}"

    return demo.step("the kiosk scans the code on the phone: checked in", check_in)


def queue(demo: Demo, kiosk: Headers, arrived: Any) -> None:
    """Walk-ins take tickets; three windows call, one person does not come, one window closes."""
    clerks = {
        window: demo.step(f"clerk {window} logs in and opens window {window}", partial(clerk, demo, window))
        for window in ("1", "2", "3")
    }

    def do(window: str, deed: str) -> Any:
        return demo.call("POST", f"{OPEN_HALL}/windows/{window}/{deed}", {}, clerks[window])

    def take() -> Any:
        path, body = f"{OPEN_HALL}/tickets", {"services": [HOUSING]}
        tickets = [demo.call("POST", path, body, kiosk, 201) for _ in range(3)]
        return tickets, ", ".join(ticket["number"] for ticket in tickets)

    tickets = demo.step("three people without appointment take tickets", take)

    def call(window: str) -> Any:
        current = do(window, "next")["current"]["person"]
        return current["number"], f"{current['number']} ({current['lane']}) to window {window}"

    called = [demo.step(f"window {window} calls", partial(call, window)) for window in clerks]
    if len(set(called)) < len(called):
        raise DemoFailed(f"two windows called one person: {called}")

    def board() -> Any:
        shown = demo.call("GET", f"{OPEN_HALL}/board")
        return None, f"{shown['calls'][0]['voice']['zh']}; {shown['groups'][0]['waiting']} waiting"

    demo.step("the display in the hall", board)
    demo.step("window 1 is done", lambda: (do("1", "finish"), f"{called[0]} served"))
    demo.step("nobody comes to window 2", lambda: (do("2", "no_show"), f"{called[1]} missed"))
    demo.step("window 3 closes in the middle", lambda: (do("3", "close"), f"{called[2]} goes back to the head"))
    demo.step("window 1 calls the one at the head", lambda: call("1"))

    def follow() -> Any:
        view = demo.call("GET", f"/v1/tickets/{tickets[-1]['id']}")
        return None, f"{view['number']}: {view['status']}, position {view['position']}"

    demo.step("the last one follows the queue on the phone", follow)
    do("1", "finish")
    demo.step("and is called", lambda: call("1"))
    do("1", "finish")
    for window in clerks:
        do(window, "close")
    status = demo.call("GET", f"/v1/tickets/{arrived['id']}")["status"]
    demo.step("the supervisor's overview", lambda: overview(demo, status))


def clerk(demo: Demo, window: str) -> tuple[Headers, str]:
    """A clerk at an open window."""
    headers = demo.log_in_staff(f"window.{window}")
    demo.call("POST", f"{OPEN_HALL}/windows/{window}/open", {}, headers)
    return headers, f"window {window} is open"


def overview(demo: Demo, appointment: str) -> tuple[None, str]:
    headers = demo.log_in_staff("hall.supervisor")
    group = demo.call("GET", f"{OPEN_HALL}/overview", headers=headers)["groups"][0]
    told = f"{group['issued']} tickets today, {group['served']} served, {group['missed']} missed"
    return None, f"{told}; with appointment: {appointment}"


if __name__ == "__main__":
    sys.exit(main())
