"""``make invoke FUNCTION=...``: calls a function now, on this machine or in a deployed stage (``STAGE=...``)."""

from __future__ import annotations

import json
import sys

from botocore.exceptions import BotoCoreError

from chalicelib.kernel.errors import Problem
from infra import cloud
from infra import stage as stages
from local import environment, pump, template
from tools import system

_SERVED = "functions.print_certificate.handler"


def main(arguments: list[str]) -> int:
    fed = {handler for _, handler in template.stream_handlers(environment.STAGE)} | {_SERVED}
    functions = template.functions(environment.STAGE).items()
    known = {one["Handler"].split(".")[1]: name for name, one in functions if one["Handler"] not in fed}
    if len(arguments) not in (1, 2) or arguments[0] not in known:
        print(f"name one of {', '.join(known)}, for example: make invoke FUNCTION=check_history", file=sys.stderr)
        return 1
    try:
        event = json.loads(arguments[1]) if len(arguments) == 2 else {}
    except ValueError:
        print('EVENT is not JSON, for example: EVENT=\'{"day": "2026-11-20"}\'', file=sys.stderr)
        return 1
    if not isinstance(event, dict):
        print('EVENT is not an object, for example: EVENT=\'{"day": "2026-11-20"}\'', file=sys.stderr)
        return 1
    logical_name = known[arguments[0]]
    if system.stage():
        return cloud.told(lambda: _show(cloud.Cloud(stages.load(system.stage())).invoke(logical_name, event)))
    system.use()
    try:
        return _show(pump.handler(f"functions.{arguments[0]}.handler")(event))
    except (Problem, BotoCoreError):
        print("the database does not answer: start the system with `make run` first", file=sys.stderr)
        return 1
    except (ValueError, TypeError) as error:
        print(f"{arguments[0]} does not take this event: {error}", file=sys.stderr)
        return 1


def _show(answer: object) -> int:
    print(json.dumps(answer, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
