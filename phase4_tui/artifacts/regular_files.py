"""Opens foreign files safely: no FIFO, device or directory, no link out of the directory, no oversized file."""

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from phase4_tui.errors import Remedy, Unusable

MAX_DOCUMENT_BYTES = 8 << 20
FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY


class Unreadable(Unusable):
    """A file that can't be read; the message says why, without the path."""


def open_regular(path: Path | str, *, contained: bool = False) -> BinaryIO:
    """Open a regular file for reading.

    With `contained`, a link must lead to a file in the link's own directory. Raises FileNotFoundError, and Unreadable
    for any other obstacle.
    """
    try:
        descriptor = _open_contained(path) if contained else os.open(path, FLAGS)
    except FileNotFoundError:
        raise
    except RuntimeError:  # so says Python below 3.13 where a newer one leaves it to the kernel
        raise Unreadable(_LOOP) from None
    except ValueError:
        raise Unreadable("has a name that no file can have") from None
    except OSError as error:
        if error.errno == errno.ENXIO:
            raise Unreadable("is a socket, not a file") from None
        raise Unreadable(_LOOP if error.errno == errno.ELOOP else f"can't be opened: {error.strerror}") from None
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        raise Unreadable(f"is a {_KINDS.get(stat.S_IFMT(mode), 'special file')}, not a file")
    return open(descriptor, "rb", buffering=0)  # noqa: PTH123 - a descriptor, not a path


def _open_contained(path: Path | str) -> int:
    try:
        return os.open(path, FLAGS | os.O_NOFOLLOW)
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
    link = Path(path)
    if not link.resolve().is_relative_to(link.parent.resolve()):
        raise Unreadable(
            f"is a link out of {link.parent.name}/", remedy=Remedy(effect="put the file itself there"), file=str(path)
        )
    return os.open(path, FLAGS)


_LOOP = "can't be opened: it is a link in a loop of links"
_KINDS = {
    stat.S_IFDIR: "directory",
    stat.S_IFIFO: "FIFO",
    stat.S_IFCHR: "character device",
    stat.S_IFBLK: "block device",
}


def read_capped(file: BinaryIO, limit: int = MAX_DOCUMENT_BYTES) -> bytes:
    """Return the whole content, or raise Unreadable when it is longer than `limit` bytes."""
    size = os.fstat(file.fileno()).st_size
    if size <= limit:
        data = file.read(size + 1)  # not the limit, for which memory would be allocated each time
        if len(data) != size:
            data += _read_all(file.read, limit + 1 - len(data))
        if len(data) <= limit:
            return data
        size = len(data)
    raise Unreadable(f"is too large: {size} bytes, at most {limit} are read")


def _read_all(read: Callable[[int], bytes | None], limit: int) -> bytes:
    parts: list[bytes] = []
    left = limit
    while left > 0:
        part = read(left)
        if not part:
            break
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def read_bytes(path: Path, limit: int = MAX_DOCUMENT_BYTES) -> bytes:
    """Return a regular file's content; errors as of `open_regular` and `read_capped`."""
    with open_regular(path) as file:
        return read_capped(file, limit)
