"""Events whose hashes are right and whose content is not of their kind: said, never a traceback, nothing misread."""

import re
from pathlib import Path
from typing import Any

import pytest

from phase4_tui.artifacts.names import state_dir
from phase4_tui.journal.actor import Actor
from phase4_tui.journal.events import GENESIS, Event, seal
from phase4_tui.journal.journal_check import check_journal
from phase4_tui.journal.log import HEAD_FILE, Draft
from phase4_tui.journal.state import StateUnreadable, read_state
from phase4_tui.journal.writer import record
from phase4_tui.rollback.incidents import incidents_of
from phase4_tui.rollback.post_mortem import post_mortem
from phase4_tui.rollback.root_cause import root_causes
from phase4_tui.rollback.verification import verify
from tests.cli.support import DANGEROUS
from tests.rollback import layouts
from tests.rollback.hostile import overwrite
from tests.rollback.support import site_of

NONSENSE: list[Any] = [5, 1.5, "x", [], ["x"], {"x": 1}, True, {"incident": 5}, {"incident": {"id": 5}}]


def event_with(kind: str, detail: dict[str, Any]) -> Event:
    """Return an event as a forger would write it."""
    names = {"operator": "mallory", "host": "h", "tag": "t", "incident": None}
    return seal(
        {"seq": 1, "at": "2026-11-27T10:00:00.000000Z", "kind": kind, "detail": detail, "prev": GENESIS} | names
    )


@pytest.mark.parametrize("nonsense", NONSENSE, ids=str)
@pytest.mark.parametrize("key", ["changes", "closed"])
def test_an_event_that_holds_no_incident_is_named(key: str, nonsense: Any) -> None:
    event = event_with("incident", {key: nonsense})
    if key == "changes" and not (isinstance(nonsense, dict) and nonsense.get("incident")):
        assert incidents_of([event]) == {}
    elif nonsense:
        with pytest.raises(StateUnreadable, match="journal event 1 holds no Incident"):
            incidents_of([event])


@pytest.mark.parametrize("detail", [{}, *({"entry": one} for one in NONSENSE)], ids=str)
def test_an_event_that_holds_no_root_cause_is_named(detail: dict[str, Any]) -> None:
    with pytest.raises(StateUnreadable, match="journal event 1 holds no RootCause"):
        root_causes([event_with("root_cause", detail | {"outcome": "done"})])


@pytest.mark.parametrize("seq", [-1, 1 << 53, 1 << 64, 10**30, "1" * 4400])
@pytest.mark.parametrize("name", ["state.json", HEAD_FILE, "journal.jsonl", "frozen/B/manifest.json"])
def test_a_number_that_no_event_has_is_said(tmp_path: Path, name: str, seq: object) -> None:
    layouts.frozen(tmp_path)
    site = site_of(tmp_path)
    path = state_dir(site.reports) / name
    overwrite(
        path, re.sub(rb'("(?:journal_)?seq": ?)\d+', lambda found: found[1] + str(seq).encode(), path.read_bytes())
    )
    assert not verify(site).ok
    check_journal(site.reports)
    if "manifest" not in name:
        with pytest.raises(StateUnreadable):
            read_state(site.reports)


def test_a_post_mortem_tells_overrides_of_any_content_and_no_code_of_an_event(tmp_path: Path) -> None:
    layouts.incident(tmp_path)
    site = site_of(tmp_path)
    incident = read_state(site.reports).incident
    assert incident is not None
    odd = {"override": [5, {"x": 1}, {"name": "[rehearsal](http://x)"}, None], "reason": "R"}
    for kind in ("reopen", "\x1b]52;c;RVZJTA==\x07 <b>"):
        record(site.reports, Actor("ada"), Draft(kind, incident.tag, incident.id, odd))
    text = post_mortem(site)
    assert "\\[rehearsal\\]" in text
    assert "<b>" not in text
    assert not DANGEROUS.search(text)
