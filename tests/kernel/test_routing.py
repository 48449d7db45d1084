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
        ("GET", "/v1/certificates/revoked", 200),
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
