"""Writes files atomically: a reader finds the whole old file or the whole new one, even after a crash.

A temporary file in the same directory, fsync, rename, fsync of the directory. A failure leaves the old file and no
temporary one; a killed process leaves a temporary file, which `sweep_leftovers` removes.
"""

import errno
import os
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import msgspec

from phase4_tui.artifacts.frozen import refuse_frozen

LEFTOVER_AGE_SECONDS = 60.0
_LEFTOVER = re.compile(r"\..+\.(\d+)\.[0-9a-f]{8}\.tmp")


@contextmanager
def atomic_files(*paths: Path, overwrite: bool = True) -> Iterator[tuple[BinaryIO, ...]]:
    """Yield a binary file for each path; when the block succeeds they replace the paths, all or none.

    Errors: FrozenTag when a path belongs to a frozen tag, before the block and again before the renames;
    FileExistsError without `overwrite`; OSError from the disk. On any error the paths are unchanged, except after a
    disk error between the last renames, which can't be undone.
    """
    for path in paths:
        refuse_frozen(path)
    with ExitStack() as undo:
        files = []
        temporaries = []
        for path in paths:
            _make_directory(path.parent, undo)
            temporary = path.parent / f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}.tmp"
            flags = os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
            descriptor = os.open(temporary, flags, 0o666)
            undo.callback(_remove, temporary)
            temporaries.append(temporary)
            files.append(undo.enter_context(open(descriptor, "w+b", buffering=1 << 20)))  # noqa: PTH123 - a descriptor
        yield tuple(files)
        for file in files:
            file.flush()
            os.fsync(file.fileno())
        for path in paths:
            refuse_frozen(path)
        for path in paths:
            if path.is_dir():  # would make a rename fail half-way through the paths
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        for temporary, path in zip(temporaries, paths, strict=True):
            if overwrite:
                temporary.replace(path)
            else:
                os.link(temporary, path)
                temporary.unlink()
        for directory in {path.parent for path in paths}:
            sync_directory(directory)
        undo.pop_all()
        for file in files:
            file.close()


def _make_directory(directory: Path, undo: ExitStack) -> None:
    """Create a directory and its parents; `undo` removes those that are still empty."""
    if not directory.exists():
        _make_directory(directory.parent, undo)
        directory.mkdir(exist_ok=True)
        undo.callback(_remove_empty, directory)


def _remove(path: Path) -> None:
    with suppress(FileNotFoundError):
        path.unlink()


def _remove_empty(directory: Path) -> None:
    with suppress(OSError):  # not empty: another process has used it meanwhile
        directory.rmdir()


@contextmanager
def atomic_file(path: Path, *, overwrite: bool = True) -> Iterator[BinaryIO]:
    """Yield a binary file that replaces `path` when the block succeeds; errors as of `atomic_files`."""
    with atomic_files(path, overwrite=overwrite) as (file,):
        yield file


def atomic_write(path: Path, data: bytes, *, overwrite: bool = True) -> None:
    """Write `data` as the whole content of `path`; errors as of `atomic_file`."""
    with atomic_file(path, overwrite=overwrite) as file:
        file.write(data)


def to_json(value: object) -> bytes:
    """Return `value` as indented JSON that ends with a newline; floats must be finite."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"


def sync_directory(directory: Path) -> None:
    """Flush the directory's entries to disk."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sweep_leftovers(directory: Path) -> list[str]:
    """Remove the temporary files of writers that have ended; return their names."""
    swept = []
    with os.scandir(directory) as entries:
        for entry in entries:
            match = _LEFTOVER.fullmatch(entry.name)
            if match is None or not entry.is_file(follow_symlinks=False) or process_alive(int(match.group(1))):
                continue
            with suppress(FileNotFoundError):
                # The pid of a writer on another host means nothing here, but its file is still fresh.
                if time.time() - entry.stat(follow_symlinks=False).st_mtime > LEFTOVER_AGE_SECONDS:
                    Path(entry.path).unlink()
                    swept.append(entry.name)
    return swept


def process_alive(pid: int) -> bool:
    """True when a process with this number runs on this host."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
