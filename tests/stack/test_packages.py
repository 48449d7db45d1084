"""The packages themselves: the same bytes every time, for both processors, within their limits."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from infra import package


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def test_the_same_input_gives_the_same_bytes() -> None:
    first = digests(package.build(package.this_architecture()))
    assert set(first) == {"api.zip", "printing.zip", "template.json", "sizes.json"}
    assert digests(package.build(package.this_architecture())) == first


def test_packages_for_the_other_processor_are_built_too() -> None:
    other = {"x86_64": "arm64", "arm64": "x86_64"}[package.this_architecture()]
    sizes = json.loads((package.build(other) / "sizes.json").read_text(encoding="utf-8"))
    assert {one["name"] for one in sizes} == {"api", "printing"}
    for one in sizes:
        assert 40 < one["unzipped_mb"] < one["limit_mb"] and len(one["largest"]) == 10


def test_a_package_over_its_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    small = tuple(package.Artefact(one.name, 10, one.without) for one in package.ARTEFACTS)
    monkeypatch.setattr(package, "ARTEFACTS", small)
    with pytest.raises(package.BuildFailed, match="more than its limit"):
        package.build(package.this_architecture())


def test_a_package_that_lacks_something_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "COMPANIONS", {})
    with pytest.raises(package.BuildFailed, match="does not work with only what is packaged"):
        package.build(package.this_architecture())


def test_a_dependency_that_cannot_be_installed_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(package, "BUILD", tmp_path)
    monkeypatch.setitem(package.PLATFORMS, "arm64", ("riscv64-manylinux_2_28", 243))
    with pytest.raises(package.BuildFailed, match="could not be installed for arm64"):
        package.build("arm64")
