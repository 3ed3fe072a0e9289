"""The streaming pipeline decides as the straightforward one does, which was written from the policy's text alone."""

import json
from pathlib import Path

from phase4_tui.steps.phase4_quality_check import check_quality
from phase4_tui.steps.pipeline_runner import run_pipeline
from tests.benchmarks import baseline
from tests.benchmarks.records import write_batch

COUNT = 5000


def without_rationale(report: Path) -> list[object]:
    rows = json.loads(report.read_text())["results"]
    for row in rows:
        assert row["decision"].pop("rationale")
    return list(rows)


def test_both_pipelines_agree_on_every_decision_and_every_count(tmp_path: Path) -> None:
    batch = tmp_path / "batch.json"
    write_batch(batch, COUNT, seed=7)
    run_pipeline(batch, tmp_path, "ours")
    baseline.run_pipeline(batch, tmp_path, "plain")
    ours = without_rationale(tmp_path / "ours_report.json")
    assert len(ours) == COUNT
    assert ours == without_rationale(tmp_path / "plain_report.json")
    summaries = [json.loads((tmp_path / f"{tag}_summary.json").read_text()) for tag in ("ours", "plain")]
    assert {**summaries[0], "run_tag": ""} == {**summaries[1], "run_tag": ""}


def test_each_gate_passes_the_others_report(tmp_path: Path) -> None:
    batch = tmp_path / "batch.json"
    write_batch(batch, 200, seed=8)
    run_pipeline(batch, tmp_path, "ours")
    baseline.run_pipeline(batch, tmp_path, "plain")
    assert check_quality(tmp_path / "plain_report.json")
    baseline.check_quality(tmp_path / "ours_report.json", tmp_path / "check.json")
    assert json.loads((tmp_path / "check.json").read_text())["passed"] is True
