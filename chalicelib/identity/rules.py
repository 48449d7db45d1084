"""Who somebody is: numbers and their checks, levels, sessions, mandates. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from chalicelib.identity import events
from chalicelib.kernel.errors import PLATFORM_UNAVAILABLE, ErrorCode
from chalicelib.kernel.graph import NEW, Edge, Graph

FRESH_PROOF = timedelta(minutes=10)
"""How old a proof may be for what nobody may do who finds a phone: merging, mandates, another phone number."""
PROOF_CODE_SECONDS = 600
MOST_CLAIMS = 10
"""Accounts that may claim one identity at once: all of them lose it in one transaction."""
MOST_PROVEN = 10
MOST_FORMER = 10
MOST_COURIER_LOGINS = 4
WECHAT_FACE = "wechat_face"
ALIPAY_FACE = "alipay_face"
WINDOW = "window"
NETWORK_IDENTITY = "network_identity"
FACE_CHECK_LASTS = {WECHAT_FACE: timedelta(hours=1), ALIPAY_FACE: timedelta(hours=23)}
"""How long a face check that was started may be confirmed: WeChat keeps one for an hour, Alipay for a day."""
PROOFS = (WECHAT_FACE, ALIPAY_FACE, WINDOW, NETWORK_IDENTITY)
"""How somebody can prove who they are. A camera is never the only way (人脸识别技术应用安全管理办法, 2025, art. 10)."""
OPEN = "open"
GIVEN = "given"
KEPT_LOCKED = "kept_locked"
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
COURIER_LOGIN_NOT_REGISTERED = ErrorCode(
    "courier_login_not_registered",
    401,
    zh="此微信或支付宝账号尚未登记，请输入动态码 App 中的六位数字登记一次",
    en="This WeChat or Alipay user is not registered yet: enter the six digits of your authenticator once",
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
    "identity_mismatch",
    422,
    zh="姓名与身份证号码不一致；请按身份证填写，间隔号用“·”",
    en="Name and ID number do not belong together; write the name as the ID card does, with a dot as “·”",
)
ALREADY_PROVEN = ErrorCode(
    "already_proven",
    409,
    zh="此账号已核验为另一身份，不能更改",
    en="This account is proven to be somebody else's, which cannot be changed",
)
CLAIMS_ANOTHER = ErrorCode(
    "claims_another_identity",
    409,
    zh="此账号已填报另一身份，请先撤回再填报",
    en="This account claims another identity; give that claim up first",
)
NO_CLAIM = ErrorCode(
    "no_claim", 409, zh="此账号没有可以撤回的填报身份", en="This account has no claim that could be given up"
)
PROVEN_ELSEWHERE = ErrorCode(
    "proven_elsewhere",
    409,
    zh="该身份已由另一账号核验，仅凭姓名和号码不能使用；如是本人，请刷脸或到窗口核验",
    en="Another account has proven this identity, so name and number do not suffice; prove that it is yours",
)
TOO_MANY_CLAIMS = ErrorCode(
    "too_many_claims",
    409,
    zh="填报该身份的账号过多；如是本人，请刷脸或到窗口核验",
    en="Too many accounts claim this identity; prove that it is yours",
)
TOO_MANY_ACCOUNTS = ErrorCode(
    "too_many_accounts",
    409,
    zh="该身份已核验的账号过多，请先合并",
    en="Too many accounts are proven to be this person's; merge some first",
)
PROOF_NOT_STARTED = ErrorCode(
    "proof_not_started",
    409,
    zh="没有进行中的核验，请重新开始",
    en="No proof is under way; start again",
)
PROOF_NOT_PASSED = ErrorCode(
    "proof_not_passed",
    422,
    zh="核验未通过，请重试，或持身份证到窗口办理",
    en="The proof was not passed; try again, or go to a window with your ID card",
)
PROOF_CODE_INVALID = ErrorCode(
    "proof_code_invalid",
    422,
    zh="核验码有误或已过期，请对方在手机上重新获取",
    en="The code is wrong or too old; the person can get a new one on the phone",
)
FRESH_PROOF_REQUIRED = ErrorCode(
    "fresh_proof_required",
    403,
    zh="此操作需要现在再核验一次本人身份（10 分钟内有效），可刷脸或到窗口办理",
    en="This needs a proof of who you are now, at most ten minutes old: by a face check or at a window",
)
NOT_PROVEN = ErrorCode(
    "not_proven", 409, zh="该账号没有可以撤销的核验", en="This account has no proof that could be taken back"
)
MERGED_FIRST = ErrorCode(
    "merged_accounts_first",
    409,
    zh="其他登录账号已并入该账号，请先撤销合并",
    en="Accounts with logins of their own are merged into this one; undo those merges first",
)
NOTHING_TO_MERGE = ErrorCode(
    "nothing_to_merge",
    409,
    zh="没有这个也核验为您本人的账号",
    en="There is no such account that is proven to be yours too",
)
STAFF_STATE = ErrorCode(
    "staff_wrong_state",
    409,
    zh="该工作人员当前状态为“{state_zh}”，不能进行此操作",
    en="The staff member is “{state}”; not possible now",
)
OWN_ACCOUNT = ErrorCode(
    "own_account", 409, zh="不能对自己的账号进行此操作", en="Nobody does this with their own account"
)
DISPUTE_DECIDED = ErrorCode(
    "dispute_wrong_state",
    409,
    zh="身份争议当前状态为“{state_zh}”，不能进行此操作",
    en="The dispute is “{state}”; not possible now",
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


DISPUTES = Graph(
    (
        Edge("open", NEW, OPEN, by=("system",), event=events.DISPUTE_OPENED),
        # The person whose the identity is has proven it with the very login that had claimed it.
        Edge("recognise", OPEN, GIVEN, by=("person",), event=events.DISPUTE_RECOGNISED),
        Edge("give", OPEN, GIVEN, by=("administrator",), event=events.DISPUTE_GIVEN),
        Edge("keep_locked", OPEN, KEPT_LOCKED, by=("administrator",), event=events.DISPUTE_KEPT_LOCKED),
        # A wrong decision is taken back: the dispute begins anew.
        Edge("open", GIVEN, OPEN, by=("administrator",), event=events.DISPUTE_REOPENED),
        Edge("open", KEPT_LOCKED, OPEN, by=("administrator",), event=events.DISPUTE_REOPENED),
    ),
    DISPUTE_DECIDED,
    {OPEN: "待处理", GIVEN: "已归本人", KEPT_LOCKED: "继续锁定"},
)


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


SESSION_OPEN = "open"
SESSION_ENDED = "ended"
SESSIONS = Graph(
    (
        Edge("open", NEW, SESSION_OPEN, by=("holder",), event=events.SESSION_OPENED),
        Edge("close", SESSION_OPEN, SESSION_ENDED, by=("holder",), event=events.SESSION_CLOSED),
        Edge("reuse", SESSION_OPEN, SESSION_ENDED, by=("system",), event=events.SESSION_REUSE_DETECTED),
    ),
    REFRESH_INVALID,
    {SESSION_OPEN: "有效", SESSION_ENDED: "已结束"},
)
ACTIVE = "active"
SUSPENDED = "suspended"
LEFT = "left"
STAFF = Graph(
    (
        Edge("put", NEW, ACTIVE, by=("system",), event=events.STAFF_PUT),
        Edge("put", ACTIVE, ACTIVE, by=("system",), event=events.STAFF_PUT),
        Edge("put", SUSPENDED, ACTIVE, by=("system",), event=events.STAFF_PUT),
        Edge("put", LEFT, ACTIVE, by=("system",), event=events.STAFF_PUT),
        Edge("suspend", ACTIVE, SUSPENDED, by=("administrator",), event=events.STAFF_SUSPENDED),
        Edge("reinstate", SUSPENDED, ACTIVE, by=("administrator",), event=events.STAFF_REINSTATED),
        Edge("dismiss", ACTIVE, LEFT, by=("administrator",), event=events.STAFF_DISMISSED),
        Edge("dismiss", SUSPENDED, LEFT, by=("administrator",), event=events.STAFF_DISMISSED),
    ),
    STAFF_STATE,
    {ACTIVE: "在岗", SUSPENDED: "停用", LEFT: "离岗"},
)


def is_fresh(proven_at: datetime | None, now: datetime) -> bool:
    """Whether a proof is recent enough for what somebody who found a phone must not do."""
    return proven_at is not None and proven_at <= now <= proven_at + FRESH_PROOF


@dataclass(frozen=True, kw_only=True)
class SessionLimits:
    """How long a session may go on at most, and how long it may lie idle (ASVS 5.0, 7.3)."""

    absolute: timedelta
    idle: timedelta


PERSON_LIMITS = SessionLimits(absolute=timedelta(days=30), idle=timedelta(days=7))
STAFF_LIMITS = SessionLimits(absolute=timedelta(hours=12), idle=timedelta(hours=1))
LIMITS_OF_ROLES = {
    "administrator": SessionLimits(absolute=timedelta(hours=8), idle=timedelta(minutes=30)),
    # A courier's day, with a phone that has no network for a while.
    "courier": SessionLimits(absolute=timedelta(hours=14), idle=timedelta(hours=4)),
    # A machine in the hall, which nobody logs in every morning.
    "kiosk": SessionLimits(absolute=timedelta(days=30), idle=timedelta(days=7)),
}
"""Roles with other limits than the rest of the staff; of several roles the strictest counts."""
REPEAT = timedelta(seconds=30)
MOST_ENDED = 50
"""Ended sessions that a holder's item names; they are forgotten once their access tokens have run out."""


def session_limits(roles: list[str] | None) -> SessionLimits:
    """The limits of a staff member with these roles, or of a person (None)."""
    if roles is None:
        return PERSON_LIMITS
    found = [LIMITS_OF_ROLES.get(role, STAFF_LIMITS) for role in roles] or [STAFF_LIMITS]
    return SessionLimits(absolute=min(limits.absolute for limits in found), idle=min(limits.idle for limits in found))


@dataclass(frozen=True, kw_only=True)
class SessionState:
    """What decides about a refresh: hashes of the current token and the one before, and the session's times.

    ``is_of_this_version``: no change of the holder's factors, roles or status has ended all sessions since.
    """

    status: str
    current: str
    previous: str
    is_same_device: bool
    is_of_this_version: bool
    opened_at: datetime
    used_at: datetime


def refresh_outcome(session: SessionState, presented: str, now: datetime, limits: SessionLimits) -> str:
    """``rotate``, ``repeat`` (the last token once more, its answer got lost), ``expired`` or ``reuse``."""
    is_over = now >= session.opened_at + limits.absolute
    if session.status != SESSION_OPEN or not session.is_of_this_version or is_over:
        return "expired"
    if presented != session.current:
        is_last = session.previous != "" and presented == session.previous
        is_prompt = now <= session.used_at + REPEAT
        return "repeat" if is_last and is_prompt and session.is_same_device else "reuse"
    return "expired" if now >= session.used_at + limits.idle else "rotate"


def is_child(born: date, today: date) -> bool:
    """Whether somebody is under 14, so that the guardian consents (PIPL art. 31)."""
    return (today.year - born.year, today.month, today.day) < (14, born.month, born.day)


def mandate_holds(status: str, until: date, today: date) -> bool:
    """Whether a mandate may be used today: it was accepted, nobody ended it, and its last day is not over."""
    return status == ACCEPTED and today <= until


def mandate_period_is_valid(until: date, today: date) -> bool:
    return today < until <= today + timedelta(days=3 * 366)
