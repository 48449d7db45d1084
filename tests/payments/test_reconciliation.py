"""The morning after: both platforms' bills against the ledger, cases, and the treasury's report."""

from __future__ import annotations

import csv
import io
import itertools
import zipfile
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.kernel import clock
from chalicelib.payments import double_entry, store
from functions import reconcile_payments
from local.simulators.cashier import Cashier
from scenes import paying
from scenes.world import World
from tests.payments import debts

_days = itertools.count(1)


@pytest.fixture
def day(world: World) -> str:
    """A day of the test's own, so that only its own entries stand in the ledger."""
    world.pass_time(days=200 + next(_days) * 3)
    return str(clock.today())


def platform_of(world: World, channel: str) -> Cashier:
    return world.simulators.wechat_pay if channel == "wechat_pay" else world.simulators.alipay


def morning(world: World) -> dict[str, dict[str, Any]]:
    """The reconciliation at 10:40 of the next day, by channel."""
    tomorrow = clock.today() + timedelta(days=1)
    world.set_time(datetime(tomorrow.year, tomorrow.month, tomorrow.day, 10, 40, tzinfo=clock.SHANGHAI))
    return {result["channel"]: result for result in reconcile_payments.handler({})["results"]}


def paid(world: World, channel: str, **how: Any) -> tuple[paying.Payer, str]:
    payer = paying.payer(world)
    client = payer.client if channel == "wechat_pay" else payer.on_alipay()
    order = str(payer.order(client=client)["id"])
    platform_of(world, channel).controls["pay"]({"order_no": order, **how})
    return payer, order


def cases(world: World, day: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    treasurer, cursor = world.staff("treasurer.a"), ""
    while True:
        page = treasurer.get("/v1/payment_cases" + (f"?cursor={cursor}" if cursor else "")).json
        found += page["items"]
        cursor = page.get("cursor", "")
        if not cursor:
            return [item for item in found if item["day"] == day]


@pytest.mark.parametrize("channel", ["wechat_pay", "alipay"])
def test_a_day_that_agrees(world: World, day: str, channel: str) -> None:
    """Platform and ledger agree; what one person gave back alone is a case that a treasurer has to close."""
    payer, _ = paid(world, channel)
    paying.settle(world)
    world.staff("registrar").post(
        f"/v1/bills/{payer.bills[0]}/refunds",
        {"parts": {"registration": 3000}, "reason": "多收", "certificate": "stays"},
    )
    paying.settle(world)
    result = morning(world)[channel]
    assert (result["rows"], result["matched"], result["healed"], result["cases"]) == (2, 2, 0, 1)
    (small,) = cases(world, day)
    assert (small["kind"], small["ours"]["amount"], small["detail"]) == ("refunds_by_one_person", 3000, "1")
    closed = world.staff("treasurer.a").post(f"/v1/payment_cases/{small['id']}/resolve", {"reason": "已逐笔核对"})
    assert closed.status == 200, closed.json
    assert cases(world, day) == []


@pytest.mark.parametrize("channel", ["wechat_pay", "alipay"])
def test_a_payment_that_nobody_told_us_of_is_taken_from_the_bill(world: World, day: str, channel: str) -> None:
    payer, order = paid(world, channel, notice="lost")
    result = morning(world)[channel]
    assert (result["healed"], result["cases"]) == (1, 0)
    report = world.staff("treasurer.a").get(f"/v1/treasury?from={day}&to={day}").json
    assert report["fees"] == 8000, "in the same morning's report"
    paying.settle(world)
    client = world.log_in("wechat", payer.client.user)
    assert client.get(f"/v1/payments/{order}").json["status"] == "paid"
    assert client.get(f"/v1/applications/{payer.application['id']}").json["status"] == "completed"
    again = reconcile_payments.handler({"day": day})["results"]
    assert [one["matched"] for one in again if one["channel"] == channel] == [1]


@pytest.mark.parametrize("channel", ["wechat_pay", "alipay"])
def test_what_the_platform_does_not_know_becomes_a_case_and_its_next_bill_may_resolve_it(
    world: World, day: str, channel: str
) -> None:
    _, order = paid(world, channel)
    paying.settle(world)
    platform = platform_of(world, channel)
    trade = platform.trades[order]
    assert trade.paid_at is not None
    platform.trades[order].paid_at = trade.paid_at + timedelta(days=1)
    assert morning(world)[channel]["cases"] == 1
    (case,) = cases(world, day)
    assert case["kind"] == "missing_payment" and case["ours"]["amount"] == 8000 and case["suggestion"]["zh"]
    assert morning(world)[channel]["cases"] == 0
    assert cases(world, day) == []


def test_an_amount_that_differs_is_a_case_that_a_treasurer_resolves(world: World, day: str) -> None:
    _, order = paid(world, "wechat_pay")
    paying.settle(world)
    world.simulators.wechat_pay.trades[order].paid = 8001
    assert morning(world)["wechat_pay"]["cases"] == 1
    (case,) = cases(world, day)
    assert (case["kind"], case["ours"]["amount"], case["theirs"]["amount"]) == ("payment_amount_differs", 8000, 8001)
    treasurer = world.staff("treasurer.a")
    resolved = treasurer.post(f"/v1/payment_cases/{case['id']}/resolve", {"reason": "平台已更正"})
    assert resolved.json["status"] == "resolved" and cases(world, day) == []


def test_a_refund_made_on_the_merchant_site_is_a_case(world: World, day: str) -> None:
    _, order = paid(world, "wechat_pay")
    paying.settle(world)
    world.simulators.wechat_pay.controls["refund"]({"order_no": order, "amount": 500})
    assert morning(world)["wechat_pay"]["cases"] == 1
    assert [case["kind"] for case in cases(world, day)] == ["refund_unknown"]


def test_bad_rows_are_cases_and_stop_nothing(world: World, day: str) -> None:
    paid(world, "wechat_pay")
    paid(world, "alipay")
    paying.settle(world)
    world.simulators.wechat_pay.controls["spoil_bill"]({"row": '"`garbage'})
    world.simulators.alipay.controls["spoil_bill"]({"row": '"garbage,,'})
    results = morning(world)
    assert all((result["matched"], result["cases"]) == (1, 1) for result in results.values())
    assert {case["kind"] for case in cases(world, day)} == {"unreadable_row"}


def test_a_bill_that_is_not_ready_is_no_difference(world: World, day: str) -> None:
    paid(world, "wechat_pay")
    paying.settle(world)
    results = reconcile_payments.handler({"day": day})["results"]
    assert [result["ready"] for result in results] == [False, False] and cases(world, day) == []


def test_one_platforms_trouble_does_not_keep_the_other_waiting(world: World, day: str) -> None:
    paid(world, "alipay")
    paying.settle(world)
    world.simulators.wechat_pay.controls["faults"]({"fault": "http_500", "path": "/v3/bill", "times": 5})
    with pytest.raises(Exception, match="platform_unavailable"):
        morning(world)
    assert store.day_sums(clock.today() - timedelta(days=1)) is not None


def test_a_bill_whose_hash_is_wrong_is_not_read(world: World, day: str, monkeypatch: pytest.MonkeyPatch) -> None:
    paid(world, "wechat_pay")
    paying.settle(world)
    bill = world.simulators.wechat_pay._bill
    monkeypatch.setattr(world.simulators.wechat_pay, "_bill", lambda day: {**bill(day), "hash_value": "0" * 40})
    with pytest.raises(Exception, match="platform_unavailable"):
        morning(world)


def test_the_treasurys_report_sums_to_the_ledger(world: World, day: str) -> None:
    for platform in (world.simulators.wechat_pay, world.simulators.alipay):
        platform.controls["commission"]({"basis_points": 60})
    payer, _ = paid(world, "wechat_pay")
    other, _ = paid(world, "alipay")
    enterprise = world.enterprise()
    debts.paid_bill(enterprise, 12_345)
    debts.suspense(777)
    paying.settle(world)
    for bill in (payer.bills[0], other.bills[0]):
        asked = {"parts": {"registration": 3000}, "reason": "多收", "certificate": "stays"}
        assert world.staff("registrar").post(f"/v1/bills/{bill}/refunds", asked).status == 201
    paying.settle(world)
    morning(world)
    entries = list(store.entries_of(clock.today() - timedelta(days=1)))
    assert all(double_entry.is_balanced(entry.postings) for entry in entries)
    sums = double_entry.totals(entry.postings for entry in entries)
    report = world.staff("treasurer.a").get(f"/v1/treasury?from={day}&to={day}").json
    assert report["fees"] == 8000 + 8000 + 12_345 - 6000 == sum(line["amount"] for line in report["lines"])
    assert report["fees"] == -sum(amount for account, amount in sums.items() if account.startswith("fee:"))
    assert report["suspense"] == 777 and report["commissions"] == 48 + 48 + 74 - 18 - 18
    assert sum(sums.values()) == 0 and report["missing"] == []


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_the_report_comes_as_a_file(world: World, day: str, form: str) -> None:
    paid(world, "wechat_pay")
    paying.settle(world)
    morning(world)
    treasurer = world.staff("treasurer.a")
    link = treasurer.post("/v1/treasury/links", {"from": day, "to": day, "form": form}).json["url"]
    file = world.anonymous().get(link.removeprefix(world.environment.settings()["PUBLIC_URL"]))
    assert file.status == 200
    if form == "csv":
        rows = list(csv.reader(io.StringIO(file.body.decode("utf-8-sig"))))
        assert (
            rows[1] == [day, "示例市规划和自然资源局", "103044704", "wechat_pay", "80.00"] and rows[-1][-1] == "80.00"
        )
    else:
        sheet = zipfile.ZipFile(io.BytesIO(file.body)).read("xl/worksheets/sheet1.xml").decode()
        assert "<v>80</v>" in sheet and "SUM(E2:E2)" in sheet


@pytest.mark.parametrize("span", ["from=2026-11-02&to=2026-11-01", "from=2026-01-01&to=2026-12-31"])
def test_a_span_that_is_none_or_too_long_is_refused(world: World, span: str) -> None:
    assert world.staff("treasurer.a").get(f"/v1/treasury?{span}").code == "span_too_long"
