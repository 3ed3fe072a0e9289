"""How the soak judges a year of a desk; the year itself is `python -m tests.soak`, and takes its time."""

from dataclasses import replace

import pytest

from tests.soak.measuring import Sample, broken_promises, spark

STEADY = Sample(10, 1, 100.0, 12, 7, 500.0, 1.0, 600.0, 1.0, 50.0, 1.0)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"rss_mib": 121.0}, "memory grew from 100 to 121 MiB"),
        ({"descriptors": 15}, "open files grew from 12 to 15"),
        ({"threads": 10}, "threads grew from 7 to 10"),
        ({"status_ratio": 1.21}, "status takes 1.21 x as long as on the young desk"),
        ({"panel_ratio": 1.5}, "panel takes 1.50 x as long as on the young desk"),
        ({"key_ratio": 1.3}, "key takes 1.30 x as long as on the young desk"),
    ],
)
def test_a_desk_that_got_slower_or_larger_is_told(change: dict[str, float], told: str) -> None:
    worse = replace(STEADY, **change)  # type: ignore[arg-type]
    assert broken_promises([STEADY, STEADY]) == []
    assert broken_promises([STEADY, worse, worse]) == [told]


def test_a_curve_is_drawn_from_zero_to_its_largest_value() -> None:
    assert spark([0, 50, 100, 100]) == "▁▅██"
