"""Access tokens: JWT by RFC 9068 (``at+jwt``), ES256, 15 minutes, verified with a fixed list of keys."""

from __future__ import annotations

import base64
import json
from typing import Any

from chalicelib.kernel import clock, errors, ids
from chalicelib.kernel.security import signing
from chalicelib.kernel.settings import settings

LIFETIME_SECONDS = 15 * 60
AUDIENCE = "banshi-api"
_HEADER_NAMES = {"alg", "kid", "typ"}
_REQUIRED = ["iss", "aud", "sub", "iat", "exp", "jti", "sid", "kind", "ver"]


def issue(subject: str, **claims: Any) -> str:
    """A signed access token for ``subject`` with the given claims (``sid``, ``kind``, ``ver``, ...)."""
    kid, key = list(settings().token_keys.items())[-1]
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
    text = _encode({"alg": "ES256", "kid": kid, "typ": "at+jwt"}) + "." + _encode(payload)
    return text + "." + _base64(signing.sign(key, text.encode()))


def verify(token: str) -> dict[str, Any]:
    """The claims of a genuine, unexpired token; raises ``token_expired`` or ``not_authenticated``."""
    import jwt  # 45 ms that requests of anyone need not wait for at a cold start

    try:
        header = jwt.get_unverified_header(token) if len(token) < 4096 else {}
        key = settings().token_keys.get(str(header.get("kid")))
        if set(header) != _HEADER_NAMES or header["typ"] != "at+jwt" or header["alg"] != "ES256" or key is None:
            raise errors.NOT_AUTHENTICATED()
        claims: dict[str, Any] = jwt.decode(
            token,
            signing.load_public_key(signing.public_key_der(key)),
            algorithms=["ES256"],
            audience=AUDIENCE,
            issuer=settings().public_url,
            options={"require": _REQUIRED, "verify_exp": False, "verify_iat": False, "verify_nbf": False},
        )
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise errors.NOT_AUTHENTICATED() from error
    current = clock.seconds(clock.now())
    if not isinstance(claims["exp"], int) or not isinstance(claims["iat"], int) or claims["iat"] > current + 60:
        raise errors.NOT_AUTHENTICATED()
    if claims["exp"] <= current:
        raise errors.TOKEN_EXPIRED()
    return claims


def _encode(part: dict[str, Any]) -> str:
    return _base64(json.dumps(part, separators=(",", ":")).encode())


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
