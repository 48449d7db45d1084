"""Numbers and their checks: residents' ID numbers, unified social credit codes, ISO 7064. Pure."""

from __future__ import annotations

import re
from datetime import date

ALPHANUMERIC = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CREDIT_CHARACTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def is_id_number(text: str, today: date) -> bool:
    """Whether ``text`` is a resident's ID number (GB 11643-1999): form, real birth date, check character."""
    if not re.fullmatch(r"[0-9]{17}[0-9X]", text):
        return False
    try:
        born = date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    except ValueError:
        return False
    return date(1850, 1, 1) <= born <= today and text[17] == id_check_character(text[:17])


def id_check_character(digits: str) -> str:
    """The check character after the first 17 digits of a resident's ID number (GB 11643, ISO 7064 MOD 11-2)."""
    total = sum(int(digit) * weight for digit, weight in zip(digits, _ID_WEIGHTS, strict=True))
    return "10X98765432"[total % 11]


def birth_date(id_number: str) -> date:
    """The day of birth that a valid resident's ID number says."""
    return date(int(id_number[6:10]), int(id_number[10:12]), int(id_number[12:14]))


def is_credit_code(text: str) -> bool:
    """Whether ``text`` is a unified social credit code (GB 32100-2015) with the right check character."""
    if not re.fullmatch(f"[{_CREDIT_CHARACTERS}]{{18}}", text):
        return False
    total = sum(_CREDIT_CHARACTERS.index(text[place]) * pow(3, place, 31) for place in range(17))
    return _CREDIT_CHARACTERS[-total % 31] == text[17]


def normalized(text: str) -> str:
    """An ID number or credit code as it is stored: without blanks, upper case."""
    return "".join(text.split()).upper()


def check_character(text: str) -> str:
    """The check character of ISO 7064 MOD 37,36 over digits and upper-case letters."""
    product = 36
    for character in text:
        product = (product + ALPHANUMERIC.index(character)) % 36 or 36
        product = product * 2 % 37
    return ALPHANUMERIC[(37 - product) % 36]


def has_valid_check(text: str) -> bool:
    """Whether the last character of ``text`` is the right check character of the rest."""
    return (
        len(text) > 1
        and all(character in ALPHANUMERIC for character in text)
        and check_character(text[:-1]) == text[-1]
    )
