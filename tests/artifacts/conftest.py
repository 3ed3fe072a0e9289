"""Fixtures of this room."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.artifacts.samples import QUALITY
from tests.artifacts.support import put

settings.register_profile("slow cores", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("slow cores")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the document is; its directory has a neighbour that links could lead to."""
    reports = tmp_path / "reports"
    reports.mkdir()
    put(tmp_path / "secret.json", QUALITY)
    return reports / "a_quality_check.json"
