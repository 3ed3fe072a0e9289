"""Runbook step 5: measure a run's KPIs, compare them with the rules, and write snapshot and alerts."""

import sys
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from phase4_tui.artifacts.atomic_files import atomic_files, to_json
from phase4_tui.artifacts.json_stream import BadElement, decode_array
from phase4_tui.artifacts.names import RUNBOOK_ARTIFACTS
from phase4_tui.artifacts.regular_files import Unreadable, read_bytes
from phase4_tui.artifacts.report import ReportReader, tolerant_row
from phase4_tui.artifacts.safe_text import safe_markdown
from phase4_tui.artifacts.strict_json import BadJson, parse
from phase4_tui.errors import Remedy, error_as_commands
from phase4_tui.policy.monitoring import DEFAULT_RULES, Rules, measure, parse_rules, raise_alerts
from phase4_tui.policy.phase4.quality import JudgedRow
from phase4_tui.policy.phase4.summary import Tally
from phase4_tui.steps import entry
from phase4_tui.steps.batch import table
from phase4_tui.steps.signoff import read_gate


def monitor(
    report: Path, release_json: Path | None, quality_json: Path | None, rules_json: Path | None
) -> dict[str, object]:
    """Return the monitoring of a run (docs formats, "Keys").

    A gate whose file is absent or unusable counts as not passed. Raises MissingInput without a report or rules file,
    StepError when either can't be used.
    """
    rules = read_rules(rules_json) if rules_json is not None else DEFAULT_RULES
    head, tally = read_report(report)
    named = RUNBOOK_ARTIFACTS.split(report.name)
    run_tag = str(head.get("run_tag", named[0] if named else report.stem))
    kpis = measure(tally, _passed(release_json, run_tag), _passed(quality_json, run_tag))
    alerts = raise_alerts(kpis, rules)
    return {
        "snapshot": {"run_tag": run_tag, "records": tally.total, "kpis": kpis},
        "alerts": [asdict(alert) for alert in alerts],
        "alert_count": len(alerts),
        "status": "ALERT" if alerts else "OK",
    }


def read_rules(path: Path) -> Rules:
    """Return the rules in a file; raises MissingInput, StepError naming file and key."""
    try:
        return parse_rules(parse(read_bytes(path)))
    except FileNotFoundError:
        raise entry.MissingInput(path, "name the rules with --rules-json, or leave the flag out") from None
    except (Unreadable, ValueError) as error:
        advice = Remedy(effect="correct the rules and run again")
        raise entry.StepError(f"{path.name}: {error_as_commands(error)}", remedy=advice) from None


def _passed(path: Path | None, tag: str) -> bool:
    return path is not None and read_gate(path, "", tag).passed is True


def read_report(path: Path) -> tuple[Mapping[str, object], Tally]:
    """Return a report's head and the count of its rows; raises MissingInput, StepError."""
    tally = Tally()
    reader: ReportReader[object] = ReportReader(path, decode_array(JudgedRow), tolerant_row)
    try:
        for batch in reader:
            for row in batch:
                if isinstance(row, JudgedRow):
                    tally.add(row.decision.action, row.decision.policy_tags.gate)
                else:
                    tally.add(*_loose(row))
    except FileNotFoundError:
        raise entry.MissingInput(path, "run the pipeline first") from None
    except (Unreadable, BadJson, BadElement) as error:
        raise entry.StepError(f"{path.name}: {error_as_commands(error)}", remedy=entry.AGAIN) from None
    if not reader.has_rows:
        raise entry.StepError(f"{path.name}: key `results` is missing or no array", remedy=entry.AGAIN)
    return reader.head, tally


def _loose(row: object) -> tuple[object, object]:
    """Return action and gate of a row of any shape, whose validity is for the quality gate to judge."""
    decision = row.get("decision") if isinstance(row, dict) else None
    if not isinstance(decision, dict):
        return None, None
    tags = decision.get("policy_tags")
    return decision.get("action"), tags.get("gate") if isinstance(tags, dict) else None


def markdown(content: Mapping[str, object]) -> str:
    """Return the monitoring as Markdown: KPIs and alerts."""
    snapshot, alerts = content["snapshot"], content["alerts"]
    if not isinstance(snapshot, dict) or not isinstance(alerts, list):
        raise TypeError("no monitoring content")
    lines = [f"# Phase 4 monitoring: {safe_markdown(str(snapshot['run_tag']))}", ""]
    lines += [f"Status: **{content['status']}** over {snapshot['records']} records", "", "## KPIs", ""]
    lines += table(("KPI", "value"), list(snapshot["kpis"].items()))
    lines += ["", "## Alerts", ""]
    columns = ("severity", "metric", "value", "operator", "threshold", "message")
    if alerts:
        lines += table(columns, [[alert[column] for column in columns] for alert in alerts])
    else:
        lines.append("None.")
    return "\n".join(lines) + "\n"


def _parser() -> ArgumentParser:
    parser = entry.parser("Measure a run's KPIs and raise alerts by the monitoring rules.")
    parser.add_argument("--report-json", type=Path, required=True, help="the report")
    parser.add_argument("--out-json", type=Path, required=True, help="where snapshot and alerts are written")
    parser.add_argument("--release-json", type=Path, help="the release check")
    parser.add_argument("--quality-json", type=Path, help="the quality check")
    parser.add_argument("--rules-json", type=Path, help="the monitoring rules (default: the policy's)")
    parser.add_argument("--out-md", type=Path, help="where the same is written as Markdown")
    return parser


def _work(arguments: entry.Arguments) -> tuple[int, Mapping[str, object]]:
    content = monitor(arguments.report_json, arguments.release_json, arguments.quality_json, arguments.rules_json)
    texts = {"monitoring_json": (arguments.out_json, to_json(content))}
    if arguments.out_md is not None:
        texts["monitoring_md"] = (arguments.out_md, markdown(content).encode())
    with atomic_files(*(path for path, _ in texts.values())) as files:
        for file, (_, text) in zip(files, texts.values(), strict=True):
            file.write(text)
    written = {name: str(path) for name, (path, _) in texts.items()}
    return entry.DONE, {"status": content["status"], "alert_count": content["alert_count"], **written}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with `argv` (default: the process's) and return its exit status."""
    return entry.main(_parser, _work, argv)


if __name__ == "__main__":
    sys.exit(main())
