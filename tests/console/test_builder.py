"""A snapshot is made of what was read and of nothing else, so that equal readings give equal snapshots."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from phase4_tui.artifacts.names import Artifact
from phase4_tui.console.facts.builder import build_snapshot
from phase4_tui.console.facts.reading import Reader, Readings
from phase4_tui.journal.state import OperationsState, StateUnreadable
from phase4_tui.runbook.run_holder import Holder
from phase4_tui.runbook.status import read_tags
from tests.rollback.support import freeze, site_of
from tests.runbook.documents import ALERT, Tag
from tests.tui.support import lay_out


def read(work: Path, tag: str | None = None) -> Readings:
    """Read a working directory now."""
    return Reader(site_of(work)).read(tag)


def test_equal_readings_make_equal_snapshots_whenever_they_were_read(tmp_path: Path) -> None:
    freeze(lay_out(tmp_path).parent, "A")
    first, second = read(tmp_path), read(tmp_path)
    assert first.looked_ns < second.looked_ns
    rows = tuple(read_tags(site_of(tmp_path)))
    site = site_of(tmp_path)
    assert build_snapshot(site, first, rows=rows, tags=2) == build_snapshot(site, second, rows=rows, tags=2)


def test_it_reads_nothing(tmp_path: Path) -> None:
    lay_out(tmp_path)
    readings, site = read(tmp_path), site_of(tmp_path)
    before = build_snapshot(site, readings)
    shutil.rmtree(tmp_path / "reports")
    assert build_snapshot(site, readings) == before
    assert before.focus is not None
    assert before.focus.tag == "B"


def test_the_order_of_the_keys_in_a_file_makes_no_other_snapshot(tmp_path: Path) -> None:
    tag = Tag(tmp_path / "reports", "A")
    kpis = {"no_trade_pct": 95.0, "directional_pct": 5.0}
    document = {"snapshot": {"run_tag": "A", "records": 0, "kpis": kpis}, "alerts": [ALERT], "status": "ALERT"}
    path = tag.put(Artifact.MONITORING, document | {"alert_count": 1})
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    before = build_snapshot(site_of(tmp_path), read(tmp_path))
    document["snapshot"] = {"kpis": dict(reversed(kpis.items())), "records": 0, "run_tag": "A"}
    path.write_text(json.dumps({"alert_count": 1} | dict(reversed(document.items()))))
    os.utime(path, ns=times)
    assert build_snapshot(site_of(tmp_path), read(tmp_path)) == before


def test_the_run_that_is_shown_is_the_shown_tags_last_or_the_one_under_way(tmp_path: Path) -> None:
    reports = lay_out(tmp_path)
    Tag(reports, "B").ran(pipeline="passed")
    last = Tag(reports, "B").ran(pipeline="crashed")
    other = Tag(reports, "C").ran(pipeline="running")
    readings, site = read(tmp_path, "B"), site_of(tmp_path)
    assert build_snapshot(site, readings).run == last
    holder = Holder(tag="C", run_id=other.run_id, operator="sam", host="h", pid=1, since="2026-02-17T03:45:00.000000Z")
    assert build_snapshot(site, replace(readings, holder=holder, other_run=other)).run == other
    assert build_snapshot(site, replace(readings, holder=holder)).run is None, "its record is not there yet"
    own = holder.model_copy(update={"tag": "B"})
    assert build_snapshot(site, replace(readings, holder=own, other_run=other)).run == last


def test_an_unreadable_state_is_the_trouble_of_the_snapshot(tmp_path: Path) -> None:
    state = lay_out(tmp_path) / ".phase4" / "state.json"
    state.parent.mkdir()
    state.write_text("[]")
    readings = read(tmp_path)
    assert isinstance(readings.state_error, StateUnreadable)
    snapshot = build_snapshot(site_of(tmp_path), readings, watch_trouble="no hints", read_only=True, followed=False)
    assert snapshot.trouble == str(readings.state_error)
    assert (snapshot.state, snapshot.watch_trouble) == (OperationsState(), "no hints")
    assert (snapshot.read_only, snapshot.followed, snapshot.level) == (True, False, "incident")


@pytest.mark.parametrize(
    ("note", "signoff"),
    [("Recommendation: GO\n", "GO"), ("Recommendation: NO-GO\n", "NO-GO"), ("# Sign-off\n", ""), (None, "")],
)
def test_a_tag_is_shown_with_what_its_note_recommends(tmp_path: Path, note: str | None, signoff: str) -> None:
    tag = Tag(tmp_path / "reports", "A")
    tag.remove(Artifact.PHASE4_SIGNOFF) if note is None else tag.put(Artifact.PHASE4_SIGNOFF, note)
    focus = build_snapshot(site_of(tmp_path), read(tmp_path)).focus
    assert focus is not None
    assert focus.signoff == signoff
    assert focus.health["release_check"].detail == "1 of 1 files, keys complete"
