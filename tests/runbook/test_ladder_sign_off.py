"""A sign-off note that recommends NO-GO keeps a tag from being known-good, however healthy its checks are."""

import pytest

from phase4_tui.artifacts.names import Artifact
from phase4_tui.journal.state import OperationsState, Quarantined
from phase4_tui.runbook.checks import judge
from phase4_tui.runbook.evidence import read_evidence
from phase4_tui.runbook.ladder import first_failed_rung
from tests.runbook.documents import ALERT, Tag, all_ok, quality

NOTHING = OperationsState()


def failed_rung(tag: Tag, state: OperationsState = NOTHING) -> str | None:
    evidence = read_evidence(tag.site, tag.name, patient=False)
    return first_failed_rung(evidence, judge(evidence), state)


@pytest.mark.parametrize(
    "line",
    [
        "Recommendation: NO-GO",
        "Recommendation: NO GO",
        "recommendation: no-go",
        "**Recommendation**: **NO-GO**, the release check did not pass",
        "| Recommendation | NO-GO |",
        "Recommendation (of GO/NO-GO): NO-GO",
        "Recommendation: NO\u2011GO",
        "Recommendation:\nNO-GO is what the product owner says",
        "## Recommendation\n\nDo not proceed.",
    ],
)
def test_a_note_that_recommends_no_go_fails_the_rung_of_the_sign_off_alone(tag: Tag, line: str) -> None:
    assert failed_rung(tag) is None
    tag.put(Artifact.PHASE4_SIGNOFF, f"# Sign-off\n\n{line}\n")
    assert failed_rung(tag) == "sign-off not NO-GO"
    assert all_ok(judge(read_evidence(tag.site, tag.name, patient=False))), "the note is there, which is the check"


@pytest.mark.parametrize(
    "line",
    [
        "Recommendation: GO",
        "Recommendation: GO/NO-GO",
        "Recommendation: GO / NO-GO",
        "Recommendation: NO-GO/GO",
        "Recommendation: NO-GO / GO",
        "Recommendation (GO/NO-GO): GO",
        "Recommendation: GO / NO-GO is for the product owner to say",
        "NO-GO was the word last week",
        "Recommendation: CASINO-GO",
        "Recommendation: NO-GOING back",
    ],
)
def test_a_note_that_leaves_the_choice_open_or_speaks_of_something_else_is_no_no_go(tag: Tag, line: str) -> None:
    tag.put(Artifact.PHASE4_SIGNOFF, f"# Sign-off\n\n{line}\n")
    assert failed_rung(tag) is None


def test_an_earlier_rung_is_named_before_the_no_go_and_the_no_go_before_a_later_one(tag: Tag) -> None:
    tag.put(Artifact.PHASE4_SIGNOFF, "Recommendation: NO-GO\n")
    held = Quarantined(tag=tag.name, report_sha256=None, report_size=None, reason="bad", at="then")
    state = OperationsState(quarantine=(held,))
    assert failed_rung(tag, state) == "sign-off not NO-GO"
    tag.change(Artifact.MONITORING, lambda content: content.update(status="ALERT", alerts=[ALERT]))
    assert failed_rung(tag, state) == "monitoring OK"
    tag.put(Artifact.QUALITY_CHECK, quality(False))
    assert failed_rung(tag, state) == "gates passed"
    tag.put(Artifact.QUALITY_CHECK, "nonsense")
    assert failed_rung(tag, state) == "parses"
    tag.remove(Artifact.RELEASE_CHECK)
    assert failed_rung(tag, state) == "complete"
