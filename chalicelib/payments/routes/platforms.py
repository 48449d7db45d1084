"""Endpoints of payments: what the platforms notify."""

from __future__ import annotations

from chalicelib.kernel import errors
from chalicelib.kernel.access import ANYONE
from chalicelib.kernel.edge.endpoint import Plain, Request, endpoint
from chalicelib.payments import rules, service


@endpoint("POST", "/v1/notify/wechat_pay", ANYONE, errors=[rules.NOTICE_REFUSED, errors.CONFLICT])
def notify_wechat_pay(request: Request) -> Plain:
    """A notification of WeChat Pay; an empty answer says that it was taken in."""
    service.notifications.take_wechat(request.headers, request.body)
    return Plain("")


@endpoint("POST", "/v1/notify/alipay", ANYONE, errors=[rules.NOTICE_REFUSED, errors.CONFLICT])
def notify_alipay(request: Request) -> Plain:
    """A notification of Alipay; ``success`` says that it was taken in."""
    service.notifications.take_alipay(request.body)
    return Plain("success")
