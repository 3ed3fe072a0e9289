"""The runbook's own text, and its sections."""

import re
from importlib.resources import files

from phase4_tui.journal.incident import Incident

_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)


def runbook_text() -> str:
    """Return the runbook as Markdown."""
    return (files("phase4_tui.data") / "runbook.md").read_text(encoding="utf-8")


def sections() -> dict[str, str]:
    """Return the runbook's sections by heading, in its order."""
    _, *parts = _HEADING.split(runbook_text())
    return dict(zip(parts[::2], parts[1::2], strict=True))


def present(incident: Incident | None, *, runs: bool, healthy: bool) -> tuple[str, str]:
    """Return the heading of the section that applies in the present state, and the reason."""
    begins, why = "health checks", "no incident is open and nothing is being run"
    if incident is not None:
        word = incident.severity_class or "unclassified"
        begins, why = "rollback", f"incident {incident.id} is open, {word}, {incident.stage}"
    elif runs:
        begins, why = "run sequence", "a run is under way"
    elif not healthy:
        begins, why = "incident classification", "the shown tag is not healthy and no incident is open"
    headings = list(sections())
    return next((heading for heading in headings if heading.lower().startswith(begins)), headings[0]), why
