"""What the tests of this room share: journals with a history, written the usual way or at once, and looks at them."""

import json
import os
import shutil
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from phase4_tui.artifacts.atomic_files import to_json
from phase4_tui.errors import Phase4Error, error_as_commands
from phase4_tui.journal.actor import Actor
from phase4_tui.journal.events import GENESIS, Event, encode_line, seal
from phase4_tui.journal.journal_check import check_journal
from phase4_tui.journal.log import Draft, read_events
from phase4_tui.journal.state import OperationsState, fold
from phase4_tui.journal.writer import record

MARIA = Actor("maria", "desk")


@contextmanager
def raises_with_command(command: str, *kinds: type[Phase4Error]) -> Iterator[None]:
    """Expect an error of one of these kinds, which says on a plain terminal that `command` is what to do."""
    with pytest.raises(kinds) as caught:
        yield
    assert f"`{command}`" in error_as_commands(caught.value)


def file_in(reports: Path, name: str) -> Path:
    """Return a file of the state directory."""
    return reports / ".phase4" / name


def note(reports: Path, **detail: Any) -> Event:
    """Add an event that changes nothing but what `changes` says."""
    return record(reports, MARIA, Draft("note", "t1", detail=detail))[0]


def with_history(reports: Path, count: int = 3) -> Path:
    """Add `count` events, each of which changes the state."""
    for number in range(count):
        note(reports, changes={"active_tag": f"t{number}", "active_reason": "é 😀 \n" * number})
    return reports


def sealed(details: Sequence[dict[str, Any]]) -> list[Event]:
    """Return a chain of events."""
    events: list[Event] = []
    for seq, detail in enumerate(details, 1):
        body = {"seq": seq, "at": "2026-02-17T03:45:00.000000Z", "operator": "maria", "host": "desk", "kind": "note"}
        prev = events[-1].hash if events else GENESIS
        events.append(seal(body | {"tag": None, "incident": None, "detail": detail, "prev": prev}))
    return events


def write_at_once(reports: Path, details: Sequence[dict[str, Any]]) -> list[Event]:
    """Write journal, anchor and state that agree with each other, as one who may write there can; no fsync."""
    events = sealed(details)
    file_in(reports, "").mkdir(parents=True, exist_ok=True)
    file_in(reports, "journal.jsonl").write_bytes(b"".join(map(encode_line, events)))
    write_head(reports, events)
    file_in(reports, "state.json").write_bytes(to_json(fold(events).model_dump(by_alias=True)))
    return events


def write_head(reports: Path, events: Sequence[Event]) -> None:
    """Write the anchor of the last event."""
    head = {"seq": events[-1].seq, "hash": events[-1].hash} if events else {"seq": 0, "hash": GENESIS}
    file_in(reports, "journal.head").write_bytes(to_json(head))


def lines_in(reports: Path) -> list[bytes]:
    """Return the journal's lines, a torn one included."""
    return file_in(reports, "journal.jsonl").read_bytes().splitlines(keepends=True)


def json_in(reports: Path, name: str) -> Any:
    """Return what a file of the state directory holds; it must be whole."""
    return json.loads(file_in(reports, name).read_bytes())


def problems(reports: Path) -> list[str]:
    """Return the kinds of what does not hold."""
    return [problem.kind for problem in check_journal(reports).problems]


def folded(reports: Path) -> OperationsState:
    """Return what all events make of an empty state."""
    return fold(read_events(reports))


def copies_of(reports: Path, below: Path) -> Callable[[], Path]:
    """Return what makes a fresh copy of a reports directory each time."""
    count = iter(range(10**9))

    def copy() -> Path:
        return Path(shutil.copytree(reports, below / f"copy{next(count)}"))

    return copy


def forked(act: Callable[[], object]) -> int:
    """Let a child of this process act and return its number; it ends with status 0 when that went well."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # about threads, of which the child starts none
        child = os.fork()
    if child == 0:
        status = 1
        try:
            act()
            status = 0
        except BaseException:  # noqa: BLE001 - a child of a test must not go on as a second test run
            traceback.print_exc()
        finally:
            os._exit(status)
    return child


def ended(child: int) -> int:
    """Wait for a child and return its exit status."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
