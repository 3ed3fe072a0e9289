"""The inputs to choose from: those of recent runs and the batches in the working directory, each described."""

import hashlib
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

from phase4_tui.artifacts.clock import since
from phase4_tui.artifacts.counting import counted
from phase4_tui.artifacts.regular_files import Unreadable, open_regular
from phase4_tui.runbook.provenance import RunRecord, last_runs, last_sequence
from phase4_tui.runbook.run_plan import input_of_incident
from phase4_tui.runbook.site import Site

RUNS = 30
FILES = 40
MOST = 12
READ_BYTES = 16 << 20
"""A larger file is neither hashed nor counted for a list."""
DIGITS = 8


def known_inputs(site: Site) -> list[tuple[str, str]]:
    """Return path and description of each input: the incident's first, the settings' next, then the newest.

    "14 records · 3d4fb674 · 2 min ago · used by noon". Raises StateUnreadable.
    """
    runs = list(_recent_runs(site))
    first = [input_of_incident(site.workdir, site.reports), site.settings.input]
    paths = [*first, *(run.input.path for run in runs), *_files(site)]
    chosen = list(dict.fromkeys(path for path in paths if path is not None))[:MOST]
    return [(path, _described(site.workdir / path, path, runs)) for path in chosen]


def describe_input(site: Site, path: str) -> str:
    """Return what is known of one input."""
    return _described(site.workdir / path, path, list(_recent_runs(site)))


def _recent_runs(site: Site) -> Iterator[RunRecord]:
    """Yield the last Phase 4 sequence of each of the tags that were run last, the newest first."""
    tags = sorted(last_runs(site.reports).items(), key=lambda entry: -entry[1])
    for tag, _ in tags[:RUNS]:
        run = last_sequence(site.reports, tag)
        if run is not None and run.phase == 4:
            yield run


def _files(site: Site) -> list[str]:
    """Return the names of what may be a batch in the working directory, the newest first."""
    found: list[tuple[int, str]] = []
    with suppress(OSError):
        for path in list(site.workdir.glob("*.json*"))[:FILES]:
            with suppress(OSError, Unreadable):
                if path.name != site.settings.rules and _begins_as_batch(path):
                    found.append((path.stat().st_mtime_ns, path.name))
    return [name for _, name in sorted(found, reverse=True)]


def _begins_as_batch(path: Path) -> bool:
    with open_regular(path) as file:
        return path.suffix == ".jsonl" or file.read(64).lstrip()[:1] == b"["


def _described(path: Path, name: str, runs: list[RunRecord]) -> str:
    try:
        with open_regular(path) as file:
            data = file.read(READ_BYTES + 1)
        size, changed = path.stat().st_size, path.stat().st_mtime
    except FileNotFoundError:
        return "is missing"
    except Unreadable as error:
        return error.message
    except OSError as error:
        return error.strerror or "can't be read"
    told = [f"{size >> 20} MiB" if len(data) > READ_BYTES else _records(data)]
    digest = None if len(data) > READ_BYTES else hashlib.sha256(data).hexdigest()
    told += [digest[:DIGITS]] if digest is not None else []
    told.append(since(time.time() - changed))
    user = next((run.tag for run in runs if digest is not None and run.input_used == digest), None)
    other = next((run for run in runs if run.input.path == name), None)
    if user is not None:
        told.append(f"used by {user}")
    elif other is not None and digest is not None:
        told.append(f"changed since {other.tag} used it")
    return " · ".join(told)


def _records(data: bytes) -> str:
    try:
        if data.lstrip()[:1] == b"[":
            return counted(len(msgspec.json.decode(data, type=list[msgspec.Raw])), "record")
        with suppress(msgspec.DecodeError):
            msgspec.json.decode(data, type=msgspec.Raw)
            return counted(1, "record")
        return counted(len(msgspec.json.Decoder(msgspec.Raw).decode_lines(data)), "record")
    except (msgspec.DecodeError, RecursionError):
        return "not JSON"
