"""Who somebody is: claims and proofs, disputes, merging, relatives. Pure."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from chalicelib.identity import events
from chalicelib.kernel.errors import ErrorCode
from chalicelib.kernel.graph import NEW, Edge, Graph

FRESH_PROOF = timedelta(minutes=10)
"""How old a proof may be for what nobody may do who finds a phone: merging, mandates, another phone number."""
PROOF_CODE_SECONDS = 600
MOST_CLAIMS = 10
"""Accounts that may claim one identity at once: all of them lose it in one transaction."""
MOST_PROVEN = 10
MOST_FORMER = 10
WECHAT_FACE = "wechat_face"
ALIPAY_FACE = "alipay_face"
WINDOW = "window"
NETWORK_IDENTITY = "network_identity"
GUARDIAN_REGISTER = "guardian_register"
"""A ward's account, which the guardian has opened and no login leads to."""
FACE_CHECK_LASTS = {WECHAT_FACE: timedelta(hours=1), ALIPAY_FACE: timedelta(hours=23)}
"""How long a face check that was started may be confirmed: WeChat keeps one for an hour, Alipay for a day."""
PROOFS = (WECHAT_FACE, ALIPAY_FACE, WINDOW, NETWORK_IDENTITY, GUARDIAN_REGISTER)
"""How somebody can prove who they are. A camera is never the only way (人脸识别技术应用安全管理办法, 2025, art. 10)."""
OPEN = "open"
GIVEN = "given"
KEPT_LOCKED = "kept_locked"
ID_NUMBER_INVALID = ErrorCode(
    "id_number_invalid",
    422,
    zh="{document}号码有误，请核对；使用其他证件请选择证件种类，或到窗口办理",
    en="This is no number of a {document_en}; check it, choose another kind of document, or go to a window",
)
PROVER_CLOSED = ErrorCode(
    "prover_has_closed",
    409,
    zh="核验本人的账号已注销，不能再把事项归给它",
    en="The proven account was closed; nothing can be given to it",
)
DOCUMENT_INCOMPLETE = ErrorCode(
    "document_incomplete",
    422,
    zh="此证件还须填写{missing}",
    en="For this document, {missing_en} is needed too",
)
DOCUMENT_NEEDS_WINDOW = ErrorCode(
    "document_needs_window",
    422,
    zh="{document}无法在线核对，请持证件到窗口办理：在手机上取得核验码，出示给工作人员",
    en="A {document_en} cannot be checked online: get a code on the phone and show it with the document at a window",
)
NO_FACE_CHECK = ErrorCode(
    "no_face_check_for_document",
    422,
    zh="此平台的刷脸不支持{document}，请在支付宝刷脸，或持证件到窗口核验",
    en="This platform's face check does not know a {document_en}: use Alipay's, or go to a window",
)
NAME_DOES_NOT_MATCH = ErrorCode(
    "identity_mismatch",
    422,
    zh="姓名与身份证号码不一致；请按身份证填写，间隔号用“·”",
    en="Name and ID number do not belong together; write the name as the ID card does, with a dot as “·”",
)
DECEASED = ErrorCode(
    "identity_deceased",
    422,
    zh="登记显示该人已故；如有误，请到窗口更正，继承等事项请到窗口办理",
    en="The register says that this person has died; a window corrects a mistake, and helps with an inheritance",
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
PROVE_IN_MINI_PROGRAM = ErrorCode(
    "prove_in_mini_program",
    409,
    zh="此账号尚未核验为您本人，首次核验请在微信或支付宝小程序中进行",
    en="This account is not proven to be yours yet; prove it for the first time in the mini-program",
)
TEXT_CODE_SENT = ErrorCode(
    "text_code_sent",
    409,
    zh="该手机号已绑定其他账号，已向该号码发送验证码，请填写后重试",
    en="Another account has bound this number; a code was sent to it, call again with the code",
)
MINI_PROGRAM_ONLY = ErrorCode(
    "mini_program_only",
    409,
    zh="请在微信或支付宝小程序中进行此操作",
    en="This is done in the mini-program on WeChat or Alipay",
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
DISPUTE_DECIDED = ErrorCode(
    "dispute_wrong_state",
    409,
    zh="身份争议当前状态为“{state_zh}”，不能进行此操作",
    en="The dispute is “{state}”; not possible now",
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


DISPUTES = Graph(
    (
        Edge("open", NEW, OPEN, by=("system",), event=events.DISPUTE_OPENED),
        # The person whose the identity is has proven it with the very login that had claimed it.
        Edge("recognise", OPEN, GIVEN, by=("person",), event=events.DISPUTE_RECOGNISED),
        Edge("give", OPEN, GIVEN, by=("security_administrator",), event=events.DISPUTE_GIVEN),
        Edge("keep_locked", OPEN, KEPT_LOCKED, by=("security_administrator",), event=events.DISPUTE_KEPT_LOCKED),
        # A wrong decision is taken back: the dispute begins anew.
        Edge("open", GIVEN, OPEN, by=("security_administrator",), event=events.DISPUTE_REOPENED),
        Edge("open", KEPT_LOCKED, OPEN, by=("security_administrator",), event=events.DISPUTE_REOPENED),
    ),
    DISPUTE_DECIDED,
    {OPEN: "待处理", GIVEN: "已归本人", KEPT_LOCKED: "继续锁定"},
)


def is_fresh(proven_at: datetime | None, now: datetime) -> bool:
    """Whether a proof is recent enough for what somebody who found a phone must not do."""
    return proven_at is not None and proven_at <= now <= proven_at + FRESH_PROOF


def is_child(born: date, today: date) -> bool:
    """Whether somebody is under 14, so that the guardian consents (PIPL art. 31)."""
    return (today.year - born.year, today.month, today.day) < (14, born.month, born.day)
