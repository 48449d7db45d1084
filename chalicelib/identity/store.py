"""Stored identities: accounts, the platforms' logins that lead to them, sessions, enterprises, staff."""

from __future__ import annotations

from pynamodb.attributes import BinaryAttribute, BooleanAttribute, UnicodeAttribute

from chalicelib.kernel.security import vault
from chalicelib.kernel.storage import indexes, tables
from chalicelib.kernel.storage.attributes import Day, Integer, Names
from chalicelib.kernel.storage.tables import Page, read

TABLE = "identity"


class AccountItem(tables.AggregateTable):
    """A person's account: ``logins`` are the keys of its platform users.

    ``merged_into`` leads to the account that stands for the person now. That one keeps ``recent_logins``: the keys of
    the person's logins, the one used last first; a login of a merged account may stand there too.
    """

    class Meta:
        table_name = TABLE

    level = Integer()
    platforms = Names()
    logins = Names(default=list)
    recent_logins = Names(default=list)
    name = BinaryAttribute(legacy_encoding=False, null=True)
    id_number = BinaryAttribute(legacy_encoding=False, null=True)
    id_index = UnicodeAttribute(null=True)
    phone = BinaryAttribute(legacy_encoding=False, null=True)
    merged_into = UnicodeAttribute(null=True)
    merged = Names(default=list)
    token_version = Integer(default=1)
    pending = BinaryAttribute(legacy_encoding=False, null=True)

    @property
    def id(self) -> str:
        return self.pk.removeprefix("ACCOUNT#")


class LoginItem(tables.Table):
    """A platform's user: which account the login leads to, and the platform's sealed id for messages."""

    class Meta:
        table_name = TABLE

    account_id = UnicodeAttribute()
    platform = UnicodeAttribute(default="")
    platform_id = BinaryAttribute(legacy_encoding=False)


class PersonItem(tables.Table):
    """The one account of a verified ID number."""

    class Meta:
        table_name = TABLE

    account_id = UnicodeAttribute()


class SessionItem(tables.AggregateTable):
    """A family of refresh tokens; only the hash of the current one is kept."""

    class Meta:
        table_name = TABLE

    holder = UnicodeAttribute()
    kind = UnicodeAttribute()
    platform = UnicodeAttribute()
    login_key = UnicodeAttribute()
    current = UnicodeAttribute()
    opened_at = Integer()
    used_at = Integer()
    revoked = BooleanAttribute(default=False)
    expires_at = Integer()


class OrganizationItem(tables.AggregateTable):
    """An enterprise (legal person) known by its credit code."""

    class Meta:
        table_name = TABLE

    name = UnicodeAttribute()
    credit_code = BinaryAttribute(legacy_encoding=False)

    @property
    def id(self) -> str:
        return self.pk.removeprefix("ORGANIZATION#")


class MandateItem(tables.AggregateTable):
    """What lets a real-name person act for an enterprise (授权); found by the person through gsi1."""

    class Meta:
        table_name = TABLE

    role = UnicodeAttribute()
    scope = Names()
    until = Day()
    revoked = BooleanAttribute(default=False)
    organization_name = UnicodeAttribute()
    holder_name = BinaryAttribute(legacy_encoding=False)
    gsi1pk = UnicodeAttribute()
    gsi1sk = UnicodeAttribute()
    gsi1 = indexes.ListIndex()

    @property
    def organization_id(self) -> str:
        return self.pk.removeprefix("ORGANIZATION#")

    @property
    def id(self) -> str:
        return self.sk.removeprefix("MANDATE#")


class RelativeItem(tables.AggregateTable):
    """That ``holder`` may book for a relative, once ``consented``; the relative finds it through gsi1."""

    class Meta:
        table_name = TABLE

    holder = UnicodeAttribute()
    relative_index = UnicodeAttribute()
    holder_name = BinaryAttribute(legacy_encoding=False)
    name = BinaryAttribute(legacy_encoding=False)
    id_number = BinaryAttribute(legacy_encoding=False)
    consented = BooleanAttribute(default=False)
    guardian = BooleanAttribute(default=False)
    ended = BooleanAttribute(default=False)
    gsi1pk = UnicodeAttribute()
    gsi1sk = UnicodeAttribute()
    gsi1 = indexes.ListIndex()

    @property
    def id(self) -> str:
        return f"{self.pk.removeprefix('PERSON#')}-{self.sk.removeprefix('RELATIVE#')}"


class StaffItem(tables.AggregateTable):
    """A staff member: unit, roles, password hash and the sealed secret of the second factor."""

    class Meta:
        table_name = TABLE

    display_name = UnicodeAttribute()
    unit = UnicodeAttribute()
    roles = Names()
    salt = BinaryAttribute(legacy_encoding=False)
    password = BinaryAttribute(legacy_encoding=False)
    totp_secret = BinaryAttribute(legacy_encoding=False)
    phone_index = UnicodeAttribute(null=True)
    last_step = Integer(default=0)
    token_version = Integer(default=1)


class StaffPhoneItem(tables.Table):
    """The courier whose phone number this is, by its blind index."""

    class Meta:
        table_name = TABLE

    username = UnicodeAttribute()


def account(account_id: str, *, consistent: bool = False) -> AccountItem | None:
    return read(AccountItem, f"ACCOUNT#{account_id}", consistent=consistent)


def login(login_key: str) -> LoginItem | None:
    return read(LoginItem, f"LOGIN#{login_key}", consistent=True)


def person(id_index: str) -> PersonItem | None:
    return read(PersonItem, f"PERSON#{id_index}", consistent=True)


def session(session_id: str) -> SessionItem | None:
    return read(SessionItem, f"SESSION#{session_id}", consistent=True)


def organization(organization_id: str) -> OrganizationItem | None:
    return read(OrganizationItem, f"ORGANIZATION#{organization_id}")


def mandate(organization_id: str, mandate_id: str) -> MandateItem | None:
    return read(MandateItem, f"ORGANIZATION#{organization_id}", f"MANDATE#{mandate_id}")


def mandates_of_organization(organization_id: str, cursor: str | None) -> Page:
    condition = MandateItem.sk.startswith("MANDATE#")
    return tables.query(MandateItem, f"ORGANIZATION#{organization_id}", condition, cursor=cursor)


def mandates_of_person(id_index: str, cursor: str | None) -> Page:
    return tables.query(MandateItem.gsi1, f"HOLDER#{id_index}", index="gsi1", cursor=cursor)


def relative(relative_id: str) -> RelativeItem | None:
    holder, _, index = relative_id.partition("-")
    return read(RelativeItem, f"PERSON#{holder}", f"RELATIVE#{index}", consistent=True) if holder and index else None


def new_relative(account_id: str, holder_index: str, index: str) -> RelativeItem:
    item = RelativeItem(f"PERSON#{holder_index}", f"RELATIVE#{index}", holder=account_id, relative_index=index)
    item.gsi1pk = f"CONSENTS#{index}"
    item.gsi1sk = holder_index
    return item


def relatives_of(index: str) -> list[RelativeItem]:
    """A person's relatives (at most 50)."""
    page = tables.query(RelativeItem, f"PERSON#{index}", RelativeItem.sk.startswith("RELATIVE#"), limit=50)
    return [item for item in page.items if not item.ended]


def asking(index: str) -> list[RelativeItem]:
    """Who has asked the person for consent (at most 50)."""
    page = tables.query(RelativeItem.gsi1, f"CONSENTS#{index}", index="gsi1", limit=50)
    return [item for item in page.items if not item.ended]


def staff_of_phone(phone_index: str) -> StaffPhoneItem | None:
    return read(StaffPhoneItem, f"STAFFPHONE#{phone_index}", consistent=True)


def staff(username: str) -> StaffItem | None:
    return read(StaffItem, f"STAFF#{username}", consistent=True)


def seal(item: tables.Table, attribute: str, value: str) -> bytes:
    """Seal a personal value for one attribute of this item (place: table, key, attribute)."""
    return vault.seal(value.encode(), TABLE, f"{item.pk}/{item.sk}", attribute)


def unseal(item: tables.Table, attribute: str) -> str:
    """The personal value in clear; empty if there is none."""
    sealed = getattr(item, attribute)
    return vault.unseal(sealed, TABLE, f"{item.pk}/{item.sk}", attribute).decode() if sealed else ""
