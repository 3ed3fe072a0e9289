"""A lock on a name, one for all of this machine, which removing or moving a directory does not release.

It is a listening socket in the kernel's abstract namespace, so there is no file, it goes with its last descriptor, and
whoever is refused learns from the kernel who listens. A step can't reach it: it gets no socket.
"""

import errno
import hashlib
import socket
import struct

BACKLOG = 4096
_CREDENTIALS = struct.Struct("3i")


class NameLock:
    """An exclusive lock on a name, for as long as this process, or one that inherited its descriptor, lives."""

    def __init__(self, name: str) -> None:
        self._address = b"\0phase4-run-" + hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest().encode()
        self._socket: socket.socket | None = None

    def acquire(self) -> bool:
        """Take the lock; return False when another holds it. Where there are no such sockets there is no such lock."""
        try:
            found = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        except OSError:
            return True
        try:
            found.bind(self._address)
            found.listen(BACKLOG)  # for the credentials: nobody accepts
        except OSError as error:
            found.close()
            return error.errno != errno.EADDRINUSE
        self._socket = found
        return True

    @property
    def descriptors(self) -> tuple[int, ...]:
        """The descriptor that holds the lock, if there is one."""
        return () if self._socket is None else (self._socket.fileno(),)

    def release(self) -> None:
        """Release the lock, as far as this process holds it."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def holder(self) -> tuple[int | None, int | None] | None:
        """Return the pid and uid of the holder, None for what can't be known; None when nobody holds the lock."""
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as found:
                found.setblocking(False)
                found.connect(self._address)
                data = found.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        except BlockingIOError:  # its backlog is full
            return None, None
        except OSError:
            return None
        pid, uid, _ = _CREDENTIALS.unpack(data)
        return pid or None, uid  # 0 for a process of another pid namespace
