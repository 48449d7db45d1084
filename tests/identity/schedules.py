"""A thief who knows a citizen's name and number, and the citizen: what each of them does, and what must never be."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from chalicelib.identity import mandate_rules, store
from chalicelib.identity.rules import GUARDIAN_REGISTER
from chalicelib.identity.service import (
    callers,
    closing,
    disputes,
    enterprises,
    mandates,
    merging,
    proofs,
    representation,
    wards,
)
from chalicelib.identity.service.identities import Identity, ShownDocument, identity_of
from chalicelib.identity.store import AccountItem
from chalicelib.identity.store.mandates import ORGANIZATION, PERSON, OrganizationItem
from chalicelib.kernel import clock, errors
from chalicelib.kernel.access import Actor, Level
from chalicelib.kernel.security import vault
from chalicelib.kernel.storage import optimistic, tables
from scenes.world import World, new_credit_code, new_id_number

ADMINISTRATOR = Actor(kind="staff", id="security", roles=("security_administrator",), unit="city")
NAME = "张三"


@dataclass(kw_only=True)
class Login:
    """A phone with a mini-program, of the citizen or of the thief, and its present access token."""

    world: World
    platform: str
    is_thief: bool
    user: str = ""
    token: str = ""

    def open(self) -> None:
        client = self.world.log_in(self.platform, self.user)
        self.user, self.token = client.user, client.token

    def actor(self) -> Actor | None:
        """Who the API takes the caller for; None if the session has ended."""
        try:
            return callers.authenticate({"authorization": f"Bearer {self.token}"})
        except errors.Problem:
            return None


@dataclass(kw_only=True)
class Theft:
    """The citizen's two phones, the thief's two, and the identity that all of them want.

    ``credit_code``: of the enterprise that the citizen represents, until the register names the thief instead.
    """

    world: World
    identity: Identity
    own: Identity
    credit_code: str
    logins: list[Login]
    was_ever_proven: bool = False
    seen_by_thief: list[str] = field(default_factory=list)

    def claim(self, login: Login) -> None:
        self._do(login, lambda actor: proofs.claim(actor, ShownDocument(name=NAME, id_number=self.identity.number)))

    def claim_own(self, login: Login) -> None:
        """The thief says who they are themselves."""
        self._do(login, lambda actor: proofs.claim(actor, ShownDocument(name=NAME, id_number=self.own.number)))

    def prove(self, login: Login) -> None:
        """Each looks into the camera: the citizen as the citizen, the thief as the thief."""
        wanted = self.own if login.is_thief else self.identity
        self._do(login, lambda actor: proofs.prove(actor, actor.id, wanted, f"{login.platform}_face"))
        self.was_ever_proven = self.was_ever_proven or self.is_proven

    @property
    def is_proven(self) -> bool:
        """Whether an account has proven the identity, as it is stored now."""
        found = store.person(self.identity.index)
        return found is not None and bool(found.account_id)

    def take_back(self, choice: random.Random) -> None:
        """An administrator takes the proof of one of the accounts back."""
        proven = [account for account in self.accounts() if account.level == Level.PROVEN]
        if proven:
            account = choice.choice(proven)
            _quietly(lambda: disputes.take_back_proof(ADMINISTRATOR, account, "误核验"))

    def give_up(self, login: Login) -> None:
        self._do(login, proofs.give_claim_up)

    def merge(self, login: Login) -> None:
        def merge_any(actor: Actor) -> None:
            for other in merging.other_accounts(actor):
                merging.merge(actor, other.account_id)

        self._do(login, merge_any)

    def appoint(self, login: Login) -> None:
        """Let whoever the thief really is act for oneself: the citizen trusts them."""
        until = clock.today() + timedelta(days=30)
        agent = ShownDocument(name=NAME, id_number=self.own.number)
        self._do(login, lambda actor: wards.give_mandate(actor, agent, ["*"], until), least=Level.PROVEN)

    def accept(self, login: Login) -> None:
        """Agree to act for everybody who asks."""

        def accept_all(actor: Actor) -> None:
            for mandate in mandates.held_by(actor, None).items:
                if mandate.status == mandate_rules.OFFERED:
                    mandates.accept(actor, mandate)

        self._do(login, accept_all, least=Level.PROVEN)

    def revoke(self, login: Login) -> None:
        """Trust nobody any more."""

        def revoke_all(actor: Actor) -> None:
            for account_id in actor.accounts:
                for mandate in mandates.all_of(PERSON, account_id):
                    if mandate.status != mandate_rules.ENDED and wards.gave(actor, mandate):
                        mandates.revoke(actor, mandate)

        self._do(login, revoke_all, least=Level.PROVEN)

    def register_enterprise(self, login: Login) -> None:
        """Say to be the enterprise's legal representative."""
        code = self.credit_code
        self._do(login, lambda actor: enterprises.register_organization(actor, code), least=Level.PROVEN)

    def appoint_handler(self, login: Login) -> None:
        """Let whoever the thief really is act for the enterprise."""
        until = clock.today() + timedelta(days=30)
        handler = ShownDocument(name=NAME, id_number=self.own.number)

        def appoint(actor: Actor) -> None:
            organization = self.organization
            # The endpoint lets in the legal representative only.
            if organization is not None and enterprises.is_legal_representative(actor, organization.id):
                enterprises.appoint_handler(actor, organization, handler, ["*"], until)

        self._do(login, appoint, least=Level.PROVEN)

    def change_representative(self, choice: random.Random) -> None:
        """The business register names the thief, or the citizen again."""
        named = choice.choice([self.identity, self.own])
        self._licence["legal_representative_id_number"] = named.number

    def change_now(self, login: Login) -> None:
        """The register names the other one."""
        is_citizen = self._licence["legal_representative_id_number"] == self.identity.number
        self._licence["legal_representative_id_number"] = self.own.number if is_citizen else self.identity.number

    @property
    def _licence(self) -> dict[str, Any]:
        registers = self.world.simulators.departments.registers
        found: dict[str, Any] = registers["business_licences"][self.credit_code][0]
        return found

    @property
    def organization(self) -> OrganizationItem | None:
        """The enterprise, once somebody has registered it."""
        known = store.mandates.organization_of_code(vault.blind_index("credit_code", self.credit_code))
        return store.mandates.organization(known.organization_id) if known is not None else None

    def close(self, login: Login) -> None:
        """Close the account, as the function does that has found nothing open."""

        def close_now(actor: Actor) -> None:
            writes = closing.close_writes(actor)
            if writes:
                tables.write(*writes)

        self._do(login, lambda actor: optimistic.repeat(lambda: close_now(actor)))

    def take_as_ward(self, login: Login) -> None:
        """Say to be the citizen's guardian, which the register does not."""
        self._do(login, lambda actor: wards.become_guardian(actor, NAME, self.identity.number), least=Level.PROVEN)

    def undo(self) -> None:
        """An administrator parts what was merged."""
        for account in self.accounts():
            if account.merged_into and not account.dispute:
                _quietly(lambda account=account: merging.undo_merge(ADMINISTRATOR, account, "并非同一人"))  # type: ignore[misc]

    def undo_now(self, _: Login) -> None:
        self.undo()

    def undo_some(self, _: random.Random) -> None:
        self.undo()

    def name_guardian(self) -> None:
        """The register names the thief as the citizen's guardian: then the thief may act, by the register's word."""
        registers = self.world.simulators.departments.registers
        registers["guardians"][self.identity.number] = [{"id_number": self.own.number}]

    def decide(self, choice: random.Random) -> None:
        """An administrator decides a dispute of this identity, or takes a decision back."""
        decisions = (disputes.give, disputes.keep_locked, disputes.reopen)
        for account in self.accounts():
            dispute = store.dispute(account.dispute) if account.dispute else None
            if dispute is not None:
                decide = choice.choice(decisions)
                _quietly(lambda dispute=dispute, decide=decide: decide(ADMINISTRATOR, dispute, "已核对"))  # type: ignore[misc]

    def decide_now(self, _: Login) -> None:
        """An administrator decides what is to be decided, always in the same way."""
        self.decide(random.Random(1))

    def take_back_now(self, _: Login) -> None:
        self.take_back(random.Random(1))

    def _do(self, login: Login, work: Callable[[Actor], object], least: Level = Level.LOGGED_IN) -> None:
        """Do it as the caller; ``least`` is the level that the endpoint asks for."""
        was_proven = self.is_proven
        actor = login.actor()
        if actor is None:
            login.open()
            actor = login.actor()
        if actor is None:
            return
        self._look(login, actor, was_proven=was_proven)
        if actor.level >= least:
            _quietly(lambda: work(actor))

    def _look(self, login: Login, actor: Actor, *, was_proven: bool) -> None:
        """What the caller could read: once the identity is proven, nothing of it may be the thief's."""
        if not login.is_thief or not was_proven:
            return
        for account_id in actor.accounts:
            account = store.account(account_id, consistent=True)
            if account is not None and account.id_index == self.identity.index:
                self.seen_by_thief.append(account_id)

    def accounts(self) -> list[AccountItem]:
        """Every account that stands, or stood, for the identity."""
        person = store.person(self.identity.index)
        wanted = set()
        if person is not None:
            wanted |= {*person.proven, *person.claims}
        found: list[AccountItem] = []
        for login in self.logins:
            item = store.login(_key_of(login))
            if item is not None:
                wanted.add(item.account_id)
        while wanted:
            account = store.account(wanted.pop(), consistent=True)
            if account is None or account.id in {one.id for one in found}:
                continue
            found.append(account)
            wanted |= {*account.former, *account.merged}
        return [account for account in found if account.id_index == self.identity.index]

    def faults(self) -> list[str]:
        """What must never be, as it is stored now."""
        found = [f"the thief saw {account}" for account in self.seen_by_thief]
        person = store.person(self.identity.index)
        is_proven = self.is_proven
        for account in self.accounts():
            if account.level == Level.PROVEN or account.closed_at is not None:
                continue
            is_reachable = bool(account.logins)
            if is_proven and is_reachable:
                found.append(f"{account.id} only claims a proven identity, and a login leads to it")
            if is_proven and not account.merged_into and not account.dispute:
                found.append(f"{account.id} claimed the identity, and nobody decides about it")
        for login in self.logins:
            found += self._faults_of_login(login, is_proven=is_proven)
            found += self._faults_of_enterprise(login)
        if person is not None and is_proven and person.claims:
            found.append("claims stand beside a proof")
        return found

    def _faults_of_login(self, login: Login, *, is_proven: bool) -> list[str]:
        key = _key_of(login)
        item = store.login(key)
        account = store.account(item.account_id, consistent=True) if item is not None else None
        if account is None or key not in account.logins:
            return [f"{login.user}: the login leads to an account that does not know it"]
        actor = login.actor()
        if actor is None:
            return []
        if account.closed_at is not None:
            return [f"{login.user}: somebody is in a closed account"]
        if not login.is_thief or not is_proven:
            return []
        reached = [store.account(one, consistent=True) for one in actor.accounts]
        found = [f"the thief reaches {one.id}" for one in reached if one and one.id_index == self.identity.index]
        return found + self._faults_of_acting(actor)

    def _faults_of_enterprise(self, login: Login) -> list[str]:
        """For the enterprise acts only whom its representative of today has let act, wherever much depends on it."""
        actor = login.actor()
        organization = self.organization
        if actor is None or organization is None:
            return []
        account = store.account(actor.id, consistent=True)
        is_proven = account is not None and account.level == Level.PROVEN
        index = (account.id_index or "") if account is not None and is_proven else ""
        try:
            acting = representation.acting_for(actor, index, organization.id)
            representation.check_representation(acting)
        except errors.Problem:
            return []
        mandate = store.mandates.mandate(ORGANIZATION, organization.id, index, consistent=True)
        named = self._licence["legal_representative_id_number"]
        has_word = (
            mandate is not None
            and mandate.given_by == vault.blind_index("id_number", named)
            and mandate.status == mandate_rules.ACCEPTED
        )
        return [] if has_word else [f"{login.user} acts for the enterprise without its representative's word"]

    def _faults_of_acting(self, actor: Actor) -> list[str]:
        """For the citizen acts only who was asked by the one who has proven it, and has accepted."""
        index = self.own.index if actor.level == Level.PROVEN else ""
        found = []
        for account in self.accounts():
            try:
                representation.acting_for(actor, index, account.id)
            except errors.Problem:
                continue
            mandate = store.mandates.mandate(PERSON, account.id, index, consistent=True)
            guardians = self.world.simulators.departments.registers["guardians"].get(self.identity.number, [])
            words = {self.identity.index, *(vault.blind_index("id_number", one["id_number"]) for one in guardians)}
            is_given = mandate is not None and mandate.given_by in words
            is_accepted = mandate is not None and mandate.status == mandate_rules.ACCEPTED
            standing = store.account(account.merged_into or account.id, consistent=True)
            is_ward = standing is not None and standing.proof == GUARDIAN_REGISTER
            is_open = standing is not None and (bool(standing.logins) or is_ward)
            is_proven = standing is not None and standing.level == Level.PROVEN and is_open
            if not (is_given and is_accepted and is_proven):
                found.append(f"somebody acts for {account.id} without the citizen's word")
        return found

    def script_of_administrator(self, choice: random.Random) -> Callable[[], None]:
        """A few decisions of an administrator, while the others go on."""
        wanted = [choice.choice([self.undo_some, self.decide, self.take_back]) for _ in range(choice.randint(0, 2))]
        seeds = [choice.randrange(1000) for _ in wanted]

        def play() -> None:
            for deed, seed in zip(wanted, seeds, strict=True):
                deed(random.Random(seed))

        return play

    def script(self, choice: random.Random, login: Login) -> Callable[[], None]:
        """A few things that somebody does with this phone, in an order drawn by chance."""
        if login.is_thief:
            deeds = [self.claim, self.claim, self.claim_own, self.give_up, self.prove, self.merge]
            deeds += [self.prove, self.accept, self.appoint, self.take_as_ward, self.register_enterprise, self.close]
        else:
            deeds = [self.claim, self.prove, self.prove, self.give_up, self.merge, self.appoint, self.revoke]
            deeds += [self.register_enterprise, self.appoint_handler, self.change_now, self.close]
        wanted = [choice.choice(deeds) for _ in range(choice.randint(2, 4))]

        def play() -> None:
            for deed in wanted:
                deed(login)

        return play


def _key_of(login: Login) -> str:
    session = store.session(_claims(login)["sid"])
    assert session is not None
    return session.login_key


def _claims(login: Login) -> dict[str, str]:
    import base64
    import json

    part = login.token.split(".")[1]
    claims: dict[str, str] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return claims


def _quietly(work: Callable[[], object]) -> None:
    """Do it; a refusal is an answer like any other."""
    try:
        work()
    except errors.Problem as problem:
        if problem.error.status >= 500 and problem.error is not errors.UNAVAILABLE:
            raise


def theft(world: World) -> Theft:
    """A new identity, and four phones that are logged in."""
    number, own = new_id_number(), new_id_number()
    world.simulators.departments.people[number] = NAME
    world.simulators.departments.people[own] = NAME
    credit_code = new_credit_code()
    licence = {"name": "示例旅游客运有限公司", "status": "active", "legal_representative_id_number": number}
    world.simulators.departments.registers["business_licences"][credit_code] = [licence]
    logins = [
        Login(world=world, platform="wechat", is_thief=False),
        Login(world=world, platform="alipay", is_thief=False),
        Login(world=world, platform="wechat", is_thief=True),
        Login(world=world, platform="alipay", is_thief=True),
    ]
    for login in logins:
        login.open()
    return Theft(
        world=world,
        identity=identity_of(ShownDocument(name=NAME, id_number=number)),
        own=identity_of(ShownDocument(name=NAME, id_number=own)),
        credit_code=credit_code,
        logins=logins,
    )
