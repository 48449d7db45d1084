"""Logging in to a browser, and confirming that in a mini-program."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.identity import rules, service, session_rules, staff_rules
from chalicelib.identity.routes.shapes import Device
from chalicelib.kernel.access import ANYONE, Access, Actor, Level
from chalicelib.kernel.edge.endpoint import Request, endpoint
from chalicelib.kernel.edge.rates import Limit, Slowdown
from chalicelib.kernel.edge.shapes import Done

CONFIRM_LIMIT = Limit(name="browser_confirmations", times=20, seconds=3600)
TEXT_SLOWDOWN = Slowdown(name="text_logins", times=50, seconds=900)
PERSON = Access(person=Level.LOGGED_IN)
PhoneText = Annotated[str, Meta(min_length=5, max_length=32)]
Content = Annotated[str, Meta(min_length=16, max_length=128)]


class BrowserAbout(msgspec.Struct, forbid_unknown_fields=True):
    """What the browser says of itself, for the person who confirms: program and system."""

    about: Annotated[str, Meta(min_length=1, max_length=100)]


class BrowserSecret(msgspec.Struct, forbid_unknown_fields=True):
    """What only this browser has."""

    secret: Annotated[str, Meta(min_length=16, max_length=256)]
    device: Device | None = None


class ScannedCode(msgspec.Struct, forbid_unknown_fields=True):
    """The content of the QR that the browser shows."""

    content: Content


class Confirmation(ScannedCode, forbid_unknown_fields=True):
    """The content of the QR, and the two digits beside it."""

    number: Annotated[str, Meta(pattern=r"^[0-9]{2}$")]


class PhoneNumber(msgspec.Struct, forbid_unknown_fields=True):
    """The bound phone number."""

    phone: PhoneText


class TextCode(PhoneNumber, forbid_unknown_fields=True):
    """The phone number, and the code that it got."""

    code: Annotated[str, Meta(pattern=r"^[0-9]{6}$")]
    device: Device | None = None


@endpoint("POST", "/v1/auth/browser", ANYONE)
def begin_browser_login(body: BrowserAbout) -> service.browser.BrowserLogin:
    """Get a QR code and two digits to show; somebody scans them with the mini-program."""
    return service.browser.begin_scan(body.about)


@endpoint(
    "POST",
    "/v1/auth/browser/token",
    ANYONE,
    errors=[session_rules.BROWSER_LOGIN_WAITING, session_rules.BROWSER_LOGIN_OVER],
)
def finish_browser_login(body: BrowserSecret) -> service.sessions.Tokens:
    """Ask whether somebody has confirmed, every two seconds; the session is given out once."""
    return service.browser.finish_scan(body.secret, body.device)


@endpoint("POST", "/v1/browser_logins/look", PERSON, errors=[session_rules.BROWSER_LOGIN_OVER])
def look_at_browser_login(body: ScannedCode) -> service.browser.WaitingBrowser:
    """What was scanned: which browser asks to be let in."""
    return service.browser.look(body.content)


@endpoint(
    "POST",
    "/v1/browser_logins/confirm",
    PERSON,
    errors=[session_rules.BROWSER_LOGIN_OVER, session_rules.BROWSER_NUMBER_WRONG, rules.MINI_PROGRAM_ONLY],
    limit=CONFIRM_LIMIT,
)
def confirm_browser_login(actor: Actor, body: Confirmation) -> Done:
    """Let the browser in that shows these two digits; it may do everything after a face check just before this."""
    service.browser.confirm(actor, body.content, body.number)
    return Done()


@endpoint("POST", "/v1/auth/text", ANYONE, errors=[staff_rules.PHONE_INVALID])
def send_login_text(body: PhoneNumber, request: Request) -> Done:
    """Send a code to a bound phone number; the answer is the same for one that nobody has bound."""
    service.browser.send_text(body.phone, request.source_ip)
    return Done()


@endpoint(
    "POST",
    "/v1/auth/text/token",
    ANYONE,
    errors=[staff_rules.PHONE_INVALID, session_rules.TEXT_CODE_WRONG],
    limit=TEXT_SLOWDOWN,
)
def log_in_by_text(body: TextCode) -> service.sessions.Tokens:
    """Log in with the code that the phone got: a partial session, which may only prove who the person is."""
    return service.browser.finish_text(body.phone, body.code, body.device)
