"""A step, root's or anyone's, can't write the state of operations, nor move it away, nor look into the console."""

import ctypes
import os
import shutil
import threading
from pathlib import Path

import pytest

from phase4_tui.runbook.cage.spec import Cage
from phase4_tui.runbook.children import Barrier, ChildSpec, run_child
from tests.runbook.as_users import (
    ATTEMPTS,
    HELD_OFF,
    LIBC,
    USERS,
    User,
    behind,
    neighbour,
    outcomes,
    place_of,
    scripted,
)
from tests.runbook.support import listing, working_in
from tests.runbook.test_children_trees import STUBBORN_TREE

BARRIERS: tuple[Barrier, ...] = ("none", "seccomp")
REFUSALS = {"EROFS", "EACCES", "EPERM", "EBUSY", "EXDEV"}

GRANDCHILD = """
import subprocess, sys
sys.exit(subprocess.run([sys.executable, "-I", "-S", "-c", *sys.argv[1:]], start_new_session=True).returncode)
"""
SHELL = """
try() { name=$1; shift; if "$@" 2>/dev/null; then echo "$name = done"; else echo "$name = EPERM"; fi; }
append() { echo forged >> "$1"; }
try "append" append "$1/journal.jsonl"
try "chmod" chmod 0666 "$1/state.json"
try "rename over" cp "$2/mine" "$1/journal.head"
try "unlink" rm -f "$1/frozen/t1/report.json"
try "move the state" mv "$1" "$1.gone"
"""
LOOK = """
import os, sys
number, state = sys.argv[1:3]
def write(path):
    with open(path, "w"):
        return "written"
ways = [
    lambda: open(f"/proc/{number}/environ").read().strip("\\0"),
    lambda: write(f"/proc/{number}/root{state}/forged"),
    lambda: os.kill(int(number), 0) or "signalled",
]
for way in ways:
    try:
        print(way())
    except OSError as error:
        print(type(error).__name__)
"""
UNREACHABLE = {"PermissionError", "FileNotFoundError", "ProcessLookupError"}
DOMAINS_SINCE = "SCOPES_SINCE, SCOPE_SIGNAL = 6,"
HANDLE = (
    LIBC
    + """
state, outside = sys.argv[1:3]
handle = ctypes.create_string_buffer((128).to_bytes(4, sys.byteorder), 8 + 128)
mount = ctypes.c_int()
made = libc.name_to_handle_at(-100, f"{state}/journal.jsonl".encode(), handle, ctypes.byref(mount), 0)
descriptor = -1 if made else libc.open_by_handle_at(os.open(outside, os.O_RDONLY), handle, os.O_WRONLY)
print("no handles here" if made else "done" if descriptor >= 0 else errno.errorcode[ctypes.get_errno()])
"""
)
CALLS = (
    LIBC
    + """
x86 = platform.machine() == "x86_64"
calls = {"mount": 165 if x86 else 40, "umount2": 166 if x86 else 39, "pivot_root": 155 if x86 else 41}
calls |= {"setns": 308 if x86 else 268, "open_by_handle_at": 304 if x86 else 265, "open_tree": 428, "move_mount": 429}
calls |= {"fsopen": 430, "fsconfig": 431, "fsmount": 432, "fspick": 433, "mount_setattr": 442, "open_tree_attr": 467}
calls |= {"unshare": 272 if x86 else 97, "clone3": 435}
print(*[name for name, number in calls.items() if libc.syscall(number, -1, 0, 0, 0, 0) != -1 or
        ctypes.get_errno() != (errno.ENOSYS if name == "clone3" else errno.EPERM)])
for flag in (0x00020000, 0x10000000):
    made = libc.syscall(56 if x86 else 220, flag | 17, 0, 0, 0, 0)
    if made == 0:
        os._exit(0)
    print("made" if made > 0 else errno.errorcode[ctypes.get_errno()])
"""
)
LANDLOCK = ctypes.CDLL(None).syscall(444, None, ctypes.c_size_t(0), 1)
WITHOUT_RIGHTS = LIBC + (
    "libc.capset(ctypes.create_string_buffer((0x20080522).to_bytes(4, sys.byteorder), 8), bytes(24))\n"
)


def test_every_attempt_on_the_state_succeeds_without_the_protection() -> None:
    for user in USERS:
        with place_of(user) as place:
            found = outcomes(behind(user, place, scripted(user, place, ATTEMPTS), protected=False))
        assert found == dict.fromkeys(found, "done"), user.name
        assert len(found) == 17


@pytest.mark.parametrize("barrier", BARRIERS)
def test_every_attempt_on_the_state_fails_behind_the_protection_and_changes_nothing(barrier: Barrier) -> None:
    for user in HELD_OFF:
        with place_of(user) as place:
            before = listing(place / "reports")
            result = behind(user, place, scripted(user, place, ATTEMPTS), protected=True, barrier=barrier)
            after = listing(place / "reports")
        found = outcomes(result)
        assert {name: word for name, word in found.items() if word not in REFUSALS} == {}, user.name
        assert len(found) == 17
        assert found["move the state"] == "EBUSY"
        assert after == before


def test_the_state_itself_can_not_be_removed_though_it_be_empty() -> None:
    for user in HELD_OFF:
        with place_of(user) as place:
            shutil.rmtree(place / "reports" / ".phase4")
            (place / "reports" / ".phase4").mkdir()
            argv = ["rmdir", str(place / "reports" / ".phase4")]
            held = behind(user, place, argv, protected=True)
            assert held.exit_code == 1, held.failure
            assert "busy" in held.tail[0].lower()
            os.chown(place / "reports", -1 if user.number is None else user.number, -1)
            assert behind(user, place, argv, protected=False).exit_code == 0


def test_a_grandchild_in_a_session_of_its_own_is_held_off_as_well() -> None:
    for user in HELD_OFF:
        with place_of(user) as place:
            arguments = (ATTEMPTS, str(place / "reports" / ".phase4"), str(place / "outside"))
            found = outcomes(behind(user, place, scripted(user, place, GRANDCHILD, *arguments), protected=True))
        assert len(found) == 17
        assert set(found.values()) <= REFUSALS


def test_a_shell_is_held_off_as_well() -> None:
    shell = shutil.which("bash", path=os.defpath) or "/bin/sh"
    for user in HELD_OFF:
        with place_of(user) as place:
            argv = [shell, "-c", SHELL, shell, str(place / "reports" / ".phase4"), str(place / "outside")]
            held, free = (outcomes(behind(user, place, argv, protected=protected)) for protected in (True, False))
        assert (held, free) == (dict.fromkeys(held, "EPERM"), dict.fromkeys(held, "done"))
        assert len(held) == 5


@pytest.mark.parametrize("barrier", BARRIERS)
def test_a_file_handle_which_knows_no_mounts_does_not_get_around_the_protection(barrier: Barrier) -> None:
    for user in HELD_OFF:
        with place_of(user) as place:
            argv = scripted(user, place, HANDLE)
            held = behind(user, place, argv, protected=True, barrier=barrier).tail
            free = behind(user, place, argv, protected=False, barrier="none").tail
        assert held[0] in ("EPERM", "no handles here")
        assert user.name != "root" or free[0] in ("done", "EPERM", "no handles here")


def looked(user: User, *, protected: bool, preamble: str = "", older: bool = False) -> tuple[str, ...]:
    with place_of(user) as place, neighbour(user, preamble) as number:
        if older:
            part = place / "phase4_tui" / "runbook" / "cage" / "landlock.py"
            text = part.read_text()
            assert DOMAINS_SINCE in text
            part.write_text(text.replace(DOMAINS_SINCE, "SCOPES_SINCE, SCOPE_SIGNAL = 999,"))
        argv = scripted(user, place, LOOK, str(number), str(place / "reports" / ".phase4"))
        return behind(user, place, argv, protected=protected).tail


@pytest.mark.parametrize("older", [False, True], ids=["this kernel", "a kernel without domains"])
def test_a_step_reads_no_environment_of_its_users_other_processes_and_gets_nowhere_by_their_root(older: bool) -> None:
    for user in HELD_OFF:
        assert set(looked(user, protected=True, older=older)) <= UNREACHABLE, user.name
        assert looked(user, protected=False)[:2] == ("TOKEN=hunter2", "written"), "without it anyone can"


def test_where_the_kernel_knows_domains_a_process_that_gave_up_its_rights_is_closed_too_and_none_is_signalled() -> None:
    for user in HELD_OFF if LANDLOCK >= 6 else ():
        assert set(looked(user, protected=True, preamble=WITHOUT_RIGHTS)) <= UNREACHABLE, user.name
        assert looked(user, protected=False, preamble=WITHOUT_RIGHTS)[2] == "signalled"


def test_nothing_that_changes_mounts_or_makes_a_namespace_gets_past_the_barrier() -> None:
    for user in USERS:
        with place_of(user) as place:
            argv = scripted(user, place, CALLS)
            held = behind(user, place, argv, protected=False)
            free = behind(user, place, argv, protected=False, barrier="none")
        assert held.tail == ("", "EPERM", "EPERM")
        assert "unshare" in free.tail[0]
        assert user not in HELD_OFF or "made" in free.tail[1:]


def test_threads_processes_and_the_private_home_work_as_ever() -> None:
    code = """
import subprocess, sys, tempfile, threading
seen = []
threads = [threading.Thread(target=seen.append, args=(1,)) for _ in range(3)]
[thread.start() for thread in threads] + [thread.join() for thread in threads]
with tempfile.NamedTemporaryFile(dir=sys.argv[2]) as file:
    file.write(b"kept")
said = subprocess.run(["sh", "-c", "echo $(echo sub | cat)"], stdout=-1).stdout
print(len(seen), said, open(sys.argv[1] + "/state.json").read())
"""
    for user in HELD_OFF:
        with place_of(user) as place:
            result = behind(user, place, scripted(user, place, code), protected=True)
        assert (result.exit_code, result.tail) == (0, ("3 b'sub\\n' {}",)), user.name


def test_a_time_out_takes_down_a_tree_behind_the_protection_too() -> None:
    for user in HELD_OFF:
        with place_of(user) as place:
            argv = scripted(user, place, STUBBORN_TREE)
            result = behind(user, place, argv, protected=True, timeout=1.0)
            pids = (place / "pids").read_text().split()
            assert working_in(place) == []
        assert result.ending == "timed_out", result
        assert len(pids) == 3


def test_what_can_not_be_protected_does_not_start_and_the_reason_is_told(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    for name, why in (("gone", "No such file"), ("link", "symbolic links")):
        cage = Cage(sealed=(tmp_path / name,))
        spec = ChildSpec(["true"], tmp_path, {"PATH": os.defpath}, "seccomp", 30, 0.5, cage=cage)
        result = run_child(spec, threading.Event())
        assert result.ending == "not_started"
        assert name in result.failure
        assert why in result.failure or not HELD_OFF


def test_a_step_that_runs_elsewhere_or_inside_the_state_is_held_off_as_well() -> None:
    for user in HELD_OFF:
        with place_of(user) as place:
            inside = place / "reports" / ".phase4" / "frozen"
            for cwd in (Path("/"), place / "outside", inside):
                code = "import os, sys; print(os.getcwd(), flush=True)\nopen(sys.argv[1] + '/journal.jsonl', 'a')"
                result = behind(user, place, scripted(user, place, code), protected=True, cwd=cwd)
                assert result.tail[0] == str(cwd)
                assert "Read-only file system" in result.tail[-1]
            assert "Read-only" in behind(user, place, ["touch", "t1/new"], protected=True, cwd=inside).tail[-1]
