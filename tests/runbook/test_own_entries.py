"""The desk's own steps and checks in `phase4.toml`: what they may be, and that a bad one is named with its place."""

from pathlib import Path

import pytest

from phase4_tui.cli.installation import laid_out_files
from phase4_tui.runbook.settings import Settings, SettingsError, load_settings
from phase4_tui.runbook.steps import find_step, steps_of
from tests.runbook.own_desk import CHECK, NOTE_CHECK, NOTE_STEP, SETTINGS, STEP


def load(directory: Path, toml: str) -> Settings:
    (directory / "phase4.toml").write_text(toml)
    return load_settings(directory, {})


def without(text: str, key: str) -> str:
    """Return an entry without one of its keys."""
    return "\n".join(line for line in text.split("\n") if not line.startswith(f"{key} ="))


def given(text: str, **values: str) -> str:
    """Return an entry with values in place of its own, as TOML has them."""
    for key, value in values.items():
        name = "class" if key == "class_" else key
        text = f"{without(text, name).rstrip()}\n{name} = {value}\n"
    return text


def test_own_steps_follow_the_runbooks_and_are_found_by_name_and_number(tmp_path: Path) -> None:
    settings = load(tmp_path, SETTINGS)
    steps = steps_of(4, settings)
    assert [(step.number, step.name) for step in steps[5:]] == [(6, "shadow_duration"), (7, "desk_note")]
    assert [step.is_gate for step in steps[5:]] == [True, False]
    for text in ("6", "shadow_duration", "shadow-duration", "shadow"):
        assert find_step(text, steps).name == "shadow_duration"
    assert len(steps_of(3, settings)) == 4
    assert settings.own_suffixes == ("_shadow_duration.json", "_desk_note.md")


def test_a_desk_without_any_has_the_very_table_of_the_runbook(tmp_path: Path) -> None:
    assert steps_of(4, load(tmp_path, "")) is steps_of(4, Settings())


def test_the_settings_of_a_step_change_an_own_one_too(tmp_path: Path) -> None:
    tuned = '[steps.shadow_duration]\ntimeout_seconds = 7\nexpects = ["{tag}_shadow.json", "{tag}_shadow.md"]\n'
    settings = load(tmp_path, STEP + tuned)
    assert settings.steps["shadow_duration"].timeout_seconds == 7
    assert steps_of(4, settings)[-1].artifacts == ("_shadow.json", "_shadow.md")
    assert settings.own_suffixes == ("_shadow.json", "_shadow.md")


def test_a_check_without_a_key_expects_nothing_and_one_with_a_key_expects_true(tmp_path: Path) -> None:
    bare = load(tmp_path, without(NOTE_CHECK, "issues")).own_checks[0]
    assert (bare.key, bare.issues) == (None, None)
    assert load(tmp_path, without(CHECK, "expected")).own_checks[0].expected is True
    values: tuple[object, ...] = (False, 3, 2.5, "GO")
    for value, written in zip(values, ("false", "3", "2.5", '"GO"'), strict=True):
        found = load(tmp_path, given(CHECK, expected=written)).own_checks[0].expected
        assert (found, type(found)) == (value, type(value))


def test_every_key_of_an_own_entry_stands_in_the_laid_out_file_with_its_comment(tmp_path: Path) -> None:
    text = laid_out_files()["phase4.toml"].decode()
    begin, end = text.index("# [[own_steps]]"), text.index("# [phase3]")
    settings = load(tmp_path, text[begin:end].replace("\n# ", "\n").removeprefix("# "))
    assert settings.own_checks[0].model_fields_set == type(settings.own_checks[0]).model_fields.keys()
    assert settings.own_steps[0].model_fields_set == type(settings.own_steps[0]).model_fields.keys()


TWO = STEP + CHECK
SAME_FILE = '[[own_steps]]\nname = "other"\nargv = ["x"]\nexpects = ["{tag}_shadow_duration.json"]\n'
STEP_ERRORS = {
    "an unknown key": (f"{STEP}expect = 1\n", "own_steps.0.expect", "is unknown"),
    "no name": (without(STEP, "name"), "own_steps.0.name", ""),
    "no command": ('[[own_steps]]\nname = "a"\nexpects = ["{tag}_a.json"]\n', "own_steps.0.argv", ""),
    "an empty command": (given(NOTE_STEP, argv="[]"), "own_steps.0.argv", ""),
    "no file": (without(NOTE_STEP, "expects"), "own_steps.0.expects", ""),
    "an empty list of files": (given(NOTE_STEP, expects="[]"), "own_steps.0.expects", ""),
    "capitals": (given(NOTE_STEP, name='"Desk"'), "own_steps.0.name", "lower-case"),
    "a name that begins with a digit": (given(NOTE_STEP, name='"6"'), "own_steps.0.name", "lower-case"),
    "a hyphen": (given(NOTE_STEP, name='"desk-note"'), "own_steps.0.name", "lower-case"),
    "a name of 41 characters": (given(NOTE_STEP, name=f'"{"a" * 41}"'), "own_steps.0.name", "lower-case"),
    "the name of a step": (given(NOTE_STEP, name='"monitor"'), "own_steps.0.name", "monitor is a name of the runbook"),
    "the name of a check": (given(NOTE_STEP, name='"monitoring"'), "own_steps.0.name", "is a name of the runbook"),
    "the name of a script": (given(NOTE_STEP, name='"pipeline_runner"'), "own_steps.0.name", "is a name of the"),
    "a name given twice": (
        STEP + given(NOTE_STEP, name='"shadow_duration"'), "own_steps.1.name", "shadow_duration is the name of another",
    ),
    "a word in braces that nothing fills": (
        given(NOTE_STEP, argv='["x", "{tag}", "{report}"]'), "own_steps.0.argv.2", "{report} is not known",
    ),
    "a file without a tag": (given(NOTE_STEP, expects='["note.md"]'), "own_steps.0.expects.0", "{tag}_"),
    "a file of another directory": (given(NOTE_STEP, expects='["{tag}_a/b.md"]'), "own_steps.0.expects.0", "{tag}_"),
    "a way out": (given(NOTE_STEP, expects='["../{tag}_a.md"]'), "own_steps.0.expects.0", "{tag}_"),
    "a tag in the middle": (given(NOTE_STEP, expects='["a_{tag}_b.md"]'), "own_steps.0.expects.0", "{tag}_"),
    "a tag given twice": (given(NOTE_STEP, expects='["{tag}_{tag}.md"]'), "own_steps.0.expects.0", "{tag}_"),
    "a newline": (given(NOTE_STEP, expects='["{tag}_a.md\\n"]'), "own_steps.0.expects.0", "{tag}_"),
    "an artifact": (given(NOTE_STEP, expects='["{tag}_report.json"]'), "own_steps.0.expects.0", "another artifact"),
    "what ends like an artifact": (
        given(NOTE_STEP, expects='["{tag}_own_report.json"]'), "own_steps.0.expects.0", "can't be told from",
    ),
    "what an artifact ends like": (
        given(NOTE_STEP, expects='["{tag}_check.json"]'), "own_steps.0.expects.0", "can't be told from",
    ),
    "what ends like another own file": (
        STEP + given(NOTE_STEP, expects='["{tag}_duration.json"]'), "own_steps.1.expects.0", "can't be told from",
    ),
    "the name of another file for `path`": (
        STEP + given(NOTE_STEP, expects='["{tag}_shadow.duration.json"]'), "own_steps.1.expects.0", "can't be told",
    ),
    "the file of another step": (STEP + SAME_FILE, "own_steps.1.expects.0", "is written by shadow_duration too"),
    "a step that is none": (f"{STEP}[steps.shadow]\ntimeout_seconds = 1\n", "steps.shadow", "is unknown"),
    "a bad time for an own step": (
        f"{STEP}[steps.shadow_duration]\ntimeout_seconds = 0\n", "steps.shadow_duration.timeout_seconds", "",
    ),
    "a bad file in the table of an own step": (
        f'{STEP}[steps.shadow_duration]\nexpects = ["shadow.json"]\n', "steps.shadow_duration.expects.0", "{tag}_",
    ),
    "a bad word in the table of an own step": (
        f'{STEP}[steps.shadow_duration]\nargv = ["x", "{{nothing}}"]\n', "steps.shadow_duration.argv.1", "{nothing}",
    ),
    "an own step in the fallback": (
        f"{STEP}[phase3.steps.shadow_duration]\n", "phase3.steps.shadow_duration", "is unknown",
    ),
}  # fmt: skip
CHECK_ERRORS = {
    "an unknown key": (f"{CHECK}severity = 1\n", "own_checks.0.severity", "is unknown"),
    "no title": (without(CHECK, "title"), "own_checks.0.title", ""),
    "no class": (without(CHECK, "class"), "own_checks.0.class", ""),
    "no owner": (without(CHECK, "owner"), "own_checks.0.owner", ""),
    "no file": (without(CHECK, "file"), "own_checks.0.file", ""),
    "a class that is none": (given(CHECK, class_='"P3"'), "own_checks.0.class", "P0"),
    "the class of the second entry": (CHECK + given(NOTE_CHECK, class_='"HIGH"'), "own_checks.1.class", "P0"),
    "an owner that is none": (given(CHECK, owner='"desk"'), "own_checks.0.owner", "engineering"),
    "the name of a check": (given(CHECK, name='"signoff"'), "own_checks.0.name", "is a name of the runbook"),
    "the name of a step": (given(CHECK, name='"pipeline"'), "own_checks.0.name", "is a name of the runbook"),
    "a name given twice": (
        CHECK + given(NOTE_CHECK, name='"shadow_duration"'), "own_checks.1.name", "is the name of another entry",
    ),
    "a title given twice": (
        CHECK + given(NOTE_CHECK, title='"shadow Duration"'), "own_checks.1.title", "is the title of another check",
    ),
    "the title of a check": (given(CHECK, title='"Sign-off"'), "own_checks.0.title", "is the title of another check"),
    "the title of a rung": (given(CHECK, title='"Gates passed"'), "own_checks.0.title", "is the title of another"),
    "an empty title": (given(CHECK, title='""'), "own_checks.0.title", ""),
    "a title of spaces": (given(CHECK, title='"  "'), "own_checks.0.title", "printable"),
    "a title that commands a terminal": (given(CHECK, title='"a\\u001b[2J"'), "own_checks.0.title", "printable"),
    "a title of 31 characters": (given(CHECK, title=f'"{"a" * 31}"'), "own_checks.0.title", "30"),
    "an empty key": (given(CHECK, key='""'), "own_checks.0.key", "joined by dots"),
    "a key with an empty part": (given(CHECK, key='"a..b"'), "own_checks.0.key", "joined by dots"),
    "no JSON for a key": (given(CHECK, file='"{tag}_shadow.md"'), "own_checks.0.key", "does not end in .json"),
    "no JSON for reasons": (
        given(without(without(CHECK, "key"), "expected"), file='"{tag}_shadow.md"'), "own_checks.0.issues", ".json",
    ),
    "a value without a key": (without(CHECK, "key"), "own_checks.0.expected", "needs `key`"),
    "a list": (given(CHECK, expected="[true]"), "own_checks.0.expected", "true, false, a finite number or a text"),
    "a day": (given(CHECK, expected="2026-02-17"), "own_checks.0.expected", "true, false, a finite number or a text"),
    "no finite number": (given(CHECK, expected="inf"), "own_checks.0.expected", "finite"),
    "an artifact": (given(CHECK, file='"{tag}_summary.json"'), "own_checks.0.file", "another artifact"),
    "what ends like another own file": (
        STEP + given(CHECK, file='"{tag}_duration.json"'), "own_checks.0.file", "can't be told from",
    ),
    "a file without a tag": (given(CHECK, file='"shadow.json"'), "own_checks.0.file", "{tag}_"),
    "no array": ('own_checks = "shadow"\n', "own_checks", ""),
    "an array of texts": ('own_checks = ["shadow"]\n', "own_checks.0", ""),
}  # fmt: skip


@pytest.mark.parametrize(
    ("toml", "key", "words"), [*STEP_ERRORS.values(), *CHECK_ERRORS.values()], ids=[*STEP_ERRORS, *CHECK_ERRORS]
)
def test_a_bad_entry_is_named_with_file_line_and_key(tmp_path: Path, toml: str, key: str, words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, f"# the desk\n{toml}")
    text = str(caught.value)
    assert text.startswith(f"{tmp_path / 'phase4.toml'}, line ")
    assert f"key `{key}`" in text
    assert words in text
    assert text.isprintable()
    number = int(text.split("line ")[1].partition(":")[0])
    line = (tmp_path / "phase4.toml").read_text().splitlines()[number - 1]
    name = next(part for part in reversed(key.split(".")) if not part.isdigit())
    table = key.partition(".")[0]
    assert line.startswith((f"{name} =", f"{table} =", f"[[{table}]]", f"[{key}]", f"[{key.rpartition('.')[0]}]"))


def test_the_line_is_that_of_the_entry_that_is_wrong_and_not_of_another_with_the_same_key(tmp_path: Path) -> None:
    for wrong in range(3):
        entries = [given(NOTE_CHECK, name=f'"a{at}"', title=f'"A{at}"', file=f'"{{tag}}_a{at}.md"') for at in range(3)]
        entries[wrong] = given(entries[wrong], class_='"worst"')
        with pytest.raises(SettingsError) as caught:
            load(tmp_path, STEP + "".join(entries))
        lines = (tmp_path / "phase4.toml").read_text().splitlines()
        line = lines.index('class = "worst"') + 1
        assert f"line {line}: key `own_checks.{wrong}.class`" in str(caught.value)
