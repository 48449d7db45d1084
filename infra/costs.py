"""``make costs``: what a month costs in a town, a city and a province.

Units and CPU of each request come from the benchmark (``bench/results/api.json``), prices from
``infra/prices.toml``; what people do is assumed in ``REQUESTS``, per application that is submitted.
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
}
CHANGES = 11.0  # entries of the event log per application, logging in and printing included
CHANGE_READS, CHANGE_WRITES, CHANGE_CPU_MS = 2.0, 2.0, 2.5  # two consistent reads, one write with one index
SIGNATURES = 1.0  # a certificate; access tokens are signed in memory
STORED_KB = 24.0  # per application, its history included; shown after one year
LOG_KB = 0.6  # per request
MEMORY_GB = 1.0
PROCESSOR = 0.58  # share of a processor that Lambda gives to 1 GB
CALL_MS = 4.0  # waiting for each call of a service


@dataclass(frozen=True, kw_only=True)
class Month:
    """What a month takes."""

    requests: float
    gb_seconds: float
    invocations: float
    reads: float
    writes: float
    signatures: float
    stored_gb: float
    logs_gb: float


def month(people: int, endpoints: list[dict[str, Any]]) -> Month:
    """The usage of ``people`` inhabitants; ``endpoints`` as in ``api.json``."""
    measured = {row["name"]: row for row in endpoints}
    applications = people * APPLICATIONS_PER_PERSON
    per = [(measured[name], times) for name, times in REQUESTS.items()]
    milliseconds = sum(times * (row["cpu_ms"] / PROCESSOR + row["calls"] * CALL_MS) for row, times in per)
    milliseconds += CHANGES * (CHANGE_CPU_MS / PROCESSOR + 3 * CALL_MS)
    requests = applications * sum(REQUESTS.values())
    return Month(
        requests=requests,
        gb_seconds=applications * milliseconds / 1000 * MEMORY_GB,
        invocations=requests + applications * CHANGES / 5,
        reads=applications * (sum(times * row["read_units"] for row, times in per) + CHANGES * CHANGE_READS),
        writes=applications * (sum(times * row["write_units"] for row, times in per) + CHANGES * CHANGE_WRITES),
        signatures=applications * SIGNATURES,
        stored_gb=applications * 12 * STORED_KB / 1_000_000,
        logs_gb=requests * LOG_KB / 1_000_000,
    )


def cost(of: Month, price: dict[str, Any]) -> dict[str, float]:
    """The parts of a month's bill."""
    count = {kind: sum(one["Type"] == kind for one in stack.parts()["Resources"].values()) for kind in _COUNTED}
    return {
        "API Gateway": of.requests / 1e6 * price["api_requests_million"],
        "Lambda": of.gb_seconds * price["lambda_gb_second"] + of.invocations / 1e6 * price["lambda_requests_million"],
        "DynamoDB requests": of.writes / 1e6 * price["write_units_million"]
        + of.reads / 1e6 * price["read_units_million"],
        "DynamoDB storage": of.stored_gb * (price["storage_gb_month"] + price["recovery_gb_month"]),
        "keys and secrets": count["AWS::KMS::Key"] * price["kms_key_month"]
        + of.signatures / 1e6 * price["sign_requests_million"]
        + price["secret_month"],
        "logs, alarms, dashboard": of.logs_gb * price["log_gb"]
        + count["AWS::CloudWatch::Alarm"] * price["alarm_month"]
        + price["dashboard_month"],
        "limits of clients": price["web_acl_month"] + of.requests / 1e6 * price["web_acl_requests_million"],
        "fixed address": price["nat_gateway_month"] + of.requests * 4 / 1e6 * price["nat_gb"],
    }


_COUNTED = ("AWS::KMS::Key", "AWS::CloudWatch::Alarm")


def table() -> str:
    """A month's bill for each size, as Markdown."""
    price = tomllib.loads((stack.FOLDER / "prices.toml").read_text(encoding="utf-8"))
    results = json.loads((stack.ROOT / "bench" / "results" / "api.json").read_text(encoding="utf-8"))
    months = {name: month(people, results["endpoints"]) for name, people in SIZES.items()}
    bills = {name: cost(of, price) for name, of in months.items()}
    lines = [
        f"| a month, {price['currency']} ({price['region']}) | "
        + " | ".join(f"{name}, {people:,} people" for name, people in SIZES.items())
        + " |",
        "|---|" + "---:|" * len(SIZES),
        "| applications | " + " | ".join(f"{SIZES[name] * APPLICATIONS_PER_PERSON:,.0f}" for name in SIZES) + " |",
        "| requests | " + " | ".join(f"{of.requests:,.0f}" for of in months.values()) + " |",
    ]
    for part in bills["town"]:
        lines.append(f"| {part} | " + " | ".join(f"{bill[part]:,.2f}" for bill in bills.values()) + " |")
    lines.append("| **together** | " + " | ".join(f"**{sum(bill.values()):,.0f}**" for bill in bills.values()) + " |")
    each = (sum(bills[name].values()) / (SIZES[name] * APPLICATIONS_PER_PERSON) for name in SIZES)
    lines.append("| per application | " + " | ".join(f"{one:.5f}" for one in each) + " |")
    return "\n".join(lines)


def main() -> int:
    print(table())
    return 0


if __name__ == "__main__":
    sys.exit(main())
