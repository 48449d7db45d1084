"""What reconciliation finds between a platform's bill and our ledger, and what it suggests to do. Pure."""

from __future__ import annotations

SUGGESTIONS = {
    "refunds_by_one_person": (
        "当天限额以下、由一人经办的退款（detail 为笔数）：逐笔核对后结案",
        "The day's refunds below the limit, each by one person (detail: how many): look through them, then close this",
    ),
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
