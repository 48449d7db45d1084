"""``make bench``: units and CPU of each request of the journey, cold and warm cost of the packages, PDF and QR.

Runs against an embedded system of its own in a temporary folder. Units are what the database reports
(transactional writes count twice); CPU is this process's, so the database's own work is not in it.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from bench import api, halls
from chalicelib.kernel import clock
from local import embedded, setup, simulators
from local.environment import ROOT
from local.simulators.cashier import Notification
from scenes import paying
from scenes.world import Client, Reply, World

RESULTS = ROOT / "bench" / "results"
REPEATS = 15


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
        yield World(environment, simulators.start(environment))


class Journey:
    """Measures each request of the journey over several rounds."""

    def __init__(self, world: World) -> None:
        self.world, self.units = world, Units()
        self.rows: dict[str, list[tuple[float, float, float, float]]] = {}

    def measure(self, name: str, call: Callable[[], Reply], expect: int = 200) -> Reply:
        self.units.reset()
        started = time.thread_time()
        answer = call()
        spent = (time.thread_time() - started) * 1000
        if answer.status != expect:
            raise SystemExit(f"{name}: expected {expect}, got {answer.status} {answer.body[:300]!r}")
        self.rows.setdefault(name, []).append((spent, self.units.read, self.units.write, self.units.calls))
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
        world.pump()
        measure("read timeline", lambda: client.get(f"{path}/timeline"))
        measure("list applications", lambda: client.get("/v1/applications"))
        measure("progress by receipt", lambda: world.anonymous().get(f"/v1/progress?receipt={done['receipt']}"))
        certificate = f"/v1/certificates/{done['certificate_id']}"
        link = measure("print", lambda: client.post(f"{certificate}/prints"), 201).json["url"]
        local = link.removeprefix(world.environment.settings()["PUBLIC_URL"])
        measure("fetch PDF", lambda: client.get(local))
        self.hall_round(client)
        self.payment_round()
        from chalicelib.certificates import service, store

        item = store.certificate(done["certificate_id"])
        assert item is not None
        number = service.prints.signed_number(item)
        measure("scan page", lambda: world.anonymous().get(f"/b/{number}"))
        measure("scan page, forged", lambda: world.anonymous().get(f"/b/{number[:-1]}{(int(number[-1]) + 1) % 10}"))

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
        return [
            {
                "name": name,
                "cpu_ms": round(statistics.median(row[0] for row in rows), 2),
                "read_units": statistics.median(row[1] for row in rows),
                "write_units": statistics.median(row[2] for row in rows),
                "calls": statistics.median(row[3] for row in rows),
            }
            for name, rows in self.rows.items()
        ]


def drawing() -> dict[str, float]:
    """PDF and QR of the sticker, warm, and the first PDF of a process."""
    from chalicelib.catalog import service as catalog
    from chalicelib.catalog.definition import TextElement
    from chalicelib.certificates import pdf
    from chalicelib.kernel import qr

    layout = catalog.current("tour_bus_sticker")[1].certificate.layout
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
    lines = [f"{'request':<32}{'CPU ms':>9}{'read units':>12}{'write units':>13}"]
    lines += [
        f"{row['name']:<32}{row['cpu_ms']:>9.2f}{row['read_units']:>12g}{row['write_units']:>13g}" for row in rows
    ]
    return "\n".join(lines)


def main() -> int:
    with embedded_city() as world:
        journey = Journey(world)
        with Path(os.devnull).open("w", encoding="utf-8") as silence, redirect_stderr(silence):
            halls.Halls(journey).run(REPEATS)
        with Path(os.devnull).open("w", encoding="utf-8") as silence:
            for number in range(REPEATS):
                print(f"\rround {number + 1} of {REPEATS}", end="", flush=True)
                with redirect_stderr(silence):
                    journey.round()
        print("\n" + table(journey.summary()))
        figures: dict[str, Any] = {
            "measured_at": datetime.now(UTC).date().isoformat(),
            "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
            "endpoints": journey.summary(),
            "drawing": drawing(),
        }
        with Path(os.devnull).open("w", encoding="utf-8") as silence, redirect_stderr(silence):
            measured = api.measure(world)
    print("  ".join(f"{name} {value}" for name, value in figures["drawing"].items()))
    print(api.describe(measured))
    write_result("journey", figures)
    del figures["drawing"]
    write_result("api", {**figures, **measured})
    missed = api.missed(measured) + halls.missed(figures["endpoints"])
    if missed:
        print(f"goals that are not reached: {', '.join(missed)}")
    return 1 if missed else 0


def write_result(name: str, content: dict[str, Any]) -> None:
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    print(f"written to {path.relative_to(ROOT)}")


if __name__ == "__main__":
    sys.exit(main())
