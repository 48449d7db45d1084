"""What the QR holds, validity, prints and identifiers, as tables of examples and properties: pure."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.certificates import rules
from chalicelib.certificates.rules import Payload
from chalicelib.kernel.errors import ErrorCode, Problem
from chalicelib.kernel.numbers import check_character

PLATES = ["苏A12345", "京AD12345", "粤Z1234港", "宁B0000挂", "津A1234学"]
PAYLOADS = st.builds(
    Payload,
    kind=st.just(rules.VEHICLE),
    key=st.integers(1, 255),
    certificate_id=st.binary(min_size=8, max_size=8).map(bytes.hex),
    subject=st.sampled_from(PLATES),
    valid_from=st.dates(rules.EPOCH, rules.EPOCH + timedelta(60_000)),
    valid_to=st.dates(rules.EPOCH, rules.EPOCH + timedelta(60_000)),
    scope=st.integers(0, 255),
    category=st.integers(0, 255),
    revision=st.integers(1, 255),
    digest=st.binary(min_size=4, max_size=4),
)


@pytest.mark.parametrize("plate", PLATES)
def test_a_plate_fits_in_six_bytes_and_comes_back(plate: str) -> None:
    data = rules.encode_plate(plate)
    assert len(data) == 6 and rules.decode_plate(data) == plate


@pytest.mark.parametrize("plate", ["苏A123", "苏A1234567", "XA12345", "苏a12345", "苏A1234海"])
def test_what_is_no_plate_is_refused(plate: str) -> None:
    with pytest.raises(ValueError, match=r"6 to 8|substring"):
        rules.encode_plate(plate)


def test_a_plate_has_six_to_eight_characters() -> None:
    for plate in ("苏A1234", "苏A123456"):
        assert rules.decode_plate(rules.encode_plate(plate)) == plate


def test_bytes_that_are_no_plate_are_refused() -> None:
    assert rules.decode_plate(bytes(6)) == "京"
    with pytest.raises(ValueError, match="not a plate"):
        rules.decode_plate(b"\xff" * 6)


@given(PAYLOADS)
def test_a_payload_comes_back(payload: Payload) -> None:
    data = rules.encode_payload(payload)
    assert len(data) == 28 and rules.decode_payload(data) == payload
    document = rules.encode_payload(_document(payload))
    assert rules.decode_payload(document) == _document(payload)


def _document(payload: Payload) -> Payload:
    return replace(payload, kind=rules.DOCUMENT, subject="")


def test_a_payload_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown kind"):
        rules.decode_payload(bytes(28))


@given(st.binary(min_size=28, max_size=28), st.binary(min_size=64, max_size=64))
def test_a_number_has_one_spelling(payload: bytes, signature: bytes) -> None:
    number = rules.encode_number(payload, signature)
    if len(number) != 222:
        return  # too small to begin with a leading 01: cannot come of a real payload
    assert rules.decode_number(number) == (payload, signature)


NUMBER = rules.encode_number(b"\x01" * 28, b"\x02" * 64)


@pytest.mark.parametrize(
    "number", ["", "1", "0" + NUMBER[1:], NUMBER + "0", NUMBER[:-1], NUMBER[:-1] + "x", "９" * 222, "9" * 222]
)
def test_any_other_spelling_is_refused(number: str) -> None:
    assert rules.decode_number(NUMBER) == (b"\x01" * 28, b"\x02" * 64)
    with pytest.raises((ValueError, OverflowError)):
        rules.decode_number(number)


def test_the_digest_of_a_face_does_not_depend_on_the_order_of_its_values() -> None:
    first = rules.face_digest({"plate": "苏A12345", "driver": "丙"})
    assert len(first) == 4 and first == rules.face_digest({"driver": "丙", "plate": "苏A12345"})
    assert first != rules.face_digest({"plate": "苏A12345", "driver": "丁"})
    assert rules.face_digest({"b": "2", "a": "1"}) == hashlib.sha256(b"a=1\nb=2").digest()[:4]


DAY = date(2026, 11, 2)


@pytest.mark.parametrize(
    ("status", "begins", "ends", "validity"),
    [
        ("issued", 0, 0, "valid"),
        ("issued", -3, 3, "valid"),
        ("issued", 1, 3, "not_yet_valid"),
        ("issued", -3, -1, "expired"),
        ("revoked", -3, 3, "revoked"),
        ("revoked", 1, 3, "revoked"),
        ("suspended", -3, 3, "suspended"),
        ("suspended", -3, -1, "suspended"),
    ],
)
def test_what_a_certificate_is_worth_on_a_day(status: str, begins: int, ends: int, validity: str) -> None:
    assert rules.validity(status, DAY + timedelta(begins), DAY + timedelta(ends), DAY) == validity
    assert validity in rules.VALIDITIES


@pytest.mark.parametrize(
    ("begins", "ends", "overlaps"),
    [(0, 2, True), (-5, 0, True), (2, 9, True), (3, 9, False), (-5, -1, False), (-9, 9, True), (1, 1, True)],
)
def test_periods_share_a_day(begins: int, ends: int, overlaps: bool) -> None:
    periods = [(DAY, DAY + timedelta(2))]
    assert rules.overlaps(periods, DAY + timedelta(begins), DAY + timedelta(ends)) is overlaps
    assert not rules.overlaps([], DAY, DAY)


@pytest.mark.parametrize(
    ("printed", "maximum", "reason", "error"),
    [
        (0, 3, "", None),
        (1, 3, "", rules.PRINT_REASON_REQUIRED),
        (1, 3, "丢", rules.PRINT_REASON_REQUIRED),
        (1, 3, "丢失", None),
        (3, 3, "丢失", rules.PRINTS_USED_UP),
        (2, 3, "丢失", None),
        (rules.MAX_REVISION, 10_000, "丢失", rules.PRINTS_USED_UP),
        (rules.MAX_REVISION - 1, 10_000, "丢失", None),
    ],
)
def test_how_often_and_why_something_may_be_printed(
    printed: int, maximum: int, reason: str, error: ErrorCode | None
) -> None:
    if error is None:
        rules.check_print(printed, maximum, 2, reason)
        return
    with pytest.raises(Problem) as refused:
        rules.check_print(printed, maximum, 2, reason)
    assert refused.value.error is error
    assert refused.value.values == ({"maximum": maximum} if error is rules.PRINTS_USED_UP else {"number": 2})


def test_the_identifier_of_an_e_licence() -> None:
    found = rules.licence_identifier("11100000000013338W032", "11320100012947306T", "2026000123")
    assert found.startswith("1.2.156.3005.2.11100000000013338W032.11320100012947306T.2026000123.001.")
    parts = found.split(".")[5:]
    assert parts[-1] == check_character("".join(parts[:-1]))
    assert ".007." in rules.licence_identifier("1", "2", "3", version=7)
