"""What a machine with nothing but Python lacks: the tests of tmux and SSH are told as left out, not failed, there.

`.ci/run` installs both, so that they run before every change lands.
"""

import os
import shutil

import pytest

from phase4_tui.tui.defect_guard import DefectGuard
from tests.figures import Figures

NEEDED = {"tmux": "tmux", "sshd": "openssh-server", "ssh": "openssh-client"}
MISSING = [
    package
    for name, package in NEEDED.items()
    if shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") is None
]
collect_ignore = ["tui/test_remote.py", "tui/test_hostile_tmux.py"] if MISSING else []


def pytest_xdist_auto_num_workers() -> int:
    """Return one worker more than cores: many tests wait for a child, a clock or a terminal."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture(autouse=True)
def defects_end_a_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let an exception in a dashboard end it, and so the test, which would otherwise pass with a notice."""
    monkeypatch.setattr(DefectGuard, "CONTAINS_DEFECTS", False)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which tests were left out, and how to have them."""
    if MISSING:
        left = ", ".join(collect_ignore)
        terminalreporter.write_line(f"LEFT OUT: {left}; `apt-get install {' '.join(MISSING)}` first, as .ci/run does")


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Figures:
    """Take what a test measures, for the scorecard."""
    noted = request.node.user_properties
    return Figures(lambda name, value: noted.append((name, value)))
