"""No near name of a high-risk event trades through its window: padded ones are refused, unknown ones are counted."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from phase4_tui.policy.phase4.engine import decide
from phase4_tui.policy.phase4.event_risk import LISTED_NAMES, OTHER_NAMES
from phase4_tui.policy.phase4.record import Row
from phase4_tui.policy.phase4.summary import Tally
from tests.policy.strategies import PROPERTY, RISKY_NAMES, phase4_record

SPACES = " \t\n\r\x0b\x0c\x1c\x85\u00a0\u1680\u2003\u2028\u202f\u205f\u3000"
UNSEEN = "\x00\x1b\x7f\u00ad\u200b\u200d\u200e\u202e\u2060\u2066\ufeff\ufe0f\U000e0041\U000e0100\u3164"
KNOWN = ("rbi", "fed", "cpi", "earnings", "budget")


@PROPERTY
@given(st.sampled_from(RISKY_NAMES), st.sampled_from(SPACES + UNSEEN), st.booleans(), st.booleans())
def test_a_padded_name_is_refused_with_or_without_a_window(name: str, char: str, front: bool, active: bool) -> None:
    padded = char + name if front else name + char
    with pytest.raises(msgspec.ValidationError, match="event_name: "):
        phase4_record(event_name=padded, event_window_active=active)


@PROPERTY
@given(st.sampled_from(RISKY_NAMES), st.sampled_from(UNSEEN), st.data())
def test_a_name_split_by_an_invisible_character_is_refused_and_the_character_named(
    name: str, char: str, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(name)))
    with pytest.raises(msgspec.ValidationError, match=f"event_name: .*U\\+{ord(char):04X}"):
        phase4_record(event_name=name[:at] + char + name[at:])


@pytest.mark.parametrize("name", ["RBI MPC", "R\u00a0BI", "\uff32\uff22\uff29", "बजट", "“é”", "", "⚠ FED"])
def test_any_name_that_hides_nothing_is_kept_as_it_is(name: str) -> None:
    assert phase4_record(event_name=name).event_name == name


def unknown_events(*names: str, active: bool = True) -> object:
    """Return what a batch of windows under these names says of unknown ones; None when it says nothing."""
    tally = Tally()
    for name in names:
        record = phase4_record(event_name=name, event_window_active=active)
        tally.add_row(Row(record, decide(record)))
    return tally.summary().get("unknown_events")


def test_each_unknown_name_is_counted_without_case_the_most_frequent_first() -> None:
    assert unknown_events("gdp", "FOMC", "Fomc", "RBI MPC", "fomc", "NONE") == {
        "FOMC": 3,
        "GDP": 1,
        "NONE": 1,
        "RBI MPC": 1,
    }


@given(st.lists(st.sampled_from([*RISKY_NAMES, "BUDGET", "budget"])))
def test_of_known_names_nothing_is_said(names: list[str]) -> None:
    assert unknown_events(*names) is None


def test_of_windows_that_are_not_active_nothing_is_said() -> None:
    assert unknown_events("FOMC", "NONE", active=False) is None


@given(st.lists(st.text("abcXYZ", min_size=1, max_size=5), min_size=1, max_size=60))
def test_every_active_window_under_an_unknown_name_is_counted(names: list[str]) -> None:
    found = unknown_events(*names)
    assert isinstance(found, dict)
    assert sum(found.values()) == len(names)


def test_beyond_a_dozen_names_the_rest_is_counted_together() -> None:
    found = unknown_events(*(f"EVENT {number}" for number in range(LISTED_NAMES + 7)), "EVENT 1")
    assert isinstance(found, dict)
    assert (len(found), found["EVENT 1"], found[OTHER_NAMES]) == (LISTED_NAMES + 1, 2, 7)
    assert OTHER_NAMES.upper() != OTHER_NAMES, "no name of an event can be it"


def test_a_long_name_is_counted_by_its_beginning() -> None:
    found = unknown_events("x" * 100_000)
    assert isinstance(found, dict)
    ((name, count),) = found.items()
    assert (len(name), name[:3], name[-1], count) == (41, "XXX", "…", 1)
