"""The mounts that this process sees; standard library only."""

import os
import re


class Mounted:
    """A mount: which part (`root`) of which file system (`device`, as major:minor) is seen at `path`, and how."""

    # No dataclass: the launcher starts with every step, and what makes those is slow to load.
    def __init__(self, device: str, root: str, path: str, options: list[str]) -> None:
        self.device = device
        self.root = root
        self.path = path
        self.options = options


def mounted() -> list[Mounted]:
    """Return every mount, in the order in which they were made; raise OSError without `/proc`."""
    with open("/proc/self/mountinfo", "rb") as file:
        lines = [line.split(b" ") for line in file]
    return [Mounted(line[2].decode(), _path(line[3]), _path(line[4]), _path(line[5]).split(",")) for line in lines]


def other_paths(directory: str) -> list[str]:
    """Return the other paths at which other mounts show the same directory; `directory` is absolute, without links."""
    every = mounted()
    holds = [one for one in every if _inside(directory, one.path)]
    if not holds:
        return []
    here = max(reversed(holds), key=lambda one: len(one.path))  # of several at one path the last covers the others
    place = _join(here.root, directory[len(here.path.rstrip("/")) :])
    found = []
    for one in every:
        if one.device == here.device and _inside(place, one.root) and one is not here:
            path = _join(one.path, place[len(one.root.rstrip("/")) :])
            if path != directory and _same(path, directory):
                found.append(path)
    return sorted(set(found))


def _inside(path: str, directory: str) -> bool:
    return path == directory or path.startswith(f"{directory.rstrip('/')}/")


def _join(start: str, rest: str) -> str:
    return f"{start.rstrip('/')}/{rest.lstrip('/')}".rstrip("/") or "/"


def _same(one: str, other: str) -> bool:
    try:
        return os.path.samefile(one, other)
    except OSError:
        return False


def _path(field: bytes) -> str:
    return os.fsdecode(re.sub(rb"\\([0-7]{3})", lambda found: bytes([int(found[1], 8)]), field))
