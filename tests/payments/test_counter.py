"""Payments at the window: cash, cards, the drawer and its closing."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.kernel.access import Actor
from chalicelib.kernel.errors import Problem
from chalicelib.payments import service, store
from scenes import paying
from scenes.world import Client, Reply, World

CASH = {"method": "cash", "amount": 8000}


@pytest.fixture
def clerk(world: World) -> Client:
    """A clerk on a day of their own: tests share the staff, not the days."""
    import itertools

    days = clerk.__dict__.setdefault("days", itertools.count(1))
    world.pass_time(days=100 + next(days) * 2)
    return world.staff("window.1")


def take(client: Client, bills: list[str], **changes: Any) -> Reply:
    return client.post("/v1/counter/payments", {"bills": bills, **CASH, **changes})


def test_cash_at_the_window_settles_like_any_payment(world: World, clerk: Client) -> None:
    payer = paying.payer(world)
    path = f"/v1/counter/bills/{payer.bills[0]}"
    assert clerk.get(path).code == "not_found", "another unit's, and nobody is there"
    stranger = world.real_person().post("/v1/me/proof/code").json["code"]
    assert clerk.get(f"{path}?presence={stranger}").code == "not_found"
    assert clerk.get(f"{path}?presence=00000000").code == "proof_code_invalid"
    assert world.staff("registrar").get(path).status == 200, "the bill's own unit"
    presence = payer.client.post("/v1/me/proof/code").json["code"]
    seen = clerk.get(f"{path}?presence={presence}")
    assert seen.json["amount"]["amount"] == 8000
    assert take(clerk, payer.bills).json["status"] == "paid"
    paying.settle(world)
    assert payer.now()["status"] == "completed"
    assert world.simulators.fiscal.receipts[f"{payer.bills[0]}-1"]["amount"] == 8000
    drawer = clerk.get("/v1/counter/drawer").json
    assert (drawer["cash"]["amount"], drawer["card"]["amount"], drawer["payments"]) == (8000, 0, 1)


def test_a_card_slip_pays_once(world: World, clerk: Client) -> None:
    first, second = paying.payer(world), paying.payer(world)
    card = {"method": "card", "slip": paying.key()[:12]}
    one = take(clerk, first.bills, **card)
    assert one.status == 201 and one.json["channel"] == "card"
    assert take(clerk, first.bills, **card).json["id"] == one.json["id"], "entered again"
    assert take(clerk, second.bills, **card).code == "card_slip_used"


@pytest.mark.parametrize("change", [{"amount": 7999}, {"amount": 8001}])
def test_another_amount_than_the_bills_is_refused(world: World, clerk: Client, change: dict[str, Any]) -> None:
    payer = paying.payer(world)
    assert take(clerk, payer.bills, **change).code == "amount_differs"


@pytest.mark.parametrize(
    "change", [{"method": "card"}, {"slip": "123"}, {"method": "cheque"}, {"amount": 0}, {"amount": 1.5}]
)
def test_a_payment_of_a_wrong_shape_is_refused(world: World, clerk: Client, change: dict[str, Any]) -> None:
    payer = paying.payer(world)
    assert take(clerk, payer.bills, **change).code == "invalid_request"


def test_an_order_that_is_open_in_the_mini_program_is_ended_first(world: World, clerk: Client) -> None:
    payer = paying.payer(world)
    order = payer.order()
    assert take(clerk, payer.bills).status == 201
    assert world.simulators.wechat_pay.trades[order["id"]].state == "CLOSED"


def test_what_was_paid_in_the_mini_program_is_not_taken_at_the_window(world: World, clerk: Client) -> None:
    payer = paying.payer(world)
    paying.wechat(world, payer.order()["id"], notice="lost")
    assert take(clerk, payer.bills).code == "bill_already_paid"
    assert clerk.get("/v1/counter/drawer").json["cash"]["amount"] == 0


def test_a_refund_of_cash_is_paid_out_of_the_drawer(world: World, clerk: Client) -> None:
    payer = paying.payer(world)
    registrar = world.staff("registrar")
    assert take(registrar, payer.bills).status == 201
    paying.settle(world)
    wanted = {"parts": {"registration": 3000}, "reason": "多收", "certificate": "stays"}
    asked = registrar.post(f"/v1/bills/{payer.bills[0]}/refunds", wanted)
    assert asked.json["status"] == "requested", "cash leaves by two hands, from the first fen"
    assert registrar.post(f"/v1/refunds/{asked.json['id']}/approve").code == "second_person_needed"
    assert registrar.post(f"/v1/refunds/{asked.json['id']}/pay_out").code == "refund_wrong_state"
    assert world.staff("treasurer.a").post(f"/v1/refunds/{asked.json['id']}/approve").json["status"] == "approved"
    paying.settle(world)
    assert clerk.post(f"/v1/refunds/{asked.json['id']}/pay_out").status == 404, "another unit's"
    assert registrar.post(f"/v1/refunds/{asked.json['id']}/pay_out").json["status"] == "done"
    assert registrar.post(f"/v1/refunds/{asked.json['id']}/pay_out").code == "refund_wrong_state"
    paying.settle(world)
    assert payer.bill()["status"] == "partly_refunded"
    assert registrar.get("/v1/counter/drawer").json["cash"]["amount"] == 5000


def test_after_closing_nothing_is_taken_and_a_difference_is_told(world: World, clerk: Client) -> None:
    first, second = paying.payer(world), paying.payer(world)
    take(clerk, first.bills)
    closed = clerk.post("/v1/counter/drawer/close", {"cash": 7900, "card": 0}).json
    assert (closed["status"], closed["cash"]["amount"], closed["counted_cash"]["amount"]) == ("differing", 8000, 7900)
    assert clerk.post("/v1/counter/drawer/close", {"cash": 7900, "card": 0}).status == 200, "a repeat is safe"
    assert clerk.post("/v1/counter/drawer/close", {"cash": 8000, "card": 0}).code == "drawer_closed"
    assert take(clerk, second.bills).code == "drawer_closed"
    treasurer = world.staff("treasurer.a")
    (told,) = treasurer.get(f"/v1/drawers?day={closed['day']}").json["items"]
    assert told["status"] == "differing"
    drawer = store.drawer_by_id(told["id"])
    assert drawer is not None
    same_account = Actor(kind="staff", id=drawer.clerk)
    same_person = Actor(kind="staff", id="treasurer.also", person=drawer.clerk_person)
    for own in (same_account, same_person):
        with pytest.raises(Problem) as raised:
            service.counter.resolve_drawer(own, drawer, "自己核对")
        assert raised.value.error.code == "own_matter"
    resolved = treasurer.post(f"/v1/drawers/{told['id']}/resolve", {"reason": "找零错误，已补齐"})
    assert resolved.json["status"] == "resolved"
    world.pass_time(days=1)
    assert take(world.staff("window.1"), second.bills).status == 201


def test_an_unknown_notice_number_is_not_there(world: World, clerk: Client) -> None:
    assert clerk.get("/v1/counter/bills/32010000000000000000").status == 404
    assert take(clerk, ["32010000000000000000"]).status == 404
