"""Couriers log in by the phone number that their company registered, on a login that they registered themselves."""

from __future__ import annotations

import pyotp
import pytest

from chalicelib.identity import service, store
from chalicelib.kernel import clock
from local.staff import SETUP, enrol
from scenes.world import Reply, World

_phones = iter(range(13_500_000_000, 13_599_999_999))


class Courier:
    """A courier of the city with a phone and an authenticator."""

    def __init__(self, world: World, username: str, phone: str = "") -> None:
        self.world = world
        self.username = username
        self.phone = phone or str(next(_phones))
        self.secret = pyotp.random_base32()
        if store.staff(username) is not None:
            service.members.dismiss(SETUP, username, "重新登记")
        factors = ("wide.meadow.lantern", self.secret)
        enrol(username, "某快递员", "city_couriers", ["courier"], factors, self.phone)

    def factor(self) -> str:
        return pyotp.TOTP(self.secret).at(clock.seconds(clock.now()))

    def credential(self, platform: str, user: str) -> str:
        simulators = self.world.simulators
        if platform == "wechat":
            wanted = {"user": user, "phone": self.phone}
            return str(simulators.wechat.controls["phone_codes"](wanted)["code"])
        return str(simulators.alipay.controls["phone_credentials"]({"phone": self.phone})["credential"])

    def log_in(self, platform: str, user: str, credential: str = "", factor: str = "") -> Reply:
        simulator = self.world.simulators.wechat if platform == "wechat" else self.world.simulators.alipay
        body = {
            "platform": platform,
            "code": simulator.controls["login_codes"]({"user": user})["code"],
            "credential": credential or self.credential(platform, user),
            "factor": factor,
        }
        return self.world.anonymous().post("/v1/auth/courier", body)


@pytest.mark.parametrize("platform", ["wechat", "alipay"])
def test_the_first_login_takes_the_second_factor_the_next_ones_do_not(world: World, platform: str) -> None:
    courier = Courier(world, f"courier.first.{platform}")
    user = f"{courier.username}-phone"
    assert courier.log_in(platform, user).code == "courier_login_not_registered"
    assert courier.log_in(platform, user, factor="000000").code == "courier_login_not_registered"
    factor = courier.factor()
    opened = courier.log_in(platform, user, factor=factor)
    assert opened.status == 200
    headers = {"authorization": f"Bearer {opened.json['access_token']}"}
    assert world.anonymous().get("/v1/courier/parcels", headers=headers).status == 200
    assert courier.log_in(platform, user).status == 200
    assert courier.log_in(platform, f"{user}-2", factor=factor).code == "one_time_code_used"


def test_a_stolen_text_about_a_phone_opens_nothing_for_another_user(world: World) -> None:
    """Alipay's text names no user and no time: three different users showed one text, and all got a session."""
    courier = Courier(world, "courier.robbed")
    text = courier.credential("alipay", "owner")
    assert courier.log_in("alipay", "owner", credential=text, factor=courier.factor()).status == 200
    for thief in ("thief-1", "thief-2"):
        answer = courier.log_in("alipay", thief, credential=text)
        assert (answer.status, answer.code) == (401, "courier_login_not_registered")


def test_guessing_the_digits_is_slowed_down(world: World) -> None:
    courier = Courier(world, "courier.guessed")
    text = courier.credential("alipay", "owner")
    answers = [courier.log_in("alipay", "thief", credential=text, factor=f"{number:06d}") for number in range(7)]
    assert [answer.code for answer in answers[:5]] == ["courier_login_not_registered"] * 5
    assert answers[-1].code == "too_many_requests"


def test_new_factors_forget_the_logins(world: World) -> None:
    courier = Courier(world, "courier.renewed")
    assert courier.log_in("wechat", "old-phone", factor=courier.factor()).status == 200
    courier = Courier(world, "courier.renewed", courier.phone)
    assert courier.log_in("wechat", "old-phone").code == "courier_login_not_registered"


def test_a_number_is_the_same_however_it_is_written(world: World) -> None:
    courier = Courier(world, "courier.spelled")
    phone = courier.phone
    courier = Courier(world, "courier.spelled", f"+86 {phone[:3]}-{phone[3:7]}-{phone[7:]}")
    courier.phone = phone
    assert courier.log_in("alipay", "owner", factor=courier.factor()).status == 200


def test_whoever_left_logs_in_no_more(world: World) -> None:
    courier = Courier(world, "courier.left")
    assert courier.log_in("wechat", "phone", factor=courier.factor()).status == 200
    reason = {"reason": "已办理离岗手续"}
    assert world.staff("security").post("/v1/staff/courier.left/dismiss", reason).status == 200
    assert courier.log_in("wechat", "phone").code == "courier_unknown"
