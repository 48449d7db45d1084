"""Who is calling, and what an endpoint's declaration says about who may.

Access is denied unless declared. Where an object is named in the path, it is loaded first, and
somebody who is not related to it gets the same answer as if it did not exist.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import msgspec

from chalicelib.kernel import errors

ANY_STAFF = ("any",)
"""In place of roles: whatever role somebody has."""


class Level(IntEnum):
    """How well it is known who a person is; each level includes those before it.

    ``LOGGED_IN`` 已登录: a user of a platform. ``PHONE`` 已绑定手机: the platform vouches for a phone number.
    ``CLAIMED`` 已填报身份: gave a name and a number that belong together, which anybody may know of somebody else.
    ``PROVEN`` 已核验本人: looked into a camera, stood at a window with the ID card, or used the network identity.
    """

    LOGGED_IN = 1
    PHONE = 2
    CLAIMED = 3
    PROVEN = 4


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """The caller. ``kind`` is ``anonymous``, ``person``, ``staff`` or ``system``.

    ``is_partial``: it is known no more than that somebody holds the person's phone. ``accounts`` are all accounts of
    the person (own and merged). ``principal`` is whom the person acts for in this request, with the services that the
    ``mandate`` (its id) covers in ``scope`` (``*`` for all): an enterprise, or another person's account, whose accounts
    are all ``represented``. Staff have ``roles`` and a ``unit``; ``person`` is the index of their own ID number.
    """

    kind: str = "anonymous"
    id: str = ""
    level: int = 0
    platform: str = ""
    session: str = ""
    is_partial: bool = False
    accounts: tuple[str, ...] = ()
    principal: str = ""
    represents: str = ""
    represented: tuple[str, ...] = ()
    mandate: str = ""
    scope: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    unit: str = ""
    person: str = ""

    def covers(self, service_code: str) -> bool:
        """Whether the person's mandate (if acting for somebody) covers the service."""
        return not self.principal or "*" in self.scope or service_code in self.scope

    def is_member(self, username: str, person: str) -> bool:
        """Whether the caller is this member of staff, or the same ``person`` (an index) with another account."""
        is_same_person = self.person != "" and self.person == person
        return self.id == username or is_same_person

    @property
    def is_narrow_agent(self) -> bool:
        """Whether the caller acts for a person in some services only: what else is the person's is none of theirs."""
        return self.represents == "person" and "*" not in self.scope

    @property
    def parties(self) -> tuple[str, ...]:
        """For whom the caller acts now: the enterprise, or a person with all accounts."""
        return self.represented if self.principal else self.accounts

    @property
    def organization(self) -> str:
        """The enterprise that the caller acts for; empty for a person who acts for a person."""
        return self.principal if self.represents == "organization" else ""

    def holds(self, party: str) -> bool:
        """Whether ``party`` (an account or organization id) is the caller or whom the caller acts for."""
        return party in self.parties


ANONYMOUS = Actor()


def system(name: str) -> Actor:
    """The system itself as the author of a change, for example the rules or a schedule."""
    return Actor(kind="system", id=f"system:{name}")


def is_staff(actor: Actor, _: Any) -> bool:
    """For administrators, whose business is every person, session and member of staff."""
    return actor.kind == "staff"


@dataclass(frozen=True, kw_only=True)
class Access:
    """Who may call an endpoint.

    ``person``: the least level of a person, None if persons may not; ``partial``: also in a session of which it is only
    known that somebody holds the person's phone; ``staff``: roles that may;
    ``target`` loads the object named by the path's parameters and ``related`` tells whether the
    caller has to do with it, in the words of ``relation``. ``own`` tells whether that is a matter of the staff member's
    own: nobody decides, collects, refunds or reads for themselves.
    ``stand_in``: what ``related`` is asked about where nothing was found, if it reads anything: the same is then read
    for what is absent as for what is somebody else's, so that nobody learns the difference by a clock.
    """

    anyone: bool = False
    partial: bool = False
    person: Level | None = None
    staff: tuple[str, ...] = ()
    target: Callable[..., Any] | None = None
    related: Callable[[Actor, Any], bool] | None = None
    relation: str = ""
    own: Callable[[Actor, Any], bool] | None = None
    stand_in: Callable[[], Any] | None = None

    def __post_init__(self) -> None:
        if (self.target is None) != (self.related is None):
            raise ValueError("target and related are declared together")
        if not self.anyone and self.person is None and not self.staff:
            raise ValueError("an endpoint that nobody may call")


OWN_ERRORS = [errors.OWN_MATTER, errors.STAFF_IDENTITY_UNKNOWN]
"""What a request answers whose body, and not its path, names something that must be nobody's own matter."""
ANYONE = Access(anyone=True)
