"""Says what stands in the way of a directory that is there or that a run would make: a file, a link to nowhere."""

import errno
import os
import stat
from pathlib import Path

from phase4_tui.errors import Remedy, Unusable

MOVE = Remedy(effect="move what is in its place elsewhere")
LEAD = Remedy(effect="make the link lead to a directory, or remove it")
ENTER = Remedy(effect="have its owner give this user the right to")


class NoDirectory(Unusable):
    """Something stands in the way of a directory; `path` is where, `problem` what."""

    def __init__(self, path: Path, problem: str, remedy: Remedy) -> None:
        super().__init__(f"{path} {problem}", remedy=remedy, file=str(path))
        self.path = path
        self.problem = problem


def obstacle(directory: Path) -> NoDirectory | None:
    """Return what stands in the way of a directory, or of one above it; None where it is there or can be made."""
    try:
        mode = directory.stat().st_mode
    except PermissionError:
        above = directory.parent
        return obstacle(above) or NoDirectory(above, "can't be entered by this user", ENTER)
    except OSError as error:
        if not os.path.islink(directory):  # noqa: PTH114 - Path.is_symlink raises where a directory above can't be read
            return obstacle(directory.parent)
        target = os.readlink(directory)  # noqa: PTH115 - as text
        loops = error.errno == errno.ELOOP
        problem = "leads back to itself" if loops else f"leads to {target}, which is not there"
        return NoDirectory(directory, f"is no directory but a link that {problem}", LEAD)
    return None if stat.S_ISDIR(mode) else NoDirectory(directory, "is no directory but a file", MOVE)
