"""Settings from the environment, typed; a missing or malformed one is named.

They are read once and stop the start; nothing in them is secret.
"""

from __future__ import annotations

import base64
import binascii
import functools
import os
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any
from urllib.parse import urlsplit

MAX_SCAN_PREFIX = 36
_LOOPBACK = ("127.0.0.1", "localhost")


class InvalidSettings(SystemExit):
    """The start stops with this; the message names each setting at fault with an example."""


def setting(meaning: str, example: str, default: Any = MISSING) -> Any:
    return field(default=default, metadata={"meaning": meaning, "example": example})


@dataclass(frozen=True)
class Settings:
    stage: str = setting("name of the deployment, part of table names' prefix", "dev")
    public_url: str = setting("where clients reach this API, without a final slash", "https://api.example.gov.cn")
    scan_url_prefix: str = setting(
        "start of the address in a certificate's QR; at most 36 characters (docs/decisions/qr.md)",
        "https://q.example.gov.cn/b/",
    )
    table_prefix: str = setting("start of every table's name", "banshi-dev-")
    secrets_name: str = setting("Secrets Manager secret that holds this deployment's secrets", "banshi-dev-secrets")
    history_failures_url: str = setting(
        "queue of changes that could not be appended to the event log",
        "https://sqs.cn-north-1.amazonaws.com.cn/123456789012/banshi-dev-history-failures",
    )
    audit_bucket: str = setting("bucket that keeps the signed daily roots of the event log", "banshi-dev-audit")
    data_key: str = setting("KMS key or alias that wraps the data keys", "alias/banshi-dev-data")
    audit_key: str = setting("KMS signing key of the event log's daily roots", "alias/banshi-dev-audit")
    token_keys: dict[str, str] = setting(
        "key ids of access tokens and their KMS signing keys, the newest last", "t1=alias/banshi-dev-token-1"
    )
    certificate_keys: dict[int, str] = setting(
        "key numbers (1 to 255) of certificates and their KMS signing keys, the newest last",
        "1=alias/banshi-dev-certificate-1",
    )
    wechat_app_id: str = setting("WeChat mini-program's AppID", "wx0123456789abcdef")
    alipay_app_id: str = setting("Alipay mini-program's app id", "2021000000000000")
    alipay_public_key: str = setting("Alipay's RSA2 public key, base64 of SPKI DER", "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A")
    alipay_seller_id: str = setting("PID of the treasury's account at Alipay", "2088000000000000")
    wechat_pay_merchant_id: str = setting("the treasury's merchant number at WeChat Pay", "1900000001")
    wechat_pay_merchant_serial: str = setting(
        "serial number of the merchant's API certificate", "5157F09EFDC096DE15EBE81A47057A7232F1B8E1"
    )
    wechat_pay_platform_keys: dict[str, str] = setting(
        "ids of WeChat Pay's public key and platform certificates, and their keys, base64 of SPKI DER",
        "PUB_KEY_ID_0119000000012026112100000000000001=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A",
    )
    fiscal_url: str = setting("base URL of the fiscal e-receipt system", "https://receipts.example.gov.cn")
    fiscal_client_id: str = setting("this system's name at the fiscal e-receipt system", "banshi")
    carrier_url: str = setting("base URL of the parcel company's API", "https://parcels.example.com")
    carrier_client_id: str = setting("this system's name at the parcel company", "banshi")
    sms_providers: dict[str, str] = setting(
        "providers of text messages and their base URLs, the preferred one first", "first=https://sms.example.com"
    )
    departments_url: str = setting("base URL of the department registers' exchange", "https://exchange.example.gov.cn")
    departments_client_id: str = setting("this system's name at the exchange", "banshi")
    sms_client_id: str = setting("this system's name at the providers of text messages", "banshi", "banshi")
    wechat_api_url: str = setting("WeChat's API", "https://api.weixin.qq.com", "https://api.weixin.qq.com")
    wechat_pay_url: str = setting("WeChat Pay's API", "https://api.mch.weixin.qq.com", "https://api.mch.weixin.qq.com")
    alipay_app_cert_sn: str = setting(
        "certificate mode: the app certificate's number; empty for key mode", "32 hex", ""
    )
    alipay_root_cert_sn: str = setting("certificate mode: the root certificates' numbers", "32 hex_32 hex", "")
    alipay_cert_sn: str = setting("certificate mode: number of the certificate with ALIPAY_PUBLIC_KEY", "32 hex", "")
    alipay_gateway_url: str = setting(
        "Alipay's gateway", "https://openapi.alipay.com/gateway.do", "https://openapi.alipay.com/gateway.do"
    )

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """Read every setting from upper-case environment variables.

        Raises ``InvalidSettings`` that names each missing or malformed one with an example.
        """
        return cls(**read(cls, environ))

    @classmethod
    def examples(cls) -> dict[str, str]:
        """A whole environment of example values, for programs that only look at the code."""
        return {item.name.upper(): item.metadata["example"] for item in fields(cls)}


def read(kind: type[Any], given: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    faults: list[str] = []
    for item in fields(kind):
        name = item.name.upper()
        text = given.get(name, "").strip()
        try:
            if text:
                values[item.name] = _parse(item.name, str(item.type), text)
            elif item.default is MISSING:
                raise ValueError("is not set")
        except ValueError as fault:
            faults.append(f"{name} {fault}: {item.metadata['meaning']}, for example {item.metadata['example']}")
    if faults:
        raise InvalidSettings("The settings are not complete:\n  " + "\n  ".join(faults))
    return values


def _parse(name: str, kind: str, text: str) -> Any:
    if kind.startswith("dict"):
        pairs = [pair.split("=", 1) for pair in text.split(",")]
        if any(len(pair) != 2 or not all(pair) for pair in pairs):
            raise ValueError("must be name=key pairs with commas between")
        if len({pair[0] for pair in pairs}) < len(pairs):
            raise ValueError("names one key twice")
        if kind.startswith("dict[int"):
            if not all(number.isdigit() and 1 <= int(number) <= 255 for number, _ in pairs):
                raise ValueError("must have numbers from 1 to 255 before the =")
            return {int(number): key for number, key in pairs}
        if name == "sms_providers" and not all(_is_safe_url(url) for _, url in pairs):
            raise ValueError("must have addresses that start with https:// after the =")
        if name == "wechat_pay_platform_keys":
            for _, key in pairs:
                _check_base64(key)
        return dict(pairs)
    if name.endswith(("_url", "_url_prefix")) and not _is_safe_url(text):
        raise ValueError("must start with https:// (http:// only on this machine)")
    _check(name, text)
    return text


def _check(name: str, text: str) -> None:
    if name == "public_url" and text.endswith("/"):
        raise ValueError("must not end in /")
    if name == "scan_url_prefix" and not (text.endswith("/") and len(text) <= MAX_SCAN_PREFIX):
        raise ValueError(f"must end in / and have at most {MAX_SCAN_PREFIX} characters")
    if name.endswith(("_private_key", "_public_key", "_content_key")):
        _check_base64(text)
    if name in ("departments_secret", "fiscal_secret", "carrier_secret", "sms_secret") and len(text) < 32:
        raise ValueError("is too short")
    if name in ("wechat_app_secret", "wechat_pay_api_v3_key") and len(text) != 32:
        raise ValueError("must have 32 characters")


def _is_safe_url(text: str) -> bool:
    url = urlsplit(text)
    return bool(url.hostname) and (url.scheme == "https" or (url.scheme == "http" and url.hostname in _LOOPBACK))


def _check_base64(text: str) -> None:
    try:
        base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ValueError("is not base64") from None


@functools.cache
def settings() -> Settings:
    """The settings of this process."""
    return Settings.from_env()
