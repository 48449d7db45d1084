"""The part of ``make demo`` that pays: both platforms, a lost notification, a double payment, reconciliation."""

from __future__ import annotations

import json
from typing import Any

from chalicelib.kernel import clock
from demo.client import OUTPUT as FILES
from demo.client import Demo, Headers, read_qr
from local.simulators.departments import REPRESENTATIVE

_LOG = "pump.log"
HOME = {"district": "江宁区", "property_kind": "home", "extra_copies": 1, "with_plan": True}


def play(demo: Demo) -> None:
    """A home is registered three times over: paid in WeChat, paid in Alipay, and paid on both."""
    print("\nFees: one payment for several departments, and what may go wrong with it\n")
    register_contract(demo, REPRESENTATIVE[1], "home")
    wechat = demo.step("a home owner is logged in on WeChat", lambda: demo.log_in("wechat", demo.user("boss")))
    alipay = demo.step("and on Alipay, the same person", lambda: demo.log_in("alipay", demo.user("boss")))
    lost = demo.step("registers a home; approved, two bills", lambda: owe(demo, wechat))
    order = demo.step("pays both at once in WeChat; the notification is lost", lambda: pay(demo, wechat, lost, "lost"))
    paid_in_alipay(demo, alipay)
    twice = paid_on_both(demo, wechat, alipay)
    demo.step("the sweep asks WeChat Pay about the lost one", lambda: swept(demo, wechat, lost, order))
    demo.step("the receipts of the first two bills", lambda: receipts(demo, wechat, lost))
    demo.step("the money paid twice has gone back", lambda: given_back(demo, wechat, twice))
    demo.step("the platforms' bills of the day against the ledger", lambda: reconciled(demo))


def register_contract(demo: Demo, id_number: str, kind: str) -> None:
    """What the housing department knows of somebody who has bought a home."""
    demo.put_records("housing", id_number, [{"homes": 1, "under_review": False, "contract_kind": kind}])


def owe(demo: Demo, headers: Headers) -> tuple[Any, str]:
    """An approved application that waits for its money."""
    applied = demo.apply(headers, "real_estate_registration", HOME, "approved")
    bills = [demo.call("GET", f"/v1/bills/{number}", headers=headers) for number in applied["bills"]]
    told = ", ".join(f"{bill['unit']['zh']} {bill['amount']['amount'] / 100:.2f}" for bill in bills)
    return applied, told


def pay(demo: Demo, headers: Headers, applied: Any, notice: str = "", *, force: bool = False) -> tuple[Any, str]:
    """An order, paid in the platform's app."""
    order = demo.call("POST", "/v1/payments", {"bills": applied["bills"]}, headers, 201)
    in_app(demo, order, notice, force=force)
    return order, f"{order['amount']['amount'] / 100:.2f} yuan, {len(order['bills'])} bills"


def in_app(demo: Demo, order: Any, notice: str = "", *, force: bool = False) -> Any:
    port = demo.ports.wechat_pay if order["channel"] == "wechat_pay" else demo.ports.alipay
    return demo.simulate(port, "pay", {"order_no": order["id"], "notice": notice, "force": force})


def paid_in_alipay(demo: Demo, alipay: Headers) -> None:
    applied = demo.step("another home, on Alipay", lambda: owe(demo, alipay))
    demo.step("paid in Alipay", lambda: pay(demo, alipay, applied))

    def completed() -> tuple[None, str]:
        wait_for_completion(demo, alipay, applied)
        return None, "completed, certificate issued"

    demo.step("the notification arrives; the certificate follows by itself", completed)


def paid_on_both(demo: Demo, wechat: Headers, alipay: Headers) -> Any:
    """The first order is closed for the second channel, and paid in spite of that."""
    applied = demo.step("a third home", lambda: owe(demo, wechat))
    body = {"bills": applied["bills"]}
    first = demo.step(
        "an order in WeChat, left alone", lambda: (demo.call("POST", "/v1/payments", body, wechat, 201), "")
    )
    demo.step("paid in Alipay instead; the first order is closed", lambda: pay(demo, alipay, applied))
    demo.step("and WeChat takes the money all the same", lambda: (in_app(demo, first, force=True), ""))
    return first


def swept(demo: Demo, headers: Headers, applied: Any, order: Any) -> tuple[None, str]:
    """No notification ever came: within two minutes the sweep has asked by itself."""
    before = demo.call("GET", f"/v1/payments/{order['id']}", headers=headers)["status"]
    wait_for_completion(demo, headers, applied)
    return None, f"was {before}, now paid and completed"


def receipts(demo: Demo, headers: Headers, applied: Any) -> tuple[None, str]:
    names = []
    for place, number in enumerate(applied["bills"], 1):
        path = f"/v1/bills/{number}"
        demo.wait(f"the receipt of bill {number}", lambda path=path: has_receipt(demo, headers, path), _LOG)  # type: ignore[misc]
        link = demo.call("POST", f"{path}/receipt_links", headers=headers)
        name = f"receipt-{place}.pdf"
        demo.save(name, demo.fetch(link["url"]))
        read_qr(FILES / name, FILES / f"receipt-{place}.png")
        names.append(name)
    return None, ", ".join(names)


def has_receipt(demo: Demo, headers: Headers, path: str) -> bool:
    return bool(demo.call("GET", path, headers=headers)["receipt"])


def given_back(demo: Demo, headers: Headers, order: Any) -> tuple[None, str]:
    """What came in for the closed order is back with its payer."""

    def trades() -> list[Any]:
        listed = demo.simulate(demo.ports.wechat_pay, "trades", {})["trades"]
        return [trade for trade in listed if trade["order_no"] == order["id"]]

    def is_back() -> bool:
        return any(trade["refunded"] == trade["amount"] for trade in trades())

    def evidence() -> str:
        return f"WeChat Pay has of this order: {json.dumps(trades(), ensure_ascii=False)}"

    demo.wait("the refund of the second payment", is_back, _LOG, evidence)
    status = demo.call("GET", f"/v1/payments/{order['id']}", headers=headers)["status"]
    return None, f"{order['amount']['amount'] / 100:.2f} yuan; the order stays {status}"


def reconciled(demo: Demo) -> tuple[None, str]:
    """What happens at 10:40 of the next morning, now."""
    for port in (demo.ports.wechat_pay, demo.ports.alipay):
        demo.simulate(port, "bills", {"at_once": True})
    day = str(clock.today())
    results = demo.run_function("reconcile_payments", {"day": day})["results"]
    for port in (demo.ports.wechat_pay, demo.ports.alipay):
        demo.simulate(port, "bills", {"at_once": False})
    told = [f"{one['channel']} {one['matched']} of {one['rows']} rows, {one['cases']} cases" for one in results]
    return None, "; ".join(told)


def state(demo: Demo, headers: Headers, applied: Any) -> str:
    return str(demo.call("GET", f"/v1/applications/{applied['id']}", headers=headers)["status"])


def wait_for_completion(demo: Demo, headers: Headers, applied: Any) -> None:
    """The system hears of the payment, or asks the platform about it, and completes the application."""

    def is_completed() -> bool:
        return state(demo, headers, applied) == "completed"

    def evidence() -> str:
        bills = [demo.call("GET", f"/v1/bills/{number}", headers=headers) for number in applied["bills"]]
        told = ", ".join(f"bill {bill['id']} is {bill['status']}" for bill in bills)
        return f"application {applied['id']} is {state(demo, headers, applied)}; {told}"

    demo.wait("the system to hear of the payment, or to ask about it", is_completed, _LOG, evidence)
