"""Bad input at the edge: one clear problem, in both languages, with the place."""

from __future__ import annotations

import json
from typing import Annotated, Any
from urllib.parse import quote

import msgspec
import pytest

from chalicelib.kernel import errors
from chalicelib.kernel.edge import endpoint
from chalicelib.kernel.edge.field_errors import field_error
from chalicelib.kernel.edge.routing import LazyEndpoints
from scenes.world import Client, World


@pytest.fixture
def anonymous(world: World) -> Client:
    return world.anonymous()


def test_a_problem_has_a_stable_code_both_languages_and_the_request_id(anonymous: Client) -> None:
    answer = anonymous.get("/v1/services/no_such_service")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert {"type", "title", "title_en", "status", "code", "fields", "request_id"} == set(answer.json)
    assert answer.json["code"] == "service_unknown"
    assert answer.json["request_id"] == answer.headers["X-Request-Id"]


@pytest.mark.parametrize(
    ("body", "code", "path"),
    [
        (b"{", "invalid_json", None),
        (b"\xff\xfe", "invalid_json", None),
        (b"[" * 100_000, "invalid_json", None),
        (b"[]", "invalid_request", ""),
        (b"null", "invalid_request", ""),
        (b'{"code": 5}', "invalid_request", "/code"),
        (b'{"code": 1e400}', "invalid_request", ""),
        (b'{"code": "x", "role": "administrator"}', "invalid_request", "/role"),
        (b"{}", "invalid_request", "/code"),
        (b'{"code": ""}', "invalid_request", "/code"),
        (b"", "invalid_request", "/code"),
    ],
)
def test_bad_bodies(anonymous: Client, body: bytes, code: str, path: str | None) -> None:
    answer = anonymous.call("POST", "/v1/auth/wechat", raw=body)
    assert (answer.status, answer.code) == (400 if code == "invalid_json" else 422, code)
    if path is not None:
        field = answer.json["fields"][0]
        assert field["path"] == path and field["zh"] and field["en"]


def test_an_oversized_body_is_refused(anonymous: Client) -> None:
    body = json.dumps({"code": "x" * endpoint.MAX_BODY_BYTES}).encode()
    assert anonymous.call("POST", "/v1/auth/wechat", raw=body).code == "body_too_large"


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "application/x-www-form-urlencoded"])
def test_another_content_type_is_refused(anonymous: Client, content_type: str) -> None:
    answer = anonymous.post("/v1/auth/wechat", {"code": "x"}, headers={"content-type": content_type})
    assert (answer.status, answer.code) == (415, "unsupported_media_type")


def test_a_charset_is_fine(anonymous: Client) -> None:
    headers = {"content-type": "application/json; charset=utf-8"}
    assert anonymous.post("/v1/auth/wechat", {"code": "x"}, headers=headers).code == "login_code_invalid"


@pytest.mark.parametrize("path", ["/nowhere", "/v1/services/a/b", "/v1/../app.py", "/v1/services/%2e%2e%2fx"])
def test_unknown_paths(anonymous: Client, path: str) -> None:
    answer = anonymous.get(path)
    assert answer.status == 404 and answer.json["code"] in ("not_found", "service_unknown")
    assert answer.json["request_id"] == answer.headers["X-Request-Id"] != ""


def test_a_method_that_is_not_there(anonymous: Client) -> None:
    answer = anonymous.call("PATCH", "/v1/services")
    assert (answer.status, answer.code, answer.headers["Allow"]) == (405, "method_not_allowed", "GET")
    assert answer.json["request_id"] == answer.headers["X-Request-Id"] != ""


@pytest.mark.parametrize("query", ["?page=1", "?audience=robot", "?region=32", "?words=" + "x" * 61])
def test_bad_queries(anonymous: Client, query: str) -> None:
    assert anonymous.get("/v1/services" + query).code == "invalid_request"


@pytest.mark.parametrize(
    "cursor", ["x", "0.%%%", "9.", "0.eyJwayI6MX0", "-1.", "%C2%B2.x", "0.WyJwayIsInNrIiwiZ3NpMXNrIl0", "0.MQ"]
)
def test_a_made_up_cursor_is_refused(world: World, cursor: str) -> None:
    answer = world.real_person().get(f"/v1/applications?cursor={cursor}")
    assert (answer.status, answer.code) == (422, "invalid_request")


def test_head_is_no_get_and_has_no_body(anonymous: Client) -> None:
    answer = anonymous.call("HEAD", "/v1/services")
    assert (answer.status, answer.body) == (405, b"")


def test_polling_with_an_etag_costs_no_body(anonymous: Client) -> None:
    first = anonymous.get("/v1/services")
    again = anonymous.get("/v1/services", headers={"if-none-match": first.headers["ETag"]})
    assert (again.status, again.body) == (304, b"")


def test_an_unforeseen_error_says_nothing_of_itself(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from chalicelib.catalog import service

    def broken(*_: object) -> None:
        raise RuntimeError("secret detail 13800000000")

    monkeypatch.setattr(service, "search", broken)
    answer = world.anonymous().get("/v1/services")
    assert (answer.status, answer.code) == (500, "internal_error")
    assert b"secret" not in answer.body


def test_a_feature_that_cannot_be_loaded_is_told_as_a_fault_of_ours(
    anonymous: Client, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(self: LazyEndpoints, resource: str, path: str) -> None:
        raise ImportError("a secret of the machine")

    monkeypatch.setattr(LazyEndpoints, "router", broken)
    answer = anonymous.get("/v1/services")
    assert (answer.status, answer.code) == (500, "internal_error") and answer.headers["X-Request-Id"]
    assert b"secret" not in answer.body
    said = "".join(capsys.readouterr())
    assert "endpoints_not_loaded" in said and "secret" not in said


def test_an_error_code_is_declared_once() -> None:
    with pytest.raises(ValueError, match="declared twice"):
        errors.ErrorCode("not_found", 404, zh="x", en="x")


@pytest.mark.parametrize("blank", [" ", "\u3000", "\u200b", "\ufeff\u00a0"])
def test_text_of_blanks_only_is_no_text(anonymous: Client, blank: str) -> None:
    answer = anonymous.post("/v1/auth/wechat", {"code": blank})
    assert (answer.status, answer.code) == (422, "invalid_request")
    (field,) = answer.json["fields"]
    assert field["path"] == "/code" and field["zh"] == "请填写内容，不能只输入空格"


def test_blanks_around_text_do_not_count(world: World) -> None:
    code = world.simulators.wechat.controls["login_codes"]({"user": "blank-user"})["code"]
    answer = world.anonymous().post("/v1/auth/wechat", {"code": f"\u3000{code} "})
    assert answer.status == 200, answer.json


@pytest.mark.parametrize("known", ["W/{tag}", '"older", {tag}', '"older",W/{tag}', "*"])
def test_a_proxy_may_weaken_a_tag_or_send_several(anonymous: Client, known: str) -> None:
    tag = anonymous.get("/v1/services").headers["ETag"]
    again = anonymous.get("/v1/services", headers={"if-none-match": known.format(tag=tag)})
    assert again.status == 304
    assert anonymous.get("/v1/services", headers={"if-none-match": '"other"'}).status == 200


@pytest.mark.parametrize("month", ["0000-01", "２０２６-11", "2026-13"])
def test_a_month_that_is_none_is_said_to_be_malformed(anonymous: Client, month: str) -> None:
    asked = quote(month)
    reply = anonymous.get(f"/v1/halls/xuanwu_hall/days?month={asked}&services=tour_bus_sticker")
    assert (reply.status, reply.json["fields"][0]["path"], reply.json["fields"][0]["code"]) == (
        422,
        "/month",
        "malformed",
    )


@pytest.mark.parametrize("path", ["/t/{long}", "/v1/certificates/{long}", "/v1/tickets/{long}"])
def test_a_name_longer_than_a_key_of_the_database_names_nothing(world: World, path: str) -> None:
    reply = world.real_person().get(path.format(long="x" * 2100))
    assert reply.status in (200, 403, 404), reply.body  # 200: a page that says so


def test_what_has_too_long_a_name_is_removed_without_a_fault(world: World) -> None:
    person = world.real_person()
    for name in ("x" * 1100, quote("÷" * 600), "gone"):
        assert person.call("DELETE", f"/v1/addresses/{name}").status == 200


def test_an_enterprise_with_a_name_of_any_length_is_no_mandate(world: World) -> None:
    reply = world.real_person().get("/v1/me", headers={"acting-for": "x" * 3000})
    assert (reply.status, reply.json["code"]) == (403, "mandate_invalid")


class Shape(msgspec.Struct, forbid_unknown_fields=True):
    """What a body may be like."""

    count: Annotated[int, msgspec.Meta(ge=1, le=9)] = 1
    note: str | None = None
    words: Annotated[dict[str, str], msgspec.Meta(max_length=1)] = {}


@pytest.mark.parametrize(
    ("given", "path", "code"),
    [
        ({"count": 0}, "/count", "out_of_range"),
        ({"count": 10}, "/count", "out_of_range"),
        ({"note": 5}, "/note", "wrong_type"),
        ({"words": {"a": "b", "c": "d"}}, "/words", "wrong_length"),
        ({"a/b~c": 1}, "/a~1b~0c", "unknown_field"),
        ({"x" * 5000: 1}, "/" + "x" * 100, "unknown_field"),
    ],
)
def test_what_is_wrong_with_a_field_is_said_in_our_words(given: dict[str, Any], path: str, code: str) -> None:
    with pytest.raises(msgspec.ValidationError) as raised:
        msgspec.convert(given, Shape)
    fault = field_error(raised.value)
    assert (fault.path, fault.code) == (path, code)
    assert "Expected" not in fault.zh


def test_logins_and_refusals_stand_in_the_log(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = {"username": "nobody.here", "password": "guess", "code": "123456"}
    answers = [
        world.anonymous().post("/v1/auth/staff", wrong),
        world.anonymous().get("/v1/me"),
        world.real_person().get("/v1/staff/officer.a"),
    ]
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines() if '"event": "request"' in line]
    by_request = {line["request_id"]: line for line in lines}
    for answer in answers:
        line = by_request[answer.headers["X-Request-Id"]]
        assert (line["status"], line["code"]) == (answer.status, answer.code)
        assert line["operation"] and line["at"].endswith("+00:00")
    assert "guess" not in str(lines) and "nobody.here" not in str(lines)
    logged_in = [line for line in lines if line["operation"] == "log_in_with_wechat"]
    assert logged_in[0]["status"] == 200


def test_every_answer_is_safe_to_hold_and_personal_ones_are_not_stored(world: World, anonymous: Client) -> None:
    citizen = world.real_person()
    answers = {
        "public": anonymous.get("/v1/services"),
        "personal": citizen.get("/v1/me"),
        "refused": anonymous.get("/v1/me"),
        "absent": anonymous.get("/v1/nothing"),
        "page": anonymous.get("/b/1"),
    }
    for name, answer in answers.items():
        assert answer.headers["X-Content-Type-Options"] == "nosniff", name
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains", name
        assert answer.headers["Cache-Control"] == ("no-cache" if name == "public" else "no-store"), name
        policy = answer.headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in policy and "base-uri 'none'" in policy and "object-src 'none'" in policy
        assert answer.headers["Referrer-Policy"] == "no-referrer", name
    types = {name: answer.headers["Content-Type"] for name, answer in answers.items()}
    assert types["page"] == "text/html; charset=utf-8" and types["absent"] == "application/problem+json"
    assert types["public"] == types["personal"] == "application/json"
    tag = answers["personal"].headers["ETag"]
    assert citizen.get("/v1/me", headers={"if-none-match": tag}).status == 304, "who polls keeps it in memory"
