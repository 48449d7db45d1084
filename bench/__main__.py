"""``make bench``: units and CPU of each request of the journey, cold and warm cost of the packages, PDF and QR.

Runs against an embedded system of its own in a temporary folder. Units are what the database reports
(transactional writes count twice); CPU is this process's, so the database's own work is not in it. Each row has what a
request takes in front, and what the functions take that it starts behind it.
"""

from __future__ import annotations

import itertools
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from bench import api, deciding, halls
from chalicelib.kernel import clock
from chalicelib.kernel.edge import rates
from local import embedded, pump, setup, simulators
from local.environment import ROOT
from local.simulators.cashier import Notification
from scenes import paying
from scenes.world import Client, Reply, World

RESULTS = ROOT / "bench" / "results"
MEASURED = ("chalicelib", "functions", "app.py", "requirements.txt")
"""What is measured: a result is as old as the newest change of it."""
REPEATS = 15
_GOLDEN = 0.6180339887498949
_handler = pump.handler


class Units:
    """Read and write units of the database calls made while it counts."""

    def __init__(self) -> None:
        from chalicelib.kernel import aws

        self._client = aws.client("dynamodb")
        self._send = self._client._make_api_call
        self.read = self.write = self.calls = 0.0
        self._client._make_api_call = self._counted

    def _counted(self, operation: str, parameters: dict[str, Any]) -> Any:
        answer = self._send(operation, {**parameters, "ReturnConsumedCapacity": "INDEXES"})
        self.calls += 1
        capacities = answer.get("ConsumedCapacity") or []
        for capacity in capacities if isinstance(capacities, list) else [capacities]:
            units = float(capacity["CapacityUnits"])
            if operation in ("GetItem", "Query"):
                self.read += units
            else:
                self.write += units
        return answer

    def restore(self) -> None:
        """Count no more."""
        self._client._make_api_call = self._send

    def reset(self) -> None:
        self.read = self.write = self.calls = 0.0


@contextmanager
def embedded_city() -> Iterator[World]:
    """A system of our own, like the tests' one."""
    from publishing import publication

    with tempfile.TemporaryDirectory() as folder, embedded.running(Path(folder)) as environment:
        publication.publish_folder(ROOT / "city")
        setup.create_staff(environment)
        world = World(environment, simulators.start(environment))
        # At ten in the morning: at night messages would wait, and their sending would not be counted.
        world.set_time(datetime.combine(clock.today(), datetime.min.time(), clock.SHANGHAI) + timedelta(hours=10))
        yield world


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What one request took in front, and what it caused behind it: the functions that streams start."""

    cpu_ms: float
    reads: float
    writes: float
    calls: float
    behind_cpu_ms: float
    behind_reads: float
    behind_writes: float
    behind_calls: float
    behind_runs: float


class Journey:
    """Measures each request of the journey over several rounds.

    CPU is that of all threads of this process: of a request that asks a platform or a register, the simulator's is in
    it. Reading the streams is Lambda's work and does not count.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.units = Units()
        self.rows: dict[str, list[Cost]] = {}
        self._behind_cpu = 0.0
        self._behind_runs = 0
        pump.handler = self._counted
        # Of a limit that counts one call in four, a quarter is counted here too, and evenly: multiples of the golden
        # ratio fall on no round of requests more often than on another. So the means are those of a long day.
        calls = itertools.count()
        rates.drawn = lambda one_in: one_in == 1 or next(calls) * _GOLDEN % 1 < 1 / one_in

    def _counted(self, name: str) -> Callable[[dict[str, Any]], Any]:
        work = _handler(name)

        def run(event: dict[str, Any]) -> Any:
            begun = time.process_time()
            answer = work(event)
            self._behind_cpu += time.process_time() - begun
            self._behind_runs += 1
            return answer

        return run

    def measure(self, name: str, call: Callable[[], Reply], expect: int = 200) -> Reply:
        self.world.pump()
        self.units.reset()
        started = time.process_time()
        answer = call()
        spent = (time.process_time() - started) * 1000
        if answer.status != expect:
            raise SystemExit(f"{name}: expected {expect}, got {answer.status} {answer.body[:300]!r}")
        front = (self.units.read, self.units.write, self.units.calls)
        self.units.reset()
        self._behind_cpu = 0.0
        self._behind_runs = 0
        self.world.pump()
        cost = Cost(
            cpu_ms=spent,
            reads=front[0],
            writes=front[1],
            calls=front[2],
            behind_cpu_ms=self._behind_cpu * 1000,
            behind_reads=self.units.read,
            behind_writes=self.units.write,
            behind_calls=self.units.calls,
            behind_runs=self._behind_runs,
        )
        self.rows.setdefault(name, []).append(cost)
        return answer

    def round(self) -> None:
        world, measure = self.world, self.measure
        code = world.simulators.wechat.controls["login_codes"]({"user": f"bench-{time.time()}"})["code"]
        measure("log in (new user)", lambda: world.anonymous().post("/v1/auth/wechat", {"code": code}))
        enterprise = world.enterprise()
        client = enterprise.client
        measure("search services", lambda: client.get("/v1/services?words=大巴包车"))
        measure("read guide", lambda: client.get("/v1/services/tour_bus_sticker"))
        body = {"service": "tour_bus_sticker"}
        draft = measure("begin application", lambda: client.post("/v1/applications", body), 201).json
        path = f"/v1/applications/{draft['id']}"
        form = {"form": {**draft["form"], **enterprise.trip()}}
        measure("save form", lambda: client.put(f"{path}/form", form))
        done = measure("submit, approve, issue", lambda: client.post(f"{path}/submit")).json
        measure("read timeline", lambda: client.get(f"{path}/timeline"))
        measure("list applications", lambda: client.get("/v1/applications"))
        measure("progress by receipt", lambda: world.anonymous().get(f"/v1/progress?receipt={done['receipt']}"))
        certificate = f"/v1/certificates/{done['certificate_id']}"
        link = measure("print", lambda: client.post(f"{certificate}/prints"), 201).json["url"]
        local = link.removeprefix(world.environment.settings()["PUBLIC_URL"])
        measure("fetch PDF", lambda: client.get(local))
        self.officer_round()
        self.hall_round(client)
        self.payment_round()
        from chalicelib.certificates import service, store

        item = store.certificate(done["certificate_id"])
        assert item is not None
        number = service.prints.signed_number(item)
        measure("scan page", lambda: world.anonymous().get(f"/b/{number}"))
        measure("scan page, forged", lambda: world.anonymous().get(f"/b/{number[:-1]}{(int(number[-1]) + 1) % 10}"))

    def officer_round(self) -> None:
        """A case that an officer decides."""
        enterprise = self.world.enterprise()
        case = enterprise.apply(route_class="inter_provincial", destination="杭州")
        officer = self.world.staff("officer.a")
        task = f"/v1/tasks/{case['id']}-review"
        self.measure("list a unit's tasks", lambda: officer.get("/v1/tasks"))
        self.measure("claim a task", lambda: officer.post(f"{task}/claim"))
        self.measure("approve, issue", lambda: officer.post(f"{task}/approve", {"opinion": "同意"}))

    def hall_round(self, enterprise: Client) -> None:
        """A booking, and who comes too late."""
        world, measure = self.world, self.measure
        sticker, hall = "tour_bus_sticker", world.hall()
        day = str(clock.today() + timedelta(1))
        path = f"/v1/halls/{hall}"
        while world.anonymous().get(f"{path}/days/{day}?services={sticker}").json["slots"] == []:
            day = str(date.fromisoformat(day) + timedelta(1))
        measure("look at a month", lambda: enterprise.get(f"{path}/days?month={day[:7]}&services={sticker}"))
        measure("look at a day", lambda: enterprise.get(f"{path}/days/{day}?services={sticker}"))
        body = {"hall": hall, "services": [sticker], "date": day, "start": "10:00"}
        held = measure("hold a place", lambda: enterprise.post("/v1/holds", body), 201).json
        measure("confirm the appointment", lambda: enterprise.post("/v1/appointments", {"hold": held["hold"]}), 201)
        for _ in range(3):
            world.enterprise().client.post("/v1/holds", body)
        late = world.enterprise().client
        measure("hold, sold out", lambda: late.post("/v1/holds", body), 409)

    def payment_round(self) -> None:
        """A fee, from the bill to the notification; what follows behind the API is not a request."""
        world, measure = self.world, self.measure
        payer = paying.payer(world)
        simulator, client = world.simulators.wechat_pay, payer.client
        measure("read a bill", lambda: client.get(f"/v1/bills/{payer.bills[0]}"))
        order = measure("open a payment", payer.pay, 201).json["id"]
        simulator.controls["pay"]({"order_no": order, "notice": "lost"})
        letter = Notification(due=0, place=0, trade=simulator.trades[order], refund=None)

        def notify() -> Reply:
            headers, body = simulator.letter(letter)
            return world.anonymous().post("/v1/notify/wechat_pay", headers=headers, raw=body)

        measure("notification of a payment", notify)
        measure("the same, repeated", notify)
        measure("how the payment stands", lambda: client.get(f"/v1/payments/{order}"))

    def summary(self) -> list[dict[str, Any]]:
        """A row for each request: medians of CPU, means of units (a limit may count one call in four)."""
        return [_row(name, costs) for name, costs in self.rows.items()]


def _row(name: str, costs: list[Cost]) -> dict[str, Any]:
    def mean(of: str) -> float:
        values: list[float] = [getattr(cost, of) for cost in costs]
        return round(statistics.mean(values), 2)

    def median(of: str) -> float:
        values: list[float] = [getattr(cost, of) for cost in costs]
        return round(statistics.median(values), 2)

    return {
        "name": name,
        "cpu_ms": median("cpu_ms"),
        "read_units": mean("reads"),
        "write_units": mean("writes"),
        "calls": mean("calls"),
        "behind_cpu_ms": median("behind_cpu_ms"),
        "behind_read_units": mean("behind_reads"),
        "behind_write_units": mean("behind_writes"),
        "behind_calls": mean("behind_calls"),
        "behind_runs": mean("behind_runs"),
    }


def drawing() -> dict[str, float]:
    """PDF and QR of the sticker, warm, and the first PDF of a process."""
    from chalicelib.catalog import service as catalog
    from chalicelib.catalog.definition import TextElement
    from chalicelib.certificates import pdf
    from chalicelib.kernel import qr

    certificate = catalog.current("tour_bus_sticker")[1].certificate
    assert certificate is not None
    layout = certificate.layout
    names = {
        name
        for element in layout.elements
        if isinstance(element, TextElement)
        for name in element.text.replace("{", "}").split("}")[1::2]
    }
    face = {"number": "x"} | dict.fromkeys(names, "苏A12345 南京")
    started = time.process_time()
    pdf.draw(layout, face, "https://q.example.gov.cn/b/", "1" * 222)
    cold = (time.process_time() - started) * 1000

    def median(work: Callable[[], object]) -> float:
        spent = []
        for _ in range(30):
            begun = time.process_time()
            work()
            spent.append((time.process_time() - begun) * 1000)
        return round(statistics.median(spent), 2)

    data = pdf.draw(layout, face, "https://q.example.gov.cn/b/", "1" * 222)
    return {
        "pdf_warm_ms": median(lambda: pdf.draw(layout, face, "https://q.example.gov.cn/b/", "1" * 222)),
        "pdf_first_ms": round(cold, 1),
        "pdf_kb": round(len(data) / 1024, 1),
        "qr_ms": median(lambda: qr.modules("https://q.example.gov.cn/b/", "1" * 222, correction="Q")),
    }


def table(rows: list[dict[str, Any]]) -> str:
    """The rows for people: in front, then behind."""
    lines = [f"{'':<32}{'in front':^30}{'behind':^30}", f"{'request':<32}{_HEADS}{_HEADS}"]
    for row in rows:
        front = f"{row['cpu_ms']:>10.2f}{row['read_units']:>10g}{row['write_units']:>10g}"
        behind = f"{row['behind_cpu_ms']:>10.2f}{row['behind_read_units']:>10g}{row['behind_write_units']:>10g}"
        lines.append(f"{row['name']:<32}{front}{behind}")
    return "\n".join(lines)


_HEADS = f"{'CPU ms':>10}{'reads':>10}{'writes':>10}"

WRITE_UNITS = {
    "confirmed booking": (("hold a place", "confirm the appointment"), 4, 9),
    "draft until the certificate": (("begin application", "save form", "submit, approve, issue"), 16, 20),
    "payment notification until the certificate": (("notification of a payment",), 3, 34),
    "print": (("print",), 3, 2),
}
"""The budgets: by which rows, at most how many write units in front and behind."""


def budget_lines(rows: list[dict[str, Any]]) -> tuple[list[str], list[str]]:
    """Each budget of write units beside what is measured; and which are not kept."""
    by_name = {row["name"]: row for row in rows}
    lines = [f"{'write units':<44}{'front':>8}{'at most':>8}{'behind':>8}{'at most':>8}"]
    missed = []
    for name, (parts, front_most, behind_most) in WRITE_UNITS.items():
        front = round(sum(by_name[part]["write_units"] for part in parts), 1)
        behind = round(sum(by_name[part]["behind_write_units"] for part in parts), 1)
        lines.append(f"{name:<44}{front:>8}{front_most:>8}{behind:>8}{behind_most:>8}")
        if front > front_most or behind > behind_most:
            missed.append(f"write units: {name}")
    return lines, missed


def main() -> int:
    with embedded_city() as world:
        journey = Journey(world)
        with Path(os.devnull).open("w", encoding="utf-8") as silence, redirect_stderr(silence):
            halls.Halls(journey).run(REPEATS)
            deciding.Deciding(journey).run(REPEATS)
        with Path(os.devnull).open("w", encoding="utf-8") as silence:
            for number in range(REPEATS):
                print(f"\rround {number + 1} of {REPEATS}", end="", flush=True)
                with redirect_stderr(silence):
                    journey.round()
        rows = journey.summary()
        print("\n" + table(rows))
        budgets, over = budget_lines(rows)
        print("\n".join(budgets))
        figures: dict[str, Any] = {"endpoints": rows, "drawing": drawing()}
        with Path(os.devnull).open("w", encoding="utf-8") as silence, redirect_stderr(silence):
            measured = api.measure(world)
    print("  ".join(f"{name} {value}" for name, value in figures["drawing"].items()))
    print(api.describe(measured))
    write_result("journey", figures)
    del figures["drawing"]
    write_result("api", {**figures, **measured})
    missed = api.missed(measured) + halls.missed(figures["endpoints"]) + over
    missed += deciding.missed(figures["endpoints"])
    if missed:
        print(f"goals that are not reached: {', '.join(missed)}")
    return 1 if missed else 0


def write_result(name: str, content: dict[str, Any], folder: Path = RESULTS) -> None:
    """Keep a result, with what it was measured on; ``tests/laws/test_benchmarks.py`` says when it is too old."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.json"
    measured = {
        "measured_at": datetime.now(UTC).date().isoformat(),
        "commit": _commit(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
    }
    path.write_text(json.dumps({**measured, **content}, indent=1) + "\n", encoding="utf-8")
    print(f"written to {path}")


def _commit() -> str:
    """The commit that is measured; with a plus if the measured files differ from it."""
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    if commit.returncode != 0:
        return "unknown"
    changed = subprocess.run(["git", "diff", "--quiet", "HEAD", "--", *MEASURED], cwd=ROOT, check=False)
    return commit.stdout.strip() + ("+" if changed.returncode else "")


if __name__ == "__main__":
    sys.exit(main())
