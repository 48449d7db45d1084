"""What every part of the demo uses: calls, steps, waiting, people who log in, and files that are printed."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyotp
import urllib3

from chalicelib.kernel import clock
from local import environment as environments
from local.simulators.departments import demo_registers

OUTPUT = Path("demo-output")
Headers = dict[str, str]
_SWEEP_SECONDS = 150  # a sweep of every minute finds what became due just after the one before
_CODES = 3
_SILENT_SECONDS = 2  # a wait that is longer says what for
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


class DemoFailed(SystemExit):
    """A step did not go as it should; the message says which."""


class Demo:
    """The journey; ``step`` prints what happens and how long the system took."""

    def __init__(self, environment: environments.Environment) -> None:
        self.environment = environment
        self.ports = environment.ports
        self._pool = urllib3.PoolManager(timeout=urllib3.Timeout(connect=2, read=20), retries=False)
        self._run = secrets.token_hex(4)
        self._number = 0
        self._milliseconds = 0.0

    # Talking

    def call(self, method: str, path: str, body: Any = None, headers: Headers | None = None, expect: int = 200) -> Any:
        """A JSON call of the API; stops the demo when the status is not the expected one."""
        answer = self.send(method, path, body, headers)
        if answer.status != expect:
            told = answer.data.decode()[:500]
            raise DemoFailed(
                f"{method} {path}: expected {expect}, got {answer.status} {told}\nsee {self.environment.data / 'logs'}"
            )
        return json.loads(answer.data)

    def send(self, method: str, path: str, body: Any = None, headers: Headers | None = None) -> Any:
        """A call of the API, whatever it answers; ``status`` and ``data`` of the answer are there."""
        sent = {
            "Accept": "*/*",
            "Content-Type": "application/json",
            "Idempotency-Key": secrets.token_hex(8),
            **(headers or {}),
        }
        url = path if path.startswith("http") else f"http://127.0.0.1:{self.ports.api}{path}"
        started = time.perf_counter()
        answer = self.request(method, url, json.dumps(body) if body is not None else None, sent)
        self._milliseconds += (time.perf_counter() - started) * 1000
        return answer

    def request(self, method: str, url: str, body: str | None, headers: Headers) -> Any:
        try:
            return self._pool.request(method, url, body=body, headers=headers)
        except urllib3.exceptions.HTTPError:
            raise DemoFailed(f"nothing answers at {url}: start the system with `make run` first") from None

    def simulate(self, port: int, control: str, body: dict[str, Any]) -> Any:
        """What a person does in another app."""
        answer = self.request("POST", f"http://127.0.0.1:{port}/_sim/{control}", json.dumps(body), {})
        return json.loads(answer.data)

    def run_function(self, name: str, event: dict[str, Any]) -> Any:
        """Call a scheduled function now, as ``make invoke`` does."""
        from local import pump
        from tools import system

        system.use()
        return pump.handler(f"functions.{name}.handler")(event)

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

    # Waiting

    def wait(self, what: str, ready: Callable[[], Any], log: str, evidence: Callable[[], str] = lambda: "") -> Any:
        """Wait for something that the system does by itself: what ``ready`` gives once it is true.

        Says what is waited for and until when. ``log`` is the system's log that tells more if it does not come;
        ``evidence`` says then what there is instead.
        """
        began = clock.now()
        until = began + timedelta(seconds=_SWEEP_SECONDS)
        is_said = False
        while True:
            found = ready()
            if found:
                return found
            now = clock.now()
            if now > until:
                logs = self.environment.data / "logs" / log
                raise DemoFailed(f"waited in vain for {what}\n{evidence()}\nsee {logs}".replace("\n\n", "\n"))
            if not is_said and now > began + timedelta(seconds=_SILENT_SECONDS):
                self.say_waiting(what, until)
                is_said = True
            self.sleep(0.5)

    def wait_until(self, moment: datetime, what: str) -> None:
        """Wait for a moment, and say what for."""
        self.say_waiting(what, moment)
        self.sleep(max(0.0, (moment - clock.now()).total_seconds()))

    def say_waiting(self, what: str, until: datetime) -> None:
        print(f"     (waiting for {what}, until {clock.local(until):%H:%M:%S} Beijing time at the latest)", flush=True)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    # People and registers

    def bus(self, number: int) -> str:
        """The plate of one of this run's buses."""
        return f"苏{'ABC'[number]}{int(self._run, 16) % 100_000:05d}"

    def new_person(self, name: str) -> tuple[str, str]:
        """Somebody of this run only, with an ID number that is valid (GB 11643); the identity check knows them."""
        born = date(1970, 1, 1) + timedelta(secrets.randbelow(10_000))
        body = f"320102{born:%Y%m%d}{secrets.randbelow(999) + 1:03d}"
        total = sum(int(digit) * weight for digit, weight in zip(body, _ID_WEIGHTS, strict=True))
        number = body + "10X98765432"[total % 11]
        self.simulate(self.ports.departments, "people", {"name": name, "id_number": number})
        return name, number

    def set_registers(self) -> None:
        """Give the registers all records that the demo needs, with dates around today."""
        for register, records in demo_registers(clock.today()).items():
            for key, found in records.items():
                self.put_records(register, key, found)

    def put_records(self, register: str, key: str, records: list[dict[str, Any]]) -> None:
        self.simulate(self.ports.departments, "registers", {"register": register, "key": key, "records": records})

    def user(self, name: str) -> str:
        """A user of WeChat or Alipay, the same in each run of the demo."""
        return f"demo-{name}"

    def new_user(self, name: str) -> str:
        """A user of this run only."""
        return f"demo-{name}-{self._run}"

    def log_in(self, platform: str, user: str) -> Headers:
        port = self.ports.wechat if platform == "wechat" else self.ports.alipay
        code = self.simulate(port, "login_codes", {"user": user})["code"]
        tokens = self.call("POST", f"/v1/auth/{platform}", {"code": code})
        return {"Authorization": f"Bearer {tokens['access_token']}"}

    def prove_on_wechat(self, headers: Headers, person: tuple[str, str]) -> tuple[Any, str]:
        """The face check, unless an earlier run of the demo did it."""
        me = self.call("GET", "/v1/me", headers=headers)
        if me["level"] != "proven":
            me = self.pass_face_check("wechat", headers, person)
        return me, f"{me['name']} {me['id_number']}"

    def prove_on_alipay(self, headers: Headers, person: tuple[str, str]) -> tuple[Any, str]:
        """The face check, unless an earlier run of the demo did it."""
        me = self.call("GET", "/v1/me", headers=headers)
        if me["level"] != "proven":
            me = self.pass_face_check("alipay", headers, person)
        return me, f"{me['name']} {me['id_number']}"

    def pass_face_check(self, platform: str, headers: Headers, person: tuple[str, str]) -> Any:
        """Begin a face check, do it in front of the simulated camera, and confirm it."""
        started = self.call("POST", "/v1/me/proof", {"name": person[0], "id_number": person[1]}, headers)
        if platform == "wechat":
            self.simulate(self.ports.wechat, "face_checks", {"verify_id": started["verify_id"], "result": 10000})
        else:
            self.simulate(self.ports.alipay, "certifications", {"certify_id": started["certify_id"], "passed": True})
        return self.call("POST", "/v1/me/proof/confirm", headers=headers)

    def merge(self, platform: str, headers: Headers, person: tuple[str, str]) -> tuple[Any, str]:
        """Take the person's other accounts into this one, by a face check now; an earlier run may have done it."""
        found = self.call("GET", "/v1/me/other_accounts", headers=headers)["items"]
        if found:
            self.pass_face_check(platform, headers, person)
        for other in found:
            self.call("POST", "/v1/me/merge", {"account_id": other["account_id"]}, headers)
        me = self.call("GET", "/v1/me", headers=headers)
        return me, f"one account on {' and '.join(me['platforms'])}"

    def log_in_staff(self, username: str) -> Headers:
        staff = self.environment.staff()[username]
        for _ in range(_CODES):
            now = clock.now()
            code = pyotp.TOTP(staff["totp_secret"]).at(clock.seconds(now))
            body = {"username": username, "password": staff["password"], "code": code}
            answer = json.loads(self.send("POST", "/v1/auth/staff", body).data)
            if "access_token" in answer:
                return {"Authorization": f"Bearer {answer['access_token']}"}
            if answer["code"] != "one_time_code_used":
                raise DemoFailed(f"{username} cannot log in: {answer['title_en']}")
            next_code = clock.from_seconds(clock.seconds(now) // 30 * 30 + 30)
            self.wait_until(next_code, f"the next one-time code of {username}; this one was used already")
        raise DemoFailed(f"{username} cannot log in: {_CODES} one-time codes counted as used; is the clock right?")

    # Applications and certificates

    def apply(self, headers: Headers, service: str, form: dict[str, Any], expect: str = "completed") -> Any:
        """An application that is submitted; stops the demo with the reasons if it does not get where it should."""
        draft = self.call("POST", "/v1/applications", {"service": service}, headers, 201)
        path = f"/v1/applications/{draft['id']}"
        self.call("PUT", f"{path}/form", {"form": {**draft["form"], **form}}, headers)
        return self.submit(headers, draft["id"], expect)

    def submit(self, headers: Headers, application: str, expect: str = "completed") -> Any:
        done = self.call("POST", f"/v1/applications/{application}/submit", headers=headers)
        if done["status"] != expect:
            reasons = "; ".join(finding["reason"]["en"] for finding in done["findings"]) or "no reason"
            raise DemoFailed(f"{done['service']} is {done['status']} and should be {expect}: {reasons}")
        return done

    def print_certificate(self, headers: Headers, certificate_id: str, name: str) -> tuple[str, str]:
        """Print, save PDF and PNG, and return the URL in the QR as a camera reads it."""
        link = self.call("POST", f"/v1/certificates/{certificate_id}/prints", {}, headers, 201)
        self.save(f"{name}.pdf", self.fetch(link["url"]))
        return read_qr(OUTPUT / f"{name}.pdf", OUTPUT / f"{name}.png"), f"{name}.pdf, {name}.png"

    def save(self, name: str, data: bytes) -> None:
        OUTPUT.mkdir(exist_ok=True)
        (OUTPUT / name).write_bytes(data)

    def fetch(self, url: str, headers: Headers | None = None) -> bytes:
        """The file behind a link."""
        answer = self.send("GET", url, None, headers)
        if answer.status != 200:
            raise DemoFailed(f"the file did not come: {answer.status} {answer.data.decode()[:300]}")
        data: bytes = answer.data
        return data

    def scan(self, url: str, expect: str) -> tuple[Any, str]:
        page = self.send("GET", url)
        found = self.call("GET", f"/v1/certificates/verify?number={url.rsplit('/', 1)[1]}")
        if page.status != 200 or found["status"] != expect:
            raise DemoFailed(f"the scan says {found['status']}, expected {expect}")
        headline = found.get("headline", "")
        return found, f"{found['status']} {headline}".strip() + f" (page of {len(page.data) / 1024:.1f} kB)"


def read_qr(pdf: Path, png: Path) -> str:
    """Draw the PDF at 150 dpi, keep it as PNG, and read the QR from it."""
    import pypdfium2
    import zxingcpp

    with pypdfium2.PdfDocument(pdf) as document:
        image = document[0].render(scale=150 / 72).to_pil()
    image.save(png)
    found = zxingcpp.read_barcodes(image, zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode))
    if not found:
        raise DemoFailed(f"the QR of {pdf} cannot be read")
    return str(found[0].text)
