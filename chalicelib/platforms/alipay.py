"""Alipay open platform: the official SDK's request classes, with transport and signatures of our own.

The SDK's client accepts SHA-1 signatures, cannot use a port, stamps local time and signs in pure
Python (docs/decisions/alipay.md); its request and model classes know the parameters of each method.
"""

from __future__ import annotations

import base64
import functools
import json
from typing import Any
from urllib.parse import urlencode

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, padding, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from chalicelib.kernel import clock, errors, log, phones
from chalicelib.platforms import http
from chalicelib.platforms.messaging import SENT, Outcome, Verdict
from chalicelib.platforms.secrets import secrets
from chalicelib.platforms.settings import settings

PLATFORM = "支付宝 Alipay"


class AlipaySession(msgspec.Struct, frozen=True):
    """Who logged in: ``id_type`` is ``open_id`` (new apps) or ``user_id`` (2088...)."""

    id_type: str
    id: str


class AlipayRefused(Exception):
    """The gateway answered with a business failure; ``sub_code`` says which."""

    def __init__(self, sub_code: str) -> None:
        super().__init__(sub_code)
        self.sub_code = sub_code


def exchange_code(code: str) -> AlipaySession:
    """alipay.system.oauth.token for a code of my.getAuthCode.

    Raises ``login_code_invalid`` or ``platform_unavailable``.
    """
    from alipay.aop.api.request.AlipaySystemOauthTokenRequest import AlipaySystemOauthTokenRequest

    request = AlipaySystemOauthTokenRequest()
    request.grant_type = "authorization_code"
    request.code = code
    try:
        answer = execute(request)
    except AlipayRefused as refusal:
        if refusal.sub_code == "isv.code-invalid":
            raise http.CODE_INVALID() from None
        raise http.unavailable(PLATFORM) from refusal
    for id_type in ("open_id", "user_id"):
        if answer.get(id_type):
            return AlipaySession(id_type, str(answer[id_type]))
    raise http.unavailable(PLATFORM)


class CheckedPerson(msgspec.Struct, frozen=True, kw_only=True):
    """Whose face is to be checked: Alipay's name of the kind of document, the name and the number."""

    kind: str
    name: str
    number: str


def start_certification(order_no: str, person: CheckedPerson, return_url: str) -> tuple[str, str]:
    """Begin a face certification (alipay.user.certify.open.initialize and .certify).

    ``order_no``: at most 32 letters and digits, unique. Returns the certify id and the URL that the
    mini-program hands to startBizService. Raises ``platform_unavailable``.
    """
    from alipay.aop.api.domain.AlipayUserCertifyOpenCertifyModel import AlipayUserCertifyOpenCertifyModel
    from alipay.aop.api.domain.AlipayUserCertifyOpenInitializeModel import AlipayUserCertifyOpenInitializeModel
    from alipay.aop.api.domain.OpenCertifyIdentityParam import OpenCertifyIdentityParam
    from alipay.aop.api.domain.OpenCertifyMerchantConfig import OpenCertifyMerchantConfig
    from alipay.aop.api.request.AlipayUserCertifyOpenCertifyRequest import AlipayUserCertifyOpenCertifyRequest
    from alipay.aop.api.request.AlipayUserCertifyOpenInitializeRequest import AlipayUserCertifyOpenInitializeRequest

    identity = OpenCertifyIdentityParam()
    identity.identity_type = "CERT_INFO"
    identity.cert_type = person.kind
    identity.cert_name = person.name
    identity.cert_no = person.number
    merchant = OpenCertifyMerchantConfig()
    merchant.return_url = return_url
    model = AlipayUserCertifyOpenInitializeModel()
    model.outer_order_no = order_no
    model.biz_code = "SMART_FACE"
    model.identity_param = identity
    model.merchant_config = merchant
    try:
        certify_id = str(execute(AlipayUserCertifyOpenInitializeRequest(biz_model=model))["certify_id"])
    except (AlipayRefused, KeyError) as error:
        raise http.unavailable(PLATFORM) from error
    certify = AlipayUserCertifyOpenCertifyModel()
    certify.certify_id = certify_id
    return certify_id, page_url(AlipayUserCertifyOpenCertifyRequest(biz_model=certify))


def certification_passed(certify_id: str) -> bool:
    """Whether the certification was passed, as Alipay's server says (alipay.user.certify.open.query).

    The front end's resultStatus 9000 proves nothing. Raises ``platform_unavailable``.
    """
    from alipay.aop.api.domain.AlipayUserCertifyOpenQueryModel import AlipayUserCertifyOpenQueryModel
    from alipay.aop.api.request.AlipayUserCertifyOpenQueryRequest import AlipayUserCertifyOpenQueryRequest

    model = AlipayUserCertifyOpenQueryModel()
    model.certify_id = certify_id
    try:
        return bool(execute(AlipayUserCertifyOpenQueryRequest(biz_model=model)).get("passed") == "T")
    except AlipayRefused as refusal:
        raise http.unavailable(PLATFORM) from refusal


def send_message(user: str, template_id: str, page: str, data: dict[str, str]) -> Outcome:
    """A mini-program message (alipay.open.app.mini.templatemessage.send); ``user`` is an open_id, or a 2088... id."""
    from alipay.aop.api.domain.AlipayOpenAppMiniTemplatemessageSendModel import (
        AlipayOpenAppMiniTemplatemessageSendModel,
    )
    from alipay.aop.api.request.AlipayOpenAppMiniTemplatemessageSendRequest import (
        AlipayOpenAppMiniTemplatemessageSendRequest,
    )

    model = AlipayOpenAppMiniTemplatemessageSendModel()
    if user.startswith("2088") and len(user) == 16:
        model.to_user_id = user
    else:
        model.to_open_id = user
    model.user_template_id = template_id
    model.page = page
    model.data = json.dumps({key: {"value": value} for key, value in data.items()}, ensure_ascii=False)
    try:
        execute(AlipayOpenAppMiniTemplatemessageSendRequest(biz_model=model))
    except http.Unheard:
        return Outcome(verdict="unheard")
    except errors.Problem as problem:
        return Outcome(verdict="busy", reason=problem.error.code)
    except AlipayRefused as refusal:
        return Outcome(verdict=_verdict(refusal.sub_code), reason=refusal.sub_code)
    return SENT


def _verdict(sub_code: str) -> Verdict:
    """What a refusal means; the sub codes were not confirmed by a published list (docs/messages.md)."""
    if sub_code in ("isp.unknow-error", "aop.unknow-error", "20000"):
        return "unheard"
    if "SUBSCRIBE" in sub_code:
        return "no_consent"
    if sub_code in ("USER_NOT_EXIST", "INVALID_USER", "isv.invalid-open-id"):
        return "unreachable"
    return "quota" if "LIMIT" in sub_code else "refused"


def phone_number(credential: str) -> str:
    """The phone number, as E.164, in the JSON text that my.getPhoneNumber gave the mini-program.

    The text names no user and no time, so whoever has it can show it again: it proves nothing alone where much depends
    on it (couriers register each login with their second factor).

    The signature covers the encrypted text in double quotes. Raises ``login_code_invalid``.
    """
    try:
        outer = json.loads(credential)
        encrypted = outer["response"]
        signature = outer["sign"]
        if encrypted.startswith("{") or not verifies(f'"{encrypted}"'.encode(), signature):
            raise http.CODE_INVALID()
        answer = json.loads(_decrypt_content(encrypted))
        if answer["code"] != "10000":
            raise http.CODE_INVALID()
        return phones.parse(answer["mobile"])
    except (ValueError, KeyError, TypeError, AttributeError):
        raise http.CODE_INVALID() from None


def _decrypt_content(encrypted: str) -> bytes:
    key = base64.b64decode(secrets().alipay_content_key)
    decryptor = Cipher(algorithms.AES(key), modes.CBC(bytes(16))).decryptor()
    unpadder = padding.PKCS7(128).unpadder()
    padded = decryptor.update(base64.b64decode(encrypted)) + decryptor.finalize()
    return unpadder.update(padded) + unpadder.finalize()


def execute(request: Any) -> dict[str, Any]:
    """Send an SDK request to the gateway and return the verified response node.

    Raises ``Refused`` with the sub code of a signed or unsigned refusal, or ``platform_unavailable``.
    """
    parameters = _signed(request)
    answer = http.call(
        PLATFORM,
        "POST",
        settings().alipay_gateway_url,
        body=urlencode(parameters).encode(),
        headers={"Content-Type": "application/x-www-form-urlencoded;charset=utf-8"},
    )
    return _open(parameters["method"], answer.data)


def page_url(request: Any) -> str:
    """The signed URL that opens an SDK request in the user's browser or mini-program."""
    return f"{settings().alipay_gateway_url}?{urlencode(_signed(request))}"


def _signed(request: Any) -> dict[str, str]:
    parameters = {
        **request.get_params(),
        "app_id": settings().alipay_app_id,
        "format": "JSON",
        "charset": "utf-8",
        "sign_type": "RSA2",
        "timestamp": clock.local(clock.now()).strftime("%Y-%m-%d %H:%M:%S"),
        "version": "1.0",
        "app_cert_sn": settings().alipay_app_cert_sn,
        "alipay_root_cert_sn": settings().alipay_root_cert_sn,
    }
    parameters = {name: str(value) for name, value in parameters.items() if value not in (None, "")}
    signature = _private_key(secrets().alipay_app_private_key).sign(
        sign_content(parameters).encode(), PKCS1v15(), hashes.SHA256()
    )
    return {**parameters, "sign": base64.b64encode(signature).decode()}


def sign_content(parameters: dict[str, str]) -> str:
    """The text that is signed: all parameters but ``sign``, sorted, joined as k=v with &."""
    return "&".join(f"{name}={parameters[name]}" for name in sorted(parameters) if name != "sign")


def _open(method: str, data: bytes) -> dict[str, Any]:
    answer = http.parse_object(PLATFORM, data)
    expected = method.replace(".", "_") + "_response"
    name = expected if expected in answer else "error_response"
    node = answer.get(name)
    if not isinstance(node, dict):
        raise http.unavailable(PLATFORM)
    is_refused = name == "error_response" or str(node.get("code", "10000")) != "10000"
    if "sign" in answer:
        if not _is_signed(answer, _raw_value(data, name), node):
            log.write("platform_failed", level="error", platform="alipay", reason="bad signature")
            raise http.unavailable(PLATFORM)
    elif not is_refused:
        raise http.unavailable(PLATFORM)
    if is_refused:
        sub_code = str(node.get("sub_code") or node.get("code"))
        log.write("platform_refused", level="warning", platform="alipay", code=sub_code, method=method)
        raise AlipayRefused(sub_code)
    return node


def _is_signed(answer: dict[str, Any], signed: bytes, node: dict[str, Any]) -> bool:
    """Whether the bytes of an answer carry Alipay's signature, and say what was parsed out of them."""
    if not is_known_certificate(answer.get("alipay_cert_sn")):
        return False
    if not verifies(signed, str(answer["sign"])):
        return False
    return bool(json.loads(signed) == node)


def _raw_value(data: bytes, name: str) -> bytes:
    """The node's bytes as received: what the signature covers (``\\/`` included)."""
    text = data.decode()
    start = text.index("{", text.index(f'"{name}"'))
    _, end = json.JSONDecoder().raw_decode(text, start)
    return text[start:end].encode()


def verifies(message: bytes, signature: str) -> bool:
    """Whether the base64 ``signature`` of ``message`` is Alipay's: RSA with SHA-256, never SHA-1."""
    try:
        _alipay_key().verify(base64.b64decode(signature, validate=True), message, PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True


def is_known_certificate(number: str | None) -> bool:
    """Whether a message is signed by the key that we hold: in certificate mode it names its certificate."""
    return not settings().alipay_cert_sn or number == settings().alipay_cert_sn


@functools.lru_cache(maxsize=2)
def _private_key(encoded: str) -> rsa.RSAPrivateKey:
    key = serialization.load_der_private_key(base64.b64decode(encoded), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


@functools.cache
def _alipay_key() -> rsa.RSAPublicKey:
    key = serialization.load_der_public_key(base64.b64decode(settings().alipay_public_key))
    assert isinstance(key, rsa.RSAPublicKey)
    return key
