"""The footer during an incident: how to lead it, and the next move, are never left out for lack of room."""

from pathlib import Path

import pytest

from tests.runbook.documents import Tag
from tests.tui.support import screen_text, until
from tests.tui.user import User, user_at
from tests.tui.view_support import work_in


def footer(user: User) -> str:
    """Return the last line of the screen."""
    return screen_text(user.app).split("\n")[-1]


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (60, 16)])
async def test_during_an_incident_the_footer_keeps_guided_and_the_next_move(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    work_in(tmp_path)
    async with user_at(tmp_path, size) as user:
        await user.incident()
        await until(user.pilot, lambda: "g guided" in footer(user))
        assert [key for key in ("palette", "? help", "q quit") if key not in footer(user)] == []
        await user.press("k")  # a screen with keys of its own
        await until(user.pilot, lambda: "esc" in footer(user) and "g guided" in footer(user))


async def test_a_next_move_that_no_footer_has_is_there_while_it_is_next(tmp_path: Path) -> None:
    work_in(tmp_path)
    async with user_at(tmp_path, (80, 24)) as user:
        await user.incident()
        for operation in ("reopen", "escalate"):
            user.app.screen.query_one("KeyLine").show_urgent((f"act('{operation}')",))  # type: ignore[attr-defined]
            await until(user.pilot, lambda operation=operation: operation in footer(user))  # type: ignore[misc]


async def test_without_an_incident_the_footer_is_as_it_was(tmp_path: Path) -> None:
    Tag(tmp_path / "reports", "A")
    async with user_at(tmp_path, (60, 16)) as user:
        await user.sees("q quit")
        assert footer(user).split()[:2] == ["r", "run"]
