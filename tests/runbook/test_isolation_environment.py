"""What a step gets of the environment, and which variables mean that orders could go to a market."""

import json
from pathlib import Path

import pytest

from phase4_tui.runbook.isolation import live_order_switches
from phase4_tui.runbook.settings import Isolation, Settings
from tests.runbook.support import ENVIRONMENT, foreign, run, step

DUMP = """
import json, os
found = dict(os.environ)
home = found["HOME"]
found["home holds"] = sorted(os.listdir(home))
open(os.path.join(home, "a file of the step"), "w").close()
with open("environment.json", "w") as file:
    json.dump(found, file)
"""
HARMLESS = {"PATH": ENVIRONMENT["PATH"], "LANG": "en_US.UTF-8", "LC_ALL": "C.UTF-8", "TZ": "Asia/Kolkata"}
SECRET = {
    "FYERS_ACCESS_TOKEN": "hunter2-token",
    "AWS_SECRET_ACCESS_KEY": "hunter2-aws",
    "BROKER_PASSWORD": "hunter2-broker",
    "SSH_AUTH_SOCK": "/run/hunter2.sock",
    "HTTPS_PROXY": "http://user:hunter2@proxy:3128",
    "http_proxy": "http://hunter2@proxy",
    "ALL_PROXY": "socks5://hunter2",
    "PYTHONPATH": "/hunter2/lib",
    "PYTHONSTARTUP": "/hunter2/start.py",
    "PYTHONHOME": "/hunter2/home",
    "LD_PRELOAD": "/hunter2/evil.so",
    "LD_LIBRARY_PATH": "/hunter2/lib",
    "BASH_ENV": "/hunter2/bashrc",
    "DBUS_SESSION_BUS_ADDRESS": "unix:path=/hunter2",
    "XDG_RUNTIME_DIR": "/run/hunter2",
    "KUBECONFIG": "/hunter2/kube",
    "DISPLAY": ":0-hunter2",
}
ALLOWED = {"PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "HOME", "TMPDIR", "TERM", "NO_COLOR", "PYTHONUNBUFFERED"}
PLACES = {"PYTHONUSERBASE", "PYENV_ROOT", "PYENV_VERSION", "VIRTUAL_ENV", "PHASE4_PROGRESS"}


def dumped(work: Path, environment: dict[str, str]) -> dict[str, str]:
    """Run one step that dumps what it got."""
    record = run(work, environment)
    assert "was not written" in (step(record, "pipeline").error or ""), step(record, "pipeline").error
    found: dict[str, str] = json.loads((work / "environment.json").read_text())
    return found


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return foreign(tmp_path / "w", pipeline=DUMP)


def test_a_step_gets_a_few_harmless_variables_and_none_of_the_operators_secrets(work: Path, tmp_path: Path) -> None:
    home = tmp_path / "home of the operator"
    home.mkdir()
    (home / ".netrc").write_text("machine broker login ada password hunter2")
    found = dumped(work, HARMLESS | SECRET | {"HOME": str(home)})
    holds = found.pop("home holds")
    assert set(found) <= ALLOWED | PLACES
    assert "hunter2" not in json.dumps(found)
    assert {name: found[name] for name in HARMLESS} == HARMLESS
    assert found["HOME"] != str(home)
    assert not holds


def test_the_home_of_a_run_is_gone_when_the_run_is(work: Path) -> None:
    found = dumped(work, {"HOME": "/home/ada"})
    assert Path(found["HOME"]).is_absolute()
    assert not Path(found["HOME"]).exists()
    assert found["TMPDIR"] == found["HOME"]


def test_output_of_a_step_is_plain_and_comes_at_once(work: Path) -> None:
    found = dumped(work, {"TERM": "xterm-256color"})
    assert (found["TERM"], found["NO_COLOR"], found["PYTHONUNBUFFERED"]) == ("dumb", "1", "1")


def test_the_settings_may_name_more_variables_to_pass_and_only_those_are(work: Path) -> None:
    (work / "phase4.toml").write_text('[isolation]\npass_environment = ["DATA_DIR"]\n')
    found = dumped(work, {"DATA_DIR": "/srv/data", "DATA_DIRECTORY": "/srv/other"})
    assert found["DATA_DIR"] == "/srv/data"
    assert "DATA_DIRECTORY" not in found


LIVE = [
    *[("FYERS_ALLOW_LIVE_ORDERS", word) for word in ("1", "true", "TRUE", "Yes", "on", " on ", "y", "enabled", "2")],
    ("INSTITUTIONAL_ADAPTER_ENABLED", "1"),
    ("INSTITUTIONAL_AGENT_ENABLED", "true"),
    ("INSTITUTIONAL_AGENT_ENABLED", "paper?"),
    ("fyers_allow_live_orders", "1"),
    ("Institutional_Agent_Enabled", "1"),
    *[("FYERS_DRY_RUN", word) for word in ("0", "false", "FALSE", "No", "off", "n", "", " ", "disabled", "maybe")],
    ("broker_dry_run", "0"),
    ("PHASE4_DRY_RUN", "0"),
    ("PHASE4_ALLOW_LIVE_ORDERS", "yes"),
]
PAPER = [
    *[("FYERS_ALLOW_LIVE_ORDERS", word) for word in ("0", "false", "False", "no", "OFF", "", " ", "n")],
    ("INSTITUTIONAL_ADAPTER_ENABLED", "0"),
    ("INSTITUTIONAL_AGENT_ENABLED", "false"),
    *[("FYERS_DRY_RUN", word) for word in ("1", "true", "TRUE", "yes", "on", "y")],
    ("ALLOW_LIVE_ORDERS_OF_LAST_YEAR", "1"),
    ("DRY_RUNS", "0"),
    ("INSTITUTIONAL_ADAPTER_ENABLED_AT", "1"),
]


@pytest.mark.parametrize(("name", "value"), LIVE)
def test_a_variable_that_enables_live_orders_or_leaves_it_open_is_found(name: str, value: str) -> None:
    found = live_order_switches(Settings(), {"PATH": "/bin", name: value})
    assert len(found) == 1
    assert found[0].startswith(name)


@pytest.mark.parametrize(("name", "value"), PAPER)
def test_a_variable_that_clearly_keeps_orders_on_paper_is_none(name: str, value: str) -> None:
    assert live_order_switches(Settings(), {name: value}) == []


def test_every_switch_is_named_at_once() -> None:
    environment = {"A_ALLOW_LIVE_ORDERS": "1", "B_DRY_RUN": "0", "C_DRY_RUN": "1"}
    assert len(live_order_switches(Settings(), environment)) == 2


def test_the_patterns_are_those_of_the_settings() -> None:
    settings = Settings(isolation=Isolation(live_when_truthy=("GO*LIVE",), live_when_falsy=("PAPER.ONLY",)))
    assert live_order_switches(settings, {"GO_MAYBE_LIVE": "1", "FYERS_ALLOW_LIVE_ORDERS": "1"}) == ["GO_MAYBE_LIVE=1"]
    assert live_order_switches(settings, {"PAPER.ONLY": "0", "PAPERxONLY": "0"}) == ["PAPER.ONLY=0"]
