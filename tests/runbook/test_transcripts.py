"""What is kept of a step's output: both ends and the size of the gap, whenever we are killed; frames, and odd bytes."""

import io
import os
import random
import re
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from phase4_tui.runbook.children import ChildSpec, run_child
from phase4_tui.runbook.transcripts import OutputLines, StepOutput, find_gap, gap_mark, last_frame, shown_line
from tests.runbook.support import until

LIMIT = 4000
MARK = re.compile(rb"\n\[(\d+) bytes of output are missing here([^\n]*)\]\s*\n")


def parts_of(transcript: bytes) -> tuple[bytes, int, bytes]:
    """Return a cut transcript's beginning, the number of bytes that it says are missing, and its end."""
    head, missing, _, tail = MARK.split(transcript)
    return head, int(missing), tail


def kept_of(*chunks: bytes, limit: int = LIMIT) -> bytes:
    """Return the transcript of a step that wrote these chunks."""
    transcript = io.BytesIO()
    output = StepOutput(transcript, limit, None)
    for chunk in chunks:
        output.add(chunk)
    output.finish()
    return transcript.getvalue()


@pytest.mark.parametrize("size", [0, LIMIT - 1, LIMIT])
def test_a_transcript_is_whole_up_to_the_limit(size: int) -> None:
    assert kept_of(b"y" * size) == b"y" * size


@pytest.mark.parametrize("size", [LIMIT + 1, 3 * LIMIT, 50 * LIMIT])
@pytest.mark.parametrize("chunk", [7, 160, 999, 100_000])
@pytest.mark.parametrize("width", [0, 40])
def test_beyond_the_limit_both_ends_are_kept_and_the_gap_says_how_much_is_missing(
    size: int, chunk: int, width: int
) -> None:
    written = b"".join(b"%06d" % number + (b"\n" if width and number % 7 == 0 else b"") for number in range(size // 6))
    kept = kept_of(*(written[at : at + chunk] for at in range(0, len(written), chunk)))
    if len(written) <= LIMIT:
        assert kept == written
        return
    head, missing, tail = parts_of(kept)
    assert head == written[: LIMIT // 2]
    assert tail == written[len(head) + missing :]
    assert LIMIT // 4 - 50 <= len(tail) <= LIMIT // 2
    found = find_gap(io.BytesIO(kept), LIMIT)
    assert found is not None
    assert (found.at, found.missing) == (len(head), missing)
    assert len(kept) + found.hidden == len(written)


def test_the_end_begins_with_a_whole_line() -> None:
    _, _, tail = parts_of(kept_of(*[b"one line of many\n"] * 9999))
    assert tail.startswith(b"one line")


class _Killed(BaseException):
    pass


class _Mortal(io.BytesIO):
    """A file whose writer is killed at its n-th call, a write perhaps half done.

    A mark is on one page of the file, which the kernel writes wholly or not at all.
    """

    def __init__(self, calls: int) -> None:
        super().__init__()
        self.calls = calls

    def _strike(self) -> None:
        self.calls -= 1
        if self.calls < 0:
            raise _Killed

    def write(self, data: object) -> int:
        assert isinstance(data, bytes)
        if self.calls == 0 and len(data) > len(gap_mark(0)):
            super().write(data[: random.Random(len(data)).randrange(len(data))])
        self._strike()
        return super().write(data)

    def truncate(self, size: int | None = None) -> int:
        self._strike()
        return super().truncate(size)


def killed_everywhere(written: bytes, chunk: int) -> Iterator[tuple[int, bytes]]:
    """Yield how much was given before a kill, and what is then on disk, for a kill at each call."""
    for calls in range(200):
        transcript = _Mortal(calls)
        output, at = StepOutput(transcript, LIMIT, None), 0
        try:
            for at in range(0, len(written), chunk):
                output.add(written[at : at + chunk])
        except _Killed:
            yield at, transcript.getvalue()
        else:
            return
    raise AssertionError("it never got through")


def test_killed_at_any_moment_the_beginning_and_the_end_are_on_disk_and_a_doubtful_gap_is_said_to_be_so() -> None:
    written = b"".join(b"line %05d\n" % number for number in range(2000))
    doubts = 0
    for given, kept in killed_everywhere(written, 500):
        assert kept.startswith(written[: min(given, LIMIT // 2)])
        end = written[:given][-LIMIT // 10 :]
        assert end in kept, "the newest output before the kill is there"
        if given > LIMIT + 500:
            found = MARK.search(kept)
            if found is not None and b"killed" not in found.group(2):
                head, missing, tail = parts_of(kept)
                assert written.startswith(tail, len(head) + missing) or tail.startswith(written[len(head) + missing :])
            else:
                doubts += found is not None
    assert doubts > 5, "kills while it is being cut were tried"


def test_what_a_step_wrote_is_on_disk_while_it_goes_on_without_a_pause(tmp_path: Path) -> None:
    path, cancel = tmp_path / "step.log", threading.Event()
    code = "import os, time\nfor n in range(2000):\n os.write(1, b'%d\\n' % n)\n time.sleep(0.02)"
    with path.open("x+b") as transcript:
        spec = ChildSpec([sys.executable, "-c", code], tmp_path, {"PATH": os.defpath}, "none", 60, 0.5, transcript)
        runner = threading.Thread(target=run_child, args=(spec, cancel))
        runner.start()
        try:
            until(lambda: b"\n9\n" in path.read_bytes())
        finally:
            cancel.set()
            runner.join()


# Frames and bytes ---------------------------------------------------------------------------------------------


def test_a_line_that_is_written_over_is_told_live_and_ends_as_its_last_frame(tmp_path: Path) -> None:
    code = (
        "import os, time\nos.write(1, b'loading\\n')\n"
        "for n in range(10): os.write(1, b'\\r%3d%%|####' % (10 * n)); time.sleep(0.05)\n"
        "os.write(1, b'\\r100%|####\\r\\n'); os.write(1, b'\\rlast\\rwords')"
    )
    frames: list[str] = []
    lines: list[str] = []
    spec = ChildSpec([sys.executable, "-c", code], tmp_path, {"PATH": os.defpath}, "none", 60, 0.5, io.BytesIO())
    result = run_child(spec, threading.Event(), lines.extend, frames.append)
    assert lines == ["loading", "100%|####", "words"]
    assert result.tail == ("loading", "100%|####", "words")
    shown = [frame for frame in frames if "%" in frame]
    assert len(shown) > 1, "it moved while the step ran"
    assert shown == sorted(shown)
    assert frames[-1] == "", "nothing is being written any more"


def test_a_bar_that_runs_for_hours_costs_no_memory_and_is_never_told_as_lines() -> None:
    output = OutputLines()
    for number in range(100_000):
        assert output.add(b"\r%6d of 100000 [####      ]" % number) == []
    assert output.frame == " 99999 of 100000 [####      ]"
    assert output.add(b"\r" + b" " * 40 + b"\r") == []
    assert output.frame == " 99999 of 100000 [####      ]", "erased is not yet replaced"
    assert [last_frame(line) for line in output.add(b"done\n")] == ["done"]


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (b"plain\r\n", "plain"),
        (b"a\rb\rc\n", "c  [the last of 3 frames]"),
        (b"a\r  \r\n", "a"),
        (b"caf\xc3\xa9 \xff\xfe", "café \\xff\\xfe"),
        (b"\x1b[2J\tx", "␛[2J\tx"),
        (b"\xff" * 9, "\\xff" * 9),
        (b"", ""),
    ],
)
def test_a_line_of_a_transcript_ends_as_its_last_frame_with_odd_bytes_as_escapes(written: bytes, shown: str) -> None:
    assert shown_line(written) == shown


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_bytes_are_shown_alike_however_they_are_cut_into_chunks(size: int) -> None:
    written = "café 漢字 \U0001f4c8\n".encode() + b"\xff\xc3\x28 \xe2\x82\n\xf0\x9f\n" + b"end \xe2\x82"
    output = OutputLines()
    lines = [line for at in range(0, len(written), size) for line in output.add(written[at : at + size])]
    assert [*lines, *output.end()] == ["café 漢字 \U0001f4c8", r"\xff\xc3( \xe2\x82", r"\xf0\x9f", r"end \xe2\x82"]
