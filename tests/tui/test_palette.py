"""What the palette offers: each operation with its key, and at the end what can't be given now, with the reason."""

from pathlib import Path

from textual.content import Content
from textual.widgets import OptionList

from phase4_tui.console.key_names import shown_key
from phase4_tui.console.operations.registry import OPERATIONS, why_not
from tests.runbook.documents import Tag
from tests.tui.support import until
from tests.tui.user import User, user_at


async def offers(user: User, count: int = 0) -> list[Content]:
    """Return what the palette offers, once it offers anything."""
    await until(user.pilot, lambda: user.app.screen.query(OptionList) and user.app.screen.query_one(OptionList).options)
    await until(user.pilot, lambda: not count or len(user.app.screen.query_one(OptionList).options) == count)
    found = [option.prompt for option in user.app.screen.query_one(OptionList).options]
    assert all(isinstance(prompt, Content) for prompt in found)
    return [prompt for prompt in found if isinstance(prompt, Content)]


async def test_each_entry_shows_its_key_and_what_cannot_be_given_now_is_last_with_the_reason(tmp_path: Path) -> None:
    Tag(tmp_path / "reports", "A")
    async with user_at(tmp_path) as user:
        await until(user.pilot, lambda: user.app.snapshot and user.app.snapshot.focus)
        await user.press("ctrl+p")
        found = [prompt.plain for prompt in await offers(user, len(OPERATIONS))]
        able = [one for one in OPERATIONS if why_not(one, user.app.snapshot) is None]
        assert [line.split()[0] for line in found[:2]] == ["r", "1"]
        assert len(able) < len(found)
        for at, line in enumerate(found):
            assert ("not now: " in line) == (at >= len(able))
        keys = {shown_key(one.key): one.label for one in OPERATIONS if one.key}
        for key, label in keys.items():
            assert [line for line in found if line.startswith(f"{key:<7}{label}: ")], key


async def test_a_search_leaves_what_cannot_be_given_now_at_the_end(tmp_path: Path) -> None:
    Tag(tmp_path / "reports", "A")
    async with user_at(tmp_path) as user:
        await until(user.pilot, lambda: user.app.snapshot and user.app.snapshot.focus)
        await user.press("ctrl+p", *"re")
        await until(user.pilot, lambda: len(user.app.screen.query_one(OptionList).options) < len(OPERATIONS))
        found = await offers(user)
        greyed = ["not now: " in prompt.plain for prompt in found]
        assert True in greyed
        assert greyed == sorted(greyed)
        last, first = found[-1], found[0]
        assert [span for span in last.spans if "60%" in str(span.style)]
        assert not [span for span in first.spans if "60%" in str(span.style)]


async def test_a_read_only_palette_has_no_operation_that_writes(tmp_path: Path) -> None:
    Tag(tmp_path / "reports", "A")
    async with user_at(tmp_path, read_only=True) as user:
        await until(user.pilot, lambda: user.app.snapshot and user.app.snapshot.focus)
        await user.press("ctrl+p")
        found = [prompt.plain for prompt in await offers(user)]
        writing = {one.label for one in OPERATIONS if one.writes}
        assert not [line for line in found if line[7:].partition(":")[0] in writing]
