"""The event log: whole, ordered, chained; and what tampering with it looks like."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta
from typing import Any, ClassVar

import pytest
from botocore.exceptions import ClientError

from chalicelib import features
from chalicelib.applications import store
from chalicelib.kernel import aws, clock, errors
from chalicelib.kernel.events import audit, changes, feed, history
from chalicelib.kernel.events.changes import Change
from chalicelib.kernel.events.history import Fault, HistoryItem
from chalicelib.kernel.settings import settings
from chalicelib.kernel.storage import tables
from functions import append_history, check_history, seal_history
from local import pump
from scenes import tampering
from scenes.world import World
from tests.interleaving import dying_at


def some_changes(first: int, last: int) -> list[Change]:
    return [
        Change(version=number, type="changed", at=clock.now(), actor="system:test") for number in range(first, last + 1)
    ]


def alter(subject: str, version: int, **attributes: str) -> None:
    item = tables.read(HistoryItem, subject, f"{version:08d}", consistent=True)
    assert item is not None
    for name, value in attributes.items():
        setattr(item, name, value)
    tampering.overwrite(item)


def delete(subject: str, version: int) -> None:
    tampering.remove(HistoryItem(subject, f"{version:08d}"))


def test_an_application_has_every_change_in_its_history(world: World) -> None:
    applied = world.enterprise().apply()
    world.pump()
    item = store.application(applied["id"])
    assert item is not None
    recorded, _ = history.entries(item.subject)
    assert [change.version for change in recorded] == list(range(1, int(item.version) + 1))
    assert history.verify(item.subject, int(item.version)) is None


def test_the_timeline_is_whole_before_the_log_has_any_of_it(world: World) -> None:
    enterprise = world.enterprise()
    applied = enterprise.apply()
    entries = enterprise.client.get(f"/v1/applications/{applied['id']}/timeline").json["entries"]
    assert [entry["type"] for entry in entries][:2] == ["application_drafted", "application_submitted"]
    assert entries[-1]["type"] == "application_completed"


def test_redelivered_records_change_nothing(world: World) -> None:
    subject = "TEST#redelivered"
    assert history.append(subject, some_changes(1, 3)) == 3
    assert history.append(subject, some_changes(1, 3)) == 0
    assert history.append(subject, some_changes(2, 4)) == 1
    assert history.verify(subject, 4) is None


def test_a_gap_is_refused(world: World) -> None:
    history.append("TEST#gap", some_changes(1, 1))
    with pytest.raises(history.Gap):
        history.append("TEST#gap", some_changes(3, 3))


def record(number: int, subject: str, made: list[Change]) -> dict[str, Any]:
    packed = base64.b64encode(changes.pack(made)).decode()
    image = {"pk": {"S": subject}, "sk": {"S": "HEAD"}, "changes": {"B": packed}}
    return {"dynamodb": {"SequenceNumber": str(number), "NewImage": image}}


def letters() -> list[dict[str, Any]]:
    """What waits in the queue of failures; everything in it is removed."""
    queue, found = settings().history_failures_url, []
    while answer := aws.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        for message in answer:
            found.append(json.loads(message["Body"]))
            aws.client("sqs").delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return found


def test_a_failure_that_passes_is_given_back_and_holds_up_only_its_subject(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    append = history.append

    def failing(subject: str, new: list[Change]) -> int:
        if subject == "TEST#busy":
            raise errors.UNAVAILABLE()
        return append(subject, new)

    monkeypatch.setattr(history, "append", failing)
    event = {
        "Records": [
            record(1, "TEST#good", some_changes(1, 1)),
            record(2, "TEST#busy", some_changes(1, 1)),
            record(3, "TEST#busy", some_changes(2, 2)),
            record(4, "TEST#later", some_changes(1, 1)),
        ]
    }
    given_back = [{"itemIdentifier": "2"}, {"itemIdentifier": "3"}]  # the later one of the same subject waits
    assert append_history.handler(event) == {"batchItemFailures": given_back}
    assert history.verify("TEST#good", 1) is None
    assert history.verify("TEST#later", 1) is None
    monkeypatch.undo()
    assert append_history.handler(event) == {"batchItemFailures": []}
    assert history.verify("TEST#busy", 2) is None


def test_what_can_never_be_appended_goes_to_the_queue_and_holds_up_nobody(world: World) -> None:
    letters()
    nonsense = {"pk": {"S": "TEST#nonsense"}, "sk": {"S": "HEAD"}, "changes": {"B": base64.b64encode(b"?").decode()}}
    event = {
        "Records": [
            {"dynamodb": {"SequenceNumber": "1", "NewImage": nonsense}},
            record(2, "TEST#behind", some_changes(1, 1)),
        ]
    }
    assert append_history.handler(event) == {"batchItemFailures": []}
    assert history.verify("TEST#behind", 1) is None
    assert [letter["subject"] for letter in letters()] == ["TEST#nonsense"]


def refused(code: str) -> ClientError:
    response = {"Error": {"Code": code, "Message": ""}, "ResponseMetadata": {"HTTPStatusCode": 400}}
    return ClientError(response, "PutItem")


@pytest.mark.parametrize(
    ("error", "given_back"),
    [(refused("ThrottlingException"), True), (refused("ValidationException"), False), (refused("AccessDenied"), False)],
)
def test_what_aws_refuses_for_good_is_not_brought_again_and_again(
    world: World, monkeypatch: pytest.MonkeyPatch, error: ClientError, given_back: bool
) -> None:
    letters()

    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(tables, "read", fail)
    answer = append_history.handler({"Records": [record(1, "TEST#refused", some_changes(2, 2))]})
    monkeypatch.undo()
    assert bool(answer["batchItemFailures"]) == given_back
    assert bool(letters()) != given_back


def test_nothing_is_queued_behind_a_record_that_is_brought_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    letters()
    append, busy = history.append, [True]

    def failing(subject: str, new: list[Change]) -> int:
        if subject == "TEST#slow" and busy[0]:
            raise errors.UNAVAILABLE()
        return append(subject, new)

    monkeypatch.setattr(history, "append", failing)
    event = {"Records": [record(1, "TEST#slow", some_changes(1, 1)), record(2, "TEST#poison", some_changes(5, 5))]}
    for _ in range(3):
        failures = append_history.handler(event)["batchItemFailures"]
        assert [failure["itemIdentifier"] for failure in failures] == ["1", "2"]
    busy[0] = False
    assert append_history.handler(event) == {"batchItemFailures": []}
    assert [letter["subject"] for letter in letters()] == ["TEST#poison"]


def test_a_page_without_records_does_not_end_the_reading_of_a_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    def one(number: str) -> dict[str, Any]:
        return {"dynamodb": {"SequenceNumber": number, "NewImage": {}}}

    class Streams:
        pages: ClassVar[dict[str, tuple[list[dict[str, Any]], str | None]]] = {
            "a": ([], "b"),
            "b": ([one("1")], "c"),
            "c": ([], "d"),
            "d": ([one("2")], None),
        }

        def get_shard_iterator(self, **_: Any) -> dict[str, str]:
            return {"ShardIterator": "a"}

        def get_records(self, ShardIterator: str, **_: Any) -> dict[str, Any]:  # noqa: N803 - boto's name
            records, following = self.pages[ShardIterator]
            return {"Records": records, "NextShardIterator": following}

    monkeypatch.setattr(aws, "client", lambda _: Streams())
    batch = {"streamArn": "", "shardId": "", "startSequenceNumber": "1", "endSequenceNumber": "2", "batchSize": 2}
    assert len(feed._images(batch)) == 2
    with pytest.raises(LookupError):
        feed._images({**batch, "endSequenceNumber": "3"})


def test_a_replay_appends_in_order_and_keeps_what_fails_again(world: World) -> None:
    letters()
    event = {
        "Records": [
            record(3, "TEST#gone", some_changes(3, 3)),
            record(2, "TEST#gone", some_changes(2, 2)),
            record(4, "TEST#hopeless", some_changes(7, 7)),
        ]
    }
    append_history.handler(event)
    history.append("TEST#gone", some_changes(1, 1))
    replay = pump.handler("functions.replay_history.handler")
    assert replay({}) == {"appended": 2, "failed": 1}
    assert history.verify("TEST#gone", 3) is None
    assert [letter["subject"] for letter in letters()] == ["TEST#hopeless"]
    assert replay({}) == {"appended": 0, "failed": 0}


def test_records_that_lambda_gave_up_are_read_again_from_the_stream(world: World) -> None:
    """What Lambda puts into the queue when the function itself crashes: where in the stream the records are."""
    letters()
    world.pump()
    account = world.real_person().account_id
    (stream,) = [one for one in world.streams() if one.table.endswith("-identity")]
    batch = world.waiting_batch(stream)
    queue, body = settings().history_failures_url, json.dumps({"requestContext": {}, "DDBStreamBatchInfo": batch})
    aws.client("sqs").send_message(QueueUrl=queue, MessageBody=body)
    assert pump.handler("functions.replay_history.handler")({}) == {"appended": 1, "failed": 0}
    assert history.entries(f"ACCOUNT#{account}")[0]
    expired = {**batch, "streamArn": batch["streamArn"].replace("-identity/", "-nowhere/")}
    aws.client("sqs").send_message(QueueUrl=queue, MessageBody=json.dumps({"DDBStreamBatchInfo": expired}))
    assert pump.handler("functions.replay_history.handler")({}) == {"appended": 0, "failed": 1}
    letters()


def test_items_without_a_history_and_removals_are_passed_over(world: World) -> None:
    event = {"Records": [{"dynamodb": {"SequenceNumber": "1", "Keys": {}}}]}
    assert append_history.handler(event) == {"batchItemFailures": []}


TAMPERINGS: dict[str, tuple[Callable[[str], None], int, str]] = {
    "first entry deleted": (lambda subject: delete(subject, 1), 1, "missing"),
    "middle entry deleted": (lambda subject: delete(subject, 3), 3, "missing"),
    "last entry deleted": (lambda subject: delete(subject, 5), 5, "missing"),
    "entry altered": (lambda subject: alter(subject, 2, entry='{"version":2,"type":"x"}'), 2, "altered"),
    "hash altered": (lambda subject: alter(subject, 4, hash="0" * 64), 4, "altered"),
    "predecessor altered": (lambda subject: alter(subject, 3, previous="0" * 64), 3, "does not follow its predecessor"),
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_the_verifier_names_the_first_wrong_entry(world: World, name: str) -> None:
    tamper, version, reason = TAMPERINGS[name]
    subject = f"TEST#{name}"
    history.append(subject, some_changes(1, 5))
    assert history.verify(subject, 5) is None
    tamper(subject)
    fault = history.verify(subject, 5)
    assert fault is not None and (fault.version, fault.reason) == (version, reason)


def test_an_entry_beyond_the_aggregates_version_is_noticed(world: World) -> None:
    history.append("TEST#beyond", some_changes(1, 3))
    fault = history.verify("TEST#beyond", 2)
    assert fault is not None and fault.version == 3


def test_the_nightly_check_finds_a_deleted_and_an_altered_entry(world: World) -> None:
    enterprise = world.enterprise()
    deleted, altered = enterprise.apply(), enterprise.apply(plate=enterprise.plates[1])
    world.pump()
    world.pass_time(minutes=11)
    before = {fault[0] for fault in check_history.handler({})["faults"]}
    delete(f"APPLICATION#{deleted['id']}", 2)
    alter(f"APPLICATION#{altered['id']}", 3, entry='{"version":3,"type":"forged"}')
    faults = {fault[0]: fault[1:] for fault in check_history.handler({})["faults"] if fault[0] not in before}
    assert faults == {
        f"APPLICATION#{deleted['id']}": [2, "missing"],
        f"APPLICATION#{altered['id']}": [3, "altered"],
    }


def test_the_nightly_check_goes_on_where_its_time_ended(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    applied = world.enterprise().apply()
    world.pump()
    world.pass_time(minutes=11)
    delete(f"APPLICATION#{applied['id']}", 2)
    monkeypatch.setattr(audit, "PAGE_ITEMS", 7)
    found: set[str] = set()
    rounds = aggregates = 0
    finished: list[str] = []
    while rounds == 0 or audit._saved_position() != (0, None):
        done = audit.check_all(features.tables_with_history(), lambda: 0)
        assert done.finished == (audit._saved_position() == (0, None))
        found |= {fault.subject for fault in done.faults}
        finished += done.tables
        aggregates += done.aggregates
        rounds += 1
    assert rounds > len(features.tables_with_history())
    assert finished == features.tables_with_history() and aggregates > rounds
    assert f"APPLICATION#{applied['id']}" in found


def test_what_the_stream_has_not_delivered_yet_is_no_fault(world: World) -> None:
    world.pump()
    world.pass_time(minutes=11)
    before = check_history.handler({})["faults"]
    applied = world.enterprise().apply()
    assert check_history.handler({})["faults"] == before
    world.pass_time(minutes=11)
    late = [fault for fault in check_history.handler({})["faults"] if fault not in before]
    assert [f"APPLICATION#{applied['id']}", 1, "missing"] in late
    world.pump()
    assert check_history.handler({})["faults"] == before


def test_a_day_is_sealed_and_a_later_change_to_it_is_noticed(world: World) -> None:
    world.pass_time(days=400)
    day = clock.today()
    history.append("TEST#sealed", some_changes(1, 4))
    world.pass_time(days=1)
    sealed = seal_history.handler({})
    assert (sealed["day"], sealed["entries"]) == (str(day), 1), "the last one covers those that were appended with it"
    assert seal_history.handler({}) == sealed
    assert audit.check_day(day) is None
    tampering.remove(HistoryItem("TEST#sealed", "00000004"))
    tampering.remove(HistoryItem("TEST#sealed", "00000003"))
    history.append("TEST#sealed", some_changes(3, 4))
    assert history.verify("TEST#sealed", 4) is None, "the rewritten chain is sound by itself"
    assert audit.check_day(day) == "entries differ from the sealed root"
    faults = check_history.handler({})["faults"]
    assert [f"DAY#{day}", 0, "entries differ from the sealed root"] in faults


def remove_root(day: date) -> None:
    """What Object Lock forbids in AWS; the emulator obeys."""
    aws.client("s3").delete_object(Bucket=settings().audit_bucket, Key=f"roots/{day}.json")


def test_a_day_without_a_root_is_a_fault_from_the_next_morning_on(world: World) -> None:
    world.pass_time(days=500)
    day = clock.today()
    history.append("TEST#unsealed", some_changes(1, 2))
    unsealed = [f"DAY#{day}", 0, "not sealed"]
    assert unsealed not in check_history.handler({})["faults"], "the day is not over"
    world.pass_time(days=1)
    assert unsealed in check_history.handler({})["faults"]
    world.pass_time(days=30)
    remove_root(seal_day_before(day))
    sealed = seal_history.handler({"day": str(day)})
    assert (sealed["day"], sealed["entries"]) == (str(day), 1)
    assert unsealed not in check_history.handler({})["faults"]
    assert audit.check_day(day) is None


def seal_day_before(day: date) -> date:
    before = day - timedelta(days=1)
    seal_history.handler({"day": str(before)})
    return before


def test_a_root_that_was_removed_is_noticed_however_old_it_is(world: World) -> None:
    world.pass_time(days=600)
    first = seal_day_before(clock.today())
    day = clock.today()
    history.append("TEST#removed", some_changes(1, 2))
    world.pass_time(days=1)
    seal_history.handler({})
    remove_root(day)
    world.pass_time(days=200)
    faults = check_history.handler({})["faults"]
    assert [f"DAY#{day}", 0, "not sealed"] in faults
    assert [f"DAY#{first}", 0, "not sealed"] not in faults, "nothing happened on that day"


def test_the_oldest_roots_cannot_be_removed_unnoticed(world: World) -> None:
    for key in _roots():
        aws.client("s3").delete_object(Bucket=settings().audit_bucket, Key=key)
    world.pass_time(days=1600)
    days = []
    for number in range(3):
        days.append(clock.today())
        history.append(f"TEST#oldest-{number}", some_changes(1, 1))
        world.pass_time(days=1)
        seal_history.handler({})
    world.pass_time(days=30)
    seal_history.handler({})
    remove_root(days[0])
    remove_root(days[1])
    faults = check_history.handler({})["faults"]
    assert [f"DAY#{days[2]}", 0, "the root before it was removed"] in faults


def test_a_day_that_is_removed_with_all_its_entries_is_noticed(world: World) -> None:
    """Its entries and its root are gone; the root of the next day names it."""
    world.pass_time(days=2100)
    days = []
    for number in range(3):
        days.append(clock.today())
        history.append(f"TEST#whole-day-{number}", some_changes(1, 1))
        world.pass_time(days=1)
        seal_history.handler({})
    delete("TEST#whole-day-1", 1)
    remove_root(days[1])
    faults = check_history.handler({})["faults"]
    assert [f"DAY#{days[2]}", 0, "the root before it was removed"] in faults


def test_a_root_that_nobody_can_read_is_a_fault_and_stops_nothing(world: World) -> None:
    world.pass_time(days=2200)
    day = clock.today()
    world.pass_time(days=1)
    key = f"roots/{day}.json"
    aws.client("s3").put_object(Bucket=settings().audit_bucket, Key=key, Body=b"{}")
    answer = check_history.handler({})
    assert [f"DAY#{day}", 0, "unreadable root"] in answer["faults"] and answer["finished"]
    aws.client("s3").delete_object(Bucket=settings().audit_bucket, Key=key)


def _roots() -> list[str]:
    listed = aws.client("s3").list_objects_v2(Bucket=settings().audit_bucket, Prefix="roots/").get("Contents", [])
    return [row["Key"] for row in listed]


def test_a_day_that_is_not_over_cannot_be_sealed(world: World) -> None:
    with pytest.raises(ValueError, match="not over yet"):
        seal_history.handler({"day": str(clock.today())})


def other_changes(first: int, last: int) -> list[Change]:
    return [
        Change(version=number, type="changed_again", at=clock.now(), actor="system:test")
        for number in range(first, last + 1)
    ]


def contradictions(subject: str) -> list[HistoryItem]:
    items = tables.query(HistoryItem, subject, limit=100).items
    return [item for item in items if item.first is not None]


@pytest.mark.parametrize(
    ("images", "contradicted"),
    [
        ([(2, 2)], [2]),
        ([(1, 1)], [1]),
        ([(2, 2), (2, 3), (2, 4)], [2, 3]),
        ([(2, 4)], [2, 3]),
        ([(3, 3), (4, 5)], [3]),
    ],
    ids=["one", "the first", "one write after the other", "several in one write", "the last"],
)
def test_a_version_that_happens_again_with_other_content_is_kept_and_found(
    world: World, images: list[tuple[int, int]], contradicted: list[int]
) -> None:
    """A table was set back: what happens then has versions that the log has already."""
    subject = f"TEST#set_back_{images}"
    first = some_changes(1, 3)
    history.append(subject, first)
    last = images[-1][1]
    for start, end in images:
        for _ in range(2):  # the stream brings each image again
            history.append(subject, other_changes(start, end))
    kept = contradictions(subject)
    assert [changes.parse_entry(item.entry) for item in kept] == other_changes(contradicted[0], contradicted[-1])
    recorded, _ = history.entries(subject)
    assert recorded[:3] == first and len(recorded) == max(3, last)
    fault = history.verify(subject, max(3, last))
    assert fault is not None
    assert (fault.version, fault.reason) == (contradicted[0], "contradicted by another entry of the same version")


def test_a_contradiction_hides_no_other_fault(world: World) -> None:
    history.append("TEST#masked", some_changes(1, 5))
    history.append("TEST#masked", other_changes(2, 2))
    delete("TEST#masked", 4)
    assert history.verify("TEST#masked", 5) == Fault("TEST#masked", 4, "missing")


def test_a_contradiction_whose_write_was_not_heard_is_told(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    history.append("TEST#unheard", some_changes(1, 2))
    with dying_at(monkeypatch, 2, "lost"), suppress(errors.Problem):
        history.append("TEST#unheard", other_changes(2, 2))
    history.append("TEST#unheard", other_changes(2, 2))
    assert '"history_contradicted"' in capsys.readouterr().err
    assert len(contradictions("TEST#unheard")) == 1


def test_somebody_else_s_object_beside_the_roots_is_passed_over(world: World) -> None:
    for key in ("roots/", "roots/readme.txt"):
        aws.client("s3").put_object(Bucket=settings().audit_bucket, Key=key, Body=b"")
    assert "faults" in check_history.handler({})
    for key in ("roots/", "roots/readme.txt"):
        aws.client("s3").delete_object(Bucket=settings().audit_bucket, Key=key)


def test_a_day_before_the_first_root_on_which_nothing_happened_cannot_be_sealed(world: World) -> None:
    history.append("TEST#first", some_changes(1, 1))
    world.pass_time(days=1)
    seal_history.handler({})
    with pytest.raises(ValueError, match="nothing happened on 2006-11-01"):
        seal_history.handler({"day": "2006-11-01"})


def test_a_contradiction_is_told_found_at_night_and_sealed(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """An application's table is set back by one version, and it changes again."""
    applied = world.enterprise().apply()
    world.pump()
    item = store.application(applied["id"])
    assert item is not None
    made = changes.decode(item.changes)
    forged = Change(version=made[-1].version, type="application_refused", at=clock.now(), actor="system:test")
    item.changes = changes.pack([*made[:-1], forged])
    tampering.overwrite(item)
    capsys.readouterr()
    world.pump()
    said = capsys.readouterr().err
    assert '"history_contradicted"' in said and '"history_faults": 1' in said
    world.pass_time(minutes=11)
    faults = {fault[0]: fault[1:] for fault in check_history.handler({})["faults"]}
    assert faults[item.subject] == [forged.version, "contradicted by another entry of the same version"]
    (kept,) = contradictions(item.subject)
    assert kept.hash in history.day_hashes(clock.today()), "it is sealed with the day's entries"


def test_the_merkle_root_depends_on_every_leaf() -> None:
    leaves = [f"{number:064x}" for number in range(5)]
    roots = {history.merkle_root(leaves[:count]) for count in range(6)}
    assert len(roots) == 6
    assert history.merkle_root([*leaves[:4], "f" * 64]) != history.merkle_root(leaves)
