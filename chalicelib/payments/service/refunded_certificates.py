"""What a refund does to the certificate that was paid for: it stays, is suspended or is revoked."""

from __future__ import annotations

from chalicelib.certificates import service as certificates
from chalicelib.kernel import errors
from chalicelib.kernel.access import Actor, system
from chalicelib.kernel.errors import FieldError, refuse_if
from chalicelib.kernel.storage import tables
from chalicelib.payments import rules
from chalicelib.payments.store import BillItem, RefundItem

_REFUNDS = system("refunds")
_NO_CERTIFICATE = FieldError(
    "/certificate",
    "no_certificate",
    zh="这笔缴费不涉及证照，请选择“保持有效”（stays）",
    en="No certificate follows this bill: say “stays”",
)
_OTHER_UNITS_CERTIFICATE = FieldError(
    "/certificate",
    "other_units_certificate",
    zh="证照由其他单位签发，只能由该单位撤销；可选择“暂停使用”（suspended）",
    en="Another unit has issued the certificate and alone revokes it; “suspended” is possible",
)


def check(actor: Actor, bill: BillItem, outcome: str) -> None:
    """Raise ``invalid_request`` where no certificate follows, or where only another unit may revoke it."""
    if outcome == rules.STAYS:
        return
    refuse_if(not bill.issuer, errors.INVALID_REQUEST, fields=[_NO_CERTIFICATE])
    # Another unit may have collected the fee. What it suspends, the issuing unit can put in force again.
    if outcome == rules.REVOKED and bill.issuer != actor.unit:
        raise errors.INVALID_REQUEST(fields=[_OTHER_UNITS_CERTIFICATE])


def end_writes(bill: BillItem, refund: RefundItem) -> list[tables.Write]:
    """The writes that do to the bill's certificate what its refund says."""
    if refund.certificate == rules.STAYS:
        return []
    certificate = certificates.revocation.of_application(bill.owed_for)
    if certificate is None:
        return []  # it was withheld, and is not issued any more
    note = f"费用已退还，退款单号 {refund.id} the fee was given back"
    by_outcome = {
        rules.SUSPENDED: certificates.revocation.suspend_writes,
        rules.REVOKED: certificates.revocation.revoke_writes,
    }
    return by_outcome[refund.certificate](_REFUNDS, certificate, note)
