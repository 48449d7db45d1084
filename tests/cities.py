"""A city whose files change while cases run."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from functions import recompute_limits
from publishing import publication
from scenes.world import World

CITY = Path(__file__).parents[1] / "city"
Alter = Callable[[str, Callable[[Any], object]], None]


@pytest.fixture
def alter(world: World, tmp_path: Path) -> Iterator[Alter]:
    """Publishes the city with a file of it altered; afterwards the city as it was."""
    folder = Path(shutil.copytree(CITY, tmp_path / "city"))

    def publish(file: str, change: Callable[[Any], object]) -> None:
        path = folder / file
        content = json.loads(path.read_text(encoding="utf-8"))
        change(content)
        path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
        publication.publish_folder(folder, publication.KEEP)

    yield publish
    publication.publish_folder(CITY, publication.KEEP)
    recompute_limits.handler({})
