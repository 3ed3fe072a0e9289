"""The common options: before or after the command, over environment and file; a dry run changes nothing."""

from pathlib import Path

import pytest

from phase4_tui.runbook.provenance import runs_of
from tests.cli.support import ask, call, listing
from tests.runbook import misbehaving
from tests.runbook.documents import Tag
from tests.runbook.support import foreign


def test_common_options_mean_the_same_before_and_after_the_command(tag: Tag, work: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    before = ask(elsewhere, "-C", str(work), "--json", "tags")
    after = ask(elsewhere, "tags", "--workdir", str(work), "--json")
    assert before == after
    assert [row["tag"] for row in before.document()["tags"]] == [tag.name]
    assert ask(elsewhere, "tags", "--json").document() == {"tags": []}


def test_an_option_after_the_command_wins_over_the_same_before_it(work: Path) -> None:
    Tag(work / "other", "in-other")
    answer = ask(work, "--reports", "nowhere", "tags", "--reports", "other", "--json")
    assert [row["tag"] for row in answer.document()["tags"]] == ["in-other"]


def test_the_reports_directory_and_the_operator_are_those_of_the_options(theirs: Path) -> None:
    answer = ask(theirs, "--reports", "out", "step", "1", "--operator", "grace", PHASE4_OPERATOR="lin")
    assert answer.status == 0
    (record,) = runs_of(theirs / "out", "phase4_demo")
    assert record.operator == "grace"
    assert not list((theirs / "reports").iterdir())


def test_the_command_line_wins_over_the_environment_and_that_over_the_file(theirs: Path) -> None:
    (theirs / "phase4.toml").write_text('tag = "file"\nreports = "file"\n')

    def planned(*arguments: str, **environment: str) -> str:
        return str(ask(theirs, "run", "--dry-run", "--json", *arguments, **environment).document()["plan"])

    assert "run tag file," in planned()
    assert "run tag env," in planned(PHASE4_TAG="env")
    assert "run tag line," in planned("--tag", "line", PHASE4_TAG="env")
    assert f"{theirs / 'env'}/" in planned(PHASE4_REPORTS="env")
    assert f"{theirs / 'line'}/" in planned("--reports", "line", PHASE4_REPORTS="env")


def test_the_working_directory_can_come_from_the_environment(tag: Tag, work: Path, tmp_path: Path) -> None:
    answer = call(tmp_path, "tags", PHASE4_WORKDIR=str(work))
    assert tag.name in answer.out


@pytest.mark.parametrize("option", ["--tag", "--input", "--rules"])
def test_an_empty_value_is_refused_and_not_taken_for_the_default(theirs: Path, option: str) -> None:
    # A script that says `--tag "$TAG"` with TAG unset must not overwrite the default tag.
    answer = ask(theirs, "run", "--dry-run", option, "")
    assert answer.status == 2
    assert answer.complaint()


@pytest.mark.parametrize("option", ["--reports", "--operator"])
def test_an_empty_common_option_is_refused_too(theirs: Path, option: str) -> None:
    assert ask(theirs, "tags", option, "").status == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ["run"],
        ["run", "--phase", "3"],
        ["run", "--tag", "new", "--json"],
        ["run", "--resume"],
        ["step", "pipeline"],
        ["step", "5", "--json"],
        ["init"],
        ["init", "deeper/still"],
        ["status"],
        ["tags"],
        ["audit"],
        ["path", "report_md"],
        ["schema", "rules"],
        ["doctor"],
    ],
)
def test_a_dry_run_changes_nothing(tmp_path: Path, arguments: list[str]) -> None:
    work = foreign(tmp_path / "w", release_check=misbehaving.CRASHES)
    Tag(work / "reports", "phase4_demo").ran(pipeline="passed", release_check="crashed")
    before = listing(tmp_path)
    answer = ask(work, *arguments, "--dry-run")
    assert "Traceback" not in answer.err
    assert listing(tmp_path) == before


def test_a_dry_run_names_every_command_line_and_every_file(theirs: Path) -> None:
    (theirs / "reports" / "t1_report.md").write_text("# old")
    lines = ask(theirs, "run", "--tag", "t1", "--dry-run", "--json").document()["plan"]
    assert sum("step " in line for line in lines) == 5
    assert any("phase4_signoff_generator.py --tag t1 --outdir reports" in line for line in lines)
    assert any("replaces" in line and "t1_report.md" in line for line in lines)
    assert any("writes" in line and "t1_monitoring.json" in line for line in lines)


def test_the_plan_of_a_run_is_read_at_a_glance_and_says_first_what_it_replaces(theirs: Path) -> None:
    (theirs / "reports" / "t1_report.md").write_text("# old")
    first, *lines, whole = ask(theirs, "run", "--tag", "t1", "--dry-run").out.splitlines()
    assert first == "run t1"
    assert lines[0].startswith("  ! replaces 1 file of t1, written ")
    assert lines[0].endswith("ago: t1_report.md")
    assert [line.split()[0] for line in lines[1:]] == ["steps", "input", "rules", "writes", "barrier"]
    assert "14 records" in lines[2]
    assert "--json" in whole
    assert not any(str(theirs) in line for line in lines)


def test_the_plan_of_a_dry_run_is_refused_for_the_same_reasons(theirs: Path) -> None:
    (theirs / "reports" / ".phase4" / "frozen" / "t1").mkdir(parents=True)
    assert ask(theirs, "run", "--tag", "t1", "--dry-run").status == 2
    assert ask(theirs, "run", "--input", "gone", "--dry-run").status == 2


def test_a_plain_pipe_gets_no_terminal_codes_even_where_colours_are_forced(tag: Tag, work: Path) -> None:
    tag.ran(signoff="crashed")
    for arguments in (["status"], ["--help"], ["no-such-command"]):
        answer = call(work, *arguments, TERM="xterm-256color", COLORTERM="truecolor")
        assert "\x1b" not in answer.out + answer.err, arguments


def test_an_ascii_terminal_gets_the_words_without_a_traceback(tag: Tag, work: Path) -> None:
    assert tag.name
    answer = call(work, "status", LANG="C", LC_ALL="C", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert answer.status == 0
    assert "RELEASE CHECK" in answer.out
    assert answer.err == ""


def test_the_version_and_the_help_need_no_working_directory(tmp_path: Path) -> None:
    assert ask(tmp_path, "--version").out.startswith("phase4 ")
    text = ask(tmp_path, "--help").out
    for name in ("init", "run", "step", "status", "watch", "tags", "audit", "path", "doctor", "schema"):
        assert name in text
        assert ask(tmp_path, name, "--help").status == 0


def test_the_shell_completes_commands(tmp_path: Path) -> None:
    environment = {"_PHASE4_COMPLETE": "complete_bash", "COMP_WORDS": "phase4 st", "COMP_CWORD": "1"}
    assert call(tmp_path, **environment).out.split() == ["step", "status"]


def test_reading_makes_no_directory(tmp_path: Path) -> None:
    for arguments in (["status"], ["tags"], ["audit"], ["path", "report_json"]):
        ask(tmp_path, *arguments)
    assert list(tmp_path.iterdir()) == []
