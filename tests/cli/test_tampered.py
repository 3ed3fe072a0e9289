"""A frozen tag that is not as it was frozen is never healthy, whether or not it is the one shown."""

from pathlib import Path

import pytest

from phase4_tui.artifacts.frozen import frozen_dir
from phase4_tui.artifacts.names import Artifact
from tests.cli.support import HEALTHY, UNKNOWN, ask, started
from tests.runbook.support import until

REASON = ("--reason", "r", "--yes")


@pytest.fixture
def desk(work: Path) -> Path:
    """An active tag and another frozen one, both healthy."""
    for name in ("one", "two"):
        assert ask(work, "run", "--tag", name).status == HEALTHY
        assert ask(work, "freeze", name, *REASON).status == HEALTHY
    assert ask(work, "known-good", "switch", "one", *REASON).status == HEALTHY
    assert ask(work, "status").status == HEALTHY
    return work


def in_the_reports(work: Path, tag: str) -> None:
    """Edit an artifact so that it says what it said before."""
    path = work / "reports" / f"{tag}{Artifact.QUALITY_CHECK}"
    path.write_text(path.read_text() + " ")


def in_the_copies(work: Path, tag: str) -> None:
    """Take a frozen copy away."""
    frozen_dir(work / "reports", tag).joinpath(f"{tag}{Artifact.REPORT}").unlink()


def all_copies(work: Path, tag: str) -> None:
    """Take the whole directory of frozen copies away."""
    frozen_dir(work / "reports", tag).rename(work / "elsewhere")


@pytest.mark.parametrize("spoil", [in_the_reports, in_the_copies, all_copies])
def test_it_is_unknown_for_engineering_and_the_next_move_puts_it_right(desk: Path, spoil: object) -> None:
    assert callable(spoil)
    spoil(desk, "one")
    answer = ask(desk, "status")
    assert answer.status == UNKNOWN
    assert "UNKNOWN tampered · owner engineering" in answer.out
    status = ask(desk, "status", "--json").document()
    found = status["classification"]
    assert (found["level"], found["rule"], found["owner"], status["frozen"]) == (
        "unknown",
        "tampered",
        "engineering",
        "tampered",
    )
    assert status["next_move"]["operation"] == ("restore" if spoil is not all_copies else "verify")
    rows = {row["tag"]: (row["level"], row["known_good"]) for row in ask(desk, "tags", "--json").document()["tags"]}
    assert rows == {"one": ("unknown", False), "two": ("ok", True)}


def test_one_that_is_not_shown_is_said_and_comes_first(desk: Path) -> None:
    in_the_reports(desk, "two")
    answer = ask(desk, "status", "--json")
    assert answer.status == HEALTHY, "the shown tag is as it was"
    move = answer.document()["next_move"]
    assert (move["operation"], move["tag"]) == ("restore", "two")
    assert "put the frozen files of two back" in ask(desk, "status").out


def test_a_watch_tells_it(desk: Path) -> None:
    with started(desk, "watch", "--read-only") as watch:
        assert watch.stdout is not None
        until(lambda: "two  OK" in (watch.stdout.readline() if watch.stdout else ""))
        in_the_reports(desk, "two")
        until(lambda: "two  UNKNOWN tampered" in (watch.stdout.readline() if watch.stdout else ""))


def test_restoring_makes_it_healthy_again(desk: Path) -> None:
    in_the_reports(desk, "one")
    assert ask(desk, "restore", "one", "--yes").status == HEALTHY
    assert ask(desk, "status").status == HEALTHY
