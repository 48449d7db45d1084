"""What only this deployment may know: the keys with which it speaks to the platforms."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.kernel.security.secrets import Keeper
from chalicelib.kernel.settings import check_32_characters, check_long, setting


@dataclass(frozen=True, kw_only=True)
class Secrets:
    """The secrets of all platforms."""

    wechat_app_secret: str = setting("WeChat mini-program's AppSecret", "(32 characters)", check=check_32_characters)
    alipay_app_private_key: str = setting("the app's RSA2 private key, base64 of PKCS#8 DER", "MIIEvQIBADAN...")
    alipay_content_key: str = setting("接口内容加密 AES key, base64 of 16 bytes", "AAECAwQFBgcICQoLDA0ODw==")
    departments_secret: str = setting(
        "secret shared with the exchange, at least 32 characters", "(64 hex digits)", check=check_long
    )
    wechat_pay_private_key: str = setting("the merchant's API private key, base64 of PKCS#8 DER", "MIIEvQIBADAN...")
    wechat_pay_api_v3_key: str = setting("the merchant's APIv3 key", "(32 characters)", check=check_32_characters)
    fiscal_secret: str = setting("secret shared with the fiscal e-receipt system", "(64 hex digits)", check=check_long)
    carrier_secret: str = setting("secret shared with the parcel company", "(64 hex digits)", check=check_long)
    sms_secret: str = setting("secret shared with the providers of text messages", "(64 hex digits)", check=check_long)


KEEPER = Keeper(Secrets)


def secrets() -> Secrets:
    """This deployment's secrets."""
    return KEEPER.get()
