"""``make costs``: what a month costs in a town, a city and a province, in yuan and dollars.

Units and CPU of each request, in front and behind, come from ``bench/results/journey.json``, prices from
``infra/prices.toml``; what people do is assumed below, per application that is submitted.
"""

from __future__ import annotations

import json
import sys
import tomllib
from dataclasses import dataclass
from typing import Any

from infra import stack

SIZES = {"town": 50_000, "city": 8_000_000, "province": 80_000_000}
APPLICATIONS_PER_PERSON = 0.2  # in a month
REQUESTS = {
    "log in (new user)": 1.0,
    "search services": 4.0,
    "read guide": 2.0,
    "begin application": 1.0,
    "save form": 3.0,
    "submit, approve, issue": 1.0,
    "read timeline": 3.0,
    "list applications": 2.0,
    "progress by receipt": 1.0,
    "print": 0.5,
    "fetch PDF": 0.5,
    "scan page": 2.0,
    "open a payment": 0.3,
    "notification of a payment": 0.3,
}
SIGNATURES = 1.0  # a certificate; access tokens are signed in memory
STORED_KB = 24.0  # per application, its history included; shown after one year
LOG_KB = 0.6  # per request
MEMORY_GB = 1.0  # the API's; most functions behind it have half of that, which is not counted
PROCESSOR = 0.58  # share of a processor that Lambda gives to 1 GB
CALL_MS = 4.0  # waiting for each call of a service
OUTSIDE_KB = 4  # per request, through the fixed address to platforms and registers
TEXT_PARTS = 0.3  # sent to those whom no platform reaches, and as codes
PAYMENTS = 0.3
PAYMENT_YUAN = 80.0
WECHAT_PAY_SHARE_OF_PAYMENTS = 0.7


@dataclass(frozen=True, kw_only=True)
class Month:
    """What a month takes."""

    applications: float
    requests: float
    gb_seconds: float
    invocations: float
    reads: float
    writes: float
    signatures: float
    stored_gb: float
    logs_gb: float


def month(people: int, endpoints: list[dict[str, Any]]) -> Month:
    """The usage of ``people`` inhabitants; ``endpoints`` as in ``journey.json``."""
    measured = {row["name"]: row for row in endpoints}
    applications = people * APPLICATIONS_PER_PERSON
    milliseconds = reads = writes = runs = 0.0
    for name, times in REQUESTS.items():
        row = measured[name]
        cpu = row["cpu_ms"] + row["behind_cpu_ms"]
        calls = row["calls"] + row["behind_calls"]
        milliseconds += times * (cpu / PROCESSOR + calls * CALL_MS)
        reads += times * (row["read_units"] + row["behind_read_units"])
        writes += times * (row["write_units"] + row["behind_write_units"])
        runs += times * row["behind_runs"]
    requests = applications * sum(REQUESTS.values())
    return Month(
        applications=applications,
        requests=requests,
        gb_seconds=applications * milliseconds / 1000 * MEMORY_GB,
        invocations=requests + applications * runs,
        reads=applications * reads,
        writes=applications * writes,
        signatures=applications * SIGNATURES,
        stored_gb=applications * 12 * STORED_KB / 1_000_000,
        logs_gb=requests * LOG_KB / 1_000_000,
    )


Yuan = float | None
"""An amount; None where a price is not known."""


def bill(of: Month, prices: dict[str, Any]) -> dict[str, Yuan]:
    """The parts of a month's bill in yuan."""
    price = _Prices(prices["aws"], prices["exchange"].get("yuan_per_dollar"))
    count = {kind: sum(one["Type"] == kind for one in stack.parts()["Resources"].values()) for kind in _COUNTED}
    paid = of.applications * PAYMENTS * PAYMENT_YUAN
    return {
        "API Gateway": price.of(api_requests_million=of.requests / 1e6),
        "Lambda": price.of(lambda_gb_second=of.gb_seconds, lambda_requests_million=of.invocations / 1e6),
        "DynamoDB requests": price.of(write_units_million=of.writes / 1e6, read_units_million=of.reads / 1e6),
        "DynamoDB storage": price.of(storage_gb_month=of.stored_gb, recovery_gb_month=of.stored_gb),
        "keys and secrets": price.of(
            kms_key_month=count["AWS::KMS::Key"], sign_requests_million=of.signatures / 1e6, secret_month=1
        ),
        "logs, alarms, dashboard": price.of(
            log_gb=of.logs_gb, alarm_month=count["AWS::CloudWatch::Alarm"], dashboard_month=1
        ),
        "limits of clients": price.of(web_acl_month=1, web_acl_requests_million=of.requests / 1e6),
        "fixed address": price.of(nat_gateway_month=1, nat_gb=of.requests * OUTSIDE_KB / 1e6),
        "text messages": _times(of.applications * TEXT_PARTS, prices["text_messages"].get("part")),
        "fees of WeChat Pay": _times(paid * WECHAT_PAY_SHARE_OF_PAYMENTS, prices["payments"].get("wechat_pay_share")),
        "fees of Alipay": _times(paid * (1 - WECHAT_PAY_SHARE_OF_PAYMENTS), prices["payments"].get("alipay_share")),
    }


_COUNTED = ("AWS::KMS::Key", "AWS::CloudWatch::Alarm")


@dataclass(frozen=True)
class _Prices:
    """AWS's prices in dollars, and the rate to yuan."""

    dollars: dict[str, Any]
    rate: float | None

    def of(self, **amounts: float) -> Yuan:
        """What so much of each costs in yuan."""
        total = 0.0
        for name, amount in amounts.items():
            price = self.dollars.get(name)
            if price is None or self.rate is None:
                return None
            total += amount * price * self.rate
        return total


def _times(amount: float, price: float | None) -> Yuan:
    return None if price is None else amount * price


def table() -> str:
    """A month's bill for each size, as Markdown."""
    prices = tomllib.loads((stack.FOLDER / "prices.toml").read_text(encoding="utf-8"))
    results = json.loads((stack.ROOT / "bench" / "results" / "journey.json").read_text(encoding="utf-8"))
    return described(prices, results["endpoints"])


def described(prices: dict[str, Any], endpoints: list[dict[str, Any]]) -> str:
    months = {name: month(people, endpoints) for name, people in SIZES.items()}
    bills = {name: bill(of, prices) for name, of in months.items()}
    rate = prices["exchange"].get("yuan_per_dollar")
    aws = prices["aws"]
    heads = [f"{name}, {people:,} people" for name, people in SIZES.items()]
    lines = [
        f"| a month, yuan ({aws['region']}, {aws['as_of']}) | {' | '.join(heads)} |",
        "|---|" + "---:|" * len(SIZES),
        f"| applications | {' | '.join(f'{of.applications:,.0f}' for of in months.values())} |",
        f"| requests | {' | '.join(f'{of.requests:,.0f}' for of in months.values())} |",
    ]
    for part in bills["town"]:
        amounts = [_shown(one[part]) for one in bills.values()]
        lines.append(f"| {part} | {' | '.join(amounts)} |")
    unknown = [part for part, amount in bills["town"].items() if amount is None]
    totals = {name: sum(amount for amount in one.values() if amount is not None) for name, one in bills.items()}
    together = "together" if not unknown else f"together, without: {', '.join(unknown)}"
    lines.append(f"| **{together}** | {' | '.join(f'**{total:,.0f}**' for total in totals.values())} |")
    if rate is not None:
        lines.append(f"| the same in dollars | {' | '.join(f'{total / rate:,.0f}' for total in totals.values())} |")
    each = [totals[name] / months[name].applications * 1000 for name in SIZES]
    lines.append(f"| yuan for 1,000 applications | {' | '.join(f'{one:,.2f}' for one in each)} |")
    for name in ("aws", "exchange", "text_messages", "payments"):
        origin = prices[name].get("source") or "unknown"
        lines.append(f"\nPrices of {name}: {origin} ({prices[name].get('as_of') or 'no date'})")
    return "\n".join(lines)


def _shown(amount: Yuan) -> str:
    return "price unknown" if amount is None else f"{amount:,.2f}"


def main() -> int:
    print(table())
    return 0


if __name__ == "__main__":
    sys.exit(main())
