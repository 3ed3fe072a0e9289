"""What the tests of the command line share: the command in this process or as its own, and what it may print."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

from typer.main import get_command
from typer.testing import CliRunner

from phase4_tui.cli.app import app

Json = dict[str, Any]
HERE = Path(__file__).parent
ENVIRONMENT = {
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.defpath}",
    "PHASE4_PYTHON": sys.executable,
    "PHASE4_OPERATOR": "ada",
    "PHASE4_GRACE_SECONDS": "0.5",
    "LANG": "C.UTF-8",
}
COMMAND = get_command(app)
HEALTHY, FAILED, REFUSED, P0, P1, P2, WARNING, UNKNOWN = 0, 1, 2, 10, 11, 12, 13, 14
# Everything that commands a terminal or misleads a reader; newline and tab are layout.
DANGEROUS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff\U000e0000-\U000e007f]"
)


def parse(line: str) -> None:
    """Let the real command line parse a command; raises what it raises for one that it does not take."""
    program, *words = shlex.split(line)
    assert program == "phase4"
    words = ["risk" if word == "O" else word for word in words]
    command: Any = COMMAND
    context = command.make_context("phase4", words)
    while hasattr(command, "resolve_command") and (rest := [*context._protected_args, *context.args]):
        name, found, rest = command.resolve_command(context, rest)
        command, context = found, found.make_context(name, rest, parent=context)


class Answer(NamedTuple):
    """What a command answered."""

    status: int
    out: str
    err: str

    def document(self) -> Any:
        """Return the one JSON document on stdout."""
        return json.loads(self.out)

    def complaint(self) -> str:
        """Return the one line that a refused or failed command wrote."""
        assert self.out == ""
        assert self.err.startswith("error: ")
        assert self.err.count("\n") == 1
        return self.err


def ask(workdir: Path | str, *arguments: str, **environment: str) -> Answer:
    """Give a command in this process; the process's own environment is not seen."""
    clean = dict.fromkeys((name for name in os.environ if name not in ENVIRONMENT), None)
    runner = CliRunner(env={**clean, **ENVIRONMENT, **environment})
    with patch("typer.testing._get_command", return_value=COMMAND):  # made once: it takes longer than most commands
        result = runner.invoke(app, ["-C", str(workdir), *arguments], prog_name="phase4")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Answer(result.exit_code, result.stdout, result.stderr)


def start(
    workdir: Path,
    *arguments: str | bytes,
    stdout: int = subprocess.PIPE,
    environment: Mapping[str, str] | None = None,
) -> subprocess.Popen[str]:
    """Start the command as a process of its own."""
    return subprocess.Popen(
        command(*arguments),
        cwd=workdir,
        env={**ENVIRONMENT, "TMPDIR": str(workdir.parent), **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        errors="surrogateescape",
    )


def command(*arguments: str | bytes) -> Sequence[str | bytes]:
    """Return the command line of `phase4` with these arguments."""
    return [sys.executable, "-m", "phase4_tui", *arguments]


def call(workdir: Path, *arguments: str | bytes, **environment: str) -> Answer:
    """Give a command to a process of its own and wait for its answer."""
    with start(workdir, *arguments, environment=environment) as process:
        out, err = process.communicate(timeout=60)
    return Answer(process.returncode, out, err)


@contextmanager
def started(workdir: Path, *arguments: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """Start the command; it is killed at the latest when the block ends."""
    with start(workdir, *arguments, environment=environment) as process:
        try:
            yield process
        finally:
            process.kill()


def listing(directory: Path) -> dict[str, tuple[bytes | None, int]]:
    """Return every path below `directory` with its content and its time of change; no content for a directory."""
    found = {}
    for path in sorted(directory.rglob("*")):
        content = path.read_bytes() if path.is_file() else None
        found[str(path.relative_to(directory))] = (content, path.stat().st_mtime_ns if path.is_file() else 0)
    return found
