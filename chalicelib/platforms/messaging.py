"""What became of a message at a platform or provider, in the same words for all of them."""

from __future__ import annotations

from typing import Literal

import msgspec

Verdict = Literal["sent", "busy", "unheard", "no_consent", "unreachable", "quota", "refused"]


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """``sent``; ``busy``: not taken, try again later; ``unheard``: perhaps taken, never try again there.

    ``no_consent``: the person has not agreed, or all consents are used up; ``unreachable``: there is no such user or
    number; ``quota``: no more today; ``refused``: our template or text is at fault. ``reason`` is the platform's code,
    ``parts`` how many text messages it took. ``unheard``: it is tried again, and may have been sent already.
    """

    verdict: Verdict
    reason: str = ""
    parts: int = 0
    unheard: bool = False


SENT = Outcome(verdict="sent")
