"""The dashboard of a desk with checks of its own: seven panels at both sizes, the sequence, the ladder, the audit."""

from pathlib import Path

import pytest

from phase4_tui.artifacts.names import Artifact
from phase4_tui.console.facts.tag_index import TagIndex
from phase4_tui.journal.state import OperationsState
from phase4_tui.tui.widgets.health_panel import HealthPanel
from tests.rollback.support import site_of
from tests.runbook.documents import Tag
from tests.runbook.own_desk import FILE, SETTINGS, SHADOW, own_tag, put
from tests.tui.operator import operator_at
from tests.tui.support import screen_text, until

SEVEN = ["RELEASE CHECK", "QUALITY CHECK", "MONITORING", "SIGN-OFF", "SHADOW DURATION", "DESK NOTE", "SHADOW MINUTES"]


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (60, 16)])
async def test_seven_panels_each_show_their_title_and_the_word_of_their_state(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    own_tag(tmp_path, passed=False, issues=["record 3: 40 minutes"])
    async with operator_at(tmp_path, size) as me:
        await me.incident()
        await me.sees("SHADOW DURATION ✘ FAILED", "DESK NOTE ✔ present", "SHADOW MINUTES ✔ passed", "MONITORING ✔ OK")
        await me.sees("✘ P1 ", "OWN CHECK SHADOW DURATION")
        shown = screen_text(me.app)
        assert all(title in shown for title in SEVEN)
        panels = list(me.app.screen.query(HealthPanel))
        assert [title for panel, title in zip(panels, SEVEN, strict=True) if title not in panel.text] == []
        screen = me.app.screen.region
        for panel in panels:
            assert panel.content_region.height >= 1
            assert screen.contains_region(panel.region)
        if size != (60, 16):
            await me.sees("40 minutes, record 3")


async def test_where_there_is_room_the_bars_of_the_monitoring_stay(tmp_path: Path) -> None:
    tag = own_tag(tmp_path)
    kpis = {"no_trade_pct": 30.0, "directional_pct": 70.0, "event_block_pct": 5.0, "portfolio_block_pct": 0.0}
    tag.change(Artifact.MONITORING, lambda found: found["snapshot"].update(kpis=kpis))
    async with operator_at(tmp_path, (120, 40)) as me:
        await me.sees("no_trade         30.0 █", "portfolio_block   0.0", "✔ HEALTHY")


async def test_a_long_title_leaves_room_for_its_state(tmp_path: Path) -> None:
    own_tag(tmp_path)
    path = tmp_path / "phase4.toml"
    path.write_text(path.read_text().replace('"Desk note"', '"Note of the desk for the night"'))
    (tmp_path / "reports" / "t1_desk_note.md").write_text("")
    async with operator_at(tmp_path, (80, 24)) as me:
        await until(me.pilot, lambda: me.app.snapshot and me.app.snapshot.focus)
        await me.sees("NOTE OF THE DESK FOR THE NIGHT ○ MISSING")


async def test_a_tag_of_phase_3_has_none_of_them(tmp_path: Path) -> None:
    own_tag(tmp_path, "four")
    Tag(tmp_path / "reports", "three", phase=3)
    async with operator_at(tmp_path, (120, 40)) as me:
        await me.looked()
        me.app.facts.choose("three")
        await me.sees("SHADOW DURATION – not in Phase 3", "MONITORING – not applicable", "✔ HEALTHY")


async def test_the_sequence_the_ladder_and_the_audit_list_what_is_the_desks(tmp_path: Path) -> None:
    tag = own_tag(tmp_path)
    own_tag(tmp_path, "worse", passed=False)
    tag.ran(pipeline="passed", monitor="passed", shadow_duration="failed_gate")
    async with operator_at(tmp_path, (120, 40)) as me:
        await me.looked()
        me.app.facts.choose("t1")
        await me.sees("✔ pipeline", "✘ shadow_duration")
        await me.press("k")
        await me.sees("fails Shadow duration")
        await me.press("down")
        await me.sees("Shadow minutes", "Desk note", "sign-off not NO-GO")
        await me.press("escape", "a")
        await me.sees("t1_shadow_duration.json", "t1_desk_note.md", "7 of 7 present")


async def test_without_a_run_the_sequence_is_that_of_the_desk(tmp_path: Path) -> None:
    (tmp_path / "reports").mkdir()
    (tmp_path / "phase4.toml").write_text(SETTINGS)
    async with operator_at(tmp_path, (120, 40)) as me:
        await me.sees("5 monitor", "6 shadow_duration", "7 desk_note")


def test_a_changed_own_file_has_its_tag_judged_again(tmp_path: Path) -> None:
    tag = own_tag(tmp_path)
    index = TagIndex(site_of(tmp_path))
    assert index.scan() == {"t1"}
    index.judge_some(OperationsState())
    assert index.rows[0].known_good
    put(tag, FILE, SHADOW | {"passed": False})
    assert index.changed({f"t1{FILE}"}) == {"t1"}
    (judged,) = index.judge_some(OperationsState())
    assert (judged.tag, judged.states["shadow_duration"]) == ("t1", "failed")
    assert index.rows[0].first_failed_rung == "Shadow duration"
    index.scan_soon()
    put(tag, FILE, SHADOW)
    assert index.changed(set()) == {"t1"}
