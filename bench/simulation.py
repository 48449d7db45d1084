"""``make simulation``: a city of 8 million on a release morning, on DynamoDB instead of this machine.

Arithmetic and a small simulation; the assumptions are named, the results in ``bench/results/simulation.json``.

What is simulated: people who tap at the release, one hold each and a second one when the slot was sold out;
partitions as buckets of 1,000 write and 3,000 read units a second (adaptive capacity ignored, so this is the worst
case); clients that are throttled try again after Retry-After. Units of each request are those that ``make bench``
and ``make rush`` measured.
"""

from __future__ import annotations

import heapq
import random
import sys
import tomllib
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from bench.__main__ import write_result
from infra import stack

PARTITION_WRITES, PARTITION_READS = 1000, 3000
API_REQUESTS = 10_000


@dataclass(frozen=True, kw_only=True)
class City:
    """The assumptions. 8 million people; 60 halls with four window groups; one day's places released at eight."""

    halls: int = 60
    groups: int = 4
    places_per_group: int = 150
    people: int = 400_000
    tap_seconds: float = 60.0
    popular_share: float = 0.2
    popular_halls: int = 3
    bookings_per_second: int = 500


@dataclass(frozen=True, kw_only=True)
class Units:
    """Read and write units of each step; the gate and the accounts are eventually consistent reads."""

    refused_reads: float = 3.5
    booking_reads: float = 5.5
    booking_writes: float = 4.0
    month_reads: float = 0.5
    slot_writes: float = 2.0


def morning(city: City, units: Units, seed: int = 1) -> dict[str, float | int]:
    """Everybody taps within ``tap_seconds``, spread by the booking tickets; what the busiest partition does."""
    choice = random.Random(seed)
    calendars = city.halls * city.groups
    popular = min(calendars, city.popular_halls * city.groups)
    left = [city.places_per_group] * calendars
    writes: Counter[tuple[int, int]] = Counter()
    reads: Counter[tuple[int, int]] = Counter()
    requests: Counter[int] = Counter()
    throttled = confirmed = refused = 0
    waiting = [(choice.uniform(0, city.tap_seconds), number) for number in range(city.people)]
    heapq.heapify(waiting)
    last = 0.0
    while waiting:
        at, number = heapq.heappop(waiting)
        second, calendar = int(at), _calendar(number, calendars, popular, city.popular_share)
        requests[second] += 1
        reads[calendar, second] += 1
        if reads[calendar, second] * 0.5 > PARTITION_READS or (
            left[calendar] > 0 and writes[calendar, second] + units.slot_writes > PARTITION_WRITES
        ):
            throttled += 1
            heapq.heappush(waiting, (at + 1 + choice.random(), number))
            continue
        last = max(last, at)
        if left[calendar] > 0:
            left[calendar] -= 1
            writes[calendar, second] += int(units.slot_writes)
            confirmed += 1
        else:
            refused += 1
    return {
        "places": calendars * city.places_per_group,
        "people": city.people,
        "confirmed": confirmed,
        "refused_sold_out": refused,
        "throttled_answers": throttled,
        "busiest_partition_writes_per_second": max(writes.values()),
        "busiest_partition_reads_per_second": round(max(reads.values()) * 0.5),
        "busiest_second_requests": max(requests.values()),
        "seconds_until_all_have_an_answer": round(last, 1),
    }


def _calendar(number: int, calendars: int, popular: int, share: float) -> int:
    """Which calendar a person wants: a share of all wants the few popular halls."""
    return number % popular if (number * 2654435761 % 1000) / 1000 < share else number % calendars


def limits(city: City, units: Units) -> list[dict[str, str | float]]:
    """At which rate of bookings each limit is met, the first first."""
    calendars = city.halls * city.groups
    table = [
        ("one window group's month (1,000 writes a second on one partition)", PARTITION_WRITES / units.slot_writes),
        ("all calendars together", calendars * PARTITION_WRITES / units.slot_writes),
        ("a new on-demand table without warming (4,000 writes a second)", 4000 / units.booking_writes),
        ("API Gateway's default of 10,000 requests a second, two a booking and 20 looks", API_REQUESTS / 22),
        ("Lambda's default of 1,000 at once, 60 ms a request, 22 requests a booking", 1000 / 0.060 / 22),
        ("Lambda's default of 1,000 at once, only holds and confirmations", 1000 / 0.060 / 2),
    ]
    rows: list[dict[str, str | float]] = [
        {"limit": name, "bookings_per_second": round(rate, 1)} for name, rate in sorted(table, key=lambda row: row[1])
    ]
    return rows


def cost(units: Units, bookings: float, refusals: float, looks: float) -> dict[str, float]:
    """What the database asks for so many requests, by the list prices of ``infra/prices.toml`` (their currency)."""
    price = tomllib.loads((stack.FOLDER / "prices.toml").read_text(encoding="utf-8"))["aws"]
    writes = bookings * units.booking_writes
    reads = bookings * units.booking_reads + refusals * units.refused_reads + looks * units.month_reads
    money = writes * price["write_units_million"] / 1e6 + reads * price["read_units_million"] / 1e6
    return {"write_units": writes, "read_units": reads, "cost": round(money, 2)}


def main() -> int:
    city, units = City(), Units()
    found = morning(city, units)
    calm = morning(City(tap_seconds=300), units)
    one_hall = morning(City(halls=1, groups=1, places_per_group=4000, people=30_000, tap_seconds=5), units)
    result: dict[str, Any] = {
        "assumptions": {**asdict(city), **asdict(units)},
        "release_morning": found,
        "release_morning_with_tickets_spread_over_five_minutes": calm,
        "four_thousand_places_of_one_group": one_hall,
        "limits": limits(city, units),
        "cost_of_the_morning": cost(units, found["confirmed"], found["refused_sold_out"], 3 * city.people),
        "cost_of_an_hour_at_500_a_second": cost(
            units, 3600 * city.bookings_per_second, 0, 3600 * city.bookings_per_second
        ),
    }
    write_result("simulation", result)
    for name, values in result.items():
        print(f"\n{name}")
        for row in values if isinstance(values, list) else [values]:
            print("  " + ", ".join(f"{key} {value}" for key, value in row.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
