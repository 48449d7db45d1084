"""WeChat Pay: the vendor's worked examples, round trips with the simulator, and one altered byte anywhere."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from chalicelib.kernel import clock
from chalicelib.kernel.errors import Problem
from chalicelib.platforms import payment, wechat_pay
from chalicelib.platforms.payment import BadRow, Forged, Order, Refund, Refused, Row
from chalicelib.platforms.secrets import secrets
from chalicelib.platforms.settings import settings
from local.simulators.cashier import Notification
from scenes.world import World

VENDOR = Path(__file__).parent / "vendor"
EXAMPLES: dict[str, Any] = json.loads((VENDOR / "examples.json").read_text(encoding="utf-8"))["wechat_pay"]


def secret(monkeypatch: pytest.MonkeyPatch, **changes: str) -> None:
    monkeypatch.setattr(wechat_pay, "secrets", lambda: replace(secrets(), **changes))


def trusting(monkeypatch: pytest.MonkeyPatch, **keys: str) -> None:
    monkeypatch.setattr(wechat_pay, "settings", lambda: replace(settings(), wechat_pay_platform_keys=keys))


def at(world: World, timestamp: str) -> None:
    world.set_time(clock.from_seconds(int(timestamp)))


SIGNED = [(EXAMPLES["request_signatures"]["private_key"], one) for one in EXAMPLES["request_signatures"]["examples"]]
SIGNED += [(one["private_key"], one) for one in EXAMPLES["library_signatures"]]


@pytest.mark.parametrize(("key", "example"), SIGNED)
def test_the_vendors_signatures(
    world: World, monkeypatch: pytest.MonkeyPatch, key: str, example: dict[str, str]
) -> None:
    secret(monkeypatch, wechat_pay_private_key=key)
    assert wechat_pay.sign(example["message"]) == example["signature"]


def test_the_vendors_pay_sign(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    example = EXAMPLES["pay_sign"]
    secret(monkeypatch, wechat_pay_private_key=EXAMPLES["request_signatures"]["private_key"])
    monkeypatch.setattr(wechat_pay, "settings", lambda: replace(settings(), wechat_app_id=example["app_id"]))
    monkeypatch.setattr(wechat_pay, "token_hex", lambda _: example["nonce"])
    at(world, example["timestamp"])
    given = wechat_pay.front_end(example["prepay"])
    assert given == {
        "timeStamp": example["timestamp"],
        "nonceStr": example["nonce"],
        "package": f"prepay_id={example['prepay']}",
        "signType": "RSA",
        "paySign": example["signature"],
    }


@pytest.mark.parametrize("name", ["answer", "notification"])
def test_the_vendors_answers_and_notifications_verify_only_as_they_are(
    world: World, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    example = EXAMPLES[name]
    serial = example.get("serial", "PUB_KEY_ID_1")
    trusting(monkeypatch, **{serial: example["public_key"]})
    headers = {
        "wechatpay-serial": serial,
        "wechatpay-timestamp": example["timestamp"],
        "wechatpay-nonce": example["nonce"],
        "wechatpay-signature": example["signature"],
    }
    body = example["body"].encode()
    at(world, example["timestamp"])
    wechat_pay.verify(headers, body)
    with pytest.raises(Forged):
        wechat_pay.verify(headers, body + b" ")
    world.pass_time(seconds=301)
    with pytest.raises(Forged, match="timestamp"):
        wechat_pay.verify(headers, body)


@pytest.mark.parametrize("name", ["aead", "certificate_download"])
def test_the_vendors_encrypted_resources(world: World, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    example = EXAMPLES[name]
    secret(monkeypatch, wechat_pay_api_v3_key=example["key"])
    plain = wechat_pay.decrypt(example["nonce"], example["associated_data"], example["ciphertext"]).decode()
    assert plain == example.get("plain", plain) and plain.startswith(example.get("begins", ""))


def test_the_vendors_bill_is_read_to_the_fen() -> None:
    with (VENDOR / "wechat_pay_bill.csv").open(encoding="utf-8-sig", newline="") as lines:
        rows = list(wechat_pay.read_bill(lines))
    assert len(rows) == 45 and all(isinstance(row, Row) for row in rows)
    of = {kind: [row for row in rows if isinstance(row, Row) and row.kind == kind] for kind in ("payment", "refund")}
    assert sum(row.amount for row in of["payment"]) == 47
    assert sum(row.amount for row in of["refund"]) == 14
    assert sum(row.fee for row in of["payment"]) == 8
    assert of["refund"][0].refund_no == "REF4200000263201902167700963919"


def test_a_bad_row_does_not_stop_the_bill() -> None:
    text = (VENDOR / "wechat_pay_bill.csv").read_text(encoding="utf-8-sig")
    header, first, second, *rest = text.splitlines()
    spoiled = [header, first.replace("0.01", "one fen"), "`only,`three,`cells", second, *rest]
    rows = list(wechat_pay.read_bill(spoiled))
    assert [row.line for row in rows if isinstance(row, BadRow)] == [2, 3]
    assert sum(isinstance(row, Row) for row in rows) == 44
    assert isinstance(next(wechat_pay.read_bill(["a,b,c"])), BadRow)


def order(world: World, no: str = "", **changes: Any) -> Order:
    payer = world.simulators.wechat.openid("alice")
    wanted = {"no": no or f"o{world.simulators.wechat_pay.random.getrandbits(60)}", "amount": 1250}
    wanted |= {"description": "登记费", "payer": payer, "expires_at": clock.now() + timedelta(minutes=15)}
    return Order(**{**wanted, **changes})


def test_an_order_from_creation_to_refund(world: World) -> None:
    wanted = order(world)
    prepay = wechat_pay.create(wanted)
    assert prepay.startswith("wx") and wechat_pay.create(wanted) == prepay
    assert wechat_pay.query(wanted.no).state == "unpaid"
    world.simulators.wechat_pay.controls["pay"]({"order_no": wanted.no})
    paid = wechat_pay.query(wanted.no)
    assert (paid.state, paid.amount) == ("paid", 1250) and paid.transaction_id
    with pytest.raises(Refused) as refused:
        wechat_pay.close(wanted.no)
    assert refused.value.kind == "paid"
    half = Refund(no="r1-" + wanted.no, order_no=wanted.no, amount=250, total=1250, reason="退费")
    assert wechat_pay.refund(half).state == "pending"
    assert wechat_pay.query_refund(half).state == "done"
    assert wechat_pay.refund(half).state == "done", "a repeat finds the first one"
    assert world.simulators.wechat_pay.trades[wanted.no].refunded == 250


def test_closing_works_once_and_again_and_for_what_is_not_there(world: World) -> None:
    wanted = order(world)
    wechat_pay.create(wanted)
    wechat_pay.close(wanted.no)
    wechat_pay.close(wanted.no)
    wechat_pay.close("neverheardof")
    assert wechat_pay.query(wanted.no).state == "closed"
    assert wechat_pay.query("neverheardof").state == "absent"


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_public_key_and_certificate_mode_side_by_side(world: World, share: float) -> None:
    world.simulators.wechat_pay.certificate_share = share
    try:
        assert wechat_pay.query("neverheardof").state == "absent"
    finally:
        world.simulators.wechat_pay.certificate_share = 0.0


def test_characters_that_the_platform_refuses_are_replaced(world: World) -> None:
    wanted = order(world, description="张\U00020bb7\U0001f600的登记费\n" + "长" * 200)
    wechat_pay.create(wanted)
    sent = world.simulators.wechat_pay.trades[wanted.no].wanted["description"]
    assert sent.startswith("张□□的登记费长") and len(sent) == 127


ERRORS = [
    (500, "SYSTEM_ERROR", "retry"),
    (500, "BANK_ERROR", "retry"),
    (429, "FREQUENCY_LIMITED", "retry"),
    (429, "RATELIMIT_EXCEEDED", "retry"),
    (400, "ORDER_PAID", "paid"),
    (400, "ORDER_CLOSED", "closed"),
    (403, "OUT_TRADE_NO_USED", "closed"),
    (500, "OPENID_MISMATCH", "payer"),
    (403, "RULE_LIMIT", "limit"),
    (403, "TRADE_ERROR", "limit"),
    (403, "NOT_ENOUGH", "balance"),
    (400, "PARAM_ERROR", "setup"),
    (400, "INVALID_REQUEST", "setup"),
    (400, "APPID_MCHID_NOT_MATCH", "setup"),
    (400, "MCH_NOT_EXISTS", "setup"),
    (401, "SIGN_ERROR", "setup"),
    (403, "NO_AUTH", "setup"),
    (403, "ACCOUNT_ERROR", "setup"),
    (404, "ORDER_NOT_EXIST", "absent"),
    (404, "ORDERNOTEXIST", "absent"),
    (404, "RESOURCE_NOT_EXISTS", "absent"),
    (503, "NEVER_DOCUMENTED", "retry"),
]


@pytest.mark.parametrize(("status", "code", "kind"), ERRORS)
def test_every_documented_error_has_a_meaning(world: World, status: int, code: str, kind: str) -> None:
    world.simulators.wechat_pay.controls["errors"]({"status": status, "code": code})
    with pytest.raises(Refused) as refused:
        wechat_pay.create(order(world))
    assert (refused.value.kind, refused.value.code) == (kind, code)


@pytest.mark.parametrize("fault", ["http_500", "nonsense", "hang_up", "lost_answer"])
def test_an_answer_that_is_none_is_the_platforms_trouble(world: World, fault: str) -> None:
    world.simulators.wechat_pay.controls["faults"]({"fault": fault, "times": 2})  # a question is asked twice
    with pytest.raises(Problem) as problem:
        wechat_pay.query("neverheardof")
    assert problem.value.error.code == "platform_unavailable"


def test_an_answer_that_the_platform_did_not_sign_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = dict(reversed(list(settings().wechat_pay_platform_keys.items())))
    swapped = dict(zip(keys, reversed(keys.values()), strict=True))
    trusting(monkeypatch, **swapped)
    with pytest.raises(Problem) as problem:
        wechat_pay.query("neverheardof")
    assert problem.value.error.code == "platform_unavailable"


@pytest.mark.parametrize("kind", ["signtest", "serial", "timestamp", "signature"])
def test_a_wrongly_signed_answer_is_the_platforms_trouble(world: World, kind: str) -> None:
    world.simulators.wechat_pay.controls["forged_replies"]({"kinds": [kind]})
    with pytest.raises(Problem) as problem:
        wechat_pay.query("neverheardof")
    assert problem.value.error.code == "platform_unavailable"


def notification(world: World) -> tuple[dict[str, str], bytes]:
    wanted = order(world)
    wechat_pay.create(wanted)
    simulator = world.simulators.wechat_pay
    simulator.controls["pay"]({"order_no": wanted.no, "notice": "lost"})
    return simulator.letter(Notification(due=0, place=0, trade=simulator.trades[wanted.no], refund=None))


def test_a_genuine_notification_is_read(world: World) -> None:
    headers, body = notification(world)
    notice = wechat_pay.read_notice(headers, body)
    assert notice.kind == "payment" and notice.trade is not None and notice.trade.amount == 1250


SPOILED = ["wechatpay-signature", "wechatpay-nonce", "wechatpay-serial", "wechatpay-timestamp"]


@pytest.mark.parametrize("name", SPOILED)
def test_one_altered_character_of_a_header_is_a_forgery(world: World, name: str) -> None:
    headers, body = notification(world)
    for place in (0, len(headers[name]) // 2, len(headers[name]) - 1):
        value = headers[name]
        other = "1" if value[place] != "1" else "2"
        with pytest.raises(Forged):
            wechat_pay.read_notice({**headers, name: value[:place] + other + value[place + 1 :]}, body)
    with pytest.raises(Forged):
        wechat_pay.read_notice({**headers, name: ""}, body)


def test_one_altered_byte_of_the_body_is_a_forgery(world: World) -> None:
    headers, body = notification(world)
    for place in range(0, len(body), 7):
        with pytest.raises(Forged):
            wechat_pay.read_notice(headers, body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :])


@pytest.mark.parametrize("kind", ["signtest", "serial", "timestamp", "merchant", "app", "currency"])
def test_signed_forgeries_are_refused(world: World, kind: str) -> None:
    wanted = order(world)
    wechat_pay.create(wanted)
    simulator = world.simulators.wechat_pay
    simulator.controls["pay"]({"order_no": wanted.no, "notice": "lost"})
    headers, body = simulator.letter(
        Notification(due=0, place=0, trade=simulator.trades[wanted.no], refund=None, forged=kind)
    )
    with pytest.raises(Forged):
        wechat_pay.read_notice(headers, body)


@pytest.mark.parametrize("part", ["nonce", "associated_data", "ciphertext"])
def test_a_resealed_envelope_with_an_altered_part_is_refused(
    world: World, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even if the signature held, the encryption would not."""
    headers, body = notification(world)
    monkeypatch.setattr(wechat_pay, "verify", lambda _headers, _body: None)
    envelope = json.loads(body)
    value = envelope["resource"][part]
    envelope["resource"][part] = ("A" if value[0] != "A" else "B") + value[1:]
    with pytest.raises(Forged):
        wechat_pay.read_notice(headers, json.dumps(envelope).encode())


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"null", b'{"resource": 5}', b"\xff\xfe"])
def test_nonsense_in_a_notification_is_refused(world: World, monkeypatch: pytest.MonkeyPatch, body: bytes) -> None:
    monkeypatch.setattr(wechat_pay, "verify", lambda _headers, _body: None)
    with pytest.raises(Forged):
        wechat_pay.read_notice({}, body)


def test_an_unknown_serial_costs_no_call(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from chalicelib.platforms import http

    headers, body = notification(world)
    monkeypatch.setattr(http, "call", lambda *_, **__: pytest.fail("no call may be made"))
    with pytest.raises(Forged, match="unknown serial"):
        wechat_pay.read_notice({**headers, "wechatpay-serial": "FFFF"}, body)


@pytest.mark.parametrize(("text", "fen"), [("12.5", 1250), ("0.01", 1), ("-3.00", -300), ("7", 700), ("0.10000", 10)])
def test_yuan_and_fen(text: str, fen: int) -> None:
    assert payment.to_fen(text) == fen


@pytest.mark.parametrize("text", ["", "1,000.00", "1e3", "0.001", "NaN", "１.００", "--1", "1.2.3", "∞"])
def test_what_is_no_amount_of_whole_fen(text: str) -> None:
    with pytest.raises(ValueError, match=r"amount|whole"):
        payment.to_fen(text)
