"""The manifest of a frozen tag, and the comparison of its artifacts and copies with it.

A look compares names, sizes and times; a verification also hashes. Both know only the disk: whether the manifest
is the original one follows from the journal.
"""

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from phase4_tui.artifacts.clock import nanoseconds
from phase4_tui.artifacts.documents import look
from phase4_tui.artifacts.frozen import frozen_dir
from phase4_tui.artifacts.models import Document, Moment, Seq
from phase4_tui.artifacts.names import ArtifactNames
from phase4_tui.artifacts.regular_files import Unreadable, read_bytes
from phase4_tui.artifacts.sha256 import hash_file, sha256_or_none
from phase4_tui.errors import Remedy, command_line, error_as_commands

MANIFEST_FILE = "manifest.json"
SUMS_FILE = "SHA256SUMS"
FrozenState = Literal["no", "intact", "tampered"]


class FrozenFile(Document):
    """One artifact as frozen."""

    name: str
    size: int
    sha256: str
    mtime_ns: int
    links: int = 1


class Manifest(Document):
    """`frozen/<tag>/manifest.json`; `journal_seq` and `journal_hash` are those of the freeze's intent."""

    tag: str
    operator: str
    host: str
    reason: str
    at: Moment
    journal_seq: Seq
    journal_hash: str
    files: tuple[FrozenFile, ...]


@dataclass(frozen=True)
class Tampering:
    """One difference of a frozen tag from its manifest."""

    kind: Literal["missing", "changed", "extra", "linked", "manifest"]
    path: Path
    detail: str


def read_manifest(reports: Path, tag: str) -> Manifest | None:
    """Return the manifest of a frozen tag, or None when it is missing or unreadable."""
    return look(frozen_dir(reports, tag) / MANIFEST_FILE, Manifest, patient=False).value


def manifest_sha256(reports: Path, tag: str) -> str | None:
    """Return the SHA-256 of the manifest file, or None when it is missing or unreadable."""
    return sha256_or_none(frozen_dir(reports, tag) / MANIFEST_FILE)


def sums_of(manifest: Manifest) -> bytes:
    """Return the content of `SHA256SUMS`, for `sha256sum -c`."""
    return "".join(f"{file.sha256}  {file.name}\n" for file in manifest.files).encode()


def restoring(tag: str, effect: str = "puts the frozen files back") -> Remedy:
    """Return the remedy for a frozen tag that was tampered with."""
    return Remedy("restore", command_line("restore", tag), effect)


def look_frozen(reports: Path, tag: str, artifacts: ArtifactNames, *, hashes: bool = False) -> list[Tampering]:
    """Return how a frozen tag's artifacts and copies differ from the manifest; `hashes` compares the content too."""
    directory = frozen_dir(reports, tag)
    if directory.is_symlink() or not directory.is_dir():
        return [Tampering("manifest", directory, "is no directory")]
    manifest = read_manifest(reports, tag)
    if manifest is None:
        return [Tampering("manifest", directory / MANIFEST_FILE, "is missing or can't be read")]
    if manifest.tag != tag:
        return [Tampering("manifest", directory / MANIFEST_FILE, f"is that of tag {manifest.tag}")]
    try:
        names = set(os.listdir(directory))  # noqa: PTH208 - names
    except OSError as error:
        return [Tampering("manifest", directory, f"can't be listed: {error.strerror}")]
    found = _beside_the_copies(directory, manifest)
    for file in manifest.files:
        found += _compare(directory / file.name, file, links=1, hashes=hashes)
        found += _compare(reports / file.name, file, links=file.links, hashes=hashes)
    known = {file.name for file in manifest.files}
    for name in sorted(names - known - {MANIFEST_FILE, SUMS_FILE}):
        found.append(Tampering("extra", directory / name, "was not there when the tag was frozen"))
    for name in sorted(set(_names_of(reports, tag, artifacts)) - known):
        if name.removeprefix(tag) in artifacts.own and _is_older(reports / name, manifest):
            continue  # became an artifact through an own step or check added since
        found.append(Tampering("extra", reports / name, "was not there when the tag was frozen"))
    return found


def _is_older(path: Path, manifest: Manifest) -> bool:
    """True for a file untouched since the tag was frozen, by its ctime, which no program can set."""
    try:
        return path.lstat().st_ctime_ns < nanoseconds(manifest.at)
    except (OSError, ValueError):
        return False


def _beside_the_copies(directory: Path, manifest: Manifest) -> list[Tampering]:
    """Return the problems of the manifest file and of `SHA256SUMS`, by which others check the copies."""
    found = []
    for name in (MANIFEST_FILE, SUMS_FILE):
        wrong = _not_a_file_of_its_own(directory / name, links=1)
        if wrong is not None:
            found.append(wrong)
    if not found:
        try:
            if read_bytes(directory / SUMS_FILE) != sums_of(manifest):
                found.append(Tampering("changed", directory / SUMS_FILE, "does not say what the manifest says"))
        except (Unreadable, OSError) as error:
            found.append(Tampering("changed", directory / SUMS_FILE, error_as_commands(error)))
    return found


def _names_of(reports: Path, tag: str, artifacts: ArtifactNames) -> list[str]:
    """Return the names of the tag's existing artifacts, looked up singly: a directory may hold ten thousand tags."""
    return [name for name in artifacts.of(tag) if os.path.lexists(reports / name)]


def _not_a_file_of_its_own(path: Path, links: int) -> Tampering | None:
    try:
        info = path.lstat()
    except FileNotFoundError:
        return Tampering("missing", path, "is missing")
    except OSError as error:
        return Tampering("changed", path, f"can't be looked at: {error.strerror}")
    if not stat.S_ISREG(info.st_mode):
        return Tampering("linked", path, "is no longer a file of its own")
    if info.st_nlink > links:
        return Tampering("linked", path, f"has {info.st_nlink} names: what is written to another is written to it")
    return None


def _compare(path: Path, file: FrozenFile, *, links: int, hashes: bool) -> list[Tampering]:
    wrong = _not_a_file_of_its_own(path, links)
    if wrong is not None:
        return [wrong]
    try:
        info = path.lstat()
        if info.st_size != file.size:
            return [Tampering("changed", path, f"has {info.st_size} bytes instead of {file.size}")]
        # A new time alone is no violation when the bytes are the same, only a reason to compare them.
        if info.st_mtime_ns == file.mtime_ns and not hashes:
            return []
        digest = hash_file(path, contained=True)
    except (Unreadable, OSError) as error:
        return [Tampering("changed", path, error_as_commands(error))]
    if digest != file.sha256:
        return [Tampering("changed", path, f"has sha256 {(digest or 'none')[:12]} instead of {file.sha256[:12]}")]
    return []
