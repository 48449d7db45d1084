"""Bills, payments, refunds: their states and amounts. Pure.

The money belongs to the treasury (收支两条线): every line names the collecting unit (执收单位) and the item code
(收费项目编码), and every bill has a payment notice number (缴款码). Amounts are integer fen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.kernel.errors import ErrorCode, refuse_if
from chalicelib.kernel.graph import NEW, Edge, Graph
from chalicelib.payments import events

MOST_FEN = 10_000_000_000
MOST_BILLS = 20
MOST_REFUNDS = 50
ORDER_LIFE = timedelta(minutes=15)
LATEST_RESUME = timedelta(seconds=60)
ENDS_WITHIN = timedelta(minutes=30)
SHORTEST_LIFE = timedelta(minutes=2)
ASKED_AFTER_END = timedelta(days=2)
_CHECKS = (timedelta(minutes=1), timedelta(minutes=3), timedelta(minutes=6), timedelta(minutes=10))
_LONGEST_WAIT = timedelta(hours=1)
_OUTAGE = timedelta(hours=6)
_OUTAGE_WAIT = timedelta(minutes=5)

BILL_NOT_PAYABLE = ErrorCode(
    "bill_not_payable",
    409,
    zh="缴费单 {bill} 不能支付：{reason_zh}",
    en="Bill {bill} cannot be paid: {reason_en}",
)
BILL_STATE = ErrorCode(
    "bill_wrong_state",
    409,
    zh="缴费单当前状态为“{state_zh}”，不能进行此操作",
    en="The bill is “{state}”; not possible now",
)
PAYMENT_STATE = ErrorCode(
    "payment_wrong_state",
    409,
    zh="支付单当前状态为“{state_zh}”，不能进行此操作",
    en="The payment is “{state}”; not possible now",
)
REFUND_STATE = ErrorCode(
    "refund_wrong_state",
    409,
    zh="退款当前状态为“{state_zh}”，不能进行此操作",
    en="The refund is “{state}”; not possible now",
)
SUSPENSE_STATE = ErrorCode(
    "suspense_wrong_state",
    409,
    zh="挂账当前状态为“{state_zh}”，不能进行此操作",
    en="The suspense entry is “{state}”; not possible now",
)
CASE_STATE = ErrorCode(
    "case_wrong_state",
    409,
    zh="该差异当前状态为“{state_zh}”，不能进行此操作",
    en="The difference is “{state}”; not possible now",
)
ALREADY_PAID = ErrorCode(
    "bill_already_paid", 409, zh="已收到这笔缴费，请勿重复支付", en="The payment has arrived; do not pay again"
)
NOT_VERIFIED = ErrorCode(
    "payment_not_verified",
    503,
    zh="暂时无法向 {platform} 核实付款结果；如已付款请勿重复支付，系统会继续核实，稍后会自动更新",
    en="{platform} cannot be asked now; if you have paid, do not pay again: it is asked again by itself",
)
AMOUNT_INVALID = ErrorCode(
    "amount_invalid",
    422,
    zh="金额必须是 1 分至 {most} 分之间的整数",
    en="The amount must be a whole number of fen from 1 to {most}",
)
REFUND_TOO_MUCH = ErrorCode(
    "refund_exceeds_payment",
    409,
    zh="退款金额超过可退金额 {available} 分",
    en="More than can be given back; {available} fen can",
)
TWO_PERSONS = ErrorCode(
    "second_person_needed", 409, zh="申请人与审批人不能是同一人", en="Who asked for it cannot also approve it"
)
PROPOSAL_NEEDED = ErrorCode(
    "assignment_proposal_needed",
    409,
    zh="超过 {limit} 分的挂账认领须由一人提出、另一人确认，且缴费单一致",
    en="Above {limit} fen, one treasurer proposes the bills and another one confirms the same",
)
SUPERVISOR_NEEDED = ErrorCode(
    "supervisor_needed",
    409,
    zh="超过 {limit} 分的缴费单须由本单位主管撤销",
    en="A bill of more than {limit} fen is cancelled by a supervisor of the unit",
)
SESSION_WITHOUT_CHANNEL = ErrorCode(
    "pay_in_mini_program",
    409,
    zh="请在微信或支付宝小程序内支付",
    en="Pay inside the WeChat or Alipay mini-program",
)
OTHER_PAYMENT_OPEN = ErrorCode(
    "other_payment_open",
    409,
    zh="另一笔支付正在进行，请先完成或取消后再操作",
    en="Another payment of this bill is under way; finish or cancel it first",
)
DRAWER_CLOSED = ErrorCode(
    "drawer_closed", 409, zh="您今天已扎账，不能再收付款", en="You have closed today's drawer; no more payments today"
)
CARD_SLIP_USED = ErrorCode(
    "card_slip_used", 409, zh="该刷卡凭证号已登记过", en="This card slip has been entered before"
)
AMOUNT_DIFFERS = ErrorCode(
    "amount_differs",
    409,
    zh="金额与缴费单不符，请查看缴费单后重新填写",
    en="The amount is not that of the bills; look at the bills and enter it again",
)
NO_RECEIPT = ErrorCode(
    "no_receipt_yet", 409, zh="电子票据正在开具，请稍后再试", en="The receipt is being issued; try again shortly"
)
NOTICE_REFUSED = ErrorCode("notification_refused", 400, zh="通知未通过验证", en="The notification was not accepted")
SPAN_TOO_LONG = ErrorCode(
    "span_too_long",
    422,
    zh="起止日期须按先后，最多 {days} 天",
    en="The first day comes first, and at most {days} days at a time",
)

# Payment orders

CREATED = "created"
PENDING = "pending"
CLOSING = "closing"
PAID = "paid"
CLOSED = "closed"
PARTLY_REFUNDED = "partly_refunded"
REFUNDED = "refunded"
LIVE = (CREATED, PENDING, CLOSING)
SETTLED = (PAID, PARTLY_REFUNDED, REFUNDED)

ORDERS = Graph(
    (
        Edge("create", NEW, CREATED, by=("payer",), event=events.PAYMENT_CREATED),
        Edge("pay", NEW, PAID, by=("clerk",), event=events.PAYMENT_TAKEN),
        Edge("assign", NEW, PAID, by=("treasurer",), event=events.MONEY_ASSIGNED),
        Edge("accept", CREATED, PENDING, by=("platform",), event=events.PAYMENT_ACCEPTED),
        Edge("pay", CREATED, PAID, by=("platform",), event=events.PAYMENT_RECEIVED),
        Edge("pay", PENDING, PAID, by=("platform",), event=events.PAYMENT_RECEIVED),
        Edge("pay", CLOSING, PAID, by=("platform",), event=events.PAYMENT_RECEIVED),
        Edge("begin_close", CREATED, CLOSING, by=("payer", "clerk", "system"), event=events.PAYMENT_CLOSING),
        Edge("begin_close", PENDING, CLOSING, by=("payer", "clerk", "system"), event=events.PAYMENT_CLOSING),
        Edge("close", CREATED, CLOSED, by=("platform",), event=events.PAYMENT_CLOSED),
        Edge("close", PENDING, CLOSED, by=("platform",), event=events.PAYMENT_CLOSED),
        Edge("close", CLOSING, CLOSED, by=("platform",), event=events.PAYMENT_CLOSED),
        Edge("refund_part", PAID, PARTLY_REFUNDED, by=("platform", "clerk"), event=events.PAYMENT_REFUNDED),
        Edge("refund_part", PARTLY_REFUNDED, PARTLY_REFUNDED, by=("platform", "clerk"), event=events.PAYMENT_REFUNDED),
        Edge("refund_rest", PAID, REFUNDED, by=("platform", "clerk"), event=events.PAYMENT_REFUNDED),
        Edge("refund_rest", PARTLY_REFUNDED, REFUNDED, by=("platform", "clerk"), event=events.PAYMENT_REFUNDED),
    ),
    PAYMENT_STATE,
    {
        CREATED: "已创建", PENDING: "待支付", CLOSING: "关闭中", PAID: "已支付", CLOSED: "已关闭",
        PARTLY_REFUNDED: "部分退款", REFUNDED: "已全额退款",
    },
)  # fmt: skip

# Bills

OPEN = "open"
CANCELLED = "cancelled"
REPLACED = "replaced"
BILL_SETTLED = "settled"

BILLS = Graph(
    (
        Edge("issue", NEW, OPEN, by=("system",), event=events.BILL_ISSUED),
        Edge("settle", OPEN, BILL_SETTLED, by=("system",), event=events.BILL_SETTLED),
        Edge("cancel", OPEN, CANCELLED, by=("officer", "system"), event=events.BILL_CANCELLED),
        Edge("reissue", OPEN, REPLACED, by=("payer",), event=events.BILL_REISSUED),
        Edge("refund_part", BILL_SETTLED, PARTLY_REFUNDED, by=("system",), event=events.BILL_REFUNDED),
        Edge("refund_part", PARTLY_REFUNDED, PARTLY_REFUNDED, by=("system",), event=events.BILL_REFUNDED),
        Edge("refund_rest", BILL_SETTLED, REFUNDED, by=("system",), event=events.BILL_REFUNDED),
        Edge("refund_rest", PARTLY_REFUNDED, REFUNDED, by=("system",), event=events.BILL_REFUNDED),
    ),
    BILL_STATE,
    {
        OPEN: "待缴", CANCELLED: "已撤销", REPLACED: "已重新开具", BILL_SETTLED: "已缴", PARTLY_REFUNDED: "部分退款",
        REFUNDED: "已全额退款",
    },
)  # fmt: skip

SHOWN_BILL_STATES = ("paying", "expired")
"""States that a payer sees of an open bill, by its order and its last day; they are not stored."""

# Refunds

REQUESTED = "requested"
APPROVED = "approved"
SENT = "sent"
DONE = "done"
REJECTED = "rejected"
FAILED = "failed"
ABNORMAL = "abnormal"
RETURNED = "returned"

REFUNDS = Graph(
    (
        Edge("request", NEW, REQUESTED, by=("system", "officer"), event=events.REFUND_REQUESTED),
        Edge("approve", REQUESTED, APPROVED, by=("officer", "system"), event=events.REFUND_APPROVED),
        Edge("reject", REQUESTED, REJECTED, by=("officer",), event=events.REFUND_REJECTED),
        Edge("reject", APPROVED, REJECTED, by=("officer",), event=events.REFUND_REJECTED),
        Edge("send", APPROVED, SENT, by=("system",), event=events.REFUND_SENT),
        Edge("pay_out", APPROVED, DONE, by=("clerk",), event=events.REFUND_DONE),
        Edge("finish", SENT, DONE, by=("platform",), event=events.REFUND_DONE),
        Edge("finish", ABNORMAL, DONE, by=("platform",), event=events.REFUND_DONE),
        Edge("report_abnormal", SENT, ABNORMAL, by=("platform",), event=events.REFUND_ABNORMAL),
        Edge("repair", ABNORMAL, SENT, by=("officer",), event=events.REFUND_REPAIRED),
        Edge("fail", SENT, FAILED, by=("platform", "officer"), event=events.REFUND_FAILED),
        Edge("fail", ABNORMAL, FAILED, by=("platform",), event=events.REFUND_FAILED),
        Edge("return", SENT, RETURNED, by=("platform",), event=events.REFUND_RETURNED_TO_MERCHANT),
        Edge("return", ABNORMAL, RETURNED, by=("platform",), event=events.REFUND_RETURNED_TO_MERCHANT),
        Edge("pay_out", RETURNED, DONE, by=("clerk",), event=events.REFUND_DONE),
    ),
    REFUND_STATE,
    {
        REQUESTED: "待审批", APPROVED: "已批准", SENT: "已发往平台", DONE: "已退", REJECTED: "已驳回",
        FAILED: "退款失败", ABNORMAL: "退款异常", RETURNED: "已退回商户账户，待人工支付",
    },
)  # fmt: skip
STAYS = "stays"
SUSPENDED = "suspended"
REVOKED = "revoked"
CERTIFICATE_OUTCOMES = (STAYS, SUSPENDED, REVOKED)
"""What becomes of the certificate that a bill was paid for, once its money has gone back."""
REFUND_WAITS = {
    REQUESTED: True, APPROVED: False, SENT: False, DONE: False, REJECTED: False, FAILED: False, ABNORMAL: True,
    RETURNED: True,
}  # fmt: skip
"""Whether a refund in that state waits for a person; one that is paid out at a counter also does once approved."""


def waits_for_person(status: str, is_paid_at_counter: bool) -> bool:
    """Whether a refund stands on the list of those about which somebody has to do something."""
    return REFUND_WAITS[status] or (is_paid_at_counter and status == APPROVED)


# Money that fits no bill

HELD = "held"
GIVING_BACK = "giving_back"
GIVEN_BACK = "given_back"
ASSIGNED = "assigned"

SUSPENSE = Graph(
    (
        Edge("hold", NEW, HELD, by=("platform",), event=events.MONEY_SUSPENDED),
        Edge("give_back", HELD, GIVING_BACK, by=("system", "treasurer"), event=events.MONEY_GIVEN_BACK),
        Edge("finish", GIVING_BACK, GIVEN_BACK, by=("platform",), event=events.MONEY_BACK_WITH_PAYER),
        Edge("fail", GIVING_BACK, HELD, by=("platform", "officer"), event=events.MONEY_STAYS_IN_SUSPENSE),
        Edge("propose", HELD, HELD, by=("treasurer",), event=events.MONEY_ASSIGNMENT_PROPOSED),
        Edge("assign", HELD, ASSIGNED, by=("treasurer",), event=events.MONEY_ASSIGNED),
    ),
    SUSPENSE_STATE,
    {HELD: "待处理", GIVING_BACK: "退回中", GIVEN_BACK: "已退回", ASSIGNED: "已认领"},
)
SUSPENSE_LISTS = {HELD: "held", GIVING_BACK: "done", GIVEN_BACK: "done", ASSIGNED: "done"}
"""On which of the treasurers' lists money in suspense stands: a person has to decide about what is held."""
SUSPENSE_REASONS = ("late", "duplicate", "wrong_amount", "unknown_order")
GIVEN_BACK_BY_ITSELF = ("late", "duplicate")

# Drawers of the windows

DRAWER_OPEN = "open"
DRAWER_AGREES = "closed"
DRAWER_DIFFERS = "differing"
RESOLVED = "resolved"

DRAWERS = Graph(
    (
        Edge("open", NEW, DRAWER_OPEN, by=("clerk",)),  # kept with what the first payment does to it
        Edge("close", DRAWER_OPEN, DRAWER_AGREES, by=("clerk",), event=events.DRAWER_CLOSED),
        Edge("close_differing", DRAWER_OPEN, DRAWER_DIFFERS, by=("clerk",), event=events.DRAWER_CLOSED),
        Edge("resolve", DRAWER_DIFFERS, RESOLVED, by=("treasurer",), event=events.DRAWER_RESOLVED),
    ),
    DRAWER_CLOSED,
    {DRAWER_OPEN: "使用中", DRAWER_AGREES: "已扎账，账款相符", DRAWER_DIFFERS: "已扎账，账款不符", RESOLVED: "已处理"},
)

# Differences between the platforms' bills and the ledger

CASES = Graph(
    (
        Edge("find", NEW, OPEN, by=("system",), event=events.DIFFERENCE_FOUND),
        Edge("heal", NEW, RESOLVED, by=("system",), event=events.DIFFERENCE_FOUND),
        Edge("resolve", OPEN, RESOLVED, by=("system", "treasurer"), event=events.DIFFERENCE_RESOLVED),
    ),
    CASE_STATE,
    {OPEN: "待处理", RESOLVED: "已处理"},
)


@dataclass(frozen=True, kw_only=True)
class Charge:
    """A line of a bill (缴费明细): what for, for whom it is collected, how much, on what basis.

    ``standard``: before reductions; ``reductions`` are the reasons of what was taken off.
    """

    item: str
    name_zh: str
    name_en: str
    unit: str
    item_code: str
    standard: int
    amount: int
    legal_basis: str
    reductions: tuple[str, ...] = ()


def by_unit(charges: Sequence[Charge]) -> dict[str, list[Charge]]:
    """The charges of each collecting unit that has something to collect: zero is no payment."""
    found: dict[str, list[Charge]] = {}
    for charge in charges:
        if charge.amount > 0:
            found.setdefault(charge.unit, []).append(charge)
    return found


def check_amount(amount: int) -> None:
    """Raise ``amount_invalid`` for what no platform takes."""
    refuse_if(not 1 <= amount <= MOST_FEN, AMOUNT_INVALID, most=MOST_FEN)


def notice_number(region: str, *parts: str) -> str:
    """A payment notice number (缴款码) of 20 digits: region, 13 digits drawn from ``parts``, a check digit.

    The same parts always give the same number. The check digit is ISO 7064 MOD 11,10.
    """
    digest = hashlib.sha256("\0".join(("notice", *parts)).encode()).digest()
    body = f"{region}{int.from_bytes(digest[:8]) % 10**13:013d}"
    return body + check_digit(body)


def check_digit(body: str) -> str:
    """ISO 7064 MOD 11,10 over decimal digits."""
    product = 10
    for digit in body:
        total = (int(digit) + product) % 10 or 10
        product = total * 2 % 11
    return str((11 - product) % 10)


def is_notice_number(text: str) -> bool:
    return len(text) == 20 and text.isascii() and text.isdigit() and check_digit(text[:-1]) == text[-1]


def next_check(created: datetime, expires: datetime, now: datetime) -> datetime:
    """When a live order is asked about next: often at first, every minute after its end, then every five minutes."""
    for wait in _CHECKS:
        if now < created + wait < expires:
            return created + wait
    if now < expires:
        return expires
    if now < created + ENDS_WITHIN:
        return now + timedelta(minutes=1)
    return now + (_OUTAGE_WAIT if now < created + _OUTAGE else _LONGEST_WAIT)
