"""Judges a tag, for every caller: evidence, health, classification, an operator's class, first failed rung."""

from collections.abc import Callable
from dataclasses import dataclass

from phase4_tui.journal.state import OperationsState
from phase4_tui.runbook.checks import checks_of, judge
from phase4_tui.runbook.classification import Classification, as_reclassified, classify
from phase4_tui.runbook.evidence import Evidence, read_evidence
from phase4_tui.runbook.health import Health
from phase4_tui.runbook.ladder import first_failed_rung
from phase4_tui.runbook.site import Site
from phase4_tui.runbook.steps import Phase


@dataclass(frozen=True)
class Judgement:
    """The evidence on a tag at one moment, and the judgement that follows from it."""

    tag: str
    phase: Phase
    evidence: Evidence
    health: Health
    by_rule: Classification
    """By the rules alone, without an operator's class."""
    classification: Classification
    """With an operator's class, as long as the same rule fires."""
    rung: str | None
    """The first failed rung of the evidence ladder; None for a known-good tag."""

    @property
    def is_unsettled(self) -> bool:
        """True when time alone can change the judgement: a file is being written, or dated just ahead of the clock."""
        states = [check.state for check in self.health.checks.values()]
        ahead = self.evidence.ahead
        core = (self.evidence.report.state, self.evidence.summary.state)
        writing = "writing" in (*states, *core) or self.evidence.unfinished != ()
        return writing or (ahead is not None and ahead.passes_soon)


def judge_tag(
    site: Site,
    tag: str,
    state: OperationsState,
    *,
    patient: bool = True,
    running: Callable[[], str | None] | None = None,
) -> Judgement:
    """Read and judge a tag; raises BadTag.

    `patient` waits up to half a second for a file that is being written. `running` returns the tag that is being
    run; pass it when judging many tags at once.
    """
    evidence = read_evidence(site, tag, state, patient=patient, running=running)
    checks = checks_of(site.settings, evidence.phase)
    health = judge(evidence, checks)
    by_rule = classify(evidence, health, site.settings.own_checks)
    return Judgement(
        tag=tag,
        phase=evidence.phase,
        evidence=evidence,
        health=health,
        by_rule=by_rule,
        classification=as_reclassified(by_rule, state.reclassified.get(tag)),
        rung=first_failed_rung(evidence, health, state, checks),
    )
