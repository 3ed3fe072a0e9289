"""Hostile tags lead nowhere, and hostile text in a file reaches no terminal: shown for what it is, or escaped."""

import json
import os
import pty
import re
import select
import subprocess
import time
from pathlib import Path

import pytest

from phase4_tui.artifacts.names import Artifact
from tests.cli.in_child import LOOKS
from tests.cli.support import DANGEROUS, ENVIRONMENT, ask, call, command, listing, start
from tests.counts import tries
from tests.figures import Figures
from tests.runbook import misbehaving
from tests.runbook.documents import ALERT, Tag, quality
from tests.runbook.support import foreign, misled

EVIL = "\x1b]52;c;RVZJTA==\x07\x1b[2J\x9b31m\x00\x7f\u202eevil\u2066\u200b\ufeff [@click=app.boom]x[/nope]"
TAGS = [
    "",
    ".",
    "..",
    "../x",
    "../../etc/passwd",
    "/etc/passwd",
    "a/b",
    "a\\b",
    "a/../b",
    "a..b",
    ".hidden",
    ".phase4",
    "_a",
    "-a",
    "--json",
    "a b",
    " a",
    "a ",
    "a\n",
    "a\nb",
    "a\r",
    "a\tb",
    "a\x00b",
    "a\x1b[2Jb",
    "a\x9bb",
    "a\u202eb",
    "é",
    "ａ",
    "a\u200b",
    "😀",
    "\ud800",
    "a" * 65,
    "a" * 5000,
    "a;rm -rf .",
    "$(id)",
    "`id`",
    "a|b",
    "a&b",
    "a*",
    "a?",
    "~",
    "%s%n",
    "{tag}",
    "con:",
    "a'b",
    'a"b',
]
# Terminal codes that a program of ours may use: colours, the cursor, clearing a line.
OURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-ln-z]|\x1b\[[0-9;]*m|\r")


@pytest.mark.parametrize(
    ("arguments", "every"),
    [
        (["run"], 1),
        (["run", "--resume"], 5),
        (["step", "1"], 5),
        (["status"], 5),
        (["audit"], 1),
        (["path", "report_md"], 5),
    ],
)
def test_no_hostile_tag_is_accepted_and_nothing_is_made(
    theirs: Path, tmp_path: Path, arguments: list[str], every: int
) -> None:
    before = listing(tmp_path)
    for tag in TAGS[::every]:
        answer = ask(theirs, *arguments, f"--tag={tag}")
        assert answer.status == 2, ascii(tag)
        assert answer.complaint()[:-1].isprintable(), ascii(tag)
    assert listing(tmp_path) == before


@pytest.mark.parametrize(
    "arguments",
    [
        ["freeze", "--reason=r", "--yes", "--", "TAG"],
        ["thaw", "--reason=r", "--yes", "--", "TAG"],
        ["restore", "--yes", "--", "TAG"],
        ["known-good", "switch", "--reason=r", "--yes", "--", "TAG"],
        ["known-good", "pin", "--", "TAG"],
        ["known-good", "unpin", "--", "TAG"],
        ["compare", "--", "TAG", "t1"],
        ["compare", "--", "t1", "TAG"],
        ["compare", "t1", "t2", "--known-good=TAG"],
        ["reopen", "--tag=TAG", "--yes"],
        ["reopen", "--tag=TAG", "--override", "--reason=r", "--yes"],
        ["incident", "reclassify", "P1", "--reason=r", "--yes", "--tag=TAG"],
        ["rollback", "--yes", "--to=TAG"],
        ["journal", "--tag=TAG"],
        ["run", "--rehearsal", "--tag=TAG"],
        ["run", "--dry-run", "--tag=TAG"],
        ["status", "--json", "--tag=TAG"],
        ["path", "report_json", "--json", "--tag=TAG"],
    ],
    ids=lambda arguments: " ".join(word for word in arguments if word[0] != "-"),
)
def test_no_operation_takes_a_hostile_tag_and_nothing_is_made(work: Path, tmp_path: Path, arguments: list[str]) -> None:
    for name in ("t1", "t2"):
        Tag(work / "reports", name)
    Tag(work / "reports", "t3").change(Artifact.MONITORING, lambda it: it.update(status="ALERT", alerts=[ALERT]), age=1)
    before = listing(tmp_path)
    for tag in TAGS:
        answer = ask(work, *(word.replace("TAG", tag) for word in arguments))
        assert answer.status == 2, ascii(tag)
        assert answer.complaint()[:-1].isprintable(), ascii(tag)
    assert listing(tmp_path) == before


def test_names_of_incidents_and_kinds_are_refused_or_unknown_in_safe_words(work: Path) -> None:
    for text in (*TAGS[::4], EVIL):
        for arguments in (["incident", "show", "--", text], ["incident", "export", "--", text]):
            answer = ask(work, *arguments)
            assert answer.status == 2, ascii(text)
            assert answer.complaint()[:-1].isprintable(), ascii(text)
        assert ask(work, "journal", f"--kind={text}").out == "no event\n"
        assert ask(work, "journal", f"--since={text}").status == 2


def test_a_tag_of_bytes_that_are_no_text_is_refused_too(theirs: Path) -> None:
    answer = call(theirs, "run", b"--tag=a\xff\xfe")
    assert answer.status == 2
    assert answer.complaint().isascii()


def test_hostile_names_of_steps_artifacts_and_formats_are_refused_in_safe_words(theirs: Path) -> None:
    for arguments in (["step", EVIL], ["path", EVIL], ["schema", EVIL], ["run", f"--phase={EVIL}"], [EVIL]):
        answer = ask(theirs, *arguments)
        assert answer.status == 2
        assert not DANGEROUS.search(answer.out + answer.err), arguments


@pytest.fixture
def evil(tag: Tag) -> Tag:
    """A tag whose every text is hostile, and neighbours with hostile names."""
    issues = {"event_and_portfolio_policy_enforced": [EVIL, "two\nlines"], EVIL: [EVIL]}
    check = quality(False, issues)
    check["checks"][EVIL] = {"passed": False, "issues": [EVIL]}
    tag.put(Artifact.QUALITY_CHECK, check)
    wrong = {"passed": False, "missing_files": [EVIL], "validation_errors": [EVIL], "tag": EVIL, "outdir": EVIL}
    tag.change(Artifact.RELEASE_CHECK, lambda content: content.update(wrong))
    alert = ALERT | {"metric": EVIL, "message": EVIL, "value": EVIL, "threshold": EVIL, "operator": EVIL}
    tag.change(Artifact.MONITORING, lambda content: content.update(status="ALERT", alerts=[alert]))
    tag.put(Artifact.PHASE4_SIGNOFF, f"# {EVIL}\n")
    alerted = Tag(tag.reports, "t2")
    alerted.change(Artifact.MONITORING, lambda content: content.update(status="ALERT", alerts=[alert]))
    broken = Tag(tag.reports, "t3")
    broken.put(Artifact.MONITORING, {"status": EVIL, "alerts": [{"metric": EVIL, "severity": EVIL}]})
    (tag.reports / f"{EVIL.replace('/', '').replace(chr(0), '')}_report.json").write_text("{}")
    (Path(os.fsdecode(os.fsencode(tag.reports) + b"/\xff_report.json"))).write_text("{}")
    return tag


def test_hostile_text_in_artifacts_is_shown_safely(evil: Tag, work: Path) -> None:
    shown = ""
    for arguments in (["tags"], ["audit"], ["path", "report_json", "--tag", evil.name], ["doctor"]):
        shown += ask(work, *arguments).out
    for name in ("t1", "t2", "t3"):
        shown += ask(work, "status", "--tag", name).out
    assert "RVZJTA==" in shown, "it is shown, and visibly"
    assert "[@click=app.boom]x[/nope]" in shown
    assert not DANGEROUS.search(shown)


def test_hostile_text_under_json_is_escaped_and_comes_back_whole(evil: Tag, work: Path) -> None:
    assert evil.name
    for name in ("t1", "t2", "t3"):
        answer = ask(work, "status", "--json", "--tag", name)
        assert not DANGEROUS.search(answer.out), name
    value = ask(work, "status", "--json", "--tag", "t2").document()["classification"]["evidence"][0]["value"]
    assert value == EVIL


def test_hostile_output_of_a_step_is_shown_safely(tmp_path: Path) -> None:
    code = f"import sys; sys.stdout.buffer.write({EVIL.encode()!r} + b'\\n'); sys.exit(1)"
    work = foreign(tmp_path / "w", pipeline=code)
    for arguments in (["run"], ["status"], ["run", "--json"]):
        answer = ask(work, *arguments)
        assert "RVZJTA==" in answer.out
        assert not DANGEROUS.search(answer.out + answer.err), arguments


def test_a_hostile_operator_and_hostile_paths_are_shown_safely(tmp_path: Path) -> None:
    work = foreign(tmp_path / EVIL.replace("/", "").replace("\x00", ""))
    operator = EVIL.replace("\x00", "")
    for arguments in (["run", "--dry-run"], ["run", "--input", operator], ["status"], ["init"], ["step", "1"]):
        answer = ask(work, *arguments, "--operator", operator)
        assert not DANGEROUS.search(answer.out + answer.err), arguments


def test_a_working_directory_whose_name_is_no_text_can_be_looked_at(tmp_path: Path) -> None:
    work = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9"))
    Tag(work / "reports", "t1")
    for arguments in (["status"], ["tags"], ["status", "--json"], ["path", "report_json"]):
        answer = call(work, *arguments)
        assert "Traceback" not in answer.err, arguments
        assert answer.status in (0, 2), arguments


def on_a_terminal(work: Path, *arguments: str, seen: str = "", go: Path | None = None) -> str:
    """Run a command on a terminal of its own and return what it got; once `seen` is there, make the file `go`."""
    ours, theirs = pty.openpty()
    environment = {**ENVIRONMENT, "TERM": "xterm-256color", "COLUMNS": "200"}
    with subprocess.Popen(
        command(*arguments), cwd=work, env=environment, stdin=theirs, stdout=theirs, stderr=theirs
    ) as it:
        os.close(theirs)
        data, deadline = b"", time.monotonic() + 30
        while time.monotonic() < deadline:
            if select.select([ours], [], [], 0.1)[0]:
                try:
                    data += os.read(ours, 65536)
                except OSError:  # the other side is closed
                    break
                if go is not None and seen.encode() in data:
                    go.touch()
        if it.poll() is None and go is not None:
            go.touch()  # so that a test that fails ends
        assert it.wait(timeout=10) is not None
    os.close(ours)
    return data.decode("utf-8")


def test_a_terminal_gets_no_code_but_our_own(evil: Tag, work: Path) -> None:
    shown = on_a_terminal(work, "status", "--tag", evil.name)
    assert "\x1b[" in shown, "colours are there"
    assert "RVZJTA==" in shown
    assert not DANGEROUS.search(OURS.sub("", shown))


def test_every_look_shows_hostile_text_safely_to_a_pipe_and_to_a_terminal(
    evil: Tag, work: Path, figures: Figures
) -> None:
    operator = EVIL.replace("\0", "")
    assert ask(work, "freeze", evil.name, "--reason", operator, "--yes", "--operator", operator).status == 0
    looks = [[evil.name if word == "good" else word for word in words] for words, _ in LOOKS][:: tries(6, 1)]
    shown = ""
    for arguments in looks:
        answer = ask(work, *arguments)
        assert not DANGEROUS.search(answer.out + answer.err), arguments
        seen = on_a_terminal(work, *arguments)
        assert not DANGEROUS.search(OURS.sub("", seen)), arguments
        shown += seen
    assert "RVZJTA==" in shown, "it is shown, and visibly"
    figures.total("{:,} commands to a pipe and to a terminal", len(looks))


def test_a_run_on_a_terminal_shows_the_step_while_it_runs(tmp_path: Path) -> None:
    work = misled(tmp_path / "w", "pipeline", misbehaving.WAITS)
    shown = on_a_terminal(work, "step", "1", seen="1 of 1 · pipeline", go=work / "go")
    assert "1 of 1 · pipeline" in shown
    assert "passed" in shown


def test_a_run_on_a_terminal_shows_the_last_frame_of_a_bar_while_the_step_goes_on(tmp_path: Path) -> None:
    bar = "import sys\nfor share in (10, 20, 30): print(end=f'\\r{share}% of it', flush=True)\n"
    work = misled(tmp_path / "w", "pipeline", bar + misbehaving.WAITS)
    shown = on_a_terminal(work, "step", "1", seen="30% of it", go=work / "go")
    assert "30% of it" in shown
    assert "passed" in shown


def test_a_run_on_a_terminal_shows_no_code_of_a_step(tmp_path: Path) -> None:
    code = f"import sys; sys.stdout.buffer.write({EVIL.encode()!r} + b'\\n'); sys.exit(1)"
    shown = on_a_terminal(foreign(tmp_path / "w", pipeline=code), "run")
    assert "RVZJTA==" in shown
    assert "P0" in shown
    assert not DANGEROUS.search(OURS.sub("", shown))


def test_a_script_that_imitates_progress_lines_does_not_break_the_bar(tmp_path: Path) -> None:
    lines = (
        "print('phase4-progress {\"records\": 1' + '0' * 400 + ', \"bytes\": 1, \"total_bytes\": 0}')\n"
        'print(\'phase4-progress {"records": -5, "bytes": 99999, "total_bytes": -1}\')\n'
        "print('phase4-progress {}')\nprint('last words')\nraise SystemExit(1)"
    )
    shown = on_a_terminal(foreign(tmp_path / "w", pipeline=lines), "run")
    assert "Traceback" not in shown
    assert "last words" in shown


def test_a_reader_that_is_gone_is_no_traceback(tag: Tag, work: Path) -> None:
    assert tag.name
    for arguments in (["tags"], ["status"], ["status", "--json"], ["schema", "input"], ["path", "report_json"]):
        read, write = os.pipe()
        os.close(read)
        with start(work, *arguments, stdout=write) as process:
            os.close(write)
            _, err = process.communicate(timeout=30)
        assert err == "", arguments
        assert process.returncode == 0, arguments


def test_a_reader_that_leaves_during_a_run_does_not_stop_the_run(theirs: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    with start(theirs, "run", stdout=write) as process:
        os.close(write)
        _, err = process.communicate(timeout=60)
    assert "Traceback" not in err
    assert json.loads((theirs / "reports" / "phase4_demo_monitoring.json").read_text())["status"] == "OK"
