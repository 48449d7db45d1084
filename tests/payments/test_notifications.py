"""Notifications: forged ones change nothing, repeated ones cost reads, late and reordered ones are sorted out."""

from __future__ import annotations

from typing import Any

import pytest

from bench.__main__ import Units
from chalicelib.kernel import log
from chalicelib.payments import store
from local.simulators.cashier import Cashier, Notification
from scenes import paying
from scenes.paying import Payer
from scenes.world import World

WECHAT_KINDS = ("signature", "signtest", "serial", "timestamp", "merchant", "app", "amount", "less", "currency", "body")
FORGERIES = [("wechat", kind) for kind in WECHAT_KINDS]
FORGERIES += [("alipay", kind) for kind in ("signature", "sha1", "app", "seller", "amount", "less", "field")]


def opened(world: World, channel: str) -> tuple[Payer, str, Cashier]:
    payer = paying.payer(world)
    client = payer.client if channel == "wechat" else payer.on_alipay()
    platform: Cashier = world.simulators.wechat_pay if channel == "wechat" else world.simulators.alipay
    return payer, str(payer.order(client=client)["id"]), platform


def deliver(world: World, platform: Cashier, order: str, **how: Any) -> tuple[int, bytes]:
    trade = platform.trades[order]
    headers, body = platform.letter(Notification(due=0, place=0, trade=trade, refund=None, **how))
    return platform.send(trade.notify_url, headers, body)


def stored(order: str) -> dict[str, Any]:
    item = store.order(order)
    assert item is not None
    found: dict[str, Any] = item.serialize()
    return found


@pytest.mark.parametrize(("channel", "kind"), FORGERIES)
def test_a_forgery_is_refused_and_changes_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch, channel: str, kind: str
) -> None:
    _, order, platform = opened(world, channel)
    platform.controls["pay"]({"order_no": order, "notice": "lost"})
    before, counted = stored(order), list[str]()
    monkeypatch.setattr(log, "count", lambda metric, *_, **__: counted.append(metric))
    status, _ = deliver(world, platform, order, forged=kind)
    assert status == 400 and counted == ["forged_notifications"]
    assert stored(order) == before
    assert (
        store.suspense(f"{'wechat_pay' if channel == 'wechat' else 'alipay'}-{platform.trades[order].transaction_id}")
        is None
    )


@pytest.mark.parametrize(("channel", "answer"), [("wechat", b""), ("alipay", b"success")])
def test_a_notification_is_taken_in_once_and_a_storm_of_repeats_costs_reads_only(
    world: World, channel: str, answer: bytes
) -> None:
    payer, order, platform = opened(world, channel)
    platform.controls["pay"]({"order_no": order, "notice": "lost"})
    units = Units()
    try:
        assert deliver(world, platform, order) == (200, answer)
        assert 0 < units.write <= 6, units.write
        units.reset()
        for _ in range(20):
            assert deliver(world, platform, order) == (200, answer)
        assert units.write == 0 and units.read <= 20 * 2
    finally:
        units.restore()
    assert payer.payment(order)["status"] == "paid"


def test_the_amount_of_a_notification_is_not_believed_but_the_platforms_is(world: World) -> None:
    """The platform took another amount: the notification is refused, the query finds out, a person decides."""
    payer, order, platform = opened(world, "wechat")
    platform.controls["pay"]({"order_no": order, "amount": 7999})
    world.simulators.deliver()
    assert payer.payment(order)["status"] == "pending"
    world.pass_time(seconds=61)
    paying.settle(world)
    assert payer.payment(order)["status"] == "closed" and payer.bill()["status"] == "open"
    held = [item for item in world.staff("treasurer.a").get("/v1/suspense").json["items"] if item["order"] == order]
    assert [(item["reason"], item["amount"]["amount"]) for item in held] == [("wrong_amount", 7999)]
    assert platform.trades[order].refunded == 0, "a person decides"


def test_a_notification_about_an_unknown_order_is_kept_in_suspense(world: World) -> None:
    payer, order, platform = opened(world, "wechat")
    trade = platform.trades.pop(order)
    trade.no = "nosuchorder01"
    platform.trades[trade.no] = trade
    platform.controls["pay"]({"order_no": trade.no})
    world.simulators.deliver()
    held = world.staff("treasurer.a").get("/v1/suspense").json["items"]
    assert [item["reason"] for item in held if item["order"] == trade.no] == ["unknown_order"]
    assert payer.payment(order)["status"] == "pending"


def test_doubled_late_and_reordered_notifications_end_in_one_credit(world: World) -> None:
    payer, order, platform = opened(world, "alipay")
    platform.controls["pay"]({"order_no": order, "notice": "doubled"})
    paying.settle(world)
    registrar = world.staff("registrar")
    path = f"/v1/bills/{payer.bills[0]}/refunds"
    assert (
        registrar.post(path, {"parts": {"registration": 3000}, "reason": "重复收取", "certificate": "stays"}).status
        == 201
    )
    paying.settle(world)
    for _ in range(3):
        assert deliver(world, platform, order)[0] == 200, "a payment's notification after the refund's"
    assert payer.payment(order)["status"] == "partly_refunded"
    assert payer.bill()["refunded"]["amount"] == 3000


def test_a_notification_that_we_cannot_take_in_now_comes_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from chalicelib.kernel import errors
    from chalicelib.payments.service import settlement

    payer, order, platform = opened(world, "wechat")
    platform.controls["pay"]({"order_no": order})
    settle = settlement.settle
    failures = [1]

    def failing(*arguments: Any) -> str:
        if failures[0]:
            failures[0] -= 1
            raise errors.UNAVAILABLE()
        return settle(*arguments)

    monkeypatch.setattr(settlement, "settle", failing)
    world.simulators.deliver()
    assert payer.payment(order)["status"] == "pending"
    world.pass_time(seconds=16)
    world.simulators.deliver()
    assert payer.payment(order)["status"] == "paid"


def test_a_closing_notification_of_alipay_closes_the_order(world: World) -> None:
    payer, order, platform = opened(world, "alipay")
    platform.controls["close"]({"order_no": order})
    world.simulators.deliver()
    assert payer.payment(order)["status"] == "closed" and payer.bill()["status"] == "open"


@pytest.mark.parametrize(("channel", "kind"), [one for one in FORGERIES if one[1] != "app"])
def test_a_forged_refund_notification_changes_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch, channel: str, kind: str
) -> None:
    payer, order, platform = opened(world, channel)
    platform.controls["pay"]({"order_no": order})
    paying.settle(world)
    platform.controls["refund_outcomes"]({"outcomes": ["PROCESSING"]})
    asked = {"parts": {"registration": 3000}, "reason": "重复收取", "certificate": "stays"}
    refund = world.staff("registrar").post(f"/v1/bills/{payer.bills[0]}/refunds", asked).json["id"]
    world.pump()
    trade = platform.trades[order]
    platform.end_refund(trade, trade.refunds[refund], "SUCCESS")
    headers, body = platform.letter(
        Notification(due=0, place=0, trade=trade, refund=trade.refunds[refund], forged=kind)
    )
    before = stored(order)
    assert platform.send(trade.notify_url, headers, body)[0] == 400
    assert stored(order) == before
    item = store.refund(refund)
    assert item is not None and item.status == "sent"


def test_other_methods_and_empty_bodies_are_refused(world: World) -> None:
    nobody = world.anonymous()
    for path in ("/v1/notify/wechat_pay", "/v1/notify/alipay"):
        assert nobody.post(path, raw=b"").code == "notification_refused"
        assert nobody.get(path).status == 405
