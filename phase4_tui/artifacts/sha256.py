"""SHA-256 of files, which identifies a file by its content throughout this program."""

import hashlib
from pathlib import Path

from phase4_tui.artifacts.regular_files import open_regular

HASH_CHUNK = 1 << 20


def hash_file(path: Path, *, contained: bool = False) -> str | None:
    """Return the SHA-256 of a regular file in hex, None when there is none; raises Unreadable.

    With `contained`, as for every artifact, a link must lead to a file in the link's own directory.
    """
    try:
        file = open_regular(path, contained=contained)
    except FileNotFoundError:
        return None
    digest = hashlib.sha256()
    with file:
        while chunk := file.read(HASH_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
