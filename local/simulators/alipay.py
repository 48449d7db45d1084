"""Alipay's gateway: login codes and face certification; signed requests in, signed answers out.

Contract: platforms C.1, C.2, C.4, C.5. The request's signature covers query and form, ``sign_type``
included; answers carry ``sign`` last and escaped slashes; failures of the signature itself come unsigned.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, padding, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from chalicelib.kernel import clock
from local.gateway import HttpAnswer
from local.simulators.base import Simulator

CODE_SECONDS = 300
CLOCK_SECONDS = 600


class Refusal(Exception):
    """A gateway failure: code, sub code and message."""

    def __init__(self, code: str, sub_code: str, message: str) -> None:
        super().__init__(sub_code)
        self.node = {"code": code, "msg": message, "sub_code": sub_code, "sub_msg": message}


class Alipay(Simulator):
    """Users are named by any text; the open_id follows from it."""

    def __init__(self, app_id: str, app_public_key: str, private_key: str, content_key: str, url: str) -> None:
        super().__init__()
        self._app_id, self._url = app_id, url
        app_key = serialization.load_der_public_key(base64.b64decode(app_public_key))
        own_key = serialization.load_der_private_key(base64.b64decode(private_key), None)
        assert isinstance(app_key, rsa.RSAPublicKey) and isinstance(own_key, rsa.RSAPrivateKey)
        self._app_key, self._own_key = app_key, own_key
        self._content_key = base64.b64decode(content_key)
        self._codes: dict[str, tuple[str, int]] = {}
        self._certifications: dict[str, dict[str, Any]] = {}
        self.tamper_signature = False
        self.controls |= {
            "login_codes": self._mint_code,
            "phone_credentials": self._mint_phone,
            "certifications": self._decide_certification,
        }

    def _mint_code(self, wanted: dict[str, Any]) -> dict[str, str]:
        code = secrets.token_hex(16)
        self._codes[code] = (wanted["user"], clock.seconds(clock.now()) + CODE_SECONDS)
        return {"code": code}

    def _mint_phone(self, wanted: dict[str, Any]) -> dict[str, str]:
        """The JSON text that my.getPhoneNumber would give for this phone number."""
        plain = json.dumps({"code": "10000", "msg": "Success", "mobile": wanted["phone"]}).encode()
        padder = padding.PKCS7(128).padder()
        encryptor = Cipher(algorithms.AES(self._content_key), modes.CBC(bytes(16))).encryptor()
        encrypted = encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()
        text = base64.b64encode(encrypted).decode()
        outer = {
            "response": text,
            "sign": self._sign(f'"{text}"'.encode()),
            "sign_type": "RSA2",
            "encrypt_type": "AES",
            "charset": "UTF-8",
        }
        return {"credential": json.dumps(outer)}

    def _decide_certification(self, wanted: dict[str, Any]) -> dict[str, Any]:
        """What the user does in the face check: ``{"certify_id": ..., "passed": true}``."""
        certification = self._certifications[wanted["certify_id"]]
        certification["passed"] = "T" if wanted["passed"] else "F"
        return {"certify_id": wanted["certify_id"], "passed": certification["passed"]}

    def answer(self, method: str, path: str, query: dict[str, str], headers: dict[str, str], body: bytes) -> HttpAnswer:
        if path != "/gateway.do":
            return HttpAnswer(404, {}, b"")
        parameters = {**query, **dict(parse_qsl(body.decode(), keep_blank_values=True))}
        name = parameters.get("method", "")
        try:
            with self.lock:
                self._check_common(parameters)
                if name == "alipay.user.certify.open.certify":
                    return self._certify_page(json.loads(parameters["biz_content"]))
                return self._signed(name.replace(".", "_") + "_response", self._execute(name, parameters))
        except Refusal as refusal:
            if refusal.node["sub_code"] in ("isv.invalid-signature", "isv.invalid-app-id"):
                return _answer({name.replace(".", "_") + "_response": refusal.node})
            node = "error_response" if name == "alipay.system.oauth.token" else name.replace(".", "_") + "_response"
            return self._signed(node, refusal.node)

    def _check_common(self, parameters: dict[str, str]) -> None:
        if parameters.get("app_id") != self._app_id:
            raise Refusal("40002", "isv.invalid-app-id", "Invalid Arguments")
        text = "&".join(
            f"{name}={parameters[name]}" for name in sorted(parameters) if name != "sign" and parameters[name]
        )
        try:
            signature = base64.b64decode(parameters.get("sign", ""))
            self._app_key.verify(signature, text.encode(), PKCS1v15(), hashes.SHA256())
        except (InvalidSignature, ValueError):
            raise Refusal("40002", "isv.invalid-signature", "Invalid Arguments") from None
        sent = datetime.strptime(parameters["timestamp"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=clock.SHANGHAI)
        if abs((datetime.now(clock.SHANGHAI) - sent).total_seconds()) > CLOCK_SECONDS:
            raise Refusal("40002", "isv.invalid-timestamp", "Invalid Arguments")

    def _execute(self, name: str, parameters: dict[str, str]) -> dict[str, Any]:
        if name == "alipay.system.oauth.token":
            return self._oauth_token(parameters)
        content = json.loads(parameters.get("biz_content", "{}"))
        if name == "alipay.user.certify.open.initialize":
            return self._initialize(content)
        if name == "alipay.user.certify.open.query":
            certification = self._certifications.get(content.get("certify_id", ""))
            if certification is None:
                raise Refusal("40004", "CERTIFY_ID_NOT_EXIST", "Business Failed")
            return {"code": "10000", "msg": "Success", "passed": certification["passed"]}
        raise Refusal("40001", "isv.missing-method", "Missing Required Arguments")

    def _oauth_token(self, parameters: dict[str, str]) -> dict[str, Any]:
        user, expires = self._codes.pop(parameters.get("code", ""), ("", 0))
        if clock.seconds(clock.now()) >= expires:
            raise Refusal("40002", "isv.code-invalid", "Invalid Arguments")
        digest = hashlib.sha256(f"{self._app_id}/{user}".encode()).hexdigest()
        return {
            "access_token": "authusrB" + secrets.token_hex(16),
            "refresh_token": "authusrB" + secrets.token_hex(16),
            "open_id": digest[:40],
            "expires_in": 1296000,
            "re_expires_in": 2592000,
            "auth_start": datetime.now(clock.SHANGHAI).strftime("%Y-%m-%d %H:%M:%S"),
        }

    def _initialize(self, content: dict[str, Any]) -> dict[str, Any]:
        identity = content.get("identity_param", {})
        if not content.get("outer_order_no", "").isalnum() or len(content["outer_order_no"]) > 32:
            raise Refusal("40004", "INVALID_OUTER_ORDER_NO", "Business Failed")
        if content.get("biz_code") not in ("FACE", "SMART_FACE", "CERT_PHOTO", "CERT_PHOTO_FACE"):
            raise Refusal("40004", "INVALID_BIZ_CODE", "Business Failed")
        if not identity.get("cert_name") or not identity.get("cert_no"):
            raise Refusal("40004", "INVALID_IDENTITY_PARAM", "Business Failed")
        certify_id = secrets.token_hex(16)
        self._certifications[certify_id] = {"passed": "F", "identity": identity}
        return {"code": "10000", "msg": "Success", "certify_id": certify_id}

    def _certify_page(self, content: dict[str, Any]) -> HttpAnswer:
        known = content.get("certify_id") in self._certifications
        words = "人脸认证(模拟):POST /_sim/certifications 决定结果" if known else "认证不存在"
        page = f"<!doctype html><meta charset=utf-8><title>认证</title><p>{words}</p>"
        return HttpAnswer(200 if known else 404, {"Content-Type": "text/html; charset=utf-8"}, page.encode())

    def _signed(self, name: str, node: dict[str, Any]) -> HttpAnswer:
        text = json.dumps(node, ensure_ascii=False, separators=(",", ":")).replace("/", "\\/")
        signature = self._sign(text.encode())
        if self.tamper_signature:
            signature = self._sign(b"something else")
        return HttpAnswer(
            200,
            {"Content-Type": "text/html;charset=utf-8"},
            f'{{"{name}":{text},"sign":"{signature}"}}'.encode(),
        )

    def _sign(self, message: bytes) -> str:
        return base64.b64encode(self._own_key.sign(message, PKCS1v15(), hashes.SHA256())).decode()


def _answer(content: dict[str, Any]) -> HttpAnswer:
    return HttpAnswer(200, {"Content-Type": "text/html;charset=utf-8"}, json.dumps(content).encode())
