"""Phone numbers: stored as E.164 (ITU-T: ``+`` and at most 15 digits), shown as people in China write them. Pure."""

from __future__ import annotations

import re
import unicodedata

MAINLAND = "86"
_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_LANDLINE = re.compile(r"0[0-9]{2,3}-?[0-9]{7,8}")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")


def parse(text: str, country: str = MAINLAND) -> str:
    """A number as E.164; without a country in front it is one of ``country``.

    ``13800001234``, ``86 138-0000-1234`` and ``+8613800001234`` are the same. Raises ``ValueError`` for what is none.
    """
    plain = unicodedata.normalize("NFKC", text)
    digits = re.sub(r"[\s()\-.]", "", plain)
    if digits.startswith("00"):
        digits = "+" + digits[2:]
    is_mobile_with_country = digits.startswith(MAINLAND) and _MOBILE.fullmatch(digits[2:]) is not None
    if is_mobile_with_country:
        digits = "+" + digits
    if not digits.startswith("+"):
        digits = f"+{country.removeprefix('+')}{digits}"
    if _E164.fullmatch(digits) is None:
        raise ValueError("no phone number")
    is_mainland = digits.startswith("+" + MAINLAND)
    if is_mainland and _MOBILE.fullmatch(digits[3:]) is None:
        raise ValueError("no mobile number of the mainland")
    return digits


def is_reachable(text: str) -> bool:
    """Whether a courier can call it: a mobile number as ``parse`` takes it, or a landline of the mainland with area."""
    if _LANDLINE.fullmatch(text):
        return True
    try:
        parse(text)
    except ValueError:
        return False
    return True


def shown(number: str) -> str:
    """A stored number as people read and dial it: mainland mobiles without the country."""
    return number.removeprefix("+" + MAINLAND)
