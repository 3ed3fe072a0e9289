"""A desk at which the runbook's commands run, and what the tests of this room ask of every command."""

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import phase4_tui.data
from tests.deadline import within

DATA = Path(phase4_tui.data.__file__).parent
PATIENCE_SECONDS = 5.0
Json = dict[str, Any]

RECORD: Json = {
    "underlying": "NIFTY50",
    "timestamp": "2026-02-17T11:45:00+05:30",
    "session_slot": "MIDDAY",
    "underlying_change_pct": 0.41,
    "trend_strength": 0.66,
    "iv_percentile": 58.0,
    "options_bias": "BULLISH",
    "event_name": "NONE",
    "event_window_active": False,
    "current_portfolio_exposure_pct": 21.0,
    "max_portfolio_exposure_pct": 35.0,
}
PHASE3_RECORD: Json = {
    "underlying": "NIFTY50",
    "timestamp": "2026-02-17T09:20:00+05:30",
    "underlying_change_pct": 0.62,
    "trend_strength": 0.71,
    "iv_percentile": 28.0,
    "options_bias": "BULLISH",
    "options_liquidity_ok": True,
    "options_spread_ok": True,
    "daily_realized_pnl_pct": 0.4,
    "event_risk_high": False,
}


class Ran(NamedTuple):
    """What a command left behind besides files."""

    status: int
    out: str
    err: str

    def document(self) -> Json:
        """Return the one JSON object on stdout; nothing else may be there."""
        value, end = json.JSONDecoder().raw_decode(self.out)
        assert self.out[end:] == "\n", "stdout holds more than one JSON object"
        assert isinstance(value, dict)
        return value

    def complaint(self) -> str:
        """Return the one line of stderr of a command that failed; stdout must be empty."""
        assert self.out == ""
        assert self.err.startswith("error: ")
        assert self.err.count("\n") == 1
        assert self.err.endswith("\n")
        assert self.err[:-1].isprintable()
        return self.err


class Desk:
    """A working directory as an operator has it."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root = root
        self.reports = root / "reports"
        self._capsys = capsys
        self.put("sample.json", (DATA / "sample_batch_input.json").read_bytes())
        self.put("sample3.json", (DATA / "phase3_sample_batch_input.json").read_bytes())

    def put(self, name: str, content: object) -> Path:
        """Write a file: bytes and text as they are, anything else as JSON."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            content = content.encode()
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return path

    def load(self, name: str) -> Json:
        """Return the JSON object of a file in reports/."""
        value = json.loads((self.reports / name).read_bytes())
        assert isinstance(value, dict)
        return value

    def change(self, name: str, change: Callable[[Json], object]) -> Path:
        """Change a JSON file of reports/ in place."""
        value = self.load(name)
        change(value)
        return self.put(f"reports/{name}", value)

    def run(self, module: str, *arguments: str | Path) -> Ran:
        """Run a command's `main` in this process."""
        main = importlib.import_module(f"phase4_tui.steps.{module}").main
        self._capsys.readouterr()
        with within(PATIENCE_SECONDS):
            try:
                status = main([str(argument) for argument in arguments])
            except SystemExit as stop:  # argparse
                status = stop.code
        assert isinstance(status, int)
        out, err = self._capsys.readouterr()
        return Ran(status, out, err)

    def spawn(self, module: str, *arguments: str | Path | bytes, **environment: str) -> Ran:
        """Run a command as a child process."""
        done = subprocess.run(
            [sys.executable, "-m", f"phase4_tui.steps.{module}", *arguments],
            cwd=self.root,
            env=os.environ | environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=20,
        )
        return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())

    def files(self) -> dict[str, bytes | None]:
        """Return every path here with its content; None for a directory."""
        found = sorted(self.root.rglob("*"))
        return {str(path.relative_to(self.root)): path.read_bytes() if path.is_file() else None for path in found}

    def freeze(self, tag: str) -> None:
        """Freeze a tag as the steps see it: the directory of its frozen copies exists."""
        (self.reports / ".phase4" / "frozen" / tag).mkdir(parents=True)

    def pipeline(self, tag: str = "a", batch: object = None, module: str = "pipeline_runner") -> Json:
        """Run the pipeline over `batch` (default: the phase's sample) and return the report."""
        name = "sample.json" if module == "pipeline_runner" else "sample3.json"
        path = self.root / name if batch is None else self.put(f"{tag}_batch.json", batch)
        ran = self.run(module, "--input", path, "--tag", tag)
        assert ran.status == 0, ran.err
        return self.load(f"{tag}_report.json")

    def checked(self, tag: str = "a") -> None:
        """Run pipeline and both gates, as the runbook does, with their files in reports/."""
        self.pipeline(tag)
        reports = self.reports
        out = reports / f"{tag}_release_check.json"
        assert self.run("phase4_release_check", "--tag", tag, "--out-json", out).status == 0
        out = reports / f"{tag}_quality_check.json"
        report = reports / f"{tag}_report.json"
        assert self.run("phase4_quality_check", "--report-json", report, "--out-json", out).status == 0


HOSTILE_TAGS = (
    "",
    ".",
    "..",
    "../a",
    "/tmp/a",
    "a/b",
    "a..b",
    ".a",
    "-a",
    "_a",
    "a b",
    "a\n",
    "a\x1b[2J",
    "a\u202eb",
    "é",
    "a" * 65,
    "$(id)",
    "a;b",
)

STEPS = (
    "pipeline_runner",
    "phase4_release_check",
    "phase4_quality_check",
    "phase4_signoff_generator",
    "phase4_monitor_runner",
    "phase3_pipeline_runner",
    "phase3_release_check",
    "phase3_quality_check",
    "phase3_signoff_generator",
)
