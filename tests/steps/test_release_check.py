"""The release check: a tag's core artifacts are present, whole, of that tag, and in agreement."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.steps.support import HOSTILE_TAGS, RECORD, Desk, Json

STEP = "phase4_release_check"
KEYS = ["tag", "outdir", "passed", "checked_files", "missing_files", "validation_errors"]
CHECKED = ["a_report.json", "a_summary.json", "a_report.md"]


def check(desk: Desk, tag: str = "a") -> Json:
    """Run the check, which does not pass, and return it."""
    ran = desk.run(STEP, "--tag", tag)
    assert ran.status == 2
    assert "Traceback" not in ran.err
    assert ran.err.count("\n") <= 1
    found = ran.document()
    assert list(found) == KEYS
    assert found["passed"] is False
    return found


def only_error(desk: Desk) -> str:
    found = check(desk)
    assert found["missing_files"] == []
    (error,) = found["validation_errors"]
    assert isinstance(error, str)
    return error


def test_a_whole_run_passes(desk: Desk) -> None:
    desk.pipeline()
    ran = desk.run(STEP, "--tag", "a", "--outdir", "reports", "--out-json", "reports/a_release_check.json")
    assert (ran.status, ran.err) == (0, "")
    assert ran.document() == {
        "tag": "a",
        "outdir": "reports",
        "passed": True,
        "checked_files": CHECKED,
        "missing_files": [],
        "validation_errors": [],
    }
    assert desk.load("a_release_check.json") == ran.document()


def test_a_run_without_records_passes(desk: Desk) -> None:
    desk.pipeline("a", [])
    ran = desk.run(STEP, "--tag", "a")
    assert ran.document()["validation_errors"] == []
    assert ran.status == 0


def test_a_run_of_several_windows_passes(desk: Desk) -> None:
    desk.pipeline("a", [RECORD | {"event_name": "}, {"}] * 4000)
    assert desk.run(STEP, "--tag", "a").status == 0


@pytest.mark.parametrize("name", CHECKED)
def test_a_missing_file_is_named(desk: Desk, name: str) -> None:
    desk.pipeline()
    (desk.reports / name).unlink()
    found = check(desk)
    assert (found["missing_files"], found["checked_files"]) == ([name], CHECKED)


def test_a_tag_that_never_ran_misses_all_three_and_the_check_is_still_written(desk: Desk) -> None:
    ran = desk.run(STEP, "--tag", "a", "--out-json", "reports/a_release_check.json")
    assert ran.status == 2
    assert ran.document()["missing_files"] == CHECKED
    assert desk.load("a_release_check.json") == ran.document()


@pytest.mark.parametrize("key", ["run_tag", "input_file", "record_count", "summary", "results"])
def test_a_key_that_the_report_lacks_is_named(desk: Desk, key: str) -> None:
    desk.pipeline()
    desk.change("a_report.json", lambda report: report.pop(key))
    assert any(f"a_report.json: key `{key}` is missing" == error for error in check(desk)["validation_errors"])


SUMMARY_KEYS = [
    "total_records",
    "action_counts",
    "event_block_count",
    "event_block_pct",
    "portfolio_block_count",
    "portfolio_block_pct",
]


@pytest.mark.parametrize("key", [*SUMMARY_KEYS, "run_tag"])
def test_a_key_that_the_summary_lacks_is_named(desk: Desk, key: str) -> None:
    desk.pipeline()
    desk.change("a_summary.json", lambda summary: summary.pop(key))
    assert f"a_summary.json: key `{key}` is missing" in check(desk)["validation_errors"]


@pytest.mark.parametrize("key", SUMMARY_KEYS)
def test_a_key_that_the_reports_summary_lacks_is_named(desk: Desk, key: str) -> None:
    desk.pipeline()
    desk.change("a_report.json", lambda report: report["summary"].pop(key))
    assert f"a_report.json: key `summary.{key}` is missing" in check(desk)["validation_errors"]


@pytest.mark.parametrize("action", ["BUY_CALL", "BUY_PUT", "NO_TRADE"])
def test_an_action_that_the_counts_lack_is_named(desk: Desk, action: str) -> None:
    desk.pipeline()
    desk.change("a_summary.json", lambda summary: summary["action_counts"].pop(action))
    assert f"a_summary.json: key `action_counts.{action}` is missing" in check(desk)["validation_errors"]


@pytest.mark.parametrize("key", ["input", "decision"])
def test_a_row_that_lacks_a_part_is_named_by_its_number(desk: Desk, key: str) -> None:
    desk.pipeline()
    desk.change("a_report.json", lambda report: report["results"][6].pop(key))
    assert only_error(desk) == f"a_report.json: record 7: key `{key}` is missing"


OFF: dict[str, tuple[str, Callable[[Json], object], str]] = {
    "another tag's report": ("a_report.json", lambda it: it.update(run_tag="b"), "`run_tag` is 'b'"),
    "another tag's summary": ("a_summary.json", lambda it: it.update(run_tag="a_report"), "`run_tag` is 'a_report'"),
    "a tag that is no text": ("a_summary.json", lambda it: it.update(run_tag=None), "`run_tag` is null"),
    "a count too high": ("a_report.json", lambda it: it.update(record_count=15), "is 15, but there are 14"),
    "a count that is a text": ("a_report.json", lambda it: it.update(record_count="14"), "is '14'"),
    "a row too few": ("a_report.json", lambda it: it["results"].pop(), "is 14, but there are 13"),
    "rows that are no array": ("a_report.json", lambda it: it.update(results={}), "`results` must be an array"),
    "a summary that is no object": ("a_report.json", lambda it: it.update(summary=[]), "`summary` must be an object"),
    "a summary that disagrees": ("a_summary.json", lambda it: it.update(event_block_count=2), "does not agree"),
    "a negative count": ("a_summary.json", lambda it: it.update(event_block_count=-1), "`event_block_count`"),
    "a share that is a text": ("a_summary.json", lambda it: it.update(event_block_pct="7.14"), "`event_block_pct`"),
    "a count that is true": ("a_summary.json", lambda it: it.update(total_records=True), "`total_records`"),
    "counts that are no object": ("a_summary.json", lambda it: it.update(action_counts=[6, 4, 4]), "`action_counts`"),
    "a row that is no object": ("a_report.json", lambda it: it["results"].__setitem__(3, 1), "record 4: must be"),
    "a part that is no object": ("a_report.json", lambda it: it["results"][0].update(input=[]), "key `input` must"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "change", "reason"), OFF.values(), ids=OFF.keys())
def test_what_is_off_is_named_by_file_and_key(
    desk: Desk, name: str, change: Callable[[Json], object], reason: str
) -> None:
    desk.pipeline()
    desk.change(name, change)
    assert any(error.startswith(f"{name}: ") and reason in error for error in check(desk)["validation_errors"])


def test_a_total_that_is_not_the_number_of_results_is_named(desk: Desk) -> None:
    desk.pipeline()
    desk.change("a_report.json", lambda report: report["summary"].update(total_records=99))
    desk.change("a_summary.json", lambda summary: summary.update(total_records=99))
    assert any("total_records" in error for error in check(desk)["validation_errors"])


BROKEN: dict[str, tuple[str, bytes | str]] = {
    "a report cut short": ("a_report.json", '{"run_tag": "a", "results": [{"input": {'),
    "an empty report": ("a_report.json", ""),
    "a report that is an array": ("a_report.json", "[]"),
    "a report with a byte order mark": ("a_report.json", b"\xef\xbb\xbf{}"),
    "a report of 100,000 brackets": ("a_report.json", '{"results": ' + "[" * 100_000),
    "a report with NaN": ("a_report.json", '{"results": [{"input": {}, "decision": {"x": NaN}}]}'),
    "a report with a duplicate key": ("a_report.json", '{"run_tag": "b", "run_tag": "a", "results": []}'),
    "a row with a duplicate key": ("a_report.json", '{"results": [{"input": {}, "input": {}, "decision": {}}]}'),
    "a report in latin-1": ("a_report.json", '{"results": [{"input": {"é": 1}, "decision": {}}]}'.encode("latin-1")),
    "a summary cut short": ("a_summary.json", '{"run_tag": "a"'),
    "a summary that is an array": ("a_summary.json", "[]"),
    "a summary with a duplicate key": ("a_summary.json", '{"run_tag": "b", "run_tag": "a"}'),
    "an empty Markdown": ("a_report.md", " \n"),
    "Markdown in latin-1": ("a_report.md", "café".encode("latin-1")),
}


@pytest.mark.parametrize(("name", "content"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_file_is_named_with_its_reason(desk: Desk, name: str, content: bytes | str) -> None:
    desk.pipeline()
    desk.put(f"reports/{name}", content)
    errors = check(desk)["validation_errors"]
    assert any(error.startswith(f"{name}: ") for error in errors)
    assert all(error.isprintable() for error in errors)


def test_a_key_given_twice_in_a_row_of_ours_is_found(desk: Desk) -> None:
    desk.pipeline()
    path = desk.reports / "a_report.json"
    for key in ('"action":', '"underlying":', '"gate":'):
        text = path.read_text()
        place = text.rindex(key)
        desk.put("reports/a_report.json", f'{text[:place]}{key}"x",{text[place:]}')
        assert "twice" in only_error(desk)
        desk.put("reports/a_report.json", text)


def test_other_orders_indentations_and_added_keys_pass(desk: Desk) -> None:
    report = desk.pipeline()
    report["results"] = [dict(reversed(row.items())) | {"note": [1]} for row in report["results"]]
    foreign = dict(reversed(report.items())) | {"generated_by": {"x": 1}}
    desk.put("reports/a_report.json", json.dumps(foreign, indent=2))
    assert desk.run(STEP, "--tag", "a").status == 0


def test_very_many_errors_are_cut_and_counted(desk: Desk) -> None:
    desk.pipeline()
    desk.change("a_report.json", lambda report: report.update(results=[{}] * 5000, record_count=5000))
    errors = check(desk)["validation_errors"]
    assert len(errors) < 200
    assert "record 1: key `input` is missing" in errors[0]
    assert "more" in errors[-1]


def test_a_link_or_directory_in_place_of_a_file_does_not_pass(desk: Desk) -> None:
    desk.pipeline()
    (desk.reports / "a_report.md").unlink()
    (desk.reports / "a_report.md").mkdir()
    assert "directory" in only_error(desk)


def test_the_check_of_a_frozen_tag_is_not_overwritten(desk: Desk) -> None:
    desk.checked()
    desk.freeze("a")
    before = desk.files()
    ran = desk.run(STEP, "--tag", "a", "--out-json", "reports/a_release_check.json")
    assert ran.status == 1
    assert "tag a is frozen" in ran.complaint()
    assert desk.files() == before
    assert desk.run(STEP, "--tag", "a").status == 0, "looking at a frozen tag is allowed"


@pytest.mark.parametrize("tag", HOSTILE_TAGS)
def test_what_is_no_tag_is_refused(desk: Desk, tag: str) -> None:
    before = desk.files()
    ran = desk.run(STEP, f"--tag={tag}", "--out-json", "out.json")
    assert (ran.status, ran.out) == (2, "")
    assert desk.files() == before


def test_the_check_reads_and_changes_nothing_else(desk: Desk, tmp_path: Path) -> None:
    desk.pipeline()
    before = desk.files()
    desk.run(STEP, "--tag", "a", "--outdir", tmp_path / "reports")
    assert desk.files() == before
