"""Makes what is packaged smaller without changing what it does: descriptions and unused data go."""

from __future__ import annotations

import ast
import functools
import gzip
import importlib.util
import json
import marshal
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from botocore import xform_name

from infra.stack import ROOT

_UNCHECKED = (1).to_bytes(4, "little")
PARTITIONS = ("aws", "aws-cn")
_LEFT_OUT = {".pyi", ".c", ".h", ".pxd", ".pyx", ".typed"}
# of dateutil only its clock is used, of urllib3 nothing for browsers and other TLS, of cryptography no messages
_UNUSED = (
    "cryptography/hazmat/asn1",
    "cryptography/hazmat/primitives/serialization/pkcs7.py",
    "cryptography/hazmat/primitives/serialization/pkcs12.py",
    "cryptography/hazmat/primitives/twofactor",
    "dateutil/tz/win.py",
    "dateutil/zoneinfo",
    "dateutil/rrule.py",
    "dateutil/easter.py",
    "urllib3/contrib/emscripten",
    "urllib3/contrib/pyopenssl.py",
    "jinja2/ext.py",
    "jinja2/meta.py",
    "jinja2/nativetypes.py",
    "jinja2/sandbox.py",
    "urllib3/contrib/socks.py",
)
_OF_PYNAMODB = {"get_item", "put_item", "update_item", "delete_item", "query", "scan", "transact_write_items"}
_SERVICE_FILES = ("service-2.json.gz", "service-2.json", "endpoint-rule-set-1.json.gz", "endpoint-rule-set-1.json")


@functools.cache
def services() -> frozenset[str]:
    """The AWS services that our code makes clients of."""
    found: set[str] = set()
    for file in (ROOT / "chalicelib").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_bytes())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "aws.client":
                found.add(ast.literal_eval(node.args[0]))
    return frozenset(found)


def is_left_out(name: Path) -> bool:
    """Whether a library's file has no use at run time."""
    if name.parts[:2] == ("botocore", "data") and len(name.parts) > 3:
        return name.parts[2] not in services() or name.name not in _SERVICE_FILES
    if name.as_posix().startswith(_UNUSED):
        return True
    return name.suffix in _LEFT_OUT or "tests" in name.parts or "__pycache__" in name.parts


def reduced(name: str, data: bytes) -> tuple[str, bytes]:
    """The name and content under which a library's file is packaged."""
    if name.startswith("botocore/data/"):
        if name.endswith(".gz"):
            name, data = name.removesuffix(".gz"), gzip.decompress(data)
        return name, _compact(_without_descriptions(name, json.loads(data)))
    return name, data


def _compact(content: Any) -> bytes:
    return json.dumps(content, separators=(",", ":")).encode()


def _without_descriptions(name: str, content: Any) -> Any:
    """A service's model without documentation and unused operations; the endpoint list without other services."""
    if name.endswith("service-2.json"):
        return _without_words(_with_used_operations(name.split("/")[2], content))
    if name.endswith("/endpoints.json"):
        kept = [one for one in content["partitions"] if one["partition"] in PARTITIONS]
        for partition in kept:
            partition["services"] = {
                service: entry
                for service, entry in partition["services"].items()
                if service in services() or service == "streams.dynamodb"
            }
        return {**content, "partitions": kept}
    return content


@functools.cache
def _called() -> frozenset[str]:
    """The names of all methods that our code calls, on whatever."""
    return frozenset(
        node.func.attr
        for file in (ROOT / "chalicelib").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_bytes()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    )


def _with_used_operations(service: str, content: Any) -> Any:
    """The model with the operations that our code or PynamoDB calls, and their shapes."""
    called = _called() | (_OF_PYNAMODB if service == "dynamodb" else set())
    kept = {name: one for name, one in content["operations"].items() if xform_name(name) in called}
    shapes, waiting = content["shapes"], [kept]
    reached: dict[str, Any] = {}
    while waiting:
        for name in _shapes_named_in(waiting.pop()):
            if name in shapes and name not in reached:
                reached[name] = shapes[name]
                waiting.append(shapes[name])
    return {**content, "operations": kept, "shapes": dict(sorted(reached.items()))}


def _shapes_named_in(content: Any) -> Iterator[str]:
    if isinstance(content, dict):
        if isinstance(content.get("shape"), str):
            yield content["shape"]
        for value in content.values():
            yield from _shapes_named_in(value)
    elif isinstance(content, list):
        for value in content:
            yield from _shapes_named_in(value)


def _without_words(content: Any) -> Any:
    """The model with every description empty; botocore looks for some of them, so they cannot go altogether."""
    if isinstance(content, dict):
        return {
            name: "" if name == "documentation" and isinstance(value, str) else _without_words(value)
            for name, value in content.items()
        }
    if isinstance(content, list):
        return [_without_words(value) for value in content]
    return content


def bytecode(source: bytes, name: str) -> bytes:
    """A module as an unchecked ``.pyc`` without docstrings, which nobody reads in Lambda."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and ast.get_docstring(
            node, clean=False
        ):
            node.body = node.body[1:] or [ast.copy_location(ast.Pass(), node.body[0])]
    code = compile(tree, name, "exec", dont_inherit=True)
    header = importlib.util.MAGIC_NUMBER + _UNCHECKED + importlib.util.source_hash(source)
    return header + marshal.dumps(code)


def machine(library: bytes) -> int:
    """The processor that an ELF library is for (``e_machine``: 62 is x86-64, 183 is 64-bit ARM)."""
    return int(struct.unpack_from("<H", library, 0x12)[0])
