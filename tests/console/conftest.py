"""Fixtures of this room."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.console.support import Looking


@pytest.fixture
def look() -> Iterator[Callable[..., Looking]]:
    """Return what looks at a working directory until the test ends."""
    opened: list[Looking] = []

    def begin(work: Path, **more: bool) -> Looking:
        opened.append(Looking(work, **more))
        return opened[-1]

    yield begin
    for one in opened:
        one.stop()
