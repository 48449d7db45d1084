"""The exchange through which other departments' registers are read (部门数据共享).

Contract (docs/departments.md): POST of JSON, signed in both directions (``signed.py``). Every query of a register
names its purpose: the service and the application that it is for (个保法 art. 34, 国务院令716号 art. 7).
"""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec

from chalicelib.kernel import errors
from chalicelib.platforms import http, signed
from chalicelib.platforms.secrets import secrets
from chalicelib.platforms.settings import settings

PLATFORM = "部门数据共享平台 Departments' exchange"


class Purpose(msgspec.Struct, frozen=True):
    """What the data is needed for."""

    service: str
    application: str = ""


def query_register(register: str, key: str, purpose: Purpose) -> list[dict[str, Any]]:
    """The records that a register holds under ``key`` (a credit code, an ID number, a plate, ...).

    An empty list means that the register knows none. Raises ``platform_unavailable``.
    """
    answer = _call("/v1/query", {"register": register, "key": key, "purpose": purpose})
    records = answer.get("records")
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise http.unavailable(PLATFORM)
    return records


class Identified(msgspec.Struct, frozen=True):
    """What the national check says: whether name and number belong together, and whether that person has died."""

    match: bool
    deceased: bool = False


def check_identity(name: str, id_number: str, document: str = "resident") -> Identified:
    """What the national check says of a name and a number of this kind of document.

    Raises ``platform_unavailable``.
    """
    content = {"name": name, "id_number": id_number, "document": document}
    try:
        return msgspec.convert(_call("/v1/identity-check", content), Identified)
    except msgspec.ValidationError:
        raise http.unavailable(PLATFORM) from None


def network_identity_passed(token: str, name: str, id_number: str) -> bool:
    """Whether the national network identity (国家网络身份认证) vouches that the person of this token is the named one.

    ``token`` comes from the person's app of the network identity; it works once. Raises ``platform_unavailable``.
    """
    content = {"token": token, "name": name, "id_number": id_number}
    passed = _call("/v1/network-identity", content).get("passed")
    if not isinstance(passed, bool):
        raise http.unavailable(PLATFORM)
    return passed


class ShownLicence(msgspec.Struct, frozen=True):
    """An electronic business licence as it was shown: of which enterprise, by whom, good for them until which day."""

    credit_code: str
    holder_id_number: str
    until: date | None = None


def business_licence(token: str) -> ShownLicence | None:
    """The electronic business licence (电子营业执照) behind a scan; None if it was used, is void or unknown.

    ``until`` is None for the legal representative. A token works once. Raises ``platform_unavailable``.
    """
    answer = _call("/v1/business-licence", {"token": token})
    if answer.get("passed") is False:
        return None
    try:
        return msgspec.convert(answer.get("licence"), ShownLicence)
    except msgspec.ValidationError:
        raise http.unavailable(PLATFORM) from None


def unavailable() -> errors.Problem:
    """The exchange answered what cannot be used."""
    return http.unavailable(PLATFORM)


def _call(path: str, content: dict[str, Any]) -> dict[str, Any]:
    exchange = signed.Service(
        name=PLATFORM,
        url=settings().departments_url,
        client_id=settings().departments_client_id,
        secret=secrets().departments_secret,
    )
    return signed.call(exchange, path, content)
