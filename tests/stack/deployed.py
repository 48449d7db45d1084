"""The city of the full-stack test: an account on this machine, and the commands that a real one is deployed with."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra import package
from infra import stage as stages
from infra.cloud import Cloud
from local import practice
from local.environment import ROOT, Environment

NAME = "stack"


@dataclass
class Deployed:
    """The stage's environment, and what an engineer does with it."""

    environment: Environment
    folder: Path

    @property
    def cloud(self) -> Cloud:
        return Cloud(stages.load(NAME))

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
        return self.command("deploy", "--built", str(built), "--patience", "3", "--yes")

    def describe(self, **changes: Any) -> None:
        """Write the stage's file."""
        practice.describe_stage(self.environment, self.folder, NAME, **changes)


@contextmanager
def city(folder: Path) -> Iterator[Deployed]:
    """Everything but the deployment itself."""
    with practice.account(folder, NAME) as environment:
        os.environ.update(practice.variables(environment, folder))
        stages.FOLDER = folder
        yield Deployed(environment, folder)


def built() -> Path:
    """The packages for this machine, built anew."""
    return package.build(package.this_architecture())
