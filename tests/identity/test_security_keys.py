"""Security keys as a second factor of staff, driven by a real browser with an authenticator of its own."""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.identity.service import security_keys
from local.embedded import free_ports
from scenes.world import Client, Reply, World
from tests.identity.test_members import PASSWORD, digits, joined

CREATE = """async options => {
  const parsed = PublicKeyCredential.parseCreationOptionsFromJSON(options)
  return (await navigator.credentials.create({publicKey: parsed})).toJSON()
}"""
GET = """async options => {
  const parsed = PublicKeyCredential.parseRequestOptionsFromJSON(options)
  return (await navigator.credentials.get({publicKey: parsed})).toJSON()
}"""


class Desk:
    """A browser at the workplace of a staff member, with a key in its port."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self._devices = page.context.new_cdp_session(page)
        self._devices.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "usb",
            "hasResidentKey": False,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        added = self._devices.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        self._key = added["authenticatorId"]

    def refuse_finger(self) -> None:
        """Whoever has found the key does not know its PIN."""
        self._devices.send("WebAuthn.setUserVerified", {"authenticatorId": self._key, "isUserVerified": False})

    def create(self, options: dict[str, Any]) -> dict[str, Any]:
        made: dict[str, Any] = self.page.evaluate(CREATE, options)
        return made

    def sign(self, options: dict[str, Any]) -> dict[str, Any]:
        signed: dict[str, Any] = self.page.evaluate(GET, options)
        return signed


@pytest.fixture
def desk(world: World, browser: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    port = free_ports(1)[0]
    server = world.serve(port)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    address = f"http://localhost:{port}"
    monkeypatch.setattr(security_keys, "origin", lambda: address)
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{address}/v1/health")
    yield Desk(page)
    context.close()
    server.shutdown()
    server.server_close()
    thread.join()


def register(member: Client, desk: Desk, secret: str, name: str = "办公桌") -> Reply:
    options = member.post("/v1/me/security_keys/options").json["options"]
    credential = desk.create(options)
    body = {"name": name, "credential": credential, "password": PASSWORD, "code": digits(secret)}
    return member.post("/v1/me/security_keys", body)


def begin(world: World, username: str, password: str = PASSWORD) -> Reply:
    body = {"username": username, "password": password}
    return world.anonymous().post("/v1/auth/staff/key/options", body)


def log_in(world: World, username: str, credential: dict[str, Any], password: str = PASSWORD) -> Reply:
    body = {"username": username, "password": password, "credential": credential}
    return world.anonymous().post("/v1/auth/staff/key", body)


def test_a_key_is_registered_and_logs_in_until_it_is_removed(world: World, desk: Desk) -> None:
    member, secret = joined(world, "key.holder")
    assert begin(world, "key.holder").code == "login_refused", "nobody without a key"
    registered = register(member, desk, secret)
    assert registered.status == 200, registered.json
    assert member.get("/v1/sessions").status == 401
    for _ in range(2):
        signed = desk.sign(begin(world, "key.holder").json["options"])
        opened = log_in(world, "key.holder", signed)
        assert opened.status == 200, opened.json
    client = Client(world=world, token=opened.json["access_token"])
    assert [row["name"] for row in client.get("/v1/me/security_keys").json["items"]] == ["办公桌"]
    assert world.staff("security").get("/v1/staff/key.holder").json["security_keys"] == 1
    world.pass_time(seconds=30)
    body = {"password": PASSWORD, "code": digits(secret)}
    path = f"/v1/me/security_keys/{registered.json['id']}/remove"
    assert client.post(path, {**body, "code": "000000"}).code == "factors_wrong"
    assert client.post(path, body).status == 200
    assert client.get("/v1/sessions").status == 401, "every change of a factor ends all sessions"
    assert begin(world, "key.holder").code == "login_refused"


def test_what_was_signed_opens_once_and_only_unchanged(world: World, desk: Desk) -> None:
    member, secret = joined(world, "key.replayed")
    assert register(member, desk, secret).status == 200
    signed = desk.sign(begin(world, "key.replayed").json["options"])
    forged = copy.deepcopy(signed)
    forged["response"]["signature"] = forged["response"]["signature"][:-6] + "AAAAAA"
    assert log_in(world, "key.replayed", forged).code == "login_refused"
    assert log_in(world, "key.replayed", signed, password="wrong").code == "login_refused"
    assert log_in(world, "key.replayed", signed).status == 200
    assert log_in(world, "key.replayed", signed).code == "login_refused", "a challenge works once"
    for garbage in ({}, {"id": signed["id"]}, {"id": signed["id"], "response": {}}, {**signed, "type": 7}):
        begin(world, "key.replayed")
        assert log_in(world, "key.replayed", garbage).code == "login_refused"


def test_a_challenge_lasts_five_minutes(world: World, desk: Desk) -> None:
    member, secret = joined(world, "key.slow")
    assert register(member, desk, secret).status == 200
    signed = desk.sign(begin(world, "key.slow").json["options"])
    world.pass_time(minutes=6)
    assert log_in(world, "key.slow", signed).code == "login_refused"


def test_a_key_without_its_pin_is_refused(world: World, desk: Desk) -> None:
    member, secret = joined(world, "key.found")
    assert register(member, desk, secret).status == 200
    desk.refuse_finger()
    options = begin(world, "key.found").json["options"]
    with pytest.raises(Exception, match="NotAllowedError"):
        desk.sign(options)


def test_registering_takes_both_factors_and_a_key_of_this_site(
    world: World, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    member, secret = joined(world, "key.thief")
    options = member.post("/v1/me/security_keys/options").json["options"]
    credential = desk.create(options)
    body = {"name": "钥匙", "credential": credential, "password": "wrong", "code": digits(secret)}
    assert member.post("/v1/me/security_keys", body).code == "factors_wrong"
    other = {**body, "password": PASSWORD, "credential": {"id": "x"}}
    assert member.post("/v1/me/security_keys", other).code == "security_key_refused"
    monkeypatch.setattr(security_keys, "origin", lambda: "http://localhost:1")
    assert member.post("/v1/me/security_keys", {**body, "password": PASSWORD}).code == "security_key_refused"


def test_a_page_elsewhere_gets_nothing(world: World, desk: Desk) -> None:
    """What a look-alike page lets somebody sign carries its own origin."""
    member, secret = joined(world, "key.phished")
    assert register(member, desk, secret).status == 200
    signed = desk.sign(begin(world, "key.phished").json["options"])
    original = security_keys.origin
    try:
        security_keys.origin = lambda: "http://localhost:2"
        assert log_in(world, "key.phished", signed).code == "login_refused"
    finally:
        security_keys.origin = original


@pytest.mark.parametrize(
    "odd",
    [
        {"attestationObject": "AAAA"},
        {"attestationObject": "gYGBgYGBgYGBgQ"},
        {"attestationObject": "é"},
        {"attestationObject": 5},
        {"clientDataJSON": "W10"},
        {"clientDataJSON": "_w"},
        {"clientDataJSON": "a"},
        {"transports": [5, {}]},
    ],
)
def test_what_no_browser_makes_is_refused(world: World, desk: Desk, odd: dict[str, Any]) -> None:
    member, secret = joined(world, f"key.odd.{abs(hash(str(odd)))}")
    options = member.post("/v1/me/security_keys/options").json["options"]
    credential = desk.create(options)
    credential["response"] |= odd
    body = {"name": "钥匙", "credential": credential, "password": PASSWORD, "code": digits(secret)}
    answer = member.post("/v1/me/security_keys", body)
    assert answer.code in ("security_key_refused", "") and answer.status < 500


def test_five_keys_are_enough(world: World, desk: Desk) -> None:
    member, _ = joined(world, "key.collector")
    from chalicelib.identity import store
    from scenes.tampering import overwrite

    item = store.staff("key.collector")
    assert item is not None
    item.keys = [
        store.SecurityKey(id=f"{place}", name="x", public_key="", uses=0, added_at=item_time(world))
        for place in range(5)
    ]
    overwrite(item)
    assert member.post("/v1/me/security_keys/options").code == "too_many_security_keys"


def item_time(world: World) -> Any:
    from chalicelib.kernel import clock

    return clock.now()
