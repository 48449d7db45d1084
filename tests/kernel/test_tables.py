"""The database at its worst: conflicts, throttling, silence."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from chalicelib.appointments import store as appointment_store
from chalicelib.kernel import aws
from chalicelib.kernel.security import vault
from chalicelib.kernel.security.vault import KernelItem
from chalicelib.kernel.storage import tables
from scenes.world import World


@pytest.fixture
def calls(world: World, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The operations sent to the database; faults are put in by ``fail``."""
    made: list[str] = []
    client = aws.client("dynamodb")
    send = client._make_api_call

    def counted(operation: str, parameters: dict[str, Any]) -> Any:
        made.append(operation)
        return send(operation, parameters)

    monkeypatch.setattr(client, "_make_api_call", counted)
    return made


def fail(monkeypatch: pytest.MonkeyPatch, times: int, error: Callable[[str], Exception]) -> None:
    client = aws.client("dynamodb")
    send = client._make_api_call
    left = [times]

    def failing(operation: str, parameters: dict[str, Any]) -> Any:
        if left[0]:
            left[0] -= 1
            raise error(operation)
        return send(operation, parameters)

    monkeypatch.setattr(client, "_make_api_call", failing)


def conflict(operation: str) -> ClientError:
    return ClientError(
        {
            "Error": {"Code": "TransactionCanceledException", "Message": "conflict"},
            "CancellationReasons": [{"Code": "TransactionConflict", "Message": "busy"}, {"Code": "None"}],
        },
        operation,
    )


def throttled(operation: str) -> ClientError:
    return ClientError({"Error": {"Code": "ProvisionedThroughputExceededException", "Message": "slow down"}}, operation)


def silent(operation: str) -> ReadTimeoutError:
    return ReadTimeoutError(endpoint_url="http://database")


def two_items(name: str) -> list[tables.Put]:
    return [tables.Put(KernelItem(f"TEST#{name}{number}", times=number)) for number in (1, 2)]


def test_a_conflicting_transaction_is_tried_again(
    world: World, calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fail(monkeypatch, 3, conflict)
    tables.write(*two_items("conflict"))
    assert tables.read(KernelItem, "TEST#conflict2") is not None


def test_lasting_conflicts_end_in_a_clear_answer(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    person = world.real_person()
    fail(monkeypatch, 10_000, conflict)
    answer = person.post("/v1/applications", {"service": "house_purchase_certificate"})
    assert (answer.status, answer.code) == (503, "temporarily_unavailable")
    assert answer.headers["Retry-After"] == "1"


@pytest.mark.parametrize("error", [throttled, silent])
def test_a_throttled_or_silent_database_ends_in_503(
    world: World, monkeypatch: pytest.MonkeyPatch, error: Callable[[str], Exception]
) -> None:
    person = world.real_person()
    fail(monkeypatch, 10_000, error)
    answer = person.get("/v1/me")
    assert (answer.status, answer.code) == (503, "temporarily_unavailable")


def test_a_refused_condition_writes_nothing_of_the_transaction(world: World) -> None:
    tables.write(*two_items("kept"))
    with pytest.raises(tables.ConditionFailed):
        tables.write(
            tables.Put(KernelItem("TEST#new", times=1)),
            tables.Put(KernelItem("TEST#kept1", times=9), tables.absent(KernelItem)),
        )
    assert tables.read(KernelItem, "TEST#new") is None


def test_all_tables_share_one_connection() -> None:
    from chalicelib.applications.store import ApplicationItem

    assert KernelItem._get_connection().connection is ApplicationItem._get_connection().connection
    assert vault.KernelItem is KernelItem


def test_threads_that_use_a_table_first_at_the_same_time_all_get_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a release morning the first requests of a process come together."""
    shared = tables.connection()
    models = [appointment_store.AppointmentItem, appointment_store.slots.SlotItem]
    for model in models:
        model._get_connection()  # what is there now comes back after the test
    known = {name: value for name, value in shared._tables.items() if not name.endswith("appointments")}
    monkeypatch.setattr(shared, "_tables", known)
    for model in models:
        monkeypatch.delattr(model, "_shared_table_connection")
    schema_of = tables._schema

    def slowly(model: type[tables.Table]) -> dict[str, Any]:
        time.sleep(0.02)
        return schema_of(model)

    monkeypatch.setattr(tables, "_schema", slowly)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda place: models[place % 2]._get_connection().connection, range(8)))
    assert all(one is shared for one in found)
