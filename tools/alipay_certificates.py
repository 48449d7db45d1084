"""Certificate mode of Alipay: prints the settings that follow from the three certificates of the console.

    python -m tools.alipay_certificates appCertPublicKey.crt alipayCertPublicKey_RSA2.crt alipayRootCert.crt

A certificate's number is the MD5 of its issuer (RFC 2253) and serial number; that of the root file joins those of its
RSA certificates. Only numbers and Alipay's public key are settings, so the running system parses no certificates.
"""

from __future__ import annotations

import base64
import hashlib
import re
import sys
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization

_SHORT = {"2.5.4.3": "CN", "2.5.4.6": "C", "2.5.4.7": "L", "2.5.4.8": "ST", "2.5.4.10": "O", "2.5.4.11": "OU"}
_RSA = "1.2.840.113549.1.1."
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)


def number_of(certificate: x509.Certificate) -> str:
    """The number that Alipay knows a certificate by: 32 hex digits."""
    names = [f"{_SHORT.get(one.oid.dotted_string, one.oid.dotted_string)}={one.value!s}" for one in certificate.issuer]
    text = ",".join(reversed(names)) + str(certificate.serial_number)
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def certificates_in(text: str) -> list[x509.Certificate]:
    """The certificates of a PEM file; one that cannot be read (the root file holds SM2 ones) is left out."""
    found = []
    for pem in _PEM.findall(text):
        try:
            found.append(x509.load_pem_x509_certificate(pem.encode()))
        except ValueError:
            continue
    return found


def settings_of(app: str, alipay: str, root: str) -> dict[str, str]:
    """The settings of a stage, from the texts of the three files."""
    own, theirs = certificates_in(app)[0], certificates_in(alipay)[0]
    roots = [one for one in certificates_in(root) if one.signature_algorithm_oid.dotted_string.startswith(_RSA)]
    key = theirs.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return {
        "alipay_public_key": base64.b64encode(key).decode(),
        "alipay_app_cert_sn": number_of(own),
        "alipay_cert_sn": number_of(theirs),
        "alipay_root_cert_sn": "_".join(map(number_of, roots)),
    }


def main(arguments: list[str]) -> int:
    if len(arguments) != 3:
        print(__doc__, file=sys.stderr)
        return 1
    try:
        texts = [Path(argument).read_text(encoding="utf-8") for argument in arguments]
        found = settings_of(*texts)
    except (OSError, IndexError) as error:
        print(f"not three certificate files: {error}", file=sys.stderr)
        return 1
    for name, value in found.items():
        print(f'{name} = "{value}"')
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
