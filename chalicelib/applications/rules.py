"""The life of an application (办件): its states, who may move it, its limits. Pure.

States and edges follow the common process 收件-受理-补正-审查-决定-办结 (platforms E.5; 行政许可法
art. 32, 34, 38, 42, 44). The table below is the only place that knows an edge.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from chalicelib.applications import events
from chalicelib.kernel.clock import Calendar
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


_EDGES = (
    Edge("draft", NEW, DRAFT, by=("applicant",), event=events.APPLICATION_DRAFTED),
    Edge("submit", DRAFT, RECEIVED, by=("applicant",), event=events.APPLICATION_SUBMITTED),
    Edge("discard", DRAFT, DISCARDED, by=("applicant",), event=events.APPLICATION_DISCARDED),
    Edge("not_accept", RECEIVED, NOT_ACCEPTED, by=("system",), event=events.APPLICATION_NOT_ACCEPTED),
    Edge("accept", RECEIVED, ACCEPTED, by=("system", "officer"), event=events.APPLICATION_ACCEPTED),
    Edge("request_correction", RECEIVED, CORRECTION, by=("officer",), event=events.CORRECTION_REQUESTED),
    Edge("correct", CORRECTION, RECEIVED, by=("applicant",), event=events.APPLICATION_CORRECTED),
    Edge("lapse", CORRECTION, WITHDRAWN, by=("system",), event=events.APPLICATION_LAPSED),
    Edge("withdraw", RECEIVED, WITHDRAWN, by=("applicant",), event=events.APPLICATION_WITHDRAWN),
    Edge("withdraw", CORRECTION, WITHDRAWN, by=("applicant",), event=events.APPLICATION_WITHDRAWN),
    Edge("withdraw", ACCEPTED, WITHDRAWN, by=("applicant",), event=events.APPLICATION_WITHDRAWN),
    Edge("review", ACCEPTED, REVIEWED, by=("system", "officer"), event=events.APPLICATION_REVIEWED),
    Edge("approve", REVIEWED, APPROVED, by=("system", "officer"), event=events.APPLICATION_APPROVED),
    Edge("refuse", REVIEWED, REFUSED, by=("system", "officer"), event=events.APPLICATION_REFUSED),
    Edge("complete", APPROVED, COMPLETED, by=("system",), event=events.APPLICATION_COMPLETED),
    Edge("withdraw", APPROVED, WITHDRAWN, by=("applicant",), event=events.APPLICATION_WITHDRAWN),
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
        DISCARDED: "已删除",
    },
)  # fmt: skip
STEP_OPEN = "open"
STEP_DONE = "done"

TASK_DONE = ErrorCode("task_done", 409, zh="此待办已处理完毕", en="The task is done already")
STEPS = Graph(
    (
        Edge("open", NEW, STEP_OPEN, by=("system",)),
        Edge("approve", STEP_OPEN, STEP_DONE, by=("officer",), event=events.STEP_APPROVED),
    ),
    TASK_DONE,
    {STEP_OPEN: "待办", STEP_DONE: "已同意"},
)
"""A unit's step. A refusal decides the application as a whole, so that no step is refused by itself."""
FORM_INVALID = ErrorCode(
    "form_invalid", 422, zh="申请表填写有误，请按提示修改", en="The form is not complete or not right; see the fields"
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
RECEIPT_UNKNOWN = ErrorCode(
    "receipt_unknown", 404, zh="没有此受理号，请核对", en="There is no such receipt number; check it"
)
TASK_TAKEN = ErrorCode("task_taken", 409, zh="此待办已由他人领取", en="Somebody else has taken this task")
TASK_NOT_YOURS = ErrorCode("task_not_yours", 409, zh="请先领取此待办", en="Take the task first")


def outcome(effects: Iterable[str]) -> str:
    """What findings lead to: ``not_accept`` before ``refuse`` before ``review``; ``approve`` without any."""
    found = set(effects)
    return next((effect for effect in ("not_accept", "refuse", "review") if effect in found), "approve")


def ready_steps(steps: Sequence[tuple[str, Sequence[str]]], done: Iterable[str]) -> list[str]:
    """The steps that may begin: not done, and everything that they come after is done."""
    finished = set(done)
    return [code for code, after in steps if code not in finished and finished.issuperset(after)]


def due_on(calendar: Calendar, counted_from: date, promised_days: int, used_days: int = 0) -> date:
    """The last day of the promised limit; ``counted_from`` itself is not counted."""
    return calendar.add_working_days(counted_from, max(0, promised_days - used_days))


def used_days(calendar: Calendar, counted_from: date, paused_on: date, before: int = 0) -> int:
    """Working days of the limit that were used when the clock stopped on ``paused_on``."""
    return before + calendar.working_days_between(counted_from, paused_on)


LIGHTS = ("green", "yellow", "red")


def light(calendar: Calendar, today: date, due: date) -> str:
    """The supervision light: ``red`` when overdue, ``yellow`` with at most one working day left."""
    if today > due:
        return "red"
    return "yellow" if calendar.working_days_between(today, due) <= 1 else "green"
