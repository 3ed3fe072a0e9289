"""The desk that is soaked: its runs and its incidents, given by several operators as they give them by command."""

import json
from pathlib import Path

from tests.cli.support import HEALTHY, P1, ask
from tests.fixtures.make_desk import CAUSE, CLOSURE, RECORDS, REMEDIATION

GOOD, BAD, CORRECTED = "good.json", "bad.json", "corrected.json"


class Desk:
    """A working directory where operators take turns."""

    def __init__(self, work: Path, operators: int) -> None:
        self.work = work
        self.operators = [f"operator_{number}" for number in range(1, operators + 1)]
        self.runs = self.incidents = self._given = 0
        self._good = ""
        work.mkdir()
        self.give("init")
        contents = {
            GOOD: RECORDS,
            BAD: [record | {"options_bias": "NEUTRAL"} for record in RECORDS],
            CORRECTED: [record | {"iv_percentile": record["iv_percentile"] * 0.99} for record in RECORDS],
        }
        for name, content in contents.items():
            (work / name).write_text(json.dumps(content))

    def give(self, *words: str, ends: int = HEALTHY) -> None:
        """Give a command as the next operator; raises AssertionError when it ends otherwise than it should."""
        self._given += 1
        operator = self.operators[self._given % len(self.operators)]
        answer = ask(self.work, *words, "--operator", operator)
        assert answer.status == ends, (
            f"{words} ended with {answer.status}, not {ends}: {answer.err}{answer.out[-2000:]}"
        )

    def runs_well(self) -> None:
        """Run the sequence on an input without findings."""
        self.runs += 1
        self._good = f"run_{self.runs:05d}"
        self.give("run", "--tag", self._good, "--input", GOOD)

    def incident_begins(self) -> str:
        """Run on an input whose figures alarm; return the tag, for which an incident is open now."""
        self.incidents += 1
        self.runs += 1
        tag = f"bad_{self.incidents:04d}"
        self.give("run", "--tag", tag, "--input", BAD, ends=P1)
        return tag

    def incident_ends(self, tag: str, *, is_frozen: bool = False) -> None:
        """Walk the whole way back: frozen, switched, explained, rehearsed on a corrected input, compared, reopened."""
        if not is_frozen:
            self.give("freeze", tag, "--reason", "evidence of the incident", "--yes")
        self.give("known-good", "switch", self._good, "--reason", "the last good figures", "--yes")
        self.give("mode", "phase3-only", "--reason", "until the feed is repaired", "--yes")
        cause = ("--cause", CAUSE, "--remediation", REMEDIATION, "--owner", "risk", "--closure", CLOSURE)
        self.give("root-cause", "add", *cause)
        self.runs += 1
        self.give("run", "--rehearsal", "--tag", f"{tag}_rerun", "--input", CORRECTED)
        self.give("compare", tag, f"{tag}_rerun", "--known-good", self._good)
        self.give("reopen", "--tag", f"{tag}_rerun", "--accept-changed-input", "--yes")
