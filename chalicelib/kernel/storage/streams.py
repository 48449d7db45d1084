"""The records of a table's stream, as Lambda hands them to a function: each is worked on, failures come again.

Lambda brings a batch again from the first record that failed on. So work must be repeatable, and the records of one
partition key keep their order: after a failure the later ones of that key wait for the next time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.kernel import log
from chalicelib.kernel.storage import batch

Image = Mapping[str, Any]
Answer = dict[str, list[dict[str, str]]]


@dataclass(frozen=True)
class Record:
    """A change of an item: ``image`` is the item after it in DynamoDB's own JSON, empty for a removal."""

    number: str
    is_new_item: bool
    image: Image

    @property
    def pk(self) -> str:
        return self.text("pk")

    @property
    def sk(self) -> str:
        return self.text("sk")

    def text(self, attribute: str) -> str:
        """The value of an attribute that is a text; empty where there is none."""
        return str(self.image.get(attribute, {}).get("S", ""))


def work_through(event: Mapping[str, Any], work: Callable[[Record], object], failure: str, threads: int = 1) -> Answer:
    """Work on each record of a batch; the answer names those that are to be brought again.

    ``failure``: what the log calls a record whose work raised something. Records of one partition key are worked on one
    after the other, those of others side by side in ``threads``.
    """
    records = [_record(one) for one in event["Records"]]
    waiting: set[str] = set()  # partition keys of which a record failed; a key is worked on by one thread only

    def attempt(record: Record) -> bool:
        if record.pk and record.pk in waiting:
            return True  # not worked on: it must come again too
        try:
            work(record)
        except Exception as error:
            log.failure(failure, error, subject=record.pk)
            waiting.add(record.pk)
            return True
        return False

    failed = batch.side_by_side(attempt, records, threads, owner=lambda record: record.pk)
    again = [record.number for record, has_failed in zip(records, failed, strict=True) if has_failed]
    return {"batchItemFailures": [{"itemIdentifier": number} for number in again]}


def _record(given: Mapping[str, Any]) -> Record:
    change = given["dynamodb"]
    return Record(
        number=str(change["SequenceNumber"]),
        is_new_item=given.get("eventName") == "INSERT",
        image=change.get("NewImage", {}),
    )
