"""Two users of one group on one directory: each goes on with what the other froze, or is told whom it needs."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from phase4_tui.artifacts.frozen import frozen_dir
from phase4_tui.artifacts.manifest import look_frozen
from phase4_tui.errors import FORESEEN, error_as_commands
from phase4_tui.rollback import frozen_copies
from phase4_tui.rollback.freeze import plan_freeze, plan_restore, plan_thaw
from phase4_tui.rollback.frozen_copies import writable
from phase4_tui.rollback.operations import Plan, carry_out
from phase4_tui.rollback.verification import verify
from phase4_tui.runbook.site import Site
from tests.rollback.support import site_of
from tests.runbook.documents import Tag

GROUP, FIRST, SECOND = 20_000, 20_001, 20_002
Planned = Callable[[Site], Plan]


def given(site: Site, planned: Planned) -> list[str]:
    """Carry an operation out and return what it says, a refusal as one line."""
    try:
        return list(carry_out(site, planned(site)).lines)
    except FORESEEN as error:
        return [f"refused: {error_as_commands(error)}"]


def as_user(uid: int, site: Site, planned: Planned) -> list[str]:
    """Let another user of the group give an operation, in a process of its own."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setgroups([GROUP])
            os.setgid(GROUP)
            os.setuid(uid)
            os.umask(0o002)
            os.write(write, json.dumps(given(site, planned)).encode())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        told: list[str] = json.loads(pipe.read())
    os.waitpid(pid, 0)
    return told


class Desk:
    """A directory of two users; without the right to become them, another's file is one whose mode can't be set."""

    def __init__(self, work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.site = site_of(work)
        self.reports = work / "reports"
        self._monkeypatch = monkeypatch
        self._real = os.geteuid() == 0
        old = os.umask(0o002)
        Tag(self.reports, "a")
        os.umask(old)
        if self._real:
            for place in (*work.parents, work):
                if place.stat().st_mode & 0o005 != 0o005:
                    place.chmod(place.stat().st_mode | 0o005)
            for path in (work, self.reports, *self.reports.iterdir()):
                os.chown(path, FIRST, GROUP)
                path.chmod(0o2775 if path.is_dir() else 0o664)

    def first(self, planned: Planned) -> list[str]:
        """Let the first user give an operation."""
        return as_user(FIRST, self.site, planned) if self._real else given(self.site, planned)

    def second(self, planned: Planned) -> list[str]:
        """Let the second user give an operation."""
        if self._real:
            return as_user(SECOND, self.site, planned)
        with self._monkeypatch.context() as patch:
            patch.setattr(frozen_copies.Path, "chmod", refused)  # type: ignore[attr-defined]  # a class of theirs
            return given(self.site, planned)


def refused(path: Path, mode: int) -> None:
    raise PermissionError(1, "Operation not permitted", str(path))


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A tag that the first user froze."""
    desk = Desk(tmp_path, monkeypatch)
    assert "is frozen" in desk.first(lambda site: plan_freeze(site, "a", "evidence"))[0]
    return desk


def test_a_restore_by_the_second_user_is_a_success_when_the_bytes_are_right(desk: Desk) -> None:
    changed = desk.reports / "a_report.md"
    changed.write_text("# Changed\n")
    assert desk.second(lambda site: plan_restore(site, "a"))[0] == "a is as it was frozen"
    assert look_frozen(desk.reports, "a", desk.site.artifacts, hashes=True) == []
    assert verify(desk.site).ok


def test_a_permission_that_is_the_owners_to_take_again_is_said_and_is_no_failure(desk: Desk) -> None:
    copy = frozen_dir(desk.reports, "a") / "a_report.md"
    copy.chmod(0o664)
    told = desk.second(lambda site: plan_restore(site, "a"))
    assert told[0] == "a is as it was frozen"
    assert any(str(copy) in line and "its owner, has to take the permission" in line for line in told[1:])
    assert writable(frozen_dir(desk.reports, "a")) == [copy]
    desk.first(lambda site: plan_restore(site, "a"))
    assert writable(frozen_dir(desk.reports, "a")) == []


def test_a_copy_in_a_directory_of_another_user_is_restored_by_its_owner_who_is_named(desk: Desk) -> None:
    copy = frozen_dir(desk.reports, "a") / "a_report.md"
    copy.chmod(0o664)
    copy.write_text("# Changed\n")
    (told,) = desk.second(lambda site: plan_restore(site, "a"))
    assert "who alone may change it; have " in told
    assert "give `phase4 restore a`" in told
    assert desk.first(lambda site: plan_restore(site, "a"))[0] == "a is as it was frozen"
    assert verify(desk.site).ok


def test_a_thaw_by_the_second_user_names_the_owner_that_it_needs_and_changes_nothing(desk: Desk) -> None:
    (told,) = desk.second(lambda site: plan_thaw(site, "a", "no longer needed"))
    assert "who alone may change it; have " in told
    assert "give `phase4 thaw a --reason R`" in told
    assert verify(desk.site).ok
    assert "a is thawed" in desk.first(lambda site: plan_thaw(site, "a", "no longer needed"))[0]


def test_the_second_user_goes_on_where_the_first_was_with_locks_journal_and_state(desk: Desk) -> None:
    desk.first(lambda site: plan_thaw(site, "a", "again"))
    assert "is frozen" in desk.second(lambda site: plan_freeze(site, "a", "evidence"))[0]
    assert "a is thawed" in desk.second(lambda site: plan_thaw(site, "a", "again"))[0]
    assert "is frozen" in desk.first(lambda site: plan_freeze(site, "a", "evidence"))[0]
    assert verify(desk.site).ok
