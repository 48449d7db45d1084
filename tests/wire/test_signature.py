"""AWS's published test vectors of Signature Version 4: those that are a POST to / without a query."""

from __future__ import annotations

import pytest

from chalicelib.kernel.wire.signature import Credentials, Scope, authorization

_SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
_SCOPE = Scope("20150830", "us-east-1", "service")
_STAMP = "20150830T123600Z"
_HOST = ("host", "example.amazonaws.com")
_DATE = ("x-amz-date", _STAMP)
_TOKEN = (
    "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7"
    "mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d"
    "+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="
)
_FORM = [
    ("content-length", "13"),
    ("content-type", "application/x-www-form-urlencoded"),
    _HOST,
    ("x-amz-content-sha256", "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e"),
    _DATE,
]
_FORM_UTF8 = [(name, f"{value}; charset=utf-8" if name == "content-type" else value) for name, value in _FORM]


@pytest.mark.parametrize(
    ("headers", "body", "signature"),
    [
        ([_HOST, _DATE], b"", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        (
            [_HOST, ("my-header1", "value1"), _DATE],
            b"",
            "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
        ),
        (
            [_HOST, ("my-header1", "VALUE1"), _DATE],
            b"",
            "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d",
        ),
        (
            [_HOST, _DATE, ("x-amz-security-token", _TOKEN)],
            b"",
            "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead",
        ),
        (_FORM, b"Param1=value1", "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b"),
        (_FORM_UTF8, b"Param1=value1", "328d1b9eaadca9f5818ef05e8392801e091653bafec24fcab71e7344e7f51422"),
    ],
    ids=["post-vanilla", "key-sort", "value-case", "sts-header-before", "form", "form-parameters"],
)
def test_signatures_are_those_that_aws_has_published(
    headers: list[tuple[str, str]], body: bytes, signature: str
) -> None:
    names = ";".join(name for name, _ in headers)
    assert authorization(Credentials("AKIDEXAMPLE", _SECRET), _SCOPE, _STAMP, headers, body) == (
        f"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders={names}, "
        f"Signature={signature}"
    )
