"""What the hostile tests share: a place with good and bad tags, a refusal's words, and a verdict on all of it."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from phase4_tui.artifacts.manifest import Manifest, read_manifest
from phase4_tui.artifacts.names import Artifact
from phase4_tui.errors import Refused, error_as_commands
from phase4_tui.journal.journal_check import check_journal
from phase4_tui.journal.log import read_events
from phase4_tui.journal.state import fold, read_state, stored_state
from phase4_tui.rollback.incidents import look_for_incident
from phase4_tui.rollback.known_good import plan_switch
from phase4_tui.rollback.operations import Done, Plan, carry_out
from phase4_tui.rollback.reopen import plan_reopen
from phase4_tui.rollback.verification import verify
from phase4_tui.runbook.site import Site
from tests.rollback.support import site_of
from tests.runbook.documents import CHECK_AGE, REPORT_AGE, Tag, contents, put, quality


def place(tmp_path: Path, *tags: str) -> Path:
    """Return a working directory with healthy tags."""
    work = tmp_path / "w"
    (work / "reports").mkdir(parents=True, exist_ok=True)
    for name in tags:
        Tag(work / "reports", name)
    return work


def write(work: Path, name: str, artifact: Artifact, content: object, age: float = CHECK_AGE) -> Path:
    """Write one artifact of a tag, which was last changed `age` seconds ago."""
    return put(work / "reports" / f"{name}{artifact}", content, age)


def own_report(work: Path, name: str, content: bytes | None = None) -> None:
    """Put a healthy tag there with a report like no other's."""
    Tag(work / "reports", name)
    write(work, name, Artifact.REPORT, content or a_report(run_tag=name, of=name), REPORT_AGE)


def a_report(**more: object) -> bytes:
    """Return a report with more keys; without `run_tag` it names no tag, so that a copy is wrong in nothing else."""
    content = contents("x")[Artifact.REPORT]
    assert isinstance(content, dict)
    return json.dumps({key: value for key, value in content.items() if key != "run_tag"} | more).encode()


def spoil(work: Path, name: str) -> None:
    """Make a tag's quality gate fail."""
    write(work, name, Artifact.QUALITY_CHECK, quality(False))


def old_bad_and_good(tmp_path: Path) -> Path:
    """Return a place where `old` is active, `bad` is bad, and `good` could be switched to."""
    work = place(tmp_path)
    for name in ("old", "good"):
        own_report(work, name)
    own_report(work, "bad", a_report(of="bad"))
    spoil(work, "bad")
    do(work, plan_switch, "old", "start")
    return work


def with_incident(work: Path) -> None:
    """Open the incident of `bad`."""
    assert look_for_incident(site_of(work), "bad") is not None


def plan_reopen_by_override(site: Site, tag: str) -> Plan:
    """Return the plan to reopen Phase 4 on a tag whatever is unmet."""
    return plan_reopen(site, tag, override=True, reason="for the test")


def refused(what: Callable[[], object]) -> str:
    """Return the words of a refusal, as the command line says them."""
    with pytest.raises(Refused) as caught:
        what()
    return error_as_commands(caught.value)


def do(work: Path, plan: Callable[..., Plan], *arguments: object, operator: str = "maria") -> Done:
    """Plan and carry out."""
    site = site_of(work, operator)
    return carry_out(site, plan(site, *arguments))


def problems(work: Path) -> list[tuple[str, str]]:
    """Return what `verify` finds: kind and file name."""
    return [(one.kind, Path(one.where).name) for one in verify(site_of(work)).problems]


def copies(work: Path, tag: str) -> Path:
    """Return the directory of a tag's frozen copies."""
    return work / "reports" / ".phase4" / "frozen" / tag


def manifest_of(work: Path, tag: str) -> Manifest:
    """Return a manifest that must be there."""
    manifest = read_manifest(work / "reports", tag)
    assert manifest is not None
    return manifest


def digest(path: Path) -> str:
    """Return a file's sha256."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


@contextmanager
def as_root(directory: Path) -> Iterator[None]:
    """Write into a directory whatever its permissions say, and leave them as they were."""
    mode = directory.stat().st_mode
    directory.chmod(0o755)
    try:
        yield
    finally:
        if directory.is_dir():
            directory.chmod(mode)


def overwrite(path: Path, data: bytes) -> None:
    """Write in place, as root does, whatever the permissions say."""
    mode = path.stat().st_mode
    path.chmod(0o644)
    with path.open("r+b") as file:
        file.write(data)
        file.truncate(len(data))
    path.chmod(mode)


def listing(directory: Path) -> dict[str, bytes | None]:
    """Return every file below with its content."""
    files = (path for path in directory.rglob("*") if not path.is_dir())
    return {str(path.relative_to(directory)): path.read_bytes() if path.is_file() else None for path in files}


def artifacts(work: Path, tag: str) -> dict[str, bytes | None]:
    """Return the artifacts of a tag with their content."""
    return {path.name: path.read_bytes() for path in sorted((work / "reports").glob(f"{tag}_*"))}


def assert_on_record(work: Path) -> None:
    """The journal holds, and the state is what it makes."""
    reports = work / "reports"
    check = check_journal(reports)
    assert check.problems == []
    events = list(read_events(reports))
    assert read_state(reports) == fold(events) == check.state
    stored = stored_state(reports)
    assert stored is None or stored == fold(events[: stored.journal.seq])


def copy_of(work: Path, name: str, fresh: Path) -> Path:
    """Return a copy of a prepared place."""
    shutil.copytree(work, fresh / name, symlinks=True)
    return fresh / name


def active_file(work: Path) -> bytes | None:
    """Return what other programs read as the active tag."""
    path = work / "reports" / "ACTIVE.json"
    return path.read_bytes() if path.exists() else None
