"""A parcel company behind an API (EMS and its like): orders, fees, tracks, and the pushes of tracks.

Every company's API is its own; this port has a contract of ours (docs/delivery.md), signed as the departments' exchange
is: HMAC-SHA256 over method, path, time, nonce and body, answers over the nonce. A push is signed like a request.
``order`` is our number: a repeat finds the first order.
"""

from __future__ import annotations

import hmac
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from chalicelib.kernel import clock
from chalicelib.platforms import http, signed
from chalicelib.platforms.secrets import secrets
from chalicelib.platforms.settings import settings

PLATFORM = "快递公司 Carrier"
PUSH_PATH = "/v1/notify/carrier"
_TOLERANCE_SECONDS = 300
TrackState = Literal["accepted", "handed_over", "in_transit", "attempt_failed", "delivered", "returned", "lost"]


class CarrierOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What is posted: from which hall, to whom and where, weight in grams, fen to collect at the door."""

    order: str
    sender: str
    sender_phone: str
    sender_address: str
    recipient: str
    phone: str
    division: str
    address: str
    grams: int
    collect: int


class Booked(msgspec.Struct, frozen=True):
    """The company's waybill number, the routing code that its label shows (大头笔), and the fee in fen."""

    waybill: str
    routing: str
    fee: int


class Track(msgspec.Struct, frozen=True, kw_only=True):
    """One report of the company about an order: its own id, state, moment (RFC 3339), words."""

    id: Annotated[str, Meta(min_length=1, max_length=64)]
    order: Annotated[str, Meta(min_length=1, max_length=64)]
    state: TrackState
    at: Annotated[str, Meta(max_length=40)]
    note: Annotated[str, Meta(max_length=200)] = ""


class ForgedPush(Exception):
    """A push that is not the company's; the message says what is wrong."""


def book(order: CarrierOrder) -> Booked:
    """Order the collection of a parcel, or find the order made before; raises ``platform_unavailable``."""
    found: Booked = _converted(_call("/v1/orders", msgspec.to_builtins(order)), Booked)
    return found


def fee(division: str, grams: int) -> int:
    """What the company asks for a parcel to a division, in fen; raises ``platform_unavailable``."""
    answer = _call("/v1/fees", {"division": division, "grams": grams})
    if not isinstance(answer.get("fee"), int):
        raise http.unavailable(PLATFORM)
    return int(answer["fee"])


def tracks(order: str) -> list[Track]:
    """All reports about an order; raises ``platform_unavailable``."""
    found: list[Track] = _converted(_call("/v1/tracks", {"order": order}).get("tracks"), list[Track])
    return found


def read_push(headers: dict[str, str], body: bytes) -> Track:
    """The report that a push carries; raises ``Forged``."""
    timestamp = headers.get("x-timestamp", "")
    nonce = headers.get("x-nonce", "")
    expected = signed.signature(secrets().carrier_secret, "POST", PUSH_PATH, timestamp, nonce, body)
    if not hmac.compare_digest(expected.encode(), headers.get("x-signature", "").encode()):
        raise ForgedPush("signature")
    if not timestamp.isdigit() or abs(clock.seconds(clock.now()) - int(timestamp)) > _TOLERANCE_SECONDS:
        raise ForgedPush("time")
    try:
        return msgspec.json.decode(body, type=Track)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise ForgedPush("content") from None


def _call(path: str, content: dict[str, Any]) -> dict[str, Any]:
    service = signed.Service(
        name=PLATFORM,
        url=settings().carrier_url,
        client_id=settings().carrier_client_id,
        secret=secrets().carrier_secret,
    )
    return signed.call(service, path, content)


def _converted(answer: Any, shape: Any) -> Any:
    try:
        return msgspec.convert(answer, shape)
    except msgspec.ValidationError:
        raise http.unavailable(PLATFORM) from None
