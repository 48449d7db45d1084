"""Names in the one spelling in which they are compared."""

from __future__ import annotations

import pytest

from chalicelib.kernel import names

UIGHUR = "买买提·吐尔逊"


@pytest.mark.parametrize("dot", [*"•‧∙⋅․・･．·᛫⸱∘", " · ", "."])
def test_every_dot_is_the_one_of_id_cards(dot: str) -> None:
    assert names.spell(f"买买提{dot}吐尔逊") == UIGHUR


@pytest.mark.parametrize(
    ("typed", "spelled"),
    [
        (" 张三　", "张三"),
        ("张 三", "张三"),
        ("zhang  san", "ZHANG SAN"),
        ("Ｌｉ", "LI"),
        ("O\u2019Brien Seán", "O\u2019BRIEN SEÁN"),
        ("𡚸", "𡚸"),
        ("王𬭎", "王𬭎"),
        ("", ""),
    ],
)
def test_blanks_width_and_case(typed: str, spelled: str) -> None:
    assert names.spell(typed) == spelled


@pytest.mark.parametrize("name", [UIGHUR, "ZHANG SAN", "𡚸", "阿卜杜热合曼·阿卜杜外力·阿卜杜克热木·艾合买提江"])
def test_what_is_spelled_stays_as_it_is(name: str) -> None:
    assert names.spell(name) == name
