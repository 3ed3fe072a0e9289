"""The one writer: a file is wholly the old one or wholly the new one, whatever happens in between.

Temporary file in the same directory, fsync, rename, fsync of the directory. A failure leaves the old file and
no temporary one; a killed process leaves a temporary file, which `sweep_leftovers` removes.
"""

import os
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import msgspec

from phase4_tui.artifacts.frozen import refuse_frozen

LEFTOVER_AGE_SECONDS = 60.0
_LEFTOVER = re.compile(r"\..+\.(\d+)\.[0-9a-f]{8}\.tmp")


@contextmanager
def atomic_file(path: Path, *, overwrite: bool = True) -> Iterator[BinaryIO]:
    """Yield a binary file that becomes `path` when the block ends well.

    Errors: FrozenTag when the path belongs to a frozen tag, before the block and again before the rename;
    FileExistsError without `overwrite`; OSError from the disk. On any error `path` is as it was.
    """
    refuse_frozen(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.parent / f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}.tmp"
    flags = os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(temporary, flags, 0o666)
    try:
        with open(descriptor, "w+b", buffering=1 << 20) as file:  # noqa: PTH123 - a descriptor, not a path
            yield file
            file.flush()
            os.fsync(file.fileno())
        refuse_frozen(path)
        if overwrite:
            temporary.replace(path)
        else:
            os.link(temporary, path)
            temporary.unlink()
        sync_directory(path.parent)
    except BaseException:
        with suppress(FileNotFoundError):
            temporary.unlink()
        raise


def atomic_write(path: Path, data: bytes, *, overwrite: bool = True) -> None:
    """Write `data` as the whole content of `path`; errors as of `atomic_file`."""
    with atomic_file(path, overwrite=overwrite) as file:
        file.write(data)


def to_json(value: object) -> bytes:
    """Return `value` as indented JSON that ends with a newline; floats must be finite."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"


def sync_directory(directory: Path) -> None:
    """Make the directory's names durable."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sweep_leftovers(directory: Path) -> list[str]:
    """Remove temporary files whose writer is gone; return their names."""
    swept = []
    with os.scandir(directory) as entries:
        for entry in entries:
            match = _LEFTOVER.fullmatch(entry.name)
            if match is None or process_alive(int(match.group(1))):
                continue
            with suppress(FileNotFoundError):
                # A writer on another host has a pid that means nothing here; its file is still fresh.
                if time.time() - entry.stat(follow_symlinks=False).st_mtime > LEFTOVER_AGE_SECONDS:
                    Path(entry.path).unlink()
                    swept.append(entry.name)
    return swept


def process_alive(pid: int) -> bool:
    """True when a process of that number runs on this host."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
