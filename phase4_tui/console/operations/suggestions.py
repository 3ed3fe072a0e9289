"""What a question may be answered with: what there is, the likeliest first, and how a beginning is completed."""

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

MOST_NAMES = 200
"""So many completions of one beginning are looked at."""


def _nothing(beginning: str) -> Sequence[str]:
    return ()


@dataclass(frozen=True)
class Suggestions:
    """Values with their meaning, the likeliest first; `complete` returns every value that begins with a text."""

    values: Sequence[tuple[str, str]] = ()
    complete: Callable[[str], Sequence[str]] = _nothing


NONE = Suggestions()


def common_beginning(texts: Sequence[str]) -> str:
    """Return what all the texts begin with."""
    first, last = min(texts, default=""), max(texts, default="")
    same = (number for number, (one, other) in enumerate(zip(first, last, strict=False)) if one != other)
    return first[: next(same, len(first))]


def of_names(values: Sequence[tuple[str, str]], names: Iterable[str]) -> Suggestions:
    """Return suggestions that complete to any of the names, e.g. to tags."""
    known = tuple(names)
    return Suggestions(values, lambda beginning: [name for name in known if name.startswith(beginning)][:MOST_NAMES])


def of_files(values: Sequence[tuple[str, str]], directory: Path) -> Suggestions:
    """Return suggestions that complete to any path, a relative one taken from the directory."""
    return Suggestions(values, lambda beginning: paths(directory, beginning))


def paths(directory: Path, beginning: str) -> list[str]:
    """Return the paths that begin with a text, in order, a directory with a slash; hidden ones if asked for."""
    head, name = os.path.split(beginning)
    try:
        with os.scandir(directory / Path(head).expanduser()) as entries:
            found = [f"{entry.name}{os.sep if entry.is_dir() else ''}" for entry in entries if _fits(entry.name, name)]
    except (OSError, RuntimeError, ValueError):  # no such directory, no such home, a NUL
        return []
    return [os.path.join(head, one) for one in sorted(found)[:MOST_NAMES]]  # noqa: PTH118 - keeps "./" as typed


def _fits(found: str, beginning: str) -> bool:
    return found.startswith(beginning) and (beginning != "" or not found.startswith("."))
