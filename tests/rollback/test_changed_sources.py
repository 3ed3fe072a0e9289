"""Comparing and reopening go by the input and rules that a run really used, and say where it had planned others."""

from functools import partial
from pathlib import Path

import pytest

from phase4_tui.artifacts.names import Artifact
from phase4_tui.rollback.comparison import compare, sources_of
from phase4_tui.rollback.incidents import look_for_incident
from phase4_tui.rollback.reopen import CHANGED, HEALTHY, Condition, conditions
from phase4_tui.runbook.provenance import ChangedFile, RunRecord, save_run
from tests.rollback.support import site_of
from tests.rollback.test_reopen import OLD, digest, ran
from tests.runbook.documents import ALERT, Tag

READERS = {"input": ("in.json", "pipeline"), "rules": ("rules.json", "monitor")}


def used(tag: Tag, record: RunRecord, name: str, content: str) -> RunRecord:
    """Let a run have used other input or rules than planned."""
    path, reader = READERS[name]
    steps = [
        one.model_copy(update={"used": {path: digest(content)}} if one.name == reader else {}) for one in record.steps
    ]
    planned = getattr(record, name).sha256
    change = ChangedFile(file=path, step=reader, before=planned, after=digest(content))
    changed = record.model_copy(update={"steps": tuple(steps), "changed": (change,)})
    save_run(tag.reports, changed)
    return changed


@pytest.fixture
def bad(tmp_path: Path) -> Tag:
    """The tag of an open incident."""
    bad = Tag(tmp_path / "reports", "bad")
    bad.change(Artifact.MONITORING, partial(dict.update, status="ALERT", alerts=[ALERT]), age=1)
    ran(bad, rehearsal=False, started_at=OLD)
    assert look_for_incident(site_of(tmp_path), "bad") is not None
    return bad


def condition(work: Path, name: str) -> Condition:
    return next(one for one in conditions(site_of(work), "new") if one.name == name)


@pytest.mark.parametrize("name", READERS)
def test_a_rehearsal_that_used_something_else_than_planned_is_not_on_the_incidents(
    bad: Tag, tmp_path: Path, name: str
) -> None:
    new = Tag(bad.reports, "new")
    record = ran(new)
    assert condition(tmp_path, CHANGED).ok
    used(new, record, name, "swapped")
    planned = digest("batch" if name == "input" else "rules")
    found = condition(tmp_path, CHANGED)
    assert not found.ok
    assert f"{name} sha256 {planned} → {digest('swapped')}" in found.detail
    words = f"{name} of new changed during the run: planned {planned[:12]}, used {digest('swapped')[:12]}"
    assert words in found.detail
    assert getattr(sources_of(site_of(tmp_path), "new"), f"{name}_sha256") == digest("swapped")
    assert not condition(tmp_path, HEALTHY).ok, "a run with a change is not known-good"


def test_the_same_that_was_really_used_is_the_same_whatever_was_planned(bad: Tag, tmp_path: Path) -> None:
    ran(Tag(bad.reports, "new"), batch="swapped")
    assert not condition(tmp_path, CHANGED).ok
    used(bad, ran(bad, rehearsal=False, started_at=OLD), "input", "swapped")
    found = condition(tmp_path, CHANGED)
    assert found.ok
    assert "input of bad changed during the run: planned" in found.detail
    result = compare(site_of(tmp_path), "bad", "new", None)
    assert result.same_input
    assert result.sources["bad"].input_sha256 == digest("swapped")
    assert [note for note in result.notes if "changed during the run" in note] == [found.detail.partition("; ")[2]]


def test_a_run_without_a_change_says_nothing_about_it(bad: Tag, tmp_path: Path) -> None:
    ran(Tag(bad.reports, "new"))
    assert condition(tmp_path, CHANGED).detail == "those of the incident's run"
