"""WeChat's server API, as far as its rules can be held against values computed by hand."""

from __future__ import annotations

import hashlib

from chalicelib.platforms import wechat


def test_the_hash_of_a_person_is_made_of_the_three_values_in_base64() -> None:
    """``cert_hash`` of queryVerifyInfo: the base64 texts below are of IDENTITY_CARD, 张三 and 110105194912310021."""
    text = "cert_type=SURFTlRJVFlfQ0FSRA==&cert_name=5byg5LiJ&cert_no=MTEwMTA1MTk0OTEyMzEwMDIx"
    assert wechat.person_hash("张三", "110105194912310021") == hashlib.sha256(text.encode()).hexdigest()
