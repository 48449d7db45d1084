"""Bills and the money for them: orders on both platforms and at the window, refunds, ledger, receipts."""

from chalicelib.kernel.feature import Feature

FEATURE = Feature(
    name="payments",
    uses=("identity", "catalog", "certificates"),
    routes=("routes",),
    table="payments",
    graphs={
        "payment order": "rules:ORDERS",
        "bill": "rules:BILLS",
        "refund": "rules:REFUNDS",
        "suspense": "rules:SUSPENSE",
    },
    tells=("ORDER", "REFUND"),
)
