"""`watch`: one plain line a change, until interrupted, whatever happens to the directory meanwhile."""

import json
import os
import queue
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen

import pytest

from phase4_tui.artifacts.names import Artifact
from phase4_tui.journal.log import read_events
from tests.cli.support import DANGEROUS, ask, listing, started
from tests.runbook import misbehaving
from tests.runbook.documents import ALERT, REPORT_AGE, Tag, quality
from tests.runbook.support import foreign, until


class Watch:
    """A `phase4 watch` at work, and the lines that it has printed."""

    def __init__(self, process: "Popen[str]") -> None:
        self.process = process
        self.told: list[str] = []
        self._lines: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)

    def each(self, *lines: tuple[str, ...]) -> None:
        """Wait for several lines, in whichever order the looks under way come to them."""
        left = list(lines)
        while left:
            line = self.line()
            left = [words for words in left if not all(word in line for word in words)]

    def line(self, *words: str, seconds: float = 10) -> str:
        """Wait for a line with all of these words and return it."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                line = self._lines.get(timeout=max(deadline - time.monotonic(), 0.01))
            except queue.Empty:
                raise AssertionError(f"no line with {words}, only {self.told}") from None
            self.told.append(line)
            if all(word in line for word in words):
                return line

    def ready(self) -> None:
        """Wait until the kernel tells it of changes."""
        descriptors = Path(f"/proc/{self.process.pid}/fdinfo")

        def watches(path: Path) -> bool:
            try:
                return "inotify wd" in path.read_text()
            except FileNotFoundError:
                return False

        until(lambda: any(watches(path) for path in descriptors.iterdir()))

    def stop(self) -> None:
        """Kill it, and read on to the end before its output is closed."""
        self.process.kill()
        self._reader.join(5)

    def end(self, number: signal.Signals) -> tuple[int, str]:
        """Send a signal; return exit status and stderr."""
        self.process.send_signal(number)
        status = self.process.wait(timeout=10)
        self._reader.join(5)
        assert self.process.stderr is not None
        return status, self.process.stderr.read()


@contextmanager
def watching(work: Path, *arguments: str, **environment: str) -> Iterator[Watch]:
    """Let `watch` begin, and wait until it watches where there is something to watch."""
    with started(work, "watch", *arguments, **environment) as process:
        watch = Watch(process)
        if (work / "reports").exists():
            watch.ready()
        try:
            yield watch
        finally:
            watch.stop()


def test_each_change_of_a_tag_is_one_plain_line_until_interrupted(tag: Tag, work: Path) -> None:
    with watching(work) as watch:
        assert watch.line("t1", "OK").count("t1") == 1
        tag.put(Artifact.QUALITY_CHECK, quality(False, {"event_and_portfolio_policy_enforced": ["record 1"]}))
        watch.line("t1", "P0", "risk")
        tag.put(Artifact.QUALITY_CHECK, quality(), age=REPORT_AGE)
        watch.line("t1", "OK")
        alert = {"status": "ALERT", "alerts": [ALERT]}
        tag.change(Artifact.MONITORING, lambda content: content.update(alert))
        watch.line("t1", "P1")
        Tag(work / "reports", "t2")
        watch.line("t2", "OK")
        status, err = watch.end(signal.SIGINT)
    assert status == 130
    assert "Traceback" not in err
    assert not DANGEROUS.search("".join(watch.told))
    assert all(line[:2].isdigit() and " UTC  " in line for line in watch.told), "every line begins with its time"


def test_a_termination_ends_it_too(tag: Tag, work: Path) -> None:
    with watching(work) as watch:
        watch.line(tag.name)
        status, err = watch.end(signal.SIGTERM)
    assert status in (143, -signal.SIGTERM)
    assert err == ""


def test_what_does_not_change_the_picture_is_no_line(tag: Tag, work: Path) -> None:
    with watching(work) as watch:
        watch.line("t1", "OK")
        tag.age(Artifact.MONITORING, 1)
        (work / "reports" / "notes.txt").write_text("nobody's")
        Tag(work / "reports", "last")
        watch.line("last", "OK")
    assert len([line for line in watch.told if "t1" in line]) == 1


def test_a_file_written_slowly_in_place_is_writing_and_never_broken(tag: Tag, work: Path) -> None:
    content = tag.path(Artifact.QUALITY_CHECK).read_bytes()
    with watching(work) as watch:
        watch.line("t1", "OK")
        with tag.path(Artifact.QUALITY_CHECK).open("wb", buffering=0) as file:
            file.write(content[:20])
            watch.line("t1", "quality check writing")
            file.write(content[20:])
        watch.line("t1", "sign-off stale")
    assert not any("P0" in line or "unreadable" in line for line in watch.told)


def test_a_file_whose_writer_gave_up_becomes_unreadable_without_another_change(tag: Tag, work: Path) -> None:
    with watching(work) as watch:
        watch.line("t1", "OK")
        tag.path(Artifact.QUALITY_CHECK).write_bytes(b'{"passed": tr')
        watch.line("t1", "quality check writing")
        watch.line("t1", "quality check unreadable")


def test_a_step_that_crashes_is_told_though_it_left_no_file(tmp_path: Path) -> None:
    work = foreign(tmp_path / "w", quality_check=misbehaving.CRASHES)
    with watching(work) as watch:
        assert ask(work, "run").status == 10
        watch.line("phase4_demo", "P0", "step broken")


def test_it_waits_for_a_directory_that_is_not_there_yet(work: Path) -> None:
    (work / "reports").rmdir()
    with watching(work) as watch:
        watch.line("watch:", "not exist")
        Tag(work / "reports", "t1")
        watch.line("t1", "OK")


def test_changes_made_while_it_was_stopped_are_told_afterwards(tag: Tag, work: Path) -> None:
    with watching(work) as watch:
        watch.line("t1", "OK")
        watch.process.send_signal(signal.SIGSTOP)
        for number in range(9_000):  # three events each, more than the kernel keeps
            os.close(os.open(work / "reports" / f"{number}.csv", os.O_CREAT | os.O_WRONLY))
        tag.put(Artifact.QUALITY_CHECK, quality(False))
        watch.process.send_signal(signal.SIGCONT)
        watch.line("t1", "P0", seconds=4)


def test_a_name_that_is_no_text_does_not_end_it(tag: Tag, work: Path) -> None:
    with watching(work) as watch:
        watch.line("t1", "OK")
        (Path(os.fsdecode(os.fsencode(work / "reports") + b"/evil\xff_report.json"))).write_text("{}")
        Tag(work / "reports", "t2")
        watch.line("t2", "OK")
        assert watch.process.poll() is None
    assert tag.name


@pytest.mark.parametrize("hostile", ["\x1b]52;c;RVZJTA==\x07", "\x9b2J\u202e"])
def test_under_json_each_line_is_one_document_without_a_raw_code(tag: Tag, work: Path, hostile: str) -> None:
    with watching(work, "--json") as watch:
        first = json.loads(watch.line('"t1"'))
        assert (first["tag"], first["classification"]["level"]) == ("t1", "ok")
        alert = {"status": "ALERT", "alerts": [ALERT | {"value": hostile}]}
        tag.change(Artifact.MONITORING, lambda content: content.update(alert))
        line = watch.line('"classification"', '"P1"')  # the incident that it opens is told before or after it
    assert json.loads(line)["classification"]["evidence"][0]["value"] == hostile
    assert not DANGEROUS.search("".join(watch.told))


def broken(tag: Tag, age: float = 1) -> None:
    tag.put(Artifact.QUALITY_CHECK, quality(False, {"event_and_portfolio_policy_enforced": ["record 1"]}), age)


def test_it_opens_an_incident_for_the_shown_tag_and_for_one_that_changes(work: Path) -> None:
    old = Tag(work / "reports", "old")
    broken(old, age=40)
    os.utime(old.path(Artifact.REPORT), (1, 1))
    shown = Tag(work / "reports", "shown")
    broken(shown)
    with watching(work, "--operator", "night-watch") as watch:
        watch.line("night-watch@", "incident inc-", "opened: P0 policy violated of shown")
        changing = Tag(work / "reports", "changing")
        broken(changing)
        watch.line("night-watch@", "more evidence for incident")
    events = [(event.kind, event.tag) for event in read_events(work / "reports")]
    assert events == [("incident", "shown"), ("evidence", "changing")], "nobody asked about the old one"


@pytest.mark.parametrize("option", ["--read-only", "--dry-run"])
def test_read_only_it_tells_and_writes_nothing(tag: Tag, work: Path, option: str) -> None:
    broken(tag)
    before = listing(work)
    with watching(work, option) as watch:
        watch.line("t1", "P0")
        Tag(work / "reports", "t2")
        watch.line("t2", "OK")
    assert {name for name in listing(work) if "t2" not in name} == set(before)


def test_it_tells_what_operators_do_once_each_and_nothing_of_before(tag: Tag, work: Path) -> None:
    assert ask(work, "known-good", "pin", tag.name, "--operator", "early").status == 0
    with watching(work) as watch:
        watch.line("t1", "OK")
        assert ask(work, "freeze", "t1", "--reason", "r", "--yes", "--operator", "gr\x1b[31mace").status == 0
        watch.line("gr␛[31mace@", ": freeze t1: ")
        assert ask(work, "mode", "phase3-only", "--reason", "r", "--yes").status == 0
        watch.line("ada@", ": mode Phase 3 only: ")
        assert ask(work, "incident", "reclassify", "P2", "--reason", "r", "--yes").status == 0
        watch.each(("t1  P2",), ("ada@", ": reclassify t1"))  # though no file of it changed
        status, err = watch.end(signal.SIGINT)
    assert (status, err) == (130, "")
    assert not any("early" in line for line in watch.told)
    operations = [line for line in watch.told if "@" in line and "incident" not in line]
    assert len(operations) == 3, "one line an operation"
    assert not DANGEROUS.search("".join(watch.told))


def test_under_json_an_event_is_one_document_as_stored(tag: Tag, work: Path) -> None:
    assert tag.name
    with watching(work, "--json") as watch:
        watch.line('"t1"')
        assert ask(work, "freeze", "t1", "--reason", "r\x1b", "--yes").status == 0
        found = json.loads(watch.line('"done"'))
    stored = ask(work, "journal", "--json", "--kind", "freeze").document()["events"][-1]
    assert found == {"at": stored["at"], "event": stored}
    assert all(isinstance(json.loads(line), dict) for line in watch.told)


def test_two_watchers_open_one_incident(tag: Tag, work: Path) -> None:
    with watching(work, "--operator", "one") as one, watching(work, "--operator", "two") as two:
        one.line("t1", "OK")
        two.line("t1", "OK")
        broken(tag)
        assert one.line("incident inc-").split()[1:] == two.line("incident inc-").split()[1:]
    assert [event.kind for event in read_events(work / "reports")] == ["incident"]


def test_what_keeps_it_from_the_record_is_told_once_and_it_goes_on(tag: Tag, work: Path) -> None:
    broken(tag)
    (work / "reports" / ".phase4").mkdir()
    state = work / "reports" / ".phase4" / "state.json"
    state.write_text("[]")
    with watching(work) as watch:
        watch.each(("state:", "state.json"), ("incident:", "state.json"))
        Tag(work / "reports", "t2")
        watch.line("t2", "OK")
        state.unlink()
        watch.each(("incident inc-", "t1"), ("state: ok",))
    assert len([line for line in watch.told if " state:" in line]) == 2, "when it began, and when it was over"


FULL_FOR_A = """
from phase4_tui.rollback import incidents

detect = incidents.detect


def full_for_a(site, tag, classification):
    if tag == "a" and not (site.workdir / "room again").exists():
        raise OSError(28, "No space left on device")
    return detect(site, tag, classification)


incidents.detect = full_for_a
"""


def test_a_tag_whose_incident_cannot_be_written_holds_up_no_other(tmp_path: Path, work: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(FULL_FOR_A)  # which every interpreter loads that finds it
    shown, first, second = (Tag(work / "reports", name) for name in ("shown", "a", "b"))
    with watching(work, PYTHONPATH=str(tmp_path)) as watch:
        watch.line(shown.name, "OK")
        broken(first)
        watch.line("incident: a:", "No space left on device")
        broken(second)
        watch.line("incident inc-", "of b")
        (work / "room again").touch()
        watch.each(("more evidence for incident", "of a"), ("incident: ok",))
    assert [event.tag for event in read_events(work / "reports")] == ["b", "a"]
    assert len([line for line in watch.told if " incident: " in line]) == 2, "when it began, and when it was over"


NOTES_MODULES = """
import atexit
import sys

atexit.register(lambda: open("modules", "w").write(" ".join(sys.modules)))
"""


def test_it_loads_neither_textual_nor_the_dashboard(tag: Tag, tmp_path: Path, work: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(NOTES_MODULES)
    with watching(work, PYTHONPATH=str(tmp_path)) as watch:
        watch.line(tag.name, "OK")
        broken(tag)
        watch.line("incident inc-")
        assert watch.end(signal.SIGINT)[0] == 130
    modules = (work / "modules").read_text().split()
    assert "phase4_tui.console.facts.schedule" in modules
    assert [name for name in modules if name.partition(".")[0] == "textual" or name.startswith("phase4_tui.tui")] == []


def test_a_reader_that_has_gone_ends_it_without_a_traceback(tag: Tag, work: Path) -> None:
    with started(work, "watch") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert tag.name in process.stdout.readline()
        process.stdout.close()
        broken(tag)
        assert process.wait(timeout=10) == 0
        assert process.stderr.read() == ""
