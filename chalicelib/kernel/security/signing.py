"""ES256 signatures by KMS keys: raw r||s, 64 bytes, low s; public keys cached for the process.

The low-s form is enforced because (r, n-s) verifies as well, and one document must have one signature.
"""

from __future__ import annotations

import functools
import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from chalicelib.kernel import aws

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def sign(key: str, message: bytes) -> bytes:
    """The 64-byte signature of ``message`` by the KMS key or alias ``key``."""
    answer = aws.client("kms").sign(
        KeyId=key,
        Message=hashlib.sha256(message).digest(),
        MessageType="DIGEST",
        SigningAlgorithm="ECDSA_SHA_256",
    )
    r, s = decode_dss_signature(answer["Signature"])
    return r.to_bytes(32) + min(s, P256_ORDER - s).to_bytes(32)


@functools.cache
def public_key_der(key: str) -> bytes:
    """The SubjectPublicKeyInfo of the KMS key or alias ``key``."""
    return bytes(aws.client("kms").get_public_key(KeyId=key)["PublicKey"])


@functools.cache
def load_public_key(der: bytes) -> ec.EllipticCurvePublicKey:
    key = serialization.load_der_public_key(der)
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise ValueError("not a P-256 public key")
    return key


def verifies(der: bytes, message: bytes, signature: bytes) -> bool:
    """Whether ``signature`` (64 bytes, low s) is genuine for ``message`` under the public key ``der``."""
    if len(signature) != 64:
        return False
    r = int.from_bytes(signature[:32])
    s = int.from_bytes(signature[32:])
    if s > P256_ORDER // 2:
        return False
    try:
        load_public_key(der).verify(encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True
