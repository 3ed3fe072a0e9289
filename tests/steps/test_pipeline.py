"""The pipeline: every record decided, three artifacts written, all or none."""

import errno
import json
import os
import re
from collections import Counter
from pathlib import Path

import pytest

from tests.steps.support import HOSTILE_TAGS, RECORD, Desk, Json

SUMMARY_KEYS = [
    "total_records",
    "action_counts",
    "event_block_count",
    "event_block_pct",
    "portfolio_block_count",
    "portfolio_block_pct",
]
THREE = ["a_report.json", "a_report.md", "a_summary.json"]


def run(desk: Desk, batch: object, tag: str = "a") -> Json:
    return desk.pipeline(tag, batch)


def table_rows(markdown: str) -> list[str]:
    lines = [line for line in markdown.splitlines() if line.startswith("|")]
    return lines[2:]


def test_the_sample_is_decided_and_written_as_the_formats_say(desk: Desk) -> None:
    ran = desk.run("pipeline_runner", "--input", "sample.json", "--outdir", "reports", "--tag", "a")
    assert (ran.status, ran.err) == (0, "")
    told = ran.document()
    assert sorted(path.name for path in desk.reports.iterdir()) == THREE
    assert [told[key] for key in ("report_json", "summary_json", "report_md")] == [
        "reports/a_report.json",
        "reports/a_summary.json",
        "reports/a_report.md",
    ]
    report, summary = desk.load("a_report.json"), desk.load("a_summary.json")
    assert list(report) == ["run_tag", "input_file", "record_count", "summary", "results"]
    assert (report["run_tag"], report["input_file"], report["record_count"]) == ("a", "sample.json", 14)
    assert list(report["summary"]) == [*SUMMARY_KEYS, "unknown_events"]
    assert summary == {"run_tag": "a"} | report["summary"]
    assert (told["run_tag"], told["record_count"], told["summary"]) == ("a", 14, report["summary"])


def test_the_report_holds_every_record_as_it_came_with_its_decision(desk: Desk) -> None:
    sample = json.loads((desk.root / "sample.json").read_bytes())
    results = desk.pipeline()["results"]
    assert [row["input"] for row in results] == sample
    for row in results:
        assert list(row) == ["input", "decision"]
        assert list(row["decision"]) == [
            "action",
            "confidence",
            "confidence_score",
            "position_size_multiplier",
            "rationale",
            "policy_tags",
        ]
        tags = row["decision"]["policy_tags"]
        assert sorted(tags) == ["event_risk", "exposure_utilization_pct", "gate", "regime", "time_slot"]
        assert all(isinstance(value, str) for value in tags.values())


def test_the_summary_counts_what_the_results_hold(desk: Desk) -> None:
    report = desk.pipeline()
    decisions = [row["decision"] for row in report["results"]]
    actions = Counter(decision["action"] for decision in decisions)
    gates = Counter(decision["policy_tags"]["gate"] for decision in decisions)
    assert report["summary"] == {
        "total_records": 14,
        "action_counts": {action: actions[action] for action in ("BUY_CALL", "BUY_PUT", "NO_TRADE")},
        "event_block_count": gates["EVENT_BLOCK"],
        "event_block_pct": round(gates["EVENT_BLOCK"] / 14 * 100, 2),
        "portfolio_block_count": gates["PORTFOLIO_BLOCK"],
        "portfolio_block_pct": round(gates["PORTFOLIO_BLOCK"] / 14 * 100, 2),
        "unknown_events": {"GDP": 1},
    }
    assert gates["EVENT_BLOCK"] > 0
    assert gates["PORTFOLIO_BLOCK"] > 0


def test_the_defaults_are_the_runbooks(desk: Desk) -> None:
    assert desk.run("pipeline_runner", "--input", "sample.json").status == 0
    assert (desk.reports / "phase4_demo_report.json").is_file()


def test_omitted_fields_are_written_with_their_defaults_and_the_timestamp_verbatim(desk: Desk) -> None:
    short = {key: RECORD[key] for key in list(RECORD)[:7]} | {"timestamp": "20260217T114500.5+0530"}
    (row,) = run(desk, [short])["results"]
    assert row["input"] == short | {
        "event_name": "NONE",
        "event_window_active": False,
        "current_portfolio_exposure_pct": 0.0,
        "max_portfolio_exposure_pct": 35.0,
    }


@pytest.mark.parametrize(
    "spelled",
    [
        json.dumps([RECORD, RECORD]),
        json.dumps([RECORD, RECORD], indent=4),
        f"{json.dumps(RECORD)}\n{json.dumps(RECORD)}\n",
        f"\r\n{json.dumps(RECORD)}\r\n\r\n{json.dumps(RECORD)}",
    ],
    ids=["array", "indented array", "lines", "lines with CRLF and blanks"],
)
def test_every_spelling_of_a_batch_gives_the_same_report(desk: Desk, spelled: str) -> None:
    expected = run(desk, [RECORD, RECORD])
    assert run(desk, spelled) == expected


@pytest.mark.parametrize("indent", [None, 2])
def test_one_object_is_a_batch_of_one_record(desk: Desk, indent: int | None) -> None:
    assert run(desk, json.dumps(RECORD, indent=indent))["record_count"] == 1


@pytest.mark.parametrize("count", [0, 1, 20, 21, 500])
def test_the_table_shows_at_most_the_first_twenty_decisions(desk: Desk, count: int) -> None:
    report = run(desk, [RECORD | {"timestamp": f"2026-02-17T11:45:00.{number:06}Z"} for number in range(count)])
    assert len(report["results"]) == report["record_count"] == report["summary"]["total_records"] == count
    rows = table_rows((desk.reports / "a_report.md").read_text())
    assert [number for row in rows for number in re.findall(r"\.(\d{6})Z", row)] == [
        f"{number:06}" for number in range(min(count, 20))
    ]


def test_a_batch_without_records_has_shares_of_zero(desk: Desk) -> None:
    assert run(desk, [])["summary"] == {
        "total_records": 0,
        "action_counts": {"BUY_CALL": 0, "BUY_PUT": 0, "NO_TRADE": 0},
        "event_block_count": 0,
        "event_block_pct": 0.0,
        "portfolio_block_count": 0,
        "portfolio_block_pct": 0.0,
    }


def test_a_hostile_event_name_breaks_neither_report_nor_table(desk: Desk) -> None:
    evil = "RBI | `x` <b> \\n ]52;c;RVZJTA== [a](javascript:x) }, {"
    report = run(desk, [RECORD | {"event_name": evil, "event_window_active": True}, RECORD])
    assert report["results"][0]["input"]["event_name"] == evil
    markdown = (desk.reports / "a_report.md").read_text()
    columns = {len(re.findall(r"(?<!\\)\|", row)) for row in markdown.splitlines() if row.startswith("|")}
    assert len(columns) == 1


def test_a_second_run_replaces_the_first_wholly(desk: Desk) -> None:
    run(desk, [RECORD] * 300)
    once = run(desk, [RECORD])
    assert once["record_count"] == len(once["results"]) == 1
    assert sorted(path.name for path in desk.reports.iterdir()) == THREE
    assert len(table_rows((desk.reports / "a_report.md").read_text())) == 1


BAD_BATCHES: dict[str, tuple[object, str]] = {
    "an unknown field": ([RECORD, RECORD | {"surprise": 1}], "batch.json, record 2, field surprise"),
    "a wrong type": ([RECORD | {"iv_percentile": "58"}], "batch.json, record 1, field iv_percentile"),
    "out of domain": ([RECORD] * 30 + [RECORD | {"trend_strength": 2}], "record 31, field trend_strength"),
    "NaN": (json.dumps([RECORD | {"trend_strength": float("nan")}]), "record 1, field trend_strength"),
    "a missing field": ([RECORD, {"underlying": "NIFTY50"}], "record 2, field timestamp"),
    "a duplicate key": (json.dumps(RECORD)[:-1] + ', "underlying": "SENSEX"}', "'underlying' twice"),
    "a broken line": (f"{json.dumps(RECORD)}\n{{\n", "record 2"),
    "cut short": (json.dumps([RECORD] * 3)[:-40], "record 3"),
    "a byte order mark": (b"\xef\xbb\xbf[]", "byte order mark"),
    "nothing": ("", "is empty"),
    "CSV": ("underlying,timestamp\nNIFTY50,x\n", "holds no records"),
    "100,000 brackets": ("[" * 100_000, "nested too deeply"),
}


@pytest.mark.parametrize("with_reports", [True, False], ids=["over an old run", "in a new directory"])
@pytest.mark.parametrize(("batch", "reason"), BAD_BATCHES.values(), ids=BAD_BATCHES.keys())
def test_bad_input_fails_in_one_line_and_nothing_is_written(
    desk: Desk, batch: object, reason: str, with_reports: bool
) -> None:
    if with_reports:
        desk.pipeline()
    path = desk.put("batch.json", batch)
    before = desk.files()
    ran = desk.run("pipeline_runner", "--input", path, "--tag", "a")
    assert ran.status == 1
    assert reason in ran.complaint()
    assert "nothing was written" in ran.complaint()
    assert desk.files() == before


def test_a_missing_batch_is_told_apart_by_its_exit_status(desk: Desk) -> None:
    before = desk.files()
    ran = desk.run("pipeline_runner", "--input", "nowhere.json")
    assert ran.status == 2
    assert "nowhere.json: not found" in ran.complaint()
    assert desk.files() == before


def test_a_directory_or_a_fifo_as_input_fails_without_waiting(desk: Desk) -> None:
    os.mkfifo(desk.root / "fifo.json")
    for name, kind in ((".", "directory"), ("fifo.json", "FIFO")):
        ran = desk.run("pipeline_runner", "--input", name)
        assert ran.status == 1
        assert kind in ran.complaint()
    assert not desk.reports.exists()


def test_a_frozen_tag_is_refused_and_unchanged(desk: Desk) -> None:
    desk.pipeline()
    desk.freeze("a")
    before = desk.files()
    ran = desk.run("pipeline_runner", "--input", "sample.json", "--tag", "a")
    assert ran.status == 1
    assert "tag a is frozen" in ran.complaint()
    assert desk.files() == before
    desk.pipeline("a_report")


@pytest.mark.parametrize("tag", HOSTILE_TAGS)
def test_what_is_no_tag_is_refused_and_nothing_is_made(desk: Desk, tag: str) -> None:
    before = desk.files()
    ran = desk.run("pipeline_runner", "--input", "sample.json", f"--tag={tag}")
    assert (ran.status, ran.out) == (2, "")
    assert "Traceback" not in ran.err
    assert not set("\x1b\u202e") & set(ran.err)
    assert desk.files() == before


@pytest.mark.parametrize("arguments", [[], ["--input"], ["--inp", "sample.json"], ["--input", "sample.json", "more"]])
def test_a_wrong_command_line_is_refused_without_a_traceback(desk: Desk, arguments: list[str]) -> None:
    ran = desk.run("pipeline_runner", *arguments)
    assert (ran.status, ran.out) == (2, "")
    assert "usage:" in ran.err


@pytest.mark.parametrize("artifact", THREE)
def test_a_full_disk_at_any_of_the_three_files_leaves_all_three_as_they_were(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, artifact: str
) -> None:
    run(desk, [RECORD])
    before = desk.files()
    sync = os.fsync

    def fail_at_the_artifact(descriptor: int) -> None:
        if artifact in os.readlink(f"/proc/self/fd/{descriptor}"):  # noqa: PTH115
            raise OSError(errno.ENOSPC, "No space left on device")
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", fail_at_the_artifact)
    ran = desk.run("pipeline_runner", "--input", "sample.json", "--tag", "a")
    assert ran.status == 1
    assert "No space left on device" in ran.complaint()
    assert {name: content for name, content in desk.files().items() if name in before} == before
    assert desk.files() == before


@pytest.mark.parametrize("artifact", THREE)
def test_a_directory_in_the_way_of_one_file_leaves_the_other_two_unwritten(desk: Desk, artifact: str) -> None:
    (desk.reports / artifact).mkdir(parents=True)
    before = desk.files()
    ran = desk.run("pipeline_runner", "--input", "sample.json", "--tag", "a")
    assert ran.status == 1
    ran.complaint()
    assert desk.files() == before


def test_a_file_in_the_way_of_the_directory_is_named_in_one_line(desk: Desk) -> None:
    desk.put("reports", b"")
    ran = desk.run("pipeline_runner", "--input", "sample.json")
    assert ran.status == 1
    assert "reports" in ran.complaint()


def test_what_the_report_names_as_input_is_what_was_asked_for(desk: Desk, tmp_path: Path) -> None:
    desk.run("pipeline_runner", "--input", tmp_path / "sample.json", "--tag", "a")
    assert desk.load("a_report.json")["input_file"] == str(tmp_path / "sample.json")
