"""Stored enterprises, and the mandates by which somebody acts for an enterprise or for another person."""

from __future__ import annotations

from pynamodb.attributes import BinaryAttribute, UnicodeAttribute

from chalicelib.kernel import ids
from chalicelib.kernel.storage import indexes, tables
from chalicelib.kernel.storage.attributes import Day, Names, OptionalDay
from chalicelib.kernel.storage.tables import Page, read

TABLE = "identity"
ORGANIZATION = "organization"
PERSON = "person"
_ABSENT = "absent"
_PREFIXES = {ORGANIZATION: "ORGANIZATION", PERSON: "ACCOUNT"}
_KINDS = {prefix: kind for kind, prefix in _PREFIXES.items()}


class OrganizationItem(tables.AggregateTable):
    """An enterprise (legal person); its id says nothing of its credit code."""

    class Meta:
        table_name = TABLE

    name = UnicodeAttribute()
    credit_code = BinaryAttribute(legacy_encoding=False)

    @property
    def id(self) -> str:
        return self.pk.removeprefix("ORGANIZATION#")


class CreditCodeItem(tables.Table):
    """The enterprise that has a credit code, by the code's blind index."""

    class Meta:
        table_name = TABLE

    organization_id = UnicodeAttribute()


class MandateNumberItem(tables.Table):
    """The mandate that has this id: its key, which holds the index of a person's number, is told to nobody."""

    class Meta:
        table_name = TABLE

    principal = UnicodeAttribute()
    holder_index = UnicodeAttribute()


class MandateItem(tables.AggregateTable):
    """What lets a person act for an enterprise or for another person (授权); found by the holder through gsi1.

    The key holds the principal, and the index of the holder's number, so that a request by the holder finds it with
    one read. ``id`` is random: whoever learns it learns nothing of the number. ``given_by``: the index of the
    representative who gave it, or of the person themselves. ``checked_on``: when a register was asked last. Both names
    are copies, sealed. ``acted_until``: the last day on which the holder, who had accepted, may act or could.
    """

    class Meta:
        table_name = TABLE

    id = UnicodeAttribute()
    status = UnicodeAttribute(default="")
    role = UnicodeAttribute()
    scope = Names()
    until = Day()
    acted_until = OptionalDay(null=True)
    given_by = UnicodeAttribute(default="")
    checked_on = OptionalDay(null=True)
    principal_name = BinaryAttribute(legacy_encoding=False)
    holder_name = BinaryAttribute(legacy_encoding=False)
    gsi1pk = UnicodeAttribute()
    gsi1sk = UnicodeAttribute()
    gsi1 = indexes.ListIndex()

    @property
    def principal_id(self) -> str:
        """The enterprise, or the account of the person."""
        return self.pk.partition("#")[2]

    @property
    def principal_kind(self) -> str:
        return _KINDS[self.pk.partition("#")[0]]

    @property
    def holder_index(self) -> str:
        return self.sk.removeprefix("MANDATE#")


def organization(organization_id: str) -> OrganizationItem | None:
    return read(OrganizationItem, f"ORGANIZATION#{organization_id}")


def organization_of_code(code_index: str) -> CreditCodeItem | None:
    return read(CreditCodeItem, f"CREDITCODE#{code_index}", consistent=True)


def mandate(kind: str, principal_id: str, holder_index: str, *, consistent: bool = False) -> MandateItem | None:
    return read(MandateItem, f"{_PREFIXES[kind]}#{principal_id}", f"MANDATE#{holder_index}", consistent=consistent)


def mandate_of_id(mandate_id: str) -> MandateItem | None:
    """The mandate with this id: two reads, also for one that is not there."""
    found = read(MandateNumberItem, f"MANDATE#{mandate_id}", consistent=True)
    if found is None:
        return read(MandateItem, _ABSENT, _ABSENT, consistent=True)
    return read(MandateItem, found.principal, f"MANDATE#{found.holder_index}", consistent=True)


def absent_mandate() -> MandateItem:
    """What stands for a mandate that is not there."""
    return new_mandate(ORGANIZATION, _ABSENT, _ABSENT)[0]


def absent_organization() -> OrganizationItem:
    """What stands for an enterprise that is not there."""
    return OrganizationItem(f"ORGANIZATION#{_ABSENT}")


def new_mandate(kind: str, principal_id: str, holder_index: str) -> tuple[MandateItem, MandateNumberItem]:
    """A mandate for this person, and the item by which its id finds it."""
    item = MandateItem(f"{_PREFIXES[kind]}#{principal_id}", f"MANDATE#{holder_index}", id=ids.new_id())
    item.gsi1pk = f"HOLDER#{holder_index}"
    item.gsi1sk = principal_id
    number = MandateNumberItem(f"MANDATE#{item.id}", principal=item.pk, holder_index=holder_index)
    return item, number


def mandates_of(kind: str, principal_id: str, cursor: str | None) -> Page:
    """Who may act for an enterprise or a person."""
    condition = MandateItem.sk.startswith("MANDATE#")
    return tables.query(MandateItem, f"{_PREFIXES[kind]}#{principal_id}", condition, cursor=cursor)


def mandates_given(account_ids: tuple[str, ...], cursor: str | None) -> Page:
    """Who may act for a person, under whichever account it was given."""
    condition = MandateItem.sk.startswith("MANDATE#")
    keys = [f"ACCOUNT#{account_id}" for account_id in account_ids]
    return tables.query_each(MandateItem, keys, condition, index=None, cursor=cursor)


def mandates_held(id_index: str, cursor: str | None) -> Page:
    """For whom a person may act."""
    return tables.query(MandateItem.gsi1, f"HOLDER#{id_index}", index="gsi1", cursor=cursor)
