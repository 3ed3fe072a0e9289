"""The runbook, opened at the section for the present state."""

from phase4_tui.console.facts.snapshot import Snapshot
from phase4_tui.runbook.runbook_text import present, sections
from phase4_tui.tui.screens.sections import SectionsScreen


class RunbookScreen(SectionsScreen):
    """The runbook."""

    def __init__(self) -> None:
        super().__init__({name: f"## {name}\n{body}" for name, body in sections().items()})

    def look(self, snapshot: Snapshot) -> None:
        """Mark the section for the present state."""
        healthy = snapshot.level not in ("incident", "warning")
        now, why = present(snapshot.state.incident, runs=snapshot.holder is not None, healthy=healthy)
        self.title_is(("RUNBOOK  ", "bold"), f"▶ {now}", (f"  {why}", "$foreground 70%"))
        self.mark(list(sections()).index(now), f"now: {why}")
