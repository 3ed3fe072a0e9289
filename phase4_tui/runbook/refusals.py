"""Tells which setting lets a step do what its cage refused it, from the last lines of its output."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from phase4_tui.runbook.cage.spec import Cage
from phase4_tui.runbook.settings import SETTINGS_FILE

LAST_LINES = 8
_PATH = re.compile(r"'([^']+)'|(?<![\w.'])(/[^\s'\":;,)]+)")


class _Told(NamedTuple):
    said: re.Pattern[str]
    setting: str


_LIMITS = (
    _Told(re.compile("File too large|EFBIG|signal 25"), "file_megabytes"),
    _Told(re.compile("Too many open files|EMFILE"), "open_files"),
    _Told(re.compile("Resource temporarily unavailable|can't start new thread|EAGAIN"), "processes"),
    _Told(re.compile("MemoryError|Cannot allocate memory|ENOMEM"), "memory_megabytes"),
)
_READ_ONLY = re.compile("Read-only file system|EROFS")
_DENIED = re.compile("Permission denied|Operation not permitted|EACCES|EPERM")
_ACROSS = re.compile("Invalid cross-device link|EXDEV")


def advice(lines: Sequence[str], cage: Cage, cwd: Path, error: str = "") -> str:
    """Return what to do about a refusal of the cage that a failed step ran into; empty where it ran into none.

    `lines` are the last ones of its output, `cwd` is where it ran, `error` is what its record says so far.
    """
    last = [*lines[-LAST_LINES:], error]
    for line in reversed(last):
        if _READ_ONLY.search(line) or (_DENIED.search(line) and _would_be_allowed(_place(line, cwd), cage)):
            return _about_place(_place(line, cwd), cage)
        if _ACROSS.search(line):
            return "a step's temporary directory is mounted apart: make the file beside its target, or copy it there"
        for limit in _LIMITS:
            if limit.said.search(line) and (
                limit.setting != "memory_megabytes" or cage.limits.memory_bytes is not None
            ):
                return f"[limits] {limit.setting} in {SETTINGS_FILE} allows a step more"
    return ""


def _about_place(place: Path | None, cage: Cage) -> str:
    if place is not None and any(place == sealed or sealed in place.parents for sealed in cage.sealed):
        return "no step may write there: it belongs to the program and its operators"
    named = "the directory" if place is None else place if place.is_dir() else place.parent
    return f"a step writes only below its working directory; [isolation] writable in {SETTINGS_FILE} may add {named}"


def _would_be_allowed(place: Path | None, cage: Cage) -> bool:
    """True when a place is known that is closed by the cage, and not by the rights of the user."""
    if place is None or any(place == writable or writable in place.parents for writable in cage.writable):
        return False
    return os.access(place if place.exists() else place.parent, os.W_OK)


def _place(line: str, cwd: Path) -> Path | None:
    found = [quoted or bare for quoted, bare in _PATH.findall(line)]
    return Path(os.path.normpath(cwd / found[-1])) if found else None
