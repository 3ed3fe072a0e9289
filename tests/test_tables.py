"""Each entry of the tables of steps, checks, and KPIs with their rules is served wherever such entries are listed."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from phase4_tui.cli.installation import laid_out_files
from phase4_tui.journal.state import OperationsState
from phase4_tui.policy.monitoring import KPIS, Kpi, measure, raise_alerts
from phase4_tui.policy.phase4.summary import Tally
from phase4_tui.rollback.comparison import compare
from phase4_tui.rollback.known_good import difference
from phase4_tui.runbook.audit import audit
from phase4_tui.runbook.checks import CHECKS, CheckEntry, checks_of
from phase4_tui.runbook.judging import judge_tag
from phase4_tui.runbook.ladder import rungs_of
from phase4_tui.runbook.manual import page_text
from phase4_tui.runbook.settings import Settings, load_settings
from phase4_tui.runbook.steps import DATA, PHASE3_STEPS, PHASE4_STEPS, Step, find_step, steps_of
from phase4_tui.tui.screens.known_good import KnownGoodScreen
from phase4_tui.tui.widgets.health_panel import HealthPanel
from phase4_tui.tui.widgets.kpi_plot import KpiPlot
from tests.cli.support import ask
from tests.runbook.own_desk import SETTINGS, own_desk, own_tag, site_at
from tests.tui.operator import operator_at


def entries(tmp_path: Path) -> tuple[CheckEntry, ...]:
    """Return the checks of a desk that has some of its own."""
    (tmp_path / "phase4.toml").write_text(SETTINGS)
    return checks_of(load_settings(tmp_path, {}), 4)


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Path]:
    """Two healthy tags of a desk with checks of its own."""
    own_tag(tmp_path, "good")
    own_tag(tmp_path, "bad")
    yield tmp_path
    shutil.rmtree(tmp_path / "reports", ignore_errors=True)


def each_without_its_file(work: Path) -> Iterator[CheckEntry]:
    """Yield each check while the file that it reads is missing of the tag `bad`."""
    for entry in entries(work):
        path = work / "reports" / f"bad{entry.files[4]}"
        kept = path.read_bytes(), path.stat()
        path.unlink()
        yield entry
        own_tag(work, "bad")
        assert path.read_bytes() == kept[0]


def test_each_check_has_a_name_a_title_and_a_file_of_its_own(tmp_path: Path) -> None:
    found = entries(tmp_path)
    assert len({entry.name for entry in found}) == len({entry.title for entry in found}) == len(found) == 7
    assert all(entry.title[0].isupper() for entry in CHECKS)
    assert all(3 in entry.files or entry.name == "monitoring" for entry in CHECKS)


def test_each_check_is_missed_by_health_classification_ladder_audit_and_comparison(work: Path) -> None:
    site = site_at(work)
    for entry in each_without_its_file(work):
        judgement = judge_tag(site, "bad", OperationsState(), patient=False)
        assert judgement.health[entry.name].state == "absent"
        assert judgement.health[entry.name].title == entry.title
        assert judgement.classification.level in ("unknown", "incident"), entry.name
        of_the_file = {one.rung for one in entries(work) if one.files == entry.files}
        assert judgement.rung in {"complete", *of_the_file}, entry.name
        (missing,) = {one.name for one in audit(site, "bad") if not one.present}
        assert missing == f"bad{entry.files[4]}"
        assert entry.name in [one.key for one in compare(site, "bad", "good", None).checks]
        assert any(line.startswith(f"  {entry.title.lower()}: missing") for line in difference(site, "bad", "good"))


def test_each_check_has_a_rung(tmp_path: Path) -> None:
    entries(tmp_path)
    rungs = rungs_of(load_settings(tmp_path, {}))
    assert [entry.name for entry in entries(tmp_path) if entry.rung not in rungs] == []
    assert len(set(rungs)) == len(rungs)


def test_each_check_is_told_by_status_text_and_json(work: Path) -> None:
    text, document = ask(work, "status", "--tag", "good").out, ask(work, "status", "--tag", "good", "--json").document()
    assert list(document["health"]) == [entry.name for entry in entries(work)]
    assert [entry.name for entry in entries(work) if f"✔ {entry.title.upper()} " not in text] == []


async def test_each_check_has_a_panel_and_its_rung_in_the_picker(work: Path) -> None:
    async with operator_at(work) as me:
        await me.looked()
        panels = [panel.text for panel in me.app.screen.query(HealthPanel)]
        for entry, text in zip(entries(work), panels, strict=True):
            assert entry.title.upper() in text.splitlines()[0]
        await me.press("k")
        await me.at(KnownGoodScreen)
        await me.press("down")
        await me.sees(*rungs_of(load_settings(work, {})))


@pytest.mark.parametrize("entry", CHECKS, ids=lambda entry: entry.name)
def test_each_check_of_the_runbook_is_told_in_the_manual_and_the_runbook(entry: CheckEntry) -> None:
    assert f"`{entry.name}`" in page_text("command_line")
    suffix = str(entry.files[4])
    assert f"`TAG{suffix}`" in page_text("formats")
    assert suffix in (DATA / "runbook.md").read_text()


@pytest.mark.parametrize("step", PHASE4_STEPS, ids=lambda step: step.name)
def test_each_step_is_laid_out_found_set_run_and_told(tmp_path: Path, step: Step) -> None:
    assert step.script in laid_out_files()
    assert step.title in (DATA / "runbook.md").read_text()
    assert f"`{step.name}`" in page_text("settings")
    assert {find_step(text) for text in (str(step.number), step.name, step.script)} == {step}
    (tmp_path / "phase4.toml").write_text(f"[steps.{step.name}]\ntimeout_seconds = 7\n")
    assert load_settings(tmp_path, {}).steps[step.name].timeout_seconds == 7
    assert step.name in json.dumps(ask(tmp_path, "schema", "settings").document()["properties"]["steps"])


def test_the_steps_are_numbered_as_they_run_and_an_own_one_goes_on(tmp_path: Path) -> None:
    for steps in (PHASE3_STEPS, PHASE4_STEPS, steps_of(4, site_at(own_desk(tmp_path / "w")).settings)):
        assert [step.number for step in steps] == list(range(1, len(steps) + 1))
        assert len({step.name for step in steps}) == len(steps)
    assert steps_of(4, Settings()) == PHASE4_STEPS


async def test_each_kpi_has_a_plot_a_bar_and_a_column(work: Path) -> None:
    path = work / "reports" / "good_monitoring.json"
    document = json.loads(path.read_text())
    document["snapshot"]["kpis"] = dict.fromkeys(KPIS, 42.0)
    path.write_text(json.dumps(document))
    text = ask(work, "trends").out
    assert [name for name in KPIS if name.removesuffix("_pct") not in text] == []
    async with operator_at(work) as me:
        await me.looked()
        me.app.facts.choose("good")
        await me.sees(*(f"{name.removesuffix('_pct'):<15}  42.0" for name in KPIS))
        await me.press("t")
        await me.sees("TRENDS")
        assert [plot.id for plot in me.app.screen.query(KpiPlot)] == [f"plot-{name}" for name in KPIS]


@pytest.mark.parametrize("kpi", KPIS.values(), ids=KPIS)
def test_each_kpi_is_measured_has_a_rule_that_can_be_breached_and_is_told(kpi: Kpi) -> None:
    assert json.loads((DATA / "monitoring_rules.json").read_text())[kpi.rule] == kpi.limit
    assert f"`{kpi.rule}`" in page_text("policy")
    tally = Tally()
    tally.add(*(kpi.counts[:1] * 2 if kpi.is_most else ("NO_TRADE", "PASS")))
    kpis = measure(tally, True, True)
    assert kpis[kpi.name] == (100.0 if kpi.is_most else 0.0)
    rules = {one.rule: 100.0 if one.is_most else 0.0 for one in KPIS.values()} | {kpi.rule: 50.0}
    assert [alert.metric for alert in raise_alerts(kpis, rules)] == [kpi.name]
