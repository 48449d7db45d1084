"""Staff members as the persons that they are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from chalicelib.identity import store
from chalicelib.identity.store import StaffItem
from chalicelib.kernel.edge import tokens
from chalicelib.kernel.security import vault
from chalicelib.kernel.storage import tables
from scenes.world import Client


@contextmanager
def being(client: Client, id_number: str) -> Iterator[None]:
    """For a while, the staff member is the person with this ID number; empty: nobody knows who."""
    member = store.staff(str(tokens.verify(client.token)["sub"]))
    assert member is not None
    before = member.person_index
    member.person_index = vault.blind_index("id_number", id_number) if id_number else ""
    tables.write(tables.Touch(member, ("person_index",), StaffItem.version == member.version))
    try:
        yield
    finally:
        member.person_index = before
        tables.write(tables.Touch(member, ("person_index",), StaffItem.pk.exists()))
