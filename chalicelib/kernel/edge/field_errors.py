"""What msgspec says of a value that does not fit its shape, said to people: code, place, Chinese, English."""

from __future__ import annotations

import re

import msgspec

from chalicelib.kernel.errors import FieldError


def field_error(error: msgspec.ValidationError) -> FieldError:
    """What a body, a query or a path has wrong, at which place, in our codes and both languages."""
    words, _, place = str(error).partition(" - at `$")
    # A number out of range is found before the shape is known, at a place that is only written as dots.
    path = "" if "..." in place else place.rstrip("`").replace(".", "/").replace("[", "/").replace("]", "")
    for pattern, code, zh, en in _SHAPE_WORDS:
        found = re.match(pattern, words)
        if found:
            groups = found.groupdict()
            if "name" in groups:
                path += "/" + _pointer_part(groups["name"])
            return FieldError(path, code, zh=zh.format(**groups), en=en.format(**groups))
    return FieldError(path, "invalid", zh=f"不符合要求（{words}）", en=words)


def _pointer_part(name: str) -> str:
    """A field's name in a JSON Pointer (RFC 6901); what nobody would write is cut."""
    return name[:_LONGEST_NAME].replace("~", "~0").replace("/", "~1")


_LONGEST_NAME = 100
_SHAPE_WORDS = (
    (
        r"Object contains unknown field `(?P<name>[^`]*)`",
        "unknown_field", "没有这个字段，请删除", "There is no such field; remove it",
    ),
    (r"Object missing required field `(?P<name>[^`]*)`", "required", "缺少这个字段", "This field is required"),
    (r"Expected `[^`]+`, got `[^`]+`", "wrong_type", "类型不对", "The type is wrong"),
    (r"Expected `str` matching regex", "malformed", "格式不对", "The form is not right"),
    (
        r"Expected `str` of length >= 1$",
        "required", "请填写内容，不能只输入空格", "Fill this in; blanks alone do not count",
    ),
    (
        r"Expected `(str|array|object)` of length (?P<bound>(>=|<=) \d+)",
        "wrong_length", "长度不对，应为 {bound}", "The length is not right: it must be {bound}",
    ),
    (r"Invalid enum value", "not_offered", "请从给定的选项中选择", "Choose one of the given values"),
    (
        r"Expected `(int|float)` (?P<bound>(>=|<=|>|<) \S+)$",
        "out_of_range", "超出范围，应为 {bound}", "Out of range: it must be {bound}",
    ),
    (r"Invalid RFC3339 encoded date$", "malformed", "不是有效的日期（年-月-日）", "Not a date (year-month-day)"),
)  # fmt: skip
"""What msgspec says of a value that does not fit, and what we say: how it begins, our code, Chinese, English."""
