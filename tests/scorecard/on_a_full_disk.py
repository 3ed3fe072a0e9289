"""On a disk that is really full, a small one in memory: needs a mount of our own, so only the scorecard tries it."""

import subprocess
import sys
from pathlib import Path

from tests.figures import Figures
from tests.rollback.hostile import place
from tests.runbook.documents import Tag

ROOT = Path(__file__).parents[2]
SIZES = 9
FILL = """
import os, shutil, subprocess, sys
from pathlib import Path
small, template, left = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
shutil.copytree(template, small / "w", symlinks=True)
free = os.statvfs(small).f_bavail * os.statvfs(small).f_bsize
with open(small / "filling", "wb") as file:
    file.write(b"x" * max(free - left, 0))
code = "from phase4_tui.__main__ import main; main()"
freeze = [sys.executable, "-c", code, "-C", str(small / "w"), "freeze", "t1", "--reason", "why", "--yes"]
full = subprocess.run(freeze, capture_output=True, text=True)
print(full.returncode, full.stderr.count("\\n"), full.stderr.startswith("error: "), "No space" in full.stderr)
journal = small / "w" / "reports" / ".phase4" / "journal.jsonl"
print(journal.read_bytes().count(b'"done"') if journal.exists() else 0)
os.unlink(small / "filling")
print(subprocess.run(freeze, capture_output=True).returncode)
print(subprocess.run([*freeze[:5], "verify"], capture_output=True).returncode)
"""


def test_a_freeze_on_a_disk_that_is_really_full_is_refused_and_leaves_the_state(
    tmp_path: Path, figures: Figures
) -> None:
    work = place(tmp_path)
    Tag(work / "reports", "t1")
    refused = 0
    for number, left in enumerate(range(0, SIZES * 8 << 10, 8 << 10)):
        small = tmp_path / f"small{number}"
        small.mkdir()
        script = 'mount -t tmpfs -o size=256k tmpfs "$1" && exec "$0" -c "$2" "$1" "$3" "$4"'
        argv = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, sys.executable]
        done = subprocess.run(
            [*argv, str(small), FILL, str(work), str(left)], cwd=ROOT, capture_output=True, text=True, timeout=120
        )
        told, on_record, again, verified = done.stdout.splitlines()
        assert (told, on_record) in (("1 1 True True", "0"), ("0 0 False False", "1")), (left, done.stdout)
        assert (again, verified) == ("0", "0"), (left, done.stdout)
        refused += told[0] == "1"
    assert 0 < refused < SIZES, "with no room it is refused, with enough it is done"
    figures.total("{:,} freezes refused for lack of room", refused)
