"""The certificate's signed number, its identifiers, and what a scan means. Pure.

The number in the QR is the decimal form of ``01 | payload (28 bytes) | signature (64 bytes)``; the
signature covers ``DOMAIN + payload``. Payload, big endian::

    kind 1 | key 1 | certificate id 8 | subject 6 | from 2 | to 2 | scope 2 | category 1 | revision 1 | digest 4

Dates count days since 2025-01-01. Nothing personal is in it. ``docs/decisions/qr.md`` has the measurements.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import msgspec

from chalicelib.certificates import events
from chalicelib.kernel.errors import ErrorCode, refuse_if
from chalicelib.kernel.graph import NEW, Edge, Graph
from chalicelib.kernel.numbers import check_character

DOMAIN = b"BANSHI-CERTIFICATE-v1\0"
LIST_DOMAIN = b"BANSHI-OFFLINE-LIST-v1\0"
LIST_PART = 5000
"""Entries in one part of a list for offline checks: under 150 kB, packed."""
OLDEST_LIST = timedelta(days=2)
"""An older list tells nothing: what was revoked since does not stand on it."""
EPOCH = date(2025, 1, 1)
ISSUED = "issued"
SUSPENDED = "suspended"
REVOKED = "revoked"
VEHICLE = 0x11
DOCUMENT = 0x12
MAX_REVISION = 255
_LAYOUT = struct.Struct(">BB8s6sHHHBB4s")
_LENGTH = 1 + _LAYOUT.size + 64

NOT_PRINTABLE = ErrorCode(
    "certificate_not_printable",
    409,
    zh="此证照已过期、已暂停使用或已撤销，不能打印",
    en="The certificate has expired, or is suspended or revoked; it cannot be printed",
)
PRINTS_USED_UP = ErrorCode(
    "prints_used_up",
    409,
    zh="打印次数已达上限({maximum} 次),请联系发证机关",
    en="All {maximum} prints are used; ask the issuer",
)
PRINT_REASON_REQUIRED = ErrorCode(
    "print_reason_required",
    422,
    zh="自第 {number} 次打印起须说明原因",
    en="From print {number} on, say why it is needed",
)
PRINT_LINK_USED = ErrorCode(
    "print_link_used",
    410,
    zh="此下载链接已使用或已过期，请重新打印",
    en="The link was used or has expired; print again",
)
GLYPH_MISSING = ErrorCode(
    "glyph_missing",
    422,
    zh="证照字库没有字符“{character}”，请换用其他写法或联系发证机关",
    en="The certificate's font lacks the character “{character}”; write it otherwise or ask the issuer",
)
PERIOD_TAKEN = ErrorCode(
    "period_taken",
    409,
    zh="此期间已有有效证照，请先撤销原证照或不予准予",
    en="A valid certificate covers part of this period; revoke that one first, or refuse",
)
CERTIFICATE_STATE = ErrorCode(
    "certificate_wrong_state",
    409,
    zh="证照当前状态为“{state_zh}”，不能进行此操作",
    en="The certificate is “{state}”; not possible now",
)
CERTIFICATES = Graph(
    (
        Edge("issue", NEW, ISSUED, by=("system",), event=events.CERTIFICATE_ISSUED),
        Edge("suspend", ISSUED, SUSPENDED, by=("officer", "system"), event=events.CERTIFICATE_SUSPENDED),
        Edge("resume", SUSPENDED, ISSUED, by=("officer",), event=events.CERTIFICATE_RESUMED),
        Edge("revoke", ISSUED, REVOKED, by=("officer", "system"), event=events.CERTIFICATE_REVOKED),
        Edge("revoke", SUSPENDED, REVOKED, by=("officer", "system"), event=events.CERTIFICATE_REVOKED),
    ),
    CERTIFICATE_STATE,
    {ISSUED: "已签发", SUSPENDED: "已暂停使用", REVOKED: "已撤销"},
)

_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_PLATE_CHARACTERS = " 0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ挂学警港澳领使临"
_OID = "1.2.156.3005.2"


@dataclass(frozen=True, kw_only=True)
class Payload:
    """What the QR says by itself."""

    kind: int
    key: int
    certificate_id: str
    subject: str
    valid_from: date
    valid_to: date
    scope: int
    category: int
    revision: int
    digest: bytes


class OfflineList(msgspec.Struct, frozen=True, kw_only=True):
    """A part of what an offline check has to know beside the paper, as it is signed.

    ``entries``: by ``listed_hash``, the revision of the newest print, or 0 for a certificate that is revoked or
    suspended.
    """

    number: str
    as_of: datetime
    part: int
    parts: int
    entries: dict[str, int]


def listed_hash(certificate_id: str) -> str:
    """How a certificate stands on a list that anybody may have: who does not know the id learns nothing."""
    return hashlib.sha256(LIST_DOMAIN + bytes.fromhex(certificate_id)).hexdigest()[:32]


def encode_plate(plate: str) -> bytes:
    """A number plate in 6 bytes: 31 provinces, then up to 7 characters. Raises ValueError for other text."""
    number = _PROVINCES.index(plate[0])
    if not 6 <= len(plate) <= 8:
        raise ValueError("a plate has 6 to 8 characters")
    for character in plate[1:].ljust(7):
        number = number * len(_PLATE_CHARACTERS) + _PLATE_CHARACTERS.index(character)
    return number.to_bytes(6)


def decode_plate(data: bytes) -> str:
    """The plate in 6 bytes; raises ValueError if there is none."""
    number = int.from_bytes(data)
    text = ""
    for _ in range(7):
        number, rest = divmod(number, len(_PLATE_CHARACTERS))
        text = _PLATE_CHARACTERS[rest] + text
    if number >= len(_PROVINCES):
        raise ValueError("not a plate")
    return _PROVINCES[number] + text.rstrip()


def encode_payload(payload: Payload) -> bytes:
    """The 28 bytes that are signed (after ``DOMAIN``)."""
    return _LAYOUT.pack(
        payload.kind,
        payload.key,
        bytes.fromhex(payload.certificate_id),
        encode_plate(payload.subject) if payload.kind == VEHICLE else bytes(6),
        (payload.valid_from - EPOCH).days,
        (payload.valid_to - EPOCH).days,
        payload.scope,
        payload.category,
        payload.revision,
        payload.digest,
    )


def decode_payload(data: bytes) -> Payload:
    """The payload in 28 bytes; raises ValueError if it is not one of ours."""
    kind, key, certificate_id, subject, start, end, scope, category, revision, digest = _LAYOUT.unpack(data)
    if kind not in (VEHICLE, DOCUMENT):
        raise ValueError("unknown kind")
    return Payload(
        kind=kind,
        key=key,
        certificate_id=certificate_id.hex(),
        subject=decode_plate(subject) if kind == VEHICLE else "",
        valid_from=EPOCH + timedelta(start),
        valid_to=EPOCH + timedelta(end),
        scope=scope,
        category=category,
        revision=revision,
        digest=digest,
    )


def encode_number(payload: bytes, signature: bytes) -> str:
    """The decimal number of a signed payload."""
    return str(int.from_bytes(b"\x01" + payload + signature))


def decode_number(number: str) -> tuple[bytes, bytes]:
    """Payload and signature in a number; raises ValueError for anything but the one right spelling."""
    if not (number.isascii() and number.isdigit() and number[0] != "0" and len(number) == 222):
        raise ValueError("not a certificate number")
    data = int(number).to_bytes(_LENGTH)
    if data[0] != 1:
        raise ValueError("not a certificate number")
    return data[1:29], data[29:]


def face_digest(face: dict[str, str]) -> bytes:
    """The first 4 bytes of SHA-256 over the face values, in the order of their names."""
    text = "\n".join(f"{name}={face[name]}" for name in sorted(face))
    return hashlib.sha256(text.encode()).digest()[:4]


VALIDITIES = ("valid", "revoked", "suspended", "not_yet_valid", "expired")


def validity(status: str, valid_from: date, valid_to: date, today: date) -> str:
    """What a certificate in that state is worth today: one of ``VALIDITIES``."""
    if status in (REVOKED, SUSPENDED):
        return status
    if today < valid_from:
        return "not_yet_valid"
    return "expired" if today > valid_to else "valid"


def overlaps(periods: Sequence[tuple[date, date]], start: date, end: date) -> bool:
    """Whether [start, end] shares a day with one of the periods (both ends belong to a period)."""
    return any(begin <= end and start <= finish for begin, finish in periods)


def check_print(printed: int, maximum: int, reason_from: int, reason: str) -> None:
    """Raise unless the service's policy allows one more print."""
    refuse_if(printed >= min(maximum, MAX_REVISION), PRINTS_USED_UP, maximum=maximum)
    refuse_if(printed + 1 >= reason_from and len(reason) < 2, PRINT_REASON_REQUIRED, number=reason_from)


def licence_identifier(type_code: str, issuer_code: str, serial: str, version: int = 1) -> str:
    """The e-licence's identifier (证照标识, GB/T 36904-2018) with its ISO 7064 MOD 37,36 check character."""
    parts = (type_code, issuer_code, serial, f"{version:03d}")
    return ".".join((_OID, *parts, check_character("".join(parts))))
