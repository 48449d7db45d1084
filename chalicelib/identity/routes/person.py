"""The person: phone, claims and proofs of who they are, and other accounts that are theirs too."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.identity import rules, service, session_rules
from chalicelib.identity.routes.shapes import DOCUMENT_ERRORS, PLATFORM_ERRORS, RealName
from chalicelib.identity.service.identities import ShownDocument
from chalicelib.kernel import errors
from chalicelib.kernel.access import Access, Actor, Level
from chalicelib.kernel.edge.endpoint import endpoint
from chalicelib.kernel.edge.rates import Limit
from chalicelib.kernel.edge.shapes import Done, View

CLAIM_LIMIT = Limit(name="claim", times=10, seconds=86400, failures_only=True)
"""Counts only what the register answered: our own failures use up nobody's tries."""
NETWORK_LIMIT = Limit(name="network_identity", times=10, seconds=86400, failures_only=True)
CODE_LIMIT = Limit(name="proof_code", times=20, seconds=3600)


class PhoneCredential(msgspec.Struct, forbid_unknown_fields=True):
    """WeChat: the getPhoneNumber code; Alipay: the whole JSON text of my.getPhoneNumber.

    ``code``: what was sent to the number, if somebody else has bound it.
    """

    credential: Annotated[str, Meta(min_length=1, max_length=4096)]
    code: Annotated[str, Meta(pattern=r"^([0-9]{6})?$")] = ""


class NetworkIdentity(RealName, forbid_unknown_fields=True):
    """Name and number, and the token that the person's app of the national network identity gave."""

    token: Annotated[str, Meta(min_length=8, max_length=2048)]


@endpoint("GET", "/v1/me", Access(person=Level.LOGGED_IN, partial=True))
def read_me(actor: Actor) -> service.OwnData:
    """What is known of the caller, masked; in a partial session the phone number only."""
    return service.describe(actor.id, phone_only=actor.is_partial)


@endpoint(
    "PUT",
    "/v1/me/phone",
    Access(person=Level.LOGGED_IN),
    errors=[
        rules.FRESH_PROOF_REQUIRED,
        rules.TEXT_CODE_SENT,
        session_rules.TEXT_CODE_WRONG,
        rules.MINI_PROGRAM_ONLY,
        errors.CONFLICT,
        *PLATFORM_ERRORS,
    ],
)
def bind_phone(actor: Actor, body: PhoneCredential) -> service.OwnData:
    """Bind the phone number that the platform vouches for; another number on a proven account takes a fresh proof."""
    service.bind_phone(actor, body.credential, body.code)
    return service.describe(actor.id)


@endpoint(
    "POST",
    "/v1/me/claim",
    Access(person=Level.LOGGED_IN),
    errors=[
        *DOCUMENT_ERRORS,
        rules.DOCUMENT_NEEDS_WINDOW,
        rules.NAME_DOES_NOT_MATCH,
        rules.DECEASED,
        rules.ALREADY_PROVEN,
        rules.CLAIMS_ANOTHER,
        rules.PROVEN_ELSEWHERE,
        rules.TOO_MANY_CLAIMS,
        errors.CONFLICT,
        errors.PLATFORM_UNAVAILABLE,
    ],
    limit=CLAIM_LIMIT,
)
def claim_identity(actor: Actor, body: ShownDocument) -> service.OwnData:
    """Say who one is, by name and ID number: enough to book and to take a number. It proves nothing."""
    service.proofs.claim(actor, body)
    return service.describe(actor.id)


@endpoint("DELETE", "/v1/me/claim", Access(person=Level.CLAIMED), errors=[rules.NO_CLAIM, errors.CONFLICT])
def give_claim_up(actor: Actor) -> Done:
    """Give a claim up. What was done under it stays behind; all sessions end: log in again."""
    service.proofs.give_claim_up(actor)
    return Done()


@endpoint(
    "POST",
    "/v1/me/proof",
    Access(person=Level.LOGGED_IN),
    errors=[
        *DOCUMENT_ERRORS,
        rules.NO_FACE_CHECK,
        rules.MINI_PROGRAM_ONLY,
        rules.ALREADY_PROVEN,
        rules.CLAIMS_ANOTHER,
        errors.CONFLICT,
        *PLATFORM_ERRORS,
    ],
)
def start_face_check(actor: Actor, body: ShownDocument) -> service.proofs.FaceCheck:
    """Begin a face check on the platform of this session; confirm it after the user has done it."""
    return service.proofs.start_face_check(actor, body)


@endpoint(
    "POST",
    "/v1/me/proof/confirm",
    Access(person=Level.LOGGED_IN),
    errors=[
        rules.PROOF_NOT_STARTED,
        rules.PROOF_NOT_PASSED,
        rules.ALREADY_PROVEN,
        rules.CLAIMS_ANOTHER,
        rules.TOO_MANY_ACCOUNTS,
        errors.CONFLICT,
        *PLATFORM_ERRORS,
    ],
)
def confirm_face_check(actor: Actor) -> service.OwnData:
    """Finish the face check: from now on the identity is this account's, and nobody's who only claimed it."""
    service.proofs.confirm_face_check(actor)
    return service.describe(actor.id)


@endpoint(
    "POST",
    "/v1/me/proof/network_identity",
    Access(person=Level.LOGGED_IN, partial=True),
    errors=[
        rules.ID_NUMBER_INVALID,
        rules.PROOF_NOT_PASSED,
        rules.PROVE_IN_MINI_PROGRAM,
        rules.ALREADY_PROVEN,
        rules.CLAIMS_ANOTHER,
        rules.TOO_MANY_ACCOUNTS,
        errors.CONFLICT,
        errors.PLATFORM_UNAVAILABLE,
    ],
    limit=NETWORK_LIMIT,
)
def prove_by_network_identity(actor: Actor, body: NetworkIdentity) -> service.OwnData:
    """Prove who one is with the national network identity, without a camera.

    A partial session is a whole one from its next refresh on.
    """
    service.proofs.prove_by_network_identity(actor, body.name, body.id_number, body.token)
    return service.describe(actor.id)


@endpoint(
    "POST",
    "/v1/me/proof/code",
    Access(person=Level.LOGGED_IN, partial=True),
    errors=[rules.PROVE_IN_MINI_PROGRAM, errors.CONFLICT],
    limit=CODE_LIMIT,
)
def create_proof_code(actor: Actor) -> service.window.ProofCode:
    """A code to show at a window together with the ID card, for whoever cannot or does not want to use a camera."""
    return service.window.new_code(actor)


class OtherAccounts(View, frozen=True):
    """The other accounts that are proven to be the caller's."""

    items: list[service.merging.OtherAccount]


@endpoint("GET", "/v1/me/other_accounts", Access(person=Level.PROVEN))
def list_other_accounts(actor: Actor) -> OtherAccounts:
    """What would come together in a merge."""
    return OtherAccounts(service.merging.other_accounts(actor))


class Merge(msgspec.Struct, forbid_unknown_fields=True):
    """The other account, which is merged into the caller's."""

    account_id: Annotated[str, Meta(pattern=r"^[0-9A-HJKMNP-TV-Z]{26}$")]


@endpoint(
    "POST",
    "/v1/me/merge",
    Access(person=Level.PROVEN),
    errors=[rules.NOTHING_TO_MERGE, rules.FRESH_PROOF_REQUIRED, errors.CONFLICT],
)
def merge_accounts(actor: Actor, body: Merge) -> service.OwnData:
    """Merge another account of one's own into this one; it takes a proof of the last ten minutes."""
    service.merging.merge(actor, body.account_id)
    return service.describe(actor.id)
