"""Each rung of the ladder by itself: which file or state makes a tag fail it, and which tag a quarantine holds."""

import hashlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from phase4_tui.artifacts.names import Artifact
from phase4_tui.journal.state import Frozen, OperationsState, Quarantined
from phase4_tui.runbook.checks import judge
from phase4_tui.runbook.evidence import read_evidence
from phase4_tui.runbook.ladder import RUNGS, first_failed_rung, quarantine_of, rung_in_words
from phase4_tui.runbook.run_holder import announce, run_lock, withdraw
from tests.rollback.support import freeze, state_of
from tests.runbook.documents import ALERT, REPORT_AGE, Tag, quality

NOTHING = OperationsState()
CORE = (Artifact.REPORT, Artifact.SUMMARY)
CHECKS = (Artifact.RELEASE_CHECK, Artifact.QUALITY_CHECK, Artifact.MONITORING)


def failed_rung(tag: Tag, state: OperationsState = NOTHING) -> str | None:
    evidence = read_evidence(tag.site, tag.name, state, patient=False)
    return first_failed_rung(evidence, judge(evidence), state)


def half(tag: Tag, artifact: Artifact, age: float) -> None:
    """Cut a file short, as one that is being written; fresh is everything else then, too."""
    tag.put(artifact, tag.path(artifact).read_bytes()[:-9], age=age)
    if age == 0 and artifact in CORE:
        for check in (*CHECKS, Artifact.PHASE4_SIGNOFF):
            tag.age(check, 0)


def without_note(tag: Tag) -> None:
    tag.remove(Artifact.PHASE4_SIGNOFF)
    tag.ran(pipeline="passed")  # what tells that it is of Phase 4


def test_a_healthy_tag_fails_none(tag: Tag) -> None:
    assert failed_rung(tag) is None


@pytest.mark.parametrize("artifact", [*CORE, Artifact.REPORT_MD, Artifact.MONITORING_MD, *CHECKS])
def test_a_tag_is_complete_only_with_every_file(tag: Tag, artifact: Artifact) -> None:
    tag.remove(artifact)
    assert failed_rung(tag) == "complete"


@pytest.mark.parametrize("artifact", [Artifact.REPORT_MD, Artifact.MONITORING_MD])
def test_an_empty_markdown_file_is_none(tag: Tag, artifact: Artifact) -> None:
    tag.put(artifact, "")
    assert failed_rung(tag) == "complete"


@pytest.mark.parametrize("artifact", [*CORE, *CHECKS])
@pytest.mark.parametrize("age", [0, 60])
def test_a_file_that_is_written_or_unreadable_does_not_parse(tag: Tag, artifact: Artifact, age: float) -> None:
    half(tag, artifact, age)
    assert failed_rung(tag) == "parses"


@pytest.mark.parametrize("artifact", [*CORE, *CHECKS])
def test_a_file_whose_schema_is_broken_does_not_parse(tag: Tag, artifact: Artifact) -> None:
    tag.put(artifact, {}, age=REPORT_AGE if artifact in CORE else 50.0)
    assert failed_rung(tag) == "parses"


@pytest.mark.parametrize("artifact", CHECKS)
def test_a_check_of_an_older_report_does_not_count_as_one_that_parses(tag: Tag, artifact: Artifact) -> None:
    tag.age(artifact, REPORT_AGE + 10)
    assert failed_rung(tag) == "parses"


@pytest.mark.parametrize(
    ("spoil", "rung"),
    [
        (lambda tag: tag.change(Artifact.RELEASE_CHECK, lambda content: content.update(passed=False)), "gates passed"),
        (lambda tag: tag.put(Artifact.QUALITY_CHECK, quality(False)), "gates passed"),
        (lambda tag: tag.ran(monitor="timed_out"), "gates passed"),
        (lambda tag: tag.change(Artifact.MONITORING, partial(dict.update, alerts=[ALERT])), "monitoring OK"),
        (without_note, "sign-off not NO-GO"),
        (lambda tag: tag.put(Artifact.PHASE4_SIGNOFF, ""), "sign-off not NO-GO"),
        (lambda tag: tag.age(Artifact.PHASE4_SIGNOFF, REPORT_AGE + 10), "sign-off not NO-GO"),
    ],
)
def test_the_rungs_of_gates_monitoring_and_sign_off(tag: Tag, spoil: Callable[[Tag], object], rung: str) -> None:
    spoil(tag)
    assert failed_rung(tag) == rung


def test_a_tag_that_is_run_now_is_not_complete_unless_it_is_frozen(tag: Tag) -> None:
    with run_lock(tag.reports):
        announce(tag.reports, tag.name, "r1", "ada")
        assert failed_rung(tag) == "complete"
        withdraw(tag.reports)
    work = tag.reports.parent
    freeze(work, tag.name)
    with run_lock(tag.reports):
        announce(tag.reports, tag.name, "r1", "ada")
        assert failed_rung(tag, state_of(work)) is None
        withdraw(tag.reports)


def test_a_frozen_copy_counts_only_with_the_operation_that_made_it_and_only_while_it_is_there(tag: Tag) -> None:
    work = tag.reports.parent
    entry = Frozen(manifest_sha256="", at="then", by="maria@desk", reason="r")
    assert failed_rung(tag, OperationsState(frozen={tag.name: entry})) == "matches its manifest", "no copy is there"
    freeze(work, tag.name)
    assert failed_rung(tag, state_of(work)) is None
    assert failed_rung(tag, NOTHING) == "matches its manifest", "no operation made this copy"
    tag.put(Artifact.REPORT_MD, "# Another\n")
    assert failed_rung(tag, state_of(work)) == "matches its manifest"


def test_that_phase_3_has_no_monitoring_is_said_of_that_rung_of_that_phase_alone() -> None:
    assert rung_in_words("monitoring OK", 3) == "monitoring OK: Phase 3 has none, it is the fallback"
    assert rung_in_words("monitoring OK", 4) == "monitoring OK"
    assert [rung_in_words(rung, 3) for rung in RUNGS if rung != "monitoring OK"] == [
        rung for rung in RUNGS if rung != "monitoring OK"
    ]


# Quarantine


def held(tag: str, report: Path | None = None) -> Quarantined:
    """Return a quarantine of a tag, by the content of a report where one is given."""
    data = report.read_bytes() if report else b""
    digest, size = (hashlib.sha256(data).hexdigest(), len(data)) if report else (None, None)
    return Quarantined(tag=tag, report_sha256=digest, report_size=size, reason="bad", at="then")


def test_a_quarantine_holds_a_report_by_its_content_under_any_name(tag: Tag) -> None:
    other = held("other", tag.path(Artifact.REPORT))
    state = OperationsState(quarantine=(held("elsewhere"), other))
    assert quarantine_of(tag.reports, tag.name, state) == other
    assert failed_rung(tag, state) == "not quarantined"
    data = tag.path(Artifact.REPORT).read_bytes()
    tag.put(Artifact.REPORT, data.replace(b"in.json", b"IN.json"), age=REPORT_AGE)
    assert quarantine_of(tag.reports, tag.name, state) is None, "the same size is not the same content"


def test_a_quarantine_without_a_known_report_holds_by_name(tag: Tag) -> None:
    own = held(tag.name)
    assert quarantine_of(tag.reports, tag.name, OperationsState(quarantine=(held("x"), own))) == own
    assert quarantine_of(tag.reports, tag.name, OperationsState(quarantine=(held("x"),))) is None
    assert quarantine_of(tag.reports, tag.name, NOTHING) is None


def test_a_quarantined_tag_with_another_report_is_held_only_while_it_is_frozen_or_has_none(tag: Tag) -> None:
    own = held(tag.name, tag.path(Artifact.REPORT))
    state = OperationsState(quarantine=(held("x"), own))
    tag.change(Artifact.REPORT, lambda content: content.update(input_file="another.json"), age=REPORT_AGE)
    assert quarantine_of(tag.reports, tag.name, state) is None
    entry = Frozen(manifest_sha256="", at="then", by="maria@desk", reason="r")
    assert quarantine_of(tag.reports, tag.name, state.model_copy(update={"frozen": {tag.name: entry}})) == own
    tag.remove(Artifact.REPORT)
    assert quarantine_of(tag.reports, tag.name, state) == own
    assert quarantine_of(tag.reports, "y", state) is None


def test_a_report_that_is_a_link_out_of_the_directory_is_not_read_to_compare_it(tag: Tag) -> None:
    outside = tag.reports.parent / "outside.json"
    own = held("other", tag.path(Artifact.REPORT))
    tag.path(Artifact.REPORT).rename(outside)
    tag.path(Artifact.REPORT).symlink_to(outside)
    assert quarantine_of(tag.reports, tag.name, OperationsState(quarantine=(own,))) is None
