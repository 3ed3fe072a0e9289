"""The commands as the operator starts them: real processes, one JSON object, one line of error, few imports."""

import json
import os
import subprocess
import sys

import pytest

from tests.steps.support import RECORD, STEPS, Desk


def test_the_runbooks_sequence_ends_with_a_healthy_run(desk: Desk) -> None:
    reports = "reports/a"
    sequence = (
        ("pipeline_runner", "--input", "sample.json", "--outdir", "reports", "--tag", "a"),
        ("phase4_release_check", "--tag", "a", "--outdir", "reports", "--out-json", f"{reports}_release_check.json"),
        (
            *("phase4_quality_check", "--report-json", f"{reports}_report.json"),
            *("--out-json", f"{reports}_quality_check.json"),
        ),
        ("phase4_signoff_generator", "--tag", "a", "--outdir", "reports"),
        (
            *("phase4_monitor_runner", "--report-json", f"{reports}_report.json"),
            *("--release-json", f"{reports}_release_check.json", "--quality-json", f"{reports}_quality_check.json"),
            *("--out-json", f"{reports}_monitoring.json", "--out-md", f"{reports}_monitoring.md"),
        ),
    )  # fmt: skip
    for module, *arguments in sequence:
        ran = desk.spawn(module, *arguments)
        assert (ran.status, ran.err) == (0, ""), module
        ran.document()
    assert sorted(path.name for path in desk.reports.iterdir()) == [
        "a_monitoring.json",
        "a_monitoring.md",
        "a_phase4_signoff.md",
        "a_quality_check.json",
        "a_release_check.json",
        "a_report.json",
        "a_report.md",
        "a_summary.json",
    ]
    assert desk.load("a_monitoring.json")["status"] == "OK"


def test_bad_input_missing_input_and_a_frozen_tag_each_end_a_process_with_one_line(desk: Desk) -> None:
    desk.put("bad.json", [RECORD | {"surprise": "\x1b[2J"}])
    desk.freeze("frozen")
    before = desk.files()
    for status, arguments in (
        (1, ("--input", "bad.json", "--tag", "frozen_not")),
        (2, ("--input", "nowhere.json")),
        (1, ("--input", "sample.json", "--tag", "frozen")),
    ):
        ran = desk.spawn("pipeline_runner", *arguments)
        assert ran.status == status
        ran.complaint()
    assert desk.files() == before


def test_a_gate_that_does_not_pass_ends_its_process_with_2_and_its_json(desk: Desk) -> None:
    ran = desk.spawn("phase4_release_check", "--tag", "a")
    assert (ran.status, ran.document()["passed"]) == (2, False)
    desk.put("reports/a_report.json", "{}")
    ran = desk.spawn("phase4_quality_check", "--report-json", "reports/a_report.json")
    assert (ran.status, ran.document()["passed"]) == (2, False)


def test_a_locale_without_unicode_changes_nothing(desk: Desk) -> None:
    desk.put("batch é.json", json.dumps([RECORD | {"event_name": "“é”"}], ensure_ascii=False))
    ran = desk.spawn("pipeline_runner", "--input", "batch é.json", "--tag", "a", LC_ALL="C")
    assert (ran.status, ran.err) == (0, "")
    assert "batch é.json" in (desk.reports / "a_report.md").read_text(encoding="utf-8")
    report = desk.load("a_report.json")
    assert (report["input_file"], report["results"][0]["input"]["event_name"]) == ("batch é.json", "“é”")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_stdout_is_utf_8_whatever_the_terminals_encoding(desk: Desk, encoding: str) -> None:
    ran = desk.spawn("pipeline_runner", "--input", "sample.json", "--outdir", "é", PYTHONIOENCODING=encoding)
    assert ran.status == 0, ran.err
    assert ran.document()["report_json"] == "é/phase4_demo_report.json"


@pytest.mark.parametrize(
    ("module", "arguments", "status"),
    [
        ("pipeline_runner", ["--input", "sample.json", "--tag", "b"], 0),
        ("phase4_release_check", ["--tag", "a"], 1),
        ("phase4_release_check", ["--tag", "a", "--out-json", "check.json"], 0),
        ("phase4_quality_check", ["--report-json", "reports/a_report.json"], 1),
        ("phase4_quality_check", ["--report-json", "reports/a_report.json", "--out-json", "check.json"], 0),
        ("phase4_signoff_generator", ["--tag", "a"], 0),
        ("phase4_monitor_runner", ["--report-json", "reports/a_report.json", "--out-json", "m.json"], 0),
    ],
)
def test_a_stdout_that_takes_nothing_is_one_line_and_a_failure_only_where_nothing_else_was_written(
    desk: Desk, module: str, arguments: list[str], status: int
) -> None:
    desk.pipeline()
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        done = subprocess.run(
            [sys.executable, "-m", f"phase4_tui.steps.{module}", *arguments],
            cwd=desk.root,
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=20,
        )
    assert done.returncode == status
    told = done.stderr.decode()
    assert told.startswith("error: " if status else "warning: ")
    assert "No space left on device" in told
    assert told.count("\n") == 1


@pytest.mark.parametrize("redirected", ["| true", "<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_streams_that_are_closed_change_neither_exit_status_nor_artifact(desk: Desk, redirected: str) -> None:
    line = '"$@" --input sample.json --tag a'
    argv = ["bash", "-c", f"set -o pipefail; {line} {redirected}", "bash", sys.executable, "-m"]
    done = subprocess.run([*argv, "phase4_tui.steps.pipeline_runner"], cwd=desk.root, capture_output=True, timeout=20)
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads((desk.reports / "a_report.json").read_bytes())["run_tag"] == "a"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--input", "sample.json", "--outdir", b"reports\xff"],
        ["--input", b"batch\xff.json"],
    ],
    ids=["outdir", "input"],
)
def test_a_name_that_is_no_text_is_one_line_and_nothing_is_written(desk: Desk, arguments: list[str | bytes]) -> None:
    (desk.root / os.fsdecode(b"batch\xff.json")).write_bytes((desk.root / "sample.json").read_bytes())
    before = desk.files()
    ran = desk.spawn("pipeline_runner", *arguments)
    assert ran.status == 1
    ran.complaint()
    assert desk.files() == before


def test_progress_is_told_on_stderr_to_who_asks_for_it_and_to_nobody_else(desk: Desk) -> None:
    desk.put("batch.json", [RECORD] * 3000)
    size = (desk.root / "batch.json").stat().st_size
    asked = desk.spawn("pipeline_runner", "--input", "batch.json", PHASE4_PROGRESS="1")
    assert asked.document()["record_count"] == 3000
    lines = asked.err.splitlines()
    assert all(line.startswith("phase4-progress ") for line in lines)
    last = json.loads(lines[-1].removeprefix("phase4-progress "))
    assert (last["records"], last["bytes"], last["total_bytes"]) == (3000, size, size)
    assert desk.spawn("pipeline_runner", "--input", "batch.json").err == ""


def test_the_steps_load_neither_pydantic_nor_rich_nor_typer() -> None:
    script = (
        "import importlib, sys\n"
        "for step in sys.argv[1:]:\n"
        "    importlib.import_module('phase4_tui.steps.' + step)\n"
        "    heavy = {'pydantic', 'rich', 'typer', 'click', 'watchfiles', 'asyncio'} & set(sys.modules)\n"
        "    if heavy: sys.exit(f'{step} loads {sorted(heavy)}')\n"
    )
    done = subprocess.run([sys.executable, "-c", script, *STEPS], capture_output=True, text=True, timeout=20)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("module", STEPS)
def test_every_command_explains_its_flags(desk: Desk, module: str) -> None:
    ran = desk.run(module, "--help")
    assert ran.status == 0
    assert "usage:" in ran.out
    assert ran.err == ""
