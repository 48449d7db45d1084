"""Stored identities: accounts, the platforms' logins that lead to them, sessions, enterprises, staff."""

from __future__ import annotations

from datetime import datetime

import msgspec
from pynamodb.attributes import BinaryAttribute, BooleanAttribute, UnicodeAttribute

from chalicelib.identity.store import browser as browser
from chalicelib.identity.store import mandates
from chalicelib.kernel import ids, papers
from chalicelib.kernel.events import readings
from chalicelib.kernel.security import vault
from chalicelib.kernel.storage import indexes, tables
from chalicelib.kernel.storage.attributes import Integer, Json, Names, OptionalDay, OptionalMoment
from chalicelib.kernel.storage.tables import Page, read

TABLE = mandates.TABLE


class EndedSession(msgspec.Struct, frozen=True, kw_only=True):
    """A session that has ended a short while ago (epoch seconds); its access tokens are still within their time."""

    id: str
    at: int


class AccountItem(tables.AggregateTable):
    """A person's account: ``logins`` are the keys of its platform users.

    ``merged_into`` leads to the account that stands for the person now. That one keeps ``recent_logins``: the keys of
    the person's logins, the one used last first; a login of a merged account may stand there too.

    An account stands for one identity at most, all its life: ``id_index``, which it claims or (``proof``: how,
    ``proven_at``: when last) has proven, by which kind of ``document`` (``born``: for
    those whose number does not tell the day of birth). Whoever gives a claim up, or loses it to a
    proof, gets a new account, which notes the ``former`` ones; no login leads to the old one any more, so what was done
    there is locked. ``former_phone`` hears of the change to the present one. ``dispute``: which dispute decides what
    becomes of it. ``closed_at``: the person has closed it; no login leads to it any more, and what names the person is
    erased soon after.
    """

    class Meta:
        table_name = TABLE

    level = Integer()
    platforms = Names()
    logins = Names(default=list)
    recent_logins = Names(default=list)
    devices = Names(default=list)
    name = BinaryAttribute(legacy_encoding=False, null=True)
    id_number = BinaryAttribute(legacy_encoding=False, null=True)
    id_index = UnicodeAttribute(null=True)
    document = UnicodeAttribute(default=papers.RESIDENT)
    born = BinaryAttribute(legacy_encoding=False, null=True)
    phone = BinaryAttribute(legacy_encoding=False, null=True)
    former_phone = BinaryAttribute(legacy_encoding=False, null=True)
    merged_into = UnicodeAttribute(null=True)
    merged = Names(default=list)
    former = Names(default=list)
    dispute = UnicodeAttribute(null=True)
    proof = UnicodeAttribute(default="")
    proven_at = OptionalMoment(null=True)
    token_version = Integer(default=1)
    ended = Json[list[EndedSession]](list[EndedSession], default=list)
    pending = BinaryAttribute(legacy_encoding=False, null=True)
    closed_at = OptionalMoment(null=True)

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


class PersonItem(tables.VersionedTable):
    """Which accounts stand for an ID number: a proof and a claim of it both write this item, so one of them is first.

    ``account_id``: the account that is told and asked, one of those that have ``proven`` the identity; None if nobody
    has. ``claims``: the accounts that only claim it; none of them once it is proven.
    """

    class Meta:
        table_name = TABLE

    account_id = UnicodeAttribute(null=True)
    proven = Names(default=list)
    claims = Names(default=list)


class ProofCodeItem(tables.Table):
    """A code that somebody shows at a window, so that the clerk proves the account of that phone.

    ``session``: in which it was made; ``only_again``: a partial one, in which no first proof is made.
    """

    class Meta:
        table_name = TABLE

    account_id = UnicodeAttribute()
    session = UnicodeAttribute(default="")
    only_again = BooleanAttribute(default=False)
    expires_at = Integer()


class DisputeItem(tables.AggregateTable):
    """An account that claimed an identity which another account has proven since: whose is what was done there?

    ``account_id`` is the locked account, ``prover`` the one that has proven the identity, ``successor`` the new account
    of those who had logged in to the locked one (empty if they had left it before).
    """

    class Meta:
        table_name = TABLE

    status = UnicodeAttribute(default="")
    account_id = UnicodeAttribute()
    prover = UnicodeAttribute()
    successor = UnicodeAttribute(default="")
    gsi1pk = UnicodeAttribute()
    gsi1sk = UnicodeAttribute()
    gsi1 = indexes.ListIndex()

    @property
    def id(self) -> str:
        return self.pk.removeprefix("DISPUTE#")

    @property
    def opened_at(self) -> datetime:
        return ids.made_at(self.id)


class SessionItem(tables.AggregateTable):
    """A family of refresh tokens: the hash of the ``current`` one is kept, and of the ``previous`` one.

    ``device``: the hash of the number that the client made up. ``partial``: it is only known that somebody holds the
    person's phone. ``token_version``: the holder's when it was opened.
    """

    class Meta:
        table_name = TABLE

    holder = UnicodeAttribute()
    kind = UnicodeAttribute()
    platform = UnicodeAttribute()
    login_key = UnicodeAttribute()
    device = UnicodeAttribute(default="")
    partial = BooleanAttribute(default=False)
    token_version = Integer(default=1)
    status = UnicodeAttribute(default="")
    current = UnicodeAttribute()
    previous = UnicodeAttribute(default="")
    opened_at = Integer()
    used_at = Integer()
    expires_at = Integer()
    gsi1pk = UnicodeAttribute()
    gsi1sk = UnicodeAttribute()
    gsi1 = indexes.ListIndex()

    @property
    def id(self) -> str:
        return self.pk.removeprefix("SESSION#")


class RelativeNumberItem(tables.Table):
    """The relation that has this id: its key, which holds the indexes of two numbers, is told to nobody."""

    class Meta:
        table_name = TABLE

    holder_index = UnicodeAttribute()
    relative_index = UnicodeAttribute()


class RelativeItem(tables.AggregateTable):
    """That ``holder`` may book for a relative, once ``consented``; the relative finds it through gsi1.

    ``consented_until``: the day on which it ended after the relative had consented.
    """

    class Meta:
        table_name = TABLE

    id = UnicodeAttribute()
    holder = UnicodeAttribute()
    relative_index = UnicodeAttribute()
    holder_name = BinaryAttribute(legacy_encoding=False)
    name = BinaryAttribute(legacy_encoding=False)
    id_number = BinaryAttribute(legacy_encoding=False)
    document = UnicodeAttribute(default=papers.RESIDENT)
    born = BinaryAttribute(legacy_encoding=False, null=True)
    consented = BooleanAttribute(default=False)
    consented_until = OptionalDay(null=True)
    guardian = BooleanAttribute(default=False)
    ended = BooleanAttribute(default=False)
    gsi1pk = UnicodeAttribute()
    gsi1sk = UnicodeAttribute()
    gsi1 = indexes.ListIndex()

    @property
    def holder_index(self) -> str:
        """The index of who books."""
        return self.pk.removeprefix("PERSON#")


class SecurityKey(msgspec.Struct, kw_only=True):
    """A FIDO2 authenticator of a staff member: its credential id and public key (base64url), its counter of uses."""

    id: str
    name: str
    public_key: str
    uses: int
    added_at: datetime


class StaffItem(tables.AggregateTable):
    """A staff member: unit, roles, password hash and the sealed secret of the second factor.

    ``logins``: the platforms' users that a courier has registered with the second factor. ``keys``: security keys
    that serve as a second factor, and the ``challenge`` that one of them has to sign, good until ``challenge_until``.
    ``invitation``: the hash of what the person sets both factors with, good until ``invited_until`` (epoch seconds).
    ``person_index``: the index of their own ID number, by which own matters are known. ``devices``: the marks of those
    on which they have logged in.
    """

    class Meta:
        table_name = TABLE

    display_name = UnicodeAttribute()
    unit = UnicodeAttribute()
    roles = Names()
    salt = BinaryAttribute(legacy_encoding=False)
    password = BinaryAttribute(legacy_encoding=False)
    totp_secret = BinaryAttribute(legacy_encoding=False)
    phone_index = UnicodeAttribute(null=True)
    person_index = UnicodeAttribute(default="")
    logins = Names(default=list)
    devices = Names(default=list)
    last_step = Integer(default=0)
    keys = Json[list[SecurityKey]](list[SecurityKey], default=list)
    challenge = UnicodeAttribute(default="")
    challenge_until = Integer(default=0)
    invitation = UnicodeAttribute(default="")
    invited_until = Integer(default=0)
    status = UnicodeAttribute(default="")
    token_version = Integer(default=1)
    ended = Json[list[EndedSession]](list[EndedSession], default=list)

    @property
    def username(self) -> str:
        return self.pk.removeprefix("STAFF#")


class AuditReadingItem(readings.ReadingItem):
    """Which auditor looked at whose readings, and when."""

    class Meta:
        table_name = TABLE


class UnitMemberItem(tables.Table):
    """A row of a unit's staff: the key of the row is the user name. Whoever goes to another unit keeps the row."""

    class Meta:
        table_name = TABLE


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


def new_person(id_index: str) -> PersonItem:
    return PersonItem(f"PERSON#{id_index}")


def proof_code(code: str) -> ProofCodeItem | None:
    return read(ProofCodeItem, _proof_code_key(code), consistent=True)


def new_proof_code(code: str, account_id: str, expires_at: int) -> ProofCodeItem:
    return ProofCodeItem(_proof_code_key(code), account_id=account_id, expires_at=expires_at)


def _proof_code_key(code: str) -> str:
    return "PROOFCODE#" + vault.blind_index("proof_code", code)


def dispute(dispute_id: str) -> DisputeItem | None:
    return read(DisputeItem, f"DISPUTE#{dispute_id}", consistent=True)


def disputes(status: str, cursor: str | None) -> Page:
    return tables.query(DisputeItem.gsi1, f"DISPUTES#{status}", index="gsi1", cursor=cursor)


def session(session_id: str) -> SessionItem | None:
    return read(SessionItem, f"SESSION#{session_id}", consistent=True)


def sessions_of(holder: str) -> list[SessionItem]:
    """The newest 20 sessions of an account or a staff member, the newest first."""
    return tables.query(SessionItem.gsi1, f"SESSIONS#{holder}", index="gsi1", newest_first=True).items


def relative(relative_id: str) -> RelativeItem | None:
    """The relation with this id: two reads, also for one that is not there."""
    found = read(RelativeNumberItem, f"RELATION#{relative_id}", consistent=True)
    return relation(found.holder_index, found.relative_index) if found is not None else relation("absent", "absent")


def relation(holder_index: str, relative_index: str) -> RelativeItem | None:
    return read(RelativeItem, f"PERSON#{holder_index}", f"RELATIVE#{relative_index}", consistent=True)


def new_relation_number(item: RelativeItem) -> RelativeNumberItem:
    """The item by which the relation's id finds it."""
    holder_index = item.pk.removeprefix("PERSON#")
    return RelativeNumberItem(f"RELATION#{item.id}", holder_index=holder_index, relative_index=item.relative_index)


def new_relative(account_id: str, holder_index: str, index: str) -> RelativeItem:
    item = RelativeItem(f"PERSON#{holder_index}", f"RELATIVE#{index}", holder=account_id, relative_index=index)
    item.id = ids.new_id()
    item.gsi1pk = f"CONSENTS#{index}"
    item.gsi1sk = holder_index
    return item


def relatives_of(index: str) -> list[RelativeItem]:
    """A person's relatives (at most 50)."""
    page = tables.query(RelativeItem, f"PERSON#{index}", RelativeItem.sk.startswith("RELATIVE#"), limit=50)
    return [item for item in page.items if not item.ended]


def relations_held(index: str, cursor: str | None) -> Page:
    """A page of whom a person has asked, ended relations too."""
    condition = RelativeItem.sk.startswith("RELATIVE#")
    return tables.query(RelativeItem, f"PERSON#{index}", condition, cursor=cursor)


def relations_asked(index: str, cursor: str | None) -> Page:
    """A page of who has asked a person, ended relations too."""
    return tables.query(RelativeItem.gsi1, f"CONSENTS#{index}", index="gsi1", cursor=cursor)


def asking(index: str) -> list[RelativeItem]:
    """Who has asked the person for consent (at most 50)."""
    page = tables.query(RelativeItem.gsi1, f"CONSENTS#{index}", index="gsi1", limit=50)
    return [item for item in page.items if not item.ended]


def staff_of_phone(phone_index: str) -> StaffPhoneItem | None:
    return read(StaffPhoneItem, f"STAFFPHONE#{phone_index}", consistent=True)


def members_of(unit: str, cursor: str | None) -> Page:
    return tables.query(UnitMemberItem, f"UNIT#{unit}", cursor=cursor)


def staff(username: str) -> StaffItem | None:
    return read(StaffItem, f"STAFF#{username}", consistent=True)


def seal(item: tables.Table, attribute: str, value: str) -> bytes:
    """Seal a personal value for one attribute of this item (place: table, key, attribute)."""
    return vault.seal(value.encode(), TABLE, f"{item.pk}/{item.sk}", attribute)


def unseal(item: tables.Table, attribute: str) -> str:
    """The personal value in clear; empty if there is none."""
    sealed = getattr(item, attribute)
    return vault.unseal(sealed, TABLE, f"{item.pk}/{item.sk}", attribute).decode() if sealed else ""
