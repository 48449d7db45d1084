"""What a clerk at a window proves: that the person in front of them is the one of the ID card."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.identity import mandate_rules, rules, service
from chalicelib.identity.routes.shapes import DOCUMENT_ERRORS, MandateView, Scope
from chalicelib.identity.routes.views import mandate_view
from chalicelib.identity.service.identities import Number, ShownDocument
from chalicelib.kernel import errors
from chalicelib.kernel.access import OWN_ERRORS, Access, Actor
from chalicelib.kernel.edge.endpoint import endpoint
from chalicelib.kernel.edge.rates import Limit
from chalicelib.kernel.edge.shapes import Done

WINDOW_LIMIT = Limit(name="proof_at_window", times=20, seconds=3600, failures_only=True)


WindowCode = Annotated[str, Meta(pattern=r"^[0-9]{8}$")]


class WindowProof(ShownDocument, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the document says, and the code on the person's phone."""

    code: WindowCode


class PaperMandate(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What the enterprise's stamped mandate says, and the code on the phone of whoever brings it."""

    code: WindowCode
    credit_code: Number
    scope: Scope
    until: date


@endpoint(
    "POST",
    "/v1/counter/proofs",
    Access(staff=("officer",)),
    errors=[
        rules.PROOF_CODE_INVALID,
        *DOCUMENT_ERRORS,
        rules.NAME_DOES_NOT_MATCH,
        rules.DECEASED,
        rules.PROVE_IN_MINI_PROGRAM,
        rules.ALREADY_PROVEN,
        rules.CLAIMS_ANOTHER,
        rules.TOO_MANY_ACCOUNTS,
        errors.CONFLICT,
        errors.PLATFORM_UNAVAILABLE,
        *OWN_ERRORS,
    ],
    limit=WINDOW_LIMIT,
)
def prove_at_window(actor: Actor, body: WindowProof) -> Done:
    """Prove the account of somebody who stands at the window with the ID card and shows the code."""
    service.window.prove_at_window(actor, body.code, body)
    return Done()


@endpoint(
    "POST",
    "/v1/counter/mandates",
    Access(staff=("officer",)),
    errors=[
        rules.PROOF_CODE_INVALID,
        errors.PROOF_REQUIRED,
        mandate_rules.CREDIT_CODE_INVALID,
        mandate_rules.MANDATE_PERIOD_INVALID,
        mandate_rules.ENTERPRISE_UNKNOWN,
        mandate_rules.ENTERPRISE_NOT_ACTIVE,
        errors.CONFLICT,
        errors.PLATFORM_UNAVAILABLE,
        *OWN_ERRORS,
    ],
    limit=WINDOW_LIMIT,
)
def register_at_window(actor: Actor, body: PaperMandate) -> MandateView:
    """Let somebody act for an enterprise whose licence and stamped mandate the clerk has seen."""
    registered = service.enterprises.register_at_window(actor, body.code, body.credit_code, body.scope, body.until)
    return mandate_view(registered)
