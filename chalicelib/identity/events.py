"""What happens to accounts, sessions, enterprises, mandates, relatives and staff."""

from __future__ import annotations

from chalicelib.kernel.event_types import EventType, Words
from chalicelib.kernel.events import announcements

_HOW = {
    "wechat_face": ("微信刷脸", "a face check on WeChat"),
    "alipay_face": ("支付宝刷脸", "a face check on Alipay"),
    "window": ("窗口出示证件", "the document at a window"),
    "network_identity": ("国家网络身份认证", "the national network identity"),
    "guardian_register": ("监护登记", "the register of guardians"),
}
"""How somebody has proven who they are, in words."""
_PLATFORMS = {"wechat": ("微信", "WeChat"), "alipay": ("支付宝", "Alipay"), "browser": ("网页", "a browser")}
_PLATFORM_PLACES = {"at": announcements.moment_sample(), "platform": _PLATFORMS["browser"]}
_MANDATE_PLACES = {"at": announcements.moment_sample(), "principal": announcements.same("示例旅游客运有限公司")}
_PLACES = {"at": announcements.moment_sample(), "how": _HOW["alipay_face"]}

ACCOUNT_CREATED = EventType("account_created", zh="账号已建立", en="The account was created")
PHONE_BOUND = EventType("phone_bound", zh="已绑定手机号", en="A phone number was bound", places=_PLACES)
PHONE_TAKEN = EventType(
    "phone_taken",
    zh="手机号已由另一账号绑定，本账号不再使用该号码",
    en="Another account has bound the phone number; this one uses it no more",
    places=_PLACES,
)
PROOF_STARTED = EventType("proof_started", zh="已开始核验本人身份", en="A proof of identity was begun")
IDENTITY_CLAIMED = EventType("identity_claimed", zh="已填报身份", en="An identity was claimed by name and number")
CLAIM_GIVEN_UP = EventType("claim_given_up", zh="已撤回填报的身份", en="The claim of an identity was given up")
IDENTITY_PROVEN = EventType(
    "identity_proven", zh="已核验本人身份", en="It was proven whose the account is", places=_PLACES
)
IDENTITY_RENEWED = EventType("identity_renewed", zh="已再次核验本人身份", en="The proof of identity was renewed")
PROOF_TAKEN_BACK = EventType(
    "proof_taken_back",
    zh="管理员已撤销身份核验",
    en="An administrator took the proof of identity back",
    places=_PLACES,
)
OTHER_ACCOUNT_PROVEN = EventType(
    "other_account_proven",
    zh="另一账号也核验为本人",
    en="Another account was proven to be the same person's",
    places=_PLACES,
)
CLAIM_LOST = EventType(
    "claim_lost",
    zh="填报的身份已由另一账号核验，此前以该身份办理的事项已锁定",
    en="Another account has proven the claimed identity; what was done under it is locked",
    places=_PLACES,
)
ACCOUNT_LOCKED = EventType(
    "account_locked", zh="身份有争议，账号已锁定", en="The account is locked: another one has proven its identity"
)
ACCOUNT_MERGED = EventType("account_merged", zh="账号已并入", en="The account was merged into another")
ACCOUNT_ABSORBED = EventType(
    "account_absorbed", zh="另一账号已并入", en="Another account was merged into this one", places=_PLACES
)
ACCOUNT_CLOSED = EventType("account_closed", zh="账号已注销", en="The account was closed", places=_PLACES)
ACCOUNT_ERASED = EventType("account_erased", zh="账号中的个人信息已删除", en="Personal data of the account was erased")
MERGE_UNDONE = EventType("merge_undone", zh="账号合并已撤销", en="The merge of accounts was undone", places=_PLACES)
DISPUTE_OPENED = EventType("dispute_opened", zh="身份争议已建立", en="A dispute about an identity was opened")
DISPUTE_RECOGNISED = EventType(
    "dispute_recognised",
    zh="原登录方式已核验为本人，争议结束",
    en="The login that had claimed the identity has proven it; the dispute is over",
)
DISPUTE_GIVEN = EventType(
    "dispute_given", zh="锁定的事项已归核验本人的账号", en="What was locked was given to the proven account"
)
DISPUTE_KEPT_LOCKED = EventType("dispute_kept_locked", zh="锁定的事项继续锁定", en="What was locked stays locked")
DISPUTE_REOPENED = EventType("dispute_reopened", zh="争议重新处理", en="The dispute was opened again")
SESSION_OPENED = EventType("session_opened", zh="已登录", en="Logged in")
DEVICE_NOTED = EventType("device_noted", zh="已记下首个设备", en="The first device was noted")
DEVICE_NEW = EventType("device_new", zh="已在新设备登录", en="Logged in on a new device", places=_PLATFORM_PLACES)
SESSION_CLOSED = EventType("session_closed", zh="已退出登录", en="Logged out")
SESSION_REUSE_DETECTED = EventType(
    "session_reuse_detected",
    zh="刷新令牌被重复使用，登录已终止",
    en="A refresh token was used twice; the session was ended",
    places={"at": announcements.moment_sample()},
)
ACCESS_TOKENS_VOIDED = EventType("access_tokens_voided", zh="访问令牌已全部失效", en="All access tokens are void")
STAFF_INVITED = EventType("staff_invited", zh="已邀请工作人员", en="The staff member was invited")
STAFF_RESET = EventType(
    "staff_reset", zh="密码与动态码已作废，重新邀请", en="Both factors are void; the staff member was invited anew"
)
STAFF_ACTIVATED = EventType(
    "staff_activated", zh="已设置密码与动态码", en="The staff member has set password and second factor"
)
STAFF_ROLES_CHANGED = EventType("staff_roles_changed", zh="角色已变更", en="The staff member's roles were changed")
STAFF_CHANGED = EventType("staff_changed", zh="姓名、部门或手机号已变更", en="Name, unit or phone number were changed")
STAFF_PERSON_CHANGED = EventType(
    "staff_person_changed", zh="本人证件号码已登记或变更", en="The staff member's own ID number was set or changed"
)
PASSWORD_CHANGED = EventType("password_changed", zh="密码已变更", en="The password was changed")
SECURITY_KEY_ADDED = EventType("security_key_added", zh="已登记安全密钥", en="A security key was registered")
SECURITY_KEY_REMOVED = EventType("security_key_removed", zh="安全密钥已删除", en="A security key was removed")
STAFF_SUSPENDED = EventType("staff_suspended", zh="工作人员已停用", en="The staff member was suspended")
STAFF_REINSTATED = EventType("staff_reinstated", zh="工作人员已恢复", en="The staff member was reinstated")
STAFF_DISMISSED = EventType("staff_dismissed", zh="工作人员已离岗", en="The staff member has left")
COURIER_LOGIN_REGISTERED = EventType(
    "courier_login_registered", zh="快递员已登记登录账号", en="A courier registered a platform's user"
)
STAFF_LOGGED_IN = EventType("staff_logged_in", zh="工作人员已登录", en="The staff member logged in")
ORGANIZATION_REGISTERED = EventType("organization_registered", zh="企业已登记", en="The enterprise was registered")
ORGANIZATION_RENAMED = EventType(
    "organization_renamed", zh="企业名称已按登记更新", en="The enterprise's name follows the register"
)
MANDATE_OFFERED = EventType(
    "mandate_offered", zh="已授权，等待经办人接受", en="A mandate was offered", places=_MANDATE_PLACES
)
MANDATE_ASSUMED = EventType(
    "mandate_assumed", zh="已登记为代表人、经办人或监护人", en="Somebody was registered to act", places=_MANDATE_PLACES
)
MANDATE_CHANGED = EventType(
    "mandate_changed", zh="授权已变更或确认", en="The mandate was changed or confirmed", places=_MANDATE_PLACES
)
MANDATE_ACCEPTED = EventType(
    "mandate_accepted", zh="对方已接受授权", en="The mandate was accepted", places=_MANDATE_PLACES
)
MANDATE_DECLINED = EventType(
    "mandate_declined", zh="对方已谢绝或辞去授权", en="The mandate was declined", places=_MANDATE_PLACES
)
MANDATE_REVOKED = EventType("mandate_revoked", zh="授权已撤销", en="The mandate was revoked", places=_MANDATE_PLACES)
MANDATE_SUSPENDED = EventType(
    "mandate_suspended",
    zh="法定代表人已变更，授权待新法定代表人确认",
    en="The enterprise has another representative, whose word the mandate waits for",
    places=_MANDATE_PLACES,
)
RELATIVE_ADDED = EventType("relative_added", zh="已添加亲属", en="A relative was added")
RELATIVE_CONSENTED = EventType("relative_consented", zh="亲属已同意", en="The relative has consented")
RELATIVE_ENDED = EventType("relative_ended", zh="亲属关系已解除", en="The relation was ended")


def platform_words(platform: str) -> Words:
    """Where somebody logs in, in words."""
    return _PLATFORMS.get(platform, announcements.NOTHING)


def how_words(method: str) -> Words:
    """How somebody has proven who they are, in words; "none" for what is no proof."""
    return _HOW.get(method, announcements.NOTHING)
