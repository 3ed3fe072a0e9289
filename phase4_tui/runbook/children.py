"""Starts every child process: its output is read in chunks and capped, and its whole process tree is stopped.

`run_child` blocks its thread and needs no event loop, so a stalled screen stalls no step.
"""

import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Literal

from phase4_tui.runbook.cage.spec import Cage
from phase4_tui.runbook.transcripts import TRANSCRIPT_LIMIT, Frame, Lines, StepOutput

Barrier = Literal["seccomp", "none"]
Ending = Literal["exited", "timed_out", "cancelled", "not_started"]

LAUNCHER = Path(__file__).with_name("cage") / "launcher.py"
CHUNK = 65536
POLL_SECONDS = 0.1
LAUNCHER_SLACK_SECONDS = 8.0


@dataclass(frozen=True)
class ChildSpec:
    """A command and its limits; `env` is the child's whole environment."""

    argv: Sequence[str]
    cwd: Path
    env: Mapping[str, str]
    barrier: Barrier
    timeout_seconds: float
    grace_seconds: float
    transcript: BinaryIO | None = None
    """Open for reading too, and empty."""
    transcript_limit: int = TRANSCRIPT_LIMIT
    held: tuple[int, ...] = ()
    """Descriptors that the launcher keeps open until the tree is down, so that a lock outlives a killed parent."""
    cage: Cage | None = None
    """What else holds the child; where a layer of it is required and refused, the child does not start."""


@dataclass(frozen=True)
class ChildResult:
    """How a child ended: its exit status or its signal, and the last lines that it wrote."""

    ending: Ending
    exit_code: int | None
    signal: int | None
    seconds: float
    tail: tuple[str, ...]
    failure: str = ""
    refused: Mapping[str, str] = field(default_factory=dict)
    """The layers of the cage that the kernel refused, each with its reason."""
    left: int | None = None
    """How many processes were left when it ended; they were ended. None where it did not end by itself."""


def run_child(
    spec: ChildSpec, cancel: threading.Event, on_lines: Lines | None = None, on_frame: Frame | None = None
) -> ChildResult:
    """Run a child until it ends, reaches a limit, or `cancel` is set; no process that it started survives.

    `on_lines` is called in this thread with whole, sanitized lines; `on_frame` with the line that is being written, a
    few times a second, and with "" when there is none.
    """
    started = time.monotonic()
    read_end, write_end = os.pipe()
    request = {
        "argv": list(spec.argv),
        "cwd": str(spec.cwd),
        "env": dict(spec.env),
        "barrier": spec.barrier,
        "grace": spec.grace_seconds,
        "report_fd": write_end,
        "parent": os.getpid(),
        "held": list(spec.held),
        "cage": None if spec.cage is None else spec.cage.as_json(),
    }
    specification = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed below, with the pipe
    json.dump(request, specification)
    specification.seek(0)
    try:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-B", str(LAUNCHER), str(specification.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=(write_end, specification.fileno(), *spec.held),
            start_new_session=True,
            env={"PATH": spec.env.get("PATH", os.defpath)},
        )
    except OSError as error:
        os.close(read_end)
        return ChildResult("not_started", None, None, 0.0, (), str(error))
    finally:
        specification.close()
        os.close(write_end)
    output = StepOutput(spec.transcript, spec.transcript_limit, on_lines, on_frame)
    try:
        ending = _follow(process, output, spec, cancel, started)
    finally:
        _end(process, output, spec.grace_seconds)
        output.finish()
        outcome = _outcome(read_end)
    failure = str(outcome.get("failure", ""))
    exit_code, number, left = outcome.get("exit"), outcome.get("signal"), outcome.get("left")
    refused = outcome.get("refused")
    if not outcome:
        failure = failure or "the launcher ended without a word; its output may say why"
    return ChildResult(
        ending="not_started" if failure and ending == "exited" else ending,
        exit_code=exit_code if isinstance(exit_code, int) else None,
        signal=number if isinstance(number, int) else None,
        seconds=int((time.monotonic() - started) * 1000) / 1000,
        tail=tuple(output.tail),
        failure=failure,
        refused=refused if isinstance(refused, dict) else {},
        left=left if isinstance(left, int) else None,
    )


def _follow(
    process: "subprocess.Popen[bytes]",
    output: StepOutput,
    spec: ChildSpec,
    cancel: threading.Event,
    started: float,
) -> Ending:
    """Collect output until the launcher has ended or the child must be stopped; return why."""
    if process.stdout is None:
        raise RuntimeError("the child's output is not piped")
    deadline = started + spec.timeout_seconds
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while True:
            now = time.monotonic()
            if cancel.is_set():
                return "cancelled"
            if now >= deadline:
                return "timed_out"
            if selector.select(min(POLL_SECONDS, deadline - now)):
                chunk = os.read(process.stdout.fileno(), CHUNK)
                if chunk:
                    output.add(chunk)
                else:  # the launcher holds the pipe too, so it is about to end
                    selector.unregister(process.stdout)
                    with suppress(subprocess.TimeoutExpired):
                        process.wait(POLL_SECONDS)
                        return "exited"
            elif not selector.get_map() and process.poll() is not None:
                return "exited"
            else:
                output.flush()


def _end(process: "subprocess.Popen[bytes]", output: StepOutput, grace_seconds: float) -> None:
    """Stop the launcher, which stops the tree; kill the launcher when that takes too long."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + grace_seconds + LAUNCHER_SLACK_SECONDS
    if process.stdout is not None:
        # Keep reading: the last lines may say why it ended, and no child blocks on a full pipe.
        os.set_blocking(process.stdout.fileno(), False)
        ended = False
        while time.monotonic() < deadline:
            try:
                chunk = os.read(process.stdout.fileno(), CHUNK)
            except BlockingIOError:
                if ended:
                    break
                ended = process.poll() is not None
                time.sleep(0 if ended else POLL_SECONDS / 10)
                continue
            if not chunk:
                break
            output.add(chunk)
        process.stdout.close()
        with suppress(subprocess.TimeoutExpired):
            process.wait(max(0.0, deadline - time.monotonic()))
    if process.poll() is None:
        process.kill()
    process.wait()


def _outcome(read_end: int) -> dict[str, object]:
    with os.fdopen(read_end, "rb") as file:
        os.set_blocking(file.fileno(), False)
        text = file.read() or b""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
