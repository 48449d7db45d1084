"""Who somebody is: numbers and their checks, levels, sessions, mandates. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from chalicelib.kernel.errors import ErrorCode

SESSION_DAYS = 30
SESSION_IDLE_DAYS = 7
VERIFICATION_HOURS = 23
REPRESENTATION_DAYS = 365

LOGIN_REFUSED = ErrorCode(
    "login_refused", 401, zh="用户名、密码或动态码不正确", en="User name, password or one-time code is wrong"
)
COURIER_UNKNOWN = ErrorCode(
    "courier_unknown",
    401,
    zh="此手机号没有登记为快递员，请联系所属快递公司",
    en="This phone number belongs to no courier; ask your company",
)
ONE_TIME_CODE_USED = ErrorCode(
    "one_time_code_used",
    401,
    zh="此动态码已使用，请等待下一个（最多 30 秒）",
    en="This code was used; wait for the next (at most 30 seconds)",
)
REFRESH_INVALID = ErrorCode(
    "refresh_invalid", 401, zh="登录已失效，请重新登录", en="The session has ended; log in again"
)
REFRESH_REUSED = ErrorCode(
    "refresh_reused",
    401,
    zh="刷新令牌被重复使用，为安全起见已退出登录，请重新登录",
    en="The refresh token was used twice; the session was ended for safety, log in again",
)
ID_NUMBER_INVALID = ErrorCode(
    "id_number_invalid", 422, zh="身份证号码有误，请核对", en="The ID number is not valid; check it"
)
CREDIT_CODE_INVALID = ErrorCode(
    "credit_code_invalid", 422, zh="统一社会信用代码有误，请核对", en="The credit code is not valid; check it"
)
NAME_DOES_NOT_MATCH = ErrorCode(
    "identity_mismatch", 422, zh="姓名与身份证号码不一致", en="Name and ID number do not belong together"
)
ALREADY_VERIFIED = ErrorCode(
    "already_verified",
    409,
    zh="您已用另一证件完成实名认证",
    en="Your real name is verified with another ID number already",
)
SAME_PERSON_NOT_PROVEN = ErrorCode(
    "same_person_not_proven",
    409,
    zh="该身份已在另一账号实名:请在两个账号绑定同一手机号后重试，或在支付宝完成人脸认证",
    en="Another account has this identity: bind the same phone number on both and retry, or pass Alipay's face check",
)
VERIFICATION_NOT_STARTED = ErrorCode(
    "verification_not_started",
    409,
    zh="没有进行中的实名认证，请重新开始",
    en="No verification is under way; start again",
)
VERIFICATION_NOT_PASSED = ErrorCode(
    "verification_not_passed", 422, zh="人脸认证尚未通过，请完成后再确认", en="The face check is not passed yet"
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
RELATIVE_NOT_CONSENTED = ErrorCode(
    "relative_not_consented",
    403,
    zh="该亲属尚未同意由您代办",
    en="This relative has not consented yet",
)
GUARDIAN_CONSENTS = ErrorCode(
    "guardian_consents",
    403,
    zh="未满 14 周岁由监护人同意，请由登记的监护人添加",
    en="For a child under 14 the guardian consents; let the registered guardian add the child",
)
NOT_MERGED = ErrorCode("not_merged", 409, zh="该账号没有被合并", en="This account is not merged into another")


@dataclass(frozen=True, kw_only=True)
class SessionState:
    """What decides about a refresh: the current token's hash and the two ends of the session."""

    current: str
    revoked: bool
    opened_at: datetime
    used_at: datetime


def refresh_outcome(session: SessionState, presented: str, now: datetime) -> str:
    """``rotate``, ``expired`` or ``reuse``: any token of the family but the current one is a reuse."""
    if session.revoked or now >= session.opened_at + timedelta(days=SESSION_DAYS):
        return "expired"
    if presented != session.current:
        return "reuse"
    return "expired" if now >= session.used_at + timedelta(days=SESSION_IDLE_DAYS) else "rotate"


def is_child(born: date, today: date) -> bool:
    """Whether somebody is under 14, so that the guardian consents (PIPL art. 31)."""
    return (today.year - born.year, today.month, today.day) < (14, born.month, born.day)


def mandate_holds(until: date, revoked: bool, today: date) -> bool:
    """Whether a mandate may be used today; it includes its last day."""
    return not revoked and today <= until


def mandate_period_is_valid(until: date, today: date) -> bool:
    return today < until <= today + timedelta(days=3 * 366)
