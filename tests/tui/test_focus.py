"""The panel with the focus: it is seen to have it, opens what it is about, and fills the screen when asked to."""

from pathlib import Path

import pytest

from phase4_tui.artifacts.names import Artifact, file_name
from phase4_tui.tui.screens.audit import AuditScreen
from phase4_tui.tui.screens.dashboard import DashboardScreen
from phase4_tui.tui.screens.journal import JournalScreen
from phase4_tui.tui.screens.viewer import RowScreen, ViewerScreen
from phase4_tui.tui.widgets.health_panel import HealthPanel
from tests.tui.support import screen_text, until
from tests.tui.user import User, user_at
from tests.tui.view_support import decision, put_report, work_in


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A working directory with tag A, which is good, and B, newer and P1."""
    return work_in(tmp_path)


def drawn(user: User) -> list[tuple[str, bool, bool]]:
    """Return what is on the screen but for its colours: each text, whether it is bold, whether reversed."""
    strips = user.app.screen._compositor.render_strips()
    return [
        (s.text, bool(s.style and s.style.bold), bool(s.style and s.style.reverse)) for strip in strips for s in strip
    ]


async def test_enter_on_a_tag_opens_its_artifacts_and_enter_there_the_file(work: Path) -> None:
    async with user_at(work) as user:
        await user.incident()
        await user.press("enter")
        await user.at(AuditScreen)
        await user.sees("5 of 5 present")
        await user.press("enter")
        await user.at(ViewerScreen)
        await user.press("escape", "escape")
        await user.at(DashboardScreen)


@pytest.mark.parametrize("size", [(80, 24), (60, 16)])
async def test_where_the_list_of_tags_is_one_line_enter_opens_the_artifacts_too(
    work: Path, size: tuple[int, int]
) -> None:
    async with user_at(work, size) as user:
        await user.incident()
        await user.press("enter")
        await user.at(AuditScreen)


async def test_tab_reaches_each_panel_which_is_seen_without_colours_and_enter_opens_its_file(work: Path) -> None:
    async with user_at(work) as user:
        await user.incident()
        for panel in user.app.screen.query(HealthPanel):
            before = drawn(user)
            await user.press("tab")
            assert user.app.focused is panel
            await until(user.pilot, lambda before=before: drawn(user) != before)  # type: ignore[misc]
        user.app.screen.query_one("#monitoring").focus()
        await user.press("enter")
        await user.at(ViewerScreen)
        await user.sees(file_name("B", Artifact.MONITORING), '"status"')


async def test_a_click_on_a_panel_opens_its_file_or_says_that_it_is_missing(work: Path) -> None:
    async with user_at(work) as user:
        await user.incident()
        await user.pilot.click("#quality-check", offset=(5, 1))
        await user.at(ViewerScreen)
        await user.sees(file_name("B", Artifact.QUALITY_CHECK))
        await user.press("escape")
        await user.at(DashboardScreen)
        path = work / "reports" / file_name("B", Artifact.PHASE4_SIGNOFF)
        path.unlink()
        await user.pilot.click("#signoff", offset=(5, 1))
        await user.sees(f"{path.name} is missing")


async def test_z_gives_the_panel_with_the_focus_the_whole_screen_until_escape_or_z(work: Path) -> None:
    async with user_at(work) as user:
        await user.incident()
        panel = user.app.screen.query_one("#monitoring")
        size = panel.size
        panel.focus()
        for leaves in ("z", "escape"):
            await user.press("z")
            await until(user.pilot, lambda: panel.outer_size.width == 120 and panel.outer_size.height > 30)
            assert "RELEASE CHECK" not in screen_text(user.app)
            await user.sees("PHASE 4 · PAPER", "q quit")
            await user.press(leaves)
            await until(user.pilot, lambda: panel.size == size)
        assert isinstance(user.app.screen, DashboardScreen)


async def test_z_on_the_output_zooms_the_steps_with_it_and_the_search_works_there(work: Path) -> None:
    async with user_at(work) as user:
        await user.incident()
        await user.press("space")
        user.app.screen.query_one("#output").focus()
        await user.press("z")
        sequence = user.app.screen.query_one("#sequence")
        await until(user.pilot, lambda: sequence.outer_size.width == 120)
        await user.press("slash", *"zebra")
        await user.sees("not found")
        await user.press("escape")
        await until(user.pilot, lambda: "not found" not in screen_text(user.app))
        assert user.app.screen.maximized is sequence  # escape leaves one at a time
        await user.press("escape")
        await until(user.pilot, lambda: user.app.screen.maximized is None)


async def test_enter_on_a_decision_opens_all_that_the_report_says_of_it(work: Path) -> None:
    put_report(work / "reports", [decision(), decision(action="BUY_CALL", desk="of one")])
    async with user_at(work) as user:
        await user.incident()
        await user.press("d")
        await user.sees("BUY_CALL")
        await user.press("down", "enter")
        await user.at(RowScreen)
        await user.sees("B, row 2", '"desk": "of one"', '"policy_tags": {')
        await user.press("escape", "escape")
        await user.at(DashboardScreen)


async def test_enter_on_a_row_of_the_journal_goes_to_its_text_which_z_zooms(work: Path) -> None:
    async with user_at(work) as user:
        await user.incident()
        await user.press("j")
        await user.at(JournalScreen)
        await user.sees("verified")
        await user.press("enter")
        detail = user.app.screen.query_one("#detail")
        assert user.app.focused is detail
        await user.press("z")
        await until(user.pilot, lambda: detail.size.height > 30)
        await user.press("escape", "escape")
        await user.at(DashboardScreen)
