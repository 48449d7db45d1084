"""Access tokens: every known forgery is refused."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from chalicelib.kernel import clock
from chalicelib.kernel.edge import tokens
from chalicelib.kernel.security import vault
from chalicelib.kernel.settings import settings
from chalicelib.kernel.storage import tables
from scenes.world import Client, World
from tests.kernel.faults import LOST, SILENT, Fault, faults


def encode(part: Any) -> str:
    text = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def decode(part: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


def own_key() -> ec.EllipticCurvePrivateKey:
    return tokens.private_key(list(settings().token_keys)[-1])


def resigned(header: Any, claims: Any) -> str:
    """A token with any header and claims, signed by our own key: only its content is wrong."""
    text = f"{encode(header)}.{encode(claims)}"
    r, s = decode_dss_signature(own_key().sign(text.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{text}.{encode(r.to_bytes(32) + s.to_bytes(32))}"


def with_claims(**changes: Any) -> Callable[[str], str]:
    def forge(token: str) -> str:
        header, claims, _ = token.split(".")
        new = {**decode(claims), **changes}
        return resigned(decode(header), {name: value for name, value in new.items() if value is not None})

    return forge


def with_header(**changes: Any) -> Callable[[str], str]:
    def forge(token: str) -> str:
        header, claims, _ = token.split(".")
        return resigned({**decode(header), **changes}, decode(claims))

    return forge


def hmac_with_public_key(token: str) -> str:
    header, claims, _ = token.split(".")
    text = f"{encode({**decode(header), 'alg': 'HS256'})}.{claims}"
    key = own_key().public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"{text}.{encode(hmac.new(key, text.encode(), hashlib.sha256).digest())}"


def signed_by_another_key(token: str) -> str:
    header, claims, _ = token.split(".")
    key = ec.generate_private_key(ec.SECP256R1())
    return jwt.encode(decode(claims), key, "ES256", headers=decode(header))


FORGERIES: dict[str, Callable[[str], str]] = {
    "alg none": lambda token: encode({**decode(token.split(".")[0]), "alg": "none"}) + "." + token.split(".")[1] + ".",
    "alg NONE": lambda token: encode({**decode(token.split(".")[0]), "alg": "NONE"}) + "." + token.split(".")[1] + ".",
    "alg empty": with_header(alg=""),
    "alg of another family": hmac_with_public_key,
    "alg ES384": with_header(alg="ES384"),
    "no signature": lambda token: token.rsplit(".", 1)[0] + ".",
    "signature of zeros": lambda token: token.rsplit(".", 1)[0] + "." + encode(bytes(64)),
    "another key": signed_by_another_key,
    "altered claims": lambda token: ".".join([token.split(".")[0], encode({"sub": "root"}), token.split(".")[2]]),
    "kid unknown": with_header(kid="t9"),
    "kid traversal": with_header(kid="../../dev/null"),
    "kid array": with_header(kid=["t1"]),
    "kid null": with_header(kid=None),
    "jwk in header": with_header(jwk={"kty": "EC"}),
    "jku in header": with_header(jku="https://attacker.example/keys"),
    "x5u in header": with_header(x5u="https://attacker.example/cert"),
    "crit in header": with_header(crit=["exp"]),
    "b64 false": with_header(b64=False),
    "typ JWT": with_header(typ="JWT"),
    "exp missing": with_claims(exp=None),
    "exp text": with_claims(exp="never"),
    "exp float": with_claims(exp=1e18),
    "iat in the future": with_claims(iat=2_000_000_000),
    "aud of another system": with_claims(aud="other-api"),
    "aud missing": with_claims(aud=None),
    "iss of another system": with_claims(iss="https://elsewhere.example"),
    "jti missing": with_claims(jti=None),
    "sid missing": with_claims(sid=None),
    "ver missing": with_claims(ver=None),
    "ver outdated": with_claims(ver=0),
    "sub of nobody": with_claims(sub="01ARZ3NDEKTSV4RRFFQ69G5FAV"),
    "kind raised": with_claims(kind="staff"),
    "four parts": lambda token: token + ".AAAA",
    "two parts": lambda token: token.rsplit(".", 1)[0],
    "not base64": lambda token: "%%%." + token,
    "two megabytes": lambda token: token + "A" * 2_000_000,
    "empty": lambda token: "",
}


@pytest.mark.parametrize("name", FORGERIES)
def test_forged_tokens_are_refused(world: World, name: str) -> None:
    genuine = world.log_in("wechat").token
    answer = Client(world=world, token=FORGERIES[name](genuine) or " ").get("/v1/me")
    assert (answer.status, answer.code) == (401, "not_authenticated")


def test_a_genuine_token_is_accepted_until_it_expires(world: World) -> None:
    client = world.log_in("wechat")
    world.pass_time(minutes=14, seconds=59)
    assert client.get("/v1/me").status == 200
    world.pass_time(seconds=1)
    assert client.get("/v1/me").code == "token_expired"


def test_a_refresh_token_is_no_access_token(world: World) -> None:
    client = world.log_in("wechat")
    assert Client(world=world, token=client.refresh_token).get("/v1/me").code == "not_authenticated"


def test_header_and_claims_follow_rfc_9068(world: World) -> None:
    header, claims, _ = world.log_in("wechat").token.split(".")
    assert decode(header) == {"alg": "ES256", "kid": "t1", "typ": "at+jwt"}
    assert decode(claims)["exp"] - decode(claims)["iat"] == tokens.LIFETIME_SECONDS == 900
    assert decode(claims)["iat"] == clock.seconds(clock.now())


def test_another_scheme_than_bearer_is_refused(world: World) -> None:
    answer = world.anonymous().get("/v1/me", headers={"authorization": "Basic dXNlcjpwYXNz"})
    assert answer.status == 401 and answer.headers["WWW-Authenticate"] == "Bearer"


def test_processes_agree_on_the_key_and_kms_is_asked_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    token = world.log_in("wechat").token
    monkeypatch.setattr(vault, "_unwrapped", {})  # another process
    with faults("kms", LOST, operation="GenerateDataKey") as made, faults("kms", LOST, operation="Sign") as signed:
        assert Client(world=world, token=token).get("/v1/me").status == 200
        world.log_in("wechat")
        with faults("kms", Fault(500), operation="Decrypt") as opened:
            for _ in range(3):
                world.log_in("wechat")
    assert not made and not signed and not opened


def test_while_kms_is_away_the_key_that_is_known_is_used(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    client = world.log_in("wechat")
    assert client.get("/v1/me").status == 200
    monkeypatch.setattr(vault, "_unwrapped", {name: (0.0, key) for name, (_, key) in vault._unwrapped.items()})
    monkeypatch.setattr("time.sleep", lambda _: None)
    with faults("kms", SILENT) as failed:
        assert client.get("/v1/me").status == 200
        asked = len(failed)
        assert asked and client.get("/v1/me").status == 200
        assert len(failed) == asked, "it is not asked again with each request"


def test_two_processes_that_make_the_key_at_once_get_the_same(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    wrapped_by = settings().token_keys["t1"]
    first = vault.unwrapped_key("token/test", wrapped_by, 40)
    monkeypatch.setattr(vault, "_unwrapped", {})
    # the other one's key is stored just after this one has looked for it
    monkeypatch.setattr(tables, "read", _blind_once(tables.read))
    assert vault.unwrapped_key("token/test", wrapped_by, 40) == first and len(first) == 40


def _blind_once(read: Callable[..., Any]) -> Callable[..., Any]:
    looked: list[str] = []

    def look(model: Any, pk: str, *rest: Any, **more: Any) -> Any:
        looked.append(pk)
        return None if len(looked) == 1 else read(model, pk, *rest, **more)

    return look
