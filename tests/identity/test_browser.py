"""Logging in to a browser: by a scan that is confirmed in a mini-program, or by a text to the bound phone."""

from __future__ import annotations

import re
from typing import Any

import pytest

from chalicelib.platforms import sms
from scenes.world import Client, Reply, World, new_id_number

_phones = iter(range(13_400_000_000, 13_499_999_999))
ABOUT = {"about": "Chrome, Windows"}


class Browser:
    """A browser that shows a code and waits."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.shown = world.anonymous().post("/v1/auth/browser", ABOUT).json

    def ask(self) -> Reply:
        return self.world.anonymous().post("/v1/auth/browser/token", {"secret": self.shown["secret"]})

    def confirmed_by(self, client: Client, number: str = "") -> Reply:
        body = {"content": self.shown["content"], "number": number or self.shown["number"]}
        return client.post("/v1/browser_logins/confirm", body)


def client_of(world: World, answer: Reply) -> Client:
    assert answer.status == 200, answer.json
    tokens = answer.json
    return Client(world=world, token=tokens["access_token"], refresh_token=tokens["refresh_token"])


def scanned(world: World, citizen: Client) -> Client:
    """A browser that the citizen has let in."""
    waiting = Browser(world)
    assert waiting.confirmed_by(citizen).status == 200
    return client_of(world, waiting.ask())


def test_a_scan_that_is_confirmed_opens_a_partial_session(world: World) -> None:
    citizen = world.real_person("张三")
    world.pass_time(minutes=11)
    waiting = Browser(world)
    assert waiting.ask().code == "browser_login_waiting"
    looked = citizen.post("/v1/browser_logins/look", {"content": waiting.shown["content"]})
    assert looked.json["about"] == "Chrome, Windows"
    assert waiting.confirmed_by(citizen).status == 200
    client = client_of(world, waiting.ask())
    assert waiting.ask().code == "browser_login_over", "given out once"
    me = client.get("/v1/me").json
    assert (me["account_id"], me["level"], me.get("name")) == (citizen.account_id, "phone", None)
    for path in ("/v1/applications", "/v1/messages", "/v1/sessions", "/v1/appointments", "/v1/relatives"):
        assert client.get(path).code == "partial_session", path
    assert client.put("/v1/me/phone", {"credential": "x"}).code == "partial_session"
    assert client.post("/v1/auth/logout").status == 200
    assert client.get("/v1/me").status == 401
    assert citizen.get("/v1/me").status == 200, "the phone's session goes on"


def test_after_a_face_check_just_before_the_browser_may_do_everything(world: World) -> None:
    citizen = world.real_person("张三")
    client = scanned(world, citizen)
    assert client.get("/v1/me").json["level"] == "proven"
    assert client.get("/v1/applications").status == 200
    assert client.post("/v1/me/proof", {"name": "张三", "id_number": new_id_number()}).code == "mini_program_only"
    assert client.put("/v1/me/phone", {"credential": "x"}).code == "mini_program_only"
    assert client.get("/v1/messages/templates").json["items"] == []
    waiting = Browser(world)
    assert waiting.confirmed_by(client).code == "mini_program_only", "a browser lets no browser in"
    client.renew()
    assert client.get("/v1/applications").status == 200


def test_the_person_is_told_of_a_new_browser(world: World) -> None:
    citizen = world.log_in("wechat")
    device = {"device": "d" * 32}
    code = world.simulators.wechat.controls["login_codes"]({"user": citizen.user})["code"]
    assert world.anonymous().post("/v1/auth/wechat", {"code": code, **device}).status == 200
    world.pump()
    assert "device_new" not in told(citizen), "the first device is no news"
    for times in (1, 2):
        scanned(world, citizen)
        world.pump()
        assert told(citizen).count("device_new") == times, "a browser that does not say which it is, is always new"


def told(client: Client) -> list[str]:
    return [message["event"] for message in client.get("/v1/messages").json["items"]]


def test_another_phone_is_told_once(world: World) -> None:
    user = "many-devices"
    for device in ("a" * 32, "b" * 32, "b" * 32, "a" * 32):
        code = world.simulators.wechat.controls["login_codes"]({"user": user})["code"]
        opened = world.anonymous().post("/v1/auth/wechat", {"code": code, "device": device})
        client = client_of(world, opened)
    world.pump()
    assert told(client).count("device_new") == 1


def test_who_does_not_see_the_number_lets_nobody_in(world: World) -> None:
    """The thief's own browser shows the code that the victim was sent."""
    thief, victim = Browser(world), world.real_person()
    wrong = "99" if thief.shown["number"] != "99" else "98"
    for _ in range(3):
        assert thief.confirmed_by(victim, wrong).code == "browser_number_wrong"
    assert thief.confirmed_by(victim).code == "browser_login_over", "after three wrong ones"
    assert thief.ask().code == "browser_login_over"


def test_codes_and_secrets_that_are_not_ours_open_nothing(world: World) -> None:
    waiting, citizen = Browser(world), world.real_person()
    assert waiting.confirmed_by(citizen).status == 200
    assert waiting.confirmed_by(citizen).code == "browser_login_over", "confirmed once"
    other = Browser(world)
    mixed = other.shown["secret"].split(".")[0] + "." + waiting.shown["secret"].split(".")[1]
    for secret in (mixed, "x" * 40, waiting.shown["content"]):
        assert world.anonymous().post("/v1/auth/browser/token", {"secret": secret}).code == "browser_login_over"
    late = Browser(world)
    world.pass_time(minutes=3)
    assert late.confirmed_by(citizen).code == "browser_login_over"
    assert late.ask().code == "browser_login_over"


class Holder:
    """Somebody with a bound phone."""

    def __init__(self, world: World, client: Client | None = None) -> None:
        self.world = world
        self.client = client or world.log_in("wechat")
        self.phone = str(next(_phones))
        if client is None:
            world.bind_phone(self.client, self.phone)

    def texts(self) -> list[str]:
        return [sent["text"] for sent in self.world.simulators.sms.outbox if sent["phone"] == self.phone]

    def code(self) -> str:
        assert self.world.anonymous().post("/v1/auth/text", {"phone": self.phone}).json == {"done": True}
        return str(re.findall(r"[0-9]{6}", self.texts()[-1])[0])

    def enter(self, code: str) -> Reply:
        return self.world.anonymous().post("/v1/auth/text/token", {"phone": self.phone, "code": code})


def test_a_text_to_the_bound_phone_opens_a_partial_session_once(world: World) -> None:
    holder = Holder(world)
    code = holder.code()
    client = client_of(world, holder.enter(code))
    assert client.get("/v1/me").json["phone"].endswith(holder.phone[-4:])
    assert client.get("/v1/messages").code == "partial_session"
    assert holder.enter(code).code == "text_code_wrong"
    first = holder.code()
    second = holder.code()
    if first != second:
        assert holder.enter(first).code == "text_code_wrong", "a new one voids the old one"
    assert holder.enter(second).status == 200


def network_proof(world: World, client: Client, name: str, number: str) -> Reply:
    world.simulators.departments.people[number] = name
    token = world.simulators.departments.controls["network_identities"]({"id_number": number})["token"]
    return client.post("/v1/me/proof/network_identity", {"name": name, "id_number": number, "token": token})


def test_whoever_proves_it_again_in_the_browser_has_a_whole_session(world: World) -> None:
    holder = Holder(world)
    number = new_id_number()
    world.prove(holder.client, "张三", number)
    client = client_of(world, holder.enter(holder.code()))
    assert network_proof(world, client, "张三", number).status == 200
    assert client.get("/v1/applications").code == "partial_session"
    client.renew()
    assert client.get("/v1/applications").status == 200
    at_window = client_of(world, holder.enter(holder.code()))
    code = at_window.post("/v1/me/proof/code").json["code"]
    body = {"name": "张三", "id_number": number, "code": code}
    assert world.staff("window.1").post("/v1/counter/proofs", body).status == 200
    at_window.renew()
    assert at_window.get("/v1/applications").status == 200


@pytest.mark.parametrize("way", ["network", "window"])
def test_a_first_proof_in_a_browser_binds_nobody_elses_login(world: World, way: str) -> None:
    """The phone's former owner still logs in to the account; its next owner proves who they are in a browser."""
    former = Holder(world)
    owner = client_of(world, former.enter(former.code()))
    number = new_id_number()
    world.simulators.departments.people[number] = "新主"
    ways = {
        "network": lambda: network_proof(world, owner, "新主", number),
        "window": lambda: owner.post("/v1/me/proof/code"),
    }
    refused = ways[way]()
    assert refused.code == "prove_in_mini_program"
    assert former.client.get("/v1/me").json["level"] == "phone"


def test_a_stranger_who_lets_a_browser_in_gets_nothing_of_who_sits_there(world: World) -> None:
    attacker = world.log_in("wechat")
    victim = scanned(world, attacker)
    number = new_id_number()
    world.real_person("受害人", number)
    assert network_proof(world, victim, "受害人", number).code == "prove_in_mini_program"
    assert attacker.get("/v1/me").json["level"] == "logged_in"


def test_what_was_confirmed_is_void_once_all_sessions_ended(world: World) -> None:
    citizen = world.real_person("张三")
    waiting = Browser(world)
    assert waiting.confirmed_by(citizen).status == 200
    assert citizen.post("/v1/sessions/end_all").status == 200
    assert waiting.ask().code == "browser_login_over"


def test_nobody_is_let_in_to_an_account_that_was_locked_meanwhile(world: World) -> None:
    citizen = world.real_person("张三")
    account = citizen.account_id
    waiting = Browser(world)
    assert waiting.confirmed_by(citizen).status == 200
    reason = {"reason": "核验有误"}
    assert world.staff("security").post(f"/v1/accounts/{account}/take_back_proof", reason).status == 200
    assert waiting.ask().code == "browser_login_over"


def test_a_recycled_number_shows_nothing_of_its_former_owner(world: World) -> None:
    former = Holder(world)
    world.prove(former.client, "张三", new_id_number())
    client = client_of(world, former.enter(former.code()))
    shown = client.get("/v1/me").json
    assert "name" not in shown and "id_number" not in shown
    assert network_proof(world, client, "李四", new_id_number()).code == "already_proven"
    next_owner = world.log_in("wechat")
    world.bind_phone(next_owner, former.phone)
    client = client_of(world, former.enter(former.code()))
    assert client.get("/v1/me").json["account_id"] == next_owner.account_id


def test_unknown_numbers_get_the_same_answer_and_no_text(world: World) -> None:
    nobody = str(next(_phones))
    before = len(world.simulators.sms.outbox)
    assert world.anonymous().post("/v1/auth/text", {"phone": nobody}).json == {"done": True}
    assert len(world.simulators.sms.outbox) == before
    body = {"phone": nobody, "code": "123456"}
    assert world.anonymous().post("/v1/auth/text/token", body).code == "text_code_wrong"
    assert world.anonymous().post("/v1/auth/text", {"phone": "12345"}).code == "phone_invalid"


def test_guesses_and_texts_are_limited(world: World) -> None:
    holder = Holder(world)
    code = holder.code()
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    assert [holder.enter(wrong).code for _ in range(5)] == ["text_code_wrong"] * 5
    assert holder.enter(code).code == "text_code_wrong", "after five wrong ones not even the right one"
    answers = [world.anonymous().post("/v1/auth/text", {"phone": holder.phone}).status for _ in range(5)]
    assert answers == [200] * 4 + [429]


def test_a_code_lasts_five_minutes(world: World) -> None:
    holder = Holder(world)
    code = holder.code()
    world.pass_time(minutes=6)
    assert holder.enter(code).code == "text_code_wrong"


def test_a_lost_claim_takes_the_phone_along(world: World) -> None:
    holder = Holder(world)
    number = new_id_number()
    world.simulators.departments.people[number] = "张三"
    assert holder.client.post("/v1/me/claim", {"name": "张三", "id_number": number}).status == 200
    locked = holder.client.account_id
    world.real_person("张三", number)
    client = client_of(world, holder.enter(holder.code()))
    assert client.get("/v1/me").json["account_id"] not in ("", locked)


def test_an_alipay_text_takes_no_number_from_somebody_else(world: World) -> None:
    """The text names no user and no time: whoever finds one could show it, today or in a year."""
    holder = Holder(world)
    found = world.simulators.alipay.controls["phone_credentials"]({"phone": holder.phone})["credential"]
    thief = world.log_in("alipay")
    assert thief.put("/v1/me/phone", {"credential": found}).code == "text_code_sent"
    assert thief.put("/v1/me/phone", {"credential": found, "code": "000000"}).code == "text_code_wrong"
    code = re.findall(r"[0-9]{6}", holder.texts()[-1])[0]
    assert thief.put("/v1/me/phone", {"credential": found, "code": code}).status == 200, "who holds the phone may"
    own = world.simulators.alipay.controls["phone_credentials"]({"phone": str(next(_phones))})["credential"]
    owner = world.log_in("alipay")
    assert owner.put("/v1/me/phone", {"credential": own}).status == 200
    assert owner.put("/v1/me/phone", {"credential": own}).status == 200, "the answer may have been lost"
    world.pass_time(days=2)
    again = world.log_in("alipay")
    assert again.put("/v1/me/phone", {"credential": own}).code == "login_code_invalid", "from one account only"


def test_wechat_takes_no_number_from_somebody_else(world: World) -> None:
    """WeChat may still know the number that its user had before it was given to somebody else."""
    holder = Holder(world)
    former = world.log_in("wechat")
    mint = world.simulators.wechat.controls["phone_codes"]
    wanted = {"user": former.user, "phone": holder.phone}
    assert former.put("/v1/me/phone", {"credential": mint(wanted)["code"]}).code == "text_code_sent"
    guessed = former.put("/v1/me/phone", {"credential": mint(wanted)["code"], "code": "000000"})
    assert guessed.code == "text_code_wrong"
    client = client_of(world, holder.enter(holder.code()))
    assert client.get("/v1/me").json["account_id"] == holder.client.account_id
    world.bind_phone(former, holder.phone)
    client = client_of(world, holder.enter(holder.code()))
    assert client.get("/v1/me").json["account_id"] == former.account_id, "who holds the phone may"


def test_whose_number_somebody_else_binds_hears_of_it_and_gets_no_more_texts(world: World) -> None:
    holder = Holder(world)
    stranger = world.log_in("wechat")
    world.bind_phone(stranger, holder.phone)
    world.pump()
    assert "phone_taken" in told(holder.client)
    assert "phone" not in holder.client.get("/v1/me").json
    assert holder.client.get("/v1/me").json["level"] == "logged_in"
    assert stranger.get("/v1/me").json["level"] == "phone"


def test_the_former_number_hears_of_another_one(world: World) -> None:
    """Whoever has lost the phone to a thief: the thief's new number must not be the only one that hears."""
    holder = Holder(world)
    other = str(next(_phones))
    world.bind_phone(holder.client, other)
    world.pump()
    bound = [one for one in world.simulators.sms.outbox if "绑定" in one["text"]]
    assert {one["phone"] for one in bound if one["phone"] in (holder.phone, other)} == {holder.phone, other}


@pytest.mark.parametrize("verdict", ["busy", "refused"])
def test_a_provider_that_fails_is_followed_by_the_next(
    world: World, verdict: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from chalicelib.platforms.messaging import Outcome

    tried: list[str] = []

    def send(provider: str, serial: str, phone: str, text: str) -> Any:
        tried.append(provider)
        return Outcome(verdict=verdict, reason="")  # type: ignore[arg-type]

    monkeypatch.setattr(sms, "send", send)
    holder = Holder(world)
    assert world.anonymous().post("/v1/auth/text", {"phone": holder.phone}).status == 200
    assert len(tried) == len(sms.providers())
