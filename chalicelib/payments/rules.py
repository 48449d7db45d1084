"""Bills, payments, refunds: their states and amounts. Pure.

The money belongs to the treasury (收支两条线): every line names the collecting unit (执收单位) and the item code
(收费项目编码), and every bill has a payment notice number (缴款码). Amounts are integer fen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.kernel.errors import ErrorCode
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
_OUTAGE, _OUTAGE_WAIT = timedelta(hours=6), timedelta(minutes=5)

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
    "amount_differs", 409, zh="金额不符：应为 {expected} 分", en="The amounts differ: it must be {expected} fen"
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

CREATED, PENDING, CLOSING, PAID = "created", "pending", "closing", "paid"
CLOSED, PARTLY_REFUNDED, REFUNDED = "closed", "partly_refunded", "refunded"
LIVE = (CREATED, PENDING, CLOSING)
SETTLED = (PAID, PARTLY_REFUNDED, REFUNDED)

ORDERS = Graph(
    (
        Edge("create", NEW, CREATED, ("payer",), events.PAYMENT_CREATED),
        Edge("pay", NEW, PAID, ("clerk",), events.PAYMENT_TAKEN),
        Edge("assign", NEW, PAID, ("treasurer",), events.MONEY_ASSIGNED),
        Edge("accept", CREATED, PENDING, ("platform",), events.PAYMENT_ACCEPTED),
        Edge("pay", CREATED, PAID, ("platform",), events.PAYMENT_RECEIVED),
        Edge("pay", PENDING, PAID, ("platform",), events.PAYMENT_RECEIVED),
        Edge("pay", CLOSING, PAID, ("platform",), events.PAYMENT_RECEIVED),
        Edge("begin_close", CREATED, CLOSING, ("payer", "clerk", "system"), events.PAYMENT_CLOSING),
        Edge("begin_close", PENDING, CLOSING, ("payer", "clerk", "system"), events.PAYMENT_CLOSING),
        Edge("close", CREATED, CLOSED, ("platform",), events.PAYMENT_CLOSED),
        Edge("close", PENDING, CLOSED, ("platform",), events.PAYMENT_CLOSED),
        Edge("close", CLOSING, CLOSED, ("platform",), events.PAYMENT_CLOSED),
        Edge("refund_part", PAID, PARTLY_REFUNDED, ("platform", "clerk"), events.PAYMENT_REFUNDED),
        Edge("refund_part", PARTLY_REFUNDED, PARTLY_REFUNDED, ("platform", "clerk"), events.PAYMENT_REFUNDED),
        Edge("refund_rest", PAID, REFUNDED, ("platform", "clerk"), events.PAYMENT_REFUNDED),
        Edge("refund_rest", PARTLY_REFUNDED, REFUNDED, ("platform", "clerk"), events.PAYMENT_REFUNDED),
    ),
    PAYMENT_STATE,
    {
        CREATED: "已创建", PENDING: "待支付", CLOSING: "关闭中", PAID: "已支付", CLOSED: "已关闭",
        PARTLY_REFUNDED: "部分退款", REFUNDED: "已全额退款",
    },
)  # fmt: skip

# Bills

OPEN, CANCELLED, REPLACED, BILL_SETTLED = "open", "cancelled", "replaced", "settled"

BILLS = Graph(
    (
        Edge("issue", NEW, OPEN, ("system",), events.BILL_ISSUED),
        Edge("settle", OPEN, BILL_SETTLED, ("system",), events.BILL_SETTLED),
        Edge("cancel", OPEN, CANCELLED, ("officer", "system"), events.BILL_CANCELLED),
        Edge("reissue", OPEN, REPLACED, ("payer",), events.BILL_REISSUED),
        Edge("refund_part", BILL_SETTLED, PARTLY_REFUNDED, ("system",), events.BILL_REFUNDED),
        Edge("refund_part", PARTLY_REFUNDED, PARTLY_REFUNDED, ("system",), events.BILL_REFUNDED),
        Edge("refund_rest", BILL_SETTLED, REFUNDED, ("system",), events.BILL_REFUNDED),
        Edge("refund_rest", PARTLY_REFUNDED, REFUNDED, ("system",), events.BILL_REFUNDED),
    ),
    BILL_STATE,
    {
        OPEN: "待缴", CANCELLED: "已撤销", REPLACED: "已重新开具", BILL_SETTLED: "已缴", PARTLY_REFUNDED: "部分退款",
        REFUNDED: "已全额退款",
    },
)  # fmt: skip

# Refunds

REQUESTED, APPROVED, SENT, DONE = "requested", "approved", "sent", "done"
REJECTED, FAILED, ABNORMAL, RETURNED = "rejected", "failed", "abnormal", "returned"

REFUNDS = Graph(
    (
        Edge("request", NEW, REQUESTED, ("system", "officer"), events.REFUND_REQUESTED),
        Edge("approve", REQUESTED, APPROVED, ("officer", "system"), events.REFUND_APPROVED),
        Edge("reject", REQUESTED, REJECTED, ("officer",), events.REFUND_REJECTED),
        Edge("reject", APPROVED, REJECTED, ("officer",), events.REFUND_REJECTED),
        Edge("send", APPROVED, SENT, ("system",), events.REFUND_SENT),
        Edge("pay_out", APPROVED, DONE, ("clerk",), events.REFUND_DONE),
        Edge("finish", SENT, DONE, ("platform",), events.REFUND_DONE),
        Edge("finish", ABNORMAL, DONE, ("platform",), events.REFUND_DONE),
        Edge("report_abnormal", SENT, ABNORMAL, ("platform",), events.REFUND_ABNORMAL),
        Edge("repair", ABNORMAL, SENT, ("officer",), events.REFUND_REPAIRED),
        Edge("fail", SENT, FAILED, ("platform", "officer"), events.REFUND_FAILED),
        Edge("fail", ABNORMAL, FAILED, ("platform",), events.REFUND_FAILED),
        Edge("return", SENT, RETURNED, ("platform",), events.REFUND_RETURNED_TO_MERCHANT),
        Edge("return", ABNORMAL, RETURNED, ("platform",), events.REFUND_RETURNED_TO_MERCHANT),
        Edge("pay_out", RETURNED, DONE, ("clerk",), events.REFUND_DONE),
    ),
    REFUND_STATE,
    {
        REQUESTED: "待审批", APPROVED: "已批准", SENT: "已发往平台", DONE: "已退", REJECTED: "已驳回",
        FAILED: "退款失败", ABNORMAL: "退款异常", RETURNED: "已退回商户账户，待人工支付",
    },
)  # fmt: skip
REFUND_WAITS = {
    REQUESTED: True, APPROVED: False, SENT: False, DONE: False, REJECTED: False, FAILED: False, ABNORMAL: True,
    RETURNED: True,
}  # fmt: skip
"""Whether a refund in that state waits for a person; one that is paid out at a counter also does once approved."""


def waits_for_person(status: str, is_paid_at_counter: bool) -> bool:
    """Whether a refund stands on the list of those about which somebody has to do something."""
    return REFUND_WAITS[status] or (is_paid_at_counter and status == APPROVED)


# Money that fits no bill

HELD, GIVING_BACK, GIVEN_BACK, ASSIGNED = "held", "giving_back", "given_back", "assigned"

SUSPENSE = Graph(
    (
        Edge("hold", NEW, HELD, ("platform",), events.MONEY_SUSPENDED),
        Edge("give_back", HELD, GIVING_BACK, ("system", "treasurer"), events.MONEY_GIVEN_BACK),
        Edge("finish", GIVING_BACK, GIVEN_BACK, ("platform",), events.MONEY_BACK_WITH_PAYER),
        Edge("fail", GIVING_BACK, HELD, ("platform", "officer"), events.MONEY_STAYS_IN_SUSPENSE),
        Edge("assign", HELD, ASSIGNED, ("treasurer",), events.MONEY_ASSIGNED),
    ),
    SUSPENSE_STATE,
    {HELD: "待处理", GIVING_BACK: "退回中", GIVEN_BACK: "已退回", ASSIGNED: "已认领"},
)
SUSPENSE_LISTS = {HELD: "held", GIVING_BACK: "done", GIVEN_BACK: "done", ASSIGNED: "done"}
"""On which of the treasurers' lists money in suspense stands: a person has to decide about what is held."""
GIVEN_BACK_BY_ITSELF = ("late", "duplicate")

# Drawers of the windows

DRAWER_OPEN, DRAWER_AGREES, DRAWER_DIFFERS, RESOLVED = "open", "closed", "differing", "resolved"

DRAWERS = Graph(
    (
        Edge("open", NEW, DRAWER_OPEN, ("clerk",)),  # kept with what the first payment does to it
        Edge("close", DRAWER_OPEN, DRAWER_AGREES, ("clerk",), events.DRAWER_CLOSED),
        Edge("close_differing", DRAWER_OPEN, DRAWER_DIFFERS, ("clerk",), events.DRAWER_CLOSED),
        Edge("resolve", DRAWER_DIFFERS, RESOLVED, ("treasurer",), events.DRAWER_RESOLVED),
    ),
    DRAWER_CLOSED,
    {DRAWER_OPEN: "使用中", DRAWER_AGREES: "已扎账，账款相符", DRAWER_DIFFERS: "已扎账，账款不符", RESOLVED: "已处理"},
)

# Differences between the platforms' bills and the ledger

CASES = Graph(
    (
        Edge("find", NEW, OPEN, ("system",), events.DIFFERENCE_FOUND),
        Edge("heal", NEW, RESOLVED, ("system",), events.DIFFERENCE_FOUND),
        Edge("resolve", OPEN, RESOLVED, ("system", "treasurer"), events.DIFFERENCE_RESOLVED),
    ),
    CASE_STATE,
    {OPEN: "待处理", RESOLVED: "已处理"},
)

# Differences that reconciliation finds, and what it suggests

SUGGESTIONS = {
    "payment_found_in_bill": ("已按平台账单补记，无需处理", "Taken in from the platform's bill; nothing to do"),
    "refund_found_in_bill": ("已按平台账单补记退款，无需处理", "The refund was taken in from the bill; nothing to do"),
    "payment_put_in_suspense": (
        "账单有而我方没有对应的缴费，已记入挂账，请在挂账中处理",
        "In the bill and fits no open payment; it is in suspense now, decide about it there",
    ),
    "missing_payment": (
        "账上有而平台账单没有：向平台查询该交易；次日账单若出现会自动核销",
        "In our books and not in the platform's bill: ask the platform; tomorrow's bill resolves it if it is there",
    ),
    "missing_refund": (
        "账上已退而平台账单没有：向平台查询退款状态",
        "Given back by our books and not in the platform's bill: ask the platform about the refund",
    ),
    "payment_amount_differs": (
        "金额不一致：以平台交易详情为准，差额走挂账处理",
        "The amounts differ: look at the platform's record, settle the difference through suspense",
    ),
    "refund_amount_differs": (
        "退款金额不一致：核对平台退款单，联系平台更正",
        "The refunds differ: compare with the platform's record and have it corrected",
    ),
    "refund_unknown": (
        "平台有退款而我方无记录：可能在商户平台手工退款，请补录并确认经办人",
        "A refund that we do not know, perhaps made on the merchant site: find out by whom, and enter it",
    ),
    "refund_in_other_state": (
        "平台已退款而我方退款单未处于发送状态：核对审批，确认后补记",
        "Refunded by the platform though we did not send it: check the approval, then enter it",
    ),
    "known_payment": ("与相邻日的账相符，无需处理", "It agrees with a neighbouring day's ledger; nothing to do"),
    "known_refund": ("与相邻日的账相符，无需处理", "It agrees with a neighbouring day's ledger; nothing to do"),
    "payment_not_confirmed": (
        "账单有而向平台查询未得到确认：再次执行对账；仍不确认则联系平台",
        "In the bill, and the platform did not confirm it when asked: reconcile again, then ask the platform",
    ),
    "bill_missing": (
        "当日账单在三次对账时均未生成：联系平台，生成后再次执行当日对账",
        "The bill was not there at any of the day's runs: ask the platform, then reconcile that day again",
    ),
    "unreadable_row": (
        "账单行无法识别：下载原始账单核对该行，其余行不受影响",
        "The line cannot be read: look at it in the original bill; all other lines were compared",
    ),
}


@dataclass(frozen=True)
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
    if not 1 <= amount <= MOST_FEN:
        raise AMOUNT_INVALID(most=MOST_FEN)


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
