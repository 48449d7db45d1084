"""Bills and the money for them: orders on both platforms and at the window, refunds, ledger, receipts."""

from chalicelib.kernel.feature import Feature

FEATURE = Feature(
    name="payments",
    title="缴费单、支付、退款、对账 Bills, payments, refunds, reconciliation",
    uses=("identity", "catalog", "certificates"),
    routes=("routes",),
    paths=("bills", "counter", "drawers", "notify", "payment_cases", "payments", "refunds", "suspense", "treasury"),
    roles=("treasurer",),
    tables={"payments": True},
    events="events",
    graphs={
        "payment order": "rules:ORDERS",
        "bill": "rules:BILLS",
        "refund": "rules:REFUNDS",
        "suspense": "rules:SUSPENSE",
        "drawer": "rules:DRAWERS",
        "difference": "rules:CASES",
    },
    tells=("ORDER", "REFUND"),
    work="service.followups:WORKER",
)
