"""What a gate's file says against itself, against the tag's other files, or against the present rules.

Each contradiction is one line that names file, key and both values. A gate with one is never green: such a file was
not written by a gate that works, or it belongs to something else. What a file itself lists as wrong (problems, failed
sections, alerts) is no line here: the verdict shows that list. A stale file is not held against the others: it judged
what was there before, and while a tag is being run each file is that for a moment.
"""

from collections.abc import Iterator, Mapping

from phase4_tui.artifacts.counting import counted
from phase4_tui.artifacts.models import Monitoring, Phase3Summary, QualityCheck, ReleaseCheck, Summary, flat
from phase4_tui.policy.monitoring import GATE_METRICS, KPIS, Rules
from phase4_tui.policy.phase3.quality import SECTIONS as PHASE3_SECTIONS
from phase4_tui.policy.phase4.quality import SECTIONS as PHASE4_SECTIONS
from phase4_tui.policy.phase4.summary import share_pct
from phase4_tui.policy.values import is_number, show
from phase4_tui.runbook.evidence import Evidence


def of_release(evidence: Evidence, value: ReleaseCheck, *, stale: bool) -> list[str]:
    """Return the contradictions of a release check, which answers for report and summary too unless it is stale."""
    found = [] if stale else list(_of_summary(evidence))
    if value.outdir is not None and _is_elsewhere(evidence, value.outdir):
        where = f"the file is in {evidence.reports}"
        found.insert(0, f"{evidence.release.name}: outdir is {show(value.outdir)}, but {where}")
    return found


def _is_elsewhere(evidence: Evidence, outdir: str) -> bool:
    """True for another directory than the reports directory, unless that was moved or copied as a whole.

    A check that a run on record wrote is of this directory, whatever path that had. A path is as in the working
    directory. Where it leads nowhere, or is the absolute one that Phase 3 is given and the copied original still
    exists, its last name decides.
    """
    path, reports = evidence.workdir / outdir, evidence.reports
    if path == reports or evidence.release_is_recorded:
        return False
    try:
        return not path.samefile(reports) and (evidence.phase == 4 or path.name != reports.name)
    except (OSError, ValueError):
        return path.name != reports.name


def _of_summary(evidence: Evidence) -> Iterator[str]:
    summary, report = evidence.summary, evidence.report
    if summary.value is None:
        return
    total, counts = summary.value.total_records, _counts(summary.value)
    if None not in counts and sum(filter(None, counts)) != total:
        yield f"{summary.name}: total_records is {total}, but the decisions counted are {sum(filter(None, counts))}"
    if report.value is None:
        return
    if report.value.record_count != total:
        yield (
            f"{report.name}: record_count is {report.value.record_count}, but {summary.name}: total_records is {total}"
        )
    own, inner = flat(summary.value.model_dump(exclude={"run_tag"})), flat(report.value.summary)
    for key, number in own.items():
        if number is not None and key in inner and inner[key] != number:
            yield f"{report.name}: summary.{key} is {show(inner[key])}, but {summary.name}: {key} is {number}"


def _counts(summary: Summary | Phase3Summary) -> tuple[int | None, ...]:
    counts = summary.action_counts if isinstance(summary, Summary) else summary.consensus_counts
    return counts.BUY_CALL, counts.BUY_PUT, counts.NO_TRADE


def of_quality(evidence: Evidence, value: QualityCheck) -> list[str]:
    """Return the contradictions of a quality check."""
    if not value.passed or value.checks is None:
        return []
    found = []
    for name, section in value.checks.items():
        if section.passed and section.issues:
            issues = counted(len(section.issues), "issue")
            found.append(f"checks.{name}.passed is true, but checks.{name}.issues lists {issues}")
    expected = PHASE4_SECTIONS if evidence.phase == 4 else PHASE3_SECTIONS
    missing = [name for name in expected if name not in value.checks]
    if len(missing) < len(expected):  # with none of them it is of an older schema, whose sections have other names
        found += [f"passed is true, but checks.{name} is missing" for name in missing]
    return [f"{evidence.quality.name}: {one}" for one in found]


def of_monitoring(evidence: Evidence, value: Monitoring, *, stale: bool) -> list[str]:
    """Return the contradictions of a monitoring: with its status when it is OK, with the summary unless it is stale."""
    count, snapshot = value.alert_count, value.snapshot
    found = []
    if value.status == "OK" and count and not value.alerts:
        found.append(f"status is 'OK', but alert_count is {count}")
    if snapshot is not None:
        total = evidence.summary.value.total_records if evidence.summary.value else None
        if not stale and total is not None and snapshot.records is not None and snapshot.records != total:
            about = f"{evidence.summary.name}: total_records is {total}"
            found.append(f"snapshot.records is {snapshot.records}, but {about}")
    summary = evidence.summary
    counted_shares = _shares(summary.value) if isinstance(summary.value, Summary) and not stale else {}
    found += _of_kpis(snapshot.kpis if snapshot else {}, value.status, evidence.rules, counted_shares, summary.name)
    return [f"{evidence.monitoring.name}: {one}" for one in found]


def _shares(summary: Summary) -> dict[str, float]:
    """Return each KPI that a summary counts; none of an empty batch, in which nothing was decided."""
    counts = {
        **summary.action_counts.model_dump(),
        "EVENT_BLOCK": summary.event_block_count,
        "PORTFOLIO_BLOCK": summary.portfolio_block_count,
    }
    parts = {name: [counts[word] for word in kpi.counts] for name, kpi in KPIS.items() if summary.total_records}
    return {
        name: share_pct(sum(numbers), summary.total_records) for name, numbers in parts.items() if None not in numbers
    }


def _of_kpis(
    kpis: Mapping[str, object], status: str, rules: Rules | None, counts: Mapping[str, float], summary: str
) -> Iterator[str]:
    """Yield what is wrong with the KPIs by themselves, and by the rules; `counts` are the shares of the summary."""
    for name, kpi in KPIS.items():
        share = kpis.get(name)
        if name in kpis and (not is_number(share) or not 0 <= share <= 100):
            yield f"snapshot.kpis.{name} is {show(share)}, but a share is 0 to 100 percent"
        elif status == "OK" and rules is not None:
            known = ((f"snapshot.kpis.{name}", share), (f"{name} by {summary}", counts.get(name)))
            past = (one for one in known if is_number(one[1]) and kpi.is_breach(one[1], rules[kpi.rule]))
            for where, value in past:
                yield f"status is 'OK' and {where} {value}, but {kpi.rule} is {rules[kpi.rule]} in the present rules"
                break
    for metric in GATE_METRICS:
        if status == "OK" and metric in kpis and kpis[metric] != "OK":
            yield f"status is 'OK', but snapshot.kpis.{metric} is {show(kpis[metric])}"
