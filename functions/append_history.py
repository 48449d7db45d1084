"""From the tables' streams into the event log; repeats are harmless, a failed record is given back alone."""

from __future__ import annotations

from typing import Any

from chalicelib.kernel import changes, history, log


def handler(event: dict[str, Any], context: object = None) -> dict[str, Any]:
    """Append the changes that each new image carries; answers with the records to be tried again.

    A failed record holds back the later ones of its shard, so that no subject's order breaks.
    """
    for record in event["Records"]:
        image = record["dynamodb"].get("NewImage", {})
        if "changes" not in image:
            continue
        key, sort = image["pk"]["S"], image["sk"]["S"]
        subject = key if sort == "HEAD" else f"{key}/{sort}"
        try:
            history.append(subject, changes.decode(image["changes"]["S"]))
        except Exception as error:
            log.failure("history_append_failed", error, subject=subject)
            return {"batchItemFailures": [{"itemIdentifier": record["dynamodb"]["SequenceNumber"]}]}
    return {"batchItemFailures": []}
