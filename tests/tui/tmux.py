"""A tmux server of our own, and the programs that these tests need."""

import os
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from tests.runbook.support import until


def program(name: str, package: str) -> str:
    """Return the path of a program that these tests need."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if found is None:
        pytest.fail(f"{name} is not installed: `apt-get install {package}` (as .ci/run does)")
    return found


class Tmux:
    """A tmux server of our own with one window, in which a command runs."""

    def __init__(self, socket_path: Path, work: Path, command: str, columns: int = 120, rows: int = 40) -> None:
        self._argv = [program("tmux", "tmux"), "-S", str(socket_path), "-f", "/dev/null"]
        self.run("new-session", "-d", "-x", str(columns), "-y", str(rows), "-c", str(work), "sh")
        self.run("set-option", "-g", "set-clipboard", "on")
        self.type(f"PS1='READY> '; {command}; echo LEFT=$?\n")

    def run(self, *arguments: str) -> str:
        """Give tmux a command and return its answer."""
        done = subprocess.run([*self._argv, *arguments], capture_output=True, text=True, timeout=20)
        assert done.returncode == 0 or "no buffer" in done.stderr, done.stderr
        return done.stdout

    def press(self, *keys: str) -> None:
        """Press keys by tmux's names."""
        self.run("send-keys", *keys)

    def type(self, text: str) -> None:
        """Type a text."""
        self.run("send-keys", "-l", text)

    @property
    def screen(self) -> str:
        """What is on the screen."""
        return self.run("capture-pane", "-p")

    def sees(self, *texts: str) -> None:
        """Wait until all of that is on the screen."""
        for text in texts:
            try:
                until(lambda text=text: text in self.screen)  # type: ignore[misc]
            except AssertionError:
                pytest.fail(f"{text!r} is not on the screen:\n{self.screen}")

    @property
    def cursor_row(self) -> str:
        """The row of the cursor, which is in the field that is being filled in."""
        return self.run("display-message", "-p", "#{cursor_y}").strip()

    def modes(self) -> str:
        """Return whether the other screen is on, the mouse is, and the cursor is."""
        return self.run("display-message", "-p", "#{alternate_on} #{mouse_any_flag} #{cursor_flag}").strip()

    def __enter__(self) -> "Tmux":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """End the server and all in it."""
        with suppress(AssertionError, subprocess.TimeoutExpired):
            self.run("kill-server")
