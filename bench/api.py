"""What the API's packages cost: cold starts against floors, warm requests against bare clients, and a peer.

The floor of a cold start is the interpreter with the unpacked API package, botocore's client of DynamoDB and one call;
the same on our own wire stands beside it. The bare handlers make exactly the calls that ours makes, by boto3 without
its validation and by our wire, and nothing else. The CPU of all threads of a process counts.
"""

from __future__ import annotations

import functools
import json
import resource
import secrets
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from chalicelib.kernel import aws, clock
from chalicelib.kernel.edge import tokens
from chalicelib.kernel.settings import settings
from chalicelib.kernel.wire import client as wire
from infra import package
from local.environment import ROOT
from local.gateway import Context, Gateway
from scenes.world import Client, World

COLD_REPEATS = 11
_WARM = ("progress by receipt", "list applications", "read me", "save preferences", "take a ticket")
"""Three that read and two that write."""
_KEY_HEADER = "idempotency-key"
_MONTH = "/v1/halls/{hall}/days?month={month}&services=tour_bus_sticker"
WARM_ROUNDS, WARM_REPEATS = 7, 60
Event = dict[str, Any]


def measure(world: World) -> dict[str, Any]:
    """All figures of ``api.json`` but the endpoints' units."""
    built = package.build(package.this_architecture())
    sizes = {one["name"]: one["unzipped_mb"] for one in json.loads((built / "sizes.json").read_text(encoding="utf-8"))}
    events = _events(world)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for artefact in package.ARTEFACTS:
            with zipfile.ZipFile(built / f"{artefact.name}.zip") as packed:
                packed.extractall(folder / artefact.name)
        cold = _cold(folder, events)
        peak = _peak([str(folder / "api")], _API + _EVERYTHING, events["progress by receipt"])
    peer_peak = _peak([sysconfig.get_path("purelib"), str(ROOT)], _PEER, events["progress by receipt"])
    warm = _warm(world, {name: events[name] for name in _WARM})
    floor = cold["floor"]
    first = {name: cold[name] for name in events}
    return {
        "cold_ratio": round(max(first.values()) / floor, 2),
        "cold_ratio_own_floor": round(max(first.values()) / cold["floor on our wire"], 2),
        "warm_ratio": round(statistics.mean(row["ratio"] for row in warm), 2),
        "warm_ratio_signed": round(statistics.mean(row["signed_ratio"] for row in warm), 2),
        "peak_mb": peak,
        "peer_cold_ratio": round(cold["peer"] / floor, 2),
        "peer_warm_ratio": round(statistics.mean(row["peer_ratio"] for row in warm), 2),
        "ahead_of_peer": round(min(row["ahead_of_peer"] for row in warm), 2),
        "ahead_of_aiodynamo": round(min(row["ahead_of_aiodynamo"] for row in warm), 2),
        "peer_peak_mb": peer_peak,
        "package_mb": sizes["api"],
        "printing_cold_ratio": round(cold["printing"] / floor, 2),
        "printing_package_mb": sizes["printing"],
        "cold_ms": {name: round(spent, 1) for name, spent in cold.items()},
        "warm": warm,
    }


LIMITS = {"cold_ratio": 1.6, "warm_ratio": 0.6, "warm_ratio_signed": 2.5, "peak_mb": 128}
LEAST_AHEAD_OF_PEER = 2.0


def describe(measured: dict[str, Any]) -> str:
    """The figures beside their goals."""
    rows = [
        ("slowest cold start, ratio to the floor", "cold_ratio", "1.6", measured["peer_cold_ratio"]),
        ("  to the floor on our wire", "cold_ratio_own_floor", "", ""),
        ("warm request, ratio to bare boto3", "warm_ratio", "0.6", measured["peer_warm_ratio"]),
        ("  to bare signed calls", "warm_ratio_signed", "2.5", ""),
        ("peer's CPU, as a multiple of ours", "ahead_of_peer", "> 2", ""),
        ("  the peer on aiodynamo and aiohttp", "ahead_of_aiodynamo", "", ""),
        ("peak memory, MB", "peak_mb", "128", measured["peer_peak_mb"]),
        ("API package, MB", "package_mb", "75", ""),
    ]
    lines = [f"{'':<42}{'ours':>8}{'goal':>8}{'peer':>8}"]
    lines += [f"{name:<42}{measured[key]:>8}{goal:>8}{peer:>8}" for name, key, goal, peer in rows]
    lines.append(f"{'warm, CPU ms':<32}{'ours':>8}{'boto3':>8}{'signed':>8}{'peer':>8}{'aiodyn.':>8}{'ahead':>8}")
    for row in measured["warm"]:
        figures = [row[of] for of in ("cpu_ms", "bare_ms", "signed_ms", "peer_ms", "aiodynamo_ms", "ahead_of_peer")]
        lines.append(f"  {row['name']:<30}" + "".join(f"{figure:>8}" for figure in figures))
    lines += [f"  cold {name:<35}{spent:>8} ms" for name, spent in measured["cold_ms"].items()]
    return "\n".join(lines)


def missed(measured: dict[str, Any]) -> list[str]:
    """The goals that are not reached."""
    found = [name for name, most in LIMITS.items() if measured[name] > most]
    if measured["ahead_of_peer"] < LEAST_AHEAD_OF_PEER:
        found.append("ahead_of_peer")
    return found


def _events(world: World) -> dict[str, Event]:
    """Requests as API Gateway hands them to a function."""
    enterprise = world.enterprise()
    applied = enterprise.apply()
    world.pump()
    caught: list[Event] = []

    def catch(event: Event, context: Any) -> Event:
        caught.append(event)
        return {"statusCode": 200, "body": ""}

    from app import app
    from chalicelib.certificates import service, store

    certificate = store.certificate(enterprise.client.get(f"/v1/applications/{applied['id']}").json["certificate_id"])
    assert certificate is not None

    def of(client: Client, path: str, method: str = "GET", body: Any = None) -> Event:
        headers = {"accept": "*/*", "authorization": f"Bearer {client.token}", "acting-for": client.acting_for}
        if body is not None:
            headers |= {"content-type": "application/json", _KEY_HEADER: "in each call another one"}
        sent = {name: value for name, value in headers.items() if value and value != "Bearer "}
        content = json.dumps(body).encode() if body is not None else b""
        Gateway(catch, app.routes).handle(method, path, sent, content, "127.0.0.1")
        return caught[-1]

    number = service.prints.signed_number(certificate)
    hall = world.hall()
    person = enterprise.representative
    preferences = person.get("/v1/messages/preferences").json
    wish = {"services": ["tour_bus_sticker"]}
    draft = enterprise.draft()
    return {
        "progress by receipt": of(world.anonymous(), f"/v1/progress?receipt={applied['receipt']}"),
        "list applications": of(enterprise.client, "/v1/applications"),
        "read me": of(enterprise.representative, "/v1/me"),
        "read guide": of(world.anonymous(), "/v1/services/tour_bus_sticker"),
        "search services": of(world.anonymous(), "/v1/services?words=大巴包车"),
        "scan page": of(world.anonymous(), f"/b/{number}"),
        "look at a month": of(enterprise.client, _MONTH.format(hall=hall, month=str(clock.today())[:7])),
        "save preferences": of(person, "/v1/messages/preferences", "PUT", preferences),
        "take a ticket": of(world.staff("hall.kiosk"), f"/v1/halls/{hall}/tickets", "POST", wish),
        "save form": of(enterprise.client, f"/v1/applications/{draft['id']}/form", "PUT", {"form": draft["form"]}),
    }


# Cold: fresh processes

_KEY = "Key={'pk': {'S': 'x'}, 'sk': {'S': 'x'}}"
_FLOOR = (
    "import botocore.session; c = botocore.session.get_session().create_client('dynamodb');"
    f"c.get_item(TableName=event['table'], {_KEY})"
)
_OWN_FLOOR = (
    "from chalicelib.kernel.wire.client import Client; c = Client('dynamodb', lambda: None);"
    f"c.get_item(TableName=event['table'], {_KEY})"
)
_CALL = "context = type('Context', (), {'aws_request_id': 'x'})(); assert handler(event, context)['statusCode'] < 500"
_API = f"from app import app as handler; {_CALL}"
_PRINTING = f"from functions.print_certificate import handler; {_CALL}"
_PEER = f"from bench.peer import handler; {_CALL}"
_EVERYTHING = "; import msgspec, jwt, jsonschema_rs, zen, pyotp, jinja2"
_PEAK = "; print([line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')][0])"


def _cold(folder: Path, events: dict[str, Event]) -> dict[str, float]:
    """Median CPU milliseconds of a fresh process with its first request; all take turns."""
    libraries = sysconfig.get_path("purelib")
    event = events["progress by receipt"]
    ticket = {**event, "resource": "/v1/prints/{ticket}", "pathParameters": {"ticket": "x"}}
    ticket["requestContext"] = {**event["requestContext"], "resourcePath": "/v1/prints/{ticket}"}
    api = [str(folder / "api")]
    asked = {"table": f"{settings().table_prefix}kernel"}
    programs: dict[str, Callable[[], float]] = {
        "floor": lambda: _run(api, _FLOOR, asked)[0],
        "floor on our wire": lambda: _run(api, _OWN_FLOOR, asked)[0],
        "printing": lambda: _run([str(folder / "printing")], _PRINTING, ticket)[0],
        "peer": lambda: _run([libraries, str(ROOT)], _PEER, event)[0],
    }
    for name, first in events.items():
        programs[name] = functools.partial(_cpu_of_first, api, first)
    spent: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(COLD_REPEATS):
        for name, program in programs.items():
            spent[name].append(program())
    return {name: statistics.median(values) for name, values in spent.items()}


def _cpu_of_first(paths: list[str], event: Event) -> float:
    return _run(paths, _API, event)[0]


def _peak(paths: list[str], program: str, event: Event) -> float:
    """Most megabytes that a process held; ours with all loaded that is otherwise loaded on first use."""
    return round(float(_run(paths, program + _PEAK, event)[1].split()[-1]) / 1024, 1)


def _run(paths: list[str], program: str, event: Event) -> tuple[float, str]:
    """CPU milliseconds and output of a fresh interpreter that sees nothing but ``paths``."""
    prepared = (
        f"import sys, json; sys.path[:0] = {paths!r}; event = json.loads({json.dumps(json.dumps(event))}); {program}"
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, "-I", "-S", "-c", prepared], check=True, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000, done.stdout


# Warm: this process


def _warm(world: World, events: dict[str, Event]) -> list[dict[str, Any]]:
    from app import app
    from bench import peer

    for kid in settings().token_keys:
        peer.PUBLIC_KEYS[kid] = tokens.private_key(kid).public_key()
    aiodynamo = peer.aiodynamo_handler()
    rows = []
    for name, event in events.items():
        calls, answer = _calls_of(app, event)
        validation_off = boto3.client("dynamodb", config=Config(parameter_validation=False))
        handlers: dict[str, Callable[[Event, Any], Any]] = {
            "ours": app,
            "bare": _bare(calls, answer, validation_off._make_api_call),
            "signed": _bare(calls, answer, wire.Client("dynamodb", aws.session)._make_api_call),
            "peer": peer.handler,
            "aiodynamo": aiodynamo,
        }
        spent: dict[str, list[float]] = {which: [] for which in handlers}
        for _ in range(WARM_ROUNDS):
            for which, handler in handlers.items():
                spent[which].append(_cpu_of(handler, event))
        median = {which: statistics.median(values) for which, values in spent.items()}
        _check_fair(name, len(calls), _calls_of_peer(event))
        rows.append(
            {
                "name": name,
                "cpu_ms": round(median["ours"], 2),
                "bare_ms": round(median["bare"], 2),
                "signed_ms": round(median["signed"], 2),
                "peer_ms": round(median["peer"], 2),
                "aiodynamo_ms": round(median["aiodynamo"], 2),
                "ratio": round(median["ours"] / median["bare"], 2),
                "signed_ratio": round(median["ours"] / median["signed"], 2),
                "peer_ratio": round(median["peer"] / median["bare"], 2),
                "ahead_of_peer": round(median["peer"] / median["ours"], 2),
                "ahead_of_aiodynamo": round(median["aiodynamo"] / median["ours"], 2),
            }
        )
    return rows


def _cpu_of(handler: Callable[[Event, Any], Any], event: Event) -> float:
    """Milliseconds of CPU per request, other threads of this process's handler included."""
    requests = [_fresh(event) for _ in range(WARM_REPEATS)]
    begun = time.process_time()
    for request in requests:
        answer = handler(request, Context())
        assert answer["statusCode"] < 300, answer
    return (time.process_time() - begun) / WARM_REPEATS * 1000


def _fresh(event: Event) -> Event:
    """The request once more; one that creates something has a key of its own."""
    if _KEY_HEADER not in event["headers"]:
        return {**event}
    key = secrets.token_hex(8)
    headers = {**event["headers"], _KEY_HEADER: key}
    return {**event, "headers": headers, "multiValueHeaders": {name: [value] for name, value in headers.items()}}


Calls = list[tuple[str, dict[str, Any]]]


def _calls_of(app: Callable[[Event, Any], Any], event: Event) -> tuple[Calls, Event]:
    """The database calls that a warm request makes, and its answer."""
    client = aws.client("dynamodb")
    calls: Calls = []
    send = client._make_api_call

    def note(operation: str, parameters: dict[str, Any]) -> Any:
        calls.append((operation, parameters))
        return send(operation, parameters)

    app(_fresh(event), Context())
    client._make_api_call = note
    answer = app(_fresh(event), Context())
    client._make_api_call = send
    return [(operation, _repeatable(parameters)) for operation, parameters in calls], answer


def _calls_of_peer(event: Event) -> int:
    """How many calls of the database the peer on PynamoDB makes."""
    from bench import peer

    client: Any = peer.Identity._get_connection().connection.client
    send = client._make_api_call
    count = 0

    def counted(operation: str, parameters: dict[str, Any]) -> Any:
        nonlocal count
        count += 1
        return send(operation, parameters)

    client._make_api_call = counted
    handler: Any = peer.handler
    handler(_fresh(event), Context())
    client._make_api_call = send
    return count


def _check_fair(name: str, ours: int, peers: int) -> None:
    if peers > ours:
        raise SystemExit(f"{name}: the peer makes {peers} calls, ours {ours}: that is not fair")


def _repeatable(parameters: dict[str, Any]) -> dict[str, Any]:
    """The same call with a condition that holds however often it is made."""
    if "ConditionExpression" not in parameters:
        return parameters
    plain = {name: value for name, value in parameters.items() if name != "ExpressionAttributeValues"}
    names = {"#never": "never"}
    return {**plain, "ConditionExpression": "attribute_not_exists (#never)", "ExpressionAttributeNames": names}


def _bare(calls: Calls, answer: Event, call: Callable[[str, dict[str, Any]], Any]) -> Callable[[Event, Any], Event]:
    """A handler that makes the same database calls by ``call`` and answers as many bytes."""
    body = json.loads(answer["body"])

    def handler(event: Event, context: Any) -> Event:
        for operation, parameters in calls:
            call(operation, parameters)
        return {"statusCode": 200, "headers": answer["headers"], "body": json.dumps(body)}

    return handler
