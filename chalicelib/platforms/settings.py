"""Settings of the platforms: WeChat, Alipay, WeChat Pay, the parcel company and the others outside."""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass

from chalicelib.kernel.settings import check_base64_keys, check_urls, read_all, setting


def _check_login_text(text: str) -> None:
    if text.count("{") != 1 or "{code}" not in text:
        raise ValueError("must have {code} in it once, and no other braces")


@dataclass(frozen=True, kw_only=True)
class PlatformSettings:
    """Where the platforms are, and how this deployment is known to them; nothing here is secret."""

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
        check=check_base64_keys,
    )
    fiscal_url: str = setting("base URL of the fiscal e-receipt system", "https://receipts.example.gov.cn")
    fiscal_client_id: str = setting("this system's name at the fiscal e-receipt system", "banshi")
    carrier_url: str = setting("base URL of the parcel company's API", "https://parcels.example.com")
    carrier_client_id: str = setting("this system's name at the parcel company", "banshi")
    sms_providers: dict[str, str] = setting(
        "providers of text messages and their base URLs, the preferred one first",
        "first=https://sms.example.com",
        check=check_urls,
    )
    departments_url: str = setting("base URL of the department registers' exchange", "https://exchange.example.gov.cn")
    departments_client_id: str = setting("this system's name at the exchange", "banshi")
    sms_client_id: str = setting("this system's name at the providers of text messages", "banshi", "banshi")
    sms_login_text: str = setting(
        "the text of a code for logging in to a browser, as the provider has approved it, with {code} in it",
        "【政务服务】网页登录验证码{code}，5分钟内有效。如非本人操作请忽略，切勿告诉他人。",
        "【政务服务】网页登录验证码{code}，5分钟内有效。如非本人操作请忽略，切勿告诉他人。",
        check=_check_login_text,
    )
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


@functools.cache
def settings() -> PlatformSettings:
    """The platforms' settings of this process."""
    found: PlatformSettings = read_all([PlatformSettings], os.environ)[0]
    return found
