"""Tries every way out of the barrier and prints what happened; run as a script inside it, standard library only.

Usage: probe.py TARGETS, where TARGETS is JSON: tcp and udp ports on 127.0.0.1, unix socket path, abstract name.
Prints a JSON object: way -> "connected", or the error that stopped it.
"""

import ctypes
import json
import os
import socket
import sys
from collections.abc import Callable

TIMEOUT_SECONDS = 2.0


def attempt(connect: Callable[[], None]) -> str:
    """Return what came of one way out."""
    try:
        connect()
    except OSError as error:
        return f"blocked: {error.strerror or error}"
    return "connected"


def over(family: int, kind: int, address: str | tuple[str, int]) -> None:
    """Connect and send one byte."""
    with socket.socket(family, kind) as connection:
        connection.settimeout(TIMEOUT_SECONDS)
        connection.connect(address)
        connection.send(b"!")


def raw_call() -> None:
    """Make a socket by the C library, past Python's own module."""
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = libc.socket(socket.AF_INET, socket.SOCK_STREAM, 0)
    if descriptor < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    os.close(descriptor)


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
    print(json.dumps({name: attempt(way) for name, way in ways.items()}))


if __name__ == "__main__":
    main()
