"""The dashboard among hostile documents, tags and Markdown: each is told for what it is, and no key ever waits."""

from pathlib import Path

from textual.widgets import Input

from phase4_tui.artifacts.names import Artifact
from phase4_tui.tui.screens.questions import PlanScreen, TextScreen
from phase4_tui.tui.screens.viewer import ViewerScreen
from tests.artifacts.test_documents_of_others import HOSTILE
from tests.cli.test_hostile import TAGS
from tests.counts import tries
from tests.figures import Figures
from tests.runbook.documents import Tag
from tests.runbook.support import laid_out, listing
from tests.runbook.test_children import memory
from tests.tui.lag import measured
from tests.tui.support import lay_out, until
from tests.tui.user import user_at
from tests.tui.view_support import dashboard, sees

MIB = 1 << 20
LAG_SECONDS, MARKDOWN_LAG_SECONDS = 0.2, 0.5
LONG = {
    "a megabyte in one line": "word " * 200_000,
    "50,000 brackets": "[" * 50_000,
    "5,000 quotes": "> " * 5_000 + "x",
    "20,000 paragraphs": "a paragraph with *some* `code`\n\n" * 20_000,
    "10,000 links": "[press me](javascript:x) <https://evil.example/> " * 5_000,
    "a table of 20,000 cells": "| a | b |\n| --- | --- |\n" + "| x | y |\n" * 10_000,
}


async def test_each_document_of_the_corpus_is_a_row_with_its_reason_and_holds_up_nothing(
    tmp_path: Path, figures: Figures
) -> None:
    reports = lay_out(tmp_path)
    (tmp_path / "secret.json").write_text('{"passed": true}')
    hostile = {name: one for name, one in HOSTILE.items() if name != "a link to itself"}  # it is one for tag `a` alone
    tags = [Tag(reports, f"h{number:02}") for number in range(len(hostile))]
    async with dashboard(tmp_path) as (app, pilot):
        await until(pilot, lambda: app.snapshot and len(app.snapshot.rows) == len(tags) + 2)
        before = memory()
        async with measured() as lag:
            for tag, (make, _) in zip(tags, hostile.values(), strict=True):
                path = tag.path(Artifact.QUALITY_CHECK)
                path.unlink()
                make(path)
            await until(
                pilot,
                lambda: app.snapshot and {row.level for row in app.snapshot.rows if row.tag[0] == "h"} == {"unknown"},
            )
            for tag in tags:
                app.facts.choose(tag.name)
                await sees(pilot, f"{tag.name}_quality_check.json", "UNREADABLE")
                assert app.snapshot is not None
                assert app.snapshot.focus is not None
                check = app.snapshot.focus.health["quality_check"]
                assert (check.ok, len(check.issues)) == (False, 1), check
        grown = memory() - before
    figures.total("{:,} documents", len(hostile))
    figures.worst("{:.0f} MiB more", max(grown, 0) / MIB)
    figures.worst("keys held up for {:.0f} ms at most", lag.worst * 1000)
    assert grown < 50 * MIB
    assert lag.worst < LAG_SECONDS


async def test_no_hostile_tag_that_is_typed_is_taken_and_nothing_is_made(tmp_path: Path, figures: Figures) -> None:
    lay_out(laid_out(tmp_path))
    async with user_at(tmp_path) as user:
        await user.incident()
        before = listing(tmp_path)
        tried = 0
        typed = [one for one in TAGS if one == one.strip()]  # a field drops the blanks around what was typed
        for tag in typed[:: tries(4, 1)]:
            await user.press("r")
            await user.at(TextScreen)
            await until(user.pilot, lambda: isinstance(user.app.focused, Input))
            assert isinstance(user.app.focused, Input)
            user.app.focused.value = tag
            await user.press("enter")
            await user.pilot.pause()
            assert not isinstance(user.app.screen, PlanScreen), ascii(tag)
            tried += 1
            while len(user.app.screen_stack) > 1:
                await user.press("escape")
                await user.pilot.pause()
        assert listing(tmp_path) == before
    figures.total("{:,} tags typed", tried)


async def test_markdown_of_any_size_and_depth_holds_up_nothing(tmp_path: Path, figures: Figures) -> None:
    lay_out(tmp_path)
    async with dashboard(tmp_path) as (app, pilot):
        opened: list[str] = []
        app.open_url = lambda url, **_: opened.append(url)  # type: ignore[method-assign]
        for name, text in LONG.items():
            path = tmp_path / "note.md"
            path.write_text(text)
            async with measured() as lag:
                app.push_screen(ViewerScreen(path))
                await sees(pilot, "note.md", "bytes")
                await pilot.press("pagedown", "end", "home")
                for line in range(4, 30, 5):
                    await pilot.click(offset=(10, line))
            figures.worst("keys held up for {:.0f} ms at most", lag.worst * 1000)
            assert lag.worst < MARKDOWN_LAG_SECONDS, name
            await pilot.press("escape")
            await until(pilot, lambda: len(app.screen_stack) == 1)
        assert opened == []
    figures.total("{:,} documents", len(LONG))
