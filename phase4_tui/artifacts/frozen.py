"""What tells anyone who writes that a tag is frozen."""

from itertools import pairwise
from pathlib import Path

from phase4_tui.artifacts.names import RUNBOOK_ARTIFACTS, STATE_DIR, state_dir
from phase4_tui.errors import Refused, Remedy

FROZEN_DIR = "frozen"


class FrozenTag(Refused):
    """A write to an artifact of a frozen tag was refused."""

    def __init__(self, tag: str, path: Path) -> None:
        super().__init__(
            f"{path.name}: tag {tag} is frozen, nothing was written",
            remedy=Remedy(effect="run under another tag"),
            tag=tag,
            file=str(path),
        )


def frozen_dir(reports: Path, tag: str) -> Path:
    """Return where the frozen copies of a tag are; a tag is frozen when this directory exists."""
    return state_dir(reports) / FROZEN_DIR / tag


def is_frozen(reports: Path, tag: str) -> bool:
    """True when `tag` is frozen; a copy that can't be looked at counts as frozen."""
    try:
        frozen_dir(reports, tag).lstat()
    except FileNotFoundError:
        return False
    except NotADirectoryError:
        return reports.is_dir()  # without a reports directory nothing is frozen
    except OSError:
        return True
    return True


def refuse_frozen(path: Path) -> None:
    """Raise FrozenTag when `path` is a frozen copy, or by its name an artifact of a tag frozen in its directory."""
    above = path.parent.resolve().parts
    if (STATE_DIR, FROZEN_DIR) in pairwise(above):
        raise FrozenTag(above[-1], path)
    owner = RUNBOOK_ARTIFACTS.split(path.name)
    if owner is not None and is_frozen(path.parent, owner[0]):
        raise FrozenTag(owner[0], path)
