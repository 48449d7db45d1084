"""Enterprises and the mandates by which somebody acts for others: states, periods, errors. Pure."""

from __future__ import annotations

from datetime import date, timedelta

from chalicelib.identity import events
from chalicelib.kernel.errors import PLATFORM_UNAVAILABLE, ErrorCode
from chalicelib.kernel.graph import NEW, Edge, Graph

REPRESENTATION_DAYS = 365
"""How long a mandate by law, or by a proof of the principal, lasts before it has to be renewed."""
LEGAL_REPRESENTATIVE = "legal_representative"
HANDLER = "handler"
GUARDIAN = "guardian"
AGENT = "agent"
ROLES = (LEGAL_REPRESENTATIVE, HANDLER, GUARDIAN, AGENT)
BY_LAW = (LEGAL_REPRESENTATIVE, GUARDIAN)
"""Roles that a register gives: nobody has to accept them, and nobody else takes them away."""
MINOR_YEARS = 18
"""Until this age somebody has guardians (民法典 art. 17, 27)."""
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
GUARDIANSHIP_ENDED = ErrorCode(
    "guardianship_ended",
    403,
    zh="登记中您已不是该人的监护人，不能再代为办理",
    en="The register does not name you as this person's guardian any more",
)
PRINCIPAL_DECEASED = ErrorCode(
    "principal_deceased",
    403,
    zh="登记显示委托人已故，授权随之终止；继承等事项请到窗口办理",
    en="The register says that the person has died, which ends the mandate; a window helps with an inheritance",
)
NOT_GUARDIAN = ErrorCode(
    "not_guardian",
    403,
    zh="登记中您不是该人的监护人；成年人可在本系统授权您代办",
    en="The register does not name you as this person's guardian; an adult can give you a mandate here",
)
MANDATE_TO_ONESELF = ErrorCode(
    "mandate_to_oneself", 422, zh="不能授权给自己", en="Nobody gives a mandate to themselves"
)
LICENCE_REFUSED = ErrorCode(
    "business_licence_refused",
    422,
    zh="电子营业执照授权无效、已使用，或持照人不是您本人，请重新扫码",
    en="The electronic business licence does not vouch for you, or was used already; scan again",
)
REPRESENTATION_ERRORS = [
    REPRESENTATIVE_CHANGED,
    GUARDIANSHIP_ENDED,
    PRINCIPAL_DECEASED,
    ENTERPRISE_UNKNOWN,
    ENTERPRISE_NOT_ACTIVE,
    PLATFORM_UNAVAILABLE,
]
"""What every request answers that asks a register whether the caller may still act for somebody."""


OFFERED = "offered"
ACCEPTED = "accepted"
WAITING = "waiting"
ENDED = "ended"
MANDATES = Graph(
    (
        Edge("offer", NEW, OFFERED, by=("principal",), event=events.MANDATE_OFFERED),
        Edge("offer", OFFERED, OFFERED, by=("principal",), event=events.MANDATE_OFFERED),
        Edge("offer", ENDED, OFFERED, by=("principal",), event=events.MANDATE_OFFERED),
        # Who has accepted to act stays accepted when scope or end change, and can resign at any time.
        Edge("change", ACCEPTED, ACCEPTED, by=("principal",), event=events.MANDATE_CHANGED),
        Edge("change", WAITING, ACCEPTED, by=("principal",), event=events.MANDATE_CHANGED),
        Edge("assume", NEW, ACCEPTED, by=("principal",), event=events.MANDATE_ASSUMED),
        Edge("assume", OFFERED, ACCEPTED, by=("principal",), event=events.MANDATE_ASSUMED),
        Edge("assume", ACCEPTED, ACCEPTED, by=("principal",), event=events.MANDATE_ASSUMED),
        Edge("assume", WAITING, ACCEPTED, by=("principal",), event=events.MANDATE_ASSUMED),
        Edge("assume", ENDED, ACCEPTED, by=("principal",), event=events.MANDATE_ASSUMED),
        Edge("accept", OFFERED, ACCEPTED, by=("holder",), event=events.MANDATE_ACCEPTED),
        Edge("decline", OFFERED, ENDED, by=("holder",), event=events.MANDATE_DECLINED),
        Edge("decline", ACCEPTED, ENDED, by=("holder",), event=events.MANDATE_DECLINED),
        Edge("decline", WAITING, ENDED, by=("holder",), event=events.MANDATE_DECLINED),
        Edge("revoke", OFFERED, ENDED, by=("principal", "system"), event=events.MANDATE_REVOKED),
        Edge("revoke", ACCEPTED, ENDED, by=("principal", "system"), event=events.MANDATE_REVOKED),
        Edge("revoke", WAITING, ENDED, by=("principal", "system"), event=events.MANDATE_REVOKED),
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


def guardian_until(born: date, today: date) -> date:
    """The last day of a guardian's mandate: a year from now, or the day before the child comes of age."""
    try:
        of_age = born.replace(year=born.year + MINOR_YEARS)
    except ValueError:  # born on 29 February: of age on 1 March
        of_age = date(born.year + MINOR_YEARS, 3, 1)
    renewed_by = today + timedelta(days=REPRESENTATION_DAYS)
    is_minor = today < of_age
    # Who is of age and has a guardian all the same, has one because the register says so.
    return min(renewed_by, of_age - timedelta(days=1)) if is_minor else renewed_by


def mandate_period_is_valid(until: date, today: date) -> bool:
    return today < until <= today + timedelta(days=3 * 366)
