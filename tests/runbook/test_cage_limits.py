"""What a step may use up is in the settings, holds for root too, and is on record; what was refused is told."""

import ctypes
import os
import platform
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from phase4_tui.journal.locks import LOCKED
from phase4_tui.runbook.cage.limits import limit_processes, session_keyring
from phase4_tui.runbook.cage.spec import LAYERS, Cage, StepLimits
from phase4_tui.runbook.children import ChildResult, run_child
from phase4_tui.runbook.guards import guards_of, in_words
from phase4_tui.runbook.isolation import probe_barrier
from phase4_tui.runbook.refusals import advice
from phase4_tui.runbook.settings import SettingsError, load_settings
from tests.runbook.support import ENVIRONMENT, foreign, misled, run, step
from tests.runbook.test_cage_processes import HERE, caged

USES_UP = {
    "file_megabytes": ("open('large', 'wb').truncate((1 << 20) + 1)", "File too large"),
    "open_files": ("files = [open('/dev/null') for _ in range(64)]", "Too many open files"),
    "memory_megabytes": ("held = bytearray(900 << 20)", "MemoryError"),
}
GOES_ON = "import runpy\nrunpy.run_path('original.py', run_name='__main__')"
VALUES = {"file_megabytes": 1, "open_files": 32, "memory_megabytes": 512}


@pytest.mark.parametrize("setting", USES_UP)
def test_a_step_that_reaches_a_limit_fails_and_its_record_names_the_setting(tmp_path: Path, setting: str) -> None:
    code, said = USES_UP[setting]
    work = misled(tmp_path / "w", "pipeline", f"{code}\n{GOES_ON}")
    assert step(run(work), "pipeline").state == "passed", "without the limit it does its work"
    (work / "phase4.toml").write_text(f"[limits]\n{setting} = {VALUES[setting]}\n")
    ended = step(run(work), "pipeline")
    assert ended.state == "crashed"
    assert said in (ended.error or "")
    assert f"[limits] {setting} in phase4.toml allows a step more" in (ended.error or "")


def test_a_limit_holds_for_every_process_of_a_step_and_can_not_be_raised_again(tmp_path: Path) -> None:
    code = """
import os, resource
if os.fork() == 0:
    try: resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
    except (ValueError, OSError): pass
    print(resource.getrlimit(resource.RLIMIT_NOFILE)[0], flush=True)
    os._exit(0)
os.wait()
"""
    held = run_child(caged(code, tmp_path, limits=StepLimits(open_files=64)), threading.Event())
    free = run_child(caged(code, tmp_path, ()), threading.Event())
    assert held.tail == ("64",)
    assert free.tail != ("64",)


def test_the_limits_are_on_record(tmp_path: Path) -> None:
    work = foreign(tmp_path / "w")
    (work / "phase4.toml").write_text("[limits]\nprocesses = 200\nmemory_megabytes = 2048\n")
    limits = run(work).isolation.limits
    assert limits == {"processes": 200, "open_files": 1024, "file_bytes": 16384 << 20, "memory_bytes": 2048 << 20}


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "true", '"many"'])
def test_a_limit_that_is_no_count_is_refused_by_file_line_and_key(tmp_path: Path, value: str) -> None:
    (tmp_path / "phase4.toml").write_text(f"[limits]\nprocesses = {value}\n")
    with pytest.raises(SettingsError, match=r"phase4\.toml, line 2: key `limits\.processes`"):
        load_settings(tmp_path, ENVIRONMENT)


def test_the_limit_of_processes_is_never_set_for_the_whole_machine(tmp_path: Path) -> None:
    machine = Path("/proc/sys/kernel/pid_max")
    before = machine.read_text()
    try:
        for layers in (("process limit",), ("own /proc", "process limit")):
            cage = Cage(layers=layers, required=False, limits=StepLimits(processes=7000))
            result = run_child(replace(caged("print()", tmp_path), cage=cage), threading.Event())
            assert set(result.refused) == set(layers)
        with pytest.raises(OSError, match="not the first process"):
            limit_processes(7000)
        assert machine.read_text() == before
    finally:
        if machine.read_text() != before:
            machine.write_text(before)


def keyring_of(layers: tuple[str, ...], cwd: Path) -> ChildResult:
    number = {"x86_64": 250, "aarch64": 219}[platform.machine()]
    code = f"import ctypes; print(ctypes.CDLL(None).syscall({number}, 0, -3, 0))"
    return run_child(caged(code, cwd, layers), threading.Event())


def test_a_step_has_a_session_keyring_of_its_own(tmp_path: Path) -> None:
    number = {"x86_64": 250, "aarch64": 219}[platform.machine()]
    ctypes.CDLL(None).syscall(number, 1, b"operator")  # a session with keys in it
    ours = session_keyring()
    if ours is None:
        return
    assert keyring_of((), tmp_path).tail == (str(ours),)
    assert keyring_of(("own keyring",), tmp_path).tail != (str(ours),)


def test_a_step_of_root_keeps_only_the_rights_that_work_on_files_takes(tmp_path: Path) -> None:
    code = "print([line.split()[1] for line in open('/proc/self/status') if line.startswith(('CapEff', 'CapBnd'))])"
    held = run_child(caged(code, tmp_path), threading.Event())
    if os.geteuid() == 0:
        assert held.tail == ("['00000000000004fb', '00000000000004fb']",)
        assert run_child(caged(code, tmp_path, ()), threading.Event()).tail != held.tail


def test_the_table_says_what_holds_what_was_refused_and_what_is_open_for_it() -> None:
    found = {"tcp": "blocked: x", "see": "done", "signal": "blocked: x", "make": "blocked: x", "mode": "done"}
    refused = {"own /proc": "/proc: Operation not permitted", "read-only mounts": "no mounts of its own"}
    assert in_words(guards_of(found, ("own processes", "own /proc", "read-only mounts", "Landlock"), refused)) == [
        "network    holds, by filter of system calls",
        "processes  does not hold; refused: own /proc (/proc: Operation not permitted); "
        "open: a step sees the other processes of the machine; open: the probe got through: see",
        "places     does not hold; refused: read-only mounts (no mounts of its own); "
        "open: a step changes modes, owners and times of files anywhere its user may; "
        "open: the probe got through: mode",
        *[
            f"{name:<9}  does not hold; open: the probe could not try it"
            for name in ("devices", "state", "locks", "limits", "rights", "keys")
        ],
    ]


@pytest.mark.parametrize("layer", [layer for layer in LAYERS if layer not in ("process limit",)])
def test_a_layer_that_is_not_put_up_is_a_guard_that_does_not_hold_or_is_held_by_another(
    tmp_path: Path, layer: str
) -> None:
    if HERE != LAYERS:
        return
    state = tmp_path / "state"
    (state / "orders").mkdir(parents=True)
    layers = tuple(each for each in LAYERS if each != layer)
    limits = StepLimits(memory_bytes=1 << 33)
    whole = Cage(writable=(tmp_path,), sealed=(state,), hidden={state: LOCKED}, limits=limits)
    broken = {
        guard.name for guard in probe_barrier("seccomp", state, replace(whole, layers=layers)).guards if not guard.holds
    }
    expected = {
        "own processes": {"processes"},
        "own /proc": {"processes"},
        "read-only mounts": {"places"},
        "Landlock": set(),
        "own /dev": set(),
        "read-only state": {"state"},
        "hidden locks": {"locks"},
        "limits": {"limits"},
        "few rights": {"rights"} if os.geteuid() == 0 else set(),
        "own keyring": {"keys"},
    }
    assert broken >= expected[layer]
    everything = probe_barrier("seccomp", state, whole)
    assert [guard.name for guard in everything.guards if not guard.holds or guard.open] == []


def test_advice_is_given_only_where_the_cage_and_not_the_users_rights_refused(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    cage = Cage(writable=(tmp_path / "w",), sealed=(tmp_path / "w" / "phase4.toml",))
    assert "may add " + str(tmp_path / "other") in advice(
        (f"PermissionError: [Errno 13] Permission denied: '{tmp_path}/other/x'",), cage, tmp_path
    )
    assert advice((f"Permission denied: '{tmp_path}/w/x'",), cage, tmp_path) == ""
    assert advice(("Permission denied: '/gone/x'",), cage, tmp_path) == ""
    assert "operators" in advice((f"Read-only file system: '{tmp_path}/w/phase4.toml'",), cage, tmp_path)
    across = "OSError: [Errno 18] Invalid cross-device link: '/tmp/x' -> 'y'"
    assert "mounted apart" in advice((across,), cage, tmp_path)
    assert "may add the directory" in advice(("touch: cannot touch: Read-only file system",), cage, tmp_path)
    assert "operators" in advice(("Read-only file system: 'w/phase4.toml'",), cage, tmp_path)
    assert advice(("MemoryError",), cage, tmp_path) == ""
    assert "file_megabytes" in advice((), cage, tmp_path, "was killed by signal 25")
