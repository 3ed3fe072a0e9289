"""The steps as the runbook writes them: command lines letter by letter, whose script runs, and by which Python."""

import os
import re
import shlex
import sys
import threading
from pathlib import Path

import pytest

from phase4_tui.errors import Refused
from phase4_tui.runbook.settings import SettingsError, load_settings
from phase4_tui.runbook.steps import (
    PHASE3_STEPS,
    PHASE4_STEPS,
    Command,
    Phase,
    command_for,
    definition_sha256,
    find_step,
    is_foreign,
    laid_out_script,
    place_of,
    steps_of,
)
from tests.runbook.support import ENVIRONMENT, foreign, laid_out, plan, script_of

# The standard run sequence of the runbook's source, word for word.
RUNBOOK = """
1. Generate core artifacts
   - `python pipeline_runner.py --input sample_batch_input.json --outdir reports --tag phase4_demo`
2. Validate release artifacts
   - `python phase4_release_check.py --tag phase4_demo --outdir reports --out-json reports/phase4_demo_release_check.json`
3. Validate quality policy gates
   - `python phase4_quality_check.py --report-json reports/phase4_demo_report.json --out-json reports/phase4_demo_quality_check.json`
4. Generate sign-off note
   - `python phase4_signoff_generator.py --tag phase4_demo --outdir reports`
5. Generate monitoring snapshot + alerts
   - `python phase4_monitor_runner.py --report-json reports/phase4_demo_report.json --release-json reports/phase4_demo_release_check.json --quality-json reports/phase4_demo_quality_check.json --rules-json monitoring_rules.json --out-json reports/phase4_demo_monitoring.json --out-md reports/phase4_demo_monitoring.md`
"""  # noqa: E501
COMMANDS = re.findall(r"`(.+)`", RUNBOOK)


def commands(work: Path, phase: Phase = 4, tag: str = "phase4_demo", **environment: str) -> list[Command]:
    """Return the commands of a sequence."""
    known = ENVIRONMENT | environment
    settings = load_settings(work, known)
    place = place_of(settings, work, phase, None, None)
    return [command_for(step, phase, tag, place, settings, known) for step in steps_of(phase, settings)]


def test_each_step_of_an_operators_script_is_the_runbooks_command_letter_by_letter(tmp_path: Path) -> None:
    made = commands(foreign(tmp_path / "w"))
    assert len(made) == len(COMMANDS) == 5
    for command, wanted in zip(made, COMMANDS, strict=True):
        assert shlex.join(["python", *command.argv[1:]]) == wanted
        assert command.cwd == tmp_path / "w"


def test_our_own_steps_take_the_runbooks_flags_letter_by_letter(tmp_path: Path) -> None:
    for command, wanted in zip(commands(laid_out(tmp_path / "w")), COMMANDS, strict=True):
        script, *flags = shlex.split(wanted)[1:]
        assert command.argv == (sys.executable, "-P", "-m", f"phase4_tui.steps.{Path(script).stem}", *flags)


def test_the_titles_and_numbers_are_the_runbooks(tmp_path: Path) -> None:
    lines = re.findall(r"^(\d)\. (.+)$", RUNBOOK, re.MULTILINE)
    for step, (number, title) in zip(PHASE4_STEPS, lines, strict=True):
        assert step.number == int(number)
        assert step.title.replace(" and ", " + ") == title


def test_another_tag_input_and_reports_directory_go_into_every_command(tmp_path: Path) -> None:
    work = foreign(tmp_path / "w")
    (work / "phase4.toml").write_text('reports = "out"\ninput = "monday.json"\nrules = "strict.json"\n')
    for command, wanted in zip(commands(work, tag="t1"), COMMANDS, strict=True):
        text = wanted.replace("phase4_demo", "t1").replace("reports", "out")
        text = text.replace("sample_batch_input.json", "monday.json").replace("monitoring_rules.json", "strict.json")
        assert shlex.join(["python", *command.argv[1:]]) == text


def test_the_expected_files_are_the_tables(tmp_path: Path) -> None:
    expected = [set(command.expects) for command in commands(laid_out(tmp_path / "w"), tag="t")]
    assert expected == [
        {"t_report.json", "t_summary.json", "t_report.md"},
        {"t_release_check.json"},
        {"t_quality_check.json"},
        {"t_phase4_signoff.md"},
        {"t_monitoring.json", "t_monitoring.md"},
    ]
    assert [step.is_gate for step in PHASE4_STEPS] == [False, True, True, False, False]
    assert [step.name for step in PHASE3_STEPS] == [step.name for step in PHASE4_STEPS[:4]]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("1", "pipeline"),
        ("5", "monitor"),
        ("quality_check", "quality_check"),
        ("quality-check", "quality_check"),
        ("QUALITY_CHECK", "quality_check"),
        ("phase4_signoff_generator", "signoff"),
        ("pipeline_runner.py", "pipeline"),
        ("mon", "monitor"),
    ],
)
def test_a_step_is_found_by_number_name_or_script(text: str, name: str) -> None:
    assert find_step(text).name == name


@pytest.mark.parametrize("text", ["0", "6", "", "-1", "x", "1\n", "../1", "\x1b[2J", "٣"])
def test_what_is_no_step_is_refused_with_the_steps_there_are(text: str) -> None:
    with pytest.raises(Refused, match="5 monitor") as caught:
        find_step(text)
    assert str(caught.value).isprintable()


def test_phase_3_has_no_step_5() -> None:
    with pytest.raises(Refused, match="4 signoff"):
        find_step("monitor", PHASE3_STEPS)


def test_a_laid_out_script_is_ours_until_someone_changes_it(tmp_path: Path) -> None:
    work = laid_out(tmp_path / "w")
    script = script_of(work, "signoff")
    assert not is_foreign(script)
    with script.open("a") as file:
        file.write("print('mine now')\n")
    assert is_foreign(script)
    assert [command.origin for command in commands(work)].count("working directory") == 1


def test_a_script_laid_out_by_another_installation_is_ours_too(tmp_path: Path) -> None:
    script = tmp_path / "pipeline_runner.py"
    for interpreter in ("/opt/other/bin/python3", "/opt/it's/python"):
        script.write_text(laid_out_script("pipeline_runner", interpreter))
        assert not is_foreign(script), interpreter
    script.write_text(laid_out_script("phase4_release_check", "/opt/other/bin/python3"))
    assert is_foreign(script), "the script of another step"


def test_an_absent_script_and_a_directory_of_its_name_are_no_script(tmp_path: Path) -> None:
    assert not is_foreign(tmp_path / "pipeline_runner.py")
    (tmp_path / "pipeline_runner.py").mkdir()
    assert not is_foreign(tmp_path / "pipeline_runner.py")


def test_a_fifo_in_the_place_of_a_script_blocks_nobody(tmp_path: Path) -> None:
    fifo = tmp_path / "pipeline_runner.py"
    os.mkfifo(fifo)
    answers: list[bool] = []
    thread = threading.Thread(target=lambda: answers.append(is_foreign(fifo)), daemon=True)
    thread.start()
    thread.join(3)
    blocked = thread.is_alive()
    if blocked:
        fifo.write_bytes(b"")  # lets the reader go
        thread.join()
    assert not blocked


def executable(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
    path.chmod(0o755)
    return path


def without_python(work: Path, path: str) -> str:
    """Return the interpreter of an operator's script by default."""
    environment = {"PATH": path}
    settings = load_settings(work, environment)
    place = place_of(settings, work, 4, None, None)
    return command_for(PHASE4_STEPS[0], 4, "t", place, settings, environment).argv[0]


def test_the_interpreter_is_the_settings_else_python_on_path_else_ours(tmp_path: Path) -> None:
    work = foreign(tmp_path / "w")
    first = executable(tmp_path / "first" / "python")
    assert without_python(work, f"{first.parent}:/usr/bin:/bin") == str(first)
    assert without_python(work, str(tmp_path / "empty")) == sys.executable
    special = executable(tmp_path / "special" / "python3.99")
    (work / "phase4.toml").write_text(f'python = "{special}"\n')
    assert without_python(work, str(first.parent)) == str(special)
    (work / "phase4.toml").write_text('python = "python3.99"\n')
    assert without_python(work, f"{first.parent}:{special.parent}") == str(special)


def test_an_interpreter_that_is_not_there_is_named(tmp_path: Path) -> None:
    work = foreign(tmp_path / "w")
    (work / "phase4.toml").write_text('python = "python9"\n')
    with pytest.raises(SettingsError, match="python9"):
        without_python(work, "/usr/bin:/bin")


def test_an_interpreter_named_by_a_relative_path_is_found_from_the_working_directory(tmp_path: Path) -> None:
    work = foreign(tmp_path / "w")
    executable(work / "venv" / "bin" / "python")
    (work / "phase4.toml").write_text('python = "venv/bin/python"\n')
    assert Path(without_python(work, "/usr/bin:/bin")).resolve() == work / "venv" / "bin" / "python"


def test_the_definition_changes_with_command_line_script_and_expected_files_and_with_nothing_else(
    tmp_path: Path,
) -> None:
    work = foreign(tmp_path / "w")
    base = plan(work).definition_sha256
    assert plan(work).definition_sha256 == base
    assert plan(work, tag="other").definition_sha256 != base
    (work / "monitoring_rules.json").write_text("{}")
    assert plan(work).definition_sha256 == base
    with script_of(work, "signoff").open("a") as file:
        file.write("\n")
    assert plan(work).definition_sha256 != base
    assert definition_sha256(()) != base


def test_placeholders_of_the_settings_are_filled_and_other_braces_stay(tmp_path: Path) -> None:
    work = foreign(tmp_path / "w")
    argv = '["run", "{tag}", "{input}", "{rules}", "{outdir}", "{other}", "{}", "{{tag}}"]'
    (work / "phase4.toml").write_text(f'[steps.pipeline]\nargv = {argv}\nexpects = ["{{tag}}.csv"]\n')
    (command, *_) = commands(work, tag="t")
    expected = ("run", "t", "sample_batch_input.json", "monitoring_rules.json", "reports", "{other}", "{}", "{t}")
    assert command.argv == expected
    assert (command.expects, command.origin) == (("t.csv",), "settings")


def test_what_fills_a_placeholder_is_not_filled_again(tmp_path: Path) -> None:
    work = foreign(tmp_path / "w")
    (work / "phase4.toml").write_text('input = "{outdir}.json"\n')
    (command, *_) = commands(work)
    assert command.argv[3] == "{outdir}.json"
