"""``make suspend|reinstate|dismiss USER=... REASON=...``: what a staff member may do from now on.

For the night in which no administrator is at hand; the event log keeps it as the system's own deed, with the reason.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from chalicelib.identity import service, staff_rules
from chalicelib.kernel import errors
from chalicelib.kernel.access import Actor
from chalicelib.kernel.errors import Problem
from infra import cloud
from tools import system

LEAST_REASON = 4


def main(arguments: list[str]) -> int:
    deeds: dict[str, Callable[[Actor, str, str], object]] = {
        "suspend": service.members.suspend,
        "reinstate": service.members.reinstate,
        "dismiss": service.members.dismiss,
    }
    is_complete = len(arguments) == 3 and arguments[0] in deeds and arguments[1] != ""
    if not is_complete or len(arguments[2]) < LEAST_REASON:
        print(
            'make dismiss USER=li.si REASON="已办理离岗手续" [STAGE=test] (or suspend, or reinstate)', file=sys.stderr
        )
        return 1
    action, user, reason = arguments
    try:
        return cloud.told(lambda: _do(deeds[action], user, reason))
    except Problem as problem:
        if problem.error is errors.NOT_FOUND:
            print(f"{user}: there is no such member of staff", file=sys.stderr)
            return 1
        print(f"{user}: {problem.en}", file=sys.stderr)
        return 1


def _do(deed: Callable[[Actor, str, str], object], user: str, reason: str) -> int:
    system.use()
    deed(Actor(kind="system", id="system:command"), user, reason)
    member = service.members.find(user)
    print(f"{user} is {member.status} ({staff_rules.STAFF.words[member.status]}); all sessions have ended")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
