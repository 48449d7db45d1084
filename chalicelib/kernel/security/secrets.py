"""This deployment's secrets from Secrets Manager, typed; a missing or malformed one is named, never its value.

They are one JSON object per deployment, read when first needed and again every ten minutes, so that a rotated one
arrives by itself.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass

from chalicelib.kernel import aws, errors, log
from chalicelib.kernel.settings import InvalidSettings, read, setting, settings

_SECRETS_SECONDS = 600


@dataclass(frozen=True)
class Secrets:
    """What only this deployment may know."""

    wechat_app_secret: str = setting("WeChat mini-program's AppSecret", "(32 characters)")
    alipay_app_private_key: str = setting("the app's RSA2 private key, base64 of PKCS#8 DER", "MIIEvQIBADAN...")
    alipay_content_key: str = setting("接口内容加密 AES key, base64 of 16 bytes", "AAECAwQFBgcICQoLDA0ODw==")
    departments_secret: str = setting("secret shared with the exchange, at least 32 characters", "(64 hex digits)")
    wechat_pay_private_key: str = setting("the merchant's API private key, base64 of PKCS#8 DER", "MIIEvQIBADAN...")
    wechat_pay_api_v3_key: str = setting("the merchant's APIv3 key", "(32 characters)")
    fiscal_secret: str = setting("secret shared with the fiscal e-receipt system", "(64 hex digits)")
    carrier_secret: str = setting("secret shared with the parcel company", "(64 hex digits)")
    sms_secret: str = setting("secret shared with the providers of text messages", "(64 hex digits)")

    @classmethod
    def from_json(cls, text: str) -> Secrets:
        """Read the secret's JSON object, whose names are the settings' upper-case names.

        Raises ``InvalidSettings`` that names each missing or malformed one with an example, never a value.
        """
        try:
            given = json.loads(text)
        except ValueError:
            given = None
        if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
            raise InvalidSettings("The secrets are not a JSON object of texts")
        return cls(**read(cls, given))


_secrets: tuple[float, Secrets] | None = None


def secrets() -> Secrets:
    """This deployment's secrets, at most ten minutes old; the known ones while Secrets Manager does not answer."""
    global _secrets
    if _secrets is None or _secrets[0] < time.monotonic():
        _secrets = (time.monotonic() + _SECRETS_SECONDS, _load_secrets(_secrets))
    return _secrets[1]


def _load_secrets(known: tuple[float, Secrets] | None) -> Secrets:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        answer = aws.client("secretsmanager").get_secret_value(SecretId=settings().secrets_name)
        return Secrets.from_json(answer["SecretString"])
    except (BotoCoreError, ClientError, InvalidSettings) as error:
        log.failure("secrets_not_loaded", error)
        if known is None:
            raise errors.UNAVAILABLE(retry_after=60) from None
        return known[1]
