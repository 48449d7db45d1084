"""The life of an application (办件): its states, who may move it, its limits. Pure.

States and edges follow the common process 收件-受理-补正-审查-决定-办结 (platforms E.5; 行政许可法
art. 32, 34, 38, 42, 44). The table below is the only place that knows an edge.
"""

from __future__ import annotations

from collections.abc import Iterable

from chalicelib.applications import events
from chalicelib.kernel.errors import ErrorCode
from chalicelib.kernel.graph import NEW, Edge, Graph

DRAFT = "draft"
RECEIVED = "received"
CORRECTION = "correction"
NOT_ACCEPTED = "not_accepted"
ACCEPTED = "accepted"
REVIEWED = "reviewed"
APPROVED = "approved"
REFUSED = "refused"
COMPLETED = "completed"
WITHDRAWN = "withdrawn"
DISCARDED = "discarded"
TERMINATED = "terminated"
REVOKED = "revoked"

_EDGES = (
    Edge("draft", NEW, DRAFT, by=("applicant",), event=events.APPLICATION_DRAFTED),
    Edge("submit", DRAFT, RECEIVED, by=("applicant",), event=events.APPLICATION_SUBMITTED),
    Edge("discard", DRAFT, DISCARDED, by=("applicant",), event=events.APPLICATION_DISCARDED),
    Edge("not_accept", RECEIVED, NOT_ACCEPTED, by=("system", "officer"), event=events.APPLICATION_NOT_ACCEPTED),
    Edge("accept", RECEIVED, ACCEPTED, by=("system", "officer"), event=events.APPLICATION_ACCEPTED),
    Edge("deem", RECEIVED, ACCEPTED, by=("system",), event=events.APPLICATION_DEEMED_ACCEPTED),
    Edge("request_correction", RECEIVED, CORRECTION, by=("officer", "system"), event=events.CORRECTION_REQUESTED),
    Edge("correct", CORRECTION, RECEIVED, by=("applicant",), event=events.APPLICATION_CORRECTED),
    Edge("lapse", CORRECTION, WITHDRAWN, by=("system",), event=events.APPLICATION_LAPSED),
    Edge("withdraw", RECEIVED, WITHDRAWN, by=("applicant",), event=events.APPLICATION_WITHDRAWN),
    Edge("withdraw", CORRECTION, WITHDRAWN, by=("applicant",), event=events.APPLICATION_WITHDRAWN),
    Edge("withdraw", ACCEPTED, WITHDRAWN, by=("applicant",), event=events.APPLICATION_WITHDRAWN),
    Edge("terminate", ACCEPTED, TERMINATED, by=("system",), event=events.APPLICATION_TERMINATED),
    Edge("review", ACCEPTED, REVIEWED, by=("system", "officer"), event=events.APPLICATION_REVIEWED),
    Edge("approve", REVIEWED, APPROVED, by=("system", "officer"), event=events.APPLICATION_APPROVED),
    Edge("refuse", REVIEWED, REFUSED, by=("system", "officer"), event=events.APPLICATION_REFUSED),
    Edge("complete", APPROVED, COMPLETED, by=("system",), event=events.APPLICATION_COMPLETED),
    Edge("finish", APPROVED, COMPLETED, by=("system",), event=events.APPLICATION_FINISHED),
    Edge("end_unpaid", APPROVED, TERMINATED, by=("system",), event=events.APPLICATION_UNPAID),
    Edge("withdraw", APPROVED, WITHDRAWN, by=("applicant",), event=events.APPLICATION_WITHDRAWN),
    Edge("revoke", APPROVED, REVOKED, by=("officer",), event=events.PROMISE_BROKEN),
    Edge("revoke", COMPLETED, REVOKED, by=("officer",), event=events.PROMISE_BROKEN),
)

WRONG_STATE = ErrorCode(
    "wrong_state",
    409,
    zh="办件当前状态为“{state_zh}”，不能进行此操作",
    en="The application is “{state}”; this cannot be done now",
)
GRAPH = Graph(
    _EDGES,
    WRONG_STATE,
    {
        DRAFT: "草稿", RECEIVED: "已收件", CORRECTION: "待补正", NOT_ACCEPTED: "不予受理", ACCEPTED: "已受理",
        REVIEWED: "已审查", APPROVED: "准予待缴费", REFUSED: "不予准予", COMPLETED: "已办结", WITHDRAWN: "已撤回",
        DISCARDED: "已删除", TERMINATED: "已终止", REVOKED: "已撤销",
    },
)  # fmt: skip
STEP_OPEN = "open"
STEP_DONE = "done"
STEP_REFUSED = "refused"
STEP_RESET = "reset"
STEP_CANCELLED = "cancelled"

TASK_DONE = ErrorCode("task_done", 409, zh="此待办已处理完毕", en="The task is done already")
STEPS = Graph(
    (
        Edge("open", NEW, STEP_OPEN, by=("system",)),
        Edge("open", STEP_RESET, STEP_OPEN, by=("system",)),
        Edge("approve", STEP_OPEN, STEP_DONE, by=("officer",), event=events.STEP_APPROVED),
        Edge("approve", STEP_OPEN, STEP_DONE, by=("system",)),
        Edge("refuse", STEP_OPEN, STEP_REFUSED, by=("officer",), event=events.STEP_REFUSED),
        Edge("reset", STEP_OPEN, STEP_RESET, by=("system",)),
        Edge("reset", STEP_DONE, STEP_RESET, by=("system",)),
        Edge("reset", STEP_REFUSED, STEP_RESET, by=("system",)),
        Edge("cancel", STEP_OPEN, STEP_CANCELLED, by=("system",)),
        Edge("recall", STEP_DONE, STEP_OPEN, by=("officer",), event=events.STEP_RECALLED),
    ),
    TASK_DONE,
    {STEP_OPEN: "待办", STEP_DONE: "已同意", STEP_REFUSED: "不同意", STEP_RESET: "已退回", STEP_CANCELLED: "已取消"},
)
"""A unit's step. ``reset``: the case was sent back before it; it opens again, in its next round."""
FORM_INVALID = ErrorCode(
    "form_invalid", 422, zh="申请表填写有误，请按提示修改", en="The form is not complete or not right; see the fields"
)
FORM_CHANGED = ErrorCode(
    "form_changed",
    412,
    zh="此申请表已在另一设备上修改，您的内容没有保存；请看不同的项，读取最新内容后再保存",
    en="Another device has changed this form; nothing of yours is saved. See what differs, read it again, then save",
)
SERVICE_NOT_FOR_YOU = ErrorCode(
    "service_not_for_applicant",
    422,
    zh="此事项不面向该类申请人，请切换个人或企业身份",
    en="The service is not for this kind of applicant; switch between yourself and your enterprise",
)
CORRECTION_ONCE = ErrorCode(
    "correction_asked_once",
    409,
    zh="补正应当一次性告知，此办件已补正过，请作出决定",
    en="What is missing is told once, and was; decide now",
)
APPROVAL_BLOCKED = ErrorCode(
    "approval_blocked",
    409,
    zh="按部门登记的最新数据，规则不允许准予；请查看理由",
    en="By what the registers say now, the rules forbid approval; see the reasons",
)
NO_SUCH_MODEL = ErrorCode(
    "no_such_model",
    422,
    zh="没有您名下这个事项的该办件，不能据此填写；请新建空白申请",
    en="You have no such case of this service to begin from; begin an empty one",
)
ALREADY_RUNNING = ErrorCode(
    "application_running",
    409,
    zh="同一事项已有在办的申请（受理号 {receipt}），请等它办结，或先撤回它",
    en="An application for the same thing is running (receipt {receipt}): wait for it, or withdraw it first",
)
RECEIPT_UNKNOWN = ErrorCode(
    "receipt_unknown", 404, zh="没有此受理号，请核对", en="There is no such receipt number; check it"
)
PROMISE_NOT_OFFERED = ErrorCode(
    "promise_not_offered",
    422,
    zh="此事项不提供该容缺或告知承诺方式，可容缺的材料：{offered}；请按普通方式办理",
    en="The service does not offer this; materials that may come later: {offered}. Take the ordinary way",
)
PROMISE_STANDS = ErrorCode(
    "promise_stands",
    409,
    zh="提交时的承诺在补正期间不能撤回或变更；可以增加容缺补交的材料",
    en="What was promised at submitting stands during a correction; further materials may be owed",
)
PROMISE_NOT_POSSIBLE = ErrorCode(
    "promise_not_possible",
    409,
    zh="因有失信记录，暂不能采用容缺或告知承诺；请按普通方式办理",
    en="A promise of yours was false, so none is taken now: take the ordinary way",
)
NO_CREDIT_RECORD = ErrorCode(
    "no_credit_record",
    409,
    zh="此办件没有仍在生效的失信记录，无需修复",
    en="There is no credit record of this case any more; there is nothing to end",
)
ABSENCE_INVALID = ErrorCode(
    "absence_invalid",
    422,
    zh="起止日期有误，最长一年",
    en="The days are not right: at most a year, the first one first",
)
SUBSTITUTE_NOT_POSSIBLE = ErrorCode(
    "substitute_not_possible",
    422,
    zh="代理人应为本单位在岗的其他人员",
    en="The substitute is somebody else of the same unit who works here",
)
MAPPING_INVALID = ErrorCode(
    "mapping_invalid", 422, zh="环节对应关系有误：{reason_zh}", en="The mapping of steps cannot be used: {reason}"
)
TASK_TAKEN = ErrorCode("task_taken", 409, zh="此待办已由他人领取", en="Somebody else has taken this task")
TASK_NOT_YOURS = ErrorCode("task_not_yours", 409, zh="请先领取此待办", en="Take the task first")


def outcome(effects: Iterable[str]) -> str:
    """What findings lead to: ``not_accept`` before ``refuse`` before ``review``; ``approve`` without any."""
    found = set(effects)
    return next((effect for effect in ("not_accept", "refuse", "review") if effect in found), "approve")
