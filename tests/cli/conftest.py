"""Fixtures of this room."""

import shutil
from pathlib import Path

import pytest

from tests.cli import half_way
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


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An incident half-way, laid out once."""
    return half_way.lay_out(tmp_path_factory.mktemp("operations") / "w")


@pytest.fixture
def half_done(template: Path, tmp_path: Path) -> Path:
    """That incident, for one test."""
    shutil.copytree(template, tmp_path / "w", symlinks=True)
    return tmp_path / "w"
