"""An operator at the keyboard: starts runs, fills fields in, and leaves no run behind."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from textual.widgets import Input

from phase4_tui.journal.log import read_head
from phase4_tui.runbook.provenance import RunRecord
from phase4_tui.tui.app import Phase4App
from phase4_tui.tui.screens.questions import PlanScreen, TextScreen
from tests.tui.support import SIZE, make_app, told, until
from tests.tui.user import User

SLOW = '[steps.monitor]\nexpects = ["done"]\nargv = ["sh", "-c", "test -e go || sleep 60; echo 1 > reports/done"]\n'


class Operator(User):
    """An operator, who runs and operations."""

    async def writes(self, text: str) -> None:
        """Type a text in place of what stands in the field, and confirm it."""
        await until(self.pilot, lambda: isinstance(self.app.focused, Input))
        assert isinstance(self.app.focused, Input)
        self.app.focused.value = text
        await self.press("enter")

    async def looked(self) -> None:
        """Wait until every tag was read."""
        await until(self.pilot, lambda: self.app.snapshot and self.app.snapshot.preconditions)
        await until(self.pilot, lambda: self.app.snapshot and len(self.app.snapshot.rows) == self.app.snapshot.tags)

    async def starts(self, key: str, tag: str | None = None) -> None:
        """Start a run by its key and see it begin."""
        await self.press(key)
        if key == "r":
            await self.at(TextScreen)
            await (self.writes(tag) if tag else self.press("enter"))
        await self.at(PlanScreen)
        await self.press("y")


@asynccontextmanager
async def operator_at(work: Path, size: tuple[int, int] = SIZE, **more: Any) -> AsyncIterator[Operator]:
    """Open the dashboard for someone; no run of it outlives the block."""
    app = make_app(work, **more)
    async with app.run_test(size=size, notifications=True) as pilot:
        user = Operator(app, pilot)
        try:
            await until(pilot, lambda: app.snapshot)
            await pilot.pause()
            yield user
        finally:
            if app.running_here:
                app.runs.finish()


def last_run(app: Phase4App) -> RunRecord:
    """Return the last run of the shown tag."""
    assert app.snapshot is not None
    assert app.snapshot.focus is not None
    assert app.snapshot.focus.last_run is not None
    return app.snapshot.focus.last_run


def ended(app: Phase4App) -> bool:
    """True when the run is over, and the screen knows."""
    if app.running_here or app.snapshot is None or app.snapshot.holder is not None or "ended" not in told(app):
        return False
    return app.snapshot.state.journal.seq >= read_head(app.site.reports).seq
