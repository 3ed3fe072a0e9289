"""The frozen copies of a tag on disk: built beside their place, published by one rename, never deleted."""

import hashlib
import os
import shutil
import stat
from pathlib import Path
from typing import BinaryIO

from phase4_tui.artifacts.clock import iso, now_ns
from phase4_tui.artifacts.frozen import frozen_dir
from phase4_tui.artifacts.index import Identity
from phase4_tui.artifacts.manifest import MANIFEST_FILE, SUMS_FILE, FrozenFile, Manifest, manifest_sha256, read_manifest
from phase4_tui.artifacts.names import Artifact, file_name, state_dir
from phase4_tui.artifacts.opening import Unreadable, open_regular
from phase4_tui.artifacts.writing import atomic_files, sync_directory, to_json
from phase4_tui.journal.events import Event
from phase4_tui.runbook.planning import Refused

CHUNK = 1 << 20
TRIES = 3


def artifacts_of(reports: Path, tag: str) -> list[Path]:
    """Return the artifacts of a tag that exist, in the order of the runbook."""
    paths = [reports / file_name(tag, kind) for kind in Artifact]
    return [path for path in paths if os.path.lexists(path)]


def publish(reports: Path, tag: str, reason: str, intent: Event) -> str:
    """Freeze a tag: copy its artifacts, write manifest and sums, rename all into place; return the manifest's sha256.

    Raises Refused when an artifact changes under the copying or is no file; OSError; then nothing is frozen.
    """
    staging = state_dir(reports) / "staging"
    stage = staging / f"freeze-{tag}-{intent.seq}"
    stage.mkdir(parents=True)
    try:
        files = _copy_all(reports, tag, stage)
        manifest = Manifest(
            tag=tag,
            operator=intent.operator,
            host=intent.host,
            reason=reason,
            at=iso(now_ns()),
            journal_seq=intent.seq,
            journal_hash=intent.hash,
            files=tuple(files),
        )
        _write(stage / SUMS_FILE, "".join(f"{file.sha256}  {file.name}\n" for file in files).encode())
        _write(stage / MANIFEST_FILE, to_json(manifest.model_dump()))
        sync_directory(stage)
        final = frozen_dir(reports, tag)
        final.parent.mkdir(exist_ok=True)
        stage.rename(final)
    except BaseException:
        shutil.rmtree(stage, ignore_errors=True)
        raise
    sync_directory(final.parent)
    protect(final)
    digest = manifest_sha256(reports, tag)
    if digest is None:
        raise Refused(f"{final / MANIFEST_FILE} vanished; `phase4 verify` tells what is there")
    return digest


def protect(directory: Path) -> None:
    """Take the write permission from a published copy: a hint to people, the hashes are the proof."""
    for path in directory.iterdir():
        path.chmod(0o444)
    directory.chmod(0o555)


def _copy_all(reports: Path, tag: str, stage: Path) -> list[FrozenFile]:
    for _ in range(TRIES):
        sources = artifacts_of(reports, tag)
        copied = [_copy(path, stage / path.name) for path in sources]
        if artifacts_of(reports, tag) == sources and all(
            _identity(path.lstat()) == before for path, (_, before) in zip(sources, copied, strict=True)
        ):
            return [file for file, _ in copied]
        for path in stage.iterdir():
            path.unlink()
    raise Refused(f"artifacts of {tag} are being written: cancel or wait for who writes them, then freeze again")


def _identity(info: os.stat_result) -> Identity:
    return info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns


def _copy(source: Path, target: Path) -> tuple[FrozenFile, Identity]:
    """Copy a file and hash what is copied in the same pass; return it with the identity before."""
    if not stat.S_ISREG(source.lstat().st_mode):
        raise Refused(f"{source} is no file of its own: put the file itself there, then freeze again")
    try:
        file = open_regular(source)
    except Unreadable as error:
        raise Refused(f"{source} {error}") from None
    digest, size = hashlib.sha256(), 0
    with file, target.open("xb") as copy:
        info = os.fstat(file.fileno())
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            copy.write(chunk)
            size += len(chunk)
        _sync(copy)
    frozen = FrozenFile(
        name=source.name, size=size, sha256=digest.hexdigest(), mtime_ns=info.st_mtime_ns, links=info.st_nlink
    )
    return frozen, _identity(info)


def _write(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
        _sync(file)


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def withdraw(reports: Path, tag: str, seq: int) -> Path:
    """Thaw a tag: move its copies where thawed ones are kept; return that place."""
    source, kept = frozen_dir(reports, tag), thawed_dir(reports, tag, seq)
    kept.parent.mkdir(exist_ok=True)
    if source.is_dir() and not source.is_symlink():
        source.chmod(0o755)  # a directory that is moved must be writable
    source.rename(kept)
    sync_directory(source.parent)
    sync_directory(kept.parent)
    return kept


def thawed_dir(reports: Path, tag: str, seq: int) -> Path:
    """Return where the copies of a tag are kept after the thaw with that intent."""
    return state_dir(reports) / "thawed" / f"{tag}.{seq}"


def put_back(reports: Path, tag: str, path: Path, seq: int) -> Path | None:
    """Make the artifact at `path` the frozen one again; return where what was there is kept, if anything was.

    Raises Refused when the frozen copy itself is not what the manifest says.
    """
    manifest = read_manifest(reports, tag)
    known = next((file for file in manifest.files if file.name == path.name), None) if manifest else None
    if known is None:
        return _set_aside(reports, path, tag, seq)
    try:
        data = open_regular(frozen_dir(reports, tag) / known.name)
    except (FileNotFoundError, Unreadable) as error:
        raise Refused(f"the frozen copy of {known.name} can't be read ({error}): nothing to restore it from") from None
    kept: Path | None = None
    digest = hashlib.sha256()
    with data, atomic_files(path, restoring=True) as (file,):
        while chunk := data.read(CHUNK):
            digest.update(chunk)
            file.write(chunk)
        if digest.hexdigest() != known.sha256:
            raise Refused(f"the frozen copy of {known.name} does not match its manifest: nothing to restore it from")
        file.flush()
        os.utime(file.fileno(), ns=(known.mtime_ns, known.mtime_ns))
        if os.path.lexists(path):
            kept = _set_aside(reports, path, tag, seq)
    return kept


def _set_aside(reports: Path, path: Path, tag: str, seq: int) -> Path:
    kept = state_dir(reports) / "evidence" / f"{tag}.{seq}" / path.name
    kept.parent.mkdir(parents=True, exist_ok=True)
    path.rename(kept)
    sync_directory(kept.parent)
    return kept


def sweep_stages(reports: Path) -> None:
    """Remove what unfinished freezes left; call it while holding the orders' lock."""
    staging = state_dir(reports) / "staging"
    if staging.is_dir():
        shutil.rmtree(staging)


def frozen_by(reports: Path, seq: int) -> dict[str, Manifest]:
    """Return the tags that the order with that intent froze."""
    root = frozen_dir(reports, "x").parent
    tags = sorted(path.name for path in root.iterdir()) if root.is_dir() else []
    manifests = {tag: read_manifest(reports, tag) for tag in tags}
    return {tag: found for tag, found in manifests.items() if found is not None and found.journal_seq == seq}
