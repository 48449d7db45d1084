"""``make staff USER=... NAME=... UNIT=... ROLES=... [PHONE=...]``: invites a staff member, or resets both factors.

Asks for the person's own ID number, by which own matters are known; only its keyed index is kept. The invitation is
shown once; hand it over in person. The person sets password and second factor: ``make join``.
For the first administrators of a stage; later ones are invited over the API, by two administrators.
"""

from __future__ import annotations

import getpass
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass

from chalicelib import features
from chalicelib.catalog import service as catalog
from chalicelib.identity import service, staff_rules
from chalicelib.kernel import phones
from chalicelib.kernel.access import system as system_actor
from chalicelib.kernel.errors import Problem
from infra import cloud
from tools import system

REASON = "make staff"
STAFF_NAME = r"[a-z0-9._-]{1,64}"
USAGE = (
    "make staff USER=li.si NAME=李四 UNIT=transport_bureau ROLES=officer,supervisor "
    "[PHONE=13800000000] [RESET=yes] [STAGE=test]"
)


def main(arguments: list[str], ask_secret: Callable[[str], str] = getpass.getpass) -> int:
    if not 4 <= len(arguments) <= 6 or not all(arguments[:4]):
        print(USAGE, file=sys.stderr)
        return 1
    user, name, unit, roles, phone, reset = (argument.strip() for argument in (*arguments, "", "")[:6])
    roles = roles.replace(" ", "")
    if phone and not _is_phone(phone):
        print(f"{phone!r} is no mobile number: 13800000000, or +852 and the number", file=sys.stderr)
        return 1
    if not re.fullmatch(STAFF_NAME, user):
        print(f"{user!r} is no name to log in with: small letters, digits, and . _ - between them", file=sys.stderr)
        return 1
    number = ask_secret(f"ID number of {name} 身份证号码 (not shown, not kept 不显示、不保存): ").strip()
    details = Known(name=name, unit=unit, phone=phone, id_number=number)
    try:
        return cloud.told(lambda: _create(user, details, roles.split(","), is_reset=reset == "yes"))
    except Problem as problem:
        if problem.error.status < 500:
            print(f"{user}: {problem.en}", file=sys.stderr)
        else:
            print("the database does not answer: start the system with `make run`, or name a stage", file=sys.stderr)
        return 1


def _is_phone(text: str) -> bool:
    try:
        phones.parse(text)
    except ValueError:
        return False
    return True


@dataclass(frozen=True, kw_only=True)
class Known:
    """What was said about the person."""

    name: str
    unit: str
    phone: str
    id_number: str


def _create(user: str, known: Known, roles: list[str], *, is_reset: bool) -> int:
    system.use()
    units = [one.code for one in catalog.release().city.units]
    if known.unit not in units:
        print(f"there is no unit {known.unit!r} in the published city; there are {', '.join(units)}", file=sys.stderr)
        return 1
    staff_rules.check_roles(roles, features.roles())
    details = service.members.Details(
        display_name=known.name,
        unit=known.unit,
        phone=known.phone or None,
        person_index=service.members.index_of_person(known.name, known.id_number),
    )
    invited = _invite(user, details, roles, is_reset=is_reset)
    if invited is None:
        print(
            f"{user} works here already. RESET=yes voids both factors, ends all sessions and invites anew, "
            "with this name, unit and these roles",
            file=sys.stderr,
        )
        return 1
    print(f"username     {invited.username}\ninvitation   {invited.invitation}")
    print(f"good until   {invited.expires_at:%Y-%m-%d %H:%M}; for password and second factor: make join USER={user}")
    return 0


def _invite(
    user: str, details: service.members.Details, roles: list[str], *, is_reset: bool
) -> service.members.Invitation | None:
    """An invitation of somebody new, or with ``is_reset`` of somebody who sets both factors anew; None without it."""
    by = system_actor("command")
    try:
        return service.members.invite(by, user, details, roles)
    except Problem as problem:
        if problem.error is not staff_rules.STAFF_EXISTS:
            raise
    if not is_reset:
        return None
    service.members.reset(by, user, REASON)
    return service.members.invite(by, user, details, roles)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
