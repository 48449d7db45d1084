"""``make house``: how the code reads, in figures: of app.py, chalicelib and functions, each beside its goal."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tools.imports import circles, edges_of_files, edges_of_folders

ROOT = Path(__file__).parent.parent
MEASURED = ("app.py", "chalicelib", "functions")
MOST_POSITIONAL = 3
LINES_OF_AN_OPERATION = 48


@dataclass(frozen=True)
class Row:
    """A figure, and the most that it should be; ``goal`` is None for one without a goal."""

    name: str
    value: float
    goal: float | None = None

    @property
    def falls_short(self) -> bool:
        return self.goal is not None and self.value > self.goal


@dataclass(kw_only=True)
class Figures:
    """What is counted over all files."""

    file_lines: list[int] = field(default_factory=list)
    function_lines: list[int] = field(default_factory=list)
    function_decisions: list[int] = field(default_factory=list)
    line_lengths: list[int] = field(default_factory=list)
    code_lines: int = 0
    comment_lines: int = 0
    decisions: int = 0
    ternaries: int = 0
    tuple_assignments: int = 0
    positional_calls: int = 0


def files() -> list[Path]:
    """The files that are measured."""
    found: list[Path] = []
    for name in MEASURED:
        place = ROOT / name
        found += sorted(place.rglob("*.py")) if place.is_dir() else [place]
    return found


def decisions_of(node: ast.AST) -> int:
    """How many decisions a node is: a branch, a loop, a case; each ``and`` and each condition of a comprehension."""
    if isinstance(node, ast.If | ast.For | ast.While | ast.IfExp | ast.ExceptHandler | ast.match_case):
        return 1
    if isinstance(node, ast.BoolOp):
        return len(node.values) - 1
    if isinstance(node, ast.comprehension):
        return 1 + len(node.ifs)
    return 0


def is_tuple_assignment(node: ast.AST) -> bool:
    """Whether several values are assigned to several names at once: ``a, b = x, y``."""
    if not isinstance(node, ast.Assign):
        return False
    return isinstance(node.targets[0], ast.Tuple) and isinstance(node.value, ast.Tuple)


def is_positional_record(node: ast.AST) -> bool:
    """Whether a class is called with more values than a reader can tell apart without their names."""
    if not isinstance(node, ast.Call):
        return False
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    return name[:1].isupper() and not name.isupper() and len(node.args) > MOST_POSITIONAL


def prose_lines(tree: ast.AST) -> set[int]:
    """The lines of docstrings."""
    found: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            first = node.body[0]
            found |= set(range(first.lineno, (first.end_lineno or first.lineno) + 1))
    return found


def measure(text: str, figures: Figures) -> None:
    """Count one file."""
    tree = ast.parse(text)
    prose = prose_lines(tree)
    lines = text.splitlines()
    figures.file_lines.append(len(lines))
    for number, line in enumerate(lines, 1):
        if not line.strip() or number in prose:
            continue
        if line.strip().startswith("#"):
            figures.comment_lines += 1
            continue
        figures.code_lines += 1
        figures.comment_lines += "  # " in line
        figures.line_lengths.append(len(line))
    for node in ast.walk(tree):
        figures.decisions += decisions_of(node)
        figures.ternaries += isinstance(node, ast.IfExp)
        figures.tuple_assignments += is_tuple_assignment(node)
        figures.positional_calls += is_positional_record(node)
        if isinstance(node, ast.FunctionDef):
            figures.function_lines.append((node.end_lineno or node.lineno) - node.lineno + 1)
            figures.function_decisions.append(sum(decisions_of(inner) for inner in ast.walk(node)))


def percentile(values: list[int], share: float) -> int:
    """The value below which the share of all values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def rows(figures: Figures) -> Iterator[Row]:
    """The figures in the order in which they are printed."""
    yield Row("decisions per 100 code lines", round(100 * figures.decisions / figures.code_lines, 1), 11)
    yield Row("decisions of a function, p90", percentile(figures.function_decisions, 0.9), 5)
    yield Row("lines of a function, p50", percentile(figures.function_lines, 0.5))
    yield Row("lines of a function, p90", percentile(figures.function_lines, 0.9))
    yield Row("lines of a function, most", max(figures.function_lines))
    yield Row("lines of a file, p50", percentile(figures.file_lines, 0.5))
    yield Row("lines of a file, p90", percentile(figures.file_lines, 0.9))
    yield Row("lines of a file, most", max(figures.file_lines), 400)
    yield Row("length of a line, p90", percentile(figures.line_lengths, 0.9))
    yield Row("ternaries", figures.ternaries)
    yield Row("tuple assignments", figures.tuple_assignments, 0)
    yield Row("calls of a class with more than three positional values", figures.positional_calls, 0)
    yield Row("comments per 100 code lines", round(100 * figures.comment_lines / figures.code_lines, 2))
    yield Row("circles of files", len(circles(edges_of_files())), 0)
    yield Row("circles of folders", len(circles(edges_of_folders())), 0)
    contract = (ROOT / "openapi.yaml").read_text(encoding="utf-8")
    operations = contract.count("\n      operationId: ")
    yield Row(
        "lines of openapi.yaml for each operation", len(contract.splitlines()) / operations, LINES_OF_AN_OPERATION
    )


def main() -> int:
    """Print every figure; those that fall short of their goal are named at the end."""
    figures = Figures()
    for path in files():
        measure(path.read_text(encoding="utf-8"), figures)
    short = []
    for row in rows(figures):
        goal = "" if row.goal is None else f"at most {row.goal:g}"
        print(f"{row.name:<58} {row.value:>8g}   {goal}".rstrip())
        if row.falls_short:
            short.append(row.name)
    print(f"\nfall short: {'; '.join(short) or 'none'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
