"""Step scripts as operators have them on a bad day; each takes the runbook's flags as it likes."""

CRASHES = """
import sys
print("reading", sys.argv[2])
def load():
    raise KeyError("session_slot")
load()
"""

HANGS = """
import os, time
print("connecting", flush=True)
with open("pids", "a") as file:
    file.write(f"{os.getpid()}\\n")
time.sleep(90)
"""

SAYS_GOODBYE = (
    "import signal, sys\n"
    "def goodbye(*_):\n    print('half of the batch is not decided', flush=True)\n    sys.exit(1)\n"
    "signal.signal(signal.SIGTERM, goodbye)\n" + HANGS
)

DEAF = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + HANGS

# Hangs until someone makes the file `go`; the same script, so that its definition does not change.
WAITS = """
import os, runpy, time
with open("pids", "a") as file:
    file.write(f"{os.getpid()}\\n")
end = time.monotonic() + 90
while not os.path.exists("go") and time.monotonic() < end:
    time.sleep(0.02)
runpy.run_path("original.py", run_name="__main__")
"""

SILENT = 'print(\'{"report": "written"}\')'

KILLED = "import os, signal\nprint('about to allocate', flush=True)\nos.kill(os.getpid(), signal.SIGKILL)"

HOSTILE_WORDS = (
    "import sys\nsys.stdout.buffer.write(b'\\x1b]52;c;RVZJTA==\\x07 \\xc2\\x9b2J \\xe2\\x80\\xae [b]boom[/nope]\\n')\n"
    "sys.exit(1)"
)

WRITES_ANOTHER_TAG = """
import runpy, sys
sys.argv[sys.argv.index("--tag") + 1] = "yesterday"
runpy.run_path("original.py", run_name="__main__")
"""

# The files have the right names, and say inside that they are another tag's.
NAMES_ANOTHER_TAG = """
import runpy, sys
runpy.run_path("original.py", run_name="__main__")
for suffix in ("_report.json", "_summary.json"):
    path = "reports/phase4_demo" + suffix
    with open(path) as file:
        text = file.read()
    with open(path, "w") as file:
        file.write(text.replace('"run_tag": "phase4_demo"', '"run_tag": "yesterday"'))
"""

HALF_WRITTEN = """
import runpy
runpy.run_path("original.py", run_name="__main__")
with open("reports/phase4_demo_summary.json", "r+") as file:
    file.truncate(40)
"""

HALF_A_REPORT = """
import os, runpy
runpy.run_path("original.py", run_name="__main__")
path = "reports/phase4_demo_report.json"
os.truncate(path, os.path.getsize(path) // 2)
"""


def gate(passed: object, status: int, *, write: bool = True) -> str:
    """Return a quality check that says `passed` in its file and ends with `status`."""
    check = {"passed": passed, "checks": {"event_policy": {"passed": passed, "issues": []}}}
    return f"""
import json, sys
if {write}:
    with open(sys.argv[sys.argv.index("--out-json") + 1], "w") as file:
        json.dump({check!r}, file)
sys.exit({status})
"""
