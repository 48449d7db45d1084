"""A person as documents name them: name, number, kind of document, day of birth."""

from __future__ import annotations

from datetime import date

import msgspec

from chalicelib.identity import rules, store
from chalicelib.identity.store import AccountItem
from chalicelib.kernel import clock, names, numbers, papers
from chalicelib.kernel.security import vault


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """A person as registers know them: the name in one spelling, the checked number; ``index`` finds their accounts."""

    name: str
    number: str
    document: str
    born: date
    index: str


class ShownDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What stands on a document. Without a ``kind``, the number tells it (18 digits); passports name their country."""

    name: str
    number: str
    kind: str = ""
    country: str = ""
    born: date | None = None


def identity_of(document: ShownDocument) -> Identity:
    """What somebody typed, as registers write it; raises ``id_number_invalid`` or ``document_incomplete``."""
    number = numbers.normalized(document.number)
    kind = document.kind or papers.kind_of(number) or papers.RESIDENT
    if not papers.is_valid(kind, number, clock.today()):
        raise rules.ID_NUMBER_INVALID(document=papers.KINDS[kind].zh, document_en=papers.KINDS[kind].en)
    return Identity(
        name=names.spell(document.name),
        number=number,
        document=kind,
        born=_born(document, kind, number),
        index=_index(document, kind, number),
    )


def index_of_register(number: str) -> str:
    """The index of whom a register means by a number; empty for a number that cannot be told."""
    plain = numbers.normalized(number)
    kind = papers.registered_kind(plain, clock.today())
    return _index(ShownDocument(name="", number=plain), kind, plain) if kind else ""


def _born(document: ShownDocument, kind: str, number: str) -> date:
    if papers.KINDS[kind].has_check:
        return numbers.birth_date(number)
    if document.born is None or document.born > clock.today():
        raise rules.DOCUMENT_INCOMPLETE(missing="出生日期", missing_en="the date of birth")
    return document.born


def _index(document: ShownDocument, kind: str, number: str) -> str:
    """The blind index of an identity. Numbers of two kinds, or of two countries, may look alike."""
    if papers.KINDS[kind].has_check:
        return vault.blind_index("id_number", number)
    if kind == papers.PASSPORT and not document.country:
        raise rules.DOCUMENT_INCOMPLETE(missing="签发国家", missing_en="the country of issue")
    country = document.country if kind == papers.PASSPORT else ""
    return vault.blind_index("id_number", f"{kind}/{country}/{papers.permanent(kind, number)}")


def keep(account: AccountItem, identity: Identity) -> None:
    """Let an account stand for an identity."""
    account.name = store.seal(account, "name", identity.name)
    account.id_number = store.seal(account, "id_number", identity.number)
    account.id_index = identity.index
    account.document = identity.document
    account.born = store.seal(account, "born", str(identity.born))


def birth_date(account: AccountItem) -> date:
    """The day of birth of whom an account stands for."""
    return date.fromisoformat(store.unseal(account, "born"))
