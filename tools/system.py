"""Which system a tool works on: the one of ``make run``, or a deployed stage when ``STAGE`` is set."""

from __future__ import annotations

import os


def stage() -> str:
    """The stage that was asked for; empty for the system on this machine."""
    return os.environ.get("STAGE", "")


def use() -> None:
    """Give this process the settings of that system, as its API has them."""
    if stage():
        from infra import stage as stages
        from infra.cloud import Cloud

        os.environ.update(Cloud(stages.load(stage())).function_environment())
    else:
        from local import environment

        os.environ.update(environment.default().settings())
