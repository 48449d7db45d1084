"""Settings of certificates: what their QR codes begin with, and the keys that sign them."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.kernel.settings import read_all, setting

_LONGEST_PREFIX = 36


def _check_prefix(text: str) -> None:
    if not text.endswith("/") or len(text) > _LONGEST_PREFIX:
        raise ValueError(f"must end in / and have at most {_LONGEST_PREFIX} characters")


def _check_numbers(keys: Mapping[int, str]) -> None:
    if not all(1 <= number <= 255 for number in keys):
        raise ValueError("must have numbers from 1 to 255 before the =")


@dataclass(frozen=True)
class CertificateSettings:
    """What a deployment has to say about its certificates."""

    scan_url_prefix: str = setting(
        "start of the address in a certificate's QR; at most 36 characters (docs/decisions/qr.md)",
        "https://q.example.gov.cn/b/",
        check=_check_prefix,
    )
    certificate_keys: dict[int, str] = setting(
        "key numbers (1 to 255) of certificates and their KMS signing keys, the newest last",
        "1=alias/banshi-dev-certificate-1",
        check=_check_numbers,
    )


@functools.cache
def settings() -> CertificateSettings:
    """The settings of certificates of this process."""
    found: CertificateSettings = read_all([CertificateSettings], os.environ)[0]
    return found
