"""Which system a tool works on: the one of ``make run``, or a deployed stage.

``make ... STAGE=test`` sets ``BANSHI_STAGE``.
"""

from __future__ import annotations

import os


def stage() -> str:
    """The stage that was asked for; empty for the system on this machine."""
    return os.environ.get("BANSHI_STAGE", "")


def use() -> None:
    """Give this process the settings of that system, as its API has them; a process that has settings keeps them."""
    if stage():
        from infra import stage as stages
        from infra.cloud import Cloud

        os.environ.update(Cloud(stages.load(stage())).function_environment())
    elif "TABLE_PREFIX" not in os.environ:
        from local import environment

        os.environ.update(environment.default().settings())
