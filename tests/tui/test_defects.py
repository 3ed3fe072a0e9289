"""An exception that nobody foresaw, wherever it arises: a notice, its screen closed, the dashboard alive."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest
from textual.app import App
from textual.binding import Binding
from textual.message_pump import MessagePump
from textual.screen import ModalScreen, Screen
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Static

from phase4_tui.tui import defect_file, defect_guard
from phase4_tui.tui.app import Phase4App
from phase4_tui.tui.defect_file import PREFIX
from phase4_tui.tui.defect_guard import DefectGuard
from phase4_tui.tui.screens.base import FactsScreen
from phase4_tui.tui.screens.dashboard import DashboardScreen
from phase4_tui.tui.screens.journal import JournalScreen
from phase4_tui.tui.screens.questions import ChoiceScreen, PlanScreen, TextScreen
from phase4_tui.tui.widgets.health_panel import HealthPanel
from phase4_tui.tui.widgets.sequence_panel import SequencePanel
from tests.tui.support import lay_out, told, until
from tests.tui.user import User, user_at


@pytest.fixture(autouse=True)
def contained(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Contain defects as for an operator, their files in a directory of the test."""
    place = tmp_path / "defects"
    place.mkdir()
    monkeypatch.setattr(DefectGuard, "CONTAINS_DEFECTS", True)
    monkeypatch.setattr("tempfile.tempdir", str(place))
    return place


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A working directory with tag A, which is good, and B, newer and P1."""
    lay_out(tmp_path / "desk")
    return tmp_path / "desk"


def fails(*_: object, **__: object) -> Any:
    """Raise what nobody foresaw."""
    raise IndexError("list [/nope] \x1b[2J out of range")


async def fails_later(*_: object) -> None:
    """Raise it in a coroutine."""
    fails()


class BadWidget(Static):
    """A widget that fails once it is told how."""

    way = ""

    def render_line(self, y: int) -> Strip:
        """Fail while it is drawn."""
        return fails() if self.way == "drawing" else super().render_line(y)

    def on_click(self) -> None:
        """Fail in a handler."""
        fails()

    def on_resize(self) -> None:
        """Fail when the terminal changes."""
        if self.way == "resize":
            fails()

    def watch_disabled(self, disabled: bool) -> None:
        """Fail in a watcher, which runs where the value is set."""
        fails() if disabled and self.way == "watcher" else None


class BadScreen(FactsScreen):
    """A screen that fails in the way it is told."""

    BINDINGS: ClassVar[Any] = [Binding("f9", "fail", "fail")]

    def __init__(self, way: str) -> None:
        super().__init__()
        self.way = way
        if way == "constructor":
            fails()

    def body(self) -> Any:
        """A widget, or a failure."""
        if self.way == "compose":
            fails()
        widget = BadWidget("a widget")
        widget.way = self.way
        yield widget

    async def on_mount(self) -> None:
        """Fail, or begin what will."""
        match self.way:
            case "mount":
                fails()
            case "timer":
                self.set_interval(0.01, fails)
            case "callback":
                self.call_later(fails)
            case "after refresh":
                self.call_after_refresh(fails)
            case "next":
                self.call_next(fails)
            case "worker":
                self.begin(fails_later, group="look")
            case "watcher":
                self.query_one(BadWidget).disabled = True
            case "idle":
                self.query_one(BadWidget).refresh()

    def on_idle(self) -> None:
        """Fail when there is nothing to do."""
        if self.way == "idle":
            fails()

    def watch_snapshot(self) -> None:
        """Fail on facts."""
        if self.way == "facts" and self.is_mounted:
            fails()

    def on_unmount(self) -> None:
        """Fail while it is left."""
        if self.way == "unmount":
            fails()

    def action_fail(self) -> None:
        """Fail by a key."""
        fails()


WAYS = [
    "compose",
    "mount",
    "timer",
    "callback",
    "after refresh",
    "next",
    "worker",
    "watcher",
    "idle",
    "resize",
    "drawing",
]


async def touch(user: User) -> None:
    lay_out(user.app.site.workdir / "x")
    (user.app.site.reports / "B_report.json").unlink()
    user.app.look_now()


DONE_BY: dict[str, Callable[[User], Any]] = {
    "key": lambda user: user.press("f9"),
    "click": lambda user: user.pilot.click(BadWidget),
    "facts": touch,
}


async def alive(user: User) -> None:
    """See that the dashboard is in front, whole, and takes keys."""
    app = user.app
    await until(user.pilot, lambda: len(app.screen_stack) == 1 and app.screen.is_mounted)
    await user.sees("RUN TAGS", "SEQUENCE", "✘ P")
    await user.press("j")
    await user.at(JournalScreen)
    await user.sees("verified")
    await user.press("escape")
    await user.at(DashboardScreen)
    assert not app._exit


@pytest.mark.parametrize("way", [*WAYS, *DONE_BY])
async def test_a_screen_that_fails_is_closed_with_a_notice_that_says_what_to_report(
    work: Path, contained: Path, way: str
) -> None:
    async with user_at(work) as user:
        await user.incident()
        user.app.push_screen(BadScreen(way))
        if way in DONE_BY:
            await user.at(BadScreen)
            await DONE_BY[way](user)
        await until(user.pilot, lambda: "IndexError" in told(user.app))
        notice = told(user.app)
        await alive(user)
        assert "\x1b" not in notice
        assert "It was closed. Report it to engineering with" in notice
    (file,) = contained.glob(f"{PREFIX}*")
    assert f"{file}" in notice
    text = file.read_text()
    assert all(part in text for part in ("textual ", "Python ", "the bad screen", "Traceback", "in fails")), text
    assert (file.stat().st_mode & 0o777, "\x1b" in text) == (0o600, False)


@pytest.mark.parametrize("way", ["constructor", "unmount"])
async def test_what_fails_before_or_after_its_screen_is_there_only_leaves_a_notice(work: Path, way: str) -> None:
    async with user_at(work) as user:
        await user.incident()
        user.app.call_later(lambda: user.app.push_screen(BadScreen(way)))
        if way == "unmount":
            await user.at(BadScreen)
            await user.press("escape")
        await until(user.pilot, lambda: "IndexError" in told(user.app))
        await alive(user)


QUESTIONS: dict[str, tuple[Callable[[], ModalScreen[Any]], object]] = {
    "plan": (lambda: PlanScreen("Do it?", ["a line"]), False),
    "text": (lambda: TextScreen("Why?"), None),
    "choice": (lambda: ChoiceScreen("Which?", [("one", "")]), None),
}


@pytest.mark.parametrize("moment", ["at once", "later", "below"])
@pytest.mark.parametrize("kind", QUESTIONS)
async def test_who_asked_gets_the_answer_of_one_who_leaves_a_question(
    work: Path, kind: str, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, left = QUESTIONS[kind]
    question = make()
    if moment == "at once":
        monkeypatch.setattr(type(question), "on_mount", fails)
    answers: list[object] = []
    async with user_at(work) as user:
        await user.incident()
        below = BadScreen("")
        user.app.push_screen(below)
        await user.at(BadScreen)

        async def ask() -> None:
            answers.append(await user.app.push_screen_wait(question))

        user.app.run_worker(ask())
        if moment != "at once":
            await user.at(type(question))
            (question if moment == "later" else below).call_later(fails)
        await until(user.pilot, lambda: answers == [left])
        await until(user.pilot, lambda: "IndexError" in told(user.app))
        if moment != "below":
            await user.press("escape")
        await alive(user)


BASE: dict[str, Callable[[Phase4App], object]] = {
    "its handler": lambda app: app.screen_stack[0].call_later(fails),
    "a panel's handler": lambda app: app.screen_stack[0].query_one(SequencePanel).call_later(fails),
    "a panel's timer": lambda app: app.screen_stack[0].query(HealthPanel).first().set_interval(0.01, fails),
    "a panel's drawing": lambda app: _spoil(app.screen_stack[0].query_one(SequencePanel)),
}


def _spoil(widget: Widget) -> None:
    part = widget.query_one("#steps", Widget)
    part.render_line = fails  # type: ignore[method-assign]
    part.refresh()


@pytest.mark.parametrize("covered", [False, True])
@pytest.mark.parametrize("what", BASE)
async def test_the_dashboard_itself_is_built_anew(work: Path, what: str, covered: bool) -> None:
    async with user_at(work) as user:
        await user.incident()
        app = user.app
        panel = app.screen.query_one(SequencePanel)
        if covered:
            await user.press("j")
            await user.at(JournalScreen)
        BASE[what](app)
        if covered and what == "a panel's drawing":
            await user.press("escape")  # what is covered is not drawn
        await until(user.pilot, lambda: "IndexError" in told(app))
        assert "It was built anew." in told(app)
        await until(user.pilot, lambda: app.screen_stack[0].query_one(SequencePanel) is not panel)
        if covered and what != "a panel's drawing":
            await user.at(JournalScreen)
            await user.press("escape")
        await alive(user)


async def test_an_operation_that_fails_and_the_application_itself_leave_a_notice(work: Path) -> None:
    async with user_at(work) as user:
        await user.incident()
        user.app.operate(fails_later)
        await until(user.pilot, lambda: "IndexError" in told(user.app))
        assert "Report it to engineering with" in told(user.app)
        await alive(user)


async def test_a_second_one_within_a_minute_leaves_and_later_ones_do_not(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with user_at(work) as user:
        await user.incident()
        user.app.call_later(fails)
        await until(user.pilot, lambda: "IndexError" in told(user.app))
        user.app._defect_at -= defect_guard.AGAIN_SECONDS
        user.app.call_later(fails)
        await until(user.pilot, lambda: len(user.app.defects) == 2)
        await alive(user)
        user.app.push_screen(BadScreen("mount"))
        await until(user.pilot, lambda: user.app._exit)
    assert user.app.return_code == 1
    assert len(user.app.defects) == 3
    *_, first, last = user.app.last_words().splitlines()
    assert re.fullmatch(r"error: the bad screen failed, IndexError: .*; report it to engineering with /.*\.txt", first)
    assert last == "`phase4` opens the dashboard again; `phase4 status` needs no screen"


def no_room(*_: object) -> Path:
    """Fail as where a disk is full."""
    raise OSError(28, "No space left on device")


async def test_where_no_file_can_be_written_the_notice_says_so(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(defect_file, "write_defect", no_room)
    async with user_at(work) as user:
        await user.incident()
        user.app.call_later(fails)
        await user.sees("Its traceback was not written: No space left on device")


def test_the_private_parts_of_textual_that_are_overridden_are_where_they_were() -> None:
    assert "_handle_exception" in vars(App)
    assert isinstance(App()._exit, bool)
    assert MessagePump._dispatch_message is defect_guard._guarded_dispatch
    assert defect_guard._dispatch.__qualname__ == "MessagePump._dispatch_message"
    assert [kind for kind in (App, Widget, Screen) if "_dispatch_message" in vars(kind)] == []
