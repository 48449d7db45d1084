"""Use cases of messages: planning them from the event log, sending them, the inbox, the operators' desk."""

from chalicelib.notices.service import copies, inbox, messages, operations, sources
from chalicelib.notices.service.messages import plan, take

__all__ = [
    "copies",
    "inbox",
    "messages",
    "operations",
    "plan",
    "sources",
    "take",
]
