"""Settings stop the start with names and examples; nothing secret has a default."""

from __future__ import annotations

import dataclasses

import pytest

from chalicelib.kernel.settings import InvalidSettings, Settings
from local.environment import Environment


def test_every_missing_setting_is_named_with_an_example() -> None:
    with pytest.raises(InvalidSettings) as stopped:
        Settings.from_env({})
    text = str(stopped.value)
    for field in dataclasses.fields(Settings):
        if field.default is dataclasses.MISSING:
            assert field.name.upper() in text
            assert field.metadata["example"] in text


def test_no_secret_has_a_default() -> None:
    secret = {"wechat_app_secret", "alipay_app_private_key", "alipay_content_key", "departments_secret"}
    fields = {field.name: field for field in dataclasses.fields(Settings)}
    assert all(fields[name].default is dataclasses.MISSING for name in secret)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("PUBLIC_URL", "http://api.example.gov.cn", "https://"),
        ("PUBLIC_URL", "https://api.example.gov.cn/", "must not end in /"),
        ("SCAN_URL_PREFIX", "https://a-host-name-that-is-far-too-long.example.gov.cn/b/", "36"),
        ("WECHAT_API_URL", "http://127.0.0.1.evil.example", "https://"),
        ("SCAN_URL_PREFIX", "http://evil.example/", "https://"),
        ("ALIPAY_PUBLIC_KEY", "not base64!", "not base64"),
        ("CERTIFICATE_KEYS", "0=alias/x", "1 to 255"),
        ("CERTIFICATE_KEYS", "1=alias/x,1=alias/y", "twice"),
        ("TOKEN_KEYS", "alias/x", "name=key"),
        ("DEPARTMENTS_SECRET", "short", "too short"),
    ],
)
def test_malformed_settings_are_named(environment: Environment, name: str, value: str, reason: str) -> None:
    with pytest.raises(InvalidSettings) as stopped:
        Settings.from_env({**environment.settings(), name: value})
    assert name in str(stopped.value) and reason in str(stopped.value)
