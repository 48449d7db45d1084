"""``make staff-code USER=...``: the current one-time code of a demo staff member of this installation."""

from __future__ import annotations

import sys

import pyotp

from local import environment


def main(arguments: list[str]) -> int:
    staff = environment.default().staff()
    if len(arguments) != 1 or arguments[0] not in staff:
        print(f"name one of {', '.join(staff)}, for example: make staff-code USER=officer.a", file=sys.stderr)
        return 1
    print(pyotp.TOTP(staff[arguments[0]]["totp_secret"]).now())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
