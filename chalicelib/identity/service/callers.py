"""Who is calling, by the headers of a request."""

from __future__ import annotations

from typing import Any

from chalicelib.identity import store
from chalicelib.identity.service import representation
from chalicelib.identity.service.accounts import canonical
from chalicelib.identity.store import AccountItem, StaffItem
from chalicelib.kernel import errors
from chalicelib.kernel.access import ANONYMOUS, Actor, Level
from chalicelib.kernel.edge import tokens
from chalicelib.kernel.errors import refuse_if


def authenticate(headers: dict[str, str]) -> Actor:
    """The caller by the request's headers ``Authorization`` and ``Acting-For`` (an enterprise, or a person's account).

    Costs one read (half a unit), two when acting for an enterprise, four for a person. Raises ``not_authenticated``,
    ``token_expired`` or ``mandate_invalid``.
    """
    authorization = headers.get("authorization")
    if authorization is None:
        return ANONYMOUS
    scheme, _, token = authorization.partition(" ")
    refuse_if(scheme.lower() != "bearer", errors.NOT_AUTHENTICATED)
    claims = tokens.verify(token)
    if claims["kind"] == "staff":
        return _staff_actor(claims)
    actor, id_index = _person_actor(claims)
    principal_id = headers.get("acting-for")
    return representation.acting_for(actor, id_index, principal_id) if principal_id else actor


def _staff_actor(claims: dict[str, Any]) -> Actor:
    member = store.staff(claims["sub"])
    if member is None or not _is_running(claims, member):
        raise errors.NOT_AUTHENTICATED()
    return Actor(
        kind="staff",
        id=claims["sub"],
        session=claims["sid"],
        roles=tuple(member.roles),
        unit=member.unit,
        person=member.person_index,
    )


def _person_actor(claims: dict[str, Any]) -> tuple[Actor, str]:
    account = store.account(claims["sub"])
    if account is None or not _is_running(claims, account):
        raise errors.NOT_AUTHENTICATED()
    if account.merged_into:
        account = canonical(account.id)
    if account.closed_at is not None:
        raise errors.NOT_AUTHENTICATED()
    is_partial = bool(claims.get("partial", False))
    actor = Actor(
        kind="person",
        id=account.id,
        level=min(account.level, Level.PHONE) if is_partial else account.level,
        is_partial=is_partial,
        platform=str(claims.get("platform", "")),
        session=claims["sid"],
        accounts=(account.id, *account.merged),
    )
    # Only who has proven the identity acts by its mandates: who claims it might be anybody.
    is_proven = actor.level == Level.PROVEN
    return actor, account.id_index or "" if is_proven else ""


def _is_running(claims: dict[str, Any], holder: AccountItem | StaffItem) -> bool:
    """Whether the session of an access token goes on, by what the holder's item says: no further read."""
    has_ended = any(one.id == claims["sid"] for one in holder.ended)
    return holder.token_version == claims["ver"] and not has_ended
