"""Bills, refunds, suspense and differences made directly, for tests that only need one to be there."""

from __future__ import annotations

import secrets
from datetime import date

from chalicelib.kernel import clock
from chalicelib.kernel.access import system
from chalicelib.kernel.events import changes
from chalicelib.kernel.events.changes import Event
from chalicelib.kernel.storage import tables
from chalicelib.payments import rules, service, store
from chalicelib.payments.rules import Charge
from chalicelib.payments.service import Debt, settlement
from chalicelib.platforms.payment import Trade
from scenes.world import Enterprise

RULES = system("rules")


def bill(
    enterprise: Enterprise, amount: int = 60_000, title: str = "旅游包车标贴", owed_for: str = "", issuer: str = ""
) -> str:
    """A bill of the enterprise for a fee item ``sticker``; ``owed_for``: an application, or none that exists."""
    charge = Charge(
        item="sticker",
        name_zh="标贴工本费",
        name_en="Sticker",
        unit="transport_bureau",
        item_code="103044999",
        standard=amount,
        amount=amount,
        legal_basis="测试",
    )
    debt = Debt(
        purpose="application",
        owed_for=owed_for or secrets.token_hex(13),
        receipt="K7M2-9QXA-4TB3",
        service="tour_bus_sticker",
        payer=enterprise.organization_id,
        payer_kind="organization",
        title=title,
        days=30,
        charges=[charge],
        issuer=issuer,
    )
    bills, writes = service.prepare(debt, RULES)
    tables.write(*writes)
    return bills[0]


def paid_bill(enterprise: Enterprise, amount: int = 60_000, owed_for: str = "", issuer: str = "") -> str:
    """A bill that was paid in WeChat and is booked."""
    number = bill(enterprise, amount, owed_for=owed_for, issuer=issuer)
    opened = enterprise.client.post("/v1/payments", {"bills": [number]})
    assert opened.status == 201, opened.json
    order = opened.json["id"]
    enterprise.world.simulators.wechat_pay.controls["pay"]({"order_no": order})
    enterprise.world.simulators.deliver()
    paid = store.order(order)
    assert paid is not None
    service.bookkeeping.book_order(paid)
    return number


def refund(enterprise: Enterprise) -> str:
    """A refund above the limit that waits for a second person."""
    body = {"parts": {"sticker": 55_000}, "reason": "重复收取", "certificate": "stays"}
    officer = enterprise.world.staff("officer.b")
    asked = officer.post(f"/v1/bills/{paid_bill(enterprise)}/refunds", body)
    assert asked.status == 201, asked.json
    return str(asked.json["id"])


def suspense(amount: int = 1000, order: str = "") -> str:
    """Money for an order that nobody knows."""
    trade = Trade(
        state="paid", transaction_id=f"4200{secrets.randbelow(10**20):020d}", amount=amount, paid_at=clock.now()
    )
    assert settlement.suspend("wechat_pay", order or secrets.token_hex(10), trade, "unknown_order") == "suspended"
    return f"wechat_pay-{trade.transaction_id}"


def drawer(enterprise: Enterprise) -> str:
    """A drawer whose count differs from the books."""
    clerk = enterprise.world.staff("officer.b")
    clerk.post("/v1/counter/drawer/close", {"cash": 1, "card": 0})
    return str(clerk.get("/v1/counter/drawer").json["id"])


def case() -> str:
    """A difference that waits for a person."""
    number = secrets.token_hex(8)
    item = store.CaseItem(
        f"CASE#{number}",
        day=date(2026, 11, 1),
        channel="wechat_pay",
        kind="refund_unknown",
        reference=number,
        gsi1sk=number,
    )
    found = rules.CASES.move(item, "find", "system")
    item.gsi1pk = store.case_list(item.status)
    tables.write(changes.record(item, Event(found, RULES)))
    return number
