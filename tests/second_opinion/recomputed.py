"""A second opinion on a tag: all that a verdict rests on, recomputed from the report's rows by the plainest code.

Written from the policy's text alone, for this test alone: it imports nothing of the program, so that no fault of the
program can be in it too.
"""

import json
from pathlib import Path
from typing import Any

ACTIONS = ("BUY_CALL", "BUY_PUT", "NO_TRADE")
LEVELS = ("HIGH", "MEDIUM", "LOW")
WORDS = {
    "regime": ("TREND", "MEAN_REVERSION", "NEUTRAL"),
    "event_risk": LEVELS,
    "time_slot": ("OPEN", "MIDDAY", "CLOSE"),
    "gate": ("EVENT_BLOCK", "PORTFOLIO_BLOCK", "PASS"),
}
HIGH_RISK = ("RBI", "FED", "CPI", "EARNINGS")
SECTIONS = ("output_schema_valid", "score_and_sizing_valid", "event_and_portfolio_policy_enforced")
RULES = {
    "max_event_block_pct": 50.0,
    "max_portfolio_block_pct": 35.0,
    "max_no_trade_pct": 70.0,
    "min_directional_pct": 20.0,
}
TOLERANCE = 0.011

Json = dict[str, Any]


class NotGreen(Exception):
    """Why a tag is not green."""


def need(holds: object, why: str) -> None:
    """Raise NotGreen unless it holds."""
    if not holds:
        raise NotGreen(why)


def why_not_green(work: Path, tag: str, *, anew: bool) -> str | None:
    """Return why a tag of a working directory is not green by its report, None when it is.

    `anew` asks for what only judging anew can know: that the shares of the monitoring are those of the rows, though
    both are within the rules, and that there are rules to judge by.
    """
    begin = f"{work}/reports/{tag}"
    try:
        report, kpis = _of_report(Path(f"{begin}_report.json"), tag)
        _of_summary(_object(Path(f"{begin}_summary.json")), report, tag)
        need(Path(f"{begin}_report.md").read_text().strip(), "the report's text is empty")
        _of_gates(_object(Path(f"{begin}_release_check.json")), _object(Path(f"{begin}_quality_check.json")), tag)
        _of_monitoring(_object(Path(f"{begin}_monitoring.json")), kpis, report["record_count"], tag, anew=anew)
        _of_rules(work / "monitoring_rules.json", kpis, needed=anew)
        note = Path(f"{begin}_phase4_signoff.md").read_text()
        need(note.strip() and "NO-GO" not in note.upper(), "the sign-off note is empty or says NO-GO")
    except (NotGreen, OSError, UnicodeDecodeError) as error:
        return str(error) or type(error).__name__
    return None


def _parsed(path: Path) -> object:
    def no_number(text: str) -> object:
        raise NotGreen(f"{path.name}: {text} is no number")

    try:
        return json.loads(path.read_bytes(), parse_constant=no_number)
    except ValueError as error:
        raise NotGreen(f"{path.name}: {error}") from None


def _object(path: Path) -> Json:
    found = _parsed(path)
    need(isinstance(found, dict), f"{path.name} is no object")
    assert isinstance(found, dict)
    return found


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_count(value: object, count: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value == count


def _is_share(value: object, share: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value - share) < TOLERANCE


def _of_report(path: Path, tag: str) -> tuple[Json, dict[str, float]]:
    """Return a report and its KPIs, after judging each row, and its own counts by them."""
    report = _object(path)
    rows = report.get("results")
    need(isinstance(rows, list), "no results")
    assert isinstance(rows, list)
    for number, row in enumerate(rows, 1):
        try:
            _of_row(row)
        except NotGreen as error:
            raise NotGreen(f"record {number}: {error}") from None
    need(report.get("run_tag") == tag, "the report is another tag's")
    need(isinstance(report.get("input_file"), str), "the report names no input")
    need(_is_count(report.get("record_count"), len(rows)), "record_count")
    need(isinstance(report.get("summary"), dict), "the report has no summary")
    _of_counts(report["summary"], rows)
    actions = [row["decision"]["action"] for row in rows]
    gates = [row["decision"]["policy_tags"]["gate"] for row in rows]
    return report, {
        "directional_pct": _share(len(rows), len(rows) - actions.count("NO_TRADE")),
        "no_trade_pct": _share(len(rows), actions.count("NO_TRADE")),
        "event_block_pct": _share(len(rows), gates.count("EVENT_BLOCK")),
        "portfolio_block_pct": _share(len(rows), gates.count("PORTFOLIO_BLOCK")),
    }


def _share(total: int, count: int) -> float:
    return round(count / total * 100, 2) if total else 0.0


def _of_row(row: object) -> None:
    need(isinstance(row, dict), "is no object")
    assert isinstance(row, dict)
    seen, decision = row.get("input"), row.get("decision")
    need(isinstance(seen, dict) and isinstance(decision, dict), "without input or decision")
    assert isinstance(seen, dict)
    assert isinstance(decision, dict)
    tags = decision.get("policy_tags")
    need(decision.get("action") in ACTIONS and decision.get("confidence") in LEVELS, "action or confidence")
    need(isinstance(decision.get("rationale"), str) and isinstance(tags, dict), "rationale or policy_tags")
    assert isinstance(tags, dict)
    for key, words in WORDS.items():
        need(tags.get(key) in words, key)
    need(isinstance(tags.get("exposure_utilization_pct"), str), "exposure_utilization_pct")
    for key, highest in (("confidence_score", 100), ("position_size_multiplier", 1.5)):
        value = decision.get(key)
        need(isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= highest, key)
    event = seen.get("event_window_active", False) and str(seen.get("event_name", "NONE")).upper() in HIGH_RISK
    current: float = seen.get("current_portfolio_exposure_pct", 0.0)
    most: float = seen.get("max_portfolio_exposure_pct", 35.0)
    gate = "EVENT_BLOCK" if event else "PORTFOLIO_BLOCK" if current >= most > 0 else None
    if gate is not None:
        need(decision["action"] == "NO_TRADE" and tags["gate"] == gate, f"must be {gate}")


def _of_counts(summary: Json, rows: list[Json]) -> None:
    """Compare a summary with the rows; a key that older runs did not write may be missing, save those counted."""
    total = len(rows)
    need(_is_count(summary.get("total_records"), total), "total_records")
    counts = summary.get("action_counts")
    need(isinstance(counts, dict), "action_counts")
    assert isinstance(counts, dict)
    for action in ACTIONS:
        need(_is_count(counts.get(action), sum(row["decision"]["action"] == action for row in rows)), action)
    for name in ("event_block", "portfolio_block"):
        count = sum(row["decision"]["policy_tags"]["gate"] == name.upper() for row in rows)
        need(_is_count(summary.get(f"{name}_count"), count), f"{name}_count")
        need(_is_share(summary.get(f"{name}_pct"), _share(total, count)), f"{name}_pct")


def _of_summary(summary: Json, report: Json, tag: str) -> None:
    need(summary.get("run_tag") == tag, "the summary is another tag's")
    _of_counts(summary, report["results"])


def _of_gates(release: Json, quality: Json, tag: str) -> None:
    need(release.get("passed") is True and release.get("tag", tag) == tag, "the release check did not pass")
    need(not release.get("missing_files") and not release.get("validation_errors"), "the release check lists problems")
    need(quality.get("passed") is True, "the quality check did not pass")
    for section in quality.get("checks", {}).values():
        need(section.get("passed") is True and not section.get("issues"), "a section of the quality check")


def _of_monitoring(monitoring: Json, kpis: dict[str, float], total: int, tag: str, *, anew: bool) -> None:
    need(monitoring.get("status") == "OK" and monitoring.get("alerts") == [], "the monitoring has alerts")
    need(_is_count(monitoring.get("alert_count", 0), 0), "alert_count")
    snapshot = monitoring.get("snapshot")
    if snapshot is None:
        return  # as older runs
    need(snapshot.get("run_tag", tag) == tag, "the monitoring is another tag's")
    need(_is_count(snapshot.get("records", total), total), "snapshot.records")
    found = snapshot.get("kpis", {})
    for name, share in kpis.items():
        need(not anew or name not in found or _is_share(found[name], share), f"snapshot.kpis.{name}")
    for name in ("release_check_status", "quality_check_status"):
        need(found.get(name, "OK") == "OK", name)


def _of_rules(path: Path, kpis: dict[str, float], *, needed: bool) -> None:
    try:
        found = _object(path)
        need(set(found) <= set(RULES) and all(_is_number(value) for value in found.values()), "the rules are broken")
    except (NotGreen, OSError):
        if needed:
            raise
        return  # a look applies no rules where there are none that can be read
    for rule, limit in (RULES | found).items():
        side, _, name = rule.partition("_")
        breached = kpis[name] > limit if side == "max" else kpis[name] < limit
        need(not breached, f"{name} is {kpis[name]}, {rule} is {limit}")
