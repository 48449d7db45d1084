"""Alipay's trades: the vendor's worked examples, round trips with the simulator, and one altered byte anywhere."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest

from chalicelib.kernel import clock
from chalicelib.kernel.errors import Problem
from chalicelib.platforms import alipay, alipay_pay
from chalicelib.platforms.payment import BadRow, Forged, Order, Refund, Refused, Row
from chalicelib.platforms.settings import settings
from local.simulators.cashier import Notification
from scenes.world import World
from tools import alipay_certificates

VENDOR = Path(__file__).parent / "vendor"
EXAMPLES: dict[str, Any] = json.loads((VENDOR / "examples.json").read_text(encoding="utf-8"))["alipay"]


def set_up(monkeypatch: pytest.MonkeyPatch, **changes: Any) -> None:
    changed = replace(settings(), **changes)
    for module in (alipay, alipay_pay):
        monkeypatch.setattr(module, "settings", lambda: changed)
    alipay._alipay_key.cache_clear()


@pytest.fixture(autouse=True)
def _fresh_key() -> Any:
    yield
    alipay._alipay_key.cache_clear()


def test_the_vendors_answer_verifies(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    example = EXAMPLES["answer"]
    set_up(monkeypatch, alipay_public_key=example["public_key"])
    assert alipay._open(example["method"], example["text"].encode())["code"] == "10000"
    with pytest.raises(Problem):
        alipay._open(example["method"], example["text"].replace("Success", "success").encode())


@pytest.mark.parametrize("example", EXAMPLES["parameters"]["examples"])
def test_the_vendors_signed_parameters_verify(
    world: World, monkeypatch: pytest.MonkeyPatch, example: dict[str, str]
) -> None:
    set_up(monkeypatch, alipay_public_key=EXAMPLES["parameters"]["public_key"])
    assert alipay.verifies(example["content"].encode(), example["signature"])
    assert not alipay.verifies(example["content"].encode() + b" ", example["signature"])


def test_the_vendors_notification_verifies_without_sign_type(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    example = EXAMPLES["notification"]
    fields = example["fields"]
    set_up(
        monkeypatch,
        alipay_public_key=example["public_key"],
        alipay_app_id=fields["app_id"],
        alipay_seller_id=fields["seller_id"],
    )
    notice = alipay_pay.read_notice(urlencode(fields).encode())
    assert (notice.kind, notice.order_no) == ("payment", fields["out_trade_no"])
    with pytest.raises(Forged):
        alipay_pay.read_notice(urlencode({**fields, "total_amount": "0.01"}).encode())


def test_the_vendors_application_message_is_no_trade_notification(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    example = EXAMPLES["application_message"]
    set_up(monkeypatch, alipay_public_key=example["public_key"])
    with pytest.raises(Forged, match="signature"):
        alipay_pay.read_notice(urlencode(example["fields"]).encode())


def test_the_numbers_of_the_vendors_certificates() -> None:
    files = EXAMPLES["certificates"]
    found = alipay_certificates.settings_of(files["app"]["pem"], files["alipay"]["pem"], files["root"]["pem"])
    assert found["alipay_app_cert_sn"] == files["app"]["number"]
    assert found["alipay_cert_sn"] == files["alipay"]["number"]
    assert found["alipay_root_cert_sn"] == files["root"]["number"]


def test_a_published_bill_is_read_to_the_fen() -> None:
    with (VENDOR / "alipay_bill.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(alipay_pay.read_bill(lines))
    assert all(isinstance(row, Row) for row in rows)
    amounts = {
        kind: [row.amount for row in rows if isinstance(row, Row) and row.kind == kind]
        for kind in ("payment", "refund")
    }
    assert (sum(amounts["payment"]), len(amounts["payment"])) == (6, 6)
    assert (sum(amounts["refund"]), len(amounts["refund"])) == (4, 4)


def test_a_bad_row_does_not_stop_the_bill() -> None:
    lines = (VENDOR / "alipay_bill.csv").read_text(encoding="utf-8").splitlines()
    rows = list(alipay_pay.read_bill([*lines[:6], "garbage,,", *lines[6:]]))
    assert [row.line for row in rows if isinstance(row, BadRow)] == [7]
    assert sum(isinstance(row, Row) for row in rows) == 10


def order(world: World, **changes: Any) -> Order:
    wanted = {"no": f"o{world.simulators.alipay.random.getrandbits(60)}", "amount": 1250, "description": "登记费"}
    wanted |= {"payer": "a" * 40, "expires_at": clock.now() + timedelta(minutes=15)}
    return Order(**{**wanted, **changes})


def test_a_trade_from_creation_to_refund(world: World) -> None:
    wanted = order(world)
    trade_no = alipay_pay.create(wanted)
    assert alipay_pay.create(wanted) == trade_no
    assert alipay_pay.front_end(trade_no) == {"tradeNO": trade_no}
    assert alipay_pay.query(wanted.no).state == "unpaid"
    world.simulators.alipay.controls["pay"]({"order_no": wanted.no})
    paid = alipay_pay.query(wanted.no)
    assert (paid.state, paid.amount, paid.transaction_id) == ("paid", 1250, trade_no)
    with pytest.raises(Refused) as refused:
        alipay_pay.close(wanted.no)
    assert refused.value.kind == "paid"
    part = Refund(no="r1", order_no=wanted.no, amount=250, total=1250, reason="退费")
    assert alipay_pay.query_refund(part).state == "absent"
    assert alipay_pay.refund(part).state == "done"
    assert alipay_pay.refund(part).state == "pending", "fund_change N: ask"
    assert alipay_pay.query_refund(part).amount == 250
    rest = Refund(no="r2", order_no=wanted.no, amount=1000, total=1250, reason="退费")
    assert alipay_pay.refund(rest).state == "done"
    assert alipay_pay.query(wanted.no).state == "paid", "fully refunded is closed there, and was paid"


def test_a_finished_trade_was_paid_and_gives_nothing_back(world: World) -> None:
    wanted = order(world)
    alipay_pay.create(wanted)
    world.simulators.alipay.controls["pay"]({"order_no": wanted.no})
    world.simulators.alipay.controls["finish"]({"order_no": wanted.no})
    assert alipay_pay.query(wanted.no).state == "paid"
    with pytest.raises(Refused) as refused:
        alipay_pay.refund(Refund(no="r1", order_no=wanted.no, amount=1, total=1250, reason="退费"))
    assert refused.value.kind == "closed"


def test_closing_works_once_and_again_and_for_what_is_not_there(world: World) -> None:
    wanted = order(world)
    alipay_pay.create(wanted)
    alipay_pay.close(wanted.no)
    alipay_pay.close(wanted.no)
    alipay_pay.close("neverheardof")
    assert alipay_pay.query(wanted.no).state == "closed"
    assert alipay_pay.query("neverheardof").state == "absent"


def test_the_subject_holds_nothing_that_alipay_refuses(world: World) -> None:
    wanted = order(world, description="登记/费=1&2\U0001f600")
    alipay_pay.create(wanted)
    assert world.simulators.alipay.trades[wanted.no].wanted["subject"] == "登记／费＝1＆2□"


ERRORS = [
    ("20000", "isp.unknow-error", "retry"),
    ("40004", "ACQ.SYSTEM_ERROR", "retry"),
    ("20000", "isp.some-new-error", "retry"),
    ("20001", "aop.invalid-auth-token", "setup"),
    ("40001", "isv.missing-signature", "setup"),
    ("40002", "isv.invalid-app-id", "setup"),
    ("40002", "isv.invalid-timestamp", "setup"),
    ("40004", "ACQ.TRADE_HAS_SUCCESS", "paid"),
    ("40004", "ACQ.TRADE_STATUS_ERROR", "paid"),
    ("40004", "ACQ.REASON_TRADE_STATUS_INVALID", "paid"),
    ("40004", "ACQ.TRADE_HAS_FINISHED", "closed"),
    ("40004", "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", "limit"),
    ("40004", "ACQ.DISCORDANT_REPEAT_REQUEST", "limit"),
    ("40004", "ACQ.TRADE_HAS_CLOSE", "closed"),
    ("40004", "ACQ.TRADE_NOT_EXIST", "absent"),
    ("40004", "ACQ.BUYER_SELLER_EQUAL", "payer"),
    ("40004", "ACQ.BUYER_BALANCE_NOT_ENOUGH", "limit"),
    ("40004", "ACQ.SELLER_BALANCE_NOT_ENOUGH", "balance"),
    ("40004", "ACQ.CONTEXT_INCONSISTENT", "setup"),
    ("40002", "isv.invalid-signature", "setup"),
    ("40006", "isv.insufficient-isv-permissions", "setup"),
]


@pytest.mark.parametrize(("code", "sub_code", "kind"), ERRORS)
def test_every_documented_error_has_a_meaning(world: World, code: str, sub_code: str, kind: str) -> None:
    world.simulators.alipay.controls["errors"]({"code": code, "sub_code": sub_code})
    with pytest.raises(Refused) as refused:
        alipay_pay.create(order(world))
    assert (refused.value.kind, refused.value.code) == (kind, sub_code)


def notification(world: World, forged: str = "") -> bytes:
    wanted = order(world)
    alipay_pay.create(wanted)
    simulator = world.simulators.alipay
    simulator.controls["pay"]({"order_no": wanted.no, "notice": "lost"})
    return simulator.letter(
        Notification(due=0, place=0, trade=simulator.trades[wanted.no], refund=None, forged=forged)
    )[1]


def test_a_genuine_notification_is_read(world: World) -> None:
    notice = alipay_pay.read_notice(notification(world))
    assert notice.kind == "payment" and notice.trade is not None and notice.trade.amount == 1250


@pytest.mark.parametrize("kind", ["signature", "sha1", "app", "seller", "field"])
def test_forgeries_are_refused(world: World, kind: str) -> None:
    with pytest.raises(Forged):
        alipay_pay.read_notice(notification(world, kind))


def test_each_altered_field_is_a_forgery(world: World) -> None:
    fields = dict(parse_qsl(notification(world).decode()))
    for name, value in fields.items():
        other = ("1" if value[0] != "1" else "2") + value[1:]
        with pytest.raises(Forged):
            alipay_pay.read_notice(urlencode({**fields, name: other}).encode())
        with pytest.raises(Forged):
            alipay_pay.read_notice(urlencode([*fields.items(), (name, value)]).encode())


@pytest.mark.parametrize("body", [b"", b"x", b"\xff", b"{}", b"sign=a&sign_type=RSA2", b"a=1" + b"&a=1" * 200])
def test_nonsense_in_a_notification_is_refused(world: World, body: bytes) -> None:
    with pytest.raises(Forged):
        alipay_pay.read_notice(body)


def test_certificate_mode_names_and_checks_the_certificates(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    set_up(monkeypatch, alipay_app_cert_sn="a" * 32, alipay_root_cert_sn="b" * 32, alipay_cert_sn="c" * 32)
    simulator = world.simulators.alipay
    monkeypatch.setattr(simulator, "certificate_number", "c" * 32)
    wanted = order(world)
    assert alipay_pay.create(wanted)
    assert alipay_pay.read_notice(notification(world)).kind == "payment"
    monkeypatch.setattr(simulator, "certificate_number", "d" * 32)
    with pytest.raises(Problem):
        alipay_pay.query(wanted.no)
    with pytest.raises(Forged, match="unknown certificate"):
        simulator.controls["pay"]({"order_no": wanted.no, "notice": "lost"})
        letter = simulator.letter(Notification(due=0, place=0, trade=simulator.trades[wanted.no], refund=None))
        alipay_pay.read_notice(letter[1])
