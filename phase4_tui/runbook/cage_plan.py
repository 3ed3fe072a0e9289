"""Where the steps of a working directory may write, and what they may use up."""

import os
import sys
from collections.abc import Iterable
from pathlib import Path

from phase4_tui.artifacts.names import state_dir
from phase4_tui.errors import Remedy
from phase4_tui.journal.locks import LOCKED
from phase4_tui.runbook.cage.mountinfo import other_paths
from phase4_tui.runbook.cage.spec import Cage, StepLimits
from phase4_tui.runbook.settings import SETTINGS_FILE, Settings, place_in_file

PROGRAM = Path(__file__).resolve().parents[1]


def cage_of(
    settings: Settings, workdir: Path, reports: Path, writable: Iterable[Path], *, judging: bool = False
) -> Cage:
    """Return the cage of a step that may write `workdir`, `reports` and `writable`, and what the settings add.

    A gate that only judges a tag anew (`judging`) may not write `reports`.

    Raises SettingsError for a place in the settings that does not exist.
    """
    places = outermost([workdir, reports, *writable, *_more(settings, workdir)])
    state = state_dir(real_path(reports))
    sealed = [
        *([real_path(reports)] if judging else []),
        real_path(workdir / SETTINGS_FILE),
        PROGRAM,
        Path(sys.prefix).resolve(),
    ]
    limits = settings.limits
    hidden = lock_view(state) if state.is_dir() else {}
    return Cage(
        writable=places,
        sealed=(*(path for path in sealed if path.exists() and _inside(path, places)), *hidden),
        hidden=hidden,
        limits=StepLimits(
            processes=limits.processes,
            open_files=limits.open_files,
            file_bytes=limits.file_megabytes << 20,
            memory_bytes=None if limits.memory_megabytes is None else limits.memory_megabytes << 20,
        ),
    )


def lock_view(state: Path) -> dict[Path, tuple[str, ...]]:
    """Return what a step must not lock, by directory: the state of operations, at each path where it is mounted."""
    return dict.fromkeys((state, *map(Path, other_paths(str(state)))), LOCKED)


def real_path(path: Path) -> Path:
    """Return a path without links; one in a loop of links stays as it is, on every Python."""
    return Path(os.path.realpath(path))


def outermost(places: Iterable[Path]) -> tuple[Path, ...]:
    """Return the places without links and without those that are inside another; what does not exist is left out."""
    real = sorted({place.resolve() for place in places if place.exists()})
    return tuple(place for place in real if not _inside(place, [other for other in real if other != place]))


def _inside(path: Path, places: Iterable[Path]) -> bool:
    return any(place in path.parents for place in places)


def _more(settings: Settings, workdir: Path) -> list[Path]:
    found = [workdir / place for place in settings.isolation.writable]
    for path in found:
        if not path.exists():
            where = place_in_file(workdir, "isolation", "writable")
            make = Remedy(effect="make it, or take it out of the settings")
            raise where.error("isolation.writable", f"{path} does not exist", make)
    return found
