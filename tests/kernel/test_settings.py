"""Settings stop the start with names and examples; nothing secret has a default."""

from __future__ import annotations

import dataclasses
import json

import pytest

from chalicelib import features
from chalicelib.features import check_environment
from chalicelib.kernel import aws
from chalicelib.kernel.settings import InvalidSettings, examples, settings
from chalicelib.platforms.secrets import KEEPER, Secrets, secrets
from local.environment import Environment
from scenes.world import World

FIELDS = [field for kind in features.settings_kinds() for field in dataclasses.fields(kind)]


def test_every_missing_setting_is_named_with_an_example() -> None:
    with pytest.raises(InvalidSettings) as stopped:
        check_environment({})
    text = str(stopped.value)
    for field in FIELDS:
        if field.default is dataclasses.MISSING:
            assert field.name.upper() in text
            assert field.metadata["example"] in text


def test_no_secret_has_a_default_or_a_place_among_the_settings() -> None:
    assert all(field.default is dataclasses.MISSING for field in dataclasses.fields(Secrets))
    assert not [field.name for field in FIELDS if field.name.endswith(("_secret", "private_key"))]


def test_the_examples_are_settings_that_work() -> None:
    check_environment(examples(features.settings_kinds()))
    assert examples(features.settings_kinds())["STAGE"] == "dev"


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("DEPARTMENTS_SECRET", "short", "too short"),
        ("ALIPAY_CONTENT_KEY", "not base64!", "not base64"),
        ("WECHAT_APP_SECRET", "", "is not set"),
    ],
)
def test_malformed_secrets_are_named_without_their_values(
    environment: Environment, name: str, value: str, reason: str
) -> None:
    with pytest.raises(InvalidSettings) as stopped:
        KEEPER.parse(json.dumps({**environment.secrets, name: value}))
    assert name in str(stopped.value) and reason in str(stopped.value)
    assert not any(secret in str(stopped.value) for secret in environment.secrets.values())


@pytest.mark.parametrize("text", ["", "[]", '{"WECHAT_APP_SECRET": 1}'])
def test_secrets_that_are_no_object_of_texts(text: str) -> None:
    with pytest.raises(InvalidSettings, match="JSON object"):
        KEEPER.parse(text)


def test_a_rotated_secret_arrives_and_an_outage_keeps_the_known_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = secrets()
    store, name = aws.session().create_client("secretsmanager"), settings().secrets_name
    rotated = {**world.environment.secrets, "DEPARTMENTS_SECRET": "n" * 40}
    store.put_secret_value(SecretId=name, SecretString=json.dumps(rotated))
    try:
        assert secrets() is known
        monkeypatch.setattr(KEEPER, "until", 0.0)
        assert secrets().departments_secret == "n" * 40
        store.put_secret_value(SecretId=name, SecretString="{}")
        rotated_one = secrets()
        monkeypatch.setattr(KEEPER, "until", 0.0)
        assert secrets() is rotated_one
    finally:
        store.put_secret_value(SecretId=name, SecretString=json.dumps(world.environment.secrets))
        KEEPER.known = None


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("PUBLIC_URL", "http://api.example.gov.cn", "https://"),
        ("PUBLIC_URL", "https://api.example.gov.cn/", "must not end in /"),
        ("CORS_ORIGINS", "https://www.example.gov.cn/", "as browsers send them"),
        ("CORS_ORIGINS", "https://WWW.example.gov.cn", "as browsers send them"),
        ("CORS_ORIGINS", "https://www.example.gov.cn:443", "as browsers send them"),
        ("CORS_ORIGINS", "https://*.example.gov.cn", "as browsers send them"),
        ("CORS_ORIGINS", "https://a:b@example.gov.cn", "as browsers send them"),
        ("CORS_ORIGINS", "http://www.example.gov.cn", "https://"),
        ("CORS_ORIGINS", "*", "https://"),
        ("SCAN_URL_PREFIX", "https://a-host-name-that-is-far-too-long.example.gov.cn/b/", "36"),
        ("WECHAT_API_URL", "http://127.0.0.1.evil.example", "https://"),
        ("SCAN_URL_PREFIX", "http://evil.example/", "https://"),
        ("ALIPAY_PUBLIC_KEY", "not base64!", "not base64"),
        ("CERTIFICATE_KEYS", "0=alias/x", "1 to 255"),
        ("CERTIFICATE_KEYS", "1=alias/x,1=alias/y", "twice"),
        ("TOKEN_KEYS", "alias/x", "name=key"),
    ],
)
def test_malformed_settings_are_named(environment: Environment, name: str, value: str, reason: str) -> None:
    with pytest.raises(InvalidSettings) as stopped:
        check_environment({**environment.settings(), name: value})
    assert name in str(stopped.value) and reason in str(stopped.value)
