"""Fixtures of this room."""

from pathlib import Path

import pytest

from tests.runbook.documents import Tag
from tests.runbook.support import foreign, laid_out


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A working directory as `phase4 init` lays it out."""
    return laid_out(tmp_path / "w")


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    """An operator's working directory with scripts of their own."""
    return foreign(tmp_path / "theirs")


@pytest.fixture
def tag(work: Path) -> Tag:
    """A healthy tag in the laid-out directory."""
    return Tag(work / "reports", "t1")
