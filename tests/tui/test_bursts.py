"""Very many files, and one after the other: the screen is soon right, and no key waits."""

import asyncio
import json
import sys
import time
from pathlib import Path

from phase4_tui.artifacts.names import Artifact, file_name
from phase4_tui.runbook.status import read_tags
from tests.counts import tries
from tests.figures import Figures
from tests.runbook.documents import Tag, contents, site_at
from tests.terminal import Terminal
from tests.tui.lag import measured
from tests.tui.support import lay_out, until
from tests.tui.view_support import dashboard

FILES = tries(1000, 20_000)
AFTER_SECONDS = tries(10.0, 2.0)
LAG_SECONDS = 0.2
SAMPLES = tries(10, 200)
LATENCY_SECONDS = tries(1.5, 0.25)
BURST = """
import json, sys
from pathlib import Path
reports, count, texts = Path(sys.argv[1]), int(sys.argv[2]), json.loads(sys.stdin.read())
for number in range(count):
    for suffix, text in texts.items():
        new = reports / ".new"
        new.write_text(text.replace("TAG", f"t{number:05}"))
        new.replace(reports / f"t{number:05}{suffix}")
"""


async def test_after_a_burst_of_files_the_screen_is_right_and_was_never_held_up(
    tmp_path: Path, figures: Figures
) -> None:
    reports, made = lay_out(tmp_path), contents("TAG")
    texts = {kind: text if isinstance(text, str) else json.dumps(text) for kind, text in made.items()}
    count = FILES // len(texts)
    async with dashboard(tmp_path) as (app, pilot), measured() as lag:
        writer = await asyncio.create_subprocess_exec(
            sys.executable, "-c", BURST, str(reports), str(count), stdin=asyncio.subprocess.PIPE
        )
        await writer.communicate(json.dumps(texts).encode())
        assert writer.returncode == 0
        ended = time.monotonic()
        await until(pilot, lambda: app.snapshot and app.snapshot.tags == len(app.snapshot.rows) == count + 2, 60)
        seconds = time.monotonic() - ended
        assert app.snapshot is not None
        shown, worst = app.snapshot.rows, lag.worst
        assert list(shown) == await asyncio.to_thread(read_tags, site_at(reports))
    figures.total("{:,} files", count * len(texts))
    figures.worst("right {:.1f} s after the last", seconds)
    figures.worst("keys held up for {:.0f} ms at most", worst * 1000)
    assert seconds < AFTER_SECONDS
    assert worst < LAG_SECONDS


def test_what_is_written_is_soon_on_the_terminal(tmp_path: Path, figures: Figures) -> None:
    Tag(tmp_path / "reports", "t1")
    path = tmp_path / "reports" / file_name("t1", Artifact.RELEASE_CHECK)
    good = path.read_bytes()
    bad = json.dumps(json.loads(good) | {"passed": False}).encode()
    times = []
    with Terminal([sys.executable, "-m", "phase4_tui", "--read-only"], tmp_path) as terminal:
        terminal.wait_for("passed")
        terminal.read(2)
        for number in range(SAMPLES):
            new = path.with_name("new")
            new.write_bytes(good if number % 2 else bad)
            since = len(terminal.output)
            new.replace(path)
            times.append(terminal.wait_for("passed" if number % 2 else "✘ FAILED", since=since))
            terminal.read(0.25)
    p95 = sorted(times)[max(round(len(times) * 0.95) - 1, 0)]
    figures.total("{:,} samples", len(times))
    figures.worst("p95 {:.0f} ms", p95 * 1000)
    assert p95 < LATENCY_SECONDS
