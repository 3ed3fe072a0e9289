"""Fixtures of this room."""

from pathlib import Path

import pytest

from tests.steps.support import Desk


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    """A working directory with the sample batch, in which the commands run."""
    monkeypatch.chdir(tmp_path)
    return Desk(tmp_path, capsys)
