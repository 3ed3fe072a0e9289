"""An event in one line: who did what, from what to what, and why; an operation is told once, and safe to show."""

from pathlib import Path
from typing import Any

import pytest

from phase4_tui.journal.actor import Actor
from phase4_tui.journal.event_text import LINE_CHARS, describe, words_of
from phase4_tui.journal.incident import short_id
from phase4_tui.journal.log import Draft
from phase4_tui.journal.writer import record

RUN = {"run": "r1", "phase": 4, "rehearsal": False, "state": "finished"}
FORMER = {"incident": {"former": [{"tag": "t0", "class": "P2"}]}}
ALERT = {"file": "t1_monitoring.json", "key": "alerts.event_block_pct", "value": 100.0}
BREACHED = {"incident": {"evidence": [ALERT | {"breach": {"threshold": 50.0, "severity": "HIGH"}}]}}
ALL = {"pipeline": "passed", "quality_check": "passed"}


def line(reports: Path, kind: str, detail: dict[str, Any]) -> str | None:
    """Put an event on record, but for its changes, and return its line."""
    event, _ = record(reports, Actor("ada", "desk"), Draft(kind, "t1", "inc-1", {}))
    return describe(
        type(event)(**{**{name: getattr(event, name) for name in event.__struct_fields__}, "detail": detail})
    )


@pytest.mark.parametrize(
    ("kind", "detail", "words"),
    [
        ("freeze", {"outcome": "done", "reason": "evidence"}, "freeze t1: evidence"),
        ("freeze", {"outcome": "failed", "error": "no room", "reason": "r"}, "freeze t1 failed: no room"),
        ("mode", {"outcome": "done", "reason": "stop", "changes": {"evaluation_mode": "phase3_only"}},
         "mode Phase 3 only: stop"),
        ("switch", {"outcome": "done", "from": "t0", "to": "t1", "quarantined": ["t0"], "reason": "r"},
         "switch to t1 from t0, quarantined t0: r"),
        ("reclassify", {"outcome": "done", "from": "P1", "to": "P0", "reason": "r"}, "reclassify t1 from P1 to P0: r"),
        ("escalate", {"outcome": "done", "owner": "risk", "note": "look"}, "escalate t1 to risk: look"),
        ("acknowledge", {"outcome": "done", "owner": "risk"}, "risk has taken the call"),
        ("root_cause", {"outcome": "done", "entry": {"cause": "a late feed"}}, "root cause of t1: a late feed"),
        ("compare", {"outcome": "done", "bad": "t0", "verdict": "recovered"}, "compare t0 with t1: recovered"),
        ("reopen", {"outcome": "done", "override": [{}], "reason": "r"}, "reopen Phase 4 on t1, by override: r"),
        ("run", RUN | {"state": "running", "rehearsal": True}, "rehearsal of t1 began"),
        ("run", RUN | {"steps": ALL}, "run of t1 ended: every step passed"),
        ("run", RUN | {"steps": ALL | {"pipeline": "crashed", "monitor": "not_run"}},
         "run of t1 ended: pipeline crashed"),
        ("run", RUN | {"steps": ALL, "changed": [{"file": "rules.json"}, {"file": "in.json"}, {"file": "rules.json"}]},
         "run of t1 ended: rules.json changed during the run, in.json changed during the run"),
        ("run", RUN | {"phase": 3, "state": "interrupted", "steps": ALL | {"signoff": "cancelled"}},
         "Phase 3 run of t1 was interrupted: sign-off cancelled"),
        ("incident", {"class": "P1", "rule": "monitoring_alert_high"},
         "incident inc-1 opened: P1 monitoring alert high of t1"),
        ("incident", {"class": "P1", "rule": "monitoring_alert_high", "changes": BREACHED},
         "incident inc-1 opened: P1 monitoring alert high of t1: event_block 100 > 50 HIGH"),
        ("raised", {"class": "P0", "rule": "step_broken", "changes": FORMER},
         "incident inc-1 raised to P0 step broken of t1; it was P2 of t0"),
        ("lease", {"from": "tom@desk (pid 1, since 3)", "alive": True, "reason": "at lunch"},
         "took the rollback over from tom@desk, who led it: at lunch"),
        ("lease", {"from": "tom@desk", "alive": False, "reason": None},
         "took the rollback over from tom@desk, whose process had ended"),
        ("pin", {"outcome": "done"}, "pin t1"),
    ],
)  # fmt: skip
def test_each_kind_says_what_changed_and_why(tmp_path: Path, kind: str, detail: dict[str, Any], words: str) -> None:
    assert line(tmp_path / "reports", kind, detail) == f"ada@desk: {words}"


def test_an_operation_that_was_only_begun_is_not_told_for_its_result_is(tmp_path: Path) -> None:
    assert line(tmp_path / "reports", "freeze", {"outcome": "intent", "reason": "r"}) is None


def test_a_line_is_one_line_of_bounded_length_whatever_others_wrote(tmp_path: Path) -> None:
    found = line(tmp_path / "reports", "freeze", {"outcome": "done", "reason": "\x1b[2J\n" * 1000})
    assert found is not None
    assert found.isprintable()
    assert len(found) < LINE_CHARS + 50


def test_what_was_only_begun_is_worded_as_it_was_planned(tmp_path: Path) -> None:
    detail = {"outcome": "intent", "plan": ["switch to good", "quarantines t1"], "reason": "rollback"}
    event, _ = record(tmp_path / "reports", Actor("ada", "desk"), Draft("switch", "t1", "inc-1", detail))
    assert words_of(event) == "switch to good: rollback"


def test_an_incident_has_a_short_name_without_its_day() -> None:
    assert short_id("inc-20260217T034500-123") == "inc-034500"
    assert short_id("inc-of-others") == "inc-of-others"
