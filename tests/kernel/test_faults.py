"""Throttled, slow and failing AWS: tried again within the request's time, then a clear 503; nothing half-written."""

from __future__ import annotations

import pytest

from chalicelib.applications import store
from chalicelib.kernel import budget, errors
from chalicelib.kernel.edge import idempotency
from chalicelib.kernel.security import vault
from chalicelib.kernel.storage import tables
from scenes.world import World
from tests.kernel.faults import BROKEN, DENIED, LOST, SILENT, THROTTLED, Fault, faults


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)


@pytest.mark.parametrize("fault", [THROTTLED, BROKEN, SILENT])
def test_a_call_that_fails_twice_is_tried_again_unnoticed(world: World, fault: Fault) -> None:
    person = world.real_person()
    with faults("dynamodb", fault, times=2) as failed:
        assert person.get("/v1/me").status == 200
    assert len(failed) == 2


@pytest.mark.parametrize("fault", [THROTTLED, BROKEN, SILENT])
def test_a_service_that_stays_away_is_told_with_a_hint_and_nothing_is_written(world: World, fault: Fault) -> None:
    enterprise = world.enterprise()
    draft = enterprise.draft()
    before = store.application(draft["id"])
    assert before is not None
    with faults("dynamodb", fault, operation="TransactWriteItems") as failed:
        refused = enterprise.client.post(f"/v1/applications/{draft['id']}/submit")
    assert failed and refused.status == 503 and refused.code == "temporarily_unavailable"
    assert int(refused.headers["Retry-After"]) > 0
    after = store.application(draft["id"])
    assert after is not None and after.version == before.version
    done = enterprise.client.post(f"/v1/applications/{draft['id']}/submit")
    assert done.status == 200 and done.json["status"] == "completed"


@pytest.mark.parametrize("fault", [THROTTLED, BROKEN, SILENT])
def test_keys_that_cannot_be_used_now_are_no_internal_error(
    world: World, monkeypatch: pytest.MonkeyPatch, fault: Fault
) -> None:
    code = world.simulators.wechat.controls["login_codes"]({"user": "keys"})["code"]
    monkeypatch.setattr(vault, "_unwrapped", {})
    with faults("kms", fault, operation="Decrypt"):
        refused = world.anonymous().post("/v1/auth/wechat", {"code": code})
    assert refused.status == 503 and refused.code == "temporarily_unavailable"
    assert refused.headers["Retry-After"]


def test_a_refusal_by_aws_is_an_internal_error(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    person = world.real_person()
    with faults("dynamodb", DENIED, operation="GetItem"):
        assert person.get("/v1/me").code == "internal_error"
    code = world.simulators.wechat.controls["login_codes"]({"user": "denied"})["code"]
    monkeypatch.setattr(vault, "_unwrapped", {})
    with faults("kms", DENIED, operation="Decrypt"):
        assert world.anonymous().post("/v1/auth/wechat", {"code": code}).code == "internal_error"


def test_a_write_whose_answer_was_lost_is_recognised_as_our_own(world: World) -> None:
    item = vault.KernelItem("TEST#lost", times=1)
    with faults("dynamodb", LOST, times=1) as failed:
        tables.write(tables.Put(item, tables.absent(vault.KernelItem)))
    assert failed == ["PutItem"]
    tables.write(tables.Delete(item))


def test_a_write_that_somebody_else_won_is_still_a_conflict_after_a_repetition(world: World) -> None:
    first, second = vault.KernelItem("TEST#once", times=1), vault.KernelItem("TEST#once", times=2)
    tables.write(tables.Put(first, tables.absent(vault.KernelItem)))
    with faults("dynamodb", SILENT, times=1), pytest.raises(tables.ConditionFailed):
        tables.write(tables.Put(second, tables.absent(vault.KernelItem)))
    tables.write(tables.Delete(first))


def test_two_attempts_with_one_key_never_both_do_the_work(world: World) -> None:
    """The second one's first try is lost; its repetition meets the first one's record, which is not its own."""
    done: list[str] = []

    def work(name: str) -> idempotency.StoredAnswer:
        done.append(name)
        if name == "first":
            with faults("dynamodb", SILENT, operation="PutItem", times=1), pytest.raises(errors.Problem) as refused:
                idempotency.once("TEST#twice", b"{}", lambda: work("second"))
            assert refused.value.error is errors.IDEMPOTENCY_IN_PROGRESS
        return idempotency.StoredAnswer(200, b"{}")

    idempotency.once("TEST#twice", b"{}", lambda: work("first"))
    assert done == ["first"]


def test_a_removal_whose_answer_was_lost_is_done(world: World) -> None:
    item = vault.KernelItem("TEST#gone", times=1)
    tables.write(tables.Put(item))
    with faults("dynamodb", LOST, operation="DeleteItem", times=1):
        tables.write(tables.Delete(item, vault.KernelItem.pk.exists()))
    assert tables.read(vault.KernelItem, "TEST#gone", consistent=True) is None


def test_no_call_begins_when_the_requests_time_is_used_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    person = world.real_person()
    monkeypatch.setattr(budget, "REQUEST_SECONDS", 0.0)
    with faults("dynamodb", BROKEN) as reached:
        refused = person.get("/v1/me")
    assert refused.status == 503 and refused.headers["Retry-After"] and not reached


def test_time_is_used_up_in_the_middle_of_a_request(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    enterprise = world.enterprise()
    draft = enterprise.draft()
    left = iter([5.0] * 4)
    monkeypatch.setattr(budget, "remaining", lambda: next(left, 0.0))
    refused = enterprise.client.post(f"/v1/applications/{draft['id']}/submit")
    monkeypatch.undo()
    assert refused.status == 503
    done = enterprise.client.post(f"/v1/applications/{draft['id']}/submit")
    assert done.status == 200, done.json


def test_outside_a_request_time_has_no_end() -> None:
    assert budget.remaining() == float("inf")
    with budget.of_seconds(3):
        assert 2 < budget.remaining() <= 3
