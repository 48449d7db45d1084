"""Scanning: what anyone learns from a sticker, online and offline."""

from __future__ import annotations

import base64
import json
import re
from datetime import timedelta
from pathlib import Path

import pytest

from chalicelib.certificates import rules
from chalicelib.kernel import aws, clock
from functions import list_certificates
from scenes.world import Enterprise, World
from tests.certificates.pictures import decode, raster
from tools import verify_sticker


@pytest.fixture
def enterprise(world: World) -> Enterprise:
    return world.enterprise()


def printed(enterprise: Enterprise, certificate: str) -> str:
    """The path that a camera opens after reading the printed QR."""
    url = decode(raster(enterprise.print(certificate)))
    return url.removeprefix(enterprise.world.environment.settings()["PUBLIC_URL"])


def status(world: World, path: str) -> str:
    found: str = world.anonymous().get(f"/v1/certificates/verify?number={path.removeprefix('/b/')}").json["status"]
    return found


def test_a_valid_sticker_shows_plate_period_and_route(world: World, enterprise: Enterprise) -> None:
    path = printed(enterprise, enterprise.certificate())
    found = world.anonymous().get(f"/v1/certificates/verify?number={path.removeprefix('/b/')}").json
    assert (found["status"], found["headline"]) == ("valid", enterprise.plates[0])
    assert (found["valid_from"], found["valid_to"]) == ("2026-11-02", "2026-11-06")
    lines = {line["label"]["en"]: line["value"] for line in found["lines"]}
    assert lines["Route"] == "南京 — 苏州" and lines["Driver"] == "丙**"
    assert found["revision"] == found["current_revision"] == 1


def test_each_status_is_told(world: World, enterprise: Enterprise) -> None:
    certificate = enterprise.certificate()
    first = printed(enterprise, certificate)
    assert status(world, first) == "valid"
    second = printed(enterprise, certificate)
    assert (status(world, first), status(world, second)) == ("superseded", "valid")
    world.pass_time(days=5)
    assert (status(world, first), status(world, second)) == ("superseded", "expired")
    officer = world.staff()
    officer.post(f"/v1/certificates/{certificate}/revoke", {"reason": "车辆停运"})
    assert status(world, second) == "revoked"
    assert status(world, second[:-1] + str((int(second[-1]) + 1) % 10)) == "forged"


def test_a_sticker_for_later_is_not_yet_valid(world: World, enterprise: Enterprise) -> None:
    start = clock.today() + timedelta(3)
    certificate = enterprise.certificate(valid_from=str(start), valid_to=str(start + timedelta(1)))
    path = printed(enterprise, certificate)
    assert status(world, path) == "not_yet_valid"
    world.pass_time(days=3)
    assert status(world, path) == "valid"


def test_the_printed_number_can_be_typed_in(world: World, enterprise: Enterprise) -> None:
    certificate = enterprise.certificate()
    number = enterprise.client.get(f"/v1/certificates/{certificate}").json["number"]
    found = world.anonymous().get(f"/v1/certificates/verify?number={number.lower().replace('-', '')}").json
    assert (found["status"], found["by_number"]) == ("valid", True)
    assert "lines" not in found and "headline" not in found, "whoever types numbers learns nothing of a person"
    page = world.anonymous().get(f"/b/{number}").body.decode()
    assert "未核验二维码签名" in page
    assert "请核对实物" not in page, "there is nothing on the page to compare the paper with"
    assert "请核对实物" in world.anonymous().get(printed(enterprise, certificate)).body.decode()
    assert status(world, "AAAA-BBBB-CCCC-DD") == "unknown"


def test_the_page_is_small_needs_no_script_and_names_nobody(world: World, enterprise: Enterprise) -> None:
    page = world.anonymous().get(printed(enterprise, enterprise.certificate()))
    text = page.body.decode()
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert len(page.body) < 20_000
    assert "<script" not in text and "http" not in re.sub(r'content="[^"]*"', "", text)
    assert enterprise.plates[0] in text and "有效" in text and "VALID" in text
    for personal in ("丙驾驶", "甲代表", enterprise.credit_code, enterprise.id_number):
        assert personal not in text
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")


@pytest.mark.parametrize(
    "number", ["1" * 222, "x", "1" * 4000, "%3Cscript%3Ealert(1)%3C%2Fscript%3E", "0" * 222, "٣" * 222]
)
def test_nonsense_gets_a_page_and_no_trouble(world: World, number: str) -> None:
    page = world.anonymous().get(f"/b/{number}")
    assert page.status == 200
    assert "不是真证" in page.body.decode() or "查无此证" in page.body.decode()
    assert "<script" not in page.body.decode()


def test_a_forgery_costs_no_read_and_a_genuine_scan_costs_one(
    world: World, enterprise: Enterprise, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = printed(enterprise, enterprise.certificate())
    status(world, path)
    monkeypatch.setattr("chalicelib.catalog.service._pointer", (1e18, world_release()))
    client = aws.client("dynamodb")
    send, calls = client._make_api_call, []

    def counted(operation: str, parameters: dict[str, object]) -> object:
        calls.append((operation, parameters.get("ConsistentRead", False)))
        return send(operation, parameters)

    monkeypatch.setattr(client, "_make_api_call", counted)
    assert status(world, path[:-1] + str((int(path[-1]) + 1) % 10)) == "forged"
    assert calls == []
    assert status(world, path) == "valid"
    assert calls == [("GetItem", False)]


def world_release() -> int:
    from chalicelib.catalog import service

    return service.release().number


def downloads(world: World, folder: Path) -> list[str]:
    """What somebody downloads who will be without a network, as arguments of the tool."""
    list_certificates.handler({})
    keys, part = folder / "keys.json", folder / "list.json"
    keys.write_bytes(world.anonymous().get("/v1/certificates/keys").body)
    part.write_bytes(world.anonymous().get("/v1/certificates/offline_list").body)
    return ["--keys", str(keys), "--list", str(part)]


def test_offline_the_tool_checks_a_number_and_a_photo(
    world: World, enterprise: Enterprise, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    certificate = enterprise.certificate()
    pdf = enterprise.print(certificate)
    photo = tmp_path / "photo.png"
    raster(pdf).save(photo)
    lists = downloads(world, tmp_path)
    assert verify_sticker.main([*lists, str(photo)]) == 0
    told = capsys.readouterr().out
    assert "有效 VALID" in told and enterprise.plates[0] in told and "第 1 版" in told
    assert verify_sticker.main([*lists[:2], str(photo)]) == 3, "without a list nobody can tell"

    newer = enterprise.print(certificate)
    lists = downloads(world, tmp_path)
    assert verify_sticker.main([*lists, decode(raster(pdf))]) == 1
    assert "SUPERSEDED" in capsys.readouterr().out.upper()
    assert verify_sticker.main([*lists, decode(raster(newer))]) == 0

    world.staff().post(f"/v1/certificates/{certificate}/revoke", {"reason": "车辆停运"})
    lists = downloads(world, tmp_path)
    assert verify_sticker.main([*lists, decode(raster(newer))]) == 1
    assert "revoked" in capsys.readouterr().out
    world.pass_time(days=3)
    assert verify_sticker.main([*lists, decode(raster(newer))]) == 3


def test_the_offline_tool_says_what_is_wrong_with_its_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from PIL import Image

    empty = tmp_path / "empty.png"
    Image.new("L", (200, 200), 255).save(empty)
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps({"keys": []}), encoding="utf-8")
    assert verify_sticker.main(["--keys", str(keys), str(empty)]) == 2
    assert "no QR" in capsys.readouterr().err
    assert verify_sticker.main(["--keys", str(keys), str(keys)]) == 2
    assert "no picture" in capsys.readouterr().err
    assert verify_sticker.main(["--keys", str(empty), "1"]) == 2
    assert "not a download of /v1/certificates/keys" in capsys.readouterr().err
    assert verify_sticker.main(["--keys", str(keys), "--list", str(keys), "1"]) == 2
    assert "offline_list" in capsys.readouterr().err
    assert verify_sticker.main(["--keys", str(keys), str(tmp_path / "no.png")]) == 2
    assert "there is no file" in capsys.readouterr().err
    for printed in ("741H-64DN-5HW0-18", "foo"):
        assert verify_sticker.main(["--keys", str(keys), printed]) == 3, (
            "nobody is accused of forging what is not signed"
        )


def test_the_list_names_nobody_and_forgets_what_has_expired(world: World, enterprise: Enterprise) -> None:
    certificate = enterprise.certificate()
    world.staff().post(f"/v1/certificates/{certificate}/revoke", {"reason": "车辆停运"})

    def listed() -> str:
        list_certificates.handler({})
        part = world.anonymous().get("/v1/certificates/offline_list").json
        return base64.b64decode(part["data"]).decode()

    assert certificate not in listed(), "who reads the list learns of no certificate"
    assert rules.listed_hash(certificate) in listed()
    world.pass_time(days=5)
    assert rules.listed_hash(certificate) not in listed()
    assert world.anonymous().get("/v1/certificates/offline_list?part=99").code == "not_found"


def test_a_suspended_certificate_holds_nothing_until_it_is_resumed(world: World, enterprise: Enterprise) -> None:
    certificate = enterprise.certificate()
    number = decode(raster(enterprise.print(certificate))).rpartition("/")[2]
    path = f"/v1/certificates/{certificate}"
    officer = world.staff()

    def listed() -> bool:
        list_certificates.handler({})
        part = world.anonymous().get("/v1/certificates/offline_list").json
        return rules.listed_hash(certificate) in base64.b64decode(part["data"]).decode()

    assert officer.post(f"{path}/resume", {"reason": "并未暂停"}).code == "certificate_wrong_state"
    assert officer.post(f"{path}/suspend", {"reason": "车辆待检"}).json["status"] == "suspended"
    assert status(world, number) == "suspended" and listed()
    assert "已暂停使用" in world.anonymous().get(f"/b/{number}").body.decode()
    assert enterprise.client.post(f"{path}/prints", {"reason": "遗失补打"}).code == "certificate_not_printable"
    assert enterprise.apply()["status"] != "completed", "its period is still taken"
    assert officer.post(f"{path}/resume", {"reason": "检验合格"}).json["status"] == "valid"
    assert status(world, number) == "valid" and not listed(), "the paper that was printed is good again"
    officer.post(f"{path}/suspend", {"reason": "车辆待检"})
    assert officer.post(f"{path}/revoke", {"reason": "检验不合格"}).json["status"] == "revoked"
    assert officer.post(f"{path}/resume", {"reason": "检验合格"}).code == "certificate_wrong_state"
    world.pump()
    told = {one["title"] for one in enterprise.client.get("/v1/messages").json["items"]}
    assert told >= {"证照已撤销", "证照已暂停使用", "证照已恢复使用"}


def test_a_revoked_period_is_free_for_a_new_application(world: World, enterprise: Enterprise) -> None:
    certificate = enterprise.certificate()
    officer = world.staff()
    revoke = f"/v1/certificates/{certificate}/revoke"
    assert officer.post(revoke, {"reason": "车辆停运"}).json["status"] == "revoked"
    assert officer.post(revoke, {"reason": "车辆停运"}).code == "certificate_wrong_state"
    assert enterprise.apply()["status"] == "completed"
