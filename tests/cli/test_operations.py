"""Every operation: `--dry-run` changes nothing, nobody is overrun without a terminal, all is on record."""

import hashlib
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from tests.cli.half_way import ASKING, COMPARE, NOT_ASKING, REASON, events_of
from tests.cli.support import DANGEROUS, FAILED, HEALTHY, P1, P2, REFUSED, UNKNOWN, ask, listing
from tests.cli.terminal import operator

EVENT = {"seq", "at", "operator", "host", "kind", "tag", "incident", "detail", "prev", "hash"}


@pytest.fixture
def work(half_done: Path) -> Path:
    """An incident half-way."""
    return half_done


def name_of(arguments: list[str]) -> str:
    return " ".join(arguments[:2])


def check_chain(events: list[dict[str, Any]]) -> None:
    """Prove the chain from the printed document alone, with other means than the program's."""
    before = "0" * 64
    for number, event in enumerate(events, 1):
        assert set(event) == EVENT
        assert (event["seq"], event["prev"]) == (number, before)
        body = {name: value for name, value in event.items() if name != "hash"}
        text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        before = hashlib.sha256(text.encode()).hexdigest()
        assert event["hash"] == before


@pytest.mark.parametrize("operation", [*ASKING, *NOT_ASKING, COMPARE, ["run"], ["step", "1"]], ids=name_of)
def test_a_dry_run_tells_the_plan_and_changes_nothing_on_disk(work: Path, operation: list[str]) -> None:
    before = listing(work)
    answer = ask(work, *operation, "--dry-run")
    assert (answer.status, answer.err) == (HEALTHY, "")
    assert len(answer.out.splitlines()) >= 2
    found = ask(work, *operation, "--dry-run", "--json").document()
    assert found["plan"]
    assert all(isinstance(line, str) for line in found["plan"])
    assert listing(work) == before


@pytest.mark.parametrize("operation", ASKING, ids=name_of)
def test_an_operation_that_asks_is_refused_where_nobody_can_be_asked(work: Path, operation: list[str]) -> None:
    before = listing(work)
    for flags in ([], ["--json"]):
        answer = ask(work, *operation, *flags)
        assert answer.status == REFUSED
        assert "--yes" in answer.err
        assert not flags or answer.out == ""
    assert listing(work) == before


@pytest.mark.parametrize("operation", [*ASKING, *NOT_ASKING], ids=name_of)
def test_an_operation_prints_one_document_and_is_on_record(work: Path, operation: list[str]) -> None:
    before = events_of(work)
    answer = ask(work, *operation, "--yes", "--json")
    assert (answer.status, answer.err) == (HEALTHY, "")
    found = answer.document()
    assert set(found) == {"done", "revision", "event"}
    assert found["done"]
    events = events_of(work)
    check_chain(events)
    intent, done = events[len(before) :]
    assert (intent["detail"]["outcome"], done["detail"]["outcome"]) == ("intent", "done")
    assert (done["seq"], done["operator"]) == (found["event"], "ada")
    assert done["detail"].get("reason", REASON[1]) == REASON[1]
    kinds = [problem["kind"] for problem in ask(work, "verify", "--json").document()["problems"]]
    assert kinds == ([] if operation[0] in ("restore", "thaw") else ["changed"]), "only what was tampered with before"


@pytest.mark.parametrize(
    ("operation", "words"),
    [
        (["freeze", "never-run", *REASON], "no such tag"),
        (["freeze", "good", "--reason", " "], "reason"),
        (["thaw", "good", *REASON], "not frozen"),
        (["restore", "good"], "not frozen"),
        (["known-good", "switch", "bad", *REASON], "bad"),
        (["known-good", "pin", "never-run"], "no such tag"),
        (["mode", "phase4", *REASON], "reopen"),
        (["mode", "phase3-only", "--reason", ""], "reason"),
        (["incident", "reclassify", "P2", *REASON, "--tag", "never-run"], "no such tag"),
        (["incident", "show", "inc-none"], "no incident"),
        (["incident", "export", "inc-none"], "no incident"),
        (["root-cause", "add", "--cause", " ", "--remediation", "r", "--owner", "risk"], "cause"),
        ([*NOT_ASKING[2], "--incident", "x"], "no incident"),
        (["escalate"], "--owner"),
        (["escalate", "ack", "--owner", "product"], "waits"),
        (["compare", "bad", "never-run"], "no such tag"),
        (["compare", "bad", "new", "--rtol", "nan"], "finite"),
        (["compare", "bad", "new", "--atol=-1"], "finite"),
        (["reopen", "--tag", "new"], "unmet"),
        (["reopen", "--tag", "new", "--override"], "reason"),
        (["run", "--tag", "bad"], "frozen"),
        (["journal", "--since", "yesterday"], "UTC"),
    ],
)  # fmt: skip
def test_a_refusal_is_one_line_and_no_document_and_nothing_is_done(
    work: Path, operation: list[str], words: str
) -> None:
    before = listing(work)
    answer = ask(work, *operation, "--yes", "--json")
    assert answer.status == REFUSED
    assert words in answer.complaint()
    assert listing(work) == before


def test_on_a_terminal_under_json_the_question_does_not_touch_the_document(work: Path) -> None:
    path = work.parent / "out"
    with operator(work, "freeze", "good", *REASON, "--json", out=path) as ada:
        ada.says("Do it?", "y")
        assert ada.status() == HEALTHY
        assert "copies" in ada.shown, "the plan is shown beside the question"
    assert json.loads(path.read_text())["done"]
    with operator(work, "known-good", "switch", "good", *REASON, "--json", out=path) as ada:
        ada.says("Do it?", "n")
        assert ada.status() == FAILED
    assert json.loads(path.read_text()) == {"done": [], "revision": 5, "event": None}


def test_an_operation_given_twice_says_that_it_is_done_already(work: Path) -> None:
    for operation in (["freeze", "good", *REASON], ["mode", "phase3-only", *REASON], ["known-good", "pin", "new"]):
        assert ask(work, *operation, "--yes").status == HEALTHY
        before = len(events_of(work))
        again = ask(work, *operation, "--yes")
        assert (again.status, "already" in again.out) == (HEALTHY, True)
        assert len(events_of(work)) == before


def test_a_reclassified_incident_has_its_class_everywhere(work: Path) -> None:
    assert ask(work, "status", "--tag", "bad").status == UNKNOWN, "it was tampered with"
    assert ask(work, "restore", "bad", "--yes").status == HEALTHY
    assert ask(work, "status", "--tag", "bad").status == P1
    assert ask(work, "incident", "reclassify", "P2", *REASON, "--yes").status == HEALTHY
    assert ask(work, "status", "--tag", "bad").status == P2
    status = ask(work, "status", "--tag", "bad", "--json").document()
    assert (status["classification"]["class"], status["incident"]["class"]) == ("P2", "P2")
    assert {row["tag"]: row["class"] for row in ask(work, "tags", "--json").document()["tags"]}["bad"] == "P2"
    assert ask(work, "incident", "show", "--json").document()["class"] == "P2"
    assert ask(work, "rollback", "--json").document()["incident"]["class"] == "P2"
    assert ": P2 " in ask(work, "incident", "export").out.splitlines()[0]
    assert "P2" in ask(work, "incident", "list").out


def test_an_override_is_said_for_ever_after(work: Path) -> None:
    assert "overridden" not in ask(work, "status").out.lower()
    assert ask(work, "reopen", "--tag", "new", "--override", *REASON, "--yes").status == HEALTHY
    assert ask(work, "mode", "phase3-only", *REASON, "--yes").status == HEALTHY
    assert "re-run complete" in ask(work, "status", "--tag", "new").out
    assert "overridden" in ask(work, "mode", "show").out
    (line,) = ask(work, "mode", "show", "--json").document()["overrides"]
    assert "reopened on new although unmet" in line
    assert "overridden" in ask(work, "incident", "export").out


def test_a_call_is_made_taken_and_told(work: Path) -> None:
    assert ask(work, "escalate", "ack", "--owner", "risk", "--operator", "rita").status == HEALTHY
    shown = ask(work, "incident", "show").out
    assert "escalated to risk" in shown
    assert re.search(r"acknowledged \d\d:\d\d:\d\d UTC", shown)
    assert "rita" in ask(work, "journal").out
    assert ask(work, "escalate", "ack", "--owner", "risk").status == REFUSED


HOSTILE = "\x1b]52;c;RVZJTA==\x07\x1b[2J\n# heading | `code`\r\u202e[x](y)<b>"


def test_hostile_and_endless_words_of_an_operator_are_shown_safely_and_kept_whole_enough(work: Path) -> None:
    long = HOSTILE + "🔥" * 100_000
    flags = ["--yes", "--operator", HOSTILE]
    for operation in (
        ["freeze", "good", "--reason", long],
        ["mode", "phase3-only", "--reason", long],
        ["root-cause", "add", "--cause", long, "--remediation", HOSTILE, "--owner", "risk", "--closure", long],
        ["escalate", "--owner", "product", "--note", long],
        ["escalate", "ack", "--owner", "product"],
        ["incident", "reclassify", "P0", "--reason", long],
        ["restore", "bad"],
        ["known-good", "switch", "good", "--reason", long],
        ["rollback", "--take-over", long],
        ["reopen", "--tag", "new", "--override", "--reason", long],
    ):
        answer = ask(work, *operation, *flags)
        assert answer.status in (HEALTHY, FAILED), (operation[0], answer.err[:300])
        assert not DANGEROUS.search(answer.out + answer.err), operation[:2]
    for look in (
        ["journal"],
        ["root-cause", "list"],
        ["incident", "show"],
        ["incident", "list"],
        ["status"],
        ["tags"],
        ["known-good", "list"],
        ["mode", "show"],
        ["verify"],
        ["incident", "export"],
        ["journal", "--json"],
        ["incident", "export", "--json"],
    ):
        answer = ask(work, *look)
        assert not DANGEROUS.search(answer.out + answer.err), look
        assert "\n# heading" not in answer.out, look
    assert ask(work, "verify").status == HEALTHY
    check_chain(events_of(work))
    assert {event["operator"].count("\x1b") for event in events_of(work)} == {0}


def test_a_post_mortem_is_written_where_it_harms_nothing(work: Path) -> None:
    before = listing(work)
    harmful = ["reports/good_report.json", "reports/ACTIVE.json", "reports/.phase4/journal.jsonl"]
    harmful += ["reports/bad_report.md", "reports/../reports/.phase4/frozen/bad/manifest.json"]
    for place in harmful:
        answer = ask(work, "incident", "export", "--out", place)
        assert (answer.status, answer.out) == (REFUSED, ""), place
    assert ask(work, "incident", "export", "--out", "pm.md", "--dry-run").out == "writes pm.md\n"
    assert listing(work) == before
    assert ask(work, "incident", "export", "--out", "pm.md").status == HEALTHY
    assert (work / "pm.md").read_text() == ask(work, "incident", "export").out
    os.mkfifo(work / "fifo")
    assert ask(work, "incident", "export", "--out", ".").status == FAILED
