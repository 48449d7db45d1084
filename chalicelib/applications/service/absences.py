"""Who is away, and who stands in (代理): the substitute does what the absent officer could do, in the own name."""

from __future__ import annotations

from datetime import date

from chalicelib.applications import refusals, rules, store
from chalicelib.applications.store import AbsenceItem
from chalicelib.identity import service as identity
from chalicelib.kernel import errors
from chalicelib.kernel.access import Actor
from chalicelib.kernel.errors import refuse_if
from chalicelib.kernel.storage import optimistic, tables

LONGEST_DAYS = 366


def set_absence(actor: Actor, username: str, substitute: str, first_day: date, last_day: date) -> AbsenceItem:
    """Say that somebody of the caller's unit is away, and who stands in. Officers say it of themselves, heads of all.

    Raises ``not_found`` for somebody of another unit, ``only_unit_head``, ``absence_invalid`` or
    ``no_such_colleague``.
    """
    unit = _require_colleague(actor, username)
    other = identity.members.known(substitute)
    days = (last_day - first_day).days
    refuse_if(days < 0 or days > LONGEST_DAYS, rules.ABSENCE_INVALID)
    works = other is not None and identity.members.is_active(other) and other.unit == unit
    names_themselves = substitute == actor.id
    refuse_if(not works or names_themselves or substitute == username, rules.SUBSTITUTE_NOT_POSSIBLE)

    def attempt() -> AbsenceItem:
        item = store.absence(username) or AbsenceItem(f"ABSENCE#{username}")
        item.substitute = substitute
        item.first_day = first_day
        item.last_day = last_day
        tables.write(tables.replace(item))
        return item

    return optimistic.repeat(attempt)


def read(actor: Actor, username: str) -> AbsenceItem | None:
    """When somebody of the caller's unit is, or was, away. Raises ``not_found``, ``only_unit_head``."""
    _require_colleague(actor, username)
    return store.absence(username)


def _require_colleague(actor: Actor, username: str) -> str:
    """The unit of somebody whose absence is the caller's business."""
    member = identity.members.find(username)
    refuse_if(member.unit != actor.unit, errors.NOT_FOUND)
    refuse_if(username != actor.id and "unit_head" not in actor.roles, refusals.ONLY_HEAD)
    return actor.unit
