"""Finding and reading a service."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.catalog import rules
from scenes.world import World


@pytest.mark.parametrize("words", ["旅游包车标贴", "包车", "大巴包车", "旅游大巴", "tour bus", "Sticker", "包车客运"])
def test_the_sticker_is_found_in_plain_words(world: World, words: str) -> None:
    found = world.anonymous().get(f"/v1/services?words={words}").json["items"]
    assert found and found[0]["code"] == "tour_bus_sticker"


@pytest.mark.parametrize("words", ["买房", "购房", "我要买房子", "house"])
def test_the_house_certificate_is_found(world: World, words: str) -> None:
    assert world.anonymous().get(f"/v1/services?words={words}").json["items"][0]["code"] == "house_purchase_certificate"


def test_nonsense_finds_nothing(world: World) -> None:
    assert world.anonymous().get("/v1/services?words=火星登陆").json["items"] == []


def test_services_are_listed_by_audience_and_region(world: World) -> None:
    def codes(query: str) -> list[str]:
        return [item["code"] for item in world.anonymous().get(f"/v1/services?{query}").json["items"]]

    homes = ["house_purchase_certificate", "housing_lease_filing", "joint_design_review", "real_estate_registration"]
    homes.append("rental_subsidy")
    assert codes("") == [*homes, "tour_bus_sticker"]
    assert codes("audience=enterprise") == ["joint_design_review", "tour_bus_sticker"]
    assert codes("audience=person&region=320102") == homes
    assert codes("region=110000") == []


def test_the_guide_tells_everything_one_must_know(world: World) -> None:
    guide = world.anonymous().get("/v1/services/tour_bus_sticker").json
    item = guide["item"]
    for name in ("conditions", "materials", "process", "legal_basis", "questions", "contact", "result"):
        assert item[name], name
    assert (item["statutory_days"], item["promised_days"], item["fees"], item["visits"]) == (20, 1, [], 0)
    assert len(item["task_code"]) == 31 and item["task_code"].startswith(item["catalog_code"])
    assert (item["handling"], item["online_depth"], item["handling_area"]) == (["online", "window"], 4, "city")
    assert {material["source"] for material in item["materials"]} == {"register"}
    assert guide["unit"]["zh"] == "示例市交通运输局"
    assert guide["form"]["properties"]["plate"]["title"] == "车牌号码"
    assert guide["result"]["prints"]["maximum"] == 10
    assert guide["warnings"] == []


def test_a_year_without_calendar_is_told(world: World) -> None:
    world.pass_time(days=61)
    warnings = world.anonymous().get("/v1/services/tour_bus_sticker").json["warnings"]
    assert "2027" in warnings[0]["zh"] and "2027" in warnings[0]["en"]


def test_an_unknown_service(world: World) -> None:
    answer = world.anonymous().get("/v1/services/flying_carpet")
    assert (answer.status, answer.code) == (404, "service_unknown")


@given(st.text(max_size=40))
def test_a_text_answers_itself_best(words: str) -> None:
    own = rules.score(words, [(1, [words])])
    assert own == (1 if rules.pairs(words) else 0)
    assert rules.score(words, [(1, ["毫不相干的文字"])]) <= own
