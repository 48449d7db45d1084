"""The verification page in a real browser (installed by ``make test``), on a phone's screen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from scenes.world import World
from tests.certificates.pictures import decode, raster


def open_page(browser: Any, address: str, width: int) -> Any:
    context = browser.new_context(viewport={"width": width, "height": 720}, java_script_enabled=True)
    page = context.new_page()
    page.goto(address)
    return page


@pytest.mark.parametrize("width", [320, 390, 820])
def test_plate_and_status_are_large_and_nothing_overflows(
    world: World, browser: Any, url: str, width: int, tmp_path: Path
) -> None:
    enterprise = world.enterprise()
    scanned = decode(raster(enterprise.print(enterprise.certificate())))
    page = open_page(browser, f"{url}/b/{scanned.rsplit('/', 1)[1]}", width)
    size = page.eval_on_selector(".headline", "node => parseFloat(getComputedStyle(node).fontSize)")
    assert size >= 46
    assert page.inner_text(".headline") == enterprise.plates[0]
    assert page.eval_on_selector("html", "node => node.scrollWidth <= node.clientWidth")
    bottom = page.eval_on_selector(".headline", "node => node.getBoundingClientRect().bottom")
    assert bottom < 400, "status and plate are seen without scrolling"
    assert "有效" in page.inner_text("[role=status]") and "VALID" in page.inner_text("[role=status]")
    assert page.screenshot(path=str(tmp_path / "page.png"))
    page.context.close()


def test_a_forgery_is_red_and_says_so_in_words(world: World, browser: Any, url: str) -> None:
    page = open_page(browser, f"{url}/b/{'1' * 222}", 390)
    assert "不是真证" in page.inner_text("[role=status]")
    color = page.eval_on_selector("[role=status]", "node => getComputedStyle(node).backgroundColor")
    assert color == "rgb(179, 20, 29)"
    assert page.query_selector("dl") is None
    page.context.close()


def test_one_request_shows_the_page(world: World, browser: Any, url: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page, requests = context.new_page(), []
    page.on("request", lambda request: requests.append(request.url))
    page.goto(f"{url}/b/{'1' * 222}")
    assert [address for address in requests if "favicon" not in address] == [f"{url}/b/{'1' * 222}"]
    context.close()
