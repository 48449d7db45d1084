"""What the documents point at is there: files, and names in them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from local.environment import ROOT

GUIDES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
_PLACE = re.compile(r"`([\w/]+\.py):(\w+)`")
_LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


def faults_of_places(text: str) -> list[str]:
    """Places written ``file.py:name`` whose file does not define that name."""
    faults = []
    for name, symbol in _PLACE.findall(text):
        path = ROOT / name
        if not path.is_file():
            faults.append(f"{name} is not there")
            continue
        defined = re.compile(rf"^(def|class) {symbol}\b|^{symbol}\b.*=", re.MULTILINE)
        if not defined.search(path.read_text(encoding="utf-8")):
            faults.append(f"{name} has no {symbol}")
    return faults


def faults_of_links(path: Path, text: str) -> list[str]:
    """Links to files that are not there."""
    return [link for link in _LINK.findall(text) if not (path.parent / link).exists()]


@pytest.mark.parametrize("path", GUIDES, ids=lambda path: path.name)
def test_documents_point_at_what_is_there(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert faults_of_places(text) == []
    assert faults_of_links(path, text) == []


def test_the_law_of_documents_finds() -> None:
    assert faults_of_places("`chalicelib/kernel/log.py:nothing_like_it`") == [
        "chalicelib/kernel/log.py has no nothing_like_it"
    ]
    assert faults_of_places("`chalicelib/kernel/nowhere.py:write`") == ["chalicelib/kernel/nowhere.py is not there"]
    assert faults_of_places("`chalicelib/kernel/log.py:write` and `chalicelib/kernel/log.py:FIELDS`") == []
    assert faults_of_links(ROOT / "README.md", "[a](docs/nowhere.md) [b](docs/glossary.md#x) [c](https://x)") == [
        "docs/nowhere.md"
    ]
