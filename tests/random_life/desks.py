"""Working directories that an episode may begin in, and step scripts that misbehave as a file beside them says."""

import random
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from tests.fixtures import unpack_desk
from tests.runbook.documents import Tag
from tests.runbook.support import FOREIGN, foreign, laid_out
from tests.tui.support import bad_tag, older

MOODS_FILE = "moods"
CHAOS = "chaos.py"
LIMITS = "grace_seconds = 0.5\ntimeout_seconds = 8\n"

# A step that does as `moods` says, a word for each step; else what the built-in step does.
CHAOS_CODE = r"""
import os, pathlib, random, signal, subprocess, sys, time
step, module, *flags = sys.argv[1:]
moods = dict(line.split() for line in pathlib.Path("moods").read_text().splitlines())
mood = moods.get(step, "well")
real = [sys.executable, "-P", "-m", "phase4_tui.steps." + module, *flags]
def sleeps_elsewhere():
    if os.fork() == 0:
        os.setsid()
        if os.fork():
            os._exit(0)
        time.sleep(600)
if mood == "slow":
    for part in range(15):
        print(f"{part * 7} % of it", end="\r", flush=True)
        time.sleep(0.1)
elif mood == "hangs":
    print("connecting", flush=True)
    time.sleep(600)
elif mood == "deaf":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(600)
elif mood == "says_goodbye":
    signal.signal(signal.SIGTERM, lambda *_: (print("half of it is undecided", flush=True), os._exit(1)))
    time.sleep(600)
elif mood == "crashes":
    raise KeyError("session_slot")
elif mood == "segfaults":
    os.kill(os.getpid(), signal.SIGSEGV)
elif mood == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
elif mood == "status_3":
    sys.exit(3)
elif mood == "silent":
    sys.exit(0)
elif mood == "leaves_a_daemon":
    sleeps_elsewhere()
elif mood == "many_children":
    for _ in range(30):
        sleeps_elsewhere()
    time.sleep(600)
elif mood == "shell_family":
    subprocess.Popen(["sh", "-c", "trap '' TERM HUP INT; while :; do sleep 1; done"], start_new_session=True)
elif mood == "floods":
    end = time.monotonic() + 1.5
    while time.monotonic() < end:
        os.write(1, b"a line of the flood, which says nothing of interest\n" * 1000)
elif mood == "one_long_line":
    os.write(1, b"x" * 3_000_000)
elif mood == "binary":
    os.write(1, random.Random(1).randbytes(200_000))
elif mood == "closes_its_output":
    os.close(1), os.close(2)
    time.sleep(2)
elif mood == "stops_itself":
    os.kill(os.getpid(), signal.SIGSTOP)
elif mood == "kills_its_parent":
    try:
        os.kill(os.getppid(), signal.SIGKILL)
    except OSError as error:
        print(error, flush=True)
elif mood == "empties_reports":
    for path in pathlib.Path("reports").glob("*_*"):
        path.unlink() if not path.is_dir() else None
os.execv(real[0], real)
"""
MOODS = (
    "slow", "hangs", "deaf", "says_goodbye", "crashes", "segfaults", "killed", "status_3", "silent", "leaves_a_daemon",
    "many_children", "shell_family", "floods", "one_long_line", "binary", "closes_its_output", "stops_itself",
    "kills_its_parent", "empties_reports",
)  # fmt: skip
_STEPS = {
    "pipeline": ("pipeline_runner", ["--input", "{input}", "--outdir", "{outdir}", "--tag", "{tag}"]),
    "release_check": ("phase4_release_check",
                      ["--tag", "{tag}", "--outdir", "{outdir}", "--out-json", "{outdir}/{tag}_release_check.json"]),
    "quality_check": ("phase4_quality_check", ["--report-json", "{outdir}/{tag}_report.json",
                                               "--out-json", "{outdir}/{tag}_quality_check.json"]),
    "signoff": ("phase4_signoff_generator", ["--tag", "{tag}", "--outdir", "{outdir}"]),
    "monitor": ("phase4_monitor_runner", ["--summary-json", "{outdir}/{tag}_summary.json", "--rules", "{rules}",
                                          "--out-json", "{outdir}/{tag}_monitoring.json"]),
}  # fmt: skip
STEPS = tuple(_STEPS)


def _settings() -> str:
    tables = (
        f"[steps.{step}]\nargv = {[sys.executable, CHAOS, step, module, *flags]!r}\n"
        for step, (module, flags) in _STEPS.items()
    )
    return LIMITS + "".join(tables).replace("'", '"')


def put_moods(work: Path, chance: random.Random) -> str:
    """Let about half of the steps misbehave from now on, and say which."""
    moods = {step: chance.choice(MOODS) for step in STEPS if chance.random() < 0.3}
    (work / MOODS_FILE).write_text("".join(f"{step} {mood}\n" for step, mood in moods.items()))
    return ", ".join(f"{step} {mood}" for step, mood in moods.items()) or "all well"


def calm(work: Path) -> None:
    """Let every step behave from now on."""
    (work / MOODS_FILE).write_text("")


def _sample(directory: Path, chance: random.Random) -> Path:
    work = laid_out(directory)
    (work / CHAOS).write_text(CHAOS_CODE)
    (work / "phase4.toml").write_text(_settings())
    put_moods(work, chance)
    for number in range(chance.randrange(3)):
        older(Tag(work / "reports", f"t{number}"), 500 - 100 * number)
    if chance.random() < 0.5:
        bad_tag(work / "reports", "t4")
    return work


def _desk(directory: Path, chance: random.Random) -> Path:
    work = unpack_desk(directory)
    settings = (work / "phase4.toml").read_text().replace("timeout_seconds = 120", LIMITS.replace("\n", "\n", 1), 1)
    (work / "phase4.toml").write_text(settings)
    calm(work)
    return work


def _foreign(directory: Path, chance: random.Random) -> Path:
    work = foreign(directory)
    for script in (FOREIGN / "own").glob("*.py"):
        shutil.copy(script, work)
    (work / "phase4.toml").write_text(LIMITS)
    calm(work)
    if chance.random() < 0.5:
        bad_tag(work / "reports", "t1")
    return work


_LAYOUTS: tuple[tuple[Callable[[Path, random.Random], Path], int], ...] = ((_sample, 6), (_desk, 2), (_foreign, 2))


def lay_out(directory: Path, chance: random.Random) -> tuple[Path, str]:
    """Lay out one of the working directories below `directory`; return it and its kind."""
    layouts, weights = zip(*_LAYOUTS, strict=True)
    (layout,) = chance.choices(layouts, weights)
    return layout(directory, chance), layout.__name__.strip("_")
