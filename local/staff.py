"""Staff with factors that are known beforehand: those of the demo, and of tests."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta

import pyotp

from chalicelib.identity import service
from chalicelib.kernel import clock, numbers
from chalicelib.kernel.access import system

SETUP = system("setup")


def made_up_number(username: str) -> str:
    """A valid ID number that follows from a user name, of a division that does not exist any more."""
    digest = int.from_bytes(hashlib.sha256(username.encode()).digest()[:8])
    born = date(1970, 1, 1) + timedelta(days=digest % 10_000)
    body = f"310100{born:%Y%m%d}{digest // 10_000 % 1000:03d}"
    return body + numbers.id_check_character(body)


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
    index = service.members.index_of_person(display_name, made_up_number(username))
    details = service.members.Details(display_name=display_name, unit=unit, phone=phone, person_index=index)
    invited = service.members.invite(SETUP, username, details, roles)
    service.members.accept(username, invited.invitation, password, secret)
    # The code of half a minute ago, so that the one of now can be used to log in.
    code = pyotp.TOTP(secret).at(clock.seconds(clock.now()) - 30)
    service.members.activate(username, invited.invitation, code)
