"""What several of the endpoints of appointments take, and what they answer wrongly filled requests."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated

from msgspec import Meta

from chalicelib.appointments import rules, service, store
from chalicelib.catalog import rules as catalog_rules
from chalicelib.identity import rules as identity_rules
from chalicelib.kernel import clock, errors
from chalicelib.kernel.access import Access, Level

Code = Annotated[str, Meta(min_length=3, max_length=40)]


TimeOfDay = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]


Services = Annotated[list[Code], Meta(min_length=1, max_length=5)]


Id = Annotated[str, Meta(max_length=80)]


Words = Annotated[str, Meta(min_length=4, max_length=500)]


ANY_VISITOR = Access(person=Level.CLAIMED)


OWN = Access(
    person=Level.CLAIMED, target=store.appointment, related=service.is_visitor, relation="visitor, or who booked"
)


PLAN_ERRORS = [
    catalog_rules.HALL_UNKNOWN,
    rules.SERVICE_NOT_HERE,
    rules.SERVICES_APART,
    rules.VISIT_TOO_LONG,
]


VISITOR_ERRORS = [
    errors.NOT_FOUND,
    errors.MANDATE_DOES_NOT_COVER,
    identity_rules.RELATIVE_NOT_CONSENTED,
    rules.RELATIVE_OR_ENTERPRISE,
]


def check_near(day: date, field: str) -> None:
    """Raise ``invalid_request`` for a day so far away that there is nothing to say about it."""
    if abs(day - clock.today()) > timedelta(service.plans.FURTHEST_DAYS):
        fault = errors.FieldError(field, "out_of_range", zh="日期太远，无法查询", en="That day is too far away")
        raise errors.INVALID_REQUEST(fields=[fault])
