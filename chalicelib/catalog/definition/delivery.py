"""How the city delivers results (寄递): its carriers, and the divisions that addresses are checked against."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta

from chalicelib.catalog.definition.words import Code, Strict, Text


class Carrier(Strict, frozen=True, kw_only=True):
    """Who carries parcels: the city's ``own`` couriers (staff whose unit is ``code``), or a company behind its ``api``.

    A parcel goes to the first carrier one of whose ``regions`` begins its division code (``""``: everywhere).
    ``days``: working days from hand-over to delivery that are promised; ``postage`` in fen, 0 where the city pays, None
    where it is what the company behind the API asks for;
    ``tries``: how often delivery is attempted; ``leaving``: whether a parcel may be left with somebody who is named;
    ``relay``: the number over which couriers call recipients without seeing theirs (隐私号), empty for none.
    """

    code: Code
    name: Text
    kind: Literal["own", "api"]
    regions: Annotated[list[Annotated[str, Meta(pattern=r"^[0-9]{0,6}$")]], Meta(min_length=1)]
    days: Annotated[int, Meta(ge=1, le=30)]
    postage: Annotated[int, Meta(ge=0, le=100_000)] | None
    tries: Annotated[int, Meta(ge=1, le=10)] = 3
    leaving: bool = True
    cash_on_delivery: bool = False
    relay: str = ""


class DeliveryRules(Strict, frozen=True, kw_only=True):
    """Parcels leave from ``stations``, of which the first that handles a service is that service's.

    Postage is collected by ``unit`` under ``item_code`` within ``payment_days``. A parcel that waits at a counter is
    overdue after ``collect_days``, one that nobody packed after ``pack_days`` working days. A delivery can be disputed
    for ``dispute_days``.
    """

    unit: Code
    item_code: Annotated[str, Meta(pattern=r"^[0-9]{6,20}$")]
    stations: Annotated[list[Code], Meta(min_length=1)]
    carriers: Annotated[list[Carrier], Meta(min_length=1)]
    payment_days: Annotated[int, Meta(ge=1, le=60)] = 7
    collect_days: Annotated[int, Meta(ge=1, le=365)] = 30
    pack_days: Annotated[int, Meta(ge=1, le=30)] = 2
    dispute_days: Annotated[int, Meta(ge=1, le=60)] = 7


class Divisions(Strict, frozen=True):
    """``divisions.json``: the country's divisions (行政区划) by their six digits, as of a day (GB/T 2260 and what
    followed it); an address names one that has none below it.
    """

    source: str
    as_of: date
    names: dict[Annotated[str, Meta(pattern=r"^[0-9]{6}$")], str]

    def path(self, code: str) -> list[str]:
        """The names from the province down; empty for a code that an address cannot have."""
        stem = code.rstrip("0")
        if code not in self.names or any(other != code and other.startswith(_stem(code)) for other in self.names):
            return []
        above = dict.fromkeys((f"{code[:2]}0000", f"{code[:4]}00", code))
        return [self.names[one] for one in above if one in self.names] if stem else []


def _stem(code: str) -> str:
    """The digits that all divisions below a code share with it."""
    return code[:2] if code.endswith("0000") else code[:4] if code.endswith("00") else code
