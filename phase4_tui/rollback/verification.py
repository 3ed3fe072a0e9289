"""Verifies what is on record: journal and anchor, state and runs against it, every frozen tag, `ACTIVE.json`."""

import os
import shutil
import time
from pathlib import Path

from phase4_tui.artifacts.atomic_files import to_json
from phase4_tui.artifacts.clock import iso, now_ns
from phase4_tui.artifacts.directories import NoDirectory, obstacle
from phase4_tui.artifacts.frozen import frozen_dir
from phase4_tui.artifacts.index import Identity, scan
from phase4_tui.artifacts.manifest import look_frozen, read_manifest, restoring
from phase4_tui.artifacts.models import Diagnostic, Document
from phase4_tui.artifacts.names import is_tag, state_dir
from phase4_tui.artifacts.safe_text import safe_line
from phase4_tui.artifacts.sha256 import sha256_or_none
from phase4_tui.errors import Refused, Remedy, command_line
from phase4_tui.journal.append import append
from phase4_tui.journal.journal_check import JournalCheck, check_journal
from phase4_tui.journal.log import HEAD_FILE, JOURNAL_FILE, Draft, Head, journal_path
from phase4_tui.journal.noted_runs import RUNS_LOST
from phase4_tui.journal.state import STATE_FILE, OperationsState, StateUnreadable, fold, state_path, stored_state
from phase4_tui.journal.writer import journal_lock, save_state
from phase4_tui.rollback.active import ACTIVE_FILE, active_of, published_active
from phase4_tui.rollback.frozen_copies import writable
from phase4_tui.rollback.operations import need_reason, one_at_a_time, operations_lock
from phase4_tui.runbook.frozen_tags import manifest_problem
from phase4_tui.runbook.site import Site
from phase4_tui.runbook.tag_runs import damaged_records

LOCK_SECONDS = 10.0
TRIES = 5
PAUSE_SECONDS = 0.1
SHOWN_PROBLEMS = 20
RESTARTED = "journal_restarted"


class JournalSummary(Document):
    """The number of events, and the hash of the last."""

    events: int
    head: str


class FoundProblem(Diagnostic):
    """One problem: its kind, where it is, what it is, and what to do about it."""

    kind: str
    where: str
    detail: str


class Verification(Document):
    """`verify --json`."""

    ok: bool
    problems: tuple[FoundProblem, ...]
    journal: JournalSummary


def verify(site: Site) -> Verification:
    """Verify everything and return what does not hold; changes nothing, and needs no right to write.

    No lock is taken, so that operations go on. What one changes meanwhile may look like a problem: a problem counts
    only if nothing was under way.
    """
    reports = site.reports
    if not state_dir(reports).is_dir():
        wrong = obstacle(state_dir(reports))
        beside = [_in_the_way(wrong)] if wrong is not None else []
        empty = JournalSummary(events=0, head=Head().hash)
        return Verification(ok=not beside, problems=tuple(beside), journal=empty)
    for tries in range(TRIES):
        before = _record_files(reports)
        check = check_journal(reports)
        problems = [_found(one.kind, one.where, one.detail) for one in check.problems]
        if check.state is not None:
            problems += [*_frozen_problems(site, check.state, check), *_active_problems(site, check.state)]
            problems += _run_problems(site)
        locks = (operations_lock(reports), journal_lock(reports))
        under_way = any(lock.is_held() for lock in locks) or _record_files(reports) != before
        if not problems or not under_way or tries == TRIES - 1:
            break
        time.sleep(PAUSE_SECONDS)
    return Verification(
        ok=not problems,
        problems=tuple(problems),
        journal=JournalSummary(events=check.count, head=check.head.hash),
    )


def _in_the_way(wrong: NoDirectory) -> FoundProblem:
    return FoundProblem(kind="directory", where=str(wrong.path), detail=wrong.problem, remedies=wrong.remedies)


def _record_files(reports: Path) -> list[Identity | None]:
    """Return the identities of journal, anchor and state."""
    found = scan(state_dir(reports))
    return [found.get(name) for name in (JOURNAL_FILE, HEAD_FILE, STATE_FILE)]


def remedies_of(kind: str, tag: str = "TAG") -> tuple[Remedy, ...]:
    """Return the remedies for a kind of problem; `tag` is the frozen tag that it is about."""
    anew = Remedy(effect="the next operation writes it anew")
    repair = command_line("verify", "--repair", "--reason", "R")
    restarts = Remedy("", repair, "keeps the damaged journal and begins a new one")
    table: dict[str, tuple[Remedy, ...]] = {
        "torn": (Remedy(effect="nothing to do: the next operation sets these bytes aside"),),
        "journal": (restarts,),
        "anchor": (restarts,),
        "state": (anew, Remedy("", repair, "does it where that does not")),
        "active": (anew,),
        "writable": (Remedy("restore", command_line("restore", tag), "takes the permission again"),),
        "run": (
            Remedy("run", command_line("run", "--tag", tag), "makes a record that holds"),
            Remedy("", repair, "puts it on record that this one is lost"),
        ),
        "frozen": (
            Remedy(effect="find out who did it"),
            Remedy("thaw", command_line("thaw", tag, "--reason", "R"), "puts it on record"),
            Remedy("freeze", command_line("freeze", tag, "--reason", "R"), "then freezes what is there now"),
        ),
        "manifest": (Remedy(effect="don't trust these copies: compare them with a backup before anything else"),),
    }
    kept = restoring(tag, f"puts the frozen copy of {tag} back and keeps this as evidence")
    return table.get(kind, (kept,))


def _found(kind: str, where: str, detail: str, tag: str = "TAG") -> FoundProblem:
    return FoundProblem(kind=kind, where=where, detail=detail, remedies=remedies_of(kind, tag))


def _frozen_problems(site: Site, state: OperationsState, check: JournalCheck) -> list[FoundProblem]:
    problems = []
    root = frozen_dir(site.reports, "x").parent
    on_disk = {path.name for path in root.iterdir()} if root.is_dir() else set()
    for tag in sorted(on_disk | state.frozen.keys()):
        if not is_tag(tag):
            away = (Remedy(effect="find out who did it, and move it elsewhere"),)
            detail = "is no tag: it does not belong here"
            problems.append(FoundProblem(kind="frozen", where=str(root / tag), detail=detail, remedies=away))
            continue
        if tag not in on_disk:
            problems.append(_found("frozen", str(root / tag), f"{tag} was frozen and its copies are gone", tag))
            continue
        wrong = manifest_problem(site, state, tag)
        if wrong is not None:
            problems.append(_found("manifest", str(root / tag), f"{tag} {wrong}", tag))
        tampered = look_frozen(site.reports, tag, site.artifacts, hashes=True)
        problems += [_found(item.kind, str(item.path), item.detail, tag) for item in tampered]
        for path in sorted({*writable(root / tag)} - {item.path for item in tampered}):
            problems.append(_found("writable", str(path), "was made writable", tag))
        manifest = read_manifest(site.reports, tag)
        restarted = wrong is None and tag in _carried_over(check)
        if manifest and not restarted and not check.holds(Head(seq=manifest.journal_seq, hash=manifest.journal_hash)):
            detail = (
                f"{tag} was frozen at event {manifest.journal_seq}, which is another now: the journal was rewritten"
            )
            problems.append(_found("journal", str(root / tag), detail, tag))
    return problems


def _carried_over(check: JournalCheck) -> set[str]:
    """Return the tags frozen before a repair began the journal anew, as its first event records them."""
    first = check.first
    if first is None or first.kind != RESTARTED:
        return set()
    return set(first.changes.get("frozen") or {})


def _active_problems(site: Site, state: OperationsState) -> list[FoundProblem]:
    reports = site.reports
    wanted, found = active_of(site, state), published_active(reports)
    if found is not None and wanted is not None:
        found = found.model_copy(update={"revision": wanted.revision})
    there = os.path.lexists(reports / ACTIVE_FILE)
    if wanted == found and (wanted is not None) == there:
        return []
    told = found.tag if found else "what can't be read" if there else "nothing"
    return [_found("active", "ACTIVE.json", f"names {told}, the state {wanted.tag if wanted else 'nothing'}")]


def _run_problems(site: Site) -> list[FoundProblem]:
    """Return how `runs/` differs from what the journal says of the runs, but for what an operator knows is lost."""
    return [_found("run", one.file, one.problem, tag) for tag, one in damaged_records(site.reports)]


def repair(site: Site, reason: str) -> list[str]:
    """Make journal and state usable again and return lines about what was done; damaged files are kept, renamed.

    The state is rebuilt from an intact journal. A damaged journal is set aside, and a new one begins with the last
    known state. Raises Refused, OSError.
    """
    reason = need_reason(reason)
    reports = site.reports
    wrong = obstacle(state_dir(reports))
    if wrong is not None:
        raise wrong
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
            lock.check_place()
            if not broken and state is not None and (check.count or base == OperationsState()):
                save_state(reports, state)
                return ["the state was written anew from the journal", *_note_lost_runs(site, reason, state)]
            kept, told = _set_journal_aside(reports)
            _keep_state(reports)
            changes = base.model_dump(by_alias=True, exclude={"revision", "pending", "journal"})
            problems = [safe_line(one.detail, 500) for one in broken[:SHOWN_PROBLEMS]]
            detail = {"reason": reason, "kept_in": kept, "problems": problems, "changes": changes}
            # A process killed before this event leaves the old state in place, so the directory never looks new.
            append(
                reports,
                site.actor,
                Draft(RESTARTED, detail=detail),
                lambda event: {state_path(reports): to_json(fold([event]).model_dump(by_alias=True))},
            )
        finally:
            lock.release()
        return told


def _note_lost_runs(site: Site, reason: str, state: OperationsState) -> list[str]:
    """Put it on record that damaged records of runs are known as lost; return lines about them."""
    lost = [one.file for _, one in damaged_records(site.reports)]
    if not lost:
        return []
    detail = {"reason": reason, "runs": [Path(file).stem for file in lost]}
    append(
        site.reports,
        site.actor,
        Draft(RUNS_LOST, detail=detail),
        lambda event: {state_path(site.reports): to_json(fold([event], state).model_dump(by_alias=True))},
    )
    return [f"{file} is known as lost: its tag stays unknown until it is run again" for file in lost]


def _set_journal_aside(reports: Path) -> tuple[dict[str, str | None], list[str]]:
    kept: dict[str, str | None] = {}
    for path in (journal_path(reports), state_dir(reports) / HEAD_FILE):
        name = _aside(reports, path, path.name)
        if name is not None:
            kept[name] = sha256_or_none(state_dir(reports) / name)
    told = [f"the damaged {name} (sha256 {digest}) is kept" for name, digest in kept.items()]
    return kept, [*told, "a new journal begins with the last state that could be told"]


def _aside(reports: Path, path: Path, name: str) -> str | None:
    if not os.path.lexists(path):
        return None
    aside = state_dir(reports) / _damaged(name)
    path.rename(aside)
    return aside.name


def _keep_state(reports: Path) -> None:
    """Copy the state under another name; the original stays until the new one replaces it."""
    path = state_path(reports)
    if path.is_file() and not path.is_symlink():
        shutil.copy2(path, state_dir(reports) / _damaged("state"))
    else:
        _aside(reports, path, "state")


def _damaged(name: str) -> str:
    return f"{name}.damaged-{iso(now_ns()).replace(':', '').replace('-', '')}"


def _last_known(reports: Path, folded: OperationsState | None) -> OperationsState:
    """Return the state to continue with: the stored one if readable, since it may hold more than the journal."""
    try:
        stored = stored_state(reports)
    except StateUnreadable:
        stored = None
    return stored or folded or OperationsState()
