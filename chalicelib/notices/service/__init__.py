"""Use cases of messages: planning them from the event log, sending them, the inbox, the operators' desk."""

from chalicelib.notices.service import channels, digests, facts, operating, planning, reading, sending
from chalicelib.notices.service.planning import plan, take
from chalicelib.notices.service.sending import attempt, sweep

__all__ = [
    "attempt",
    "channels",
    "digests",
    "facts",
    "operating",
    "plan",
    "planning",
    "reading",
    "sending",
    "sweep",
    "take",
]
