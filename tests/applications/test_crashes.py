"""Crashes before, after and in the middle of each write: a repeat finishes, nothing is doubled or lost."""

from __future__ import annotations

from contextlib import suppress

import pytest

from chalicelib.certificates import store
from scenes.world import Client, World
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


@pytest.mark.parametrize("mode", ["before", "after", "lost"])
@pytest.mark.parametrize("point", [1, 2])
def test_beginning_survives_a_crash_at_every_write(
    world: World, monkeypatch: pytest.MonkeyPatch, point: int, mode: str
) -> None:
    """The draft, then what is prefilled in it."""
    enterprise = world.enterprise()
    prefilled = enterprise.draft()["form"]
    key = {"idempotency-key": "begin-once"}
    body = {"service": "tour_bus_sticker"}
    with dying_at(monkeypatch, point, mode), suppress(Crash):
        enterprise.client.post("/v1/applications", body, headers=key)
    begun = enterprise.client.post("/v1/applications", body, headers=key)
    assert begun.status == 201
    assert begun.json["form"] and set(begun.json["form"]) <= set(prefilled)
    assert len(enterprise.client.get("/v1/applications").json["items"]) == 2


def test_a_draft_that_was_begun_by_half_can_be_filled_in(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    enterprise = world.enterprise()
    with dying_at(monkeypatch, 2, "before"), suppress(Crash):
        enterprise.client.post("/v1/applications", {"service": "tour_bus_sticker"})
    (row,) = enterprise.client.get("/v1/applications").json["items"]
    path = f"/v1/applications/{row['id']}"
    assert enterprise.client.get(path).json["form"] == {}
    assert enterprise.client.put(f"{path}/form", {"form": enterprise.trip()}).json["problems"] == []
    assert enterprise.client.post(f"{path}/submit").json["status"] == "completed"


def shown(officer: Client) -> dict[str, str | None]:
    """All tasks of an officer's unit, and who has them; other tests leave theirs there."""
    found: dict[str, str | None] = {}
    cursor = ""
    while True:
        page = officer.get(f"/v1/tasks{cursor}").json
        found |= {row["id"]: row.get("officer") for row in page["items"]}
        if "cursor" not in page:
            return found
        cursor = f"?cursor={page['cursor']}"


@pytest.mark.parametrize("mode", ["before", "after", "lost"])
@pytest.mark.parametrize("point", [1, 2])
def test_claiming_survives_a_crash_at_every_write(
    world: World, monkeypatch: pytest.MonkeyPatch, point: int, mode: str
) -> None:
    """The case's head, then the row of the unit's queue."""
    task = f"/v1/tasks/{world.enterprise().apply(route_class='inter_provincial')['id']}-review"
    first, second = world.staff("officer.a"), world.staff("officer.b")
    with dying_at(monkeypatch, point, mode), suppress(Crash):
        first.post(f"{task}/claim")
    assert first.post(f"{task}/claim").status == 200
    assert second.post(f"{task}/claim").code == "task_taken"
    assert shown(first)[task.removeprefix("/v1/tasks/")] == "officer.a"
    assert first.post(f"{task}/approve", {"opinion": "同意"}).status == 200
    assert task.removeprefix("/v1/tasks/") not in shown(first)
