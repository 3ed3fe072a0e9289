"""The dashboard where on-call engineers use it: in tmux, and over SSH with a connection that drops."""

import getpass
import os
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from phase4_tui.journal.log import read_events
from phase4_tui.rollback.root_cause import root_causes
from phase4_tui.rollback.verification import verify
from tests.rollback.support import site_of, state_of
from tests.runbook.support import laid_out, until
from tests.terminal import Terminal
from tests.tui.support import lay_out
from tests.tui.test_terminal import begin_run, last_run_state, lay_out_slow, processes
from tests.tui.tmux import Tmux, program

DASHBOARD = f"{shlex.quote(sys.executable)} -m phase4_tui --operator maria"


def test_a_rollback_in_tmux_from_start_to_quit(tmp_path: Path) -> None:
    work = laid_out(tmp_path / "work")
    (work / "phase4.toml").write_text('tag = "demo"\n')
    with Tmux(tmp_path / "s", work, DASHBOARD) as me:
        me.sees("NO RUN YET")
        me.press("r")
        me.sees("Run tag of the")
        me.press("Enter")
        me.sees("Run (y)")
        me.press("y")
        me.sees("every step passed", "✔ HEALTHY")
        lay_out(work)
        me.sees("✘ P1 ", "next: f freeze B")
        me.press("f")
        me.sees("Reason to freeze B?")
        me.press("Enter")
        me.sees("Do it (y)")
        me.press("y")
        me.sees("❄ B", "next: k")
        me.press("k")
        me.sees("KNOWN-GOOD TAGS")
        me.press("Down")
        me.press("Enter")
        me.sees("Reason to switch to")
        me.press("Enter")
        me.sees("Do it (y)")
        me.press("y")
        until(lambda: state_of(work).active_tag)
        me.sees("next: p fall back")
        me.press("l")
        me.sees("ROOT CAUSE")
        me.type("the feed lost its bias")
        me.sees("the feed lost its bias")
        row = me.cursor_row
        me.press("Down")
        until(lambda: me.cursor_row != row)
        me.type("a guard on the feed")
        me.sees("a guard on the feed")
        me.press("C-s")
        me.sees("Do it (y)")
        me.press("y")
        until(lambda: root_causes(read_events(work / "reports")))
        me.sees("next: p fall back")
        me.press("q")
        me.sees("LEFT=0")
        assert me.modes() == "0 0 1"
        assert verify(site_of(work)).problems == ()
        logged = [entry.remediation for _, entry in root_causes(read_events(work / "reports"))]
        assert logged == ["a guard on the feed"]


class Ssh:
    """An SSH server of our own on the loopback, which lets this user in by a key of its own."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir()
        self._key, host = directory / "key", directory / "host"
        for path in (self._key, host):
            argv = [program("ssh-keygen", "openssh-client"), "-q", "-t", "ed25519", "-N", "", "-f", str(path)]
            subprocess.run(argv, check=True, timeout=20)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        config = directory / "config"
        config.write_text(
            f"Port {self._port}\nListenAddress 127.0.0.1\nHostKey {host}\nAuthorizedKeysFile {self._key}.pub\n"
            "StrictModes no\nUsePAM no\nPasswordAuthentication no\nPermitRootLogin prohibit-password\nPidFile none\n"
        )
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # sshd of root does not start without it
        self._log = directory / "log"
        argv = [program("sshd", "openssh-server"), "-D", "-f", str(config), "-E", str(self._log)]
        self._server = subprocess.Popen(argv, stdin=subprocess.DEVNULL)
        until(lambda: self._log.exists() and "Server listening" in self._log.read_text())

    def client(self, command: str) -> list[str]:
        """Return the command line of a client that runs a command there, on a terminal."""
        options = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "BatchMode=yes", "LogLevel=ERROR"]
        argv = [program("ssh", "openssh-client"), "-tt", "-F", "/dev/null", "-i", str(self._key), "-p", str(self._port)]
        return [*argv, *(f"-o{option}" for option in options), f"{getpass.getuser()}@127.0.0.1", command]

    def close(self) -> None:
        """End the server."""
        self._server.terminate()
        self._server.wait(timeout=10)


@pytest.fixture
def ssh(tmp_path: Path) -> Iterator[Ssh]:
    """Return a server."""
    server = Ssh(tmp_path / "ssh")
    yield server
    server.close()


def test_over_ssh_i_see_the_panels_and_q_brings_me_back(tmp_path: Path, ssh: Ssh) -> None:
    lay_out(tmp_path / "work")
    command = f"cd {tmp_path}/work && {DASHBOARD}; echo LEFT=$?"
    with Terminal(ssh.client(command), tmp_path) as terminal:
        for shown in ("RELEASE CHECK", "QUALITY CHECK", "ALERT HIGH", "SIGN-OFF", "next: f freeze B"):
            terminal.wait_for(shown)
        since = terminal.press("q")
        terminal.wait_for("LEFT=0", since=since)
        assert terminal.ended() == 0
        assert terminal.is_as_before, terminal.modes


def test_a_dropped_connection_leaves_no_process_and_no_broken_state(tmp_path: Path, ssh: Ssh) -> None:
    work = lay_out_slow(tmp_path / "work")
    with Terminal(ssh.client(f"cd {work} && exec {DASHBOARD} -C {work}"), tmp_path) as terminal:
        begin_run(terminal, work)
        assert processes(f"-C {work}")
        terminal.kill(signal.SIGKILL)
        terminal.ended()
    until(lambda: processes(str(work)) == [], 6)
    assert last_run_state(work) == "finished"
    assert verify(site_of(work)).problems == ()
