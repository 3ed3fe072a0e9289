"""The index of a reports directory: its tags and the artifacts of each, from one scan."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from phase4_tui.artifacts.names import Artifact, ArtifactNames

CROWDED = 2000
Identity = tuple[int, int, int, int]
"""Inode, size, mtime and ctime of a file, at least one of which changes with its content."""


def identity_of(info: os.stat_result) -> Identity:
    """Return what identifies a file's content: it changes with every write."""
    return info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns


def scan(directory: Path) -> dict[str, Identity]:
    """Return every name in the directory with its identity; empty for a missing directory."""
    found: dict[str, Identity] = {}
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                try:
                    info = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                found[entry.name] = (info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    return found


def newest_tag(directory: Path, artifacts: ArtifactNames) -> str | None:
    """Return the tag changed last, or None, without an index: a first guess that the index may correct.

    In a crowded directory only reports are examined, in a fifth of the time.
    """
    try:
        with os.scandir(directory) as entries:
            found = list(entries)
    except (FileNotFoundError, NotADirectoryError):
        return None
    suffix = str(Artifact.REPORT)
    reports = [entry for entry in found if entry.name.endswith(suffix)] if len(found) > CROWDED else []
    for entry in sorted(reports or found, key=_modified, reverse=True):
        owner = artifacts.split(entry.name)
        if owner is not None:
            return owner[0]
    return None


def _modified(entry: os.DirEntry[str]) -> float:
    try:
        return entry.stat(follow_symlinks=False).st_mtime
    except OSError:
        return 0.0


@dataclass(frozen=True)
class TagEntry:
    """One tag; `modified_ns` is the time of its last changed artifact."""

    tag: str
    suffixes: frozenset[str]
    modified_ns: int


def index_tags(names: Mapping[str, Identity], artifacts: ArtifactNames) -> list[TagEntry]:
    """Return the tags of a scanned directory, the last changed first."""
    suffixes: dict[str, set[str]] = {}
    modified: dict[str, int] = {}
    for name, identity in names.items():
        owner = artifacts.split(name)
        if owner is not None:
            tag, suffix = owner
            suffixes.setdefault(tag, set()).add(suffix)
            modified[tag] = max(modified.get(tag, 0), identity[2])
    entries = [TagEntry(tag, frozenset(kinds), modified[tag]) for tag, kinds in suffixes.items()]
    return sorted(entries, key=lambda entry: (-entry.modified_ns, entry.tag))
