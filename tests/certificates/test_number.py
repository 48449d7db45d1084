"""The signed number: round trips, and every alteration is noticed."""

from __future__ import annotations

import base64
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.certificates import rules, store
from chalicelib.kernel import ids, numbers
from chalicelib.kernel.security import signing
from tools.verify_sticker import CANNOT_TELL, NOT_VALID, VALID, Finding, Known, judge

KEY = ec.generate_private_key(ec.SECP256R1())
DER = KEY.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
TODAY = date(2026, 11, 2)

PLATES = st.one_of(
    st.from_regex(r"[京沪苏浙粤琼][A-Z][0-9A-Z]{5}", fullmatch=True),
    st.from_regex(r"[苏粤][A-Z][DF][0-9]{5}", fullmatch=True),
    st.sampled_from(["苏A1234挂", "粤Z1234港", "粤Z1234澳", "苏A1234学", "京A1234警"]),
)
DATES = st.dates(rules.EPOCH, date(2099, 12, 31))


@st.composite
def payloads(draw: st.DrawFn) -> rules.Payload:
    kind = draw(st.sampled_from([rules.VEHICLE, rules.DOCUMENT]))
    start = draw(DATES)
    return rules.Payload(
        kind=kind,
        key=draw(st.integers(1, 255)),
        certificate_id=draw(st.binary(min_size=8, max_size=8)).hex(),
        subject=draw(PLATES) if kind == rules.VEHICLE else "",
        valid_from=start,
        valid_to=start + timedelta(draw(st.integers(0, 365))),
        scope=draw(st.integers(0, 0xFFFF)),
        category=draw(st.integers(0, 255)),
        revision=draw(st.integers(0, 255)),
        digest=draw(st.binary(min_size=4, max_size=4)),
    )


def sign(message: bytes) -> bytes:
    r, s = decode_dss_signature(KEY.sign(message, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32) + min(s, signing.P256_ORDER - s).to_bytes(32)


def genuine(**changes: object) -> tuple[bytes, bytes]:
    fields = {
        "kind": rules.VEHICLE,
        "key": 1,
        "certificate_id": "00112233445566aa",
        "subject": "苏A12345",
        "valid_from": TODAY,
        "valid_to": TODAY + timedelta(4),
        "scope": 4,
        "category": 1,
        "revision": 1,
        "digest": b"abcd",
    }
    payload = rules.encode_payload(rules.Payload(**{**fields, **changes}))  # type: ignore[arg-type]
    return payload, sign(rules.DOMAIN + payload)


ADDRESS = "https://q.example.gov.cn/b/"


def listed(entries: dict[str, int] | None = None, **changes: Any) -> list[dict[str, Any]]:
    """A list of one part, signed, as it is downloaded."""
    fields: dict[str, Any] = {"number": "1", "as_of": _noon(TODAY), "part": 1, "parts": 1, "entries": entries or {}}
    fields |= changes
    data = msgspec.json.encode(rules.OfflineList(**fields))
    signature = sign(rules.LIST_DOMAIN + data)
    return [{"key": 1, "data": base64.b64encode(data).decode(), "signature": base64.b64encode(signature).decode()}]


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(4), UTC)


def offline(
    text: str, *, keys: dict[int, bytes] | None = None, parts: list[dict[str, Any]] | None = None, day: date = TODAY
) -> Finding:
    known = Known(keys={1: DER} if keys is None else keys, address=ADDRESS)
    found = listed(as_of=_noon(day)) if parts is None else parts
    return judge(text, known, found, _noon(day))


@given(payloads(), st.binary(min_size=64, max_size=64))
def test_payload_and_number_come_back_as_they_were(payload: rules.Payload, signature: bytes) -> None:
    data = rules.encode_payload(payload)
    assert len(data) == 28
    number = rules.encode_number(data, signature)
    assert number.isdigit() and len(number) == 222
    assert rules.decode_number(number) == (data, signature)
    assert rules.decode_payload(data) == payload


@given(st.integers(0, 221), st.integers(1, 9))
def test_any_altered_digit_is_a_forgery(place: int, change: int) -> None:
    number = rules.encode_number(*genuine())
    forged = number[:place] + str((int(number[place]) + change) % 10) + number[place + 1 :]
    # A digit of the key's number leads to a key that is on no list.
    assert offline(forged).reason in ("forged", "unknown_key")


def test_a_genuine_number_is_valid_offline() -> None:
    found = offline(ADDRESS + rules.encode_number(*genuine()))
    assert found.answer == VALID and found.payload is not None and found.payload.subject == "苏A12345"


@pytest.mark.parametrize(("days", "reason"), [(-1, "not_yet_valid"), (0, ""), (4, ""), (5, "expired")])
def test_the_period_includes_both_its_days(days: int, reason: str) -> None:
    assert offline(rules.encode_number(*genuine()), day=TODAY + timedelta(days)).reason == reason


HASH = rules.listed_hash("00112233445566aa")


@pytest.mark.parametrize(
    ("entries", "revision", "answer", "reason"),
    [
        ({}, 1, VALID, ""),
        ({HASH: 0}, 1, NOT_VALID, "not_in_force"),
        ({HASH: 2}, 1, NOT_VALID, "superseded"),
        ({HASH: 2}, 2, VALID, ""),
        ({HASH: 2}, 3, VALID, ""),
        ({rules.listed_hash("0" * 16): 0}, 1, VALID, ""),
    ],
)
def test_a_revoked_certificate_and_an_old_print_are_known_offline(
    entries: dict[str, int], revision: int, answer: str, reason: str
) -> None:
    found = offline(rules.encode_number(*genuine(revision=revision)), parts=listed(entries))
    assert (found.answer, found.reason) == (answer, reason)


def test_what_the_list_does_not_vouch_for_cannot_be_told() -> None:
    """A list of 2020, of another key, of which a part is missing; and a look-alike domain."""
    number = rules.encode_number(*genuine())
    (part,) = listed()
    altered = {**part, "data": base64.b64encode(b"{}").decode()}
    cases = {
        "no_list": [[], listed(parts=2)],
        "list_too_old": [listed(as_of=_noon(TODAY - timedelta(days=3)))],
        "list_forged": [[altered], [{**part, "key": 9}], [{"data": "x"}]],
    }
    for reason, lists in cases.items():
        for parts in lists:
            found = offline(number, parts=parts)
            assert (found.answer, found.reason) == (CANNOT_TELL, reason)
    for address in ("https://q.example-gov.cn/b/", "http://q.example.gov.cn/b/", "https://q.example.gov.cn/b/x/"):
        assert offline(address + number).reason == "foreign_domain"


def test_other_keys_products_and_spellings_are_refused() -> None:
    payload, signature = genuine()
    number = rules.encode_number(payload, signature)
    high = signature[:32] + (signing.P256_ORDER - int.from_bytes(signature[32:])).to_bytes(32)
    for forged in (
        rules.encode_number(payload, sign(payload)),  # without the domain
        rules.encode_number(payload, sign(b"OTHER-PRODUCT\0" + payload)),
        rules.encode_number(payload, high),  # the same signature with high s
        rules.encode_number(payload, bytes(64)),
        "0" + number,
        number[:-1],
        number + "0",
        number * 20,
        "".join(chr(0x0660 + int(digit)) for digit in number),  # digits of another script
    ):
        assert offline(forged).reason == "forged"
    assert offline(f" {number}\n").answer == VALID, "a blank around it is no forgery"
    for typed in ("", "-1", "741H-64DN-5HW0-18"):
        assert offline(typed).reason == "no_signed_number"
    assert offline(number, keys={2: DER}).reason == "unknown_key"  # the key's number is retired
    other = ec.generate_private_key(ec.SECP256R1()).public_key()
    der = other.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert offline(number, keys={1: der}).reason == "forged"


@pytest.mark.parametrize("plate", ["", "A12345", "苏", "苏A1", "苏A123456789", "苏a12345"])
def test_what_is_no_plate_cannot_be_encoded(plate: str) -> None:
    with pytest.raises((ValueError, IndexError)):
        rules.encode_plate(plate)


@given(st.binary(min_size=8, max_size=8))
def test_certificate_numbers_are_typed_back_to_their_id(data: bytes) -> None:
    number = store.number_of(data.hex())
    assert len(number) == 17
    assert store.id_of(number) == store.id_of(number.lower().replace("-", " ")) == data.hex()


@given(st.binary(min_size=8, max_size=8), st.integers(0, 13), st.data())
def test_a_mistyped_certificate_number_is_noticed(data: bytes, place: int, draw: st.DataObject) -> None:
    number = store.number_of(data.hex()).replace("-", "")
    alphabet = ids.CROCKFORD if place < 13 else numbers.ALPHANUMERIC
    wrong = draw.draw(st.sampled_from([one for one in alphabet if one != number[place]]))
    assert store.id_of(number[:place] + wrong + number[place + 1 :]) is None


def test_the_licence_identifier_has_its_check_character() -> None:
    identifier = rules.licence_identifier("113201000129450XTL320", "113201000129450XTL", "K7M29QXA2B5D8C")
    parts = identifier.removeprefix("1.2.156.3005.2.").split(".")
    assert parts[3] == "001"
    assert numbers.check_character("".join(parts[:-1])) == parts[-1]


@given(st.lists(st.tuples(DATES, st.integers(0, 20)), max_size=5), DATES, st.integers(0, 20))
def test_periods_overlap_when_they_share_a_day(taken: list[tuple[date, int]], start: date, length: int) -> None:
    periods = [(begin, begin + timedelta(days)) for begin, days in taken]
    wanted = {start + timedelta(day) for day in range(length + 1)}
    shared = any(wanted & {begin + timedelta(day) for day in range((end - begin).days + 1)} for begin, end in periods)
    assert rules.overlaps(periods, start, start + timedelta(length)) == shared
