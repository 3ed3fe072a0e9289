"""Where the kernel refuses a layer of the cage, a run goes on without it and says what is therefore open."""

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from phase4_tui.runbook.cage.spec import Cage
from phase4_tui.runbook.children import ChildSpec, run_child
from tests.runbook.as_users import HELD_OFF
from tests.runbook.support import laid_out

RUN = """
import json, sys
from pathlib import Path
from tests.runbook.support import run
record = run(Path(sys.argv[1]))
print(json.dumps([record.isolation.model_dump(mode="json"), [step.state for step in record.steps]]))
"""


def where_refused(limit: str, work: Path) -> tuple[dict[str, object], list[str]]:
    """Run the sequence in a user namespace that may have no more namespaces of a kind; return proof and states."""
    setting = f"echo 0 > /proc/sys/user/max_{limit}_namespaces"
    argv = ["unshare", "-Ur", "sh", "-c", f'{setting}; exec "$@"', "sh", sys.executable, "-c", RUN, str(work)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr
    proof, states = json.loads(done.stdout.splitlines()[-1])
    return proof, states


@pytest.mark.parametrize(
    ("limit", "fails", "stands"),
    [
        ("mnt", {"processes", "places", "state", "locks", "limits"}, {"network", "devices", "rights", "keys"}),
        ("pid", {"processes", "limits"}, {"network", "places", "devices", "state", "locks", "rights", "keys"}),
    ],
)
def test_what_the_kernel_refuses_is_on_record_with_what_is_open_and_the_run_goes_on(
    tmp_path: Path, limit: str, fails: set[str], stands: set[str]
) -> None:
    if not HELD_OFF:
        return
    laid_out(tmp_path)
    proof, states = where_refused(limit, tmp_path)
    guards = {guard["name"]: guard for guard in proof["guards"]}  # type: ignore[attr-defined]
    assert {name for name, guard in guards.items() if not guard["holds"]} == fails
    assert {name for name, guard in guards.items() if guard["holds"]} == stands
    assert all(guards[name]["open"] and guards[name]["refused"] for name in fails)
    assert "not wholly held" in str(proof["detail"])
    assert states == ["passed"] * 5


def test_a_layer_that_was_proven_and_can_not_be_put_up_any_more_stops_the_step(tmp_path: Path) -> None:
    gone = Cage(layers=("read-only mounts", "read-only state"), sealed=(tmp_path / "gone",))
    result = run_child(ChildSpec(["true"], tmp_path, {}, "seccomp", 30, 0.5, cage=gone), threading.Event())
    assert result.ending == "not_started"
    assert "what was proven to hold can't be put up: read-only state" in result.failure or not HELD_OFF
