"""The frozen copies of a tag on disk: staged, published by one rename, never deleted."""

import hashlib
import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from phase4_tui.artifacts.atomic_files import sync_directory, to_json
from phase4_tui.artifacts.clock import iso, now_ns
from phase4_tui.artifacts.frozen import frozen_dir
from phase4_tui.artifacts.index import Identity, identity_of
from phase4_tui.artifacts.manifest import MANIFEST_FILE, SUMS_FILE, FrozenFile, Manifest, read_manifest, sums_of
from phase4_tui.artifacts.names import state_dir
from phase4_tui.artifacts.regular_files import Unreadable, open_regular
from phase4_tui.errors import Refused, Remedy, command_line
from phase4_tui.journal.events import Event
from phase4_tui.journal.state import OperationsState
from phase4_tui.runbook.site import Site

CHUNK = 1 << 20
TRIES = 3
STAGING_DIR = "staging"


def artifacts_of(site: Site, tag: str) -> list[Path]:
    """Return the existing artifacts of a tag, in the order of the runbook, the desk's own last."""
    paths = [site.reports / name for name in site.artifacts.of(tag)]
    return [path for path in paths if os.path.lexists(path)]


def needs_freezing(site: Site, tag: str, state: OperationsState) -> bool:
    """True while a tag has artifacts that may still be overwritten."""
    return tag not in state.frozen and bool(artifacts_of(site, tag))


def publish(site: Site, tag: str, reason: str, intent: Event) -> str:
    """Freeze a tag: copy its artifacts, write manifest and sums, rename all into place; return the manifest's sha256.

    Raises OSError, and Refused when there is nothing to freeze, an artifact changes while it is copied, or one is not
    a regular file; then nothing is frozen.
    """
    reports = site.reports
    stage = _stage(reports, f"freeze-{tag}-{intent.seq}")
    try:
        files = _copy_all(site, tag, stage)
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
        told = to_json(manifest.model_dump())
        _write(stage / SUMS_FILE, sums_of(manifest))
        _write(stage / MANIFEST_FILE, told)
        sync_directory(stage)
        final = frozen_dir(reports, tag)
        _make_directory(final.parent)
        stage.rename(final)
    except BaseException:
        shutil.rmtree(stage, ignore_errors=True)
        raise
    try:
        sync_directory(final.parent)
    finally:
        protect(final)
    return hashlib.sha256(told).hexdigest()  # of what was written here: the file may have been replaced since


def protect(directory: Path) -> None:
    """Remove the write permission from a published copy: a hint to people; the hashes are the proof.

    Only the owner of a file may: what another user made writable stays so, as `writable` tells.
    """
    if directory.is_symlink():
        return
    for path in writable(directory):
        if path == directory or path.is_file():
            with suppress(PermissionError):
                path.chmod(0o555 if path == directory else 0o444)


def writable(directory: Path) -> list[Path]:
    """Return the directory and files that are writable again although `protect` made them read-only."""
    paths = [directory, *directory.iterdir()] if directory.is_dir() else []
    modes = ((path, path.lstat().st_mode) for path in paths)
    return [path for path, mode in modes if not stat.S_ISLNK(mode) and mode & 0o222]


def owner_of(path: Path) -> str:
    """Return the login name of a file's owner, or the number of one without a name."""
    try:
        return path.owner()
    except KeyError:
        return f"uid {path.stat().st_uid}"


def _open_up(directory: Path) -> None:
    """Make a frozen directory writable for this user; what its owner alone may do is left to fail."""
    if not os.access(directory, os.W_OK):
        with suppress(PermissionError):
            directory.chmod(0o755)


def _needs_owner(directory: Path, tag: str, command: str) -> Refused:
    owner = owner_of(directory)
    remedy = Remedy(effect=f"have {owner} give `{command}`")
    return Refused(f"{directory} is {owner}'s, who alone may change it", remedy=remedy, tag=tag, file=str(directory))


def _stage(reports: Path, name: str) -> Path:
    stage = state_dir(reports) / STAGING_DIR / name
    stage.mkdir(parents=True)
    return stage


def _make_directory(directory: Path) -> None:
    if not directory.is_dir():
        directory.mkdir(exist_ok=True)
        sync_directory(directory.parent)


def _copy_all(site: Site, tag: str, stage: Path) -> list[FrozenFile]:
    for _ in range(TRIES):
        sources = artifacts_of(site, tag)
        if not sources:
            raise Refused(f"{tag} has no artifacts in {site.reports} any more: nothing to freeze", tag=tag)
        try:
            copied = [_copy(path, stage / path.name) for path in sources]
            if artifacts_of(site, tag) == sources and all(
                identity_of(path.lstat()) == before for path, (_, before) in zip(sources, copied, strict=True)
            ):
                return [file for file, _ in copied]
        except FileNotFoundError:
            if not stage.is_dir():
                raise
            # A writer that removes an artifact before it writes the new one was caught in between: copy all again.
        for path in stage.iterdir():
            path.unlink()
    advice = Remedy(effect="cancel or wait for who writes them, then freeze again")
    raise Refused(f"artifacts of {tag} are being written", remedy=advice, tag=tag)


def _copy(source: Path, target: Path) -> tuple[FrozenFile, Identity]:
    """Copy and hash a file in one pass; return its manifest entry and its identity before the copy."""
    if not stat.S_ISREG(source.lstat().st_mode):
        advice = Remedy(effect="put the file itself there, then freeze again")
        raise Refused(f"{source} is no file of its own", remedy=advice, file=str(source))
    try:
        file = open_regular(source)
    except Unreadable as error:
        raise Refused(f"{source} {error.message}", remedy=error.remedies, file=str(source)) from None
    digest, size = hashlib.sha256(), 0
    with file, target.open("xb") as copy:
        info = os.fstat(file.fileno())
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            copy.write(chunk)
            size += len(chunk)
        copy.flush()
        # The artifact's own time: a copy that is written to later then shows without hashing.
        os.utime(copy.fileno(), ns=(info.st_mtime_ns, info.st_mtime_ns))
        _sync(copy)
    frozen = FrozenFile(
        name=source.name, size=size, sha256=digest.hexdigest(), mtime_ns=info.st_mtime_ns, links=info.st_nlink
    )
    return frozen, identity_of(info)


def _write(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
        _sync(file)


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def withdraw(reports: Path, tag: str, intent: Event) -> Path:
    """Thaw a tag: move its copies to where thawed ones are kept; return that directory."""
    source, kept = frozen_dir(reports, tag), thawed_dir(reports, tag, intent.seq, intent.hash)
    _make_directory(kept.parent)
    if source.is_dir() and not source.is_symlink():
        _open_up(source)  # a directory that is moved must be writable
    try:
        source.rename(kept)
    except PermissionError:
        protect(source)
        raise _needs_owner(source, tag, command_line("thaw", tag, "--reason", "R")) from None
    except OSError:
        protect(source)
        raise
    sync_directory(source.parent)
    sync_directory(kept.parent)
    return kept


def thawed_dir(reports: Path, tag: str, seq: int, digest: str) -> Path:
    """Return where a thaw keeps the copies of a tag; `seq` and `digest` are those of its intent event."""
    return state_dir(reports) / "thawed" / _named_after(tag, seq, digest)


def _named_after(tag: str, seq: int, digest: str) -> str:
    """Return a name unique to one operation: a repaired journal counts from 1 again, so the hash is part of it."""
    return f"{tag}.{seq}-{digest[:8]}"


def put_back(reports: Path, tag: str, path: Path, intent: Event) -> Path | None:
    """Restore an artifact of a frozen tag from its copy, or the copy from the artifact; return where the old file is.

    A file that the manifest does not list is only set aside. Raises Refused when nothing is left to restore it from;
    then it stays as it is.
    """
    kept = state_dir(reports) / "evidence" / _named_after(tag, intent.seq, intent.hash)
    directory = frozen_dir(reports, tag)
    if path.parent == directory:
        kept = kept / "copies"
        _open_up(directory)
        if not os.access(directory, os.W_OK):
            raise _needs_owner(directory, tag, command_line("restore", tag))
    stage = _stage(reports, f"restore-{tag}-{intent.seq}")
    try:
        made = _made_again(reports, tag, path, stage)
        aside = _set_aside(path, kept) if os.path.lexists(path) else None
        try:
            if made is not None:
                made.rename(path)
        except OSError:
            if aside is not None:
                aside.rename(path)
            raise
        sync_directory(path.parent)
    finally:
        shutil.rmtree(stage, ignore_errors=True)
        if path.parent == directory:
            protect(directory)
    return aside


def _made_again(reports: Path, tag: str, path: Path, stage: Path) -> Path | None:
    """Build in `stage` the file that belongs at `path` and return it, None when none belongs there."""
    manifest = read_manifest(reports, tag)
    if manifest is None:
        raise Refused(f"{tag} has no manifest that can be read: nothing to restore it by", tag=tag)
    directory = frozen_dir(reports, tag)
    known = {file.name: file for file in manifest.files}
    if path == directory / SUMS_FILE:
        _write(stage / path.name, sums_of(manifest))
    elif path == directory / MANIFEST_FILE:
        _write(stage / path.name, path.read_bytes())  # its bytes are right, the file is not, e.g. a link
    elif path.name in known:
        frozen = known[path.name]
        source = (reports if path.parent == directory else directory) / path.name
        what = f"the {'artifact' if path.parent == directory else 'frozen copy'} {source}"
        try:
            found, _ = _copy(source, stage / path.name)
        except FileNotFoundError:
            told = f"{what} is missing: nothing to restore {path.name} from"
            raise Refused(told, tag=tag, file=str(path)) from None
        if found.sha256 != frozen.sha256:
            told = f"{what} does not match the manifest: nothing to restore {path.name} from"
            raise Refused(told, tag=tag, file=str(path))
        os.utime(stage / path.name, ns=(frozen.mtime_ns, frozen.mtime_ns))
    else:
        return None
    return stage / path.name


def _set_aside(path: Path, directory: Path) -> Path:
    kept = directory / path.name
    kept.parent.mkdir(parents=True, exist_ok=True)
    path.rename(kept)
    sync_directory(kept.parent)
    return kept


def sweep_stages(reports: Path) -> None:
    """Remove what unfinished freezes left behind; the caller holds the operations' lock."""
    staging = state_dir(reports) / STAGING_DIR
    if staging.is_dir():
        shutil.rmtree(staging)


def frozen_by(reports: Path, seq: int, digest: str) -> dict[str, Manifest]:
    """Return the manifests, by tag, of what one operation froze; `seq` and `digest` are those of its intent event."""
    root = frozen_dir(reports, "x").parent
    tags = sorted(path.name for path in root.iterdir()) if root.is_dir() else []
    manifests = {tag: read_manifest(reports, tag) for tag in tags}
    return {
        tag: found
        for tag, found in manifests.items()
        if found is not None and (found.tag, found.journal_seq, found.journal_hash) == (tag, seq, digest)
    }
