"""Examples computed by hand with the real calendar of 2026."""

import json
from datetime import date
from pathlib import Path

import pytest

from .deadlines import WorkingDays, due, light, merge, natural_due, wd

CALENDAR_FILE = Path(__file__).resolve().parents[2] / "city/calendar/2026.json"


def day(text: str) -> date:
    """Read a day of 2026 given as month-day."""
    return date.fromisoformat(f"2026-{text}")


def load() -> WorkingDays:
    """Read the published calendar of 2026. The year 2027 is not published."""
    data = json.loads(CALENDAR_FILE.read_text(encoding="utf-8"))
    return WorkingDays(
        off=frozenset(date.fromisoformat(text) for text in data["off"]),
        make_up=frozenset(date.fromisoformat(text) for text in data["make_up"]),
        published=frozenset({data["year"]}),
        statutory=frozenset({date(2027, 1, 1)}),
    )


CAL = load()


def test_working_days() -> None:
    """Days off, make-up days, and a year without a calendar."""
    assert not CAL.is_working(day("10-01"))
    assert CAL.is_working(day("10-10"))
    assert not CAL.is_working(day("10-11"))
    assert CAL.is_working(day("10-12"))
    assert not CAL.is_working(date(2027, 1, 1))
    assert not CAL.is_working(date(2027, 1, 2))
    assert CAL.is_working(date(2027, 1, 4))


def test_unpublished_year_uses_the_law_only() -> None:
    """Published lists do not reach into a year that is not published, nor the law into one that is."""
    calendar = WorkingDays(
        off=frozenset({date(2027, 2, 1)}),
        make_up=frozenset({date(2027, 2, 6)}),
        published=frozenset({2026}),
        statutory=frozenset({day("03-03")}),
    )
    assert calendar.is_working(date(2027, 2, 1))
    assert not calendar.is_working(date(2027, 2, 6))
    assert calendar.is_working(day("03-03"))


def test_spring_festival() -> None:
    """Sat 14 Feb works (1), off to Mon 23, then 24 (2), 25 (3)."""
    assert wd(CAL, day("02-13"), 3) == day("02-25")
    assert due(CAL, day("02-13"), 3, []) == day("02-25")


def test_national_day_week() -> None:
    """Sep 29 (1), 30 (2), Oct 8 (3), 9 (4), Sat 10 (5, make-up)."""
    assert due(CAL, day("09-28"), 5, []) == day("10-10")


def test_statutory_twenty_days() -> None:
    """Sun 20 Sep works. 20-24 Sep: 5, 28-30: 8, 8-10 Oct: 11, 12-16: 16, 19-22: 20."""
    assert due(CAL, day("09-18"), 20, []) == day("10-22")


def test_pause_across_national_day() -> None:
    """Sep 29 (1) is the start of the pause. It ends on Oct 9. Then Sat 10 (2), 12 (3), 13 (4), 14 (5)."""
    assert due(CAL, day("09-28"), 5, [(day("09-29"), day("10-09"))]) == day("10-14")


def test_overlapping_touching_and_neighbouring_pauses() -> None:
    """Mar 3 (1), rest to 9, then 10-13 (2-5). With neighbours, Mar 6 counts too."""
    overlapping: list[tuple[date, date | None]] = [(day("03-04"), day("03-09")), (day("03-03"), day("03-05"))]
    touching: list[tuple[date, date | None]] = [(day("03-03"), day("03-05")), (day("03-05"), day("03-09"))]
    neighbouring: list[tuple[date, date | None]] = [(day("03-03"), day("03-05")), (day("03-06"), day("03-09"))]
    assert merge(overlapping) == [(day("03-03"), day("03-09"))]
    assert merge(touching) == [(day("03-03"), day("03-09"))]
    assert merge(neighbouring) == neighbouring
    assert due(CAL, day("03-02"), 5, overlapping) == day("03-13")
    assert due(CAL, day("03-02"), 5, touching) == day("03-13")
    assert due(CAL, day("03-02"), 5, neighbouring) == day("03-12")


def test_merge_open_and_inner() -> None:
    """An open pause takes in all later ones. An inner pause vanishes. A pause of zero length alone stays."""
    assert merge([]) == []
    assert merge([(day("03-05"), None), (day("03-09"), day("03-10"))]) == [(day("03-05"), None)]
    assert merge([(day("03-02"), day("03-06")), (day("03-05"), None)]) == [(day("03-02"), None)]
    assert merge([(day("03-02"), day("03-06")), (day("03-03"), day("03-04"))]) == [(day("03-02"), day("03-06"))]
    assert merge([(day("03-03"), day("03-03"))]) == [(day("03-03"), day("03-03"))]


def test_extension() -> None:
    """20 days end on Mon 30 Mar. Then 31 Mar - 3 Apr: 24, off 4-6, 7-10 Apr: 28, 13-14: 30."""
    assert due(CAL, day("03-02"), 20, []) == day("03-30")
    assert due(CAL, day("03-02"), 20, [], extension=10) == day("04-14")
    late: list[tuple[date, date | None]] = [(day("03-31"), day("04-03"))]
    assert due(CAL, day("03-02"), 20, late) == day("03-30")
    assert due(CAL, day("03-02"), 20, late, extension=10) == day("04-17")


def test_open_pause() -> None:
    """No due day while a pause is open, wherever it began before the end of the limit."""
    assert due(CAL, day("03-02"), 5, [(day("03-04"), None)]) is None
    assert due(CAL, day("03-02"), 5, [(day("03-02"), None)]) is None
    assert due(CAL, day("03-02"), 5, [(day("02-26"), None)]) is None


def test_pause_after_the_end_does_not_heal() -> None:
    """Two days from Mon 2 Mar end on Wed 4 Mar. A pause from Thursday on comes too late."""
    assert due(CAL, day("03-02"), 2, [(day("03-05"), day("03-10"))]) == day("03-04")
    assert due(CAL, day("03-02"), 2, [(day("03-05"), None)]) == day("03-04")
    assert due(CAL, day("03-02"), 4, [(day("03-07"), None)]) == day("03-06")


def test_pause_on_the_due_day() -> None:
    """The limit still runs on its last day. Nothing is left, so it ends on the end day, rolled over a weekend."""
    assert due(CAL, day("03-02"), 2, [(day("03-04"), day("03-10"))]) == day("03-10")
    assert due(CAL, day("03-02"), 2, [(day("03-04"), day("03-07"))]) == day("03-09")
    assert due(CAL, day("03-02"), 2, [(day("03-04"), None)]) is None
    again: list[tuple[date, date | None]] = [(day("03-04"), day("03-07")), (day("03-09"), day("03-11"))]
    assert due(CAL, day("03-02"), 2, again) == day("03-11")


def test_pause_around_the_start() -> None:
    """Before the start nothing changes. Over or on the start: rest to Mar 5, then 6 (1), 9 (2)."""
    assert due(CAL, day("03-02"), 2, [(day("02-24"), day("02-27"))]) == day("03-04")
    assert due(CAL, day("03-02"), 2, [(day("02-24"), day("03-02"))]) == day("03-04")
    assert due(CAL, day("03-02"), 2, [(day("02-27"), day("03-05"))]) == day("03-09")
    assert due(CAL, day("03-02"), 2, [(day("03-02"), day("03-05"))]) == day("03-09")


def test_pause_of_zero_length() -> None:
    """It changes nothing, on the start day, inside, or on the due day."""
    for text in ("03-02", "03-03", "03-04"):
        assert due(CAL, day("03-02"), 2, [(day(text), day(text))]) == day("03-04")


def test_immediate_item() -> None:
    """即办件: the day itself, or the next working day."""
    assert due(CAL, day("03-02"), 0, []) == day("03-02")
    assert due(CAL, day("03-07"), 0, []) == day("03-09")
    assert due(CAL, day("10-01"), 0, []) == day("10-08")
    assert due(CAL, day("10-10"), 0, []) == day("10-10")
    assert due(CAL, day("03-02"), 0, [(day("03-02"), day("03-05"))]) == day("03-05")
    assert due(CAL, day("03-02"), 0, [(day("03-03"), None)]) == day("03-02")


def test_into_the_unpublished_year() -> None:
    """Dec 31 (1), Jan 1 off by law, weekend, Mon 4 (2), 5 (3)."""
    assert due(CAL, day("12-30"), 3, []) == date(2027, 1, 5)


def test_natural_days() -> None:
    """Natural days roll over days off. A make-up Saturday does not roll."""
    assert natural_due(CAL, day("09-21"), 10) == day("10-08")
    assert natural_due(CAL, day("03-02"), 5) == day("03-09")
    assert natural_due(CAL, day("02-09"), 5) == day("02-14")
    assert natural_due(CAL, day("03-02"), 0) == day("03-02")


def test_light() -> None:
    """Due on Sat 10 Oct (make-up). The days left on Sep 30 are Oct 8, 9, 10."""
    end = day("10-10")
    assert light(CAL, day("09-30"), None) == "grey"
    assert light(CAL, day("09-30"), end) == "green"
    assert light(CAL, day("10-08"), end) == "green"
    assert light(CAL, day("10-09"), end) == "yellow"
    assert light(CAL, day("10-10"), end) == "yellow"
    assert light(CAL, day("10-11"), end) == "red"
    assert light(CAL, day("09-30"), day("10-08")) == "yellow"


def test_wrong_input() -> None:
    """Impossible input is refused."""
    with pytest.raises(ValueError, match="negative"):
        wd(CAL, day("03-02"), -1)
    with pytest.raises(ValueError, match="negative"):
        due(CAL, day("03-02"), -1, [])
    with pytest.raises(ValueError, match="negative"):
        natural_due(CAL, day("03-02"), -1)
    with pytest.raises(ValueError, match="ends before"):
        merge([(day("03-03"), day("03-02"))])
