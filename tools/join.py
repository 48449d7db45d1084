"""``make join USER=... [URL=https://...]``: an invited staff member sets password and second factor.

Asks for the invitation, a new password and the first six digits, and talks to the API only: no credentials are needed.
"""

from __future__ import annotations

import getpass
import json
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import qrcode

from local import environment

Ask = Callable[[str], str]


class Refused(Exception):
    """The API says no; the message says why."""


def main(arguments: list[str], ask: Ask = input, ask_secret: Ask = getpass.getpass) -> int:
    user, url = (*arguments, "", "")[:2]
    if not user:
        print("make join USER=li.si [URL=https://api.example.gov.cn]", file=sys.stderr)
        return 1
    url = url or environment.default().settings()["PUBLIC_URL"]
    try:
        _join(url, user, ask, ask_secret)
    except Refused as refused:
        print(refused, file=sys.stderr)
        return 1
    except (EOFError, KeyboardInterrupt):
        print("\nnothing was changed 未作更改", file=sys.stderr)
        return 1
    except urllib.error.URLError:
        print(f"{url} does not answer: start the system with `make run`, or name a URL", file=sys.stderr)
        return 1
    return 0


def _join(url: str, user: str, ask: Ask, ask_secret: Ask) -> None:
    invitation = ask("invitation 邀请码: ").strip()
    password = ask_secret("new password 新密码 (at least 12 characters): ")
    if ask_secret("once more 再输入一次: ") != password:
        raise Refused("the two passwords differ 两次输入不一致")
    given = {"username": user, "invitation": invitation}
    enrolled = _post(url, "/v1/auth/staff/invitation", {**given, "password": password})
    print("scan this with an authenticator app 用身份验证器 App 扫码, or type the secret 或手动输入:")
    picture = qrcode.QRCode(border=1)
    picture.add_data(enrolled["totp_address"])
    picture.print_ascii(invert=True)
    print(f"  {enrolled['totp_secret']}")
    _activate(url, given, ask)
    print(f"{user} can log in now 已可登录")


def _activate(url: str, given: dict[str, str], ask: Ask) -> None:
    """Show the first six digits; a wrong one is asked for again, because the secret that was scanned stays good."""
    for tries_left in (2, 1, 0):
        code = ask("six digits 六位动态码: ").strip()
        try:
            _post(url, "/v1/auth/staff/activation", {**given, "code": code})
            return
        except Refused as refused:
            if "one_time_code_wrong" not in str(refused) or tries_left == 0:
                raise
            print(refused, file=sys.stderr)


def _post(url: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    request = urllib.request.Request(url + path, json.dumps(body).encode(), {"content-type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            answered: dict[str, Any] = json.loads(answer.read())
            return answered
    except urllib.error.HTTPError as error:
        problem = json.loads(error.read())
        fields = "; ".join(f"{field['path']}: {field['en']} {field['zh']}" for field in problem["fields"])
        raise Refused(f"{problem['title_en']} {problem['title']} ({problem['code']}) {fields}".strip()) from None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
