"""Every code and secret: how many there are, how often one may guess, and how many days a guesser needs.

The limits are read from the code; ``docs/security.md`` shows the table, and this test compares it.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import pytest

from chalicelib.delivery import rules as delivery_rules
from chalicelib.delivery.routes import hall
from chalicelib.delivery.service import couriers
from chalicelib.identity import staff_rules
from chalicelib.identity.routes import window
from chalicelib.identity.service import members, staff, text_codes
from chalicelib.kernel.edge.rates import Limit
from chalicelib.payments.routes import counter
from chalicelib.queueing.routes import arriving
from infra import stack
from local.environment import ROOT

DAY = 86400
FEWEST_DAYS = 30
UNGUESSABLE = 128
"""From so many bits on nobody needs a limit, and nobody is ever locked out."""


@dataclass(frozen=True, kw_only=True)
class Secret:
    """``space``: how many there are for each one that opens something; ``tries``: a day, against one target."""

    name: str
    space: float
    tries: float | None

    @property
    def bits(self) -> int:
        return int(math.log2(self.space))

    @property
    def days(self) -> int | None:
        """Expected days until a guess is right; None where nothing limits the tries, and nothing has to."""
        return None if self.tries is None else int(self.space / 2 / self.tries)

    def row(self) -> str:
        if self.tries is None:
            return f"| {self.name} | {self.bits} | no limit | never |"
        return f"| {self.name} | {self.bits} | {round(self.tries)} | {self.days:,} |"


def a_day(limit: Limit) -> float:
    """How many tries a limit allows in a day."""
    return limit.times * DAY / limit.seconds


def requests_a_day() -> float:
    """How many requests a stage lets in, from everywhere; nobody is refused for the address."""
    return int(stack.parts()["Parameters"]["RequestsPerSecond"]["Default"]) * DAY


READY_PARCELS = 300
"""At one hall's counter; each of their codes opens one."""
LIVE_CODES = 1000
"""Codes for a window that people of the whole city show at one moment."""
BUSY_RECEIPTS = 10_000_000
APPOINTMENTS_OF_A_DAY = 2000
"""At one hall; each of their numbers checks somebody in."""
GUESSES_BY_SCORE = {3: 10**8, 4: 10**10}
"""How many guesses zxcvbn says that a password of a score stands at least."""
SECOND_FACTORS = 2
"""Each has its own count of guesses at the password beside it."""
SECRETS = [
    Secret(
        name="staff's password, which takes a second factor besides",
        space=GUESSES_BY_SCORE[staff_rules.LEAST_SCORE],
        tries=SECOND_FACTORS * a_day(staff.GUESSES_OF_STRANGERS),
    ),
    Secret(
        name="appointment number at a kiosk, any of a hall's day",
        space=2**55 / APPOINTMENTS_OF_A_DAY,
        tries=a_day(arriving.DESK_LIMIT),
    ),
    Secret(
        name="code by text message",
        space=10**6,
        tries=text_codes._MOST_MISSES * a_day(text_codes._TEXTS_A_DAY),
    ),
    Secret(name="staff's six digits, password known", space=10**6 / 3, tries=a_day(staff.GUESSES_OF_STRANGERS)),
    Secret(name="the same, from the member's own device", space=10**6 / 3, tries=a_day(staff.GUESSES_OF_A_DEVICE)),
    Secret(name="a courier's six digits, phone text known", space=10**6 / 3, tries=a_day(staff.REGISTRATIONS)),
    Secret(name="an invited person's first six digits", space=10**6 / 3, tries=a_day(members._GUESSES)),
    Secret(name="recipient's code at the door", space=10**6, tries=delivery_rules.MOST_MISSES),
    Secret(
        name="recipient's ID number at the door, birthday and place known",
        space=1000,
        tries=a_day(couriers.CARD_TRIES),
    ),
    Secret(
        name="pick-up code and last digits of the phone, any parcel of a hall",
        space=10**10 / READY_PARCELS,
        tries=a_day(hall.COUNTER_LIMIT),
    ),
    Secret(name="code for a window, anybody's", space=10**8 / LIVE_CODES, tries=a_day(window.WINDOW_LIMIT)),
    Secret(name="the same, for a bill of another unit", space=10**8 / LIVE_CODES, tries=a_day(counter.COUNTER_LIMIT)),
    Secret(name="receipt number, any application, the whole API", space=2**55 / BUSY_RECEIPTS, tries=requests_a_day()),
    Secret(name="refresh token, invitation, browser login", space=2.0**192, tries=None),
    Secret(name="print link", space=2.0**128, tries=None),
    Secret(name="sealed text: hold, hand-over, recipient's screen, document link", space=2.0**128, tries=None),
]


@pytest.mark.parametrize("secret", SECRETS, ids=lambda secret: secret.name)
def test_a_guesser_needs_a_month_at_least(secret: Secret) -> None:
    if secret.days is None:
        assert secret.bits >= UNGUESSABLE
    else:
        assert secret.days >= FEWEST_DAYS


def test_the_document_shows_the_table_as_it_is() -> None:
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    shown = re.findall(r"^\| .* \|$", text.partition("## Guessing")[2].partition("\n## ")[0], re.MULTILINE)[1:]
    assert shown == [secret.row() for secret in SECRETS]


def test_the_law_finds_a_weak_code() -> None:
    weak = Secret(name="four digits", space=10**4, tries=480)
    assert weak.days is not None and weak.days < FEWEST_DAYS
