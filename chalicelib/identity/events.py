"""What happens to accounts, sessions, enterprises, mandates, relatives and staff."""

from __future__ import annotations

from chalicelib.kernel.event_types import EventType

ACCOUNT_CREATED = EventType("account_created", zh="账号已建立", en="The account was created")
PHONE_BOUND = EventType("phone_bound", zh="已绑定手机号", en="A phone number was bound")
VERIFICATION_STARTED = EventType("verification_started", zh="已开始实名认证", en="The check of the real name was begun")
REAL_NAME_VERIFIED = EventType("real_name_verified", zh="已完成实名认证", en="The real name is verified")
ACCOUNT_MERGED = EventType("account_merged", zh="账号已并入", en="The account was merged into another")
ACCOUNT_ABSORBED = EventType("account_absorbed", zh="另一账号已并入", en="Another account was merged into this one")
MERGE_UNDONE = EventType("merge_undone", zh="账号合并已撤销", en="The merge of accounts was undone")
SESSION_OPENED = EventType("session_opened", zh="已登录", en="Logged in")
SESSION_CLOSED = EventType("session_closed", zh="已退出登录", en="Logged out")
SESSION_REUSE_DETECTED = EventType(
    "session_reuse_detected",
    zh="刷新令牌被重复使用，登录已终止",
    en="A refresh token was used twice; the session was ended",
)
ACCESS_TOKENS_VOIDED = EventType("access_tokens_voided", zh="访问令牌已全部失效", en="All access tokens are void")
STAFF_PUT = EventType("staff_put", zh="工作人员信息已更新", en="The staff member was created or changed")
STAFF_LOGGED_IN = EventType("staff_logged_in", zh="工作人员已登录", en="The staff member logged in")
ORGANIZATION_REGISTERED = EventType("organization_registered", zh="企业已登记", en="The enterprise was registered")
MANDATE_GIVEN = EventType("mandate_given", zh="已授权经办人", en="A mandate was given")
MANDATE_REVOKED = EventType("mandate_revoked", zh="授权已撤销", en="The mandate was revoked")
RELATIVE_ADDED = EventType("relative_added", zh="已添加亲属", en="A relative was added")
RELATIVE_CONSENTED = EventType("relative_consented", zh="亲属已同意", en="The relative has consented")
RELATIVE_ENDED = EventType("relative_ended", zh="亲属关系已解除", en="The relation was ended")
