"""Random requests made of the contract, right ones and wrong ones: each gets an answer that the contract names."""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import hypothesis
import schemathesis
import yaml
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode

from functions import list_certificates
from local.environment import ROOT
from scenes.world import Client, World
from tests.laws.access import DECLARED, EXPECTED, TABLE, Places
from tests.laws.test_authorization import people

SECONDS = float(os.environ.get("BANSHI_FUZZ_SECONDS", "15"))
"""``make proofs`` takes two minutes; the build a few seconds, with other requests each day."""
EXAMPLES = 4
LEFT_OUT = {"log_out", "end_session", "end_sessions", "close_account", "change_password"}
"""They end the session of who goes on calling."""
QUIET = hypothesis.settings(
    max_examples=EXAMPLES,
    database=None,
    deadline=None,
    phases=[hypothesis.Phase.generate],
    suppress_health_check=list(hypothesis.HealthCheck),
)


def operations(document: dict[str, Any]) -> Iterator[Any]:
    """The contract's operations as schemathesis reads them."""
    schema = schemathesis.openapi.from_dict(document)
    for result in schema.get_all_operations():
        assert isinstance(result, Ok)
        operation = result.ok()
        if operation.definition.raw["operationId"] not in LEFT_OUT:
            yield operation


def call(client: Client, path: str, case: Any) -> tuple[int, str]:
    """Send a case to a path; the status and the code of a refusal."""
    query = urlencode(case.query or {}, doseq=True)
    body = case.body if isinstance(case.body, dict | list | str | int | float | bool | None) else None
    raw = json.dumps(body).encode("utf-8", "surrogatepass")
    headers = {name: str(value) for name, value in (case.headers or {}).items() if _is_sendable(name, value)}
    headers.pop("Authorization", None)
    target = f"{path}?{query}" if query else path
    answer = client.call(case.method, target, raw=raw, headers=headers)
    return answer.status, answer.body.decode(errors="replace")[:300]


def _is_sendable(name: str, value: object) -> bool:
    """Whether a header can be sent by HTTP at all."""
    text = f"{name}{value}"
    return text.isascii() and text.isprintable() and name.lower() not in ("acting-for", "content-length")


def test_whatever_is_sent_the_answer_is_one_of_the_contract(world: World) -> None:
    document = yaml.safe_load((ROOT / "openapi.yaml").read_text(encoding="utf-8"))
    choice = random.Random(int(time.time() // 86400) if SECONDS < 60 else time.time())
    known = list(operations(document))
    choice.shuffle(known)
    enterprise = world.enterprise()
    clients = people(world, enterprise)
    places = Places(enterprise, "service_center")
    for declared in DECLARED.values():
        declared.path.format_map(places)  # made before random requests use up what they are made of
    list_certificates.handler({})  # before there is a list for offline checks, its endpoint answers 503
    ends = time.monotonic() + SECONDS
    tried = 0
    reached: set[str] = set()
    faults: list[str] = []
    for _ in range(1000):
        for operation in known:
            if time.monotonic() > ends:
                break
            reached.add(operation.definition.raw["operationId"])
            tried += try_out(operation, clients, places, choice.randrange(2**32), faults)
        if time.monotonic() > ends:
            break
    assert faults == [], f"{len(faults)} of {tried} answers: " + "\n".join(faults[:20])
    assert len(reached) == len(known) or SECONDS < 60, "the two minutes reach every operation"
    assert tried > 50


def try_out(operation: Any, clients: dict[str, Client], places: Places, seed: int, faults: list[str]) -> int:
    """Some random requests for an operation by somebody who may call it; how many, and what was wrong with answers."""
    name = operation.definition.raw["operationId"]
    expected = dict(zip(TABLE["columns"], EXPECTED[name], strict=True))
    allowed = [role for role in TABLE["columns"] if expected[role] == "ok"]
    mode = GenerationMode.POSITIVE if seed % 2 == 0 else GenerationMode.NEGATIVE
    own_path = DECLARED[name].path.format_map(places)
    documented = operation.definition.raw["responses"]
    count = 0

    @QUIET
    @hypothesis.seed(seed)
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode), is_own=hypothesis.strategies.booleans())
    def send(case: Any, is_own: bool) -> None:
        nonlocal count
        path = own_path if is_own else case.formatted_path
        role = allowed[count % len(allowed)]
        status, text = call(clients[role], path, case)
        count += 1
        # another method or an empty place in the path: the router's own answer
        is_elsewhere = status in (404, 405) and not is_own
        if not is_elsewhere and (status >= 500 or str(status) not in documented):
            faults.append(
                f"seed {seed}: {role} {case.method} {path} {case.query} {str(case.body)[:200]}: {status} {text}"
            )

    try:
        send()
    except (hypothesis.errors.Unsatisfiable, hypothesis.errors.InvalidArgument):
        return count  # nothing wrong can be made of an operation without parts
    return count
