"""SHA-256 of files: what identifies a file wherever this program speaks of its content."""

import hashlib
from pathlib import Path

from phase4_tui.artifacts.opening import open_regular

HASH_CHUNK = 1 << 20


def hash_file(path: Path, *, inside: Path | None = None) -> str | None:
    """Return the sha256 of a regular file, None when there is none; raises Unreadable.

    With `inside`, as for every artifact, a link must lead to a file in that directory.
    """
    try:
        file = open_regular(path, inside=inside)
    except FileNotFoundError:
        return None
    digest = hashlib.sha256()
    with file:
        while chunk := file.read(HASH_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
