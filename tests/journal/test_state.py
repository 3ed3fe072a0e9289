"""The state of operations: defaults where nobody has operated, and no guess where the file can't be used."""

import json
import os
from pathlib import Path

import pytest

from phase4_tui.journal.state import OperationsState, StateUnreadable, read_state


def write(reports: Path, content: object) -> Path:
    path = reports / ".phase4" / "state.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    os.utime(path, (10**9, 10**9))
    return path


def test_without_a_file_nobody_has_operated(tmp_path: Path) -> None:
    state = read_state(tmp_path)
    assert state == OperationsState()
    assert (state.revision, state.active_tag, state.evaluation_mode, state.quarantine) == (0, None, "phase4", ())
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_read_and_unknown_keys_are_passed_over(tmp_path: Path) -> None:
    write(tmp_path, {"revision": 7, "active_tag": "t1", "evaluation_mode": "phase3_only", "later": 1})
    state = read_state(tmp_path)
    assert (state.revision, state.active_tag, state.evaluation_mode) == (7, "t1", "phase3_only")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        {"evaluation_mode": "both"},
        {"revision": "many"},
        {"quarantine": {}},
        '{"revision": 1, "revision": 2}',
    ],
)
def test_a_file_that_can_not_be_used_is_an_error_that_names_it(tmp_path: Path, content: object) -> None:
    path = write(tmp_path, content)
    with pytest.raises(StateUnreadable) as caught:
        read_state(tmp_path)
    assert str(path) in str(caught.value)
    assert str(caught.value).isprintable()
