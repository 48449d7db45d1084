"""What is known of a person: phone, identity, logins; and how they are reached."""

from __future__ import annotations

from typing import Annotated

import msgspec

from chalicelib.identity import events, rules, store
from chalicelib.identity.service import text_codes
from chalicelib.identity.service.accounts import canonical, require_fresh_proof
from chalicelib.identity.store import AccountItem
from chalicelib.kernel import clock, errors, ids, phones
from chalicelib.kernel.access import Actor, Level, system
from chalicelib.kernel.edge.shapes import Instant, View, given, one_of
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.security import vault
from chalicelib.kernel.storage import optimistic, tables
from chalicelib.platforms import alipay, http, wechat


def bind_phone(actor: Actor, credential: str, code: str = "") -> None:
    """Bind the phone number that the platform vouches for: WeChat's code, or Alipay's JSON text.

    A number that is new to a proven account takes a fresh proof: messages and codes go there from now on. A number that
    somebody else has bound takes the ``code`` that is sent to it too: Alipay's text names no user and no time, so
    whoever finds one can show it, and WeChat may still know a number that was given to somebody else long ago. Raises
    ``text_code_sent`` (call again with the code and, on WeChat, a new credential), ``text_code_wrong``,
    ``login_code_invalid``, ``fresh_proof_required``, ``mini_program_only`` or ``platform_unavailable``.
    """
    if actor.platform == "wechat":
        phone = wechat.phone_number(credential, platform_account(actor))
    elif actor.platform == "alipay":
        phone = alipay.phone_number(credential)
        _take_text(actor, credential)
    else:
        raise rules.MINI_PROGRAM_ONLY()
    _require_phone(actor, phone, code)

    def bind() -> None:
        account = canonical(actor.id)
        former = phone_of(account)
        if account.level == Level.PROVEN and former != phone:
            require_fresh_proof(account)
        account.phone = store.seal(account, "phone", phone)
        # Whoever has lost the phone to a thief hears there that the account has another one.
        is_another = former not in ("", phone)
        account.former_phone = store.seal(account, "former_phone", former) if is_another else None
        account.level = max(account.level, Level.PHONE)
        leads_here = store.browser.phone_write(text_codes.index_of(phone), account.id)
        taken = _taking_writes(account, phone)
        tables.write(changes.record(account, Event(events.PHONE_BOUND, actor)), leads_here, *taken)

    optimistic.repeat(bind)


def _take_text(actor: Actor, credential: str) -> None:
    """Accept Alipay's text about a phone number from one account only: it names no user, and never expires.

    The same account may show it again, because an answer may get lost. Raises ``login_code_invalid``.
    """
    item = store.browser.new_phone_text(ids.fingerprint(credential), actor.id)
    try:
        tables.write(tables.Put(item, tables.absent(type(item)) | (type(item).account_id == actor.id)))
    except tables.ConditionFailed:
        raise http.CODE_INVALID() from None


def _taking_writes(account: AccountItem, phone: str) -> list[tables.Write]:
    """Take a number from the account that had it: it was given to somebody else, who must not get its texts."""
    owner = account_of_phone(phone)
    if owner is None or owner.id in {account.id, *account.merged}:
        return []
    writes: list[tables.Write] = []
    for account_id in (owner.id, *owner.merged):
        found = store.account(account_id, consistent=True)
        if found is not None and store.unseal(found, "phone") == phone:
            found.phone = None
            if found.level == Level.PHONE:
                found.level = Level.LOGGED_IN
            writes.append(changes.record(found, Event(events.PHONE_TAKEN, system("identity"))))
    return writes


def _require_phone(actor: Actor, phone: str, code: str) -> None:
    """Let nobody take a number from somebody else's account who does not hold the phone."""
    owner = account_of_phone(phone)
    if owner is None or owner.id in actor.accounts:
        return
    if not code:
        text_codes.send(phone)
        raise rules.TEXT_CODE_SENT()
    text_codes.use_up(phone, code)


def account_of_phone(phone: str) -> AccountItem | None:
    """The account to which a number (E.164) was bound last, if it still is and somebody can log in to it."""
    found = store.browser.phone(text_codes.index_of(phone))
    if found is None:
        return None
    account = canonical(found.account_id)
    has_login = bool(account.logins or account.recent_logins) and account.closed_at is None
    return account if has_login and phone_of(account) == phone else None


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


class OwnData(View, frozen=True, kw_only=True):
    """A person's own data, masked; ``proof``: how it was last proven who they are."""

    account_id: str
    level: Annotated[str, one_of(level.name.lower() for level in Level)]
    platforms: list[str]
    merged_accounts: list[str]
    proof: Annotated[str, one_of(rules.PROOFS)] | None = None
    proven_at: Instant | None = None
    name: str | None = None
    id_number: str | None = None
    phone: str | None = None


def describe(account_id: str, *, phone_only: bool = False) -> OwnData:
    """The person as shown to themselves: the account that stands for them.

    ``phone_only``: to whom it is only known that they hold the phone.
    """
    account = canonical(account_id)
    if not phone_only:
        return _described(account)
    phone = vault.mask_phone(phones.shown(phone_of(account)))
    return OwnData(
        account_id=account.id,
        level=Level(min(account.level, Level.PHONE)).name.lower(),
        platforms=[],
        merged_accounts=[],
        phone=given(phone),
    )


def describe_one(account_id: str) -> OwnData:
    """One account as staff see it, whether or not it was merged into another. Raises ``not_found``."""
    account = store.account(account_id, consistent=True)
    if account is None:
        raise errors.NOT_FOUND()
    return _described(account)


def _described(account: AccountItem) -> OwnData:
    name = store.unseal(account, "name")
    number = store.unseal(account, "id_number")
    return OwnData(
        account_id=account.id,
        level=Level(account.level).name.lower(),
        platforms=platforms_of(account),
        proof=given(account.proof),
        proven_at=clock.local_or_none(account.proven_at),
        name=vault.mask_name(name) if name else None,
        id_number=vault.mask_id_number(number) if number else None,
        phone=given(vault.mask_phone(phones.shown(phone_of(account)))),
        merged_accounts=list(account.merged),
    )


def phone_of(account: AccountItem) -> str:
    """The bound phone number: the account's own, else one of an account merged into it."""
    own = store.unseal(account, "phone")
    if own:
        return own
    for other_id in account.merged:
        other = store.account(other_id)
        phone = store.unseal(other, "phone") if other is not None else ""
        if phone:
            return phone
    return ""


def platforms_of(account: AccountItem) -> list[str]:
    """The platforms on which the person has a login."""
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
    former_phone: str
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
        phone=phones.shown(phone_of(account)),
        former_phone=phones.shown(store.unseal(account, "former_phone")),
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


class Party(msgspec.Struct, frozen=True, kw_only=True):
    """A person or enterprise, in clear: for filling in forms and certificates only.

    ``level``: how well it is known that it is they; who acts for an enterprise is always proven.
    """

    id: str
    kind: str
    name: str
    number: str
    level: Level


def party(actor: Actor) -> Party:
    """Whom the caller acts for: the enterprise, or a person."""
    if actor.organization:
        return organization_party(actor.organization)
    return person_party(actor.principal or actor.id)


def person_party(account_id: str) -> Party:
    account = canonical(account_id)
    return Party(
        id=account.id,
        kind="person",
        name=store.unseal(account, "name"),
        number=store.unseal(account, "id_number"),
        level=Level(account.level),
    )


def organization_party(organization_id: str) -> Party:
    found = store.mandates.organization(organization_id)
    if found is None:
        raise errors.NOT_FOUND()
    return Party(
        id=found.id,
        kind="organization",
        name=found.name,
        number=store.unseal(found, "credit_code"),
        level=Level.PROVEN,
    )


def staff_name(username: str) -> str:
    """The name under which a staff member signs decisions."""
    member = store.staff(username)
    return member.display_name if member else username
