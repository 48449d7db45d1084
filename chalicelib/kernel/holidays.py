"""The days off that the law itself names, whether or not a year's calendar is published. Pure.

Source: 全国年节及纪念日放假办法 (State Council decree 795 of 2024, in force since 2025-01-01), article 2: 13 days.
Which days around them are off too, and which weekend days are worked instead (调休), only the yearly notice says.
"""

from __future__ import annotations

import functools
from datetime import date, timedelta

_QINGMING = "清明"


@functools.lru_cache(maxsize=8)
def statutory_days(year: int) -> frozenset[date]:
    """The statutory days off of a year from 2025 on, in Asia/Shanghai."""
    # The lunar calendar is needed only for a year without a published one: it costs 15 ms to import.
    from lunar_python import Lunar

    def lunar(month: int, day: int) -> date:
        return date.fromisoformat(Lunar.fromYmd(year, month, day).getSolar().toYmd())

    new_year = lunar(1, 1)
    qingming = Lunar.fromYmd(year, 1, 1).getJieQiTable()[_QINGMING]
    return frozenset(
        {
            date(year, 1, 1),  # 元旦
            *(new_year + timedelta(number) for number in range(-1, 3)),  # 春节: 除夕 to 初三
            date.fromisoformat(qingming.toYmd()),  # 清明
            date(year, 5, 1),  # 劳动节
            date(year, 5, 2),
            lunar(5, 5),  # 端午
            lunar(8, 15),  # 中秋
            date(year, 10, 1),  # 国庆
            date(year, 10, 2),
            date(year, 10, 3),
        }
    )
