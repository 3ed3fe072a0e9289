"""Tries every way out of the cage and prints what happened; run as a script inside it, standard library only.

Usage: probe.py TARGETS, where TARGETS is JSON: tcp and udp ports on 127.0.0.1, unix socket path, abstract name, and
cage: null, or what else to try (see `cage_ways`).
Prints a JSON object: way -> "connected" or "done", or "blocked: " and the error that stopped it.
"""

import ctypes
import json
import os
import resource
import socket
import sys
from collections.abc import Callable
from typing import Any

TIMEOUT_SECONDS = 2.0
KEYCTL = {"x86_64": 250, "aarch64": 219}
SESSION_KEYRING = -3


def attempt(way: Callable[[], object], done: str = "connected") -> str:
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


def see_others() -> None:
    """Find a process in `/proc` that is neither this one nor its parent."""
    others = {int(name) for name in os.listdir("/proc") if name.isdigit()} - {os.getpid(), os.getppid()}
    if not others:
        raise OSError("sees no process but its own")


def signal_console(target: dict[str, Any]) -> None:
    """Reach the program's own process, if its number means the same here."""
    if os.readlink("/proc/self/ns/pid") != target["namespace"]:
        raise OSError("has process numbers of its own")
    os.kill(target["pid"], 0)


def lock(places: dict[str, list[int]]) -> None:
    """Open a directory or file that the program locks, which is all it takes; `places` has device and inode by path."""
    for path, identity in places.items():
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        except OSError:
            continue
        found = os.fstat(descriptor)
        if [found.st_dev, found.st_ino] == identity:
            return
    raise OSError("sees none of the program's locks")


def same_keyring(identity: int) -> None:
    """Find the program's session keyring as this process's own."""
    libc = ctypes.CDLL(None, use_errno=True)
    own = libc.syscall(KEYCTL[os.uname().machine], 0, SESSION_KEYRING, 0)
    if own != identity:
        raise OSError("has a keyring of its own")


def grow(path: str, size: int) -> None:
    """Write a byte past the largest size of a file."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        os.pwrite(descriptor, b"!", size)
    finally:
        os.close(descriptor)
        os.unlink(path)


def more(limit: int, than: int) -> None:
    """Raise a limit above what is allowed."""
    try:
        resource.setrlimit(limit, (than + 1, than + 1))
    except ValueError as error:
        raise OSError(str(error)) from None


def fork_on(count: int) -> None:
    """Find that process numbers go on past the limit."""
    with open("/proc/sys/kernel/pid_max") as file:
        most = int(file.read())
    if most <= count + 300:
        raise OSError(f"has at most {most} processes")


def cage_ways(cage: dict[str, Any]) -> dict[str, Callable[[], object]]:
    """Return what to try on the cage, by way."""
    limits = cage["limits"]
    ways: dict[str, Callable[[], object]] = {
        "state": lambda: make(cage["state"]),
        "make": lambda: make(cage["outside"] + "/made"),
        "mode": lambda: os.chmod(cage["outside"] + "/file", 0o600),
        "terminal": lambda: os.close(os.open(cage["terminal"], os.O_WRONLY | os.O_NOCTTY)),
        "see": see_others,
        "signal": lambda: signal_console(cage["console"]),
        "lock": lambda: lock(cage["locks"]),
        "keyring": lambda: same_keyring(cage["keyring"]),
        "size": lambda: grow(cage["inside"] + "/large", limits["file_bytes"]),
        "files": lambda: more(resource.RLIMIT_NOFILE, limits["open_files"]),
        "fork": lambda: fork_on(limits["processes"]),
        "rights": lambda: os.chroot("/"),
    }
    if limits["memory_bytes"] is not None:
        ways["memory"] = lambda: more(resource.RLIMIT_AS, limits["memory_bytes"])
    untried = {"state": "state", "terminal": "terminal", "keyring": "keyring"}
    return {name: way for name, way in ways.items() if name not in untried or cage[untried[name]] is not None}


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
    if targets["cage"] is not None:
        found |= {name: attempt(way, "done") for name, way in cage_ways(targets["cage"]).items()}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
