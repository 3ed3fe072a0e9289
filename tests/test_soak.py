"""A short year of a desk: the dashboard that saw it all holds no more than at the beginning."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.soak.measuring import Sample, broken_promises, spark, table
from tests.soak.year import soak

STEADY = Sample(10, 1, 100.0, 12, 7, 500.0, 1.0, 600.0, 1.0, 50.0, 1.0)


def test_three_runs_and_an_incident_of_three_operators_leave_the_dashboard_as_it_was(tmp_path: Path) -> None:
    samples = soak(tmp_path, 3, 1, operators=3, samples=1, times=1)
    assert (samples[-1].runs, samples[-1].incidents) == (3, 1)
    told = [line for line in broken_promises(samples) if "grew" in line]  # times are those of a shared machine
    assert told == [], table(samples)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"rss_mib": 121.0}, "memory grew from 100 to 121 MiB"),
        ({"descriptors": 13}, "open files grew from 12 to 13"),
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
