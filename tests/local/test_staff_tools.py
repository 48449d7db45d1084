"""``make staff`` invites, ``make join`` sets the factors: the first administrators of a stage come that way."""

from __future__ import annotations

import re

import pyotp
import pytest

from chalicelib.kernel import clock
from scenes.world import Client, World, new_id_number
from tools import join, staff, system

PASSWORD = "wide.meadow.lantern"


def ask_number(question: str) -> str:
    """What somebody types who is asked for an ID number."""
    assert "李四" in question
    return new_id_number()


@pytest.fixture(autouse=True)
def _on_this_system(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tools work on the system of the tests."""
    monkeypatch.setattr(system, "use", lambda: None)


class Terminal:
    """Somebody at a terminal who answers what is asked."""

    def __init__(self, capsys: pytest.CaptureFixture[str], invitation: str, second: str = PASSWORD) -> None:
        self._capsys = capsys
        self._invitation = invitation
        self._passwords = [PASSWORD, second]
        self.secret = ""

    def ask(self, question: str) -> str:
        if question.startswith("invitation"):
            return self._invitation
        printed = self._capsys.readouterr().out
        self.secret = re.findall(r"^  ([A-Z2-7]{32})$", printed, re.MULTILINE)[0]
        return str(pyotp.TOTP(self.secret).at(clock.seconds(clock.now()) - 30))

    def ask_secret(self, question: str) -> str:
        return self._passwords.pop(0)


def invited(capsys: pytest.CaptureFixture[str], user: str, reset: str = "") -> str:
    assert staff.main([user, "李四", "service_center", "security_administrator", "", reset], ask_number) == 0
    return str(re.findall(r"invitation   (\S+)", capsys.readouterr().out)[0])


def test_a_first_administrator_comes_in(world: World, url: str, capsys: pytest.CaptureFixture[str]) -> None:
    terminal = Terminal(capsys, invited(capsys, "first.security"))
    assert join.main(["first.security", url], terminal.ask, terminal.ask_secret) == 0
    code = pyotp.TOTP(terminal.secret).at(clock.seconds(clock.now()))
    body = {"username": "first.security", "password": PASSWORD, "code": code}
    opened = world.anonymous().post("/v1/auth/staff", body)
    client = Client(world=world, token=opened.json["access_token"])
    assert client.get("/v1/disputes").status == 200
    again = ["first.security", "李四", "service_center", "security_administrator", ""]
    assert staff.main(again, ask_number) == 1
    assert "RESET=yes" in capsys.readouterr().err
    assert client.get("/v1/disputes").status == 200, "nobody is put out by a slip"
    invitation = invited(capsys, "first.security", "yes")
    assert client.get("/v1/disputes").status == 401
    terminal = Terminal(capsys, invitation)
    assert join.main(["first.security", url], terminal.ask, terminal.ask_secret) == 0


def test_mistakes_are_named(world: World, url: str, capsys: pytest.CaptureFixture[str]) -> None:
    terminal = Terminal(capsys, "x" * 32)
    assert join.main(["nobody.there", url], terminal.ask, terminal.ask_secret) == 1
    assert "invitation_invalid" in capsys.readouterr().err
    terminal = Terminal(capsys, "x" * 32, second="another")
    assert join.main(["nobody.there", url], terminal.ask, terminal.ask_secret) == 1
    assert "differ" in capsys.readouterr().err
    assert join.main([]) == 1
    assert staff.main(["two.roles", "李四", "service_center", "officer,audit_administrator", ""], ask_number) == 1
    assert "has that one role only" in capsys.readouterr().err
    assert staff.main(["no.unit", "李四", "moon_base", "officer", ""], ask_number) == 1
    assert "moon_base" in capsys.readouterr().err
