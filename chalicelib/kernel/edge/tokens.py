"""Access tokens: JWT by RFC 9068 (``at+jwt``), ES256, 15 minutes, verified with a fixed list of keys.

The keys are wrapped by KMS and unwrapped once for each process and hour: KMS itself signs some hundred times a second
(AWS's quota, shared with certificates), and on a release morning more people log in than that.
"""

from __future__ import annotations

import base64
import functools
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec

from chalicelib.kernel import clock, errors, ids
from chalicelib.kernel.security import vault
from chalicelib.kernel.security.signing import P256_ORDER
from chalicelib.kernel.settings import settings

LIFETIME_SECONDS = 15 * 60
_LONGEST = 4096  # characters; ours have about 700
_CLOCK_SKEW_SECONDS = 60  # between two of our own machines
AUDIENCE = "banshi-api"
_HEADER_NAMES = {"alg", "kid", "typ"}
_REQUIRED = ["iss", "aud", "sub", "iat", "exp", "jti", "sid", "kind", "ver"]
# 64 bits more than the curve's order, so that the remainder is as good as drawn evenly (FIPS 186-5, A.2.1)
_SECRET_BYTES = 40


def issue(subject: str, **claims: Any) -> str:
    """A signed access token for ``subject`` with the given claims (``sid``, ``kind``, ``ver``, ...)."""
    import jwt  # 45 ms; requests without a token do not pay for it

    kid = list(settings().token_keys)[-1]
    issued = clock.seconds(clock.now())
    payload = {
        "iss": settings().public_url,
        "aud": AUDIENCE,
        "sub": subject,
        "iat": issued,
        "exp": issued + LIFETIME_SECONDS,
        "jti": ids.new_id(),
        **claims,
    }
    return jwt.encode(payload, private_key(kid), algorithm="ES256", headers={"kid": kid, "typ": "at+jwt"})


def private_key(kid: str) -> ec.EllipticCurvePrivateKey:
    """The key of this id, which must be one of the settings' ``token_keys``."""
    return _derived(vault.unwrapped_key(f"token/{kid}", settings().token_keys[kid], _SECRET_BYTES))


@functools.lru_cache(maxsize=8)
def _derived(secret: bytes) -> ec.EllipticCurvePrivateKey:
    number = int.from_bytes(secret) % (P256_ORDER - 1) + 1
    return ec.derive_private_key(number, ec.SECP256R1())


def _header_of(token: str) -> dict[str, Any]:
    """What a token says of itself, to choose the key by; raises ``not_authenticated``.

    Read here, not by PyJWT, which decodes the whole token for it, character by character, and then once more.
    """
    if len(token) >= _LONGEST:
        raise errors.NOT_AUTHENTICATED()
    segment = token.partition(".")[0]
    try:
        decoded = base64.b64decode(segment + "=" * (-len(segment) % 4), altchars=b"-_", validate=True)
        header: dict[str, Any] = msgspec.json.decode(decoded, type=dict[str, Any])
    except ValueError as error:
        raise errors.NOT_AUTHENTICATED() from error
    return header


def verify(token: str) -> dict[str, Any]:
    """The claims of a genuine, unexpired token; raises ``token_expired`` or ``not_authenticated``."""
    import jwt

    header = _header_of(token)
    kid = str(header.get("kid"))
    is_ours = set(header) == _HEADER_NAMES and header["typ"] == "at+jwt" and header["alg"] == "ES256"
    if not is_ours or kid not in settings().token_keys:
        raise errors.NOT_AUTHENTICATED()
    key = private_key(kid).public_key()
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=["ES256"],
            audience=AUDIENCE,
            issuer=settings().public_url,
            options={"require": _REQUIRED, "verify_exp": False, "verify_iat": False, "verify_nbf": False},
        )
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise errors.NOT_AUTHENTICATED() from error
    current = clock.seconds(clock.now())
    if not isinstance(claims["exp"], int) or not isinstance(claims["iat"], int):
        raise errors.NOT_AUTHENTICATED()
    if claims["iat"] > current + _CLOCK_SKEW_SECONDS:
        raise errors.NOT_AUTHENTICATED()
    if claims["exp"] <= current:
        raise errors.TOKEN_EXPIRED()
    return claims
