"""What stands in the way is said as what it is: a link, a file, a lost directory, other bytes than UTF-8, no name."""

import fcntl
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from phase4_tui.artifacts.clock import since
from phase4_tui.artifacts.directories import obstacle
from phase4_tui.artifacts.names import Artifact
from phase4_tui.errors import Refused
from phase4_tui.journal.events import BadEvent, decode_line
from phase4_tui.journal.locks import Busy, DirectoryLock
from phase4_tui.rollback.comparison import compare
from phase4_tui.runbook.settings import load_settings
from tests.cli.support import ENVIRONMENT, ask
from tests.rollback.support import site_of
from tests.runbook.documents import Tag
from tests.runbook.support import laid_out


def dangling(path: Path) -> None:
    path.symlink_to("nowhere")


def looping(path: Path) -> None:
    path.symlink_to(path.name)


def a_file(path: Path) -> None:
    path.touch()


LAY: dict[Callable[[Path], None], str] = {
    dangling: "is no directory but a link that leads to nowhere, which is not there",
    looping: "is no directory but a link that leads back to itself",
    a_file: "is no directory but a file",
}


@pytest.mark.parametrize("lay", LAY, ids=lambda lay: lay.__name__)
@pytest.mark.parametrize("name", ["reports", "reports/.phase4"])
@pytest.mark.parametrize("command", ["status", "tags", "doctor", "journal", "verify", "run", "audit"])
def test_each_command_says_what_is_in_the_place_of_the_directory(
    tmp_path: Path, lay: Callable[[Path], None], name: str, command: str
) -> None:
    work = laid_out(tmp_path / "w")
    path = work / name
    if path.parent.exists() and path.exists():
        path.rmdir()
    path.parent.mkdir(exist_ok=True)
    lay(path)
    answer = ask(work, command, *(("--yes",) if command == "run" else ()))
    told = answer.out + answer.err
    assert answer.status != 0
    assert LAY[lay] in told
    assert str(path) in told
    assert "elsewhere" in told or "make the link lead to a directory" in told
    assert "makes it" not in told
    assert "`phase4 verify`" not in told


def test_nothing_is_in_the_way_of_a_directory_that_can_be_made(tmp_path: Path) -> None:
    assert obstacle(tmp_path) is None
    assert obstacle(tmp_path / "a" / "b" / "reports") is None
    (tmp_path / "link").symlink_to(tmp_path)
    assert obstacle(tmp_path / "link" / "reports") is None


def test_a_directory_that_this_user_can_not_enter_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = tmp_path / "closed"
    closed.mkdir()
    real = Path.stat

    def stat(self: Path) -> os.stat_result:
        if self.parent == closed:
            raise PermissionError(13, "Permission denied", str(self))
        return real(self)

    monkeypatch.setattr(Path, "stat", stat)
    found = obstacle(closed / "reports")
    assert found is not None
    assert found.message == f"{closed} can't be entered by this user"


@pytest.mark.parametrize("command", [(), ("status",), ("run", "--yes"), ("doctor",), ("init",), ("verify", "--json")])
def test_a_deleted_working_directory_is_one_line_of_every_command(tmp_path: Path, command: tuple[str, ...]) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    script = "import os, sys; os.rmdir(os.getcwd()); os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
    argv = [sys.executable, "-c", script, "-m", "phase4_tui", *command]
    done = subprocess.run(argv, cwd=gone, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    told = "error: the directory that this was started in is gone; change to another one, or name one with `-C`\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", told)


def test_a_lock_that_another_process_holds_is_named_by_its_file(tmp_path: Path) -> None:
    with DirectoryLock(tmp_path, "x.lock"), pytest.raises(Busy) as busy:
        DirectoryLock(tmp_path, "x.lock").acquire(0)
    assert str(tmp_path / "x.lock") in busy.value.message
    assert busy.value.remedies


def test_a_lock_that_can_not_be_taken_is_named_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def flock(descriptor: int, mode: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(OSError, match="Input/output error") as refused:
        DirectoryLock(tmp_path, "x.lock").acquire(0)
    assert refused.value.filename == str(tmp_path)


def test_a_no_break_space_of_another_encoding_is_said_as_not_utf_8(tmp_path: Path) -> None:
    work = laid_out(tmp_path / "w")
    settings = work / "phase4.toml"
    settings.write_bytes(b'tag =\xa0"x"\n')
    said = f"error: {settings}: is not UTF-8 at byte 6 (0xa0); save it as plain UTF-8\n"
    assert ask(work, "status").complaint() == said
    with pytest.raises(BadEvent, match=r"is not UTF-8 \(byte 0xa0\)"):
        decode_line(b'{"seq": 1, "at": "\xa0"}')


def test_a_report_that_is_not_utf_8_is_said_to_be_so_by_a_comparison(tmp_path: Path) -> None:
    Tag(tmp_path / "reports", "bad")
    Tag(tmp_path / "reports", "new").put(
        Artifact.REPORT, b'{"results": [{"input": {"underlying": "\xa0", "timestamp": "t"}, "decision": {}}]}'
    )
    with pytest.raises(Refused, match=r"record 1.*is not UTF-8 \(byte 0xa0\)"):
        compare(site_of(tmp_path), "bad", "new", None)


@pytest.mark.parametrize(
    ("seconds", "words"), [(20, "20 s ago"), (7200, "2 h ago"), (-3600, "1 h ahead of this clock"), (-0.5, "0 s ago")]
)
def test_an_age_in_a_sentence_is_past_or_ahead_and_never_both(seconds: float, words: str) -> None:
    assert since(seconds) == words


def test_a_tag_ahead_of_the_clock_is_not_ahead_ago(tmp_path: Path) -> None:
    tag = Tag(tmp_path / "reports", "a")
    for artifact in Artifact:
        if tag.path(artifact).exists():
            tag.age(artifact, -7300)
    told = ask(tmp_path, "known-good", "list").out + ask(tmp_path, "status").out
    assert "2 h ahead of this clock" in told
    assert "ahead ago" not in told


@pytest.mark.parametrize("name", ["", "  ", "\t", "\u00a0", "\u200b", "\u2060 ", "\u3164"])
def test_an_operator_without_a_visible_name_is_refused_wherever_it_is_set(tmp_path: Path, name: str) -> None:
    work = laid_out(tmp_path / "w")
    assert "option --operator" in ask(work, "--operator", name, "status").complaint()
    assert "PHASE4_OPERATOR" in ask(work, "status", PHASE4_OPERATOR=name).complaint()
    (work / "phase4.toml").write_text(f'operator = "{name}"\n'.replace("\t", "\\t"))
    assert "phase4.toml, line 1" in ask(work, "status").complaint()


def test_a_login_name_that_is_blank_is_passed_over(tmp_path: Path) -> None:
    assert load_settings(tmp_path, {"LOGNAME": " ", "USER": "ada"}).operator == "ada"
