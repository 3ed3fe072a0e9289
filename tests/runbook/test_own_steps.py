"""The desk's own steps: after the five, behind the same barrier, on record and resumed like them."""

import json
from pathlib import Path
from typing import Any

import pytest

from phase4_tui.errors import Refused
from phase4_tui.runbook.audit import audit
from phase4_tui.runbook.provenance import runs_of
from phase4_tui.runbook.status import read_tags
from phase4_tui.runbook.steps import find_step, steps_of
from phase4_tui.runbook.tag_runs import latest_steps
from tests.runbook.documents import all_ok
from tests.runbook.own_desk import CHECK, FILE, NOTE_CHECK, SHADOW, STEP, own_desk, site_at
from tests.runbook.support import STEP_NAMES, TAG, fed, run, states, step, verdict

ALL = [*STEP_NAMES, "shadow_duration", "desk_note"]
WRITES = """import json, sys
out = sys.argv[sys.argv.index("--out-json") + 1]
json.dump({document}, open(out, "w"))
sys.exit({status})
"""
SAYS_NOTHING = "import sys\nsys.exit({status})\n"
CRASHES = 'raise RuntimeError("the shadow book is not there")\n'


def writes(document: object, status: int = 0) -> str:
    """Return a script that writes a document and ends with that status."""
    return WRITES.format(document=document, status=status)


def alone(work: Path, name: str = "shadow_duration", **request: Any) -> tuple[str, str | None]:
    """Run one own step on a report that is there; return its state and its error."""
    only = find_step(name, steps_of(4, site_at(work).settings))
    found = step(run(fed(work), only=only, **request), only.name)
    return found.state, found.error


def test_a_sequence_runs_them_after_the_five_and_they_are_on_record_like_the_five(tmp_path: Path) -> None:
    work = own_desk(tmp_path / "w")
    record = run(work)
    assert states(record) == dict.fromkeys(ALL, "passed")
    assert list(step(record, "shadow_duration").produced) == [f"{TAG}{FILE}"]
    assert step(record, "desk_note").origin == "settings"
    health, classification = verdict(work)
    own = {name: check.state for name, check in list(health.checks.items())[4:]}
    assert own == {"shadow_duration": "passed", "desk_note": "present", "shadow_minutes": "passed"}
    assert (classification.level, classification.rule) == ("ok", "healthy")
    assert set(latest_steps(site_at(work), TAG)) == set(ALL)


def test_a_rehearsal_runs_them_and_phase_3_does_not(tmp_path: Path) -> None:
    work = own_desk(tmp_path / "w", STEP + CHECK)
    rehearsed = run(work, rehearsal=True, tag="again")
    assert states(rehearsed)["shadow_duration"] == "passed"
    assert list(states(run(work, phase=3))) == STEP_NAMES[:4]
    health, classification = verdict(work, "phase3_demo")
    assert list(health.checks) == ["release_check", "quality_check", "monitoring", "signoff"]
    assert classification.level == "ok"
    assert [entry.name for entry in audit(site_at(work), "phase3_demo")][-1] == "phase3_demo_phase3_signoff.md"
    with pytest.raises(Refused, match="4 signoff"):
        find_step("shadow_duration", steps_of(3, site_at(work).settings))


def test_a_gate_that_fails_does_not_stop_the_sequence_and_its_check_says_how_bad_it_is(tmp_path: Path) -> None:
    document = {"passed": False, "issues": ["record 3: 40 minutes", "record 9: 50 minutes"]}
    work = own_desk(tmp_path / "w", shadow_duration_check=writes(document, 2))
    record = run(work)
    assert (step(record, "shadow_duration").state, step(record, "desk_note").state) == ("failed_gate", "passed")
    health, classification = verdict(work)
    check = health["shadow_duration"]
    assert (check.state, check.expected, check.found) == ("failed", "passed=true", "passed=false")
    assert check.issues == tuple(document["issues"])  # type: ignore[arg-type]  # a list of texts
    assert (classification.severity_class, classification.rule) == ("P1", "own_check_shadow_duration")
    assert (classification.owner, classification.exit_status) == ("product", 11)
    assert [(Path(one.file).name, one.key, one.value) for one in classification.evidence] == [
        (f"{TAG}{FILE}", "passed", False),
        (f"{TAG}{FILE}", "issues", "record 3: 40 minutes"),
        (f"{TAG}{FILE}", "issues", "record 9: 50 minutes"),
    ]


def test_a_step_that_crashes_stops_the_sequence_and_the_tag_is_not_healthy(tmp_path: Path) -> None:
    work = own_desk(tmp_path / "w", shadow_duration_check=CRASHES)
    record = run(work)
    assert states(record) == dict.fromkeys(STEP_NAMES, "passed") | {
        "shadow_duration": "crashed",
        "desk_note": "not_run",
    }
    assert "RuntimeError: the shadow book is not there" in (step(record, "shadow_duration").error or "")
    health, classification = verdict(work)
    assert (health["shadow_duration"].state, all_ok(health)) == ("absent", False)
    assert (classification.severity_class, classification.rule) == ("P2", "step_broken")
    assert classification.evidence[0].key == "steps.shadow_duration"
    (row,) = read_tags(site_at(work))
    assert (row.known_good, row.first_failed_rung) == (False, "gates passed")


def test_a_run_that_broke_in_an_own_step_is_resumed_there_unless_its_script_changed(tmp_path: Path) -> None:
    waits = "import os, sys\nsys.exit(0 if not os.path.exists('go') else 1)\n"
    work = own_desk(tmp_path / "w", desk_note=waits)
    assert states(run(work))["desk_note"] == "crashed"
    (work / "desk_note.py").write_text("# another\n" + waits)
    with pytest.raises(Refused, match="the definition of the steps"):
        run(work, resume=True)
    (work / "desk_note.py").write_text(waits)
    resumed = run(work, resume=True)
    assert [one.name for one in resumed.steps if one.transcript and resumed.run_id in one.transcript] == ["desk_note"]
    assert len(list(runs_of(work / "reports", TAG))) == 2


def test_what_the_run_itself_wrote_is_no_part_of_what_a_step_is(tmp_path: Path) -> None:
    named = STEP.replace("{outdir}/{tag}_report.json", f"reports/{TAG}_report.json")
    work = own_desk(tmp_path / "w", named, shadow_duration_check=CRASHES)
    assert states(run(work))["shadow_duration"] == "crashed"  # the report that its command line names is there now
    assert states(run(work, resume=True))["shadow_duration"] == "crashed"


NO_GATE = NOTE_CHECK.replace("_desk_note.md", FILE)
OTHER_NAME = CHECK.replace('name = "shadow_duration"', 'name = "shadow"')
KEYLESS = "\n".join(line for line in CHECK.split("\n") if not line.startswith(("key", "expected", "issues")))
ENDINGS: dict[str, tuple[str, str, str, str]] = {
    "all is well": (STEP + CHECK, writes({"passed": True}), "passed", ""),
    "a gate that failed": (STEP + CHECK, writes({"passed": False}, 2), "failed_gate", ""),
    "a failed gate that says so in its file alone": (
        STEP + CHECK, writes({"passed": False}), "failed_gate", "exit status 0, but its check says passed=false",
    ),
    "a failed gate whose file says that it passed": (
        STEP + CHECK, writes({"passed": True}, 2), "crashed", "exit status 2, but its check says passed=true",
    ),
    "a failed gate whose file says nothing": (STEP + CHECK, writes({"gate": 1}, 2), "failed_gate", ""),
    "exit status 1": (STEP + CHECK, writes({"passed": False}, 1), "crashed", "exit status 1"),
    "2 without a check": (STEP, writes({"passed": False}, 2), "crashed", "exit status 2"),
    "2 with a check of another name": (STEP + OTHER_NAME, writes({"passed": False}, 2), "crashed", "exit status 2"),
    "2 with a check of another file": (
        STEP + CHECK.replace(FILE, "_other.json"), writes({"passed": False}, 2), "crashed", "exit status 2",
    ),
    "2 with a check that only looks whether it is there": (STEP + KEYLESS, writes({}, 2), "crashed", "exit status 2"),
    "no file": (STEP + CHECK, SAYS_NOTHING.format(status=0), "crashed", f"{TAG}{FILE} was not written"),
    "2 and no file": (STEP + CHECK, SAYS_NOTHING.format(status=2), "crashed", "was not written"),
    "half a file": (
        STEP + CHECK, "import sys\nopen(sys.argv[-1], 'w').write('{')\n", "crashed", "is not JSON at line 1",
    ),
    "no program": (STEP.replace("shadow_duration_check.py", "no.py"), "", "crashed", "No such file"),
}  # fmt: skip


@pytest.mark.parametrize(("settings", "script", "state", "words"), ENDINGS.values(), ids=ENDINGS)
def test_how_an_own_step_ends(tmp_path: Path, settings: str, script: str, state: str, words: str) -> None:
    work = own_desk(tmp_path / "w", settings, shadow_duration_check=script)
    found, error = alone(work)
    assert found == state
    assert words in (error or "")
    assert (error is None) == (not words)


def test_a_file_left_from_another_run_is_not_what_a_step_wrote(tmp_path: Path) -> None:
    work = own_desk(tmp_path / "w", STEP + CHECK, shadow_duration_check=SAYS_NOTHING.format(status=0))
    (work / "reports" / f"{TAG}{FILE}").write_text(json.dumps(SHADOW))
    assert alone(work) == (
        "crashed",
        f"exit status 0, but {TAG}{FILE} was not written anew: it is older than the step's start",
    )


def test_a_step_has_the_time_that_its_table_gives_it(tmp_path: Path) -> None:
    settings = f"{STEP}[steps.shadow_duration]\ntimeout_seconds = 0.3\n"
    work = own_desk(tmp_path / "w", settings, shadow_duration_check="import time\ntime.sleep(60)\n")
    assert alone(work) == ("timed_out", "took longer than 0.3 s and was stopped")


def test_a_step_has_no_network_either(tmp_path: Path) -> None:
    code = 'import socket\nsocket.create_connection(("127.0.0.1", 9))\n'
    work = own_desk(tmp_path / "w", STEP, shadow_duration_check=code)
    state, error = alone(work)
    assert state == "crashed"
    assert "PermissionError" in (error or "")
