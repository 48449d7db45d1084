"""The demo as a newcomer plays it: at any hour, as often as wanted, on one installation; failures say what happened.

The whole demo is played against the API and the simulators in this process. Time is the world's: when the demo waits,
it passes, and the scheduled functions run.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from chalicelib.kernel import clock
from chalicelib.kernel.clock import SHANGHAI
from chalicelib.notices.service import channels
from demo import journey, sticker
from demo.client import Demo, DemoFailed, Headers
from functions import sweep_deliveries, sweep_messages, sweep_payments
from local import pump, simulators
from local.gateway import HttpAnswer
from scenes.world import World
from tools import invoke


@dataclass
class Answer:
    """An answer, with the names that the demo reads."""

    status: int
    data: bytes


class DemoInProcess(Demo):
    """The demo, its calls answered by the world."""

    def __init__(self, world: World) -> None:
        super().__init__(world.environment)
        self.world = world
        ports = self.ports
        self.simulators = {
            ports.wechat: world.simulators.wechat,
            ports.alipay: world.simulators.alipay,
            ports.departments: world.simulators.departments,
            ports.wechat_pay: world.simulators.wechat_pay,
        }

    def request(self, method: str, url: str, body: str | None, headers: Headers) -> Answer:
        target = urlsplit(url)
        path = f"{target.path}?{target.query}" if target.query else target.path
        data = body.encode() if body else b""
        answer: HttpAnswer
        if target.port == self.ports.api:
            lower = {name.lower(): value for name, value in headers.items()}
            answer = self.world.gateway.handle(method, path, lower, data, "10.1.1.1")
        else:
            assert target.port is not None
            answer = self.simulators[target.port].respond(method, path, {}, data, "10.1.1.1")
        return Answer(answer.status, answer.body)

    def run_function(self, name: str, event: dict[str, Any]) -> Any:
        return pump.handler(f"functions.{name}.handler")(event)

    def sleep(self, seconds: float) -> None:
        self.world.pass_time(seconds=max(seconds, 10))
        for sweep in (sweep_payments, sweep_deliveries, sweep_messages):
            sweep.handler({})
        self.world.simulators.deliver()
        self.world.pump()

    def log_in_staff(self, username: str) -> Headers:
        self.world._forget_used_code(username)  # other tests log in at later moments
        return super().log_in_staff(username)


@pytest.fixture(autouse=True)
def _output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    channels.forget()


def test_the_whole_demo_twice_on_one_installation(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        journey.play(DemoInProcess(world))
    said = capsys.readouterr().out
    assert said.count("what the second one was told on Alipay") == 2
    assert "(waiting for the system to hear of the payment" in said and "until 16:" in said
    assert "refused: " in said
    assert Path("demo-output/receipt-2.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        ("2026-11-02T23:40", "no slot of today is left; takes a number instead"),
        ("2026-11-02T23:57", "waiting for midnight, when the hall's new day begins, until 00:00:05"),
        ("2026-09-30T10:00", "self_service_hall, 2026-10-01"),
        ("2026-12-31T20:00", "2027-01-0"),
    ],
)
def test_the_hall_s_day_at_any_hour(world: World, capsys: pytest.CaptureFixture[str], moment: str, said: str) -> None:
    world.set_time(datetime.fromisoformat(moment).replace(tzinfo=SHANGHAI))
    journey.play_stickers_and_halls(DemoInProcess(world))
    assert said in capsys.readouterr().out


def test_a_refusal_is_shown_as_a_refusal(world: World) -> None:
    demo = DemoInProcess(world)
    buyer = sticker.new_buyer(demo)
    demo.put_records("housing", buyer[1], [{"homes": 3, "under_review": False}])
    with pytest.raises(DemoFailed) as failed:
        sticker.house_purchase(demo, buyer)
    assert "house_purchase_certificate is refused and should be completed: " in str(failed.value)


def test_a_message_that_does_not_come_is_named_with_the_platform_s_answer_and_the_log(world: World) -> None:
    """A template that WeChat does not know: every other message arrives."""
    errors = {"code": 40037, "times": 100}
    world.simulators.wechat.controls["message_errors"](errors)
    with pytest.raises(DemoFailed) as failed:
        journey.play(DemoInProcess(world))
    said = str(failed.value)
    assert "waited in vain for 3 messages to be sent" in said
    assert "shipment_delivered" in said and "wechat refused 40037" in said
    assert "sending.log" in said


def test_what_never_comes_is_waited_for_until_the_announced_moment(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    demo = DemoInProcess(world)
    began = clock.now()
    with pytest.raises(DemoFailed, match=r"waited in vain for a miracle\nnothing\nsee .*miracle.log"):
        demo.wait("a miracle", lambda: None, "miracle.log", lambda: "nothing")
    assert 150 <= (clock.now() - began).total_seconds() < 200
    assert "(waiting for a miracle, until 16:02:30 Beijing time at the latest)" in capsys.readouterr().out


def test_platforms_give_no_number_twice_after_a_restart(world: World) -> None:
    """The demo once failed after a restart on the same day: a second payment had the number of an older one."""
    before, after = simulators.made(world.environment), simulators.made(world.environment)
    numbers = [one.wechat_pay.new_transaction_id() for one in (before, after)]
    assert numbers[0] != numbers[1] and {len(number) for number in numbers} == {28}


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ('{"day": "2027-11-29"}', "is not over yet"),
        ('{"day": "2026-13-45"}', "month must be in 1..12"),
        ('{"day": 20261120}', "does not take this event"),
        ("[1]", "EVENT is not an object"),
        ("{", "EVENT is not JSON"),
    ],
)
def test_a_function_that_is_invoked_with_a_wrong_event_says_what_is_wrong(
    world: World, capsys: pytest.CaptureFixture[str], event: str, said: str
) -> None:
    assert invoke.main(["seal_history", event]) == 1
    assert said in capsys.readouterr().err
