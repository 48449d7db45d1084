"""``make practice``: an empty AWS account on this machine, to try deployment and operation on.

MiniStack stands for AWS, the simulators for WeChat, Alipay and the departments, and a small proxy for the
city's domain. Every command of docs/deploy.md and docs/operations.md works here as it does there.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import urllib3
from botocore.exceptions import ClientError

from local import embedded, httpd, processes, setup, simulators
from local.environment import ROOT, Environment
from local.gateway import HttpAnswer

_KNOWN_SECONDS = 1.0
_HOP_BY_HOP = {"connection", "content-length", "transfer-encoding", "date", "server"}
_FROM_SETTINGS = (
    "wechat_app_id", "wechat_api_url", "alipay_app_id", "alipay_public_key", "alipay_gateway_url", "departments_url",
    "departments_client_id", "alipay_seller_id", "wechat_pay_merchant_id", "wechat_pay_merchant_serial",
    "wechat_pay_platform_keys", "wechat_pay_url", "fiscal_url", "fiscal_client_id", "carrier_url", "carrier_client_id",
    "sms_providers",
)  # fmt: skip


@dataclass(kw_only=True)
class Front:
    """What the city's domain does: passes requests on to the deployed API."""

    environment: Environment
    stage: str
    _api: str = ""
    _known_until: float = 0
    _pool: urllib3.PoolManager = field(default_factory=lambda: urllib3.PoolManager(retries=False, timeout=120))

    def answer(self, method: str, target: str, headers: dict[str, str], body: bytes, source: str) -> HttpAnswer:
        """Pass one request on; the API is looked up now and then, because a deployment may make it anew."""
        if time.monotonic() > self._known_until:
            self._api, self._known_until = self._find_api(), time.monotonic() + _KNOWN_SECONDS
        url = f"http://127.0.0.1:{self.environment.ports.aws}/restapis/{self._api}/api/_user_request_{target}"
        passed = {
            name: value for name, value in headers.items() if name not in ("host", "connection", "content-length")
        }
        answer = self._pool.request(method, url, body=body, headers=passed, redirect=False)
        kept = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP_BY_HOP}
        return HttpAnswer(answer.status, kept, answer.data)

    def _find_api(self) -> str:
        try:
            found = setup.client("cloudformation", self.environment).describe_stacks(StackName=f"banshi-{self.stage}")
        except ClientError:
            return "none"
        outputs = {one["OutputKey"]: one["OutputValue"] for one in found["Stacks"][0].get("Outputs", [])}
        api: str = outputs.get("RestAPIId", "none")
        # AWS reads this from the API's definition (x-amazon-apigateway-binary-media-types), MiniStack does not
        every = [{"op": "replace", "path": "/binaryMediaTypes", "value": ["*/*"]}]
        with suppress(ClientError):
            setup.client("apigateway", self.environment).update_rest_api(restApiId=api, patchOperations=every)
        return api


def describe_stage(environment: Environment, folder: Path, stage: str, **changes: Any) -> None:
    """Write the file of a stage that is deployed here."""
    settings, front = environment.settings(), f"http://127.0.0.1:{environment.ports.api}"
    values: dict[str, Any] = {"region": "cn-north-1", "public_url": front, "scan_url_prefix": f"{front}/b/"}
    values["client_limits"] = False  # the emulator knows no WAF
    values |= {key: settings[key.upper()] for key in _FROM_SETTINGS} | changes
    lines = [f"{key} = {json.dumps(value)}" for key, value in values.items()]
    (folder / f"{stage}.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def variables(environment: Environment, folder: Path) -> dict[str, str]:
    """What the commands read to work here instead of in AWS."""
    return {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{environment.ports.aws}",
        "AWS_ACCESS_KEY_ID": "000000000000",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": "cn-north-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "BANSHI_STAGES": str(folder),
        "BANSHI_ENDPOINT": f"http://127.0.0.1:{environment.ports.api}",
    }


@contextmanager
def account(folder: Path, stage: str) -> Iterator[Environment]:
    """The account, empty, with the file of one stage; everything ends with the block."""
    (folder / "logs").mkdir(parents=True)
    environment = Environment(folder, embedded.unused())
    describe_stage(environment, folder, stage)
    started: list[subprocess.Popen[bytes]] = []
    try:
        processes.start_aws(environment, started, services="all")
        started_simulators = simulators.start(environment)
        threading.Thread(target=simulators.keep_delivering, args=(started_simulators,), daemon=True).start()
        front = httpd.server(environment.ports.api, Front(environment=environment, stage=stage).answer)
        threading.Thread(target=front.serve_forever, daemon=True).start()
        yield environment
    finally:
        for process in started:
            processes.stop(process)


def main() -> int:
    from infra.package import require_python

    require_python()
    folder = Path(os.environ.get("BANSHI_DATA", ROOT / ".data")) / "practice"
    shutil.rmtree(folder, ignore_errors=True)
    with account(folder, "test") as environment:
        (folder / "secrets.json").write_text(json.dumps(environment.secrets, indent=1), encoding="utf-8")
        print("An AWS account on this machine, empty. In another terminal, in this folder:\n")
        for name, value in variables(environment, folder).items():
            print(f"export {name}={value}")
        print(f"\nmake secrets STAGE=test < {folder / 'secrets.json'}\nmake deploy STAGE=test\n")
        print("Ctrl-C ends it and forgets everything.", flush=True)
        with suppress(KeyboardInterrupt):
            threading.Event().wait()
    shutil.rmtree(folder, ignore_errors=True)
    print("\nended")
    return 0


if __name__ == "__main__":
    sys.exit(main())
