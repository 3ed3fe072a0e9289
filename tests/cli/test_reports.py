"""What the screens show at length, on the command line: the runbook, the trends, the decisions."""

import json
import tracemalloc
from pathlib import Path

from phase4_tui.artifacts.names import Artifact
from phase4_tui.runbook.provenance import save_run
from phase4_tui.runbook.runbook_text import runbook_text
from tests.cli.support import ask
from tests.runbook.documents import ALERT, Tag
from tests.tui.view_support import decision, put_report

# Decisions ----------------------------------------------------------------------------------------------------


def test_decisions_prints_each_row_of_the_shown_tags_report(work: Path) -> None:
    Tag(work / "reports", "t1")
    put_report(work / "reports", [decision("BUY_PUT"), decision(gate="EVENT_BLOCK", underlying="GOLD")], "t1")
    head, first, second = ask(work, "decisions").out.splitlines()
    assert head.split()[:3] == ["row", "underlying", "time"]
    assert first.split()[:5] == ["1", "NIFTY50", "2026-02-17T09:20:00+05:30", "OPEN", "BUY_PUT"]
    assert "GOLD" in second
    assert "EVENT_BLOCK" in second


def test_each_decision_stands_with_its_event_and_says_whether_its_window_is_active(work: Path) -> None:
    rows = [decision(event_name=name, event_window_active=active) for name, active in (
        ("RBI", True), ("FED", False), ("NONE", False),
    )]  # fmt: skip
    put_report(work / "reports", [*rows, decision()], "t1")
    head, *lines = ask(work, "decisions", "--tag", "t1").out.splitlines()
    at = head.index("event ")
    assert [line[at : at + 12].strip() for line in lines] == ["RBI active", "FED", "–", "–"]


def test_decisions_are_filtered_and_counted_off_as_asked(work: Path) -> None:
    rows = [decision(action, gate) for gate in ("PASS", "EVENT_BLOCK") for action in ("BUY_PUT", "NO_TRADE")]
    put_report(work / "reports", rows * 3, "t1")
    found = ask(work, "decisions", "--tag", "t1", "--gate", "EVENT_BLOCK", "--action", "NO_TRADE", "--json").out
    assert [json.loads(line)["row"] for line in found.splitlines()] == [4, 8, 12]
    assert json.loads(found.splitlines()[0])["decision"]["policy_tags"]["gate"] == "EVENT_BLOCK"
    assert len(ask(work, "decisions", "--tag", "t1", "--limit", "2").out.splitlines()) == 1 + 2
    answer = ask(work, "decisions", "--tag", "t1", "--gate", "PAS")
    assert (answer.status, answer.out) == (0, "none of 12 rows has gate PAS; there are EVENT_BLOCK, PASS\n")


def test_a_broken_row_is_told_in_its_place_and_a_broken_report_at_its_end(work: Path) -> None:
    path = put_report(work / "reports", [decision(), {"x": 1}, decision()], "t1")
    assert "2 ✘ is no decision: its keys are x" in ask(work, "decisions", "--tag", "t1").out
    documents = [json.loads(line) for line in ask(work, "decisions", "--tag", "t1", "--json").out.splitlines()]
    assert documents[1] == {"row": 2, "broken": "is no decision: its keys are x"}
    path.write_bytes(path.read_bytes()[:-200])
    answer = ask(work, "decisions", "--tag", "t1")
    assert answer.status == 1
    assert answer.err.startswith("error: t1_report.json: ")
    assert answer.out.splitlines()[1].split()[0] == "1"


def test_a_report_that_is_not_there_says_which_command_writes_it(work: Path) -> None:
    assert "phase4 run" in ask(work, "decisions").complaint()
    Tag(work / "reports", "t1").remove(Artifact.REPORT)
    assert "phase4 step 1" in ask(work, "decisions", "--tag", "t1").complaint()


def test_hostile_rows_command_no_terminal(work: Path) -> None:
    put_report(work / "reports", [decision(underlying="\x1b[2J[/x]", timestamp="\x9b1m")], "t1")
    for more in ((), ("--json",)):
        assert not [char for char in ask(work, "decisions", "--tag", "t1", *more).out if char in "\x1b\x9b"]


def test_a_large_report_is_never_held_as_a_whole(work: Path) -> None:
    size = put_report(work / "reports", [decision()] * 100_000, "t1").stat().st_size
    tracemalloc.start()
    assert "none of 100,000 rows" in ask(work, "decisions", "--tag", "t1", "--gate", "X").out
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < size


# Trends -------------------------------------------------------------------------------------------------------


def test_trends_shows_each_tag_against_the_rules_and_marks_what_is_past_them(work: Path) -> None:
    for name, no_trade, age in (("good", 28.57, 50), ("bad", 95.0, 10)):
        tag = Tag(work / "reports", name)
        content = json.loads(tag.path(Artifact.MONITORING).read_bytes())
        kpis = {"no_trade_pct": no_trade, "directional_pct": 71.43}
        tag.put(Artifact.MONITORING, content | {"snapshot": {"kpis": kpis}}, age)
    head, rules, first, second = ask(work, "trends").out.splitlines()
    assert head.split() == ["no_trade", "directional", "event_block", "portfolio_block"]
    assert rules.split()[2:5] == ["at", "most", "70"]
    assert first.split() == ["good", "✔", "28.57", "✔", "71.43", "–", "–"]
    assert second.startswith("bad ")
    assert "✘  95.00" in second
    assert ask(work, "trends", "--last", "1").out.splitlines()[2].startswith("bad ")
    found = ask(work, "trends", "--json").document()
    assert found["rules"]["no_trade_pct"] == {"limit": 70.0, "is": "max"}
    assert [(one["tag"], one["breaches"]) for one in found["tags"]] == [("good", []), ("bad", ["no_trade_pct"])]


def test_trends_says_when_the_rules_are_not_the_operators_and_when_there_is_nothing(work: Path) -> None:
    assert "phase4 run" in ask(work, "trends").out
    Tag(work / "reports", "t1").change(Artifact.MONITORING, lambda found: found.update(snapshot=None))
    (work / "monitoring_rules.json").unlink()
    out = ask(work, "trends").out
    assert "monitoring_rules.json is not there: these are the default rules" in out
    assert "1 without KPIs that can be read" in out


# Runbook ------------------------------------------------------------------------------------------------------


def test_runbook_prints_the_markdown_and_marks_the_section_for_the_present_state(work: Path) -> None:
    lines = ask(work, "runbook").out.splitlines()
    assert lines[0] == "> ▶ now **Health checks**: no incident is open and nothing is being run"
    at = lines.index("## Health checks")
    assert lines[at + 2].startswith("> ▶ now: ")
    assert "\n".join([*lines[2 : at + 1], *lines[at + 3 :]]) == runbook_text().rstrip("\n")


def test_the_marked_section_follows_the_state(work: Path) -> None:
    bad = Tag(work / "reports", "bad")
    bad.change(Artifact.MONITORING, lambda content: content.update(status="ALERT", alerts=[ALERT]))
    assert ask(work, "runbook", "--json").document()["section"] == "Incident classification"
    assert ask(work, "incident", "reclassify", "P1", "--reason", "alert", "--yes").status == 0
    found = ask(work, "runbook", "--json").document()
    assert found["section"].startswith("Rollback")
    assert "is open, P1" in found["why"]
    assert found["markdown"].startswith("# Phase 4 runbook")


# Transcripts --------------------------------------------------------------------------------------------------


def test_transcript_prints_what_the_last_step_wrote_and_commands_no_terminal(work: Path) -> None:
    tag = Tag(work / "reports", "t1")
    assert "phase4 run --tag t1" in ask(work, "transcript", "--tag", "t1").complaint()
    run = tag.ran(pipeline="crashed", monitor="not_run")
    log = work / "a.log"
    log.write_bytes(b"loading\r\n\x1b[2J\xff no newline")
    steps = (
        run.steps[0].model_copy(update={"transcript": str(log)}),
        run.steps[1].model_copy(update={"transcript": None}),
    )
    save_run(work / "reports", run.model_copy(update={"steps": steps}))
    assert ask(work, "transcript", "--tag", "t1").out == "loading\n␛[2J\\xff no newline\n"
    assert ask(work, "transcript", "--tag", "t1", "--json").document()["transcript"] == str(log)
