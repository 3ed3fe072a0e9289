"""The proof of the fallback: in `phase3_only`, the last outputs are Phase 3's, and no Phase 4 run slipped in."""

from datetime import datetime
from pathlib import Path

from phase4_tui.artifacts.clock import iso
from phase4_tui.artifacts.index import TagEntry, index_tags, scan
from phase4_tui.artifacts.models import Document
from phase4_tui.artifacts.names import Artifact
from phase4_tui.journal.state import OperationsState
from phase4_tui.runbook.evidence import phase_of
from phase4_tui.runbook.provenance import runs_of

_RESULTS = {Artifact.REPORT, Artifact.SUMMARY}


class Fallback(Document):
    """What has been written since the mode was set; `holds` is False when a Phase 4 run was no rehearsal."""

    since: str | None
    holds: bool
    phase3_tag: str | None
    phase3_at: str | None
    intruders: tuple[str, ...]

    def __str__(self) -> str:
        if self.intruders:
            return f"Phase 4 results that are no rehearsal were written since: {', '.join(self.intruders)}"
        if self.phase3_tag is None:
            return "no Phase 3 run since: `phase4 run` makes one"
        return f"last outputs are Phase 3's: {self.phase3_tag} at {self.phase3_at}"


def read_fallback(reports: Path, state: OperationsState) -> Fallback | None:
    """Return the proof, None while the mode is phase4."""
    if state.evaluation_mode != "phase3_only":
        return None
    since_ns = nanoseconds(state.mode_since) if state.mode_since else 0
    tags = index_tags(scan(reports))
    recent = [entry for entry in tags if entry.modified_ns > since_ns and entry.artifacts & _RESULTS]
    phases = {entry.tag: phase_of(reports, entry.tag) for entry in recent}
    newest = next((entry for entry in recent if phases[entry.tag] == 3), None)
    phase4 = [entry for entry in recent if phases[entry.tag] == 4]
    intruders = tuple(entry.tag for entry in phase4 if not _rehearsed(reports, entry, since_ns))
    return Fallback(
        since=state.mode_since,
        holds=newest is not None and not intruders,
        phase3_tag=newest.tag if newest else None,
        phase3_at=iso(newest.modified_ns) if newest else None,
        intruders=intruders,
    )


def _rehearsed(reports: Path, entry: TagEntry, since_ns: int) -> bool:
    """True when the results are of a rehearsal, or from before the mode; other artifacts may be newer."""
    run = next(iter(runs_of(reports, entry.tag)), None)
    if run is not None and run.rehearsal:
        return True
    times = [(reports / f"{entry.tag}{kind}").stat().st_mtime_ns for kind in entry.artifacts & _RESULTS]
    return max(times) <= since_ns


def nanoseconds(moment: str) -> int:
    """Return a time as `iso` writes it in nanoseconds since the epoch."""
    found = datetime.fromisoformat(moment)
    return int(found.replace(microsecond=0).timestamp()) * 1_000_000_000 + found.microsecond * 1000
