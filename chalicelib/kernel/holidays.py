"""The days off that the law itself names, whether or not a year's calendar is published. Pure.

Source: 全国年节及纪念日放假办法 (State Council decree 795 of 2024, in force since 2025-01-01), article 2: 13 days.
Which days around them are off too, and which weekend days are worked instead (调休), only the yearly notice says.
"""

from __future__ import annotations

import functools
from datetime import date, timedelta

_LUNAR_YEARS = range(1901, 2100)
_QINGMING = 6  # the place of 清明 among the 24 solar terms of a year, from 小寒 = 0


@functools.lru_cache(maxsize=8)
def statutory_days(year: int) -> frozenset[date]:
    """The statutory days off of a year from 2025 on, in Asia/Shanghai.

    Beyond 2099 only those of the solar calendar: the lunar calendar's library ends there.
    """
    days = {
        date(year, 1, 1),  # 元旦
        date(year, 5, 1),  # 劳动节
        date(year, 5, 2),
        date(year, 10, 1),  # 国庆
        date(year, 10, 2),
        date(year, 10, 3),
    }
    if year in _LUNAR_YEARS:
        days |= _lunar_days(year)
    return frozenset(days)


def _lunar_days(year: int) -> set[date]:
    # Needed only for a year without a published calendar: it costs 15 ms to import.
    from borax.calendars.lunardate import LunarDate, TermUtils

    new_year: date = LunarDate(year, 1, 1).to_solar_date()
    days = {new_year + timedelta(number) for number in range(-1, 3)}  # 春节: 除夕 to 初三
    days.add(TermUtils.nth_term_day(year, _QINGMING))  # 清明
    days.add(LunarDate(year, 5, 5).to_solar_date())  # 端午
    days.add(LunarDate(year, 8, 15).to_solar_date())  # 中秋
    return days
