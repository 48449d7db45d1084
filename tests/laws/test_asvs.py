"""ASVS 5.0 in ``docs/security.md``: a row for each requirement of levels 1 and 2, and each row says what is true."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

import pytest

from local.environment import ROOT

DOCUMENT = ROOT / "docs" / "security.md"
STATUSES = ("met", "does not apply", "open")
_ROW = re.compile(r"^\| (\d+\.\d+\.\d+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
NUMBERS = {
    "1.1": 2, "1.2": 9, "1.3": 11, "1.4": 3, "1.5": 2, "2.1": 3, "2.2": 3, "2.3": 4, "2.4": 1, "3.2": 2, "3.3": 4,
    "3.4": 6, "3.5": 5, "3.7": 2, "4.1": 3, "4.2": 1, "4.3": 2, "4.4": 4, "5.1": 1, "5.2": 3, "5.3": 2, "5.4": 3,
    "6.1": 3, "6.2": 12, "6.3": 4, "6.4": 4, "6.5": 5, "6.6": 3, "6.8": 4, "7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5,
    "7.5": 2, "7.6": 2, "8.1": 2, "8.2": 3, "8.3": 1, "8.4": 1, "9.1": 3, "9.2": 4, "10.1": 2, "10.2": 2, "10.3": 4,
    "10.4": 11, "10.5": 5, "10.6": 2, "10.7": 3, "11.1": 2, "11.2": 3, "11.3": 3, "11.4": 4, "11.5": 1, "11.6": 1,
    "12.1": 3, "12.2": 2, "12.3": 4, "13.1": 1, "13.2": 5, "13.3": 2, "13.4": 5, "14.1": 2, "14.2": 4, "14.3": 3,
    "15.1": 3, "15.2": 3, "15.3": 7, "16.1": 1, "16.2": 5, "16.3": 4, "16.4": 3, "16.5": 3, "17.1": 1, "17.2": 4,
    "17.3": 2,
}  # fmt: skip
"""How many requirements of levels 1 and 2 each section has: the first ones, because level 3 stands behind them."""
DOCUMENTED = {
    "2.1.3": ("Limits", "for each person"),
    "6.1.1": ("Limits", "counts against the code that was guessed"),
    "6.1.3": ("Sessions", "Ways to log in"),
    "7.1.1": ("Sessions", "| person | 30 days | 7 days |"),
    "7.1.2": ("Sessions", "any number of sessions"),
    "7.1.3": ("Sessions", "not kept in step"),
    "11.1.1": ("Keys", "operations.md#rotating-keys"),
    "11.1.2": ("Keys", "| `TokenKey`, ES256 |"),
    "14.1.1": ("Data", "| what | how it is kept | who reads it |"),
    "14.1.2": ("Data", "sealed field by field"),
    "15.1.1": ("Libraries", "three working days"),
    "15.1.2": ("Libraries", "pinned with their hashes"),
    "16.1.1": ("Logs", "kept for 180 days"),
}
"""Requirements that something is documented: in which section, by which words."""
JITTER = {"kernel/storage/optimistic.py", "kernel/storage/failures.py", "kernel/wire/client.py"}
"""Files that may draw from the ordinary generator: how long to wait before trying again is no secret."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row of the table: the requirement's number, our words for it, its status, and a test or the reason."""

    number: str
    words: str
    status: str
    reason: str


def rows(text: str) -> list[Row]:
    return [
        Row(number=number, words=words.strip(), status=status.strip(), reason=reason.strip())
        for number, words, status, reason in _ROW.findall(text)
    ]


def faults(found: list[Row]) -> list[str]:
    """What is missing, and what does not say what it has to."""
    wanted = [f"{section}.{number}" for section, most in NUMBERS.items() for number in range(1, most + 1)]
    numbers = [row.number for row in found]
    said = [f"{number} has {numbers.count(number)} rows" for number in wanted if numbers.count(number) != 1]
    said += [f"{number} is no requirement of level 1 or 2" for number in numbers if number not in wanted]
    for row in found:
        if row.status not in STATUSES:
            said.append(f"{row.number} is {row.status!r}")
        elif row.status == "met" and not is_a_test(row.reason.strip("`")):
            said.append(f"{row.number} names no test that exists: {row.reason}")
        elif row.status != "met" and len(row.reason) < 3:
            said.append(f"{row.number} says no reason")
    return said


def is_a_test(name: str) -> bool:
    """Whether ``kernel/test_ids.py::test_x`` is a test of this repository."""
    file, _, function = name.partition("::")
    path = ROOT / "tests" / file
    if not path.is_file() or not function.startswith("test_"):
        return False
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return any(isinstance(node, ast.FunctionDef) and node.name == function for node in tree.body)


def test_each_requirement_has_a_row_and_each_met_one_a_test() -> None:
    found = rows(DOCUMENT.read_text(encoding="utf-8"))
    assert len(found) == sum(NUMBERS.values()) == 253
    assert faults(found) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"status": "nearly"}, "is 'nearly'"),
        ({"reason": "`kernel/test_ids.py::test_nothing`"}, "names no test that exists"),
        ({"reason": "somebody looked"}, "names no test that exists"),
        ({"status": "open", "reason": "-"}, "says no reason"),
        ({"number": "1.1.3"}, "1.1.3 is no requirement"),
        ({"number": "1.2.1"}, "1.2.1 has 2 rows"),
    ],
)
def test_the_law_of_requirements_finds(change: dict[str, str], fault: str) -> None:
    found = rows(DOCUMENT.read_text(encoding="utf-8"))
    right = next(row for row in found if row.status == "met")
    found.remove(right)
    wrong = {"number": right.number, "words": right.words, "status": right.status, "reason": right.reason} | change
    assert any(fault in said for said in faults([Row(**wrong), *found]))


@pytest.mark.parametrize("number", DOCUMENTED)
def test_what_has_to_be_documented_stands_in_its_section(number: str) -> None:
    heading, words = DOCUMENTED[number]
    text = DOCUMENT.read_text(encoding="utf-8")
    section = text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    assert words in " ".join(section.split()) or words in section, number


def test_secrets_come_from_the_secure_generator() -> None:
    """Nothing else imports the ordinary one; ``secrets`` draws from the system's."""
    drawing = set()
    for path in (ROOT / "chalicelib").rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        sources = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        if "random" in names | sources:
            drawing.add(str(path.relative_to(ROOT / "chalicelib")))
    assert drawing == JITTER
