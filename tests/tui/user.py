"""Someone at the keyboard of the dashboard, who presses keys and waits for what the screen says."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from phase4_tui.tui.app import Phase4App
from phase4_tui.tui.screens.questions import PlanScreen, TextScreen
from tests.tui.support import SIZE, make_app, screen_text, told, until


class User:
    """Someone at the keyboard."""

    def __init__(self, app: Phase4App, pilot: Pilot[Any]) -> None:
        self.app, self.pilot = app, pilot

    async def press(self, *keys: str) -> None:
        """Press keys."""
        await self.pilot.press(*keys)

    async def sees(self, *texts: str) -> None:
        """Wait until all of that is on the screen or in a notice."""
        for text in texts:
            await until(self.pilot, lambda text=text: text in screen_text(self.app) or text in told(self.app))  # type: ignore[misc]

    async def at(self, screen: type) -> None:
        """Wait until a screen is in front."""
        await until(self.pilot, lambda: isinstance(self.app.screen, screen))
        await self.pilot.pause()

    async def incident(self) -> None:
        """Wait until the dashboard has opened the incident and read every tag."""
        await until(self.pilot, lambda: self.app.snapshot and self.app.snapshot.state.incident)
        await until(self.pilot, lambda: self.app.snapshot and len(self.app.snapshot.rows) == self.app.snapshot.tags)

    async def answers(self, *, yes: bool) -> None:
        """Answer the plan that comes up."""
        await self.at(PlanScreen)
        await self.press("y" if yes else "n")

    async def gives_reason(self) -> None:
        """Accept the reason that is proposed."""
        await self.at(TextScreen)
        await self.press("enter")


@asynccontextmanager
async def user_at(work: Path, size: tuple[int, int] = SIZE, **more: Any) -> AsyncIterator[User]:
    """Open the dashboard of a working directory for someone."""
    app = make_app(work, **more)
    async with app.run_test(size=size, notifications=True) as pilot:
        yield User(app, pilot)
