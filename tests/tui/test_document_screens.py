"""What a user reads: audit artifacts, files, the post-mortem, the runbook, the key sheet, the verification."""

import json
import os
import time
from pathlib import Path

import pytest
from textual.widgets import Input

from phase4_tui.artifacts.names import Artifact, state_dir
from phase4_tui.console.operations.registry import OPERATIONS
from phase4_tui.rollback.root_cause import RootCause, plan_root_cause
from phase4_tui.runbook.manual import PAGES
from phase4_tui.runbook.provenance import ChangedFile
from phase4_tui.tui.screens import help as help_screen
from phase4_tui.tui.screens.audit import AuditScreen
from phase4_tui.tui.screens.trends import TrendsScreen
from phase4_tui.tui.screens.viewer import ViewerScreen, write_beside
from phase4_tui.tui.widgets.file_lines import wrap
from tests.rollback.support import freeze, give, site_of
from tests.runbook.documents import Tag
from tests.tui.support import screen_text, told, until
from tests.tui.view_support import HOSTILE, SIZES, dashboard, is_harmless, sees, work_in


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A working directory with tag A, which is good, and B, newer and P1."""
    return work_in(tmp_path)


# Audit and files ----------------------------------------------------------------------------------------------


async def test_an_audit_artifact_that_is_missing_is_listed_as_such(work: Path) -> None:
    (work / "reports" / "B_monitoring.json").unlink()
    async with dashboard(work) as (_app, pilot):
        await pilot.press("a")
        await sees(pilot, "AUDIT ARTIFACTS", "○ B_monitoring.json", "missing")


async def test_the_audit_artifacts_are_listed_with_their_sha256_and_enter_opens_one(work: Path) -> None:
    async with dashboard(work) as (_, pilot):
        await pilot.press("a")
        await sees(pilot, "5 of 5 present", "B_quality_check.json", "not frozen", "sha256 ")
        await pilot.press("down", "enter")
        await sees(pilot, "B_release_check.json", '"checked_files"')
        await pilot.press("escape")
        await sees(pilot, "AUDIT ARTIFACTS")


async def test_a_frozen_tag_that_was_tampered_with_is_told_with_what_to_do(work: Path) -> None:
    freeze(work, "B")
    path = work / "reports" / "B_quality_check.json"
    os.chmod(path, 0o644)  # noqa: PTH101 - as an intruder would
    path.write_text("{}")
    async with dashboard(work, read_only=True) as (_, pilot):
        await pilot.press("a")
        await sees(pilot, "TAMPERED", "B_quality_check.json: has 2 bytes", "restore", "viewing B ✘")


async def test_a_file_that_changed_during_the_run_is_told_with_who_used_it(work: Path) -> None:
    change = ChangedFile(file="rules.json", step="monitor", before="a" * 64, after="b" * 64)
    Tag(work / "reports", "B").ran(monitor="passed", changed=(change,))
    async with dashboard(work) as (_, pilot):
        await sees(pilot, "UNKNOWN CHANGED DURING RUN", "rules.json changed during the run", "next: r run B again")
        await pilot.press("a")
        await sees(pilot, "5 of 5 present", "! rules.json changed during the run: sha256 aaaaaaaa → bbbbbbbb")


@pytest.mark.parametrize(("key", "screen", "name"), [("a", AuditScreen, "_take"), ("t", TrendsScreen, "_take")])
async def test_a_look_that_goes_wrong_says_so_and_ends_nothing(
    work: Path, monkeypatch: pytest.MonkeyPatch, key: str, screen: type, name: str
) -> None:
    def wrong(*given: object) -> None:
        raise LookupError("[/nope] is not known")

    async with dashboard(work) as (app, pilot):
        with monkeypatch.context() as broken:
            broken.setattr(screen, name, wrong)
            await pilot.press(key)
            await sees(pilot, "✘ failed: LookupError: [/nope] is not known")
        await pilot.press("escape", key)
        await until(pilot, lambda: "reading …" not in screen_text(app) and "hashing …" not in screen_text(app))
        assert "failed" not in screen_text(app)


async def test_an_artifact_that_is_missing_is_said_to_be_and_is_not_opened(work: Path) -> None:
    Tag(work / "reports", "B").remove(Artifact.REPORT)
    async with dashboard(work) as (app, pilot):
        await pilot.press("a")
        await sees(pilot, "○ B_report.json", "4 of 5 present")
        await pilot.press("enter")
        await until(pilot, lambda: "is not there" in told(app))


@pytest.mark.parametrize("name", ["note.md", "data.json", "plain.txt"])
@pytest.mark.parametrize("size", SIZES)
async def test_a_file_with_hostile_text_is_shown_literally(work: Path, name: str, size: tuple[int, int]) -> None:
    path = work / name
    told_as = json.dumps({"key": HOSTILE}, ensure_ascii=False) if name.endswith("json") else HOSTILE
    path.write_text(told_as)
    async with dashboard(work, size) as (app, pilot):
        app.push_screen(ViewerScreen(path))
        await sees(pilot, "[/nope]", "bytes")
        assert is_harmless(app)


async def test_markdown_is_rendered_and_its_links_lead_nowhere(work: Path) -> None:
    path = work / "note.md"
    path.write_text("# Title\n\n| a | b |\n| --- | --- |\n| one | two |\n\n[press me](https://evil.example/x)\n")
    async with dashboard(work) as (app, pilot):
        app.push_screen(ViewerScreen(path))
        await sees(pilot, "Title", "one  two", "press me (https://evil.example/x)")
        assert "# Title" not in screen_text(app)
        metas = [segment.style for strip in app.screen._compositor.render_strips() for segment in strip]
        assert not any(style and (style.link or style.meta.get("@click")) for style in metas)


async def test_of_a_long_file_the_beginning_is_shown_and_where_the_whole_of_it_is(work: Path) -> None:
    path = work / "note.md"
    path.write_text("a line of a long note\n\n" * 20_000)
    async with dashboard(work) as (_, pilot):
        _.push_screen(ViewerScreen(path))
        await sees(pilot, "a line of a long note", "the whole file is", "note.md")


async def test_one_line_of_megabytes_with_a_foreign_character_scrolls_at_once_and_stays_in_place(work: Path) -> None:
    path = work / "data.json"
    words = " ".join(f"word{number}" for number in range(300_000))
    path.write_text(json.dumps(["…" + words], ensure_ascii=False))
    async with dashboard(work) as (app, pilot):
        app.push_screen(ViewerScreen(path))
        await sees(pilot, '["…word0 word1')
        began = time.monotonic()
        await pilot.press("end")
        await sees(pilot, "word299999")
        await pilot.press(*["pageup"] * 20)
        assert time.monotonic() - began < 5
        first = screen_text(app).partition("bytes")[2].split()[1]
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: first in screen_text(app).partition("bytes")[2][:200])
        await pilot.press("end")
        await sees(pilot, "word299999")


def test_a_text_is_wrapped_so_that_every_character_has_its_place_and_wide_ones_have_room() -> None:
    text = "abcdefghij\n\n漢漢漢漢漢漢\tx\nend  \n"
    found = wrap(text, 8, lambda: False)
    assert (found.rows, list(found.firsts), list(found.chars)) == (7, [0, 2, 3, 6], [8, 8, 4, 8])
    assert [found.place(row) for row in range(7)] == [(0, 0), (0, 8), (1, 0), (2, 0), (2, 4), (2, 8), (3, 0)]
    assert all(found.row(*found.place(row)) == row for row in range(7))


async def test_a_file_that_cant_be_read_says_why(work: Path) -> None:
    os.mkfifo(work / "pipe.json")
    async with dashboard(work) as (app, pilot):
        app.push_screen(ViewerScreen(work / "pipe.json"))
        await sees(pilot, "is a FIFO, not a file")


# Post-mortem --------------------------------------------------------------------------------------------------


async def test_the_post_mortem_is_shown_and_w_writes_it_under_a_name_that_is_asked_for(work: Path) -> None:
    async with dashboard(work) as (app, pilot):
        await until(pilot, lambda: app.snapshot and app.snapshot.state.incident)
        site = site_of(work)
        cause = RootCause(cause=HOSTILE, remediation="another input", owner="risk")
        give(site, plan_root_cause(site, cause))
        app.action_act("export")
        await sees(pilot, "POST-MORTEM", "Severity class: P1", "Cause", "[/nope]")
        assert is_harmless(app)
        await pilot.press("w")
        await sees(pilot, "Write it as?")
        own = app.screen.query_one(Input).value
        app.screen.query_one(Input).value = "monitoring_rules.json"
        await pilot.press("enter")
        await sees(pilot, "✘ monitoring_rules.json is there already", "Write it as?")
        app.screen.query_one(Input).value = own
        await pilot.press("enter")
        await until(pilot, lambda: "wrote" in told(app))
        assert app.snapshot is not None and app.snapshot.state.incident is not None
        written = work / f"{app.snapshot.state.incident.id}.md"
        assert written.read_text().startswith("# Post-mortem")


async def test_without_an_incident_there_is_no_post_mortem_and_nothing_to_write(tmp_path: Path) -> None:
    Tag(tmp_path / "reports", "A")
    async with dashboard(tmp_path) as (app, pilot):
        app.action_act("export")
        await sees(pilot, "no incident is on record")
        await pilot.press("w")
        await until(pilot, lambda: "nothing to write" in told(app))


@pytest.mark.parametrize(
    "name",
    [
        "../out.md",
        "/tmp/out.md",
        "reports/B_report.json",
        "reports/.phase4/x.md",
        ".hidden",
        "no/such/x.md",
        "there.md",
    ],
)
def test_a_post_mortem_is_written_nowhere_but_beside_the_work_and_over_nothing(work: Path, name: str) -> None:
    (work / "there.md").write_text("mine")
    freeze(work, "A")
    before = sorted((path, path.stat().st_mtime_ns) for path in work.parent.rglob("*") if path.is_file())
    assert (write_beside(site_of(work), name, b"text") or "").startswith((name, str(work)))
    assert sorted((path, path.stat().st_mtime_ns) for path in work.parent.rglob("*") if path.is_file()) == before


async def test_a_read_only_dashboard_writes_no_post_mortem(work: Path) -> None:
    async with dashboard(work) as (app, pilot):
        await until(pilot, lambda: app.snapshot and app.snapshot.state.incident)
    async with dashboard(work, read_only=True) as (app, pilot):
        app.action_act("export")
        await sees(pilot, "Severity class: P1")
        await pilot.press("w")
        await until(pilot, lambda: "read-only" in told(app))


# Runbook, key sheet, verification -----------------------------------------------------------------------------


async def test_the_runbook_opens_at_the_section_for_the_present_state(work: Path) -> None:
    async with dashboard(work) as (app, pilot):
        await until(pilot, lambda: app.snapshot and app.snapshot.state.incident)
        await pilot.press("b")
        await sees(pilot, "▶ Rollback", "▶ now: incident", "Freeze")
        await pilot.press("left_square_bracket")
        await sees(pilot, "Incident classification")
        await pilot.press("home")
        await sees(pilot, "Preconditions", "phase4 doctor")


async def test_without_an_incident_the_runbook_opens_at_the_health_checks(tmp_path: Path) -> None:
    Tag(tmp_path / "reports", "A")
    async with dashboard(tmp_path) as (_, pilot):
        await pilot.press("b")
        await sees(pilot, "▶ Health checks", "quality check")


@pytest.mark.parametrize("size", SIZES)
async def test_the_manual_shows_every_page_one_after_the_other(work: Path, size: tuple[int, int]) -> None:
    async with dashboard(work, size, read_only=True) as (app, pilot):
        app.action_act("docs")
        for title in PAGES.values():
            await sees(pilot, "MANUAL", " ".join(title.split()[:5]))
            await pilot.press("right_square_bracket")
        await pilot.press("escape")
        await until(pilot, lambda: len(app.screen_stack) == 1)


async def test_the_key_sheet_holds_every_action_once_and_says_why_one_cant_act(work: Path) -> None:
    async with dashboard(work) as (app, pilot):
        assert app.snapshot is not None
        rows = help_screen.sheet_rows(app.snapshot, app.site.settings, app.keys, 200)
        sheet = "\n".join("".join(part if isinstance(part, str) else part[0] for part in row) for row in rows)
        for action in OPERATIONS:
            assert sheet.count(f" {action.label} ") >= 1, action.id
            assert sheet.count(action.description) == 1, action.id
        await pilot.press("question_mark")
        await sees(pilot, "not now: nothing is being run", "phase4 run")
        await pilot.press("end")
        await sees(pilot, "HOW THE SYMBOLS READ", "❄  frozen", "⊘  quarantined", "★  known-good")


async def test_the_key_sheet_names_the_keys_of_the_settings_and_no_operations_where_none_can_be_given(
    work: Path,
) -> None:
    (work / "phase4.toml").write_text('[keys]\ndecisions = "f5"\n')
    async with dashboard(work, read_only=True) as (app, pilot):
        await pilot.press("question_mark")
        await sees(pilot, "f5  decisions", "LOOK")
        assert "step 1" not in screen_text(app)


async def test_what_changes_after_a_verification_takes_its_green_away(work: Path) -> None:
    freeze(work, "A")
    async with dashboard(work, read_only=True) as (app, pilot):
        await pilot.press("v")
        await sees(pilot, "✔ verified: 2 events")
        freeze(work, "B")
        await sees(pilot, "! changed since it was verified: V verifies again")
        await until(pilot, lambda: app.snapshot and app.snapshot.state.journal.seq == 4)
        await pilot.press("V")
        await sees(pilot, "✔ verified: 4 events")


async def test_everything_on_record_is_verified_with_an_honest_sentence(work: Path) -> None:
    freeze(work, "A")
    async with dashboard(work, read_only=True) as (_, pilot):
        await pilot.press("v")
        await sees(pilot, "✔ verified: 2 events, head", "root, or whoever owns these files")


async def test_what_does_not_hold_is_told_with_what_to_do_next_and_literally(work: Path) -> None:
    freeze(work, "A")
    path = work / "reports" / "A_report.md"
    os.chmod(path, 0o644)  # noqa: PTH101 - as an intruder would
    path.write_text("other")
    stranger = "[@click=app.quit]x[/]\x1b[2J"
    (state_dir(work / "reports") / "frozen" / stranger.replace("/", "")).mkdir()
    async with dashboard(work, (160, 40), read_only=True) as (app, pilot):
        await pilot.press("v")
        restores = "next: `^p restore` puts the frozen copy of A back"
        await sees(pilot, "2 problems", "A_report.md", restores, "[@click=app.quit]x[]")
        assert is_harmless(app)
        path.unlink()
        await pilot.press("V")
        await sees(pilot, "is missing")
