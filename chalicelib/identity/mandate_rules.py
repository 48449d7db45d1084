"""Enterprises and the mandates by which somebody acts for others: states, periods, errors. Pure."""

from __future__ import annotations

from datetime import date, timedelta

from chalicelib.identity import events
from chalicelib.kernel.errors import PLATFORM_UNAVAILABLE, ErrorCode
from chalicelib.kernel.graph import NEW, Edge, Graph

REPRESENTATION_DAYS = 365
CREDIT_CODE_INVALID = ErrorCode(
    "credit_code_invalid", 422, zh="统一社会信用代码有误，请核对", en="The credit code is not valid; check it"
)
ENTERPRISE_UNKNOWN = ErrorCode(
    "enterprise_unknown", 422, zh="市场监管登记中没有该企业", en="The business register does not know this enterprise"
)
ENTERPRISE_NOT_ACTIVE = ErrorCode(
    "enterprise_not_active", 422, zh="该企业不在存续状态", en="The enterprise is not in active registration"
)
NOT_LEGAL_REPRESENTATIVE = ErrorCode(
    "not_legal_representative",
    403,
    zh="只有法定代表人可以登记企业；经办人请由法定代表人授权",
    en="Only the legal representative may register the enterprise; handlers are appointed by that person",
)
MANDATE_PERIOD_INVALID = ErrorCode(
    "mandate_period_invalid",
    422,
    zh="授权截止日期须在今天之后且不超过三年",
    en="The mandate must end after today and within three years",
)
MANDATE_STATE = ErrorCode(
    "mandate_wrong_state",
    409,
    zh="授权当前状态为“{state_zh}”，不能进行此操作",
    en="The mandate is “{state}”; not possible now",
)
REPRESENTATIVE_CHANGED = ErrorCode(
    "representative_changed",
    403,
    zh="市场监管登记的法定代表人已变更，原有授权停止使用；请新法定代表人在本系统登记企业并确认授权",
    en="The business register names another legal representative: mandates of the former one rest until the new one "
    "has registered the enterprise here and confirmed them",
)
REPRESENTATION_ERRORS = [REPRESENTATIVE_CHANGED, ENTERPRISE_UNKNOWN, ENTERPRISE_NOT_ACTIVE, PLATFORM_UNAVAILABLE]
"""What every request answers that asks the business register who represents the enterprise now."""


OFFERED = "offered"
ACCEPTED = "accepted"
WAITING = "waiting"
ENDED = "ended"
MANDATES = Graph(
    (
        Edge("offer", NEW, OFFERED, by=("representative",), event=events.MANDATE_OFFERED),
        Edge("offer", OFFERED, OFFERED, by=("representative",), event=events.MANDATE_OFFERED),
        Edge("offer", ENDED, OFFERED, by=("representative",), event=events.MANDATE_OFFERED),
        # Who has accepted to act stays accepted when scope or end change, and can resign at any time.
        Edge("change", ACCEPTED, ACCEPTED, by=("representative",), event=events.MANDATE_CHANGED),
        Edge("change", WAITING, ACCEPTED, by=("representative",), event=events.MANDATE_CHANGED),
        Edge("assume", NEW, ACCEPTED, by=("representative",), event=events.MANDATE_ASSUMED),
        Edge("assume", OFFERED, ACCEPTED, by=("representative",), event=events.MANDATE_ASSUMED),
        Edge("assume", ACCEPTED, ACCEPTED, by=("representative",), event=events.MANDATE_ASSUMED),
        Edge("assume", WAITING, ACCEPTED, by=("representative",), event=events.MANDATE_ASSUMED),
        Edge("assume", ENDED, ACCEPTED, by=("representative",), event=events.MANDATE_ASSUMED),
        Edge("accept", OFFERED, ACCEPTED, by=("holder",), event=events.MANDATE_ACCEPTED),
        Edge("decline", OFFERED, ENDED, by=("holder",), event=events.MANDATE_DECLINED),
        Edge("decline", ACCEPTED, ENDED, by=("holder",), event=events.MANDATE_DECLINED),
        Edge("decline", WAITING, ENDED, by=("holder",), event=events.MANDATE_DECLINED),
        Edge("revoke", OFFERED, ENDED, by=("representative", "system"), event=events.MANDATE_REVOKED),
        Edge("revoke", ACCEPTED, ENDED, by=("representative", "system"), event=events.MANDATE_REVOKED),
        Edge("revoke", WAITING, ENDED, by=("representative", "system"), event=events.MANDATE_REVOKED),
        # The register names another representative: whom the former one appointed waits for the new one's word.
        Edge("suspend", ACCEPTED, WAITING, by=("system",), event=events.MANDATE_SUSPENDED),
        Edge("suspend", OFFERED, ENDED, by=("system",), event=events.MANDATE_REVOKED),
    ),
    MANDATE_STATE,
    {OFFERED: "待接受", ACCEPTED: "有效", WAITING: "待新法定代表人确认", ENDED: "已结束"},
)


def mandate_holds(status: str, until: date, today: date) -> bool:
    """Whether a mandate may be used today: it was accepted, nobody ended it, and its last day is not over."""
    return status == ACCEPTED and today <= until


def mandate_period_is_valid(until: date, today: date) -> bool:
    return today < until <= today + timedelta(days=3 * 366)
