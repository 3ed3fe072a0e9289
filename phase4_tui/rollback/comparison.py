"""Compares a bad tag, a rehearsal and a known-good tag: checks, KPIs and each decision (runbook: step 5)."""

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from phase4_tui.artifacts.models import Document, flat
from phase4_tui.artifacts.names import Artifact, check_tag, file_name
from phase4_tui.errors import Refused, Remedy
from phase4_tui.journal.state import read_state
from phase4_tui.rollback.decision_pairs import BadReport, Close, DecisionCounts, Pairs, compare_decisions
from phase4_tui.rollback.freeze import LIST_TAGS
from phase4_tui.rollback.frozen_copies import artifacts_of
from phase4_tui.runbook.evidence import Evidence
from phase4_tui.runbook.judging import Judgement, judge_tag
from phase4_tui.runbook.own_checks import figures_of
from phase4_tui.runbook.provenance import RunRecord, runs_of
from phase4_tui.runbook.site import Site

Label = Literal["gone", "still there", "new", "within tolerance", "incomparable"]
WRONG: tuple[Label, ...] = ("gone", "still there", "new")
"""The labels of what was wrong in the bad tag or is in the re-run."""
SHOWN_DECISIONS = 1000
DEFAULT_RTOL = 1e-9


class Difference(Document):
    """One key whose values differ between the tags; a value is None where the tag lacks the key."""

    key: str
    bad: Any
    known_good: Any
    rerun: Any
    label: Label


class Sources(Document):
    """What went into a tag's run, by sha256; None where no run is on record."""

    input_sha256: str | None = None
    rules_sha256: str | None = None


class ComparisonResult(Document):
    """`compare --json`; every decision is counted, at most `SHOWN_DECISIONS` that differ are listed."""

    bad: str
    known_good: str | None
    rerun: str
    same_input: bool
    same_rules: bool
    kpis: tuple[Difference, ...]
    checks: tuple[Difference, ...]
    decisions: tuple[Difference, ...]
    decision_counts: dict[str, int]
    verdict: str
    recovered: bool
    comparable: bool
    """False when nothing of the re-run has anything of the bad tag to be compared with."""
    sources: dict[str, Sources] = Field(default_factory=dict)
    notes: tuple[str, ...] = ()


def sources_of(site: Site, tag: str) -> Sources:
    """Return the sha256 of the input and the rules that a tag was made from, each None where no run is on record."""
    by_input, by_rules = _runs_with_sources(site, tag)
    return Sources(
        input_sha256=by_input and by_input.input_used,
        rules_sha256=by_rules and by_rules.rules_used,
    )


def replaced_sources(site: Site, tag: str) -> list[str]:
    """Return a sentence on each of input and rules of a tag that was replaced between the run's plan and its use."""
    by_input, by_rules = _runs_with_sources(site, tag)
    found = [("input", by_input.input.sha256, by_input.input_used)] if by_input else []
    found += [("rules", by_rules.rules.sha256, by_rules.rules_used)] if by_rules else []
    return [
        f"{name} of {tag} changed during the run: planned {_digits(planned)}, used {_digits(used)}"
        for name, planned, used in found
        if planned != used
    ]


def _digits(digest: str | None) -> str:
    return "missing" if digest is None else digest[:12]


def _runs_with_sources(site: Site, tag: str) -> tuple[RunRecord | None, RunRecord | None]:
    """Return the runs whose input and whose rules count for a tag.

    Of each, that is the latest run that includes the step which reads it, even if the run ended before that step.
    """
    found: dict[str, RunRecord] = {}
    for run in runs_of(site.reports, tag):
        for step in run.steps:
            found.setdefault(step.name, run)
        if {"pipeline", "monitor"} <= found.keys():
            break
    return found.get("pipeline"), found.get("monitor")


def compare(
    site: Site, bad: str, rerun: str, known_good: str | None, *, rtol: float = DEFAULT_RTOL, atol: float = 0.0
) -> ComparisonResult:
    """Compare two or three tags; numbers are equal within the relative (`rtol`) and absolute (`atol`) tolerance.

    The decisions of a bad tag whose report is missing or unreadable are incomparable; the notes say why. Nothing of an
    incident's tag of Phase 3 is comparable. Raises BadTag; Refused when another tag is of Phase 3, the report of
    another tag is missing or unreadable, or nothing is known of a tag.
    """
    tags, found, close = check_comparable(site, bad, rerun, known_good, rtol, atol)
    sources = {side: sources_of(site, tag) for side, tag in tags.items()}
    paths = {side: site.reports / file_name(tag, Artifact.REPORT) for side, tag in tags.items()}
    pairs, problem = _decisions(found["bad"].evidence, paths, close)
    same_phase = found["bad"].phase == found["rerun"].phase
    kpis, checks = (_kpis(found, close), _checks(found)) if same_phase else ([], [])
    labels = [one.label for one in (*kpis, *checks) if one.label in WRONG]
    comparable = same_phase and (pairs.comparable or problem is not None or bool(labels))
    return ComparisonResult(
        bad=bad,
        known_good=known_good,
        rerun=rerun,
        same_input=_same(sources, "input_sha256"),
        same_rules=_same(sources, "rules_sha256"),
        kpis=tuple(kpis),
        checks=tuple(checks),
        decisions=tuple(Difference.model_validate(one) for one in pairs.told),
        decision_counts=pairs.counts,
        verdict=_verdict(rerun, labels, pairs, problem) if comparable else _incomparable(bad, rerun, same_phase),
        recovered=comparable and set(labels) <= {"gone"},
        comparable=comparable,
        sources=sources,
        notes=(
            *_not_paired(bad, problem),
            *_notes(sources, pairs.counts),
            *(note for tag in tags.values() for note in replaced_sources(site, tag)),
        ),
    )


def check_comparable(
    site: Site, bad: str, rerun: str, known_good: str | None, rtol: float, atol: float
) -> tuple[dict[str, str], dict[str, Judgement], Close]:
    """Return tags and judgements by side, and how numbers are compared; raises what `compare` raises."""
    tags = {"bad": check_tag(bad), "rerun": check_tag(rerun)} | (
        {"known_good": check_tag(known_good)} if known_good is not None else {}
    )
    if len(set(tags.values())) < len(tags):
        three = Remedy(effect="name a bad one, a re-run, and another known-good one")
        raise Refused("a tag can't be compared with itself", remedy=three)
    close = _closeness(rtol, atol)
    state = read_state(site.reports)
    found = {side: judge_tag(site, tag, state) for side, tag in tags.items()}
    for side, judgement in found.items():
        tag = judgement.tag
        if side == "bad" and state.incident_of(tag) is not None:
            continue  # compared whatever is left of it, so that what comes out is on record
        there = os.path.lexists(site.reports / file_name(tag, Artifact.REPORT))
        if not there and not (side == "bad" and _is_known(site, tag)):
            raise Refused(f"{tag} has no report in {site.reports}", remedy=LIST_TAGS, tag=tag)
        if judgement.phase == 3:
            told = f"{tag} is of Phase 3: only Phase 4 tags can be compared"
            raise Refused(told, remedy=LIST_TAGS, tag=tag)
    return tags, found, close


def _is_known(site: Site, tag: str) -> bool:
    return bool(artifacts_of(site, tag)) or next(runs_of(site.reports, tag), None) is not None


def _decisions(bad: Evidence, paths: Mapping[str, Path], close: Close) -> tuple[Pairs, str | None]:
    """Return the result of `compare_decisions`, and why the bad tag's decisions are incomparable, else None."""
    problem = "it is of Phase 3"
    if bad.phase == 4:
        try:
            return compare_decisions(paths, close, SHOWN_DECISIONS), None
        except BadReport as error:
            if error.side != "bad":
                raise
            problem = error.problem
    others = {side: path for side, path in paths.items() if side != "bad"}
    return compare_decisions(others, close, SHOWN_DECISIONS), problem


def _not_paired(bad: str, problem: str | None) -> tuple[str, ...]:
    return () if problem is None else (f"the decisions of {bad} are incomparable: {problem}",)


def _closeness(rtol: float, atol: float) -> Close:
    if not (math.isfinite(rtol) and math.isfinite(atol) and rtol >= 0 and atol >= 0):
        raise Refused("--rtol and --atol must be finite numbers that are not negative")

    def close(left: float, right: float) -> bool:
        try:
            return math.isclose(left, right, rel_tol=rtol, abs_tol=atol)
        except OverflowError:  # an integer beyond any float
            return left == right

    return close


def _same(sources: Mapping[str, Sources], name: str) -> bool:
    bad, rerun = (getattr(sources[side], name) for side in ("bad", "rerun"))
    return bad is not None and bad == rerun


def _kpis(found: Mapping[str, Judgement], close: Close) -> list[Difference]:
    values = {side: _figures(judgement.evidence) for side, judgement in found.items()}
    alerts = {side: _alerts(judgement.evidence) for side, judgement in found.items()}
    # An alert counts though no figure of that name was kept.
    keys = dict.fromkeys([*(key for side in values.values() for key in side), *sorted(alerts["bad"] | alerts["rerun"])])
    told = []
    for key in keys:
        bad, good, rerun = (values.get(side, {}).get(key) for side in ("bad", "known_good", "rerun"))
        before, after = key in alerts["bad"], key in alerts["rerun"]
        label: Label | None
        if before or after:
            label = "still there" if before and after else "gone" if before else "new"
        elif rerun is None or bad is None:
            label = "incomparable"
        elif bad == rerun and (good is None or good == rerun):
            label = None
        elif all(other is None or _near(rerun, other, close) for other in (bad, good)):
            label = "within tolerance"
        else:  # other figures without a breached rule: the batch may be another
            label = "gone" if good is not None and _near(rerun, good, close) else "incomparable"
        if label is not None:
            told.append(Difference(key=key, bad=bad, known_good=good, rerun=rerun, label=label))
    return told


def _near(left: object, right: object, close: Close) -> bool:
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, int | float) and isinstance(right, int | float):
        return close(left, right)
    return left == right


def _figures(evidence: Evidence) -> dict[str, Any]:
    snapshot = evidence.monitoring.value.snapshot if evidence.monitoring.value else None
    figures: dict[str, Any] = dict(snapshot.kpis) if snapshot else {}
    if evidence.summary.value is not None:
        figures |= flat(evidence.summary.value.model_dump(exclude={"run_tag"}), "summary.")
    return figures | figures_of(evidence)


def _alerts(evidence: Evidence) -> set[str]:
    return {alert.metric for alert in evidence.monitoring.value.alerts} if evidence.monitoring.value else set()


def _checks(found: Mapping[str, Judgement]) -> list[Difference]:
    states = {side: _check_states(judgement) for side, judgement in found.items()}
    keys = dict.fromkeys(key for side in states.values() for key in side)
    told = []
    for key in keys:
        bad, good, rerun = (states.get(side, {}).get(key) for side in ("bad", "known_good", "rerun"))
        well = {"passed", "ok", "present", "not_applicable"}
        before, after = bad not in well, rerun not in well
        if bad is None or rerun is None:
            label: Label = "incomparable"
        elif before or after:
            label = "still there" if before and after else "gone" if before else "new"
        else:
            continue
        told.append(Difference(key=key, bad=bad, known_good=good, rerun=rerun, label=label))
    return told


def _check_states(judgement: Judgement) -> dict[str, str]:
    states: dict[str, str] = {name: check.state for name, check in judgement.health.checks.items()}
    quality = judgement.evidence.quality.value
    sections = quality.checks if quality else None
    for name, section in (sections or {}).items():
        states[f"quality_check.{name}"] = "passed" if section.passed else "failed"
    return states


def _verdict(rerun: str, labels: list[Label], pairs: Pairs, problem: str | None) -> str:
    word = "recovered" if set(labels) <= {"gone"} else "not recovered"
    told = ", ".join(f"{labels.count(label)} {label}" for label in WRONG)
    if problem is not None or not pairs.comparable:
        return f"{rerun} has {word}: {told}; its decisions have none of the bad tag's to compare with"
    changed = sum(count for label, count in pairs.counts.items() if label != "same")
    return f"{rerun} has {word}: {told}; {changed} of {changed + pairs.counts.get('same', 0)} decisions differ"


def _incomparable(bad: str, rerun: str, same_phase: bool) -> str:
    if not same_phase:
        return f"incomparable: {bad} is of Phase 3 and {rerun} of Phase 4"
    return f"incomparable: no check and no rule of {bad} failed, and none of its decisions is one of {rerun}"


def _notes(sources: Mapping[str, Sources], counts: DecisionCounts) -> tuple[str, ...]:
    notes = [
        f"no run of the {side.replace('_', '-')} tag is on record: whether its {what} the same is not known"
        for what, name in (("input is", "input_sha256"), ("rules are", "rules_sha256"))
        for side in ("bad", "rerun")
        if getattr(sources[side], name) is None
    ]
    if counts.get("out of order"):
        notes.append(
            f"{counts['out of order']} records stand too far apart in the reports to be paired: reports of more than "
            "the window must have their records in the same order"
        )
    return tuple(notes)
