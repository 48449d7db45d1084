"""Labels: what they say, what they keep to themselves, and that a scanner reads them from both kinds of paper."""

from __future__ import annotations

import pypdfium2
import pytest
import zxingcpp

from scenes.world import World
from tests.delivery import parcels
from tests.delivery.parcels import HALL


def pages(pdf: bytes) -> list[tuple[str, list[str], tuple[float, float]]]:
    """The text, the codes and the size (millimetres) of each page."""
    found = []
    with pypdfium2.PdfDocument(pdf) as document:
        for page in document:
            codes = zxingcpp.read_barcodes(
                page.render(scale=150 / 72).to_pil(), zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
            )
            size = tuple(round(side / 72 * 25.4) for side in page.get_size())
            text = page.get_textpage().get_text_bounded()
            found.append((text, sorted(code.text for code in codes), (size[0], size[1])))
    return found


def labels(world: World, city: parcels.Hall, shipments: list[str], paper: str) -> bytes:
    link = city.clerk.post(f"/v1/halls/{HALL}/labels", {"shipments": shipments, "paper": paper})
    assert link.status == 200, link.json
    path = link.json["url"].removeprefix(world.environment.settings()["PUBLIC_URL"])
    fetched = world.anonymous().get(path)
    assert fetched.status == 200
    return fetched.body


@pytest.mark.parametrize(("paper", "size", "count"), [("label", (100, 150), 5), ("a4", (210, 297), 2)])
def test_each_parcel_has_a_label_that_a_scanner_reads(
    world: World, paper: str, size: tuple[int, int], count: int
) -> None:
    somebody, city = parcels.recipient(world), parcels.hall(world)
    found = [
        somebody.approved(address=somebody.address(detail=f"示例路 {number} 号𪚥"), postage="on_delivery")
        for number in range(5)
    ]
    shipments = [done["shipment"] for done in found]
    drawn = pages(labels(world, city, shipments, paper))
    assert len(drawn) == count and {page[2] for page in drawn} == {size}
    assert sorted(code for page in drawn for code in page[1]) == sorted(f"BSP1:{one}" for one in shipments)
    text = "".join(page[0] for page in drawn)
    assert "138****5678" in text and "示例路" in text and "玄武区" in text
    for secret in ("13812345678", "张收件", "不动产", *(done["receipt"] for done in found)):
        assert secret not in text


def test_labels_of_another_hall_s_parcels_are_not_made(world: World) -> None:
    somebody, city = parcels.recipient(world), parcels.hall(world)
    done = somebody.approved(address=somebody.address(), postage="on_delivery")
    other = city.clerk.post("/v1/halls/jiangning_street_hall/labels", {"shipments": [done["shipment"]]})
    assert other.code == "parcel_gone"
