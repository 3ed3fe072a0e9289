"""The runbook's own text, and its sections."""

import re
from importlib.resources import files

_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)


def runbook_text() -> str:
    """Return the runbook as Markdown."""
    return (files("phase4_tui.data") / "runbook.md").read_text(encoding="utf-8")


def sections() -> dict[str, str]:
    """Return the runbook's sections by heading, in its order."""
    _, *parts = _HEADING.split(runbook_text())
    return dict(zip(parts[::2], parts[1::2], strict=True))
