"""A city deployed into MiniStack: the packages, the templates and the commands that a real one is deployed with."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import urllib3

from infra import package
from infra import stage as stages
from infra.cloud import Cloud
from infra.stage import Stage
from local import embedded, httpd, processes, setup, simulators
from local.environment import ROOT, Environment, Ports
from local.gateway import HttpAnswer

NAME = "stack"


@dataclass
class Deployed:
    """MiniStack, the simulators, and a front that stands where the city's domain would be."""

    environment: Environment
    folder: Path
    api_id: str = ""
    pool: urllib3.PoolManager = field(default_factory=lambda: urllib3.PoolManager(retries=False, timeout=120))

    @property
    def stage(self) -> Stage:
        return stages.load(NAME)

    @property
    def cloud(self) -> Cloud:
        return Cloud(self.stage)

    def command(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run ``make deploy`` or another command as an engineer would."""
        return subprocess.run(
            [sys.executable, "-m", f"infra.{name}", NAME, *arguments],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    def deploy(self, built: Path) -> subprocess.CompletedProcess[str]:
        endpoint = f"http://127.0.0.1:{self.environment.ports.api}"
        done = self.command("deploy", "--built", str(built), "--endpoint", endpoint, "--patience", "3", "--yes")
        self._take_binary_types_over()
        return done

    def _take_binary_types_over(self) -> None:
        """What AWS reads from the API's definition (x-amazon-apigateway-binary-media-types) and MiniStack does not."""
        if api := self.cloud.outputs().get("RestAPIId"):
            every = [{"op": "replace", "path": "/binaryMediaTypes", "value": ["*/*"]}]
            setup.client("apigateway", self.environment).update_rest_api(restApiId=api, patchOperations=every)

    def describe(self, **changes: Any) -> None:
        """Write the stage's file."""
        settings, ports = self.environment.settings(), self.environment.ports
        values: dict[str, Any] = {
            "region": "cn-north-1",
            "public_url": f"http://127.0.0.1:{ports.api}",
            "scan_url_prefix": f"http://127.0.0.1:{ports.api}/b/",
            **{key: settings[key.upper()] for key in _FROM_SETTINGS},
        } | changes
        lines = [
            f"{key} = {str(value).lower() if isinstance(value, bool) else repr(value)}" for key, value in values.items()
        ]
        (self.folder / f"{NAME}.toml").write_text("\n".join(lines), encoding="utf-8")

    def answer(self, method: str, target: str, headers: dict[str, str], body: bytes, source: str) -> HttpAnswer:
        """What the domain does: pass a request on to the API's stage."""
        self.api_id = self.api_id or self.cloud.outputs().get("RestAPIId", "none")
        url = f"http://127.0.0.1:{self.environment.ports.aws}/restapis/{self.api_id}/api/_user_request_{target}"
        passed = {
            name: value for name, value in headers.items() if name not in ("host", "connection", "content-length")
        }
        answer = self.pool.request(method, url, body=body, headers=passed, redirect=False)
        kept = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP_BY_HOP}
        return HttpAnswer(answer.status, kept, answer.data)


_FROM_SETTINGS = (
    "wechat_app_id", "wechat_api_url", "alipay_app_id", "alipay_public_key", "alipay_gateway_url", "departments_url",
    "departments_client_id",
)  # fmt: skip
_HOP_BY_HOP = {"connection", "content-length", "transfer-encoding", "date", "server"}


@contextmanager
def city(folder: Path) -> Iterator[Deployed]:
    """Everything but the deployment itself."""
    (folder / "logs").mkdir()
    environment = Environment(folder, Ports(*embedded.free_ports(6)))
    os.environ.update(
        AWS_ENDPOINT_URL=f"http://127.0.0.1:{environment.ports.aws}",
        AWS_ACCESS_KEY_ID="000000000000",
        AWS_SECRET_ACCESS_KEY="local",
        AWS_EC2_METADATA_DISABLED="true",
        AWS_DEFAULT_REGION="cn-north-1",
        BANSHI_STAGES=str(folder),
    )
    stages.FOLDER = folder
    deployed = Deployed(environment, folder)
    deployed.describe()
    started: list[subprocess.Popen[bytes]] = []
    try:
        processes.start_aws(environment, started, services="all")
        simulators.start(environment)
        threading.Thread(target=httpd.server(environment.ports.api, deployed.answer).serve_forever, daemon=True).start()
        yield deployed
    finally:
        for process in started:
            processes.stop(process)


def built() -> Path:
    """The packages for this machine, built anew."""
    return package.build(os.uname().machine)
