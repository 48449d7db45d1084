"""What happens to an application."""

from __future__ import annotations

from datetime import date

from chalicelib.kernel.event_types import EventType
from chalicelib.kernel.events import announcements

_PLACES = {
    "id": announcements.same("01K7M29QXA4TB3000000000000"),
    "service": ("不动产转移登记", "Registration of a real-estate transfer"),
    "receipt": announcements.same("K7M2-9QXA-4TB3"),
    "at": announcements.moment_sample(),
    "due_on": announcements.day(date(2026, 11, 5)),
    "correct_by": announcements.day(date(2026, 11, 9)),
    "until": announcements.day(date(2026, 11, 20)),
}

APPLICATION_DRAFTED = EventType("application_drafted", zh="开始填写", en="Draft begun")
APPLICATION_DISCARDED = EventType("application_discarded", zh="已删除草稿", en="Draft discarded")
APPLICATION_SUBMITTED = EventType(
    "application_submitted", zh="已提交，系统收件", en="Submitted and received", places=_PLACES
)
APPLICATION_CORRECTED = EventType("application_corrected", zh="已补正", en="Corrected")
APPLICATION_ACCEPTED = EventType("application_accepted", zh="已受理", en="Accepted", places=_PLACES)
APPLICATION_NOT_ACCEPTED = EventType("application_not_accepted", zh="不予受理", en="Not accepted", places=_PLACES)
APPLICATION_DEEMED_ACCEPTED = EventType(
    "application_deemed_accepted",
    zh="五个工作日内未告知补正，自收到之日起视为受理",
    en="Nothing was asked for within five working days: accepted from the day of receipt",
    places=_PLACES,
)
APPLICATION_REVIEWED = EventType("application_reviewed", zh="审查完毕", en="Reviewed")
APPLICATION_APPROVED = EventType("application_approved", zh="准予", en="Approved", places=_PLACES)
APPLICATION_REFUSED = EventType("application_refused", zh="不予准予", en="Refused", places=_PLACES)
APPLICATION_AWAITS_PAYMENT = EventType(
    "application_awaits_payment",
    zh="已开具缴费单，等待缴费",
    en="Bills are issued; waiting for payment",
    places=_PLACES,
)
APPLICATION_COMPLETED = EventType(
    "application_completed", zh="已办结，证照已生成", en="Completed; the certificate is issued", places=_PLACES
)
APPLICATION_FINISHED = EventType(
    "application_finished", zh="已办结", en="Completed; the result stands in the case", places=_PLACES
)
APPLICATION_TERMINATED = EventType(
    "application_terminated",
    zh="承诺补交的材料逾期未交，终止办理",
    en="What was to be brought later did not come in time; ended",
    places=_PLACES,
)
APPLICATION_UNPAID = EventType(
    "application_unpaid",
    zh="逾期未缴费，办件终止，可重新申请",
    en="Not paid in time: the case has ended; you can apply again",
    places=_PLACES,
)
APPLICATION_WITHDRAWN = EventType("application_withdrawn", zh="已撤回", en="Withdrawn")
APPLICATION_LAPSED = EventType(
    "application_lapsed", zh="逾期未补正，视为撤回", en="Not corrected in time; counts as withdrawn", places=_PLACES
)
CORRECTION_REQUESTED = EventType(
    "correction_requested", zh="需要补正，办理时限暂停", en="Correction needed; the clock stops", places=_PLACES
)
CORRECTION_REMINDER_DUE = EventType(
    "correction_reminder_due", zh="补正期限将至，已提醒", en="Reminded that the correction is due soon", places=_PLACES
)
PAPERS_CONFIRMED = EventType(
    "papers_confirmed",
    zh="收件核对：材料齐全",
    en="A unit finds nothing missing",
    internal=True,
)
GAPS_STATED = EventType(
    "gaps_stated",
    zh="收件核对：需要补正",
    en="A unit has said what is missing",
    internal=True,
)
GAP_CHECK_DUE = EventType(
    "gap_check_due",
    zh="告知补正的期限将至，已提醒部门",
    en="The units were reminded to say what is missing",
    internal=True,
)
STEP_OPENED = EventType("step_opened", zh="转入审查环节", en="A step has begun")
STEP_OVERDUE = EventType(
    "step_overdue", zh="审查环节超过时限，已提醒部门", en="A step is overdue; its unit is reminded"
)
APPLICATION_OVERDUE = EventType(
    "application_overdue", zh="办件超过承诺时限，已提醒部门", en="The case is overdue; the unit is reminded"
)
RESULT_UNDELIVERED = EventType(
    "result_undelivered",
    zh="决定后十个工作日内未送达，已提醒部门",
    en="The result has not arrived within ten working days; the unit is reminded",
)
LIMITS_RECOMPUTED = EventType(
    "limits_recomputed",
    zh="工作日历公布，期限重新计算",
    en="A calendar was published; the limits are computed anew",
    places=_PLACES,
)
CORRECTION_DAY_MOVED = EventType(
    "correction_day_moved",
    zh="工作日历公布，补正期限调整",
    en="A calendar was published; the last day of the correction has moved",
    places=_PLACES,
)
MATERIAL_DAY_MOVED = EventType(
    "material_day_moved",
    zh="工作日历公布，补交材料的期限调整",
    en="A calendar was published; the last day of a material that comes later has moved",
    places=_PLACES,
)
DEFINITION_CHANGED = EventType(
    "definition_changed", zh="改按新版本的事项办理", en="The case goes on by another version of its service"
)
TASK_CLAIMED = EventType("task_claimed", zh="工作人员开始审查", en="An officer has taken it up")
TASK_RELEASED = EventType(
    "task_released",
    zh="退回待办池",
    en="Returned to the queue",
    internal=True,
)
TASK_ASSIGNED = EventType(
    "task_assigned",
    zh="指派办理人",
    en="An officer was given the task",
    internal=True,
)
TASK_REASSIGNED = EventType(
    "task_reassigned",
    zh="改派办理人",
    en="The task was given to another officer",
    internal=True,
)
TASK_TRANSFERRED = EventType(
    "task_transferred",
    zh="转办",
    en="Handed on to a colleague",
    internal=True,
)
TASK_DELEGATED = EventType(
    "task_delegated",
    zh="委派他人先提意见",
    en="A colleague is asked to look at it first",
    internal=True,
)
DELEGATE_ANSWERED = EventType(
    "delegate_answered",
    zh="受委派人已提意见",
    en="The colleague has answered",
    internal=True,
)
DELEGATION_TAKEN_BACK = EventType(
    "delegation_taken_back",
    zh="收回委派",
    en="The colleague is not asked any more",
    internal=True,
)
SIGNER_ADDED = EventType(
    "signer_added",
    zh="加签",
    en="A further signer was added",
    internal=True,
)
SIGNER_REMOVED = EventType(
    "signer_removed",
    zh="减签",
    en="A further signer was removed",
    internal=True,
)
OPINION_REQUESTED = EventType(
    "opinion_requested",
    zh="征求意见",
    en="Another unit is asked for its opinion",
    internal=True,
)
OPINION_GIVEN = EventType(
    "opinion_given",
    zh="已回复意见",
    en="The other unit has given its opinion",
    internal=True,
)
COMMENT_ADDED = EventType(
    "comment_added",
    zh="工作备注",
    en="A note of the officers",
    internal=True,
)
COPY_SENT = EventType(
    "copy_sent",
    zh="抄送",
    en="Another unit is informed",
    internal=True,
)
COPY_READ = EventType(
    "copy_read",
    zh="抄送已阅",
    en="The other unit has read it",
    internal=True,
)
VOTE_CAST = EventType(
    "vote_cast",
    zh="已签署意见，等待其他审批人",
    en="A vote was cast; others are to follow",
    internal=True,
)
STEP_APPROVED = EventType("step_approved", zh="审查环节通过", en="A step was approved")
STEP_REFUSED = EventType("step_refused", zh="审查环节不同意", en="A step was refused")
STEP_RETURNED = EventType("step_returned", zh="退回前面的环节", en="Sent back to an earlier step")
STEP_RECALLED = EventType(
    "step_recalled",
    zh="撤回本人意见",
    en="An officer has taken the own vote back",
    internal=True,
)
PROCEDURE_OPENED = EventType(
    "procedure_opened",
    zh="启动特别程序",
    en="A special procedure was opened",
    places=_PLACES,
)
PROCEDURE_CLOSED = EventType("procedure_closed", zh="特别程序结束", en="The special procedure is over", places=_PLACES)
LIMIT_EXTENDED = EventType("limit_extended", zh="延长办理期限", en="The limit was extended", places=_PLACES)
APPLICATION_URGED = EventType("application_urged", zh="申请人催办", en="The applicant asks to hurry")
APPLICATION_SUPERVISED = EventType(
    "application_supervised",
    zh="督办",
    en="A supervisor asks what is the matter",
    internal=True,
)
SUPERVISION_ANSWERED = EventType(
    "supervision_answered",
    zh="督办已答复",
    en="The supervisor was answered",
    internal=True,
)
PROMISE_CHOSEN = EventType("promise_chosen", zh="选择容缺或告知承诺", en="The applicant promises, or takes it back")
PROCEDURE_OVERDUE = EventType(
    "procedure_overdue",
    zh="特别程序超过预定期限，已提醒部门",
    en="The special procedure takes too long",
)
MATERIAL_SUPPLIED = EventType("material_supplied", zh="容缺材料已补交", en="What was owed has come")
PROMISE_KEPT = EventType("promise_kept", zh="承诺核查属实", en="The promise was checked and is true")
PROMISE_BROKEN = EventType(
    "promise_broken", zh="承诺核查不实，撤销决定", en="The promise was false; the decision is revoked", places=_PLACES
)
CREDIT_RESTORED = EventType(
    "credit_restored",
    zh="信用已修复，可以再采用容缺或告知承诺",
    en="The credit record is ended; promises are taken again",
    places=_PLACES,
)
DELIVERY_CHOSEN = EventType("delivery_chosen", zh="已选择送达方式", en="The way of delivery is chosen")
