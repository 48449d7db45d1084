"""Staff: their life cycle, roles, factors, errors. Pure."""

from __future__ import annotations

from datetime import timedelta

from chalicelib.identity import events
from chalicelib.kernel.errors import ErrorCode, refuse_if
from chalicelib.kernel.graph import NEW, Edge, Graph
from chalicelib.kernel.roles import ADMINISTRATORS

MOST_COURIER_LOGINS = 4

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
STAFF_STATE = ErrorCode(
    "staff_wrong_state",
    409,
    zh="该工作人员当前状态为“{state_zh}”，不能进行此操作",
    en="The staff member is “{state}”; not possible now",
)
SEARCH_UNCLEAR = ErrorCode(
    "search_unclear",
    422,
    zh="请只填写人员、当事方、工作人员、部门中的一项，或只填写日期",
    en="Search by one of person, party, officer and unit, or by a day alone",
)
PHONE_INVALID = ErrorCode(
    "phone_invalid",
    422,
    zh="手机号有误：境内 11 位手机号，或 + 加国家（地区）代码和号码",
    en="This is no mobile number: 11 digits in the mainland, or + with country and number",
)
STAFF_EXISTS = ErrorCode(
    "staff_exists", 409, zh="此用户名已有工作人员使用，请换一个", en="This user name is taken; choose another one"
)
ROLES_INVALID = ErrorCode(
    "roles_invalid",
    422,
    zh="三类管理员互斥，且不得兼任其他角色",
    en="These roles do not go together: an administrator has that one role only",
)
ROLES_UNKNOWN = ErrorCode("roles_unknown", 422, zh="没有此角色：{roles}", en="There is no such role: {roles}")
ADMINISTRATOR_PROTECTED = ErrorCode(
    "administrator_protected",
    403,
    zh="管理员的任免和停用须由运维人员用命令办理，不能由另一名管理员办理",
    en="No administrator decides about another one; whoever runs the system does that by command",
)
INVITATION_INVALID = ErrorCode(
    "invitation_invalid",
    401,
    zh="邀请码有误、已使用或已过期，请向管理员重新索取",
    en="The invitation is wrong, used or too old; ask the administrator for a new one",
)
PASSWORD_TOO_WEAK = ErrorCode(
    "password_too_weak",
    422,
    zh="密码太容易被猜到：至少 12 个字符，不含姓名、用户名和常见词",
    en="The password is too easy to guess: at least 12 characters, without names and common words",
)
ONE_TIME_CODE_WRONG = ErrorCode(
    "one_time_code_wrong",
    422,
    zh="动态码不正确，请检查手机时间后重试",
    en="The six digits are wrong; check the phone's clock and try again",
)
FACTORS_WRONG = ErrorCode(
    "factors_wrong",
    422,
    zh="当前密码或动态码不正确，未作更改",
    en="The password or the six digits of today are wrong; nothing was changed",
)
SECURITY_KEY_REFUSED = ErrorCode(
    "security_key_refused",
    422,
    zh="安全密钥未能登记，请重新开始",
    en="The security key could not be registered; start again",
)
TOO_MANY_KEYS = ErrorCode(
    "too_many_security_keys",
    409,
    zh="安全密钥过多，请先删除不用的",
    en="There are too many security keys; remove one that is not in use",
)
OWN_ACCOUNT = ErrorCode(
    "own_account", 409, zh="不能对自己的账号进行此操作", en="Nobody does this with their own account"
)
INVITED = "invited"
ACTIVE = "active"
SUSPENDED = "suspended"
LEFT = "left"
_SYSTEM = ("system_administrator",)
_SECURITY = ("security_administrator",)
STAFF = Graph(
    (
        # Who is invited sets password and second factor; nobody else ever knows them.
        Edge("invite", NEW, INVITED, by=_SYSTEM, event=events.STAFF_INVITED),
        Edge("invite", INVITED, INVITED, by=_SYSTEM, event=events.STAFF_INVITED),
        Edge("invite", LEFT, INVITED, by=_SYSTEM, event=events.STAFF_INVITED),
        Edge("reset", INVITED, INVITED, by=_SECURITY, event=events.STAFF_RESET),
        Edge("reset", ACTIVE, INVITED, by=_SECURITY, event=events.STAFF_RESET),
        Edge("activate", INVITED, ACTIVE, by=("member",), event=events.STAFF_ACTIVATED),
        Edge("suspend", ACTIVE, SUSPENDED, by=_SECURITY, event=events.STAFF_SUSPENDED),
        Edge("reinstate", SUSPENDED, ACTIVE, by=_SECURITY, event=events.STAFF_REINSTATED),
        Edge("dismiss", INVITED, LEFT, by=_SECURITY, event=events.STAFF_DISMISSED),
        Edge("dismiss", ACTIVE, LEFT, by=_SECURITY, event=events.STAFF_DISMISSED),
        Edge("dismiss", SUSPENDED, LEFT, by=_SECURITY, event=events.STAFF_DISMISSED),
    ),
    STAFF_STATE,
    {INVITED: "已邀请", ACTIVE: "在岗", SUSPENDED: "停用", LEFT: "离岗"},
)
INVITATION_LASTS = timedelta(days=3)
LEAST_PASSWORD = 12
"""Characters of a staff member's password; there is a second factor (ASVS 5.0, 6.2.1; NIST SP 800-63B-4, 3.1.1)."""
LEAST_SCORE = 3
"""Of zxcvbn: at least 10^8 guesses, so it is on no list of common passwords (ASVS 5.0, 6.2.4 and 6.2.11)."""
MOST_KEYS = 5


def check_roles(roles: list[str], known: tuple[str, ...]) -> None:
    """Raise unless somebody may have these roles together: ``roles_unknown`` or ``roles_invalid``.

    Nobody has two of the three administrators' roles, and none of them works on cases beside it.
    """
    unknown = sorted(set(roles) - set(known))
    refuse_if(unknown, ROLES_UNKNOWN, roles=", ".join(unknown))
    has_administration = bool(set(roles) & set(ADMINISTRATORS))
    refuse_if(has_administration and len(set(roles)) > 1, ROLES_INVALID)
