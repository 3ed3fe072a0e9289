"""The index of a reports directory: its tags and the artifacts of each, from one scan."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from phase4_tui.artifacts.clock import now_ns
from phase4_tui.artifacts.names import Artifact, ArtifactNames

CROWDED = 2000
Identity = tuple[int, int, int, int]
"""Inode, size, mtime and ctime of a file, at least one of which changes with its content."""


def identity_of(info: os.stat_result) -> Identity:
    """Return what identifies a file's content: it changes with every write."""
    return info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns


def look_at(path: Path | str) -> Identity | None:
    """Return the identity of a file, or of the link to it; None when it is not there."""
    try:
        return identity_of(os.lstat(path))
    except OSError:
        return None


def scan(directory: Path) -> dict[str, Identity]:
    """Return every name in the directory with its identity; empty for a missing directory."""
    found: dict[str, Identity] = {}
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                try:
                    found[entry.name] = identity_of(entry.stat(follow_symlinks=False))
                except FileNotFoundError:
                    continue
    except (FileNotFoundError, NotADirectoryError):
        return {}
    return found


def newest_tag(directory: Path, artifacts: ArtifactNames, runs: Mapping[str, int]) -> str | None:
    """Return the tag changed or run last, or None, without an index: a first guess that the index may correct.

    `runs` says when each tag was last run, in ns. In a crowded directory only reports are examined, in a fifth of the
    time.
    """
    newest = max(((moment, tag) for tag, moment in runs.items()), default=(0, None))
    try:
        with os.scandir(directory) as entries:
            found = list(entries)
    except (FileNotFoundError, NotADirectoryError):
        return newest[1]
    suffix, now = str(Artifact.REPORT), now_ns()
    reports = [entry for entry in found if entry.name.endswith(suffix)] if len(found) > CROWDED else []
    for moment, name in sorted(((_modified(entry, now), entry.name) for entry in reports or found), reverse=True):
        owner = artifacts.split(name)
        if owner is not None:
            return max(newest, (moment, owner[0]))[1]
    return newest[1]


def _modified(entry: os.DirEntry[str], now: int) -> int:
    try:
        info = entry.stat(follow_symlinks=False)
    except OSError:
        return 0
    return _when(identity_of(info), now)


@dataclass(frozen=True)
class TagEntry:
    """One tag; `modified_ns` is the time of its last changed artifact or of its last run, whichever is later.

    `suffixes` are those of its artifacts: none for a tag whose run left nothing.
    """

    tag: str
    suffixes: frozenset[str]
    modified_ns: int


def index_tags(
    names: Mapping[str, Identity], artifacts: ArtifactNames, runs: Mapping[str, int] | None = None
) -> list[TagEntry]:
    """Return the tags of a scanned directory, the last changed first; `runs` says when a tag was last run, in ns."""
    modified = dict(runs or {})
    suffixes: dict[str, set[str]] = {tag: set() for tag in modified}
    now = now_ns()
    for name, identity in names.items():
        owner = artifacts.split(name)
        if owner is not None:
            tag, suffix = owner
            suffixes.setdefault(tag, set()).add(suffix)
            modified[tag] = max(modified.get(tag, 0), _when(identity, now))
    entries = [TagEntry(tag, frozenset(kinds), modified[tag]) for tag, kinds in suffixes.items()]
    return sorted(entries, key=lambda entry: (-entry.modified_ns, entry.tag))


def _when(identity: Identity, now: int) -> int:
    """Return when a file was last changed: its ctime, which nobody can set, where its mtime is in the future."""
    return identity[2] if identity[2] <= now else min(identity[3], now)
