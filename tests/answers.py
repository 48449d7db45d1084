"""What endpoints answer in tests: held against the contract, and kept as its examples."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

import jsonschema_rs
import yaml

from chalicelib.kernel.edge.endpoint import Answer, Endpoint, Request
from local.environment import ROOT
from tools import openapi

_LONGEST_TEXT = 60
_LONGEST_EXAMPLE = 700
_MOST_FAULTS = 30
_MOST_SCALARS = 8


@dataclass
class Answers:
    """The answers of one test process."""

    faults: set[str] = field(default_factory=set)
    """Answers that are not what the contract says."""
    examples: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Of each operation the longest request and answer that can still be read."""
    _validators: dict[str, Any] = field(default_factory=dict)
    _document: dict[str, Any] = field(default_factory=dict)

    def look_at(self, declared: Endpoint, request: Request, answer: Answer) -> None:
        """Compare a successful answer in JSON with its schema, and keep it if it is a good example."""
        if answer.status == 304:
            return
        if answer.status != declared.status:
            self._note(f"{declared.operation} answers {answer.status}, not {declared.status}")
        if not openapi.is_schema(declared.answer):
            return
        given = json.loads(answer.body)
        for moment in _moments_elsewhere(given):
            self._note(f"{declared.operation} answers the moment {moment}: not in Asia/Shanghai")
        for error in self._validator(declared).iter_errors(given):
            place = "/".join(str(part) for part in error.instance_path)
            self._note(f"{declared.operation} answers {place}: {error.message[:200]}")
        example: dict[str, Any] = {"answer": shortened(given)}
        if declared.body is not None:
            example["body"] = shortened(json.loads(request.body or b"{}"))
        self.keep(declared.operation, example)

    def _note(self, fault: str) -> None:
        if len(self.faults) < _MOST_FAULTS:
            self.faults.add(fault)

    def keep(self, operation: str, example: dict[str, Any]) -> None:
        """Keep an example if it says more than the one that is known."""
        known = self.examples.get(operation)
        if known is None or _worth(example) > _worth(known):
            self.examples[operation] = example

    def _validator(self, declared: Endpoint) -> Any:
        found = self._validators.get(declared.operation)
        if found is None:
            if not self._document:
                self._document = yaml.load((ROOT / "openapi.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader)
            for schema in self._document["components"]["schemas"].values():
                # Clients ignore what they do not know; a test does not: a field that no struct names is a leak.
                if "properties" in schema:
                    schema["additionalProperties"] = False
            schema = {
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "$ref": f"#/components/schemas/{declared.answer.__name__}",
                "components": {"schemas": self._document["components"]["schemas"]},
            }
            found = jsonschema_rs.validator_for(schema, validate_formats=True)
            self._validators[declared.operation] = found
        return found


def _moments_elsewhere(value: Any) -> list[str]:
    """The moments in an answer that do not carry the offset of Asia/Shanghai."""
    if isinstance(value, str):
        return [value] if _MOMENT.match(value) and not value.endswith("+08:00") else []
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [moment for part in parts for moment in _moments_elsewhere(part)]


_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")


def _worth(example: dict[str, Any]) -> int:
    """The longer the better, up to what can still be read; beyond that the shorter the better."""
    size = len(json.dumps(example, ensure_ascii=False))
    return size if size <= _LONGEST_EXAMPLE else -size


def shortened(value: Any) -> Any:
    """A value as an example shows it: one of several alike, long texts cut."""
    if isinstance(value, dict):
        return {name: shortened(part) for name, part in value.items()}
    if isinstance(value, list):
        most = 1 if any(isinstance(part, dict) for part in value) else _MOST_SCALARS
        return [shortened(part) for part in value[:most]]
    if isinstance(value, str) and len(value) > _LONGEST_TEXT:
        return value[: _LONGEST_TEXT // 2] + "…"
    return value
