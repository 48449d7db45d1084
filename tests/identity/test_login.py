"""Logging in on both platforms, and what the platforms may answer."""

from __future__ import annotations

from unittest import mock

import pytest

from chalicelib.identity import store
from chalicelib.kernel.edge import rates
from scenes import tampering
from scenes.world import World
from tests.interleaving import dying_at


@pytest.mark.parametrize("platform", ["wechat", "alipay"])
def test_the_same_user_gets_the_same_account(world: World, platform: str) -> None:
    first, second = world.log_in(platform, "regular"), world.log_in(platform, "regular")
    assert first.account_id == second.account_id
    assert world.log_in(platform, "somebody else").account_id != first.account_id


@pytest.mark.parametrize("platform", ["wechat", "alipay"])
def test_a_code_works_once(world: World, platform: str) -> None:
    simulator = world.simulators.wechat if platform == "wechat" else world.simulators.alipay
    code = simulator.controls["login_codes"]({"user": "once"})["code"]
    client = world.anonymous()
    assert client.post(f"/v1/auth/{platform}", {"code": code}).status == 200
    again = client.post(f"/v1/auth/{platform}", {"code": code})
    assert (again.status, again.code) == (401, "login_code_invalid")


@pytest.mark.parametrize("platform", ["wechat", "alipay"])
def test_a_code_expires_and_a_made_up_one_is_refused(world: World, platform: str) -> None:
    simulator = world.simulators.wechat if platform == "wechat" else world.simulators.alipay
    code = simulator.controls["login_codes"]({"user": "late"})["code"]
    world.pass_time(minutes=5, seconds=1)
    client = world.anonymous()
    assert client.post(f"/v1/auth/{platform}", {"code": code}).code == "login_code_invalid"
    assert client.post(f"/v1/auth/{platform}", {"code": "made-up"}).code == "login_code_invalid"


def test_a_code_of_the_other_platform_is_refused(world: World) -> None:
    code = world.simulators.wechat.controls["login_codes"]({"user": "x"})["code"]
    assert world.anonymous().post("/v1/auth/alipay", {"code": code}).code == "login_code_invalid"


@pytest.mark.parametrize(
    ("errcode", "status", "code"),
    [
        (40029, 401, "login_code_invalid"),
        (40163, 401, "login_code_invalid"),
        (40226, 403, "login_blocked_by_platform"),
        (45011, 429, "platform_quota_reached"),
        (-1, 503, "platform_unavailable"),
        (40013, 503, "platform_unavailable"),
    ],
)
def test_each_answer_of_wechat_has_its_own(world: World, errcode: int, status: int, code: str) -> None:
    scripted = world.simulators.wechat.controls["scripted_codes"]({"errcode": errcode})["code"]
    answer = world.anonymous().post("/v1/auth/wechat", {"code": scripted})
    assert (answer.status, answer.code) == (status, code)


@pytest.mark.parametrize("platform", ["wechat", "alipay"])
@pytest.mark.parametrize("fault", ["http_500", "nonsense"])
def test_a_platform_out_of_order_is_a_clear_answer_and_safe_to_retry(world: World, platform: str, fault: str) -> None:
    simulator = world.simulators.wechat if platform == "wechat" else world.simulators.alipay
    code = simulator.controls["login_codes"]({"user": "retry"})["code"]
    simulator.controls["faults"]({"fault": fault})
    client = world.anonymous()
    refused = client.post(f"/v1/auth/{platform}", {"code": code})
    assert (refused.status, refused.code) == (503, "platform_unavailable")
    assert refused.headers["Retry-After"] == "5"
    assert client.post(f"/v1/auth/{platform}", {"code": code}).status == 200


def test_a_slow_platform_is_not_waited_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    import urllib3

    from chalicelib.platforms import http

    impatient = urllib3.PoolManager(timeout=urllib3.Timeout(connect=1, read=0.2), retries=False)
    monkeypatch.setattr(http, "_pools", mock.Mock(of=lambda url: impatient))
    world.simulators.wechat.controls["faults"]({"fault": "slow"})
    code = world.simulators.wechat.controls["login_codes"]({"user": "x"})["code"]
    assert world.anonymous().post("/v1/auth/wechat", {"code": code}).code == "platform_unavailable"
    impatient.clear()


def test_alipays_answer_with_a_forged_signature_is_refused(world: World) -> None:
    code = world.simulators.alipay.controls["login_codes"]({"user": "x"})["code"]
    world.simulators.alipay.tamper_signature = True
    assert world.anonymous().post("/v1/auth/alipay", {"code": code}).code == "platform_unavailable"


def test_phone_binding_on_wechat(world: World) -> None:
    client = world.log_in("wechat", "phone-user")
    mint = world.simulators.wechat.controls["phone_codes"]
    code = mint({"user": "phone-user", "phone": "13812341234"})["code"]
    bound = client.put("/v1/me/phone", {"credential": code})
    assert bound.json["phone"] == "138****1234" and bound.json["level"] == "phone"
    assert client.put("/v1/me/phone", {"credential": code}).code == "login_code_invalid"
    foreign = mint({"user": "somebody else", "phone": "13900000000"})["code"]
    assert client.put("/v1/me/phone", {"credential": foreign}).code == "login_code_invalid"


def test_an_expired_access_token_of_wechat_is_renewed_once(world: World) -> None:
    client = world.log_in("wechat", "renew")
    for _ in range(2):
        world.simulators.wechat.controls["expire_tokens"]({})
        code = world.simulators.wechat.controls["phone_codes"]({"user": "renew", "phone": "13812341235"})["code"]
        assert client.put("/v1/me/phone", {"credential": code}).status == 200
    calls = world.simulators.wechat.token_calls
    code = world.simulators.wechat.controls["phone_codes"]({"user": "renew", "phone": "13812341235"})["code"]
    assert client.put("/v1/me/phone", {"credential": code}).status == 200
    assert world.simulators.wechat.token_calls == calls


def test_phone_binding_on_alipay(world: World) -> None:
    client = world.log_in("alipay")
    credential = world.simulators.alipay.controls["phone_credentials"]({"phone": "13912345678"})["credential"]
    assert client.put("/v1/me/phone", {"credential": credential}).json["phone"] == "139****5678"


@pytest.mark.parametrize(
    "alter",
    [
        lambda text: text.replace('"sign": "', '"sign": "AAAA'),
        lambda text: text.replace('"response": "', '"response": "AAAA'),
        lambda text: '{"response": "{\\"code\\":\\"40003\\"}"}',
        lambda text: '{"response": 5, "sign": 5}',
        lambda text: "not json",
    ],
)
def test_an_altered_phone_credential_is_refused(world: World, alter: object) -> None:
    assert callable(alter)
    credential = world.simulators.alipay.controls["phone_credentials"]({"phone": "13912345678"})["credential"]
    answer = world.log_in("alipay").put("/v1/me/phone", {"credential": alter(credential)})
    assert (answer.status, answer.code) == (401, "login_code_invalid")


def test_wrong_codes_from_one_address_are_answered_late_and_right_ones_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr("chalicelib.kernel.edge.rates.time.sleep", waits.append)
    client = world.anonymous()
    answers = [client.post("/v1/auth/wechat", {"code": f"guess-{number}"}).code for number in range(102)]
    assert set(answers) == {"login_code_invalid"} and waits == [rates.WAIT_SECONDS] * 2
    code = world.simulators.wechat.controls["login_codes"]({"user": "behind-the-same-address"})["code"]
    assert client.post("/v1/auth/wechat", {"code": code}).status == 200
    assert len(waits) == 2


def test_a_refresh_does_not_fail_for_what_is_only_noted(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The new token is written; then the answer to the note, which login was used last, is lost."""
    person = world.real_person()
    account = store.account(person.account_id, consistent=True)
    assert account is not None
    account.recent_logins = ["another", *account.recent_logins]
    tampering.overwrite(account)
    with dying_at(monkeypatch, 2, "lost") as writes:
        person.renew()
    assert writes == [2]
    person.renew()
