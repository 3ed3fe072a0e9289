"""Files whose names could be two tags' and files that name another tag: told apart, flagged, and never merged."""

import json
from functools import partial
from pathlib import Path

import pytest

from phase4_tui.artifacts.names import Artifact
from tests.cli.support import HEALTHY, REFUSED, ask
from tests.runbook.documents import Tag

AMBIGUOUS = ["a_report", "a_summary", "a_release_check", "a_phase4_signoff", "a_monitoring", "a.b", "a-", "a_"]


def frozen(work: Path, tag: str) -> set[str]:
    directory = work / "reports" / ".phase4" / "frozen" / tag
    return {path.name for path in directory.iterdir()} - {"manifest.json", "SHA256SUMS"}


def test_each_tag_is_listed_and_judged_by_its_own_files(work: Path) -> None:
    for name in ("a", *AMBIGUOUS):
        Tag(work / "reports", name)
    rows = ask(work, "tags", "--json").document()["tags"]
    assert {row["tag"]: row["known_good"] for row in rows} == dict.fromkeys(("a", *AMBIGUOUS), True)
    (work / "reports" / "a_report_quality_check.json").unlink()
    rows = ask(work, "tags", "--json").document()["tags"]
    assert [row["tag"] for row in rows if not row["known_good"]] == ["a_report"]


def test_a_freeze_takes_none_of_a_neighbours_files_and_keeps_nobody_else_from_writing(work: Path) -> None:
    own = {path.name for path in (work / "reports").iterdir()} if Tag(work / "reports", "a") else set()
    for name in AMBIGUOUS:
        Tag(work / "reports", name)
    assert ask(work, "freeze", "a", "--reason", "evidence", "--yes").status == HEALTHY
    assert frozen(work, "a") == own
    assert {row["tag"] for row in ask(work, "tags", "--json").document()["tags"] if row["frozen"] != "no"} == {"a"}
    neighbour = Tag(work / "reports", "a_report")
    neighbour.put(Artifact.REPORT_MD, "# Written again\n")
    assert ask(work, "verify").status == HEALTHY
    assert ask(work, "freeze", "a_report", "--reason", "evidence", "--yes").status == HEALTHY
    assert len(frozen(work, "a_report")) == len(own)
    assert all(name.startswith("a_report_") for name in frozen(work, "a_report"))


@pytest.mark.parametrize(
    ("artifact", "key"),
    [
        (Artifact.RELEASE_CHECK, "tag"),
        (Artifact.MONITORING, "snapshot"),
    ],
)
def test_a_tag_whose_files_name_another_tag_is_not_known_good(work: Path, artifact: Artifact, key: str) -> None:
    tag = Tag(work / "reports", "mine")
    other = {"run_tag": "theirs", "records": 0, "kpis": {}} if key == "snapshot" else "theirs"
    tag.change(artifact, partial(dict.update, **{key: other}))
    (row,) = ask(work, "tags", "--json").document()["tags"]
    assert row["known_good"] is False
    for operation in (["switch", "mine", "--reason", "r", "--yes"], ["pin", "mine"]):
        assert "not known-good" in ask(work, "known-good", *operation).complaint()
    assert "theirs" in ask(work, "status", "--tag", "mine").out


def test_a_whole_tag_copied_under_another_name_is_not_taken_for_that_tag(work: Path) -> None:
    theirs = Tag(work / "reports", "theirs")
    Tag(work / "reports", "other")
    for artifact in Artifact:
        if theirs.path(artifact).exists():
            content = theirs.path(artifact).read_bytes()
            theirs.path(artifact).with_name(f"copy{artifact}").write_bytes(content)
    refused = ask(work, "compare", "other", "copy")
    assert refused.status == REFUSED
    assert "theirs" in refused.complaint()
    rows = {row["tag"]: row for row in ask(work, "tags", "--json").document()["tags"]}
    assert rows["copy"]["known_good"] is False
    assert json.loads(theirs.path(Artifact.REPORT).read_text())["run_tag"] == "theirs"
