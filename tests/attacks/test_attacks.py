"""The attacks of an outsider, sent over HTTP to the system of the tests; and each check finds what it looks for."""

from __future__ import annotations

import pytest

from tests.attacks.__main__ import attack, main
from tests.attacks.probes import SAFE_HEADERS, Heard, Probe, all_probes, faults


def test_every_attack_from_outside_is_answered_as_it_should_be(url: str) -> None:
    assert len(all_probes()) > 250
    assert attack(url) == []


def test_the_script_needs_an_address() -> None:
    assert main([]) == 2


RIGHT = Heard(status=404, headers=dict(SAFE_HEADERS), text="nothing")


@pytest.mark.parametrize(
    ("heard", "fault"),
    [
        (Heard(status=200, headers=RIGHT.headers, text="nothing"), "status 200"),
        (Heard(status=404, headers=RIGHT.headers, text="absent"), "lacks 'nothing'"),
        (Heard(status=404, headers=RIGHT.headers, text="nothing Traceback"), "holds 'Traceback'"),
        (Heard(status=404, headers={}, text="nothing"), "X-Content-Type-Options is missing"),
        (Heard(status=404, headers={**RIGHT.headers, "set-cookie": "a=b"}, text="nothing"), "Set-Cookie holds"),
    ],
)
def test_a_wrong_answer_is_found(heard: Heard, fault: str) -> None:
    probe = Probe(name="x", path="/", statuses=(404,), holds="nothing", headers_never={"Set-Cookie": "a=b"})
    assert faults(probe, RIGHT) == []
    assert any(fault in found for found in faults(probe, heard)), faults(probe, heard)
