"""Runs of small batches through the program's own sequence, its steps called in this process: honest records, fast.

Only the child process is replaced: what it would write is written by the same step's `main`. A step may crash before
or after it wrote, be cancelled, or take the whole process with it, and an engine may break the policy.
"""

import contextlib
import importlib
import io
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, NoReturn
from unittest import mock

from phase4_tui.artifacts.names import ArtifactNames
from phase4_tui.errors import Refused
from phase4_tui.runbook import sequence
from phase4_tui.runbook.children import ChildResult, ChildSpec
from phase4_tui.runbook.isolation import Proof
from phase4_tui.runbook.run_closing import close_interrupted
from phase4_tui.runbook.run_plan import Request, plan_run
from phase4_tui.runbook.sequence import Observer, run_plan
from phase4_tui.runbook.settings import load_settings
from phase4_tui.runbook.site import Site
from phase4_tui.runbook.steps import find_step

Json = dict[str, Any]
Trouble = Literal["", "crash", "crash after it wrote", "cancel", "kill", "kill after it wrote", "edit before it"]
TROUBLES: tuple[Trouble, ...] = (
    "crash",
    "crash after it wrote",
    "cancel",
    "kill",
    "kill after it wrote",
    "edit before it",
)
STEPS = ("pipeline", "release_check", "quality_check", "signoff", "monitor")
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "PHASE4_OPERATOR": "maria"}
PROOF = Proof(barrier="seccomp", proven=True, ways={}, reached=0, detail="")


class Killed(BaseException):
    """The process that runs the sequence dies here."""


def _record(bias: str, change: float, event: str = "NONE", exposure: float = 5.0) -> Json:
    return {
        "underlying": "NIFTY50",
        "timestamp": "2026-02-17T09:20:00+05:30",
        "session_slot": "MIDDAY",
        "underlying_change_pct": change,
        "trend_strength": 0.7,
        "iv_percentile": 28.0,
        "options_bias": bias,
        "event_name": event,
        "event_window_active": event != "NONE",
        "current_portfolio_exposure_pct": exposure,
        "max_portfolio_exposure_pct": 35.0,
    }


CALL, PUT, FLAT = _record("BULLISH", 0.5), _record("BEARISH", -0.5), _record("NEUTRAL", 0.0)
EVENT, FULL = _record("BULLISH", 0.5, event="rbi"), _record("BULLISH", 0.5, exposure=40.0)
BATCHES: dict[str, list[Json]] = {
    "good": [CALL, PUT, CALL, PUT, FLAT],
    "good, the other way": [PUT, CALL, PUT, PUT, FLAT],
    "good, with blocks": [CALL, EVENT, CALL, PUT, FULL],
    "good and short": [CALL, PUT],
    "mostly flat": [CALL, FLAT, FLAT, FLAT, FLAT],
    "all flat": [FLAT, FLAT, FLAT, FLAT, FLAT],
    "mostly events": [EVENT, EVENT, EVENT, CALL, PUT],
    "mostly full": [FULL, FULL, CALL, CALL, PUT],
}


def _breaks_the_policy(report: Json) -> None:
    """Trade where a block is due, or else score past the scale."""
    blocked = [row for row in report["results"] if row["decision"]["policy_tags"]["gate"] != "PASS"]
    for row in blocked:
        row["decision"].update(action="BUY_CALL")
        row["decision"]["policy_tags"].update(gate="PASS")
    if not blocked:
        report["results"][0]["decision"].update(confidence_score=120.0)


def _drops_a_row(report: Json) -> None:
    """Count records that it has not decided."""
    del report["results"][-1]


ENGINES: dict[str, Callable[[Json], None] | None] = {
    "ours": None,
    "breaks the policy": _breaks_the_policy,
    "drops a row": _drops_a_row,
}


def _counted(report: Json) -> None:
    """Count the rows anew, as an engine does that is wrong in nothing else."""
    rows, summary = report["results"], report["summary"]
    for action in summary["action_counts"]:
        summary["action_counts"][action] = sum(row["decision"]["action"] == action for row in rows)
    for name in ("event_block", "portfolio_block"):
        count = sum(row["decision"]["policy_tags"]["gate"] == name.upper() for row in rows)
        summary[f"{name}_count"], summary[f"{name}_pct"] = count, round(count / summary["total_records"] * 100, 2)


class Children:
    """What stands in for the child processes of one run; `troubles` are those of its steps."""

    def __init__(self, engine: str, troubles: Mapping[str, Trouble], edit: Callable[[], None]) -> None:
        self._engine = ENGINES[engine]
        self._troubles = troubles
        self._edit = edit
        self.killed = False

    def run(self, spec: ChildSpec, cancel: threading.Event, watch: object = None) -> ChildResult:
        """Do what the child would do."""
        name = spec.argv[spec.argv.index("-m") + 1]
        arguments = list(spec.argv[spec.argv.index("-m") + 2 :])
        step = find_step(name.rpartition(".")[2]).name
        trouble = self._troubles.get(step, "")
        if trouble == "kill":
            self._die()
        if trouble == "crash":
            return ChildResult("exited", 1, None, 0.0, ("it crashed",))
        if trouble == "cancel":
            return ChildResult("cancelled", None, 15, 0.0, ())
        if trouble == "edit before it":
            self._edit()
        with contextlib.chdir(spec.cwd), _quiet():
            status = importlib.import_module(name).main(arguments)
            if step == "pipeline" and self._engine is not None:
                self._spoil(arguments)
        if trouble == "kill after it wrote":
            self._die()
        return ChildResult("exited", 1 if trouble else status, None, 0.0, ("it crashed",))

    def _die(self) -> NoReturn:
        self.killed = True
        raise Killed

    def _spoil(self, arguments: list[str]) -> None:
        assert self._engine is not None
        values = dict(zip(arguments[::2], arguments[1::2], strict=True))
        begin = f"{values['--outdir']}/{values['--tag']}"
        report = json.loads(Path(f"{begin}_report.json").read_bytes())
        self._engine(report)
        _counted(report)
        Path(f"{begin}_report.json").write_text(json.dumps(report))
        Path(f"{begin}_summary.json").write_text(json.dumps({"run_tag": values["--tag"], **report["summary"]}))


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    out = io.TextIOWrapper(io.BytesIO())
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        yield


def site_at(work: Path) -> Site:
    """Return the place of operations."""
    return Site(work, load_settings(work, ENVIRONMENT, {}), ENVIRONMENT)


def run_in(
    work: Path,
    tag: str,
    batch: str,
    *,
    engine: str = "ours",
    only: str | None = None,
    troubles: Mapping[str, Trouble] | None = None,
    edit: Callable[[], None] = lambda: None,
) -> bool:
    """Run a sequence or one step on a batch; False when it was refused."""
    settings = load_settings(work, ENVIRONMENT, {})
    (work / "batch.json").write_text(json.dumps(BATCHES[batch]))
    request = Request(tag=tag, input="batch.json", only=find_step(only) if only else None)
    children = Children(engine, troubles or {}, edit)

    def close(reports: Path, why: str, artifacts: ArtifactNames) -> None:
        if not children.killed:  # the dead close nothing
            close_interrupted(reports, why, artifacts)

    try:
        plan = plan_run(settings, work, ENVIRONMENT, request)
        with mock.patch.multiple(
            sequence, run_child=children.run, close_interrupted=close, _barrier=lambda *_: ("none", PROOF)
        ):
            run_plan(plan, settings, ENVIRONMENT, Observer(), threading.Event())
    except Refused:
        return False
    except Killed:
        return True
    return True
