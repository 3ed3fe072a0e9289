"""Paper mode: a step and all that it starts have no network, the run proves it, and without a proof nothing runs."""

import os
import shutil
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from phase4_tui.errors import Refused
from phase4_tui.runbook import isolation
from phase4_tui.runbook.children import Barrier, ChildResult, ChildSpec, run_child
from phase4_tui.runbook.isolation import Proof, probe_barrier
from phase4_tui.runbook.sequence import run_plan
from phase4_tui.runbook.settings import load_settings
from tests.runbook.support import ENVIRONMENT, Recording, foreign, listing, plan, run, step

WAYS = {"tcp", "udp", "unix", "abstract", "libc"}
UNPROVEN = Proof(barrier="seccomp", proven=False, ways={}, reached=0, detail="no proof: this kernel has no filter")
CONNECT = "import socket, sys; socket.create_connection(('127.0.0.1', int(sys.argv[1])), 5).send(b'!')"
NATIVE = """
import ctypes, os, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
descriptor = libc.socket(2, 1, 0)
port = int.from_bytes(int(sys.argv[1]).to_bytes(2, "big"), sys.byteorder)
address = struct.pack("=HH4s8x", 2, port, b"\\x7f\\0\\0\\1")
if descriptor < 0 or libc.connect(descriptor, address, 16) < 0:
    raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
libc.send(descriptor, b"!", 1, 0)
"""
RING = """
import ctypes, platform
libc = ctypes.CDLL(None, use_errno=True)
result = libc.syscall(425, 1, ctypes.create_string_buffer(120))
print(result if result >= 0 else -ctypes.get_errno())
"""
EACCES = "-13"


class Outside:
    """Listeners that nothing behind the barrier may reach."""

    def __init__(self, directory: Path) -> None:
        self._tcp = socket.create_server(("127.0.0.1", 0))
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(("127.0.0.1", 0))
        self._unix, self._abstract = (socket.socket(socket.AF_UNIX) for _ in range(2))
        self.path = str(directory / "s")
        self.name = f"test-{os.getpid()}-{id(self)}"
        self._unix.bind(self.path)
        self._abstract.bind("\0" + self.name)
        for listener in (self._unix, self._abstract):
            listener.listen()
        for listener in self._all():
            listener.setblocking(False)
        self.port = self._tcp.getsockname()[1]
        self.datagram_port = self._udp.getsockname()[1]

    def _all(self) -> tuple[socket.socket, ...]:
        return self._tcp, self._udp, self._unix, self._abstract

    def reached(self) -> int:
        """Count what has come in."""
        count = 0
        for listener in self._all():
            try:
                while True:
                    if listener is self._udp:
                        listener.recv(9)
                    else:
                        listener.accept()[0].close()
                    count += 1
            except BlockingIOError:
                continue
        return count

    def close(self) -> None:
        """Stop listening."""
        for listener in self._all():
            listener.close()


@pytest.fixture
def outside() -> Iterator[Outside]:
    with tempfile.TemporaryDirectory() as directory:
        found = Outside(Path(directory))
        yield found
        found.close()


def behind(barrier: Barrier, argv: list[str], cwd: Path) -> ChildResult:
    spec = ChildSpec(argv, cwd, {"PATH": os.environ.get("PATH", os.defpath)}, barrier, 30, 0.5)
    return run_child(spec, threading.Event())


def ways_out(outside: Outside) -> dict[str, list[str]]:
    """Return command lines that each try one way to a listener."""
    port, python = str(outside.port), [sys.executable, "-S", "-c"]
    family = "import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1].replace('@', chr(0)))"
    datagram = "import socket, sys; s = socket.socket(2, 2); s.sendto(b'!', ('127.0.0.1', int(sys.argv[1])))"
    grandchild = (
        "import subprocess, sys; sys.exit(subprocess.run([sys.executable, '-S', '-c', *sys.argv[1:]]).returncode)"
    )
    ways = {
        "tcp": [*python, CONNECT, port],
        "udp": [*python, datagram, str(outside.datagram_port)],
        "unix": [*python, family, outside.path],
        "abstract": [*python, family, "@" + outside.name],
        "ctypes": [*python, NATIVE, port],
        "python -I": [sys.executable, "-I", "-S", "-c", CONNECT, port],
        "a grandchild": [*python, grandchild, CONNECT, port],
        "a daemon": ["sh", "-c", f'setsid "$0" -S -c "$1" {port} & wait', sys.executable, CONNECT],
    }
    bash = shutil.which("bash")
    if bash is not None:
        ways["bash"] = [bash, "-c", f"echo ! > /dev/tcp/127.0.0.1/{port}"]
    return ways


def test_the_barrier_is_proven_by_a_probe_that_finds_no_way_out() -> None:
    proof = probe_barrier("seccomp")
    assert proof.proven
    assert proof.reached == 0
    assert set(proof.ways) == WAYS
    assert all(found.startswith("blocked") for found in proof.ways.values())
    assert "seccomp" in proof.detail


def test_the_same_probe_gets_out_by_every_way_without_the_barrier() -> None:
    proof = probe_barrier("none")
    assert not proof.proven
    assert proof.reached == 4
    assert proof.ways == dict.fromkeys(WAYS, "connected")


def test_each_way_out_connects_without_the_barrier(outside: Outside, tmp_path: Path) -> None:
    for way, argv in ways_out(outside).items():
        result = behind("none", argv, tmp_path)
        assert (way, result.exit_code, outside.reached()) == (way, 0, 1), result.tail


def test_no_way_out_connects_behind_the_barrier(outside: Outside, tmp_path: Path) -> None:
    for way, argv in ways_out(outside).items():
        result = behind("seccomp", argv, tmp_path)
        assert (way, outside.reached()) == (way, 0)
        assert result.ending == "exited", way
        assert way == "a daemon" or result.exit_code != 0, way


def test_a_ring_that_could_make_sockets_is_refused_by_the_barrier_and_by_nothing_else(tmp_path: Path) -> None:
    argv = [sys.executable, "-I", "-S", "-c", RING]
    assert behind("seccomp", argv, tmp_path).tail == (EACCES,)
    assert behind("none", argv, tmp_path).tail != (EACCES,)


@pytest.mark.parametrize(
    ("probe", "why"),
    [
        ("print('{}')", "says nothing"),
        ("raise SystemExit(3)", "ends early"),
        ("print('[1, 2')", "prints no JSON"),
        ("import json; print(json.dumps({'tcp': 'blocked: no'}))", "tries one way only"),
        (
            "import json; w = ['tcp', 'udp', 'unix', 'abstract', 'libc'];"
            "print(json.dumps({name: 'blocked' if name != 'udp' else 'connected' for name in w}))",
            "got out by one way",
        ),
    ],
)
def test_a_probe_that_does_not_show_every_way_blocked_is_no_proof(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, probe: str, why: str
) -> None:
    script = tmp_path / "probe.py"
    script.write_text(probe)
    monkeypatch.setattr(isolation, "PROBE", script)
    assert not probe_barrier("seccomp").proven, why


def test_a_probe_that_lies_is_caught_by_the_listener(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "probe.py"
    script.write_text(
        "import json, socket, sys\n"
        "socket.create_connection(('127.0.0.1', json.loads(sys.argv[1])['tcp']))\n"
        "print(json.dumps({name: 'blocked: I say' for name in ('tcp', 'udp', 'unix', 'abstract', 'libc')}))\n"
    )
    monkeypatch.setattr(isolation, "PROBE", script)
    proof = probe_barrier("none")
    assert proof.reached == 1
    assert not proof.proven


def test_the_proof_does_not_depend_on_how_long_the_path_of_the_temporary_directory_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The path of a Unix socket has room for about a hundred bytes.
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(deep))
    assert probe_barrier("seccomp").proven


def test_a_step_of_a_run_is_behind_the_barrier_and_the_record_says_by_which_proof(
    outside: Outside, tmp_path: Path
) -> None:
    work = foreign(tmp_path / "w", pipeline=f"import sys; sys.argv[1:] = ['{outside.port}']\n{CONNECT}")
    record = run(work)
    assert outside.reached() == 0
    assert step(record, "pipeline").state == "crashed"
    assert "Permission" in (step(record, "pipeline").error or "")
    assert record.isolation.proven
    assert record.isolation.barrier == "seccomp"
    assert set(record.isolation.ways) == WAYS
    assert record.unisolated_reason is None


@pytest.fixture
def unproven(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("phase4_tui.runbook.sequence.probe_barrier", lambda *_: UNPROVEN)


@pytest.mark.usefixtures("unproven")
def test_without_a_proof_nothing_runs(tmp_path: Path) -> None:
    work = foreign(tmp_path / "w", pipeline="open('ran', 'w')")
    with pytest.raises(Refused, match=r"isolation.*this kernel has no filter"):
        run(work)
    assert not (work / "ran").exists()
    assert not [name for name in listing(work / "reports") if name.endswith((".json", ".log", ".md"))]


@pytest.mark.usefixtures("unproven")
def test_without_a_proof_a_run_needs_a_reason_which_is_kept_for_ever(outside: Outside, tmp_path: Path) -> None:
    connects = f"import sys; arguments, sys.argv[1:] = sys.argv, ['{outside.port}']\n{CONNECT}"
    work = foreign(tmp_path / "w", pipeline=connects)
    record = run(work, unisolated_reason="kernel of the drill host")
    assert record.unisolated_reason == "kernel of the drill host"
    assert not record.isolation.proven
    assert outside.reached() == 1, "without the barrier the same step gets out: the other tests can fail"
    on_disk = (work / "reports" / ".phase4" / "runs" / "phase4_demo" / f"{record.run_id}.json").read_text()
    assert "kernel of the drill host" in on_disk


def test_a_reason_given_where_the_barrier_holds_lowers_nothing(outside: Outside, tmp_path: Path) -> None:
    work = foreign(tmp_path / "w", pipeline=f"import sys; sys.argv[1:] = ['{outside.port}']\n{CONNECT}")
    record = run(work, unisolated_reason="just in case")
    assert outside.reached() == 0
    assert record.unisolated_reason is None


def test_a_switch_for_live_orders_stops_a_run_before_anything_is_written(tmp_path: Path) -> None:
    work = foreign(tmp_path / "w")
    with pytest.raises(Refused, match="BROKER_ALLOW_LIVE_ORDERS"):
        run(work, {"BROKER_ALLOW_LIVE_ORDERS": "1"})
    assert listing(work / "reports") == {}


def test_a_switch_for_live_orders_that_is_set_after_planning_stops_the_run_too(tmp_path: Path) -> None:
    work = foreign(tmp_path / "w", pipeline="open('ran', 'w')")
    planned, settings = plan(work), load_settings(work, ENVIRONMENT)
    with pytest.raises(Refused, match="BROKER_DRY_RUN"):
        run_plan(planned, settings, ENVIRONMENT | {"BROKER_DRY_RUN": "false"}, Recording(), threading.Event())
    assert not (work / "ran").exists()
