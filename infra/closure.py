"""Which modules a program can reach: every import statement in it, followed into the libraries.

Imports inside functions count, so what is loaded on first use is found too; imports for type checkers do
not. What native code imports cannot be seen: the check of the finished package finds that.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path


class Closure:
    """The ``modules`` reachable from ``entries`` with their files, and the names that each of them ``imports``.

    ``roots`` are the folders of certain packages, by name, and of all others under ``""``; ``excluded``
    modules are not entered (nor anything below them).
    """

    def __init__(self, roots: dict[str, Path], entries: list[str], excluded: tuple[str, ...] = ()) -> None:
        self._roots, self._excluded = roots, excluded
        self.modules: dict[str, Path] = {}
        self.imports: dict[str, list[str]] = {}
        waiting = list(entries)
        while waiting:
            name = waiting.pop()
            for module in _with_parents(name):
                if module not in self.modules and not self._is_excluded(module) and (file := self._find(module)):
                    self.modules[module] = file
                    self.imports[module] = _imports(module, file)
                    waiting += self.imports[module]

    def _is_excluded(self, module: str) -> bool:
        return any(module == one or module.startswith(f"{one}.") for one in self._excluded)

    def _find(self, module: str) -> Path | None:
        root = self._roots.get(module.split(".")[0], self._roots[""])
        place = root.joinpath(*module.split("."))
        natives = sorted(place.parent.glob(f"{place.name}.*so")) if place.parent.is_dir() else []
        for file in (place / "__init__.py", place.with_suffix(".py"), *natives):
            if file.is_file():
                return file
        return None


def _with_parents(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[: end + 1]) for end in range(len(parts))]


def _imports(module: str, file: Path) -> list[str]:
    if file.suffix != ".py":
        return []
    package = module if file.name == "__init__.py" else module.rpartition(".")[0]
    found: list[str] = []
    for node in _statements(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = _base(node, package)
            found += [base, *(f"{base}.{alias.name}" for alias in node.names)]
    return [name for name in found if name]


def _base(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    parts = package.split(".")
    parent = parts[: len(parts) - node.level + 1]
    return ".".join([*parent, node.module] if node.module else parent)


def _statements(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for other in node.orelse:
                yield other
                yield from _statements(other)
            continue
        yield node
        yield from _statements(node)
