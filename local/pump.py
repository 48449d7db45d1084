"""Feeds the functions as Lambda would: the tables' streams to their handlers, and the schedules.

Records are given as Lambda gives them, failures are retried from the failed record a number of times, and the position
is kept in the data folder so that a restart goes on where it was.
"""

from __future__ import annotations

import importlib
import json
import re
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from local import filters, setup, template
from local.environment import STAGE, Environment, write_atomically

IDLE_SECONDS = 0.05
QUIET_SECONDS = 0.25  # as often as Lambda asks
MOST_TRIES = 20


def handler(name: str) -> Callable[..., Any]:
    """The function behind a handler's name such as ``functions.append_history.handler``."""
    module, _, function = name.rpartition(".")
    found: Callable[..., Any] = getattr(importlib.import_module(module), function)
    return found


@dataclass(kw_only=True)
class Stream:
    """One table's stream on its way to one handler; ``position`` is the last sequence number done."""

    table: str
    function: str
    position: str = ""
    iterator: str | None = field(default=None, repr=False)
    tries: dict[str, int] = field(default_factory=dict, repr=False)
    quiet_until: float = field(default=0.0, repr=False)


PARTS = {"messages": ("functions.notify_people.handler",), "sending": ("functions.send_messages.handler",)}
"""Streams that a process of their own delivers; all others, and the schedules, belong to the part ``pump``."""


def is_of(part: str, function: str) -> bool:
    """Whether a part of the pump delivers to a function; the empty part delivers to all."""
    if not part:
        return True
    return function in PARTS[part] if part in PARTS else all(function not in own for own in PARTS.values())


class Pump:
    """The template's streams, all of them or one part."""

    def __init__(self, environment: Environment, part: str = "") -> None:
        self._environment = environment
        self._database = setup.client("dynamodb", environment)
        self._client = setup.client("dynamodbstreams", environment)
        self._kept = environment.data / (f"streams-{part}.json" if part in PARTS else "streams.json")
        positions = json.loads(self._kept.read_text(encoding="utf-8")) if self._kept.exists() else {}
        self._filters = template.stream_filters(STAGE)
        self.streams = [
            Stream(table=table, function=function, position=positions.get(f"{table}>{function}", ""))
            for table, function in template.stream_handlers(STAGE)
            if is_of(part, function)
        ]

    def drain(self) -> int:
        """Deliver everything that is waiting; how many records."""
        total = 0
        while delivered := sum(self._deliver(stream) for stream in self.streams):
            total += delivered
        return total

    def round(self) -> int:
        """Deliver what is waiting, one stream after the other; one that was empty is asked again a moment later."""
        total = 0
        for stream in self.streams:
            if time.monotonic() < stream.quiet_until:
                continue
            while delivered := self._deliver(stream):
                total += delivered
            stream.quiet_until = time.monotonic() + QUIET_SECONDS
        return total

    def _deliver(self, stream: Stream) -> int:
        records = self._next_records(stream)
        if not records:
            return 0
        patterns = self._filters[stream.table, stream.function]
        given = [record for record in records if not patterns or any(filters.fits(record, one) for one in patterns)]
        answer = None
        if given:
            answer = handler(stream.function)({"Records": [_as_lambda_gives(record) for record in given]})
        failed = {failure["itemIdentifier"] for failure in (answer or {}).get("batchItemFailures", [])}
        failed = {number for number in failed if not self._given_up(stream, number)}
        done = 0
        for record in records:
            if record["dynamodb"]["SequenceNumber"] in failed:
                stream.iterator = None
                break
            stream.position = record["dynamodb"]["SequenceNumber"]
            done += 1
        self._save()
        return done

    def _given_up(self, stream: Stream, number: str) -> bool:
        """Count a failure; after many, say so and pass over the record, as the template's failure queue does."""
        stream.tries[number] = stream.tries.get(number, 0) + 1
        if stream.tries[number] < MOST_TRIES:
            return False
        if stream.tries[number] == MOST_TRIES:
            print(f"{stream.table}: record {number} given up after {MOST_TRIES} tries", flush=True)
        return True

    def _next_records(self, stream: Stream) -> list[dict[str, Any]]:
        if stream.iterator is None:
            stream.iterator = self._iterator(stream)
        page = self._client.get_records(ShardIterator=stream.iterator, Limit=100)
        stream.iterator = page.get("NextShardIterator")
        records: list[dict[str, Any]] = page["Records"]
        return records

    def waiting_batch(self, stream: Stream) -> dict[str, Any]:
        """Where the records are that wait in a stream, as Lambda's message to a failure queue says it."""
        arn, shard = self._place(stream)
        stream.iterator = None
        numbers = [record["dynamodb"]["SequenceNumber"] for record in self._next_records(stream)]
        stream.iterator = None
        return {
            "shardId": shard,
            "startSequenceNumber": numbers[0],
            "endSequenceNumber": numbers[-1],
            "batchSize": len(numbers),
            "streamArn": arn,
        }

    def _place(self, stream: Stream) -> tuple[str, str]:
        arn = self._database.describe_table(TableName=stream.table)["Table"]["LatestStreamArn"]
        return arn, self._client.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]

    def _iterator(self, stream: Stream) -> str:
        arn, shard = self._place(stream)
        request: dict[str, str] = {"StreamArn": arn, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"}
        if stream.position:
            request |= {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": stream.position}
        found: str = self._client.get_shard_iterator(**request)["ShardIterator"]
        return found

    def _save(self) -> None:
        positions = {f"{stream.table}>{stream.function}": stream.position for stream in self.streams}
        write_atomically(self._kept, json.dumps(positions))


def _as_lambda_gives(record: dict[str, Any]) -> dict[str, Any]:
    """The record with epoch seconds and base64 text, which boto gives as datetime and bytes."""
    import base64

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: plain(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [plain(inner) for inner in value]
        if isinstance(value, bytes):
            return base64.b64encode(value).decode()
        return int(value.timestamp()) if isinstance(value, datetime) else value

    converted: dict[str, Any] = plain(record)
    return converted


def is_due(expression: str, moment: datetime) -> bool:
    """Whether a schedule is due in this minute: ``rate(5 minutes)``, ``cron(30 10,14 * * ? *)`` (UTC)."""
    if rate := re.fullmatch(r"rate\((\d+) minutes?\)", expression):
        return int(moment.timestamp()) // 60 % int(rate[1]) == 0
    daily = re.fullmatch(r"cron\((\d+) (\d+(?:,\d+)*) \* \* \? \*\)", expression)
    if daily is None:
        raise ValueError(f"the pump knows rates in minutes and daily schedules, not {expression}")
    return moment.minute == int(daily[1]) and moment.hour in map(int, daily[2].split(","))


def run(environment: Environment, part: str = "pump") -> None:
    """Deliver for ever; errors are printed and tried again. The part ``pump`` runs the schedules."""
    pump, last_minute = Pump(environment, part), ""
    while True:
        try:
            pump.round()
            minute = datetime.now(UTC).strftime("%Y-%m-%d %H:%M")
            if minute != last_minute and part == "pump":
                last_minute = minute
                _run_schedules()
        except Exception:
            traceback.print_exc()
            time.sleep(1)
        time.sleep(IDLE_SECONDS)


def _run_schedules() -> None:
    for expression, function in template.schedules(STAGE):
        if is_due(expression, datetime.now(UTC)):
            print(f"{function}: {handler(function)({})}", flush=True)
