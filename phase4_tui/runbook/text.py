"""The runbook's own text: its sections, and the five sentences of the rollback procedure."""

import re
from importlib.resources import files

ROLLBACK = "Rollback Procedure"
_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
_NUMBERED = re.compile(r"^\d+\. (.+)$", re.MULTILINE)


def runbook_text() -> str:
    """Return the runbook as Markdown."""
    return (files("phase4_tui.data") / "runbook.md").read_text(encoding="utf-8")


def sections() -> dict[str, str]:
    """Return the runbook's sections by heading, in its order."""
    _, *parts = _HEADING.split(runbook_text())
    return dict(zip(parts[::2], parts[1::2], strict=True))


def rollback_sentences() -> tuple[str, ...]:
    """Return the sentences of the rollback procedure, the first step first."""
    body = next(body for heading, body in sections().items() if heading.startswith(ROLLBACK))
    return tuple(_NUMBERED.findall(body))
