"""SHA-256 of files: what identifies a file wherever this program speaks of its content."""

import hashlib
from pathlib import Path

from phase4_tui.artifacts.regular_files import open_regular

HASH_CHUNK = 1 << 20


def hash_file(path: Path, *, contained: bool = False) -> str | None:
    """Return the sha256 of a regular file, None when there is none; raises Unreadable.

    With `contained`, as for every artifact, a link must lead to a file in the directory that the link is in.
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
