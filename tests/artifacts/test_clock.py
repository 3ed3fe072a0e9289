"""Times and durations have one form each, on both faces."""

import pytest

from phase4_tui.artifacts.clock import duration, iso, moment, now_ns


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(-1, "0.0 s"), (0.42, "0.4 s"), (9.96, "9 s"), (10, "10 s"), (14.9, "14 s"), (59.99, "59 s"), (60, "1 min"),
     (128, "2 min 8 s"), (3600, "1 h"), (3840, "1 h 4 min"), (86400, "1 d"), (266_400, "3 d 2 h")],
)  # fmt: skip
def test_a_duration_is_told_in_its_two_largest_units(seconds: float, told: str) -> None:
    assert duration(seconds) == told


def test_a_time_of_today_is_told_without_its_day() -> None:
    now = iso(now_ns())
    assert moment(now) == f"{now[11:19]} UTC"


def test_a_time_of_another_day_is_told_with_it() -> None:
    assert moment("2026-02-17T03:45:00.123456Z") == "2026-02-17 03:45:00 UTC"


def test_a_time_that_is_not_known_is_not_told() -> None:
    assert moment(None) == ""
