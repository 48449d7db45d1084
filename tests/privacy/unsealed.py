"""Everything that is stored, with every sealed value opened: what somebody with all keys would find."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from typing import Any

from chalicelib.kernel.security import vault
from local import setup, template
from local.environment import STAGE
from scenes.world import World

TABLES = [properties["TableName"] for properties in template.of_type(STAGE, "AWS::DynamoDB::Table").values()]


def stored(world: World) -> Iterator[tuple[str, str, str]]:
    """The table, the key and the text of each item; without the answers that are kept for repeats, for a day."""
    database = setup.client("dynamodb", world.environment)
    for table in TABLES:
        request: dict[str, Any] = {"TableName": table}
        while True:
            page = database.scan(**request)
            for item in page["Items"]:
                if not item["pk"]["S"].startswith("IDEMPOTENCY#"):
                    yield table.rpartition("-")[2], f"{item['pk']['S']}/{item['sk']['S']}", _text(table, item)
            if "LastEvaluatedKey" not in page:
                break
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def _text(table: str, item: dict[str, Any]) -> str:
    words = []
    for attribute, typed in item.items():
        value = next(iter(typed.values()))
        if "B" in typed:
            value = _opened(table.rpartition("-")[2], item, attribute, bytes(value))
        words.append(f"{attribute}={value}")
    return json.dumps(words, ensure_ascii=False)


def _opened(table: str, item: dict[str, Any], attribute: str, value: bytes) -> str:
    pk, sk = item["pk"]["S"], item["sk"]["S"]
    for place in (pk, f"{pk}/{sk}"):
        try:
            value = vault.unseal(value, table, place, attribute)
            break
        except vault.Tampered:
            continue
    try:
        return zlib.decompress(value).decode(errors="replace")
    except zlib.error:
        return value.decode(errors="replace")
