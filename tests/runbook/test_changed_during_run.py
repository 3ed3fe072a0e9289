"""A file that changes while a run uses it is on record with both sha256, and the tag is not green until a clean run."""

import hashlib
import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from phase4_tui.artifacts.names import Artifact, file_name
from phase4_tui.journal.log import read_events
from phase4_tui.journal.state import OperationsState
from phase4_tui.runbook.checks import GATES_PASSED
from phase4_tui.runbook.judging import judge_tag
from phase4_tui.runbook.provenance import ChangedFile, RunRecord, StepRecord, runs_of
from phase4_tui.runbook.settings import load_settings
from phase4_tui.runbook.site import Site
from phase4_tui.runbook.steps import Command, find_step
from tests.runbook.support import (
    ENVIRONMENT,
    STEP_NAMES,
    TAG,
    Recording,
    foreign,
    laid_out,
    run,
    script_of,
    states,
    step,
    verdict,
)

RULES, INPUT, REPORT = "monitoring_rules.json", "sample_batch_input.json", file_name(TAG, Artifact.REPORT)
SUMMARY = file_name(TAG, Artifact.SUMMARY)
MONITOR = "phase4_monitor_runner.py"
OTHER_RULES = '{"max_no_trade_pct": 99.0}'
UNKNOWN = ("unknown", "changed_during_run", 14)


class Editor(Recording):
    """Somebody who edits files between two steps, or while a step begins."""

    def __init__(self, after: str = "", edit: Callable[[], object] = bool, **at_start_of: Callable[[], object]) -> None:
        super().__init__()
        self._after = {after: edit}
        self._at_start_of = at_start_of

    def step_started(self, command: Command) -> None:
        """Edit what the step is about to use."""
        super().step_started(command)
        self._edit(self._at_start_of.get(command.step.name, bool))

    def step_ended(self, record: StepRecord) -> None:
        """Edit what a later step will use."""
        super().step_ended(record)
        self._edit(self._after.get(record.name, bool))

    def _edit(self, edit: Callable[[], object]) -> None:
        editor = threading.Thread(target=edit)
        editor.start()
        editor.join()


def sha(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def appending(path: Path) -> Callable[[], object]:
    """Return an edit that adds white space, which changes no meaning."""
    return lambda: path.write_bytes(path.read_bytes() + b"\n")


def changes(record: RunRecord) -> list[tuple[str, str | None]]:
    return [(one.file, one.step) for one in record.changed]


def judged(work: Path) -> tuple[str, str, int]:
    found = verdict(work)[1]
    return found.level, found.rule, found.exit_status


def meddling(directory: Path, name: str, edit: str) -> Path:
    """Lay out an operator's directory in which one script runs some more code before it does its work."""
    work = foreign(directory)
    script = script_of(work, name)
    script.write_text(f"{edit}\n{script.read_text()}")
    return work


# A step that replaces a file ------------------------------------------------------------------------------------


def test_a_step_that_replaces_the_rules_makes_the_verdict_unknown_and_both_sha256_are_on_record(tmp_path: Path) -> None:
    work = meddling(tmp_path / "w", "quality_check", f"open({RULES!r}, 'w').write({OTHER_RULES!r})")
    before = sha(work / RULES)
    record = run(work)
    after = sha(work / RULES)
    assert set(states(record).values()) == {"passed"}
    assert record.changed == (ChangedFile(file=RULES, step="monitor", before=before, after=after),)
    assert (record.rules.sha256, record.rules_used) == (before, after)
    assert step(record, "monitor").used[RULES] == after
    assert next(runs_of(work / "reports", TAG)) == record
    found = verdict(work)[1]
    assert judged(work) == UNKNOWN
    assert found.owner == "engineering"
    (one,) = found.evidence
    assert (one.file, one.key) == (str(work / RULES), "used by monitor")
    assert one.value == f"sha256 {before[:8]} → {after[:8]}"


def test_such_a_tag_is_not_known_good(tmp_path: Path) -> None:
    work = meddling(tmp_path / "w", "quality_check", f"open({RULES!r}, 'w').write({OTHER_RULES!r})")
    site = Site(work, load_settings(work, ENVIRONMENT), ENVIRONMENT)
    run(work)
    assert judge_tag(site, TAG, OperationsState()).rung == GATES_PASSED
    run(work)
    assert judge_tag(site, TAG, OperationsState()).rung is None


def test_a_step_that_replaces_the_input_is_seen_at_the_end(tmp_path: Path) -> None:
    work = meddling(tmp_path / "w", "quality_check", f"open({INPUT!r}, 'a').write(' ')")
    before = sha(work / INPUT)
    record = run(work)
    assert record.changed == (ChangedFile(file=INPUT, step=None, before=before, after=sha(work / INPUT)),)
    assert record.input_used == before
    assert judged(work) == UNKNOWN
    assert [one.key for one in verdict(work)[1].evidence] == ["at the end of the run"]


def test_a_step_that_replaces_the_script_of_a_later_one_is_seen_by_that_one(tmp_path: Path) -> None:
    work = meddling(tmp_path / "w", "release_check", f"open({MONITOR!r}, 'a').write('# more')")
    before = sha(work / MONITOR)
    record = run(work)
    assert record.changed == (ChangedFile(file=MONITOR, step="monitor", before=before, after=sha(work / MONITOR)),)
    assert step(record, "monitor").used[MONITOR] == sha(work / MONITOR)
    assert judged(work) == UNKNOWN


def test_a_step_that_replaces_its_own_script_is_seen_at_the_end(tmp_path: Path) -> None:
    work = meddling(tmp_path / "w", "monitor", "open(__file__, 'a').write('# more')")
    assert changes(run(work)) == [(MONITOR, None)]
    assert judged(work) == UNKNOWN


def test_a_step_that_removes_the_rules_is_seen(tmp_path: Path) -> None:
    work = meddling(tmp_path / "w", "signoff", f"import os; os.rename({RULES!r}, 'gone')")
    before = sha(work / RULES)
    record = run(work)
    assert record.changed == (ChangedFile(file=RULES, step="monitor", before=before, after=None),)
    assert RULES not in step(record, "monitor").used


def test_a_step_that_rewrites_what_another_step_wrote_is_seen(tmp_path: Path) -> None:
    work = meddling(tmp_path / "w", "quality_check", f"open('reports/{SUMMARY}', 'a').write(' ')")
    assert changes(run(work)) == [(SUMMARY, "signoff")]
    assert judged(work) == UNKNOWN


def test_a_step_may_rewrite_a_file_that_is_its_own_to_write(tmp_path: Path) -> None:
    markdown = file_name(TAG, Artifact.REPORT_MD)
    work = meddling(tmp_path / "w", "monitor", f"open('reports/{markdown}', 'a').write('more')")
    expects = ["{tag}" + suffix for suffix in (Artifact.MONITORING, Artifact.MONITORING_MD, Artifact.REPORT_MD)]
    (work / "phase4.toml").write_text(f"[steps.monitor]\nexpects = {json.dumps(expects)}\n")
    record = run(work)
    assert step(record, "monitor").produced[markdown] != step(record, "pipeline").produced[markdown]
    assert record.changed == ()
    assert judged(work)[0] == "ok"


# Somebody who edits a file --------------------------------------------------------------------------------------


def test_an_editor_who_changes_the_report_between_two_steps_is_seen_by_the_next_that_judges_it(tmp_path: Path) -> None:
    work = foreign(tmp_path / "w")
    report = work / "reports" / REPORT
    record = run(work, observer=Editor("release_check", appending(report)))
    written = step(record, "pipeline").produced[REPORT]
    assert record.changed == (ChangedFile(file=REPORT, step="quality_check", before=written, after=sha(report)),)
    assert step(record, "release_check").used[REPORT] == written
    assert step(record, "quality_check").used[REPORT] == step(record, "monitor").used[REPORT] == sha(report)
    assert judged(work) == UNKNOWN
    assert verdict(work)[1].evidence[0].file == str(report)


def test_a_change_that_is_taken_back_is_seen_by_the_step_that_used_it(tmp_path: Path) -> None:
    work = foreign(tmp_path / "w")
    summary, kept = work / "reports" / SUMMARY, tmp_path / "kept"
    editor = Editor(
        "signoff",
        lambda: kept.replace(summary),
        signoff=lambda: (kept.write_bytes(summary.read_bytes()), appending(summary)()),
    )
    record = run(work, observer=editor)
    produced, used = step(record, "pipeline").produced[SUMMARY], step(record, "signoff").used[SUMMARY]
    assert produced != used
    assert record.changed == (
        ChangedFile(file=SUMMARY, step="signoff", before=produced, after=used),
        ChangedFile(file=SUMMARY, step=None, before=used, after=produced),
    )
    assert judged(work) == UNKNOWN


@pytest.mark.parametrize("name", [INPUT, RULES])
def test_a_change_between_the_plan_and_the_step_names_what_was_really_used(tmp_path: Path, name: str) -> None:
    work = foreign(tmp_path / "w")
    planned = sha(work / name)
    edit, reader = appending(work / name), "pipeline" if name == INPUT else "monitor"
    record = run(work, observer=Editor(pipeline=edit) if name == INPUT else Editor(monitor=edit))
    assert record.changed == (ChangedFile(file=name, step=reader, before=planned, after=sha(work / name)),)
    used = record.input_used if name == INPUT else record.rules_used
    assert used == sha(work / name) != planned


def test_a_change_after_the_last_use_is_seen_also_when_the_run_is_cancelled(tmp_path: Path) -> None:
    work, cancel = foreign(tmp_path / "w"), threading.Event()

    def edit() -> None:
        appending(work / RULES)()
        cancel.set()

    record = run(work, observer=Editor("release_check", edit), cancel=cancel)
    assert step(record, "monitor").state == "not_run"
    assert changes(record) == [(RULES, None)]


def test_a_sign_off_that_is_signed_while_the_last_step_runs_is_no_change(tmp_path: Path) -> None:
    work = foreign(tmp_path / "w")
    note = work / "reports" / file_name(TAG, Artifact.PHASE4_SIGNOFF)
    assert run(work, observer=Editor(monitor=appending(note))).changed == ()
    assert judged(work)[0] == "ok"


# Without a change, and afterwards -------------------------------------------------------------------------------


@pytest.mark.parametrize("lay_out", [laid_out, foreign])
def test_a_run_without_a_change_has_none_and_says_what_each_step_used(
    tmp_path: Path, lay_out: Callable[[Path], Path]
) -> None:
    work = lay_out(tmp_path / "w")
    run(work)
    record = run(work)  # over the files of the first
    assert record.changed == ()
    assert judged(work)[0] == "ok"
    produced = {name: sha256 for one in record.steps for name, sha256 in one.produced.items()}
    assert produced == {path.name: sha(path) for path in (work / "reports").glob(f"{TAG}_*")}
    own = {} if lay_out is laid_out else {script_of(work, name).name: sha(script_of(work, name)) for name in STEP_NAMES}
    names = {
        "pipeline": [],
        "release_check": [REPORT, SUMMARY, file_name(TAG, Artifact.REPORT_MD)],
        "quality_check": [REPORT],
        "signoff": [REPORT, SUMMARY, file_name(TAG, Artifact.RELEASE_CHECK), file_name(TAG, Artifact.QUALITY_CHECK)],
        "monitor": [REPORT, file_name(TAG, Artifact.RELEASE_CHECK), file_name(TAG, Artifact.QUALITY_CHECK)],
    }
    sources = {"pipeline": INPUT, "monitor": RULES}
    for name in STEP_NAMES:
        expected = {artifact: produced[artifact] for artifact in names[name]}
        if name in sources:
            expected[sources[name]] = sha(work / sources[name])
        script = script_of(work, name).name
        assert step(record, name).used == expected | {key: own[key] for key in [script] if key in own}


def test_what_a_step_produced_and_the_identity_that_was_seen_belong_together(tmp_path: Path) -> None:
    work = foreign(tmp_path / "w")
    for one in run(work).steps:
        assert one.produced.keys() == one.seen.keys()
        for name, seen in one.seen.items():
            info = (work / "reports" / name).stat()
            assert seen == (info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns)


def test_a_later_run_without_a_change_makes_it_green_again(tmp_path: Path) -> None:
    work = foreign(tmp_path / "w")
    run(work, observer=Editor(monitor=appending(work / RULES)))
    assert judged(work) == UNKNOWN
    run(work, only=find_step("signoff"))
    assert judged(work) == UNKNOWN, "the monitor of the first run still counts"
    run(work, only=find_step("monitor"))
    assert judged(work) == UNKNOWN, "other steps of the first run still count"
    assert run(work).changed == ()
    assert judged(work)[0] == "ok"


def test_a_single_step_is_held_to_the_same(tmp_path: Path) -> None:
    work = foreign(tmp_path / "w")
    run(work)
    record = run(work, only=find_step("monitor"), observer=Editor(monitor=appending(work / RULES)))
    assert changes(record) == [(RULES, "monitor")]
    assert judged(work) == UNKNOWN
    run(work, only=find_step("monitor"))
    assert judged(work)[0] == "ok"


def test_what_a_single_step_does_not_use_may_change(tmp_path: Path) -> None:
    work = foreign(tmp_path / "w")
    run(work)
    record = run(work, only=find_step("quality_check"), observer=Editor(quality_check=appending(work / RULES)))
    assert record.changed == ()


def test_the_journal_notes_the_change_with_the_end_of_the_run(tmp_path: Path) -> None:
    work = foreign(tmp_path / "w")
    record = run(work, observer=Editor(monitor=appending(work / RULES)))
    run(work)
    *_, begun, ended, begun_again, ended_again = read_events(work / "reports")
    assert ended.detail["changed"] == [one.model_dump() for one in record.changed]
    assert all("changed" not in event.detail for event in (begun, begun_again, ended_again))
