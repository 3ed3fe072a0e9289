"""A tag that does not exist is named as such, with tags of a like name, by every command that takes one."""

from pathlib import Path

import pytest

from tests.cli.support import REFUSED, UNKNOWN, ask
from tests.runbook.documents import Tag

REASON = ("--reason", "why")
LOOKS = (
    ["path", "report_json", "--tag", "mornig"],
    ["decisions", "--tag", "mornig"],
    ["transcript", "--tag", "mornig"],
    ["compare", "mornig", "morning", "--dry-run"],
    ["compare", "morning", "mornig", "--dry-run"],
)
ACTS = (
    ["freeze", "mornig", *REASON],
    ["thaw", "mornig", *REASON],
    ["restore", "mornig"],
    ["known-good", "switch", "mornig", *REASON],
    ["known-good", "pin", "mornig"],
    ["known-good", "unpin", "mornig"],
    ["reopen", "--tag", "mornig"],
    ["rollback", "--to", "mornig"],
    ["incident", "reclassify", "P2", *REASON, "--tag", "mornig"],
    ["root-cause", "add", "--cause", "c", "--remediation", "r", "--owner", "risk", "--tag", "mornig"],
)


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    Tag(tmp_path / "reports", "morning")
    return tmp_path


@pytest.mark.parametrize("command", [*LOOKS, *([*command, "--yes"] for command in ACTS)], ids=" ".join)
def test_a_tag_that_does_not_exist_is_no_such_tag_with_a_near_name(desk: Path, command: list[str]) -> None:
    told = ask(desk, *command)
    assert told.status == REFUSED
    assert told.complaint() == "error: no such tag: mornig; did you mean morning?; `phase4 tags` lists them\n"


@pytest.mark.parametrize("command", ["status", "audit"])
def test_what_shows_a_tag_names_it_too_and_scripts_read_what_they_did(desk: Path, command: str) -> None:
    told = ask(desk, command, "--tag", "mornig")
    assert (told.status, told.complaint()[:26]) == (UNKNOWN, "error: no such tag: mornig")
    document = ask(desk, command, "--tag", "mornig", "--json")
    assert (document.status, document.document()["tag"]) == (UNKNOWN, "mornig")


def test_without_a_like_name_only_the_list_is_offered(desk: Path) -> None:
    assert "did you mean" not in ask(desk, "freeze", "zzz", *REASON, "--yes").complaint()


def test_a_frozen_tag_whose_files_are_gone_exists(desk: Path) -> None:
    assert ask(desk, "freeze", "morning", *REASON, "--yes").status == 0
    for path in (desk / "reports").glob("morning_*"):
        path.unlink()
    assert "no such tag" not in ask(desk, "restore", "morning", "--yes").err
