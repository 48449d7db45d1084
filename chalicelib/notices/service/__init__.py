"""Use cases of messages: planning them from the event log, sending them, the inbox, the operators' desk."""

from chalicelib.notices.service import copies, erasure, inbox, messages, operations, sources
from chalicelib.notices.service.messages import plan, take

__all__ = [
    "copies",
    "erasure",
    "inbox",
    "messages",
    "operations",
    "plan",
    "sources",
    "take",
]
