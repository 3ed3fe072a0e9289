"""Which tags can be compared: a bad one that something is known of, and re-runs that have a report of Phase 4."""

import shutil
from functools import partial
from pathlib import Path

import pytest

from phase4_tui.artifacts.names import Artifact, BadTag
from phase4_tui.errors import Refused
from phase4_tui.rollback.comparison import compare
from phase4_tui.rollback.incidents import look_for_incident
from phase4_tui.runbook.provenance import runs_dir
from tests.rollback.hostile import overwrite
from tests.rollback.support import site_of
from tests.runbook.documents import ALERT, Tag


@pytest.fixture
def new(tmp_path: Path) -> Tag:
    return Tag(tmp_path / "reports", "new")


def open_incident(work: Path, name: str = "bad") -> Tag:
    bad = Tag(work / "reports", name)
    bad.change(Artifact.MONITORING, partial(dict.update, status="ALERT", alerts=[ALERT]), age=1)
    assert look_for_incident(site_of(work), name) is not None
    return bad


def forget(tag: Tag) -> None:
    for path in tag.reports.glob(f"{tag.name}_*"):
        path.unlink()


def test_a_bad_tag_of_which_nothing_is_known_is_refused_though_another_has_an_incident(
    new: Tag, tmp_path: Path
) -> None:
    with pytest.raises(Refused, match=r"missing has no report in "):
        compare(site_of(tmp_path), "missing", new.name, None)
    open_incident(tmp_path)
    with pytest.raises(Refused, match="missing has no report in"):
        compare(site_of(tmp_path), "missing", new.name, None)


def test_the_incidents_tag_is_compared_though_nothing_is_left_of_it(new: Tag, tmp_path: Path) -> None:
    bad = open_incident(tmp_path)
    forget(bad)
    shutil.rmtree(runs_dir(bad.reports), ignore_errors=True)
    found = compare(site_of(tmp_path), bad.name, new.name, None)
    assert found.notes[0] == "the decisions of bad are incomparable: its report is missing"
    assert found.decisions == ()


def test_any_tag_with_a_file_or_a_run_is_compared_as_the_bad_one(new: Tag, tmp_path: Path) -> None:
    bad = Tag(tmp_path / "reports", "bad")
    forget(bad)
    bad.put(Artifact.REPORT_MD, "# All that is left\n")
    assert compare(site_of(tmp_path), "bad", new.name, None).bad == "bad"
    forget(bad)
    bad.ran(pipeline="crashed")
    assert compare(site_of(tmp_path), "bad", new.name, None).bad == "bad"


@pytest.mark.parametrize("side", ["rerun", "known_good"])
def test_a_re_run_or_a_known_good_tag_needs_a_report_of_phase_4(new: Tag, tmp_path: Path, side: str) -> None:
    Tag(tmp_path / "reports", "bad")
    other = Tag(tmp_path / "reports", "other")

    def try_it() -> None:
        tags = ("other", None) if side == "rerun" else (new.name, "other")
        compare(site_of(tmp_path), "bad", *tags)

    try_it()
    other.remove(Artifact.REPORT)
    with pytest.raises(Refused, match="other has no report"):
        try_it()
    forget(other)
    Tag(tmp_path / "reports", "other", phase=3)
    with pytest.raises(Refused, match="other is of Phase 3: only Phase 4 tags can be compared"):
        try_it()


@pytest.mark.parametrize("tags", [("new", "new", None), ("bad", "new", "new"), ("bad", "new", "bad")])
def test_no_tag_is_compared_with_itself(new: Tag, tmp_path: Path, tags: tuple[str, str, str | None]) -> None:
    assert new.name
    Tag(tmp_path / "reports", "bad")
    with pytest.raises(Refused, match="can't be compared with itself"):
        compare(site_of(tmp_path), *tags)


def test_no_name_leads_out_of_the_directory(new: Tag, tmp_path: Path) -> None:
    with pytest.raises(BadTag):
        compare(site_of(tmp_path), "../bad", new.name, None)


@pytest.mark.parametrize(("rtol", "atol"), [(-1e-12, 0.0), (0.0, -1.0), (float("nan"), 0.0), (0.0, float("inf"))])
def test_tolerances_are_finite_and_not_negative(new: Tag, tmp_path: Path, rtol: float, atol: float) -> None:
    Tag(tmp_path / "reports", "bad")
    with pytest.raises(Refused, match="must be finite numbers that are not negative"):
        compare(site_of(tmp_path), "bad", new.name, None, rtol=rtol, atol=atol)
    assert compare(site_of(tmp_path), "bad", new.name, None, rtol=0.0, atol=0.0).recovered


@pytest.mark.parametrize("odd", [b"\xc3(", b"\xed\xa0\x80", b"\xff"])
def test_a_report_with_bytes_that_are_no_text_in_a_decision_is_refused_by_its_record(
    new: Tag, tmp_path: Path, odd: bytes
) -> None:
    Tag(tmp_path / "reports", "old")
    path = new.path(Artifact.REPORT)
    head, _, _ = path.read_bytes().partition(b'"results"')
    row = (
        b'{"input": {"underlying": "A", "timestamp": "t", "session_slot": "OPEN"}, "decision": {"action": "%s"}}' % odd
    )
    overwrite(path, head + b" " * 5000 + b'"results": [' + row + b"]}")
    with pytest.raises(Refused, match=r"record \d+ is not UTF-8"):
        compare(site_of(tmp_path), "old", new.name, None)
