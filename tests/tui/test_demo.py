"""The demo: it plays a whole incident with the real operations, can be paused and taken over, leaves nothing."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from phase4_tui.journal.log import read_events
from phase4_tui.journal.state import read_state
from phase4_tui.rollback.incidents import incidents_of
from phase4_tui.rollback.verification import verify
from phase4_tui.tui.demo import BAD, FIXED, GOOD, SCENES, DemoApp, Scene, lay_out, run_demo
from tests.runbook.support import until as until_so
from tests.tui.support import screen_text, until


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    directory = tmp_path / "demo"
    directory.mkdir()
    return directory


async def test_it_plays_an_incident_from_the_healthy_run_to_the_post_mortem(scratch: Path) -> None:
    app = DemoApp(lay_out(scratch), 100, None)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.failed is not None or "the end" in app.banner, seconds=120)
        assert app.failed is None
        await until(pilot, lambda: "Post-mortem" in screen_text(app))
    state = read_state(scratch / "reports")
    assert (state.active_tag, state.evaluation_mode, state.incident) == (FIXED, "phase4", None)
    assert {GOOD, BAD, FIXED} <= state.frozen.keys()
    (incident,) = incidents_of(read_events(scratch / "reports")).values()
    assert (incident.tag, incident.severity_class, incident.stage) == (BAD, "P1", "recovered")
    assert incident.contained_at is not None
    assert verify(app.site).problems == ()


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_each_caption_and_what_the_keys_do_can_be_read_at_any_size(scratch: Path, size: tuple[int, int]) -> None:
    app = DemoApp(lay_out(scratch), 1, None)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "1/" in app.banner)
        await pilot.press("space")
        for scene in SCENES:
            app._tell(f"10/{len(SCENES)} {scene.caption}\nspace pauses, any key takes over")
            await until(pilot, lambda caption=scene.caption: caption in screen_text(app))  # type: ignore[misc]
            assert "space pauses, any key takes over" in screen_text(app)


def test_it_lasts_ninety_seconds() -> None:
    assert sum(scene.seconds for scene in SCENES) == 90


async def test_what_an_action_took_longer_is_made_up_by_the_scenes_after_it(
    scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments: list[float] = []

    async def slow(app: DemoApp) -> None:
        moments.append(time.monotonic())
        await asyncio.sleep(2.0)

    async def last(app: DemoApp) -> None:
        moments.append(time.monotonic())

    async def nothing(app: DemoApp) -> None:
        pass

    scenes = (Scene("a", slow, 5), Scene("b", nothing, 30), Scene("c", last, 1))
    monkeypatch.setattr("phase4_tui.tui.demo.SCENES", scenes)
    app = DemoApp(lay_out(scratch), 10, None)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "the end" in app.banner)
    assert 3.3 < moments[1] - moments[0] < 4.5, "3.5 s, where one after the other takes 5.0"


async def test_space_pauses_it_and_any_other_key_takes_over(scratch: Path) -> None:
    app = DemoApp(lay_out(scratch), 1, None)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "1/" in app.banner)
        await pilot.press("space")
        assert "PAUSED" in screen_text(app)
        await pilot.press("space")
        assert "PAUSED" not in screen_text(app)
        await pilot.press("j")
        assert "yours now" in screen_text(app)
        await until(pilot, lambda: app.snapshot is not None and app.snapshot.holder is None)
        await pilot.press("question_mark")
        await until(pilot, lambda: "KEYS" in screen_text(app))


def test_its_pictures_are_of_the_real_screens_and_its_scratch_directory_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr("phase4_tui.tui.demo.SCENES", SCENES[:2])
    assert run_demo(100, tmp_path / "pictures") == 0
    assert capsys.readouterr().out == "picture 1 of 2: healthy.svg\npicture 2 of 2: incident.svg\n"
    assert sorted(path.name for path in (tmp_path / "pictures").iterdir()) == ["healthy.svg", "incident.svg"]
    assert "MONITORING ALERT" in (tmp_path / "pictures" / "incident.svg").read_text().replace("&#160;", " ")
    assert list(tmp_path.glob("phase4-demo-*")) == []


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_while_it_draws_its_pictures_leaves_nothing_behind(
    tmp_path: Path, number: signal.Signals, status: int
) -> None:
    argv = [sys.executable, "-m", "phase4_tui", "demo", "--screenshots", "pictures"]
    played = subprocess.Popen(argv, cwd=tmp_path, env=os.environ | {"TMPDIR": str(tmp_path)})
    try:
        until_so(lambda: list(tmp_path.glob("phase4-demo-*/reports/morning_run_report.json")))
        played.send_signal(number)
        assert played.wait(10) == status
    finally:
        played.kill()
        played.wait()
    assert list(tmp_path.glob("phase4-demo-*")) == []
