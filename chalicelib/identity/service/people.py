"""What is known of a person: phone, verified real name, and accounts that turn out to be one person's."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Literal

import msgspec

from chalicelib.identity import events, rules, store
from chalicelib.identity.service.accounts import canonical, change
from chalicelib.identity.store import AccountItem
from chalicelib.kernel import clock, errors, ids, numbers
from chalicelib.kernel.access import Actor, Level
from chalicelib.kernel.edge.shapes import View, one_of
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.security import vault
from chalicelib.kernel.settings import settings
from chalicelib.kernel.storage import optimistic, tables
from chalicelib.platforms import alipay, departments, wechat


def bind_phone(actor: Actor, credential: str) -> None:
    """Bind the phone number that the platform vouches for: WeChat's code, or Alipay's JSON text."""
    if actor.platform == "wechat":
        phone = wechat.phone_number(credential, platform_account(actor))
    else:
        phone = alipay.phone_number(credential)

    def bind(account: AccountItem) -> None:
        account.phone = store.seal(account, "phone", phone)
        account.level = max(account.level, Level.PHONE_BOUND)

    change(lambda: store.account(actor.id, consistent=True), bind, Event(events.PHONE_BOUND, actor))


def platform_account(actor: Actor) -> str:
    """The id of the person at the platform of this session (openid, open_id or user_id); only for that platform."""
    found = store.login(login_key(actor))
    if found is None:
        raise errors.NOT_AUTHENTICATED()
    return store.unseal(found, "platform_id")


def login_key(actor: Actor) -> str:
    """The key of the login with which this session was opened (one consistent read)."""
    session = store.session(actor.session)
    if session is None:
        raise errors.NOT_AUTHENTICATED()
    return session.login_key


class PendingVerification(msgspec.Struct, kw_only=True):
    certify_id: str
    name: str
    id_number: str
    started_at: datetime


class VerificationResult(View, frozen=True):
    """``verified``, or ``pending`` with the URL of the face check that comes before confirmation."""

    status: Literal["verified", "pending"]
    certify_id: str | None = None
    certify_url: str | None = None


def verify_real_name(actor: Actor, name: str, id_number: str) -> VerificationResult:
    """Prove that the person is who they say: on WeChat by the national check, on Alipay by a face check.

    Raises ``id_number_invalid``, ``identity_mismatch``, ``already_verified``, ``same_person_not_proven`` or
    ``platform_unavailable``.
    """
    id_number = checked_id_number(id_number)
    if actor.platform == "wechat":
        if not departments.identity_matches(name, id_number):
            raise rules.NAME_DOES_NOT_MATCH()
        _confirm_real_name(actor, name, id_number, face_checked=False)
        return VerificationResult("verified")
    certify_id, url = alipay.start_certification(ids.new_id(), name, id_number, settings().public_url)
    pending = msgspec.json.encode(
        PendingVerification(certify_id=certify_id, name=name, id_number=id_number, started_at=clock.now())
    )

    def remember(account: AccountItem) -> None:
        account.pending = store.seal(account, "pending", pending.decode())

    event = Event(events.VERIFICATION_STARTED, actor)
    change(lambda: store.account(actor.id, consistent=True), remember, event)
    return VerificationResult("pending", certify_id, url)


def confirm_verification(actor: Actor) -> None:
    """Finish the face check: ask Alipay's server, never the front end, about the stored certify id.

    A repeat after success changes nothing.
    Raises ``verification_not_started``, ``verification_not_passed`` or ``platform_unavailable``.
    """
    account = store.account(actor.id, consistent=True)
    if account is not None and account.id_index and not account.pending:
        return
    if account is None or not account.pending:
        raise rules.VERIFICATION_NOT_STARTED()
    pending = msgspec.json.decode(store.unseal(account, "pending"), type=PendingVerification)
    if clock.now() > pending.started_at + timedelta(hours=rules.VERIFICATION_HOURS):
        raise rules.VERIFICATION_NOT_STARTED()
    if not alipay.certification_passed(pending.certify_id):
        raise rules.VERIFICATION_NOT_PASSED()
    _confirm_real_name(actor, pending.name, pending.id_number, face_checked=True)


def _confirm_real_name(actor: Actor, name: str, id_number: str, *, face_checked: bool) -> None:
    """Give the account its verified identity, or merge it into the one that has this ID number already.

    Knowing somebody's name and ID number is not enough to enter that person's account: merging takes a
    face check, or the same phone number vouched for by the platforms on both accounts.
    """
    index = vault.blind_index("id_number", id_number)

    def attempt() -> None:
        account = store.account(actor.id, consistent=True)
        assert account is not None
        if account.id_index == index:
            return
        if account.id_index:
            raise rules.ALREADY_VERIFIED()
        first = store.person(index)
        if first is None:
            _claim_identity(actor, account, name, id_number, index)
            return
        into = canonical(first.account_id)
        if not (face_checked or _same_phone(account, into)):
            raise rules.SAME_PERSON_NOT_PROVEN()
        _merge(actor, account, into)

    optimistic.repeat(attempt)


def _claim_identity(actor: Actor, account: AccountItem, name: str, id_number: str, index: str) -> None:
    account.name = store.seal(account, "name", name)
    account.id_number = store.seal(account, "id_number", id_number)
    account.id_index = index
    account.level = Level.REAL_NAME
    account.pending = None
    person = store.PersonItem(f"PERSON#{index}", account_id=account.id)
    event = Event(events.REAL_NAME_VERIFIED, actor, data={"platform": actor.platform})
    tables.write(tables.Put(person, tables.absent(store.PersonItem)), changes.record(account, event))


def _same_phone(one: AccountItem, other: AccountItem) -> bool:
    phone = _phone(one)
    return phone != "" and phone == _phone(other)


def _phone(account: AccountItem) -> str:
    """The bound phone number: the account's own, else one of an account merged into it."""
    merged = (store.account(other) for other in account.merged)
    owners = (account, *(other for other in merged if other is not None))
    return next((phone for owner in owners if (phone := store.unseal(owner, "phone"))), "")


def _merge(actor: Actor, account: AccountItem, into: AccountItem) -> None:
    """Both accounts keep all that is theirs; requests of either are answered as the one person's."""
    account.merged_into = into.id
    account.pending = None
    into.merged = [*into.merged, account.id]
    # The merged account's login is the one in use now, so messages go there first.
    older = [key for key in into.recent_logins if key not in account.recent_logins]
    into.recent_logins = [*account.recent_logins, *older]
    reason: dict[str, str | int | list[str]] = {"reason": "same_id_number", "platform": actor.platform}
    tables.write(
        changes.record(account, Event(events.ACCOUNT_MERGED, actor, data={"into": into.id, **reason})),
        changes.record(into, Event(events.ACCOUNT_ABSORBED, actor, data={"from": account.id, **reason})),
    )


def undo_merge(actor: Actor, account: AccountItem, reason: str) -> None:
    """Take a merge back (staff): the account is its own again; what was done meanwhile stays where it is.

    Raises ``not_merged``.
    """
    into = store.account(account.merged_into, consistent=True) if account.merged_into else None
    if into is None:
        raise rules.NOT_MERGED()
    account.merged_into = None
    into.merged = [other for other in into.merged if other != account.id]
    for parted in (account, into):
        parted.token_version = parted.token_version + 1
    tables.write_or_conflict(
        changes.record(account, Event(events.MERGE_UNDONE, actor, note=reason, data={"from": into.id})),
        changes.record(into, Event(events.MERGE_UNDONE, actor, note=reason, data={"account": account.id})),
    )


class OwnData(View, frozen=True, kw_only=True):
    """A person's own data, masked."""

    account_id: str
    level: Annotated[str, one_of(level.name.lower() for level in Level)]
    platforms: list[str]
    merged_accounts: list[str]
    name: str | None = None
    id_number: str | None = None
    phone: str | None = None


def describe(account_id: str) -> OwnData:
    """The person as shown to themselves."""
    account = canonical(account_id)
    name = store.unseal(account, "name")
    number = store.unseal(account, "id_number")
    return OwnData(
        account_id=account.id,
        level=Level(account.level).name.lower(),
        platforms=_platforms(account),
        name=vault.mask_name(name) if name else None,
        id_number=vault.mask_id_number(number) if number else None,
        phone=vault.mask_phone(_phone(account)) or None,
        merged_accounts=list(account.merged),
    )


def _platforms(account: AccountItem) -> list[str]:
    merged = [store.account(other) for other in account.merged]
    return sorted({*account.platforms, *(platform for other in merged if other for platform in other.platforms)})


class Login(msgspec.Struct, frozen=True, kw_only=True):
    """A person's login on a platform; ``key`` is our key, ``platform_id`` the platform's id of the person, in clear."""

    key: str
    platform: str
    platform_id: str


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """How a person is known and reached, in clear, for couriers' labels and messages only.

    ``logins`` are those of all accounts of the person, the one used last first.
    """

    name: str
    id_number: str
    phone: str
    logins: tuple[Login, ...]


def contact(account_id: str) -> Contact:
    """The person behind an account, with all accounts that are merged into it (a read for each, and for each login)."""
    account = canonical(account_id)
    owners = [account]
    for other in account.merged:
        found = store.account(other)
        if found is not None:
            owners.append(found)
    return Contact(
        name=store.unseal(account, "name"),
        id_number=store.unseal(account, "id_number"),
        phone=next((phone for owner in owners if (phone := store.unseal(owner, "phone"))), ""),
        logins=_logins(owners, account.recent_logins),
    )


def _logins(owners: list[AccountItem], recent: list[str]) -> tuple[Login, ...]:
    """The logins of a person's accounts, the one used last first; those never noted as used come last."""
    keys = [key for owner in owners for key in owner.logins]
    keys.sort(key=lambda key: recent.index(key) if key in recent else len(recent))
    logins = []
    for key in keys:
        item = store.login(key)
        if item is not None:
            platform_id = store.unseal(item, "platform_id")
            logins.append(Login(key=key, platform=item.platform, platform_id=platform_id))
    return tuple(logins)


def checked_id_number(text: str) -> str:
    """A resident's ID number as it is stored; raises ``id_number_invalid``."""
    number = numbers.normalized(text)
    if not numbers.is_id_number(number, clock.today()):
        raise rules.ID_NUMBER_INVALID()
    return number


class Party(msgspec.Struct, frozen=True, kw_only=True):
    """A verified person or enterprise, in clear: for filling in forms and certificates only."""

    id: str
    kind: str
    name: str
    number: str


def party(actor: Actor) -> Party:
    """Whom the caller acts for: the enterprise, or the person."""
    if actor.organization:
        return organization_party(actor.organization)
    return person_party(actor.id)


def person_party(account_id: str) -> Party:
    account = canonical(account_id)
    return Party(
        id=account.id, kind="person", name=store.unseal(account, "name"), number=store.unseal(account, "id_number")
    )


def organization_party(organization_id: str) -> Party:
    found = store.organization(organization_id)
    if found is None:
        raise errors.NOT_FOUND()
    return Party(id=found.id, kind="organization", name=found.name, number=store.unseal(found, "credit_code"))


def staff_name(username: str) -> str:
    """The name under which a staff member signs decisions."""
    member = store.staff(username)
    return member.display_name if member else username
