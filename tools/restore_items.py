"""``make restore-items FROM=... KEY=... STAGE=...``: brings back lost items from a restored copy of a table.

Only items that are missing are written, so nothing that is there now is overwritten, and it can be run again.
What was removed on purpose since (finished tasks, counters) would come back too: ``KEY`` names what is wanted.
"""

from __future__ import annotations

import sys
from typing import Any

from chalicelib import features
from chalicelib.kernel import aws
from chalicelib.kernel.settings import settings
from infra import cloud
from tools import system

USAGE = "name the copy and the keys: make restore-items FROM=banshi-test-catalog-copy KEY=RELEASE# STAGE=test"


def restore(copy: str, key: str) -> tuple[int, int]:
    """Copy what the table lacks from its ``copy``, of the items whose key begins with ``key``.

    How many were restored, and how many were there.
    """
    table = next((name for name in _tables() if copy.startswith(f"{name}-")), None)
    if table is None or not key:
        raise SystemExit(USAGE + "; a copy's name begins with the name of its table and a hyphen")
    database, restored, present = aws.session().create_client("dynamodb", config=aws.CONFIG), 0, 0
    print(f"from {copy} to {table}, keys {key}...")
    request: dict[str, Any] = {"TableName": copy}
    while True:
        page = database.scan(**request)
        for item in (item for item in page["Items"] if item["pk"]["S"].startswith(key)):
            try:
                database.put_item(TableName=table, Item=item, ConditionExpression="attribute_not_exists(pk)")
                restored += 1
            except database.exceptions.ConditionalCheckFailedException:
                present += 1
        print(f"\r{restored} restored, {present} present", end="", flush=True)
        if "LastEvaluatedKey" not in page:
            print()
            if not restored + present:
                raise SystemExit(f"no item of {copy} has a key that begins with {key}")
            return restored, present
        request["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def _tables() -> list[str]:
    return [settings().table_prefix + name for name in features.tables()]


def main(arguments: list[str]) -> int:
    if len(arguments) != 2 or not all(arguments) or not system.stage():
        print(USAGE, file=sys.stderr)
        return 1

    def work() -> int:
        system.use()
        restore(*arguments)
        return 0

    return cloud.told(work)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
