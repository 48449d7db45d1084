"""Forms: prefilled from what the city holds, checked by JSON Schema, with a message for each field.

A property of the form's schema may say: ``title``/``x-en`` its names; ``x-prefill`` a path whose value is
proposed; ``x-fixed`` a path whose value is always taken from the register; ``x-options`` a list in the
facts and the field of its records to choose from (``vehicles.plate``); ``x-message`` the words for a wrong value.
"""

from __future__ import annotations

import functools
import json
from datetime import date
from typing import TYPE_CHECKING, Any

from chalicelib.kernel import blanks, clock, errors, numbers, papers
from chalicelib.kernel.errors import FieldError

if TYPE_CHECKING:
    import jsonschema_rs

MAX_FORM_ERRORS = 50
MAX_FORM_DEPTH = 8


def _is_date(given: str) -> bool:
    try:
        date.fromisoformat(given)
    except ValueError:
        return False
    return len(given) == 10


FORMATS = {
    "date": _is_date,
    "credit-code": numbers.is_credit_code,
    "id-number": lambda given: papers.is_any(given, clock.today()),
}


@functools.lru_cache(maxsize=256)
def _validator(schema: str) -> jsonschema_rs.Draft202012Validator:
    import jsonschema_rs

    return jsonschema_rs.Draft202012Validator(json.loads(schema), formats=FORMATS, validate_formats=True)


def check(schema: dict[str, Any], value: Any) -> list[FieldError]:
    """What is wrong with ``value``, each with its place and what to do, in both languages.

    Blanks around a text do not count, and a field that only holds blanks is empty.
    """
    value = blanks.trim_and_drop_empty(value)
    validator = _validator(json.dumps(schema, sort_keys=True))
    found: list[FieldError] = []
    for error in validator.iter_errors(value):
        found += _field_errors(schema, error)
        if len(found) >= MAX_FORM_ERRORS:
            break
    return found


def _field_errors(schema: dict[str, Any], error: jsonschema_rs.ValidationError) -> list[FieldError]:
    details = error.kind.as_dict()
    path = [str(part) for part in error.instance_path]
    if error.kind.name == "required":
        path = [*path, details["property"]]
    if error.kind.name == "additionalProperties":
        return [_unknown([*path, name]) for name in details["unexpected"]]
    described = _property(schema, path)
    zh = described.get("title", path[-1] if path else "表单")
    en = described.get("x-en", path[-1] if path else "form")
    message = described.get("x-message")
    if error.kind.name == "required" and "x-fixed" in described:
        words = (f"部门登记中没有查到{zh}，请核对所选内容", f"{en}: not on record; check what was chosen")
    elif message and error.kind.name != "required":
        words = (f"{zh}:{message['zh']}", f"{en}: {message['en']}")
    else:
        words = _words(error.kind.name, zh, en)
    return [FieldError("/form/" + "/".join(path), error.kind.name, zh=words[0], en=words[1])]


def _unknown(path: list[str]) -> FieldError:
    return FieldError(
        "/form/" + "/".join(path),
        "unknown",
        zh=f"没有“{path[-1]}”这一项，请删除",
        en=f"There is no field {path[-1]}; remove it",
    )


def _property(schema: dict[str, Any], path: list[str]) -> dict[str, Any]:
    for part in path:
        schema = schema.get("items", {}) if part.isdigit() else schema.get("properties", {}).get(part, {})
    return schema


_WORDS = {
    "required": ("请填写{zh}", "{en} is required"),
    "type": ("{zh}的类型不对", "{en} has the wrong type"),
    "enum": ("{zh}请从给定选项中选择", "{en} must be one of the given choices"),
    "minLength": ("{zh}太短", "{en} is too short"),
    "maxLength": ("{zh}太长", "{en} is too long"),
    "minItems": ("{zh}项数太少", "{en} has too few entries"),
    "maxItems": ("{zh}项数太多", "{en} has too many entries"),
    "minimum": ("{zh}太小", "{en} is too small"),
    "maximum": ("{zh}太大", "{en} is too large"),
    "pattern": ("{zh}格式不对", "{en} is not in the right form"),
    "format": ("{zh}有误，请核对", "{en} is not valid; check it"),
    "uniqueItems": ("{zh}有重复项", "{en} has the same entry twice"),
}


def _words(kind: str, zh: str, en: str) -> tuple[str, str]:
    templates = _WORDS.get(kind, ("{zh}不符合要求", "{en} is not acceptable"))
    return templates[0].format(zh=zh), templates[1].format(en=en)


def check_depth(form: dict[str, Any]) -> None:
    """Raise ``invalid_request`` for a form that is nested deeper than any form is."""
    level: list[Any] = [form]
    for _ in range(MAX_FORM_DEPTH):
        level = [inner for value in level for inner in _inside(value)]
    if level:
        too_deep = FieldError("/form", "too_deep", zh="嵌套层数太多", en="Nested too deeply")
        raise errors.INVALID_REQUEST(fields=[too_deep])


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def prefill(schema: dict[str, Any], form: dict[str, Any], context: dict[str, Any]) -> dict[str, Any]:
    """The form with fixed values set and, where the applicant has said nothing, proposed ones.

    Blanks around texts are removed, also from what registers say.
    """
    filled: dict[str, Any] = blanks.trim_and_drop_empty(form)
    for name, described in schema["properties"].items():
        if "x-fixed" in described:
            filled.pop(name, None)
            value = blanks.trim_and_drop_empty(_value(described["x-fixed"], context))
            if value not in (None, ""):
                filled[name] = value
        elif "x-prefill" in described and name not in filled:
            value = blanks.trim_and_drop_empty(_value(described["x-prefill"], context))
            if value not in (None, ""):
                filled[name] = value
    return filled


def options(schema: dict[str, Any], facts: dict[str, Any]) -> dict[str, list[Any]]:
    """For each field with ``x-options``: the values on record to choose from."""
    found: dict[str, list[Any]] = {}
    for name, described in schema["properties"].items():
        if "x-options" in described:
            source, _, field = described["x-options"].partition(".")
            records = facts.get(source)
            found[name] = [record.get(field) for record in records] if isinstance(records, list) else []
    return found


def _value(path: str, context: dict[str, Any]) -> Any:
    value: Any = context
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value
