"""Security keys (WebAuthn, FIDO2) of staff: a second factor that no look-alike page can pass on.

The browser's part is four lines: ``PublicKeyCredential.parseCreationOptionsFromJSON``, ``navigator.credentials.create``
and ``toJSON``, and their counterparts for a login.
"""

from __future__ import annotations

import base64
import secrets
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import msgspec

from chalicelib.identity import events, staff_rules, store
from chalicelib.identity.service import staff
from chalicelib.identity.service.sessions import Tokens, open_session, void_tokens
from chalicelib.identity.store import SecurityKey, StaffItem
from chalicelib.kernel import clock, errors, log
from chalicelib.kernel.access import Actor
from chalicelib.kernel.edge.shapes import Instant, View
from chalicelib.kernel.errors import ErrorCode, refuse_if
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.settings import settings
from chalicelib.kernel.storage import tables

_CHALLENGE_LASTS = timedelta(minutes=5)
_LONGEST_ID = 1023
"""Bytes of a credential id (WebAuthn level 3, 4)."""


class KeyOptions(View, frozen=True):
    """What the browser needs, as WebAuthn writes it in JSON."""

    options: dict[str, Any]


class SecurityKeyView(View, frozen=True, kw_only=True):
    """A registered security key."""

    id: str
    name: str
    added_at: Instant


def origin() -> str:
    """Where the browser's page is. No browser takes an address of digits as a key's domain: this machine has a name."""
    return settings().public_url.replace("//127.0.0.1", "//localhost")


def _domain() -> str:
    return urlsplit(origin()).hostname or ""


def begin_registration(actor: Actor) -> KeyOptions:
    """What the browser needs to make a key for the caller. Raises ``too_many_security_keys``."""
    import webauthn
    from webauthn.helpers.structs import AuthenticatorSelectionCriteria, UserVerificationRequirement

    member = _member(actor.id)
    refuse_if(len(member.keys) >= staff_rules.MOST_KEYS, staff_rules.TOO_MANY_KEYS)
    challenge = _new_challenge(member)
    options = webauthn.generate_registration_options(
        rp_id=_domain(),
        rp_name="Banshi 办事",
        user_id=member.username.encode(),
        user_name=member.username,
        user_display_name=member.display_name,
        challenge=challenge,
        exclude_credentials=_descriptors(member),
        # A key that a finder could use without a PIN or a finger would be no better than a password on paper.
        authenticator_selection=AuthenticatorSelectionCriteria(user_verification=UserVerificationRequirement.REQUIRED),
    )
    return KeyOptions(msgspec.json.decode(webauthn.options_to_json(options)))


def register(actor: Actor, name: str, credential: dict[str, Any], password: str, code: str) -> SecurityKeyView:
    """Let the caller log in with a key from now on; both factors of today are shown once more, and all sessions end.

    Raises ``login_refused``, ``one_time_code_used``, ``too_many_security_keys`` or ``security_key_refused``.
    """
    import webauthn

    member = staff.prove_both_factors(actor.id, password, code)
    challenge = _challenge(member, staff_rules.SECURITY_KEY_REFUSED)
    try:
        verified = webauthn.verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=_domain(),
            expected_origin=origin(),
            require_user_verification=True,
        )
    except Exception as error:
        # The library reads what a browser sent: on shapes that nobody makes it fails in ways of its own.
        log.failure("security_key_refused", error)
        raise staff_rules.SECURITY_KEY_REFUSED() from None
    refuse_if(len(verified.credential_id) > _LONGEST_ID, staff_rules.SECURITY_KEY_REFUSED)
    refuse_if(len(member.keys) >= staff_rules.MOST_KEYS, staff_rules.TOO_MANY_KEYS)
    key = SecurityKey(
        id=_text(verified.credential_id),
        name=name,
        public_key=_text(verified.credential_public_key),
        uses=verified.sign_count,
        added_at=clock.now(),
    )
    member.keys = [*member.keys, key]
    member.challenge = ""
    void_tokens(member)
    staff.write_used_code(member, Event(events.SECURITY_KEY_ADDED, actor))
    return view(key)


def begin_login(username: str, password: str) -> KeyOptions:
    """What the browser needs to log in with a key. Raises ``login_refused``, also for somebody who has no key."""
    import webauthn
    from webauthn.helpers.structs import UserVerificationRequirement

    member = staff.prove_password(username, password)
    refuse_if(not member.keys, staff_rules.LOGIN_REFUSED)
    options = webauthn.generate_authentication_options(
        rp_id=_domain(),
        challenge=_new_challenge(member),
        allow_credentials=_descriptors(member),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return KeyOptions(msgspec.json.decode(webauthn.options_to_json(options)))


def log_in(username: str, password: str, credential: dict[str, Any], device: str | None) -> Tokens:
    """Open a session with password and key; each challenge works once.

    A counter that does not go up means that the key was copied, and it is refused. Raises ``login_refused``.
    """
    import webauthn

    member = staff.prove_password(username, password)
    key = next(filter(lambda one: one.id == str(credential.get("id", "")), member.keys), None)
    if key is None:
        raise staff_rules.LOGIN_REFUSED()
    challenge = _challenge(member, staff_rules.LOGIN_REFUSED)
    try:
        verified = webauthn.verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=_domain(),
            expected_origin=origin(),
            credential_public_key=_bytes(key.public_key),
            credential_current_sign_count=key.uses,
            require_user_verification=True,
        )
    except Exception as error:
        log.failure("security_key_refused", error)
        raise staff_rules.LOGIN_REFUSED() from None
    key.uses = verified.new_sign_count
    member.challenge = ""
    staff.remember_device(member, device)
    event = Event(events.STAFF_LOGGED_IN, Actor(kind="staff", id=username, unit=member.unit), data={"factor": "key"})
    try:
        tables.write(changes.record(member, event))
    except tables.ConditionFailed:
        raise staff_rules.LOGIN_REFUSED() from None
    return open_session(username, "staff", member.token_version, device)


def remove(actor: Actor, key_id: str, password: str, code: str) -> None:
    """Forget a key; both factors are shown, and all sessions end. Nothing is forgotten if it is not there.

    Raises ``login_refused`` or ``one_time_code_used``.
    """
    member = staff.prove_both_factors(actor.id, password, code)
    member.keys = [key for key in member.keys if key.id != key_id]
    void_tokens(member)
    staff.write_used_code(member, Event(events.SECURITY_KEY_REMOVED, actor))


def keys_of(actor: Actor) -> list[SecurityKeyView]:
    """The caller's keys."""
    return [view(key) for key in _member(actor.id).keys]


def view(key: SecurityKey) -> SecurityKeyView:
    return SecurityKeyView(id=key.id, name=key.name, added_at=clock.local(key.added_at))


def _member(username: str) -> StaffItem:
    member = store.staff(username)
    assert member is not None  # the caller's own, read when the request was let in
    return member


def _new_challenge(member: StaffItem) -> bytes:
    """A challenge for the next minutes; it takes the place of one before it."""
    challenge = secrets.token_bytes(32)
    member.challenge = _text(challenge)
    member.challenge_until = clock.seconds(clock.now() + _CHALLENGE_LASTS)
    unchanged = StaffItem.version == member.version
    try:
        tables.write(tables.Touch(member, ("challenge", "challenge_until"), unchanged))
    except tables.ConditionFailed:
        raise errors.CONFLICT() from None
    return challenge


def _challenge(member: StaffItem, refused: ErrorCode) -> bytes:
    """The challenge that is to be signed; raises ``refused`` if there is none any more."""
    if not member.challenge or member.challenge_until <= clock.seconds(clock.now()):
        raise refused()
    return _bytes(member.challenge)


def _descriptors(member: StaffItem) -> list[Any]:
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor

    return [PublicKeyCredentialDescriptor(id=_bytes(key.id)) for key in member.keys]


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
