"""Publishing: the versions of what has changed, and then, at once, the release that names them all."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec

from chalicelib.catalog import events, store
from chalicelib.catalog.definition import (
    City,
    Divisions,
    FormerVersion,
    Hall,
    HallSummary,
    Messages,
    Release,
    Retention,
    ServiceDefinition,
    Summary,
)
from chalicelib.kernel import clock
from chalicelib.kernel.access import Actor, system
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.storage import tables

_MAX_ITEM_BYTES = 390_000


class TooLarge(Exception):
    """A definition does not fit into one item of the table."""


def publish(
    city: City,
    definitions: list[ServiceDefinition],
    halls: Sequence[Hall] = (),
    lists: Sequence[Divisions | Messages | Retention] = (),
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
    known = {one.code: one for one in before.services} if before else {}
    summaries = [
        _summary(one, _put_version(f"SERVICE#{one.item.code}", one, versions), known.get(one.item.code))
        for one in definitions
    ]
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
        retention=listed.get("RETENTION", 0),
    )
    if wanted == before:
        return before
    published = _put_release(msgspec.structs.replace(wanted, number=pointer.number + 1))
    pointer.number = published.number
    event = Event(events.CATALOGUE_PUBLISHED, actor or system("publish"), data={"release": published.number})
    tables.write_or_conflict(changes.record(pointer, event))
    return published


def _versions(release: Release | None) -> dict[str, int]:
    if release is None:
        return {}
    services = {f"SERVICE#{one.code}": one.version for one in release.services}
    lists = {"DIVISIONS": release.divisions, "MESSAGES": release.messages, "RETENTION": release.retention}
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


def _former(version: int, before: Summary | None) -> list[FormerVersion]:
    """The versions before this one that a new case may still get: up to the first that is in force today."""
    if before is None:
        return []
    older = list(before.former)
    if before.version != version:
        older = [FormerVersion(before.version, before.effective_from), *older]
    kept = []
    for one in older:
        kept.append(one)
        if one.effective_from <= clock.today():
            break
    return kept


def _summary(definition: ServiceDefinition, version: int, before: Summary | None) -> Summary:
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
        effective_from=item.effective_from,
        former=[] if item.effective_from <= clock.today() else _former(version, before),
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
