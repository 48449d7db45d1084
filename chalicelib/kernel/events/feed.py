"""From the tables' streams into the event log: repeats are harmless, and nothing is lost.

A failure that passes is given back to the stream, which brings the record again. A record that can never
be appended as it is (a fault in it or in our code) goes to the queue of failures with its changes, so that
it holds up nobody else; ``replay`` appends what waits there once the cause is mended.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import msgspec

from chalicelib.kernel import aws, errors, log
from chalicelib.kernel.events import changes, history, readings
from chalicelib.kernel.settings import settings
from chalicelib.kernel.storage import streams
from chalicelib.kernel.storage.streams import Image, Record

_BATCHES = 100
_WAIT_SECONDS = 2  # a wait asks all of the queue's servers, an immediate answer only some


class Letter(msgspec.Struct, frozen=True):
    """One image's changes that could not be appended."""

    subject: str
    changes: bytes


class Replayed(msgspec.Struct, frozen=True):
    """How many letters were appended, and how many failed again and stay in the queue."""

    appended: int
    failed: int


def append_records(event: Mapping[str, Any]) -> streams.Answer:
    """Append the changes that each record's new image carries; the answer names the records to be brought again.

    Nothing is queued behind a record that is brought again, or it would be queued each time.
    """
    has_failed: list[str] = []

    def append(record: Record) -> None:
        letter = _letter(record.image)
        if letter is None:
            return
        try:
            _append(letter)
        except Exception as error:
            if has_failed or _passes(error):
                has_failed.append(letter.subject)
                raise
            log.failure("history_append_failed", error, subject=letter.subject)
            try:
                _keep(letter)
            except Exception:
                has_failed.append(letter.subject)
                raise

    return streams.work_through(event, append, "history_append_failed")


def _letter(image: Image) -> Letter | None:
    if "changes" not in image:
        return None
    key = image["pk"]["S"]
    sort = image["sk"]["S"]
    subject = key if sort == "HEAD" else f"{key}/{sort}"
    return Letter(subject, base64.b64decode(image["changes"]["B"]))


def _append(letter: Letter) -> None:
    decoded = changes.decode(letter.changes)
    history.append(letter.subject, decoded)
    readings.note(letter.subject, decoded)


def _passes(error: Exception) -> bool:
    if isinstance(error, errors.Problem):
        return error.error.status == errors.UNAVAILABLE.status
    return aws.is_passing(error)


def _keep(letter: Letter) -> None:
    body = msgspec.json.encode(letter).decode()
    aws.client("sqs").send_message(QueueUrl=settings().history_failures_url, MessageBody=body)


def replay() -> Replayed:
    """Append what waits in the queue of failures; what fails again stays there for the next time.

    Letters are appended by subject and version, whatever order the queue hands them out in. Each run
    takes at most 1,000 messages.
    """
    queue = settings().history_failures_url
    sqs = aws.client("sqs")
    waiting: list[dict[str, Any]] = []
    for _ in range(_BATCHES):
        answer = sqs.receive_message(
            QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=120, WaitTimeSeconds=_WAIT_SECONDS
        )
        if not answer.get("Messages"):
            break
        waiting += answer["Messages"]
    appended = sum(_replay_one(message) for message in sorted(waiting, key=_place))
    return Replayed(appended, len(waiting) - appended)


def _replay_one(message: dict[str, Any]) -> bool:
    queue = settings().history_failures_url
    sqs = aws.client("sqs")
    handle = message["ReceiptHandle"]
    try:
        for letter in _letters(message["Body"]):
            _append(letter)
    except Exception as error:
        log.failure("history_replay_failed", error)
        sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=handle, VisibilityTimeout=0)
        return False
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=handle)
    return True


def _place(message: dict[str, Any]) -> tuple[str, int]:
    try:
        letter = msgspec.json.decode(message["Body"], type=Letter)
        return letter.subject, max(change.version for change in changes.decode(letter.changes))
    except Exception:
        return "", 0


def _letters(body: str) -> list[Letter]:
    """The letter that we kept ourselves, or the records that Lambda points to when a function crashed on them."""
    message = msgspec.json.decode(body)
    if "DDBStreamBatchInfo" not in message:
        return [msgspec.convert(message, Letter)]
    return [letter for image in _images(message["DDBStreamBatchInfo"]) if (letter := _letter(image))]


def _images(batch: dict[str, Any]) -> list[dict[str, Any]]:
    """The new images of a batch, read again from the stream, which keeps them for 24 hours."""
    streams = aws.client("dynamodbstreams")
    iterator = streams.get_shard_iterator(
        StreamArn=batch["streamArn"],
        ShardId=batch["shardId"],
        ShardIteratorType="AT_SEQUENCE_NUMBER",
        SequenceNumber=batch["startSequenceNumber"],
    )["ShardIterator"]
    images: list[dict[str, Any]] = []
    reached = ""
    while reached != batch["endSequenceNumber"]:
        if iterator is None or len(images) > batch["batchSize"]:
            raise LookupError("the stream no longer has these records")
        page = streams.get_records(ShardIterator=iterator, Limit=batch["batchSize"])
        for record in page["Records"]:
            reached = record["dynamodb"]["SequenceNumber"]
            images.append(record["dynamodb"].get("NewImage", {}))
            if reached == batch["endSequenceNumber"]:
                break
        iterator = page.get("NextShardIterator")
    for image in images:
        if "changes" in image:
            image["changes"]["B"] = base64.b64encode(image["changes"]["B"])
    return images
