"""SHA-256 of files, which identifies a file by its content throughout this program."""

import hashlib
import os
from collections import OrderedDict
from pathlib import Path
from typing import BinaryIO

from phase4_tui.artifacts.clock import now_ns
from phase4_tui.artifacts.index import Identity
from phase4_tui.artifacts.regular_files import open_regular

HASH_CHUNK = 1 << 20
KNOWN_HASHES = 20_000
RACY_NS = 100_000_000
"""A file changed this shortly before it was hashed may change again without another time: clocks tick coarsely."""


def hash_file(path: Path, *, contained: bool = False) -> str | None:
    """Return the SHA-256 of a regular file in hex, None when there is none; raises Unreadable.

    With `contained`, as for every artifact, a link must lead to a file in the link's own directory.
    """
    try:
        file = open_regular(path, contained=contained)
    except FileNotFoundError:
        return None
    with file:
        return _digest(file)


def _digest(file: BinaryIO) -> str:
    digest = hashlib.sha256()
    while chunk := file.read(HASH_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


class KnownHashes:
    """Hashes artifacts, each again only after it changed, by its identity."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, tuple[Identity, str]] = OrderedDict()

    def sha256(self, path: Path) -> str | None:
        """Return what `hash_file` returns with `contained`, mostly without reading the file; raises Unreadable."""
        name = str(path)
        try:
            file = open_regular(path, contained=True)
        except FileNotFoundError:
            return None
        with file:
            info = os.fstat(file.fileno())
            identity = info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns
            known = self._known.get(name)
            if known is not None and known[0] == identity:
                return known[1]
            begun = now_ns()
            digest = _digest(file)
        if info.st_ctime_ns < begun - RACY_NS:
            self._known[name] = identity, digest
            while len(self._known) > KNOWN_HASHES:
                self._known.popitem(last=False)
        return digest
