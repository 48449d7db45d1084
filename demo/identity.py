"""Who somebody is: a stranger claims an identity, and the person whose it is proves it."""

from __future__ import annotations

from typing import Any

from demo.client import Demo, DemoFailed, Headers

OFFICER = "officer.b"
"""Who is suspended for a moment; no other part of the demo needs this officer."""


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
    administrator = demo.step("an administrator", lambda: demo.log_in_staff("administrator"))
    demo.step("gives what was done under the claim to the citizen", lambda: give(demo, administrator, account))
    officer = demo.step("an officer logs in", lambda: demo.log_in_staff(OFFICER))
    demo.step("is suspended", lambda: move(demo, administrator, "suspend"))
    demo.step("and the officer's session is over at once", lambda: ended(demo, officer, "/v1/tasks"))
    demo.step("may work again, and has to log in", lambda: move(demo, administrator, "reinstate"))


def claim(demo: Demo, headers: Headers, person: tuple[str, str]) -> tuple[str, str]:
    me = demo.call("POST", "/v1/me/claim", {"name": person[0], "id_number": person[1]}, headers)
    return me["account_id"], f"level {me['level']}"


def refused(demo: Demo, headers: Headers) -> tuple[Any, str]:
    answer = demo.send("POST", "/v1/applications", {"service": "house_purchase_certificate"}, headers)
    if answer.status != 403:
        raise DemoFailed(f"a claim opens an application: {answer.status}")
    return None, "403, proof_required"


def move(demo: Demo, administrator: Headers, action: str) -> tuple[Any, str]:
    """What an administrator does with a staff member."""
    reason = {"reason": "演示：停用与恢复"}
    done = demo.call("POST", f"/v1/staff/{OFFICER}/{action}", reason, administrator)
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
