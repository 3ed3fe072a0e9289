"""The tags to choose from, each with its verdict and its age."""

import time
from collections.abc import Sequence

from phase4_tui.artifacts.clock import since
from phase4_tui.console.facts.snapshot import Snapshot
from phase4_tui.console.operations.suggestions import Suggestions, of_names
from phase4_tui.runbook.status import TagRow

MOST = 12
NEW = "new"
WORDS = {"ok": "OK", "warning": "WARN", "unknown": "?"}


def verdict_on(row: TagRow) -> str:
    """Return the verdict on a tag in words: "OK, known-good, frozen"."""
    word = row.severity_class or WORDS.get(row.level, "")
    more = ["known-good"] if row.known_good else []
    more += ["frozen"] if row.frozen == "intact" else []
    return ", ".join((word, *more))


def describe_tag(row: TagRow) -> str:
    """Return the verdict on a tag, and its age now: "P1, frozen, 2 min ago"."""
    return f"{verdict_on(row)}, {since(time.time() - row.modified_ns / 1e9)}"


def known_tags(snapshot: Snapshot, first: str, rows: Sequence[TagRow]) -> Suggestions:
    """Return `first`, which may be new, then the tags of `rows`; any of these completes."""
    told = {row.tag: describe_tag(row) for row in snapshot.rows}
    names = dict.fromkeys((first, *(row.tag for row in rows)))
    values = [(name, told.get(name, NEW)) for name in list(names)[:MOST]]
    return of_names(values, names)
