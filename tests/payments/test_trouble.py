"""Trouble behind the API: a provider that is down, refunds that take days, people who are faster than the books."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.kernel import clock
from chalicelib.payments import store
from chalicelib.payments.service import followups
from chalicelib.platforms import fiscal, wechat_pay
from functions import sweep_payments
from scenes import paying
from scenes.world import World
from tests.payments import debts
from tests.payments.test_refunds import ask, settled, state


def test_a_provider_that_is_down_is_asked_again_later_and_not_in_a_loop(world: World) -> None:
    payer = paying.payer(world)
    order = payer.order()
    paying.wechat(world, order["id"])
    fiscal_system = world.simulators.fiscal
    fiscal_system.controls["faults"]({"fault": "http_500", "times": 40})
    for _ in range(5):
        paying.settle(world)
    left = fiscal_system._faults[0]["times"]
    assert 36 <= left < 40, "one try, and the sweep's"
    assert payer.now()["status"] == "completed", "nothing else waits for the receipt"
    fiscal_system.controls["reset_faults"]({})
    for _ in range(3):
        world.pass_time(minutes=3)
        sweep_payments.handler({})
    payer.client.renew()
    assert payer.bill()["receipt"] is True


def test_a_receipt_that_was_issued_unheard_is_voided_with_a_full_refund(world: World) -> None:
    payer = paying.payer(world)
    paying.wechat(world, payer.order()["id"])
    world.simulators.fiscal.controls["faults"]({"fault": "lost_answer"})
    world.simulators.deliver()
    world.pump()
    bill = payer.bills[0]
    assert world.simulators.fiscal.receipts[f"{bill}-1"] and not payer.bill()["receipt"]
    assert fiscal.query(f"{bill}-1") == "valid" and fiscal.query("never") == "absent"
    assert ask(world.staff("registrar"), bill, {"registration": 8000}).status == 201
    for _ in range(3):
        world.pass_time(minutes=2)
        paying.settle(world)
    assert fiscal.query(f"{bill}-1") == "voided"


def test_refunds_that_take_days_do_not_keep_others_waiting(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(followups, "WORKER", replace(followups.WORKER, swept=1))
    payers = [settled(world) for _ in range(6)]
    registrar = world.staff("registrar")
    world.simulators.wechat_pay.controls["refund_outcomes"]({"outcomes": ["PROCESSING"] * 6})
    for payer in payers:
        ask(registrar, payer.bills[0], {"registration": 1})
    world.pump()
    last = paying.payer(world)
    order = last.order()
    paying.wechat(world, order["id"], notice="lost")
    for _ in range(20):
        world.pass_time(seconds=61)
        sweep_payments.handler({})
    found = store.order(order["id"])
    assert found is not None and found.status == "paid"


def test_money_in_suspense_is_in_the_ledger_however_fast_a_treasurer_is(world: World) -> None:
    enterprise = world.enterprise()
    suspense = debts.suspense(7000)
    bill = debts.bill(enterprise, 7000)
    assigned = world.staff("treasurer.a").post(f"/v1/suspense/{suspense}/assign", {"bills": [bill]})
    assert assigned.status == 201, assigned.json
    paying.settle(world)
    entries = [entry for entry in store.entries_of(clock.today()) if suspense in (entry.reference,)]
    assert [entry.kind for entry in entries] == ["suspense"]


def test_a_refund_that_the_platform_knows_nothing_of_can_be_abandoned(world: World) -> None:
    payer, registrar = settled(world, "alipay"), world.staff("registrar")
    for _ in range(3):
        world.simulators.alipay.controls["errors"]({"code": "40003", "sub_code": "isv.not-allowed"})
    refund = ask(registrar, payer.bills[0], {"registration": 5000}).json["id"]
    world.pump()
    assert state(registrar, refund) == "sent"
    world.simulators.alipay.scripted_errors.clear()
    assert registrar.post(f"/v1/refunds/{refund}/abandon").json["status"] == "failed"
    assert ask(registrar, payer.bills[0], {"registration": 8000}).status == 201, "the money is free again"
    paying.settle(world)


def test_a_refund_that_the_platform_knows_is_not_abandoned(world: World) -> None:
    payer, registrar = settled(world), world.staff("registrar")
    world.simulators.wechat_pay.controls["refund_outcomes"]({"outcomes": ["PROCESSING"]})
    refund = ask(registrar, payer.bills[0], {"registration": 5000}).json["id"]
    world.pump()
    assert registrar.post(f"/v1/refunds/{refund}/abandon").code == "refund_wrong_state"


def test_asking_about_a_closed_order_finds_the_money_that_came_all_the_same(world: World) -> None:
    payer = paying.payer(world)
    order = payer.order()
    payer.client.post(f"/v1/payments/{order['id']}/close")
    paying.wechat(world, order["id"], force=True, notice="lost")
    refreshed = payer.client.post(f"/v1/payments/{order['id']}/refresh").json
    assert refreshed["status"] == "closed" and refreshed["unplaced"]["amount"]["amount"] == 8000


def test_an_order_given_up_while_its_creation_travelled_is_closed_there_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    payer = paying.payer(world)
    create = wechat_pay.create

    def slow(wanted: Any) -> str:
        order = store.order(wanted.no)
        assert order is not None
        payer.client.post(f"/v1/payments/{order.id}/close")
        return create(wanted)

    monkeypatch.setattr(wechat_pay, "create", slow)
    assert payer.pay().code == "payment_wrong_state"
    (trade,) = world.simulators.wechat_pay.trades.values()
    assert trade.state == "CLOSED"


def test_a_bill_above_the_limit_is_cancelled_by_a_supervisor_only(world: World) -> None:
    payer = paying.payer(world, property_kind="non_home")
    path, body = f"/v1/bills/{payer.bills[0]}/cancel", {"reason": "符合减免条件"}
    assert world.staff("registrar").post(path, body).code == "supervisor_needed"
    assert world.staff("registrar.head").post(path, body).json["status"] == "cancelled"


def test_a_drawer_that_was_not_closed_in_time_is_closed_later(world: World) -> None:
    world.pass_time(days=170)
    payer = paying.payer(world)
    body = {"bills": payer.bills, "method": "cash", "amount": 8000}
    assert world.staff("window.3").post("/v1/counter/payments", body).status == 201
    day = str(clock.today())
    world.pass_time(days=1)
    (told,) = world.staff("treasurer.a").get(f"/v1/drawers?day={day}").json["items"]
    assert told["status"] == "open"
    closed = world.staff("window.3").post("/v1/counter/drawer/close", {"cash": 8000, "card": 0, "day": day})
    assert closed.json["status"] == "closed"


def test_a_long_outage_is_over_within_minutes(world: World) -> None:
    payer = paying.payer(world)
    order = payer.order()
    paying.wechat(world, order["id"], notice="lost")
    platform = world.simulators.wechat_pay
    platform.controls["faults"]({"fault": "hang_up", "times": 1000})
    for _ in range(40):
        world.pass_time(minutes=1)
        sweep_payments.handler({})
    platform.controls["reset_faults"]({})
    for _ in range(6):
        world.pass_time(minutes=1)
        sweep_payments.handler({})
    found = store.order(order["id"])
    assert found is not None and found.status == "paid"


def test_a_refund_on_its_way_in_the_bill_moves_nothing(world: World) -> None:
    from tests.platforms.test_wechat_pay import VENDOR

    lines = (VENDOR / "wechat_pay_bill.csv").read_text(encoding="utf-8-sig").splitlines()
    on_its_way = [line.replace("`ORIGINAL,`SUCCESS", "`ORIGINAL,`PROCESSING") for line in lines]
    rows = list(wechat_pay.read_bill(on_its_way))
    assert len(rows) == 31 and all(getattr(row, "kind", "") == "payment" for row in rows)


def test_a_signature_that_is_no_text_is_a_forgery(world: World) -> None:
    for path, headers, body in (
        ("/v1/notify/wechat_pay", {"wechatpay-signature": "签"}, b"{}"),
        ("/v1/notify/alipay", {}, "sign=签&sign_type=RSA2&app_id=1".encode()),
    ):
        serial = next(iter(world.environment.settings()["WECHAT_PAY_PLATFORM_KEYS"].split("=", 1)))
        sent = {"wechatpay-serial": serial, "wechatpay-timestamp": str(clock.seconds(clock.now()))}
        answer = world.anonymous().post(path, raw=body, headers={**sent, "wechatpay-nonce": "x", **headers})
        assert answer.code == "notification_refused"
