"""Paying: one order at a time, another channel, giving up, lost notifications, money that comes too late or twice."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.kernel.errors import Problem
from functions import sweep_payments
from scenes import paying
from scenes.paying import Payer
from scenes.world import World
from tests.payments import debts


def status(payer: Payer, order: dict[str, Any]) -> str:
    return str(payer.payment(order["id"])["status"])


def test_paying_again_goes_on_with_the_same_order(world: World) -> None:
    payer = paying.payer(world)
    first, second = payer.order(), payer.order()
    assert first["id"] == second["id"]
    assert first["front_end"]["paySign"] != second["front_end"]["paySign"], "signed anew"
    assert len(world.simulators.wechat_pay.trades) == 1


def test_one_payment_settles_bills_of_several_departments_and_applications(world: World) -> None:
    first = paying.payer(world, with_plan=True)
    second = paying.payer(world, first, property_kind="non_home")
    bills = first.bills + second.bills
    order = first.order(bills=bills)
    assert order["amount"]["amount"] == 8000 + 2000 + 55000 and len(bills) == 3
    paying.wechat(world, order["id"])
    paying.settle(world)
    assert first.now()["status"] == second.now()["status"] == "completed"
    assert world.simulators.wechat_pay.trades[order["id"]].wanted["description"].endswith("等3项")


def test_changing_the_channel_ends_the_other_order_at_its_platform_first(world: World) -> None:
    payer = paying.payer(world)
    first = payer.order()
    second = payer.order(client=payer.on_alipay())
    assert second["channel"] == "alipay" and first["id"] != second["id"]
    assert world.simulators.wechat_pay.trades[first["id"]].state == "CLOSED"
    assert status(payer, first) == "closed"
    paying.alipay(world, second["id"])
    paying.settle(world)
    assert payer.now()["status"] == "completed"


def test_the_other_channel_is_refused_when_the_first_was_paid_meanwhile(world: World) -> None:
    payer = paying.payer(world)
    first = payer.order()
    paying.wechat(world, first["id"], notice="lost")
    answer = payer.pay(client=payer.on_alipay())
    assert answer.code == "bill_already_paid"
    assert status(payer, first) == "paid"


def test_paid_on_both_channels_gives_the_second_one_back(world: World) -> None:
    payer = paying.payer(world)
    first = payer.order()
    second = payer.order(client=payer.on_alipay())
    paying.alipay(world, second["id"])
    paying.wechat(world, first["id"], force=True)
    for _ in range(2):
        paying.settle(world)
        world.pass_time(minutes=2)
    assert status(payer, second) == "paid" and status(payer, first) == "closed"
    trade = world.simulators.wechat_pay.trades[first["id"]]
    assert trade.refunded == trade.paid == 8000
    assert world.simulators.alipay.trades[second["id"]].refunded == 0
    held = world.staff("treasurer.a").get("/v1/suspense").json["items"]
    assert trade.transaction_id not in [item["transaction_id"] for item in held]


def test_the_front_end_proves_nothing_and_the_query_does(world: World) -> None:
    payer = paying.payer(world)
    order = payer.order()
    refresh = f"/v1/payments/{order['id']}/refresh"
    assert payer.client.post(refresh).json["status"] == "pending"
    paying.wechat(world, order["id"], notice="lost")
    assert payer.client.post(refresh).json["status"] == "paid"


def test_asking_the_platform_has_a_budget(world: World) -> None:
    payer = paying.payer(world)
    order = payer.order()
    answers = [payer.client.post(f"/v1/payments/{order['id']}/refresh").status for _ in range(7)]
    assert answers == [200] * 6 + [429]


def test_the_sweep_heals_a_lost_notification(world: World) -> None:
    payer = paying.payer(world)
    order = payer.order()
    paying.wechat(world, order["id"], notice="lost")
    world.pass_time(seconds=61)
    paying.settle(world)
    assert payer.now()["status"] == "completed"


def test_an_unpaid_order_ends_by_itself_and_its_bill_can_be_paid_again(world: World) -> None:
    payer = paying.payer(world)
    order = payer.order()
    for _ in range(18):
        world.pass_time(minutes=1)
        sweep_payments.handler({})
    payer.client.renew()
    assert status(payer, order) == "closed" and payer.bill()["status"] == "open"
    assert world.simulators.wechat_pay.trades[order["id"]].state == "CLOSED"
    again = payer.order()
    assert again["id"] != order["id"]


@pytest.mark.parametrize("channel", ["wechat", "alipay"])
def test_money_after_the_end_of_an_order_goes_back_by_itself(world: World, channel: str) -> None:
    payer = paying.payer(world)
    client = payer.client if channel == "wechat" else payer.on_alipay()
    order = payer.order(client=client)
    for _ in range(18):
        world.pass_time(minutes=1)
        sweep_payments.handler({})
    pay, platform = (
        getattr(paying, channel),
        world.simulators.wechat_pay if channel == "wechat" else world.simulators.alipay,
    )
    pay(world, order["id"], force=True)
    for _ in range(2):
        paying.settle(world)
        world.pass_time(minutes=2)
    assert platform.trades[order["id"]].refunded == 8000
    payer.client.renew()
    assert payer.bill()["status"] == "open"


def test_giving_up_frees_the_bill(world: World) -> None:
    payer = paying.payer(world)
    order = payer.order()
    closed = payer.client.post(f"/v1/payments/{order['id']}/close")
    assert closed.json["status"] == "closed"
    assert payer.client.post(f"/v1/payments/{order['id']}/close").status == 200, "a repeat is safe"
    assert payer.bill()["status"] == "open" and payer.order()["id"] != order["id"]


def test_giving_up_what_was_paid_says_so(world: World) -> None:
    payer = paying.payer(world)
    order = payer.order()
    paying.wechat(world, order["id"], notice="lost")
    assert payer.client.post(f"/v1/payments/{order['id']}/close").code == "bill_already_paid"
    assert status(payer, order) == "paid"


def test_a_paid_bill_is_not_paid_twice(world: World) -> None:
    payer = paying.payer(world)
    paying.wechat(world, payer.order()["id"])
    world.simulators.deliver()
    assert payer.pay().code == "bill_already_paid", "before the books have followed"
    paying.settle(world)
    assert payer.pay().code == "bill_already_paid"


# What the platform answers, or does not


def test_an_answer_that_is_lost_after_the_deed_is_asked_for_again(world: World) -> None:
    payer = paying.payer(world)
    world.simulators.wechat_pay.controls["faults"]({"fault": "lost_answer"})
    assert payer.pay().code == "platform_unavailable"
    order = payer.order()
    assert list(world.simulators.wechat_pay.trades) == [order["id"]], "one number, one trade"


def test_money_that_arrives_before_we_know_that_the_platform_took_the_order(world: World) -> None:
    payer = paying.payer(world)
    world.simulators.wechat_pay.controls["faults"]({"fault": "lost_answer"})
    assert payer.pay().code == "platform_unavailable"
    (order,) = world.simulators.wechat_pay.trades
    paying.wechat(world, order)
    world.simulators.deliver()
    assert payer.payment(order)["status"] == "paid"


def test_a_repeated_request_gets_the_first_answer_and_another_body_is_refused(world: World) -> None:
    payer, other = paying.payer(world), paying.payer(world)
    key = {"idempotency-key": paying.key()}
    first, second = payer.order(headers=key), payer.order(headers=key)
    assert first == second
    assert payer.pay(bills=other.bills, headers=key).code == "idempotency_key_reused"
    assert other.pay(headers=key).status == 201, "keys are each person's own"
    assert payer.client.post("/v1/payments", {"bills": payer.bills}, headers={"idempotency-key": ""}).status == 400


REFUSALS = [
    (403, "RULE_LIMIT", "payment_refused_by_platform", 422),
    (500, "OPENID_MISMATCH", "payer_account_mismatch", 422),
    (403, "NO_AUTH", "payment_channel_out_of_order", 503),
    (400, "PARAM_ERROR", "payment_channel_out_of_order", 503),
    (429, "FREQUENCY_LIMITED", "platform_unavailable", 503),
    (500, "SYSTEM_ERROR", "platform_unavailable", 503),
    (400, "ORDER_CLOSED", "platform_unavailable", 503),
]


@pytest.mark.parametrize(("status_", "code", "told", "answered"), REFUSALS)
def test_a_refusal_says_what_to_do_and_the_bill_stays_payable(
    world: World, status_: int, code: str, told: str, answered: int
) -> None:
    payer = paying.payer(world)
    world.simulators.wechat_pay.controls["errors"]({"status": status_, "code": code})
    key = {"idempotency-key": paying.key()}
    refused = payer.pay(headers=key)
    assert (refused.code, refused.status) == (told, answered)
    assert payer.pay(headers=key).status == 201, "the same request again"


def test_a_close_that_the_platform_does_not_answer_leaves_the_order_to_the_sweep(world: World) -> None:
    payer = paying.payer(world)
    order = payer.order()
    world.simulators.wechat_pay.controls["faults"]({"fault": "hang_up"})
    assert payer.client.post(f"/v1/payments/{order['id']}/close").code == "payment_not_verified"
    assert status(payer, order) == "closing"
    world.pass_time(seconds=61)
    sweep_payments.handler({})
    assert status(payer, order) == "closed"


@pytest.mark.parametrize(("status_", "code"), [(403, "NO_AUTH"), (403, "RULE_LIMIT"), (500, "OPENID_MISMATCH")])
def test_who_has_paid_is_never_told_that_nothing_arrived(world: World, status_: int, code: str) -> None:
    payer = paying.payer(world)
    order = payer.order()
    paying.wechat(world, order["id"], notice="lost")
    world.simulators.wechat_pay.controls["errors"]({"status": status_, "code": code})
    assert payer.client.post(f"/v1/payments/{order['id']}/refresh").code == "payment_not_verified"
    world.simulators.wechat_pay.controls["errors"]({"status": status_, "code": code})
    assert payer.pay(client=payer.on_alipay()).code == "payment_not_verified", "before another channel is opened"
    assert payer.client.post(f"/v1/payments/{order['id']}/refresh").json["status"] == "paid"


def test_money_that_came_too_late_is_shown_to_its_payer_and_found_by_its_number(world: World) -> None:
    payer = paying.payer(world)
    order = payer.order()
    payer.client.post(f"/v1/payments/{order['id']}/close")
    paying.wechat(world, order["id"], force=True)
    world.simulators.deliver()
    shown = payer.payment(order["id"])
    assert shown["status"] == "closed" and shown["unplaced"]["status"] == "held"
    for _ in range(2):
        paying.settle(world)
    shown = payer.payment(order["id"])["unplaced"]
    assert (shown["status"], shown["reason"], shown["amount"]["amount"]) == ("given_back", "late", 8000)
    clerk = world.staff("window.1")
    for number in (order["id"], shown["transaction_id"]):
        (found,) = clerk.get(f"/v1/counter/payments?number={number}").json["items"]
        assert found["id"] == order["id"] and found["unplaced"]["status"] == "given_back"


def test_a_payment_is_found_by_the_number_on_the_payers_phone(world: World) -> None:
    payer = paying.payer(world)
    order = payer.order()
    paying.wechat(world, order["id"])
    paying.settle(world)
    number = world.simulators.wechat_pay.trades[order["id"]].transaction_id
    (found,) = world.staff("window.1").get(f"/v1/counter/payments?number={number}").json["items"]
    assert (found["id"], found["status"]) == (order["id"], "paid")
    assert world.staff("window.1").get("/v1/counter/payments?number=420000000000").code == "not_found"


# Bad input


@pytest.mark.parametrize("bills", [[], ["x"], ["1" * 20] * 21, "x", [1]])
def test_bills_of_a_wrong_shape_are_refused(world: World, bills: Any) -> None:
    payer = paying.payer(world)
    assert payer.client.post("/v1/payments", {"bills": bills}).code == "invalid_request"


def test_a_bill_of_somebody_else_is_not_there(world: World) -> None:
    payer, other = paying.payer(world), paying.payer(world)
    assert payer.pay(bills=other.bills).status == 404
    assert payer.pay(bills=[*payer.bills, *other.bills]).status == 404
    assert payer.client.get(f"/v1/bills/{other.bills[0]}").status == 404
    wrong = other.bills[0][:-1] + str((int(other.bills[0][-1]) + 1) % 10)
    assert payer.client.get(f"/v1/bills/{wrong}").status == 404


def test_a_bill_named_twice_is_paid_once(world: World) -> None:
    payer = paying.payer(world)
    assert payer.order(bills=payer.bills * 2)["amount"]["amount"] == 8000


def test_an_expired_bill_is_issued_anew(world: World) -> None:
    payer = paying.payer(world)
    assert payer.client.post(f"/v1/bills/{payer.bills[0]}/reissue").code == "bill_wrong_state"
    world.pass_time(days=16)
    client = world.log_in("wechat", payer.client.user)
    assert client.get(f"/v1/bills/{payer.bills[0]}").json["status"] == "expired"
    assert payer.pay(client=client).code == "bill_not_payable"
    new = client.post(f"/v1/bills/{payer.bills[0]}/reissue").json
    assert new["status"] == "open" and new["id"] != payer.bills[0]
    assert client.post(f"/v1/bills/{payer.bills[0]}/reissue").json["id"] == new["id"], "a repeat is safe"
    assert payer.pay(client=client).code == "bill_not_payable", "the old one"
    paying.wechat(world, payer.order(bills=[new["id"]], client=client)["id"])
    paying.settle(world)
    assert client.get(f"/v1/applications/{payer.application['id']}").json["status"] == "completed"


def test_a_cancelled_bill_is_not_payable_and_the_application_goes_on_without_it(world: World) -> None:
    payer = paying.payer(world)
    registrar = world.staff("registrar")
    cancelled = registrar.post(f"/v1/bills/{payer.bills[0]}/cancel", {"reason": "符合减免条件"})
    assert cancelled.json["status"] == "cancelled"
    assert payer.pay().code == "bill_not_payable"
    paying.settle(world)
    assert payer.now()["status"] == "completed"


def test_a_bill_in_payment_or_paid_cannot_be_cancelled(world: World) -> None:
    payer = paying.payer(world)
    order, registrar = payer.order(), world.staff("registrar")
    path, body = f"/v1/bills/{payer.bills[0]}/cancel", {"reason": "符合减免条件"}
    assert registrar.post(path, body).code == "other_payment_open"
    paying.wechat(world, order["id"])
    world.simulators.deliver()
    assert registrar.post(path, body).code == "bill_already_paid"


def test_withdrawing_cancels_the_bills_unless_they_are_paid(world: World) -> None:
    payer, paid = paying.payer(world), paying.payer(world)
    withdrawn = payer.client.post(f"/v1/applications/{payer.application['id']}/withdraw", {})
    assert withdrawn.json["status"] == "withdrawn" and payer.bill()["status"] == "cancelled"
    paying.wechat(world, paid.order()["id"])
    world.simulators.deliver()
    path = f"/v1/applications/{paid.application['id']}/withdraw"
    assert paid.client.post(path, {}).code == "bill_already_paid"


def test_a_character_that_the_platform_refuses_never_fails_an_order(world: World) -> None:
    enterprise = world.enterprise()
    bill = debts.bill(enterprise, title="\U00020bb7记\U0001f600标贴")
    opened = enterprise.client.post("/v1/payments", {"bills": [bill]})
    assert opened.status == 201, opened.json
    assert world.simulators.wechat_pay.trades[opened.json["id"]].wanted["description"] == "□记□标贴"


def test_more_than_the_platforms_take_is_refused(world: World) -> None:
    enterprise = world.enterprise()
    bills = [debts.bill(enterprise, 6_000_000_000) for _ in range(2)]
    assert enterprise.client.post("/v1/payments", {"bills": bills}).code == "amount_invalid"
    assert enterprise.client.post("/v1/payments", {"bills": bills[:1]}).status == 201


@pytest.mark.parametrize("amount", [0, -1, 10_000_000_001])
def test_a_bill_of_nothing_or_too_much_cannot_be_made(world: World, amount: int) -> None:
    from chalicelib.payments import rules

    with pytest.raises(Problem) as refused:
        rules.check_amount(amount)
    assert refused.value.error.code == "amount_invalid"


def test_the_amount_is_the_bills_and_nothing_that_a_client_sends(world: World) -> None:
    payer = paying.payer(world)
    answer = payer.client.post("/v1/payments", {"bills": payer.bills, "amount": 1})
    assert answer.code == "invalid_request"
