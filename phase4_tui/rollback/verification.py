"""Verifies all that was put on record: journal and anchor, state against journal, every frozen tag, `ACTIVE.json`."""

import os
import shutil
import time
from pathlib import Path

from phase4_tui.artifacts.atomic_files import to_json
from phase4_tui.artifacts.clock import iso, now_ns
from phase4_tui.artifacts.frozen import frozen_dir
from phase4_tui.artifacts.manifest import look_frozen, read_manifest
from phase4_tui.artifacts.models import Document
from phase4_tui.artifacts.names import is_tag, state_dir
from phase4_tui.artifacts.regular_files import Unreadable
from phase4_tui.artifacts.safe_text import safe_line
from phase4_tui.artifacts.sha256 import hash_file
from phase4_tui.errors import Refused
from phase4_tui.journal.append import append
from phase4_tui.journal.journal_check import JournalCheck, Problem, check_journal
from phase4_tui.journal.log import HEAD_FILE, Draft, Head, JournalDamaged, journal_path, last_event
from phase4_tui.journal.state import OperationsState, StateUnreadable, fold, state_path, stored_state
from phase4_tui.journal.writer import journal_lock, save_state
from phase4_tui.rollback.active import ACTIVE_FILE, active_of, published_active
from phase4_tui.rollback.freeze import manifest_problem
from phase4_tui.rollback.frozen_copies import writable
from phase4_tui.rollback.operations import need_reason, one_at_a_time, operations_lock
from phase4_tui.runbook.site import Site

LOCK_SECONDS = 10.0
TRIES = 5
PAUSE_SECONDS = 0.1
SHOWN_PROBLEMS = 20
RESTARTED = "journal_restarted"


class JournalSummary(Document):
    """How many events, and the hash of the last."""

    events: int
    head: str


class FoundProblem(Document):
    """One problem: its kind, where it is, and what it is."""

    kind: str
    where: str
    detail: str


class Verification(Document):
    """`verify --json`."""

    ok: bool
    problems: tuple[FoundProblem, ...]
    journal: JournalSummary


def verify(site: Site) -> Verification:
    """Verify everything and return what does not hold; changes nothing."""
    reports = site.reports
    if not state_dir(reports).is_dir():
        return Verification(ok=True, problems=(), journal=JournalSummary(events=0, head=Head().hash))
    for tries in range(TRIES):
        lock = journal_lock(reports)
        lock.acquire(LOCK_SECONDS)
        try:
            check = check_journal(reports)
        finally:
            lock.release()
        problems = [*check.problems]
        state = check.state
        if state is not None:
            # Without the lock: hashing takes as long as it takes, and operations go on. What one of them changed
            # meanwhile looks like a problem, so only what is still one when no operation was given counts.
            beside = [*_frozen_problems(site, state, check), *_active_problems(site, state)]
            if beside and tries < TRIES - 1 and (operations_lock(reports).is_held() or _end_of(reports) != check.head):
                time.sleep(PAUSE_SECONDS)
                continue
            problems += beside
        break
    return Verification(
        ok=not problems,
        problems=tuple(FoundProblem(kind=one.kind, where=one.where, detail=one.detail) for one in problems),
        journal=JournalSummary(events=check.count, head=check.head.hash),
    )


def _end_of(reports: Path) -> Head | None:
    try:
        event = last_event(reports)
    except JournalDamaged:
        return None
    return Head(seq=event.seq, hash=event.hash) if event else Head()


def _frozen_problems(site: Site, state: OperationsState, check: JournalCheck) -> list[Problem]:
    problems = []
    root = frozen_dir(site.reports, "x").parent
    on_disk = {path.name for path in root.iterdir()} if root.is_dir() else set()
    for tag in sorted(on_disk | state.frozen.keys()):
        if not is_tag(tag):
            problems.append(Problem("frozen", str(root / tag), "is no tag: it does not belong here"))
            continue
        if tag not in on_disk:
            problems.append(Problem("frozen", str(root / tag), f"{tag} was frozen and its copies are gone"))
            continue
        wrong = manifest_problem(site, state, tag)
        if wrong is not None:
            problems.append(Problem("manifest", str(root / tag), f"{tag} {wrong}"))
        tampered = look_frozen(site.reports, tag, site.artifacts, hashes=True)
        problems += [Problem(item.kind, str(item.path), item.detail) for item in tampered]
        for path in sorted({*writable(root / tag)} - {item.path for item in tampered}):
            detail = f"was made writable; `phase4 restore {tag}` takes the permission again"
            problems.append(Problem("writable", str(path), detail))
        manifest = read_manifest(site.reports, tag)
        restarted = wrong is None and tag in _carried_over(check)
        if manifest and not restarted and not check.holds(Head(seq=manifest.journal_seq, hash=manifest.journal_hash)):
            detail = (
                f"{tag} was frozen at event {manifest.journal_seq}, which is another now: the journal was rewritten"
            )
            problems.append(Problem("journal", str(root / tag), detail))
    return problems


def _carried_over(check: JournalCheck) -> set[str]:
    """Return the tags that were frozen before the journal was begun anew, which is on record as its first event."""
    first = check.first
    if first is None or first.kind != RESTARTED:
        return set()
    return set((first.detail.get("changes") or {}).get("frozen") or {})


def _active_problems(site: Site, state: OperationsState) -> list[Problem]:
    reports = site.reports
    wanted, found = active_of(site, state), published_active(reports)
    if found is not None and wanted is not None:
        found = found.model_copy(update={"revision": wanted.revision})
    there = os.path.lexists(reports / ACTIVE_FILE)
    if wanted == found and (wanted is not None) == there:
        return []
    told = found.tag if found else "what can't be read" if there else "nothing"
    detail = f"names {told}, the state {wanted.tag if wanted else 'nothing'}; the next operation writes it anew"
    return [Problem("active", "ACTIVE.json", detail)]


def repair(site: Site, reason: str) -> list[str]:
    """Make journal and state usable again and return what was done; everything damaged is kept under another name.

    A good journal gives the state anew. A damaged one is set aside, and a new one begins with the last state that
    can be told. Raises Refused, OSError.
    """
    reason = need_reason(reason)
    reports = site.reports
    if not state_dir(reports).is_dir():
        raise Refused("nothing is on record here: nothing to repair")
    with one_at_a_time(reports):
        lock = journal_lock(reports)
        lock.acquire(LOCK_SECONDS)
        try:
            check = check_journal(reports)
            broken = [one for one in check.problems if one.kind in ("journal", "anchor")]
            state = check.state
            base = _last_known(reports, state)
            if not broken and state is not None and (check.count or base == OperationsState()):
                save_state(reports, state)
                return ["the state was written anew from the journal"]
            kept, told = _set_journal_aside(reports)
            _keep_state(reports)
            changes = base.model_dump(by_alias=True, exclude={"revision", "pending", "journal"})
            problems = [safe_line(one.detail, 500) for one in broken[:SHOWN_PROBLEMS]]
            detail = {"reason": reason, "kept_in": kept, "problems": problems, "changes": changes}
            # One event brings the state back; who is killed before it leaves a state that nobody can take for none.
            append(
                reports,
                site.actor,
                Draft(RESTARTED, detail=detail),
                lambda event: {state_path(reports): to_json(fold([event]).model_dump(by_alias=True))},
            )
        finally:
            lock.release()
        return told


def _set_journal_aside(reports: Path) -> tuple[dict[str, str | None], list[str]]:
    kept: dict[str, str | None] = {}
    for path in (journal_path(reports), state_dir(reports) / HEAD_FILE):
        name = _aside(reports, path, path.name)
        if name is not None:
            kept[name] = _sha256(state_dir(reports) / name)
    told = [f"the damaged {name} (sha256 {digest}) is kept" for name, digest in kept.items()]
    return kept, [*told, "a new journal begins with the last state that could be told"]


def _sha256(path: Path) -> str | None:
    try:
        return hash_file(path)
    except Unreadable:
        return None


def _aside(reports: Path, path: Path, name: str) -> str | None:
    if not os.path.lexists(path):
        return None
    aside = state_dir(reports) / _damaged(name)
    path.rename(aside)
    return aside.name


def _keep_state(reports: Path) -> None:
    """Keep the state under another name too; it stays until the new one takes its place."""
    path = state_path(reports)
    if path.is_file() and not path.is_symlink():
        shutil.copy2(path, state_dir(reports) / _damaged("state"))
    else:
        _aside(reports, path, "state")


def _damaged(name: str) -> str:
    return f"{name}.damaged-{iso(now_ns()).replace(':', '').replace('-', '')}"


def _last_known(reports: Path, folded: OperationsState | None) -> OperationsState:
    """Return the state to go on with: the stored one, which may know more than what is left of the journal."""
    try:
        stored = stored_state(reports)
    except StateUnreadable:
        stored = None
    return stored or folded or OperationsState()
