"""Use cases of the catalogue: read guides, search, and publish a new release."""

from __future__ import annotations

import functools
import hashlib
import time
from collections.abc import Sequence
from datetime import date
from typing import TypeVar

import msgspec

from chalicelib.catalog import events, opening, reach, rules, store
from chalicelib.catalog.definition import (
    City,
    Divisions,
    Hall,
    HallSummary,
    MessageRules,
    Messages,
    Release,
    ServiceDefinition,
    Span,
    Summary,
    Text,
    Unit,
)
from chalicelib.kernel import clock, errors, log
from chalicelib.kernel.access import Actor, system
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.storage import tables

__all__ = [
    "POINTER_SECONDS",
    "TooLarge",
    "calendar",
    "calendar_warnings",
    "check_calendars",
    "current",
    "definition",
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
    "search",
    "unit",
    "unit_name",
    "works_at",
]

POINTER_SECONDS = 5
_MAX_ITEM_BYTES = 390_000
_REMEMBERED_VERSIONS = 10
_pointer: tuple[float, int] = (0.0, 0)
T = TypeVar("T", bound=msgspec.Struct)


class TooLarge(Exception):
    """A definition does not fit into one item of the table."""


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


def current(code: str) -> tuple[int, ServiceDefinition]:
    """The current version of a service and its definition; raises ``service_unknown``."""
    for summary in release().services:
        if summary.code == code:
            return summary.version, definition(code, summary.version)
    raise rules.SERVICE_UNKNOWN()


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
    found = next((unit for unit in release().city.units if unit.code == code), None)
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
    lists: Sequence[Divisions | Messages] = (),
    actor: Actor | None = None,
) -> Release:
    """Publish the city, its services, its halls and its lists as a new release, at once and as a whole.

    Unchanged services and halls keep their version, as lists that are not given do, and nothing changed keeps the
    release; running applications and appointments keep theirs in any case. What is written before the pointer moves
    is not visible to anyone. Raises ``changed_meanwhile`` if another publication was faster.
    """
    pointer = store.pointer(consistent=True) or store.PointerItem("CURRENT", number=0)
    before = store.release(pointer.number) if pointer.number else None
    versions = _versions(before)
    summaries = [_summary(one, _put_version(f"SERVICE#{one.item.code}", one, versions)) for one in definitions]
    places = [_hall_summary(one, _put_version(f"HALL#{one.code}", one, versions)) for one in halls]
    named = {type(one).__name__.upper(): one for one in lists}
    listed = versions | {name: _put_version(name, one, versions) for name, one in named.items()}
    wanted = Release(
        number=before.number if before else 0,
        city=city,
        services=summaries,
        halls=places,
        divisions=listed.get("DIVISIONS", 0),
        messages=listed.get("MESSAGES", 0),
    )
    if wanted == before:
        return before
    published = _put_release(msgspec.structs.replace(wanted, number=pointer.number + 1))
    pointer.number = published.number
    event = Event(events.CATALOGUE_PUBLISHED, actor or system("publish"), data={"release": published.number})
    tables.write_or_conflict(changes.record(pointer, event))
    forget()
    return published


def forget() -> None:
    """Read the catalogue anew at the next use."""
    global _pointer
    _release.cache_clear()
    _calendar.cache_clear()
    definition.cache_clear()
    hall_version.cache_clear()
    _last_hall.cache_clear()
    _divisions.cache_clear()
    _messages.cache_clear()
    _pointer = (0.0, 0)


def _versions(release: Release | None) -> dict[str, int]:
    if release is None:
        return {}
    services = {f"SERVICE#{one.code}": one.version for one in release.services}
    lists = {"DIVISIONS": release.divisions, "MESSAGES": release.messages}
    return services | {f"HALL#{one.code}": one.version for one in release.halls} | lists


def _put_release(wanted: Release) -> Release:
    """Store the release under the next number that nobody has used, published or not."""
    while True:
        item = store.ReleaseItem(f"RELEASE#{wanted.number}", content=_fitting(store.packed(wanted)))
        try:
            tables.write(tables.Put(item, tables.absent(store.ReleaseItem)))
            return wanted
        except tables.ConditionFailed:
            wanted = msgspec.structs.replace(wanted, number=wanted.number + 1)


def _put_version(name: str, definition: msgspec.Struct, before: dict[str, int]) -> int:
    """The version of this content: the one before if nothing changed, else the next free one."""
    digest = hashlib.sha256(msgspec.json.encode(definition)).hexdigest()
    version = max(before.get(name, 0), 1)
    while True:
        stored = store.version_item(name, version)
        if stored is not None and stored.digest == digest:
            return version
        if stored is None:
            item = store.VersionItem(name, f"V#{version:06d}", digest=digest)
            item.content = _fitting(store.packed(definition))
            try:
                tables.write(tables.Put(item, tables.absent(store.VersionItem)))
                return version
            except tables.ConditionFailed:
                continue
        version += 1


def _fitting(content: bytes) -> bytes:
    if len(content) > _MAX_ITEM_BYTES:
        raise TooLarge(f"{len(content)} bytes compressed, at most {_MAX_ITEM_BYTES}")
    return content


def _summary(definition: ServiceDefinition, version: int) -> Summary:
    item = definition.item
    return Summary(
        code=item.code,
        version=version,
        name=item.name,
        summary=item.summary,
        keywords=item.keywords,
        audience=list(item.audience),
        regions=item.regions,
        unit=item.unit,
        processing=item.processing,
        promised_days=item.promised_days,
    )


def _hall_summary(hall: Hall, version: int) -> HallSummary:
    services = sorted({service.code for group in hall.groups for service in group.services})
    return HallSummary(
        code=hall.code,
        version=version,
        name=hall.name,
        level=hall.level,
        region=hall.region,
        address=hall.address,
        services=services,
    )


def unit_name(code: str) -> Text:
    """A department's name; the code itself for one that is no longer in the city's list."""
    return next((unit.name for unit in release().city.units if unit.code == code), Text(code, code))
