"""Who somebody is: a stranger claims an identity, and the person whose it is proves it."""

from __future__ import annotations

import secrets
from typing import Any

import pyotp

from chalicelib.kernel import clock
from demo.client import Demo, DemoFailed, Headers


def play(demo: Demo) -> None:
    print("\nWho somebody is: a claim, and the proof that takes it away\n")
    person = demo.new_person("戊市民")
    stranger = demo.step("a stranger logs in on WeChat", lambda: demo.log_in("wechat", demo.new_user("stranger")))
    account = demo.step("knows a citizen's name and number, and claims them", lambda: claim(demo, stranger, person))
    demo.step("registers stay closed to a claim", lambda: refused(demo, stranger))
    owner = demo.step("the citizen logs in on Alipay", lambda: demo.log_in("alipay", demo.new_user("citizen")))
    demo.step("and proves it by a face check", lambda: demo.prove_on_alipay(owner, person))
    demo.step("the stranger's session has ended", lambda: ended(demo, stranger))
    again = demo.step(
        "the stranger logs in again: a new account", lambda: demo.log_in("wechat", demo.new_user("stranger"))
    )
    demo.step("what the stranger is told", lambda: told(demo, again, "claim_lost"))
    demo.step("what the citizen is told", lambda: told(demo, owner, "identity_proven"))
    administrator = demo.step("an administrator", lambda: demo.log_in_staff("security"))
    demo.step("gives what was done under the claim to the citizen", lambda: give(demo, administrator, account))
    username = f"demo.{secrets.token_hex(4)}"
    invitation = demo.step("a system administrator invites an officer", lambda: invite(demo, username))
    password, secret = demo.step("who sets password and second factor", lambda: join(demo, username, invitation))
    demo.step("a security administrator gives the role", lambda: give_role(demo, administrator, username))
    officer = demo.step("the officer logs in and works", lambda: work(demo, username, password, secret))
    demo.step("is dismissed", lambda: dismiss(demo, administrator, username))
    demo.step("and the officer's session is over at once", lambda: ended(demo, officer, "/v1/tasks"))


def claim(demo: Demo, headers: Headers, person: tuple[str, str]) -> tuple[str, str]:
    me = demo.call("POST", "/v1/me/claim", {"name": person[0], "id_number": person[1]}, headers)
    return me["account_id"], f"level {me['level']}"


def refused(demo: Demo, headers: Headers) -> tuple[Any, str]:
    answer = demo.send("POST", "/v1/applications", {"service": "house_purchase_certificate"}, headers)
    if answer.status != 403:
        raise DemoFailed(f"a claim opens an application: {answer.status}")
    return None, "403, proof_required"


def invite(demo: Demo, username: str) -> tuple[str, str]:
    administrator = demo.log_in_staff("administrator")
    _, id_number = demo.new_person("己经办")
    body = {"username": username, "display_name": "己经办", "unit": "transport_bureau", "id_number": id_number}
    invited = demo.call("POST", "/v1/staff", body, administrator)
    return invited["invitation"], f"{username}, good until {invited['expires_at'][:10]}"


def join(demo: Demo, username: str, invitation: str) -> tuple[tuple[str, str], str]:
    """The invited officer sets a password and shows that the authenticator works."""
    password = secrets.token_urlsafe(12)
    given = {"username": username, "invitation": invitation}
    enrolled = demo.call("POST", "/v1/auth/staff/invitation", {**given, "password": password})
    secret = enrolled["totp_secret"]
    # The code of half a minute ago is good too; the one of now is left for the first login.
    demo.call("POST", "/v1/auth/staff/activation", {**given, "code": _digits(secret, -30)})
    return (password, secret), "active, without a role"


def _digits(secret: str, seconds: int = 0) -> str:
    return str(pyotp.TOTP(secret).at(clock.seconds(clock.now()) + seconds))


def give_role(demo: Demo, administrator: Headers, username: str) -> tuple[Any, str]:
    body = {"roles": ["officer"], "reason": "演示：新入职"}
    done = demo.call("PUT", f"/v1/staff/{username}/roles", body, administrator)
    return None, ", ".join(done["roles"])


def work(demo: Demo, username: str, password: str, secret: str) -> tuple[Headers, str]:
    body = {"username": username, "password": password, "code": _digits(secret)}
    headers = {"Authorization": f"Bearer {demo.call('POST', '/v1/auth/staff', body)['access_token']}"}
    waiting = demo.call("GET", "/v1/tasks", headers=headers)["items"]
    return headers, f"{len(waiting)} tasks of the unit"


def dismiss(demo: Demo, administrator: Headers, username: str) -> tuple[Any, str]:
    reason = {"reason": "演示：已办理离岗手续"}
    done = demo.call("POST", f"/v1/staff/{username}/dismiss", reason, administrator)
    return None, done["status"]


def ended(demo: Demo, headers: Headers, path: str = "/v1/me") -> tuple[Any, str]:
    answer = demo.send("GET", path, None, headers)
    if answer.status != 401:
        raise DemoFailed(f"the session goes on: {answer.status}")
    return None, "401"


def told(demo: Demo, headers: Headers, event: str) -> tuple[Any, str]:
    """The message about an event, as soon as it is in the inbox."""

    def look() -> Any:
        rows = demo.call("GET", "/v1/messages", headers=headers)["items"]
        return next((row for row in rows if row["event"] == event), None)

    found = demo.wait(f"the message {event}", look, "notify_people.log")
    return None, found["title"]


def give(demo: Demo, administrator: Headers, account: str) -> tuple[Any, str]:
    path = "/v1/disputes"
    while True:
        page = demo.call("GET", path, headers=administrator)
        for row in page["items"]:
            if row["account_id"] == account:
                reason = {"reason": "已电话核实，由本人办理"}
                done = demo.call("POST", f"/v1/disputes/{row['id']}/give", reason, administrator)
                return None, f"{done['name']}: {done['status']}"
        if "cursor" not in page:
            raise DemoFailed("no dispute about the stranger's account was opened")
        path = f"/v1/disputes?cursor={page['cursor']}"
