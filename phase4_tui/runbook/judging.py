"""A tag judged from what is on disk: evidence, health, classification and ladder in one call."""

from collections.abc import Callable
from dataclasses import dataclass

from phase4_tui.journal.state import OperationsState
from phase4_tui.runbook.classification import Classification, as_reclassified, classify
from phase4_tui.runbook.evidence import Evidence, read_evidence
from phase4_tui.runbook.health import Health, judge
from phase4_tui.runbook.ladder import first_failed_rung
from phase4_tui.runbook.site import Site
from phase4_tui.runbook.steps import Phase


@dataclass(frozen=True)
class Judgement:
    """A tag, judged; `classification` is the one an operator gave it, where one did."""

    tag: str
    phase: Phase
    evidence: Evidence
    health: Health
    classification: Classification
    rung: str | None
    """The first rung of the evidence ladder that it fails, None for a known-good tag."""


def judge_tag(
    site: Site,
    tag: str,
    state: OperationsState,
    *,
    patient: bool = True,
    running: Callable[[], str | None] | None = None,
) -> Judgement:
    """Read and judge a tag; `patient` and `running` as for `read_evidence`. Raises BadTag, OSError."""
    return judge_evidence(read_evidence(site.reports, tag, patient=patient, running=running), state)


def judge_evidence(evidence: Evidence, state: OperationsState) -> Judgement:
    """Judge a tag by what was read of it."""
    health = judge(evidence)
    classification = as_reclassified(classify(evidence, health), state.reclassified.get(evidence.tag))
    rung = first_failed_rung(evidence, health, state)
    return Judgement(evidence.tag, evidence.phase, evidence, health, classification, rung)
