"""Who holds a lock, as the kernel knows it: the process, its user and its command line, in words."""

import os
import pwd
from contextlib import suppress
from pathlib import Path

from phase4_tui.artifacts.safe_text import safe_line

COMMAND_CHARS = 80


def flock_holder(path: Path) -> int | None:
    """Return the process that locked a file or directory, by `/proc/locks`; None when that does not say."""
    try:
        found = path.stat()
        table = Path("/proc/locks").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    place = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}"
    for line in table.splitlines():
        fields = line.split()  # "7: FLOCK ADVISORY WRITE 4711 08:01:1312 0 EOF"; "->" stands before one that waits
        if len(fields) > 5 and fields[1] == "FLOCK" and fields[5] == place and fields[4].isdecimal():
            return int(fields[4]) or None  # 0 is a process of another pid namespace
    return None


def holder_words(pid: int | None, uid: int | None = None) -> str:
    """Return a holder in words: its pid, user and command line as far as they can be known."""
    if not pid:
        return "another process" if uid is None else f"a process of {_user(uid)}"
    try:
        owner = Path(f"/proc/{pid}").stat().st_uid if uid is None else uid
        raw = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return f"what process {pid} started{f' for {_user(uid)}' if uid is not None else ''} before it ended"
    command = safe_line(raw.replace(b"\0", b" ").decode("utf-8", "backslashreplace").strip(), COMMAND_CHARS)
    return f"process {pid} of {_user(owner)}{f' ({command})' if command else ''}"


def _user(uid: int) -> str:
    with suppress(KeyError):
        return pwd.getpwuid(uid).pw_name
    return f"user {uid}"
