"""Kinds of identity documents (证件), each with the form and the check of its numbers. Pure.

Sources: GB 11643-1999 (residents' numbers); 港澳台居民居住证申领发放办法 (国办发〔2018〕81号: numbers that begin with
810000, 820000, 830000); 外国人永久居留身份证 of 2017 (15 characters) and of 2023 (18 digits, the first a 9); the travel
permits of residents of Hong Kong, Macau and Taiwan as issued since 2013; ICAO Doc 9303 (passports).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Literal, get_args

from chalicelib.kernel import numbers

Code = Literal[
    "resident",
    "residence_permit_hong_kong_macau",
    "residence_permit_taiwan",
    "permanent_residence",
    "permanent_residence_old",
    "permit_hong_kong_macau",
    "permit_taiwan",
    "passport",
]
RESIDENT = "resident"
PASSPORT = "passport"


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of document.

    ``pattern``: its numbers, in capitals and without blanks; ``has_check``: they are built and checked as residents'
    numbers, so they tell the date of birth. ``alipay``: Alipay's name of the kind, whose face check knows it;
    ``wechat``: whether WeChat's does. ``is_registered``: the exchange can tell whether name and number belong together;
    otherwise only a clerk who holds the document can.
    """

    code: str
    zh: str
    en: str
    pattern: str
    has_check: bool = False
    alipay: str = ""
    wechat: bool = False
    is_registered: bool = True


KINDS = {
    kind.code: kind
    for kind in (
        Kind(
            code=RESIDENT,
            zh="居民身份证",
            en="resident's ID card",
            pattern=r"[1-7][0-9]{16}[0-9X]",
            has_check=True,
            alipay="IDENTITY_CARD",
            wechat=True,
        ),
        Kind(
            code="residence_permit_hong_kong_macau",
            zh="港澳居民居住证",
            en="residence permit of Hong Kong and Macau residents",
            pattern=r"8[12]0000[0-9]{11}[0-9X]",
            has_check=True,
            alipay="RESIDENCE_PERMIT_HK_MC",
        ),
        Kind(
            code="residence_permit_taiwan",
            zh="台湾居民居住证",
            en="residence permit of Taiwan residents",
            pattern=r"830000[0-9]{11}[0-9X]",
            has_check=True,
            alipay="RESIDENCE_PERMIT_TAIWAN",
        ),
        Kind(
            code="permanent_residence",
            zh="外国人永久居留身份证（新版 18 位）",
            en="foreigner's permanent residence card (18 digits)",
            pattern=r"9[0-9]{16}[0-9X]",
            has_check=True,
            alipay="PERMANENT_RESIDENCE_FOREIGNER",
        ),
        Kind(
            code="permanent_residence_old",
            zh="外国人永久居留身份证（旧版 15 位）",
            en="foreigner's permanent residence card (15 characters)",
            pattern=r"[A-Z]{3}[0-9]{12}",
            alipay="PERMANENT_RESIDENCE_FOREIGNER",
        ),
        Kind(
            code="permit_hong_kong_macau",
            zh="港澳居民来往内地通行证",
            en="mainland travel permit of Hong Kong and Macau residents",
            pattern=r"[HM][0-9]{8}([0-9]{2})?",
            alipay="HOME_VISIT_PERMIT_HK_MC",
        ),
        Kind(
            code="permit_taiwan",
            zh="台湾居民来往大陆通行证",
            en="mainland travel permit of Taiwan residents",
            pattern=r"[0-9]{8}",
            alipay="HOME_VISIT_PERMIT_TAIWAN",
        ),
        Kind(
            code=PASSPORT,
            zh="护照",
            en="passport",
            pattern=r"(?=[A-Z0-9]*[0-9]{5})[A-Z0-9]{6,9}",
            is_registered=False,
        ),
    )
}


assert set(KINDS) == set(get_args(Code))


def kind_of(number: str) -> str:
    """The kind of a number that tells its kind by itself (18 digits with a check); otherwise empty."""
    for kind in KINDS.values():
        if kind.has_check and re.fullmatch(kind.pattern, number):
            return kind.code
    return ""


def registered_kind(number: str, today: date) -> str:
    """The kind of a number as a register gives it, which names none; passports look like others and are never meant."""
    for kind in KINDS.values():
        if kind.is_registered and is_valid(kind.code, number, today):
            return kind.code
    return ""


def is_valid(kind: str, number: str, today: date) -> bool:
    """Whether a number is one of this kind: its form, and where there is one its check."""
    form = KINDS[kind]
    if re.fullmatch(form.pattern, number) is None:
        return False
    return not form.has_check or numbers.is_id_number(number, today)


def is_any(number: str, today: date) -> bool:
    """Whether a number can be that of some document."""
    return any(is_valid(kind, number, today) for kind in KINDS)


def permanent(kind: str, number: str) -> str:
    """The part of a number that stays when the document is renewed: of 港澳 permits all but the issue's two digits."""
    return number[:9] if kind == "permit_hong_kong_macau" else number
