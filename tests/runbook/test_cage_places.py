"""A step writes in its working directory and to a few harmless devices, and nowhere else, whoever runs it."""

import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from phase4_tui.journal.locks import LOCKED
from phase4_tui.runbook import cage_plan
from phase4_tui.runbook.cage.mountinfo import other_paths
from phase4_tui.runbook.cage.spec import LAYERS, Cage
from phase4_tui.runbook.cage_plan import outermost
from phase4_tui.runbook.children import ChildSpec, run_child
from tests.runbook.as_users import HELD_OFF, LIBC, USERS, User, behind, outcomes, place_of, scripted
from tests.runbook.support import foreign, misled, run, states, step
from tests.runbook.test_cage_processes import HERE as LAYERS_HERE
from tests.runbook.test_cage_processes import caged

# Each attempt would succeed and leaves the next one possible.
ELSEWHERE = """
import errno, os, sys
place, terminal = sys.argv[1:3]
def put(path, mode, text="forged"):
    with open(path, mode) as file:
        file.write(text)
ways = {
    "make a file": lambda: put(place + "/new", "x"),
    "make a directory": lambda: os.mkdir(place + "/d"),
    "make a link": lambda: os.symlink("/", place + "/link"),
    "make a FIFO": lambda: os.mkfifo(place + "/fifo"),
    "append": lambda: put(place + "/kept", "a"),
    "truncate": lambda: os.truncate(place + "/kept", 0),
    "chmod": lambda: os.chmod(place + "/kept", 0o600),
    "chown": lambda: os.chown(place + "/kept", os.getuid(), os.getgid()),
    "set the time": lambda: os.utime(place + "/kept", (1, 1)),
    "set an attribute": lambda: os.setxattr(place + "/kept", "user.mark", b"1"),
    "rename": lambda: os.rename(place + "/kept", place + "/moved"),
    "unlink": lambda: os.unlink(place + "/moved" if os.path.exists(place + "/moved") else place + "/kept"),
    "another's terminal": lambda: os.close(os.open(terminal, os.O_WRONLY | os.O_NOCTTY)),
}
for name, way in ways.items():
    try:
        way()
    except OSError as error:
        print(name, "=", errno.errorcode[error.errno])
    else:
        print(name, "= done")
"""
ROOTS = """
import errno, os, sys
for path in sys.argv[1:]:
    try:
        os.close(os.open(path, os.O_RDWR | os.O_NONBLOCK))
    except OSError as error:
        print(path, "=", errno.errorcode[error.errno])
    else:
        print(path, "= done")
"""
GOES_ON = "import runpy\nrunpy.run_path('original.py', run_name='__main__')"
REFUSALS = {"EROFS", "EACCES", "EPERM", "ENOENT", "ENXIO"}
OF_ROOT = (
    "/dev/loop-control",
    "/dev/loop0",
    "/dev/net/tun",
    "/proc/sys/kernel/core_pattern",
    "/etc/passwd",
)


def elsewhere(user: User, directory: Path) -> str:
    """Lay out a directory of the user's that is no step's business."""
    directory.mkdir()
    (directory / "kept").write_text("kept")
    for path in (directory, directory / "kept"):
        os.chown(path, -1 if user.number is None else user.number, -1)
    return str(directory)


def tried(user: User, directory: Path, *, protected: bool, layers: tuple[str, ...] = LAYERS) -> dict[str, str]:
    own, terminal = os.openpty()
    try:
        if user.number is not None:
            os.chown(os.ttyname(terminal), user.number, -1)
        with place_of(user) as place, tempfile.TemporaryDirectory() as parent:
            Path(parent).chmod(0o755)
            inside = elsewhere(user, Path(parent) / directory.name)
            argv = scripted(user, place, ELSEWHERE, inside, os.ttyname(terminal))
            return outcomes(behind(user, place, argv, protected=protected, layers=layers))
    finally:
        os.close(own)
        os.close(terminal)


@pytest.mark.parametrize("user", USERS, ids=lambda user: user.name)
def test_a_step_changes_nothing_outside_of_its_places_which_it_could_without_the_cage(
    user: User, tmp_path: Path
) -> None:
    free = tried(user, tmp_path / "free", protected=False)
    assert {name for name, word in free.items() if word != "done"} <= {"set an attribute"}, free
    if user in HELD_OFF:
        held = tried(user, tmp_path / "held", protected=True)
        assert {name: word for name, word in held.items() if word not in REFUSALS} == {}
        assert len(held) == len(free) == 13


@pytest.mark.parametrize(
    ("layer", "open_still"),
    [
        ("Landlock", {"chmod", "chown", "set the time", "set an attribute"}),
        ("read-only mounts", {"another's terminal"}),
    ],
)
def test_each_of_the_two_walls_around_the_places_holds_alone_but_for_what_it_can_not_refuse(
    tmp_path: Path, layer: str, open_still: set[str]
) -> None:
    for user in HELD_OFF[:1]:
        held = tried(user, tmp_path / "held", protected=True, layers=(layer,))
        assert {name for name, word in held.items() if word == "done"} <= open_still
        assert {name for name, word in held.items() if word not in (*REFUSALS, "done")} == set()


def test_what_only_root_could_open_for_writing_is_closed_to_a_step_of_root_too() -> None:
    if USERS[0].number is not None or os.geteuid() != 0:
        return
    existing = [path for path in OF_ROOT if Path(path).exists()]
    with place_of(USERS[0]) as place:
        argv = scripted(USERS[0], place, ROOTS, *existing)
        held, free = (outcomes(behind(USERS[0], place, argv, protected=protected)) for protected in (True, False))
    assert set(held.values()) <= REFUSALS
    assert "done" in free.values(), "without the cage root opens some of them"


@pytest.mark.parametrize("user", HELD_OFF, ids=lambda user: user.name)
def test_a_step_uses_null_zero_and_random_bytes_shared_memory_and_its_own_directory(user: User) -> None:
    code = """
import os, sys
open("/dev/null", "w").write("x")
assert len(open("/dev/urandom", "rb").read(4)) == 4
if os.access("/dev/zero", os.R_OK): assert open("/dev/zero", "rb").read(4) == bytes(4)
try: os.write(os.open("/dev/full", os.O_WRONLY), b"x")
except OSError as error: assert error.errno == 28
from multiprocessing import Lock
with Lock(): pass
os.mkdir("made"); open("made/file", "w").write("kept"); os.rename("made/file", "outside/file"); os.rmdir("made")
os.system("echo said >&2")
print(open("outside/file").read())
"""
    with place_of(user) as place:
        result = behind(user, place, scripted(user, place, code), protected=True)
    assert (result.exit_code, result.tail) == (0, ("said", "kept"))


def test_the_settings_and_the_program_in_a_working_directory_are_closed_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "open('phase4.toml', 'a').write('[isolation]')"
    work = misled(tmp_path / "w", "pipeline", code)
    (work / "phase4.toml").write_text((work / "phase4.toml").read_text() if (work / "phase4.toml").exists() else "")
    error = step(run(work), "pipeline").error or ""
    assert "Read-only file system" in error
    assert "no step may write there" in error
    (tmp_path / "p" / "program").mkdir(parents=True)
    monkeypatch.setattr(cage_plan, "PROGRAM", tmp_path / "p" / "program")
    work = foreign(tmp_path / "p" / "w", pipeline=f"open({str(tmp_path / 'p' / 'program' / 'patched.py')!r}, 'w')")
    assert "Read-only" in (step(run(work), "pipeline").error or "")


def test_a_step_that_makes_settings_where_there_were_none_fails_and_says_so(tmp_path: Path) -> None:
    work = misled(tmp_path / "w", "pipeline", GOES_ON)
    with (work / "pipeline_runner.py").open("a") as file:
        file.write("\nopen('phase4.toml', 'w').write('')\n")
    (work / "phase4.toml").unlink(missing_ok=True)
    record = run(work)
    assert step(record, "pipeline").state == "crashed"
    assert "phase4.toml was made or changed while it ran" in (step(record, "pipeline").error or "")


def test_settings_behind_a_link_are_sealed_where_they_stand_and_a_link_that_a_step_turns_fails_it(
    tmp_path: Path,
) -> None:
    (tmp_path / "shared.toml").write_text("grace_seconds = 0.5\n")
    work = misled(tmp_path / "w", "pipeline", GOES_ON)
    (work / "phase4.toml").unlink(missing_ok=True)
    (work / "phase4.toml").symlink_to("../shared.toml")
    record = run(work)
    assert set(states(record).values()) == {"passed"}
    assert record.isolation.protects_state == (USERS[0] in HELD_OFF)
    turns = (
        "import os; os.unlink('phase4.toml'); os.symlink('own.toml', 'phase4.toml'); open('own.toml', 'w').close()\n"
    )
    script = work / "pipeline_runner.py"
    script.write_text(turns + script.read_text())
    assert "made or changed while it ran" in (step(run(work), "pipeline").error or "")


def test_files_that_come_and_go_in_the_state_while_a_step_starts_do_not_keep_it_from_starting(tmp_path: Path) -> None:
    state, stop = tmp_path / "reports" / ".phase4", threading.Event()
    state.mkdir(parents=True)
    (state / "kept").write_text("kept")

    def come_and_go() -> None:
        while not stop.is_set():
            for number in range(40):
                (state / f".file{number}.tmp").touch()
            for number in range(40):
                (state / f".file{number}.tmp").unlink()

    thread = threading.Thread(target=come_and_go)
    thread.start()
    try:
        cage = Cage(layers=LAYERS_HERE, writable=(tmp_path,), sealed=(state,), hidden={state: LOCKED})
        spec = ChildSpec(["cat", str(state / "kept")], tmp_path, {"PATH": os.defpath}, "seccomp", 30, 0.5, cage=cage)
        results = [run_child(spec, threading.Event()) for _ in range(25)]
    finally:
        stop.set()
        thread.join()
    assert {(one.exit_code, one.tail, one.failure) for one in results} == {(0, ("kept",), "")}


def test_without_a_dev_of_its_own_a_step_does_not_write_the_machines_shared_memory(tmp_path: Path) -> None:
    code = "open('/dev/shm/phase4-test', 'w')"
    layers = ("Landlock",) if "Landlock" in LAYERS_HERE else ()
    held = run_child(caged(code, tmp_path, layers), threading.Event())
    Path("/dev/shm/phase4-test").unlink(missing_ok=True)
    assert held.exit_code == 1 or not layers
    assert run_child(caged(code, tmp_path), threading.Event()).exit_code == 0, "its own it may write"


def test_a_refused_write_fails_with_the_setting_that_allows_it_and_goes_through_with_it(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    work = misled(tmp_path / "w", "pipeline", f"open({str(cache / 'seen')!r}, 'w').write('x')\n{GOES_ON}")
    error = step(run(work), "pipeline").error or ""
    assert f"[isolation] writable in phase4.toml may add {cache}" in error
    assert not (cache / "seen").exists()
    with (work / "phase4.toml").open("a") as file:
        file.write(f'[isolation]\nwritable = ["{cache}"]\n')
    assert set(states(run(work)).values()) == {"passed"}
    assert (cache / "seen").read_text() == "x"


def test_a_place_in_the_settings_that_does_not_exist_refuses_the_run_by_file_and_line(tmp_path: Path) -> None:
    work = foreign(tmp_path / "w")
    (work / "phase4.toml").write_text('[isolation]\nwritable = ["gone"]\n')
    with pytest.raises(Exception, match=r"phase4\.toml, line 2: .*gone does not exist"):
        run(work)


def test_of_places_inside_one_another_the_outermost_is_enough(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "ab").mkdir()
    (tmp_path / "link").symlink_to("a")
    places = [tmp_path / name for name in ("a/b", "a", "ab", "link", "gone")]
    assert outermost(places) == (tmp_path / "a", tmp_path / "ab")


SECOND_MOUNT = (
    LIBC
    + """
from pathlib import Path
from phase4_tui.runbook.isolation import probe_barrier
from phase4_tui.runbook.cage.mountinfo import other_paths
place = Path(sys.argv[1])
assert libc.mount(bytes(place / "w"), bytes(place / "m m"), None, ctypes.c_ulong(0x1000), None) == 0
state = place / "w" / "reports" / ".phase4"
proof = probe_barrier("seccomp", state)
print(other_paths(str(state)), *proof.elsewhere, sep=chr(10))
print("also mounted" in proof.detail, *[guard.holds for guard in proof.guards if guard.name in ("state", "locks")])
"""
)


def test_a_second_mount_of_the_state_is_found_closed_as_well_and_said(tmp_path: Path) -> None:
    if not HELD_OFF:
        return
    (tmp_path / "w" / "reports" / ".phase4" / "orders").mkdir(parents=True)
    (tmp_path / "m m").mkdir()
    state = tmp_path / "w" / "reports" / ".phase4"
    assert other_paths(str(state)) == []
    unshare = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-rm"]
    done = subprocess.run(
        [*unshare, sys.executable, "-c", SECOND_MOUNT, str(tmp_path)], capture_output=True, text=True, timeout=60
    )
    there = f"{tmp_path}/m m/reports/.phase4"
    assert (done.stdout.splitlines(), done.stderr) == ([repr([there]), there, "True True True"], "")
