"""What a month costs: nothing unknown is counted as nothing without saying so."""

from __future__ import annotations

import copy
import tomllib
from typing import Any

import pytest

from infra import costs, stack

ROW = {
    "cpu_ms": 2.0,
    "calls": 3.0,
    "read_units": 1.0,
    "write_units": 2.0,
    "behind_cpu_ms": 1.0,
    "behind_calls": 2.0,
    "behind_read_units": 1.0,
    "behind_write_units": 3.0,
    "behind_runs": 1.0,
}
ENDPOINTS = [{"name": name, **ROW} for name in costs.REQUESTS]


@pytest.fixture
def prices() -> dict[str, Any]:
    return tomllib.loads((stack.FOLDER / "prices.toml").read_text(encoding="utf-8"))


def test_front_and_behind_are_counted() -> None:
    of = costs.month(50_000, ENDPOINTS)
    times = sum(costs.REQUESTS.values())
    assert of.applications == 10_000
    assert of.writes == pytest.approx(10_000 * times * 5)
    assert of.reads == pytest.approx(10_000 * times * 2)
    assert of.invocations == pytest.approx(2 * of.requests)
    assert of.gb_seconds == pytest.approx(10_000 * times * (3 / costs.PROCESSOR + 5 * costs.CALL_MS) / 1000)


def test_what_has_no_price_is_named_and_not_in_the_total(prices: dict[str, Any]) -> None:
    text = costs.described(prices, ENDPOINTS)
    assert "without: fees of WeChat Pay, fees of Alipay" in text and "price unknown" in text
    priced = copy.deepcopy(prices)
    priced["payments"] |= {"wechat_pay_share": 0.002, "alipay_share": 0.002, "source": "a contract", "as_of": "2026"}
    whole = costs.described(priced, ENDPOINTS)
    assert "without" not in whole.replace("without free tier", "") and "price unknown" not in whole
    fee = costs.bill(costs.month(50_000, ENDPOINTS), priced)["fees of WeChat Pay"]
    assert fee == pytest.approx(10_000 * 0.3 * 80 * 0.7 * 0.002)


def test_without_a_rate_nothing_of_aws_has_a_price_in_yuan(prices: dict[str, Any]) -> None:
    del prices["exchange"]["yuan_per_dollar"]
    bill = costs.bill(costs.month(50_000, ENDPOINTS), prices)
    assert bill["Lambda"] is None and bill["text messages"] is not None
    assert "the same in dollars" not in costs.described(prices, ENDPOINTS)


@pytest.mark.parametrize("name", ["aws", "exchange", "text_messages", "payments"])
def test_each_price_list_says_where_it_is_from(prices: dict[str, Any], name: str) -> None:
    has_prices = any(isinstance(value, float) for value in prices[name].values())
    assert {"source", "as_of"} <= set(prices[name])
    assert bool(prices[name]["source"] and prices[name]["as_of"]) is has_prices
