"""Writes what is known about a defect of the dashboard into a file, to be reported."""

import os
import platform
import tempfile
from importlib.metadata import version
from pathlib import Path
from traceback import format_exception

from phase4_tui import __version__
from phase4_tui.artifacts.clock import iso, now_ns
from phase4_tui.artifacts.safe_text import safe_text

LIMIT = 256 << 10
PREFIX = "phase4-defect-"


def write_defect(error: BaseException, place: str) -> Path:
    """Write a traceback, the versions and the place into a new file that only its owner reads; raises OSError.

    It is in the directory for temporary files, since a dashboard that only looks writes nothing beside the reports.
    """
    moment = iso(now_ns())
    head = [
        f"phase4 {__version__}, textual {version('textual')}, Python {platform.python_version()}",
        platform.platform(),
        f"at {moment} in {place}, TERM={os.environ.get('TERM', '')}",
    ]
    text = safe_text("\n".join([*head, "", "".join(format_exception(error))]), LIMIT)
    stamp = "".join(char for char in moment[:19] if char.isdigit())
    descriptor, name = tempfile.mkstemp(".txt", f"{PREFIX}{stamp}-")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    return Path(name)
