"""An active window under an unknown name is said by step 1 and by the sign-off note, for the risk owner."""

import pytest

from tests.steps.support import RECORD, Desk, Json

HEADING = "## For the risk owner"


def window(name: str, **changes: object) -> Json:
    return RECORD | {"event_name": name, "event_window_active": True} | changes


def signed(desk: Desk, batch: list[Json]) -> str:
    """Run all steps up to the note over the batch, each of which must pass, and return the note."""
    desk.put("sample.json", batch)
    desk.checked()
    ran = desk.run("phase4_signoff_generator", "--tag", "a")
    assert ran.document()["recommendation"] == "GO"
    return (desk.reports / "a_phase4_signoff.md").read_text()


def test_step_1_names_each_unknown_event_with_its_count(desk: Desk) -> None:
    path = desk.put("batch.json", [window("FOMC"), window("fomc"), window("RBI MPC"), window("NONE"), window("FED")])
    ran = desk.run("pipeline_runner", "--input", path, "--tag", "a")
    assert ran.status == 0
    assert ran.document()["summary"]["unknown_events"] == {"FOMC": 2, "NONE": 1, "RBI MPC": 1}
    assert desk.load("a_summary.json")["unknown_events"] == {"FOMC": 2, "NONE": 1, "RBI MPC": 1}
    assert "unknown_events: FOMC 2, NONE 1, RBI MPC 1" in (desk.reports / "a_report.md").read_text()


@pytest.mark.parametrize("batch", [[RECORD], [window("FED"), window("budget")], [RECORD | {"event_name": "FOMC"}]])
def test_where_there_is_none_nothing_is_said(desk: Desk, batch: list[Json]) -> None:
    path = desk.put("batch.json", batch)
    ran = desk.run("pipeline_runner", "--input", path, "--tag", "a")
    assert (ran.status, ran.err) == (0, "")
    assert "unknown_events" not in ran.document()["summary"]
    assert HEADING not in signed(desk, batch)


def test_the_note_names_each_with_its_count_and_both_gates_pass(desk: Desk) -> None:
    text = signed(desk, [window("FOMC"), window("Fomc"), window("NONE")])
    section = text.partition(HEADING)[2].partition("\n## ")[0]
    assert [line for line in section.splitlines() if line.startswith("- ")] == ["- 'FOMC': 2", "- 'NONE': 1"]
    assert "unknown_events" not in text


def test_look_alikes_and_markdown_in_a_name_are_shown_for_what_they_are(desk: Desk) -> None:
    section = signed(desk, [window("F\u0415D"), window("[x](javascript:y) | <b>")]).partition(HEADING)[2]
    assert "- 'F\\\\u0415D': 1" in section
    assert "[x](" not in section
    assert "<b>" not in section.replace("\\<b", "")


def test_many_names_are_cut_and_the_rest_is_counted(desk: Desk) -> None:
    text = signed(desk, [window(f"EVENT {number}") for number in range(130)])
    section = text.partition(HEADING)[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("- ")]
    assert len(lines) == 13
    assert lines[-1] == "- … and 118 more under other names"


def test_the_longest_names_leave_room_in_a_report(desk: Desk) -> None:
    for char in ("\U0001f4c8", '"', "\\", "\u0390"):
        batch = [window(f"{number:02}" + char * 500) for number in range(50)]
        found = desk.pipeline("a", batch)["summary"]["unknown_events"]
        assert sum(found.values()) == 50
        assert found["other names"] == 38


@pytest.mark.parametrize("found", [None, [], "FOMC", {"FOMC": "2"}, {"FOMC": True}, {"FOMC": -1}, {}])
def test_a_summary_of_others_with_that_key_in_another_shape_is_signed_as_it_is(desk: Desk, found: object) -> None:
    desk.checked()
    desk.change("a_summary.json", lambda summary: summary.update(unknown_events=found))
    assert desk.run("phase4_signoff_generator", "--tag", "a").status == 0
    assert HEADING not in (desk.reports / "a_phase4_signoff.md").read_text()


@pytest.mark.parametrize("place", [1, 2500, 5000])
@pytest.mark.parametrize("name", ["RBI ", " fed", "EARNINGS\n", "C\u2060PI"])
def test_a_padded_name_anywhere_in_a_batch_refuses_it_by_number_and_nothing_is_written(
    desk: Desk, name: str, place: int
) -> None:
    batch = [RECORD] * 5000
    batch[place - 1] = window(name)
    path = desk.put("batch.json", batch)
    ran = desk.run("pipeline_runner", "--input", path, "--tag", "a")
    assert ran.status == 1
    assert f"batch.json, record {place}, field event_name: " in ran.complaint()
    assert "nothing was written" in ran.err
    assert not desk.reports.exists() or list(desk.reports.iterdir()) == []
