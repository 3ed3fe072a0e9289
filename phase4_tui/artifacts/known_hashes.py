"""SHA-256 of files that are asked for again and again: hashed anew only when a file may have changed."""

import os
from pathlib import Path
from typing import NamedTuple

from phase4_tui.artifacts.clock import now_ns
from phase4_tui.artifacts.index import Identity, identity_of
from phase4_tui.artifacts.regular_files import Unreadable, open_regular
from phase4_tui.artifacts.sha256 import hash_opened
from phase4_tui.errors import Remedy

SETTLED_NS = 2_000_000_000
"""Age from which a file's ctime tells every later write apart: clocks of file systems count in steps of up to 2 s."""
TRIES = 5
KEPT = 20_000


class HashedFile(NamedTuple):
    """The SHA-256 of a file in hex, and the identity that it had before and after it was read."""

    sha256: str
    identity: Identity


def is_settled(identity: Identity, moment_ns: int) -> bool:
    """True when a file of this identity, read at that moment, can't be written to without getting another one.

    Its ctime says so, which every write changes and no program can set.
    """
    return identity[3] < moment_ns - SETTLED_NS


class KnownHashes:
    """Hashes files and remembers the result by path, for as long as the file keeps its identity."""

    def __init__(self) -> None:
        self._known: dict[Path, HashedFile] = {}

    def sha256(self, path: Path, *, contained: bool = False) -> str | None:
        """Return the SHA-256 of a regular file in hex, None when there is none; raises Unreadable."""
        found = self.look(path, contained=contained)
        return None if found is None else found.sha256

    def look(self, path: Path, *, contained: bool = False) -> HashedFile | None:
        """Return SHA-256 and identity of the same bytes, None when there is no file; raises Unreadable.

        With `contained`, as for every artifact, a link must lead to a file in the link's own directory. A file that
        is written to while it is read is read again.
        """
        for _ in range(TRIES):
            try:
                file = open_regular(path, contained=contained)
            except FileNotFoundError:
                return None
            with file:
                moment, identity = now_ns(), identity_of(os.fstat(file.fileno()))
                known = self._known.get(path)
                if known is not None and known.identity == identity:
                    return known
                found = HashedFile(hash_opened(file), identity)
                if identity_of(os.fstat(file.fileno())) == identity:
                    if is_settled(identity, moment):
                        if len(self._known) >= KEPT:
                            self._known.clear()
                        self._known[path] = found
                    return found
        raise Unreadable("is being written without a pause", remedy=Remedy(effect="wait for who writes it"))
