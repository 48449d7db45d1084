"""What a benefit (行政给付) pays, and to whose account. Pure.

The amount is an expression of the service's definition; the account is a field of the form, its holder the applicant.
"""

from __future__ import annotations

import math
from typing import Any

import msgspec

from chalicelib.applications import decisions
from chalicelib.applications.decisions import Finding
from chalicelib.catalog.definition import Benefit, ServiceDefinition, Text
from chalicelib.kernel import names
from chalicelib.kernel.errors import FieldError

BENEFIT_UNCLEAR = Finding(
    "review",
    "benefit_unclear",
    Text(
        "给付金额算不出来或超出上限，请核对申请内容",
        "The benefit's amount cannot be told, or is too high; check the form",
    ),
)


class Payout(msgspec.Struct, frozen=True, kw_only=True):
    """What is paid (fen), and to whom; kept with the case's content, sealed."""

    amount: int
    account: str
    holder: str


def payout(definition: ServiceDefinition, context: dict[str, Any]) -> Payout | None:
    """What an approval would pay by this form; None where the amount cannot be told, or is above the definition's."""
    benefit = definition.item.benefit
    if not isinstance(benefit, Benefit):
        return None
    amount = decisions.value_of(benefit.amount, context)
    is_number = isinstance(amount, int | float) and not isinstance(amount, bool) and math.isfinite(amount)
    if not is_number or amount != int(amount) or not 0 < amount <= benefit.most:
        return None
    form = context["form"]
    return Payout(
        amount=int(amount),
        account=str(form.get(benefit.account, "")),
        holder=str(form.get(benefit.holder, "")),
    )


def problems(definition: ServiceDefinition, context: dict[str, Any]) -> list[FieldError]:
    """What is wrong with the account: a benefit goes to the applicant's own."""
    benefit = definition.item.benefit
    if not isinstance(benefit, Benefit):
        return []
    holder = str(context["form"].get(benefit.holder, ""))
    if names.spell(holder) == names.spell(str(context["applicant"]["name"])):
        return []
    return [
        FieldError(
            f"/form/{benefit.holder}",
            "account_of_somebody_else",
            zh="收款账户应为申请人本人的账户，请填写户名为本人的账户",
            en="The account must be the applicant's own; give one in the applicant's name",
        )
    ]


def findings(definition: ServiceDefinition, context: dict[str, Any]) -> list[Finding]:
    """``BENEFIT_UNCLEAR`` where a benefit's amount cannot be told."""
    is_benefit = isinstance(definition.item.benefit, Benefit)
    return [BENEFIT_UNCLEAR] if is_benefit and payout(definition, context) is None else []
