"""Settings: command line over environment over file over defaults; what can't be used is named with its place."""

from pathlib import Path

import pytest

from phase4_tui.runbook.settings import Settings, SettingsError, load_settings


def load(directory: Path, toml: str | bytes | None = None, **environment: str) -> Settings:
    if toml is not None:
        (directory / "phase4.toml").write_bytes(toml if isinstance(toml, bytes) else toml.encode())
    return load_settings(directory, environment)


def complaint(directory: Path, toml: str | bytes | None = None, **environment: str) -> str:
    with pytest.raises(SettingsError) as caught:
        load(directory, toml, **environment)
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    settings = load(tmp_path)
    assert (settings.tag, settings.reports, settings.input) == ("phase4_demo", "reports", "sample_batch_input.json")
    assert settings.rules == "monitoring_rules.json"
    assert settings.phase3.directory == "../phase3_scaffold"
    assert settings.timeout_seconds > 0


def test_the_nearer_source_wins(tmp_path: Path) -> None:
    toml = 'tag = "from-file"\ninput = "file.json"\nreports = "file-reports"\n'
    (tmp_path / "phase4.toml").write_text(toml)
    environment = {"PHASE4_TAG": "from-environment", "PHASE4_INPUT": "environment.json"}
    settings = load_settings(tmp_path, environment, {"tag": "from-command-line", "input": None})
    assert (settings.tag, settings.input, settings.reports) == ("from-command-line", "environment.json", "file-reports")


def test_the_operator_is_the_login_name_unless_named(tmp_path: Path) -> None:
    assert load(tmp_path, LOGNAME="grace").operator == "grace"
    assert load(tmp_path, 'operator = "ada"', LOGNAME="grace").operator == "ada"
    assert load(tmp_path, PHASE4_OPERATOR="lin", LOGNAME="grace").operator == "lin"
    assert load_settings(tmp_path, {}).operator


def test_every_key_of_the_laid_out_file_is_known_once_its_comment_mark_is_gone(tmp_path: Path) -> None:
    from phase4_tui.cli.installation import laid_out_files

    text = laid_out_files()["phase4.toml"].decode()
    lines = [
        line.removeprefix("# ") for line in text.splitlines() if line.startswith("# ") and ("=" in line or "[" in line)
    ]
    kept = [line for line in lines if line.startswith("[") or line.split("=")[0].strip().isidentifier()]
    assert len(kept) > 15
    settings = load(tmp_path, "\n".join(kept))
    assert settings.steps["pipeline"].argv is not None


@pytest.mark.parametrize(
    ("toml", "line", "key"),
    [
        ('tag = "t"\ntga = "u"\n', 2, "tga"),
        ("\n[steps.pipline]\nargv = ['x']\n", 2, "pipline"),
        ("[steps.pipeline]\n\ntimeout = 3\n", 3, "timeout"),
        ("steps.monitor.arg = ['x']\n", 1, "steps.monitor.arg"),
        ("[phase3.steps.monitor]\nargv = ['x']\n", 1, "phase3.steps.monitor"),
        ("[isolation]\npass_env = []\n", 2, "pass_env"),
    ],
)
def test_an_unknown_key_is_named_with_file_and_line(tmp_path: Path, toml: str, line: int, key: str) -> None:
    text = complaint(tmp_path, toml)
    assert f"{tmp_path / 'phase4.toml'}, line {line}:" in text
    assert key in text


@pytest.mark.parametrize(
    ("toml", "line", "key"),
    [
        ("tag = 5", 1, "tag"),
        ('tag = "../up"', 1, "tag"),
        ('# a comment\n\ntag = ""', 3, "tag"),
        ('[phase3]\ntag = "a b"', 2, "phase3.tag"),
        ("timeout_seconds = 0", 1, "timeout_seconds"),
        ("timeout_seconds = -1", 1, "timeout_seconds"),
        ("timeout_seconds = inf", 1, "timeout_seconds"),
        ("timeout_seconds = nan", 1, "timeout_seconds"),
        ('grace_seconds = "soon"', 1, "grace_seconds"),
        ("timeout_seconds = true", 1, "timeout_seconds"),
        ("[steps.pipeline]\ntimeout_seconds = 0", 2, "steps.pipeline.timeout_seconds"),
        ("[steps.pipeline]\nargv = []", 2, "steps.pipeline.argv"),
        ('[steps.pipeline]\nargv = "python x.py"', 2, "steps.pipeline.argv"),
        ("[steps.pipeline]\nargv = ['python', 3]", 2, "steps.pipeline.argv"),
        ("[steps.pipeline]\nexpects = [' ', '']", 2, "steps.pipeline.expects"),
        ("steps = 3", 1, "steps"),
        ("[isolation]\npass_environment = 'HOME'", 2, "isolation.pass_environment"),
    ],
)
def test_a_bad_value_is_named_with_file_and_line(tmp_path: Path, toml: str, line: int, key: str) -> None:
    text = complaint(tmp_path, toml)
    assert f"{tmp_path / 'phase4.toml'}, line {line}:" in text
    assert f"`{key}" in text


@pytest.mark.parametrize(
    "toml",
    [
        "tag = \ninput = 1",
        "[steps\n",
        'tag = "a"\ntag = "b"',
        b"\xff\xfe",
        b"tag = '\xff'",
        f"timeout_seconds = {'9' * 4400}",
    ],
    ids=range(6),
)
def test_a_file_that_is_no_toml_is_named(tmp_path: Path, toml: str | bytes) -> None:
    assert str(tmp_path / "phase4.toml") in complaint(tmp_path, toml)


def test_a_file_nested_without_end_is_one_clear_line_too(tmp_path: Path) -> None:
    assert str(tmp_path / "phase4.toml") in complaint(tmp_path, "tag = " + "[" * 20_000)


def test_a_settings_file_that_is_no_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "phase4.toml").mkdir()
    assert "phase4.toml" in complaint(tmp_path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PHASE4_TAG", "../up"),
        ("PHASE4_TAG", ""),
        ("PHASE4_TIMEOUT_SECONDS", "soon"),
        ("PHASE4_TIMEOUT_SECONDS", "-1"),
        ("PHASE4_GRACE_SECONDS", "nan"),
        ("PHASE4_REPORTS", ""),
        ("PHASE4_TIMEOUT", "5"),
        ("PHASE4_STEPS", "x"),
    ],
)
def test_a_bad_variable_is_named(tmp_path: Path, name: str, value: str) -> None:
    assert name in complaint(tmp_path, **{name: value})


def test_a_bad_command_line_option_is_named_as_such(tmp_path: Path) -> None:
    (tmp_path / "phase4.toml").write_text('reports = "r"')
    with pytest.raises(SettingsError, match=r"option --reports"):
        load_settings(tmp_path, {"PHASE4_REPORTS": "e"}, {"reports": ""})


def test_numbers_from_the_environment_are_numbers(tmp_path: Path) -> None:
    assert load(tmp_path, PHASE4_TIMEOUT_SECONDS="2.5").timeout_seconds == 2.5


def test_a_switch_for_live_orders_is_no_unknown_setting_but_left_to_the_preconditions(tmp_path: Path) -> None:
    settings = load(tmp_path, PHASE4_DRY_RUN="0", PHASE4_ALLOW_LIVE_ORDERS="1", OTHER="x")
    assert settings.tag == "phase4_demo"


def test_variables_of_other_programs_are_nobodys_business(tmp_path: Path) -> None:
    assert load(tmp_path, PHASE40="x", MY_PHASE4_TAG="y", phase4_tag="z").tag == "phase4_demo"
