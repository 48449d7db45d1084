"""What the places in the paths of payments stand for in the tests of access (tests/laws/access.py)."""

from __future__ import annotations

from chalicelib.payments import rules
from tests.laws.access import Places
from tests.payments import debts

ABSENT = {"bill_id": rules.notice_number("320100", "absent"), "order_id": "0" * 26, "refund_id": "0" * 26}


def bill_id(places: Places) -> str:
    return debts.bill(places.enterprise)


def order_id(places: Places) -> str:
    opened = places.enterprise.client.post("/v1/payments", {"bills": [places["bill_id"]]})
    assert opened.status == 201, opened.json
    return str(opened.json["id"])


def refund_id(places: Places) -> str:
    return debts.refund(places.enterprise)


def suspense_id(places: Places) -> str:
    return debts.suspense()


def drawer_id(places: Places) -> str:
    return debts.drawer(places.enterprise)


def case_id(places: Places) -> str:
    return debts.case()
