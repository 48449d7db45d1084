"""``make staff USER=... NAME=... UNIT=... ROLES=...``: creates a staff member, or replaces both factors of one.

The password and the second factor's address are shown once; hand them over in person.
"""

from __future__ import annotations

import argparse
import secrets
import sys

import pyotp

from chalicelib.identity import service
from chalicelib.kernel.access import STAFF_ROLES
from tools import system


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="make staff", description="create a staff member")
    parser.add_argument("user", help="the name to log in with, for example zhang.san")
    parser.add_argument("name", help="the name that others see")
    parser.add_argument("unit", help="the unit's code in city/, for example transport_bureau")
    parser.add_argument("roles", help=f"with commas between: {', '.join(STAFF_ROLES)}")
    given = parser.parse_args(arguments)
    if not (given.user and given.name and given.unit):
        parser.error(
            "USER, NAME, UNIT and ROLES are needed: make staff USER=li NAME=李四 UNIT=transport_bureau ROLES=officer"
        )
    roles = given.roles.split(",")
    if unknown := set(roles) - set(STAFF_ROLES):
        parser.error(f"there is no role {', '.join(sorted(unknown))}; there are {', '.join(STAFF_ROLES)}")
    system.use()
    password, totp_secret = secrets.token_urlsafe(12), pyotp.random_base32()
    service.put_staff(given.user, given.name, given.unit, roles, password, totp_secret)
    print(f"user       {given.user}\npassword   {password}")
    address = pyotp.TOTP(totp_secret, name=given.user, issuer="Banshi").provisioning_uri()
    print(f"second factor, for an authenticator app\n  {address}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
