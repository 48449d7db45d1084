"""A real browser (installed by ``make test``) for the tests of pages."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from local.environment import ROOT

UNPACKED = ROOT / "tests" / "browser" / "unpacked"

OPTIONS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--headless",
]  # fmt: skip


@contextmanager
def launched() -> Iterator[Any]:
    """The browser, running."""
    from playwright.sync_api import sync_playwright

    libraries = f"{UNPACKED / 'al2023' / 'lib'}:{os.environ.get('LD_LIBRARY_PATH', '')}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=UNPACKED / "chromium", args=OPTIONS, env={**os.environ, "LD_LIBRARY_PATH": libraries}
        )
        yield browser
        browser.close()
