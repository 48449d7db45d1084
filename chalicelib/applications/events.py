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
}

APPLICATION_DRAFTED = EventType("application_drafted", zh="开始填写", en="Draft begun")
APPLICATION_DISCARDED = EventType("application_discarded", zh="已删除草稿", en="Draft discarded")
APPLICATION_SUBMITTED = EventType(
    "application_submitted", zh="已提交，系统收件", en="Submitted and received", places=_PLACES
)
APPLICATION_CORRECTED = EventType("application_corrected", zh="已补正", en="Corrected")
APPLICATION_ACCEPTED = EventType("application_accepted", zh="已受理", en="Accepted", places=_PLACES)
APPLICATION_NOT_ACCEPTED = EventType("application_not_accepted", zh="不予受理", en="Not accepted", places=_PLACES)
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
TASK_CLAIMED = EventType("task_claimed", zh="工作人员开始审查", en="An officer has taken it up")
TASK_RELEASED = EventType("task_released", zh="退回待办池", en="Returned to the queue")
STEP_APPROVED = EventType("step_approved", zh="审查环节通过", en="A step was approved")
DELIVERY_CHOSEN = EventType("delivery_chosen", zh="已选择送达方式", en="The way of delivery is chosen")
