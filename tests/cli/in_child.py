"""Commands that look, and a command given in a child of this process: its streams, rights and mounts are its own."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

from phase4_tui.__main__ import main
from tests.cli.support import ENVIRONMENT, FAILED, HEALTHY, REFUSED, UNKNOWN, Answer
from tests.journal.support import ended, forked

LOOKS: list[tuple[list[str], int]] = [
    (["status"], UNKNOWN),
    (["status", "--tag", "good"], HEALTHY),
    (["tags"], HEALTHY),
    (["journal"], HEALTHY),
    (["verify"], FAILED),
    (["audit", "--tag", "good"], HEALTHY),
    (["path", "report_json"], HEALTHY),
    (["decisions", "--tag", "good"], HEALTHY),
    (["trends"], HEALTHY),
    (["runbook"], HEALTHY),
    (["docs", "command_line"], HEALTHY),
    (["transcript", "--tag", "good"], REFUSED),
    (["schema", "input"], HEALTHY),
    (["known-good", "list"], HEALTHY),
    (["mode", "show"], HEALTHY),
    (["incident", "show"], HEALTHY),
    (["incident", "list"], HEALTHY),
    (["incident", "export"], HEALTHY),
    (["root-cause", "list"], HEALTHY),
    (["doctor"], HEALTHY),
    (["freeze", "good", "--reason", "R", "--dry-run"], HEALTHY),
    (["--help"], HEALTHY),
    (["--version"], HEALTHY),
]


def given(
    work: Path, arguments: list[str], stdout: int | None = None, first: Callable[[], object] = lambda: None
) -> Answer:
    """Give a command in a child that does `first` before; its stdout is kept unless it is a descriptor of yours."""
    kept = [work.parent / name for name in ("stdout", "stderr")]

    def act() -> None:
        for number, path in enumerate(kept, 1):
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        if stdout is not None:
            os.dup2(stdout, 1)
        os.environ.clear()
        os.environ.update(ENVIRONMENT, HOME=str(work.parent))
        first()
        os.chdir(work)
        sys.argv = ["phase4", *arguments]
        try:
            main()
        except SystemExit as end:
            sys.stdout.flush()
            os._exit(int(end.code or 0))

    status = ended(forked(act))
    return Answer(status, *(path.read_text() for path in kept))
