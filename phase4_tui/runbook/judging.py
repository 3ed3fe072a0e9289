"""Judges a tag: evidence, health, classification, an operator's class, first failed rung. Whoever judges calls this."""

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
    """What is known of a tag at one moment, and what it comes to."""

    tag: str
    phase: Phase
    evidence: Evidence
    health: Health
    by_rule: Classification
    """By the rules alone, whatever an operator said."""
    classification: Classification
    """With the class that an operator gave it, as long as the same rule fires."""
    rung: str | None
    """The first rung of the evidence ladder that it fails; None for a known-good tag."""

    @property
    def is_being_written(self) -> bool:
        """True while something of it is being written: time alone can change what is said of it."""
        states = [check.state for check in self.health.checks.values()]
        return "writing" in (*states, self.evidence.summary.state)


def judge_tag(
    site: Site,
    tag: str,
    state: OperationsState,
    *,
    patient: bool = True,
    running: Callable[[], str | None] | None = None,
) -> Judgement:
    """Read and judge a tag; raises BadTag.

    `patient` gives a file that is being written half a second. `running` returns the tag that is being run, for
    whoever asks about many tags at once.
    """
    evidence = read_evidence(site, tag, patient=patient, running=running)
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
