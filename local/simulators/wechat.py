"""WeChat's mini-program server API: login codes, stable access tokens, phone numbers.

Contract: platforms A.1-A.3. Codes work once for five minutes; ``errcode`` is absent on success of the
first two; jscode2session answers text/plain; the normal mode of stable_token gives one token to all.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from typing import Any

from chalicelib.kernel import clock
from local.gateway import HttpAnswer
from local.simulators.base import Simulator, json_answer

CODE_SECONDS = 300
TOKEN_SECONDS = 7200
OVERLAP_SECONDS = 300


class WeChat(Simulator):
    """Users are named by any text (``alice``); the openid follows from it."""

    def __init__(self, app_id: str, app_secret: str) -> None:
        super().__init__()
        self._app_id, self._app_secret = app_id, app_secret
        self._login_codes: dict[str, tuple[str, int]] = {}
        self._phone_codes: dict[str, tuple[str, str, int]] = {}
        self._scripted: dict[str, int] = {}
        self._used: set[str] = set()
        self._tokens: list[tuple[str, int]] = []
        self.controls |= {
            "login_codes": self._mint_login_code,
            "phone_codes": self._mint_phone_code,
            "scripted_codes": self._script_code,
            "expire_tokens": self._expire_tokens,
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
        if not self._tokens or self._tokens[-1][1] - self._now() <= OVERLAP_SECONDS:
            self._tokens.append((secrets.token_urlsafe(96), self._now() + TOKEN_SECONDS))
        token, expires = self._tokens[-1]
        return {"access_token": token, "expires_in": expires - self._now()}

    def _phone_number(self, query: dict[str, str], wanted: dict[str, Any]) -> dict[str, Any]:
        valid = {token for token, expires in self._tokens if self._now() < expires}
        if query.get("access_token") not in valid:
            return _error(40001, "invalid credential, access_token is invalid or not latest")
        user, phone, expires = self._phone_codes.pop(wanted.get("code", ""), ("", "", 0))
        if self._now() >= expires or wanted.get("openid", self.openid(user)) != self.openid(user):
            return _error(40029, "invalid code")
        watermark = {"timestamp": self._now(), "appid": self._app_id}
        info = {"phoneNumber": phone, "purePhoneNumber": phone, "countryCode": "86", "watermark": watermark}
        return {"errcode": 0, "errmsg": "ok", "phone_info": info}

    @staticmethod
    def _now() -> int:
        return clock.seconds(clock.now())


def _error(code: int, message: str) -> dict[str, Any]:
    return {"errcode": code, "errmsg": f"{message}, rid: {secrets.token_hex(4)}-{secrets.token_hex(4)}"}
