"""Output that fails changes no outcome: a full disk, a reader that has gone, streams that the caller has closed."""

import fcntl
import os
import select
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from phase4_tui.artifacts.names import Artifact
from phase4_tui.cli.app import ACTING, LOOKING
from phase4_tui.cli.operations import commands
from phase4_tui.runbook.provenance import runs_of
from tests.cli.half_way import ASKING, COMPARE, NOT_ASKING, events_of
from tests.cli.in_child import LOOKS, given
from tests.cli.support import DANGEROUS, ENVIRONMENT, FAILED, HEALTHY, REFUSED, UNKNOWN, ask, command
from tests.runbook.documents import Tag
from tests.runbook.support import until

ACTS: list[tuple[list[str], int]] = [
    *(([*words, "--yes"], HEALTHY) for words in ASKING),
    *((words, HEALTHY) for words in NOT_ASKING),
    (["mode", "phase4", "--override", "--reason", "R", "--yes"], HEALTHY),
    (COMPARE, HEALTHY),
    (["incident", "export", "--out", "pm.md"], HEALTHY),
    (["verify", "--repair", "--reason", "R"], FAILED),
    (["init", "elsewhere"], HEALTHY),
    (["step", "1", "--tag", "fresh"], HEALTHY),
    (["rollback", "--to", "good", "--yes"], FAILED),
    (["dash"], REFUSED),
    (["demo"], REFUSED),
]
Lost = Callable[[], AbstractContextManager[int]]
SHOWN_ELSEWHERE = {("watch",), ("run",)}


@contextmanager
def full() -> Iterator[int]:
    """Yield a stdout on a disk that has no room."""
    descriptor = os.open("/dev/full", os.O_WRONLY)
    yield descriptor
    os.close(descriptor)


@contextmanager
def left() -> Iterator[int]:
    """Yield a stdout that is a pipe without a reader."""
    reading, writing = os.pipe()
    os.close(reading)
    yield writing
    os.close(writing)


def named(case: object) -> str:
    return " ".join(case[:2]) if isinstance(case, list) else ""


def test_every_command_is_tried() -> None:
    tried = {tuple(words[:count]) for words, _ in LOOKS + ACTS for count in (1, 2)}
    every = {words for words, _ in commands()} | LOOKING.keys()
    assert every - tried == SHOWN_ELSEWHERE
    acting = {tuple(words[:count]) for words, _ in ACTS for count in (1, 2)} | {("run",)}
    assert ACTING.keys() <= acting


@pytest.mark.parametrize(("arguments", "status"), LOOKS, ids=named)
def test_a_look_ends_with_its_verdict_without_a_reader_and_fails_where_it_cannot_be_written(
    template: Path, arguments: list[str], status: int
) -> None:
    with left() as stdout:
        found, _, told = given(template, arguments, stdout)
    assert found == status
    assert "stdout" not in told
    with full() as stdout:
        found, _, told = given(template, arguments, stdout)
    assert found == (status or FAILED)
    assert "Traceback" not in told
    if status != REFUSED:
        assert told == (
            "error: not all of the output was written to stdout: No space left on device; make room or write it "
            "elsewhere, then ask again\n"
        )


@pytest.mark.parametrize(("arguments", "status"), ACTS, ids=named)
@pytest.mark.parametrize("lost", [left, full], ids=["left", "full"])
def test_what_is_done_is_done_and_its_status_stands_though_nobody_can_be_told(
    half_done: Path, arguments: list[str], status: int, lost: Lost
) -> None:
    before = len(events_of(half_done))
    with lost() as stdout:
        found, _, told = given(half_done, arguments, stdout)
    assert (found, "Traceback" in told) == (status, False)
    assert ("warning: not all of the output" in told) == (lost is full and status != REFUSED)
    if not {"init", "verify", "dash", "demo", "export", "phase4"} & {*arguments}:  # these note nothing
        assert len(events_of(half_done)) > before


@pytest.mark.parametrize("lost", [left, full], ids=["left", "full"])
@pytest.mark.parametrize("form", [[], ["--json"]], ids=["text", "json"])
def test_a_run_goes_on_to_its_end_though_its_log_is_full(theirs: Path, lost: Lost, form: list[str]) -> None:
    with lost() as stdout:
        found, _, told = given(theirs, ["run", *form], stdout)
    assert (found, "Traceback" in told) == (HEALTHY, False)
    (record,) = runs_of(theirs / "reports", "phase4_demo")
    assert {step.state for step in record.steps} == {"passed"}


def in_a_shell(work: Path, redirected: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Give a command to a process of its own, its streams as a shell redirects them."""
    return subprocess.run(
        ["bash", "-c", f'set -o pipefail; "$@" {redirected}', "bash", *map(str, command(*arguments))],
        cwd=work,
        env=ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("redirected", "status"),
    [
        ("| true", UNKNOWN),
        ("2>&1 | true", UNKNOWN),
        (">/dev/full", UNKNOWN),
        (">/dev/full 2>&1", UNKNOWN),
        ("2>/dev/full", UNKNOWN),
        ("<&-", UNKNOWN),
        (">&-", UNKNOWN),
        ("2>&-", UNKNOWN),
        ("<&- >&- 2>&-", UNKNOWN),
    ],
)
def test_the_process_itself_ends_with_the_verdict_and_no_traceback(
    tag: Tag, work: Path, redirected: str, status: int
) -> None:
    tag.remove(Artifact.MONITORING)
    for _ in range(3):
        found = in_a_shell(work, redirected, "status")
        assert found.returncode == status
        assert "Traceback" not in found.stderr
        assert "Exception ignored" not in found.stderr


@pytest.mark.usefixtures("tag")
def test_no_file_gets_the_number_of_a_stream_that_was_closed(work: Path) -> None:
    found = in_a_shell(work, "<&- >&- 2>&-", "freeze", "t1", "--reason", "R", "--yes")
    assert found.returncode == HEALTHY
    assert ask(work, "verify").status == HEALTHY


def test_the_dashboard_without_a_stream_refuses_and_says_what_needs_no_screen(work: Path) -> None:
    for redirected in ("<&-", ">&-", "<&- >&-"):
        found = in_a_shell(work, redirected)
        assert found.returncode == REFUSED
        assert "phase4 status" in found.stderr


def test_rows_end_when_their_reader_has_gone_and_a_watch_too(tag: Tag, work: Path) -> None:
    tag.change(Artifact.REPORT, lambda content: content.update(results=[{"input": {}}] * 20_000))
    found = in_a_shell(work, "| head -n 2", "decisions")
    assert (found.returncode, found.stderr, found.stdout.count("\n")) == (HEALTHY, "", 2)
    assert not DANGEROUS.search(found.stdout)
    found = in_a_shell(work, "| true", "watch", "--read-only")
    assert (found.returncode, found.stderr) == (HEALTHY, "")


def test_a_pipe_that_another_program_made_non_blocking_gets_everything(work: Path) -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    with subprocess.Popen(
        command("docs", "settings"), cwd=work, env=ENVIRONMENT, stdout=writing, stderr=subprocess.PIPE
    ) as process:
        until(lambda: not select.select([], [writing], [], 0)[1])  # it is full before anybody reads
        os.close(writing)
        with open(reading, "rb") as file:  # noqa: PTH123 - a descriptor
            shown = file.read()
        assert process.wait(timeout=30) == HEALTHY
    assert shown.decode() == ask(work, "docs", "settings").out
