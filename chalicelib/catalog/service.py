"""Use cases of the catalogue: read guides, search, and publish a new release."""

from __future__ import annotations

import functools
import hashlib
import time
from collections.abc import Sequence
from datetime import date
from typing import TypeVar

import msgspec

from chalicelib.catalog import opening, reach, releases, rules, store
from chalicelib.catalog.definition import (
    City,
    Divisions,
    Hall,
    HallSummary,
    MessageRules,
    Messages,
    Release,
    Retention,
    ServiceDefinition,
    Span,
    Summary,
    Text,
    Unit,
)
from chalicelib.catalog.releases import TooLarge
from chalicelib.kernel import clock, errors, log
from chalicelib.kernel.access import Actor

__all__ = [
    "POINTER_SECONDS",
    "TooLarge",
    "calendar",
    "calendar_fingerprint",
    "calendar_warnings",
    "check_calendars",
    "current",
    "definition",
    "digest",
    "division",
    "find_hall",
    "forget",
    "group_codes",
    "hall",
    "hall_version",
    "halls",
    "known_hall",
    "messages",
    "opening_hours",
    "publish",
    "release",
    "retention",
    "search",
    "unit",
    "unit_name",
    "upcoming",
    "works_at",
]

POINTER_SECONDS = 5
_REMEMBERED_VERSIONS = 10
_pointer: tuple[float, int] = (0.0, 0)
T = TypeVar("T", bound=msgspec.Struct)


def release() -> Release:
    """The current release. The pointer is read at most every few seconds, the release once for each process."""
    global _pointer
    if _pointer[0] <= time.monotonic():
        current = store.pointer()
        if current is None:
            raise errors.UNAVAILABLE(retry_after=5)
        _pointer = (time.monotonic() + POINTER_SECONDS, current.number)
    return _release(_pointer[1])


@functools.lru_cache(maxsize=2)
def _release(number: int) -> Release:
    found = store.release(number)
    if found is None:
        raise errors.UNAVAILABLE(retry_after=1)
    return found


@functools.lru_cache(maxsize=256)
def definition(code: str, version: int) -> ServiceDefinition:
    """A service's definition in a given version; raises ``service_unknown``."""
    found = store.published(f"SERVICE#{code}", version, ServiceDefinition)
    if found is None:
        raise rules.SERVICE_UNKNOWN()
    return found


@functools.lru_cache(maxsize=256)
def digest(code: str, version: int) -> str:
    """The hash of a service's definition in a version (SHA-256, 16 hexadecimal digits); empty if there is none."""
    found = store.version_item(f"SERVICE#{code}", version)
    return found.digest[:16] if found is not None else ""


def current(code: str) -> tuple[int, ServiceDefinition]:
    """The version of a service that new cases get today, and its definition.

    Raises ``service_unknown`` or ``service_not_yet``.
    """
    summary = next(filter(lambda one: one.code == code, release().services), None)
    if summary is None:
        raise rules.SERVICE_UNKNOWN()
    version = summary.version_on(clock.today())
    if version is None:
        raise rules.SERVICE_NOT_YET(day=str(summary.effective_from))
    return version, definition(code, version)


def upcoming(code: str) -> tuple[int, date] | None:
    """The next version of a service and from when on it counts; None if none is published."""
    for summary in release().services:
        if summary.code == code and summary.effective_from > clock.today():
            return summary.version, summary.effective_from
    return None


@functools.lru_cache(maxsize=256)
def hall_version(code: str, version: int) -> Hall:
    """A hall in a given version; raises ``hall_unknown``."""
    found = store.published(f"HALL#{code}", version, Hall)
    if found is None:
        raise rules.HALL_UNKNOWN()
    return found


def find_hall(hall: str) -> Hall | None:
    """The current version of the hall that a path names; None if there is none."""
    version = next((summary.version for summary in release().halls if summary.code == hall), 0)
    return hall_version(hall, version) if version else None


def hall(code: str) -> Hall:
    """The current version of a hall; raises ``hall_unknown``."""
    found = find_hall(code)
    if found is None:
        raise rules.HALL_UNKNOWN()
    return found


def works_at(actor: Actor, hall: Hall) -> bool:
    """Whether a staff member's unit works at the hall."""
    return actor.kind == "staff" and actor.unit in hall.units


def known_hall(code: str) -> Hall:
    """A hall by its code, also one that is not published any more, as it was last; raises ``hall_unknown``."""
    return find_hall(code) or _last_hall(code)


@functools.lru_cache(maxsize=64)
def _last_hall(code: str) -> Hall:
    found = None
    version = 1
    while (stored := store.published(f"HALL#{code}", version, Hall)) is not None:
        found = stored
        version = version + 1
    if found is None:
        raise rules.HALL_UNKNOWN()
    return found


def _list(name: str, version: int, shape: type[T]) -> T | None:
    """A published list; none before the first one. A version that is not visible yet is not remembered as none."""
    found = store.published(name, version, shape) if version else None
    if version and found is None:
        raise errors.UNAVAILABLE(retry_after=1)
    return found


@functools.lru_cache(maxsize=2)
def _divisions(version: int) -> Divisions | None:
    return _list("DIVISIONS", version, Divisions)


def division(code: str) -> list[str]:
    """The names of a division (行政区划) from the province down; empty for a code that an address cannot have."""
    found = _divisions(release().divisions)
    return found.path(code) if found else []


@functools.lru_cache(maxsize=2)
def _messages(version: int) -> Messages | None:
    return _list("MESSAGES", version, Messages)


def messages() -> Messages:
    """The city's rules and templates of messages."""
    return _messages(release().messages) or Messages(MessageRules(), [])


@functools.lru_cache(maxsize=2)
def _retention(version: int) -> Retention | None:
    return _list("RETENTION", version, Retention)


def retention() -> Retention:
    """How long what names a person is kept. Raises ``temporarily_unavailable`` while the city has not said so."""
    found = _retention(release().retention)
    if found is None:
        raise errors.UNAVAILABLE(retry_after=60)
    return found


def group_codes(code: str) -> list[str]:
    """The window groups of a hall now and in its last versions, whose appointments may have been kept."""
    current = next((summary.version for summary in release().halls if summary.code == code), 0)
    versions = range(max(1, current - _REMEMBERED_VERSIONS), current + 1)
    return sorted({group.code for version in versions for group in hall_version(code, version).groups})


def halls(service: str = "", region: str = "") -> list[HallSummary]:
    """The halls that handle a service (any without) in a division or below it."""
    return [
        summary
        for summary in release().halls
        if (not service or service in summary.services)
        and (not region or rules.serves_region([region], summary.region))
    ]


def opening_hours(hall: Hall, day: date, by: clock.Calendar | None = None) -> list[Span]:
    """When the hall is open on a day, by its hours, its exceptions and the calendar (the published one)."""
    return opening.hours_on(hall, day, by or calendar())


def calendar_warnings(*days: date | None) -> list[Text]:
    """What must be said beside these days: that their year's calendar is not published. None is ignored."""
    years = {day.year for day in days if day is not None}
    return [_calendar_warning(year) for year in sorted(years) if not calendar().covers(date(year, 1, 1))]


def _calendar_warning(year: int) -> Text:
    return Text(
        f"{year} 年的节假日安排尚未公布，暂按周末和法定节假日计算休息日；公布后，相关日期可能调整",
        f"The calendar of {year} is not published yet: weekends and statutory holidays count as days off, "
        "and dates may change once it is",
    )


def check_calendars() -> list[int]:
    """The years without a calendar that a limit or a slot can reach, each an alarm. For a schedule: it reads it all."""
    today = clock.today()
    services = [definition(one.code, one.version) for one in release().services]
    halls = [hall(one.code) for one in release().halls]
    latest = reach.latest_day(release().city, services, halls, calendar(), today)
    missing = reach.missing_years(calendar(), today, latest)
    for year in missing:
        log.write("calendar_missing", level="warning", reason=f"the calendar of {year} is not published")
    log.count("calendars_missing", len(missing))
    return missing


def unit(code: str) -> Unit:
    """A department by its code; raises ``temporarily_unavailable`` while the city's list lacks it."""
    found = next(filter(lambda one: one.code == code, release().city.units), None)
    if found is None:
        raise errors.UNAVAILABLE(retry_after=60)
    return found


@functools.lru_cache(maxsize=2)
def _calendar(number: int) -> clock.Calendar:
    years = _release(number).city.calendar
    return clock.Calendar.of(
        (day for year in years for day in year.off), (day for year in years for day in year.make_up)
    )


def calendar() -> clock.Calendar:
    """The published working-day calendar."""
    return _calendar(release().number)


def calendar_fingerprint() -> str:
    """What changes when another calendar is published (16 hexadecimal digits)."""
    years = release().city.calendar
    return hashlib.sha256(msgspec.json.encode(years)).hexdigest()[:16]


def search(words: str, audience: str, region: str) -> list[Summary]:
    """Services for an audience and a region that answer the words, best first; all of them without words."""
    fitting = [
        summary
        for summary in release().services
        if (not audience or audience in summary.audience)
        and (not region or rules.serves_region(summary.regions, region))
    ]
    if not words:
        return fitting
    scored = [(rules.score(words, _weighted_texts(summary)), summary) for summary in fitting]
    return [summary for points, summary in sorted(scored, key=lambda pair: -pair[0]) if points >= 1]


def _weighted_texts(summary: Summary) -> list[tuple[int, list[str]]]:
    return [
        (rules.NAME_WEIGHT, [summary.name.zh, summary.name.en]),
        (rules.KEYWORD_WEIGHT, summary.keywords),
        (rules.SUMMARY_WEIGHT, [summary.summary.zh, summary.summary.en]),
    ]


def publish(
    city: City,
    definitions: list[ServiceDefinition],
    halls: Sequence[Hall] = (),
    lists: Sequence[Divisions | Messages | Retention] = (),
    actor: Actor | None = None,
) -> Release:
    """Publish the city, its services, its halls and its lists as a new release; as ``releases.publish``."""
    published = releases.publish(city, definitions, halls, lists, actor)
    forget()
    return published


def forget() -> None:
    """Read the catalogue anew at the next use."""
    global _pointer
    _release.cache_clear()
    _calendar.cache_clear()
    definition.cache_clear()
    digest.cache_clear()
    hall_version.cache_clear()
    _last_hall.cache_clear()
    _divisions.cache_clear()
    _messages.cache_clear()
    _retention.cache_clear()
    _pointer = (0.0, 0)


def unit_name(code: str) -> Text:
    """A department's name; the code itself for one that is no longer in the city's list."""
    return next((unit.name for unit in release().city.units if unit.code == code), Text(code, code))
