"""The demo: a scripted incident in a scratch directory, with real runs and real operations.

Space pauses, any other key takes over and leaves an ordinary dashboard.
"""

import asyncio
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from textual import events
from textual.worker import Worker

from phase4_tui.artifacts.atomic_files import atomic_write, to_json
from phase4_tui.console.remedies import how
from phase4_tui.journal.state import read_state
from phase4_tui.rollback.fallback import plan_phase3_only
from phase4_tui.rollback.freeze import plan_freeze
from phase4_tui.rollback.known_good import plan_switch
from phase4_tui.rollback.operations import Plan, carry_out
from phase4_tui.rollback.reopen import plan_reopen
from phase4_tui.rollback.root_cause import RootCause, plan_root_cause
from phase4_tui.runbook.run_plan import Request, plan_run
from phase4_tui.runbook.settings import load_settings
from phase4_tui.runbook.site import Site
from phase4_tui.tui.app import Phase4App
from phase4_tui.tui.screens.compare import CompareScreen
from phase4_tui.tui.screens.questions import PlanScreen
from phase4_tui.tui.widgets.alarm_lines import AlarmLines

GOOD, BAD, FIXED = "morning_run", "noon_run", "noon_rehearsal"
BAD_INPUT, FIXED_INPUT = "noon_batch.json", "noon_batch_corrected.json"
PLAN_SECONDS = 2.5
LEAST_SECONDS = 1.5
"""So long a scene stays at least when what it does took longer than its time."""
STEP_SECONDS = 0.05
PAUSE_KEY = "space"
PICTURE_SIZE = (120, 40)


@dataclass(frozen=True)
class Scene:
    """One scene: its caption, its action, how long it lasts with that in seconds, and the name of its picture."""

    caption: str
    act: Callable[["DemoApp"], Awaitable[None]]
    seconds: float
    picture: str | None = None


def lay_out(directory: Path) -> Site:
    """Put the batches and rules of the demo into a directory, and return it as a place for operations."""
    data = files("phase4_tui.data")
    sample = json.loads((data / "sample_batch_input.json").read_bytes())
    # Every record has a neutral bias, as after a feed error, so that nothing is traded.
    bad = [record | {"options_bias": "NEUTRAL"} for record in sample]
    corrected = [record | {"iv_percentile": round(record["iv_percentile"] * 0.99, 2)} for record in sample]
    for name, content in (("sample_batch_input.json", sample), (BAD_INPUT, bad), (FIXED_INPUT, corrected)):
        atomic_write(directory / name, to_json(content))
    atomic_write(directory / "monitoring_rules.json", (data / "monitoring_rules.json").read_bytes())
    return Site(directory, load_settings(directory, {}, {"operator": "demo"}), {"PATH": "/usr/local/bin:/usr/bin:/bin"})


class DemoApp(Phase4App):
    """The dashboard with a script that plays an incident."""

    def __init__(
        self,
        site: Site,
        speed: float,
        pictures: Path | None,
        *,
        ascii_only: bool = False,
        tell: Callable[[str], None] = lambda line: None,
    ) -> None:
        super().__init__(site, ascii_only=ascii_only)
        self._tell_progress = tell
        self._paused = 0.0
        self.banner = "DEMO"
        self._speed = speed
        self._pictures = pictures
        self._go = asyncio.Event()
        self._go.set()
        self._scene = ""
        self._script: Worker[None] | None = None
        self.failed: str | None = None

    def on_mount(self) -> None:
        """Begin to play."""
        self._script = self.run_worker(self._play(), group="demo", exit_on_error=False)

    async def on_event(self, event: events.Event) -> None:
        """While the script plays, space pauses it and any other key ends it."""
        if isinstance(event, events.Key) and self._script is not None and event.key != "ctrl+q":
            if event.key == PAUSE_KEY:
                self._pause()
            else:
                self._take_over()
            return
        await super().on_event(event)

    def _pause(self) -> None:
        if self._go.is_set():
            self._go.clear()
            self._tell(f"PAUSED\n{PAUSE_KEY} goes on, any other key takes over")
        else:
            self._go.set()
            self._tell(self._scene)

    def _take_over(self) -> None:
        if self._script is not None:
            self._script.cancel()
            self._script = None
        while len(self.screen_stack) > 1:
            self.pop_screen()
        self._tell(f"yours now: every key works, on a scratch directory\n{how('quit', self.keys)} leaves")

    def _tell(self, text: str) -> None:
        """Show a caption and what the keys do, on a second line if there is no room beside it."""
        self.banner = f"DEMO · {text}"
        for screen in self.screen_stack:
            for header in screen.query(AlarmLines):
                header.show_banner(self.banner)

    async def _play(self) -> None:
        try:
            await self._until(lambda: self.snapshot is not None)
            taken, of, behind = 0, sum(scene.picture is not None for scene in SCENES), 0.0
            for number, scene in enumerate(SCENES, 1):
                begun = self._played()
                self._scene = f"{number}/{len(SCENES)} {scene.caption}\n{PAUSE_KEY} pauses, any key takes over"
                self._tell(self._scene)
                await scene.act(self)
                if scene.picture is not None and self._pictures is not None:
                    await self._settled()
                    await asyncio.sleep(STEP_SECONDS)
                    self.save_screenshot(f"{scene.picture}.svg", str(self._pictures))
                    taken += 1
                    self._tell_progress(f"picture {taken} of {of}: {scene.picture}.svg")
                left = scene.seconds / self._speed - behind - (self._played() - begun)
                await self._rest(max(left * self._speed, LEAST_SECONDS))
                behind = max(behind + self._played() - begun - scene.seconds / self._speed, 0.0)
        except Exception as error:  # noqa: BLE001 - a failed demo must say so instead of freezing
            self.failed = f"{type(error).__name__}: {error}"
            self._tell(f"the demo stopped: {self.failed}\nevery key works")
        self._script = None
        if self._pictures is not None:
            self.exit(return_code=1 if self.failed else 0)
        elif self.failed is None:
            self._tell(f"the end: every key works, on a scratch directory\n{how('quit', self.keys)} leaves")

    def _played(self) -> float:
        """Return a clock that stands while the demo is paused, in seconds."""
        return time.monotonic() - self._paused

    async def _rest(self, seconds: float) -> None:
        end = self._played() + seconds / self._speed
        while self._played() < end:
            await asyncio.sleep(min(end - self._played(), STEP_SECONDS))
            if not self._go.is_set():
                stopped = time.monotonic()
                await self._go.wait()
                self._paused += time.monotonic() - stopped

    async def _until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            await asyncio.sleep(STEP_SECONDS)

    async def _settled(self) -> None:
        """Wait until the screen shows what the disk holds."""
        state = await asyncio.to_thread(read_state, self.site.reports)
        await self._until(lambda: self.snapshot is not None and self.snapshot.state.journal.seq >= state.journal.seq)
        await self._until(lambda: self.snapshot is not None and self.snapshot.holder is None)
        await asyncio.sleep(0.6)

    async def play_run(self, request: Request) -> None:
        """Run a sequence to its end."""
        site = self.site
        plan = await asyncio.to_thread(plan_run, site.settings, site.workdir, site.environment, request)
        self.start_run(plan)
        await self._until(lambda: not self.running_here)
        await self._settled()

    async def play_operation(self, make: Callable[[], Plan]) -> None:
        """Show an operation's plan for a while, then carry it out."""
        plan = await asyncio.to_thread(make)
        asked = PlanScreen(f"{plan.title}?", plan.describe(whole=False)[1:])
        self.push_screen(asked)
        await self._rest(PLAN_SECONDS)
        if self.screen is asked:
            asked.answer(True)
        await self.queue.carry_out(lambda: carry_out(self.site, plan))
        await self._settled()

    async def play_screen(self, name: str) -> None:
        """Open a screen, as its key does."""
        self.action_act(name)
        await asyncio.sleep(STEP_SECONDS)
        await self._settled()

    async def play_back(self) -> None:
        """Return to the dashboard."""
        while len(self.screen_stack) > 1:
            self.pop_screen()
            await asyncio.sleep(STEP_SECONDS)


async def _healthy(app: DemoApp) -> None:
    await app.play_run(Request(tag=GOOD))


async def _bad(app: DemoApp) -> None:
    await app.play_run(Request(tag=BAD, input=BAD_INPUT))
    await app._until(lambda: app.snapshot is not None and app.snapshot.state.incident is not None)
    await app._settled()


async def _look(app: DemoApp) -> None:
    await app.play_screen("decisions")


async def _freeze(app: DemoApp) -> None:
    await app.play_back()
    await app.play_operation(lambda: plan_freeze(app.site, BAD, "evidence of the incident"))


async def _switch(app: DemoApp) -> None:
    await app.play_operation(lambda: plan_switch(app.site, GOOD, "the last run for which every check holds"))
    app.facts.choose(GOOD)
    await app._settled()


async def _fallback(app: DemoApp) -> None:
    await app.play_operation(lambda: plan_phase3_only(app.site, "until the feed is corrected"))
    await app.play_run(Request(phase=3))


async def _cause(app: DemoApp) -> None:
    entry = RootCause(
        cause="the feed sent every record without a bias",
        remediation="feed rolled back to yesterday's version; the batch was corrected",
        owner="risk",
        closure="a rehearsal on the corrected batch is healthy",
    )
    await app.play_operation(lambda: plan_root_cause(app.site, entry))


async def _guided(app: DemoApp) -> None:
    await app.play_screen("guided")


async def _rehearse(app: DemoApp) -> None:
    await app.play_back()
    await app.play_run(Request(tag=FIXED, phase=4, input=FIXED_INPUT, rehearsal=True))


async def _compare(app: DemoApp) -> None:
    screen = CompareScreen(BAD, FIXED)
    app.push_screen(screen)
    await app._until(lambda: screen.result is not None)
    await app._settled()


async def _reopen(app: DemoApp) -> None:
    await app.play_back()
    await app.play_operation(lambda: plan_reopen(app.site, FIXED, accept_changed_input=True))
    app.facts.choose(None)
    await app._settled()


async def _verify(app: DemoApp) -> None:
    await app.play_screen("verify")


async def _post_mortem(app: DemoApp) -> None:
    await app.play_back()
    await app.play_screen("export")


async def _trends(app: DemoApp) -> None:
    await app.play_back()
    await app.play_screen("trends")


SCENES = (
    Scene("a healthy morning run", _healthy, 8, picture="healthy"),
    Scene("noon: a bad batch arrives and an incident opens", _bad, 10, picture="incident"),
    Scene("what happened? nothing is traded any more", _look, 5, picture="decisions"),
    Scene("step 1: freeze the run, it is evidence", _freeze, 6),
    Scene("step 2: switch to the known-good run", _switch, 6),
    Scene("step 3: only Phase 3 runs until this is resolved", _fallback, 8, picture="fallback"),
    Scene("step 4: log the root cause", _cause, 6),
    Scene("where the rollback stands, for whoever takes over", _guided, 6, picture="guided"),
    Scene("step 5: re-run on the corrected batch", _rehearse, 7),
    Scene("compare the bad run, the re-run and the good one", _compare, 7, picture="compare"),
    Scene("every condition is met: reopen Phase 4", _reopen, 7),
    Scene("verify: the journal, the state, every frozen copy", _verify, 4),
    Scene("the KPIs of each run beside their rules", _trends, 4, picture="trends"),
    Scene("the post-mortem, written from the journal", _post_mortem, 6, picture="post_mortem"),
)
"""The whole lasts 90 seconds, as long as no action takes longer than its scene."""


def run_demo(speed: float, pictures: Path | None, *, ascii_only: bool = False) -> int:
    """Play the demo in a scratch directory, removed afterwards; with `pictures`, unseen, with SVGs written there."""
    from phase4_tui.tui.start import run_app  # noqa: PLC0415 - signals belong to a real start

    directory = Path(tempfile.mkdtemp(prefix="phase4-demo-"))
    try:
        out = sys.stdout  # while the application runs, `print` writes to its log
        app = DemoApp(
            lay_out(directory), speed, pictures, ascii_only=ascii_only,
            tell=lambda line: print(line, file=out, flush=True),
        )  # fmt: skip
        if pictures is not None:
            pictures.mkdir(parents=True, exist_ok=True)
        return run_app(app, PICTURE_SIZE if pictures is not None else None)
    finally:
        _remove(directory)


def _remove(directory: Path) -> None:
    """Remove the scratch directory, frozen copies included."""
    for path in directory.rglob("*"):
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o755)
    shutil.rmtree(directory, ignore_errors=True)
