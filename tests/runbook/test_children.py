"""What a child writes and how it ends: in chunks, capped, safe to show, and never believed to be more than it is."""

import io
import os
import shutil
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from phase4_tui.runbook.children import Barrier, ChildResult, ChildSpec, run_child
from phase4_tui.runbook.transcripts import LINE_LIMIT, TAIL_LINES, TRANSCRIPT_LIMIT
from tests.runbook.test_transcripts import parts_of

MIB = 1 << 20
LINE = b"x" * 99 + b"\n"
FLOOD = "import os\nblock = {line!r} * 10486\nfor _ in range({blocks}): os.write(1, block)\n"
PAGE = os.sysconf("SC_PAGE_SIZE")


def child(
    code: str | list[str],
    cwd: Path,
    *,
    env: dict[str, str] | None = None,
    transcript: io.BytesIO | io.BufferedWriter | None = None,
    limit: int = TRANSCRIPT_LIMIT,
    lines: list[str] | None = None,
    barrier: Barrier = "none",
    timeout: float = 30,
) -> ChildResult:
    """Run Python code, or a command line, as a child."""
    argv = [sys.executable, "-I", "-S", "-c", code] if isinstance(code, str) else code
    spec = ChildSpec(argv, cwd, env or {"PATH": os.defpath}, barrier, timeout, 0.5, transcript, limit)
    return run_child(spec, threading.Event(), None if lines is None else lines.extend)


def memory() -> int:
    """Return the bytes of memory that this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


@pytest.mark.parametrize(("line", "blocks"), [(LINE, 128), (LINE[:-1], 32)], ids=["lines", "one line"])
def test_a_flood_neither_fills_memory_nor_disk_and_its_transcript_keeps_both_ends_and_counts_what_is_missing(
    tmp_path: Path, line: bytes, blocks: int
) -> None:
    path, peak, seen, largest = tmp_path / "step.log", 0, 0, 0

    def watch(lines: list[str]) -> None:
        nonlocal peak, seen, largest
        peak, seen, largest = max(peak, memory()), seen + len(lines), max(largest, path.stat().st_size)

    with path.open("w+b") as transcript:
        argv = [sys.executable, "-I", "-S", "-c", FLOOD.format(line=line, blocks=blocks)]
        spec = ChildSpec(argv, tmp_path, {}, "none", 60, 0.5, transcript)
        before = memory()
        result = run_child(spec, threading.Event(), watch)
    assert result.exit_code == 0
    assert seen == blocks * 10486 or not line.endswith(b"\n")
    assert peak - before < 20 * MIB
    assert TRANSCRIPT_LIMIT * 3 / 4 <= max(path.stat().st_size, largest) < TRANSCRIPT_LIMIT + MIB
    head, missing, tail = parts_of(path.read_bytes())
    assert len(head) + missing + len(tail) == blocks * len(line) * 10486
    assert (head[:100], tail[-100:]) == ((line * 2)[:100], (line * 2)[-100:])


def test_the_transcript_of_a_quiet_step_is_what_it_wrote_byte_by_byte(tmp_path: Path) -> None:
    transcript = io.BytesIO()
    child("import os; os.write(1, b'out\\r\\n\\xff\\x1b[2J'); os.write(2, b'err')", tmp_path, transcript=transcript)
    assert transcript.getvalue() == b"out\r\n\xff\x1b[2Jerr"


def test_a_line_of_a_megabyte_is_shown_cut_and_hides_nothing_after_it(tmp_path: Path) -> None:
    lines: list[str] = []
    result = child("print('z' * (1 << 20)); print('after')", tmp_path, lines=lines)
    assert result.exit_code == 0
    assert lines[0].startswith("zzz")
    assert lines[-1] == "after"
    assert max(map(len, lines)) < LINE_LIMIT + 100


def test_output_without_a_newline_is_shown_once_the_step_is_over(tmp_path: Path) -> None:
    lines: list[str] = []
    result = child("print('first'); print('last words', end='')", tmp_path, lines=lines)
    assert lines == ["first", "last words"]
    assert result.tail == ("first", "last words")


def test_only_the_last_lines_are_kept_for_the_verdict(tmp_path: Path) -> None:
    result = child("[print(number) for number in range(1000)]", tmp_path)
    assert result.tail == tuple(str(number) for number in range(1000 - TAIL_LINES, 1000))


def test_bytes_that_are_no_text_and_terminal_codes_are_shown_as_what_they_are(tmp_path: Path) -> None:
    lines: list[str] = []
    code = r"import os; os.write(1, b'\xff\xfe ok\n' + '\x1b]52;c;RVZJTA==\x07 \u202e \x9b2J'.encode() + b'\n')"
    child(code, tmp_path, lines=lines)
    assert lines[0] == r"\xff\xfe ok"
    assert "RVZJTA==" in lines[1]
    assert lines[1].isprintable()


def test_a_character_cut_by_the_end_of_a_chunk_is_put_together_again(tmp_path: Path) -> None:
    seen = tmp_path / "first half seen"

    class Transcript(io.BytesIO):
        def write(self, data: object) -> int:
            assert isinstance(data, bytes)
            if data.endswith(b"\xc3"):
                seen.touch()
            return super().write(data)

    code = (
        "import os, time\nos.write(1, b'caf\\xc3')\n"
        f"while not os.path.exists({str(seen)!r}): time.sleep(0.01)\n"
        "os.write(1, b'\\xa9\\n')"
    )
    lines: list[str] = []
    child(code, tmp_path, lines=lines, transcript=Transcript())
    assert seen.exists()
    assert lines == ["café"]


def test_a_character_that_never_ends_is_shown_as_a_byte(tmp_path: Path) -> None:
    lines: list[str] = []
    child("import os; os.write(1, b'caf\\xc3')", tmp_path, lines=lines)
    assert lines == [r"caf\xc3"]


@pytest.mark.parametrize("status", [0, 1, 2, 255])
def test_the_exit_status_is_that_of_the_step(tmp_path: Path, status: int) -> None:
    result = child(f"raise SystemExit({status})", tmp_path)
    assert (result.ending, result.exit_code, result.signal) == ("exited", status, None)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM, signal.SIGPIPE])
def test_a_step_ended_by_a_signal_has_no_exit_status(tmp_path: Path, number: signal.Signals) -> None:
    code = f"import os, signal; signal.signal({number}, 0) if {number} != 9 else 0; os.kill(os.getpid(), {number})"
    result = child(code, tmp_path)
    assert (result.ending, result.exit_code, result.signal) == ("exited", None, number)


@pytest.mark.parametrize("barrier", ["none", "seccomp"])
def test_what_can_not_be_started_is_told_from_what_failed(tmp_path: Path, barrier: Barrier) -> None:
    script = tmp_path / "not executable"
    script.write_text("#!/bin/sh\n")
    for argv in (["no-such-program"], [str(script)], [str(tmp_path)]):
        result = child(argv, tmp_path, barrier=barrier)
        assert (result.ending, result.signal) == ("not_started", None)
        assert argv[0] in result.failure


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    result = child(["true"], tmp_path / "gone")
    assert result.ending == "not_started"
    assert "gone" in result.failure


def test_a_child_finds_an_empty_stdin_whatever_we_have(tmp_path: Path) -> None:
    read, write = os.pipe()
    os.write(write, b"keys typed by the operator\n")
    os.close(write)
    ours = os.dup(0)
    os.dup2(read, 0)
    try:
        result = child("import sys; print(repr(sys.stdin.read()))", tmp_path)
    finally:
        os.dup2(ours, 0)
        os.close(ours)
    assert result.tail == ("''",)
    assert os.read(read, 99) == b"keys typed by the operator\n"
    os.close(read)


def test_a_child_gets_exactly_the_environment_that_was_given(tmp_path: Path) -> None:
    env = {"PATH": os.defpath, "GREETING": "à bientôt", "EMPTY": "", "LINES": "two\tparts"}
    shown = child(["env"], tmp_path, env=env).tail
    assert sorted(shown) == sorted(f"{name}={value}".replace("\t", "␉") for name, value in env.items())


def test_what_stands_between_us_and_the_child_has_none_of_our_secrets_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A child may read the environment of its parent.
    monkeypatch.setenv("BROKER_TOKEN", "hunter2")
    code = "import os; print(open(f'/proc/{os.getppid()}/environ').read())"
    result = child(code, tmp_path)
    assert result.exit_code == 0
    assert "hunter2" not in "".join(result.tail)


def test_a_child_inherits_no_descriptor_and_no_signal_setting(tmp_path: Path) -> None:
    with (tmp_path / "secret").open("wb") as file:
        os.set_inheritable(file.fileno(), True)
        code = "import os; print(*sorted(map(int, os.listdir('/proc/self/fd'))))"
        argv = [sys.executable, "-I", "-S", "-c", code]
        spec = ChildSpec(argv, tmp_path, {}, "seccomp", 30, 0.5, held=(file.fileno(),))
        listed = run_child(spec, threading.Event())
    assert listed.tail[0].split()[:3] == ["0", "1", "2"]
    assert len(listed.tail[0].split()) == 4, "0, 1, 2, and the one that lists them"
    status = child(["grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"], tmp_path)
    settings = [int(line[-16:], 16) for line in status.tail]
    # The C library's own two signals: posix_spawn, by which Python 3.13 starts a test worker, ignores them for good.
    assert [setting & ~(0b11 << 31) for setting in settings] == [0, 0]


def test_a_child_may_still_use_pipes_and_children_of_its_own_behind_the_barrier(tmp_path: Path) -> None:
    code = """
import asyncio, socket, sys
left, right = socket.socketpair()
async def main():
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", "print(6 * 7)", stdout=-1)
    print((await process.communicate())[0].decode().strip())
asyncio.run(main())
"""
    result = child(code, tmp_path, barrier="seccomp")
    assert (result.exit_code, result.tail) == (0, ("42",))


def test_seconds_are_those_that_the_child_took(tmp_path: Path) -> None:
    started = time.monotonic()
    result = child("import time; time.sleep(0.3)", tmp_path)
    assert 0.3 <= result.seconds <= time.monotonic() - started + 0.001  # it is rounded to milliseconds


def test_an_observer_that_fails_leaves_no_child_behind(tmp_path: Path) -> None:
    def fail(lines: list[str]) -> None:
        raise BrokenPipeError(lines[0])

    argv = [shutil.which("sh") or "sh", "-c", "echo $$; sleep 60"]
    spec = ChildSpec(argv, tmp_path, {"PATH": os.defpath}, "none", 60, 0.5)
    with pytest.raises(BrokenPipeError) as caught:
        run_child(spec, threading.Event(), fail)
    assert not Path(f"/proc/{caught.value}").exists()
