"""One loop for the records of a stream: failures come again, one partition key keeps its order, the others go on."""

from __future__ import annotations

import pytest

from chalicelib.kernel.storage import streams
from chalicelib.kernel.storage.streams import Record
from scenes.world import World


def event(*keys: str) -> dict[str, list[dict[str, object]]]:
    records: list[dict[str, object]] = []
    for number, key in enumerate(keys):
        image = {"pk": {"S": key}, "sk": {"S": "HEAD"}} if key else {}
        records.append({"eventName": "INSERT", "dynamodb": {"SequenceNumber": str(number), "NewImage": image}})
    return {"Records": records}


@pytest.mark.parametrize("threads", [1, 3])
def test_a_failure_holds_back_only_the_later_records_of_its_key(world: World, threads: int) -> None:
    worked: list[str] = []

    def work(record: Record) -> None:
        worked.append(record.number)
        if record.number == "1":
            raise RuntimeError

    answer = streams.work_through(event("A", "B", "A", "B", "C"), work, "stream_test_failed", threads)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "1"}, {"itemIdentifier": "3"}]}
    assert sorted(worked) == ["0", "1", "2", "4"], "the later one of B waits for the next time"


def test_removals_have_no_key_and_hold_back_nothing(world: World) -> None:
    seen: list[tuple[str, str]] = []

    def work(record: Record) -> None:
        seen.append((record.pk, record.text("status")))
        raise RuntimeError

    answer = streams.work_through(event("", ""), work, "stream_test_failed")
    assert [one["itemIdentifier"] for one in answer["batchItemFailures"]] == ["0", "1"]
    assert seen == [("", ""), ("", "")]
