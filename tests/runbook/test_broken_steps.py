"""When a step that broke counts no longer: once all that it should have written was written after it ended."""

import pytest

from phase4_tui.artifacts.names import Artifact
from phase4_tui.runbook.evidence import read_evidence
from phase4_tui.runbook.provenance import save_run
from tests.runbook.documents import Tag


def broken(tag: Tag) -> list[tuple[str, str]]:
    return [(step.name, step.state) for step in read_evidence(tag.site, tag.name, patient=False).broken_steps]


@pytest.mark.parametrize("state", ["crashed", "timed_out"])
def test_a_step_counts_as_broken_until_its_files_are_newer_than_its_end(tag: Tag, state: str) -> None:
    record = tag.ran(age=30, monitor=state)  # type: ignore[arg-type]  # a state of a step
    ended = record.steps[0].ended_ns
    assert ended is not None
    assert broken(tag) == [("monitor", state)]
    tag.age(Artifact.MONITORING, 29)
    tag.age(Artifact.MONITORING_MD, 31)
    assert broken(tag) == [("monitor", state)]
    tag.age(Artifact.MONITORING_MD, 29)
    assert broken(tag) == []
    tag.remove(Artifact.MONITORING_MD)
    assert broken(tag) == [("monitor", state)]


def test_a_step_whose_end_nobody_noted_is_never_mended_by_files(tag: Tag) -> None:
    record = tag.ran(age=30, signoff="crashed")
    tag.age(Artifact.PHASE4_SIGNOFF, 1)
    assert broken(tag) == []
    steps = tuple(step.model_copy(update={"ended_ns": None}) for step in record.steps)
    save_run(tag.reports, record.model_copy(update={"steps": steps}))
    assert broken(tag) == [("signoff", "crashed")]


def test_a_step_that_is_not_known_is_never_mended_by_files(tag: Tag) -> None:
    record = tag.ran(age=30, signoff="crashed")
    steps = tuple(step.model_copy(update={"name": "signed"}) for step in record.steps)
    save_run(tag.reports, record.model_copy(update={"steps": steps}))
    for artifact in Artifact:
        if tag.path(artifact).exists():
            tag.age(artifact, 1)
    assert broken(tag) == [("signed", "crashed")]


@pytest.mark.parametrize("state", ["passed", "failed_gate", "cancelled", "not_run"])
def test_a_step_that_ended_otherwise_is_not_broken(tag: Tag, state: str) -> None:
    tag.ran(age=30, monitor=state)  # type: ignore[arg-type]  # a state of a step
    assert broken(tag) == []


def test_the_runs_that_count_are_those_in_which_a_step_was_last_run_each_once(tag: Tag) -> None:
    tag.ran(age=40, monitor="passed")
    whole = tag.ran(age=30, signoff="passed", monitor="passed")
    last = tag.ran(age=20, signoff="crashed", monitor="not_run")
    runs = read_evidence(tag.site, tag.name, patient=False).runs
    assert sorted(run.run_id for run in runs) == sorted([whole.run_id, last.run_id])
