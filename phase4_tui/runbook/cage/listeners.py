"""The sockets, files and terminals that the probe of a cage tries to reach."""

import os
import secrets
import socket
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any


class Listeners:
    """Sockets on this machine that the probe tries to reach."""

    def __init__(self, stack: ExitStack, directory: Path) -> None:
        self._streams = [
            stack.enter_context(socket.socket(family)) for family in (socket.AF_INET, *[socket.AF_UNIX] * 2)
        ]
        self._datagrams = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        tcp, path, abstract = self._streams
        name = f"phase4-probe-{secrets.token_hex(8)}"
        tcp.bind(("127.0.0.1", 0))
        self._datagrams.bind(("127.0.0.1", 0))
        path.bind(str(directory / "socket"))
        abstract.bind("\0" + name)
        for stream in self._streams:
            stream.listen()
        for listener in (*self._streams, self._datagrams):
            listener.setblocking(False)
        self.targets: dict[str, Any] = {
            "tcp": tcp.getsockname()[1],
            "udp": self._datagrams.getsockname()[1],
            "unix": str(directory / "socket"),
            "abstract": name,
        }

    def reached(self) -> int:
        """Return the number of connections and datagrams that came in."""
        streams = sum(_drain(partial(_take_connection, stream)) for stream in self._streams)
        return streams + _drain(lambda: self._datagrams.recv(16))


def _take_connection(stream: socket.socket) -> None:
    stream.accept()[0].close()


def _drain(take: Callable[[], object]) -> int:
    count = 0
    while True:
        try:
            take()
        except BlockingIOError:
            return count
        count += 1


def a_terminal(stack: ExitStack) -> str | None:
    """Return the path of a terminal that is open in this process; None where it can have none."""
    try:
        own, other = os.openpty()
    except OSError:
        return None
    stack.callback(os.close, own)
    stack.callback(os.close, other)
    return os.ttyname(other)
