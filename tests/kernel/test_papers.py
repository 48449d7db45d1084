"""Kinds of identity documents: which numbers are whose."""

from __future__ import annotations

from datetime import date

import pytest

from chalicelib.kernel import papers

TODAY = date(2026, 11, 2)


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        ("resident", "110105194912310021"),
        ("residence_permit_hong_kong_macau", "810000199408230021"),
        ("residence_permit_hong_kong_macau", "820000199408230021"),
        ("residence_permit_taiwan", "830000199201300022"),
        ("permanent_residence", "911124198108030024"),
        ("permanent_residence_old", "GBR310085120401"),
        ("permit_hong_kong_macau", "H12345678"),
        ("permit_hong_kong_macau", "M1234567801"),
        ("permit_taiwan", "12345678"),
        ("passport", "E12345678"),
        ("passport", "536789012"),
    ],
)
def test_numbers_of_each_kind(kind: str, number: str) -> None:
    form = papers.KINDS[kind]
    if form.has_check:
        right = number[:17] + check(number[:17])
        assert papers.is_valid(kind, right, TODAY)
        assert papers.kind_of(right) == kind
        wrong = right[:-1] + ("0" if right[-1] != "0" else "1")
        assert not papers.is_valid(kind, wrong, TODAY), "the check character"
        assert not any(papers.is_valid(other, right, TODAY) for other in papers.KINDS if other != kind)
    else:
        assert papers.is_valid(kind, number, TODAY)
        assert papers.kind_of(number) == ""


def check(body: str) -> str:
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return "10X98765432"[sum(int(digit) * weight for digit, weight in zip(body, weights, strict=True)) % 11]


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        ("resident", "11010519491231002X1"),
        ("resident", "110105194913310021"),
        ("permit_hong_kong_macau", "A12345678"),
        ("permit_hong_kong_macau", "H123456789"),
        ("permit_taiwan", "1234567"),
        ("permanent_residence_old", "GB310085120401"),
        ("passport", "E1"),
        ("passport", "E12 345"),
        ("passport", "护照123456"),
    ],
)
def test_what_is_no_number_of_a_kind(kind: str, number: str) -> None:
    assert not papers.is_valid(kind, number, TODAY)


def test_a_renewed_permit_is_the_same_persons() -> None:
    assert papers.permanent("permit_hong_kong_macau", "H1234567801") == "H12345678"
    assert papers.permanent("permit_hong_kong_macau", "H12345678") == "H12345678"
    assert papers.permanent("passport", "E12345678") == "E12345678"
