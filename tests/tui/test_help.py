"""The help: its key and F1 open it and leave it, and no sentence of it is cut off."""

from pathlib import Path

import pytest

from phase4_tui.console.operations.registry import OPERATIONS
from phase4_tui.tui.screens.dashboard import DashboardScreen
from phase4_tui.tui.screens.help import HelpScreen
from phase4_tui.tui.screens.root_cause import RootCauseScreen
from phase4_tui.tui.widgets.text_lines import TextLines
from tests.tui.support import until
from tests.tui.user import user_at
from tests.tui.view_support import work_in


@pytest.mark.parametrize("key", ["question_mark", "f1"])
async def test_the_key_of_the_help_opens_it_and_leaves_it(tmp_path: Path, key: str) -> None:
    work_in(tmp_path)
    async with user_at(tmp_path) as user:
        await user.incident()
        for _ in range(2):
            await user.press(key)
            await user.at(HelpScreen)
            await user.press(key)
            await user.at(DashboardScreen)


async def test_f1_helps_in_a_form_too_and_leads_back_to_what_was_typed(tmp_path: Path) -> None:
    work_in(tmp_path)
    async with user_at(tmp_path) as user:
        await user.incident()
        await user.press("l")
        await user.at(RootCauseScreen)
        await user.press(*"late", "f1")
        await user.at(HelpScreen)
        await user.press("f1")
        await user.at(RootCauseScreen)
        await user.sees("late")


@pytest.mark.parametrize("size", [(120, 40), (60, 16)])
async def test_every_sentence_of_the_help_is_whole(tmp_path: Path, size: tuple[int, int]) -> None:
    work_in(tmp_path)
    async with user_at(tmp_path, size) as user:
        await user.incident()
        await user.press("question_mark")
        await user.at(HelpScreen)
        sheet = user.app.screen.query_one(TextLines)
        await until(user.pilot, lambda: sheet.count)
        lines = [sheet.search_text(line) for line in range(sheet.count)]
        assert max(map(len, lines)) <= size[0] - 3
        told = " ".join(" ".join(lines[: next(at for at, line in enumerate(lines) if "SYMBOLS" in line)]).split())
        labels = {operation.label for operation in OPERATIONS}
        assert "…" not in told
        assert [one.description for one in OPERATIONS if one.description not in told] == []
        assert [label for label in labels if label not in told] == []
        assert "EVERYWHERE" in told
