"""What a fresh deployment must be able to do before it counts as done: a few requests, each of another part."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import urllib3
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib import features
from infra.cloud import Cloud, FunctionFailed


class SmokeFailed(Exception):
    """A check did not pass; the message says which and what came instead."""


class Checks:
    """Checks of the API at ``endpoint``, each tried again until ``patience`` seconds are over.

    New addresses and functions take a moment to be known everywhere.
    """

    def __init__(self, endpoint: str, patience: float) -> None:
        self._endpoint, self._patience = endpoint.rstrip("/"), patience
        self._pool = urllib3.PoolManager(timeout=urllib3.Timeout(connect=5, read=30), retries=False)

    def code(self, of: Cloud) -> None:
        """Check the API and the functions behind it; raises ``SmokeFailed``."""
        self._check("the API answers", lambda: self._ask("GET", "/health"), lambda found: found.get("status") == "ok")
        self._check(
            "every feature's endpoints can be loaded",
            lambda: {"codes": self._codes_of_features()},
            lambda found: found == {"codes": ["not_found"]},
        )
        self._check(
            "certificates' public keys come from KMS",
            lambda: self._ask("GET", "/v1/certificates/keys"),
            lambda found: bool(found.get("keys")),
        )
        self._check(
            "the printing function answers",
            lambda: self._ask("GET", "/v1/prints/smoke-test"),
            lambda found: found.get("code") == "print_link_used",
        )
        self._check(
            "WeChat is reached and knows our secret: it refuses a false login code",
            lambda: self._ask("POST", "/v1/auth/wechat", {"code": "smoke-test"}),
            lambda found: found.get("code") == "login_code_invalid",
        )
        self._check(
            "the event log's function starts",
            lambda: of.invoke("AppendHistory", {"Records": []}),
            lambda found: found == {"batchItemFailures": []},
        )

    def catalogue(self) -> None:
        """Check that people find services; raises ``SmokeFailed``."""
        self._check(
            "the catalogue is published",
            lambda: self._ask("GET", "/v1/services"),
            lambda found: bool(found.get("items")),
        )

    def _codes_of_features(self) -> list[str]:
        """What the API answers below a path of each feature where nothing is: a feature is loaded when it is asked."""
        paths = [f"/v1/{feature.paths[0]}/smoke-test/nothing" for feature in features.all_features()]
        return sorted({str(self._ask("GET", path).get("code")) for path in paths})

    def _check(self, words: str, work: Callable[[], Any], passes: Callable[[Any], bool]) -> None:
        deadline = time.monotonic() + self._patience
        while True:
            try:
                found = work()
                if passes(found):
                    print(f"  {words}", flush=True)
                    return
                came = json.dumps(found, ensure_ascii=False)[:300]
            except FunctionFailed as failed:
                came = str(failed)
            except (urllib3.exceptions.HTTPError, BotoCoreError, ClientError) as error:
                came = type(error).__name__
            if time.monotonic() > deadline:
                raise SmokeFailed(f"{words}: {came}")
            time.sleep(2)

    def _ask(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """The JSON object that came, or what came instead of one."""
        sent = json.dumps(body).encode() if body is not None else None
        headers = {"Content-Type": "application/json"}
        answer = self._pool.request(method, self._endpoint + path, body=sent, headers=headers)
        try:
            found = json.loads(answer.data)
        except ValueError:
            found = None
        return (
            found if isinstance(found, dict) else {"status": answer.status, "came": answer.data[:200].decode("latin1")}
        )
