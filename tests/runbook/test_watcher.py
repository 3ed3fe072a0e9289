"""Watching: whatever happens to the directory, it is looked at again in time, and trouble is said."""

import os
import shutil
import threading
import time
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
import watchfiles

from phase4_tui.artifacts import watcher as watching
from phase4_tui.artifacts.index import scan
from phase4_tui.artifacts.watcher import Watcher
from tests.runbook.support import until

INTERVAL_SECONDS = 0.4
LATE_SECONDS = 60.0


class Looking:
    """A watcher at work in a thread, as `watch` uses it: it looks, then waits for the next time to look."""

    def __init__(self, directory: Path, interval: float) -> None:
        self.stop = threading.Event()
        self.watcher = Watcher(directory, self.stop, interval)
        self.seen: dict[str, tuple[int, int, int, int]] = {}
        self.looks = 0
        self._directory = directory
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def _work(self) -> None:
        while True:
            self.seen = scan(self._directory)
            self.looks += 1
            if not self.watcher.wait():
                return

    def agrees(self) -> bool:
        """True when what was seen is what is there."""
        return self.seen == scan(self._directory)

    def ready(self) -> None:
        """Wait until the kernel's hints have begun."""
        until(lambda: self.watcher._hints is not None)
        looks, marker = self.looks, self._directory / "marker"
        marker.touch()
        until(lambda: self.looks > looks and "marker" in self.seen)

    def end(self) -> None:
        """Stop, which must not take long."""
        self.stop.set()
        self._thread.join(5)
        assert not self._thread.is_alive()


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    directory = tmp_path / "reports"
    directory.mkdir()
    return directory


@pytest.fixture
def looking(reports: Path) -> Iterator[Looking]:
    found = Looking(reports, INTERVAL_SECONDS)
    yield found
    found.end()


@pytest.fixture
def hinted(reports: Path) -> Iterator[Looking]:
    """A watcher whose regular look comes so late that only a hint can be the reason for one."""
    found = Looking(reports, LATE_SECONDS)
    found.ready()
    yield found
    found.end()


def test_a_file_renamed_into_place_is_noticed_at_once(hinted: Looking, reports: Path) -> None:
    temporary = reports / ".a_report.json.1.tmp"
    temporary.write_text("{}")
    started = time.monotonic()
    temporary.rename(reports / "a_report.json")
    until(hinted.agrees, 5)
    assert "a_report.json" in hinted.seen
    assert time.monotonic() - started < 2
    assert hinted.watcher.trouble is None


def test_writing_in_place_and_removing_are_noticed_at_once(hinted: Looking, reports: Path) -> None:
    path = reports / "a_report.json"
    path.write_text("{")
    until(hinted.agrees, 5)
    with path.open("a") as file:
        file.write("}")
    until(hinted.agrees, 5)
    path.unlink()
    until(hinted.agrees, 5)
    assert "a_report.json" not in hinted.seen


def test_a_burst_of_files_is_seen_whole(hinted: Looking, reports: Path) -> None:
    for number in range(2000):
        (reports / f"t{number}_report.json").touch()
    until(hinted.agrees, 5)
    assert len(hinted.seen) == 2001


def test_a_directory_that_is_removed_and_made_anew_is_watched_on(looking: Looking, reports: Path) -> None:
    looking.ready()
    for round_ in range(3):
        shutil.rmtree(reports)
        reports.mkdir()
        (reports / f"round{round_}_report.json").touch()
        until(lambda name=f"round{round_}_report.json": name in looking.seen, 3)  # type: ignore[misc]
        (reports / "later_report.json").touch()
        until(lambda: "later_report.json" in looking.seen, 3)
    assert looking.agrees()


def test_a_directory_renamed_away_is_not_taken_for_the_new_one(looking: Looking, reports: Path) -> None:
    looking.ready()
    hints, away = looking.watcher._hints, reports.with_name("away")
    reports.rename(away)
    reports.mkdir()
    (away / "old_report.json").touch()
    (reports / "new_report.json").touch()
    until(lambda: set(looking.seen) == {"new_report.json"}, 3)
    until(lambda: looking.watcher._hints not in (None, hints), 3)
    assert looking.agrees()


def test_a_link_that_is_pointed_elsewhere_is_followed(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}_report.json").touch()
    link = tmp_path / "reports"
    link.symlink_to("a")
    looking = Looking(link, INTERVAL_SECONDS)
    try:
        looking.ready()
        (tmp_path / "new").symlink_to("b")
        (tmp_path / "new").rename(link)
        until(lambda: set(looking.seen) == {"b_report.json"}, 3)
        (tmp_path / "b" / "later_report.json").touch()
        until(lambda: "later_report.json" in looking.seen, 3)
    finally:
        looking.end()


def test_a_directory_that_is_not_there_yet_is_said_and_then_watched(tmp_path: Path) -> None:
    directory = tmp_path / "reports"
    looking = Looking(directory, INTERVAL_SECONDS)
    try:
        assert "not exist" in (until(lambda: looking.watcher.trouble) or "")
        directory.mkdir()
        (directory / "a_report.json").touch()
        until(lambda: "a_report.json" in looking.seen, 3)
        until(lambda: looking.watcher.trouble is None, 3)
    finally:
        looking.end()


def test_a_directory_that_goes_away_for_good_is_said(looking: Looking, reports: Path) -> None:
    looking.ready()
    shutil.rmtree(reports)
    assert "not exist" in (until(lambda: looking.watcher.trouble, 3) or "")
    assert looking.seen == {}


def test_a_name_that_is_no_text_kills_no_hints_for_ever(looking: Looking, reports: Path) -> None:
    looking.ready()
    with open(os.fsencode(reports) + b"/evil\xff_report.json", "wb"):  # noqa: PTH123 - bytes are meant
        pass
    until(lambda: any("\udcff" in name for name in looking.seen), 3)
    (reports / "after_report.json").touch()
    until(lambda: "after_report.json" in looking.seen, 3)
    assert looking.agrees()


class Broken:
    """Hints that fail, as watchfiles does at a limit of the kernel."""

    def __init__(self, error: Exception | None) -> None:
        self._error = error
        self.started = 0

    def __call__(self, *_args: object, **_options: object) -> Generator[set[object], None, None]:
        self.started += 1
        if self._error is not None:
            raise self._error
        yield from ()


@pytest.mark.parametrize(
    "error",
    [
        OSError(28, "OS file watch limit reached"),
        watchfiles._rust_notify.WatchfilesRustInternalError("Too many open files"),
        RuntimeError("the thread is gone"),
        FileNotFoundError(2, "No such file"),
        None,
    ],
)
def test_where_hints_fail_the_directory_is_polled_and_that_is_said(
    reports: Path, monkeypatch: pytest.MonkeyPatch, error: Exception | None
) -> None:
    broken = Broken(error)
    monkeypatch.setattr(watchfiles, "watch", broken)
    looking = Looking(reports, 0.1)
    try:
        assert "polling" in (until(lambda: looking.watcher.trouble) or "")
        for name in ("a_report.json", "b_report.json"):
            (reports / name).touch()
            until(lambda name=name: name in looking.seen, 3)  # type: ignore[misc]
        assert broken.started == 1, "a failing source of hints is not tried again at every look"
    finally:
        looking.end()


def test_hints_that_failed_are_tried_again_later_and_the_trouble_ends(
    reports: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = watchfiles.watch
    broken = Broken(OSError("limit"))
    monkeypatch.setattr(watchfiles, "watch", broken)
    monkeypatch.setattr(watching, "RETRY_SECONDS", 0.3)
    looking = Looking(reports, 0.1)
    try:
        until(lambda: broken.started > 1)
        monkeypatch.setattr(watchfiles, "watch", real)
        until(lambda: looking.watcher.trouble is None and looking.watcher._hints is not None)
        (reports / "a_report.json").touch()
        until(lambda: "a_report.json" in looking.seen, 3)
    finally:
        looking.end()


def test_a_watcher_that_is_told_to_stop_says_so_at_once(reports: Path) -> None:
    stop = threading.Event()
    watcher = Watcher(reports, stop, LATE_SECONDS)
    stop.set()
    assert watcher.wait() is False


def test_a_watcher_without_hints_stops_in_the_middle_of_its_wait(tmp_path: Path) -> None:
    looking = Looking(tmp_path / "missing", LATE_SECONDS)
    until(lambda: looking.watcher.trouble)
    looking.end()
