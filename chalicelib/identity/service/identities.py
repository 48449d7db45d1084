"""A person as documents name them: name, number, kind of document, day of birth."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from chalicelib.identity import rules, store
from chalicelib.identity.store import AccountItem, RelativeItem
from chalicelib.kernel import clock, names, numbers, papers
from chalicelib.kernel.security import vault

Name = Annotated[str, Meta(min_length=1, max_length=100)]
Number = Annotated[str, Meta(min_length=5, max_length=24)]
Country = Annotated[str, Meta(pattern=r"^([A-Z]{3})?$")]
"""ISO 3166-1 alpha-3; for passports."""


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """A person as registers know them: the name in one spelling, the checked number; ``index`` finds their accounts."""

    name: str
    number: str
    document: str
    born: date
    index: str


class ShownDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Name and number as a document says them.

    Numbers of 18 digits tell their kind (``document``) and the date of birth; for others both are given, and for a
    passport the country of issue (ISO 3166-1 alpha-3).
    """

    name: Name
    id_number: Number
    document: papers.Code | Literal[""] = ""
    country: Country = ""
    born: date | None = None


def identity_of(document: ShownDocument) -> Identity:
    """What somebody typed, as registers write it; raises ``id_number_invalid`` or ``document_incomplete``."""
    kind, number = _checked(document)
    return Identity(
        name=names.spell(document.name),
        number=number,
        document=kind,
        born=_born(document, kind, number),
        index=_index(document, kind, number),
    )


def index_of(document: ShownDocument) -> str:
    """The index of whom a document names; name and day of birth do not matter. Raises as ``identity_of``."""
    kind, number = _checked(document)
    return _index(document, kind, number)


def _checked(document: ShownDocument) -> tuple[str, str]:
    """The kind of document, and its number as it is stored."""
    number = numbers.normalized(document.id_number)
    kind = document.document or papers.kind_of(number) or papers.RESIDENT
    if not papers.is_valid(kind, number, clock.today()):
        raise rules.ID_NUMBER_INVALID(document=papers.KINDS[kind].zh, document_en=papers.KINDS[kind].en)
    return kind, number


def index_of_register(number: str) -> str:
    """The index of whom a register means by a number; empty for a number that cannot be told."""
    plain = numbers.normalized(number)
    kind = papers.registered_kind(plain, clock.today())
    return _index(ShownDocument(name="", id_number=plain), kind, plain) if kind else ""


def _born(document: ShownDocument, kind: str, number: str) -> date:
    if _tells_birth(kind):
        return numbers.birth_date(number)
    if document.born is None or document.born > clock.today():
        raise rules.DOCUMENT_INCOMPLETE(missing="出生日期", missing_en="the date of birth")
    return document.born


def _tells_birth(kind: str) -> bool:
    """Whether the numbers of this kind of document contain the day of birth (GB 11643)."""
    return papers.KINDS[kind].has_check


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
    keep_birth(account, identity)


def keep_birth(item: AccountItem | RelativeItem, identity: Identity) -> None:
    """Keep the kind of document, and the day of birth where the number does not tell it."""
    item.document = identity.document
    item.born = None if _tells_birth(identity.document) else store.seal(item, "born", str(identity.born))


def birth_date(item: AccountItem | RelativeItem) -> date:
    """The day of birth of whom an account stands for, or of a relative."""
    if _tells_birth(item.document):
        return numbers.birth_date(store.unseal(item, "id_number"))
    return date.fromisoformat(store.unseal(item, "born"))
