"""Verifies all that was put on record: journal and anchor, state against journal, every frozen tag, `ACTIVE.json`."""

from pathlib import Path

from phase4_tui.artifacts.clock import iso, now_ns
from phase4_tui.artifacts.frozen import frozen_dir
from phase4_tui.artifacts.hashing import hash_file
from phase4_tui.artifacts.manifest import look_frozen, read_manifest
from phase4_tui.artifacts.models import Document
from phase4_tui.artifacts.names import is_tag, state_dir
from phase4_tui.journal.book import journal_lock, record, save_state
from phase4_tui.journal.log import HEAD_FILE, Draft, Head, journal_path
from phase4_tui.journal.state import OperationsState, StateUnreadable, fold, state_path, stored_state
from phase4_tui.journal.verifying import JournalCheck, Problem, check_journal
from phase4_tui.rollback.active import active_of, published_active
from phase4_tui.rollback.freeze import manifest_problem
from phase4_tui.rollback.orders import Site, need_reason, one_at_a_time
from phase4_tui.runbook.planning import Refused

LOCK_SECONDS = 10.0


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
    lock = journal_lock(reports)
    lock.acquire(LOCK_SECONDS)
    try:
        check = check_journal(reports)
        state = _state_of(check)
        problems = [*check.problems]
        if state is not None:
            problems += _frozen_problems(site, state, check)
            problems += _active_problems(reports, state)
    finally:
        lock.release()
    return Verification(
        ok=not problems,
        problems=tuple(FoundProblem(kind=one.kind, where=one.where, detail=one.detail) for one in problems),
        journal=JournalSummary(events=len(check.events), head=check.head.hash),
    )


def _state_of(check: JournalCheck) -> OperationsState | None:
    try:
        return fold(check.events)
    except StateUnreadable:
        return None


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
        for item in look_frozen(site.reports, tag, hashes=True):
            problems.append(Problem(item.kind, str(item.path), item.detail))
        manifest = read_manifest(site.reports, tag)
        if manifest and not check.holds(Head(seq=manifest.journal_seq, hash=manifest.journal_hash)):
            detail = (
                f"{tag} was frozen at event {manifest.journal_seq}, which is another now: the journal was rewritten"
            )
            problems.append(Problem("journal", str(root / tag), detail))
    return problems


def _active_problems(reports: Path, state: OperationsState) -> list[Problem]:
    wanted, found = active_of(reports, state), published_active(reports)
    if found is not None and wanted is not None:
        found = found.model_copy(update={"revision": wanted.revision})
    if wanted == found:
        return []
    told = found.tag if found else "nothing"
    detail = f"names {told}, the state {wanted.tag if wanted else 'nothing'}; the next order writes it anew"
    return [Problem("active", "ACTIVE.json", detail)]


def repair(site: Site, reason: str) -> list[str]:
    """Make journal and state usable again and return what was done; everything damaged is kept under another name.

    A good journal gives the state anew. A damaged one is set aside, and a new one begins with the last state that
    can be told. Raises Refused, OSError.
    """
    need_reason(reason)
    reports = site.reports
    if not state_dir(reports).is_dir():
        raise Refused("nothing is on record here: nothing to repair")
    with one_at_a_time(reports):
        lock = journal_lock(reports)
        lock.acquire(LOCK_SECONDS)
        try:
            check = check_journal(reports)
            broken = [one for one in check.problems if one.kind in ("journal", "anchor")]
            state = _state_of(check)
            if not broken and state is not None:
                save_state(reports, state)
                return ["the state was written anew from the journal"]
            kept, told = _set_journal_aside(reports)
            base = _last_known(reports, state)
            _aside(reports, state_path(reports), "state")
        finally:
            lock.release()
        changes = base.model_dump(by_alias=True, exclude={"revision", "pending", "journal"})
        detail = {"reason": reason, "kept_in": kept, "problems": [one.detail for one in broken], "changes": changes}
        record(reports, site.actor, Draft("journal_restarted", detail=detail))
        return told


def _set_journal_aside(reports: Path) -> tuple[dict[str, str | None], list[str]]:
    kept: dict[str, str | None] = {}
    for path in (journal_path(reports), state_dir(reports) / HEAD_FILE):
        name = _aside(reports, path, path.name)
        if name is not None:
            kept[name] = hash_file(state_dir(reports) / name)
    told = [f"the damaged {name} (sha256 {digest}) is kept" for name, digest in kept.items()]
    return kept, [*told, "a new journal begins with the last state that could be told"]


def _aside(reports: Path, path: Path, name: str) -> str | None:
    if not path.exists():
        return None
    moment = iso(now_ns()).replace(":", "").replace("-", "")
    aside = state_dir(reports) / f"{name}.damaged-{moment}"
    path.rename(aside)
    return aside.name


def _last_known(reports: Path, folded: OperationsState | None) -> OperationsState:
    """Return the state to go on with: the stored one, which may know more than what is left of the journal."""
    try:
        stored = stored_state(reports)
    except StateUnreadable:
        stored = None
    return stored or folded or OperationsState()
