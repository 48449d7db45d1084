"""The people, enterprises and clients of the tests, in the words of the domain."""

from __future__ import annotations

import copy
import functools
import itertools
import json
import re
import secrets
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
import pyotp

from chalicelib import features
from chalicelib.catalog import service as catalog
from chalicelib.catalog.definition import Hall
from chalicelib.kernel import clock
from demo.sticker import trip
from local import httpd
from local.environment import ROOT, Environment
from local.gateway import Gateway, HttpAnswer
from local.pump import Pump, Stream
from local.simulators import Simulators
from local.simulators.departments import demo_registers
from publishing import city_folder
from publishing.city_folder import CityFolder
from scenes import policies, tampering

_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CREDIT_CHARACTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_serial = itertools.count(secrets.randbelow(400) * 1000)


def new_id_number(born: date = date(1960, 1, 1)) -> str:
    """A resident's ID number that no test had before (GB 11643)."""
    serial = next(_serial)
    born += timedelta(serial // 999)
    body = f"320102{born:%Y%m%d}{serial % 999 + 1:03d}"
    total = sum(int(digit) * weight for digit, weight in zip(body, _ID_WEIGHTS, strict=True))
    return body + "10X98765432"[total % 11]


def new_credit_code() -> str:
    """A unified social credit code that no test had before (GB 32100)."""
    body = f"91320100{next(_serial):09d}"
    total = sum(_CREDIT_CHARACTERS.index(text) * pow(3, place, 31) for place, text in enumerate(body))
    return body + _CREDIT_CHARACTERS[-total % 31]


def new_plate() -> str:
    serial, letters = next(_serial), "ABCDEFGHJK"
    return f"苏{letters[serial % 10]}{serial // 10:05d}"


def old_id_number() -> str:
    """The ID number of somebody of over 70 years."""
    return new_id_number(born=date(1940, 1, 1))


@functools.cache
def _demo_city() -> CityFolder:
    return city_folder.read_folder(ROOT / "city")


@dataclass(frozen=True)
class Reply:
    """An HTTP answer with its JSON."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The problem's stable code; empty for a success."""
        return str(self.json["code"]) if self.status >= 400 else ""


@dataclass(kw_only=True)
class Client:
    """Calls the API as one person (or nobody), perhaps acting for an enterprise."""

    world: World
    token: str = ""
    acting_for: str = ""
    refresh_token: str = ""
    user: str = ""
    platform: str = ""
    source_ip: str = field(default_factory=lambda: f"10.{next(_serial) % 250}.{secrets.randbelow(250)}.1")

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: dict[str, str] | None = None,
        raw: bytes | None = None,
    ) -> Reply:
        sent = {"content-type": "application/json", "idempotency-key": secrets.token_hex(8)}
        if self.token:
            sent["authorization"] = f"Bearer {self.token}"
        if self.acting_for:
            sent["acting-for"] = self.acting_for
        sent |= headers or {}
        data = raw if raw is not None else (json.dumps(body).encode() if body is not None else b"")
        answer = self.world.gateway.handle(method, path, sent, data, self.source_ip)
        return Reply(answer.status, answer.headers, answer.body)

    def get(self, path: str, **options: Any) -> Reply:
        return self.call("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> Reply:
        return self.call("POST", path, {} if body is None else body, **options)

    def put(self, path: str, body: Any, **options: Any) -> Reply:
        return self.call("PUT", path, body, **options)

    def delete(self, path: str, **options: Any) -> Reply:
        return self.call("DELETE", path, **options)

    def renew(self) -> None:
        """Take a new access token, as an app does when the old one has expired."""
        answer = self.world.anonymous().post("/v1/auth/refresh", {"refresh_token": self.refresh_token})
        assert answer.status == 200, answer.json
        self.token, self.refresh_token = answer.json["access_token"], answer.json["refresh_token"]

    def acting(self, organization_id: str) -> Client:
        return Client(
            world=self.world,
            token=self.token,
            acting_for=organization_id,
            refresh_token=self.refresh_token,
            user=self.user,
            source_ip=self.source_ip,
        )

    @property
    def account_id(self) -> str:
        return str(self.get("/v1/me").json["account_id"])


@dataclass(kw_only=True)
class Enterprise:
    """An enterprise in the registers, its representative logged in and acting for it."""

    world: World
    credit_code: str
    organization_id: str
    representative: Client
    id_number: str
    plates: list[str]
    driver: str

    @property
    def client(self) -> Client:
        return self.representative.acting(self.organization_id)

    def record(self, register: str, key: str = "") -> dict[str, Any]:
        """The register's record, to be altered by the test."""
        found: dict[str, Any] = self.world.simulators.departments.registers[register][key or self.credit_code][0]
        return found

    def trip(self, **changes: Any) -> dict[str, Any]:
        """The form of a trip of five days from today."""
        return trip(0, self.plates[0], driver_certificate=self.driver) | changes

    def draft(self, **changes: Any) -> dict[str, Any]:
        """An application with the trip filled in."""
        begun = self.client.post("/v1/applications", {"service": "tour_bus_sticker"})
        assert begun.status == 201, begun.json
        form = {**begun.json["form"], **self.trip(**changes)}
        saved = self.client.put(f"/v1/applications/{begun.json['id']}/form", {"form": form})
        assert saved.status == 200, saved.json
        return {**begun.json, "form": form, "check": saved.json}

    def apply(self, **changes: Any) -> dict[str, Any]:
        """An application that is submitted."""
        submitted = self.client.post(f"/v1/applications/{self.draft(**changes)['id']}/submit")
        assert submitted.status == 200, submitted.json
        answer: dict[str, Any] = submitted.json
        return answer

    def certificate(self, **changes: Any) -> str:
        """The id of a certificate, approved by the rules."""
        applied = self.apply(**changes)
        assert applied["status"] == "completed", applied
        return str(applied["certificate_id"])

    def print(self, certificate_id: str, reason: str = "需要重新打印") -> bytes:
        """The PDF of a new print."""
        link = self.client.post(f"/v1/certificates/{certificate_id}/prints", {"reason": reason})
        assert link.status == 201, link.json
        pdf = self.client.get(link.json["url"].removeprefix(self.world.environment.settings()["PUBLIC_URL"]))
        assert pdf.status == 200, pdf.body
        return pdf.body


class World:
    """The demo city: simulators, staff, and makers of people."""

    def __init__(self, environment: Environment, simulators: Simulators) -> None:
        from app import app

        features.load_routes()
        self.environment = environment
        self.simulators = simulators

        def serve(event: dict[str, Any], context: Any) -> dict[str, Any]:
            with policies.running(policies.function_of(event["resource"])):
                answer: dict[str, Any] = app(event, context)
                return answer

        self.gateway = Gateway(serve, app.routes)
        simulators.wechat_pay.send = simulators.alipay.send = simulators.carrier.send = self._notify
        self._pump = Pump(environment)
        self._moment = clock.now()
        self._staff_tokens: dict[str, str] = {}

    def set_time(self, moment: datetime) -> None:
        """Stop the clock at a moment; the registers' dates are around it."""
        self._moment = moment
        clock.use(lambda: self._moment)

    def pass_time(self, **amount: float) -> None:
        self._moment += timedelta(**amount)

    def reset(self) -> None:
        clock.use(None)
        for simulator in self.simulators.all:
            simulator.controls["reset_faults"]({})
        self.simulators.departments.tamper_signature = False
        self.simulators.wechat_pay.reset()
        self.simulators.alipay.reset()
        self.simulators.wechat.messages.reset()
        self.simulators.carrier.reset()
        self.simulators.sms.reset()

    def _notify(self, url: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        """A notification of a payment platform reaches the API."""
        answer = self.gateway.handle("POST", url, headers, body, "203.0.113.7")
        return answer.status, answer.body

    def pump(self) -> int:
        """Deliver the streams' records to the functions."""
        return self._pump.drain()

    def streams(self) -> list[Stream]:
        """The streams that the pump delivers."""
        return self._pump.streams

    def waiting_batch(self, stream: Stream) -> dict[str, Any]:
        """Where the records are that wait in a stream, in the words of Lambda's failure messages."""
        return self._pump.waiting_batch(stream)

    def serve(self, port: int) -> Any:
        """The API over real HTTP, for browsers; the caller shuts it down."""
        return httpd.server(port, self._respond)

    def _respond(self, method: str, target: str, headers: dict[str, str], body: bytes, source: str) -> HttpAnswer:
        return self.gateway.handle(method, target, headers, body, source)

    def anonymous(self) -> Client:
        return Client(world=self)

    def log_in(self, platform: str, user: str = "") -> Client:
        """Somebody logged in on WeChat or Alipay."""
        simulator = self.simulators.wechat if platform == "wechat" else self.simulators.alipay
        user = user or secrets.token_hex(6)
        code = simulator.controls["login_codes"]({"user": user})["code"]
        answer = self.anonymous().post(f"/v1/auth/{platform}", {"code": code})
        assert answer.status == 200, answer.json
        return Client(
            world=self,
            token=answer.json["access_token"],
            refresh_token=answer.json["refresh_token"],
            user=user,
            platform=platform,
        )

    def bind_phone(self, client: Client, phone: str) -> None:
        """Bind a phone number on WeChat; with the text that it gets, if somebody else has bound it."""
        wanted = {"user": client.user, "phone": phone}
        credential = self.simulators.wechat.controls["phone_codes"](wanted)["code"]
        answer = client.put("/v1/me/phone", {"credential": credential})
        if answer.code == "text_code_sent":
            code = re.findall(r"[0-9]{6}", self.simulators.sms.outbox[-1]["text"])[0]
            credential = self.simulators.wechat.controls["phone_codes"](wanted)["code"]
            answer = client.put("/v1/me/phone", {"credential": credential, "code": code})
        assert answer.status == 200, answer.json

    def real_person(self, name: str = "测试人", id_number: str = "") -> Client:
        """Somebody who has proven who they are, on WeChat."""
        client = self.log_in("wechat")
        self.prove(client, name, id_number or new_id_number())
        return client

    def claimant(self, name: str = "测试人", id_number: str = "", platform: str = "wechat") -> Client:
        """Somebody who only says who they are: a name and a number that belong together."""
        client = self.log_in(platform)
        number = id_number or new_id_number()
        self.simulators.departments.people[number] = name
        answer = client.post("/v1/me/claim", {"name": name, "id_number": number})
        assert answer.status == 200, answer.json
        return client

    def prove(self, client: Client, name: str, id_number: str) -> None:
        """Pass the face check of the platform on which the client is logged in."""
        self.simulators.departments.people[id_number] = name
        self.face_check(client, name, id_number)
        answer = client.post("/v1/me/proof/confirm")
        assert answer.status == 200, answer.json

    def face_check(self, client: Client, name: str, id_number: str, *, passed: bool = True) -> None:
        """Begin a face check and do it in front of the camera; what is left is to confirm it."""
        started = client.post("/v1/me/proof", {"name": name, "id_number": id_number})
        assert started.status == 200, started.json
        if client.platform == "wechat":
            done = {"verify_id": started.json["verify_id"], "result": 10000 if passed else 10004}
            self.simulators.wechat.controls["face_checks"](done)
        else:
            wanted = {"certify_id": started.json["certify_id"], "passed": passed}
            self.simulators.alipay.controls["certifications"](wanted)

    def accept_mandates(self, client: Client) -> None:
        """The person agrees to every mandate that is offered to them."""
        for mandate in client.get("/v1/mandates").json["items"]:
            if mandate["status"] == "offered":
                assert client.post(f"/v1/mandates/{mandate['id']}/accept").status == 200

    def handler(self, enterprise: Enterprise, id_number: str) -> Client:
        """Somebody who was appointed and agrees; they act for the enterprise."""
        client = self.real_person("乙经办", id_number)
        self.accept_mandates(client)
        return client.acting(enterprise.organization_id)

    def merge(self, into: Client, other: Client, name: str, id_number: str) -> None:
        """Both clients prove the same identity, and then the first one takes the other's account in."""
        self.prove(other, name, id_number)
        self.prove(into, name, id_number)
        answer = into.post("/v1/me/merge", {"account_id": other.account_id})
        assert answer.status == 200, answer.json

    def enterprise(self) -> Enterprise:
        """An enterprise in good order: three vehicles, one driver, all licences valid."""
        code, id_number, driver = new_credit_code(), new_id_number(), f"3201{next(_serial):06d}"
        plates = [new_plate() for _ in range(3)]
        self._register(code, id_number, driver, plates)
        representative = self.real_person("甲代表", id_number)
        registered = representative.post("/v1/organizations", {"credit_code": code})
        assert registered.status == 201, registered.json
        organization = registered.json["principal_id"]
        return Enterprise(
            world=self,
            credit_code=code,
            organization_id=organization,
            representative=representative,
            id_number=id_number,
            plates=plates,
            driver=driver,
        )

    def _register(self, code: str, id_number: str, driver: str, plates: list[str]) -> None:
        sample = demo_registers(clock.today())
        registers = self.simulators.departments.registers

        def first(register: str, **changes: Any) -> list[dict[str, Any]]:
            return [{**copy.deepcopy(next(iter(sample[register].values()))[0]), **changes}]

        registers["business_licences"][code] = first("business_licences", legal_representative_id_number=id_number)
        registers["transport_licences"][code] = first("transport_licences")
        registers["drivers"][driver] = first("drivers", certificate=driver, employer=code)
        registers["drivers_of_enterprise"][code] = registers["drivers"][driver]
        for plate in plates:
            registers["vehicles"][plate] = first("vehicles", plate=plate, owner=code)
            registers["carrier_insurance"][plate] = first("carrier_insurance")
        registers["vehicles_of_enterprise"][code] = [registers["vehicles"][plate][0] for plate in plates]

    def hall(self, **changes: Any) -> str:
        """A hall of the test's own, like the demo city's first one but for ``changes``; its code."""
        read = _demo_city()
        plain = msgspec.to_builtins(read.halls[-1]) | {"code": f"hall_{next(_serial)}"}
        for name, change in changes.items():
            plain[name] = {**plain[name], **change} if isinstance(change, dict) else change
        hall = msgspec.convert(plain, Hall)
        catalog.publish(read.city, read.services, [*read.halls, hall])
        return hall.code

    def _forget_used_code(self, username: str) -> None:
        """Tests share the staff and all begin at the same moment; a used one-time code would be in the way."""
        from chalicelib.identity import store

        member = store.staff(username)
        assert member is not None
        member.last_step = 0
        tampering.overwrite(member)

    def staff(self, username: str = "officer.a") -> Client:
        """A staff member, logged in with both factors."""
        secret = self.environment.staff()[username]
        self._forget_used_code(username)
        code = pyotp.TOTP(secret["totp_secret"]).at(clock.seconds(clock.now()))
        body = {"username": username, "password": secret["password"], "code": code}
        answer = self.anonymous().post("/v1/auth/staff", body)
        assert answer.status == 200, answer.json
        return Client(world=self, token=answer.json["access_token"], refresh_token=answer.json["refresh_token"])
