"""Reads the city's folder: every file into its shape, every mistake with file, place and reason."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from chalicelib.catalog.definition import (
    CalendarYear,
    CertificateDefinition,
    City,
    Divisions,
    Example,
    Hall,
    Item,
    Messages,
    MessageTemplate,
    Retention,
    ServiceDefinition,
    Workflow,
)
from chalicelib.kernel import numbers
from chalicelib.kernel.holidays import statutory_days
from publishing import hall_checks, message_checks, retention_checks, service_checks

SHAPES: dict[str, Any] = {
    "service.json": Item,
    "form.json": dict[str, Any],
    "facts.json": dict[str, Any],
    "workflow.json": Workflow,
    "examples.json": list[Example],
}
OPTIONAL: dict[str, Any] = {
    "rules.json": dict[str, Any],
    "certificate.json": CertificateDefinition,
    "fees.json": dict[str, Any],
    "messages.json": list[MessageTemplate],
}
"""Without rules people decide about every case; without a certificate the result is another one."""


@dataclass(frozen=True)
class Mistake:
    """What is wrong, in which file, where in it."""

    file: str
    place: str
    reason: str

    def __str__(self) -> str:
        return f"{self.file}{': ' + self.place if self.place else ''}: {self.reason}"


class Mistakes(Exception):
    """The folder cannot be published."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        super().__init__("\n".join(map(str, mistakes)))
        self.mistakes = mistakes


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        raise RepeatedName(next(name for name in names if names.count(name) > 1))
    return dict(pairs)


class RepeatedName(Exception):
    """A name stands twice in one JSON object."""


class _Reader:
    """Reads files into shapes and collects mistakes."""

    def __init__(self) -> None:
        self.mistakes: list[Mistake] = []

    def add(self, file: str, place: str, reason: str) -> None:
        self.mistakes.append(Mistake(file, place, reason))

    def read(self, path: Path, shape: Any, name: str) -> Any:
        try:
            plain = json.loads(path.read_text(encoding="utf-8-sig"), object_pairs_hook=_without_repeats)
            return msgspec.convert(plain, shape)
        except FileNotFoundError:
            self.add(name, "", "the file is missing")
        except json.JSONDecodeError as error:
            self.add(name, f"line {error.lineno} column {error.colno}", f"not JSON: {error.msg}")
        except RepeatedName as error:
            self.add(name, "", f"{error} stands twice in one object")
        except UnicodeDecodeError:
            self.add(name, "", "not UTF-8")
        except msgspec.ValidationError as error:
            reason, _, place = str(error).partition(" - at ")
            self.add(name, place.strip("`"), reason)
        return None


@dataclass(frozen=True, kw_only=True)
class CityFolder:
    """Everything that a city's folder says."""

    city: City
    services: list[ServiceDefinition]
    halls: list[Hall]
    lists: list[Divisions | Messages | Retention]


def read_folder(folder: Path) -> CityFolder:
    """The city, its services and its halls, checked; raises ``Mistakes`` with all that is wrong."""
    reader = _Reader()
    city = _read_city(folder, reader)
    found = []
    services = folder / "services"
    if not services.is_dir():
        raise Mistakes([Mistake("services", "", "the folder is missing")])
    for service in sorted(path for path in services.iterdir() if path.is_dir()):
        definition = _read_service(service, city, reader)
        if definition is not None:
            found.append(definition)
    _check_unique(found, reader)
    halls = _read_halls(folder / "halls", city, found, reader)
    if city is not None:
        _check_delivery(city, halls, reader)
    divisions: Divisions | None = reader.read(folder / "divisions.json", Divisions, "divisions.json")
    messages = _read_messages(folder, found, reader)
    retention = _read_retention(folder, reader)
    if reader.mistakes or city is None:
        raise Mistakes(reader.mistakes)
    return CityFolder(
        city=city,
        services=found,
        halls=halls,
        lists=[one for one in (divisions, messages, retention) if one is not None],
    )


def _read_halls(folder: Path, city: City | None, services: list[ServiceDefinition], reader: _Reader) -> list[Hall]:
    halls = []
    for path in sorted(folder.glob("*.json")):
        hall = reader.read(path, Hall, f"halls/{path.name}")
        if hall is None or city is None:
            continue
        for place, reason in hall_checks.mistakes(hall, path.stem, city, services):
            reader.add(f"halls/{path.name}", place, reason)
        halls.append(hall)
    return halls


def _check_unique(definitions: list[ServiceDefinition], reader: _Reader) -> None:
    """Two services must not share a task code, nor two kinds of certificate a type code."""
    task_codes: dict[str, list[str]] = {}
    type_codes: dict[str, list[str]] = {}
    for definition in definitions:
        task_codes.setdefault(definition.item.task_code, []).append(definition.item.code)
        if definition.certificate is not None:
            type_codes.setdefault(definition.certificate.type_code, []).append(definition.item.code)
    for file, place, users in (
        ("service.json", "$.task_code", task_codes),
        ("certificate.json", "$.type_code", type_codes),
    ):
        for code, names in sorted(users.items()):
            for name in names if len(names) > 1 else []:
                reader.add(f"services/{name}/{file}", place, f"{code} stands in several services: {', '.join(names)}")


def _read_messages(folder: Path, services: list[ServiceDefinition], reader: _Reader) -> Messages | None:
    found: Messages | None = reader.read(folder / "messages.json", Messages, "messages.json")
    if found is not None:
        for place, reason in message_checks.mistakes(found.templates):
            reader.add("messages.json", place, reason)
    for service in services:
        for place, reason in message_checks.mistakes(service.messages):
            reader.add(f"services/{service.item.code}/messages.json", place, reason)
    return found


def _read_retention(folder: Path, reader: _Reader) -> Retention | None:
    found: Retention | None = reader.read(folder / "retention.json", Retention, "retention.json")
    if found is not None:
        for place, reason in retention_checks.mistakes(found):
            reader.add("retention.json", place, reason)
    return found


def _check_delivery(city: City, halls: list[Hall], reader: _Reader) -> None:
    """Postage is collected by a unit of the city; an own carrier's couriers are staff of a unit of its code."""
    if city.delivery is None:
        return
    units = {unit.code for unit in city.units}
    if city.delivery.unit not in units:
        reader.add("city.json", "$.delivery.unit", f"no unit {city.delivery.unit} in city.json")
    for station in set(city.delivery.stations) - {hall.code for hall in halls}:
        reader.add("city.json", "$.delivery.stations", f"there is no hall {station}")
    for carrier in city.delivery.carriers:
        if carrier.kind == "own" and carrier.code not in units:
            reader.add("city.json", f"$.delivery.carriers {carrier.code}", "an own carrier is a unit of city.json too")


def _check_year(year: CalendarYear, reader: _Reader) -> None:
    """A published year must contain every statutory day off; it may contain more."""
    file = f"calendar/{year.year}.json"
    for day in sorted(statutory_days(year.year) - set(year.off)):
        reader.add(file, "$.off", f"{day} is missing: it is off by law (全国年节及纪念日放假办法)")
    for day in [*year.off, *year.make_up]:
        if day.year != year.year:
            place = "$.off" if day in year.off else "$.make_up"
            reader.add(file, place, f"{day} belongs in calendar/{day.year}.json")


def _read_city(folder: Path, reader: _Reader) -> City | None:
    plain = reader.read(folder / "city.json", dict[str, Any], "city.json")
    years = [
        reader.read(path, CalendarYear, f"calendar/{path.name}")
        for path in sorted((folder / "calendar").glob("*.json"))
    ]
    if plain is None or None in years:
        return None
    for year in years:
        assert year is not None
        _check_year(year, reader)
    try:
        city = msgspec.convert({**plain, "calendar": msgspec.to_builtins(years)}, City)
    except msgspec.ValidationError as error:
        reason, _, place = str(error).partition(" - at ")
        reader.add("city.json", place.strip("`"), reason)
        return None
    for unit in city.units:
        if not numbers.is_credit_code(unit.credit_code):
            reader.add("city.json", f"units {unit.code}", "the credit code's check character is wrong (GB 32100)")
    return city


def _read_service(folder: Path, city: City | None, reader: _Reader) -> ServiceDefinition | None:
    before = len(reader.mistakes)
    prefix = f"services/{folder.name}/"
    parts: dict[str, Any] = {name: reader.read(folder / name, shape, prefix + name) for name, shape in SHAPES.items()}
    parts |= {
        name: reader.read(folder / name, shape, prefix + name)
        for name, shape in OPTIONAL.items()
        if (folder / name).exists()
    }
    files = [path.name for path in folder.iterdir() if not path.name.startswith(".") and not path.name.endswith("~")]
    for extra in sorted(set(files) - set(SHAPES) - set(OPTIONAL)):
        reader.add(prefix + extra, "", "no such file belongs to a service")
    if len(reader.mistakes) > before or city is None:
        return None
    definition = ServiceDefinition(
        item=parts["service.json"],
        form=parts["form.json"],
        facts=parts["facts.json"],
        rules=parts.get("rules.json", {}),
        workflow=parts["workflow.json"],
        certificate=parts.get("certificate.json"),
        fees=parts.get("fees.json", {}),
        messages=parts.get("messages.json", []),
    )
    for name, check in service_checks.structure(definition, city, folder.name).items():
        try:
            for file, place, reason in check:
                reader.add(prefix + file, place, reason)
        except (KeyError, TypeError, AttributeError, IndexError) as error:
            reader.add(prefix + name, "", f"is not in the expected shape ({type(error).__name__}: {error})")
    if len(reader.mistakes) == before:
        for place, reason in service_checks.examples(definition, parts["examples.json"], city):
            reader.add(prefix + "examples.json", place, reason)
    return definition
