"""Logging in and out, on each platform and as staff."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from chalicelib.identity import service, session_rules, staff_rules
from chalicelib.identity.routes.shapes import PLATFORM_ERRORS, STAFF_LOGIN_SLOWDOWN, Device, Username
from chalicelib.kernel import errors
from chalicelib.kernel.access import ANY_STAFF, ANYONE, Access, Actor, Level
from chalicelib.kernel.edge.endpoint import endpoint
from chalicelib.kernel.edge.rates import Slowdown
from chalicelib.kernel.edge.shapes import Done

Code = Annotated[str, Meta(min_length=1, max_length=256)]

LOGIN_SLOWDOWN = Slowdown(name="login", times=100, seconds=300)


class CodeLogin(msgspec.Struct, forbid_unknown_fields=True):
    """The single-use code of wx.login or my.getAuthCode."""

    code: Code
    device: Device | None = None


class StaffLogin(msgspec.Struct, forbid_unknown_fields=True):
    """User name, password and the six digits of the authenticator."""

    username: Username
    password: Annotated[str, Meta(min_length=1, max_length=256)]
    code: Annotated[str, Meta(pattern=r"^[0-9]{6}$")]
    device: Device | None = None


class CourierLogin(msgspec.Struct, forbid_unknown_fields=True):
    """The platform's login code, and the phone credential of the same user (as for binding a phone).

    ``factor``: the six digits of the authenticator, the first time that this user of the platform logs in.
    """

    platform: Literal["wechat", "alipay"]
    code: Code
    credential: Annotated[str, Meta(min_length=1, max_length=4096)]
    factor: Annotated[str, Meta(pattern=r"^([0-9]{6})?$")] = ""
    device: Device | None = None


class RefreshRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The refresh token, which is used up by this."""

    refresh_token: Annotated[str, Meta(min_length=1, max_length=256)]
    device: Device | None = None


@endpoint("POST", "/v1/auth/wechat", ANYONE, errors=PLATFORM_ERRORS, limit=LOGIN_SLOWDOWN)
def log_in_with_wechat(body: CodeLogin) -> service.sessions.Tokens:
    """Log in with a WeChat mini-program's code."""
    return service.sessions.log_in_with_wechat(body.code, body.device)


@endpoint("POST", "/v1/auth/alipay", ANYONE, errors=PLATFORM_ERRORS, limit=LOGIN_SLOWDOWN)
def log_in_with_alipay(body: CodeLogin) -> service.sessions.Tokens:
    """Log in with an Alipay mini-program's code."""
    return service.sessions.log_in_with_alipay(body.code, body.device)


@endpoint(
    "POST",
    "/v1/auth/staff",
    ANYONE,
    errors=[staff_rules.LOGIN_REFUSED, staff_rules.ONE_TIME_CODE_USED],
    limit=STAFF_LOGIN_SLOWDOWN,
)
def log_in_staff(body: StaffLogin) -> service.sessions.Tokens:
    """Log in as staff with two factors."""
    return service.staff.log_in_staff(body.username, body.password, body.code, body.device)


@endpoint(
    "POST",
    "/v1/auth/courier",
    ANYONE,
    errors=[
        *PLATFORM_ERRORS,
        staff_rules.COURIER_UNKNOWN,
        staff_rules.COURIER_LOGIN_NOT_REGISTERED,
        staff_rules.ONE_TIME_CODE_USED,
    ],
    limit=STAFF_LOGIN_SLOWDOWN,
)
def log_in_courier(body: CourierLogin) -> service.sessions.Tokens:
    """Log in as a courier: the platform vouches for the phone number that the courier's company registered."""
    return service.staff.log_in_courier(body.platform, body.code, body.credential, body.factor, body.device)


@endpoint(
    "POST",
    "/v1/auth/refresh",
    ANYONE,
    errors=[session_rules.REFRESH_INVALID, session_rules.REFRESH_REUSED, errors.CONFLICT],
)
def refresh_session(body: RefreshRequest) -> service.sessions.Tokens:
    """Exchange the refresh token; a second use ends the session.

    If an answer got lost, the same device may use the last token once more within 30 seconds.
    """
    return service.sessions.refresh(body.refresh_token, body.device)


@endpoint(
    "POST", "/v1/auth/logout", Access(person=Level.LOGGED_IN, partial=True, staff=ANY_STAFF), errors=[errors.CONFLICT]
)
def log_out(actor: Actor) -> Done:
    """End this session."""
    service.sessions.log_out(actor)
    return Done()
