"""Staff with factors that are known beforehand: those of the demo, and of tests."""

from __future__ import annotations

import pyotp

from chalicelib.identity import service
from chalicelib.kernel import clock
from chalicelib.kernel.access import system

SETUP = system("setup")


def enrol(
    username: str,
    display_name: str,
    unit: str,
    roles: list[str],
    factors: tuple[str, str],
    phone: str | None = None,
) -> None:
    """Invite somebody and accept for them, with this password and this secret of the second factor."""
    password, secret = factors
    invited = service.members.invite(SETUP, username, display_name, unit, roles, phone)
    service.members.accept(username, invited.invitation, password, secret)
    # The code of half a minute ago, so that the one of now can be used to log in.
    code = pyotp.TOTP(secret).at(clock.seconds(clock.now()) - 30)
    service.members.activate(username, invited.invitation, code)
