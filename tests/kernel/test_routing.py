"""Requests find their endpoints below few resources; what none serves is refused in our own words."""

from __future__ import annotations

import json

import pytest

from scenes.world import World


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/services", 200),
        ("GET", "/v1/services/", 200),
        ("GET", "/v1//services", 404),
        ("GET", "/v1/services/nothing/more", 404),
        ("GET", "/v1/nothing", 404),
        ("GET", "/nothing", 404),
        ("PATCH", "/v1/services", 405),
        ("HEAD", "/v1/services", 405),
        ("OPTIONS", "/v1/services", 405),
        ("GET", "/v1/certificates/keys", 200),
        ("GET", "/v1/prints%2Fx.y", 404),
        ("GET", "/v1/documents%2Fx.y", 404),
        ("DELETE", "/v1/prints/x.y", 405),
        ("GET", "/v1/prints/x.y", 410),
    ],
)
def test_a_request_is_served_or_refused_in_our_words(world: World, method: str, path: str, status: int) -> None:
    answer = world.gateway.handle(method, path, {"accept": "*/*"}, b"", "203.0.113.7")
    assert answer.status == status
    if status >= 400 and method != "HEAD":
        problem = json.loads(answer.body)
        assert problem["status"] == status and problem["request_id"] == answer.headers["X-Request-Id"]
    if status == 405:
        assert answer.headers["Allow"] == "GET"


FRONT_END = "http://localhost:5173"


def test_a_browser_of_a_configured_origin_may_call_and_any_other_may_not(world: World) -> None:
    headers = {"accept": "*/*", "origin": FRONT_END}
    answer = world.gateway.handle("GET", "/v1/services", headers, b"", "203.0.113.7")
    assert answer.headers["Access-Control-Allow-Origin"] == FRONT_END and answer.headers["Vary"] == "Origin"
    assert "ETag" in answer.headers["Access-Control-Expose-Headers"]
    stranger = world.gateway.handle(
        "GET", "/v1/services", {**headers, "origin": "https://evil.example"}, b"", "1.1.1.1"
    )
    assert stranger.status == 200 and "Access-Control-Allow-Origin" not in stranger.headers
    refused = world.gateway.handle("GET", "/v1/me", headers, b"", "203.0.113.7")
    assert refused.status == 401 and refused.headers["Access-Control-Allow-Origin"] == FRONT_END


def test_a_browser_learns_before_its_request_what_it_may_send(world: World) -> None:
    asked = {"accept": "*/*", "origin": FRONT_END, "access-control-request-method": "POST"}
    answer = world.gateway.handle("OPTIONS", "/v1/applications", asked, b"", "203.0.113.7")
    assert answer.status == 204 and answer.body == b""
    assert answer.headers["Access-Control-Allow-Origin"] == FRONT_END
    assert answer.headers["Access-Control-Allow-Methods"] == "GET, POST"
    assert "Idempotency-Key" in answer.headers["Access-Control-Allow-Headers"]
    stranger = world.gateway.handle("OPTIONS", "/v1/applications", {**asked, "origin": "null"}, b"", "203.0.113.7")
    assert stranger.status == 405 and "Access-Control-Allow-Origin" not in stranger.headers
    unknown = world.gateway.handle("OPTIONS", "/v1/nothing", asked, b"", "203.0.113.7")
    assert unknown.status == 404
