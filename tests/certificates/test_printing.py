"""Printing: policy, single-use links, and a PDF that reads well on paper."""

from __future__ import annotations

import re

import pypdfium2
import pytest

from chalicelib.catalog import service as catalog
from chalicelib.catalog.definition import Layout, ServiceDefinition
from chalicelib.certificates import pdf as drawing
from chalicelib.certificates import rules
from chalicelib.kernel import qr
from chalicelib.kernel.errors import Problem
from scenes.world import Enterprise, World
from tests.certificates.pictures import decode, photo, raster

NUMBER = "1" * 222


@pytest.fixture
def enterprise(world: World) -> Enterprise:
    return world.enterprise()


def text_of(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    try:
        found: str = document[0].get_textpage().get_text_range()
        return found
    finally:
        document.close()


def test_a_link_works_once_and_not_for_long(world: World, enterprise: Enterprise) -> None:
    path = f"/v1/certificates/{enterprise.certificate()}/prints"
    base = world.environment.settings()["PUBLIC_URL"]
    link = enterprise.client.post(path).json["url"].removeprefix(base)
    got = world.anonymous().get(link)
    assert (got.status, got.headers["Content-Type"], got.headers["Cache-Control"]) == (
        200,
        "application/pdf",
        "no-store",
    )
    assert world.anonymous().get(link).code == "print_link_used"
    link = enterprise.client.post(path).json["url"].removeprefix(base)
    world.pass_time(seconds=61)
    assert world.anonymous().get(link).code == "print_link_used"


@pytest.mark.parametrize("ticket", ["x", "0011223344556677.secret", "..", "0011223344556677."])
def test_made_up_links_are_refused(world: World, ticket: str) -> None:
    expected = (404, "not_found") if ticket == ".." else (410, "print_link_used")
    answer = world.anonymous().get(f"/v1/prints/{ticket}")
    assert (answer.status, answer.code) in (expected, (410, "print_link_used"))


def test_wrong_links_lock_nobody_out_who_shares_the_address(world: World, enterprise: Enterprise) -> None:
    hall = world.anonymous()
    answers = [hall.get(f"/v1/prints/0011223344556677.{number}").status for number in range(30)]
    assert answers == [410] * 30, "a link has 128 bits: nobody guesses it, and nobody is locked"
    link = enterprise.client.post(f"/v1/certificates/{enterprise.certificate()}/prints").json["url"]
    printed = hall.get(link.removeprefix(world.environment.settings()["PUBLIC_URL"]))
    assert printed.status == 200
    assert re.fullmatch(r'attachment; filename="[0-9A-Z-]+-1\.pdf"', printed.headers["Content-Disposition"])


def test_from_the_third_print_on_a_reason_is_needed_and_after_ten_there_are_no_more(enterprise: Enterprise) -> None:
    path = f"/v1/certificates/{enterprise.certificate()}/prints"
    assert [enterprise.client.post(path).status for _ in range(2)] == [201, 201]
    assert enterprise.client.post(path).code == "print_reason_required"
    for _ in range(8):
        assert enterprise.client.post(path, {"reason": "打印机卡纸"}).status == 201
    used_up = enterprise.client.post(path, {"reason": "打印机卡纸"})
    assert (used_up.status, used_up.code) == (409, "prints_used_up")
    assert "10" in used_up.json["title"]


def test_what_is_no_longer_valid_is_not_printed(world: World, enterprise: Enterprise) -> None:
    revoked, expired = enterprise.certificate(), enterprise.certificate(plate=enterprise.plates[1])
    link = enterprise.client.post(f"/v1/certificates/{revoked}/prints").json["url"]
    world.staff().post(f"/v1/certificates/{revoked}/revoke", {"reason": "车辆停运"})
    assert enterprise.client.post(f"/v1/certificates/{revoked}/prints").code == "certificate_not_printable"
    fetched = world.anonymous().get(link.removeprefix(world.environment.settings()["PUBLIC_URL"]))
    assert fetched.code == "print_link_used"
    world.pass_time(days=6)
    renewed = world.anonymous().post("/v1/auth/refresh", {"refresh_token": enterprise.representative.refresh_token})
    enterprise.representative.token = renewed.json["access_token"]
    assert enterprise.client.post(f"/v1/certificates/{expired}/prints").code == "certificate_not_printable"


def test_each_print_is_an_event_with_its_reason(world: World, enterprise: Enterprise) -> None:
    from chalicelib.kernel.events import changes, history

    certificate = enterprise.certificate()
    enterprise.print(certificate, "第一次打印")
    world.pump()
    subject = f"CERTIFICATE#{certificate}"
    recorded, _ = history.entries(subject)
    assert [change.type for change in recorded] == ["certificate_issued", "certificate_printed", "print_fetched"]
    assert recorded[1].data == {"revision": 1} and recorded[1].acting_for == enterprise.organization_id
    assert changes.note_of(subject, recorded[1]) == "第一次打印"


def test_the_pdf_says_in_text_what_it_shows(enterprise: Enterprise) -> None:
    certificate = enterprise.certificate()
    text = text_of(enterprise.print(certificate))
    number = enterprise.client.get(f"/v1/certificates/{certificate}").json["number"]
    for words in (
        "旅游包车标贴", enterprise.plates[0], "南京 — 苏州", "镇江 · 无锡", "2026-11-02 至 2026-11-06",
        "示例旅游客运有限公司", "丙驾驶", "甲代表", "示例市交通运输局", number, "第 1 版", "市际包车",
    ):  # fmt: skip
        assert words in text, words


def test_the_qr_decodes_from_a_150_dpi_raster(enterprise: Enterprise) -> None:
    url = decode(raster(enterprise.print(enterprise.certificate()), 150))
    assert url.startswith(enterprise.world.environment.settings()["SCAN_URL_PREFIX"])


def test_the_qr_decodes_from_simulated_photos(enterprise: Enterprise) -> None:
    pdf = enterprise.print(enterprise.certificate())
    url = decode(raster(pdf))
    read = [decode(photo(pdf, seed=seed)) == url for seed in range(12)]
    assert sum(read) >= 11, read


def test_the_symbol_is_small_because_the_number_is_numeric() -> None:
    """45 modules at M, 53 at Q for a prefix of 27 characters; all in bytes would take 61."""
    prefix = "https://q.example.gov.cn/b/"
    assert len(qr.modules(prefix, NUMBER, correction="M")) == 45
    assert len(qr.modules(prefix, NUMBER, correction="Q")) == 53
    assert len(qr.modules("h" * 36, NUMBER, correction="Q")) == 53


def layout_of(definition: ServiceDefinition) -> Layout:
    assert definition.certificate is not None
    return definition.certificate.layout


def face(**changes: str) -> dict[str, str]:
    names = (
        "plate number class_name origin destination stops enterprise driver issuer signer "
        "valid_from valid_to issued_on identifier revision"
    )
    return {**dict.fromkeys(names.split(), "苏A12345"), **changes}


def test_rare_characters_of_names_are_printed(world: World) -> None:
    _, definition = catalog.current("tour_bus_sticker")
    rare = "䶮㭎㛃鿏𬭎𫖮𬴊"
    pdf = drawing.draw(layout_of(definition), face(driver=rare), "https://q.example.gov.cn/b/", NUMBER)
    assert pdf.startswith(b"%PDF")
    assert drawing.missing_glyph(rare, "bold") is None


def test_the_list_of_drawable_characters_is_the_fonts(world: World) -> None:
    from chalicelib.certificates import glyphs
    from tools.glyphs import drawable

    assert glyphs.BITMAP.read_bytes() == glyphs.bitmap(drawable()), "run `python -m tools.glyphs`"
    assert glyphs.missing("苏A12345䶮𬭎") is None and glyphs.missing("南京😀") == "😀"


def test_a_missing_glyph_is_an_error_and_never_a_box(world: World) -> None:
    _, definition = catalog.current("tour_bus_sticker")
    with pytest.raises(Problem) as refused:
        drawing.draw(layout_of(definition), face(driver="𠮷田"), "https://q.example.gov.cn/b/", NUMBER)
    assert refused.value.error is rules.GLYPH_MISSING and "𠮷" in refused.value.zh


def test_long_texts_shrink_to_fit_their_place(world: World) -> None:
    _, definition = catalog.current("tour_bus_sticker")
    long = face(enterprise="示例" * 20 + "旅游客运有限公司", stops=" · ".join(["呼和浩特市新城区"] * 6))
    pdf = drawing.draw(layout_of(definition), long, "https://q.example.gov.cn/b/", NUMBER)
    assert decode(raster(pdf)).endswith(NUMBER)


def test_the_same_certificate_draws_the_same_bytes(world: World) -> None:
    _, definition = catalog.current("tour_bus_sticker")
    first, second = (
        drawing.draw(layout_of(definition), face(), "https://q.example.gov.cn/b/", NUMBER) for _ in range(2)
    )
    assert first == second and len(first) < 60_000
