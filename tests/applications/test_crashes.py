"""Crashes before, after and in the middle of each write: a repeat finishes, nothing is doubled or lost."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.certificates import store
from chalicelib.kernel import aws
from tests.world import World

WRITES = {"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"}


class Crash(BaseException):
    """The process dies here."""


def crash_at(monkeypatch: pytest.MonkeyPatch, point: int, *, applied: bool) -> None:
    """Die at the ``point``-th write, before it or (``applied``) right after it."""
    client = aws.client("dynamodb")
    send, seen = client._make_api_call, [0]

    def dying(operation: str, parameters: dict[str, Any]) -> Any:
        if operation not in WRITES:
            return send(operation, parameters)
        seen[0] += 1
        if seen[0] != point:
            return send(operation, parameters)
        if applied:
            send(operation, parameters)
        raise Crash

    monkeypatch.setattr(client, "_make_api_call", dying)


@pytest.mark.parametrize("applied", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("point", [1])
def test_submitting_survives_a_crash_at_every_write(
    world: World, monkeypatch: pytest.MonkeyPatch, point: int, applied: bool
) -> None:
    enterprise = world.enterprise()
    path = f"/v1/applications/{enterprise.draft()['id']}"
    with monkeypatch.context() as dying:
        crash_at(dying, point, applied=applied)
        with pytest.raises(Crash):
            enterprise.client.post(f"{path}/submit")
    again = enterprise.client.post(f"{path}/submit").json
    assert again["status"] == "completed"
    assert len(enterprise.client.get("/v1/certificates").json["items"]) == 1
    _, taken = store.periods("tour_bus_sticker", enterprise.plates[0])
    assert [period[0] for period in taken] == [again["certificate_id"]]


@pytest.mark.parametrize("applied", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("point", [1, 2, 3])
def test_printing_survives_a_crash_at_every_write(
    world: World, monkeypatch: pytest.MonkeyPatch, point: int, applied: bool
) -> None:
    enterprise = world.enterprise()
    certificate = enterprise.certificate()
    key = {"idempotency-key": f"print-{point}-{applied}"}
    path = f"/v1/certificates/{certificate}/prints"
    with monkeypatch.context() as dying:
        crash_at(dying, point, applied=applied)
        with pytest.raises(Crash):
            enterprise.client.post(path, {}, headers=key)
    world.pass_time(seconds=31)
    again = enterprise.client.post(path, {}, headers=key)
    assert again.status == 201
    current = enterprise.client.get(f"/v1/certificates/{certificate}").json["revision"]
    assert again.json["revision"] == current <= 2
