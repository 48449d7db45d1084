"""Ticket page and slips in a real browser: readable on a phone, and their QR codes decode."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from PIL import Image

from scenes.world import World
from tests.queueing.hall import HallDay


@pytest.fixture
def day(world: World) -> HallDay:
    found = HallDay(world, world.hall())
    found.at(9)
    return found


def shown(browser: Any, html: bytes, picture: Path) -> tuple[Any, list[str]]:
    """The page on a phone's screen, and what its codes say."""
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.set_content(html.decode())
    page.screenshot(path=picture, full_page=True)
    # Only QR: among all formats, a line of text was once read as a bar code.
    codes = zxingcpp.read_barcodes(Image.open(picture), zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode))
    return page, [code.text for code in codes]


def test_the_ticket_page_shows_place_and_wait(world: World, day: HallDay, browser: Any, tmp_path: Path) -> None:
    day.walk_in()
    ticket = day.walk_in()
    day.open("1")
    page, _ = shown(browser, world.anonymous().get(f"/t/{ticket['id']}").body, tmp_path / "page.png")
    text = page.inner_text("main")
    assert "A002" in text and "等候中" in text and "1 人" in text and "30 分钟" in text
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    day.next("1")
    day.do("1", "finish")
    day.next("1")
    page, _ = shown(browser, world.anonymous().get(f"/t/{ticket['id']}").body, tmp_path / "called.png")
    assert "1 号窗口" in page.inner_text("main")


def test_the_slips_codes_lead_to_ticket_and_appointment(
    world: World, day: HallDay, browser: Any, tmp_path: Path
) -> None:
    ticket = day.walk_in()
    slip = day.kiosk().get(f"/v1/tickets/{ticket['id']}/slip")
    _, codes = shown(browser, slip.body, tmp_path / "ticket.png")
    assert codes == [f"{world.environment.settings()['PUBLIC_URL']}/t/{ticket['id']}"]
    citizen, booked = day.booked("09:00")
    page, codes = shown(
        browser, citizen.client.get(f"/v1/appointments/{booked['id']}/slip").body, tmp_path / "slip.png"
    )
    assert codes == [booked["id"]] and booked["number"] in page.inner_text("body")
    day.at(9)
    assert day.kiosk().post(f"{day.path}/check_ins", {"code": codes[0]}).status == 200
