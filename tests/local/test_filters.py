"""The pump leaves out what Lambda's filters would."""

from __future__ import annotations

from typing import Any

import pytest

from local import filters

CHANGES = {"dynamodb": {"NewImage": {"changes": {"B": [{"exists": True}]}}}}
CANCELLED = {"dynamodb": {"NewImage": {"status": {"S": ["cancelled", "moved"]}}}}


@pytest.mark.parametrize(
    ("image", "pattern", "fits"),
    [
        ({"changes": {"B": b"x"}}, CHANGES, True),
        ({"changes": {"S": "x"}}, CHANGES, False),
        ({"other": {"B": b"x"}}, CHANGES, False),
        (None, CHANGES, False),
        ({"status": {"S": "moved"}}, CANCELLED, True),
        ({"status": {"S": "confirmed"}}, CANCELLED, False),
        ({}, {"dynamodb": {"NewImage": {"work": {"S": [{"exists": False}]}}}}, True),
    ],
)
def test_a_record_fits_a_pattern_or_not(image: Any, pattern: dict[str, Any], fits: bool) -> None:
    record = {"dynamodb": {"Keys": {}} if image is None else {"NewImage": image}}
    assert filters.fits(record, pattern) is fits


def test_an_unknown_filter_is_named() -> None:
    with pytest.raises(ValueError, match="does not know the filter"):
        filters.fits({"a": "x"}, {"a": [{"prefix": "x"}]})
