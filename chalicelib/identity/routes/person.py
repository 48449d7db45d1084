"""The person: phone and real name; and accounts that turned out to be, or not to be, one person's."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.identity import rules, service, store
from chalicelib.identity.routes.shapes import RealName
from chalicelib.identity.store import AccountItem
from chalicelib.kernel import errors
from chalicelib.kernel.access import Access, Actor, Level
from chalicelib.kernel.edge.endpoint import endpoint
from chalicelib.kernel.edge.rates import Limit
from chalicelib.kernel.edge.shapes import Done, Reason
from chalicelib.platforms import http

VERIFICATION_LIMIT = Limit(name="verification", times=10, seconds=86400)


class PhoneCredential(msgspec.Struct, forbid_unknown_fields=True):
    """WeChat: the getPhoneNumber code; Alipay: the whole JSON text of my.getPhoneNumber."""

    credential: Annotated[str, Meta(min_length=1, max_length=4096)]


@endpoint("GET", "/v1/me", Access(person=Level.LOGGED_IN))
def read_me(actor: Actor) -> service.OwnData:
    """What is known of the caller, masked."""
    return service.describe(actor.id)


@endpoint(
    "PUT", "/v1/me/phone", Access(person=Level.LOGGED_IN), errors=[http.CODE_INVALID, errors.PLATFORM_UNAVAILABLE]
)
def bind_phone(actor: Actor, body: PhoneCredential) -> service.OwnData:
    """Bind the phone number that the platform vouches for."""
    service.bind_phone(actor, body.credential)
    return service.describe(actor.id)


@endpoint(
    "POST",
    "/v1/me/verification",
    Access(person=Level.LOGGED_IN),
    errors=[
        rules.ID_NUMBER_INVALID,
        rules.NAME_DOES_NOT_MATCH,
        rules.ALREADY_VERIFIED,
        rules.SAME_PERSON_NOT_PROVEN,
        errors.PLATFORM_UNAVAILABLE,
    ],
    limit=VERIFICATION_LIMIT,
)
def verify_real_name(actor: Actor, body: RealName) -> service.VerificationResult:
    """Verify name and ID number; on Alipay a face check follows, then confirmation."""
    return service.verify_real_name(actor, body.name, body.id_number)


@endpoint(
    "POST",
    "/v1/me/verification/confirm",
    Access(person=Level.LOGGED_IN),
    errors=[
        rules.VERIFICATION_NOT_STARTED,
        rules.VERIFICATION_NOT_PASSED,
        rules.ALREADY_VERIFIED,
        errors.PLATFORM_UNAVAILABLE,
    ],
)
def confirm_verification(actor: Actor) -> service.OwnData:
    """Finish the face check after the user did it."""
    service.confirm_verification(actor)
    return service.describe(actor.id)


def _is_staff(actor: Actor, _: AccountItem) -> bool:
    return actor.kind == "staff"


@endpoint(
    "POST",
    "/v1/accounts/{account_id}/undo_merge",
    Access(
        staff=("administrator",),
        target=store.account,
        related=_is_staff,
        relation="any account",
    ),
    errors=[rules.NOT_MERGED],
)
def undo_merge(actor: Actor, target: AccountItem, body: Reason) -> Done:
    """Take back the merge of an account into another."""
    service.undo_merge(actor, target, body.reason)
    return Done()
