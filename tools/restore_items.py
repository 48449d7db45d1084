"""``make restore-items TABLE=... FROM=... STAGE=...``: brings back lost items from a restored copy of a table.

Only items that are missing are written, so nothing that is there now is overwritten, and it can be run again.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

from chalicelib.kernel import aws
from chalicelib.kernel.settings import settings
from infra import cloud
from tools import system


def restore(table: str, copy: str) -> tuple[int, int]:
    """Copy what ``table`` lacks from ``copy``; how many were restored, and how many were there."""
    database, restored, present = aws.client("dynamodb"), 0, 0
    request: dict[str, Any] = {"TableName": copy}
    while True:
        page = database.scan(**request)
        for item in page["Items"]:
            try:
                database.put_item(TableName=table, Item=item, ConditionExpression="attribute_not_exists(pk)")
                restored += 1
            except database.exceptions.ConditionalCheckFailedException:
                present += 1
        print(f"\r{restored} restored, {present} present", end="", flush=True)
        if "LastEvaluatedKey" not in page:
            print()
            return restored, present
        request["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="make restore-items", description="bring back lost items")
    parser.add_argument("table", help="the feature's table, for example applications")
    parser.add_argument("copy", help="the whole name of the table that was restored from point-in-time recovery")
    given = parser.parse_args(arguments)

    def work() -> int:
        system.use()
        restore(settings().table_prefix + given.table, given.copy)
        return 0

    return cloud.told(work)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
