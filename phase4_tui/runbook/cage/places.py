"""Where a step may write, by mounts: all is read-only but a list, and locks are hidden; standard library only.

`Places` is plain data from the launcher's specification. Every path is absolute and without links.
"""

import errno
import os
import stat

from phase4_tui.runbook.cage.kernel import MS_BIND, MS_REC, mount, set_read_only
from phase4_tui.runbook.cage.mountinfo import mounted

DEVICES = ("null", "zero", "full", "random", "urandom")
DEVICE_LINKS = {
    "fd": "/proc/self/fd",
    "stdin": "/proc/self/fd/0",
    "stdout": "/proc/self/fd/1",
    "stderr": "/proc/self/fd/2",
}
TMPFS_FLAGS = 2 | 8  # nosuid, noexec


class Places:
    """What a step may write (files and directories), what is read-only all the same, and what it may not even see.

    `hidden` has, by directory, which becomes read-only, the names in it that the step sees as empty.
    """

    def __init__(self, writable: list[str], sealed: list[str], hidden: dict[str, list[str]]) -> None:
        self.writable = writable
        self.sealed = sealed
        self.hidden = hidden


def make_read_only(places: Places) -> None:
    """Make every mount read-only, but for the writable places; raise OSError."""
    was = {path: os.statvfs(path).f_flag & os.ST_RDONLY for path in places.writable}
    below = _mounts_below(places.writable)
    for path in places.writable:
        mount(path, path, MS_BIND | MS_REC)
    set_read_only("/", True, recursive=True)
    for path in [path for path in places.writable if not was[path]] + below:
        set_read_only(path, False)


def seal(places: Places) -> None:
    """Make the sealed places read-only, and prevent renaming them; raise OSError."""
    for path in places.sealed:
        if os.path.islink(path):  # a mount covers the target of a link: the link itself could still be replaced
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
        mount(path, path, MS_BIND | MS_REC)
        set_read_only(path, True, recursive=True)


def hide(places: Places) -> None:
    """Cover each directory with a read-only view of itself in which the hidden names are empty; raise OSError.

    A lock needs no right to write: whoever can open a directory can lock it. In the view neither the directory nor a
    hidden name is the real one, so a lock on it is nobody else's.
    """
    for directory, names in places.hidden.items():
        entries = sorted(os.scandir(directory), key=lambda entry: entry.name)
        source = os.open(directory, os.O_PATH | os.O_DIRECTORY)
        try:
            mount("tmpfs", directory, TMPFS_FLAGS, "tmpfs", "mode=755,size=1m")
            for entry in entries:
                target = f"{directory}/{entry.name}"
                _show(entry, f"/proc/self/fd/{source}/{entry.name}", target, entry.name in names)
            set_read_only(directory, True, recursive=True)
        finally:
            os.close(source)


def _show(entry: os.DirEntry[str], source: str, target: str, empty: bool) -> None:
    """Show an entry at `target`; one that is gone by now, as a file under construction may be, stays away."""
    try:
        if entry.is_symlink():
            os.symlink(os.readlink(source), target)
        elif entry.is_dir():
            os.mkdir(target)
        else:
            os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644))
        if not (empty or entry.is_symlink()):
            mount(source, target, MS_BIND | MS_REC)
    except FileNotFoundError:
        if os.path.lexists(target):
            os.rmdir(target) if entry.is_dir() else os.unlink(target)


def own_devices(writable: list[str]) -> None:
    """Mount a `/dev` with the harmless devices, those of the writable places, and shared memory; raise OSError."""
    source = os.open("/dev", os.O_PATH | os.O_DIRECTORY)
    try:
        mount("tmpfs", "/dev", TMPFS_FLAGS, "tmpfs", "mode=755,size=1m")
        os.mkdir("/dev/shm")
        mount("tmpfs", "/dev/shm", TMPFS_FLAGS, "tmpfs", "mode=1777")
        wanted = [f"/dev/{name}" for name in DEVICES] + [path for path in writable if path.startswith("/dev/")]
        for path in wanted:
            name = path.removeprefix("/dev/")
            try:
                found = os.stat(name, dir_fd=source)
            except FileNotFoundError:
                continue
            os.makedirs(os.path.dirname(path), exist_ok=True)
            if stat.S_ISDIR(found.st_mode):
                os.makedirs(path, exist_ok=True)
            else:
                os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o644))
            mount(f"/proc/self/fd/{source}/{name}", path, MS_BIND | MS_REC)
    finally:
        os.close(source)
    for name, target in DEVICE_LINKS.items():
        os.symlink(target, f"/dev/{name}")
    set_read_only("/dev", True)


def _mounts_below(directories: list[str]) -> list[str]:
    """Return where something that can be written is mounted below one of the directories."""
    every = [one for one in mounted() if "rw" in one.options]
    return [one.path for one in every if any(one.path.startswith(f"{path.rstrip('/')}/") for path in directories)]
