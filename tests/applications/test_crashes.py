"""Crashes before, after and in the middle of each write: a repeat finishes, nothing is doubled or lost."""

from __future__ import annotations

import pytest

from chalicelib.certificates import store
from scenes.world import World
from tests.interleaving import Crash, dying_at


@pytest.mark.parametrize("mode", ["before", "after"])
@pytest.mark.parametrize("point", [1])
def test_submitting_survives_a_crash_at_every_write(
    world: World, monkeypatch: pytest.MonkeyPatch, point: int, mode: str
) -> None:
    enterprise = world.enterprise()
    path = f"/v1/applications/{enterprise.draft()['id']}"
    with dying_at(monkeypatch, point, mode), pytest.raises(Crash):
        enterprise.client.post(f"{path}/submit")
    again = enterprise.client.post(f"{path}/submit").json
    assert again["status"] == "completed"
    assert len(enterprise.client.get("/v1/certificates").json["items"]) == 1
    _, taken = store.periods("tour_bus_sticker", enterprise.plates[0])
    assert [period[0] for period in taken] == [again["certificate_id"]]


@pytest.mark.parametrize("mode", ["before", "after"])
@pytest.mark.parametrize("point", [1, 2, 3])
def test_printing_survives_a_crash_at_every_write(
    world: World, monkeypatch: pytest.MonkeyPatch, point: int, mode: str
) -> None:
    enterprise = world.enterprise()
    certificate = enterprise.certificate()
    key = {"idempotency-key": f"print-{point}-{mode}"}
    path = f"/v1/certificates/{certificate}/prints"
    with dying_at(monkeypatch, point, mode), pytest.raises(Crash):
        enterprise.client.post(path, {}, headers=key)
    world.pass_time(seconds=31)
    again = enterprise.client.post(path, {}, headers=key)
    assert again.status == 201
    current = enterprise.client.get(f"/v1/certificates/{certificate}").json["revision"]
    assert again.json["revision"] == current <= 2
