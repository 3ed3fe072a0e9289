"""The fallback's four commands: as those of Phase 4, with its own rows, sections and note, and no monitoring."""

import json
from collections import Counter
from collections.abc import Callable

import pytest

from tests.steps.support import HOSTILE_TAGS, PHASE3_RECORD, RECORD, Desk, Json

PIPELINE = "phase3_pipeline_runner"
RELEASE = "phase3_release_check"
QUALITY = "phase3_quality_check"
SIGNOFF = "phase3_signoff_generator"
REPORT = "reports/a_report.json"
SECTIONS = ["output_schema_valid", "scores_and_confidence_valid", "conflict_policy_enforced", "memory_policy_valid"]
AGENTS = ["market_regime", "options_structure", "risk_officer"]


def run(desk: Desk, batch: object = None) -> Json:
    return desk.pipeline("a", batch, PIPELINE)


def quality(desk: Desk) -> dict[str, list[str]]:
    ran = desk.run(QUALITY, "--report-json", REPORT)
    found = ran.document()
    assert list(found) == ["passed", "checks"]
    assert list(found["checks"]) == SECTIONS
    assert found["passed"] is all(section["passed"] for section in found["checks"].values())
    assert (ran.status, ran.err) == ((0 if found["passed"] else 2), "")
    return {name: section["issues"] for name, section in found["checks"].items()}


def test_the_sample_is_decided_and_written_as_the_formats_say(desk: Desk) -> None:
    ran = desk.run(PIPELINE, "--input", "sample3.json", "--outdir", "reports", "--tag", "a")
    assert (ran.status, ran.err) == (0, "")
    report, summary = desk.load("a_report.json"), desk.load("a_summary.json")
    assert sorted(path.name for path in desk.reports.iterdir()) == ["a_report.json", "a_report.md", "a_summary.json"]
    assert list(report) == ["run_tag", "input_file", "record_count", "summary", "results"]
    assert summary == {"run_tag": "a"} | report["summary"]
    assert list(report["summary"]) == ["total_records", "consensus_counts", "veto_count", "veto_pct"]
    counts = Counter(row["consensus"]["action"] for row in report["results"])
    vetoes = sum(row["consensus"]["veto_applied"] for row in report["results"])
    assert report["summary"] == {
        "total_records": 14,
        "consensus_counts": {action: counts[action] for action in ("BUY_CALL", "BUY_PUT", "NO_TRADE")},
        "veto_count": vetoes,
        "veto_pct": round(vetoes / 14 * 100, 2),
    }
    assert vetoes > 0
    assert ran.document()["record_count"] == 14


def test_a_row_holds_the_agents_the_consensus_the_plan_and_the_memory(desk: Desk) -> None:
    for row in run(desk)["results"]:
        assert sorted(row) == sorted(
            [*AGENTS, "consensus", "execution_plan", "memory_snapshot", "underlying", "timestamp"]
        )
        for agent in AGENTS:
            assert sorted(row[agent]) == ["action", "agent", "confidence", "rationale", "score", "veto"]
            assert row[agent]["agent"] == agent
        assert sorted(row["consensus"]) == ["action", "confidence", "veto_applied", "vote_breakdown", "weighted_score"]


def test_the_memory_is_carried_across_a_batch_one_window_of_twenty_per_underlying(desk: Desk) -> None:
    batch = [
        PHASE3_RECORD | {"underlying": underlying, "underlying_change_pct": float(number)}
        for number in range(1, 31)
        for underlying in ("NIFTY50", "SENSEX")
    ]
    rows = [row for row in run(desk, batch)["results"] if row["underlying"] == "SENSEX"]
    for number, row in enumerate(rows, 1):
        window = range(max(number - 19, 1), number + 1)
        memory = row["memory_snapshot"]
        assert memory["window_size"] == len(window)
        assert memory["underlying_change_pct_avg"] == round(sum(window) / len(window), 4)
        assert memory["trend_strength_avg"] == 0.71
        assert memory["retention_policy"] == "rolling_window_20"
    again = run(desk, batch[:1])["results"][0]["memory_snapshot"]
    assert again["window_size"] == 1, "a batch begins with an empty memory"


def test_the_memory_is_carried_across_the_windows_of_a_large_batch(desk: Desk) -> None:
    rows = run(desk, [PHASE3_RECORD | {"underlying_change_pct": float(number)} for number in range(5000)])["results"]
    assert [row["memory_snapshot"]["window_size"] for row in rows] == [min(number, 20) for number in range(1, 5001)]
    assert rows[-1]["memory_snapshot"]["underlying_change_pct_avg"] == sum(range(4980, 5000)) / 20


def test_a_whole_run_passes_both_gates_and_is_a_go(desk: Desk) -> None:
    run(desk)
    ran = desk.run(RELEASE, "--tag", "a", "--out-json", "reports/a_release_check.json")
    assert (ran.status, ran.document()["validation_errors"]) == (0, [])
    assert list(ran.document()) == ["tag", "outdir", "passed", "checked_files", "missing_files", "validation_errors"]
    assert desk.run(QUALITY, "--report-json", REPORT, "--out-json", "reports/a_quality_check.json").status == 0
    ran = desk.run(SIGNOFF, "--tag", "a")
    assert ran.document()["recommendation"] == "GO"
    assert ran.document()["signoff_md"] == "reports/a_phase3_signoff.md"
    text = (desk.reports / "a_phase3_signoff.md").read_text()
    assert text.startswith("# Phase 3 sign-off: a\n")
    assert all(f"- {owner} owner: ____" in text for owner in ("Engineering", "Risk", "Product"))


def test_an_empty_batch_passes_both_gates(desk: Desk) -> None:
    assert run(desk, [])["summary"]["veto_pct"] == 0.0
    assert quality(desk) == {section: [] for section in SECTIONS}
    assert desk.run(RELEASE, "--tag", "a").status == 0


def test_the_table_shows_at_most_the_first_twenty_decisions(desk: Desk) -> None:
    run(desk, [PHASE3_RECORD] * 25)
    lines = [line for line in (desk.reports / "a_report.md").read_text().splitlines() if line.startswith("| NIFTY50")]
    assert len(lines) == 20


BAD_BATCHES: dict[str, tuple[object, str]] = {
    "a record of Phase 4": ([PHASE3_RECORD, RECORD], "record 2, field"),
    "a missing field": ([{key: PHASE3_RECORD[key] for key in list(PHASE3_RECORD)[:6]}], "field options_liquidity_ok"),
    "a wrong type": ([PHASE3_RECORD | {"options_spread_ok": 1}], "record 1, field options_spread_ok"),
    "NaN": (json.dumps([PHASE3_RECORD | {"daily_realized_pnl_pct": float("nan")}]), "field daily_realized_pnl_pct"),
    "a duplicate key": (json.dumps(PHASE3_RECORD)[:-1] + ', "underlying": "SENSEX"}', "'underlying' twice"),
}


@pytest.mark.parametrize(("batch", "reason"), BAD_BATCHES.values(), ids=BAD_BATCHES.keys())
def test_bad_input_fails_in_one_line_and_nothing_is_written(desk: Desk, batch: object, reason: str) -> None:
    run(desk)
    path = desk.put("batch.json", batch)
    before = desk.files()
    ran = desk.run(PIPELINE, "--input", path, "--tag", "a")
    assert ran.status == 1
    assert reason in ran.complaint()
    assert desk.files() == before


def test_missing_input_is_told_by_the_exit_status_of_every_command(desk: Desk) -> None:
    before = desk.files()
    for module, *arguments in (
        (PIPELINE, "--input", "nowhere.json"),
        (QUALITY, "--report-json", "nowhere.json", "--out-json", "check.json"),
        (SIGNOFF, "--tag", "a"),
    ):
        ran = desk.run(module, *arguments)
        assert ran.status == 2
        assert "not found" in ran.complaint()
    ran = desk.run(RELEASE, "--tag", "a")
    assert ran.status == 2
    assert len(ran.document()["missing_files"]) == 3
    assert desk.files() == before


def test_a_frozen_tag_is_refused_by_every_command(desk: Desk) -> None:
    run(desk)
    desk.freeze("a")
    before = desk.files()
    for module, *arguments in (
        (PIPELINE, "--input", "sample3.json", "--tag", "a"),
        (RELEASE, "--tag", "a", "--out-json", "reports/a_release_check.json"),
        (QUALITY, "--report-json", REPORT, "--out-json", "reports/a_quality_check.json"),
        (SIGNOFF, "--tag", "a"),
    ):
        ran = desk.run(module, *arguments)
        assert ran.status == 1
        assert "tag a is frozen" in ran.complaint()
    assert desk.files() == before


@pytest.mark.parametrize("key", ["total_records", "consensus_counts", "veto_count", "veto_pct"])
def test_a_key_that_the_summary_lacks_is_named(desk: Desk, key: str) -> None:
    run(desk)
    desk.change("a_summary.json", lambda summary: summary.pop(key))
    ran = desk.run(RELEASE, "--tag", "a")
    assert ran.status == 2
    assert f"a_summary.json: key `{key}` is missing" in ran.document()["validation_errors"]


@pytest.mark.parametrize("key", [*AGENTS, "consensus", "execution_plan", "memory_snapshot"])
def test_a_part_that_a_row_lacks_is_named_by_both_gates(desk: Desk, key: str) -> None:
    run(desk)
    desk.change("a_report.json", lambda report: report["results"][2].pop(key))
    errors = desk.run(RELEASE, "--tag", "a").document()["validation_errors"]
    assert f"a_report.json: record 3: key `{key}` is missing" in errors
    assert any("record 3" in issue and key in issue for issue in quality(desk)["output_schema_valid"])


def test_a_report_of_phase_4_passes_no_gate_of_phase_3(desk: Desk) -> None:
    desk.pipeline("a")
    assert desk.run(RELEASE, "--tag", "a").status == 2
    assert len(quality(desk)["output_schema_valid"]) >= 14


def test_a_key_given_twice_is_found_also_when_another_row_has_fewer_votes_so_that_the_totals_match(desk: Desk) -> None:
    report = run(desk, [PHASE3_RECORD] * 3)
    for at in (1, 2):
        other = 3 - at
        rows = [json.loads(json.dumps(row)) for row in report["results"]]
        rows[other]["consensus"]["vote_breakdown"].popitem()
        spelled = [json.dumps(row) for row in rows]
        once = '"veto_applied": false'
        assert spelled[at].count(once) == 1
        spelled[at] = spelled[at].replace(once, f'"veto_applied": true, {once}')
        head = json.dumps({key: value for key, value in report.items() if key != "results"})[:-1]
        desk.put(REPORT, f'{head}, "results": [{", ".join(spelled)}]}}')
        ran = desk.run(RELEASE, "--tag", "a")
        assert ran.status == 2
        assert any(f"record {at + 1}" in error and "twice" in error for error in ran.document()["validation_errors"])


def veto_ignored(row: Json) -> None:
    row["risk_officer"]["veto"] = True


def plan_against_no_trade(row: Json) -> None:
    row["consensus"] |= {"action": "NO_TRADE"}


def memory_too_long(row: Json) -> None:
    row["memory_snapshot"]["window_size"] = 21


def score_too_high(row: Json) -> None:
    row["market_regime"]["score"] = 100.5


def score_of_400_digits(row: Json) -> None:
    row["market_regime"]["score"] = 10**400


def memory_of_400_digits(row: Json) -> None:
    row["memory_snapshot"]["trend_strength_avg"] = 10**400


MUTATIONS: dict[str, tuple[Callable[[Json], None], str]] = {
    "a veto that is not applied": (veto_ignored, "conflict_policy_enforced"),
    "a plan that trades against NO_TRADE": (plan_against_no_trade, "conflict_policy_enforced"),
    "a window of 21": (memory_too_long, "memory_policy_valid"),
    "a score above 100": (score_too_high, "scores_and_confidence_valid"),
    "a score of 400 digits": (score_of_400_digits, "scores_and_confidence_valid"),
    "an average of 400 digits": (memory_of_400_digits, "memory_policy_valid"),
}


@pytest.mark.parametrize(("mutate", "section"), MUTATIONS.values(), ids=MUTATIONS.keys())
def test_a_broken_rule_is_listed_in_its_section(desk: Desk, mutate: Callable[[Json], None], section: str) -> None:
    run(desk, [PHASE3_RECORD] * 3)
    desk.change("a_report.json", lambda report: mutate(report["results"][1]))
    found = quality(desk)
    assert any("record 2" in issue for issue in found[section])
    assert all("record 2" in issue for issues in found.values() for issue in issues)


@pytest.mark.parametrize("tag", HOSTILE_TAGS)
def test_what_is_no_tag_is_refused(desk: Desk, tag: str) -> None:
    before = desk.files()
    for module, *arguments in ((PIPELINE, "--input", "sample3.json"), (RELEASE,), (SIGNOFF,)):
        ran = desk.run(module, f"--tag={tag}", *arguments)
        assert (ran.status, ran.out) == (2, "")
    assert desk.files() == before
