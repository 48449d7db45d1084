"""``make invoke FUNCTION=...``: calls a function now, against the running system or a deployed stage (STAGE=...)."""

from __future__ import annotations

import json
import os
import sys

from botocore.exceptions import BotoCoreError

from chalicelib.kernel.errors import Problem
from local import environment, pump, template


def main(arguments: list[str]) -> int:
    known = {name.split(".")[1]: name for _, name in template.schedules(environment.STAGE)}
    if len(arguments) != 1 or arguments[0] not in known:
        print(f"name one of {', '.join(known)}, for example: make invoke FUNCTION=check_history", file=sys.stderr)
        return 1
    os.environ.update(environment.default().settings())
    try:
        print(json.dumps(pump.handler(known[arguments[0]])({}), ensure_ascii=False))
    except (Problem, BotoCoreError):
        print("the database does not answer: start the system with `make run` first", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
