"""Issuing: what is on a certificate, for how long it is valid, and where only one may exist at a time."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from chalicelib.catalog import service as catalog
from chalicelib.catalog.definition import CertificateDefinition, Text
from chalicelib.certificates import glyphs, rules, store
from chalicelib.certificates.store import CertificateItem
from chalicelib.kernel import clock
from chalicelib.kernel.access import Actor
from chalicelib.kernel.errors import FieldError, refuse_if
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.storage import tables


@dataclass(frozen=True, kw_only=True)
class Issue:
    """What a certificate is issued from: the definition's paths are looked up in ``context``."""

    service: str
    version: int
    definition: CertificateDefinition
    application_id: str
    holder: str
    handler: str
    unit: str
    context: dict[str, Any]


def resolve(path: str, context: dict[str, Any]) -> str:
    """The value at a path such as ``form.plate`` as text; lists are joined; raises KeyError if absent."""
    value: Any = context
    for name in path.split("."):
        value = value[name]
    return " · ".join(map(str, value)) if isinstance(value, list) else str(value)


def fill(template: str, values: dict[str, str]) -> str:
    """The template with its ``{name}`` places filled; raises KeyError for an unknown name."""
    return template.format_map(values)


def period(definition: CertificateDefinition, context: dict[str, Any]) -> tuple[date, date]:
    """From which day to which day (both included) the certificate is valid."""
    validity = definition.validity
    start = clock.today() if validity.start == "today" else date.fromisoformat(resolve(validity.start, context))
    if validity.end is not None:
        return start, date.fromisoformat(resolve(validity.end, context))
    return start, start + timedelta(days=(validity.days or 1) - 1)


def undrawable(definition: CertificateDefinition, context: dict[str, Any]) -> list[FieldError]:
    """The values of the face that the font cannot draw, as problems of the form."""
    problems = []
    for path in definition.face.values():
        character = glyphs.missing(resolve(path, context))
        if character is not None:
            zh = rules.GLYPH_MISSING.zh
            en = rules.GLYPH_MISSING.en
            place = "/" + path.replace(".", "/")
            problem = FieldError(
                place, "glyph_missing", zh=zh.format(character=character), en=en.format(character=character)
            )
            problems.append(problem)
    return problems


def overlaps(service: str, definition: CertificateDefinition, context: dict[str, Any], application_id: str) -> bool:
    """Whether another application's certificate takes part of the period, where only one may exist at a time."""
    if definition.exclusive is None:
        return False
    start, end = period(definition, context)
    _, taken = store.periods(service, resolve(definition.exclusive.key, context))
    own = certificate_id_of(application_id)
    others = [(begin, finish) for owner, begin, finish in taken if owner != own]
    return rules.overlaps(others, start, end)


def certificate_id_of(application_id: str) -> str:
    """The id of the certificate that an application leads to: a repeated decision cannot issue a second one."""
    return hashlib.sha256(f"certificate\0{application_id}".encode()).hexdigest()[:16]


def prepare(issue: Issue, actor: Actor) -> tuple[CertificateItem, list[tables.Write]]:
    """A new certificate and the writes that issue it, to be done in the application's transaction.

    Raises ``period_taken`` when an exclusive period is not free any more.
    """
    start, end = period(issue.definition, issue.context)
    certificate_id = certificate_id_of(issue.application_id)
    item = CertificateItem(
        f"CERTIFICATE#{certificate_id}",
        service=issue.service,
        service_version=issue.version,
        application_id=issue.application_id,
        holder=issue.holder,
        handler=issue.handler,
        unit=issue.unit,
        valid_from=start,
        valid_to=end,
        gsi1pk=f"HOLDER#{issue.holder}",
        gsi1sk=f"{clock.now().isoformat(timespec='seconds')}#{certificate_id}",
    )
    store.seal_face(item, _sealed_face(issue))
    issued = rules.CERTIFICATES.move(item, "issue", "system")
    writes: list[tables.Write] = [changes.record(item, Event(issued, actor))]
    if issue.definition.exclusive is not None:
        writes.append(_period_write(issue, item))
    return item, writes


def _sealed_face(issue: Issue) -> dict[str, str]:
    """What must be kept as it was on the day of issue; ``face_of`` derives the rest."""
    face = {name: resolve(path, issue.context) for name, path in issue.definition.face.items()}
    unit = catalog.unit(issue.unit)
    return face | {"issuer": unit.name.zh, "issuer_code": unit.credit_code, "issued_on": str(clock.today())}


def face_of(item: CertificateItem) -> dict[str, str]:
    """Everything on the certificate's face: sealed values, their words, number, period and identifier.

    Empty once it was erased, because its holder has closed the account.
    """
    definition = definition_of(item)
    sealed = store.face(item)
    if not sealed:
        return {}
    issuer_code = sealed.pop("issuer_code")
    return (
        sealed
        | {name: words.words[sealed[words.of]] for name, words in definition.words.items()}
        | {
            "number": item.number,
            "valid_from": str(item.valid_from),
            "valid_to": str(item.valid_to),
            "identifier": rules.licence_identifier(definition.type_code, issuer_code, item.number.replace("-", "")),
        }
    )


def _period_write(issue: Issue, item: CertificateItem) -> tables.Put:
    assert issue.definition.exclusive is not None
    key = resolve(issue.definition.exclusive.key, issue.context)
    periods, taken = store.periods(issue.service, key)
    start, end = item.period
    others = [period for period in taken if period[0] != item.id]
    refuse_if(rules.overlaps([(begin, finish) for _, begin, finish in others], start, end), rules.PERIOD_TAKEN)
    return store.periods_write(periods, [*others, (item.id, start, end)])


def definition_of(item: CertificateItem) -> CertificateDefinition:
    """What the certificate was issued by; there is none without."""
    definition = catalog.definition(item.service, item.service_version).certificate
    assert definition is not None
    return definition


def name_of(item: CertificateItem) -> Text:
    return definition_of(item).name
