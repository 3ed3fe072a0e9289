"""Fixtures of this room."""

from pathlib import Path

import pytest

from tests.runbook.documents import Tag


@pytest.fixture
def tag(tmp_path: Path) -> Tag:
    """A healthy tag, a minute old."""
    return Tag(tmp_path / "reports")
