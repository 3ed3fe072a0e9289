"""The next move of successive snapshots; what is costly to read for it is read again only after a change."""

from dataclasses import replace
from pathlib import Path

from phase4_tui.artifacts.frozen import frozen_dir
from phase4_tui.artifacts.manifest import MANIFEST_FILE
from phase4_tui.console.facts.snapshot import Snapshot, TagView
from phase4_tui.rollback.next_move import NextMove, next_move, usual_tag
from phase4_tui.rollback.progress import progress
from phase4_tui.rollback.situation import ShownTag, Situation, preference
from phase4_tui.rollback.to_read import fields_to_read
from phase4_tui.runbook.isolation import live_order_names
from phase4_tui.runbook.site import Site
from phase4_tui.runbook.steps import Phase, place_of, script_directory, steps_of

PHASES: tuple[Phase, ...] = (3, 4)

FileState = tuple[Path, int, int, int]


class NextMoveCache:
    """Belongs to the thread that makes the snapshots."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._read: Situation | None = None
        """The last situation with every costly field read."""
        self._seen: tuple[Situation, tuple[FileState, ...], bool] | None = None
        self._move: NextMove | None = None

    def shown(self, snapshot: Snapshot, *, is_first: bool = False, unsettled: bool = False) -> Snapshot:
        """Return the snapshot with its next move and the progress of the rollback, as `of` finds them."""
        move = self.of(snapshot, is_first=is_first, unsettled=unsettled)
        if snapshot.state.incident is None:
            return replace(snapshot, next_move=move)
        return replace(snapshot, next_move=move, progress=progress(situation_of(snapshot, self._site), move))

    def of(self, snapshot: Snapshot, *, is_first: bool = False, unsettled: bool = False) -> NextMove | None:
        """Return the next move.

        The first paint reads nothing costly: with `is_first`, None also means that the move is not known yet. While
        files are `unsettled` (being written), time alone can change the move.
        """
        situation = self._situation(snapshot, is_first=is_first)
        if situation is None:
            return None
        if not fields_to_read(situation):
            return next_move(situation)
        if is_first:
            return None
        if self._read is None or self._seen != (situation, self._files(self._read), unsettled):
            from phase4_tui.rollback.read_situation import read_fields  # noqa: PLC0415 - not for the first paint

            self._read = read_fields(self._site, situation)
            self._seen = situation, self._files(self._read), unsettled
            self._move = next_move(self._read)
        return self._move

    def _situation(self, snapshot: Snapshot, *, is_first: bool) -> Situation | None:
        found = situation_of(snapshot, self._site, judged_all=not is_first)
        if not snapshot.state.pending or snapshot.trouble is not None:
            return found
        if is_first:
            return None
        from phase4_tui.rollback.read_situation import settled  # noqa: PLC0415 - not for the first paint

        return settled(self._site, found)

    def _files(self, situation: Situation) -> tuple[FileState, ...]:
        """Return the state of each file that can change the move without an operation."""
        incident, shown, rehearsal = situation.state.incident, situation.shown, situation.rehearsal
        tags = {one.tag for one in (incident, shown, rehearsal) if one is not None}
        stopped = (shown.stopped if shown else None, situation.fallback_run, rehearsal.stopped if rehearsal else None)
        site, reports = self._site, self._site.reports
        paths = [reports / name for tag in sorted(tags) for name in site.artifacts.of(tag)]
        paths += [site.workdir / source for run in stopped if run is not None for source in run.sources]
        paths += [frozen_dir(reports, tag) / MANIFEST_FILE for tag in situation.state.frozen]
        if any(stopped):
            paths += [script_directory(site.settings, site.workdir, phase) / step.script for phase in PHASES
                      for step in steps_of(phase, site.settings)]  # fmt: skip
        return tuple(_state_of(path) for path in paths)


def _state_of(path: Path) -> FileState:
    try:
        info = path.stat()
    except OSError:
        return path, 0, 0, 0
    return path, info.st_ino, info.st_size, info.st_mtime_ns


def situation_of(snapshot: Snapshot, site: Site, *, judged_all: bool = True) -> Situation:
    """Return the situation that a snapshot shows; without `judged_all` its rows may lack some tags."""
    state, view = snapshot.state, snapshot.focus
    bad = state.incident.tag if state.incident else None
    rows = [row for row in snapshot.rows if row.known_good and row.tag != bad]
    best = min(rows, key=lambda row: preference(state, row.tag, row.modified_ns), default=None)
    whole = judged_all and len(snapshot.rows) >= snapshot.tags
    named = best is not None and (whole or best.tag == state.known_good_tag)
    return Situation(
        state=state,
        run_tag=usual_tag(site.settings, state),
        trouble=snapshot.trouble,
        trouble_remedies=snapshot.trouble_remedies,
        missing=place_of(site.settings, site.workdir, 4, None, None).missing,
        live_orders=live_order_names(site.settings, site.environment),
        holder=snapshot.holder,
        shown=_shown(view, site, snapshot.followed) if view is not None else None,
        tampered=snapshot.tampered,
        needs_freezing=snapshot.needs_freezing,
        fallback=snapshot.fallback,
        good_tag=True if rows else False if whole else None,
        good=best.tag if best is not None and named else None,
        read=frozenset({"good_tag"}),  # the rows show it later: thousands of tags are not read for it now
    )


def _shown(view: TagView, site: Site, by_default: bool) -> ShownTag:
    sequence = steps_of(view.phase, site.settings)
    return ShownTag(view.tag, view.phase, sequence, view.classification, view.frozen, view.last_run, by_default)
