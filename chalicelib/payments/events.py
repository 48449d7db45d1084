"""What happens to bills, payments, refunds, money in suspense, receipts and drawers."""

from __future__ import annotations

from chalicelib.kernel.event_types import EventType
from chalicelib.kernel.events import announcements

_PLACES = {
    "id": announcements.same("01K7M29QXA4TB3000000000000"),
    "title": ("不动产转移登记", "Registration of a real-estate transfer"),
    "amount": announcements.money(8000),
    "at": announcements.moment_sample(),
}

BILL_ISSUED = EventType("bill_issued", zh="已开具缴费单", en="The bill was issued")
BILL_IN_PAYMENT = EventType("bill_in_payment", zh="正在支付", en="The bill is being paid")
BILL_SETTLED = EventType("bill_settled", zh="已缴清", en="The bill is settled")
BILL_REFUNDED = EventType("bill_refunded", zh="已退款", en="Money of the bill was given back")
BILL_CANCELLED = EventType("bill_cancelled", zh="已撤销", en="The bill was cancelled")
BILL_REISSUED = EventType("bill_reissued", zh="已重新开具", en="The bill was issued anew")
PAYMENT_CREATED = EventType("payment_created", zh="已创建支付单", en="The payment was created")
PAYMENT_ACCEPTED = EventType("payment_accepted", zh="支付平台已受理", en="The platform has accepted the payment")
PAYMENT_RECEIVED = EventType("payment_received", zh="已收到缴费", en="The payment has arrived", places=_PLACES)
PAYMENT_TAKEN = EventType("payment_taken", zh="窗口已收款", en="The payment was taken at the window", places=_PLACES)
PAYMENT_CLOSING = EventType("payment_closing", zh="正在关闭支付单", en="The payment is being closed")
PAYMENT_CLOSED = EventType("payment_closed", zh="支付单已关闭", en="The payment is closed")
PAYMENT_REFUNDED = EventType("payment_refunded", zh="已退款", en="Money was given back")
REFUND_REQUESTED = EventType("refund_requested", zh="已申请退款", en="A refund was asked for")
REFUND_RESERVED = EventType("refund_reserved", zh="已为退款预留金额", en="The money of a refund is reserved")
REFUND_RELEASED = EventType("refund_released", zh="已释放退款预留", en="The money of a refund is free again")
REFUND_APPROVED = EventType("refund_approved", zh="退款已批准", en="The refund was approved")
REFUND_REJECTED = EventType("refund_rejected", zh="退款已驳回", en="The refund was rejected")
REFUND_SENT = EventType("refund_sent", zh="退款已发往平台", en="The refund was sent to the platform")
REFUND_ABNORMAL = EventType("refund_abnormal", zh="退款异常", en="The refund is in trouble at the platform")
REFUND_REPAIRED = EventType("refund_repaired", zh="异常退款已重新处理", en="The refund was sent again another way")
REFUND_RETURNED_TO_MERCHANT = EventType(
    "refund_returned_to_merchant", zh="退款已退回商户账户", en="The refund came back to the merchant account"
)
REFUND_PAID_OUT = EventType("refund_paid_out", zh="窗口已付出退款", en="The refund was paid out at the window")
REFUND_DONE = EventType("refund_done", zh="退款已到账", en="The refund is done", places=_PLACES)
REFUND_FAILED = EventType("refund_failed", zh="退款失败", en="The refund failed")
MONEY_SUSPENDED = EventType("money_suspended", zh="款项已挂账", en="The money is in suspense")
MONEY_GIVEN_BACK = EventType("money_given_back", zh="挂账款项正在退回", en="The money in suspense is being given back")
MONEY_BACK_WITH_PAYER = EventType(
    "money_back_with_payer", zh="挂账款项已退回", en="The money in suspense is back with its payer"
)
MONEY_STAYS_IN_SUSPENSE = EventType(
    "money_stays_in_suspense", zh="退回失败，仍挂账", en="It could not be given back and stays in suspense"
)
MONEY_ASSIGNMENT_PROPOSED = EventType(
    "money_assignment_proposed",
    zh="挂账款项拟认领，待复核",
    en="An assignment of money in suspense waits for a second person",
)
MONEY_ASSIGNED = EventType("money_assigned", zh="挂账款项已认领", en="The money in suspense was assigned to bills")
RECEIPT_WANTED = EventType("receipt_wanted", zh="待开具电子票据", en="A receipt is to be issued")
RECEIPT_ISSUED = EventType("receipt_issued", zh="已开具电子票据", en="The receipt was issued")
RECEIPT_VOIDED = EventType("receipt_voided", zh="电子票据已冲红", en="The receipt was voided")
DRAWER_CLOSED = EventType("drawer_closed", zh="已扎账", en="The drawer was closed")
DRAWER_RESOLVED = EventType("drawer_resolved", zh="长短款已处理", en="The difference of the drawer was resolved")
DIFFERENCE_FOUND = EventType("difference_found", zh="对账发现差异", en="Reconciliation found a difference")
DIFFERENCE_RESOLVED = EventType("difference_resolved", zh="对账差异已处理", en="The difference was resolved")
