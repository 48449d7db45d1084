"""``make staff USER=... NAME=... UNIT=... ROLES=... [PHONE=...]``: creates a staff member, or replaces both factors.

The password and the second factor's address are shown once; hand them over in person.
"""

from __future__ import annotations

import re
import secrets
import sys

import pyotp

from chalicelib import features
from chalicelib.catalog import service as catalog
from chalicelib.identity import service
from chalicelib.kernel import phones
from chalicelib.kernel.errors import Problem
from infra import cloud
from tools import system

STAFF_NAME = r"[a-z0-9._-]{1,64}"
USAGE = (
    "make staff USER=li.si NAME=李四 UNIT=transport_bureau ROLES=officer,supervisor [PHONE=13800000000] [STAGE=test]"
)


def main(arguments: list[str]) -> int:
    if len(arguments) not in (4, 5) or not all(arguments[:4]):
        print(USAGE, file=sys.stderr)
        return 1
    user, name, unit, roles, phone = (argument.strip() for argument in (*arguments, "")[:5])
    roles = roles.replace(" ", "")
    if phone and not _is_phone(phone):
        print(f"{phone!r} is no mobile number: 13800000000, or +852 and the number", file=sys.stderr)
        return 1
    if not re.fullmatch(STAFF_NAME, user):
        print(f"{user!r} is no name to log in with: small letters, digits, and . _ - between them", file=sys.stderr)
        return 1
    if unknown := set(roles.split(",")) - set(features.roles()):
        print(
            f"there is no role {', '.join(sorted(unknown))}; there are {', '.join(features.roles())}", file=sys.stderr
        )
        return 1
    try:
        return cloud.told(lambda: _create(user, name, unit, roles.split(","), phone))
    except Problem:
        print("the database does not answer: start the system with `make run`, or name a stage", file=sys.stderr)
        return 1


def _is_phone(text: str) -> bool:
    try:
        phones.parse(text)
    except ValueError:
        return False
    return True


def _create(user: str, name: str, unit: str, roles: list[str], phone: str) -> int:
    system.use()
    units = [one.code for one in catalog.release().city.units]
    if unit not in units:
        print(f"there is no unit {unit!r} in the published city; there are {', '.join(units)}", file=sys.stderr)
        return 1
    password, totp_secret = secrets.token_urlsafe(12), pyotp.random_base32()
    service.staff.put_staff(user, name, unit, roles, password, totp_secret, phone or None)
    print(f"username   {user}\npassword   {password}")
    address = pyotp.TOTP(totp_secret, name=user, issuer="Banshi").provisioning_uri()
    print(f"second factor, for an authenticator app\n  {address}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
