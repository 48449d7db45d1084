"""From the tables' streams into the event log; repeats are harmless, a failed record is given back alone."""

from __future__ import annotations

import base64
from typing import Any

from chalicelib.kernel import changes, history, log


def handler(event: dict[str, Any], context: object = None) -> dict[str, Any]:
    """Append the changes that each new image carries; answers with the records to be tried again.

    A failed record holds back the later ones of its subject only; the others are appended, and skipped
    as known when the stream brings them again.
    """
    failures: dict[str, str] = {}
    for record in event["Records"]:
        image = record["dynamodb"].get("NewImage", {})
        if "changes" not in image:
            continue
        key, sort = image["pk"]["S"], image["sk"]["S"]
        subject = key if sort == "HEAD" else f"{key}/{sort}"
        if subject in failures:
            continue
        try:
            history.append(subject, changes.decode(base64.b64decode(image["changes"]["B"])))
        except Exception as error:
            log.failure("history_append_failed", error, subject=subject)
            failures[subject] = record["dynamodb"]["SequenceNumber"]
    return {"batchItemFailures": [{"itemIdentifier": number} for number in failures.values()]}
