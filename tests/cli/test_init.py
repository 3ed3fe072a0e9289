"""`init` lays out a directory in which the runbook runs as it is written, and never overwrites."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

from tests.cli.support import ask, call, listing
from tests.runbook.documents import all_ok
from tests.runbook.support import foreign, script_of, verdict
from tests.runbook.test_steps import COMMANDS

FILES = {
    "sample_batch_input.json",
    "monitoring_rules.json",
    "RUNBOOK.md",
    "phase4.toml",
    "pipeline_runner.py",
    "phase4_release_check.py",
    "phase4_quality_check.py",
    "phase4_signoff_generator.py",
    "phase4_monitor_runner.py",
    "reports",
}
SECTIONS = (
    "paper mode",
    "preconditions",
    "run sequence",
    "health checks",
    "incident classification",
    "rollback",
    "escalation",
    "audit",
    "roadmap",
)


def names(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()}


def test_it_lays_out_everything_that_the_runbook_names(tmp_path: Path) -> None:
    answer = ask(tmp_path, "init", "new/desk")
    assert answer.status == 0
    assert names(tmp_path / "new" / "desk") == FILES
    assert "phase4 run" in answer.out
    records = json.loads((tmp_path / "new" / "desk" / "sample_batch_input.json").read_text())
    assert len(records) >= 12


def test_the_runbook_that_it_lays_out_has_every_section_and_every_command(tmp_path: Path) -> None:
    ask(tmp_path, "init")
    text = (tmp_path / "RUNBOOK.md").read_text()
    for section in SECTIONS:
        assert section in text.lower(), section
    for line in COMMANDS:
        assert line in text


def test_it_never_overwrites(tmp_path: Path) -> None:
    ask(tmp_path, "init")
    for path in tmp_path.iterdir():
        if path.is_file():
            path.write_text(f"# mine: {path.name}")
    (tmp_path / "RUNBOOK.md").unlink()
    before = listing(tmp_path)
    answer = ask(tmp_path, "init", "--json")
    assert answer.status == 0
    assert answer.document()["written"] == ["RUNBOOK.md"]
    assert set(answer.document()["kept"]) == FILES - {"RUNBOOK.md", "reports"}
    (tmp_path / "RUNBOOK.md").unlink()
    assert listing(tmp_path) == before


def test_it_keeps_an_operators_scripts_and_their_links(tmp_path: Path) -> None:
    work = foreign(tmp_path / "w")
    (work / "monitoring_rules.json").unlink()
    (work / "monitoring_rules.json").symlink_to(tmp_path / "shared-rules.json")
    before = (work / "pipeline_runner.py").read_bytes()
    answer = ask(work, "init")
    assert (work / "pipeline_runner.py").read_bytes() == before
    assert (work / "monitoring_rules.json").is_symlink()
    assert not (tmp_path / "shared-rules.json").exists()
    assert answer.status in (0, 1, 2)


def test_where_a_file_is_in_the_way_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "desk").write_text("a file")
    answer = ask(tmp_path, "init", "desk")
    assert answer.status in (1, 2)
    assert "desk" in answer.complaint()
    assert (tmp_path / "desk").read_text() == "a file"


def test_a_dry_run_names_what_it_would_write_and_writes_nothing(tmp_path: Path) -> None:
    answer = ask(tmp_path, "init", "desk", "--dry-run")
    assert all(name in answer.out for name in FILES - {"reports"})
    assert list(tmp_path.iterdir()) == []


def wrapper(directory: Path, *program: str) -> Path:
    """Make a directory whose `python` is that program."""
    directory.mkdir()
    script = directory / "python"
    script.write_text(f'#!/bin/sh\nexec {shlex.join(program)} "$@"\n')
    script.chmod(0o755)
    return directory


def follow_the_runbook(work: Path, first_on_path: Path) -> None:
    """Run the five commands, letter by letter, as an operator would type them."""
    environment = {"PATH": f"{first_on_path}{os.pathsep}{os.defpath}", "LANG": "C.UTF-8"}
    for line in COMMANDS:
        done = subprocess.run(
            line,
            shell=True,
            cwd=work,
            env=environment,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=30,
        )
        assert (done.returncode, done.stderr) == (0, ""), line
        assert isinstance(json.loads(done.stdout), dict)


def test_the_five_commands_of_the_runbook_run_letter_by_letter(work: Path, tmp_path: Path) -> None:
    follow_the_runbook(work, wrapper(tmp_path / "bin", sys.executable))
    health, classification = verdict(work)
    assert all_ok(health)
    assert (classification.level, classification.severity_class) == ("ok", None)
    assert ask(work, "status", "--tag", "phase4_demo").status == 0


def test_they_run_as_well_by_a_python_that_lacks_the_program(work: Path, tmp_path: Path) -> None:
    other = tmp_path / "other-python"
    other.symlink_to(getattr(sys, "_base_executable", sys.executable))
    bare = wrapper(tmp_path / "bin", str(other), "-I", "-S")
    lacks = subprocess.run([bare / "python", "-c", "import phase4_tui"], capture_output=True)
    assert lacks.returncode != 0
    follow_the_runbook(work, bare)
    assert all_ok(verdict(work)[0])


def test_a_laid_out_script_that_finds_no_program_anywhere_says_what_to_do(work: Path, tmp_path: Path) -> None:
    script = script_of(work, "pipeline")
    lines = script.read_text().splitlines()
    lines = ["INTERPRETER = '/no/such/python'" if line.startswith("INTERPRETER") else line for line in lines]
    script.write_text("\n".join(lines) + "\n")
    argv = [getattr(sys, "_base_executable", sys.executable), "-I", "-S", str(script), "--input", "x"]
    done = subprocess.run(argv, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert "init" in done.stderr
    assert done.stderr.count("\n") == 1


def test_after_init_one_command_runs_the_whole_sequence(tmp_path: Path) -> None:
    assert call(tmp_path, "init", "desk").status == 0
    answer = call(tmp_path, "-C", "desk", "run")
    assert (answer.status, answer.err) == (0, "")
    assert "OK" in answer.out
