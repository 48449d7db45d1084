"""The address book (地址簿) of a person or an enterprise."""

from __future__ import annotations

from chalicelib.catalog import service as catalog
from chalicelib.delivery import rules, store
from chalicelib.delivery.store import Address, AddressItem
from chalicelib.kernel import phones
from chalicelib.kernel.errors import FieldError, refuse_if
from chalicelib.kernel.storage import tables


def check(content: Address) -> None:
    """Raise ``address_invalid`` with what is wrong, by field."""
    problems = []
    if not phones.is_reachable(content.phone):
        problems.append(
            FieldError("/phone", "invalid", zh="请填写手机号或带区号的固定电话", en="A mobile or landline number")
        )
    if not catalog.division(content.division):
        problems.append(
            FieldError(
                "/division",
                "unknown",
                zh="没有此行政区划，请选到区县",
                en="No such division; choose down to the county",
            )
        )
    refuse_if(problems, rules.ADDRESS_INVALID, fields=problems)


def add(party: str, content: Address, address_id: str) -> AddressItem:
    """Keep an address under this id; a repeat finds it. Raises ``address_invalid`` or ``address_book_full``."""
    check(content)
    known = store.addresses(party)
    if len(known) >= rules.MOST_ADDRESSES and all(item.id != address_id for item in known):
        raise rules.ADDRESS_BOOK_FULL(most=rules.MOST_ADDRESSES)
    return _put(party, address_id, content)


def change(party: str, address_id: str, content: Address) -> AddressItem:
    """Put another address in the place of one; parcels on their way keep theirs. Raises ``address_unknown``."""
    check(content)
    if store.address(party, address_id) is None:
        raise rules.ADDRESS_UNKNOWN()
    return _put(party, address_id, content)


def _put(party: str, address_id: str, content: Address) -> AddressItem:
    item = AddressItem(f"PARTY#{party}", f"ADDRESS#{address_id}")
    item.content = store.seal(item, "content", content)
    tables.write(tables.Put(item))
    return item


def remove(party: str, address_id: str) -> None:
    """Remove an address; one that is gone already is no fault."""
    tables.write(tables.Delete(AddressItem(f"PARTY#{party}", f"ADDRESS#{address_id}", content=b"")))
