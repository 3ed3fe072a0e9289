"""SHA-256 of files, which identifies a file by its content throughout this program."""

import hashlib
from pathlib import Path
from typing import BinaryIO

from phase4_tui.artifacts.regular_files import Unreadable, open_regular

HASH_CHUNK = 1 << 20


def hash_file(path: Path, *, contained: bool = False) -> str | None:
    """Return the SHA-256 of a regular file in hex, None when there is none; raises Unreadable.

    With `contained`, as for every artifact, a link must lead to a file in the link's own directory.
    """
    try:
        file = open_regular(path, contained=contained)
    except FileNotFoundError:
        return None
    with file:
        return hash_opened(file)


def sha256_or_none(path: Path, *, contained: bool = False) -> str | None:
    """Return what `hash_file` returns, and None too for a file that can't be read."""
    try:
        return hash_file(path, contained=contained)
    except Unreadable:
        return None


def hash_opened(file: BinaryIO) -> str:
    """Return the SHA-256, in hex, of what is left to read of a file."""
    digest = hashlib.sha256()
    while chunk := file.read(HASH_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()
