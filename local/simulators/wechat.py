"""WeChat's mini-program server API: login codes, access tokens, phone numbers, face checks, subscription messages.

Contract: platforms A.1-A.4. Codes work once for five minutes; ``errcode`` is absent on success of the
first two; jscode2session answers text/plain; the normal mode of stable_token gives one token to all.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
from dataclasses import dataclass
from typing import Any

from chalicelib.kernel import clock
from local.gateway import HttpAnswer
from local.simulators.base import Simulator, json_answer
from local.simulators.messages import MessageBox

CODE_SECONDS = 300
TOKEN_SECONDS = 7200
OVERLAP_SECONDS = 300
FACE_CHECK_SECONDS = 3600


@dataclass(kw_only=True)
class FaceCheck:
    """A face check: for which user and person, and how it ended (90001 until the user has done it)."""

    order_no: str
    openid: str
    person_hash: str
    ends: int
    result: int = 90001


class WeChat(Simulator):
    """Users are named by any text (``alice``); the openid follows from it."""

    def __init__(self, app_id: str, app_secret: str) -> None:
        super().__init__()
        self._app_id, self._app_secret = app_id, app_secret
        self._login_codes: dict[str, tuple[str, int]] = {}
        self._phone_codes: dict[str, tuple[str, str, int]] = {}
        self._scripted: dict[str, int] = {}
        self._face_checks: dict[str, FaceCheck] = {}
        self._used: set[str] = set()
        self._tokens: list[tuple[str, int]] = []
        self.token_calls = 0
        self.messages = MessageBox(id_of=self.openid)
        self.controls |= {
            "login_codes": self._mint_login_code,
            "phone_codes": self._mint_phone_code,
            "scripted_codes": self._script_code,
            "face_checks": self._decide_face_check,
            "expire_tokens": self._expire_tokens,
            **self.messages.controls(),
        }

    def openid(self, user: str) -> str:
        digest = hashlib.sha256(f"{self._app_id}/{user}".encode()).digest()
        return "o" + base64.urlsafe_b64encode(digest)[:27].decode()

    def _mint_login_code(self, wanted: dict[str, Any]) -> dict[str, str]:
        code = "0" + secrets.token_urlsafe(23)
        self._login_codes[code] = (wanted["user"], self._now() + CODE_SECONDS)
        return {"code": code}

    def _mint_phone_code(self, wanted: dict[str, Any]) -> dict[str, str]:
        code = secrets.token_hex(32)
        self._phone_codes[code] = (wanted["user"], wanted["phone"], self._now() + CODE_SECONDS)
        return {"code": code}

    def _script_code(self, wanted: dict[str, Any]) -> dict[str, str]:
        code = "0" + secrets.token_urlsafe(23)
        self._scripted[code] = int(wanted["errcode"])
        return {"code": code}

    def _decide_face_check(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """What happens in wx.requestFacialVerify: ``{"verify_id": ..., "result": 10000}``.

        10000 passed, 10003 the number does not fit, 10004 the face does not fit, 90002 cancelled, and so on.
        """
        check = self._face_checks[wanted["verify_id"]]
        check.result = int(wanted["result"])
        return {"verify_id": wanted["verify_id"], "result": check.result}

    def _expire_tokens(self, _: dict[str, Any]) -> dict[str, Any]:
        self._tokens.clear()
        return {}

    def answer(self, method: str, path: str, query: dict[str, str], headers: dict[str, str], body: bytes) -> HttpAnswer:
        with self.lock:
            if (method, path) == ("GET", "/sns/jscode2session"):
                return json_answer(self._code2session(query), content_type="text/plain")
            if (method, path) == ("POST", "/cgi-bin/stable_token"):
                return json_answer(self._stable_token(json.loads(body)))
            if (method, path) == ("POST", "/wxa/business/getuserphonenumber"):
                return json_answer(self._phone_number(query, json.loads(body)))
            if (method, path) == ("POST", "/cityservice/face/identify/getverifyid"):
                return json_answer(self._start_face_check(query, json.loads(body)))
            if (method, path) == ("POST", "/cityservice/face/identify/queryverifyinfo"):
                return json_answer(self._face_check(query, json.loads(body)))
            if (method, path) == ("POST", "/cgi-bin/message/subscribe/send"):
                return json_answer(self._send_message(query, json.loads(body)))
        return HttpAnswer(404, {"Content-Type": "text/html"}, b"")

    def _code2session(self, query: dict[str, str]) -> dict[str, Any]:
        if query.get("appid") != self._app_id:
            return _error(40013, "invalid appid")
        if query.get("secret") != self._app_secret:
            return _error(40125, "invalid appsecret")
        code = query.get("js_code", "")
        if code in self._scripted:
            return _error(self._scripted[code], "scripted")
        if code in self._used:
            return _error(40163, "code been used")
        user, expires = self._login_codes.pop(code, ("", 0))
        if self._now() >= expires:
            return _error(40029, "invalid code")
        self._used.add(code)
        return {"openid": self.openid(user), "session_key": base64.b64encode(secrets.token_bytes(16)).decode()}

    def _stable_token(self, wanted: dict[str, Any]) -> dict[str, Any]:
        if wanted.get("appid") != self._app_id or wanted.get("secret") != self._app_secret:
            return _error(40125, "invalid appsecret")
        self.token_calls += 1
        if not self._tokens or self._tokens[-1][1] - self._now() <= OVERLAP_SECONDS:
            self._tokens.append((secrets.token_urlsafe(96), self._now() + TOKEN_SECONDS))
        token, expires = self._tokens[-1]
        return {"access_token": token, "expires_in": expires - self._now()}

    def _phone_number(self, query: dict[str, str], wanted: dict[str, Any]) -> dict[str, Any]:
        if not self._is_authorized(query):
            return _error(40001, "invalid credential, access_token is invalid or not latest")
        user, phone, expires = self._phone_codes.pop(wanted.get("code", ""), ("", "", 0))
        if self._now() >= expires or wanted.get("openid", self.openid(user)) != self.openid(user):
            return _error(40029, "invalid code")
        watermark = {"timestamp": self._now(), "appid": self._app_id}
        info = {"phoneNumber": f"+86{phone}", "purePhoneNumber": phone, "countryCode": "86", "watermark": watermark}
        return {"errcode": 0, "errmsg": "ok", "phone_info": info}

    def _start_face_check(self, query: dict[str, str], wanted: dict[str, Any]) -> dict[str, Any]:
        if not self._is_authorized(query):
            return _error(40001, "invalid credential, access_token is invalid or not latest")
        order_no = wanted.get("out_seq_no", "")
        person = wanted.get("cert_info", {})
        is_complete = person.get("cert_type") == "IDENTITY_CARD" and person.get("cert_name") and person.get("cert_no")
        if not re.fullmatch(r"[0-9A-Za-z_-]{5,32}", order_no) or not is_complete:
            return _error(40097, "invalid args")
        if order_no in {check.order_no for check in self._face_checks.values()}:
            return _error(40097, "out_seq_no is used")
        if not wanted.get("openid", "").startswith("o"):
            return _error(40003, "invalid openid")
        verify_id = secrets.token_urlsafe(48)
        self._face_checks[verify_id] = FaceCheck(
            order_no=order_no,
            openid=wanted["openid"],
            person_hash=_person_hash(person),
            ends=self._now() + FACE_CHECK_SECONDS,
        )
        return {"errcode": 0, "errmsg": "ok", "verify_id": verify_id, "expires_in": FACE_CHECK_SECONDS}

    def _face_check(self, query: dict[str, str], wanted: dict[str, Any]) -> dict[str, Any]:
        if not self._is_authorized(query):
            return _error(40001, "invalid credential, access_token is invalid or not latest")
        check = self._face_checks.get(wanted.get("verify_id", ""))
        if check is None or self._now() >= check.ends:
            return _error(40097, "invalid verify_id")
        asked = (wanted.get("out_seq_no"), wanted.get("openid"), wanted.get("cert_hash"))
        if asked != (check.order_no, check.openid, check.person_hash):
            return {"errcode": 0, "errmsg": "ok", "verify_ret": 10001}
        return {"errcode": 0, "errmsg": "ok", "verify_ret": check.result}

    def _is_authorized(self, query: dict[str, str]) -> bool:
        return query.get("access_token") in {token for token, expires in self._tokens if self._now() < expires}

    def _send_message(self, query: dict[str, str], wanted: dict[str, Any]) -> dict[str, Any]:
        if not self._is_authorized(query):
            return _error(40001, "invalid credential, access_token is invalid or not latest")
        if self.messages.errors:
            return _error(self.messages.errors.pop(0), "scripted")
        if self.messages.is_full():
            return _error(45009, "reach max api daily quota limit")
        openid, template = wanted.get("touser", ""), wanted.get("template_id", "")
        if not openid.startswith("o") or openid in self.messages.unreachable:
            return _error(40003, "invalid openid")
        if not template:
            return _error(40037, "invalid template_id")
        if wanted.get("page", "").startswith("/"):
            return _error(41030, "invalid page")
        fault = next((found for found in map(_field_fault, wanted["data"].items()) if found), "")
        if fault:
            return _error(47003, f"argument invalid! {fault}")
        if not self.messages.spend(openid, template):
            return _error(43101, "user refuse to accept the msg")
        self.messages.keep(wanted)
        return {"errcode": 0, "errmsg": "ok"}

    @staticmethod
    def _now() -> int:
        return clock.seconds(clock.now())


_FIELDS = {
    "thing": r".{1,20}",
    "number": r"\d{1,32}(\.\d+)?",
    "letter": r"[A-Za-z]{1,32}",
    "symbol": r"[^\w\s]{1,5}",
    "character_string": r"[!-~]{1,32}",
    "time": r"(\d{4}年\d{1,2}月\d{1,2}日 )?\d{1,2}:\d{2}(~.*)?",
    "date": r"\d{4}年\d{1,2}月\d{1,2}日( \d{1,2}:\d{2})?(~.*)?",
    "amount": r"\D{0,3}\d{1,10}(\.\d{1,2})?元?",
    "phone_number": r"[\d+\-]{1,17}",
    "car_number": r"[\u4e00-\u9fff]?[A-Za-z0-9]{1,7}[\u4e00-\u9fff]?",
    "name": r"[\u4e00-\u9fff]{1,10}|[A-Za-z .]{1,20}",
    "phrase": r"[\u4e00-\u9fff]{1,5}",
}


def _field_fault(field: tuple[str, dict[str, str]]) -> str:
    """What WeChat says of a value that its field does not take; empty if it does."""
    name, value = field[0], field[1].get("value", "")
    pattern = _FIELDS.get(name.rstrip("0123456789"), "$^")
    return "" if re.fullmatch(pattern, value) else f"data.{name}.value {'is empty' if not value else 'is invalid'}"


def _person_hash(person: dict[str, str]) -> str:
    """What WeChat computes of a person: each value in base64, joined as a query, hashed with SHA-256."""
    encoded = {name: base64.b64encode(person[name].encode()).decode() for name in ("cert_type", "cert_name", "cert_no")}
    text = f"cert_type={encoded['cert_type']}&cert_name={encoded['cert_name']}&cert_no={encoded['cert_no']}"
    return hashlib.sha256(text.encode()).hexdigest()


def _error(code: int, message: str) -> dict[str, Any]:
    return {"errcode": code, "errmsg": f"{message}, rid: {secrets.token_hex(4)}-{secrets.token_hex(4)}"}
