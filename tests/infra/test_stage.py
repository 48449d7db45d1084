"""A stage's file is checked before anything is touched; every fault is named with an example."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from infra import stack
from infra import stage as stages
from infra.stage import InvalidStage

EXAMPLE = stages.EXAMPLE.read_text(encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(stages, "FOLDER", tmp_path)
    (tmp_path / "prod.toml").write_text(EXAMPLE, encoding="utf-8")
    return tmp_path


def refused(name: str) -> str:
    with pytest.raises(InvalidStage) as stopped:
        stages.load(name)
    return str(stopped.value)


def test_the_example_is_a_stage_and_covers_every_parameter(folder: Path) -> None:
    stage = stages.load("prod")
    assert stage.region == "cn-north-1" and not stage.production
    described = stack.parts()["Parameters"]
    platforms_own = {"WechatApiUrl", "WechatPayUrl", "AlipayGatewayUrl"}
    certificate_mode = {"AlipayAppCertSn", "AlipayCertSn", "AlipayRootCertSn"}
    assert set(stage.parameters) == set(described) - platforms_own - certificate_mode
    assert stage.parameters["FixedEgress"] == "true" and stage.parameters["RequestBurst"] == "1000"


@pytest.mark.parametrize("name", ["", "Prod", "p", "a-b", "prod/../x", "1st", "x" * 16])
def test_a_wrong_stage_name_is_refused_with_an_example(folder: Path, name: str) -> None:
    assert "make deploy STAGE=test" in refused(name)


def test_an_unknown_stage_says_what_to_copy_and_what_there_is(folder: Path) -> None:
    text = refused("test")
    assert "example.toml" in text and "prod" in text


def test_a_file_that_is_no_toml(folder: Path) -> None:
    (folder / "prod.toml").write_text("region =", encoding="utf-8")
    assert "is not TOML" in refused("prod")


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"region": None}, "region is not set, for example region = 'cn-north-1'"),
        ({"public_url": None}, "public_url is not set, for example"),
        ({"colour": '"red"'}, "colour is not a setting"),
        ({"architecture": '"mips"'}, "architecture must be one of x86_64, arm64"),
        ({"production": '"yes"'}, "production must be one of true, false"),
        ({"request_burst": '"many"'}, "request_burst must be a whole number"),
        ({"wechat_app_id": '""'}, "wechat_app_id must be one value"),
        ({"wechat_app_id": "[]"}, "wechat_app_id must be one value"),
        ({"public_url": '"http://api.example.gov.cn"'}, "PUBLIC_URL must start with https://"),
        ({"scan_url_prefix": '"https://a-very-long-name.example.gov.cn/b/"'}, "at most 36 characters"),
        ({"alipay_public_key": '"?"'}, "ALIPAY_PUBLIC_KEY is not base64"),
    ],
)
def test_each_fault_is_named(folder: Path, change: dict[str, Any], fault: str) -> None:
    given = tomllib.loads(EXAMPLE)
    lines: dict[str, Any] = {key: json.dumps(value) for key, value in given.items()} | change
    text = "\n".join(f"{key} = {value}" for key, value in lines.items() if value is not None)
    (folder / "prod.toml").write_text(text, encoding="utf-8")
    assert fault in refused("prod")
