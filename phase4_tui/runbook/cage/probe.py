"""Tries every way out of the barrier and prints what happened; run as a script inside it, standard library only.

Usage: probe.py TARGETS, where TARGETS is JSON: tcp and udp ports on 127.0.0.1, unix socket path, abstract name, and
state, the path of a file to make (or null).
Prints a JSON object: way -> "connected" or, for the state, "written"; or the error that stopped it.
"""

import ctypes
import json
import os
import socket
import sys
from collections.abc import Callable

TIMEOUT_SECONDS = 2.0


def attempt(way: Callable[[], None], done: str = "connected") -> str:
    """Return the outcome of one attempt: `done`, or the error that stopped it."""
    try:
        way()
    except OSError as error:
        return f"blocked: {error.strerror or error}"
    return done


def over(family: int, kind: int, address: str | tuple[str, int]) -> None:
    """Connect and send one byte."""
    with socket.socket(family, kind) as connection:
        connection.settimeout(TIMEOUT_SECONDS)
        connection.connect(address)
        connection.send(b"!")


def raw_call() -> None:
    """Create a socket through the C library, bypassing Python's own module."""
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = libc.socket(socket.AF_INET, socket.SOCK_STREAM, 0)
    if descriptor < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    os.close(descriptor)


def make(path: str) -> None:
    """Create a file, which must not exist yet."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def main() -> None:
    """Try each way to the targets given as the only argument."""
    targets = json.loads(sys.argv[1])
    host = "127.0.0.1"
    ways = {
        "tcp": lambda: over(socket.AF_INET, socket.SOCK_STREAM, (host, targets["tcp"])),
        "udp": lambda: over(socket.AF_INET, socket.SOCK_DGRAM, (host, targets["udp"])),
        "unix": lambda: over(socket.AF_UNIX, socket.SOCK_STREAM, targets["unix"]),
        "abstract": lambda: over(socket.AF_UNIX, socket.SOCK_STREAM, "\0" + targets["abstract"]),
        "libc": raw_call,
    }
    found = {name: attempt(way) for name, way in ways.items()}
    if targets["state"] is not None:
        found["state"] = attempt(lambda: make(targets["state"]), "written")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
