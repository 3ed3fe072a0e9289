"""A place for thousands of appends, whose fsync is not what is tested."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

MEMORY = Path("/dev/shm")


@pytest.fixture
def in_memory() -> Iterator[Path]:
    """A directory on a file system in memory, where there is one."""
    above = MEMORY if os.access(MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="phase4-", dir=above) as directory:
        yield Path(directory)
