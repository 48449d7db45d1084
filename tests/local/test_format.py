"""A data folder of another version is refused with what to do, before anything in it is touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from local import environment
from local.environment import BrokenData


def test_a_new_folder_is_marked_and_an_own_one_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BANSHI_DATA", str(tmp_path / "data"))
    environment.default()
    environment.default()
    assert (tmp_path / "data" / "format").read_text(encoding="utf-8") == environment.FORMAT


@pytest.mark.parametrize("name", ["format", "secrets.json"])
def test_a_folder_of_another_version_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    (tmp_path / name).write_text("1", encoding="utf-8")
    monkeypatch.setenv("BANSHI_DATA", str(tmp_path))
    with pytest.raises(BrokenData, match="delete the folder"):
        environment.default()
    assert (tmp_path / name).read_text(encoding="utf-8") == "1"
