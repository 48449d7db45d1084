"""What fits into each platform's fields, and when messages are sent."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.notices import rules
from local.simulators.wechat import _FIELDS
from publishing import city_folder, message_checks
from publishing.city_folder import Mistakes

TEXTS = st.text(max_size=80)
NIGHT, DAY = datetime(2026, 11, 2, 15, 30, tzinfo=UTC), datetime(2026, 11, 2, 4, 0, tzinfo=UTC)


@given(st.sampled_from(sorted(_FIELDS)), TEXTS)
def test_whatever_is_sent_fits_the_field_as_the_platform_checks_it(field: str, text: str) -> None:
    """The simulator's patterns were written from the platform's document, not from our rules."""
    try:
        fitted = rules.fit_wechat(f"{field}1", text)
    except rules.Unfit:
        return
    if "\n" in fitted or field == "name":
        return  # one line of plain names is all that templates hold
    assert re.fullmatch(_FIELDS[field], fitted), fitted


@pytest.mark.parametrize(
    ("field", "text", "fitted"),
    [
        ("thing1", "一二三四五六七八九十一二三四五六七八九十一", "一二三四五六七八九十一二三四五六七八九…"),
        ("thing1", "", "无"),
        ("character_string2", "K7M2-9QXA-4TB3", "K7M2-9QXA-4TB3"),
        ("phrase3", "派送未成功了", "派送未成功"),
        ("time4", "2026年11月2日 16:00", "2026年11月2日 16:00"),
        ("date5", "2026年11月2日", "2026年11月2日"),
        ("amount6", "80.00元", "80.00元"),
        ("name7", "欧阳某某", "欧阳某某"),
    ],
)
def test_values_are_cut_by_type(field: str, text: str, fitted: str) -> None:
    assert rules.fit_wechat(field, text) == fitted


@pytest.mark.parametrize(
    ("field", "text"), [("time1", "无"), ("phrase2", "done"), ("amount3", "eight"), ("word4", "x")]
)
def test_what_no_cutting_helps_is_said(field: str, text: str) -> None:
    with pytest.raises(rules.Unfit):
        rules.fit_wechat(field, text)


def test_quiet_hours_and_the_digest() -> None:
    assert rules.send_at(NIGHT, 22, 8, urgent=False).isoformat() == "2026-11-03T08:00:00+08:00"
    assert rules.send_at(NIGHT, 22, 8, urgent=True) == NIGHT
    assert rules.send_at(DAY, 22, 8, urgent=False) == DAY
    assert rules.send_at(NIGHT, 0, 0, urgent=False) == NIGHT
    early = datetime(2026, 11, 1, 23, 30, tzinfo=UTC)
    assert rules.send_at(early, 22, 8, urgent=False).isoformat() == "2026-11-02T08:00:00+08:00"
    assert rules.digest_at(DAY, 18).isoformat() == "2026-11-02T18:00:00+08:00"
    assert rules.digest_at(NIGHT, 18).isoformat() == "2026-11-03T18:00:00+08:00"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"event": "application_danced"}, "nobody tells this event"),
        ({"title": {"zh": "{nobody}", "en": "x"}}, "there is no {nobody}"),
        ({"wechat": {"id": "wxt_application", "data": {"time1": "{service}"}}}, "a time cannot be"),
        ({"wechat": {"id": "wxt_application", "data": {"words1": "x"}}}, "there is no field words"),
        ({"wechat": {"id": "wxt_application", "data": {"thing1": "一" * 20}}}, "leave no room"),
        ({"sms": None}, "so that everybody can be reached"),
        ({"sms": {"zh": "长" * 500, "en": "x"}}, "longer than"),
        ({"urgent": True, "inbox_only": True}, "urgent"),
    ],
)
def test_a_template_that_would_fail_is_refused_when_it_is_published(change: dict[str, object], reason: str) -> None:
    import msgspec

    from chalicelib.catalog.definition import Messages, MessageTemplate
    from local.environment import ROOT

    read = city_folder.read_folder(ROOT / "city")
    (messages,) = [one for one in read.lists if isinstance(one, Messages)]
    good = messages.template("application_completed")
    assert good is not None and list(message_checks.mistakes([good])) == []
    bad = msgspec.convert({**msgspec.to_builtins(good), **change}, MessageTemplate)
    assert any(reason in why for _, why in message_checks.mistakes([bad])), list(message_checks.mistakes([bad]))


def test_a_city_without_templates_is_not_published(tmp_path: object) -> None:
    import shutil
    from pathlib import Path

    from local.environment import ROOT

    folder = Path(shutil.copytree(ROOT / "city", Path(str(tmp_path)) / "city"))
    (folder / "messages.json").unlink()
    with pytest.raises(Mistakes, match=r"messages\.json: the file is missing"):
        city_folder.read_folder(folder)
