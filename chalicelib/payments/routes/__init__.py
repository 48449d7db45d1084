"""Endpoints of payments, by who calls them: the payer, the platforms, the counter, those who refund, the treasury."""

from chalicelib.payments.routes import counter, payer, platforms, refunds, treasury

__all__ = ["counter", "payer", "platforms", "refunds", "treasury"]
