"""New messages are handed to WeChat, Alipay or a provider of text messages; what they do not take waits."""

from __future__ import annotations

from typing import Any

from chalicelib.kernel.storage import due
from chalicelib.notices import service

THREADS = 2


def handler(event: dict[str, Any], context: object = None) -> dict[str, list[dict[str, str]]]:
    """Visit each message that says there is work; what fails there is due again and holds up nobody else."""
    answer = due.follow(event, service.attempt, "message_not_sent", THREADS)
    service.channels.flush()
    return answer
