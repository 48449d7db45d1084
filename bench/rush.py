"""``make rush``: a release morning. 30,000 people on 4,800 places in three rounds, the whole stack on loopback.

People have logged in and fetched their booking tickets in the ten minutes before; at the release each holds a
place at once, looks for another one when the slot is sold out, and confirms. One in twenty is a program: no pause
between its steps, and always the first to ask. Nothing spreads them (``spread_seconds`` 0, which a real hall would not
choose): all come at one moment, so that the time measures the system and not the wait.
The morning is played in rounds, and after each the bare database does the same minimal calls, so that both meet the
same machine. Results: ``bench/results/rush.json`` and ``rush.svg``.
"""

from __future__ import annotations

import argparse
import heapq
import itertools
import json
import os
import random
import secrets
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError

from bench import chart
from bench.__main__ import RESULTS, Units, write_result
from chalicelib.kernel.settings import BOTOCORE, OWN
from chalicelib.kernel.wire.addresses import ServiceAddress
from chalicelib.kernel.wire.connection import Connection, HttpAnswer, Unanswered
from local import embedded, processes
from local.environment import ROOT, Environment

SERVICE = "house_purchase_certificate"
HALLS = 4
SERVERS = 2
WORKERS = 24
PROGRAMS = 0.05
SPREAD_SECONDS = 0
ROUNDS = 3
LEAST_OF_RAW = 0.7
MOST_SECONDS = 1500
TICKETS_PER_SECOND = 250


@dataclass(kw_only=True)
class Person:
    """Somebody on a release morning, and how it ended."""

    number: int
    token: str
    hall: str
    program: bool
    step: str = "ticket"
    ticket: str = ""
    start: str = ""
    hold: str = ""
    key: str = field(default_factory=lambda: secrets.token_hex(8))
    outcome: str = ""
    ended: float = 0.0
    tries: int = 0


@dataclass(kw_only=True)
class Tally:
    """What the servers answered."""

    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    attempts: int = 0


class Phones:
    """One worker's connection to the API. Python's own client would take as much of this machine as the API."""

    def __init__(self, port: int) -> None:
        self._address = ServiceAddress(is_tls=False, host="127.0.0.1", port=port, authority=f"127.0.0.1:{port}")
        self._connection: Connection | None = None

    def ask(self, method: str, path: str, headers: dict[str, str], body: Any) -> HttpAnswer:
        """The answer; raises an error of botocore's kinds, or ``OSError``."""
        if self._connection is None:
            connected = socket.create_connection((self._address.host, self._address.port), 60)
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._connection = Connection(self._address, connected)
        content = json.dumps(body).encode() if body is not None else b""
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"{method} {path} HTTP/1.1\r\nhost: {self._address.authority}\r\n{lines}"
        answer, can_be_kept = self._connection.exchange(
            f"{head}content-length: {len(content)}\r\n\r\n".encode() + content, 60.0
        )
        if not can_be_kept:
            self.hang_up()
        return answer

    def hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class Rush:
    """The people, the queue of what each does next, and the workers that do it."""

    def __init__(self, people: list[Person], ports: list[int], day: str, starts: list[str]) -> None:
        self.people, self.ports, self.day, self.starts = people, ports, day, starts
        self.tally = Tally()
        self._lock = threading.Condition()
        self._order = itertools.count()
        self._waiting: list[tuple[float, int, Person]] = []
        self._left = len(people)

    def run(self, released: float, at_release: Callable[[], None]) -> float:
        """Tickets first, then the release (epoch seconds); seconds from there until the last has an answer."""
        self.began = time.monotonic() + released - time.time()
        began = time.monotonic()
        for person in sorted(self.people, key=lambda one: (not one.program, random.random())):
            heapq.heappush(self._waiting, (began, next(self._order), person))
        threads = [
            threading.Thread(target=self._work, args=(self.ports[number % len(self.ports)],), daemon=True)
            for number in range(WORKERS)
        ]
        for thread in threads:
            thread.start()
        is_noted = False
        while self._left and time.monotonic() < self.began + MOST_SECONDS:
            if not is_noted and time.monotonic() >= self.began:
                is_noted = True
                at_release()
            done, tickets = len(self.people) - self._left, sum(bool(person.ticket) for person in self.people)
            words = f"{tickets} have a ticket, {done} of {len(self.people)} an answer"
            print(f"\r  {words:60}", end="", file=sys.stderr, flush=True)
            time.sleep(min(1.0, max(0.01, self.began - time.monotonic())) if not is_noted else 1.0)
        print(file=sys.stderr)
        with self._lock:
            self._left = 0
            self._lock.notify_all()
        for thread in threads:
            thread.join(10)
        return max((person.ended for person in self.people), default=0.0)

    def _work(self, port: int) -> None:
        phones = Phones(port)
        while (person := self._next()) is not None:
            pause = self._act(person, phones)
            with self._lock:
                if person.outcome:
                    person.ended = time.monotonic() - self.began
                    self._left -= 1
                else:
                    at = time.monotonic() + pause if pause else 0.0  # who has begun goes on before others begin
                    heapq.heappush(self._waiting, (at, next(self._order), person))
                self._lock.notify()

    def _next(self) -> Person | None:
        with self._lock:
            while self._left:
                if self._waiting and self._waiting[0][0] <= time.monotonic():
                    return heapq.heappop(self._waiting)[2]
                wait = self._waiting[0][0] - time.monotonic() if self._waiting else 0.2
                self._lock.wait(max(0.001, min(wait, 0.2)))
        return None

    def _act(self, person: Person, phones: Phones) -> float:
        """One request of a person; how many seconds they pause before the next."""
        step: Callable[[Person, Phones], float] = getattr(self, f"_{person.step}")
        try:
            return step(person, phones)
        except (OSError, BotoCoreError, Unanswered):
            phones.hang_up()
            person.tries += 1
            self.tally.codes["connection_failed"] += 1
            if person.tries > 20:
                person.outcome = "unanswered"
            return 0.5

    def _call(
        self, phones: Phones, person: Person, method: str, path: str, body: Any = None
    ) -> tuple[int, dict[str, Any], float]:
        headers = {"Authorization": f"Bearer {person.token}", "Content-Type": "application/json"}
        headers["Idempotency-Key"] = person.key
        began = time.perf_counter()
        answer = phones.ask(method, path, headers, body)
        content = json.loads(answer.body or b"{}")
        with self._lock:
            if person.step != "ticket":
                self.tally.latencies.append((time.perf_counter() - began) * 1000)
            self.tally.statuses[answer.status] += 1
            if answer.status >= 400:
                self.tally.codes[content["code"]] += 1
        return answer.status, content, float(answer.headers.get("retry-after") or 0)

    def _ticket(self, person: Person, phones: Phones) -> float:
        body = {"hall": person.hall, "services": [SERVICE], "date": self.day}
        status, answer, pause = self._call(phones, person, "POST", "/v1/booking_tickets", body)
        if status != 200:
            return self._again(person, answer, pause)
        person.ticket, person.step = answer["ticket"], "hold"
        person.start = random.choice(self.starts)
        return float(answer["wait_seconds"]) + (0 if person.program else random.uniform(0, 0.2))

    def _hold(self, person: Person, phones: Phones) -> float:
        body = {"hall": person.hall, "services": [SERVICE], "date": self.day, "start": person.start}
        with self._lock:
            self.tally.attempts += 1
        status, answer, pause = self._call(phones, person, "POST", "/v1/holds", {**body, "ticket": person.ticket})
        if status == 201:
            person.hold, person.step = answer["hold"], "confirm"
            return 0.0
        if answer["code"] == "slot_full":
            person.step = "look"
            return 0.0
        return self._again(person, answer, pause)

    def _look(self, person: Person, phones: Phones) -> float:
        path = f"/v1/halls/{person.hall}/days/{self.day}?services={SERVICE}"
        status, answer, pause = self._call(phones, person, "GET", path)
        if status != 200:
            return self._again(person, answer, pause)
        free = [slot["start"] for slot in answer["slots"] if slot["state"] == "open"]
        if not free:
            person.outcome = "sold_out"
            return 0.0
        person.start, person.step, person.key = random.choice(free), "hold", secrets.token_hex(8)
        return 0.0

    def _confirm(self, person: Person, phones: Phones) -> float:
        status, answer, pause = self._call(phones, person, "POST", "/v1/appointments", {"hold": person.hold})
        if status == 201:
            person.outcome = "confirmed"
            return 0.0
        return self._again(person, answer, pause)

    def _again(self, person: Person, answer: dict[str, Any], pause: float) -> float:
        """An answer that says to try again; anything else ends in ``refused``."""
        if answer["code"] not in ("slot_busy", "booking_ticket_early", "temporarily_unavailable", "too_many_requests"):
            person.outcome = f"refused: {answer['code']}"
        return max(pause, 0.2)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench.rush")
    parser.add_argument("--people", type=int, default=30_000)
    parser.add_argument("--places", type=int, default=4_800)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--out", type=Path, default=RESULTS)
    given = parser.parse_args(arguments)
    result, people = measure(given.people // given.rounds, given.places // given.rounds, given.rounds)
    given.out.mkdir(parents=True, exist_ok=True)
    write_result("rush", result, given.out)
    (given.out / "rush.svg").write_text(chart.rush(result, people), encoding="utf-8")
    for name, value in result.items():
        print(f"{name:28} {value}")
    is_whole = result["confirmed"] == result["places"] and result["errors_5xx"] == result["unanswered"] == 0
    if not is_whole or result["oversold"] or result["confirmed_and_not_kept"]:
        print("a place was lost or sold twice, or somebody got no answer")
        return 1
    is_small = given.people < 3000
    if result["ratio_to_raw"] < LEAST_OF_RAW and not is_small:
        print(f"goal that is not reached: {LEAST_OF_RAW} of the bare database")
        return 1
    return 0


@dataclass(kw_only=True)
class Round:
    """One morning, and the same calls on the bare database after that; seconds of wall clock and of CPU.

    ``raw``: by botocore, as a bare function makes them; ``own``: on our wire, printed beside it without a goal.
    """

    rush: Rush
    seconds: float
    cpu: float
    raw_seconds: float
    raw_cpu: float
    own_seconds: float
    own_cpu: float
    sold: int
    kept: int


def measure(count: int, places: int, rounds: int) -> tuple[dict[str, Any], list[Person]]:
    """``rounds`` mornings of ``count`` people on ``places`` places each."""
    with tempfile.TemporaryDirectory() as folder, embedded.running(Path(folder)) as environment:
        day, starts, halls = publish_halls(places, time.time() - 60, 0)
        units = units_of_a_booking(halls[0], day, starts[0], make_people(1, halls, 0))
        done = []
        for number in range(1, rounds + 1):
            print(f"round {number} of {rounds}", file=sys.stderr)
            done.append(play(environment, number, count, places))
        return summary(done, units, places * rounds), [person for one in done for person in one.rush.people]


def play(environment: Environment, number: int, count: int, places: int) -> Round:
    """A morning in halls of its own, then the same calls on the bare database."""
    _, _, halls = publish_halls(places, time.time() - 60, number)
    people = make_people(count, halls, number * count)
    with api_servers(environment) as (ports, processes_of_the_api):
        # On a whole minute, after all have had time to fetch their tickets.
        released = (time.time() + 20 + count / TICKETS_PER_SECOND) // 60 * 60 + 60
        day, starts, halls = publish_halls(places, released, number)
        time.sleep(6)  # the servers look for a new publication every five seconds
        rush = Rush(people, ports, day, starts)
        before = 0.0

        def note_cpu() -> None:
            nonlocal before
            before = sum(map(cpu_seconds, processes_of_the_api))

        seconds = rush.run(released, note_cpu)
        cpu = sum(map(cpu_seconds, processes_of_the_api)) - before
    sold, kept = count_seats(halls, day)
    winners = sum(person.outcome == "confirmed" for person in people)
    raw, raw_cpu = raw_seconds(environment, winners, rush.tally.attempts, BOTOCORE)
    own, own_cpu = raw_seconds(environment, winners, rush.tally.attempts, OWN)
    return Round(
        rush=rush,
        seconds=seconds,
        cpu=cpu,
        raw_seconds=raw,
        raw_cpu=raw_cpu,
        own_seconds=own,
        own_cpu=own_cpu,
        sold=sold,
        kept=kept,
    )


def cpu_seconds(pid: int) -> float:
    """How much CPU a process has taken so far (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def publish_halls(places: int, released_at: float, number: int) -> tuple[str, list[str], list[str]]:
    """The halls of a round, whose one day has ``places`` places together, released at a moment (a whole minute).

    Gives the day, its slots, and the halls.
    """
    import msgspec

    from chalicelib.catalog import service as catalog
    from chalicelib.catalog.definition import Hall
    from chalicelib.kernel import clock
    from publishing import city_folder

    read = city_folder.read_folder(ROOT / "city")
    per_slot = max(1, min(25, places // HALLS // 4))
    slots, rest = divmod(places, HALLS * per_slot)
    if rest or slots > 40:
        raise SystemExit(f"{places} places cannot be shared out evenly: choose a multiple of {HALLS * per_slot}")
    starts = [f"{8 + number * 12 // 60:02d}:{number * 12 % 60:02d}" for number in range(slots)]
    closes = f"{8 + slots * 12 // 60:02d}:{slots * 12 % 60:02d}"
    plain = msgspec.to_builtins(next(hall for hall in read.halls if hall.code == "xuanwu_hall"))
    released = clock.from_seconds(int(released_at))
    day = released.date() + timedelta(7)
    group = {**plain["groups"][0], "slot_minutes": 12, "place_minutes": 12, "capacity": {"online": per_slot}}
    group["services"] = [{"code": SERVICE, "minutes": 12}]
    plain |= {"groups": [group], "windows": [{"code": "1", "name": plain["name"], "groups": [group["code"]]}]}
    plain["exceptions"] = [{"date": str(day), "hours": [{"opens": "08:00", "closes": closes}], "note": plain["name"]}]
    plain["booking"] |= {
        "release_time": f"{released:%H:%M}",
        "ticket_required": True,
        "spread_seconds": SPREAD_SECONDS,
        "hold_seconds": 600,
    }
    codes = [f"rush_hall_{number}_{place}" for place in range(HALLS)]
    halls = [msgspec.convert({**plain, "code": code}, Hall) for code in codes]
    catalog.publish(read.city, read.services, halls)
    return str(day), starts, codes


def make_people(count: int, halls: list[str], first: int) -> list[Person]:
    """People who are logged in and proven, written straight into the database; ``first`` is the first one's number."""
    from chalicelib.identity import store
    from chalicelib.kernel import aws, ids
    from chalicelib.kernel.edge import tokens
    from chalicelib.kernel.security import vault

    names = itertools.cycle(["赵", "钱", "孙", "李", "周", "吴", "郑", "王"])
    client = aws.session().create_client("dynamodb", config=aws.CONFIG)
    table = f"{os.environ['TABLE_PREFIX']}identity"
    items = []
    for number in range(first, first + count):
        id_number = f"3201021980{number % 12 + 1:02d}{number % 28 + 1:02d}{number % 1000:03d}X"
        item = store.AccountItem(f"ACCOUNT#{ids.new_id()}", level=4, platforms=["wechat"])
        item.name, item.id_number = (
            store.seal(item, "name", next(names) + "某"),
            store.seal(item, "id_number", id_number),
        )
        item.id_index = vault.blind_index("id_number", f"{id_number}{number}")
        items.append(item)
    for begin in range(0, count, 25):
        batch = [{"PutRequest": {"Item": item.serialize()}} for item in items[begin : begin + 25]]
        client.batch_write_item(RequestItems={table: batch})
    with ThreadPoolExecutor(8) as pool:
        texts = pool.map(
            lambda item: tokens.issue(item.id, sid=ids.new_id(), kind="person", ver=1, platform="wechat"), items
        )
    programs = round(count * PROGRAMS)
    return [
        Person(number=number, token=token, hall=halls[number % len(halls)], program=number < programs)
        for number, token in enumerate(texts)
    ]


def units_of_a_booking(hall: str, day: str, start: str, people: list[Person]) -> dict[str, float]:
    """Read and write units of one booking, from hold to appointment; it is given back."""
    from app import app
    from local.gateway import Gateway

    units, gateway = Units(), Gateway(app, app.routes)
    counted: dict[str, float] = {}
    headers = {
        "authorization": f"Bearer {people[-1].token}",
        "content-type": "application/json",
        "idempotency-key": "units-of-a-booking",
    }

    def post(path: str, body: Any) -> Any:
        answer = gateway.handle("POST", path, headers, json.dumps(body).encode(), "127.0.0.1")
        content = json.loads(answer.body)
        if answer.status >= 300:
            raise SystemExit(f"{path}: {content}")
        return content

    def book(body: dict[str, Any]) -> str:
        ticket = post("/v1/booking_tickets", {"hall": hall, "services": [SERVICE], "date": day})
        time.sleep(float(ticket["wait_seconds"]))
        units.reset()
        held = post("/v1/holds", {**body, "ticket": ticket["ticket"]})
        return str(post("/v1/appointments", {"hold": held["hold"]})["id"])

    booked = book({"hall": hall, "services": [SERVICE], "date": day, "start": start})
    counted["write"], counted["read"] = units.write, units.read
    units.restore()
    give_back(booked)
    return counted


def give_back(appointment: str) -> None:
    """The counted booking's place is free again before the rush begins."""
    from chalicelib.appointments import store
    from chalicelib.appointments.service import bookings
    from chalicelib.appointments.service.waiting_list import settle_cancelled
    from chalicelib.kernel.access import system

    item = store.appointment(appointment)
    assert item is not None
    bookings.cancel(system("bench"), item, "")
    settle_cancelled(appointment)
    for seat in store.slots.occupancy(item.slot, consistent=True).cooling:
        store.slots.free(item.slot, seat, "cooling")


@contextmanager
def api_servers(environment: Environment) -> Iterator[tuple[list[int], list[int]]]:
    """The API in processes of its own, as ``make run`` serves it: their ports and ids."""
    running: list[subprocess.Popen[bytes]] = []
    ports = embedded.free_ports(SERVERS)
    try:
        for port in ports:
            command = [sys.executable, "-m", "bench.rush", "serve", str(port)]
            process = processes.start(f"api-{port}", command, environment, environment.settings(), running)
            processes.await_ready("api", process, f"http://127.0.0.1:{port}/health", environment)
        yield ports, [process.pid for process in running]
    finally:
        for process in running:
            processes.stop(process)


def serve(port: int) -> None:
    from app import app
    from chalicelib.kernel import type_cache
    from local import httpd
    from local.gateway import Gateway

    type_cache.describe_types()
    httpd.server(port, Gateway(app, app.routes).handle).serve_forever()


def count_seats(halls: list[str], day: str) -> tuple[int, int]:
    """Places taken and seats confirmed, as the slots say, in all halls."""
    from datetime import date

    from chalicelib.appointments import store

    taken = [
        occupancy
        for hall in halls
        for occupancy in store.slots.day_occupancy(hall, "housing", date.fromisoformat(day)).values()
    ]
    return sum(one.taken["online"] for one in taken), sum(len(one.kept) for one in taken)


def raw_seconds(environment: Environment, bookings: int, attempts: int, wire: str) -> tuple[float, float]:
    """Seconds and CPU that the bare database's clients need for the same: a gate read per attempt, four conditional
    writes per booking. They begin together, once all have started."""
    running = []
    begin_at = time.time() + RAW_START_SECONDS
    for number in range(SERVERS):
        mine = [str(len(range(number, total, SERVERS))) for total in (bookings, attempts)]
        command = [sys.executable, "-m", "bench.rush", "raw", str(number), *mine, wire]
        settings = {
            **environment.settings(),
            "BANSHI_RUSH_DATA": str(environment.data),
            "BANSHI_RUSH_BEGIN": str(begin_at),
        }
        running.append(subprocess.Popen(command, env={**os.environ, **settings}, cwd=ROOT))
    for process in running:
        if process.wait(MOST_SECONDS) != 0:
            raise SystemExit("the bare database's run failed")
    notes = [json.loads((environment.data / f"raw-{number}").read_text()) for number in range(SERVERS)]
    return max(note["seconds"] for note in notes), sum(note["cpu"] for note in notes)


RAW_START_SECONDS = 4.0


def raw(number: int, bookings: int, attempts: int, wire: str) -> None:
    """One process's share of the bare database's run; notes how long it took, in wall clock and CPU."""
    from chalicelib.kernel import aws

    table = f"{os.environ['TABLE_PREFIX']}appointments"
    client = aws.client("dynamodb")
    if wire == BOTOCORE:
        config = Config(parameter_validation=False, max_pool_connections=WORKERS)
        client = aws.session().create_client("dynamodb", config=config)
    call = client._make_api_call
    call("GetItem", {"TableName": table, "Key": {"pk": {"S": "RAW"}, "sk": {"S": "HEAD"}}})
    folder = Path(os.environ["BANSHI_RUSH_DATA"])
    mark = f"{os.getpid()}"

    def attempt(place: int) -> None:
        slot = {"pk": {"S": f"RAW#{mark}#{place % 80}"}, "sk": {"S": "HEAD"}}
        call("GetItem", {"TableName": table, "Key": slot})
        if place >= bookings:
            return
        booker = {"pk": {"S": f"RAWBOOKER#{mark}#{place}"}, "sk": {"S": "HEAD"}, "book": {"B": bytes(120)}}
        appointment = {**booker, "pk": {"S": f"RAWAPPOINTMENT#{mark}#{place}"}, "name": {"B": bytes(250)}}
        fresh = {"ConditionExpression": "attribute_not_exists(pk)"}
        call("PutItem", {"TableName": table, "Item": booker, **fresh})
        for _ in range(2):
            call(
                "UpdateItem",
                {
                    "TableName": table,
                    "Key": slot,
                    "UpdateExpression": "ADD taken :one",
                    "ConditionExpression": "attribute_not_exists(taken) OR taken < :most",
                    "ExpressionAttributeValues": {":one": {"N": "1"}, ":most": {"N": "1000000"}},
                },
            )
        call("PutItem", {"TableName": table, "Item": appointment, **fresh})

    time.sleep(max(0.0, float(os.environ["BANSHI_RUSH_BEGIN"]) - time.time()))
    began = time.monotonic()
    cpu = time.process_time()
    with ThreadPoolExecutor(WORKERS // SERVERS) as pool:
        for _ in pool.map(attempt, range(attempts)):
            pass
    note = {"seconds": time.monotonic() - began, "cpu": time.process_time() - cpu}
    (folder / f"raw-{number}").write_text(json.dumps(note))


def summary(rounds: list[Round], units: dict[str, float], places: int) -> dict[str, Any]:
    """Everything that the chart and the readers need."""
    people = [person for one in rounds for person in one.rush.people]
    latencies = sorted(latency for one in rounds for latency in one.rush.tally.latencies)
    statuses = sum((one.rush.tally.statuses for one in rounds), Counter[int]())
    codes = sum((one.rush.tally.codes for one in rounds), Counter[str]())
    attempts = sum(one.rush.tally.attempts for one in rounds)
    seconds = sum(one.seconds for one in rounds)
    raw_wall = sum(one.raw_seconds for one in rounds)
    confirmed = sum(person.outcome == "confirmed" for person in people)
    kept = sum(one.kept for one in rounds)
    programs = [person for person in people if person.program]
    won = sum(person.outcome == "confirmed" for person in programs)
    return {
        "places": places,
        "people": len(people),
        "rounds": len(rounds),
        "confirmed": confirmed,
        "refused_sold_out": sum(person.outcome == "sold_out" for person in people),
        "refused_otherwise": dict(Counter(person.outcome for person in people if person.outcome.startswith("refused"))),
        "oversold": sum(max(0, one.sold - places // len(rounds)) for one in rounds),
        "confirmed_and_not_kept": abs(kept - confirmed),
        "errors_5xx": sum(count for status, count in statuses.items() if status >= 500),
        "unanswered": sum(person.outcome in ("", "unanswered") for person in people),
        "requests": sum(statuses.values()),
        "p50_ms": round(latencies[len(latencies) // 2], 1),
        "p99_ms": round(latencies[int(len(latencies) * 0.99)], 1),
        "seconds": round(seconds, 1),
        "attempts": attempts,
        "attempts_per_s": round(attempts / seconds, 1),
        "raw_attempts_per_s": round(attempts / raw_wall, 1),
        "ratio_to_raw": round(raw_wall / seconds, 2),
        "ratio_of_each_round": [round(one.raw_seconds / one.seconds, 2) for one in rounds],
        "cpu_ms_per_attempt": round(sum(one.cpu for one in rounds) / attempts * 1000, 2),
        "raw_cpu_ms_per_attempt": round(sum(one.raw_cpu for one in rounds) / attempts * 1000, 2),
        "raw_on_our_wire_attempts_per_s": round(attempts / sum(one.own_seconds for one in rounds), 1),
        "raw_on_our_wire_cpu_ms_per_attempt": round(sum(one.own_cpu for one in rounds) / attempts * 1000, 2),
        "write_units_per_booking": units["write"],
        "read_units_per_booking": units["read"],
        "programs_share_of_people": round(len(programs) / len(people), 3),
        "programs_share_of_places": round(won / confirmed, 3) if confirmed else 0,
        "answers": {str(status): count for status, count in sorted(statuses.items())},
        "codes": dict(codes.most_common()),
    }


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve(int(sys.argv[2]))
    elif sys.argv[1:2] == ["raw"]:
        number, bookings, attempts = map(int, sys.argv[2:5])
        raw(number, bookings, attempts, sys.argv[5])
    else:
        sys.exit(main(sys.argv[1:]))
