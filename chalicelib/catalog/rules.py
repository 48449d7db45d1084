"""Finding a service in plain words. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence

from chalicelib.kernel.errors import ErrorCode

SERVICE_UNKNOWN = ErrorCode("service_unknown", 404, zh="没有这个事项", en="There is no such service")
SERVICE_NOT_YET = ErrorCode(
    "service_not_yet",
    409,
    zh="此事项自 {day} 起受理申请",
    en="Applications for this service are taken from {day} on",
)
HALL_UNKNOWN = ErrorCode("hall_unknown", 404, zh="没有这个政务大厅", en="There is no such hall")

NAME_WEIGHT = 4
KEYWORD_WEIGHT = 3
SUMMARY_WEIGHT = 1


def pairs(text: str) -> set[str]:
    """The text's pairs of neighbouring characters (bigrams), or the one character of a short text.

    Chinese has no blanks between words; pairs find most words without a dictionary.
    """
    plain = "".join(unicodedata.normalize("NFKC", text).lower().split())
    return {plain[at : at + 2] for at in range(len(plain) - 1)} or ({plain} if plain else set())


def score(wanted: str, weighted_texts: Iterable[tuple[int, Sequence[str]]]) -> float:
    """How well the texts answer the wanted words; 0 for not at all.

    A text counts by the share of the wanted pairs that it has, or the share of its own pairs that are
    wanted (a keyword within a whole sentence), whichever is larger.
    """
    asked = pairs(wanted)
    return sum(
        weight * max((_match(asked, pairs(text)) for text in texts), default=0) for weight, texts in weighted_texts
    )


def _match(asked: set[str], offered: set[str]) -> float:
    common = len(asked & offered)
    return max(common / len(asked), common / len(offered)) if common else 0


def serves_region(service_regions: Sequence[str], region: str) -> bool:
    """Whether a service of these divisions serves ``region``: itself, or a division above it (3201.. over 320102)."""
    return any(region.startswith(code.rstrip("0")) for code in service_regions)
